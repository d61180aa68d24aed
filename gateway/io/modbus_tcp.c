#include "io/modbus_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/tcp_client.h"
#include "io/tcp_listen.h"

#define RETRY MONO_S(5)
#define PAUSE MONO_MS(100)      /* without a descriptor left */
#define SWEEP_EVERY MONO_MS(10) /* at most: many half requests must not cost a look each */

enum { ACCEPTS = 16 }; /* of one turn */

struct tcp {
    struct watch watch;
    struct tcp_side side;
    int fd;
    bool knocking; /* somebody waits to be accepted */
    bool paused;
    int why; /* errno of the last failure to open, 0 when open */
    mono_us due;
    struct client *client; /* one of each place; touched when one comes, as is out_all */
    uint8_t *out_all;
    struct tells tells;
    counter link; /* enum link_state */
};

static bool in_list(const struct sockaddr_storage *from, const struct config_cidr *block,
                    unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (address_in(from, &block[i]))
            return true;
    return false;
}

static void sweep(struct tcp *t, mono_us now)
{
    struct tcp_side *s = &t->side;

    s->sweep_at = MONO_NEVER;
    for (unsigned i = 0; i < s->places.end; i++) {
        if (s->places.place[i].taken && client_deadline(&t->client[i]) <= now)
            client_expire(&t->client[i], now);
        if (s->places.place[i].taken)
            s->sweep_at = mono_min(s->sweep_at, client_deadline(&t->client[i]));
    }
    if (s->sweep_at != MONO_NEVER)
        s->sweep_at = mono_max(s->sweep_at, now + SWEEP_EVERY);
}

static void tell_of(struct tcp *t, const struct address *from, enum signal what, const char *text,
                    mono_us now)
{
    char name[TELLS_NAME];

    side_count(&t->side, what, 1);
    address_text(from, name, sizeof(name));
    side_tell(&t->side, name, text, now);
}

/* A place for who comes, or -1. */
static int find_place(struct tcp *t, const struct address *from, bool listed, mono_us now)
{
    unsigned at = 0;

    switch (places_find(&t->side.places, from, listed, &at)) {
    case PLACE_FREE:
        return (int)at;
    case PLACE_HELD:
        tell_of(t, from, SIG_DISPLACED, "took the place of the client unused for longest", now);
        client_close(&t->client[at]);
        return (int)at;
    case PLACE_PER_HOST:
        tell_of(t, from, SIG_REFUSED_ADDRESS, "refused, too many connections of its address", now);
        break;
    case PLACE_NONE:
        tell_of(t, from, SIG_REFUSED_FULL, "refused, all clients are busy or places are reserved",
                now);
        break;
    }
    return -1;
}

/* false: the descriptor is still the caller's. */
static bool admit(struct tcp *t, int fd, const struct sockaddr_storage *from, mono_us now)
{
    const struct tcp_spec *spec = &t->side.spec;
    struct address host = address_of(from);
    bool listed = in_list(from, spec->priority, spec->n_priority);
    bool may_write = spec->write && in_list(from, spec->allow_write, spec->n_allow_write);
    int at;

    if (spec->n_allow && !in_list(from, spec->allow, spec->n_allow)) {
        tell_of(t, &host, SIG_REFUSED_ALLOW, "refused, not in allow", now);
        return false;
    }
    at = find_place(t, &host, listed, now);
    if (at < 0)
        return false;
    places_take(&t->side.places, (unsigned)at, &host, listed, now);
    client_init(&t->client[at], &t->side, (unsigned)at, t->out_all + (size_t)at * TCP_OUT_MAX);
    if (client_open(&t->client[at], fd, &host, may_write) == HUB_OK)
        return true;
    places_leave(&t->side.places, (unsigned)at);
    return false;
}

/* No descriptor or memory left: listening on would only burn the processor. */
static void pause_accepting(struct tcp *t, mono_us now)
{
    side_count(&t->side, SIG_ACCEPT_PAUSES, 1);
    side_tell(&t->side, strerror(errno), "on accept, clients have to wait", now);
    poller_set(t->side.poller, t->fd, 0, &t->watch);
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
            if (!admit(t, fd, &from, now))
                close(fd);
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

static const char *remedy(int why)
{
    switch (why) {
    case EACCES:
        return " (a port below 1024 needs CAP_NET_BIND_SERVICE)";
    case EADDRINUSE:
        return " (ss -ltnp shows by whom)";
    case EADDRNOTAVAIL:
        return " (no interface of this machine has this address)";
    default:
        return "";
    }
}

static void open_listener(struct tcp *t, mono_us now)
{
    const struct tcp_spec *spec = &t->side.spec;
    int fd = tcp_listen(spec->listen);

    if (fd >= 0 && poller_add(t->side.poller, fd, EPOLLIN, &t->watch) != HUB_OK) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0) {
        log_line(LOG_INFO, "modbus %s: listening, unit %u", spec->listen, spec->units.unit);
        t->fd = fd;
        t->why = 0;
        gauge(&t->link, LINK_UP);
        return;
    }
    if (errno != t->why)
        log_line(LOG_ERROR, "modbus %s: cannot listen: %s%s; tried again every 5 s", spec->listen,
                 strerror(errno), remedy(errno));
    t->why = errno;
    t->due = now + RETRY;
}

mono_us tcp_tend(struct tcp *t, mono_us now)
{
    if (t->fd < 0 && now >= t->due)
        open_listener(t, now);
    if (t->paused && now >= t->due) {
        poller_set(t->side.poller, t->fd, EPOLLIN, &t->watch);
        t->paused = false;
    }
    if (t->knocking)
        accept_all(t, now);
    if (now >= t->side.sweep_at)
        sweep(t, now);
    return t->fd < 0 || t->paused ? mono_min(t->due, t->side.sweep_at) : t->side.sweep_at;
}

struct tcp *tcp_new(const struct tcp_spec *spec, struct poller *p)
{
    struct tcp *t = calloc(1, sizeof(*t));
    unsigned n = spec->connections;

    if (!t)
        return NULL;
    t->watch.ready = listener_ready;
    t->fd = -1;
    t->side.spec = *spec;
    t->side.poller = p;
    t->side.tells = spec->tells ? spec->tells : &t->tells;
    t->side.sweep_at = MONO_NEVER;
    t->side.places = (struct places){.n = n,
                                     .reserved = spec->reserved,
                                     .per_address = spec->per_address,
                                     .place = calloc(n, sizeof(struct place))};
    t->client = calloc(n, sizeof(*t->client));
    t->out_all = calloc(n + 1u, TCP_OUT_MAX);
    if (!t->side.places.place || !t->client || !t->out_all) {
        tcp_free(t);
        return NULL;
    }
    t->side.batch = t->out_all + (size_t)n * TCP_OUT_MAX;
    return t;
}

void tcp_counts(const struct tcp *t, struct signals *out, mono_us now)
{
    for (int i = 0; i < SIDE_COUNTS; i++)
        signal_set(out, (enum signal)(SIG_CLIENTS + i), counted(&t->side.count[i]), now);
    signal_set(out, SIG_LINK_STATE, counted(&t->link), now);
}

void tcp_free(struct tcp *t)
{
    for (unsigned i = t->side.places.end; i-- > 0;)
        if (t->side.places.place[i].taken)
            client_close(&t->client[i]);
    if (t->fd >= 0)
        close(t->fd);
    free(t->side.places.place);
    free(t->client);
    free(t->out_all);
    free(t);
}
