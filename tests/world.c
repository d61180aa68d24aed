#include "world.h"

#include <string.h>

#define EVERY MONO_S(1) /* of players */

static void link_all(struct world *w)
{
    for (unsigned i = 0; i < PORT_COUNT; i++)
        hub_link(w->hub, (enum port)i, &(struct link_report){.state = LINK_UP, .why = ""});
}

bool world_start(struct world *w, struct config *cfg)
{
    w->cfg = cfg;
    w->hub = hub_new(cfg, w->now);
    if (!w->hub)
        return false;
    for (unsigned i = 0; i < w->store.used; i++)
        hub_store_in(w->hub, &w->store.slot[i]);
    link_all(w);
    return true;
}

void world_end(struct world *w)
{
    hub_free(w->hub);
    config_free(w->cfg);
    w->hub = NULL;
    w->cfg = NULL;
}

static bool plays(const struct player *p)
{
    return p->n || p->is_serial;
}

/* Players keep their rhythm over a time in which nobody listened. */
static void miss(struct world *w)
{
    for (unsigned i = 0; i < PORT_COUNT; i++)
        while (plays(&w->player[i]) && w->player[i].next <= w->now)
            w->player[i].next += EVERY;
}

bool world_restart(struct world *w, mono_us down)
{
    hub_free(w->hub);
    w->now += down;
    miss(w);
    memset(w->n_heard, 0, sizeof(w->n_heard));
    w->n_told = w->n_pending = w->n_replies = 0;
    return world_start(w, w->cfg);
}

static void stamp(struct signals *s, mono_us now)
{
    for (unsigned i = 0; i < SIG_COUNT; i++)
        s->at[i] = now;
}

static void report(struct world *w, enum port port)
{
    struct player *p = &w->player[port];
    struct sample sample = {.at = w->now, .period = EVERY, .battery = &p->battery};

    stamp(&p->battery.s, w->now);
    for (unsigned m = 0; p->has_modules && m < MAX_MODULES; m++)
        stamp(&p->module[m].s, w->now);
    sample.modules = p->has_modules ? p->module : NULL;
    hub_report(w->hub, port, &sample);
}

static void speak(struct world *w)
{
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        struct player *p = &w->player[i];

        if (!plays(p) || w->now < p->next)
            continue;
        p->next = w->now + EVERY;
        if (p->muted)
            continue;
        for (unsigned k = 0; k < p->n; k++)
            hub_rx(w->hub, (enum port)i, &p->frame[k]);
        if (p->is_serial)
            report(w, (enum port)i);
    }
}

static void hear(struct world *w, unsigned port, const struct frame *f)
{
    struct heard *h = w->heard[port];

    for (unsigned i = 0; i < w->n_heard[port]; i++)
        if (h[i].frame.id == f->id && h[i].frame.ext == f->ext) {
            h[i].frame = *f;
            h[i].count++;
            return;
        }
    if (w->n_heard[port] < MAX_HEARD)
        h[w->n_heard[port]++] = (struct heard){.frame = *f, .count = 1};
}

static void listen_all(struct world *w)
{
    struct frame f;

    for (unsigned i = 0; i < PORT_COUNT; i++)
        while (hub_tx(w->hub, (enum port)i, &f)) {
            hear(w, i, &f);
            if (!w->player[i].unconfirmed)
                hub_tx_done(w->hub, (enum port)i, true);
        }
}

/* All records first, then the answers: what was refused comes again at once. */
void world_store(struct world *w)
{
    while (w->n_pending < MAX_PENDING && hub_store_out(w->hub, &w->pending[w->n_pending]))
        w->n_pending++;
    if (w->mood == STORE_HANGS)
        return;
    for (unsigned i = 0; i < w->n_pending; i++) {
        const struct record *r = &w->pending[i];

        hub_store_done(w->hub, r->ticket, w->mood == STORE_WORKS && memory_store_put(&w->store, r));
    }
    w->n_pending = 0;
}

static void collect(struct world *w)
{
    struct event e;

    while (hub_event_out(w->hub, &e))
        if (w->n_told < MAX_TOLD)
            event_text(&e, w->told[w->n_told++], sizeof(w->told[0]));
    while (w->n_replies < MAX_REPLIES && hub_result(w->hub, &w->reply[w->n_replies]))
        w->n_replies++;
}

void world_turn(struct world *w)
{
    hub_set_time(w->hub, w->now);
    speak(w);
    if (hub_wants_run(w->hub))
        hub_run(w->hub);
    listen_all(w);
    world_store(w);
    collect(w);
}

/* When the loop would wake up next. */
static mono_us next_turn(struct world *w)
{
    mono_us next = hub_deadline(w->hub);

    if (w->step)
        return w->now + w->step;
    for (unsigned i = 0; i < PORT_COUNT; i++)
        if (plays(&w->player[i]))
            next = mono_min(next, w->player[i].next);
    if (next > w->now)
        return next;
    w->busy = true;
    return w->now + MONO_MS(1);
}

void world_pass(struct world *w, mono_us span)
{
    mono_us until = w->now + span;

    w->n_told = 0;
    for (unsigned i = 0; i < PORT_COUNT; i++)
        for (unsigned k = 0; k < w->n_heard[i]; k++)
            w->heard[i][k].count = 0;
    for (;;) {
        world_turn(w);
        if (w->now == until)
            return;
        w->now = mono_min(next_turn(w), until);
    }
}

void world_jump(struct world *w, mono_us span)
{
    w->now += span;
    if (span > MONO_S(1)) /* the edge throws away what queued for so long */
        miss(w);
    world_turn(w);
}
