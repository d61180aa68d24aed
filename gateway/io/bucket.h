/* A token bucket: `rate` a second, `burst` at once. All zero is a full one. */
#ifndef IO_BUCKET_H
#define IO_BUCKET_H

#include <stdbool.h>

#include "base/mono.h"

struct bucket {
    mono_us full_at; /* when it has all its tokens again */
};

static inline bool bucket_take(struct bucket *b, mono_us now, unsigned rate, unsigned burst)
{
    mono_us each = 1000000u / rate;
    mono_us from = b->full_at > now ? b->full_at : now;

    if (from + each > now + burst * each)
        return false;
    b->full_at = from + each;
    return true;
}

#endif
