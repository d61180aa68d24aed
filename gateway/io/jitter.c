#include "io/jitter.h"

#include <string.h>

#define FINE 16u /* steps to a doubling */

static unsigned step_of(mono_us value)
{
    unsigned doublings = 0, step;

    while (value >> doublings >= 2 * FINE)
        doublings++;
    step = FINE * doublings + (unsigned)(value >> doublings);
    return step < JITTER_STEPS ? step : JITTER_STEPS - 1;
}

/* The highest value of a step. */
static mono_us top_of(unsigned step)
{
    unsigned doublings = step < 2 * FINE ? 0 : step / FINE - 1;

    return (((mono_us)(step - FINE * doublings) + 1) << doublings) - 1;
}

void jitter_set_time(struct jitter *j, mono_us now)
{
    if (!j->until || now >= j->until + JITTER_PARTS * JITTER_PART) {
        memset(j, 0, sizeof(*j));
        j->until = now + JITTER_PART;
    }
    while (now >= j->until) {
        j->at = (j->at + 1) % JITTER_PARTS;
        memset(&j->part[j->at], 0, sizeof(j->part[j->at]));
        j->until += JITTER_PART;
    }
}

void jitter_put(struct jitter *j, mono_us now, mono_us value)
{
    struct jitter_part *p;

    jitter_set_time(j, now);
    p = &j->part[j->at];
    p->count[step_of(value)]++;
    p->n++;
    p->max = mono_max(p->max, value);
}

uint64_t jitter_count(const struct jitter *j)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < JITTER_PARTS; i++)
        n += j->part[i].n;
    return n;
}

mono_us jitter_max(const struct jitter *j)
{
    mono_us max = 0;

    for (unsigned i = 0; i < JITTER_PARTS; i++)
        max = mono_max(max, j->part[i].max);
    return max;
}

/* From the highest that is there down: the hundredth part may lie above. */
mono_us jitter_p99(const struct jitter *j)
{
    uint64_t above = 0, may = jitter_count(j) / 100;
    mono_us max = jitter_max(j);
    unsigned step = step_of(max) + 1;

    while (step--) {
        for (unsigned i = 0; i < JITTER_PARTS; i++)
            above += j->part[i].count[step];
        if (above > may)
            return mono_min(top_of(step), max);
    }
    return 0;
}
