/* A hub made of an INI text, for the tests that hold it in their hands. */
#ifndef TESTS_HUB_BENCH_H
#define TESTS_HUB_BENCH_H

#include "check.h"

#include <string.h>

#include "hub/hub.h"

static inline void must_not(void *arg, const struct config_error *err)
{
    (void)arg;
    fail_msg("%d: %s", err->line, err->text);
}

static inline void ignore(void *arg, const struct config_error *err)
{
    (void)arg, (void)err;
}

static inline struct config *configured(const char *ini)
{
    return config_parse(ini, strlen(ini), NULL, must_not, ignore, NULL);
}

static inline void link_is(struct hub *hub, unsigned port, enum link_state state)
{
    hub_link(hub, (enum port)port, &(struct link_report){.state = state, .why = ""});
}

/* At 1 s, all links up. */
static inline struct hub *made(const char *ini)
{
    struct config *cfg = configured(ini);
    struct hub *hub = hub_new(cfg, MONO_S(1));

    config_free(cfg);
    assert_non_null(hub);
    for (unsigned i = 0; i < PORT_COUNT; i++)
        link_is(hub, i, LINK_UP);
    return hub;
}

static inline void run(struct hub *hub, mono_us now)
{
    hub_set_time(hub, now);
    hub_run(hub);
}

static inline int64_t value_of(const struct signals *s, enum signal sig)
{
    assert_true(signal_known(s, sig));
    return s->value[sig];
}

static inline int64_t hub_is(const struct hub *hub, enum signal sig)
{
    return value_of(&hub_snapshot(hub)->hub.s, sig);
}

static inline int64_t cluster_is(const struct hub *hub, unsigned i, enum signal sig)
{
    return value_of(&hub_snapshot(hub)->cluster[i].s, sig);
}

/* A whole control set of a serial battery: 52.0 V, 50 %, so many mA allowed both ways. */
static inline void control_set(struct battery *b, int64_t mA, mono_us at)
{
    signal_set(&b->s, SIG_VOLTAGE, 52000, at);
    signal_set(&b->s, SIG_CURRENT, 0, at);
    signal_set(&b->s, SIG_SOC, 5000, at);
    signal_set(&b->s, SIG_CHARGE_CURRENT_LIMIT, mA, at);
    signal_set(&b->s, SIG_DISCHARGE_CURRENT_LIMIT, mA, at);
}

/* Period 1 s: stale after 3 s. */
static inline void report(struct hub *hub, unsigned i, const struct battery *b, mono_us at)
{
    hub_report(hub, (enum port)(PORT_CLUSTER + i),
               &(struct sample){.at = at, .period = MONO_S(1), .battery = b});
}

#endif
