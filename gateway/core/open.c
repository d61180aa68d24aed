#include "core/open.h"

#include "core/limits.h"

#define LEAST_mA 2000       /* sensors show as much without any current */
#define LEAST_OF_RATING 200 /* 0.5 % */
#define BUSY_OF_RATING 10   /* 10 % */
#define IDLE_FOR MONO_S(60)

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

int64_t open_threshold(const struct part *p)
{
    int64_t part = part_rating(p) / LEAST_OF_RATING;

    return part > LEAST_mA ? part : LEAST_mA;
}

/* The other joined clusters carry more than 10 % of what they are rated for: this one would carry
 * its share if it were on the bus bar. */
static bool others_work(const struct part *parts, unsigned n, unsigned i)
{
    int64_t current = 0, rating = 0;

    for (unsigned k = 0; k < n; k++) {
        if (k == i || !parts[k].joined)
            continue;
        current += magnitude(signal_or(&parts[k].b->s, SIG_CURRENT, 0));
        rating += part_rating(&parts[k]);
    }
    return current * BUSY_OF_RATING > rating;
}

/* A full battery whose BMS blocks charging alone carries nothing while the others charge, and is on
 * the bus bar all the same: its switch for discharging is closed. One that blocks both ways may be
 * open. */
static bool blocks_one_way(const struct part *parts, unsigned n, unsigned i)
{
    int64_t current = 0;
    enum direction way;

    for (unsigned k = 0; k < n; k++)
        if (k != i && parts[k].joined)
            current += signal_or(&parts[k].b->s, SIG_CURRENT, 0);
    way = current > 0 ? CHARGE : DISCHARGE;
    return limit_of_cluster(&parts[i], way).value == 0 &&
           limit_of_cluster(&parts[i], BOTH ^ way).value > 0;
}

/* What the flag of its BMS says. Data that ran out with the flag open leave it the last word;
 * fresh data without a fresh flag do not. */
static void read_flag(struct open_memory *mem, const struct signals *s, bool fresh, mono_us now)
{
    bool says =
        signal_known(s, SIG_CONNECTED) && mono_since(now, s->at[SIG_CONNECTED]) < DATUM_LIFE;
    bool open = says && !s->value[SIG_CONNECTED];

    mem->flag_open = open;
    mem->flag_until = open ? s->at[SIG_CONNECTED] + DATUM_LIFE : 0;
    if (says || fresh)
        mem->word_open = open;
}

static void see_current(struct open_memory *mem, const struct open_input *in)
{
    mem->carried = true;
    mem->idled = mem->flag_open = mem->word_open = false;
    mem->contradicted = mem->contradicted || in->isolated;
}

/* Gathers the minute without current. */
static void gather(struct open_memory *mem, bool idle, mono_us now)
{
    if (!idle || mem->idled)
        mem->idle_since = 0;
    else if (!mem->idle_since)
        mem->idle_since = now;
    else if (now >= mem->idle_since + IDLE_FOR) {
        mem->idled = true;
        mem->idle_since = 0;
    }
}

void open_run(struct open_memory *mem, const struct open_input *in, const struct part *parts,
              unsigned n, unsigned i, mono_us now)
{
    const struct part *p = &parts[i];
    const struct signals *s = &p->b->s;
    bool looked = in->fresh && signal_known(s, SIG_CURRENT);
    bool current = looked && magnitude(s->value[SIG_CURRENT]) >= open_threshold(p);
    bool told;

    mem->contradicted = mem->contradicted && in->isolated;
    read_flag(mem, s, in->fresh, now);
    if (current)
        see_current(mem, in);
    told = in->contactor || mem->word_open || (in->isolated && !mem->contradicted);
    if (mem->told && !told) {
        mem->idled = false;
        mem->idle_since = 0;
    }
    mem->told = told;
    gather(mem, looked && !current && others_work(parts, n, i) && !blocks_one_way(parts, n, i),
           now);
    mem->proven = told || mem->idled;
    mem->by_current = mem->idled && !told;
}

void open_restore(struct open_memory *mem)
{
    mem->proven = mem->by_current = mem->idled = true;
}

mono_us open_due(const struct open_memory *mem)
{
    mono_us due = mem->flag_until ? mem->flag_until : MONO_NEVER;

    return mem->idle_since ? mono_min(due, mem->idle_since + IDLE_FOR) : due;
}
