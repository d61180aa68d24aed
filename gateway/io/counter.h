/* A counter with one writer that other threads may read: no lock, no locked instruction. */
#ifndef IO_COUNTER_H
#define IO_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t counter;

static inline void count_n(counter *c, uint64_t n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline void count(counter *c)
{
    count_n(c, 1);
}

/* For what goes up and down. */
static inline void gauge(counter *c, uint64_t value)
{
    atomic_store_explicit(c, value, memory_order_relaxed);
}

static inline int64_t counted(const counter *c)
{
    return (int64_t)atomic_load_explicit(c, memory_order_relaxed);
}

#endif
