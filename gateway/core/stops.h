/* Stage 4 of the limits, for one cluster: voltage, cell and temperature stops with their release,
 * the tapers before them, and the C-rate tables. A pure machine over what the cluster and those of
 * its modules that can be seen last said; a silent cluster keeps its stops. */
#ifndef CORE_STOPS_H
#define CORE_STOPS_H

#include "core/aggregate.h"
#include "model/words.h"

enum stop {
    STOP_CHARGE_VOLTAGE,
    STOP_CHARGE_CELL,
    STOP_CHARGE_COLD,
    STOP_CHARGE_HOT,
    STOP_DISCHARGE_VOLTAGE,
    STOP_DISCHARGE_CELL,
    STOP_DISCHARGE_COLD,
    STOP_DISCHARGE_HOT,
    STOP_COUNT
};

struct stop_info {
    enum direction direction; /* that it forbids */
    enum reason reason;
};
extern const struct stop_info stop_info[STOP_COUNT];

/* Where in a cluster: numbers as the battery counts them, from 1; 0: nobody tells. */
struct place {
    uint8_t module;
    uint16_t cell; /* or sensor */
};

/* The worst value of a cluster, and where it is. */
struct reading {
    int64_t value;
    struct place at;
};

struct stops_memory {
    bool on[STOP_COUNT];
    struct place who[STOP_COUNT];   /* set the stop, or was the last at it */
    mono_us good_since[STOP_COUNT]; /* on the release side since; 0: not */
    mono_us charging_since;         /* 0: not charging */
    bool taper;                     /* of the charge limit */
    struct reading high, low;       /* highest and lowest voltage when last counted; 0: unknown */
    struct c_rate_now {
        bool known;
        uint16_t centi_C;
        struct place at; /* the temperature it comes from */
    } charge_rate, discharge_rate;
};

/* Moves the stops of a joined cluster on to now. period is the longest nominal period of its
 * control set: above 3 s the voltage stops are tightened by 0.4 V. */
void stops_run(struct stops_memory *mem, const struct part *p, mono_us period, mono_us now);

/* The cluster is not counted now: it keeps its stops, and no time that passes unseen counts for a
 * release. */
void stops_pause(struct stops_memory *mem);

/* A cluster that is not counted but on the same copper: what it says now may set a stop, never
 * release one. p->b is its live battery, period as for stops_run. */
void stops_watch(struct stops_memory *mem, const struct part *p, mono_us period, mono_us now);

/* It is counted again: a stop whose datum it no longer tells (another battery) ends. */
void stops_forget_unseen(struct stops_memory *mem, const struct part *p, mono_us now);

/* The first stop in force against the direction, or STOP_COUNT. */
enum stop stops_against(const struct stops_memory *mem, enum direction direction);

/* What the charge taper leaves of the cluster's current in mA, or -1 when it does not bite. */
int64_t stops_taper_ccl(const struct stops_memory *mem, const struct part *p);

/* What the discharge taper leaves of `limit`. */
int64_t stops_taper_dcl(const struct stops_memory *mem, const struct part *p, int64_t limit);

/* The cluster's current by the C-rate table at its coldest and hottest temperature in mA (at: where
 * that is), or -1: the profile has no table, or it has never told a temperature. */
int64_t stops_c_rate(const struct stops_memory *mem, const struct part *p, enum direction direction,
                     struct place *at);

#endif
