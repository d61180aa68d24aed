/* Commissioning checks of one cluster over minutes; they warn and change nothing.
 *
 *     sign    voltage or SOC move against the current for five minutes above 10 A
 *     frozen  nothing of voltage, current, SOC and cells has moved for ten minutes above 5 A,
 *             though new frames came
 *
 * The sign is judged at the end of each five minutes in one direction. A voltage says something
 * about it only when the current did not sink meanwhile (watch.c). */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include "core/aggregate.h"

#define WATCH_STILL 5

struct watch {
    mono_us sign_since;                 /* one direction above 10 A since; 0: not so */
    int sign;                           /* +1 charging, -1 discharging */
    int64_t sign_mV, sign_soc, sign_mA; /* at that moment */
    int64_t peak_mA[2];  /* highest |I| of the running quarter of an hour, of the one before */
    mono_us peak_until;  /* the running one ends; 0: none runs */
    bool sign_odd;       /* warn */
    mono_us still_since; /* 0: not so */
    int64_t still[WATCH_STILL]; /* values at that moment */
    bool frozen;                /* warn */
};

/* p NULL or not joined: begins anew; an odd sign stays until five minutes in which voltage or SOC
 * went with the current and neither against it. */
void watch_run(struct watch *w, const struct part *p, mono_us now);

/* When time alone may change a warning; MONO_NEVER. */
mono_us watch_due(const struct watch *w);

#endif
