#include "io/sim_link.h"

#include <stdlib.h>

struct sim_link {
    struct link base;
    struct site *site;
    unsigned port;
    bool confirm;
};

static struct sim_link *self(struct link *l)
{
    return (struct sim_link *)l;
}

static int sim_fd(struct link *l)
{
    (void)l;
    return -1;
}

static enum link_got sim_read(struct link *l, mono_us now, struct frame *f)
{
    struct sim_link *s = self(l);

    if (s->confirm) {
        s->confirm = false;
        return LINK_CONFIRMED;
    }
    site_set_time(s->site, now);
    return site_tx(s->site, s->port, f) ? LINK_FRAME : LINK_NOTHING;
}

static enum status sim_write(struct link *l, mono_us now, const struct frame *f)
{
    struct sim_link *s = self(l);

    site_set_time(s->site, now);
    site_rx(s->site, s->port, f);
    s->confirm = true;
    return HUB_OK;
}

static void sim_tend(struct link *l, mono_us now)
{
    (void)now;
    l->state = LINK_UP;
}

static mono_us sim_deadline(const struct link *l)
{
    return site_deadline(((const struct sim_link *)l)->site);
}

static void sim_close(struct link *l)
{
    free(self(l));
}

static const struct link_ops sim_ops = {
    .kind = "sim",
    .fd = sim_fd,
    .read = sim_read,
    .write = sim_write,
    .tend = sim_tend,
    .deadline = sim_deadline,
    .close = sim_close,
};

struct link *sim_link_new(struct site *site, unsigned port)
{
    struct sim_link *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->base.ops = &sim_ops;
    s->base.state = LINK_CLOSED;
    s->site = site;
    s->port = port;
    return (struct link *)s; /* base is the first member */
}
