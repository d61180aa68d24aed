/* Commissioning checks of one cluster over minutes; they warn and change nothing.
 *
 *     sign    voltage or SOC move against the current for five minutes above 10 A
 *     frozen  nothing of voltage, current, SOC and cells has moved for ten minutes above 5 A,
 *             though new frames came */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include "core/aggregate.h"

struct watch {
    mono_us sign_since;                 /* one direction above 10 A since; 0: not so */
    int sign;                           /* +1 charging, -1 discharging */
    int64_t sign_mV, sign_soc, sign_mA; /* at that moment */
    bool sign_odd;
    mono_us still_since; /* 0: not so */
    int64_t still[5];    /* values at that moment */
    bool frozen;
};

/* p NULL or not joined: begins anew; an odd sign stays until it is disproved. */
void watch_run(struct watch *w, const struct part *p, mono_us now);

#endif
