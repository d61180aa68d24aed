/* Rules 10 and 11: each trip on current of a cluster counts; it reconnects by itself three times,
 * the fourth is a latch. The count is kept over restarts, and forgotten 24 h after the end of the
 * last trip or by reset. */
#ifndef CORE_TRIPS_H
#define CORE_TRIPS_H

#include <stdbool.h>

#include "base/mono.h"

#define TRIPS_ALLOWED 3u

struct trips {
    unsigned count;    /* up to 255 */
    mono_us forget_at; /* 0: nothing to forget */
    bool on;           /* in a trip now */
};

/* over_current: the cluster is in an over-current protection now; while it is silent, what it was
 * (t->on). true when this call began the fourth trip or a later one: latch. */
bool trips_run(struct trips *t, bool over_current, mono_us now);

/* By an authorised reset. A trip that goes on is not counted again. */
void trips_reset(struct trips *t);

/* The count as it is kept, 0 for none: bits 0 to 7 the count, 8 to 31 how many minutes are left
 * until it is forgotten (rounded up), 32 whether a trip is on, so that a restart in the middle of
 * one does not count it twice. And back: anything may come from the store, and is put right. A
 * restart of unknown length shortens nothing. */
uint64_t trips_pack(const struct trips *t, mono_us now);
void trips_unpack(struct trips *t, uint64_t packed, mono_us now);

/* The next moment at which time alone changes something; MONO_NEVER. */
mono_us trips_due(const struct trips *t);

#endif
