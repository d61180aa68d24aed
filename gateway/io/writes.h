/* What clients want changed, on its way to the desk: one mechanism for Modbus and the control
 * socket. It holds floods off, and tells control of what was refused: ten times a second for
 * each client; control makes an event of it once a minute. Server thread only. */
#ifndef IO_WRITES_H
#define IO_WRITES_H

#include "io/writer.h"

/* Orders a second, and at once: of one client, and of all Modbus clients together. The second does
 * not hold back a STOP. */
enum {
    WRITES_RATE = 10,
    WRITES_BURST = 20,
    WRITES_RATE_ALL = 100,
    WRITES_BURST_ALL = 100,
    WRITES_HOSTS =
        32, /* who write at the same time; what more do has a bucket for each connection */
    REFUSED_MAX = 16, /* clients that are told of at the same time; what more do is not told */
};

#define REFUSED_EVERY MONO_MS(100) /* a register shows the last refusal: soon */

struct refused {
    struct origin from;
    enum command command; /* of the last one */
    enum refusal why;
    unsigned times; /* not told yet */
    mono_us until;  /* told by now and then; the place is free when it has come and times is 0 */
};

/* One client may have many connections. */
struct writing_host {
    struct origin from;   /* the owner is that of the last connection */
    struct bucket bucket; /* free when it is full */
};

struct writes {
    struct desk *desk;
    struct bucket all;
    struct writing_host host[WRITES_HOSTS];
    struct refused refused[REFUSED_MAX];
    unsigned untold; /* of clients that found no place; only counted */
};

void writes_init(struct writes *ws, struct desk *desk);

/* Hands 1..ORDERS_MAX orders of a writer over as one; their origin is put in here. HUB_EFULL: a
 * flood, or no place at the desk. */
enum status writes_order(struct writes *ws, struct writer *w, mono_us now, struct hub_order *order,
                         unsigned n);

/* The same for registers: n words at addr as they came. MODBUS_LATER: the writer is answered when
 * control has answered; a broadcast is not, and gets MODBUS_OK. */
enum modbus_exception writes_words(struct writes *ws, const struct modbus_who *who, mono_us now,
                                   uint16_t addr, unsigned n, const uint8_t *words);

/* A writer asked for something and did not get it. */
void writes_refused(struct writes *ws, const struct writer *w, mono_us now, enum command command,
                    enum refusal why);

/* The same for a request that its edge refused because the writer may not write. */
void writes_not_allowed(struct writes *ws, const struct writer *w, mono_us now, const uint8_t *pdu,
                        size_t len);

/* Tells what was only counted so far. Returns when it has to be called at the latest. */
mono_us writes_tend(struct writes *ws, mono_us now);

#endif
