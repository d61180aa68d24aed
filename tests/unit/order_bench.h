/* A hub of two clusters that is asked for things, and what it tells about that. */
#ifndef TESTS_ORDER_BENCH_H
#define TESTS_ORDER_BENCH_H

#include "hub_bench.h"

#include <stdio.h>

static const char site[] = "[hub]\nclusters = 2\nprofile = generic-lfp-16s\n"
                           "[cluster.1]\nlink = sim\nmodules = 2\n"
                           "[cluster.2]\nlink = sim\nmodules = 2\n"
                           "[input.1]\nfunction = stop\ngpio = gpiochip0:5\n"
                           "[input.2]\nfunction = reset\ngpio = gpiochip0:6\n";

static const struct origin tcp = {OWNER_TCP + 1, 0xC0A80107, "192.168.1.7"};
static const struct origin other = {OWNER_TCP + 1, 0xC0A80108, "192.168.1.8"};
static const struct origin line = {OWNER_RTU + 2, 0, "/dev/ttyUSB0"};
static const struct origin root = {OWNER_SOCKET, 0, "user root"};

static const struct origin nobody;

static uint32_t ticket;

static inline struct hub_order ask(enum command command, const struct origin *from)
{
    return (struct hub_order){.command = command, .from = *from};
}

static inline struct hub_order set(enum command command, int64_t value, const struct origin *from)
{
    struct hub_order o = ask(command, from);

    o.value = value;
    return o;
}

static inline struct hub_order taken_back(struct hub_order o)
{
    o.release = true;
    return o;
}

static inline struct hub_order isolated(struct hub_order o)
{
    o.isolated = true;
    return o;
}

static inline struct hub_order about(struct hub_order o, unsigned cluster)
{
    o.cluster = (uint8_t)cluster;
    return o;
}

static inline void save_all(struct hub *hub)
{
    struct record r;

    while (hub_store_out(hub, &r))
        hub_store_done(hub, r.ticket, true);
}

/* Asks, saves what has to be, and returns the answer. */
static inline enum status get(struct hub *hub, struct hub_order *order, unsigned n)
{
    struct hub_answer answer = {.status = HUB_EIO};

    order->ticket = ++ticket;
    assert_int_equal(hub_commands(hub, order, n), HUB_OK);
    save_all(hub);
    assert_true(hub_result(hub, &answer));
    assert_int_equal(answer.ticket, ticket);
    assert_false(hub_result(hub, &answer));
    return answer.status;
}

static inline enum status get_one(struct hub *hub, struct hub_order order)
{
    return get(hub, &order, 1);
}

/* ---- events ---- */

static char told[40][240];
static struct event event[40];
static unsigned n_told;

static inline unsigned is_of_order(const struct event *e)
{
    return e->kind == EVENT_COMMAND || e->kind == EVENT_SET_POINT || e->kind == EVENT_TAKEN_OVER ||
           e->kind == EVENT_RAN_OUT || e->kind == EVENT_REFUSED || e->kind == EVENT_LATCH_RESET;
}

/* The events about orders since the last look. */
static inline unsigned look(struct hub *hub)
{
    n_told = 0;
    while (hub_event_out(hub, &event[n_told])) {
        if (!is_of_order(&event[n_told]))
            continue;
        event_text(&event[n_told], told[n_told], sizeof(told[0]));
        print_message("  %s\n", told[n_told]);
        assert_true(++n_told < LEN(told));
    }
    return n_told;
}

static inline void only_told(struct hub *hub, const char *text)
{
    assert_int_equal(look(hub), 1);
    assert_string_equal(told[0], text);
}

static inline struct hub *begin(void)
{
    struct hub *hub = made(site);

    hub_input(hub, 0, true);
    hub_input(hub, 1, false);
    run(hub, MONO_S(2));
    save_all(hub);
    look(hub);
    return hub;
}

/* A latch of the hub whose cause is gone. */
static inline void latch(struct hub *hub, mono_us now)
{
    hub_input(hub, 0, false);
    run(hub, now);
    hub_input(hub, 0, true);
    run(hub, now + MONO_MS(100));
    save_all(hub);
    assert_int_equal(hub_is(hub, SIG_LATCHES), LATCH_BIT(STOP_INPUT));
    look(hub);
}

#endif
