#include "core/limits.h"

static const struct place NOWHERE = {0, 0};

static void bind(struct limit *l, int64_t to, enum stage stage, enum reason reason, uint8_t cluster,
                 struct place at)
{
    l->value = to;
    l->stage = stage;
    l->reason = reason;
    l->cluster = cluster;
    l->module = at.module;
    l->cell = at.cell;
}

static void lower_at(struct limit *l, int64_t to, enum stage stage, enum reason reason,
                     uint8_t cluster, struct place at)
{
    if (to < l->value)
        bind(l, to, stage, reason, cluster, at);
}

static void lower(struct limit *l, int64_t to, enum stage stage, enum reason reason,
                  uint8_t cluster)
{
    lower_at(l, to, stage, reason, cluster, NOWHERE);
}

static void raise(struct limit *l, int64_t to, enum stage stage, enum reason reason,
                  uint8_t cluster)
{
    if (to > l->value)
        bind(l, to, stage, reason, cluster, NOWHERE);
}

static void mark(struct limit *l, enum stage stage)
{
    l->after[stage] = l->value;
    l->by[stage] = (struct bound){l->reason, l->cluster, l->module, l->cell};
}

/* ---- stage 1: what a BMS allows ---- */

struct way {
    enum signal limit, enable, blocking;
};

static struct way way_of(enum direction direction)
{
    if (direction == CHARGE)
        return (struct way){SIG_CHARGE_CURRENT_LIMIT, SIG_CHARGE_ENABLE, SIG_MODULES_NO_CHARGE};
    return (struct way){SIG_DISCHARGE_CURRENT_LIMIT, SIG_DISCHARGE_ENABLE,
                        SIG_MODULES_NO_DISCHARGE};
}

/* A CVL below this is no CVL: 10 V under the floor of DVL. */
static int64_t profile_least_cvl(const struct profile *p)
{
    return p->dvl_floor_mV - 10000;
}

static int64_t per_module(const struct profile *p, enum direction direction)
{
    return direction == CHARGE ? p->module_ccl_mA : p->module_dcl_mA;
}

struct limit limit_of_cluster(const struct part *p, enum direction direction)
{
    const struct signals *s = &p->b->s;
    struct way way = way_of(direction);
    uint64_t stops = p->b->a.active[TIER_PROTECTION] | p->b->a.active[TIER_FAULT];
    struct limit l = {.stage = STAGE_CLUSTER, .cluster = p->number};

    if (!signal_known(s, way.limit)) {
        l.value = per_module(p->profile, direction) * p->modules;
        l.reason = REASON_PROFILE_LIMIT;
    } else {
        bool invalid = p->b->a.active[TIER_WARNING] & ALARM_BIT(LIMIT_INVALID);

        l.value = s->value[way.limit];
        l.reason = invalid && l.value == 0 ? REASON_LIMIT_INVALID : REASON_CLUSTER_LIMIT;
    }
    if (direction == CHARGE && signal_known(s, SIG_CHARGE_VOLTAGE_LIMIT) &&
        s->value[SIG_CHARGE_VOLTAGE_LIMIT] < profile_least_cvl(p->profile))
        lower(&l, 0, STAGE_CLUSTER, REASON_LIMIT_INVALID, p->number);
    if (!signal_or(s, way.enable, 1))
        lower(&l, 0, STAGE_CLUSTER, REASON_NOT_ENABLED, p->number);
    if (signal_or(s, way.blocking, 0) >= (int64_t)p->modules)
        lower(&l, 0, STAGE_CLUSTER, REASON_MODULES_BLOCK, p->number);
    if (stops & alarms_against(direction))
        lower(&l, 0, STAGE_CLUSTER, REASON_PROTECTION, p->number);
    return l;
}

/* ---- shares: who carries how much of the current ---- */

/* On the copper, as far as anybody knows. */
static bool is_on_bar(const struct part *p)
{
    return p->joined || p->ghost;
}

/* One direction of a run. */
struct view {
    const struct limits_input *in;
    const struct limits_rules *rules;
    const struct part *parts;
    enum direction direction;
    int64_t weight[MAX_CLUSTERS]; /* by capacity or count */
    const int64_t *seen;          /* weights by what was measured, or NULL */
    uint8_t open;                 /* the first counted cluster that is proven open; 0: none */
};

static int64_t weight_of(const struct part *p, enum share_mode mode)
{
    return mode == SHARE_BY_COUNT ? 1 : p->capacity_mAh;
}

static struct view view_of(const struct limits_input *in, const struct limits_rules *rules,
                           const struct limits_memory *mem, enum direction direction)
{
    bool charge = direction == CHARGE;
    const struct shares *seen = charge ? &mem->charge_shares : &mem->discharge_shares;
    struct view v = {.in = in, .rules = rules, .direction = direction};

    v.parts = charge ? in->parts : in->discharge_parts;
    v.seen = rules->share == SHARE_MEASURED && seen->used ? seen->ppb : NULL;
    for (unsigned i = 0; i < in->n; i++) {
        v.weight[i] = weight_of(&v.parts[i], rules->share);
        if (!v.open && v.parts[i].joined && v.parts[i].open)
            v.open = v.parts[i].number;
    }
    return v;
}

/* A set of clusters that may be the ones that share the current: the joined ones, with the proven
 * open ones among them or without, and one more. */
struct set {
    bool open;
    unsigned also; /* index, or NOBODY */
};
#define NOBODY MAX_CLUSTERS

static bool is_in(const struct view *v, unsigned i, struct set set)
{
    const struct part *p = &v->parts[i];

    return i == set.also || (p->joined && (set.open || !p->open));
}

static int64_t sum_of(const struct view *v, const int64_t *weight, struct set set)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < v->in->n; i++)
        if (is_in(v, i, set))
            sum += weight[i];
    return sum;
}

/* The current of the hub at which part i carries mA, if those of the set share it: mA / share. Its
 * share is weight_i / all weights, the larger one where it is measured too; then all shares add up
 * to more than one, and this is simply lower. A part without weight: nobody knows what it would
 * carry. 3e6 mA x 5e9 stay inside 64 bits. */
static int64_t hub_current(const struct view *v, unsigned i, int64_t mA, struct set set)
{
    int64_t by_weight, by_seen;

    if (v->weight[i] <= 0)
        return 0;
    by_weight = mA * sum_of(v, v->weight, set) / v->weight[i];
    if (!v->seen || v->seen[i] <= 0)
        return by_weight;
    by_seen = mA * sum_of(v, v->seen, set) / v->seen[i];
    return by_seen < by_weight ? by_seen : by_weight;
}

/* The same where part i carries the most: beside nobody but those that surely carry theirs. */
static int64_t least_hub_current(const struct view *v, unsigned i, int64_t mA)
{
    return hub_current(v, i, mA, (struct set){.open = false, .also = i});
}

/* Without the open clusters it is them that the limit is from. */
static void lower_in_set(struct limit *l, const struct view *v, struct set set, int64_t to,
                         enum stage stage, enum reason reason, uint8_t cluster)
{
    if (set.open)
        lower(l, to, stage, reason, cluster);
    else
        lower(l, to, stage, REASON_OPEN_CLUSTER, v->open);
}

typedef void set_rule(struct limit *, const struct view *, struct set);

static void lower_with_each(struct limit *l, const struct view *v, bool open, set_rule *rule)
{
    rule(l, v, (struct set){open, NOBODY});
    for (unsigned i = 0; i < v->in->n; i++) {
        struct set set = {open, NOBODY};

        if (!is_on_bar(&v->parts[i]) || is_in(v, i, set))
            continue;
        set.also = i;
        rule(l, v, set);
    }
}

/* Runs a rule about a set for each that may be the true one: nobody has proved that a ghost carries
 * nothing, nor that an open cluster will carry its share. One doubtful cluster at a time is the
 * worst case for it: with others beside it, its share would be smaller and the column of the table
 * further on. So losing a cluster never raises a limit, nor does one that opens, however many. */
static void lower_for_sets(struct limit *l, const struct view *v, set_rule *rule)
{
    lower_with_each(l, v, true, rule);
    if (v->open)
        lower_with_each(l, v, false, rule);
}

static int64_t joined_share(const struct part *parts, unsigned n, unsigned i, const int64_t *weight)
{
    int64_t sum = 0;

    for (unsigned k = 0; k < n; k++)
        sum += parts[k].joined ? weight[k] : 0;
    return sum > 0 ? divide(weight[i] * 10000, sum, NEAREST) : 0;
}

int64_t part_share(const struct limits_memory *mem, const struct limits_rules *rules,
                   const struct part *parts, unsigned n, unsigned i)
{
    const struct shares *seen[] = {&mem->charge_shares, &mem->discharge_shares};
    int64_t weight[MAX_CLUSTERS], share;

    if (!parts[i].joined)
        return 0;
    for (unsigned k = 0; k < n; k++)
        weight[k] = weight_of(&parts[k], rules->share);
    share = joined_share(parts, n, i, weight);
    for (unsigned d = 0; d < 2; d++)
        if (rules->share == SHARE_MEASURED && seen[d]->used) {
            int64_t measured = joined_share(parts, n, i, seen[d]->ppb);

            share = measured > share ? measured : share;
        }
    return share;
}

/* ---- stage 1 for the hub ---- */

/* The sum of what the joined clusters allow. It is never below what sharing makes of it. */
static struct limit stage_cluster(const struct view *v)
{
    struct limit all = {.stage = STAGE_CLUSTER, .reason = REASON_NO_CLUSTER};
    unsigned joined = 0;

    for (unsigned i = 0; i < v->in->n; i++) {
        struct limit one;

        if (!v->parts[i].joined)
            continue;
        one = limit_of_cluster(&v->parts[i], v->direction);
        all.value += one.value;
        if (joined++ == 0 || one.value == 0) {
            all.reason = one.reason;
            all.cluster = one.cluster;
        }
    }
    return all;
}

/* ---- stage 2: sharing ---- */

/* min over clusters of limit_i / share_i. Where nobody is, nothing may flow. */
static void share_among(struct limit *l, const struct view *v, struct set set)
{
    bool nobody = true;

    for (unsigned i = 0; i < v->in->n; i++) {
        const struct part *p = &v->parts[i];
        struct limit one;
        enum reason reason;

        if (!is_in(v, i, set))
            continue;
        nobody = false;
        one = limit_of_cluster(p, v->direction);
        reason = p->ghost ? REASON_GHOST : one.value ? REASON_SHARING : one.reason;
        lower_in_set(l, v, set, hub_current(v, i, one.value, set), STAGE_SHARING, reason,
                     p->number);
    }
    if (nobody)
        lower_in_set(l, v, set, 0, STAGE_SHARING, REASON_NO_CLUSTER, 0);
}

static void stage_sharing(struct limit *l, const struct view *v)
{
    lower_for_sets(l, v, share_among);
    mark(l, STAGE_SHARING);
}

/* ---- stage 3: profile ---- */

static unsigned smallest_cluster(const struct view *v, struct set set, unsigned *count)
{
    unsigned smallest = 0;

    *count = 0;
    for (unsigned i = 0; i < v->in->n; i++) {
        if (!is_in(v, i, set))
            continue;
        (*count)++;
        if (smallest == 0 || v->parts[i].modules < smallest)
            smallest = v->parts[i].modules;
    }
    return smallest;
}

static void allow_by_table(struct limit *l, const struct view *v, struct set set)
{
    unsigned clusters;
    unsigned modules = smallest_cluster(v, set, &clusters);
    int64_t cell = profile_allowance(v->rules->profile, clusters, modules);

    if (cell >= 0)
        lower_in_set(l, v, set, cell, STAGE_ALLOWANCE, REASON_ALLOWANCE, 0);
}

static void allow_by_bus_bar(struct limit *l, const struct view *v, struct set set)
{
    int64_t bar = v->rules->profile->bus_bar_mA;

    for (unsigned i = 0; i < v->in->n && bar > 0; i++)
        if (is_in(v, i, set))
            lower_in_set(l, v, set, hub_current(v, i, bar, set), STAGE_ALLOWANCE, REASON_BUS_BAR,
                         v->parts[i].number);
}

static void stage_allowance(struct limit *l, const struct view *v)
{
    lower_for_sets(l, v, allow_by_table);
    lower_for_sets(l, v, allow_by_bus_bar);
    mark(l, STAGE_ALLOWANCE);
}

/* ---- stage 4: voltages, cells, temperatures ---- */

/* One module at its stop stops the direction for all: they share a bus bar. */
static void stop_at_cells(struct limit *l, const struct view *v, unsigned i)
{
    const struct stops_memory *stops = &v->in->stops[i];
    enum stop stop = stops_against(stops, v->direction);

    if (stop != STOP_COUNT)
        lower_at(l, 0, STAGE_CELLS, stop_info[stop].reason, v->parts[i].number, stops->who[stop]);
}

/* The C-rate tables stand for a limit that the BMS does not tell, or for all. */
static void rate_by_temperature(struct limit *l, const struct view *v, unsigned i)
{
    const struct part *p = &v->parts[i];
    bool told = signal_known(&p->b->s, way_of(v->direction).limit);
    struct place at = NOWHERE;
    int64_t mine = stops_c_rate(&v->in->stops[i], p, v->direction, &at);

    if (mine >= 0 && (!told || v->rules->c_rate_all))
        lower_at(l, least_hub_current(v, i, mine), STAGE_CELLS, REASON_C_RATE, p->number, at);
}

static void taper(struct limit *l, const struct view *v, unsigned i, int64_t before)
{
    const struct part *p = &v->parts[i];
    const struct stops_memory *stops = &v->in->stops[i];
    int64_t ccl = stops_taper_ccl(stops, p);

    if (v->direction == DISCHARGE)
        lower_at(l, stops_taper_dcl(stops, p, before), STAGE_CELLS, REASON_TAPER, p->number,
                 stops->low.at);
    else if (ccl >= 0)
        lower(l, least_hub_current(v, i, ccl), STAGE_CELLS, REASON_TAPER, p->number);
}

static void stage_cells(struct limit *l, const struct view *v)
{
    int64_t before = l->value; /* every cluster tapers the same value, the lowest counts */

    for (unsigned i = 0; i < v->in->n; i++) {
        if (!is_on_bar(&v->parts[i]))
            continue;
        stop_at_cells(l, v, i);
        rate_by_temperature(l, v, i);
        taper(l, v, i, before);
    }
    mark(l, STAGE_CELLS);
}

/* ---- stage 5: protection ---- */

#define OVER_CURRENT                                                                               \
    (ALARM_BIT(CURRENT_CHARGE) | ALARM_BIT(CURRENT_DISCHARGE) | ALARM_BIT(SHORT_CIRCUIT))
#define OVER_CURRENT_REST MONO_S(10)

static void note_over_current(struct limits_memory *mem, const struct limits_input *in, mono_us now)
{
    for (unsigned i = 0; i < in->n; i++)
        if (is_on_bar(&in->parts[i]) && in->parts[i].b->a.active[TIER_PROTECTION] & OVER_CURRENT)
            mem->rest_until = now + OVER_CURRENT_REST;
}

/* An empty cluster takes 0.1 C until it has recovered, and gives nothing. */
static void recover(struct limit *l, const struct view *v, unsigned i)
{
    const struct part *p = &v->parts[i];
    int64_t mine = v->direction == CHARGE ? p->capacity_mAh / 10 : 0;

    if (is_on_bar(p) && p->recover)
        lower(l, least_hub_current(v, i, mine), STAGE_PROTECTION, REASON_RECOVERY, p->number);
}

static void stage_protection(struct limit *l, const struct view *v, const struct limits_memory *mem,
                             mono_us now)
{
    if (now < mem->rest_until)
        lower(l, 0, STAGE_PROTECTION, REASON_OVER_CURRENT, 0);
    for (unsigned i = 0; i < v->in->n; i++)
        recover(l, v, i);
    mark(l, STAGE_PROTECTION);
}

/* ---- stage 6: state, owner, remote ---- */

static void apply_set_point(struct limit *l, const struct set_point *sp, mono_us now)
{
    if (now < sp->until)
        lower(l, sp->value, STAGE_STATE, REASON_SET_POINT, 0);
}

static void stage_state(struct limit *l, const struct view *v, mono_us now)
{
    const struct limits_input *in = v->in;
    bool charge = v->direction == CHARGE;
    enum reason barred = charge ? in->barred_charge : in->barred_discharge;
    int64_t cap = charge ? v->rules->ccl_cap_mA : v->rules->dcl_cap_mA;

    if (barred != REASON_NONE)
        lower(l, 0, STAGE_STATE, barred, in->barred_cluster);
    if (!(charge ? in->charge_allowed : in->discharge_allowed))
        lower(l, 0, STAGE_STATE, REASON_HUB_STATE, 0);
    if (in->forced_charge && !charge)
        lower(l, 0, STAGE_STATE, REASON_FORCED_CHARGE, 0);
    if (cap > 0)
        lower(l, cap, STAGE_STATE, REASON_CAP, 0);
    apply_set_point(l, charge ? &in->ccl : &in->dcl, now);
    mark(l, STAGE_STATE);
}

/* ---- stage 7: rate ---- */

/* The cap that rates are parts of: the allowance cell, or the sum of the profile. */
static int64_t rate_cap(const struct view *v)
{
    unsigned clusters, modules = smallest_cluster(v, (struct set){true, NOBODY}, &clusters);
    int64_t cell = profile_allowance(v->rules->profile, clusters, modules);
    int64_t sum = 0;

    if (cell >= 0)
        return cell;
    for (unsigned i = 0; i < v->in->n; i++) {
        const struct part *p = &v->parts[i];

        if (p->joined)
            sum += (int64_t)p->modules * per_module(p->profile, v->direction);
    }
    return sum;
}

/* A cluster more or less is a new cause too: the currents have to find their new shares. */
static void note_membership(struct limits_memory *mem, const struct limits_rules *rules,
                            const struct limits_input *in, mono_us now)
{
    unsigned joined = 0;

    for (unsigned i = 0; i < in->n; i++)
        joined |= (unsigned)in->parts[i].joined << i;
    if (joined != mem->joined)
        mem->ccl.hold_until = mem->dcl.hold_until = now + rules->rise_hold;
    mem->joined = joined;
}

#define LONGEST_STEP MONO_S(1)

/* So much may a limit rise in dt; what is less than a mA is kept for the next step. 3e7 mA of cap,
 * 1e4 and a second of 1e6 us stay far inside 64 bits. */
static int64_t step_of(struct rate *rate, const struct limits_rules *rules, int64_t cap, mono_us dt)
{
    const int64_t unit = INT64_C(10000) * 1000000; /* 0.01 % x us */
    int64_t grown = cap * rules->rise_centi_pct_s * (int64_t)dt + rate->rest;

    rate->rest = grown % unit;
    return grown / unit;
}

/* Down at once. Up only when nothing new has held it back for rise_hold: a new cause is a fall of
 * more than 2 % of the cap, or another reason in place of one that allowed nothing. A reason that
 * changes while the value wavers takes nothing and is no cause: it would hold the limit down for
 * ever. */
static void stage_rate(struct limit *l, struct rate *rate, const struct limits_rules *rules,
                       int64_t cap, bool ramp, mono_us dt, mono_us now)
{
    int64_t step = step_of(rate, rules, cap, dt);
    bool fell = rate->out - l->value > cap / 50 || (l->value == 0 && rate->out > 0);
    bool freed = rate->before == 0 && l->value > 0 && l->reason != rate->cause;

    if (fell || freed)
        rate->hold_until = now + rules->rise_hold;
    rate->before = l->value;
    rate->cause = l->reason;
    if (l->value > rate->out && now >= rate->hold_until)
        rate->out = ramp ? rate->out + step : l->value;
    lower(l, rate->out, STAGE_RATE, now < rate->hold_until ? REASON_HOLD : REASON_RAMP, 0);
    mark(l, STAGE_RATE);
    rate->out = l->value;
}

/* ---- voltages ---- */

static bool any_joined(const struct limits_input *in)
{
    for (unsigned i = 0; i < in->n; i++)
        if (in->parts[i].joined)
            return true;
    return false;
}

/* The lowest voltage any cluster has told, ghosts included, so that losing one never raises it; a
 * CVL made of it is rounded up to the 0.1 V of the wire. */
static int64_t bus_voltage(const struct limits_input *in)
{
    int64_t lowest = 0;

    for (unsigned i = 0; i < in->n; i++) {
        const struct signals *s = &in->parts[i].b->s;

        if (is_on_bar(&in->parts[i]) && signal_known(s, SIG_VOLTAGE) &&
            (!lowest || s->value[SIG_VOLTAGE] < lowest))
            lowest = s->value[SIG_VOLTAGE];
    }
    return divide(lowest, 100, UP) * 100;
}

/* What a cluster says about a voltage, kept inside what its profile can mean: 1.1 V or 100 V is no
 * limit of a 48 V battery. */
static int64_t told_voltage(const struct part *p, enum signal sig, int64_t fallback)
{
    int64_t told = signal_or(&p->b->s, sig, fallback);

    if (sig == SIG_CHARGE_VOLTAGE_LIMIT)
        return told < p->profile->dvl_floor_mV ? p->profile->dvl_floor_mV : told;
    return told > p->profile->cvl_max_mV ? p->profile->cvl_max_mV : told;
}

/* Folds a voltage limit over the joined clusters, then over the ghosts with their last word; a
 * cluster that does not tell it has its profile's. */
static void fold_voltage(struct limit *l, const struct limits_input *in, enum signal sig,
                         int64_t (*fallback)(const struct profile *),
                         void (*move)(struct limit *, int64_t, enum stage, enum reason, uint8_t))
{
    for (unsigned i = 0; i < in->n; i++) {
        const struct part *p = &in->parts[i];
        bool told = signal_known(&p->b->s, sig);

        if (p->joined)
            move(l, told_voltage(p, sig, fallback(p->profile)), STAGE_CLUSTER,
                 told ? REASON_CLUSTER_LIMIT : REASON_PROFILE_LIMIT, p->number);
    }
    mark(l, STAGE_CLUSTER);
    for (unsigned i = 0; i < in->n; i++) {
        const struct part *p = &in->parts[i];

        if (p->ghost && !p->joined)
            move(l, told_voltage(p, sig, fallback(p->profile)), STAGE_SHARING, REASON_GHOST,
                 p->number);
    }
    mark(l, STAGE_SHARING);
}

static int64_t profile_cvl(const struct profile *p)
{
    return p->cvl_mV;
}

static int64_t profile_dvl(const struct profile *p)
{
    return p->dvl_mV;
}

/* The top of the window for CVL: what the owner has set stays, whatever an operator forces. */
static int64_t highest_cvl(const struct limits_rules *rules, const struct limits_input *in)
{
    if (rules->cvl_top_mV > 0)
        return rules->cvl_top_mV;
    return in->forced_charge ? rules->profile->cvl_max_mV : rules->profile->cvl_top_mV;
}

/* CVL: inside the profile's window, but the window alone never asks for less than the bus has: some
 * inverters would discharge to it. */
static void charge_voltage(struct limit *l, const struct limits_rules *rules,
                           const struct limits_input *in, mono_us now)
{
    int64_t top = highest_cvl(rules, in);
    int64_t bus = bus_voltage(in);

    if (bus > rules->profile->cvl_max_mV)
        bus = rules->profile->cvl_max_mV;

    *l = (struct limit){.value = INT64_MAX, .stage = STAGE_CLUSTER};
    fold_voltage(l, in, SIG_CHARGE_VOLTAGE_LIMIT, profile_cvl, lower);
    if (bus > top)
        lower(l, bus, STAGE_ALLOWANCE, REASON_BUS_VOLTAGE, 0);
    else
        lower(l, top, STAGE_ALLOWANCE, REASON_PROFILE_WINDOW, 0);
    mark(l, STAGE_ALLOWANCE);
    mark(l, STAGE_CELLS);
    mark(l, STAGE_PROTECTION);
    apply_set_point(l, &in->cvl, now);
    mark(l, STAGE_STATE);
    mark(l, STAGE_RATE);
}

static void discharge_voltage(struct limit *l, const struct limits_rules *rules,
                              const struct limits_input *in)
{
    *l = (struct limit){.value = 0, .stage = STAGE_CLUSTER};
    fold_voltage(l, in, SIG_DISCHARGE_VOLTAGE_LIMIT, profile_dvl, raise);
    raise(l, rules->profile->dvl_floor_mV, STAGE_ALLOWANCE, REASON_PROFILE_WINDOW, 0);
    for (enum stage stage = STAGE_ALLOWANCE; stage <= STAGE_RATE; stage++)
        mark(l, stage);
}

/* "The limits are zero" never means a voltage limit of zero: they keep the last good value. */
static void keep_voltages(struct limits *out, const struct limits_memory *mem,
                          const struct set_point *cvl, mono_us now)
{
    out->cvl =
        (struct limit){.value = mem->cvl_mV, .stage = STAGE_CLUSTER, .reason = REASON_NO_CLUSTER};
    out->dvl =
        (struct limit){.value = mem->dvl_mV, .stage = STAGE_CLUSTER, .reason = REASON_NO_CLUSTER};
    for (enum stage stage = STAGE_CLUSTER; stage <= STAGE_RATE; stage++) {
        if (stage == STAGE_STATE)
            apply_set_point(&out->cvl, cvl, now);
        mark(&out->cvl, stage);
        mark(&out->dvl, stage);
    }
}

/* The first cluster that is counted is a new cause: nothing rises before it has been. */
void limits_init(struct limits_memory *mem, const struct limits_rules *rules, mono_us now)
{
    *mem = (struct limits_memory){
        .cvl_mV = rules->profile->cvl_mV, .dvl_mV = rules->profile->dvl_mV, .last_run = now};
}

/* Stages 2 to 6 of one direction. */
static void run_stages(struct limit *l, const struct view *v, const struct limits_memory *mem,
                       mono_us now)
{
    mark(l, STAGE_CLUSTER);
    stage_sharing(l, v);
    stage_allowance(l, v);
    stage_cells(l, v);
    stage_protection(l, v, mem, now);
    stage_state(l, v, now);
}

static void run_voltages(struct limits *out, struct limits_memory *mem,
                         const struct limits_rules *rules, const struct limits_input *in,
                         mono_us now)
{
    if (any_joined(in)) {
        charge_voltage(&out->cvl, rules, in, now);
        discharge_voltage(&out->dvl, rules, in);
        mem->cvl_mV = out->cvl.after[STAGE_PROTECTION]; /* a set-point is not remembered */
        mem->dvl_mV = out->dvl.value;
    } else {
        keep_voltages(out, mem, &in->cvl, now);
    }
}

void limits_run(struct limits *out, struct limits_memory *mem, const struct limits_rules *rules,
                const struct limits_input *in, mono_us now)
{
    /* After a stall a limit does not catch up. */
    mono_us dt = mono_min(mono_since(now, mem->last_run), LONGEST_STEP);
    struct view in_view, out_view;

    shares_run(&mem->charge_shares, in->parts, in->n, CHARGE, mem->ccl.out, dt);
    shares_run(&mem->discharge_shares, in->parts, in->n, DISCHARGE, mem->dcl.out, dt);
    in_view = view_of(in, rules, mem, CHARGE);
    out_view = view_of(in, rules, mem, DISCHARGE);
    note_over_current(mem, in, now);
    out->ccl = stage_cluster(&in_view);
    out->dcl = stage_cluster(&out_view);
    run_stages(&out->ccl, &in_view, mem, now);
    run_stages(&out->dcl, &out_view, mem, now);
    run_voltages(out, mem, rules, in, now);
    note_membership(mem, rules, in, now);
    if (in->dcl_held)
        mem->dcl.hold_until =
            now + mono_max(rules->rise_hold, 1); /* it is kept, it does not rise */
    stage_rate(&out->ccl, &mem->ccl, rules, rate_cap(&in_view), true, dt, now);
    stage_rate(&out->dcl, &mem->dcl, rules, rate_cap(&out_view), rules->discharge_ramp, dt, now);
    mem->last_run = now;
}

/* ---- for people ---- */

int64_t limits_hub_current(const struct limits_memory *mem, const struct limits_rules *rules,
                           const struct limits_input *in, enum direction direction, unsigned i,
                           int64_t mA)
{
    const struct view v = view_of(in, rules, mem, direction);

    return hub_current(&v, i, mA, (struct set){.open = true, .also = i});
}

static struct table_cell cell_of(const struct view *v, struct set set)
{
    struct table_cell cell;

    cell.modules = smallest_cluster(v, set, &cell.clusters);
    cell.mA = profile_allowance(v->rules->profile, cell.clusters, cell.modules);
    return cell;
}

struct table_cell limits_table_cell(const struct limits_memory *mem,
                                    const struct limits_rules *rules, const struct limits_input *in,
                                    enum direction direction, unsigned also)
{
    const struct view v = view_of(in, rules, mem, direction);

    return cell_of(&v, (struct set){.open = true, .also = also < in->n ? also : NOBODY});
}

int64_t limits_rate_cap(const struct limits_memory *mem, const struct limits_rules *rules,
                        const struct limits_input *in, enum direction direction)
{
    const struct view v = view_of(in, rules, mem, direction);

    return rate_cap(&v);
}
