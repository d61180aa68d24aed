/* Time in the pure code: microseconds of a clock that never goes back and counts
 * through a suspend (CLOCK_BOOTTIME at the edge), always passed in. 64 bits do not
 * wrap in the life of the hardware. Store the moment something ends, not how long
 * ago it began. */
#ifndef BASE_MONO_H
#define BASE_MONO_H

#include <stdint.h>

typedef uint64_t mono_us;

#define MONO_NEVER UINT64_MAX /* a deadline that does not come */

#define MONO_MS(n) ((mono_us)(n)*1000u)
#define MONO_S(n) ((mono_us)(n)*1000000u)

static inline mono_us mono_min(mono_us a, mono_us b)
{
    return a < b ? a : b;
}

static inline mono_us mono_max(mono_us a, mono_us b)
{
    return a > b ? a : b;
}

/* How long ago `then` was, 0 when it lies ahead. */
static inline mono_us mono_since(mono_us now, mono_us then)
{
    return now > then ? now - then : 0;
}

#endif
