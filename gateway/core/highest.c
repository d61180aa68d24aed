#include "core/highest.h"

#include <assert.h>
#include <string.h>

static void drop_old(struct highest *h, mono_us window, mono_us now)
{
    unsigned old = 0;

    while (old < h->n && now >= h->step[old].until + window)
        old++;
    h->n -= old;
    memmove(h->step, h->step + old, h->n * sizeof(h->step[0]));
}

/* The newest step ended too soon after the one before it to be kept. All others lie a hundredth of
 * the window apart, and less than a window: no more than HIGHEST_STEPS of them. */
static bool too_short(const struct highest *h, mono_us window)
{
    return h->n > 1 && h->step[h->n - 1].until - h->step[h->n - 2].until < window / HIGHEST_STEPS;
}

void highest_note(struct highest *h, int64_t value, mono_us window, mono_us now)
{
    highest_pause(h, now);
    drop_old(h, window, now);
    while (h->n && h->step[h->n - 1].value <= value)
        h->n--;
    if (too_short(h, window))
        h->n--;
    assert(h->n <= HIGHEST_STEPS);
    h->step[h->n++] = (struct highest_step){value, now};
    h->told = true;
}

void highest_pause(struct highest *h, mono_us now)
{
    if (h->told)
        h->step[h->n - 1].until = now;
    h->told = false;
}

int64_t highest_value(const struct highest *h)
{
    return h->n ? h->step[0].value : 0;
}

mono_us highest_due(const struct highest *h, mono_us window)
{
    return h->n > 1 ? h->step[0].until + window : MONO_NEVER;
}
