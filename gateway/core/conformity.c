#include "core/conformity.h"

#include <stddef.h>

#define SOC_FAR 1000 /* 10 %: not conform ... */
#define SOC_NEAR 500 /* ... until back within 5 % for 30 s */
#define SOC_NEAR_FOR MONO_S(30)
#define VOLTAGE_FAR 2000 /* mV: the manual's highest difference before paralleling */

/* Some of the clusters. */
struct group {
    const struct part *part;
    unsigned n;
    unsigned members; /* bit i: part[i] */
};

static bool has(const struct group *g, unsigned i)
{
    return g->members >> i & 1;
}

/* Mean of a signal over the members that know it; false when nobody does. */
static bool mean_of(const struct group *g, enum signal sig, int64_t *mean)
{
    int64_t sum = 0, known = 0;

    for (unsigned i = 0; i < g->n; i++)
        if (has(g, i) && signal_known(&g->part[i].b->s, sig)) {
            sum += g->part[i].b->s.value[sig];
            known++;
        }
    if (known)
        *mean = divide(sum, known, NEAREST);
    return known > 0;
}

/* From the mean of the group; -1: not known. */
static int64_t distance(const struct part *p, const struct group *g, enum signal sig)
{
    int64_t mean, d;

    if (!signal_known(&p->b->s, sig) || !mean_of(g, sig, &mean))
        return -1;
    d = p->b->s.value[sig] - mean;
    return d < 0 ? -d : d;
}

/* How many of the group are like this cluster and how many are not; who does not tell is neither.
 */
struct likeness {
    unsigned same, other;
};

static struct likeness count_likeness(const struct part *p, const struct group *g)
{
    struct likeness l = {0, 0};

    for (unsigned i = 0; i < g->n; i++)
        if (has(g, i) && g->part[i].modules == p->modules)
            l.same++;
        else if (has(g, i))
            l.other++;
    return l;
}

static struct likeness firmware_likeness(const struct part *p, const struct group *g)
{
    const struct signals *mine = &p->b->s;
    struct likeness l = {0, 0};

    for (unsigned i = 0; i < g->n && signal_known(mine, SIG_FIRMWARE); i++) {
        const struct signals *other = &g->part[i].b->s;

        if (!has(g, i) || !signal_known(other, SIG_FIRMWARE))
            continue;
        if (other->value[SIG_FIRMWARE] == mine->value[SIG_FIRMWARE])
            l.same++;
        else
            l.other++;
    }
    return l;
}

/* ---- the reference ---- */

/* From the lowest to the highest of the members that know it. */
static int64_t spread(const struct group *g, enum signal sig)
{
    int64_t lowest = INT64_MAX, highest = INT64_MIN;

    for (unsigned i = 0; i < g->n; i++) {
        const struct signals *s = &g->part[i].b->s;

        if (!has(g, i) || !signal_known(s, sig))
            continue;
        lowest = s->value[sig] < lowest ? s->value[sig] : lowest;
        highest = s->value[sig] > highest ? s->value[sig] : highest;
    }
    return highest > lowest ? highest - lowest : 0;
}

/* Any two of them may be paralleled: the manual's 2 V are between two, and the mean of two that are
 * 4 V apart is 2 V from each. */
static bool coherent(const struct group *g)
{
    if (spread(g, SIG_VOLTAGE) > VOLTAGE_FAR || spread(g, SIG_SOC) > SOC_FAR)
        return false;
    for (unsigned i = 0; i < g->n; i++) {
        const struct part *p = &g->part[i];

        if (has(g, i) && (count_likeness(p, g).other || firmware_likeness(p, g).other))
            return false;
    }
    return true;
}

static unsigned size(const struct group *g, bool joined_only)
{
    unsigned members = 0;

    for (unsigned i = 0; i < g->n; i++)
        members += has(g, i) && (g->part[i].joined || !joined_only);
    return members;
}

/* More members; else more that are counted already; else the lower voltage, which is what the bus
 * falls to when they are paralleled. */
static bool better(const struct group *a, const struct group *b)
{
    int64_t a_mV = INT64_MAX, b_mV = INT64_MAX;

    if (size(a, false) != size(b, false))
        return size(a, false) > size(b, false);
    if (size(a, true) != size(b, true))
        return size(a, true) > size(b, true);
    mean_of(a, SIG_VOLTAGE, &a_mV);
    mean_of(b, SIG_VOLTAGE, &b_mV);
    return a_mV < b_mV;
}

/* At most 31 groups. */
static struct group largest_coherent(const struct part *parts, unsigned n, unsigned from)
{
    struct group best = {parts, n, 0};

    for (unsigned set = 1; set < 1u << n; set++) {
        struct group g = {parts, n, set};

        if (!(set & ~from) && coherent(&g) && better(&g, &best))
            best = g;
    }
    return best;
}

static struct group reference(const struct part *parts, const bool *candidate, bool settled,
                              unsigned n)
{
    struct group joined = {parts, n, 0};
    unsigned all = 0;

    for (unsigned i = 0; i < n; i++) {
        joined.members |= (unsigned)parts[i].joined << i;
        all |= (unsigned)(parts[i].joined || candidate[i]) << i;
    }
    if (settled && joined.members)
        return joined;
    return largest_coherent(parts, n, all);
}

/* ---- judging ---- */

/* A cluster that is counted is told of any that differs. One that wants in is refused when more
 * differ than agree: the joined ones may differ among themselves (a module that is out makes
 * another count), and nobody could be like all of them. */
static bool differs(const struct part *p, struct likeness l)
{
    return p->joined ? l.other > 0 : l.other > l.same;
}

static bool too_old(const struct part *p)
{
    return signal_or(&p->b->s, SIG_FIRMWARE, UINT16_MAX) < p->profile->firmware_min;
}

static bool soc_is_far(struct conformity *c, int64_t d, mono_us now)
{
    if (d > SOC_FAR)
        c->soc_far = true;
    if (!c->soc_far || d < 0 || d > SOC_NEAR)
        c->good_since = 0;
    else if (!c->good_since)
        c->good_since = now;
    if (c->good_since && now >= c->good_since + SOC_NEAR_FOR) {
        c->soc_far = false;
        c->good_since = 0;
    }
    return c->soc_far;
}

static unsigned judge(struct conformity *c, const struct part *p, const struct group *ref,
                      mono_us now)
{
    unsigned bits = 0;

    bits |= differs(p, count_likeness(p, ref)) ? CONFORMITY_COUNT : 0;
    bits |= too_old(p) || differs(p, firmware_likeness(p, ref)) ? CONFORMITY_FIRMWARE : 0;
    bits |= soc_is_far(c, distance(p, ref, SIG_SOC), now) ? CONFORMITY_SOC : 0;
    bits |= distance(p, ref, SIG_VOLTAGE) > VOLTAGE_FAR ? CONFORMITY_VOLTAGE : 0;
    return bits;
}

void conformity_run(struct conformity *c, const struct part *parts, const bool *candidate,
                    bool settled, unsigned n, mono_us now)
{
    struct group ref = reference(parts, candidate, settled, n);

    for (unsigned i = 0; i < n; i++) {
        if (parts[i].joined || candidate[i]) {
            c[i].bits = judge(&c[i], &parts[i], &ref, now);
        } else {
            c[i].bits = 0;
            c[i].good_since = 0; /* the half minute is seen in one piece */
        }
    }
}

enum reason conformity_reason(unsigned bits)
{
    if (bits & CONFORMITY_VOLTAGE)
        return REASON_GUARD_VOLTAGE;
    if (bits & CONFORMITY_COUNT)
        return REASON_GUARD_COUNT;
    if (bits & CONFORMITY_FIRMWARE)
        return REASON_GUARD_FIRMWARE;
    return bits & CONFORMITY_SOC ? REASON_GUARD_SOC : REASON_NONE;
}

mono_us conformity_due(const struct conformity *c)
{
    return c->good_since ? c->good_since + SOC_NEAR_FOR : MONO_NEVER;
}
