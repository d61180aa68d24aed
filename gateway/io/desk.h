/* The order desk between the server thread and control: orders from clients to control, and the
 * answers back. Neither side ever waits for the other.
 *
 *     client -> writer -> desk_put ----> desk_take -> hub_commands
 *     client <- answered <- desk_tend <---- desk_answer <- hub_result, after the image is published
 *
 * A client has at most one order out and is parked until it is answered: by control, or with
 * HUB_ELATE after DESK_PATIENCE. What came too late is not carried out any more, save a STOP. */
#ifndef IO_DESK_H
#define IO_DESK_H

#include "base/mono.h"
#include "base/status.h"
#include "model/order.h"

#define DESK_PATIENCE MONO_MS(500)
#define DESK_PLACES 64 /* orders under way, of all clients */
#define DESK_KEPT 4    /* of these, only for a STOP: a store that hangs may hold all others */

/* Somebody who waits for an answer; lives in the client's own struct. All zero: waits for nothing.
 */
struct waiter {
    uint32_t ticket; /* 0: waits for nothing */
    mono_us until;
    /* The answer. Server thread; ticket is 0 already. */
    void (*answered)(struct waiter *w, enum status status, mono_us now);
};

struct desk; /* opaque */

/* wake(arg): control shall look. NULL: no memory. */
struct desk *desk_new(void (*wake)(void *arg), void *arg);
void desk_free(struct desk *d);

/* ---- server thread ---- */

/* Hands 1..ORDERS_MAX orders over as one. HUB_EFULL: no place; the waiter waits for nothing then.
 */
enum status desk_put(struct desk *d, struct waiter *w, mono_us now, const struct hub_order *order,
                     unsigned n);

/* The client is gone: its answer goes nowhere. */
void desk_forget(struct desk *d, struct waiter *w);

/* late(arg, w, now) is called before a waiter gets HUB_ELATE. */
void desk_on_late(struct desk *d, void (*late)(void *arg, struct waiter *w, mono_us now),
                  void *arg);

/* Tells control of writes that were refused here; HUB_EFULL: later. */
enum status desk_refused(struct desk *d, const struct origin *from, enum command command,
                         enum refusal why, unsigned times);

/* Hands out the answers that have come, and HUB_ELATE where time is up. fresh(ctx) is called before
 * the first of them, when they have been taken from control: what is read from then on was
 * published after the orders were carried out. Not called when there is nothing to hand out.
 * Returns when it has to be called at the latest; it has to be called, too, when desk_answer has
 * woken the server. fresh may be NULL. */
mono_us desk_tend(struct desk *d, mono_us now, void (*fresh)(void *ctx), void *ctx);

/* ---- control ---- */

struct desk_order {
    struct hub_order order[ORDERS_MAX]; /* ticket and origin in the first; of n are valid */
    unsigned n;                         /* 0: a refusal to be told */
    mono_us until;
    enum command refused;
    enum refusal why;
    unsigned times;
};

/* Looks at the next order, or returns false; desk_taken lets go of it. */
bool desk_look(struct desk *d, struct desk_order *out);
void desk_taken(struct desk *d);

/* The result of a ticket: each order is answered once, sooner or later, even when nobody can be
 * waiting any more; it holds its place so long. Never full: there are as many places as orders.
 * server_wake is called after the last of a turn. */
void desk_answer(struct desk *d, uint32_t ticket, enum status status);

#endif
