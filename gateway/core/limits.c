#include "core/limits.h"

/* Gives the limit its value and who it is from; module and cell are told after that, if known. */
static void bind(struct limit *l, int64_t to, enum stage stage, enum reason reason, uint8_t cluster)
{
    l->value = to;
    l->stage = stage;
    l->reason = reason;
    l->cluster = cluster;
    l->module = 0;
    l->cell = 0;
}

static void lower(struct limit *l, int64_t to, enum stage stage, enum reason reason,
                  uint8_t cluster)
{
    if (to < l->value)
        bind(l, to, stage, reason, cluster);
}

static void raise(struct limit *l, int64_t to, enum stage stage, enum reason reason,
                  uint8_t cluster)
{
    if (to > l->value)
        bind(l, to, stage, reason, cluster);
}

static void mark(struct limit *l, enum stage stage)
{
    l->after[stage] = l->value;
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

struct limit limit_of_cluster(const struct part *p, enum direction direction)
{
    const struct signals *s = &p->b->s;
    struct way way = way_of(direction);
    int64_t per_module =
        direction == CHARGE ? p->profile->module_ccl_mA : p->profile->module_dcl_mA;
    uint64_t stops = p->b->a.active[TIER_PROTECTION] | p->b->a.active[TIER_FAULT];
    struct limit l = {.stage = STAGE_CLUSTER, .cluster = p->number};

    if (!signal_known(s, way.limit)) {
        l.value = per_module * p->modules;
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

/* The sum of what the joined clusters allow. It is never below what sharing makes of it. */
static struct limit stage_cluster(const struct limits_input *in, enum direction direction)
{
    struct limit all = {.stage = STAGE_CLUSTER, .reason = REASON_NO_CLUSTER};
    unsigned joined = 0;

    for (unsigned i = 0; i < in->n; i++) {
        struct limit one;

        if (!in->parts[i].joined)
            continue;
        one = limit_of_cluster(&in->parts[i], direction);
        all.value += one.value;
        if (joined++ == 0 || one.value == 0) {
            all.reason = one.reason;
            all.cluster = one.cluster;
        }
    }
    return all;
}

/* ---- stage 2: sharing ---- */

static int64_t weight_of(const struct part *p, enum share_mode mode)
{
    return mode == SHARE_BY_COUNT ? 1 : p->capacity_mAh;
}

static bool counts(const struct part *p, bool with_ghosts)
{
    return p->joined || (with_ghosts && p->ghost);
}

static int64_t all_weights(const struct part *parts, unsigned n, enum share_mode mode,
                           bool with_ghosts)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        if (counts(&parts[i], with_ghosts))
            sum += weight_of(&parts[i], mode);
    return sum;
}

int64_t part_share(const struct limits_memory *mem, const struct limits_rules *rules,
                   const struct part *parts, unsigned n, unsigned i)
{
    int64_t sum = all_weights(parts, n, rules->share, false);

    (void)mem;
    if (!parts[i].joined || sum <= 0)
        return 0;
    return divide(weight_of(&parts[i], rules->share) * 10000, sum, NEAREST);
}

/* min over clusters of limit_i / share_i, with share_i = weight_i / all weights. */
static void share_among(struct limit *l, const struct limits_input *in,
                        const struct limits_rules *rules, enum direction direction,
                        bool with_ghosts)
{
    int64_t all = all_weights(in->parts, in->n, rules->share, with_ghosts);

    for (unsigned i = 0; i < in->n; i++) {
        const struct part *p = &in->parts[i];
        int64_t mine = weight_of(p, rules->share);
        struct limit one;
        enum reason reason;

        if (!counts(p, with_ghosts))
            continue;
        one = limit_of_cluster(p, direction);
        reason = p->ghost ? REASON_GHOST : one.value ? REASON_SHARING : one.reason;
        lower(l, mine > 0 ? one.value * all / mine : 0, STAGE_SHARING, reason, p->number);
    }
}

/* Losing a cluster never raises a limit: the lower of "joined only" and "joined plus ghosts
 * with their last limits". */
static void stage_sharing(struct limit *l, const struct limits_input *in,
                          const struct limits_rules *rules, enum direction direction)
{
    share_among(l, in, rules, direction, false);
    share_among(l, in, rules, direction, true);
    mark(l, STAGE_SHARING);
}

/* ---- stage 3: profile ---- */

static unsigned smallest_cluster(const struct limits_input *in, bool with_ghosts, unsigned *count)
{
    unsigned smallest = 0;

    *count = 0;
    for (unsigned i = 0; i < in->n; i++) {
        if (!counts(&in->parts[i], with_ghosts))
            continue;
        (*count)++;
        if (smallest == 0 || in->parts[i].modules < smallest)
            smallest = in->parts[i].modules;
    }
    return smallest;
}

static void allow_by_table(struct limit *l, const struct limits_input *in,
                           const struct limits_rules *rules, bool with_ghosts)
{
    unsigned clusters;
    unsigned modules = smallest_cluster(in, with_ghosts, &clusters);
    int64_t cell = profile_allowance(rules->profile, clusters, modules);

    if (cell >= 0)
        lower(l, cell, STAGE_ALLOWANCE, REASON_ALLOWANCE, 0);
}

static void allow_by_bus_bar(struct limit *l, const struct limits_input *in,
                             const struct limits_rules *rules, bool with_ghosts)
{
    int64_t all = all_weights(in->parts, in->n, rules->share, with_ghosts);

    for (unsigned i = 0; i < in->n && rules->profile->bus_bar_mA > 0; i++) {
        int64_t mine = weight_of(&in->parts[i], rules->share);

        if (counts(&in->parts[i], with_ghosts) && mine > 0)
            lower(l, (int64_t)rules->profile->bus_bar_mA * all / mine, STAGE_ALLOWANCE,
                  REASON_BUS_BAR, in->parts[i].number);
    }
}

static void stage_allowance(struct limit *l, const struct limits_input *in,
                            const struct limits_rules *rules)
{
    allow_by_table(l, in, rules, false);
    allow_by_table(l, in, rules, true);
    allow_by_bus_bar(l, in, rules, false);
    allow_by_bus_bar(l, in, rules, true);
    mark(l, STAGE_ALLOWANCE);
}

/* ---- stage 4: voltages, cells, temperatures ---- */

/* One module at its stop stops the direction for all: they share a bus bar. */
static void stop_at_cells(struct limit *l, const struct limits_input *in, enum direction direction)
{
    for (unsigned i = 0; i < in->n; i++) {
        enum stop stop = stops_against(&in->stops[i], direction);

        if (counts(&in->parts[i], true) && stop != STOP_COUNT)
            lower(l, 0, STAGE_CELLS, stop_info[stop].reason, in->parts[i].number);
    }
}

static void stage_cells(struct limit *l, const struct limits_input *in,
                        const struct limits_rules *rules, enum direction direction)
{
    int64_t before = l->value; /* every cluster tapers the same value, the lowest counts */

    stop_at_cells(l, in, direction);
    for (unsigned i = 0; i < in->n; i++) {
        const struct part *p = &in->parts[i];
        int64_t all = all_weights(in->parts, in->n, rules->share, p->ghost);
        int64_t mine = weight_of(p, rules->share);
        int64_t ccl = stops_taper_ccl(&in->stops[i], p);

        if (!counts(p, true) || mine <= 0)
            continue;
        if (direction == DISCHARGE)
            lower(l, stops_taper_dcl(p, before), STAGE_CELLS, REASON_TAPER, p->number);
        else if (ccl >= 0)
            lower(l, ccl * all / mine, STAGE_CELLS, REASON_TAPER, p->number);
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
        if (counts(&in->parts[i], true) && in->parts[i].b->a.active[TIER_PROTECTION] & OVER_CURRENT)
            mem->rest_until = now + OVER_CURRENT_REST;
}

static void stage_protection(struct limit *l, const struct limits_memory *mem, mono_us now)
{
    if (now < mem->rest_until)
        lower(l, 0, STAGE_PROTECTION, REASON_OVER_CURRENT, 0);
    mark(l, STAGE_PROTECTION);
}

/* ---- stage 6: state, owner, remote ---- */

static void apply_set_point(struct limit *l, const struct set_point *sp, mono_us now)
{
    if (now < sp->until)
        lower(l, sp->value, STAGE_STATE, REASON_SET_POINT, 0);
}

static void stage_state(struct limit *l, const struct limits_input *in,
                        const struct limits_rules *rules, enum direction direction, mono_us now)
{
    bool charge = direction == CHARGE;
    enum reason barred = charge ? in->barred_charge : in->barred_discharge;
    int64_t cap = charge ? rules->ccl_cap_mA : rules->dcl_cap_mA;

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
static int64_t rate_cap(const struct limits_input *in, const struct limits_rules *rules,
                        enum direction direction)
{
    unsigned clusters, modules = smallest_cluster(in, false, &clusters);
    int64_t cell = profile_allowance(rules->profile, clusters, modules);
    int64_t sum = 0;

    if (cell >= 0)
        return cell;
    for (unsigned i = 0; i < in->n; i++) {
        const struct part *p = &in->parts[i];

        if (p->joined)
            sum += (int64_t)p->modules *
                   (direction == CHARGE ? p->profile->module_ccl_mA : p->profile->module_dcl_mA);
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
    if (l->value <= rate->out)
        rate->out = l->value;
    else if (now >= rate->hold_until)
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

        if (counts(&in->parts[i], true) && signal_known(s, SIG_VOLTAGE) &&
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

void limits_init(struct limits_memory *mem, const struct limits_rules *rules, mono_us now)
{
    *mem = (struct limits_memory){
        .cvl_mV = rules->profile->cvl_mV, .dvl_mV = rules->profile->dvl_mV, .last_run = now};
    mem->ccl.hold_until = mem->dcl.hold_until = now + rules->rise_hold;
}

void limits_run(struct limits *out, struct limits_memory *mem, const struct limits_rules *rules,
                const struct limits_input *in, mono_us now)
{
    /* After a stall a limit does not catch up. */
    mono_us dt = mono_min(mono_since(now, mem->last_run), LONGEST_STEP);
    struct limits_input dis = *in;

    dis.parts = in->discharge_parts;

    out->ccl = stage_cluster(in, CHARGE);
    out->dcl = stage_cluster(&dis, DISCHARGE);
    if (any_joined(in)) {
        charge_voltage(&out->cvl, rules, in, now);
        discharge_voltage(&out->dvl, rules, in);
        mem->cvl_mV = out->cvl.after[STAGE_PROTECTION]; /* a set-point is not remembered */
        mem->dvl_mV = out->dvl.value;
    } else {
        keep_voltages(out, mem, &in->cvl, now);
    }
    mark(&out->ccl, STAGE_CLUSTER);
    mark(&out->dcl, STAGE_CLUSTER);
    stage_sharing(&out->ccl, in, rules, CHARGE);
    stage_sharing(&out->dcl, &dis, rules, DISCHARGE);
    stage_allowance(&out->ccl, in, rules);
    stage_allowance(&out->dcl, &dis, rules);
    stage_cells(&out->ccl, in, rules, CHARGE);
    stage_cells(&out->dcl, &dis, rules, DISCHARGE);
    note_over_current(mem, in, now);
    stage_protection(&out->ccl, mem, now);
    stage_protection(&out->dcl, mem, now);
    stage_state(&out->ccl, in, rules, CHARGE, now);
    stage_state(&out->dcl, &dis, rules, DISCHARGE, now);
    note_membership(mem, rules, in, now);
    if (in->dcl_held)
        mem->dcl.hold_until = now + rules->rise_hold; /* it is kept, it does not rise */
    stage_rate(&out->ccl, &mem->ccl, rules, rate_cap(in, rules, CHARGE), true, dt, now);
    stage_rate(&out->dcl, &mem->dcl, rules, rate_cap(&dis, rules, DISCHARGE), rules->discharge_ramp,
               dt, now);
    mem->last_run = now;
}
