/* The invariants about what is told besides the limits: 2 (sums), 3, 6, 9 and 11. */
#include <string.h>

#include "property_check.h"

/* ---- 2: sums ---- */

static bool known_of_all(const struct oracle *o, enum signal sig)
{
    for (unsigned i = 0; i < o->site->clusters; i++)
        if (o->cluster[i].counted && oracle_doubts(o, i, sig))
            return false;
    return true;
}

static int64_t rounded(int64_t sum, int64_t by)
{
    return (sum < 0 ? sum - by / 2 : sum + by / 2) / by;
}

/* Sums and means contain the counted clusters and nobody else. */
bool check_sums(struct play *p)
{
    const struct oracle *o = &p->oracle;
    const struct signals *s = hub_of(p);
    int64_t mA = 0, mV = 0, uW = 0, n = 0;

    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct watched *c = &o->cluster[i];

        if (!c->counted)
            continue;
        n++;
        mA += c->told[SIG_CURRENT].value;
        mV += c->told[SIG_VOLTAGE].value;
        uW += c->told[SIG_VOLTAGE].value * c->told[SIG_CURRENT].value;
    }
    if (value(s, SIG_CLUSTERS_JOINED) != n)
        return violated(p, 2, "%lld clusters are said to be counted",
                        (long long)value(s, SIG_CLUSTERS_JOINED));
    if (!n && (signal_known(s, SIG_CURRENT) || signal_known(s, SIG_VOLTAGE) ||
               signal_known(s, SIG_SOC) || signal_known(s, SIG_POWER)))
        return violated(p, 2, "nobody is counted and something is measured");
    if (!n || !known_of_all(o, SIG_CURRENT) || !known_of_all(o, SIG_VOLTAGE))
        return true;
    if (!signal_known(s, SIG_CURRENT) || value(s, SIG_CURRENT) != mA)
        return violated(p, 2, "current %lld is not %lld", (long long)value(s, SIG_CURRENT),
                        (long long)mA);
    if (!signal_known(s, SIG_VOLTAGE) || value(s, SIG_VOLTAGE) != rounded(mV, n))
        return violated(p, 2, "voltage %lld is not %lld", (long long)value(s, SIG_VOLTAGE),
                        (long long)rounded(mV, n));
    if (!signal_known(s, SIG_POWER) || value(s, SIG_POWER) != rounded(uW, 1000000))
        return violated(p, 2, "power %lld is not %lld", (long long)value(s, SIG_POWER),
                        (long long)rounded(uW, 1000000));
    return true;
}

/* ---- 9: SOC ---- */

/* Weighted by capacity over the counted clusters, "one unknown: by module count for all"; -1 when
 * the oracle is not certain of it. */
static int64_t raw_soc(const struct oracle *o)
{
    int64_t sum = 0, weights = 0;
    bool by_count = false;

    for (unsigned i = 0; i < o->site->clusters; i++)
        by_count |= o->cluster[i].counted && o->cluster[i].last.mAh <= 0;

    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct watched *c = &o->cluster[i];
        int64_t weight = by_count ? c->last.modules : c->last.mAh;

        if (!c->counted)
            continue;
        if (oracle_doubts(o, i, SIG_SOC) || c->last.murky || !c->told[SIG_SOC].known)
            return -1;
        sum += c->told[SIG_SOC].value * weight;
        weights += weight;
    }
    return weights ? rounded(sum, weights) : -1;
}

/* "At most 1 % in 10 s up and 1 % a second down when membership changes; below 15 % or with a
 * discharge stop it is not smoothed; a cluster's own recalibration passes through." */
bool check_soc(struct play *p, unsigned members)
{
    struct oracle *o = &p->oracle;
    const struct signals *s = hub_of(p);
    mono_us dt = o->now - o->soc_at;
    int64_t raw = raw_soc(o), is = value(s, SIG_SOC), was = o->soc_published;
    int64_t up = (int64_t)(dt / 100000) + 2, down = (int64_t)(dt / 10000) + 2;
    int64_t moved = members == o->members ? raw - o->soc_raw : 0;
    bool known = o->soc_known && raw >= 0 && o->soc_raw >= 0 && p->before.started_up;

    if (raw >= 0 && !signal_known(s, SIG_SOC))
        return violated(p, 9, "SOC is not known");
    o->soc_known = signal_known(s, SIG_SOC);
    o->soc_published = is;
    o->soc_raw = raw;
    o->soc_at = o->now;
    /* At its end it is cut off, and what is cut off is not seen. */
    known = known && is > 0 && is < 10000 && was > 0 && was < 10000;
    if (!known || raw < 1500 || s->value[SIG_DCL_STAGE + 3] == 0 || dt > MONO_S(60))
        return true;
    p->tally->smoothed += is != raw;
    if (is - was > moved + up || is - was < moved - down)
        return violated(p, 9, "SOC steps from %lld to %lld in %llu ms (the clusters say %lld)",
                        (long long)was, (long long)is, (unsigned long long)(dt / 1000),
                        (long long)raw);
    return true;
}

/* ---- 3: latches ---- */

static unsigned stored_latches(const struct play *p, unsigned place)
{
    for (unsigned i = 0; i < p->store.used; i++)
        if (p->store.slot[i].kind == RECORD_LATCHES && p->store.slot[i].place == place)
            return (unsigned)p->store.slot[i].value;
    return 0;
}

/* place: 0 the hub, 1.. a cluster. */
static bool check_latches_at(struct play *p, unsigned place)
{
    const struct snapshot *snap = hub_snapshot(p->hub);
    const struct battery *b = place ? &snap->cluster[place - 1] : &snap->hub;
    struct latched *l = &p->oracle.latched[place];
    unsigned latches = (unsigned)b->s.value[SIG_LATCHES];

    if (!l->reset && l->latches & ~latches)
        return violated(p, 3, "place %u: latches fall from %X to %X", place, l->latches, latches);
    l->latches = latches;
    if (latches & ~(unsigned)b->s.value[SIG_LATCHES_UNSAVED] & ~stored_latches(p, place))
        return violated(p, 3, "place %u: latches %X are said to be saved, the store has %X", place,
                        latches & ~(unsigned)b->s.value[SIG_LATCHES_UNSAVED],
                        stored_latches(p, place));
    for (unsigned t = 0; t < TIER_COUNT; t++) {
        if (!l->reset && l->alarm[t] & ~b->a.latched[t])
            return violated(p, 3, "place %u: latched alarms of tier %u fall from %llX to %llX",
                            place, t, (unsigned long long)l->alarm[t],
                            (unsigned long long)b->a.latched[t]);
        if (b->a.active[t] & ~b->a.latched[t])
            if (place || t != TIER_PROTECTION ||
                b->a.active[t] & ~b->a.latched[t] & ~ALARM_BIT(GENERAL))
                return violated(p, 3, "place %u: an alarm of tier %u is not latched", place, t);
        l->alarm[t] = b->a.latched[t];
        p->tally->latched += latches != 0;
    }
    l->reset = false;
    return true;
}

bool check_latches(struct play *p)
{
    for (unsigned place = 0; place <= p->oracle.site->clusters; place++)
        if (!check_latches_at(p, place))
            return false;
    return true;
}

/* ---- 6: unknown ---- */

/* A silent cluster has no values: never the last good ones without a mark. */
static bool check_silent(struct play *p, unsigned i)
{
    const struct signals *s = &hub_snapshot(p->hub)->cluster[i].s;

    if (value(s, SIG_STATE) != CLUSTER_STALE && value(s, SIG_STATE) != CLUSTER_ABSENT)
        return true;
    for (enum signal sig = 0; sig < SIG_STATE; sig++)
        if (signal_known(s, sig) && sig != SIG_MODULES_ACTIVE)
            return violated(p, 6, "cluster %u is silent and says %s %lld", i + 1,
                            signal_info[sig].name, (long long)value(s, sig));
    return true;
}

/* Signals that the hub makes of what it was told. */
static bool is_made(enum signal sig)
{
    return sig == SIG_POWER || sig == SIG_CAPACITY || sig == SIG_MODULES_ACTIVE;
}

/* A limit that jumps, or that no battery of this kind can have, is held or invalid: never more than
 * was told. A voltage limit like that may be any that was told before. */
static bool may_differ(const struct oracle *o, unsigned i, enum signal sig, int64_t is)
{
    const struct told *t = &o->cluster[i].told[sig];

    if (sig == SIG_CHARGE_CURRENT_LIMIT || sig == SIG_DISCHARGE_CURRENT_LIMIT)
        return is < t->value;
    if (sig == SIG_CHARGE_VOLTAGE_LIMIT)
        return t->value > o->maker->cvl_max * 5 / 4;
    if (sig == SIG_DISCHARGE_VOLTAGE_LIMIT)
        return t->value <= o->maker->cvl_max / 10 || t->value > o->maker->cvl_max * 5 / 4;
    return false;
}

/* A voltage, or a voltage limit, where no battery of this kind is. */
static bool cannot_be(const struct oracle *o, unsigned i)
{
    static const enum signal sigs[] = {SIG_VOLTAGE, SIG_CHARGE_VOLTAGE_LIMIT,
                                       SIG_DISCHARGE_VOLTAGE_LIMIT};

    for (unsigned k = 0; k < 3; k++) {
        const struct told *t = &o->cluster[i].told[sigs[k]];

        if (oracle_doubts(o, i, sigs[k]) || (t->known && (t->value < o->maker->dvl_floor / 2 ||
                                                          t->value > o->maker->cvl_max * 5 / 4)))
            return true;
    }
    return false;
}

static bool check_told(struct play *p, unsigned i, enum signal sig)
{
    const struct oracle *o = &p->oracle;
    const struct signals *s = &hub_snapshot(p->hub)->cluster[i].s;
    const struct told *t = &o->cluster[i].told[sig];

    if (!signal_known(s, sig) || is_made(sig))
        return true;
    if (oracle_doubts(o, i, sig))
        return value(s, sig) >= signal_info[sig].lo && value(s, sig) <= signal_info[sig].hi
                   ? true
                   : violated(p, 6, "cluster %u: %s is %lld", i + 1, signal_info[sig].name,
                              (long long)value(s, sig));
    if (cannot_be(o, i) && value(s, sig) == 0 &&
        (sig == SIG_CHARGE_CURRENT_LIMIT || sig == SIG_DISCHARGE_CURRENT_LIMIT))
        return true; /* invalid beside a voltage that cannot be */
    if (!t->known)
        return violated(p, 6, "cluster %u: nobody told %s, it is said to be %lld", i + 1,
                        signal_info[sig].name, (long long)value(s, sig));
    if (value(s, sig) != t->value && !may_differ(o, i, sig, value(s, sig)))
        return violated(p, 6, "cluster %u: %s %lld is not what was told: %lld", i + 1,
                        signal_info[sig].name, (long long)value(s, sig), (long long)t->value);
    if (o->now - t->at >= MONO_S(30))
        return violated(p, 6, "cluster %u: %s is %llu s old", i + 1, signal_info[sig].name,
                        (unsigned long long)((o->now - t->at) / 1000000));
    return true;
}

/* The hub knows only what a counted cluster told. */
static bool check_hub_knows(struct play *p, enum signal sig, enum signal from, enum signal alt)
{
    const struct oracle *o = &p->oracle;

    if (!signal_known(hub_of(p), sig))
        return true;
    for (unsigned i = 0; i < o->site->clusters; i++)
        if (o->cluster[i].counted &&
            (o->cluster[i].told[from].ever || o->cluster[i].told[alt].ever))
            return true;
    return violated(p, 6, "the hub says %s %lld, no counted cluster ever did",
                    signal_info[sig].name, (long long)value(hub_of(p), sig));
}

bool check_unknown(struct play *p)
{
    static const enum signal taken[] = {SIG_SOC,        SIG_SOH,      SIG_TEMP,
                                        SIG_CELL_MAX,   SIG_CELL_MIN, SIG_FORCE_CHARGE_I,
                                        SIG_FULL_CHARGE};
    const struct signals *s = hub_of(p);

    for (unsigned i = 0; i < p->oracle.site->clusters; i++) {
        if (!check_silent(p, i))
            return false;
        for (enum signal sig = 0; sig < SIG_STATE; sig++)
            if (!check_told(p, i, sig))
                return false;
    }
    for (unsigned k = 0; k < sizeof(taken) / sizeof(taken[0]); k++)
        if (!check_hub_knows(p, taken[k], taken[k], taken[k]))
            return false;
    if (!check_hub_knows(p, SIG_TEMP_MAX, SIG_TEMP_MAX, SIG_TEMP) ||
        !check_hub_knows(p, SIG_TEMP_MIN, SIG_TEMP_MIN, SIG_TEMP))
        return false;
    for (enum signal sig = 0; sig < SIG_STATE; sig++)
        if (signal_known(s, sig) && sig != SIG_CAPACITY && sig != SIG_CAPACITY_LEFT &&
            sig != SIG_POWER &&
            (value(s, sig) < signal_info[sig].lo * (signal_info[sig].lo < 0 ? 5 : 1) ||
             value(s, sig) > signal_info[sig].hi * 5))
            return violated(p, 6, "hub: %s is %lld", signal_info[sig].name,
                            (long long)value(s, sig));
    return true;
}

/* ---- 13: set-points ---- */

static bool check_set_point(struct play *p, const struct set_point_told *sp, enum signal sig,
                            enum signal left, unsigned row)
{
    const struct signals *s = hub_of(p);
    bool stands = p->oracle.now < sp->until;
    int64_t owner = value(s, (enum signal)(SIG_ORDER_OWNER + row));

    if (signal_known(s, sig) != stands)
        return violated(p, 13, "%s %s", signal_info[sig].name, stands ? "is not shown" : "stays");
    if (owner != (stands ? sp->owner : OWNER_NOBODY))
        return violated(p, 13, "%s belongs to %lld", signal_info[sig].name, (long long)owner);
    if (stands && value(s, sig) != sp->value)
        return violated(p, 13, "%s is %lld", signal_info[sig].name, (long long)value(s, sig));
    if (value(s, left) != (stands ? (int64_t)((sp->until - p->oracle.now) / 1000) : 0))
        return violated(p, 13, "%s is %lld", signal_info[left].name, (long long)value(s, left));
    return true;
}

bool check_set_points(struct play *p)
{
    const struct oracle *o = &p->oracle;

    return check_set_point(p, &o->set_ccl, SIG_SETPOINT_CCL, SIG_SETPOINT_CCL_LEFT, ROW_SET_CCL) &&
           check_set_point(p, &o->set_dcl, SIG_SETPOINT_DCL, SIG_SETPOINT_DCL_LEFT, ROW_SET_DCL) &&
           check_set_point(p, &o->set_cvl, SIG_SETPOINT_CVL, SIG_SETPOINT_CVL_LEFT, ROW_SET_CVL);
}

/* ---- 11: the twin ---- */

static bool same_signals(struct play *p, const struct signals *a, const struct signals *b,
                         const char *what)
{
    if (memcmp(a->known, b->known, sizeof(a->known)) != 0)
        return violated(p, 11, "%s: other signals are known at another time", what);
    for (enum signal sig = 0; sig < SIG_COUNT; sig++)
        if (signal_known(a, sig) && a->value[sig] != b->value[sig])
            return violated(p, 11, "%s: signal %u is %lld, and %lld at another time", what, sig,
                            (long long)a->value[sig], (long long)b->value[sig]);
    return true;
}

static bool same_battery(struct play *p, const struct battery *a, const struct battery *b,
                         const char *what)
{
    if (memcmp(a->a.active, b->a.active, sizeof(a->a.active)) != 0 ||
        memcmp(a->a.latched, b->a.latched, sizeof(a->a.latched)) != 0)
        return violated(p, 11, "%s: other alarms at another time", what);
    return same_signals(p, &a->s, &b->s, what);
}

bool check_twin(struct play *p)
{
    const struct snapshot *a = hub_snapshot(p->hub), *b = hub_snapshot(p->twin);

    if (a->at + p->shift != b->at)
        return violated(p, 11, "the twin did not run");
    if (!same_battery(p, &a->hub, &b->hub, "hub"))
        return false;
    for (unsigned i = 0; i < p->oracle.site->clusters; i++)
        if (!same_battery(p, &a->cluster[i], &b->cluster[i], "cluster"))
            return false;
    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        if (!same_battery(p, &a->inverter[i], &b->inverter[i], "inverter"))
            return false;
    return true;
}
