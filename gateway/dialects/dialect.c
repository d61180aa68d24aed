#include "dialects/dialect.h"

#include <string.h>
#include <strings.h>

#define DIALECT(name) extern const struct dialect dialect_##name;
#include "dialects/dialects.def"
#undef DIALECT

const struct dialect *const dialects[] = {
#define DIALECT(name) &dialect_##name,
#include "dialects/dialects.def"
#undef DIALECT
    NULL,
};

static bool is_alias(const char *aliases, const char *name)
{
    size_t len = strlen(name);

    while (*aliases) {
        size_t word = strcspn(aliases, " ");

        if (word == len && strncasecmp(aliases, name, len) == 0)
            return true;
        aliases += word;
        aliases += strspn(aliases, " ");
    }
    return false;
}

const struct dialect *dialect_find(const char *name)
{
    for (const struct dialect *const *d = dialects; *d; d++)
        if (strcasecmp((*d)->key, name) == 0 || (*name && is_alias((*d)->aliases, name)))
            return *d;
    return NULL;
}

enum status dialect_check(const struct dialect *d)
{
    if (!d->key || !*d->key || !d->aliases || !d->title || !d->source || d->bitrate == 0)
        return HUB_ESPEC;
    if (d->cvl_min_mV > d->cvl_max_mV || d->dvl_min_mV > d->dvl_max_mV)
        return HUB_ESPEC;
    if (d->unknown != UNKNOWN_DEFAULT && d->unknown != UNKNOWN_INVALID &&
        d->unknown != UNKNOWN_WITHHOLD)
        return HUB_ESPEC;
    return frames_check(d->frames, d->n_frames);
}

const struct frame_spec *dialect_frame(const struct dialect *d, uint32_t id)
{
    for (unsigned i = 0; i < d->n_frames; i++)
        if (d->frames[i].id == id)
            return &d->frames[i];
    return NULL;
}

void speaker_init(struct speaker *sp, const struct dialect *d, mono_us now)
{
    sp->dialect = d;
    frames_start(&sp->clock, d->frames, d->n_frames, now);
}

bool speaker_rx(struct speaker *sp, const struct frame *f, mono_us now)
{
    const struct dialect *d = sp->dialect;

    frames_heard(&sp->clock, d->frames, d->n_frames, f->id, now);
    for (unsigned i = 0; i < sizeof(d->hears) / sizeof(d->hears[0]) && d->hears[i]; i++)
        if (d->hears[i] == f->id) /* ext or not: Schneider answers 0x305 with 29 bits */
            return true;
    return false;
}

static void clamp_signal(struct signals *s, enum signal id, int64_t lo, int64_t hi)
{
    if (signal_known(s, id) && hi)
        s->value[id] = clamp64(s->value[id], lo, hi);
}

bool speaker_next(struct speaker *sp, const struct battery *hub, mono_us now, struct frame *out)
{
    const struct dialect *d = sp->dialect;
    struct battery said;

    if (!d->cvl_max_mV && !d->dvl_max_mV)
        return frames_next(&sp->clock, d->frames, d->n_frames, hub, d->unknown, now, out);
    if (now < speaker_deadline(sp))
        return false;
    said = *hub;
    clamp_signal(&said.s, SIG_CHARGE_VOLTAGE_LIMIT, d->cvl_min_mV, d->cvl_max_mV);
    clamp_signal(&said.s, SIG_DISCHARGE_VOLTAGE_LIMIT, d->dvl_min_mV, d->dvl_max_mV);
    return frames_next(&sp->clock, d->frames, d->n_frames, &said, d->unknown, now, out);
}

mono_us speaker_deadline(const struct speaker *sp)
{
    return frames_deadline(&sp->clock, sp->dialect->n_frames);
}
