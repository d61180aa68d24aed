/* Between what a cluster says and what the rules believe: a value that jumps tenfold, or to where
 * no battery of this profile can be (a wrong scale, swapped bytes), is held at the last good one,
 * ten receptions long; after that it is invalid. A value that comes back in between is taken at
 * once. A limit that falls is never held. An invalid measurement is not known; an invalid limit is
 * zero, and so are both when the voltage is invalid. Also here: two batteries that speak on one
 * port, known by values that go back and forth between two. */
#ifndef CORE_PLAUSIBLE_H
#define CORE_PLAUSIBLE_H

#include "model/battery.h"
#include "model/profile.h"

enum plausible_value {
    PLAUSIBLE_VOLTAGE,
    PLAUSIBLE_CURRENT,
    PLAUSIBLE_CVL,
    PLAUSIBLE_DVL,
    PLAUSIBLE_CCL,
    PLAUSIBLE_DCL,
    PLAUSIBLE_COUNT
};

struct plausible {
    struct held {
        bool known; /* a good value was seen */
        int64_t good;
        mono_us at;   /* receive time of the newest value looked at */
        unsigned odd; /* receptions in a row that were not believed */
    } held[PLAUSIBLE_COUNT];
    struct flips {
        bool known;
        int64_t a, b; /* newest value, the one before it */
        mono_us at;
        mono_us flip[6]; /* when it went back to the one before, newest last; 0: never */
    } flips[4];          /* SOC, voltage, modules, firmware */
    char serial[2][TEXT_MAX + 1];
    mono_us serial_flip[6];
    mono_us two_until; /* two batteries were seen; believed until; 0: never */
};

/* Takes the battery as the intake has it and fills `out` with what may be believed (a copy with
 * values held, forgotten or zeroed). modules: counted on. Returns whether anything is odd now. */
bool plausible_run(struct plausible *p, struct battery *out, const struct battery *told,
                   const struct profile *profile, unsigned modules, mono_us now);

/* Two batteries speak on this port: within the last 30 s values went back and forth between two. */
bool plausible_two(const struct plausible *p, mono_us now);

#endif
