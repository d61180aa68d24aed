/* The invariants. Each run of the hub is held against the oracle, against the run before, and
 * against the twin.
 *
 *      1  no limit above the bound of any stage, nor above what the counted clusters allow
 *      2  nothing stale contributes
 *      3  a latch never falls without an authorised reset
 *      4  a fall is never delayed
 *      5  a rise never exceeds the ramp, and waits after a fall
 *      6  unknown never becomes a number
 *      7  losing a cluster never raises a limit
 *      8  CVL is never 0 nor below the floor of DVL; CVL and DVL are always known
 *      9  a membership change never steps the published SOC
 *     10  protection in a direction: that direction is zero
 *     11  the wall clock is nowhere: the same life at another time is the same
 *     12  stopped, locked, waiting, barred: zero at once; no frame says more than is published
 *     13  a set-point is shown as it was given, with its owner and its end; else there is none
 */
#include <string.h>

#include "property_check.h"

/* ---- 8: voltages ---- */

static bool check_voltages(struct play *p)
{
    const struct signals *s = hub_of(p);
    const struct oracle *o = &p->oracle;
    int64_t cvl = value(s, SIG_CHARGE_VOLTAGE_LIMIT), dvl = value(s, SIG_DISCHARGE_VOLTAGE_LIMIT);
    struct bound most;

    if (!signal_known(s, SIG_CHARGE_VOLTAGE_LIMIT) || !signal_known(s, SIG_DISCHARGE_VOLTAGE_LIMIT))
        return violated(p, 8, "CVL or DVL is not known");
    if (cvl < o->maker->dvl_floor || cvl > o->maker->cvl_max)
        return violated(p, 8, "CVL is %lld", (long long)cvl);
    if (dvl < o->maker->dvl_floor || dvl > o->maker->cvl_max)
        return violated(p, 8, "DVL is %lld", (long long)dvl);
    if (!value(s, SIG_CLUSTERS_JOINED))
        return true; /* the last good values */
    most = oracle_cvl(o);
    if (cvl > most.most)
        return violated(p, 1, "CVL %lld above %lld: %s", (long long)cvl, (long long)most.most,
                        most.why);
    if (dvl < oracle_dvl(o))
        return violated(p, 1, "DVL %lld below %lld", (long long)dvl, (long long)oracle_dvl(o));
    return true;
}

/* ---- 1: stages ---- */

static bool check_stages(struct play *p)
{
    static const struct {
        enum signal first, limit;
        int sense;
    } rows[] = {
        {SIG_CCL_STAGE, SIG_CHARGE_CURRENT_LIMIT,    1 },
        {SIG_DCL_STAGE, SIG_DISCHARGE_CURRENT_LIMIT, 1 },
        {SIG_CVL_STAGE, SIG_CHARGE_VOLTAGE_LIMIT,    1 },
        {SIG_DVL_STAGE, SIG_DISCHARGE_VOLTAGE_LIMIT, -1},
    };
    const struct signals *s = hub_of(p);

    for (unsigned r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        for (unsigned i = 0; i < 6; i++)
            if ((s->value[rows[r].first + i + 1] - s->value[rows[r].first + i]) * rows[r].sense > 0)
                return violated(p, 1, "%s goes the wrong way at stage %u",
                                signal_info[rows[r].limit].name, i + 2);
        if (value(s, rows[r].limit) != s->value[rows[r].first + 6] ||
            !signal_known(s, rows[r].limit))
            return violated(p, 1, "%s is not what stage 7 says", signal_info[rows[r].limit].name);
    }
    return true;
}

/* ---- 2: freshness and membership ---- */

/* "Re-join after max(30 s, 3 periods) of good data, after 5 s if the gap was under 10 s." */
static mono_us wait_of(const struct oracle *o, const struct watched *c)
{
    mono_us gap = c->back_at > c->lost_oldest ? c->back_at - c->lost_oldest : 0;
    mono_us period = c->cfg->tongue == TONGUE_SERIAL ? c->serial_period
                     : c->cfg->tongue == TONGUE_BYD  ? MONO_S(10)
                                                     : MONO_S(1);

    if (gap < MONO_S(10))
        return MONO_S(o->site->rejoin_short_s);
    return mono_max(MONO_S(o->site->rejoin_s), 3 * period);
}

static bool check_member(struct play *p, unsigned i, bool counted)
{
    struct oracle *o = &p->oracle;
    struct watched *c = &o->cluster[i];

    if (counted && !oracle_fresh(o, i))
        return violated(p, 2, "cluster %u is counted with stale data", i + 1);
    if (!oracle_fresh(o, i))
        c->back_at = 0;
    else if (!c->back_at)
        c->back_at = o->now;
    if (counted && c->ghost && c->silent && o->now - c->back_at < wait_of(o, c))
        return violated(p, 2, "cluster %u is counted again %llu ms after it came back", i + 1,
                        (unsigned long long)((o->now - c->back_at) / 1000));
    return true;
}

/* ---- 1, 4, 10, 12: bounds ---- */

static enum signal limit_sig(unsigned d)
{
    return d ? SIG_DISCHARGE_CURRENT_LIMIT : SIG_CHARGE_CURRENT_LIMIT;
}

/* Why the state of the hub allows nothing at this moment, or NULL. */
static const char *forbidden(const struct play *p)
{
    const struct signals *s = hub_of(p);
    int64_t state = value(s, SIG_STATE);

    if (p->oracle.stopping)
        return "stopping";
    if (p->oracle.stop_asked)
        return "stopped by command";
    if (p->oracle.input_stops)
        return "an input stops or is not read";
    if (value(s, SIG_LATCHES) & (LATCH_BIT(STOP_INPUT) | LATCH_BIT(FIRE_INPUT)))
        return "latched by an input";
    if (state == HUB_LOCKED)
        return "LOCKED";
    if (state == HUB_WAITING)
        return "WAITING";
    return NULL;
}

static bool check_forbidden(struct play *p)
{
    const struct signals *s = hub_of(p);
    const char *why = forbidden(p);

    if (why && (value(s, SIG_CHARGE_CURRENT_LIMIT) || value(s, SIG_DISCHARGE_CURRENT_LIMIT)))
        return violated(p, 12, "current is allowed: %s", why);
    if (value(s, SIG_STATE) == HUB_STOPPED && value(s, SIG_CHARGE_CURRENT_LIMIT))
        return violated(p, 12, "charging is allowed: STOPPED");
    if (value(s, SIG_LATCHES) & LATCH_BIT(CHARGE_DISOBEYED) && value(s, SIG_CHARGE_CURRENT_LIMIT))
        return violated(p, 12, "charging is allowed: latched");
    if (value(s, SIG_LATCHES) & LATCH_BIT(DISCHARGE_DISOBEYED) &&
        value(s, SIG_DISCHARGE_CURRENT_LIMIT))
        return violated(p, 12, "discharging is allowed: latched");
    return true;
}

static bool check_protection(struct play *p, unsigned d)
{
    const struct oracle *o = &p->oracle;

    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct watched *c = &o->cluster[i];

        if ((c->counted || c->ghost) && oracle_protected(o, i, d ? DISCHARGE : CHARGE)) {
            if (value(hub_of(p), limit_sig(d)))
                return violated(p, 10, "cluster %u is in protection and %s is %lld", i + 1,
                                signal_info[limit_sig(d)].name,
                                (long long)value(hub_of(p), limit_sig(d)));
            p->tally->zero_by_protection++;
        }
    }
    return true;
}

static bool check_bound(struct play *p, unsigned d)
{
    struct bound most = oracle_bound(&p->oracle, d ? DISCHARGE : CHARGE);
    int64_t is = value(hub_of(p), limit_sig(d));
    bool fell = p->oracle.bound[d].known && most.most < p->oracle.bound[d].most;
    unsigned invariant = fell && is >= p->oracle.rate[d].value ? 4 : 1;

    p->oracle.bound[d].known = true;
    p->oracle.bound[d].most = most.most;
    if (is < 0)
        return violated(p, 1, "%s is negative", signal_info[limit_sig(d)].name);
    if (is > most.most)
        return violated(p, most.nobody ? 2 : invariant, "%s %lld above %lld: %s",
                        signal_info[limit_sig(d)].name, (long long)is, (long long)most.most,
                        most.why);
    p->tally->flowing += is > 0;
    if (value(hub_of(p), d ? SIG_DISCHARGE_ENABLE : SIG_CHARGE_ENABLE) != (is > 0))
        return violated(p, 12, "the enable bit does not go with the limit");
    return true;
}

/* ---- 5: rises ---- */

static bool check_rise(struct play *p, unsigned d, bool members_changed)
{
    struct oracle *o = &p->oracle;
    mono_us dt = mono_min(o->now - o->last_run, MONO_S(1)); /* after a stall nothing catches up */
    int64_t is = value(hub_of(p), limit_sig(d)), was = o->rate[d].value, step;
    bool murky, ramp = d == 0 || o->site->discharge_ramp;
    int64_t cap = oracle_rate_cap(o, d ? DISCHARGE : CHARGE, &murky);

    o->rate[d].value = is;
    if ((was - is) * 50 > cap || members_changed)
        o->rate[d].hold_until = o->now + MONO_S(o->site->rise_hold_s);
    if (is <= was || murky)
        return true;
    p->tally->rises++;
    /* cap x % / s x us; a rest under 1 mA may be carried from step to step. */
    step = cap * o->site->rise_percent * (int64_t)dt / 100000000 + 1;
    if (o->now < o->warm_until && is <= o->warm[d] + step)
        return true; /* "an update does not black out a house" */
    if (o->now < o->rate[d].hold_until)
        return violated(p, 5, "%s rises from %lld to %lld within %u s of a fall",
                        signal_info[limit_sig(d)].name, (long long)was, (long long)is,
                        o->site->rise_hold_s);
    if (ramp && is - was > step)
        return violated(p, 5, "%s rises by %lld in %llu us, %lld is allowed",
                        signal_info[limit_sig(d)].name, (long long)(is - was),
                        (unsigned long long)dt, (long long)step);
    return true;
}

/* ---- 7: losses ---- */

static bool weights_stand(const struct play *p)
{
    for (unsigned i = 0; i < p->oracle.site->clusters; i++)
        if (memcmp(&p->before.weight[i], &p->oracle.cluster[i].last, sizeof(struct weight)) != 0 ||
            oracle_doubts(&p->oracle, i, SIG_VOLTAGE))
            return false;
    return true;
}

static bool any_ghostless(const struct play *p, unsigned lost)
{
    for (unsigned i = 0; i < MAX_CLUSTERS; i++)
        if (lost >> i & 1 && !p->oracle.cluster[i].ghost)
            return true;
    return false;
}

/* The stages of one direction. Stops, rests and the start end by time, which may be just now: a
 * stage from the fourth on that allowed nothing before ends the comparison. */
static bool check_lost_stages(struct play *p, unsigned d)
{
    const struct signals *s = hub_of(p);
    enum signal first = d ? SIG_DCL_STAGE : SIG_CCL_STAGE;

    for (unsigned stage = 0; stage < 6; stage++) {
        int64_t was = p->before.stage[d][stage], is = s->value[first + stage];

        if (stage >= 3 && was == 0)
            return true;
        if (stage >= 1 && is > was)
            return violated(p, 7, "losing a cluster raises %s after stage %u from %lld to %lld",
                            signal_info[limit_sig(d)].name, stage + 1, (long long)was,
                            (long long)is);
    }
    return true;
}

/* Only time has passed, and a cluster is counted no longer though nobody has proved it open:
 * nothing may be higher than before. */
static bool check_loss(struct play *p, unsigned members)
{
    const struct signals *s = hub_of(p);
    unsigned lost = p->oracle.members & ~members;

    if (!lost)
        return true;
    p->tally->losses++;
    if (any_ghostless(p, lost) || members & ~p->oracle.members || !p->before.known)
        return true;
    if (p->oracle.site->rise_hold_s && (value(s, SIG_CHARGE_CURRENT_LIMIT) > p->before.ccl ||
                                        value(s, SIG_DISCHARGE_CURRENT_LIMIT) > p->before.dcl))
        return violated(p, 7, "a limit rises while a cluster is lost");
    /* Shares that are measured move on by themselves. */
    if (!p->only_silence || !weights_stand(p) || strcmp(p->site.share, "measured") == 0 ||
        p->before.set_points != oracle_set_points(&p->oracle))
        return true;
    if (value(s, SIG_CHARGE_VOLTAGE_LIMIT) > p->before.cvl ||
        value(s, SIG_DISCHARGE_VOLTAGE_LIMIT) < p->before.dvl)
        return violated(p, 7, "losing a cluster moves CVL from %lld to %lld, DVL from %lld to %lld",
                        (long long)p->before.cvl, (long long)value(s, SIG_CHARGE_VOLTAGE_LIMIT),
                        (long long)p->before.dvl, (long long)value(s, SIG_DISCHARGE_VOLTAGE_LIMIT));
    return check_lost_stages(p, 0) && check_lost_stages(p, 1);
}

static void remember(struct play *p, unsigned members)
{
    const struct signals *s = hub_of(p);

    p->before.known = true;
    p->before.ccl = value(s, SIG_CHARGE_CURRENT_LIMIT);
    p->before.dcl = value(s, SIG_DISCHARGE_CURRENT_LIMIT);
    for (unsigned stage = 0; stage < 6; stage++) {
        p->before.stage[0][stage] = s->value[SIG_CCL_STAGE + stage];
        p->before.stage[1][stage] = s->value[SIG_DCL_STAGE + stage];
    }
    p->before.cvl = value(s, SIG_CHARGE_VOLTAGE_LIMIT);
    p->before.dvl = value(s, SIG_DISCHARGE_VOLTAGE_LIMIT);
    p->before.started_up |=
        value(s, SIG_STATE) == HUB_RUNNING || value(s, SIG_STATE) == HUB_DEGRADED;
    p->before.set_points = oracle_set_points(&p->oracle);
    for (unsigned i = 0; i < p->oracle.site->clusters; i++)
        p->before.weight[i] = p->oracle.cluster[i].last;
    p->oracle.members = members;
    p->oracle.last_run = p->oracle.now;
    p->only_silence = true;
}

/* ---- 7, 10, 12: copper ---- */

/* Rules 5 and 8: "a module in fault leaves within 3 s; if the data still shows it connected after
 * that: zero limits until it is gone"; "more than 2 modules of a cluster, or all of them, in
 * protection: cluster shut down" (not for under-voltage alone). */
static bool check_modules(struct play *p, unsigned i)
{
    const struct snapshot *snap = hub_snapshot(p->hub);
    const struct watched *c = &p->oracle.cluster[i];
    const uint64_t low = ALARM_BIT(VOLTAGE_LOW) | ALARM_BIT(CELL_LOW);
    uint64_t all = c->alarm[TIER_PROTECTION];
    unsigned many = 0;

    for (unsigned m = 0; m < c->n_modules; m++) {
        many += c->module[m].alarm[TIER_PROTECTION] != 0;
        all |= c->module[m].alarm[TIER_PROTECTION];
        if (c->stays_since[m] && p->oracle.now - c->stays_since[m] >= MONO_S(3) &&
            (value(&snap->hub.s, SIG_CHARGE_CURRENT_LIMIT) ||
             value(&snap->hub.s, SIG_DISCHARGE_CURRENT_LIMIT)))
            return violated(p, 10, "module %u of cluster %u is in fault and connected for 3 s",
                            m + 1, i + 1);
    }
    if (many && (many > 2 || many == c->n_modules) && all & ~low && is_counted(snap, i))
        return violated(p, 10, "%u modules of cluster %u are in protection and it is counted", many,
                        i + 1);
    return true;
}

/* "A cluster the hub has shut down or latched that is not proven open after 3 s holds the hub's
 * limits at zero until it is." */
static bool check_copper(struct play *p)
{
    const struct snapshot *snap = hub_snapshot(p->hub);

    for (unsigned i = 0; i < p->oracle.site->clusters; i++) {
        struct watched *c = &p->oracle.cluster[i];
        const struct signals *s = &snap->cluster[i].s;

        if (value(s, SIG_PROVEN_OPEN) && !oracle_may_be_open(&p->oracle, i))
            return violated(p, 7, "cluster %u is said to be proven open, nothing proves it", i + 1);
        if (!check_modules(p, i))
            return false;
        if (value(s, SIG_LATCHES) && is_counted(snap, i))
            return violated(p, 12, "cluster %u is latched and counted", i + 1);
        if (!is_out(snap, i) || value(s, SIG_PROVEN_OPEN))
            c->out_since = 0;
        else if (!c->out_since)
            c->out_since = p->oracle.now;
        if (c->out_since && p->oracle.now - c->out_since >= MONO_S(3) &&
            (value(&snap->hub.s, SIG_CHARGE_CURRENT_LIMIT) ||
             value(&snap->hub.s, SIG_DISCHARGE_CURRENT_LIMIT)))
            return violated(p, 12, "cluster %u is out, not proven open, and current is allowed",
                            i + 1);
    }
    return true;
}

/* ---- all of them ---- */

static void count_words(struct play *p)
{
    const struct snapshot *snap = hub_snapshot(p->hub);
    const struct signals *s = &snap->hub.s;
    struct tally *t = p->tally;

    t->reason[s->value[SIG_CCL_REASON] & 0xFF] = t->reason[s->value[SIG_DCL_REASON] & 0xFF] = true;
    t->reason[s->value[SIG_CVL_REASON] & 0xFF] = t->reason[s->value[SIG_REASON] & 0xFF] = true;
    t->hub_state[s->value[SIG_STATE]] = true;
    t->latches |= (unsigned)s->value[SIG_LATCHES];
    for (unsigned i = 0; i < p->life->site->clusters; i++) {
        t->cluster_state[snap->cluster[i].s.value[SIG_STATE]] = true;
        t->reason[snap->cluster[i].s.value[SIG_REASON] & 0xFF] = true;
        t->latches |= (unsigned)snap->cluster[i].s.value[SIG_LATCHES];
    }
}

bool check_run(struct play *p)
{
    const struct snapshot *snap = hub_snapshot(p->hub);
    struct oracle *o = &p->oracle;
    bool counted[MAX_CLUSTERS] = {false};
    unsigned members = 0;

    p->tally->checks++;
    for (unsigned i = 0; i < o->site->clusters; i++) {
        counted[i] = is_counted(snap, i);
        members |= (unsigned)counted[i] << i;
        if (!check_member(p, i, counted[i]))
            return false;
        oracle_sees(o, i, &snap->cluster[i].s);
    }
    p->tally->joins += (members & ~o->members) != 0;
    oracle_counts(o, counted);
    for (unsigned d = 0; d < 2; d++)
        if (!check_protection(p, d))
            return false;
    if (!check_forbidden(p) || !check_stages(p) || !check_voltages(p) || !check_bound(p, 0) ||
        !check_bound(p, 1) || !check_sums(p) || !check_copper(p) || !check_latches(p) ||
        !check_unknown(p) || !check_set_points(p) || !check_loss(p, members) ||
        !check_soc(p, members) || !check_rise(p, 0, members != o->members) ||
        !check_rise(p, 1, members != o->members))
        return false;
    remember(p, members);
    p->fed = false;
    count_words(p);
    return true;
}

/* ---- 12: frames ---- */

static unsigned u16(const struct frame *f, unsigned at)
{
    return f->data[at] | (unsigned)f->data[at + 1] << 8;
}

/* 0x351 of every dialect: CVL, CCL, DCL, DVL in 0.1 V and 0.1 A, little endian. */
static bool check_351(struct play *p, const struct frame *f)
{
    const struct signals *s = hub_of(p);
    int64_t cvl = u16(f, 0) * 100, ccl = (int16_t)u16(f, 2) * 100, dcl = (int16_t)u16(f, 4) * 100;

    if (f->len < 6 || ccl < 0 || dcl < 0)
        return violated(p, 12, "0x351 is short or says a negative limit");
    if (ccl > value(s, SIG_CHARGE_CURRENT_LIMIT) || dcl > value(s, SIG_DISCHARGE_CURRENT_LIMIT))
        return violated(p, 12, "0x351 says %lld and %lld mA, published are %lld and %lld",
                        (long long)ccl, (long long)dcl,
                        (long long)value(s, SIG_CHARGE_CURRENT_LIMIT),
                        (long long)value(s, SIG_DISCHARGE_CURRENT_LIMIT));
    /* SMA's inverters take 41 V at least. */
    if (cvl == 0 || (cvl != 41000 && cvl > value(s, SIG_CHARGE_VOLTAGE_LIMIT)))
        return violated(p, 8, "0x351 says CVL %lld mV", (long long)cvl);
    /* SMA's inverters take 48 V at most. */
    if (f->len == 8 && u16(f, 6) != 480 &&
        u16(f, 6) * INT64_C(100) < value(s, SIG_DISCHARGE_VOLTAGE_LIMIT))
        return violated(p, 12, "0x351 says DVL %u00 mV", u16(f, 6));
    return true;
}

static bool check_35c(struct play *p, const struct frame *f)
{
    const struct signals *s = hub_of(p);

    if ((f->data[0] >> 7 & 1 && !value(s, SIG_CHARGE_CURRENT_LIMIT)) ||
        (f->data[0] >> 6 & 1 && !value(s, SIG_DISCHARGE_CURRENT_LIMIT)))
        return violated(p, 12, "0x35C enables what the limits forbid");
    return true;
}

bool check_tx(struct play *p, const struct frame *f)
{
    if (p->oracle.now - hub_snapshot(p->hub)->at > MONO_MS(100))
        return violated(p, 2, "a frame leaves that rests on an old run");
    if (f->id == 0x351)
        return check_351(p, f);
    if (f->id == 0x35C)
        return check_35c(p, f);
    return true;
}
