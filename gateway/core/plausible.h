/* Between what a cluster says and what the rules believe. A value where no battery of this profile
 * can be, or one that jumped tenfold (a wrong scale, swapped bytes), is held at the last good one,
 * ten receptions long (at most DATUM_LIFE); after that, or when nothing good was ever seen, it is
 * invalid. A value that comes back is taken at once.
 *
 *     what           cannot be                               invalid means
 *     voltage        under half the lowest DVL of the        not known; both limits zero
 *                    profile, over 5/4 of its highest CVL
 *     current        over 10 x what the cluster is rated for not known
 *     CVL            as the voltage                          CCL zero; over it: also not known
 *     DVL            over 5/4 of the highest CVL, or a tenth DCL zero; a tenth: also not known
 *                    of the last good one
 *     CCL, DCL       over 10 x profile x modules, or over    zero
 *                    8 x the last good one and 2 x the
 *                    highest of profile x modules and what
 *                    was believed before (once an eighth
 *                    of profile x modules was)
 *
 * What allows less is never held: a limit that falls, a CVL that falls, a DVL that rises; out of
 * its bounds it is invalid at once (CVL and DVL keep their value then, the profile's window clamps
 * them). After 60 s of silence it may be another battery: what was good before is forgotten.
 *
 * Also here: two batteries that speak on one port, known by SOC, voltage, count of modules,
 * firmware or serial number that go back and forth between two values. */
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

enum plausible_flip {
    FLIP_SOC,
    FLIP_VOLTAGE,
    FLIP_MODULES,
    FLIP_FIRMWARE,
    FLIP_SERIAL_HEAD, /* the two frames of a serial number, each for itself: of two batteries the */
    FLIP_SERIAL_TAIL, /* halves mix */
    FLIP_COUNT
};

#define FLIPS 6 /* back and forth so often ... */

/* All zero: nothing was seen. */
struct plausible {
    struct held {
        bool known;         /* a good value was seen */
        int64_t good, most; /* the last, the highest */
        mono_us good_at;
        mono_us at;   /* receive time of the newest value looked at */
        unsigned odd; /* receptions in a row that were not believed */
    } held[PLAUSIBLE_COUNT];
    struct flips {
        unsigned seen; /* how many of a and b hold a value */
        int64_t a, b;  /* newest value, the one before it */
        int64_t mA;    /* current beside a */
        mono_us at;
        mono_us flip[FLIPS]; /* when it went back to the one before, newest last; 0: never */
    } flips[FLIP_COUNT];
    mono_us two_until; /* two batteries were seen; believed until; 0: never */
};

/* Takes the battery as the intake has it and fills `out` with what may be believed: a copy with
 * values held (as received when they were good), forgotten or zeroed, LIMIT_INVALID active where a
 * limit was zeroed. modules: counted on or configured, whichever is more, so that a master that
 * counts only itself is not taken for a liar. A reception is a new `at`; to see two batteries it
 * has to run for each. Returns whether anything is odd now. */
bool plausible_run(struct plausible *p, struct battery *out, const struct battery *told,
                   const struct profile *profile, unsigned modules, mono_us now);

/* Two batteries speak on this port: within the last 30 s values went back and forth between two,
 * six times within 10 s. */
bool plausible_two(const struct plausible *p, mono_us now);

/* When that ends, unless it is seen again; MONO_NEVER. */
mono_us plausible_due(const struct plausible *p, mono_us now);

#endif
