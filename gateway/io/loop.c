#include "io/loop.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "io/clock.h"

/* Frames taken from one port before the others get their turn: a flooding BMS must not starve
 * them. */
#define BUDGET 64

#define STOP_SPACING                                                                               \
    MONO_MS(250)           /* between the rounds of zero limits: SMA forbids under 200 ms          \
                            */
#define STALL MONO_S(1)    /* without a turn: control must have stood still */
#define BACKLOG_MAX 100000 /* frames of one port; sockets hold less */

#define STOP_GRACE MONO_S(2) /* a stuck bus does not keep the process */

/* What is wrong with a link and what to do about it, once. A change of state tells it in its event;
 * a link that never opened, or stays closed for another reason, has only this. */
static void tell_why(struct loop *loop, unsigned port, bool changed)
{
    const struct link *l = loop->link[port];
    const char *why = l->state == LINK_UP ? "" : l->why;
    bool inverter = port >= PORT_INVERTER;

    if (strcmp(loop->told[port], why) == 0)
        return;
    snprintf(loop->told[port], sizeof(loop->told[port]), "%s", why);
    if (*why && !changed)
        log_line(LOG_WARN, "%s %u: %s", inverter ? "inverter" : "cluster",
                 inverter ? port - PORT_INVERTER + 1 : port + 1, why);
}

static void tell_link(struct loop *loop, unsigned port)
{
    struct link *l = loop->link[port];
    struct link_report report = {.state = l->state,
                                 .frames_lost = l->lost,
                                 .bus_errors = l->bus_errors,
                                 .flushed = l->flushed,
                                 .why = l->why};
    bool changed = l->state != loop->state[port];

    l->lost = l->bus_errors = 0;
    l->flushed = false;
    loop->state[port] = l->state;
    hub_link(loop->hub, (enum port)port, &report);
    tell_why(loop, port, changed);
}

/* Takes what came on a port. Returns false when there may be more. */
static bool drain(struct loop *loop, unsigned port, mono_us now)
{
    struct link *l = loop->link[port];
    struct frame f;

    for (unsigned i = 0; i < BUDGET; i++) {
        switch (l->ops->read(l, now, &f)) {
        case LINK_NOTHING:
            return true;
        case LINK_FRAME:
            hub_rx(loop->hub, (enum port)port, &f);
            break;
        case LINK_CONFIRMED:
            hub_tx_done(loop->hub, (enum port)port, true);
            break;
        }
    }
    return false;
}

/* Sends what is due on a port; a link that confirms at once lets a whole set out in one turn. */
static bool send_due(struct loop *loop, unsigned port, mono_us now)
{
    struct link *l = loop->link[port];
    struct frame f;
    bool drained = true;

    while (hub_tx(loop->hub, (enum port)port, &f)) {
        if (l->ops->write(l, now, &f) != HUB_OK)
            hub_tx_done(loop->hub, (enum port)port, false);
        else
            drained = drain(loop, port, now) && drained;
    }
    return drained;
}

/* A controller that follows the sun moves its set-point each second: a log of that is of no use. */
static bool is_tuning(const struct event *e)
{
    return e->kind == EVENT_SET_POINT && e->old >= 0 && e->now >= 0;
}

/* Two masters that fight take over with each write: what was not told of that stands in the next
 * line about it. false: not now. */
static bool tell_fight(struct loop *loop, const struct event *e, char *line, size_t size)
{
    char name[12];
    unsigned more;

    snprintf(name, sizeof(name), "%u", e->command);
    if (!tells_now(&loop->fights, name, e->at, &more))
        return false;
    if (more) {
        size_t len = strlen(line);
        snprintf(line + len, size - len, " (%u others not told)", more);
    }
    return true;
}

static void tell_events(struct loop *loop)
{
    struct event e;
    char line[280];

    while (hub_event_out(loop->hub, &e)) {
        enum log_level level = LOG_INFO;

        if (e.kind == EVENT_CCL_REASON || e.kind == EVENT_DCL_REASON || is_tuning(&e))
            level = LOG_DEBUG;
        if (event_is_bad(&e))
            level = LOG_WARN;
        event_text(&e, line, sizeof(line));
        if (e.kind == EVENT_TAKEN_OVER && !tell_fight(loop, &e, line, sizeof(line)))
            level = LOG_DEBUG;
        log_line(level, "%s", line);
    }
}

/* What cannot be kept is asked for again in the next turn, not for ever in this one. */
static void keep(struct loop *loop)
{
    struct record r;
    bool kept = true;

    while (kept && hub_store_out(loop->hub, &r)) {
        kept = loop->store && memory_store_put(loop->store, &r);
        hub_store_done(loop->hub, r.ticket, kept);
    }
}

/* What the inputs were last read as, as far as it is news. */
static void tell_inputs(struct loop *loop, mono_us now)
{
    unsigned known, closed;

    if (!loop->gpio)
        return;
    closed = gpio_see(loop->gpio, now, &known);
    for (unsigned i = 0; i < MAX_INPUTS; i++) {
        unsigned bit = 1u << i;

        if (!((known ^ loop->inputs_known) & bit) && !((closed ^ loop->inputs) & bit))
            continue;
        if (known & bit)
            hub_input(loop->hub, i, closed & bit);
        else
            hub_input_lost(loop->hub, i);
    }
    loop->inputs_known = known;
    loop->inputs = closed;
}

static void drive_relays(struct loop *loop)
{
    unsigned closed = 0;

    if (!loop->gpio)
        return;
    for (unsigned i = 0; i < MAX_RELAYS; i++)
        closed |= (unsigned)hub_relay(loop->hub, i) << i;
    gpio_drive(loop->gpio, closed);
}

/* What only this thread can know about itself. */
static void look_at_self(struct loop *loop, mono_us now)
{
    struct signals *s = &loop->process.self;

    jitter_set_time(&loop->late, now);
    jitter_set_time(&loop->turn, now);
    signal_set(s, SIG_CONTROL_LATE_P99, (int64_t)jitter_p99(&loop->late), now);
    signal_set(s, SIG_CONTROL_LATE_MAX, (int64_t)jitter_max(&loop->late), now);
    signal_set(s, SIG_CONTROL_TURN_MAX, (int64_t)jitter_max(&loop->turn), now);
    signal_set(s, SIG_CONTROL_TURNS, (int64_t)loop->turns, now);
    signal_set(s, SIG_HEARTBEAT, signal_or(&hub_snapshot(loop->hub)->hub.s, SIG_HEARTBEAT, 0), now);
    if (!jitter_count(&loop->late)) {
        signal_forget(s, SIG_CONTROL_LATE_P99);
        signal_forget(s, SIG_CONTROL_LATE_MAX);
    }
}

static void publish(struct loop *loop, mono_us now)
{
    look_at_self(loop, now);
    if (loop->server) {
        server_counts(loop->server, &loop->process, now);
        regmap_fill(server_image(loop->server), hub_snapshot(loop->hub), &loop->process);
        server_publish(loop->server);
    }
    clerk_published(&loop->clerk);
}

static void run_rules(struct loop *loop, mono_us now)
{
    if (!hub_wants_run(loop->hub))
        return;
    hub_run(loop->hub);
    drive_relays(loop);
    publish(loop, now);
}

/* Who waits for an answer gets it behind the inverters' frames. */
static void answer_orders(struct loop *loop)
{
    if (loop->desk && clerk_answer(&loop->clerk, loop->desk, loop->hub) && loop->server)
        server_wake(loop->server);
}

/* How late control is: measured where a deadline made it turn, or should have. What wakes it before
 * that says nothing about it. */
static void measure_wake(struct loop *loop, mono_us now)
{
    if (loop->wanted && now >= loop->wanted)
        jitter_put(&loop->late, now, now - loop->wanted);
}

void loop_turned(struct loop *loop, mono_us began, mono_us now)
{
    loop->turns++;
    jitter_put(&loop->turn, now, now - began);
}

/* The process was stopped or starved. What queued up meanwhile has an age nobody knows, so that it
 * must not count as fresh: it is thrown away, and the batteries' next words count. */
static void skip_backlog(struct loop *loop, mono_us now)
{
    struct frame f;
    unsigned thrown = 0;

    for (unsigned i = 0; i < PORT_COUNT; i++) {
        enum link_got got = LINK_FRAME;

        for (unsigned n = 0; loop->link[i] && n < BACKLOG_MAX && got != LINK_NOTHING; n++) {
            got = loop->link[i]->ops->read(loop->link[i], now, &f);
            thrown += got == LINK_FRAME;
            if (got == LINK_CONFIRMED)
                hub_tx_done(loop->hub, (enum port)i, true);
        }
    }
    log_line(LOG_WARN, "control stood still for %.1f s; %u queued frames thrown away",
             (double)(now - loop->last_turn) / 1e6, thrown);
}

mono_us loop_turn(struct loop *loop, mono_us now)
{
    bool all_drained = true;
    mono_us next;

    measure_wake(loop, now);
    hub_set_time(loop->hub, now);
    if (loop->last_turn && now > loop->last_turn + STALL)
        skip_backlog(loop, now);
    loop->last_turn = now;
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        struct link *l = loop->link[i];

        if (!l)
            continue;
        if (now >= l->ops->deadline(l))
            l->ops->tend(l, now);
        all_drained = drain(loop, i, now) && all_drained;
        tell_link(loop, i);
    }
    tell_inputs(loop, now);
    if (loop->desk)
        clerk_take(&loop->clerk, loop->desk, loop->hub, now);
    run_rules(loop, now);
    for (unsigned i = 0; i < PORT_COUNT; i++)
        if (loop->link[i])
            all_drained = send_due(loop, i, now) && all_drained;
    tell_events(loop);
    keep(loop);
    answer_orders(loop);
    next = hub_deadline(loop->hub);
    for (unsigned i = 0; i < PORT_COUNT; i++)
        if (loop->link[i])
            next = mono_min(next, loop->link[i]->ops->deadline(loop->link[i]));
    loop->wanted = mono_max(next, now);
    return all_drained ? next : now;
}

static void wait_until(struct loop *loop, mono_us until)
{
    struct pollfd fds[PORT_COUNT + 1];
    nfds_t n = 0;
    mono_us now = clock_now();
    mono_us wait = until > now ? until - now : 0;
    struct timespec ts = {.tv_sec = (time_t)(wait / 1000000),
                          .tv_nsec = (long)(wait % 1000000) * 1000};

    if (loop->wake >= 0)
        fds[n++] = (struct pollfd){.fd = loop->wake, .events = POLLIN};
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        int fd = loop->link[i] ? loop->link[i]->ops->fd(loop->link[i]) : -1;

        if (fd >= 0)
            fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    ppoll(fds, n, &ts, NULL);
}

void loop_wake(struct loop *loop)
{
    eventfd_write(loop->wake, 1);
}

/* What other threads want. Returns how hard it is to stop. */
static unsigned heed(struct loop *loop)
{
    const struct config *next = atomic_load(&loop->config);
    eventfd_t count;

    if (loop->wake >= 0)
        eventfd_read(loop->wake, &count);
    if (next) {
        if (hub_reconfigure(loop->hub, next) == HUB_OK)
            log_line(LOG_INFO, "the new configuration is taken over");
        else
            log_line(LOG_ERROR, "the new configuration does not fit the running hub: it stays");
        atomic_store(&loop->config, NULL);
    }
    return atomic_load(&loop->stop);
}

static mono_us timed_turn(struct loop *loop)
{
    mono_us began = clock_now(), next = loop_turn(loop, began);

    loop_turned(loop, began, clock_now());
    return next;
}

/* Zero limits, until every inverter that can be reached has confirmed three of them. */
static void stop(struct loop *loop)
{
    mono_us give_up = clock_now() + STOP_GRACE;

    while (!hub_stopped(loop->hub) && clock_now() < give_up) {
        mono_us until = clock_now() + STOP_SPACING;

        hub_set_time(loop->hub, clock_now());
        hub_stop(loop->hub);
        while (clock_now() < until) {
            mono_us next = timed_turn(loop);

            wait_until(loop, mono_min(next, until));
            if (heed(loop) > 1)
                return;
        }
    }
}

void loop_run(struct loop *loop)
{
    while (!heed(loop)) {
        mono_us next = timed_turn(loop);

        atomic_fetch_add(&loop->beats, 1);
        wait_until(loop, next);
    }
    log_line(LOG_INFO, "stopping: limits are zero from now on");
    stop(loop);
}
