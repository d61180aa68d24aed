/* A CAN bus over a Unix socket: SOCK_SEQPACKET, one 16-byte struct can_frame a message. The
 * gateway listens; any number of peers (up to PEERS) are nodes of the bus: what one of them or
 * the gateway sends, all others receive. For simulators, tests and bridges on machines without
 * CAN.
 *
 * A frame is confirmed when at least one peer took it. Without a peer it is refused; a peer that
 * does not read loses frames, and that is counted in lost. A message that is no CAN frame is
 * dropped and counted in bus_errors.
 *
 * A socket file that somebody removed is made anew within a second; who is on the bus stays.
 *
 * All sockets sit in one epoll, so that fd is one descriptor. */
#include <errno.h>
#include <linux/can.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/link_kinds.h"
#include "io/unix_file.h"

#define PEERS 16
#define LISTENER PEERS /* its number in the epoll */
#define RETRY MONO_S(1)
#define READ_BUDGET 64 /* messages and events looked at in one read */

struct can_unix {
    struct link link;
    struct unix_file file;
    int poll, listener;
    bool opened;      /* once: a later opening is news */
    int peers[PEERS]; /* -1: free */
    unsigned n_peers;
    struct epoll_event events[PEERS + 1];
    int event, n_events; /* the next one, how many */
    mono_us retry;
    bool paused;    /* accept failed: the listener is out of the epoll until retry */
    bool full_told; /* that accept failed, until it works again */
    bool confirmed; /* news for read */
};

static struct can_unix *unix_of(struct link *l)
{
    return (struct can_unix *)l;
}

static void say_up(struct can_unix *u)
{
    const char *path = link_tail(u->file.addr.sun_path);
    if (u->n_peers == 0)
        link_say(&u->link, LINK_UP, "%s: no peer", path);
    else
        link_say(&u->link, LINK_UP, "%s: %u peer%s", path, u->n_peers, u->n_peers > 1 ? "s" : "");
}

static bool watch(struct can_unix *u, int fd, uint32_t number)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.u32 = number};
    return epoll_ctl(u->poll, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static void open_bus(struct can_unix *u)
{
    const char *path = link_tail(u->file.addr.sun_path);
    const char *in_the_way = unix_file_clear(&u->file, SOCK_SEQPACKET);
    int fd;

    if (in_the_way) {
        link_say(&u->link, LINK_CLOSED, "%s: %s", path, in_the_way);
        return;
    }
    fd = unix_file_listen(&u->file, SOCK_SEQPACKET, PEERS, UNIX_NO_GROUP);
    if (fd < 0 || !watch(u, fd, LISTENER)) {
        link_say(&u->link, LINK_CLOSED, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    u->listener = fd;
    u->opened = true;
    say_up(u);
}

/* Nobody could join any more. Who is there stays, also when the place is taken: why tells by what,
 * but the bus works. */
static void reopen_bus(struct can_unix *u)
{
    if (u->listener >= 0)
        close(u->listener);
    u->listener = -1;
    u->paused = false;
    open_bus(u);
    if (u->listener >= 0)
        log_line(LOG_WARN, "unix:%s: the socket file was gone, made anew", u->file.addr.sun_path);
    else if (u->n_peers)
        u->link.state = LINK_UP;
}

static void drop_peer(struct can_unix *u, unsigned i)
{
    close(u->peers[i]); /* leaves the epoll by that */
    u->peers[i] = -1;
    u->n_peers--;
    if (u->listener >= 0)
        say_up(u);
    else if (u->n_peers == 0)
        u->link.state = LINK_CLOSED; /* why tells already what is with the file */
}

/* Out of descriptors or memory: the listener stays readable, so it must leave the epoll or the
 * loop would spin. */
static void pause_listening(struct can_unix *u, mono_us now)
{
    const char *cause = strerror(errno);
    if (!u->full_told)
        log_line(LOG_WARN, "unix:%s: a peer has to wait: %s; tried again every second",
                 u->file.addr.sun_path, cause);
    link_say(&u->link, LINK_UP, "%s: a peer has to wait: %s", link_tail(u->file.addr.sun_path),
             cause);
    epoll_ctl(u->poll, EPOLL_CTL_DEL, u->listener, NULL);
    u->full_told = true;
    u->paused = true;
    u->retry = now + RETRY;
}

static void accept_peer(struct can_unix *u, mono_us now)
{
    int fd = accept4(u->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            pause_listening(u, now);
        return;
    }
    if (u->full_told)
        log_line(LOG_INFO, "unix:%s: peers can join again", u->file.addr.sun_path);
    u->full_told = false;
    for (unsigned i = 0; i < PEERS; i++) {
        if (u->peers[i] >= 0)
            continue;
        if (!watch(u, fd, i))
            break;
        u->peers[i] = fd;
        u->n_peers++;
        say_up(u);
        return;
    }
    close(fd); /* the bus is full; the peer sees its end */
}

/* Gives a frame to all peers but one (PEERS: to all). Returns how many took it. */
static unsigned spread(struct can_unix *u, const struct can_frame *f, unsigned except)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < PEERS; i++) {
        if (u->peers[i] < 0 || i == except)
            continue;
        ssize_t n = send(u->peers[i], f, sizeof(*f), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n == (ssize_t)sizeof(*f))
            taken++;
        else if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN))
            drop_peer(u, i);
        else
            u->link.lost++;
    }
    return taken;
}

/* Takes one message of a peer. True when it is a data frame for the gateway. */
static bool take(struct can_unix *u, const struct epoll_event *ev, struct frame *f)
{
    unsigned i = ev->data.u32;
    struct can_frame can;
    if (u->peers[i] < 0)
        return false;
    ssize_t n = recv(u->peers[i], &can, sizeof(can), MSG_DONTWAIT | MSG_TRUNC);
    /* ECONNRESET comes before the last messages of a peer that left without reading. */
    if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
        return false;
    /* An empty message reads as 0 too; only with a hang-up is it the end. */
    if (n < 0 || (n == 0 && ev->events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR))) {
        drop_peer(u, i);
        return false;
    }
    if (n != (ssize_t)sizeof(can) || can.can_dlc > CAN_MAX_DLEN) {
        u->link.bus_errors++;
        return false;
    }
    spread(u, &can, i);
    if (can.can_id & (CAN_RTR_FLAG | CAN_ERR_FLAG))
        return false;
    f->ext = (can.can_id & CAN_EFF_FLAG) != 0;
    f->id = can.can_id & (f->ext ? CAN_EFF_MASK : CAN_SFF_MASK);
    f->len = can.can_dlc;
    memcpy(f->data, can.data, sizeof(f->data));
    return true;
}

/* The next socket with something to say. One message a turn each, so that nobody starves. */
static struct epoll_event *next_event(struct can_unix *u)
{
    if (u->event == u->n_events) {
        u->event = 0;
        u->n_events = epoll_wait(u->poll, u->events, PEERS + 1, 0);
        if (u->n_events < 0)
            u->n_events = 0;
    }
    return u->event < u->n_events ? &u->events[u->event++] : NULL;
}

static enum link_got unix_read(struct link *l, mono_us now, struct frame *f)
{
    struct can_unix *u = unix_of(l);
    if (u->confirmed) {
        u->confirmed = false;
        return LINK_CONFIRMED;
    }
    for (int budget = READ_BUDGET; budget > 0; budget--) {
        const struct epoll_event *ev = next_event(u);
        if (!ev)
            break;
        if (ev->data.u32 == LISTENER)
            accept_peer(u, now);
        else if (take(u, ev, f))
            return LINK_FRAME;
    }
    return LINK_NOTHING;
}

static enum status unix_write(struct link *l, mono_us now, const struct frame *f)
{
    (void)now;
    struct can_unix *u = unix_of(l);
    struct can_frame can = {.can_id = f->id | (f->ext ? CAN_EFF_FLAG : 0), .can_dlc = f->len};
    if (f->len > CAN_MAX_DLEN)
        return HUB_ESPEC;
    if (u->n_peers == 0)
        return HUB_EIO;
    memcpy(can.data, f->data, f->len);
    if (spread(u, &can, PEERS) == 0)
        return HUB_EFULL;
    u->confirmed = true;
    return HUB_OK;
}

static void unix_tend(struct link *l, mono_us now)
{
    struct can_unix *u = unix_of(l);
    if (now < u->retry)
        return;
    u->retry = now + RETRY;
    if (u->listener < 0 && !u->opened)
        open_bus(u);
    else if (u->listener < 0 || unix_file_gone(&u->file))
        reopen_bus(u);
    else if (u->paused)
        u->paused = !watch(u, u->listener, LISTENER);
}

static mono_us unix_deadline(const struct link *l)
{
    const struct can_unix *u = (const struct can_unix *)l;
    if (u->confirmed)
        return 0;
    return u->retry;
}

static int unix_fd(struct link *l)
{
    return unix_of(l)->poll;
}

static void unix_close(struct link *l)
{
    struct can_unix *u = unix_of(l);
    for (unsigned i = 0; i < PEERS; i++)
        if (u->peers[i] >= 0)
            close(u->peers[i]);
    if (u->listener >= 0) {
        unix_file_remove(&u->file);
        close(u->listener);
    }
    close(u->poll);
    free(u);
}

static const struct link_ops unix_ops = {
    .kind = "unix",
    .fd = unix_fd,
    .read = unix_read,
    .write = unix_write,
    .tend = unix_tend,
    .deadline = unix_deadline,
    .close = unix_close,
};

struct link *can_unix_new(const struct link_spec *spec)
{
    struct can_unix *u = calloc(1, sizeof(*u));
    if (!u || strlen(spec->target) >= sizeof(u->file.addr.sun_path)) {
        free(u);
        return NULL;
    }
    u->file.addr.sun_family = AF_UNIX;
    strcpy(u->file.addr.sun_path, spec->target);
    for (unsigned i = 0; i < PEERS; i++)
        u->peers[i] = -1;
    u->listener = -1;
    u->poll = epoll_create1(EPOLL_CLOEXEC);
    if (u->poll < 0) {
        free(u);
        return NULL;
    }
    u->link.ops = &unix_ops;
    link_say(&u->link, LINK_CLOSED, "%s: not yet open", link_tail(u->file.addr.sun_path));
    return &u->link;
}
