/* What the hub makes of its clusters, told as samples: one reading is a whole control set. */
#include "hub_bench.h"

static const char one_cluster[] = "[hub]\nclusters = 1\nprofile = generic-lfp-16s\n"
                                  "[cluster.1]\nlink = sim\nmodules = 2\n";

static const char two_clusters[] = "[hub]\nclusters = 2\nprofile = generic-lfp-16s\nmodules = 2\n"
                                   "[cluster.1]\nlink = sim\n[cluster.2]\nlink = sim\n";

static struct battery battery(int64_t mA, mono_us at)
{
    struct battery b = {0};

    control_set(&b, mA, at);
    return b;
}

/* max(3 s, 2.5 x the period): 5 s for 2 s. */
static void a_sample_lives_two_and_a_half_periods(void **state)
{
    struct hub *hub = made(one_cluster);
    struct battery b = battery(80000, MONO_S(2));

    (void)state;
    hub_set_time(hub, MONO_S(2));
    hub_report(hub, PORT_CLUSTER,
               &(struct sample){.at = MONO_S(2), .period = MONO_S(2), .battery = &b});
    run(hub, MONO_S(2) + MONO_MS(4900));
    assert_int_equal(cluster_is(hub, 0, SIG_STATE), CLUSTER_JOINED);
    run(hub, MONO_S(2) + MONO_MS(5000));
    assert_int_equal(cluster_is(hub, 0, SIG_STATE), CLUSTER_STALE);
    hub_free(hub);
}

static uint64_t protections(const struct hub *hub)
{
    return hub_snapshot(hub)->hub.a.active[TIER_PROTECTION];
}

/* The hub's word is the OR of all: whoever is clear, in whatever order, clears nobody else's. */
static void no_cluster_clears_the_alarm_of_another(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        struct hub *hub = made(two_clusters);
        struct battery high = battery(80000, MONO_S(2)), clear = high;

        high.a.active[TIER_PROTECTION] = ALARM_BIT(CELL_HIGH);
        hub_set_time(hub, MONO_S(2));
        report(hub, who, &high, MONO_S(2));
        report(hub, 1 - who, &clear, MONO_S(2));
        hub_run(hub);
        assert_true(protections(hub) & ALARM_BIT(CELL_HIGH));
        report(hub, 1 - who, &high, MONO_S(2));
        hub_run(hub);
        report(hub, 1 - who, &clear, MONO_S(2));
        hub_run(hub);
        assert_true(protections(hub) & ALARM_BIT(CELL_HIGH));
        report(hub, who, &clear, MONO_S(2));
        hub_run(hub);
        assert_false(protections(hub) & ALARM_BIT(CELL_HIGH));
        hub_free(hub);
    }
}

static unsigned times_told_lost(struct hub *hub)
{
    struct event e;
    unsigned n = 0;

    while (hub_event_out(hub, &e))
        n += e.kind == EVENT_ALARM_SET && e.now == ALARM_CLUSTER_LOST;
    return n;
}

/* Stale at 5 s, lost 7 s later; changes are told, not conditions. */
static void a_lost_cluster_is_told_once(void **state)
{
    struct hub *hub = made(one_cluster);
    struct battery b = battery(80000, MONO_S(2));

    (void)state;
    hub_set_time(hub, MONO_S(2));
    report(hub, 0, &b, MONO_S(2));
    for (mono_us now = MONO_S(2); now < MONO_S(12); now += MONO_MS(100))
        run(hub, now);
    assert_int_equal(times_told_lost(hub), 0);
    run(hub, MONO_S(12));
    assert_int_equal(times_told_lost(hub), 1);
    for (mono_us now = MONO_S(12); now < MONO_S(22); now += MONO_MS(100))
        run(hub, now);
    assert_int_equal(times_told_lost(hub), 0);
    hub_free(hub);
}

static void the_control_age_is_that_of_the_oldest(void **state)
{
    (void)state;
    for (unsigned old = 0; old < 2; old++) {
        struct hub *hub = made(two_clusters);
        struct battery b = battery(80000, MONO_S(2));

        hub_set_time(hub, MONO_S(2));
        report(hub, old, &b, MONO_S(2));
        hub_run(hub);
        hub_set_time(hub, MONO_MS(2500));
        report(hub, 1 - old, &b, MONO_MS(2500));
        run(hub, MONO_S(3));
        assert_int_equal(cluster_is(hub, old, SIG_CONTROL_AGE), 1000);
        assert_int_equal(cluster_is(hub, 1 - old, SIG_CONTROL_AGE), 500);
        assert_int_equal(hub_is(hub, SIG_CONTROL_AGE), 1000);
        run(hub, MONO_MS(5200)); /* silent: it rests on the other alone */
        assert_int_equal(cluster_is(hub, old, SIG_CONTROL_AGE), 3200);
        assert_int_equal(hub_is(hub, SIG_CONTROL_AGE), 2700);
        hub_free(hub);
    }
}

static void a_temperature_nobody_repeats_is_unknown(void **state)
{
    struct hub *hub = made(one_cluster);
    const struct signals *s = &hub_snapshot(hub)->cluster[0].s;
    struct battery b = {0};

    (void)state;
    signal_set(&b.s, SIG_TEMP, 215, MONO_S(2));
    for (unsigned i = 2; i <= 31; i++) {
        hub_set_time(hub, MONO_S(i));
        control_set(&b, 80000, MONO_S(i));
        report(hub, 0, &b, MONO_S(i));
        hub_run(hub);
    }
    run(hub, MONO_S(32) - 1);
    assert_int_equal(value_of(s, SIG_TEMP), 215);
    run(hub, MONO_S(32));
    assert_false(signal_known(s, SIG_TEMP));
    assert_false(signal_known(&hub_snapshot(hub)->hub.s, SIG_TEMP));
    assert_int_equal(value_of(s, SIG_VOLTAGE), 52000);
    hub_free(hub);
}

static void a_silent_cluster_has_no_capacity(void **state)
{
    struct hub *hub = made(one_cluster);
    struct battery b = battery(80000, MONO_S(2));

    (void)state;
    hub_set_time(hub, MONO_S(2));
    report(hub, 0, &b, MONO_S(2));
    hub_run(hub);
    assert_int_equal(cluster_is(hub, 0, SIG_CAPACITY), 200000); /* 2 x 100 Ah of the profile */
    run(hub, MONO_S(5));
    assert_int_equal(cluster_is(hub, 0, SIG_STATE), CLUSTER_STALE);
    assert_false(signal_known(&hub_snapshot(hub)->cluster[0].s, SIG_CAPACITY));
    assert_false(signal_known(&hub_snapshot(hub)->hub.s, SIG_CAPACITY));
    hub_free(hub);
}

/* A quarter and four times of 2 x 100 Ah are believed, what lies beyond is not. */
static void an_odd_capacity_is_not_believed(void **state)
{
    static const struct {
        int64_t told, used;
        bool odd;
    } cases[] = {
        {50000,  50000,  false},
        {49999,  200000, true },
        {800000, 800000, false},
        {800001, 200000, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct hub *hub = made(one_cluster);
        struct battery b = battery(80000, MONO_S(2));
        uint64_t warnings;

        signal_set(&b.s, SIG_CAPACITY, cases[i].told, MONO_S(2));
        hub_set_time(hub, MONO_S(2));
        report(hub, 0, &b, MONO_S(2));
        hub_run(hub);
        warnings = hub_snapshot(hub)->cluster[0].a.active[TIER_WARNING];
        assert_int_equal(cluster_is(hub, 0, SIG_CAPACITY), cases[i].used);
        assert_int_equal((warnings & ALARM_BIT(CAPACITY_ODD)) != 0, cases[i].odd);
        hub_free(hub);
    }
}

/* Two modules are configured. */
static void either_count_may_differ(void **state)
{
    static const struct {
        const char *what;
        int64_t modules, online; /* -1: not told */
        bool differs;
    } cases[] = {
        {"nothing told",                       -1, -1, false},
        {"both right",                         2,  2,  false},
        {"one is offline",                     2,  1,  true },
        {"one too many",                       3,  2,  true },
        {"only the total, right",              2,  -1, false},
        {"only the total, wrong",              3,  -1, true },
        {"online what cannot be, total right", 2,  99, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct hub *hub = made(one_cluster);
        struct battery b = battery(80000, MONO_S(2));
        uint64_t warnings;

        print_message("  %s\n", cases[i].what);
        if (cases[i].modules >= 0)
            signal_set(&b.s, SIG_MODULES, cases[i].modules, MONO_S(2));
        if (cases[i].online >= 0)
            signal_set(&b.s, SIG_MODULES_ONLINE, cases[i].online, MONO_S(2));
        hub_set_time(hub, MONO_S(2));
        report(hub, 0, &b, MONO_S(2));
        hub_run(hub);
        warnings = hub_snapshot(hub)->cluster[0].a.active[TIER_WARNING];
        assert_int_equal((warnings & ALARM_BIT(CONFIG_COUNT)) != 0, cases[i].differs);
        hub_free(hub);
    }
}

/* 300 A, and 100 A of one with the same capacity: 2 x 100 A, or what that one still says. It falls
 * silent at 5 s and its later words are too old to count. */
static void what_trickles_in_from_a_ghost_only_lowers(void **state)
{
    static const struct {
        const char *what;
        enum signal sig;
        int64_t value;
        int64_t ccl, dcl, cvl; /* of the hub after sharing */
    } steps[] = {
        {"CVL, never told before: the profile's was 55.2", SIG_CHARGE_VOLTAGE_LIMIT,    52000, 200000,
         200000,                                                                                               52000},
        {"a higher CVL",                                   SIG_CHARGE_VOLTAGE_LIMIT,    54000, 200000, 200000, 52000},
        {"a lower CVL",                                    SIG_CHARGE_VOLTAGE_LIMIT,    51000, 200000, 200000, 51000},
        {"a lower CCL",                                    SIG_CHARGE_CURRENT_LIMIT,    80000, 160000, 200000, 51000},
        {"a higher CCL",                                   SIG_CHARGE_CURRENT_LIMIT,    90000, 160000, 200000, 51000},
        {"a lower DCL",                                    SIG_DISCHARGE_CURRENT_LIMIT, 70000, 160000, 140000, 51000},
        {"a higher DCL",                                   SIG_DISCHARGE_CURRENT_LIMIT, 90000, 160000, 140000, 51000},
        {"charge switched off, never told before",         SIG_CHARGE_ENABLE,           0,     0,      140000, 51000},
        {"and on again",                                   SIG_CHARGE_ENABLE,           1,     0,      140000, 51000},
    };
    struct hub *hub = made(two_clusters);
    struct battery b = battery(300000, MONO_S(2)), ghost = battery(100000, MONO_S(2));

    (void)state;
    signal_set(&b.s, SIG_CHARGE_VOLTAGE_LIMIT, 56000, MONO_S(2));
    hub_set_time(hub, MONO_S(2));
    report(hub, 0, &b, MONO_S(2));
    report(hub, 1, &ghost, MONO_S(2));
    hub_run(hub);
    for (unsigned s = 3; s <= 20; s++) { /* past the time that DCL is held for */
        hub_set_time(hub, MONO_S(s));
        report(hub, 0, &b, MONO_S(s));
        hub_run(hub);
    }
    assert_int_equal(cluster_is(hub, 0, SIG_STATE), CLUSTER_JOINED);
    assert_int_equal(cluster_is(hub, 1, SIG_STATE), CLUSTER_STALE);
    assert_int_equal(hub_is(hub, SIG_CVL_STAGE + 1), 55200);
    for (size_t i = 0; i < LEN(steps); i++) {
        print_message("  %s\n", steps[i].what);
        signal_set(&ghost.s, steps[i].sig, steps[i].value, MONO_S(2));
        report(hub, 1, &ghost, MONO_S(2));
        hub_run(hub);
        assert_int_equal(cluster_is(hub, 1, SIG_STATE), CLUSTER_STALE);
        assert_int_equal(hub_is(hub, SIG_CCL_STAGE + 1), steps[i].ccl);
        assert_int_equal(hub_is(hub, SIG_DCL_STAGE + 1), steps[i].dcl);
        assert_int_equal(hub_is(hub, SIG_CVL_STAGE + 1), steps[i].cvl);
    }
    hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_lives_two_and_a_half_periods),
        cmocka_unit_test(no_cluster_clears_the_alarm_of_another),
        cmocka_unit_test(a_lost_cluster_is_told_once),
        cmocka_unit_test(the_control_age_is_that_of_the_oldest),
        cmocka_unit_test(a_temperature_nobody_repeats_is_unknown),
        cmocka_unit_test(a_silent_cluster_has_no_capacity),
        cmocka_unit_test(an_odd_capacity_is_not_believed),
        cmocka_unit_test(either_count_may_differ),
        cmocka_unit_test(what_trickles_in_from_a_ghost_only_lowers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
