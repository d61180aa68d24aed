/* What outlives a restart: the latched alarms of each place and tier, on their way to the store and
 * back. */
#include "hub/parts.h"

static struct alarms *alarms_at(struct hub *hub, unsigned place)
{
    return place == EVENT_AT_HUB ? &hub->own : &hub->snap.cluster[place - EVENT_AT_CLUSTER].a;
}

bool hub_store_out(struct hub *hub, struct record *out)
{
    for (unsigned place = 0; place <= hub->n_clusters; place++)
        for (unsigned tier = 0; tier < TIER_COUNT; tier++) {
            struct keeper *k = &hub->keeper[place][tier];
            uint64_t latched = alarms_at(hub, place)->latched[tier];

            if (k->out || latched == k->kept)
                continue;
            k->out = true;
            k->wanted = latched;
            *out = (struct record){.kind = RECORD_LATCHED_ALARMS,
                                   .place = (uint8_t)place,
                                   .tier = (uint8_t)tier,
                                   .value = latched,
                                   .ticket = place * TIER_COUNT + tier + 1};
            return true;
        }
    return false;
}

void hub_store_done(struct hub *hub, uint32_t ticket, bool safe)
{
    struct keeper *k;

    if (!ticket || ticket > (1 + MAX_CLUSTERS) * TIER_COUNT)
        return;
    k = &hub->keeper[(ticket - 1) / TIER_COUNT][(ticket - 1) % TIER_COUNT];
    if (k->out && safe)
        k->kept = k->wanted;
    k->out = false;
}

void hub_store_in(struct hub *hub, const struct record *record)
{
    if (record->kind != RECORD_LATCHED_ALARMS || record->place > hub->n_clusters ||
        record->tier >= TIER_COUNT)
        return;
    alarms_at(hub, record->place)->latched[record->tier] |= record->value;
    hub->keeper[record->place][record->tier].kept = record->value;
    hub->dirty = true;
}
