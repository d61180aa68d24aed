/* How late something was and how long it took, over the last minute: the highest value, and the one
 * that 99 of 100 stay at or below. Fixed memory; no clock of its own.
 *
 * Values are counted in steps that are a sixteenth of their size wide at most, in six parts of ten
 * seconds: the oldest part goes as a whole, so that a minute is 50 to 60 s. */
#ifndef IO_JITTER_H
#define IO_JITTER_H

#include "base/mono.h"

#define JITTER_PARTS 6
#define JITTER_PART MONO_S(10)
#define JITTER_STEPS (16 * 21) /* 0..15 us singly, then 16 to each doubling, up to 16.7 s */

struct jitter { /* all zero: nothing was measured */
    struct jitter_part {
        uint32_t count[JITTER_STEPS];
        uint32_t n;
        mono_us max;
    } part[JITTER_PARTS];
    unsigned at;   /* the newest part ... */
    mono_us until; /* ... and when it ends; 0: none began */
};

/* Time never goes back. */
void jitter_put(struct jitter *j, mono_us now, mono_us value);

/* Forgets what is too old. Before what follows is asked for. */
void jitter_set_time(struct jitter *j, mono_us now);

/* How many values there are: with none, the others are 0. */
uint64_t jitter_count(const struct jitter *j);
mono_us jitter_max(const struct jitter *j);

/* At most a sixteenth too high, never too low, never above the highest. */
mono_us jitter_p99(const struct jitter *j);

#endif
