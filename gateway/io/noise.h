/* Whether nothing but garbage comes on a serial line: a wrong rate or parity, or swapped wires.
 * Looked at when something was counted; needs no timer. */
#ifndef IO_NOISE_H
#define IO_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"

#define NOISE_FRAMES 10 /* so many broken frames ... */
#define NOISE_FOR MONO_S(30)
#define NOISE_TELL_EVERY MONO_S(60)

/* All zero: nothing came yet. */
struct noise {
    uint16_t good, broken; /* as counted when looked at last */
    unsigned run;          /* broken frames since the last good one */
    mono_us since;         /* when the first of them came */
    mono_us silent_until;
    bool only; /* nothing but broken ones for NOISE_FOR */
};

/* good and broken count frames and wrap. Returns whether it shall be told now. */
bool noise_look(struct noise *n, uint16_t good, uint16_t broken, mono_us now);

#endif
