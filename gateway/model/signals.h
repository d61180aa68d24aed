/* The vocabulary as types: a set of signals holds one value per line of signals.def,
 * which of them are known, and when each was received. */
#ifndef MODEL_SIGNALS_H
#define MODEL_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"
#include "base/num.h"

enum unit {
    MILLIVOLT,
    MILLIAMP,
    WATT,
    CENTI_PCT, /* 0.01 % */
    DECI_C,    /* 0.1 degC */
    MILLI_AH,
    WATT_HOUR,
    MILLISEC,
    MICROSEC,
    COUNT,
    FLAG, /* 0 or 1 */
    CODE, /* a number from a list of words */
    UNIT_COUNT
};

enum signal {
#define SIGNAL(id, name, unit, rounding, lo, hi, text) SIG_##id,
#define SIGNAL_N(id, n, name, unit, rounding, lo, hi, text)                                        \
    SIG_##id, SIG_##id##_LAST = SIG_##id + (n)-1,
#include "model/signals.def"
#undef SIGNAL
#undef SIGNAL_N
    SIG_COUNT
};

struct signal_info {
    const char *name; /* snake case, stable; NULL for the second and later of a row */
    enum unit unit;
    enum rounding rounding;
    uint8_t row; /* how many signals the row has: 1, or n with indices 1..n */
    int64_t lo, hi;
    const char *text;
};
extern const struct signal_info signal_info[SIG_COUNT];

/* The first signal of the row that this one stands in: itself, if it has no row. */
static inline enum signal signal_row(enum signal id)
{
    while (!signal_info[id].name)
        id--;
    return id;
}

/* Symbol of a unit for people ("V") and how many of our units make one of it (1000). */
struct unit_info {
    const char *symbol;
    int32_t per;
};
extern const struct unit_info unit_info[UNIT_COUNT];

struct signals {
    int64_t value[SIG_COUNT];              /* in the unit of signal_info[] */
    mono_us at[SIG_COUNT];                 /* when it was received or computed */
    uint64_t known[(SIG_COUNT + 63) / 64]; /* bit set: value and at may be used */
};

static inline bool signal_known(const struct signals *s, enum signal id)
{
    return s->known[id / 64] >> (id % 64) & 1;
}

static inline void signal_set(struct signals *s, enum signal id, int64_t value, mono_us at)
{
    s->value[id] = value;
    s->at[id] = at;
    s->known[id / 64] |= UINT64_C(1) << (id % 64);
}

static inline void signal_forget(struct signals *s, enum signal id)
{
    s->known[id / 64] &= ~(UINT64_C(1) << (id % 64));
}

/* The value, or `otherwise` when it is not known. */
static inline int64_t signal_or(const struct signals *s, enum signal id, int64_t otherwise)
{
    return signal_known(s, id) ? s->value[id] : otherwise;
}

/* Sets the signal when v lies inside its range, else leaves it and returns false. */
bool signal_set_checked(struct signals *s, enum signal id, int64_t v, mono_us at);

/* The signal with this name, "cell_voltage[3]" included, or SIG_COUNT. */
enum signal signal_find(const char *name);

#endif
