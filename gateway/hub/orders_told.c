/* What is told about orders: whose a set-point is, why something was refused last, and the events:
 * changes, never what is merely repeated. */
#include "hub/parts.h"

#include <stdio.h>
#include <string.h>

#define REFUSAL_PAUSE MONO_S(60)

struct by told_by(const char *how, const struct origin *from)
{
    struct by by = {""};

    if (*from->name)
        snprintf(by.text, sizeof(by.text), "%s %s", how, from->name);
    return by;
}

static struct asked *asked_of(struct hub *hub, enum command command)
{
    unsigned row = command_row(command);

    return row < COMMAND_ROWS ? &hub->asked[row] : NULL;
}

static void tell(struct hub *hub, enum event_kind kind, enum command command, uint8_t place,
                 int64_t old, int64_t now, const char *text)
{
    struct event *e = event_put(hub, kind, place, old, now, REASON_NONE, text);

    if (e)
        e->command = (uint16_t)command;
}

/* ---- set-points and levels ---- */

void told_set_point(struct hub *hub, const struct hub_order *order, const struct origin *from)
{
    const struct set_point *sp = set_point_of(hub, order->command);
    const struct origin *whose = &asked_of(hub, order->command)->from;
    bool stands = hub->now < sp->until, other = stands && !origin_is(whose, from);
    int64_t old = stands ? sp->value : -1, now = order->release ? -1 : order->value;
    char text[2 * sizeof(struct by)];

    if (old == now && !other)
        return;
    snprintf(text, sizeof(text), "%s%s", told_by("by", from).text,
             other ? told_by(", taken over from", whose).text : "");
    tell(hub, other ? EVENT_TAKEN_OVER : EVENT_SET_POINT, order->command, EVENT_AT_HUB, old, now,
         text);
}

void told_run_out(struct hub *hub, enum command command)
{
    struct asked *asked = asked_of(hub, command);

    tell(hub, EVENT_RAN_OUT, command, EVENT_AT_HUB, set_point_of(hub, command)->value, -1,
         told_by("set by", &asked->from).text);
    asked->from = (struct origin){0};
}

void told_level(struct hub *hub, enum command command, uint8_t place, int64_t was, int64_t is,
                const char *text)
{
    if (was != is)
        tell(hub, EVENT_COMMAND, command, place, was, is, text);
}

/* A set-point that is taken back is nobody's; a command keeps who gave it last. */
void told_taken(struct hub *hub, const struct hub_order *order, const struct origin *from)
{
    struct asked *asked = asked_of(hub, order->command);

    *asked = (struct asked){.from = *from};
    if (order->release && is_set_point(order->command))
        asked->from = (struct origin){0};
}

/* ---- refusals ---- */

/* Where these are counted; somebody who finds no place is one of the others. */
static struct refused *place_of(struct hub *hub, const struct origin *from, enum refusal why)
{
    static const struct origin others = {.name = "others"};
    struct refused *found = &hub->refused[REFUSED_PLACES + (unsigned)why % REFUSED_OTHERS];

    for (unsigned i = REFUSED_PLACES; i--;) {
        struct refused *r = &hub->refused[i];

        if (r->until && r->why == why && origin_is(&r->from, from))
            return r;
        if (!r->until)
            found = r;
    }
    if (!found->until)
        found->from = found < &hub->refused[REFUSED_PLACES] ? *from : others;
    found->why = why;
    return found;
}

static void tell_refused(struct hub *hub, struct refused *r, const char *what)
{
    char text[2 * sizeof(struct by)];
    struct by by = told_by("by", &r->from);

    snprintf(text, sizeof(text), "%s%s%s", by.text, *by.text && *what ? "; " : "", what);
    tell(hub, EVENT_REFUSED, r->command, r->place, r->more, r->why, text);
    r->more = 0;
    r->until = hub->now + REFUSAL_PAUSE;
}

/* Shown at its command at once; an event once in REFUSAL_PAUSE. */
static void count_refused(struct hub *hub, const struct refused *now, unsigned times,
                          const char *what)
{
    struct refused *r = place_of(hub, &now->from, now->why);
    struct asked *asked = asked_of(hub, now->command);

    if (asked)
        asked->refusal = now->why;
    r->command = now->command;
    r->place = now->place;
    r->more += times;
    if (!r->until)
        tell_refused(hub, r, what);
}

void told_run(struct hub *hub)
{
    for (unsigned i = 0; i < REFUSED_PLACES + REFUSED_OTHERS; i++) {
        struct refused *r = &hub->refused[i];

        if (!r->until || hub->now < r->until)
            continue;
        if (r->more)
            tell_refused(hub, r, "");
        else
            r->until = 0;
    }
}

static enum refusal refusal_of(enum status status)
{
    if (status == HUB_EBUSY)
        return REFUSAL_CAUSE;
    return status == HUB_EKEY ? REFUSAL_KEY : REFUSAL_RANGE;
}

void told_refused(struct hub *hub, const struct hub_order *order, const struct origin *from,
                  enum status status)
{
    struct refused now = {.from = *from, .why = refusal_of(status), .command = order->command};
    const char *cause = NULL;

    if (order->cluster && order->cluster <= hub->n_clusters)
        now.place = (uint8_t)(EVENT_AT_CLUSTER + order->cluster - 1);
    if (status == HUB_EBUSY)
        cause = latches_cause(hub, order->cluster, &now.place);
    count_refused(hub, &now, 1, cause ? cause : "");
}

void hub_refused(struct hub *hub, const struct origin *from, enum command command, enum refusal why,
                 unsigned times)
{
    struct refused now = {.from = *from, .why = why, .command = command};

    told_run(hub);
    count_refused(hub, &now, times, "");
    hub->dirty = true;
}
