/* config/demo.ini as a closed loop in simulated time: the whole hub, the simulated batteries and
 * an inverter that obeys. What leaves the models must come back as the hub's numbers, and no
 * current may leave the limits. */
#include "check.h"

#include "hub/hub.h"
#include "sim/site.h"

#include <stdio.h>
#include <stdlib.h>

#define TICK MONO_MS(20)

struct room {
    struct hub *hub;
    struct site *site;
    mono_us now;
    bool inverter_deaf;
};

static void no_mistake(void *arg, const struct config_error *err)
{
    (void)arg;
    fail_msg("%d: %s", err->line, err->text);
}

static struct config *read_config(const char *more)
{
    static char ini[8192];
    FILE *f = fopen(TEST_DIR "/../config/demo.ini", "r");
    size_t n;

    assert_non_null(f);
    n = fread(ini, 1, sizeof(ini) / 2, f);
    fclose(f);
    n += (size_t)snprintf(ini + n, sizeof(ini) - n, "%s", more);
    return config_parse(ini, n, NULL, no_mistake, no_mistake, NULL);
}

static void room_open(struct room *r, const char *more)
{
    const struct link_report up = {.state = LINK_UP, .why = ""};
    struct config *cfg = read_config(more);

    *r = (struct room){.now = MONO_S(50)};
    r->hub = hub_new(cfg, r->now);
    r->site = site_new(cfg, r->now);
    config_free(cfg);
    assert_non_null(r->hub);
    assert_non_null(r->site);
    for (unsigned port = 0; port < PORT_COUNT; port++)
        if (port < 2 || port == PORT_INVERTER)
            hub_link(r->hub, (enum port)port, &up);
}

static void room_close(struct room *r)
{
    hub_free(r->hub);
    site_free(r->site);
}

/* One turn of the loop. */
static void turn(struct room *r)
{
    struct frame f;
    struct event e;
    struct record record;

    r->now += TICK;
    hub_set_time(r->hub, r->now);
    site_set_time(r->site, r->now);
    for (unsigned port = 0; port < PORT_COUNT; port++)
        while (site_tx(r->site, port, &f))
            hub_rx(r->hub, (enum port)port, &f);
    if (hub_wants_run(r->hub))
        hub_run(r->hub);
    for (unsigned port = 0; port < PORT_COUNT; port++)
        while (hub_tx(r->hub, (enum port)port, &f)) {
            if (port != PORT_INVERTER || !r->inverter_deaf)
                site_rx(r->site, port, &f);
            hub_tx_done(r->hub, (enum port)port, true);
        }
    while (hub_event_out(r->hub, &e)) {
    }
    while (hub_store_out(r->hub, &record))
        hub_store_done(r->hub, record.ticket, true);
}

static void pass(struct room *r, unsigned seconds)
{
    mono_us end = r->now + MONO_S(seconds);

    while (r->now < end)
        turn(r);
}

static int64_t hub_value(const struct room *r, enum signal id)
{
    return signal_or(&hub_snapshot(r->hub)->hub.s, id, INT64_MIN);
}

static int64_t cluster_value(const struct room *r, unsigned i, enum signal id)
{
    return signal_or(&hub_snapshot(r->hub)->cluster[i].s, id, INT64_MIN);
}

static void the_demo_starts_by_itself(void **state)
{
    struct room r;

    (void)state;
    room_open(&r, "");
    assert_int_equal(hub_value(&r, SIG_CHARGE_CURRENT_LIMIT), 0);
    pass(&r, 35);
    assert_int_equal(hub_value(&r, SIG_STATE), HUB_RUNNING);
    assert_int_equal(hub_value(&r, SIG_CLUSTERS_JOINED), 2);
    /* Section 13 table: 5 modules, 2 clusters: 488 A. Up by 5 %/s after 10 s: at most 20 s more. */
    assert_int_equal(hub_value(&r, SIG_CHARGE_CURRENT_LIMIT), 488000);
    assert_int_equal(hub_value(&r, SIG_DISCHARGE_CURRENT_LIMIT), 488000);
    /* 44.8 % and 51.6 % of the same capacity: 48.2 %; pylontech tells cluster 1 as 45 %. */
    assert_in_range(hub_value(&r, SIG_SOC), 4800, 4860);
    room_close(&r);
}

/* The hub adds what the clusters tell it in tenths of an ampere at different moments; the models
 * move by at most a few amperes a second. */
static void the_hub_tells_what_the_models_do(void **state)
{
    struct room r;

    (void)state;
    room_open(&r, "");
    pass(&r, 35);
    for (unsigned s = 0; s < 60; s++) {
        int64_t sum = cluster_value(&r, 0, SIG_CURRENT) + cluster_value(&r, 1, SIG_CURRENT);
        int64_t voltage_mV = site_battery(r.site, 0)->voltage_uV / 1000;

        assert_int_equal(hub_value(&r, SIG_CURRENT), sum);
        assert_true(llabs(hub_value(&r, SIG_VOLTAGE) - voltage_mV) < 50);
        pass(&r, 1);
    }
    /* A quiet second: the same house and nearly the same sun as when it was told. */
    assert_true(llabs(hub_value(&r, SIG_CURRENT) - site_inverter(r.site, 0)->current_mA) < 5000);
    room_close(&r);
}

static int64_t higher(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Two seconds on: the inverter is never beyond the higher of what was allowed before and after. */
static int64_t step_inside_limits(struct room *r)
{
    int64_t ccl = hub_value(r, SIG_CHARGE_CURRENT_LIMIT);
    int64_t dcl = hub_value(r, SIG_DISCHARGE_CURRENT_LIMIT);
    int64_t mA;

    pass(r, 2);
    mA = site_inverter(r->site, 0)->current_mA;
    assert_true(mA <= higher(ccl, hub_value(r, SIG_CHARGE_CURRENT_LIMIT)));
    assert_true(-mA <= higher(dcl, hub_value(r, SIG_DISCHARGE_CURRENT_LIMIT)));
    return mA;
}

/* The sun charges, the night discharges: at noon up to 4000 W less 640 W of house, 63.6 A at
 * 52.8 V; at night 640 to 960 W, 12.1 to 18.2 A. The owner's caps cut both. */
static void days_pass_inside_the_limits(void **state)
{
    static const struct {
        const char *what, *more;
        int64_t highest_mA, lowest_mA; /* within 2 A, under the caps exactly */
        int64_t within_mA;
    } cases[] = {
        {"the demo as it is",       "",                                     63600, -18200, 2000},
        {"capped at 20 A and 10 A",
         "[limits]\ncharge_current_max = 20\ndischarge_current_max = 10\n", 20000, -10000, 0   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        int64_t highest_mA = 0, lowest_mA = 0;
        struct room r;

        print_message("  %s\n", cases[i].what);
        room_open(&r, cases[i].more);
        pass(&r, 35);
        for (unsigned s = 0; s < 900; s++) { /* half an hour is three days of the demo */
            int64_t mA = step_inside_limits(&r);

            highest_mA = higher(mA, highest_mA);
            lowest_mA = -higher(-mA, -lowest_mA);
            assert_int_equal(hub_value(&r, SIG_STATE), HUB_RUNNING);
        }
        assert_true(llabs(highest_mA - cases[i].highest_mA) <= cases[i].within_mA);
        assert_true(llabs(lowest_mA - cases[i].lowest_mA) <= cases[i].within_mA);
        room_close(&r);
    }
}

static void a_stop_stops_the_current_within_a_second(void **state)
{
    struct room r;

    (void)state;
    room_open(&r, "");
    pass(&r, 35);
    assert_true(site_inverter(r.site, 0)->current_mA > 10000);
    hub_stop(r.hub);
    pass(&r, 1);
    assert_int_equal(site_inverter(r.site, 0)->current_mA, 0);
    room_close(&r);
}

static void an_inverter_that_hears_nothing_stops(void **state)
{
    struct room r;

    (void)state;
    room_open(&r, "");
    pass(&r, 35);
    assert_true(site_inverter(r.site, 0)->current_mA > 10000);
    r.inverter_deaf = true;
    pass(&r, 7);
    assert_int_equal(site_inverter(r.site, 0)->current_mA, 0);
    room_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_demo_starts_by_itself),
        cmocka_unit_test(the_hub_tells_what_the_models_do),
        cmocka_unit_test(days_pass_inside_the_limits),
        cmocka_unit_test(a_stop_stops_the_current_within_a_second),
        cmocka_unit_test(an_inverter_that_hears_nothing_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
