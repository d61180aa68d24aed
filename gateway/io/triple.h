/* Three buffers between one writer and one reader that never wait for each other.
 *
 * The writer fills one, the reader reads one, the third lies between them; publishing and
 * taking each swap it by one atomic exchange. The buffers are the caller's: this deals in their
 * indices 0..2. What a reader has taken stays as it is until it takes again. */
#ifndef IO_TRIPLE_H
#define IO_TRIPLE_H

#include <stdatomic.h>
#include <stdbool.h>

#define TRIPLE_FRESH 4u /* nobody has taken it yet */

struct triple {
    atomic_uint between;
    unsigned write, read; /* each its thread's own */
    bool taken;           /* something was published and taken at least once */
};

static inline void triple_init(struct triple *t)
{
    t->write = 0;
    atomic_init(&t->between, 1);
    t->read = 2;
    t->taken = false;
}

/* Writer: the one at t->write is complete; fill another. */
static inline void triple_publish(struct triple *t)
{
    unsigned was =
        atomic_exchange_explicit(&t->between, t->write | TRIPLE_FRESH, memory_order_acq_rel);

    t->write = was & ~TRIPLE_FRESH;
}

/* Reader: moves t->read to the newest. false while nothing was ever published. */
static inline bool triple_take(struct triple *t)
{
    if (atomic_load_explicit(&t->between, memory_order_relaxed) & TRIPLE_FRESH) {
        unsigned was = atomic_exchange_explicit(&t->between, t->read, memory_order_acq_rel);

        t->read = was & ~TRIPLE_FRESH;
        t->taken = true;
    }
    return t->taken;
}

#endif
