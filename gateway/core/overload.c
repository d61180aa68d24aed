#include "core/overload.h"

#include <stddef.h>

#include "base/num.h"

#define WINDOW MONO_S(10)
#define WARN_AFTER MONO_S(10)
#define SHUT_DOWN_AFTER MONO_S(300)
/* It is looked at each 100 ms: after so long nobody did. */
#define STALL MONO_S(1)
/* More than any battery carries, and twenty times of it still fits. */
#define ABSURD_mA INT64_C(1000000000000)

/* current > 1.05 x limit + 5 A, exactly. */
static bool exceeds(int64_t current_mA, int64_t limit_mA)
{
    return 20 * clamp64(current_mA, 0, ABSURD_mA) >
           21 * clamp64(limit_mA, 0, ABSURD_mA) + 20 * 5000;
}

static bool is_over(const struct overload *o, int64_t current_mA)
{
    int64_t out = -clamp64(current_mA, -ABSURD_mA, ABSURD_mA);

    return exceeds(current_mA, highest_value(&o->ccl)) || exceeds(out, highest_value(&o->dcl));
}

static void run_unknown(struct overload *o, mono_us now)
{
    highest_pause(&o->ccl, now);
    highest_pause(&o->dcl, now);
    if (!o->warned_since)
        o->over_since = 0;
    if (!o->unknown_since)
        o->unknown_since = mono_since(now, o->known_at) > STALL ? o->known_at : now;
}

/* The time of a warning did not run while nothing was known. */
static void end_unknown(struct overload *o, mono_us now)
{
    if (o->unknown_since && o->warned_since)
        o->warned_since += mono_since(now, o->unknown_since);
    o->unknown_since = 0;
}

static void run_known(struct overload *o, const struct overload_input *in, mono_us now)
{
    o->known_at = now;
    highest_note(&o->ccl, in->ccl_mA, WINDOW, now);
    highest_note(&o->dcl, in->dcl_mA, WINDOW, now);
    if (!is_over(o, in->current_mA))
        o->over_since = 0;
    else if (!o->over_since)
        o->over_since = now;
    if (!o->over_since && !in->bms_warns)
        o->warned_since = 0;
    else if (!o->warned_since && (in->bms_warns || now >= o->over_since + WARN_AFTER))
        o->warned_since = now;
}

enum overload_state overload_run(struct overload *o, const struct overload_input *in, mono_us now)
{
    if (in) {
        end_unknown(o, now);
        run_known(o, in, now);
    } else {
        run_unknown(o, now);
    }
    if (!o->warned_since)
        return OVERLOAD_NONE;
    return overload_left(o, now) ? OVERLOAD_WARNING : OVERLOAD_SHUT_DOWN;
}

bool overload_is_over(const struct overload *o)
{
    return o->over_since || o->warned_since;
}

mono_us overload_left(const struct overload *o, mono_us now)
{
    mono_us counted = o->unknown_since ? o->unknown_since : now;

    return o->warned_since ? mono_since(o->warned_since + SHUT_DOWN_AFTER, counted) : MONO_NEVER;
}

mono_us overload_due(const struct overload *o, mono_us now)
{
    mono_us due = mono_min(highest_due(&o->ccl, WINDOW), highest_due(&o->dcl, WINDOW));

    if (o->unknown_since)
        return MONO_NEVER;
    if (!o->warned_since)
        return o->over_since ? mono_min(due, o->over_since + WARN_AFTER) : due;
    return overload_left(o, now) ? mono_min(due, o->warned_since + SHUT_DOWN_AFTER) : due;
}
