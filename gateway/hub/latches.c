/* Latches of the hub and of its clusters: set at once, ended only by an authorised reset, and not
 * while the cause is there. */
#include "hub/parts.h"

#include <stdio.h>

#define RESET_KEY_MOST 65534 /* 65535 is "not available" */

unsigned *latches_at(struct hub *hub, unsigned place)
{
    return place == EVENT_AT_HUB ? &hub->latches : &hub->cluster[place - EVENT_AT_CLUSTER].latches;
}

void latch_set(struct hub *hub, unsigned place, enum latch latch)
{
    unsigned *latches = latches_at(hub, place);

    if (*latches & 1u << latch)
        return;
    *latches |= 1u << latch;
    event_put(hub, EVENT_LATCH_SET, (uint8_t)place, 0, latch, latch_info[latch].reason,
              latch_info[latch].text);
}

/* Not heard since the start: nobody knows whether what latched it is over, but that it is off the
 * copper may be known. */
static bool is_unheard(const struct cluster *c)
{
    return !c->look.complete && !c->open.proven;
}

static bool cluster_has_cause(const struct cluster *c, enum latch latch)
{
    if (is_unheard(c))
        return true;
    if (latch == LATCH_RECONNECTS)
        return c->protect.over_current;
    return c->overload_state != OVERLOAD_NONE || overload_is_over(&c->overload);
}

static bool hub_has_cause(const struct hub *hub, enum latch latch)
{
    if (latch == LATCH_CHARGE_DISOBEYED)
        return disobey_is_over(&hub->disobey_charge);
    if (latch == LATCH_DISCHARGE_DISOBEYED)
        return disobey_is_over(&hub->disobey_discharge);
    if (hub->inputs.stop_unknown)
        return true;
    return latch == LATCH_STOP_INPUT ? hub->inputs.stop : hub->inputs.fire;
}

static bool has_cause(const struct hub *hub, unsigned place, enum latch latch)
{
    if (latch_info[latch].of_hub)
        return hub_has_cause(hub, latch);
    return cluster_has_cause(&hub->cluster[place - EVENT_AT_CLUSTER], latch);
}

/* A latch whose cause is still there, or LATCH_COUNT. */
static enum latch standing(const struct hub *hub, unsigned place, unsigned latches)
{
    for (enum latch latch = 0; latch < LATCH_COUNT; latch++)
        if (latches & 1u << latch && has_cause(hub, place, latch))
            return latch;
    return LATCH_COUNT;
}

static void forget_alarms(struct hub *hub, unsigned place)
{
    struct alarms *a = alarms_at(hub, place);

    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        a->latched[tier] = a->active[tier];
}

static void forget(struct hub *hub, unsigned place)
{
    *latches_at(hub, place) = 0;
    forget_alarms(hub, place);
    hub->was_reset |= 1u << place;
    if (place != EVENT_AT_HUB)
        trips_reset(&hub->cluster[place - EVENT_AT_CLUSTER].trips);
}

/* What stood for a latch was active until this run of the rules: it is no longer, and nothing of it
 * is left. */
void latches_settle(struct hub *hub)
{
    for (unsigned place = 0; place <= hub->n_clusters; place++)
        if (hub->was_reset >> place & 1)
            forget_alarms(hub, place);
    hub->was_reset = 0;
}

/* Whoever read the key before knows another state of the latches. */
static void turn_key(struct reset_key *k)
{
    k->used = k->now;
    k->now = k->now == RESET_KEY_MOST ? 1 : (uint16_t)(k->now + 1);
}

static void tell_reset(struct hub *hub, unsigned place, const struct origin *from)
{
    struct by by = from ? told_by("by", from) : (struct by){""};
    unsigned latches = *latches_at(hub, place);

    if (latches)
        event_put(hub, EVENT_LATCH_RESET, (uint8_t)place, latches, 0, REASON_NONE, by.text);
}

static void tell_input_refused(struct hub *hub, unsigned place, enum latch stands)
{
    unsigned latches = *latches_at(hub, place);
    char text[80];

    snprintf(text, sizeof(text), "refused: %s", latch_info[stands].text);
    event_put(hub, EVENT_LATCH_RESET, (uint8_t)place, latches, latches, REASON_NONE, text);
}

/* All latches of a place, or none: one that still has its cause keeps the others. */
static enum status reset_place(struct hub *hub, unsigned place, const struct origin *from)
{
    enum latch stands = standing(hub, place, *latches_at(hub, place));

    if (stands != LATCH_COUNT) {
        if (!from)
            tell_input_refused(hub, place, stands);
        return HUB_EBUSY;
    }
    tell_reset(hub, place, from);
    forget(hub, place);
    if (place != EVENT_AT_HUB)
        turn_key(&hub->reset_key[place - EVENT_AT_CLUSTER + 1]);
    hub->dirty = true;
    return HUB_OK;
}

enum status latches_reset(struct hub *hub, unsigned cluster, const struct origin *from)
{
    enum status status = HUB_OK;

    if (cluster)
        return reset_place(hub, EVENT_AT_CLUSTER + cluster - 1, from);
    for (unsigned place = 0; place <= hub->n_clusters; place++)
        if (reset_place(hub, place, from) != HUB_OK)
            status = HUB_EBUSY;
    if (status == HUB_OK)
        turn_key(&hub->reset_key[0]);
    return status;
}

const char *latches_cause(const struct hub *hub, unsigned cluster, uint8_t *place)
{
    unsigned first = cluster ? EVENT_AT_CLUSTER + cluster - 1 : EVENT_AT_HUB;
    unsigned last = cluster ? first : hub->n_clusters;

    for (unsigned at = first; at <= last; at++) {
        unsigned latches =
            at == EVENT_AT_HUB ? hub->latches : hub->cluster[at - EVENT_AT_CLUSTER].latches;
        enum latch stands = standing(hub, at, latches);

        *place = (uint8_t)at;
        if (stands != LATCH_COUNT)
            return latch_info[stands].text;
    }
    return NULL;
}
