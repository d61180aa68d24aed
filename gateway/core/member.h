/* Membership of one cluster: is it counted, and if not, why. A pure machine: a state and an
 * event give the next state; struct member adds the times.
 *
 * Only the control set decides. A cluster that was counted and fell silent is a ghost until
 * it is counted again: nobody has proved that its contactors are open. */
#ifndef CORE_MEMBER_H
#define CORE_MEMBER_H

#include <stdbool.h>

#include "base/mono.h"
#include "model/words.h"

enum member_event {
    MEMBER_HEARD,    /* something came, the control set is not complete */
    MEMBER_COMPLETE, /* the first complete, fresh control set */
    MEMBER_SILENT,   /* a part of the control set is too old */
    MEMBER_BACK,     /* fresh again */
    MEMBER_SETTLED,  /* fresh for long enough */
    MEMBER_EVENT_COUNT
};

/* The state after an event. Events without an edge leave the state alone. */
enum cluster_state member_next(enum cluster_state from, enum member_event event);

/* Waiting times of a cluster that comes back. */
struct member_rules {
    mono_us rejoin;       /* good data for so long, or three periods */
    mono_us rejoin_short; /* ... or only so long, */
    mono_us short_gap;    /* when the gap was shorter than this */
};

struct member {
    enum cluster_state state;
    enum reason reason;
    bool ghost;
    mono_us last_good; /* receive time of the oldest part when it turned stale */
    mono_us silent_since;
    mono_us settled_at; /* counted again at this moment */
};

/* What member_run looks at. */
struct member_input {
    bool heard;          /* anything was received, ever */
    bool complete;       /* the control set was complete once */
    mono_us oldest;      /* receive time of its oldest part */
    mono_us fresh_until; /* its first part turns stale at this moment */
    mono_us period;      /* longest nominal period in it */
};

void member_init(struct member *m);

/* Moves one cluster on to now. */
void member_run(struct member *m, const struct member_rules *rules, const struct member_input *in,
                mono_us now);

static inline bool member_joined(const struct member *m)
{
    return m->state == CLUSTER_JOINED;
}

#endif
