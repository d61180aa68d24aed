/* Nobody obeys: more current than 1.1 x limit + 5 A flows, in the direction of it. An alarm after
 * 10 s; after 60 s the relay of the direction opens and latches. The limit is the highest that was
 * published in the last 3 s, which an inverter needs to hear of a new one. */
#ifndef CORE_DISOBEY_H
#define CORE_DISOBEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"

#define DISOBEY_BUCKETS 4

struct disobey {
    int64_t highest[DISOBEY_BUCKETS]; /* limit by running second, mA */
    uint64_t bucket;
    bool begun;
    mono_us since; /* 0: it obeys */
};

enum disobey_state { DISOBEY_NONE, DISOBEY_ALARM, DISOBEY_LATCH };

/* One direction: current in that direction as a magnitude (0 when it flows the other way), and the
 * limit that is published now. known = false: the current is not known, what was begun goes on. */
enum disobey_state disobey_run(struct disobey *d, bool known, int64_t current_mA, int64_t limit_mA,
                               mono_us now);
bool disobey_is_over(const struct disobey *d);
mono_us disobey_due(const struct disobey *d, mono_us now);

#endif
