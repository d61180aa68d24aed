/* The state of the hub: may current flow, and why not. A pure machine with its meaning in a
 * table. */
#ifndef CORE_SUPERVISOR_H
#define CORE_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mono.h"
#include "model/words.h"

enum hub_event {
    HUB_EV_ALL_JOINED,  /* every configured cluster is counted */
    HUB_EV_SOME_JOINED, /* some are, some are not */
    HUB_EV_NONE_JOINED,
    HUB_EV_ALL_SEEN,   /* every configured one has been seen; some are counted, some not let in */
    HUB_EV_START_OVER, /* waited long enough for the rest, some are counted */
    HUB_EV_HALT,       /* rule 9, or the operator */
    HUB_EV_RESUME,     /* no longer */
    HUB_EV_LOCK,       /* a latch of the hub */
    HUB_EV_UNLOCK,     /* reset */
    HUB_EV_STOP,       /* the process is being stopped: for good */
    HUB_EVENT_COUNT
};

/* The state after an event. Events without an edge leave the state alone. A stop is handled by
 * supervisor_run: nothing leads out of it. */
enum hub_state hub_next(enum hub_state from, enum hub_event event);

/* The table behind it, for diagrams: edge i, or false past the last. */
struct hub_edge {
    enum hub_state from;
    enum hub_event event;
    enum hub_state to;
};
bool hub_edge(size_t i, struct hub_edge *out);
const char *hub_event_name(enum hub_event event);

/* What a state means. */
bool hub_current_allowed(enum hub_state state);

struct supervisor_rules {
    bool start_incomplete; /* after start_wait run with the clusters that are there */
    mono_us start_wait;
};

struct supervisor {
    enum hub_state state;
    enum reason reason;
    mono_us started;
    bool started_up; /* WAITING was left once */
    bool halted;     /* STOPPED by a halt, not for want of clusters */
    bool stopping;
};

/* What supervisor_run looks at. */
struct supervisor_input {
    unsigned configured; /* clusters */
    unsigned joined;     /* counted now */
    unsigned seen;       /* had a complete control set once, or are taken out on purpose */
    enum reason lock;    /* a latch of the hub; NONE */
    enum reason halt;    /* rule 9 or the operator; NONE */
};

void supervisor_init(struct supervisor *sv, mono_us now);

/* Moves the hub on to now. */
void supervisor_run(struct supervisor *sv, const struct supervisor_rules *rules,
                    const struct supervisor_input *in, mono_us now);

/* Stops the hub for good. */
void supervisor_stop(struct supervisor *sv);

/* The next moment at which time alone changes something; MONO_NEVER. */
mono_us supervisor_due(const struct supervisor *sv, const struct supervisor_rules *rules,
                       mono_us now);

#endif
