/* What may flow at most, and the rule that says so. */
#include <string.h>

#include "property.h"

static void lower(struct bound *b, int64_t to, const char *why)
{
    if (to < b->most)
        *b = (struct bound){to, why, false};
}

/* ---- bounds ---- */

struct crowd { /* a set of clusters that share the current */
    bool in[MAX_CLUSTERS];
    int64_t weights;
    unsigned n, smallest;
    bool murky;
};

static int64_t weight_of(const struct oracle *o, const struct weight *w)
{
    return strcmp(o->site->share, "count") == 0 ? 1 : w->mAh;
}

/* "loss_hold_dcl (10 s) keeps DCL": last voltage above 50 V, no alarm, allowed before. */
bool oracle_is_held(const struct oracle *o, unsigned cluster)
{
    const struct watched *c = &o->cluster[cluster];

    return c->ghost && !c->counted && !o->stopping && !c->worried &&
           (c->last_mV > 50000 || c->last_mV_murky) &&
           o->now < c->lost_fresh_until + MONO_S(o->site->loss_hold_s);
}

static struct crowd gather(const struct oracle *o, bool held, bool ghosts)
{
    struct crowd crowd = {.smallest = 255};

    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct watched *c = &o->cluster[i];

        if (!(c->counted || (held && oracle_is_held(o, i)) || (ghosts && c->ghost)))
            continue;
        crowd.in[i] = true;
        crowd.n++;
        crowd.weights += weight_of(o, &c->last);
        crowd.murky |= c->last.murky;
        if (c->last.modules < crowd.smallest)
            crowd.smallest = c->last.modules;
    }
    return crowd;
}

static int64_t table_cell(const struct oracle *o, const struct crowd *crowd)
{
    unsigned row = crowd->smallest > 8 ? 8 : crowd->smallest;

    if (!row || !crowd->n)
        return 0;
    return o->maker->table[row - 1][crowd->n - 1] * INT64_C(1000);
}

/* Stages 2 and 3 for one crowd: sharing, table, bus bar. */
static void bound_crowd(const struct oracle *o, const struct crowd *crowd, unsigned d,
                        struct bound *b)
{
    bool by_count = strcmp(o->site->share, "count") == 0;

    if (crowd->murky && !by_count)
        return;
    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct weight *w = &o->cluster[i].last;
        int64_t mine = weight_of(o, w);

        if (!crowd->in[i])
            continue;
        if (mine <= 0) {
            lower(b, 0, "a cluster without weight");
            continue;
        }
        lower(b, w->allows[d] * crowd->weights / mine,
              o->cluster[i].ghost ? "sharing with a ghost" : "sharing");
        lower(b, o->maker->bus_bar * crowd->weights / mine, "bus bar");
    }
    if (o->maker->table && !crowd->murky)
        lower(b, table_cell(o, crowd), "allowance table");
}

static void bound_cells(const struct oracle *o, const struct crowd *with_ghosts,
                        enum direction direction, struct bound *b)
{
    enum stop_kind first = direction == CHARGE ? CHARGE_MV : DIS_MV;
    int64_t before = b->most, from = o->maker->taper_dcl_mV, to = o->maker->discharge_stop;

    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct watched *c = &o->cluster[i];

        for (unsigned s = 0; s < 4; s++)
            if (with_ghosts->in[i] && c->stop[first + s])
                lower(b, 0, "voltage, cell or temperature stop");
        if (direction == CHARGE || !with_ghosts->in[i] || !from || c->last_mV_murky)
            continue;
        if (c->last_mV <= to)
            lower(b, 0, "taper of DCL");
        else if (c->last_mV < from)
            lower(b, before * (c->last_mV - to) / (from - to), "taper of DCL");
    }
}

static void bound_taper(const struct oracle *o, const struct crowd *crowd, struct bound *b)
{
    for (unsigned i = 0; i < o->site->clusters && !crowd->murky; i++) {
        const struct watched *c = &o->cluster[i];
        int64_t mine = weight_of(o, &c->last);

        if (crowd->in[i] && c->taper && mine > 0)
            lower(b, o->maker->taper_ccl * c->last.modules * crowd->weights / mine, "taper of CCL");
    }
}

static void bound_state(const struct oracle *o, enum direction direction, struct bound *b)
{
    bool charge = direction == CHARGE;
    unsigned cap = charge ? o->site->ccl_cap_A : o->site->dcl_cap_A;
    const struct set_point_told *sp = charge ? &o->set_ccl : &o->set_dcl;
    bool waited =
        !o->site->start_wait_for_all && o->now >= o->started + MONO_S(o->site->start_wait_s);
    bool all_seen = true;

    for (unsigned i = 0; i < o->site->clusters; i++)
        all_seen = all_seen && o->seen[i];
    if (o->now < o->rest_until)
        lower(b, 0, "rest after over-current");
    if (!charge && o->forced_at &&
        o->now < mono_min(o->forced_at + MONO_S(90), o->forced_first + MONO_S(1800)))
        lower(b, 0, "forced charge");
    if (!all_seen && !waited)
        lower(b, 0, "waiting for the clusters");
    if (o->stopping)
        lower(b, 0, "stopped");
    if (cap)
        lower(b, cap * INT64_C(1000), "cap of the owner");
    if (o->now < sp->until)
        lower(b, sp->value, "set-point");
}

static void bound_sum(const struct oracle *o, const struct crowd *crowd, unsigned d,
                      struct bound *b)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < o->site->clusters; i++)
        if (crowd->in[i])
            sum += o->cluster[i].last.allows[d];
    lower(b, sum, crowd->n ? "sum of the clusters" : "no cluster is counted");
    b->nobody = !crowd->n;
}

struct bound oracle_bound(const struct oracle *o, enum direction direction)
{
    struct bound b = {INT64_MAX, "nothing", false};
    unsigned d = direction == CHARGE ? 0 : 1;
    bool held = direction == DISCHARGE;
    struct crowd joined = gather(o, held, false), all = gather(o, held, true);

    bound_sum(o, &joined, d, &b);
    bound_crowd(o, &joined, d, &b);
    bound_crowd(o, &all, d, &b);
    bound_cells(o, &all, direction, &b);
    if (direction == CHARGE)
        bound_taper(o, &joined, &b);
    bound_state(o, direction, &b);
    return b;
}

int64_t oracle_rate_cap(const struct oracle *o, enum direction direction, bool *murky)
{
    struct crowd crowd = gather(o, direction == DISCHARGE, false);
    int64_t sum = 0;

    *murky = crowd.murky;
    if (o->maker->table)
        return table_cell(o, &crowd);
    for (unsigned i = 0; i < o->site->clusters; i++)
        if (crowd.in[i])
            sum += (direction == CHARGE ? o->maker->module_ccl : o->maker->module_dcl) *
                   o->cluster[i].last.modules;
    return sum;
}

/* The highest CVL and the lowest DVL that may be published; only while a cluster is counted. */
struct bound oracle_cvl(const struct oracle *o)
{
    struct crowd all = gather(o, false, true);
    struct bound b = {INT64_MAX, "nothing", false};
    int64_t bus = 0;

    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct watched *c = &o->cluster[i];

        if (!all.in[i])
            continue;
        lower(&b, c->last.cvl, "CVL of a cluster");
        if (c->last_mV_murky || c->loomed) /* what was never counted has no voltage yet */
            bus = o->maker->cvl_max;
        else if (!bus || c->last_mV < bus)
            bus = c->last_mV;
    }
    bus = (bus + 99) / 100 * 100; /* "never below the bus voltage", on the wire in 0.1 V */
    if (bus > o->maker->cvl_max)
        bus = o->maker->cvl_max;
    if (o->now < o->forced_until)
        lower(&b, o->maker->cvl_max, "voltage window, forced charge");
    else
        lower(&b, bus > o->maker->cvl_top ? bus : o->maker->cvl_top, "voltage window");
    if (o->now < o->set_cvl.until)
        lower(&b, o->set_cvl.value, "set-point");
    return b;
}

int64_t oracle_dvl(const struct oracle *o)
{
    struct crowd all = gather(o, false, true);
    int64_t dvl = o->maker->dvl_floor;

    for (unsigned i = 0; i < o->site->clusters; i++)
        if (all.in[i] && o->cluster[i].last.dvl > dvl)
            dvl = o->cluster[i].last.dvl;
    return dvl;
}
