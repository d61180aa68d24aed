/* Between the desk and the hub, on the control thread: takes orders to the hub, and brings what
 * became of them back when the image that shows it is published, since who is answered may read at
 * once.
 *
 * A turn of the loop: clerk_take, then the rules and their image (clerk_published), then
 * clerk_answer. */
#ifndef IO_CLERK_H
#define IO_CLERK_H

#include "hub/hub.h"
#include "io/desk.h"

struct clerk { /* all zero: nothing is under way */
    struct hub_answer held[DESK_PLACES];
    unsigned n_held;
    bool unpublished; /* orders were taken after the last image */
};

/* Takes all that lies there. What is too late is let go of, save a STOP; what the hub has no room
 * for stays at the desk. */
void clerk_take(struct clerk *c, struct desk *desk, struct hub *hub, mono_us now);

/* An image was published that shows all that was taken. */
void clerk_published(struct clerk *c);

/* Answers what may be answered. Returns whether there was anything: the server has to be woken. */
bool clerk_answer(struct clerk *c, struct desk *desk, struct hub *hub);

#endif
