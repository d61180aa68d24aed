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
    enum command command; /* of its last order */
};

/* What the client of an order is told: for every edge and for writers that answer at once. */
enum modbus_exception writer_exception(enum status status);

/* An edge tells so that a client asked with a function that writes (modbus_writes) and may not
 * (modbus_who.may_write): it got exception 01. Server thread; may be NULL in a spec. */
typedef void writer_refused(void *ctx, struct writer *w, const uint8_t *pdu, size_t len);

#endif
