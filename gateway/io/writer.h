/* A client as the writers of the map see it: modbus_who.client of every edge. It lives in the
 * edge's own struct of that client or line. */
#ifndef IO_WRITER_H
#define IO_WRITER_H

#include "io/bucket.h"
#include "io/desk.h"
#include "modbus/pdu.h"

struct writer {
    struct waiter waiter;
    struct origin from;
    struct bucket bucket; /* its writes: a flood gets exception 06 */
};

/* What the client of an order is told: for every edge and for writers that answer at once. */
enum modbus_exception writer_exception(enum status status);

#endif
