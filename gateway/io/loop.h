/* The control thread's loop: the only place that waits. It owns the hub and the links; it tells
 * the hub the time and the frames, carries its frames out, and publishes what it has decided. It
 * takes no lock, reads no disk and knows no client. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdatomic.h>

#include "hub/hub.h"
#include "io/clerk.h"
#include "io/gpio.h"
#include "io/jitter.h"
#include "io/link.h"
#include "io/server.h"
#include "io/tells.h"
#include "store/memory.h"

struct loop {
    struct hub *hub;
    struct link *link[PORT_COUNT]; /* NULL: port not used */
    struct server *server;         /* NULL: nothing is served */
    struct desk *desk;             /* orders of the server's clients; NULL: there are none */
    struct memory_store *store;
    struct gpio *gpio;                 /* NULL: no relay and no input has a line */
    unsigned inputs_known, inputs;     /* as last told to the hub */
    atomic_ulong beats;                /* counted up each turn */
    mono_us last_turn;                 /* 0: none yet */
    enum link_state state[PORT_COUNT]; /* as last told to the hub */
    char told[PORT_COUNT][120];        /* what was last said about a link that does not work */
    struct clerk clerk;
    struct tells fights; /* set-points that were taken over, by their command */
    mono_us wanted;      /* a deadline made control want the next turn then; 0: none yet */
    struct jitter late, turn;
    uint64_t turns;
    struct process process; /* as it is published */

    /* Set by other threads, with loop_wake after it. */
    int wake;         /* eventfd, or -1 */
    atomic_uint stop; /* 1: zero limits three times, then leave; 2: leave now */
    _Atomic(const struct config *) config; /* to be taken over; NULL when that is done */
};

/* Runs until `stop`, in the thread that owns everything here. */
void loop_run(struct loop *loop);

/* Makes the loop look at what other threads have set. Any thread. */
void loop_wake(struct loop *loop);

/* One turn without waiting; returns the latest moment for the next one. For tests. */
mono_us loop_turn(struct loop *loop, mono_us now);

/* The turn that began at `began` has ended. For tests. */
void loop_turned(struct loop *loop, mono_us began, mono_us now);

#endif
