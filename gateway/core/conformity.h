/* The conformity checks of the Cluster tool, per cluster: same number of modules, same firmware,
 * SOC and voltage close to the others. READY is none of them failing. At run time they are
 * warnings. */
#ifndef CORE_CONFORMITY_H
#define CORE_CONFORMITY_H

#include "core/aggregate.h"

enum {
    CONFORMITY_COUNT = 1,
    CONFORMITY_FIRMWARE = 2,
    CONFORMITY_SOC = 4,
    CONFORMITY_VOLTAGE = 8,
};

struct conformity {
    unsigned bits;      /* of one cluster, CONFORMITY_... */
    mono_us good_since; /* SOC back within 5 %; 0: not */
};

/* Judges the joined parts against each other; the others have no bits. One `c` for each part. */
void conformity_run(struct conformity *c, const struct part *parts, unsigned n, mono_us now);

#endif
