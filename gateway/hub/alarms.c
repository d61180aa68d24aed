/* Alarms: those of a cluster, from its BMS and its visible modules, with where they are; and the
 * hub's word about all of them. */
#include "hub/parts.h"

#define EVERY_BIT (~UINT64_C(0))

/* Alarms whose place is that of an extreme: of a module's own cells or sensors, and as the BMS
 * tells it for the whole cluster. */
struct kind {
    uint64_t bits;
    enum signal first, last; /* in a module */
    bool highest;
    enum signal module, cell; /* of the cluster */
};

static const struct kind kinds[] = {
    {ALARM_BIT(CELL_HIGH),                                                                SIG_CELL_VOLTAGE, SIG_CELL_VOLTAGE_LAST, true,  SIG_CELL_MAX_MODULE,
     SIG_CELL_MAX_CELL                                                                                                                                                          },
    {ALARM_BIT(CELL_LOW),                                                                 SIG_CELL_VOLTAGE, SIG_CELL_VOLTAGE_LAST, false, SIG_CELL_MIN_MODULE,
     SIG_CELL_MIN_CELL                                                                                                                                                          },
    {ALARM_BIT(TEMP_HIGH) | ALARM_BIT(TEMP_HIGH_CHARGE) | ALARM_BIT(TEMP_HIGH_DISCHARGE),
     SIG_CELL_TEMP,                                                                                         SIG_CELL_TEMP_LAST,    true,  SIG_TEMP_MAX_MODULE, SIG_TEMP_MAX_CELL},
    {ALARM_BIT(TEMP_LOW) | ALARM_BIT(TEMP_LOW_CHARGE) | ALARM_BIT(TEMP_LOW_DISCHARGE),
     SIG_CELL_TEMP,                                                                                         SIG_CELL_TEMP_LAST,    false, SIG_TEMP_MIN_MODULE, SIG_TEMP_MIN_CELL},
};

static const struct kind *kind_of(unsigned bit)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].bits >> bit & 1)
            return &kinds[i];
    return NULL;
}

struct spot {
    uint8_t module;
    uint16_t cell;
};

/* The extreme among the cells of a module, counted from 1; 0 when it tells none. */
static uint16_t extreme_cell(const struct signals *s, const struct kind *kind)
{
    unsigned found = 0;
    int64_t most = 0;

    for (unsigned sig = kind->first; sig <= kind->last; sig++) {
        int64_t value = s->value[sig];

        if (!signal_known(s, (enum signal)sig) ||
            (found && (kind->highest ? value <= most : value >= most)))
            continue;
        found = sig - kind->first + 1;
        most = value;
    }
    return (uint16_t)found;
}

static int64_t fresh_or_0(const struct signals *s, enum signal sig, mono_us now)
{
    return mono_since(now, s->at[sig]) < DATUM_LIFE ? signal_or(s, sig, 0) : 0;
}

/* Where the BMS sees the extreme that belongs to an alarm. */
static struct spot told_spot(const struct signals *s, const struct kind *kind, mono_us now)
{
    return (struct spot){(uint8_t)fresh_or_0(s, kind->module, now),
                         (uint16_t)fresh_or_0(s, kind->cell, now)};
}

/* A cluster and how its alarms stand. */
struct source {
    struct part part;
    const struct alarms *a;
    bool silent;
};

/* What a module says, as an alarm of its cluster. A fault of a module is a warning there: that
 * module leaves (rule 5) and the others go on, while a fault of a cluster takes the cluster out and
 * stops some inverters. */
static uint64_t as_of_cluster(const struct module *module, enum tier tier)
{
    if (tier == TIER_FAULT)
        return 0;
    return module->alarm[tier] | (tier == TIER_WARNING ? module->alarm[TIER_FAULT] : 0);
}

/* A module that is no longer seen says nothing; but silence of the whole cluster ends no alarm. */
static uint64_t word_of(const struct source *from, unsigned m, enum tier tier, mono_us now)
{
    uint64_t word = as_of_cluster(&from->part.module[m], tier);

    if (!word || module_visible(&from->part, m, now))
        return word;
    return from->silent ? word & from->a->active[tier] : 0;
}

/* The first module that has the alarm, else where the BMS sees the extreme. */
static struct spot find_spot(const struct source *from, enum tier tier, unsigned bit, mono_us now)
{
    const struct part *p = &from->part;
    const struct kind *kind = kind_of(bit);
    struct spot told = {0};

    if (kind)
        told = told_spot(&p->b->s, kind, now);
    for (unsigned m = 0; m < MAX_MODULES; m++) {
        struct spot here = {.module = (uint8_t)(m + 1)};

        if (!(word_of(from, m, tier, now) >> bit & 1))
            continue;
        if (kind)
            here.cell = extreme_cell(&p->module[m].s, kind);
        return here.cell || told.module != here.module ? here : told;
    }
    return told;
}

/* A place once told stays until another is; one that rises begins anew. */
static void locate(struct alarms *a, const struct source *from, enum tier tier, uint64_t on,
                   mono_us now)
{
    for (unsigned bit = 0; bit < ALARM_BITS; bit++) {
        struct spot spot;

        if (!(on >> bit & 1))
            continue;
        spot = find_spot(from, tier, bit, now);
        if (!spot.module && !spot.cell && a->active[tier] >> bit & 1)
            continue;
        a->module[tier][bit] = spot.module;
        a->cell[tier][bit] = spot.cell;
    }
}

void alarms_of_cluster(struct hub *hub, unsigned i, uint64_t own_mask)
{
    const struct cluster *c = &hub->cluster[i];
    struct alarms *a = &hub->snap.cluster[i].a;
    const struct source from = {
        .part = {.b = cluster_battery(c), .module = cluster_modules(c)},
        .a = a,
        .silent = c->member.state == CLUSTER_STALE
    };

    for (enum tier tier = 0; tier < TIER_COUNT; tier++) {
        uint64_t on = from.part.b->a.active[tier];

        for (unsigned m = 0; m < MAX_MODULES; m++)
            on |= word_of(&from, m, tier, hub->now);
        on &= ~own_mask;
        locate(a, &from, tier, on, hub->now);
        alarm_put(hub, a, (uint8_t)(EVENT_AT_CLUSTER + i), tier, ~own_mask, on);
    }
}

/* The first cluster that has it, and where there. */
static void name_cluster(struct hub *hub, enum tier tier, unsigned bit)
{
    struct alarms *to = &hub->snap.hub.a;

    to->cluster[tier][bit] = to->module[tier][bit] = 0;
    to->cell[tier][bit] = 0;
    for (unsigned i = 0; i < hub->n_clusters; i++) {
        const struct alarms *a = &hub->snap.cluster[i].a;

        if (!(a->active[tier] >> bit & 1))
            continue;
        to->cluster[tier][bit] = (uint8_t)(i + 1);
        to->module[tier][bit] = a->module[tier][bit];
        to->cell[tier][bit] = a->cell[tier][bit];
        return;
    }
}

void alarms_of_hub(struct hub *hub)
{
    for (enum tier tier = 0; tier < TIER_COUNT; tier++) {
        uint64_t all = hub->own.active[tier], latched = hub->own.latched[tier];

        for (unsigned i = 0; i < hub->n_clusters; i++) {
            all |= hub->snap.cluster[i].a.active[tier];
            latched |= hub->snap.cluster[i].a.latched[tier];
        }
        alarms_put(&hub->snap.hub.a, tier, EVERY_BIT, all, hub->now);
        hub->snap.hub.a.latched[tier] = latched;
        for (unsigned bit = 0; bit < ALARM_BITS; bit++)
            if (all >> bit & 1)
                name_cluster(hub, tier, bit);
    }
}
