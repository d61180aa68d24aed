/* The conformity checks of the Cluster tool, per cluster: same number of modules, same firmware and
 * none too old, SOC and voltage close to the others. For a cluster that is counted what fails is a
 * warning (READY is nothing failing); for one that could be counted it is why the join guard
 * refuses it.
 *
 * What they are held against is the reference: the joined clusters once the hub is under way; while
 * it starts, or when none is joined, the largest group of clusters that agree among themselves. */
#ifndef CORE_CONFORMITY_H
#define CORE_CONFORMITY_H

#include "core/aggregate.h"
#include "model/words.h"

enum {
    CONFORMITY_COUNT = 1,
    CONFORMITY_FIRMWARE = 2,
    CONFORMITY_SOC = 4,
    CONFORMITY_VOLTAGE = 8,
};

struct conformity {
    unsigned bits;      /* of one cluster, CONFORMITY_...; 0 while it is not judged */
    bool soc_far;       /* more than 10 % away, not yet back; kept while it is not judged */
    mono_us good_since; /* back within 5 %; 0: not so */
};

/* Judges the joined clusters and the candidates; the others have no bits. candidate[i]: it has a
 * complete fresh control set and is not counted. settled: the hub has left WAITING. One `c` and one
 * `candidate` for each part; n at most MAX_CLUSTERS. */
void conformity_run(struct conformity *c, const struct part *parts, const bool *candidate,
                    bool settled, unsigned n, mono_us now);

/* Why the join guard refuses a cluster with these bits; the voltage first, it is what hurts.
 * REASON_NONE: it does not. */
enum reason conformity_reason(unsigned bits);

/* When time alone may change the bits of this cluster; MONO_NEVER. */
mono_us conformity_due(const struct conformity *c);

#endif
