/* The highest value of the last so many seconds, to the microsecond: a limit that falls stays in
 * force here for as long as those who have to follow it may take.
 *
 * Kept are the falling steps of that time. A step that was there for less than a hundredth of the
 * window after the one before it ended is left out: so the memory is bounded, whatever a BMS does,
 * and the answer is never above the true one. */
#ifndef CORE_HIGHEST_H
#define CORE_HIGHEST_H

#include <stdbool.h>

#include "base/mono.h"

#define HIGHEST_STEPS 100

struct highest {
    struct highest_step {
        int64_t value;
        mono_us until;         /* was there until; of the newest: when it was told last */
    } step[HIGHEST_STEPS + 1]; /* oldest first, values fall */
    unsigned n;
    bool told; /* the newest is still there */
};

/* From now on it is `value`. window: always the same for one struct highest, a multiple of 1 ms;
 * what ended a whole window ago is forgotten. */
void highest_note(struct highest *h, int64_t value, mono_us window, mono_us now);

/* From now on it is not known. What it was still counts for its window. */
void highest_pause(struct highest *h, mono_us now);

/* As of the last note; 0 when there never was one. */
int64_t highest_value(const struct highest *h);

/* When highest_value falls without a new note, if highest_note is called then; MONO_NEVER. */
mono_us highest_due(const struct highest *h, mono_us window);

#endif
