#include "core/smooth.h"

#include "base/num.h"

#define FINE 1000                  /* offset units in 0.01 % */
#define UP_PER_S (100 * FINE / 10) /* 1 % in 10 s */
#define DOWN_PER_S (100 * FINE)    /* 1 % a second */

static void decay(struct smooth *s, mono_us dt)
{
    int64_t up = (int64_t)(dt * UP_PER_S / 1000000), down = (int64_t)(dt * DOWN_PER_S / 1000000);

    if (s->offset < 0)
        s->offset = s->offset + up > 0 ? 0 : s->offset + up;
    else
        s->offset = s->offset - down < 0 ? 0 : s->offset - down;
}

int64_t smooth_run(struct smooth *s, int64_t raw, unsigned members, bool direct, mono_us now)
{
    mono_us dt = mono_since(now, s->at);

    if (!s->known || direct)
        s->offset = 0;
    else if (members != s->members)
        s->offset = (s->published - raw) * FINE;
    else
        decay(s, dt);
    s->known = true;
    s->members = members;
    s->at = now;
    s->published = clamp64(raw + divide(s->offset, FINE, NEAREST), 0, 10000);
    return s->published;
}
