/* The latches that are in force, out of the published image, as words for people. */
#ifndef IO_LATCH_WORDS_H
#define IO_LATCH_WORDS_H

#include "regmap.h"

/* Those of a cluster, or of all and the hub (0): "cluster 2: Rule 13: above its limit for five
 * minutes; ...". "" for none; cut where it does not fit. */
void latch_words(const struct image *img, unsigned cluster, char *out, size_t size);

#endif
