/* Nobody obeys: more current than 1.1 x limit + 5 A flows, in the direction of it. An alarm after
 * 10 s; after 60 s the relay of the direction opens and latches. The limit is the highest that was
 * published in the last 3 s, which an inverter needs to hear of a new one. */
#ifndef CORE_DISOBEY_H
#define CORE_DISOBEY_H

#include "core/highest.h"

/* Zeroed: it obeys. */
struct disobey {
    struct highest limit; /* of the last 3 s, mA */
    mono_us since;        /* 0: it obeys */
    mono_us known_at;     /* the current was known last */
    bool unknown;         /* it is not known now */
};

enum disobey_state { DISOBEY_NONE, DISOBEY_ALARM, DISOBEY_LATCH };

/* One direction, in each run: current in that direction as a magnitude (0 when it flows the other
 * way), and the limit that is published now. known = false: the current is not known, what was
 * begun stays and its time does not run. DISOBEY_LATCH stays until it obeys; who latches remembers.
 */
enum disobey_state disobey_run(struct disobey *d, bool known, int64_t current_mA, int64_t limit_mA,
                               mono_us now);

/* When the current was known last, it was too high: the cause of the latch is still there. */
bool disobey_is_over(const struct disobey *d);

/* The next moment at which time alone changes something; MONO_NEVER. */
mono_us disobey_due(const struct disobey *d, mono_us now);

#endif
