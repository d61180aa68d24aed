#include "io/modbus_server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "io/clock.h"

enum { READY_MAX = 64 };
#define LINES_EVERY 100 /* us */

struct modbus_server {
    struct modbus_map map, more[MAX_CLUSTERS];
    struct desk *desk;
    void (*turn)(void *ctx);
    mono_us (*tend)(void *ctx, mono_us now);
    void *ctx;
    struct poller poller;
    struct tcp *tcp[MODBUS_PORTS_MAX];
    struct rtu_line *rtu[MODBUS_PORTS_MAX];
    unsigned n_tcp, n_rtu, tcp_at[MODBUS_PORTS_MAX], rtu_at[MODBUS_PORTS_MAX];
    struct tells tells; /* of all listeners */
    bool answering;
    pthread_t thread;
    atomic_bool stop;
};

/* Lines before listeners: a serial answer has a moment, a client only wants it soon. */
static mono_us tend_all(struct modbus_server *srv, mono_us now)
{
    mono_us due = MONO_NEVER;

    for (unsigned i = 0; i < srv->n_rtu; i++)
        due = mono_min(due, rtu_line_tend(srv->rtu[i], now));
    for (unsigned i = 0; i < srv->n_tcp; i++)
        due = mono_min(due, tcp_tend(srv->tcp[i], now));
    return srv->tend ? mono_min(due, srv->tend(srv->ctx, now)) : due;
}

/* Answers of control are about to be handed out. */
static void fresh(void *ctx)
{
    struct modbus_server *srv = ctx;

    srv->answering = true;
    if (srv->turn)
        srv->turn(srv->ctx);
}

/* An answer of control changes what a port waits for, and a line may have given an order: both are
 * asked until nothing was handed out. */
static mono_us tend(struct modbus_server *srv, mono_us now)
{
    mono_us ports, orders = MONO_NEVER;

    do {
        srv->answering = false;
        ports = tend_all(srv, now);
        if (srv->desk)
            orders = desk_tend(srv->desk, now, fresh, srv);
    } while (srv->answering);
    return mono_min(ports, orders);
}

/* Many clients in one turn take milliseconds: lines are looked at meanwhile. */
static void serve_ready(struct modbus_server *srv, const struct ready *ready, int n, mono_us now)
{
    mono_us look = now + LINES_EVERY;

    for (int i = 0; i < n; i++) {
        ready[i].watch->ready(ready[i].watch, ready[i].events, now);
        if (!srv->n_rtu || (now = clock_now()) < look)
            continue;
        for (unsigned k = 0; k < srv->n_rtu; k++)
            rtu_line_look(srv->rtu[k]);
        look = now + LINES_EVERY;
    }
}

static void *serve(void *arg)
{
    struct modbus_server *srv = arg;
    struct ready ready[READY_MAX];
    mono_us due = 0; /* at once: what was opened at the start has its deadlines */

    prctl(PR_SET_NAME, "modbus");
    while (!atomic_load_explicit(&srv->stop, memory_order_acquire)) {
        int n = poller_wait(&srv->poller, due, ready, READY_MAX);
        mono_us now = clock_now();

        if (srv->turn)
            srv->turn(srv->ctx);
        serve_ready(srv, ready, n, now);
        due = tend(srv, now);
    }
    return NULL;
}

/* Signals are the main thread's. Returns 0 or an errno. */
static int start_thread(struct modbus_server *srv)
{
    sigset_t all, was;
    int why;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    why = pthread_create(&srv->thread, NULL, serve, srv);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    return why;
}

static void release(struct modbus_server *srv)
{
    for (unsigned i = 0; i < srv->n_tcp; i++)
        if (srv->tcp[i])
            tcp_free(srv->tcp[i]);
    for (unsigned i = 0; i < srv->n_rtu; i++)
        if (srv->rtu[i])
            rtu_line_free(srv->rtu[i]);
    poller_close(&srv->poller);
    free(srv);
}

static enum status make_ports(struct modbus_server *srv, const struct modbus_server_spec *spec)
{
    enum status st = HUB_OK;

    srv->n_tcp = spec->n_tcp;
    srv->n_rtu = spec->n_rtu;
    memcpy(srv->tcp_at, spec->tcp_at, sizeof(srv->tcp_at));
    memcpy(srv->rtu_at, spec->rtu_at, sizeof(srv->rtu_at));
    for (unsigned i = 0; i < spec->n_tcp; i++) {
        struct tcp_spec tcp = spec->tcp[i];

        tcp.units.hub = &srv->map;
        tcp.units.more = srv->more;
        tcp.desk = spec->desk;
        tcp.refused = spec->refused;
        tcp.ctx = spec->ctx;
        tcp.tells = &srv->tells;
        if (!(srv->tcp[i] = tcp_new(&tcp, &srv->poller)))
            st = HUB_EMEM;
    }
    for (unsigned i = 0; i < spec->n_rtu; i++) {
        struct rtu_spec rtu = spec->rtu[i];

        rtu.units.hub = &srv->map;
        rtu.units.more = srv->more;
        rtu.desk = spec->desk;
        rtu.refused = spec->refused;
        rtu.ctx = spec->ctx;
        if (!(srv->rtu[i] = rtu_line_new(&rtu, &srv->poller)))
            st = HUB_EMEM;
    }
    return st;
}

struct modbus_server *modbus_server_start(const struct modbus_server_spec *spec)
{
    struct modbus_server *srv = calloc(1, sizeof(*srv));
    int why = ENOMEM;

    if (!srv)
        goto fail;
    srv->map = spec->map;
    memcpy(srv->more, spec->more, sizeof(srv->more));
    srv->desk = spec->desk;
    srv->turn = spec->turn;
    srv->tend = spec->tend;
    srv->ctx = spec->ctx;
    if (poller_open(&srv->poller) != HUB_OK) {
        why = errno;
        goto free_server;
    }
    if (make_ports(srv, spec) != HUB_OK)
        goto free_server;
    if (spec->join)
        spec->join(spec->ctx, &srv->poller);
    tend_all(srv, clock_now()); /* who starts us finds the ports open, or told why not */
    why = start_thread(srv);
    if (why == 0)
        return srv;
free_server:
    release(srv);
fail:
    log_line(LOG_ERROR, "modbus: cannot start the server: %s", strerror(why));
    return NULL;
}

void modbus_server_counts(const struct modbus_server *srv, struct process *out, mono_us now)
{
    for (unsigned i = 0; i < srv->n_tcp; i++)
        tcp_counts(srv->tcp[i], &out->tcp[srv->tcp_at[i]], now);
    for (unsigned i = 0; i < srv->n_rtu; i++)
        rtu_line_counts(srv->rtu[i], &out->rtu[srv->rtu_at[i]], now);
}

void modbus_server_wake(struct modbus_server *srv)
{
    poller_wake(&srv->poller);
}

void modbus_server_stop(struct modbus_server *srv)
{
    atomic_store_explicit(&srv->stop, true, memory_order_release);
    poller_wake(&srv->poller);
    pthread_join(srv->thread, NULL);
    release(srv);
}
