#include "core/disobey.h"

#include "base/num.h"

#define WINDOW MONO_S(3)
#define ALARM_AFTER MONO_S(10)
#define LATCH_AFTER MONO_S(60)
/* More than any battery carries, and eleven times of it still fits. */
#define ABSURD_mA INT64_C(1000000000000)

/* current > 1.1 x limit + 5 A, exactly. */
static bool exceeds(int64_t current_mA, int64_t limit_mA)
{
    return 10 * clamp64(current_mA, 0, ABSURD_mA) >
           11 * clamp64(limit_mA, 0, ABSURD_mA) + 10 * 5000;
}

/* What nobody saw is no disobedience, be the clusters silent or the process stalled: its time does
 * not run. */
static void take_current(struct disobey *d, bool known, bool over, mono_us now)
{
    if (known && d->unknown && d->since)
        d->since += mono_since(now, d->known_at);
    d->unknown = !known;
    if (!known)
        return;
    d->known_at = now;
    if (!over)
        d->since = 0;
    else if (!d->since)
        d->since = now;
}

static enum disobey_state state_of(const struct disobey *d)
{
    if (!d->since || d->known_at < d->since + ALARM_AFTER)
        return DISOBEY_NONE;
    return d->known_at < d->since + LATCH_AFTER ? DISOBEY_ALARM : DISOBEY_LATCH;
}

enum disobey_state disobey_run(struct disobey *d, bool known, int64_t current_mA, int64_t limit_mA,
                               mono_us now)
{
    highest_note(&d->limit, limit_mA, WINDOW, now);
    take_current(d, known, exceeds(current_mA, highest_value(&d->limit)), now);
    return state_of(d);
}

bool disobey_is_over(const struct disobey *d)
{
    return d->since != 0;
}

mono_us disobey_due(const struct disobey *d, mono_us now)
{
    mono_us due = highest_due(&d->limit, WINDOW);

    if (!d->since || d->unknown || now >= d->since + LATCH_AFTER)
        return due;
    return mono_min(due, d->since + (now < d->since + ALARM_AFTER ? ALARM_AFTER : LATCH_AFTER));
}
