/* Plays a CAN log into a hub in simulated time: what the hub would have made of it.
 *
 * The hub begins with the log. Links are up, inputs at rest, what it wants kept is safe, and the
 * inverter takes every frame. A frame belongs to the port whose link has the name of its interface
 * (link = can0), or whose own name that is: c1 to c5, i1 and i2. */
#ifndef HUB_PLAYBACK_H
#define HUB_PLAYBACK_H

#include "hub/hub.h"
#include "wire/candump.h"

#define PLAYBACK_NAMES 16

struct playback {
    const struct candump_log *log; /* the caller's */
    unsigned frames[PORT_COUNT];   /* of the log, for each port */
    struct playback_unused {
        char interface[CANDUMP_NAME_MAX];
        unsigned frames;
    } unused[PLAYBACK_NAMES]; /* interfaces that belong to no port, as far as there is room */
    unsigned n_unused;
    mono_us begin, length; /* the time of its first frame, and from there to the last */
    mono_us longest_gap; /* between two frames; playing takes a run of the hub each 100 ms of it */
};

/* Looks what is in a log for this configuration. The log must live as long as out is used. Returns
 * whether there is a frame for any cluster. */
bool playback_look(struct playback *out, const struct config *cfg, const struct candump_log *log);

/* The hub `span` after the beginning of the log, frames of that moment included; hub_free releases
 * it. NULL: no memory, or cfg names something unknown. */
struct hub *playback_run(const struct playback *pb, const struct config *cfg, mono_us span);

#endif
