/* The SOC that is published: when a cluster more or less is counted, it moves to its new value
 * slowly, so that nobody sees a step that no battery made. What a battery itself corrects passes
 * through. */
#ifndef CORE_SMOOTH_H
#define CORE_SMOOTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"

struct smooth {
    bool known;        /* something has been published */
    unsigned members;  /* bit set of the clusters counted then */
    int64_t published; /* 0.01 % */
    int64_t offset;    /* published minus raw, in 0.00001 % */
    mono_us at;
};

/* What to publish for `raw` (0.01 %). At most 1 % in 10 s up and 1 % a second down after `members`
 * changed; `direct` (below 15 %, or with a discharge stop): the raw value. */
int64_t smooth_run(struct smooth *s, int64_t raw, unsigned members, bool direct, mono_us now);

#endif
