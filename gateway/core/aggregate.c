#include "core/aggregate.h"

#include <stddef.h>

/* Everything a fold needs to see of one signal. */
struct fold {
    int64_t sum, weight; /* sum of value x weight, sum of weights */
    unsigned parts;      /* joined parts that know it */
    mono_us oldest;
};

static int64_t fresh_count(const struct battery *b, enum signal sig, mono_us now)
{
    return mono_since(now, b->s.at[sig]) < DATUM_LIFE ? signal_or(&b->s, sig, 0) : 0;
}

unsigned part_modules(const struct battery *b, unsigned configured, unsigned most, mono_us now)
{
    int64_t online = fresh_count(b, SIG_MODULES_ONLINE, now);
    int64_t offline = fresh_count(b, SIG_MODULES_OFFLINE, now);
    int64_t told = online > 0 || offline > 0 ? online : fresh_count(b, SIG_MODULES, now);

    if (told > (int64_t)most || (told == 0 && offline == 0))
        return configured;
    return (unsigned)told;
}

bool module_visible(const struct part *p, unsigned m, mono_us now)
{
    if (!p->module)
        return false;
    for (unsigned sig = 0; sig < SIG_COUNT; sig++)
        if (signal_known(&p->module[m].s, (enum signal)sig) &&
            mono_since(now, p->module[m].s.at[sig]) < DATUM_LIFE)
            return true;
    return false;
}

int64_t part_rating(const struct part *p)
{
    int64_t ccl = p->profile->module_ccl_mA, dcl = p->profile->module_dcl_mA;

    return (ccl > dcl ? ccl : dcl) * p->modules;
}

static bool usable(const struct part *p, enum signal sig, mono_us now)
{
    return p->joined && signal_known(&p->b->s, sig) &&
           mono_since(now, p->b->s.at[sig]) < DATUM_LIFE;
}

static struct fold fold(const struct part *parts, unsigned n, enum signal sig, mono_us now,
                        int64_t (*weight)(const struct part *))
{
    struct fold f = {.oldest = MONO_NEVER};

    for (unsigned i = 0; i < n; i++) {
        int64_t w = weight(&parts[i]);

        if (!usable(&parts[i], sig, now))
            continue;
        f.sum += parts[i].b->s.value[sig] * w;
        f.weight += w;
        f.parts++;
        f.oldest = mono_min(f.oldest, parts[i].b->s.at[sig]);
    }
    return f;
}

static int64_t one(const struct part *p)
{
    (void)p;
    return 1;
}

static int64_t by_capacity(const struct part *p)
{
    return p->capacity_mAh;
}

static int64_t by_modules(const struct part *p)
{
    return p->modules;
}

static unsigned count_joined(const struct part *parts, unsigned n)
{
    unsigned joined = 0;

    for (unsigned i = 0; i < n; i++)
        joined += parts[i].joined;
    return joined;
}

/* A mean over the joined parts that know the signal. */
static void mean(struct battery *hub, const struct part *parts, unsigned n, enum signal sig,
                 mono_us now, int64_t (*weight)(const struct part *))
{
    struct fold f = fold(parts, n, sig, now, weight);

    if (f.weight > 0)
        signal_set(&hub->s, sig, divide(f.sum, f.weight, NEAREST), f.oldest);
    else
        signal_forget(&hub->s, sig);
}

/* A sum is known only when every joined part knows its share of it. */
static void sum(struct battery *hub, const struct part *parts, unsigned n, enum signal sig,
                mono_us now)
{
    struct fold f = fold(parts, n, sig, now, one);

    if (f.parts && f.parts == count_joined(parts, n))
        signal_set(&hub->s, sig, f.sum, f.oldest);
    else
        signal_forget(&hub->s, sig);
}

static void any(struct battery *hub, const struct part *parts, unsigned n, enum signal sig,
                mono_us now)
{
    struct fold f = fold(parts, n, sig, now, one);

    if (f.parts)
        signal_set(&hub->s, sig, f.sum > 0, f.oldest);
    else
        signal_forget(&hub->s, sig);
}

/* Signals that go with an extreme: who has it. SIG_COUNT: the hub has no such signal. */
struct extreme {
    enum signal to;        /* of the hub */
    enum signal from, alt; /* of a cluster; alt when it does not tell from */
    int sign;              /* +1 highest, -1 lowest */
    enum signal cluster, module, cell;
    enum text id_from;
};

static const struct extreme extremes[] = {
    {SIG_VOLTAGE_MAX, SIG_VOLTAGE,  SIG_VOLTAGE,  1,  SIG_VOLTAGE_MAX_CLUSTER, SIG_COUNT,           SIG_COUNT,
     TEXT_COUNT                                                                                                                },
    {SIG_VOLTAGE_MIN, SIG_VOLTAGE,  SIG_VOLTAGE,  -1, SIG_VOLTAGE_MIN_CLUSTER, SIG_COUNT,           SIG_COUNT,
     TEXT_COUNT                                                                                                                },
    {SIG_CELL_MAX,    SIG_CELL_MAX, SIG_CELL_MAX, 1,  SIG_CELL_MAX_CLUSTER,    SIG_CELL_MAX_MODULE,
     SIG_CELL_MAX_CELL,                                                                                        TEXT_CELL_MAX_ID},
    {SIG_CELL_MIN,    SIG_CELL_MIN, SIG_CELL_MIN, -1, SIG_CELL_MIN_CLUSTER,    SIG_CELL_MIN_MODULE,
     SIG_CELL_MIN_CELL,                                                                                        TEXT_CELL_MIN_ID},
 /* A battery that tells one temperature tells the mean: it stands for both ends. */
    {SIG_TEMP_MAX,    SIG_TEMP_MAX, SIG_TEMP,     1,  SIG_TEMP_MAX_CLUSTER,    SIG_TEMP_MAX_MODULE,
     SIG_TEMP_MAX_CELL,                                                                                        TEXT_TEMP_MAX_ID},
    {SIG_TEMP_MIN,    SIG_TEMP_MIN, SIG_TEMP,     -1, SIG_TEMP_MIN_CLUSTER,    SIG_TEMP_MIN_MODULE,
     SIG_TEMP_MIN_CELL,                                                                                        TEXT_TEMP_MIN_ID},
};

static void carry(struct battery *hub, const struct part *p, enum signal sig, mono_us now)
{
    if (sig == SIG_COUNT)
        return;
    if (usable(p, sig, now))
        signal_set(&hub->s, sig, p->b->s.value[sig], p->b->s.at[sig]);
    else
        signal_forget(&hub->s, sig);
}

static void forget_extreme(struct battery *hub, const struct extreme *e)
{
    signal_forget(&hub->s, e->to);
    signal_forget(&hub->s, e->cluster);
    if (e->module != SIG_COUNT)
        signal_forget(&hub->s, e->module);
    if (e->cell != SIG_COUNT)
        signal_forget(&hub->s, e->cell);
}

static void extreme(struct battery *hub, const struct part *parts, unsigned n,
                    const struct extreme *e, mono_us now)
{
    const struct part *best = NULL;
    enum signal best_sig = e->from;

    for (unsigned i = 0; i < n; i++) {
        enum signal sig = usable(&parts[i], e->from, now) ? e->from : e->alt;

        if (!usable(&parts[i], sig, now))
            continue;
        if (!best || (parts[i].b->s.value[sig] - best->b->s.value[best_sig]) * e->sign > 0) {
            best = &parts[i];
            best_sig = sig;
        }
    }
    if (!best) {
        forget_extreme(hub, e);
        return;
    }
    signal_set(&hub->s, e->to, best->b->s.value[best_sig], best->b->s.at[best_sig]);
    signal_set(&hub->s, e->cluster, best->number, best->b->s.at[best_sig]);
    carry(hub, best, e->module, now);
    carry(hub, best, e->cell, now);
    if (e->id_from != TEXT_COUNT)
        for (unsigned c = 0; c <= TEXT_MAX; c++)
            hub->t.value[e->id_from][c] = best->b->t.value[e->id_from][c];
}

/* Power is the sum of V x I of each cluster; mV x mA / 1,000,000 = W. */
static void power(struct battery *hub, const struct part *parts, unsigned n, mono_us now)
{
    int64_t uW = 0;
    mono_us oldest = MONO_NEVER;
    unsigned known = 0;

    for (unsigned i = 0; i < n; i++) {
        const struct signals *s = &parts[i].b->s;

        if (!usable(&parts[i], SIG_VOLTAGE, now) || !usable(&parts[i], SIG_CURRENT, now))
            continue;
        uW += s->value[SIG_VOLTAGE] * s->value[SIG_CURRENT];
        oldest = mono_min(oldest, mono_min(s->at[SIG_VOLTAGE], s->at[SIG_CURRENT]));
        known++;
    }
    if (known && known == count_joined(parts, n))
        signal_set(&hub->s, SIG_POWER, divide(uW, 1000000, NEAREST), oldest);
    else
        signal_forget(&hub->s, SIG_POWER);
}

/* Capacity, what is left of it, and that as energy at the present voltage. Left is what the
 * battery says, else capacity x SOC. */
static void capacity(struct battery *hub, const struct part *parts, unsigned n, mono_us now)
{
    int64_t all = 0, left = 0, energy = 0;
    unsigned known = 0;

    for (unsigned i = 0; i < n; i++) {
        const struct part *p = &parts[i];
        int64_t mine;

        if (!usable(p, SIG_SOC, now) || !usable(p, SIG_VOLTAGE, now))
            continue;
        mine = usable(p, SIG_CAPACITY_LEFT, now)
                   ? p->b->s.value[SIG_CAPACITY_LEFT]
                   : divide(p->capacity_mAh * p->b->s.value[SIG_SOC], 10000, NEAREST);
        all += p->capacity_mAh;
        left += mine;
        energy += divide(mine * p->b->s.value[SIG_VOLTAGE], 1000000, NEAREST);
        known++;
    }
    if (known && known == count_joined(parts, n)) {
        signal_set(&hub->s, SIG_CAPACITY, all, now);
        signal_set(&hub->s, SIG_CAPACITY_LEFT, left, now);
        signal_set(&hub->s, SIG_ENERGY_LEFT, energy, now);
    } else {
        signal_forget(&hub->s, SIG_CAPACITY);
        signal_forget(&hub->s, SIG_CAPACITY_LEFT);
        signal_forget(&hub->s, SIG_ENERGY_LEFT);
    }
}

/* By capacity; when one capacity is unknown, by module count for all. */
static int64_t (*soc_weight(const struct part *parts, unsigned n))(const struct part *)
{
    for (unsigned i = 0; i < n; i++)
        if (parts[i].joined && parts[i].capacity_mAh <= 0)
            return by_modules;
    return by_capacity;
}

static void module_counts(struct battery *hub, const struct part *parts, unsigned n, mono_us now)
{
    int64_t active = 0;

    for (unsigned i = 0; i < n; i++)
        if (parts[i].joined)
            active += parts[i].modules;
    signal_set(&hub->s, SIG_MODULES_ACTIVE, active, now);
    sum(hub, parts, n, SIG_MODULES_OFFLINE, now);
    sum(hub, parts, n, SIG_MODULES_NO_CHARGE, now);
    sum(hub, parts, n, SIG_MODULES_NO_DISCHARGE, now);
}

void aggregate(struct battery *hub, const struct part *parts, unsigned n, mono_us now)
{
    int64_t (*weight)(const struct part *) = soc_weight(parts, n);

    mean(hub, parts, n, SIG_VOLTAGE, now, one);
    sum(hub, parts, n, SIG_CURRENT, now);
    power(hub, parts, n, now);
    mean(hub, parts, n, SIG_SOC, now, weight);
    mean(hub, parts, n, SIG_SOH, now, weight);
    mean(hub, parts, n, SIG_TEMP, now, weight);
    capacity(hub, parts, n, now);
    for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++)
        extreme(hub, parts, n, &extremes[i], now);
    any(hub, parts, n, SIG_FORCE_CHARGE_I, now);
    any(hub, parts, n, SIG_FORCE_CHARGE_II, now);
    any(hub, parts, n, SIG_FULL_CHARGE, now);
    module_counts(hub, parts, n, now);
}
