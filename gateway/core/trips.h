/* Rules 10 and 11: each trip on current of a cluster counts; it reconnects by itself three times,
 * the fourth is a latch. The count is kept over restarts, and cleared 24 h after the last trip or
 * by reset. */
#ifndef CORE_TRIPS_H
#define CORE_TRIPS_H

#include <stdbool.h>

#include "base/mono.h"

#define TRIPS_ALLOWED 3

struct trips {
    unsigned count;
    mono_us forget_at; /* 0: nothing to forget */
    bool on;           /* in a trip now */
};

/* over_current: the cluster is in an over-current protection now. true when this call began the
 * fourth trip or a later one: latch. */
bool trips_run(struct trips *t, bool over_current, mono_us now);
void trips_reset(struct trips *t);

/* The count as it is kept: count and how many minutes are left until it is forgotten (rounded up),
 * and back. A restart of unknown length shortens nothing. */
uint64_t trips_pack(const struct trips *t, mono_us now);
void trips_unpack(struct trips *t, uint64_t packed, mono_us now);

mono_us trips_due(const struct trips *t);

#endif
