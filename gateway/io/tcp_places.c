#include "io/tcp_places.h"

#include <string.h>

#define NOWHERE (~0u)

/* What one look at all places finds. */
struct look {
    unsigned free;   /* the first */
    unsigned idlest; /* the outsider that gives way first */
    unsigned same;   /* of the same address */
};

static bool gives_way_before(const struct place *a, const struct place *b)
{
    if (a->asked != b->asked)
        return b->asked;
    return a->last_used < b->last_used;
}

static struct look look_around(const struct places *p, const struct address *from)
{
    struct look l = {.free = NOWHERE, .idlest = NOWHERE};

    for (unsigned i = 0; i < p->end; i++) {
        const struct place *at = &p->place[i];

        if (!at->taken) {
            if (l.free == NOWHERE)
                l.free = i;
            continue;
        }
        l.same += memcmp(&at->address, from, sizeof(*from)) == 0;
        if (!at->listed && !at->busy &&
            (l.idlest == NOWHERE || gives_way_before(at, &p->place[l.idlest])))
            l.idlest = i;
    }
    if (l.free == NOWHERE && p->end < p->n)
        l.free = p->end;
    return l;
}

enum places_found places_find(const struct places *p, const struct address *from, bool listed,
                              unsigned *at)
{
    struct look l = look_around(p, from);
    bool room = listed || p->outsiders + p->reserved < p->n;

    if (p->per_address && l.same >= p->per_address)
        return PLACE_PER_HOST;
    *at = room ? l.free : NOWHERE;
    if (*at != NOWHERE)
        return PLACE_FREE;
    *at = l.idlest;
    return *at != NOWHERE ? PLACE_HELD : PLACE_NONE;
}

void places_take(struct places *p, unsigned at, const struct address *from, bool listed,
                 mono_us now)
{
    p->place[at] =
        (struct place){.address = *from, .last_used = now, .taken = true, .listed = listed};
    p->taken++;
    p->outsiders += !listed;
    if (at >= p->end)
        p->end = at + 1;
}

void places_leave(struct places *p, unsigned at)
{
    p->place[at].taken = false;
    p->taken--;
    p->outsiders -= !p->place[at].listed;
    while (p->end && !p->place[p->end - 1].taken)
        p->end--;
}
