#include "io/gpio.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "io/clock.h"

#define SILENT MONO_S(2)
#define UNDECIDED (1u << MAX_RELAYS) /* control has not said yet what the relays shall be */
#define CALM_MS 1 /* between two turns: a wire that hums must not take a processor */

struct gpio {
    struct gpio_lines lines; /* the thread's own */
    void (*wake)(void *ctx);
    void *ctx;
    pthread_t thread;
    int bell; /* eventfd: something to do */
    atomic_bool stop;
    atomic_uint wanted;        /* relays */
    atomic_uint inputs;        /* known << MAX_INPUTS | closed */
    _Atomic mono_us turned_at; /* 0: never */
};

bool gpio_check(const struct config *cfg, char *why, size_t size)
{
    struct gpio_lines lines;

    gpio_lines_read(&lines, gpio_ops_gpiod, cfg);
    if (gpio_ops_gpiod || !gpio_lines_used(&lines))
        return true;
    snprintf(
        why, size,
        "gpio needs a build with libgpiod: install libgpiod-dev (1.6) and build again, or take "
        "the gpio of every relay and the [input.N] away");
    return false;
}

/* What the thread waits for: the bell and the edges. */
static nfds_t gather(const struct gpio *g, struct pollfd *fds)
{
    nfds_t n = 0;

    fds[n++] = (struct pollfd){.fd = g->bell, .events = POLLIN};
    for (unsigned i = 0; i < MAX_INPUTS; i++) {
        void *line = g->lines.input[i].line;
        int fd = line ? g->lines.ops->fd(line) : -1;

        if (fd >= 0)
            fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    return n;
}

static void wait_until(struct gpio *g, mono_us until)
{
    struct pollfd fds[1 + MAX_INPUTS];
    mono_us now = clock_now();
    mono_us wait = until > now ? until - now : 0;
    struct timespec ts = {.tv_sec = (time_t)(wait / 1000000),
                          .tv_nsec = (long)(wait % 1000000) * 1000};
    eventfd_t count;

    ppoll(fds, gather(g, fds), &ts, NULL);
    eventfd_read(g->bell, &count);
}

static void publish(struct gpio *g, mono_us now)
{
    unsigned known, closed = gpio_inputs(&g->lines, &known);
    unsigned word = known << MAX_INPUTS | closed;

    atomic_store(&g->turned_at, now);
    if (atomic_exchange(&g->inputs, word) != word)
        g->wake(g->ctx);
}

static void *serve(void *arg)
{
    const struct timespec calm = {.tv_nsec = CALM_MS * 1000000};
    struct gpio *g = arg;

    prctl(PR_SET_NAME, "contacts");
    while (!atomic_load(&g->stop)) {
        unsigned wanted = atomic_load(&g->wanted);
        mono_us due;

        g->lines.decided = !(wanted & UNDECIDED);
        due = gpio_turn(&g->lines, wanted, clock_now());
        publish(g, clock_now());
        wait_until(g, mono_min(due, clock_now() + SILENT / 2));
        nanosleep(&calm, NULL);
    }
    gpio_lines_close(&g->lines);
    return NULL;
}

/* Signals are the main thread's. */
static enum status start_thread(struct gpio *g)
{
    sigset_t all, was;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    rc = pthread_create(&g->thread, NULL, serve, g);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    return rc ? HUB_EMEM : HUB_OK;
}

enum status gpio_start(struct gpio **out, const struct config *cfg, const struct gpio_ops *ops,
                       void (*wake)(void *ctx), void *ctx)
{
    struct gpio *g = calloc(1, sizeof(*g));

    if (!g)
        return HUB_EMEM;
    gpio_lines_read(&g->lines, ops, cfg);
    g->wake = wake;
    g->ctx = ctx;
    g->bell = -1;
    atomic_init(&g->wanted, UNDECIDED);
    if (!ops || !gpio_lines_used(&g->lines)) {
        free(g);
        return HUB_OK;
    }
    g->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (g->bell < 0 || start_thread(g) != HUB_OK)
        goto fail;
    *out = g;
    return HUB_OK;
fail:
    log_line(LOG_ERROR, "relays and inputs: cannot start their thread");
    if (g->bell >= 0)
        close(g->bell);
    free(g);
    return HUB_EMEM;
}

void gpio_drive(struct gpio *g, unsigned closed)
{
    if (atomic_exchange(&g->wanted, closed) != closed)
        eventfd_write(g->bell, 1);
}

unsigned gpio_see(const struct gpio *g, mono_us now, unsigned *known)
{
    mono_us turned = atomic_load(&g->turned_at);
    unsigned word = atomic_load(&g->inputs);

    *known = turned && mono_since(now, turned) < SILENT ? word >> MAX_INPUTS : 0;
    return word & *known;
}

void gpio_stop(struct gpio *g)
{
    struct timespec until;

    atomic_store(&g->stop, true);
    eventfd_write(g->bell, 1);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    if (pthread_timedjoin_np(g->thread, NULL, &until) != 0) {
        log_line(LOG_WARN, "relays and inputs: a chip hangs; its relays stay as they are");
        return; /* the thread still uses what would be freed */
    }
    close(g->bell);
    free(g);
}
