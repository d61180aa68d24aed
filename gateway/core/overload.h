/* Rules 12 and 13: a cluster above its limit for 10 s is warned about, for five more minutes shut
 * down and latched. Above is |I| > 1.05 x limit + 5 A, with the highest limit of the last 10 s, so
 * that a limit that falls leaves the inverter its time. A warning of its BMS about current is one
 * at once. */
#ifndef CORE_OVERLOAD_H
#define CORE_OVERLOAD_H

#include "core/highest.h"

/* Zeroed: nothing has been seen. */
struct overload {
    struct highest ccl, dcl;          /* of the last 10 s, mA */
    mono_us over_since, warned_since; /* 0: not so */
    mono_us known_at;                 /* its current was looked at last; 0: never */
    mono_us unknown_since;            /* 0: its current is known */
};

struct overload_input {
    int64_t current_mA;     /* charging is positive */
    int64_t ccl_mA, dcl_mA; /* what the cluster itself allows: stage 1 */
    bool bms_warns;         /* a current warning of its BMS */
};

enum overload_state { OVERLOAD_NONE, OVERLOAD_WARNING, OVERLOAD_SHUT_DOWN };

/* To be called in each run. in NULL: nothing is known now (the cluster is silent); a warning in
 * force stays, its time does not run on, and what is not yet a warning begins anew. */
enum overload_state overload_run(struct overload *o, const struct overload_input *in, mono_us now);

/* Above its limit, or warned about by its BMS: the cause of the latch is still there, or was when
 * the cluster was heard last. */
bool overload_is_over(const struct overload *o);
mono_us overload_left(const struct overload *o, mono_us now); /* until the shut-down; MONO_NEVER */

/* The next moment at which time alone changes something; MONO_NEVER. */
mono_us overload_due(const struct overload *o, mono_us now);

#endif
