/* Latches of the hub and of its clusters: set at once, ended only by an authorised reset, and not
 * while the cause is there. */
#include "hub/parts.h"

#include <stdio.h>

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

/* All latches of a place, or none: one that still has its cause keeps the others. */
static enum status reset_place(struct hub *hub, unsigned place)
{
    unsigned latches = *latches_at(hub, place);
    enum latch stands = standing(hub, place, latches);
    char text[80];

    if (stands != LATCH_COUNT) {
        snprintf(text, sizeof(text), "refused: %s", latch_info[stands].text);
        event_put(hub, EVENT_LATCH_RESET, (uint8_t)place, latches, latches, REASON_NONE, text);
        return HUB_EBUSY;
    }
    forget(hub, place);
    if (latches)
        event_put(hub, EVENT_LATCH_RESET, (uint8_t)place, latches, 0, REASON_NONE, "");
    hub->dirty = true;
    return HUB_OK;
}

enum status latches_reset(struct hub *hub, unsigned cluster)
{
    enum status status = HUB_OK;

    if (cluster)
        return reset_place(hub, EVENT_AT_CLUSTER + cluster - 1);
    for (unsigned place = 0; place <= hub->n_clusters; place++)
        if (reset_place(hub, place) != HUB_OK)
            status = HUB_EBUSY;
    return status;
}
