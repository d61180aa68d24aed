/* Two rings, each with one thread that fills it and one that empties it, so that no lock is needed:
 * the filler releases what it has written with `filled`, the emptier gives the place back with
 * `taken`. Both count on and wrap; their difference is what lies between.
 *
 * An order holds one of the server's places until control has answered it, even if nobody waits any
 * more. So there are never more answers under way than places. A ticket is a place and a
 * generation: an answer finds only who waits for it. */
#include "io/desk.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct ring {
    atomic_uint filled, taken;
};

struct answer {
    uint32_t ticket;
    enum status status;
};

/* Of the server thread. */
struct place {
    uint32_t ticket;       /* 0: free */
    struct waiter *waiter; /* NULL: nobody waits any more */
};

struct desk {
    void (*wake)(void *arg);
    void *arg;
    void (*late)(void *arg, struct waiter *w, mono_us now);
    void *late_arg;
    struct ring orders, answers;
    struct desk_order order[DESK_PLACES];
    struct answer answer[DESK_PLACES];

    struct place place[DESK_PLACES];
    uint8_t free[DESK_PLACES];
    unsigned n_free, n_waiting;
    uint32_t generation;
};

struct desk *desk_new(void (*wake)(void *arg), void *arg)
{
    struct desk *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    d->wake = wake;
    d->arg = arg;
    for (unsigned i = 0; i < DESK_PLACES; i++)
        d->free[i] = (uint8_t)(DESK_PLACES - 1 - i);
    d->n_free = DESK_PLACES;
    return d;
}

void desk_free(struct desk *d)
{
    free(d);
}

/* Where the next one goes, or -1 while it is full. */
static int ring_room(const struct ring *r)
{
    unsigned filled = atomic_load_explicit(&r->filled, memory_order_relaxed);
    unsigned taken = atomic_load_explicit(&r->taken, memory_order_acquire);

    return filled - taken < DESK_PLACES ? (int)(filled % DESK_PLACES) : -1;
}

/* Where the oldest one is, or -1 when it is empty. */
static int ring_next(const struct ring *r)
{
    unsigned taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
    unsigned filled = atomic_load_explicit(&r->filled, memory_order_acquire);

    return filled != taken ? (int)(taken % DESK_PLACES) : -1;
}

/* How many there are for the one that empties it. */
static unsigned ring_filled(const struct ring *r)
{
    return atomic_load_explicit(&r->filled, memory_order_acquire) -
           atomic_load_explicit(&r->taken, memory_order_relaxed);
}

static void ring_step(atomic_uint *end)
{
    atomic_store_explicit(end, atomic_load_explicit(end, memory_order_relaxed) + 1,
                          memory_order_release);
}

/* ---- server thread ---- */

/* Never 0, and another one each time the place is given away: the generations last for 2^26 orders.
 */
static uint32_t new_ticket(struct desk *d, unsigned place)
{
    d->generation++;
    if (d->generation > UINT32_MAX / DESK_PLACES)
        d->generation = 1;
    return d->generation * DESK_PLACES + place;
}

enum status desk_put(struct desk *d, struct waiter *w, mono_us now, const struct hub_order *order,
                     unsigned n)
{
    unsigned kept = orders_stop(order, n) ? 0 : DESK_KEPT, place;
    int at = ring_room(&d->orders);
    struct desk_order *o;

    assert(w->ticket == 0 && n >= 1 && n <= ORDERS_MAX);
    if (at < 0 || d->n_free <= kept)
        return HUB_EFULL;
    place = d->free[--d->n_free];
    w->ticket = new_ticket(d, place);
    w->until = now + DESK_PATIENCE;
    d->place[place] = (struct place){.ticket = w->ticket, .waiter = w};
    d->n_waiting++;
    o = &d->order[at];
    memcpy(o->order, order, n * sizeof(*order));
    o->order[0].ticket = w->ticket;
    o->n = n;
    o->until = w->until;
    ring_step(&d->orders.filled);
    d->wake(d->arg);
    return HUB_OK;
}

/* Nobody waits at this place any more; it is given away again when control has answered. */
static struct waiter *leave(struct desk *d, unsigned place)
{
    struct waiter *w = d->place[place].waiter;

    if (w) {
        w->ticket = 0;
        d->place[place].waiter = NULL;
        d->n_waiting--;
    }
    return w;
}

void desk_forget(struct desk *d, struct waiter *w)
{
    if (w->ticket)
        leave(d, w->ticket % DESK_PLACES);
}

void desk_on_late(struct desk *d, void (*late)(void *arg, struct waiter *w, mono_us now), void *arg)
{
    d->late = late;
    d->late_arg = arg;
}

enum status desk_refused(struct desk *d, const struct origin *from, enum command command,
                         enum refusal why, unsigned times)
{
    int at = ring_room(&d->orders);
    struct desk_order *o;

    if (at < 0)
        return HUB_EFULL;
    o = &d->order[at];
    o->order[0].ticket = 0;
    o->order[0].from = *from;
    o->n = 0;
    o->refused = command;
    o->why = why;
    o->times = times;
    ring_step(&d->orders.filled);
    d->wake(d->arg);
    return HUB_OK;
}

static void hand_out(struct desk *d, struct answer a, mono_us now)
{
    unsigned place = a.ticket % DESK_PLACES;
    struct waiter *w;

    if (!a.ticket || d->place[place].ticket != a.ticket)
        return;
    w = leave(d, place);
    d->place[place].ticket = 0;
    d->free[d->n_free++] = (uint8_t)place;
    if (w)
        w->answered(w, a.status, now);
}

static bool is_late(const struct desk *d, mono_us now)
{
    for (unsigned i = 0; d->n_waiting && i < DESK_PLACES; i++)
        if (d->place[i].waiter && now >= d->place[i].waiter->until)
            return true;
    return false;
}

/* Who is told may put the next order, or forget others. */
static mono_us tell_late(struct desk *d, mono_us now)
{
    mono_us due = MONO_NEVER;

    for (unsigned i = 0; i < DESK_PLACES; i++) {
        struct waiter *w = d->place[i].waiter;

        if (!w || now < w->until)
            continue;
        leave(d, i);
        if (d->late)
            d->late(d->late_arg, w, now);
        w->answered(w, HUB_ELATE, now);
    }
    for (unsigned i = 0; i < DESK_PLACES; i++)
        if (d->place[i].waiter)
            due = mono_min(due, d->place[i].waiter->until);
    return due;
}

/* An answer that comes while these are handed out waits for the next call: `fresh` was before it.
 */
mono_us desk_tend(struct desk *d, mono_us now, void (*fresh)(void *ctx), void *ctx)
{
    unsigned n = ring_filled(&d->answers);

    if (fresh && (n || is_late(d, now)))
        fresh(ctx);
    while (n--) {
        struct answer a = d->answer[ring_next(&d->answers)];

        ring_step(&d->answers.taken);
        hand_out(d, a, now);
    }
    return d->n_waiting ? tell_late(d, now) : MONO_NEVER;
}

/* ---- control ---- */

bool desk_look(struct desk *d, struct desk_order *out)
{
    int at = ring_next(&d->orders);
    const struct desk_order *o;

    if (at < 0)
        return false;
    o = &d->order[at];
    memcpy(out->order, o->order, (o->n ? o->n : 1) * sizeof(*o->order));
    out->n = o->n;
    out->until = o->until;
    out->refused = o->refused;
    out->why = o->why;
    out->times = o->times;
    return true;
}

void desk_taken(struct desk *d)
{
    if (ring_next(&d->orders) >= 0)
        ring_step(&d->orders.taken);
}

void desk_answer(struct desk *d, uint32_t ticket, enum status status)
{
    int at = ring_room(&d->answers);

    if (at < 0)
        return; /* cannot be, unless something was answered twice */
    d->answer[at] = (struct answer){.ticket = ticket, .status = status};
    ring_step(&d->answers.filled);
}
