#include "core/conformity.h"

#define SOC_FAR 1000 /* 10 %: not conform ... */
#define SOC_NEAR 500 /* ... until back within 5 % for 30 s */
#define SOC_NEAR_FOR MONO_S(30)
#define VOLTAGE_FAR 2000 /* mV: the manual's highest difference before paralleling */

/* Mean of a signal over the joined parts that know it; false when nobody does. */
static bool mean_of(const struct part *parts, unsigned n, enum signal sig, int64_t *mean)
{
    int64_t sum = 0, known = 0;

    for (unsigned i = 0; i < n; i++)
        if (parts[i].joined && signal_known(&parts[i].b->s, sig)) {
            sum += parts[i].b->s.value[sig];
            known++;
        }
    if (known)
        *mean = divide(sum, known, NEAREST);
    return known > 0;
}

static int64_t distance(const struct part *p, const struct part *parts, unsigned n, enum signal sig)
{
    int64_t mean, d;

    if (!signal_known(&p->b->s, sig) || !mean_of(parts, n, sig, &mean))
        return 0;
    d = p->b->s.value[sig] - mean;
    return d < 0 ? -d : d;
}

static bool counts_differ(const struct part *p, const struct part *parts, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (parts[i].joined && parts[i].modules != p->modules)
            return true;
    return false;
}

static bool firmware_differs(const struct part *p, const struct part *parts, unsigned n)
{
    const struct signals *mine = &p->b->s;

    for (unsigned i = 0; i < n; i++) {
        const struct signals *other = &parts[i].b->s;

        if (parts[i].joined && signal_known(mine, SIG_FIRMWARE) &&
            signal_known(other, SIG_FIRMWARE) &&
            other->value[SIG_FIRMWARE] != mine->value[SIG_FIRMWARE])
            return true;
    }
    return false;
}

static bool soc_is_far(struct conformity *c, int64_t d, mono_us now)
{
    if (d > SOC_FAR) {
        c->good_since = 0;
        return true;
    }
    if (d > SOC_NEAR || !(c->bits & CONFORMITY_SOC)) {
        c->good_since = 0;
        return c->bits & CONFORMITY_SOC;
    }
    if (!c->good_since)
        c->good_since = now;
    return now < c->good_since + SOC_NEAR_FOR;
}

void conformity_run(struct conformity *c, const struct part *parts, unsigned n, mono_us now)
{
    for (unsigned i = 0; i < n; i++) {
        const struct part *p = &parts[i];
        unsigned bits = 0;

        if (p->joined) {
            bits |= counts_differ(p, parts, n) ? CONFORMITY_COUNT : 0;
            bits |= firmware_differs(p, parts, n) ? CONFORMITY_FIRMWARE : 0;
            bits |= soc_is_far(&c[i], distance(p, parts, n, SIG_SOC), now) ? CONFORMITY_SOC : 0;
            bits |= distance(p, parts, n, SIG_VOLTAGE) > VOLTAGE_FAR ? CONFORMITY_VOLTAGE : 0;
        }
        c[i].bits = bits;
    }
}
