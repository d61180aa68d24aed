/* Who gets one of a listener's places, and who gives way. No sockets and no clock.
 *
 * Outsiders are the clients whose address is not in the listener's priority list. They never hold
 * more than the places that are not reserved, and only they give way: of those with no answer to
 * come the ones that never asked first, then the one unused for longest. So a flood of connections
 * displaces itself, not the clients in use.
 *
 * Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, pages 11 and 12. */
#ifndef IO_TCP_PLACES_H
#define IO_TCP_PLACES_H

#include <stdbool.h>

#include "base/mono.h"
#include "io/address.h"

struct place {
    struct address address; /* kept when it is left */
    mono_us last_used;
    bool taken;
    bool listed; /* in priority */
    bool asked;  /* has made a request */
    bool busy;   /* answers are to come: does not give way */
};

struct places {
    struct place *place; /* n of them, all zero at first: the owner's */
    unsigned n, reserved;
    unsigned per_address; /* 0: as many as there are */
    unsigned taken, outsiders;
    unsigned end; /* none is taken from here on */
};

enum places_found {
    PLACE_FREE,
    PLACE_HELD,     /* by an outsider that gives way: close it, then places_leave */
    PLACE_PER_HOST, /* its address has as many as it may */
    PLACE_NONE,     /* all are busy, or kept for others */
};

/* The place for a client that comes, in *at when there is one. */
enum places_found places_find(const struct places *p, const struct address *from, bool listed,
                              unsigned *at);

void places_take(struct places *p, unsigned at, const struct address *from, bool listed,
                 mono_us now);
void places_leave(struct places *p, unsigned at);

#endif
