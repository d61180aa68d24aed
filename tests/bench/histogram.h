/* Durations in ns, kept with a resolution of 1/64 from 64 ns up to 2^40 ns (18 minutes). */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum { FINE = 64, SCALES = 36 };

struct histogram {
    uint64_t n, most;
    uint64_t bucket[SCALES * FINE];
};

/* The bucket of a value: below 64 itself, then 64 for each power of two. */
static inline unsigned histogram_at(uint64_t ns)
{
    unsigned scale = 0;

    while (ns >= 2 * FINE && scale < SCALES - 2) {
        ns >>= 1;
        scale++;
    }
    if (ns >= 2 * FINE)
        ns = 2 * FINE - 1;
    return scale * FINE + (unsigned)ns;
}

/* The highest value of a bucket. */
static inline uint64_t histogram_top(unsigned at)
{
    unsigned scale = at < 2 * FINE ? 0 : at / FINE - 1;
    uint64_t low = at - scale * FINE;

    return ((low + 1) << scale) - 1;
}

static inline void histogram_add(struct histogram *h, uint64_t ns)
{
    h->bucket[histogram_at(ns)]++;
    h->n++;
    if (ns > h->most)
        h->most = ns;
}

/* The value that a share (0..1) of all does not exceed, in us. */
static inline double histogram_us(const struct histogram *h, double share)
{
    uint64_t want = (uint64_t)(share * (double)h->n), seen = 0;

    for (unsigned i = 0; i < SCALES * FINE; i++) {
        seen += h->bucket[i];
        if (seen > want)
            return (double)(histogram_top(i) < h->most ? histogram_top(i) : h->most) / 1e3;
    }
    return (double)h->most / 1e3;
}

#endif
