/* What outlives a restart, on its way to the store and back: latched alarms, latches, counts of
 * trips, the commands in force, and how the last stop was. Each is one number of one place; the
 * newest wins. */
#include "hub/parts.h"

/* A thing that is kept: where it stands in keeper[], which is also its ticket less one. */
struct kept {
    enum record_kind kind;
    unsigned place, tier;
};

#define ALARM_SLOTS ((1 + MAX_CLUSTERS) * TIER_COUNT)
#define LATCH_SLOTS (1 + MAX_CLUSTERS)

static struct kept kept_at(unsigned slot)
{
    if (slot < ALARM_SLOTS)
        return (struct kept){RECORD_LATCHED_ALARMS, slot / TIER_COUNT, slot % TIER_COUNT};
    slot -= ALARM_SLOTS;
    if (slot < LATCH_SLOTS)
        return (struct kept){RECORD_LATCHES, slot, 0};
    slot -= LATCH_SLOTS;
    if (slot < MAX_CLUSTERS)
        return (struct kept){RECORD_TRIPS, EVENT_AT_CLUSTER + slot, 0};
    return (struct kept){slot == MAX_CLUSTERS ? RECORD_COMMANDS : RECORD_STOPPED, 0, 0};
}

unsigned keep_slot(enum record_kind kind, unsigned place)
{
    for (unsigned slot = ALARM_SLOTS; slot < KEEPER_SLOTS; slot++) {
        struct kept k = kept_at(slot);

        if (k.kind == kind && k.place == place)
            return slot;
    }
    return KEEPER_SLOTS;
}

struct alarms *alarms_at(struct hub *hub, unsigned place)
{
    return place == EVENT_AT_HUB ? &hub->own : &hub->snap.cluster[place - EVENT_AT_CLUSTER].a;
}

/* Commands in force: bit 0 stop, bits 8.. excluded, bits 16.. isolated; bits 24.. out and proven
 * open, since at zero limits nobody can prove it by current again. */
static uint64_t commands_pack(const struct hub *hub)
{
    uint64_t bits = hub->stop_asked;

    for (unsigned i = 0; i < hub->n_clusters; i++) {
        const struct cluster *c = &hub->cluster[i];

        bits |= (uint64_t)c->exclude << (8 + i) | (uint64_t)c->isolated << (16 + i) |
                (uint64_t)(cluster_is_out(c) && c->open.proven) << (24 + i);
    }
    return bits;
}

static void commands_unpack(struct hub *hub, uint64_t bits)
{
    hub->stop_asked = bits & 1;
    for (unsigned i = 0; i < hub->n_clusters; i++) {
        hub->cluster[i].exclude = bits >> (8 + i) & 1;
        hub->cluster[i].isolated = bits >> (16 + i) & 1;
        if (bits >> (24 + i) & 1)
            open_restore(&hub->cluster[i].open);
    }
}

static uint64_t value_of(struct hub *hub, const struct kept *k)
{
    switch (k->kind) {
    case RECORD_LATCHED_ALARMS:
        return alarms_at(hub, k->place)->latched[k->tier];
    case RECORD_LATCHES:
        return *latches_at(hub, k->place);
    case RECORD_TRIPS:
        return trips_pack(&hub->cluster[k->place - EVENT_AT_CLUSTER].trips, hub->now);
    case RECORD_COMMANDS:
        return commands_pack(hub);
    case RECORD_STOPPED:
        return hub->stopped_note;
    }
    return 0;
}

/* The minutes that a count of trips has left are written each hour, not each minute: it costs wear,
 * and what is lost is on the safe side. */
static bool is_news(const struct kept *k, uint64_t now, uint64_t then)
{
    if (k->kind == RECORD_TRIPS && (now & 0xFF) == (then & 0xFF) && now <= then)
        return then - now >= 60u << 8;
    return now != then;
}

bool hub_store_out(struct hub *hub, struct record *out)
{
    for (unsigned slot = 0; slot < KEEPER_SLOTS; slot++) {
        struct keeper *k = &hub->keeper[slot];
        struct kept what = kept_at(slot);
        uint64_t value;

        if (what.place > hub->n_clusters || k->out)
            continue;
        value = value_of(hub, &what);
        if (!is_news(&what, value, k->kept))
            continue;
        k->out = true;
        k->wanted = value;
        *out = (struct record){.kind = what.kind,
                               .place = (uint8_t)what.place,
                               .tier = (uint8_t)what.tier,
                               .value = value,
                               .ticket = slot + 1};
        return true;
    }
    return false;
}

/* While a record is out the medium may hold the one or the other. */
unsigned latches_saved(const struct hub *hub, unsigned place)
{
    const struct keeper *k = &hub->keeper[keep_slot(RECORD_LATCHES, place)];

    return (unsigned)(k->out ? k->kept & k->wanted : k->kept);
}

bool keep_is_safe(struct hub *hub, unsigned slot)
{
    const struct keeper *k = &hub->keeper[slot];
    struct kept what = kept_at(slot);
    uint64_t value = value_of(hub, &what);

    return !is_news(&what, value, k->kept) && !(k->out && is_news(&what, value, k->wanted));
}

void hub_store_done(struct hub *hub, uint32_t ticket, bool safe)
{
    struct keeper *k;

    if (!ticket || ticket > KEEPER_SLOTS)
        return;
    k = &hub->keeper[ticket - 1];
    if (k->out && safe)
        k->kept = k->wanted;
    k->out = false;
    orders_settle(hub);
}

/* A latch is of the hub or of a cluster; no other has a cause that could be looked at. */
static unsigned latches_of(unsigned place, uint64_t bits)
{
    unsigned latches = 0;

    for (enum latch latch = 0; latch < LATCH_COUNT; latch++)
        if (bits >> latch & 1 && latch_info[latch].of_hub == (place == EVENT_AT_HUB))
            latches |= 1u << latch;
    return latches;
}

static void take_back(struct hub *hub, const struct record *record)
{
    switch (record->kind) {
    case RECORD_LATCHED_ALARMS:
        alarms_at(hub, record->place)->latched[record->tier] |= record->value;
        break;
    case RECORD_LATCHES:
        *latches_at(hub, record->place) |= latches_of(record->place, record->value);
        break;
    case RECORD_TRIPS:
        trips_unpack(&hub->cluster[record->place - EVENT_AT_CLUSTER].trips, record->value,
                     hub->now);
        break;
    case RECORD_COMMANDS:
        commands_unpack(hub, record->value);
        break;
    case RECORD_STOPPED:
        stop_take_back(hub, record->value);
        break;
    }
}

/* Which of the slots a record belongs to, or KEEPER_SLOTS. */
static unsigned slot_of(const struct hub *hub, const struct record *record)
{
    for (unsigned slot = 0; slot < KEEPER_SLOTS; slot++) {
        struct kept k = kept_at(slot);

        if (k.kind == record->kind && k.place == record->place && k.tier == record->tier &&
            k.place <= hub->n_clusters)
            return slot;
    }
    return KEEPER_SLOTS;
}

void hub_store_in(struct hub *hub, const struct record *record)
{
    unsigned slot = slot_of(hub, record);

    if (slot == KEEPER_SLOTS)
        return;
    take_back(hub, record);
    hub->keeper[slot].kept = record->value;
    hub->dirty = true;
}

/* A latch that is not on the medium after 5 s is told: a power cut would end it. */
void keep_watch(struct hub *hub)
{
    bool safe = true;

    for (unsigned place = 0; place <= hub->n_clusters; place++)
        safe = safe && keep_is_safe(hub, keep_slot(RECORD_LATCHES, place));
    safe = safe && keep_is_safe(hub, keep_slot(RECORD_COMMANDS, 0));
    if (safe)
        hub->unsaved_since = 0;
    else if (!hub->unsaved_since)
        hub->unsaved_since = hub->now;
    alarm_put(hub, &hub->own, EVENT_AT_HUB, TIER_WARNING, ALARM_BIT(UNSAVED),
              hub->unsaved_since && mono_since(hub->now, hub->unsaved_since) >= UNSAVED_PATIENCE
                  ? ALARM_BIT(UNSAVED)
                  : 0);
}
