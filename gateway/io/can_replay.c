/* A link that plays a candump log, for demos and tests. Nothing here looks at a clock: the time
 * comes in, so a test sees the same as a running gateway.
 *
 * Captured frames of a BMS are mostly one cycle whose times carry no meaning. So a log that spans
 * less than `period` is given out at once at the start of each period. A longer log, or one with
 * an explicit speed, keeps its own spacing; its next pass begins at the next whole period after
 * its last frame. Whole periods that nobody asked for are left out, so that a suspended machine
 * does not get a backlog.
 *
 * What the gateway sends into a log is confirmed and dropped. */
#include <stdlib.h>
#include <string.h>

#include "io/file.h"
#include "io/link_kinds.h"
#include "wire/candump.h"

#define FILE_MAX (64u << 20)
#define RETRY MONO_S(5)

struct can_replay {
    struct link link;
    char path[256];
    uint32_t speed; /* 1/1000 */
    bool spaced;    /* frames keep the spacing of the log */
    bool loop;
    mono_us period;
    struct candump_log log;
    mono_us *offset; /* of each frame from the start of the pass; never falls */
    size_t next;
    mono_us begin; /* of this pass */
    mono_us retry;
    bool confirmed; /* news for read */
    bool ended;
};

static struct can_replay *replay_of(struct link *l)
{
    return (struct can_replay *)l;
}

/* When each frame is due, from the times of the log. A log whose clock went back goes on from
 * there. */
static bool plan(struct can_replay *r)
{
    r->offset = calloc(r->log.n, sizeof(*r->offset));
    if (!r->offset)
        return false;
    mono_us at = 0;
    for (size_t i = 1; i < r->log.n; i++) {
        at += mono_since(r->log.entries[i].at, r->log.entries[i - 1].at);
        r->offset[i] = at;
    }
    r->spaced = r->speed != 0 || at > r->period;
    uint32_t speed = r->speed ? r->speed : 1000;
    for (size_t i = 0; i < r->log.n; i++)
        r->offset[i] =
            r->spaced ? r->offset[i] / speed * 1000 + r->offset[i] % speed * 1000 / speed : 0;
    return true;
}

static bool load(struct can_replay *r)
{
    char cause[80];
    size_t len = 0;
    unsigned line = 0;
    const char *why = "no memory";
    char *text = file_read(r->path, FILE_MAX, &len, cause, sizeof(cause));
    if (!text) {
        link_say(&r->link, LINK_CLOSED, "%s: %s", link_tail(r->path), cause);
        return false;
    }
    enum status st = candump_parse(text, len, &r->log, &line, &why);
    free(text);
    if (st == HUB_ESPEC) {
        link_say(&r->link, LINK_CLOSED, "%s:%u: %s", link_tail(r->path), line, why);
        return false;
    }
    if (st != HUB_OK || r->log.n == 0 || !plan(r)) {
        link_say(&r->link, LINK_CLOSED, "%s: %s", link_tail(r->path),
                 st == HUB_OK && r->log.n == 0 ? "no data frame in it" : "no memory");
        candump_free(&r->log);
        return false;
    }
    return true;
}

static int replay_fd(struct link *l)
{
    (void)l;
    return -1;
}

static void replay_tend(struct link *l, mono_us now)
{
    struct can_replay *r = replay_of(l);
    if (r->log.n != 0 || now < r->retry)
        return;
    r->retry = now + RETRY;
    if (!load(r))
        return;
    r->begin = now;
    link_say(l, LINK_UP, "%s: %zu frames%s", link_tail(r->path), r->log.n,
             r->loop ? ", in a loop" : "");
}

/* After the last frame of a pass. */
static void turn_over(struct can_replay *r)
{
    if (r->loop) {
        mono_us span = r->offset[r->log.n - 1];
        r->begin += (span / r->period + 1) * r->period;
        r->next = 0;
        return;
    }
    r->ended = true;
    link_say(&r->link, LINK_CLOSED, "%s: end of log", link_tail(r->path));
}

static enum link_got replay_read(struct link *l, mono_us now, struct frame *f)
{
    struct can_replay *r = replay_of(l);
    if (r->confirmed) {
        r->confirmed = false;
        return LINK_CONFIRMED;
    }
    if (r->log.n == 0 || r->ended)
        return LINK_NOTHING;
    if (r->next == r->log.n) {
        turn_over(r);
        if (r->ended)
            return LINK_NOTHING;
    }
    mono_us due = r->begin + r->offset[r->next];
    if (now < due)
        return LINK_NOTHING;
    r->begin += mono_since(now, due) / r->period * r->period;
    *f = r->log.entries[r->next++].frame;
    return LINK_FRAME;
}

static enum status replay_write(struct link *l, mono_us now, const struct frame *f)
{
    (void)now;
    (void)f;
    if (l->state != LINK_UP)
        return HUB_EIO;
    replay_of(l)->confirmed = true;
    return HUB_OK;
}

static mono_us replay_deadline(const struct link *l)
{
    const struct can_replay *r = (const struct can_replay *)l;
    if (r->confirmed)
        return 0;
    if (r->ended)
        return MONO_NEVER;
    if (r->log.n == 0)
        return r->retry;
    if (r->next == r->log.n)
        return r->begin + r->offset[r->next - 1]; /* read turns the log over */
    return r->begin + r->offset[r->next];
}

static void replay_close(struct link *l)
{
    struct can_replay *r = replay_of(l);
    candump_free(&r->log);
    free(r->offset);
    free(r);
}

static const struct link_ops replay_ops = {
    .kind = "replay",
    .fd = replay_fd,
    .read = replay_read,
    .write = replay_write,
    .tend = replay_tend,
    .deadline = replay_deadline,
    .close = replay_close,
};

struct link *can_replay_new(const struct link_spec *spec)
{
    struct can_replay *r = calloc(1, sizeof(*r));
    if (!r || strlen(spec->target) >= sizeof(r->path)) {
        free(r);
        return NULL;
    }
    strcpy(r->path, spec->target);
    r->speed = spec->speed;
    r->loop = spec->loop;
    r->period = spec->period_us ? spec->period_us : MONO_S(1);
    r->link.ops = &replay_ops;
    link_say(&r->link, LINK_CLOSED, "%s: not yet open", link_tail(r->path));
    return &r->link;
}
