/* What each cluster is seen to carry of the hub's current in one direction: measured shares,
 * filtered over 30 s. A pure machine over what the joined clusters tell; what a ghost carries is
 * not seen, it keeps its share. */
#ifndef CORE_SHARES_H
#define CORE_SHARES_H

#include "core/aggregate.h"

struct shares {
    bool used;                 /* since the last run: enough current, all of it in one direction */
    unsigned members;          /* bit n: part n has a share */
    int64_t ppb[MAX_CLUSTERS]; /* 1e-9 of the current */
};

/* Moves the shares of CHARGE or DISCHARGE on by dt, at most 1 s at once. limit: the hub's in that
 * direction, mA; the shares are used while the current is above 10 % of it. */
void shares_run(struct shares *s, const struct part *parts, unsigned n, enum direction direction,
                int64_t limit, mono_us dt);

#endif
