#include "core/shares.h"

#define FILTER MONO_S(30)
#define ALL INT64_C(1000000000)
/* Less than this a cluster is no current (core/open.h): it tells noise, not shares. */
#define SEEN_mA 2000

static bool is_member(const struct part *p)
{
    return p->joined || p->ghost;
}

static int64_t sum_of(const struct shares *s, unsigned members)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < MAX_CLUSTERS; i++)
        if (members >> i & 1)
            sum += s->ppb[i];
    return sum;
}

/* A newcomer begins with its share by capacity; what is known of the others among themselves
 * stays. */
static void add_member(struct shares *s, const struct part *parts, unsigned n, unsigned i)
{
    int64_t others = 0, all;

    for (unsigned k = 0; k < n; k++)
        if (s->members >> k & 1)
            others += parts[k].capacity_mAh;
    all = others + parts[i].capacity_mAh;
    for (unsigned k = 0; k < n && all > 0; k++)
        s->ppb[k] = s->ppb[k] * others / all;
    s->ppb[i] = all > 0 ? ALL * parts[i].capacity_mAh / all : 0;
    s->members |= 1u << i;
}

/* Joined clusters and ghosts have a share, and all shares together are one. */
static void settle_members(struct shares *s, const struct part *parts, unsigned n)
{
    unsigned members = 0;
    int64_t sum;

    for (unsigned i = 0; i < n; i++)
        members |= (unsigned)is_member(&parts[i]) << i;
    if (members == s->members)
        return;
    s->members &= members;
    sum = sum_of(s, s->members);
    if (sum == 0)
        s->members = 0; /* nothing is left to keep: begin anew */
    for (unsigned i = 0; i < n; i++)
        s->ppb[i] = s->members >> i & 1 ? s->ppb[i] * ALL / sum : 0;
    for (unsigned i = 0; i < n; i++)
        if ((members & ~s->members) >> i & 1)
            add_member(s, parts, n, i);
}

static int64_t current_of(const struct part *p, enum direction direction)
{
    int64_t mA = signal_or(&p->b->s, SIG_CURRENT, 0);

    return direction == CHARGE ? mA : -mA;
}

/* What the joined clusters carry in this direction, and how many they are; 0 when the current of
 * one is not known or flows the other way. */
static int64_t current_seen(const struct part *parts, unsigned n, enum direction direction,
                            unsigned *joined)
{
    int64_t sum = 0;

    *joined = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!parts[i].joined)
            continue;
        if (!signal_known(&parts[i].b->s, SIG_CURRENT) || current_of(&parts[i], direction) < 0)
            return 0;
        sum += current_of(&parts[i], direction);
        (*joined)++;
    }
    return sum;
}

static bool any_ghost(const struct part *parts, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (parts[i].ghost)
            return true;
    return false;
}

/* First order: a step of dt takes dt / 30 s of the way. 2e9 x 1e6 us stay inside 64 bits. */
static void filter(struct shares *s, const struct part *parts, unsigned n, enum direction direction,
                   int64_t current, mono_us dt)
{
    int64_t seen = 0; /* what those that can be seen share */

    for (unsigned i = 0; i < n; i++)
        seen += parts[i].joined ? s->ppb[i] : 0;
    for (unsigned i = 0; i < n; i++)
        if (parts[i].joined) {
            int64_t target = current_of(&parts[i], direction) * seen / current;

            s->ppb[i] += (target - s->ppb[i]) * (int64_t)dt / (int64_t)FILTER;
        }
}

/* While a ghost may carry current unseen, shares in use stay in use: that less is seen since it
 * fell silent must not raise a limit. */
void shares_run(struct shares *s, const struct part *parts, unsigned n, enum direction direction,
                int64_t limit, mono_us dt)
{
    unsigned joined;
    int64_t current = current_seen(parts, n, direction, &joined);
    bool enough = current * 10 > limit && current > (int64_t)joined * SEEN_mA;

    settle_members(s, parts, n);
    s->used = enough || (s->used && any_ghost(parts, n));
    if (enough)
        filter(s, parts, n, direction, current, dt);
}
