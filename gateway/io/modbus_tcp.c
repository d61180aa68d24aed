#include "io/modbus_tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/address.h"
#include "io/tells.h"
#include "modbus/mbap.h"

#define ASSEMBLY MONO_S(1)
#define WRITE_TIMEOUT MONO_S(5)
#define RETRY MONO_S(5)
#define PAUSE MONO_MS(100) /* without a descriptor left */

enum {
    BACKLOG = 1024, /* a gateway restarts, and all its clients come at once */
    ACCEPTS = 16,   /* of one turn */
    REQUESTS = 16,  /* of one client and turn */
    OUT_MAX = REQUESTS * MBAP_ADU_MAX,
};

struct client {
    struct watch watch;
    struct tcp *tcp;
    int fd;
    bool used;    /* has made a request */
    bool closing; /* no more bytes will come; answers are still due */
    bool more;    /* requests may be left over from the last turn */
    uint32_t events;
    struct mbap in;
    uint8_t *out; /* OUT_MAX bytes; touched only when a client does not keep up */
    unsigned out_at, out_len;
    mono_us last_used, partial_until, write_until;
    char name[TELLS_NAME]; /* its address, for the log */
    struct client *next_free;
};

/* Something that happens to a listener over and over is told once a minute, with how often. */
struct tally {
    mono_us tell_at;
    unsigned n;
};

struct tcp {
    struct watch watch;
    struct tcp_spec spec;
    struct modbus_who who;
    struct poller *poller;
    int fd;
    bool knocking; /* somebody waits to be accepted */
    bool paused;
    int why; /* errno of the last failure to open, 0 when open */
    mono_us due, sweep_at;
    struct client *client, *free;
    uint8_t *out_all, *batch;
    struct tally refused, displaced;
    struct tells closed;
};

static void tell(struct tcp *t, struct tally *tally, mono_us now, const char *who, const char *what)
{
    tally->n++;
    if (now < tally->tell_at)
        return;
    log_line(LOG_WARN, "modbus %s: %s %s (%u since last told)", t->spec.listen, who, what,
             tally->n);
    tally->n = 0;
    tally->tell_at = now + TELLS_EVERY;
}

/* Why a client was closed that did something wrong. */
static void tell_closed(struct client *c, const char *why, mono_us now)
{
    struct tcp *t = c->tcp;
    char others[40] = "";
    unsigned untold;

    if (!tells_now(&t->closed, c->name, now, &untold))
        return;
    if (untold)
        snprintf(others, sizeof(others), " (%u others not told)", untold);
    log_line(LOG_WARN, "modbus %s: %s closed: %s%s", t->spec.listen, c->name, why, others);
}

static bool allowed(const struct tcp *t, const struct sockaddr_storage *from)
{
    for (unsigned i = 0; i < t->spec.n_allow; i++)
        if (address_in(from, &t->spec.allow[i]))
            return true;
    return t->spec.n_allow == 0;
}

static void sweep_by(struct tcp *t, mono_us at)
{
    t->sweep_at = mono_min(t->sweep_at, at);
}

static void client_close(struct client *c)
{
    close(c->fd); /* leaves the poller by itself */
    c->fd = -1;
    c->next_free = c->tcp->free;
    c->tcp->free = c;
}

/* Whether its next turn begins with room for output. */
static bool behind(const struct client *c)
{
    return c->out_len || c->more;
}

/* Hears of room for output while answers, or requests of the last turn, are left over: level
 * triggered, it is the next turn's call. Hears of input only when nothing waits to go out. */
static void client_listen(struct client *c)
{
    uint32_t events = behind(c) ? EPOLLOUT : EPOLLIN;

    if (events != c->events)
        poller_set(c->tcp->poller, c->fd, events, &c->watch);
    c->events = events;
}

/* Sends what is left over. false: the client is gone. */
static bool client_flush(struct client *c)
{
    ssize_t n = send(c->fd, c->out + c->out_at, c->out_len, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->out_at += (unsigned)n;
    c->out_len -= (unsigned)n;
    return true;
}

/* Sends the answers of this turn with one call; what does not go stays with the client. */
static bool client_send(struct client *c, const uint8_t *batch, size_t len)
{
    ssize_t n = send(c->fd, batch, len, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    if (n < 0)
        n = 0;
    c->out_at = 0;
    c->out_len = (unsigned)(len - (size_t)n);
    if (c->out_len) {
        memcpy(c->out, batch + n, c->out_len);
    }
    return true;
}

static mono_us client_deadline(const struct client *c)
{
    mono_us idle = c->tcp->spec.idle_us ? c->last_used + c->tcp->spec.idle_us : MONO_NEVER;

    return mono_min(idle, behind(c) ? c->write_until : c->partial_until);
}

/* Answers what is complete, up to the bound. */
static bool client_serve(struct client *c, mono_us now)
{
    struct tcp *t = c->tcp;
    enum mbap_got got = MBAP_MORE;
    struct mbap_adu adu;
    size_t len = 0;
    int n;

    for (n = 0; n < REQUESTS && (got = mbap_next(&c->in, &adu)) == MBAP_ADU; n++)
        len += mbap_answer(&t->spec.units, &t->who, &adu, t->batch + len);
    c->more = n == REQUESTS && mbap_partial(&c->in);
    if (n) {
        c->used = true;
        c->last_used = now;
        c->partial_until = MONO_NEVER;
    }
    if (len && !client_send(c, t->batch, len))
        return false;
    if (got == MBAP_CLOSE) {
        tell_closed(c, "what it sends is not Modbus TCP", now);
        return false;
    }
    if (mbap_partial(&c->in) && c->partial_until == MONO_NEVER)
        c->partial_until = now + ASSEMBLY;
    c->write_until = now + WRITE_TIMEOUT;
    sweep_by(t, client_deadline(c));
    return true;
}

static bool client_read(struct client *c)
{
    size_t room;
    uint8_t *space = mbap_space(&c->in, &room);
    ssize_t n = recv(c->fd, space, room, 0);

    if (n > 0)
        mbap_fed(&c->in, (size_t)n);
    else if (n == 0)
        c->closing = true; /* a client may send its last request and shut its side */
    else if (errno != EAGAIN && errno != EINTR)
        return false;
    return true;
}

/* One turn of one client: what waits to go out, else what was left over, else what came. false:
 * it is to be closed. */
static bool client_turn(struct client *c, mono_us now)
{
    bool was_behind = behind(c);

    if (c->out_len && !client_flush(c))
        return false;
    if (c->out_len)
        return true;
    if (was_behind && c->partial_until != MONO_NEVER)
        c->partial_until = now + ASSEMBLY; /* it was us who did not read on */
    if (!c->more && !c->closing && !client_read(c))
        return false;
    if (!client_serve(c, now))
        return false;
    return !c->closing || behind(c);
}

static void client_ready(struct watch *w, uint32_t events, mono_us now)
{
    struct client *c = (struct client *)w;

    (void)events; /* an error or the end shows when it is tried */
    if (client_turn(c, now))
        client_listen(c);
    else
        client_close(c);
}

/* Its time is up. Who only was silent did nothing wrong. */
static void client_expire(struct client *c, mono_us now)
{
    if (behind(c) && c->write_until <= now)
        tell_closed(c, "it did not take its answers for 5 s", now);
    else if (!behind(c) && c->partial_until <= now)
        tell_closed(c, "its request was not complete after 1 s", now);
    client_close(c);
}

static void sweep(struct tcp *t, mono_us now)
{
    t->sweep_at = MONO_NEVER;
    for (unsigned i = 0; i < t->spec.connections; i++) {
        struct client *c = &t->client[i];

        if (c->fd < 0)
            continue;
        if (client_deadline(c) <= now)
            client_expire(c, now);
        else
            sweep_by(t, client_deadline(c));
    }
}

/* Who gives way: of those that never asked the oldest, else the one unused for longest. Not one
 * that has answers to come. A flood of connections so displaces itself, not the ones in use. */
static struct client *most_idle(struct tcp *t)
{
    struct client *best = NULL;

    for (unsigned i = 0; i < t->spec.connections; i++) {
        struct client *c = &t->client[i];

        if (behind(c))
            continue;
        if (!best || c->used < best->used ||
            (c->used == best->used && c->last_used < best->last_used))
            best = c;
    }
    return best;
}

static struct client *take_place(struct tcp *t, mono_us now, const char *who)
{
    struct client *c = t->free;

    if (!c) {
        c = most_idle(t);
        tell(t, &t->displaced, now, who,
             c ? "took the place of the client unused for longest"
               : "refused, all clients are busy");
        if (!c)
            return NULL;
        client_close(c);
    }
    t->free = c->next_free;
    return c;
}

static void admit(struct tcp *t, int fd, const struct sockaddr_storage *from, socklen_t len,
                  mono_us now)
{
    char who[TELLS_NAME] = "?";
    struct client *c;

    getnameinfo((const struct sockaddr *)from, len, who, sizeof(who), NULL, 0, NI_NUMERICHOST);
    if (!allowed(t, from)) {
        tell(t, &t->refused, now, who, "refused, not in allow");
        close(fd);
        return;
    }
    c = take_place(t, now, who);
    if (!c || poller_add(t->poller, fd, EPOLLIN, &c->watch) != HUB_OK) {
        if (c) {
            c->next_free = t->free;
            t->free = c;
        }
        close(fd);
        return;
    }
    memcpy(c->name, who, sizeof(who));
    c->fd = fd;
    c->events = EPOLLIN;
    c->used = c->closing = c->more = false;
    c->in.at = c->in.end = 0;
    c->out_len = 0;
    c->last_used = now;
    c->partial_until = MONO_NEVER;
    sweep_by(t, client_deadline(c));
}

/* No descriptor or memory left: listening on would only burn the processor. */
static void pause_accepting(struct tcp *t, mono_us now)
{
    tell(t, &t->refused, now, strerror(errno), "on accept, clients have to wait");
    poller_set(t->poller, t->fd, 0, &t->watch);
    t->paused = true;
    t->due = now + PAUSE;
}

static void accept_all(struct tcp *t, mono_us now)
{
    t->knocking = false;
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof(from);
        int fd = accept4(t->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            admit(t, fd, &from, len, now);
            continue;
        }
        if (errno == EAGAIN)
            return;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(t, now);
            return;
        } /* else that one is gone already: accept(2) */
    }
}

static void listener_ready(struct watch *w, uint32_t events, mono_us now)
{
    struct tcp *t = (struct tcp *)w;

    (void)events, (void)now;
    t->knocking = true;
}

/* The options of a listener that its connections inherit on Linux. A peer that vanished is gone
 * after 10 s + 3 x 5 s. */
static void set_options(int fd, int family)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET,  SO_REUSEADDR,  1 },
        {SOL_SOCKET,  SO_KEEPALIVE,  1 },
        {IPPROTO_TCP, TCP_NODELAY,   1 },
        {IPPROTO_TCP, TCP_KEEPIDLE,  10},
        {IPPROTO_TCP, TCP_KEEPINTVL, 5 },
        {IPPROTO_TCP, TCP_KEEPCNT,   3 },
    };
    int on = 1;

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
    if (family == AF_INET6) /* [::] beside 0.0.0.0 on the same port */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
}

/* Returns the listening descriptor, or -1 with errno. */
static int listen_on(const char *where)
{
    struct sockaddr_storage at;
    socklen_t len;
    int fd, why;

    if (address_parse(where, &at) != HUB_OK) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    len = at.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    set_options(fd, at.ss_family);
    if (bind(fd, (const struct sockaddr *)&at, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    why = errno;
    close(fd);
    errno = why;
    return -1;
}

static void open_listener(struct tcp *t, mono_us now)
{
    int fd = listen_on(t->spec.listen);

    if (fd >= 0 && poller_add(t->poller, fd, EPOLLIN, &t->watch) != HUB_OK) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0) {
        log_line(LOG_INFO, "modbus %s: listening, unit %u", t->spec.listen, t->spec.units.unit);
        t->fd = fd;
        t->why = 0;
        return;
    }
    if (errno != t->why)
        log_line(LOG_ERROR, "modbus %s: cannot listen: %s%s; tried again every 5 s", t->spec.listen,
                 strerror(errno),
                 errno == EACCES ? " (a port below 1024 needs CAP_NET_BIND_SERVICE)" : "");
    t->why = errno;
    t->due = now + RETRY;
}

mono_us tcp_tend(struct tcp *t, mono_us now)
{
    if (t->fd < 0 && now >= t->due)
        open_listener(t, now);
    if (t->paused && now >= t->due) {
        poller_set(t->poller, t->fd, EPOLLIN, &t->watch);
        t->paused = false;
    }
    if (t->knocking)
        accept_all(t, now);
    if (now >= t->sweep_at)
        sweep(t, now);
    return t->fd < 0 || t->paused ? mono_min(t->due, t->sweep_at) : t->sweep_at;
}

struct tcp *tcp_new(const struct tcp_spec *spec, struct poller *p)
{
    struct tcp *t = calloc(1, sizeof(*t));
    unsigned n = spec->connections;

    if (!t)
        return NULL;
    *t = (struct tcp){.watch.ready = listener_ready, .spec = *spec, .poller = p};
    t->fd = -1;
    t->who.may_write = spec->write;
    t->sweep_at = MONO_NEVER;
    t->client = calloc(n, sizeof(*t->client));
    t->out_all = calloc(n + 1u, OUT_MAX);
    if (!t->client || !t->out_all) {
        tcp_free(t);
        return NULL;
    }
    t->batch = t->out_all + (size_t)n * OUT_MAX;
    for (unsigned i = n; i-- > 0;) {
        struct client *c = &t->client[i];

        c->watch.ready = client_ready;
        c->tcp = t;
        c->fd = -1;
        c->out = t->out_all + (size_t)i * OUT_MAX;
        c->next_free = t->free;
        t->free = c;
    }
    return t;
}

void tcp_counts(const struct tcp *t, struct signals *out, mono_us now)
{
    (void)t, (void)out, (void)now;
}

void tcp_free(struct tcp *t)
{
    for (unsigned i = 0; t->client && i < t->spec.connections; i++)
        if (t->client[i].fd >= 0)
            close(t->client[i].fd);
    if (t->fd >= 0)
        close(t->fd);
    free(t->client);
    free(t->out_all);
    free(t);
}
