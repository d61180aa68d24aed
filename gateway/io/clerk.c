#include "io/clerk.h"

/* There is a place for each: an order keeps its place at the desk until it is answered. */
static void hold(struct clerk *c, uint32_t ticket, enum status status)
{
    if (c->n_held < DESK_PLACES)
        c->held[c->n_held++] = (struct hub_answer){.ticket = ticket, .status = status};
}

static void fetch(struct clerk *c, struct hub *hub)
{
    struct hub_answer a;

    while (c->n_held < DESK_PLACES && hub_result(hub, &a))
        hold(c, a.ticket, a.status);
}

/* Who wants to stop a battery wants it also later. Leaves the STOPs of what came as one; origin and
 * ticket stay in the first. */
static bool leave_stops(struct desk_order *o)
{
    if (!orders_stop(o->order, o->n))
        return false;
    o->order[0].command = COMMAND_STOP;
    o->order[0].release = false;
    o->n = 1;
    return true;
}

/* False: the hub has no room. */
static bool give(struct clerk *c, struct desk_order *o, struct hub *hub, mono_us now)
{
    if (!o->n) {
        hub_refused(hub, &o->order[0].from, o->refused, o->why, o->times);
        return true;
    }
    if (now >= o->until && !leave_stops(o)) {
        hold(c, o->order[0].ticket, HUB_ELATE);
        return true;
    }
    if (hub_commands(hub, o->order, o->n) == HUB_EFULL)
        return false;
    c->unpublished = true;
    fetch(c, hub);
    return true;
}

void clerk_take(struct clerk *c, struct desk *desk, struct hub *hub, mono_us now)
{
    struct desk_order o;

    for (unsigned i = 0; i < 2 * DESK_PLACES && desk_look(desk, &o); i++) {
        if (!give(c, &o, hub, now))
            return;
        desk_taken(desk);
    }
}

void clerk_published(struct clerk *c)
{
    c->unpublished = false;
}

bool clerk_answer(struct clerk *c, struct desk *desk, struct hub *hub)
{
    unsigned n;

    if (c->unpublished)
        return false;
    fetch(c, hub);
    n = c->n_held;
    for (unsigned i = 0; i < n; i++)
        desk_answer(desk, c->held[i].ticket, c->held[i].status);
    c->n_held = 0;
    return n;
}
