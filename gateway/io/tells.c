#include "io/tells.h"

#include <stdio.h>
#include <string.h>

bool tells_now(struct tells *t, const char *name, mono_us now, unsigned *untold)
{
    int place = -1;

    for (int i = 0; i < TELLS_MAX; i++) {
        if (now >= t->at[i].until)
            place = i;
        else if (strcmp(t->at[i].name, name) == 0)
            goto hold;
    }
    if (place < 0)
        goto hold;
    snprintf(t->at[place].name, sizeof(t->at[place].name), "%s", name);
    t->at[place].until = now + TELLS_EVERY;
    *untold = t->untold;
    t->untold = 0;
    return true;
hold:
    t->untold++;
    return false;
}
