/* Membership of one cluster: is it counted, and if not, why. A pure machine: a state and an
 * event give the next state; struct member adds the times.
 *
 * Only the control set decides who is silent, and only copper decides who is out: a cluster that
 * was counted and fell silent, or that the rules shut down, is a ghost until it is counted again or
 * proven open; so is one that waits to be counted and carries current. A cluster out of order that
 * is not open stays counted: its current flows anyway. */
#ifndef CORE_MEMBER_H
#define CORE_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mono.h"
#include "model/words.h"

enum member_event {
    MEMBER_HEARD,      /* something came, the control set is not complete */
    MEMBER_COMPLETE,   /* a complete, fresh control set, and the join guard lets it in */
    MEMBER_REFUSED,    /* the same, but it is open and the join guard does not let it in */
    MEMBER_SILENT,     /* a part of the control set is too old */
    MEMBER_BACK,       /* fresh again */
    MEMBER_SETTLED,    /* fresh for long enough, and let in */
    MEMBER_PROTECTION, /* its BMS is in protection */
    MEMBER_CALM,       /* no longer */
    MEMBER_OPENED,     /* its contactor is open, or it is out of order and proven open */
    MEMBER_SHUT,       /* the rules or a latch take it out */
    MEMBER_RELEASED,   /* no longer */
    MEMBER_EXCLUDED,   /* the operator takes it out */
    MEMBER_INCLUDED,   /* and wants it back */
    MEMBER_UNSEEN,     /* released or included, but nothing has been received */
    MEMBER_EVENT_COUNT
};

/* The state after an event. Events without an edge leave the state alone. */
enum cluster_state member_next(enum cluster_state from, enum member_event event);

/* The table behind it, for diagrams: edge i, or false past the last. */
struct member_edge {
    enum cluster_state from;
    enum member_event event;
    enum cluster_state to;
};
bool member_edge(size_t i, struct member_edge *out);
const char *member_event_name(enum member_event event);

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
    mono_us last_good;    /* receive time of the oldest part when it turned stale */
    mono_us silent_since; /* while it is fresh: when it will be */
    mono_us settled_at;   /* not counted again before this moment */
    mono_us holds_at;     /* out, but not proven open: from here on the hub rests; 0: not so */
};

/* What member_run looks at. */
struct member_input {
    bool heard;          /* anything was received, ever */
    bool complete;       /* the control set was complete once */
    mono_us oldest;      /* receive time of its oldest part */
    mono_us fresh_until; /* its first part turns stale at this moment */
    mono_us period;      /* longest nominal period in it */
    bool open;           /* proven open */
    bool never_carried;  /* no current since it was first seen */
    bool contactor_open; /* its BMS or a contactor input says so, and no current contradicts */
    bool hub_waits;      /* nothing has been allowed yet: who is let in may still change */
    enum reason guard;   /* why the join guard would refuse it; NONE: it fits */
    bool protection;     /* its BMS is in protection */
    enum reason shut;    /* why the rules want it out; NONE: they do not */
    bool exclude;        /* the operator wants it out, and it is open or said to be isolated */
};

void member_init(struct member *m);

/* Moves one cluster on to now. */
void member_run(struct member *m, const struct member_rules *rules, const struct member_input *in,
                mono_us now);

/* Counted in the sums. */
static inline bool member_joined(const struct member *m)
{
    return m->state == CLUSTER_JOINED || m->state == CLUSTER_PROTECTED;
}

/* Shut down or excluded, and not proven open within 3 s: the limits of the hub are zero until it
 * is. */
bool member_holds_hub(const struct member *m, mono_us now);

/* The next moment at which time alone changes something; MONO_NEVER. */
mono_us member_due(const struct member *m, mono_us now);

#endif
