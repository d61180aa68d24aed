/* Everything that is known about a battery. A cluster and the whole hub are the same
 * type: signals, words about itself, alarms. Plain data. */
#ifndef MODEL_BATTERY_H
#define MODEL_BATTERY_H

#include "model/signals.h"

#define MAX_CLUSTERS 5
#define MAX_MODULES 16 /* of a cluster */
#define MAX_INVERTERS 2
#define TEXT_MAX 16

enum text {
#define TEXT(id, name, len, text) TEXT_##id,
#include "model/texts.def"
#undef TEXT
    TEXT_COUNT
};

struct text_info {
    const char *name;
    uint8_t len;
    const char *text;
};
extern const struct text_info text_info[TEXT_COUNT];

struct texts {
    char value[TEXT_COUNT][TEXT_MAX + 1]; /* printable ASCII, NUL-ended; empty: not known */
};

enum tier { TIER_WARNING, TIER_PROTECTION, TIER_FAULT, TIER_COUNT };

/* "warning", "protection", "fault". */
extern const char *const tier_names[TIER_COUNT];

/* A bit set says what a protection forbids: BOTH is CHARGE | DISCHARGE. */
enum direction { NONE = 0, CHARGE = 1, DISCHARGE = 2, BOTH = 3 };

enum alarm {
#define ALARM(bit, id, direction, text) ALARM_##id = bit,
#include "model/alarms.def"
#undef ALARM
    ALARM_BITS = 64
};

#define ALARM_BIT(id) (UINT64_C(1) << ALARM_##id)

struct alarm_info {
    const char *name; /* NULL for a bit that is not used */
    enum direction direction;
    const char *text;
};
extern const struct alarm_info alarm_info[ALARM_BITS];

/* Every alarm bit whose protection forbids this direction. */
uint64_t alarms_against(enum direction direction);

/* Alarms of one source: a cluster's BMS and what the hub sees about it, or the hub. */
struct alarms {
    uint64_t active[TIER_COUNT];
    uint64_t latched[TIER_COUNT]; /* was active since the last reset */
    mono_us set_at[TIER_COUNT][ALARM_BITS];
    /* Where it is or was last: module of the cluster and cell (or sensor) of the module, as the
     * battery counts; 0: not told. In the hub's word also the cluster, 1..5; 0: the hub itself. */
    uint8_t cluster[TIER_COUNT][ALARM_BITS];
    uint8_t module[TIER_COUNT][ALARM_BITS];
    uint16_t cell[TIER_COUNT][ALARM_BITS];
};

/* Puts bits of a tier to on or off at `now`; a bit that rises is latched and gets its
 * moment. Bits outside `mask` stay. Returns the bits that changed. */
uint64_t alarms_put(struct alarms *a, enum tier tier, uint64_t mask, uint64_t on, mono_us now);

struct battery {
    struct signals s;
    struct texts t;
    struct alarms a;
};

/* One module inside a cluster. */
struct module {
    struct signals s;
    uint64_t alarm[TIER_COUNT];
};

#endif
