/* Who was told about lately: one line per name and minute, so that nobody can fill the log by
 * doing the same wrong again and again. */
#ifndef IO_TELLS_H
#define IO_TELLS_H

#include <stdbool.h>

#include "base/mono.h"

#define TELLS_EVERY MONO_S(60)
#define TELLS_NAME 64 /* an IPv6 address with its interface fits */
#define TELLS_MAX 16  /* names at the same time; what more of them do is only counted */

struct tells {
    struct {
        char name[TELLS_NAME];
        mono_us until; /* silent about it before */
    } at[TELLS_MAX];
    unsigned untold; /* of all names, since the last line */
};

/* Whether to write a line about this name now; *untold is how many were not written since the last
 * one. All zero bytes is how it begins. */
bool tells_now(struct tells *t, const char *name, mono_us now, unsigned *untold);

#endif
