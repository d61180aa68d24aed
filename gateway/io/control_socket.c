#include "io/control_socket.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/peer.h"
#include "io/unix_file.h"
#include "model/order_text.h"

#define RETRY MONO_S(5)

enum {
    LINE_MAX_BYTES = ORDER_TEXT_MAX + 1, /* with its newline */
};

struct control_client {
    struct watch watch;
    struct control_socket *cs;
    int fd; /* -1: free */
    struct writer writer;
    struct hub_order order; /* the one that is out */
    char in[LINE_MAX_BYTES];
    size_t n_in;
    mono_us until; /* closed then */
};

struct control_socket {
    struct watch watch;
    struct control_spec spec;
    struct poller *poller;
    struct unix_file file;
    gid_t group;
    int fd; /* -1: not open */
    bool paused;
    char told[160]; /* what was last said about a socket that is not there */
    mono_us due;
    struct bucket bucket; /* of all clients together: each line may come by a new one */
    struct control_client client[CONTROL_CLIENTS];
};

/* Who may give orders. */
static const char *who_may(const struct control_socket *cs, char out[100])
{
    if (cs->group == UNIX_NO_GROUP)
        return "root and the gateway's own user";
    snprintf(out, 100, "root, the gateway's own user and the group %s", cs->spec.group);
    return out;
}

/* ---- clients ---- */

static void client_close(struct control_client *c)
{
    desk_forget(c->cs->spec.desk, &c->writer.waiter);
    close(c->fd); /* leaves the poller by itself */
    c->fd = -1;
}

/* A line is small and the socket's buffer empty: what does not go at once is for nobody. */
static void say(int fd, const char *what, const char *why)
{
    char line[400];
    int n = snprintf(line, sizeof(line), "%s%s\n", what, why);

    if (send(fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1, MSG_NOSIGNAL) < 0)
        return; /* it is gone; reading will tell */
}

static void say_latches(const struct control_client *c, char *out, size_t size)
{
    char which[200] = "";

    if (c->cs->spec.latches)
        c->cs->spec.latches(c->cs->spec.ctx, c->order.cluster, which, sizeof(which));
    snprintf(out, size, "the cause of a latch is still there%s%s", *which ? ": " : "", which);
}

/* What became of an order, for people. */
static void say_status(const struct control_client *c, enum status status)
{
    char why[300] = "it cannot be done";

    if (status == HUB_OK) {
        say(c->fd, "ok", "");
        return;
    }
    if (status == HUB_EBUSY)
        say_latches(c, why, sizeof(why));
    if (status == HUB_ERANGE)
        snprintf(why, sizeof(why), "this hub has no cluster %u", c->order.cluster);
    if (status == HUB_EFULL)
        snprintf(why, sizeof(why), "too many orders at once; try again in a second");
    if (status == HUB_ELATE)
        snprintf(why, sizeof(why),
                 "no answer within half a second; hubgate status tells whether "
                 "it was done");
    say(c->fd, "error: ", why);
}

/* One line: an order that is handed over, or what is wrong with it. */
static void obey(struct control_client *c, const char *line, size_t len, mono_us now)
{
    struct control_socket *cs = c->cs;
    const char *why = order_parse(line, len, &c->order);
    enum status status;

    if (why) {
        say(c->fd, "error: ", why);
        return;
    }
    c->writer.bucket = cs->bucket;
    status = writes_order(cs->spec.writes, &c->writer, now, &c->order, 1);
    cs->bucket = c->writer.bucket;
    if (status != HUB_OK)
        say_status(c, status);
}

/* Takes line after line until one waits for its answer. */
static void take_lines(struct control_client *c, mono_us now)
{
    char *end;

    while (!c->writer.waiter.ticket && (end = memchr(c->in, '\n', c->n_in))) {
        size_t len = (size_t)(end - c->in);

        obey(c, c->in, len, now);
        c->until = now + CONTROL_SILENCE;
        c->n_in -= len + 1;
        memmove(c->in, end + 1, c->n_in);
    }
    poller_set(c->cs->poller, c->fd, c->writer.waiter.ticket ? 0 : EPOLLIN, &c->watch);
}

static void answered(struct waiter *w, enum status status, mono_us now)
{
    struct control_client *c =
        (struct control_client *)((char *)w - offsetof(struct control_client, writer.waiter));

    say_status(c, status);
    c->until = now + CONTROL_SILENCE;
    take_lines(c, now);
}

static void client_ready(struct watch *watch, uint32_t events, mono_us now)
{
    struct control_client *c = (struct control_client *)watch;
    ssize_t n;

    if (c->fd < 0)
        return;
    if (c->writer.waiter.ticket) { /* only its end is heard of */
        if (events & (EPOLLHUP | EPOLLERR))
            client_close(c);
        return;
    }
    if (c->n_in == sizeof(c->in)) {
        say(c->fd, "error: ", "it is too long for an order");
        client_close(c);
        return;
    }
    n = recv(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        client_close(c);
        return;
    }
    c->n_in += (size_t)n;
    take_lines(c, now);
}

/* ---- those who come ---- */

static struct control_client *free_client(struct control_socket *cs)
{
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        if (cs->client[i].fd < 0)
            return &cs->client[i];
    return NULL;
}

static void refuse(struct control_socket *cs, int fd, const struct writer *w, mono_us now)
{
    char why[200], may[100];

    snprintf(why, sizeof(why), "%s is not allowed: only %s", w->from.name, who_may(cs, may));
    say(fd, "error: ", why);
    writes_refused(cs->spec.writes, w, now, COMMAND_NONE, REFUSAL_NOT_ALLOWED);
    close(fd);
}

static void welcome(struct control_socket *cs, int fd, mono_us now)
{
    struct writer w = {.waiter.answered = answered};
    struct control_client *c = free_client(cs);

    if (!peer_may(fd, cs->group, &w.from)) {
        refuse(cs, fd, &w, now);
        return;
    }
    if (!c || poller_add(cs->poller, fd, EPOLLIN, &c->watch) != HUB_OK) {
        say(fd, "error: ", "too many clients at once; try again in a second");
        close(fd);
        return;
    }
    c->fd = fd;
    c->writer = w;
    c->n_in = 0;
    c->until = now + CONTROL_SILENCE;
}

/* Out of descriptors or memory the listener stays readable: not heard for a while, or the thread
 * would spin. */
static void socket_ready(struct watch *watch, uint32_t events, mono_us now)
{
    struct control_socket *cs = (struct control_socket *)watch;
    int fd = cs->fd < 0 ? -1 : accept4(cs->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd >= 0) {
        welcome(cs, fd, now);
    } else if (cs->fd >= 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        poller_set(cs->poller, cs->fd, 0, &cs->watch);
        cs->paused = true;
        cs->due = mono_min(cs->due, now + MONO_S(1));
    }
}

/* ---- the socket ---- */

static const char *remedy(int why)
{
    switch (why) {
    case ENOENT:
        return "; make its folder for the gateway's user, or let the service manager do so "
               "(RuntimeDirectory=hubgate, tmpfs /run/hubgate)";
    case EACCES:
    case EPERM:
        return "; its folder has to belong to the gateway's user";
    case EROFS:
        return "; its folder has to be on a file system that can be written (tmpfs)";
    default:
        return "";
    }
}

/* Once for each cause. */
static void tell_failure(struct control_socket *cs, const char *why, const char *what_to_do)
{
    if (strcmp(cs->told, why) == 0)
        return;
    snprintf(cs->told, sizeof(cs->told), "%s", why);
    log_line(LOG_ERROR, "control socket %s: %s%s; tried again every 5 s", cs->spec.path, why,
             what_to_do);
}

static void open_socket(struct control_socket *cs)
{
    const char *in_the_way = unix_file_clear(&cs->file, SOCK_STREAM);
    char may[100];

    if (in_the_way) {
        tell_failure(cs, in_the_way, "");
        return;
    }
    cs->fd = unix_file_listen(&cs->file, SOCK_STREAM, CONTROL_CLIENTS, cs->group);
    if (cs->fd < 0) {
        tell_failure(cs, strerror(errno), remedy(errno));
        return;
    }
    cs->paused = false;
    cs->told[0] = 0;
    poller_add(cs->poller, cs->fd, EPOLLIN, &cs->watch);
    log_line(LOG_INFO, "control socket %s: open for %s", cs->spec.path, who_may(cs, may));
    if (cs->group != UNIX_NO_GROUP && cs->file.group != cs->group)
        log_line(LOG_WARN,
                 "control socket %s: its file cannot be given to the group %s, so that its members "
                 "cannot get in; the gateway's user has to be a member, too (usermod -aG)",
                 cs->spec.path, cs->spec.group);
}

/* Somebody may have removed the file, or the folder with it. */
static void look_after(struct control_socket *cs, mono_us now)
{
    if (cs->fd >= 0 && unix_file_gone(&cs->file)) {
        close(cs->fd);
        cs->fd = -1;
    }
    if (cs->fd < 0)
        open_socket(cs);
    else if (cs->paused)
        poller_set(cs->poller, cs->fd, EPOLLIN, &cs->watch);
    cs->paused = false;
    cs->due = now + RETRY;
}

mono_us control_socket_tend(struct control_socket *cs, mono_us now)
{
    mono_us due;

    if (now >= cs->due)
        look_after(cs, now);
    due = cs->due;
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
        struct control_client *c = &cs->client[i];

        if (c->fd < 0 || c->writer.waiter.ticket)
            continue;
        if (now >= c->until)
            client_close(c);
        else
            due = mono_min(due, c->until);
    }
    return due;
}

static gid_t find_group(const char *name)
{
    const struct group *g = *name ? getgrnam(name) : NULL;

    if (*name && !g)
        log_line(LOG_ERROR,
                 "[control] group: this machine has no group %s; only root and the "
                 "gateway's own user can give orders",
                 name);
    return g ? g->gr_gid : UNIX_NO_GROUP;
}

struct control_socket *control_socket_new(const struct control_spec *spec, struct poller *p)
{
    struct control_socket *cs = calloc(1, sizeof(*cs));

    if (!cs)
        return NULL;
    cs->watch.ready = socket_ready;
    cs->spec = *spec;
    cs->poller = p;
    cs->fd = -1;
    cs->file.addr.sun_family = AF_UNIX;
    snprintf(cs->file.addr.sun_path, sizeof(cs->file.addr.sun_path), "%s", spec->path);
    cs->group = find_group(spec->group);
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
        cs->client[i].watch.ready = client_ready;
        cs->client[i].cs = cs;
        cs->client[i].fd = -1;
    }
    return cs;
}

void control_socket_free(struct control_socket *cs)
{
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        if (cs->client[i].fd >= 0)
            client_close(&cs->client[i]);
    if (cs->fd >= 0) {
        unix_file_remove(&cs->file);
        close(cs->fd);
    }
    free(cs);
}
