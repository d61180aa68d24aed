/* Rules 12 and 13: a cluster above its limit for 10 s is warned about, for five more minutes shut
 * down and latched. Above is |I| > 1.05 x limit + 5 A, with the highest limit of the last 10 s, so
 * that a limit that falls leaves the inverter its time. A warning of its BMS about current counts
 * the same. */
#ifndef CORE_OVERLOAD_H
#define CORE_OVERLOAD_H

#include "core/aggregate.h"

#define OVERLOAD_BUCKETS 11

struct overload {
    /* Highest limit of each running second, by direction: charge, discharge; mA. */
    int64_t highest[2][OVERLOAD_BUCKETS];
    uint64_t bucket;                  /* the second the newest bucket is of */
    bool begun;                       /* any limit has been noted */
    mono_us over_since, warned_since; /* 0: not so */
};

struct overload_input {
    int64_t current_mA;     /* charging is positive */
    int64_t ccl_mA, dcl_mA; /* what the cluster itself allows: stage 1 */
    bool bms_warns;         /* a current warning of its BMS */
};

enum overload_state { OVERLOAD_NONE, OVERLOAD_WARNING, OVERLOAD_SHUT_DOWN };

/* in NULL: nothing is known now (the cluster is silent); a warning in force stays, its time does
 * not run on, and what is not yet a warning begins anew. */
enum overload_state overload_run(struct overload *o, const struct overload_input *in, mono_us now);

/* Above its limit at this moment: the cause of the latch is still there. */
bool overload_is_over(const struct overload *o);
mono_us overload_left(const struct overload *o, mono_us now); /* until the shut-down; MONO_NEVER */
mono_us overload_due(const struct overload *o, mono_us now);

#endif
