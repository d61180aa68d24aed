/* The world around a hub in simulated time: batteries that speak each second, inverters that
 * listen, a store that keeps, and the loop that a process runs. The scenarios are played in it.
 *
 * Time stands in `now`; only world_pass and world_jump move it. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "hub/hub.h"
#include "store/memory.h"

#define MAX_SPOKEN 32 /* frames of one player */
#define MAX_HEARD 64  /* ids on one port */
#define MAX_TOLD 512
#define MAX_PENDING 256
#define MAX_REPLIES 128

/* What stands behind a port: frames that come each second, or samples. */
struct player {
    struct frame frame[MAX_SPOKEN];
    unsigned n;
    bool is_serial, has_modules;
    struct battery battery;
    struct module module[MAX_MODULES];
    bool muted;
    bool unconfirmed; /* frames to this port stay out */
    mono_us next;
};

struct heard { /* newest frame of an id on a port */
    struct frame frame;
    unsigned count;
};

enum store_mood { STORE_WORKS, STORE_FAILS, STORE_HANGS };

struct world {
    struct config *cfg; /* owned */
    struct hub *hub;    /* owned; NULL before world_start */
    mono_us now;
    mono_us step; /* 0: each deadline of the hub is kept; else turns only so often */
    struct player player[PORT_COUNT];
    struct heard heard[PORT_COUNT][MAX_HEARD];
    unsigned n_heard[PORT_COUNT];
    char told[MAX_TOLD][240]; /* events since the last world_pass began */
    unsigned n_told;
    struct memory_store store;
    enum store_mood mood;
    struct record pending[MAX_PENDING]; /* given to the store, not answered yet */
    unsigned n_pending;
    struct hub_answer reply[MAX_REPLIES]; /* answers nobody asked for yet, oldest first */
    unsigned n_replies;
    bool busy; /* the hub wanted a turn at once after a turn */
};

/* Makes the hub; w owns cfg from here on. All links are up. */
bool world_start(struct world *w, struct config *cfg);
void world_end(struct world *w);

/* The process ends now and a new one begins `down` later: a new hub of the same configuration, with
 * the records that were confirmed. What it has heard and told before is forgotten. */
bool world_restart(struct world *w, mono_us down);

/* One turn of the loop at `now`. */
void world_turn(struct world *w);

/* Time passes; the loop runs at each deadline of the hub, at each word of a player and at the end.
 * Forgets first what was told and how often frames were sent. */
void world_pass(struct world *w, mono_us span);

/* The process stands still for so long, then one turn. What queued for up to a second is heard
 * late, what queued for longer never (io/loop.h). */
void world_jump(struct world *w, mono_us span);

/* Hands the store what the hub wants kept, and the hub the store's answers. */
void world_store(struct world *w);

#endif
