/* The list of link kinds. "sim" is not here: it is wired to the models by run.c. */
#include "io/link.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "io/link_kinds.h"

static const struct kind {
    const char *name;
    struct link *(*make)(const struct link_spec *spec);
} kinds[] = {
    {"can",    can_socket_new},
    {"unix",   can_unix_new  },
    {"replay", can_replay_new},
};

struct link *link_new(const struct link_spec *spec)
{
    if (!spec->kind || !spec->target || !spec->target[0])
        return NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, spec->kind) == 0)
            return kinds[i].make(spec);
    return NULL;
}

const char *link_tail(const char *path)
{
    enum { SHOWN = 60 };
    size_t n = strlen(path);
    return n > SHOWN ? path + n - SHOWN : path;
}

void link_say(struct link *l, enum link_state state, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(l->why, sizeof(l->why), fmt, ap);
    va_end(ap);
    l->state = state;
}
