/* Battery profiles as files: those that are compiled in, and what all of them have in common. */
#ifndef CONFIG_CONFIG_PROFILE_H
#define CONFIG_CONFIG_PROFILE_H

#include <stdbool.h>

#include "model/profile.h"

/* The built-in profile with this key (weco-4k4-pro ...), for good; NULL when there is none, or no
 * memory. Read the first time somebody asks, so ask from one thread. */
const struct profile *profile_find(const char *key);

/* Whether two profiles say the same. */
bool profile_same(const struct profile *a, const struct profile *b);

/* Writes a whole commented profile (config/profile.ini) to out(arg, text). */
void profile_print_sample(void (*out)(void *arg, const char *text), void *arg);

#endif
