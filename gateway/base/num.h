/* Integer arithmetic that rounds on purpose. C truncates toward zero; these say
 * what they do. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdint.h>

/* DOWN: toward zero, for what must not be exceeded; UP: away from zero, for what must not be
 * undercut. */
enum rounding { NEAREST, DOWN, UP };

/* v / by, rounded; by > 0. Halves go away from zero. */
static inline int64_t divide(int64_t v, int64_t by, enum rounding rounding)
{
    int64_t more = rounding == NEAREST ? by / 2 : rounding == UP ? by - 1 : 0;

    return (v < 0 ? v - more : v + more) / by;
}

static inline int64_t clamp64(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

#endif
