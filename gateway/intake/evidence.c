#include "intake/evidence.h"

#include <string.h>

/* Only letters are compared: a Deye pack named PYLON has binary behind the name, names are
 * padded with blanks or NULs or end early. */
static void take_name(struct evidence *e, const struct frame *f)
{
    unsigned n = 0;

    for (; n < f->len; n++)
        if (!((f->data[n] >= 'A' && f->data[n] <= 'Z') || (f->data[n] >= 'a' && f->data[n] <= 'z')))
            break;
    memset(e->name, 0, sizeof(e->name));
    memcpy(e->name, f->data, n);
}

/* BYD sends 0x355 every 10 s and its name every 60 s: waiting for the name would let the data
 * look stale until then. A lost frame or a quiet bus is no evidence: 0x351 must have come. */
bool evidence_rhythm(struct evidence *e, const struct frame *f, mono_us now)
{
    bool before = e->slow;

    if (f->id == 0x351)
        e->count_351++;
    if (f->id != 0x355)
        return false;
    e->slow |= e->last_355 && mono_since(now, e->last_355) >= MONO_S(4) && e->count_351 >= 2;
    e->last_355 = now;
    e->count_351 = 0;
    return e->slow != before;
}

void evidence_add(struct evidence *e, const struct frame *f)
{
    switch (f->id) {
    case 0x351:
        e->saw_351 = true;
        break;
    case 0x355:
        e->saw_355 = true;
        e->cells_in_355 |= fits_cells_in_355(f);
        /* An empty battery says 0 in both and proves nothing. */
        e->fine_soc |= fits_fine_soc(f) && f->data[0];
        break;
    case 0x356:
        e->saw_356 = true;
        break;
    case 0x359:
        e->saw_359 = true;
        e->pn |= fits_pn(f);
        break;
    case 0x35A:
        e->saw_35a = true;
        e->short_35a |= f->len == 7;
        break;
    case 0x35C:
        e->saw_35c = true;
        break;
    case 0x35E:
        e->saw_35e = true;
        take_name(e, f);
        break;
    case 0x35F:
        e->saw_35f = true;
        break;
    case 0x399:
        e->saw_399 = true;
        break;
    case 0x372:
    case 0x373: /* versions when four bytes long: Discover */
        e->victron_ids |= f->len != 4;
        break;
    case 0x360:
    case 0x370:
    case 0x371:
    case 0x374:
    case 0x375:
    case 0x376:
    case 0x377:
    case 0x378:
    case 0x379:
    case 0x382:
        e->victron_ids = true;
        break;
    default:
        break;
    }
}

bool evidence_is_news(const struct evidence *e, const struct frame *f)
{
    struct evidence with = *e;

    evidence_add(&with, f);
    return memcmp(&with, e, sizeof(with)) != 0;
}

bool evidence_is_full(const struct evidence *e)
{
    return e->saw_35e && e->saw_351 && e->saw_355 && e->saw_356 && (e->saw_359 || e->saw_35a);
}

/* Names Victron's GX knows, and ours: such a battery speaks as victron even when it has a fine
 * state of charge. */
static bool name_is_victron(const struct evidence *e)
{
    static const char *const names[] = {"BYD", "PYLON",  "PYTES",  "Pelio",
                                        "LG",  "DYNESS", "HUBGATE"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(e->name, names[i]) == 0)
            return true;
    return false;
}

static const struct protocol *found(const char *key, const char *because, const char **why)
{
    *why = because;
    return protocol_find(key);
}

static const struct protocol *with_359(const struct evidence *e, const char **why)
{
    if (e->cells_in_355 && !e->pn)
        return found("luxpower", "0x359, and cell voltages in 0x355", why);
    if (e->saw_35a || e->saw_35f || e->victron_ids)
        return found("pylontech-v2", "0x359 and extended frames", why);
    if (e->pn)
        return found("pylontech", "0x359 ends in PN", why);
    return found("pylontech", "0x359 and nothing against it", why);
}

static const struct protocol *with_35a(const struct evidence *e, const char **why)
{
    if (e->short_35a)
        return found("discover", "0x35A has seven bytes", why);
    if (strcmp(e->name, "BYD") == 0)
        return found("byd-lvs", "0x35E says BYD, 0x35A and no 0x359", why);
    if (e->slow)
        return found("byd-lvs", "0x355 comes slowly, 0x35A and no 0x359", why);
    if (e->fine_soc && !e->victron_ids && !name_is_victron(e))
        return found("sma", "0x35A, fine SOC in 0x355, no Victron frames", why);
    return found("victron", "0x35A and no 0x359", why);
}

const struct protocol *evidence_choose(const struct evidence *e, const char **why)
{
    if (strcmp(e->name, "DY") == 0)
        return found("deye-dy", "0x35E says DY", why);
    if (e->saw_399)
        return found("hybrid-li", "0x399", why);
    /* Discover's 0x35A is told by its length; where both alarm frames are, 0x359 leads. */
    if (e->saw_359)
        return with_359(e, why);
    if (e->saw_35a)
        return with_35a(e, why);
    if (strcmp(e->name, "BYD") == 0)
        return found("byd-lvs", "0x35E says BYD", why);
    if (e->slow)
        return found("byd-lvs", "0x355 comes slowly", why);
    if (e->victron_ids || (e->saw_35f && !e->saw_35c))
        return found("victron", "Victron frames and no 0x359", why);
    return found("pylontech", "the core frames and nothing against it", why);
}
