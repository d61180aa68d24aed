/* Relays and inputs of a running hub. Everything about one rule is in test_relays. */
#include "hub_bench.h"

#include <limits.h>
#include <stdio.h>

static const char two[] =
    "[hub]\nclusters = 2\nprofile = generic-lfp-16s\n[cluster.1]\nlink = sim\n"
    "[cluster.2]\nlink = sim\n[limits]\nstart_wait_s = 2\n";

static struct hub *hub_with(const char *contacts)
{
    char ini[1000];

    snprintf(ini, sizeof(ini), "%s%s", two, contacts);
    return made(ini);
}

/* Both clusters report each second up to `until`; runs with each. Returns the time. */
static mono_us live(struct hub *hub, const struct battery *a, const struct battery *b, mono_us from,
                    mono_us until)
{
    for (mono_us at = from; at <= until; at += MONO_S(1)) {
        struct battery now[2] = {*a, *b};

        for (unsigned i = 0; i < 2; i++)
            for (unsigned sig = 0; sig < SIG_COUNT; sig++)
                if (signal_known(&now[i].s, (enum signal)sig))
                    now[i].s.at[sig] = at;
        hub_set_time(hub, at);
        report(hub, 0, &now[0], at);
        report(hub, 1, &now[1], at);
        hub_run(hub);
    }
    return until;
}

static int64_t relay_row(const struct hub *hub, unsigned i)
{
    return signal_or(&hub_snapshot(hub)->hub.s, (enum signal)(SIG_RELAY + i), -1);
}

static int64_t input_row(const struct hub *hub, unsigned i)
{
    return signal_or(&hub_snapshot(hub)->hub.s, (enum signal)(SIG_INPUT + i), -1);
}

/* The next event of this kind as one line, "" when there is none. */
static const char *next_told(struct hub *hub, enum event_kind kind)
{
    static char line[240];
    struct event e;

    while (hub_event_out(hub, &e))
        if (e.kind == kind)
            return event_text(&e, line, sizeof(line));
    return "";
}

static void forget_events(struct hub *hub)
{
    struct event e;

    while (hub_event_out(hub, &e))
        ;
}

static void what_is_not_configured_is_not_there(void **state)
{
    struct hub *hub = hub_with("[relay.2]\nfunction = power\n"
                               "[input.8]\nfunction = reset\ngpio = a:1\n");

    (void)state;
    assert_false(hub_relay(hub, 0));
    assert_true(hub_relay(hub, 1));
    assert_false(hub_relay(hub, 7));
    assert_false(hub_relay(hub, 8));
    assert_false(hub_relay(hub, UINT_MAX));
    assert_int_equal(relay_row(hub, 0), -1);
    assert_int_equal(relay_row(hub, 1), 1);
    assert_int_equal(hub_input(hub, 0, true), HUB_ERANGE);
    assert_int_equal(hub_input(hub, 8, true), HUB_ERANGE);
    assert_int_equal(hub_input_lost(hub, 6), HUB_ERANGE);
    assert_int_equal(hub_input_lost(hub, 8), HUB_ERANGE);
    assert_int_equal(hub_input(hub, 7, true), HUB_OK);
    assert_int_equal(input_row(hub, 7), -1); /* from the next run on */
    run(hub, MONO_S(2));
    assert_int_equal(input_row(hub, 7), 1);
    assert_int_equal(input_row(hub, 0), -1);
    hub_free(hub);
}

/* power, charge, discharge, running, fault in this order. */
static unsigned five(const struct hub *hub)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < 5; i++) {
        bits = bits << 1 | hub_relay(hub, i);
        assert_int_equal(relay_row(hub, i), hub_relay(hub, i));
    }
    return bits;
}

#define FIVE                                                                                       \
    "[relay.1]\nfunction = power\n[relay.2]\nfunction = charge_allowed\n"                          \
    "[relay.3]\nfunction = discharge_allowed\n[relay.4]\nfunction = running\n"                     \
    "[relay.5]\nfunction = fault\n"

static void relays_follow_the_hub(void **state)
{
    struct hub *hub = hub_with(FIVE);
    struct battery a = {0}, b = {0};
    mono_us at;

    (void)state;
    control_set(&a, 50000, MONO_S(1));
    control_set(&b, 50000, MONO_S(1));
    assert_int_equal(five(hub), 0x10); /* waiting: zero limits, and that is no fault */
    at = live(hub, &a, &b, MONO_S(2), MONO_S(30));
    assert_int_equal(five(hub), 0x1E);
    signal_set(&a.s, SIG_CHARGE_CURRENT_LIMIT, 0, 0);
    at = live(hub, &a, &b, at + MONO_S(1), at + MONO_S(1));
    assert_int_equal(five(hub), 0x16); /* no charging */
    a.a.active[TIER_WARNING] = ALARM_BIT(SOC_LOW);
    at = live(hub, &a, &b, at + MONO_S(1), at + MONO_S(1));
    assert_int_equal(five(hub), 0x16);
    a.a.active[TIER_PROTECTION] = ALARM_BIT(VOLTAGE_HIGH); /* forbids charging */
    at = live(hub, &a, &b, at + MONO_S(1), at + MONO_S(1));
    assert_int_equal(five(hub), 0x17);
    a.a.active[TIER_PROTECTION] = 0;
    at = live(hub, &a, &b, at + MONO_S(1), at + MONO_S(1));
    assert_int_equal(five(hub), 0x16);
    run(hub, at + MONO_S(70)); /* both fell silent: STOPPED */
    assert_int_equal(hub_is(hub, SIG_STATE), HUB_STOPPED);
    assert_int_equal(five(hub), 0x11);
    hub_free(hub);
}

static void a_stop_opens_what_allows_and_is_no_fault(void **state)
{
    struct hub *hub = hub_with(FIVE);
    struct battery a = {0}, b = {0};
    mono_us at;

    (void)state;
    control_set(&a, 50000, MONO_S(1));
    control_set(&b, 50000, MONO_S(1));
    at = live(hub, &a, &b, MONO_S(2), MONO_S(30));
    assert_int_equal(five(hub), 0x1E);
    hub_stop(hub);
    live(hub, &a, &b, at + MONO_S(1), at + MONO_S(1));
    assert_int_equal(hub_is(hub, SIG_STATE), HUB_STOPPED);
    assert_int_equal(five(hub), 0x10);
    hub_free(hub);
}

/* A fault tier counts as a protection does, from each cluster. */
static void a_fault_of_the_second_cluster_is_one(void **state)
{
    struct hub *hub = hub_with(FIVE);
    struct battery a = {0}, b = {0};
    mono_us at;

    (void)state;
    control_set(&a, 50000, MONO_S(1));
    control_set(&b, 50000, MONO_S(1));
    at = live(hub, &a, &b, MONO_S(2), MONO_S(30));
    b.a.active[TIER_FAULT] = ALARM_BIT(HEATER);
    live(hub, &a, &b, at + MONO_S(1), at + MONO_S(1));
    assert_true(hub_relay(hub, 4));
    hub_free(hub);
}

/* 46 % and 54 % of equal clusters make 50 %; alone the first has 46 %. What is shown comes down by
 * 1 % a second, the relay goes by 46 % at once. */
static void relays_use_the_raw_soc(void **state)
{
    struct hub *hub = hub_with("[relay.1]\nfunction = soc_led3\n"
                               "[relay.2]\nfunction = low_soc\nsoc_on = 47\nsoc_off = 50\n");
    struct battery a = {0}, b = {0};
    mono_us at;

    (void)state;
    control_set(&a, 50000, MONO_S(1));
    control_set(&b, 50000, MONO_S(1));
    signal_set(&a.s, SIG_SOC, 4600, MONO_S(1));
    signal_set(&b.s, SIG_SOC, 5400, MONO_S(1));
    at = live(hub, &a, &b, MONO_S(2), MONO_S(30));
    assert_int_equal(hub_is(hub, SIG_SOC), 5000);
    assert_true(hub_relay(hub, 0));
    assert_false(hub_relay(hub, 1));
    for (unsigned i = 0; i < 4; i++) { /* the second falls silent: stale after 3 s */
        at += MONO_S(1);
        hub_set_time(hub, at);
        for (unsigned sig = 0; sig < SIG_COUNT; sig++)
            if (signal_known(&a.s, (enum signal)sig))
                a.s.at[sig] = at;
        report(hub, 0, &a, at);
        hub_run(hub);
    }
    assert_true(hub_is(hub, SIG_SOC) > 4700);
    assert_false(hub_relay(hub, 0));
    assert_true(hub_relay(hub, 1));
    hub_free(hub);
}

static void edges_are_told_once(void **state)
{
    struct hub *hub = hub_with("[relay.2]\nfunction = cluster_1_off\n[relay.3]\nfunction = power\n"
                               "[input.2]\nfunction = stop\ngpio = a:1\n");

    (void)state;
    assert_string_equal(next_told(hub, EVENT_RELAY), "hub: relay 3 (power) closed");
    assert_string_equal(next_told(hub, EVENT_RELAY), "");
    forget_events(hub);
    assert_int_equal(hub_input(hub, 1, true), HUB_OK);
    assert_string_equal(next_told(hub, EVENT_INPUT), "hub: input 2 (stop) closed");
    assert_int_equal(hub_input(hub, 1, true), HUB_OK);
    assert_string_equal(next_told(hub, EVENT_INPUT), "");
    assert_int_equal(hub_input(hub, 1, false), HUB_OK);
    assert_string_equal(next_told(hub, EVENT_INPUT), "hub: input 2 (stop) open");
    assert_int_equal(hub_input_lost(hub, 1), HUB_OK);
    assert_string_equal(next_told(hub, EVENT_INPUT), "hub: input 2 (stop) unknown");
    assert_int_equal(hub_input_lost(hub, 1), HUB_OK);
    assert_string_equal(next_told(hub, EVENT_INPUT), "");
    hub_free(hub);
}

static void an_edge_carries_what_was_and_what_is(void **state)
{
    struct hub *hub = hub_with("[input.1]\nfunction = fire\ngpio = a:1\n"
                               "[relay.1]\nfunction = power\n");
    struct event e;

    (void)state;
    do
        assert_true(hub_event_out(hub, &e));
    while (e.kind != EVENT_RELAY);
    assert_int_equal(e.place, EVENT_AT_HUB);
    assert_int_equal(e.old, 0);
    assert_int_equal(e.now, 1);
    forget_events(hub);
    hub_input(hub, 0, false);
    assert_true(hub_event_out(hub, &e));
    assert_int_equal(e.kind, EVENT_INPUT);
    assert_int_equal(e.place, EVENT_AT_HUB);
    assert_int_equal(e.old, -1);
    assert_int_equal(e.now, 0);
    hub_input(hub, 0, true);
    assert_true(hub_event_out(hub, &e));
    assert_int_equal(e.old, 0);
    assert_int_equal(e.now, 1);
    hub_free(hub);
}

/* An input waits for no control data: 5 ms after the last run the rules look at it. */
static void an_input_makes_the_rules_run(void **state)
{
    struct hub *hub = hub_with("[input.1]\nfunction = fire\ngpio = a:1\n");

    (void)state;
    run(hub, MONO_S(2));
    hub_set_time(hub, MONO_S(2) + MONO_MS(10));
    assert_false(hub_wants_run(hub));
    hub_input(hub, 0, true);
    assert_true(hub_wants_run(hub));
    hub_run(hub);
    hub_set_time(hub, MONO_S(2) + MONO_MS(15));
    hub_input(hub, 0, true); /* no news */
    assert_false(hub_wants_run(hub));
    hub_input_lost(hub, 0);
    assert_true(hub_wants_run(hub));
    hub_run(hub);
    assert_int_equal(input_row(hub, 0), -1);
    hub_free(hub);
}

static void new_levels_are_taken_over(void **state)
{
    struct hub *hub = hub_with("[relay.1]\nfunction = low_soc\n");
    struct battery a = {0}, b = {0};
    struct config *cfg;
    char ini[1000];
    mono_us at;

    (void)state;
    control_set(&a, 50000, MONO_S(1)); /* 50 % */
    control_set(&b, 50000, MONO_S(1));
    at = live(hub, &a, &b, MONO_S(2), MONO_S(30));
    assert_false(hub_relay(hub, 0));
    snprintf(ini, sizeof(ini), "%s[relay.1]\nfunction = low_soc\nsoc_on = 50\nsoc_off = 51\n", two);
    cfg = configured(ini);
    assert_int_equal(hub_reconfigure(hub, cfg), HUB_OK);
    config_free(cfg);
    live(hub, &a, &b, at + MONO_S(1), at + MONO_S(1));
    assert_true(hub_relay(hub, 0));
    hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_configured_is_not_there),
        cmocka_unit_test(relays_follow_the_hub),
        cmocka_unit_test(a_stop_opens_what_allows_and_is_no_fault),
        cmocka_unit_test(a_fault_of_the_second_cluster_is_one),
        cmocka_unit_test(relays_use_the_raw_soc),
        cmocka_unit_test(edges_are_told_once),
        cmocka_unit_test(an_edge_carries_what_was_and_what_is),
        cmocka_unit_test(an_input_makes_the_rules_run),
        cmocka_unit_test(new_levels_are_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
