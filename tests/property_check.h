/* What the two halves of the invariants share: check.c holds the limits, tells.c what else is
 * published. */
#ifndef TESTS_PROPERTY_CHECK_H
#define TESTS_PROPERTY_CHECK_H

#include "property.h"

static inline int64_t value(const struct signals *s, enum signal sig)
{
    return s->value[sig];
}

static inline const struct signals *hub_of(const struct play *p)
{
    return &hub_snapshot(p->hub)->hub.s;
}

static inline bool is_counted(const struct snapshot *snap, unsigned i)
{
    int64_t state = snap->cluster[i].s.value[SIG_STATE];

    return state == CLUSTER_JOINED || state == CLUSTER_PROTECTED;
}

static inline bool is_out(const struct snapshot *snap, unsigned i)
{
    int64_t state = snap->cluster[i].s.value[SIG_STATE];

    return state == CLUSTER_SHUT_DOWN || state == CLUSTER_EXCLUDED;
}

bool check_sums(struct play *p);
bool check_soc(struct play *p, unsigned members);
bool check_latches(struct play *p);
bool check_unknown(struct play *p);
bool check_set_points(struct play *p);

#endif
