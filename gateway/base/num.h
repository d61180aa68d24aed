/* Integer arithmetic that rounds on purpose. C truncates toward zero; these say
 * what they do. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdint.h>

enum rounding { NEAREST, DOWN }; /* DOWN: toward zero, for limits */

/* v / by, rounded; by > 0. Halves go away from zero. */
static inline int64_t divide(int64_t v, int64_t by, enum rounding rounding)
{
    if (rounding == NEAREST)
        v += v < 0 ? -(by / 2) : by / 2;
    return v / by;
}

static inline int64_t clamp64(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

#endif
