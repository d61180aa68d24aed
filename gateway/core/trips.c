#include "core/trips.h"

#define FORGET MONO_S(24 * 3600)
#define MINUTE MONO_S(60)
#define COUNT_MAX 255
#define MINUTES_MASK 0xFFFFFF
#define ON_BIT 32

bool trips_run(struct trips *t, bool over_current, mono_us now)
{
    bool began = over_current && !t->on;

    if (!t->on && t->forget_at && now >= t->forget_at)
        trips_reset(t);
    if (began && t->count < COUNT_MAX)
        t->count++;
    if (t->count && (over_current || t->on))
        t->forget_at = now + FORGET;
    t->on = over_current;
    return began && t->count > TRIPS_ALLOWED;
}

void trips_reset(struct trips *t)
{
    t->count = 0;
    t->forget_at = 0;
}

uint64_t trips_pack(const struct trips *t, mono_us now)
{
    mono_us left = mono_since(t->forget_at, now);

    if (!t->count)
        return 0;
    return t->count | (left + MINUTE - 1) / MINUTE << 8 | (uint64_t)t->on << ON_BIT;
}

void trips_unpack(struct trips *t, uint64_t packed, mono_us now)
{
    uint64_t minutes = packed >> 8 & MINUTES_MASK;

    t->count = packed & COUNT_MAX;
    t->on = t->count && (packed >> ON_BIT & 1);
    minutes = minutes ? mono_min(minutes, FORGET / MINUTE) : FORGET / MINUTE;
    t->forget_at = t->count ? now + minutes * MINUTE : 0;
}

mono_us trips_due(const struct trips *t)
{
    return t->forget_at && !t->on ? t->forget_at : MONO_NEVER;
}
