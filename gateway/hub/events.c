#include "hub/parts.h"

#include <stdio.h>

struct event *event_put(struct hub *hub, enum event_kind kind, uint8_t place, int64_t old,
                        int64_t now, enum reason reason, const char *text)
{
    struct event *e;

    if (hub->event_count == MAX_EVENTS) {
        hub->events_lost++;
        return NULL;
    }
    e = &hub->event[(hub->event_head + hub->event_count++) % MAX_EVENTS];
    *e = (struct event){.at = hub->now,
                        .kind = kind,
                        .place = place,
                        .reason = (uint16_t)reason,
                        .old = old,
                        .now = now};
    if (hub->events_lost)
        snprintf(e->text, sizeof(e->text), "(%u events lost) %s", hub->events_lost, text);
    else
        snprintf(e->text, sizeof(e->text), "%s", text);
    hub->events_lost = 0;
    return e;
}

bool hub_event_out(struct hub *hub, struct event *out)
{
    if (!hub->event_count)
        return false;
    *out = hub->event[hub->event_head];
    hub->event_head = (hub->event_head + 1) % MAX_EVENTS;
    hub->event_count--;
    return true;
}

static void alarm_tell(struct hub *hub, const struct alarms *a, uint8_t place, enum tier tier,
                       int bit)
{
    struct event *e;

    e = event_put(hub, a->active[tier] >> bit & 1 ? EVENT_ALARM_SET : EVENT_ALARM_CLEARED, place,
                  tier, bit, REASON_NONE, "");
    if (!e)
        return;
    e->module = a->module[tier][bit];
    e->cell = a->cell[tier][bit];
}

void alarm_put(struct hub *hub, struct alarms *a, uint8_t place, enum tier tier, uint64_t mask,
               uint64_t on)
{
    uint64_t changed = alarms_put(a, tier, mask, on, hub->now);

    for (int bit = 0; changed >> bit; bit++) {
        if (changed >> bit & 1)
            alarm_tell(hub, a, place, tier, bit);
        if (bit == ALARM_BITS - 1)
            break;
    }
}
