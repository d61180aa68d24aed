/* The state of the hub: may current flow, and why not. A pure machine with its meaning in a
 * table. */
#ifndef CORE_SUPERVISOR_H
#define CORE_SUPERVISOR_H

#include <stdbool.h>

#include "base/mono.h"
#include "model/words.h"

enum hub_event {
    HUB_EV_ALL_JOINED,  /* every configured cluster is counted */
    HUB_EV_SOME_JOINED, /* some are, some are not */
    HUB_EV_NONE_JOINED,
    HUB_EV_START_OVER, /* waited long enough for the rest, some are counted */
    HUB_EV_STOP,       /* the process is being stopped: for good */
    HUB_EVENT_COUNT
};

/* The state after an event. Events without an edge leave the state alone. A stop is handled by
 * supervisor_run: nothing leads out of it. */
enum hub_state hub_next(enum hub_state from, enum hub_event event);

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
    bool stopping;
};

void supervisor_init(struct supervisor *sv, mono_us now);

/* Moves the hub on: `joined` of `configured` clusters are counted now. */
void supervisor_run(struct supervisor *sv, const struct supervisor_rules *rules, unsigned joined,
                    unsigned configured, mono_us now);

/* Stops the hub for good. */
void supervisor_stop(struct supervisor *sv);

#endif
