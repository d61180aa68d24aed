#include "check.h"

#include <string.h>

#include "config_profile.h"
#include "core/limits.h"

/* Two clusters as in the captures: 6 modules with 480 A both ways, 4 modules with 59.2 A in and
 * 148 A out. Shares by capacity are 0.6 and 0.4. Three more as the second wait for who needs them.
 */
struct bench {
    struct battery b[MAX_CLUSTERS];
    struct part part[MAX_CLUSTERS];
    struct stops_memory stops[MAX_CLUSTERS];
    struct limits_rules rules;
    struct limits_memory mem;
    struct limits_input in;
    struct limits out;
};

static void put(struct bench *t, unsigned i, enum signal sig, int64_t v)
{
    signal_set(&t->b[i].s, sig, v, 0);
}

static void bench_init(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->rules.profile = profile_find("generic-lfp-16s");
    t->rules.rise_centi_pct_s = 500;
    t->rules.rise_hold = MONO_S(10);
    for (unsigned i = 0; i < MAX_CLUSTERS; i++) {
        t->part[i] = (struct part){.b = &t->b[i],
                                   .profile = t->rules.profile,
                                   .number = (uint8_t)(i + 1),
                                   .joined = true,
                                   .modules = i ? 4 : 6,
                                   .capacity_mAh = i ? 400000 : 600000};
        put(t, i, SIG_VOLTAGE, 49850);
        put(t, i, SIG_CHARGE_VOLTAGE_LIMIT, 53200);
    }
    put(t, 0, SIG_DISCHARGE_VOLTAGE_LIMIT, 45000);
    put(t, 0, SIG_CHARGE_CURRENT_LIMIT, 480000);
    put(t, 0, SIG_DISCHARGE_CURRENT_LIMIT, 480000);
    put(t, 1, SIG_CHARGE_CURRENT_LIMIT, 59200);
    put(t, 1, SIG_DISCHARGE_CURRENT_LIMIT, 148000);
    t->in.parts = t->part;
    t->in.discharge_parts = t->part;
    t->in.stops = t->stops;
    t->in.n = 2;
    t->in.charge_allowed = t->in.discharge_allowed = true;
    limits_init(&t->mem, &t->rules, 0);
}

/* n clusters alike: 6 modules, 100 Ah, so many mA both ways. */
static void make_equal(struct bench *t, unsigned n, int64_t mA)
{
    t->in.n = n;
    for (unsigned i = 0; i < n; i++) {
        t->part[i].modules = 6;
        t->part[i].capacity_mAh = 100000;
        put(t, i, SIG_CHARGE_CURRENT_LIMIT, mA);
        put(t, i, SIG_DISCHARGE_CURRENT_LIMIT, mA);
    }
}

static void make_ghost(struct bench *t, unsigned i)
{
    t->part[i].joined = false;
    t->part[i].ghost = true;
}

static void run(struct bench *t, mono_us now)
{
    limits_run(&t->out, &t->mem, &t->rules, &t->in, now);
}

/* Runs every 100 ms until `until`. */
static void run_to(struct bench *t, mono_us until)
{
    for (mono_us now = t->mem.last_run + MONO_MS(100); now <= until; now += MONO_MS(100))
        run(t, now);
}

static void what_one_bms_allows(void **state)
{
    static const struct {
        const char *what;
        enum signal sig;
        int64_t value;
        uint64_t protection, warning;
        int64_t ccl, dcl;
        enum reason ccl_reason;
    } cases[] = {
        {"as reported",                    SIG_COUNT,                0, 0,                    0,                        480000, 480000, REASON_CLUSTER_LIMIT},
        {"charge switched off",            SIG_CHARGE_ENABLE,        0, 0,                    0,                        0,      480000, REASON_NOT_ENABLED  },
        {"charge switched on",             SIG_CHARGE_ENABLE,        1, 0,                    0,                        480000, 480000, REASON_CLUSTER_LIMIT},
        {"five of six modules block",      SIG_MODULES_NO_CHARGE,    5, 0,                    0,                        480000, 480000,
         REASON_CLUSTER_LIMIT                                                                                                                               },
        {"six of six modules block",       SIG_MODULES_NO_CHARGE,    6, 0,                    0,                        0,      480000,
         REASON_MODULES_BLOCK                                                                                                                               },
        {"cell high stops charging",       SIG_COUNT,                0, ALARM_BIT(CELL_HIGH), 0,                        0,      480000,
         REASON_PROTECTION                                                                                                                                  },
        {"an internal failure stops both", SIG_COUNT,                0, ALARM_BIT(INTERNAL),  0,                        0,      0,
         REASON_PROTECTION                                                                                                                                  },
        {"a warning stops nothing",        SIG_COUNT,                0, 0,                    ALARM_BIT(CELL_HIGH),     480000, 480000,
         REASON_CLUSTER_LIMIT                                                                                                                               },
        {"a limit reported as invalid",    SIG_CHARGE_CURRENT_LIMIT, 0, 0,                    ALARM_BIT(LIMIT_INVALID), 0,
         480000,                                                                                                                        REASON_LIMIT_INVALID},
        {"a limit of zero",                SIG_CHARGE_CURRENT_LIMIT, 0, 0,                    0,                        0,      480000, REASON_CLUSTER_LIMIT},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;
        struct limit ccl, dcl;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        if (cases[i].sig != SIG_COUNT)
            put(&t, 0, cases[i].sig, cases[i].value);
        t.b[0].a.active[TIER_PROTECTION] = cases[i].protection;
        t.b[0].a.active[TIER_WARNING] = cases[i].warning;
        ccl = limit_of_cluster(&t.part[0], CHARGE);
        dcl = limit_of_cluster(&t.part[0], DISCHARGE);
        assert_int_equal(ccl.value, cases[i].ccl);
        assert_int_equal(dcl.value, cases[i].dcl);
        assert_int_equal(ccl.reason, cases[i].ccl_reason);
    }
}

/* The profile's 50 A a module, 6 modules. */
static void a_limit_never_carried_is_the_profiles(void **state)
{
    struct bench t;
    struct limit l;

    (void)state;
    bench_init(&t);
    signal_forget(&t.b[0].s, SIG_CHARGE_CURRENT_LIMIT);
    l = limit_of_cluster(&t.part[0], CHARGE);
    assert_int_equal(l.value, 300000);
    assert_int_equal(l.reason, REASON_PROFILE_LIMIT);
}

/* CCL min(480 / 0.6, 59.2 / 0.4) = 148.0 A, DCL min(480 / 0.6, 148 / 0.4) = 370.0 A. */
static void sharing_takes_the_weakest_for_its_share(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_CLUSTER], 539200);
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 148000);
    assert_int_equal(t.out.dcl.after[STAGE_SHARING], 370000);
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 0), 6000);
    t.rules.share = SHARE_BY_COUNT; /* 59.2 / 0.5 */
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 118400);
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 0), 5000);
}

/* Losing a cluster never raises a limit: the lower of "joined only" (59.2 / 148 or 480 / 480)
 * and "with the ghost's last word" (148 / 370). */
static void ghosts_never_raise_a_limit(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[0].joined = false;
    t.part[0].ghost = true;
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 59200);
    assert_int_equal(t.out.dcl.after[STAGE_SHARING], 148000);
    t.part[0].joined = true;
    t.part[0].ghost = false;
    t.part[1].joined = false;
    t.part[1].ghost = true;
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 148000);
    assert_int_equal(t.out.dcl.after[STAGE_SHARING], 370000);
    t.part[0].joined = false;
    t.part[0].ghost = true;
    run(&t, MONO_S(3));
    assert_int_equal(t.out.ccl.value, 0);
    assert_int_equal(t.out.dcl.value, 0);
}

/* 100, 300 and a ghost with 300 A: the two that are there 2 x 100, all three 3 x 100. */
static void a_strong_ghost_does_not_raise_either(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    make_equal(&t, 3, 300000);
    put(&t, 0, SIG_CHARGE_CURRENT_LIMIT, 100000);
    put(&t, 0, SIG_DISCHARGE_CURRENT_LIMIT, 100000);
    make_ghost(&t, 2);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 200000);
    assert_int_equal(t.out.dcl.after[STAGE_SHARING], 200000);
}

/* Nobody knows what it would carry. */
static void a_cluster_without_capacity_lets_nothing_flow(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    make_equal(&t, 2, 100000);
    t.part[1].capacity_mAh = 0;
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 0);
    assert_int_equal(t.out.dcl.after[STAGE_SHARING], 0);
    assert_int_equal(t.out.dcl.cluster, 2);
}

/* A fault stops as a protection does. */
static void a_fault_stops_too(void **state)
{
    struct bench t;
    struct limit ccl, dcl;

    (void)state;
    bench_init(&t);
    t.b[0].a.active[TIER_FAULT] = ALARM_BIT(INTERNAL);
    ccl = limit_of_cluster(&t.part[0], CHARGE);
    dcl = limit_of_cluster(&t.part[0], DISCHARGE);
    assert_int_equal(ccl.value, 0);
    assert_int_equal(ccl.reason, REASON_PROTECTION);
    assert_int_equal(dcl.value, 0);
    assert_int_equal(dcl.reason, REASON_PROTECTION);
}

/* 2 clusters, 4 modules in the smaller: 433 A; one of them gone, 6 modules left: 310 A. */
static void the_table_is_looked_up_by_the_smallest_cluster(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.rules.profile = profile_find("weco-4k4-pro");
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 480000);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 800000);
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 433000);
    t.part[1].joined = false;
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 310000);
}

/* 8 modules alone: 412 A; a ghost of one module beside them: row 1, column 2: 155 A. */
static void a_ghost_keeps_its_row_of_the_table(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.rules.profile = profile_find("weco-4k4-pro");
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 480000);
    t.part[0].modules = 8;
    t.part[1].modules = 1;
    t.part[1].joined = false;
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 400000); /* the bus bar */
    t.part[1].ghost = true;
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 155000);
}

static void a_cluster_that_is_not_counted_has_no_share(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[1].joined = false;
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 1), 0);
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 0), 10000);
}

/* The first cluster's reason stands for the sum, until one allows nothing at all. */
static void stage_one_says_whose_reason_it_is(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[1].modules = 6;
    t.part[1].capacity_mAh = 600000;
    signal_forget(&t.b[1].s, SIG_CHARGE_CURRENT_LIMIT);
    put(&t, 0, SIG_CHARGE_CURRENT_LIMIT, 300000);
    t.mem.ccl.out = 600000; /* no rise to wait for */
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.value, 600000);
    assert_int_equal(t.out.ccl.reason, REASON_CLUSTER_LIMIT);
    assert_int_equal(t.out.ccl.cluster, 1);
    put(&t, 1, SIG_CHARGE_ENABLE, 0);
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.reason, REASON_NOT_ENABLED);
    assert_int_equal(t.out.ccl.cluster, 2);
}

/* Rates are parts of the cap of their own direction: 10 x 10 A and 10 x 100 A. */
static void each_direction_has_its_own_cap(void **state)
{
    struct profile p = *profile_find("generic-lfp-16s");
    struct bench t;

    (void)state;
    bench_init(&t);
    p.module_ccl_mA = 10000;
    p.module_dcl_mA = 100000;
    t.rules.profile = t.part[0].profile = t.part[1].profile = &p;
    t.rules.discharge_ramp = true;
    run(&t, 1);
    run_to(&t, MONO_MS(12100)); /* about 2 s of 5 A/s and of 50 A/s */
    assert_in_range(t.out.ccl.value, 9500, 11500);
    assert_in_range(t.out.dcl.value, 95000, 115000);
}

/* 400 A through the bus bar of the cluster that carries 0.6. */
static void a_cluster_never_carries_more_than_its_bus_bar(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 480000);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 666666);
}

/* Two clusters of 6 modules: 495 A; the one that is left: 310 A. */
static void a_ghost_adds_nothing_to_the_table(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.rules.profile = profile_find("weco-4k4-pro");
    make_equal(&t, 2, 600000);
    make_ghost(&t, 1);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 600000);
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 310000);
    assert_int_equal(t.out.dcl.after[STAGE_ALLOWANCE], 310000);
}

static void ghosts_and_bus_bars(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    make_equal(&t, 3, 600000);
    make_ghost(&t, 2);
    run(&t, MONO_S(1)); /* 2 x 400 A, not 3 x */
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 1200000);
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 800000);
    t.part[2].capacity_mAh = 300000; /* it may carry 3/5: 400 A / 0.6 */
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 666666);
}

static void caps_set_points_and_the_state_lower(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.rules.ccl_cap_mA = 100000;
    t.in.dcl = (struct set_point){.value = 40000, .until = MONO_S(5)};
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_STATE], 100000);
    assert_int_equal(t.out.dcl.after[STAGE_STATE], 40000);
    run(&t, MONO_S(5)); /* over at its moment */
    assert_int_equal(t.out.dcl.after[STAGE_STATE], 370000);
    t.in.charge_allowed = t.in.discharge_allowed = false;
    run(&t, MONO_S(6));
    assert_int_equal(t.out.ccl.after[STAGE_STATE], 0);
    assert_int_equal(t.out.ccl.reason, REASON_HUB_STATE);
    t.in.charge_allowed = t.in.discharge_allowed = true;
    t.in.ccl = (struct set_point){.value = 200000, .until = MONO_S(50)};
    run(&t, MONO_S(7)); /* a set-point never raises */
    assert_int_equal(t.out.ccl.after[STAGE_STATE], 100000);
}

/* The cap is 10 modules x 50 A = 500 A: 25 A/s, from 10 s after the first cause. */
static void limits_rise_slowly_and_fall_at_once(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    run(&t, 1); /* the cause: a limit at all */
    run_to(&t, MONO_MS(9900));
    assert_int_equal(t.out.ccl.value, 0);
    assert_int_equal(t.out.ccl.reason, REASON_HOLD);
    assert_int_equal(t.out.ccl.stage, STAGE_RATE);
    run_to(&t, MONO_MS(12100));
    assert_in_range(t.out.ccl.value, 49000, 55000); /* two seconds of 25 A/s */
    assert_int_equal(t.out.ccl.reason, REASON_RAMP);
    assert_int_equal(t.out.dcl.value, 370000); /* in one step */
    run_to(&t, MONO_MS(16500));
    assert_int_equal(t.out.ccl.value, 148000);
    assert_int_equal(t.out.ccl.reason, REASON_SHARING);
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 20000);
    run_to(&t, MONO_MS(16600));
    assert_int_equal(t.out.ccl.value, 50000); /* 20 / 0.4 */
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 59200);
    run_to(&t, MONO_MS(26500)); /* 10 s after a fall of more than 2 % of the cap */
    assert_int_equal(t.out.ccl.value, 50000);
    run_to(&t, MONO_MS(28600));
    assert_in_range(t.out.ccl.value, 95000, 105000);
}

/* Who joins has to find its share first: both directions wait, and no longer than that. */
static void another_cluster_holds_both_directions(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    make_equal(&t, 2, 100000);
    t.part[1].joined = false;
    run(&t, 1);
    run_to(&t, MONO_S(30));
    assert_int_equal(t.out.ccl.value, 100000);
    assert_int_equal(t.out.dcl.value, 100000);
    t.part[1].joined = true;
    run_to(&t, MONO_S(40));
    assert_int_equal(t.out.ccl.after[STAGE_STATE], 200000);
    assert_int_equal(t.out.ccl.value, 100000);
    assert_int_equal(t.out.ccl.reason, REASON_HOLD);
    assert_int_equal(t.out.dcl.value, 100000);
    assert_int_equal(t.out.dcl.reason, REASON_HOLD);
    run_to(&t, MONO_MS(40200)); /* 10 s after the first run with it */
    assert_true(t.out.ccl.value > 100000);
    assert_int_equal(t.out.dcl.value, 200000);
}

/* One leaves in the moment another joins: as many as before, but others. */
static void one_in_place_of_another_holds_too(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    make_equal(&t, 2, 100000);
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 110000);
    put(&t, 1, SIG_DISCHARGE_CURRENT_LIMIT, 110000);
    t.part[1].joined = false;
    run(&t, 1);
    run_to(&t, MONO_S(30));
    assert_int_equal(t.out.dcl.value, 100000);
    t.part[0].joined = false;
    t.part[1].joined = true;
    run_to(&t, MONO_S(40));
    assert_int_equal(t.out.ccl.value, 100000);
    assert_int_equal(t.out.ccl.reason, REASON_HOLD);
    assert_int_equal(t.out.dcl.value, 100000);
    assert_int_equal(t.out.dcl.reason, REASON_HOLD);
    run_to(&t, MONO_S(42));
    assert_int_equal(t.out.ccl.value, 110000);
    assert_int_equal(t.out.dcl.value, 110000);
}

/* 5 %/s of the cap of who is there: 6 x 50 A, and 310 A of the table; with the ghost it would be
 * 600 A and 495 A. */
static void a_ghost_does_not_make_the_rise_steeper(void **state)
{
    static const struct {
        const char *what, *profile;
        int64_t least, most; /* after 2.0 to 2.1 s */
    } cases[] = {
        {"sum of the profile", "generic-lfp-16s", 30000, 31500},
        {"table",              "weco-4k4-pro",    31000, 32550},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        t.rules.profile = profile_find(cases[i].profile);
        make_equal(&t, 2, 300000);
        make_ghost(&t, 1);
        run(&t, 1);
        run_to(&t, MONO_MS(12100));
        assert_in_range(t.out.ccl.value, cases[i].least, cases[i].most);
    }
}

/* 2 % of the cap of 500 A is 10 A. */
static void a_small_fall_is_no_new_cause(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    run_to(&t, MONO_S(20));
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 55200); /* 138 A: 10 A less */
    run_to(&t, MONO_S(21));
    assert_int_equal(t.out.ccl.value, 138000);
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 59200);
    run_to(&t, MONO_S(22));
    assert_int_equal(t.out.ccl.value, 148000);
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 55199); /* and 2 mA more */
    run_to(&t, MONO_S(23));
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 59200);
    run_to(&t, MONO_S(30));
    assert_int_equal(t.out.ccl.value, 137997);
}

/* Which of two equal clusters is the weaker one must not keep a limit down. */
static void sharing_and_cluster_limit_are_one_cause(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[0].capacity_mAh = 400000;
    t.part[0].modules = 4;
    put(&t, 0, SIG_CHARGE_CURRENT_LIMIT, 50000);
    for (unsigned i = 0; i < 200; i++) { /* the limit of one wavers by 0.1 A */
        put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 50000 + (i % 2 ? 0 : 100));
        run(&t, MONO_MS(100) * (i + 1));
    }
    assert_int_equal(t.out.ccl.value, 100000);
}

static void voltages_stay_in_the_window(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    run(&t, 1);
    assert_int_equal(t.out.cvl.value, 53200);
    assert_int_equal(t.out.cvl.reason, REASON_CLUSTER_LIMIT);
    /* Cluster 2 does not tell a DVL: the profile's 46.4 V is higher than the other's 45.0 V. */
    assert_int_equal(t.out.dvl.value, 46400);
    assert_int_equal(t.out.dvl.reason, REASON_PROFILE_LIMIT);
    t.rules.profile = profile_find("weco-4k4-pro");
    put(&t, 0, SIG_CHARGE_VOLTAGE_LIMIT, 58400);
    put(&t, 1, SIG_CHARGE_VOLTAGE_LIMIT, 58400);
    run(&t, 2);
    assert_int_equal(t.out.cvl.after[STAGE_SHARING], 58400);
    assert_int_equal(t.out.cvl.value, 54500);
    assert_int_equal(t.out.cvl.reason, REASON_PROFILE_WINDOW);
    assert_int_equal(t.out.dvl.value, 49500);
    put(&t, 0, SIG_VOLTAGE, 55000); /* the window never asks for less than the bus has */
    put(&t, 1, SIG_VOLTAGE, 55200);
    run(&t, 3);
    assert_int_equal(t.out.cvl.value, 55000);
    assert_int_equal(t.out.cvl.reason, REASON_BUS_VOLTAGE);
    put(&t, 1, SIG_CHARGE_VOLTAGE_LIMIT, 54000); /* but a BMS may */
    run(&t, 4);
    assert_int_equal(t.out.cvl.value, 54000);
    t.part[0].joined = t.part[1].joined = false;
    run(&t, 5); /* nobody there: the last good value, never zero */
    assert_int_equal(t.out.cvl.value, 54000);
    assert_int_equal(t.out.dvl.value, 49500);
}

/* The owner's top counts in place of the profile's 58.4 V. */
static void the_owner_may_lower_the_top(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.rules.cvl_top_mV = 53000;
    run(&t, 1);
    assert_int_equal(t.out.cvl.after[STAGE_SHARING], 53200);
    assert_int_equal(t.out.cvl.value, 53000);
    assert_int_equal(t.out.cvl.reason, REASON_PROFILE_WINDOW);
}

/* Neither the profile's 46.4 V nor zero: what was told last. */
static void a_total_loss_keeps_the_last_dvl(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 1, SIG_DISCHARGE_VOLTAGE_LIMIT, 48000);
    run(&t, 1);
    assert_int_equal(t.out.dvl.value, 48000);
    make_ghost(&t, 0);
    make_ghost(&t, 1);
    run(&t, 2);
    assert_int_equal(t.out.dvl.value, 48000);
    assert_int_equal(t.out.dvl.reason, REASON_NO_CLUSTER);
}

static void voltages_before_anything_is_known_are_the_profiles(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[0].joined = t.part[1].joined = false;
    run(&t, 1);
    assert_int_equal(t.out.cvl.value, 55200);
    assert_int_equal(t.out.dvl.value, 46400);
    assert_int_equal(t.out.ccl.value, 0);
    assert_int_equal(t.out.ccl.reason, REASON_NO_CLUSTER);
}

/* ---- the table ---- */

/* HeSU 4K4 PRO manual REV.1.06, section 13, multi cluster via CAN: A by modules and clusters. */
static const unsigned forty_cells[8][5] = {
    {86,  155, 206, 275,  344 },
    {155, 279, 372, 495,  557 },
    {206, 372, 446, 528,  660 },
    {241, 433, 462, 616,  700 },
    {301, 488, 578, 700,  700 },
    {310, 495, 650, 866,  928 },
    {361, 577, 732, 1011, 1083},
    {412, 577, 953, 1155, 1238},
};

/* Clusters of so many modules that report 110 A each, healthy and at 52.0 V. */
static void fill_cell(struct bench *t, const struct profile *p, unsigned modules, unsigned clusters)
{
    bench_init(t);
    t->rules.profile = p;
    t->rules.rise_hold = 0;
    t->mem.ccl = t->mem.dcl = (struct rate){.out = 10000000}; /* no rise to wait for */
    t->in.n = clusters;
    for (unsigned i = 0; i < clusters; i++) {
        t->part[i].profile = p;
        t->part[i].modules = modules;
        t->part[i].capacity_mAh = 86000 * modules;
        put(t, i, SIG_VOLTAGE, 52000);
        put(t, i, SIG_SOC, 5000);
        put(t, i, SIG_CHARGE_CURRENT_LIMIT, 110000 * modules);
        put(t, i, SIG_DISCHARGE_CURRENT_LIMIT, 110000 * modules);
        stops_run(&t->stops[i], &t->part[i], MONO_S(1), MONO_S(1));
    }
    run(t, MONO_S(1));
}

static bool is_cell(const struct limit *l, unsigned ampere)
{
    return l->value == (int64_t)ampere * 1000 && l->reason == REASON_ALLOWANCE &&
           l->stage == STAGE_ALLOWANCE;
}

static void the_forty_cells_come_out(void **state)
{
    struct profile p = *profile_find("weco-4k4-pro");
    unsigned right = 0;

    (void)state;
    p.stops.taper_ccl_mA = p.stops.taper_dcl_mV = 0;
    p.bus_bar_mA = 0;
    for (unsigned modules = 1; modules <= 8; modules++)
        for (unsigned clusters = 1; clusters <= 5; clusters++) {
            unsigned ampere = forty_cells[modules - 1][clusters - 1];
            struct bench t;

            assert_true(110 * modules * clusters > ampere); /* so that the table binds */
            fill_cell(&t, &p, modules, clusters);
            right += is_cell(&t.out.ccl, ampere) && is_cell(&t.out.dcl, ampere);
        }
    print_message("  %u of 40 cells\n", right);
    assert_int_equal(right, 40);
}

/* ---- who bound it ---- */

static void a_stop_names_module_and_cell(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.stops[1].on[STOP_CHARGE_CELL] = true;
    t.stops[1].who[STOP_CHARGE_CELL] = (struct place){3, 12};
    t.stops[0].on[STOP_DISCHARGE_COLD] = true;
    t.stops[0].who[STOP_DISCHARGE_COLD] = (struct place){5, 2};
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.value, 0);
    assert_int_equal(t.out.ccl.reason, REASON_CELL_STOP);
    assert_int_equal(t.out.ccl.cluster, 2);
    assert_int_equal(t.out.ccl.module, 3);
    assert_int_equal(t.out.ccl.cell, 12);
    assert_int_equal(t.out.dcl.reason, REASON_COLD_STOP);
    assert_int_equal(t.out.dcl.cluster, 1);
    assert_int_equal(t.out.dcl.module, 5);
    assert_int_equal(t.out.dcl.cell, 2);
    t.part[1].joined = false; /* neither counted nor a ghost */
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 400000); /* the bus bar of the other */
}

/* 48.1 V is half way between 49.5 and 46.7 V. Who binds after it has no module. */
static void a_taper_names_the_module(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[1].profile = profile_find("weco-4k4-pro");
    t.stops[1].low = (struct reading){
        48100, {4, 0}
    };
    t.mem.dcl.out = 1000000;
    run(&t, MONO_S(1));
    assert_int_equal(t.out.dcl.value, 185000);
    assert_int_equal(t.out.dcl.reason, REASON_TAPER);
    assert_int_equal(t.out.dcl.cluster, 2);
    assert_int_equal(t.out.dcl.module, 4);
    t.rules.dcl_cap_mA = 100000;
    run(&t, MONO_S(2));
    assert_int_equal(t.out.dcl.value, 100000);
    assert_int_equal(t.out.dcl.module, 0);
}

/* 10 A a module: 4 modules with 0.4 of the current, 100 A. */
static void the_charge_taper_is_for_the_share(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[1].profile = profile_find("weco-4k4-pro");
    t.stops[1].taper = true;
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 100000);
    assert_int_equal(t.out.dcl.after[STAGE_CELLS], 370000);
    make_ghost(&t, 1); /* of 600 and 400 Ah it still has 0.4; the joined one alone 480 A */
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 148000);
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 100000);
    t.stops[1].taper = false;
    t.stops[0].taper = true; /* the joined one is taken to carry all: 6 x 10 A */
    t.part[0].profile = profile_find("weco-4k4-pro");
    run(&t, MONO_S(3));
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 60000);
}

/* ---- measured shares ---- */

/* Two alike with 100 A each, seen to carry three quarters and a quarter. */
static void make_measured(struct bench *t)
{
    bench_init(t);
    make_equal(t, 2, 100000);
    t->rules.share = SHARE_MEASURED;
    t->mem.ccl.out = t->mem.dcl.out = 300000;
    t->mem.charge_shares = (struct shares){
        .members = 3, .ppb = {750000000, 250000000}
    };
    t->mem.discharge_shares = (struct shares){
        .members = 3, .ppb = {250000000, 750000000}
    };
    put(t, 0, SIG_CURRENT, 60000);
    put(t, 1, SIG_CURRENT, 20000);
}

/* min(100 / 0.75, 100 / 0.5); the other direction by capacity: nothing flows there. */
static void sharing_by_what_is_measured(void **state)
{
    struct bench t;

    (void)state;
    make_measured(&t);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 133333);
    assert_int_equal(t.out.ccl.reason, REASON_SHARING);
    assert_int_equal(t.out.ccl.cluster, 1);
    assert_int_equal(t.out.dcl.after[STAGE_SHARING], 200000);
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 0), 7500);
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 1), 5000);
    t.rules.share = SHARE_BY_CAPACITY;
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 200000);
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 0), 5000);
    make_measured(&t);
    put(&t, 0, SIG_CURRENT, -20000);
    put(&t, 1, SIG_CURRENT, -60000);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 200000);
    assert_int_equal(t.out.dcl.after[STAGE_SHARING], 133333);
    assert_int_equal(t.out.dcl.cluster, 2);
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 1), 7500);
}

/* A tenth of the limit of the last run. */
static void measured_only_above_a_tenth(void **state)
{
    struct bench t;

    (void)state;
    make_measured(&t);
    put(&t, 0, SIG_CURRENT, 22500);
    put(&t, 1, SIG_CURRENT, 7500);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 200000);
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 0), 5000);
    make_measured(&t);
    put(&t, 0, SIG_CURRENT, 22501);
    put(&t, 1, SIG_CURRENT, 7500);
    run(&t, MONO_S(1));
    assert_in_range(t.out.ccl.after[STAGE_SHARING], 133332, 133334);
}

/* From one half each towards 60 and 20 A, 0.5 + 0.25 / 30 after a second, of 100 A: 196.721 A. And
 * what is seen to carry nothing binds by its capacity only. */
static void measured_shares_start_from_capacity(void **state)
{
    struct bench t;

    (void)state;
    make_measured(&t);
    t.mem.charge_shares = (struct shares){0};
    run(&t, 0);
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 200000);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 196721);
    make_measured(&t);
    t.mem.charge_shares.ppb[0] = 1000000000;
    t.mem.charge_shares.ppb[1] = 0;
    put(&t, 0, SIG_CURRENT, 80000);
    put(&t, 1, SIG_CURRENT, 0);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 100000);
}

/* 400 A through the bus bar of the one that carries three quarters. */
static void a_bus_bar_by_what_is_measured(void **state)
{
    struct bench t;

    (void)state;
    make_measured(&t);
    for (unsigned i = 0; i < 2; i++)
        put(&t, i, SIG_CHARGE_CURRENT_LIMIT, 600000);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 800000);
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 533333);
}

/* 0.6, 0.2 and 0.2 of 100 A each: 166.7 A. The last falls silent: by capacity alone it were 200. */
static void losing_a_cluster_keeps_what_was_measured(void **state)
{
    struct bench t;

    (void)state;
    make_measured(&t);
    make_equal(&t, 3, 100000);
    t.mem.charge_shares = (struct shares){
        .used = true, .members = 7, .ppb = {600000000, 200000000, 200000000}
    };
    put(&t, 0, SIG_CURRENT, 60000);
    put(&t, 2, SIG_CURRENT, 20000);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 166666);
    make_ghost(&t, 2);
    put(&t, 0, SIG_CURRENT, 6000); /* what is left to be seen is less than a tenth */
    put(&t, 1, SIG_CURRENT, 2000);
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 133333); /* 0.6 of 0.8 */
}

/* ---- proven open ---- */

static void an_open_cluster_shares_nothing(void **state)
{
    static const struct {
        const char *what;
        bool open[2];
        int64_t mA[2], want;
        enum reason reason;
        uint8_t cluster;
    } cases[] = {
        {"none",                          {false, false}, {100000, 100000}, 200000, REASON_SHARING,      1},
        {"the second",                    {false, true},  {100000, 100000}, 100000, REASON_OPEN_CLUSTER, 2},
        {"the first",                     {true, false},  {100000, 100000}, 100000, REASON_OPEN_CLUSTER, 1},
        {"without it as much as with it",
         {false, true},
         {100000, 50000},
         100000,                                                                    REASON_SHARING,
         2                                                                                                },
        {"with it a little less",         {false, true},  {100000, 49999},  99998,  REASON_SHARING,      2},
        {"without it a little less",
         {false, true},
         {100000, 50001},
         100000,                                                                    REASON_OPEN_CLUSTER,
         2                                                                                                },
        {"all of them",                   {true, true},   {100000, 100000}, 0,      REASON_OPEN_CLUSTER, 1},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        make_equal(&t, 2, 0);
        t.mem.ccl.out = t.mem.dcl.out = 1000000;
        for (unsigned k = 0; k < 2; k++) {
            t.part[k].open = cases[i].open[k];
            put(&t, k, SIG_CHARGE_CURRENT_LIMIT, cases[i].mA[k]);
            put(&t, k, SIG_DISCHARGE_CURRENT_LIMIT, cases[i].mA[k]);
        }
        run(&t, MONO_S(1));
        assert_int_equal(t.out.ccl.value, cases[i].want);
        assert_int_equal(t.out.dcl.value, cases[i].want);
        assert_int_equal(t.out.ccl.stage, cases[i].reason == REASON_SHARING && cases[i].cluster == 1
                                              ? STAGE_CLUSTER
                                              : STAGE_SHARING);
        if (t.out.ccl.stage == STAGE_SHARING) {
            assert_int_equal(t.out.ccl.reason, cases[i].reason);
            assert_int_equal(t.out.ccl.cluster, cases[i].cluster);
        }
    }
}

/* Two clusters of 6 modules: 495 A and 2 x 400 A; one of them alone 310 A and 400 A. */
static void table_and_bus_bar_without_the_open_one(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    make_equal(&t, 2, 900000);
    t.part[1].open = true;
    t.mem.ccl.out = 1000000;
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 900000);
    assert_int_equal(t.out.ccl.value, 400000);
    assert_int_equal(t.out.ccl.stage, STAGE_ALLOWANCE);
    assert_int_equal(t.out.ccl.reason, REASON_OPEN_CLUSTER);
    assert_int_equal(t.out.ccl.cluster, 2);
    t.rules.profile = profile_find("weco-4k4-pro");
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 310000);
    assert_int_equal(t.out.dcl.after[STAGE_ALLOWANCE], 310000);
    assert_int_equal(t.out.ccl.reason, REASON_OPEN_CLUSTER);
    t.part[1].open = false;
    run(&t, MONO_S(3));
    assert_int_equal(t.out.ccl.after[STAGE_ALLOWANCE], 495000);
}

/* One counted with 300 A, one open, and a ghost with 50 A: counted and ghost, 2 x 50 A. */
static void an_open_cluster_beside_a_ghost(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    make_equal(&t, 3, 300000);
    t.part[1].open = true;
    make_ghost(&t, 2);
    put(&t, 2, SIG_CHARGE_CURRENT_LIMIT, 50000);
    t.mem.ccl.out = 1000000;
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.value, 100000);
    assert_int_equal(t.out.ccl.reason, REASON_OPEN_CLUSTER);
    t.part[1].open = false;
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 150000);
}

/* 10 A a module: the one that is not open carries all of it, the open one its half if it closes. */
static void a_taper_without_the_open_one(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    make_equal(&t, 2, 300000);
    t.part[0].profile = t.part[1].profile = profile_find("weco-4k4-pro");
    t.part[1].open = true;
    t.stops[0].taper = true;
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 60000);
    t.stops[0].taper = false;
    t.stops[1].taper = true;
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 120000);
}

/* ---- C-rates ---- */

/* 6 modules of 86 Ah at 0.2 C are 103.2 A, for 0.6 of the current: 172 A. */
static void c_rates_where_no_limit_is_told(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[0].profile = profile_find("weco-4k4-pro");
    t.stops[0].charge_rate = t.stops[0].discharge_rate = (struct c_rate_now){
        .known = true, .centi_C = 20, .at = {3, 1}
    };
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 480000);
    put(&t, 1, SIG_DISCHARGE_CURRENT_LIMIT, 480000);
    t.mem.ccl.out = t.mem.dcl.out = 1000000;
    run(&t, MONO_S(1)); /* it tells both limits */
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 666666);
    assert_int_equal(t.out.dcl.after[STAGE_CELLS], 666666);
    t.rules.c_rate_all = true;
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.value, 172000);
    assert_int_equal(t.out.dcl.value, 172000);
    assert_int_equal(t.out.ccl.stage, STAGE_CELLS);
    assert_int_equal(t.out.ccl.reason, REASON_C_RATE);
    assert_int_equal(t.out.ccl.cluster, 1);
    assert_int_equal(t.out.ccl.module, 3);
    assert_int_equal(t.out.ccl.cell, 1);
    t.rules.c_rate_all = false;
    signal_forget(&t.b[0].s, SIG_CHARGE_CURRENT_LIMIT);
    run(&t, MONO_S(3)); /* silent about one of them: 6 x 86 A of the profile, and 0.2 C */
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 172000);
    assert_int_equal(t.out.dcl.after[STAGE_CELLS], 666666);
    t.stops[0].charge_rate.centi_C = 0;
    run(&t, MONO_S(4)); /* outside the table */
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 0);
    assert_int_equal(t.out.ccl.reason, REASON_C_RATE);
    t.stops[0].charge_rate.known = false;
    run(&t, MONO_S(5));
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 666666);
}

/* ---- recovery ---- */

/* 0.1 C of 400 Ah are 40 A, for half of the current 80 A; nothing out. */
static void an_empty_cluster_is_recharged_slowly(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 480000);
    t.rules.share = SHARE_BY_COUNT;
    t.part[1].recover = true;
    t.mem.ccl.out = t.mem.dcl.out = 1000000;
    run(&t, MONO_S(1));
    assert_int_equal(t.out.ccl.after[STAGE_CELLS], 800000);
    assert_int_equal(t.out.ccl.value, 80000);
    assert_int_equal(t.out.ccl.stage, STAGE_PROTECTION);
    assert_int_equal(t.out.ccl.reason, REASON_RECOVERY);
    assert_int_equal(t.out.ccl.cluster, 2);
    assert_int_equal(t.out.dcl.value, 0);
    assert_int_equal(t.out.dcl.reason, REASON_RECOVERY);
    make_ghost(&t, 1);
    run(&t, MONO_S(2));
    assert_int_equal(t.out.ccl.after[STAGE_PROTECTION], 80000);
    assert_int_equal(t.out.dcl.after[STAGE_PROTECTION], 0);
    t.part[1].ghost = false; /* it has gone */
    run(&t, MONO_S(3));
    assert_int_equal(t.out.ccl.after[STAGE_PROTECTION], 400000); /* the bus bar of the other */
    assert_int_equal(t.out.dcl.after[STAGE_PROTECTION], 400000);
}

/* Over-current of any cluster: both directions rest for 10 s after the last of it. */
static void an_over_current_rests_both_directions(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.b[1].a.active[TIER_PROTECTION] = ALARM_BIT(SHORT_CIRCUIT);
    make_ghost(&t, 1);
    run(&t, MONO_S(1));
    t.b[1].a.active[TIER_PROTECTION] = 0;
    run(&t, MONO_S(11) - 1);
    assert_int_equal(t.out.ccl.after[STAGE_PROTECTION], 0);
    assert_int_equal(t.out.dcl.after[STAGE_PROTECTION], 0);
    assert_int_equal(t.out.ccl.reason, REASON_OVER_CURRENT);
    run(&t, MONO_S(11));
    assert_int_equal(t.out.ccl.after[STAGE_PROTECTION], 148000);
    t.b[1].a.active[TIER_PROTECTION] = ALARM_BIT(CURRENT_CHARGE);
    t.part[1].ghost = false; /* not on the copper any more */
    run(&t, MONO_S(12));
    assert_int_equal(t.out.ccl.after[STAGE_PROTECTION], 400000);
}

/* ---- the rules of the hub ---- */

static void a_barred_direction(void **state)
{
    static const struct {
        const char *what;
        enum reason charge, discharge;
        bool stopped;
        int64_t ccl, dcl;
        enum reason ccl_reason, dcl_reason;
    } cases[] = {
        {"charging",         REASON_MODULE_STAYS, REASON_NONE,      false, 0,      370000, REASON_MODULE_STAYS,
         REASON_SHARING                                                                                                        },
        {"discharging",      REASON_NONE,         REASON_DISOBEYED, false, 148000, 0,      REASON_SHARING,
         REASON_DISOBEYED                                                                                                      },
        {"both",             REASON_NOT_OPEN,     REASON_NOT_OPEN,  false, 0,      0,      REASON_NOT_OPEN,     REASON_NOT_OPEN},
        {"before the state", REASON_NOT_OPEN,     REASON_NONE,      true,  0,      0,      REASON_NOT_OPEN,
         REASON_HUB_STATE                                                                                                      },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        t.mem.ccl.out = t.mem.dcl.out = 1000000;
        t.in.barred_charge = cases[i].charge;
        t.in.barred_discharge = cases[i].discharge;
        t.in.barred_cluster = 1;
        t.in.charge_allowed = t.in.discharge_allowed = !cases[i].stopped;
        run(&t, MONO_S(1));
        assert_int_equal(t.out.ccl.value, cases[i].ccl);
        assert_int_equal(t.out.dcl.value, cases[i].dcl);
        assert_int_equal(t.out.ccl.reason, cases[i].ccl_reason);
        assert_int_equal(t.out.dcl.reason, cases[i].dcl_reason);
        if (cases[i].charge) {
            assert_int_equal(t.out.ccl.stage, STAGE_STATE);
            assert_int_equal(t.out.ccl.cluster, 1);
        }
    }
}

/* 4K4 PRO: 54.5 V, and 56.0 V at most; never above what the owner has set or a BMS allows. */
static void forced_charge(void **state)
{
    static const struct {
        const char *what;
        bool forced;
        int64_t owner, bms, cvl;
    } cases[] = {
        {"not forced",        false, 0,     58400, 54500},
        {"forced",            true,  0,     58400, 56000},
        {"the owner's top",   true,  55000, 58400, 55000},
        {"what a BMS allows", true,  0,     55900, 55900},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        t.rules.profile = profile_find("weco-4k4-pro");
        t.rules.cvl_top_mV = cases[i].owner;
        t.in.forced_charge = cases[i].forced;
        t.mem.dcl.out = 1000000;
        for (unsigned k = 0; k < 2; k++)
            put(&t, k, SIG_CHARGE_VOLTAGE_LIMIT, cases[i].bms);
        run(&t, MONO_S(1));
        assert_int_equal(t.out.cvl.value, cases[i].cvl);
        assert_int_equal(t.out.ccl.after[STAGE_STATE], 148000);
        assert_int_equal(t.out.dcl.value, cases[i].forced ? 0 : 370000);
        assert_int_equal(t.out.dcl.reason, cases[i].forced ? REASON_FORCED_CHARGE : REASON_SHARING);
    }
}

/* ---- at the edges ---- */

/* 10 V under the 40.0 V floor of DVL: 30.0 V may still be a limit, 29.999 V is none. */
static void a_cvl_that_can_be_none_forbids_charging(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 0, SIG_CHARGE_VOLTAGE_LIMIT, 30000);
    assert_int_equal(limit_of_cluster(&t.part[0], CHARGE).value, 480000);
    put(&t, 0, SIG_CHARGE_VOLTAGE_LIMIT, 29999);
    assert_int_equal(limit_of_cluster(&t.part[0], CHARGE).value, 0);
    assert_int_equal(limit_of_cluster(&t.part[0], CHARGE).reason, REASON_LIMIT_INVALID);
    assert_int_equal(limit_of_cluster(&t.part[0], DISCHARGE).value, 480000);
    signal_forget(&t.b[0].s, SIG_CHARGE_VOLTAGE_LIMIT);
    assert_int_equal(limit_of_cluster(&t.part[0], CHARGE).value, 480000);
}

/* A module stays connected, then it is another cause: 10 s from there, for DCL too. */
static void another_reason_for_nothing_is_a_new_cause(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.in.barred_discharge = REASON_MODULE_STAYS;
    run(&t, 1);
    run_to(&t, MONO_S(20));
    assert_int_equal(t.out.dcl.value, 0);
    t.in.barred_discharge = REASON_NONE;
    run(&t, MONO_S(21));
    run(&t, MONO_S(31) - 1);
    assert_int_equal(t.out.dcl.value, 0);
    assert_int_equal(t.out.dcl.reason, REASON_HOLD);
    run(&t, MONO_S(31));
    assert_int_equal(t.out.dcl.value, 370000);
}

/* A set-point of nothing that ends in one of 100 A: the same reason, no new cause. Nor is one
 * reason in place of another while nothing is allowed by either. */
static void the_same_reason_is_no_new_cause(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.in.barred_discharge = REASON_MODULE_STAYS;
    t.in.dcl = (struct set_point){.value = 0, .until = MONO_S(100)};
    run(&t, 1);
    run_to(&t, MONO_S(15));
    t.in.barred_discharge = REASON_NONE;
    run_to(&t, MONO_S(20));
    assert_int_equal(t.out.dcl.reason, REASON_SET_POINT);
    t.in.dcl.value = 100000;
    run_to(&t, MONO_MS(20100));
    assert_int_equal(t.out.dcl.value, 100000);
}

/* 310 A of the table: 15.5 A/s, in steps of 5 ms 77.5 mA. What is too small for a step is kept. */
static void a_rise_loses_nothing(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.rules.profile = profile_find("weco-4k4-pro");
    t.in.n = 1;
    run(&t, 0);
    for (mono_us now = MONO_MS(5); now < MONO_S(10); now += MONO_MS(5))
        run(&t, now);
    assert_int_equal(t.out.ccl.value, 0);
    assert_int_equal(t.out.ccl.reason, REASON_HOLD);
    for (mono_us now = MONO_S(10); now < MONO_S(12); now += MONO_MS(5)) {
        run(&t, now);
        assert_int_equal(t.out.ccl.reason, REASON_RAMP);
    }
    assert_in_range(t.out.ccl.value, 30999, 31001);
    assert_int_equal(t.out.ccl.after[STAGE_RATE], t.out.ccl.value);
}

/* The one that is proven open is counted: 5 %/s of 495 A, not of 310 A. */
static void an_open_cluster_is_counted_for_the_rate(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.rules.profile = profile_find("weco-4k4-pro");
    make_equal(&t, 2, 600000);
    t.part[1].open = true;
    run(&t, 1);
    run_to(&t, MONO_MS(12100));
    assert_in_range(t.out.ccl.value, 49500, 51975);
}

/* Whoever of them it is. */
static void the_first_cluster_holds_both_directions_too(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    make_equal(&t, 2, 100000);
    t.part[0].joined = false;
    run(&t, 1);
    run_to(&t, MONO_S(30));
    assert_int_equal(t.out.dcl.value, 100000);
    t.part[0].joined = true;
    run_to(&t, MONO_S(40));
    assert_int_equal(t.out.dcl.value, 100000);
    run_to(&t, MONO_MS(40200));
    assert_int_equal(t.out.dcl.value, 200000);
}

/* Two are configured; what lies behind them is nobody. */
static void who_is_not_configured_is_nobody(void **state)
{
    (void)state;
    for (unsigned ghost = 0; ghost < 2; ghost++) {
        struct bench t;

        bench_init(&t);
        t.rules.share = SHARE_MEASURED;
        t.mem.ccl.out = t.mem.dcl.out = 1000000;
        t.mem.joined = 3;
        t.part[2].joined = !ghost;
        t.part[2].ghost = ghost;
        t.part[2].recover = t.part[2].open = true;
        t.stops[2].on[STOP_CHARGE_CELL] = t.stops[2].on[STOP_DISCHARGE_CELL] = true;
        t.b[2].a.active[TIER_PROTECTION] = ALARM_BIT(SHORT_CIRCUIT);
        put(&t, 2, SIG_CHARGE_VOLTAGE_LIMIT, 50000);
        put(&t, 2, SIG_DISCHARGE_VOLTAGE_LIMIT, 49000);
        put(&t, 2, SIG_VOLTAGE, 45000);
        t.rules.cvl_top_mV = 48000;
        run(&t, MONO_S(1));
        assert_int_equal(t.out.ccl.value, 148000);
        assert_int_equal(t.out.dcl.value, 370000);
        assert_int_equal(t.out.cvl.value, 49900); /* the bus, 49.85 V */
        assert_int_equal(t.out.dvl.value, 46400);
        assert_int_equal(t.mem.joined, 3);
        assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 0), 6000);
    }
}

/* A set-point of CVL lowers, is not remembered, and holds when nobody is counted. */
static void a_set_point_of_cvl(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.in.cvl = (struct set_point){.value = 52000, .until = MONO_S(3)};
    run(&t, MONO_S(1));
    assert_int_equal(t.out.cvl.value, 52000);
    assert_int_equal(t.out.cvl.reason, REASON_SET_POINT);
    assert_int_equal(t.out.cvl.stage, STAGE_STATE);
    assert_int_equal(t.out.cvl.after[STAGE_PROTECTION], 53200);
    assert_int_equal(t.out.cvl.after[STAGE_STATE], 52000);
    assert_int_equal(t.out.cvl.after[STAGE_RATE], 52000);
    t.part[0].joined = t.part[1].joined = false;
    run(&t, MONO_S(3) - 1);
    assert_int_equal(t.out.cvl.value, 52000);
    assert_int_equal(t.out.cvl.after[STAGE_PROTECTION], 53200);
    assert_int_equal(t.out.cvl.after[STAGE_RATE], 52000);
    assert_int_equal(t.out.dvl.after[STAGE_RATE], 46400);
    assert_int_equal(t.out.dvl.after[STAGE_CLUSTER], 46400);
    run(&t, MONO_S(3));
    assert_int_equal(t.out.cvl.value, 53200);
}

/* generic: DVL at least 40.0 V, CVL at most 58.4 V. What a BMS tells beyond is kept there. */
static void voltages_a_battery_cannot_mean(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    for (unsigned i = 0; i < 2; i++) {
        put(&t, i, SIG_VOLTAGE, 39000);
        put(&t, i, SIG_CHARGE_VOLTAGE_LIMIT, 39999);
        put(&t, i, SIG_DISCHARGE_VOLTAGE_LIMIT, 58401);
    }
    run(&t, 1);
    assert_int_equal(t.out.cvl.value, 40000);
    assert_int_equal(t.out.dvl.value, 58400);
    for (unsigned i = 0; i < 2; i++) {
        put(&t, i, SIG_CHARGE_VOLTAGE_LIMIT, 40001);
        put(&t, i, SIG_DISCHARGE_VOLTAGE_LIMIT, 58399);
    }
    run(&t, 2);
    assert_int_equal(t.out.cvl.value, 40001);
    assert_int_equal(t.out.dvl.value, 58399); /* and it falls again, when they say so */
}

/* What is exactly as high as the window is from the BMS, and a bus exactly as high as the top of
 * the window raises nothing. */
static void at_the_edge_of_the_window(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.rules.profile = profile_find("weco-4k4-pro");
    for (unsigned i = 0; i < 2; i++) {
        put(&t, i, SIG_DISCHARGE_VOLTAGE_LIMIT, 49500);
        put(&t, i, SIG_CHARGE_VOLTAGE_LIMIT, 58400);
        put(&t, i, SIG_VOLTAGE, 54500);
    }
    run(&t, 1);
    assert_int_equal(t.out.dvl.value, 49500);
    assert_int_equal(t.out.dvl.reason, REASON_CLUSTER_LIMIT);
    assert_int_equal(t.out.cvl.value, 54500);
    assert_int_equal(t.out.cvl.reason, REASON_PROFILE_WINDOW);
    put(&t, 0, SIG_VOLTAGE, 54501);
    put(&t, 1, SIG_VOLTAGE, 54501);
    run(&t, 2);
    assert_int_equal(t.out.cvl.value, 54600);
    assert_int_equal(t.out.cvl.reason, REASON_BUS_VOLTAGE);
}

/* One keeps its DCL for a moment: counted for discharge, a ghost for all else; nothing rises. */
static void a_held_cluster_keeps_dcl(void **state)
{
    struct part held[MAX_CLUSTERS];
    struct bench t;

    (void)state;
    bench_init(&t);
    make_ghost(&t, 1);
    memcpy(held, t.part, sizeof(held));
    held[1].joined = true;
    t.in.discharge_parts = held;
    t.in.dcl_held = true;
    t.mem.ccl.out = t.mem.dcl.out = 300000;
    t.mem.joined = 1;
    run(&t, MONO_S(20));
    assert_int_equal(t.out.dcl.after[STAGE_STATE], 370000);
    assert_int_equal(t.out.dcl.value, 300000);
    assert_int_equal(t.out.dcl.reason, REASON_HOLD);
    assert_int_equal(t.out.ccl.after[STAGE_SHARING], 148000);
    assert_int_equal(t.out.ccl.after[STAGE_CLUSTER], 480000);
    run(&t, MONO_S(40)); /* for as long as it lasts */
    assert_int_equal(t.out.dcl.value, 300000);
    t.in.dcl_held = false;
    run(&t, MONO_S(50) - 1);
    assert_int_equal(t.out.dcl.value, 300000);
    run(&t, MONO_S(50));
    assert_int_equal(t.out.dcl.value, 370000);
}

/* A cluster that says nothing of its voltage, one that is not there, and a bus above what an owner
 * may set: 58.4 V. */
static void the_voltage_of_the_bus(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.rules.cvl_top_mV = 50000;
    t.in.n = 3;
    t.part[2].joined = false;
    put(&t, 2, SIG_VOLTAGE, 50100);
    put(&t, 0, SIG_VOLTAGE, 52001);
    signal_forget(&t.b[1].s, SIG_VOLTAGE);
    run(&t, 1);
    assert_int_equal(t.out.cvl.value, 52100); /* up to the 0.1 V of the wire */
    put(&t, 1, SIG_VOLTAGE, 53000);
    run(&t, 2);
    assert_int_equal(t.out.cvl.value, 52100);
    make_ghost(&t, 2); /* losing one never raises it */
    run(&t, 3);
    assert_int_equal(t.out.cvl.value, 50100);
    for (unsigned i = 0; i < 3; i++) {
        put(&t, i, SIG_VOLTAGE, 58401);
        put(&t, i, SIG_CHARGE_VOLTAGE_LIMIT, 60000);
    }
    run(&t, 4);
    assert_int_equal(t.out.cvl.value, 58400);
}

/* The lower CVL and the higher DVL of a ghost stay, and it is named. */
static void a_ghosts_voltage_limits_stay(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 1, SIG_CHARGE_VOLTAGE_LIMIT, 53100);
    put(&t, 1, SIG_DISCHARGE_VOLTAGE_LIMIT, 47000);
    make_ghost(&t, 1);
    run(&t, 1);
    assert_int_equal(t.out.cvl.value, 53100);
    assert_int_equal(t.out.cvl.reason, REASON_GHOST);
    assert_int_equal(t.out.cvl.cluster, 2);
    assert_int_equal(t.out.dvl.value, 47000);
    assert_int_equal(t.out.dvl.reason, REASON_GHOST);
    t.part[1].joined = true; /* counted again, as a held one is: its own word */
    run(&t, 2);
    assert_int_equal(t.out.cvl.reason, REASON_CLUSTER_LIMIT);
    t.part[1].joined = t.part[1].ghost = false; /* gone for good */
    run(&t, 3);
    assert_int_equal(t.out.cvl.value, 53200);
    assert_int_equal(t.out.dvl.value, 45000);
}

static void nobody_knows_any_capacity(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[0].capacity_mAh = t.part[1].capacity_mAh = 0;
    assert_int_equal(part_share(&t.mem, &t.rules, t.part, 2, 0), 0);
}

/* ---- for any input ---- */

static const struct profile *any_profile(uint32_t r)
{
    static const char *const keys[] = {"weco-4k4-pro", "vtac-vt12040", "generic-lfp-16s"};

    return profile_find(keys[r % LEN(keys)]);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Some hub of two to five clusters in some state, three of four of them with their current in one
 * direction. */
static void any_hub(struct bench *t, uint32_t *seed)
{
    bool discharging;

    bench_init(t);
    t->rules.share = (enum share_mode)(next_random(seed) % 3);
    t->rules.c_rate_all = next_random(seed) & 1;
    t->rules.profile = any_profile(next_random(seed));
    t->in.n = 2 + next_random(seed) % 4;
    discharging = next_random(seed) & 1;
    for (unsigned i = 0; i < t->in.n; i++) {
        uint32_t r = next_random(seed);
        int64_t mA = next_random(seed) % 100000;

        t->part[i].profile = any_profile(r);
        t->part[i].modules = 1 + (r >> 3) % 8;
        t->part[i].capacity_mAh = 1000 + next_random(seed) % 900000;
        t->part[i].joined = (r >> 8) % 8 != 0;
        t->part[i].ghost = !t->part[i].joined && (r >> 11 & 1);
        t->part[i].open = t->part[i].joined && (r >> 12) % 8 == 0;
        t->part[i].recover = (r >> 15) % 8 == 0;
        t->stops[i].taper = (r >> 18) % 4 == 0;
        t->stops[i].charge_rate = (struct c_rate_now){.known = true, .centi_C = r >> 20 & 127};
        put(t, i, SIG_CURRENT, discharging ? -mA : mA);
        put(t, i, SIG_CHARGE_CURRENT_LIMIT, next_random(seed) % 600000);
        put(t, i, SIG_DISCHARGE_CURRENT_LIMIT, next_random(seed) % 600000);
    }
    for (unsigned i = 0; i < 15; i++) /* so that something has risen */
        run(t, t->mem.last_run + MONO_S(1));
}

/* Losing a cluster never raises a limit, nor does one that opens; whatever is measured. */
static void who_is_lost_or_opens_raises_nothing(void **state)
{
    static struct bench t;
    uint32_t seed = 7;

    (void)state;
    for (unsigned round = 0; round < 5000; round++) {
        struct limits before;
        unsigned i;

        any_hub(&t, &seed);
        i = next_random(&seed) % t.in.n;
        if (!t.part[i].joined)
            continue;
        before = t.out;
        if (round & 1) {
            make_ghost(&t, i);
            t.part[i].open = false;
        } else {
            t.part[i].open = true;
        }
        run(&t, t.mem.last_run);
        for (unsigned s = STAGE_SHARING; s <= STAGE_RATE; s++) {
            assert_true(t.out.ccl.after[s] <= before.ccl.after[s]);
            assert_true(t.out.dcl.after[s] <= before.dcl.after[s]);
        }
    }
}

/* "Each stage can only lower", for any input. */
static void no_stage_raises(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        static struct bench t;

        if (round % 50 == 0)
            bench_init(&t);
        for (unsigned i = 0; i < 2; i++) {
            seed = seed * 1664525u + 1013904223u;
            t.part[i].joined = seed >> 8 & 1;
            t.part[i].ghost = !t.part[i].joined && (seed >> 9 & 1);
            t.part[i].modules = 1 + (seed >> 10) % 16;
            t.part[i].capacity_mAh = 1000 + (seed >> 12) % 900000;
            put(&t, i, SIG_CHARGE_CURRENT_LIMIT, (seed >> 5) % 600000);
            put(&t, i, SIG_DISCHARGE_CURRENT_LIMIT, (seed >> 7) % 600000);
        }
        t.in.charge_allowed = t.in.discharge_allowed = seed >> 20 & 1;
        run(&t, MONO_MS(100) * (round + 1));
        for (unsigned s = STAGE_CLUSTER; s < STAGE_RATE; s++) {
            assert_true(t.out.ccl.after[s + 1] <= t.out.ccl.after[s]);
            assert_true(t.out.dcl.after[s + 1] <= t.out.dcl.after[s]);
            assert_true(t.out.cvl.after[s + 1] <= t.out.cvl.after[s]);
            assert_true(t.out.dvl.after[s + 1] >= t.out.dvl.after[s]);
        }
        assert_true(t.out.ccl.value >= 0 && t.out.dcl.value >= 0);
        assert_true(t.in.charge_allowed || (t.out.ccl.value == 0 && t.out.dcl.value == 0));
        assert_true(t.out.cvl.value > 0 && t.out.dvl.value > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_bms_allows),
        cmocka_unit_test(a_limit_never_carried_is_the_profiles),
        cmocka_unit_test(sharing_takes_the_weakest_for_its_share),
        cmocka_unit_test(ghosts_never_raise_a_limit),
        cmocka_unit_test(a_strong_ghost_does_not_raise_either),
        cmocka_unit_test(a_cluster_without_capacity_lets_nothing_flow),
        cmocka_unit_test(a_fault_stops_too),
        cmocka_unit_test(the_table_is_looked_up_by_the_smallest_cluster),
        cmocka_unit_test(a_ghost_keeps_its_row_of_the_table),
        cmocka_unit_test(a_cluster_that_is_not_counted_has_no_share),
        cmocka_unit_test(stage_one_says_whose_reason_it_is),
        cmocka_unit_test(each_direction_has_its_own_cap),
        cmocka_unit_test(a_cluster_never_carries_more_than_its_bus_bar),
        cmocka_unit_test(a_ghost_adds_nothing_to_the_table),
        cmocka_unit_test(ghosts_and_bus_bars),
        cmocka_unit_test(caps_set_points_and_the_state_lower),
        cmocka_unit_test(limits_rise_slowly_and_fall_at_once),
        cmocka_unit_test(another_cluster_holds_both_directions),
        cmocka_unit_test(one_in_place_of_another_holds_too),
        cmocka_unit_test(a_ghost_does_not_make_the_rise_steeper),
        cmocka_unit_test(a_small_fall_is_no_new_cause),
        cmocka_unit_test(sharing_and_cluster_limit_are_one_cause),
        cmocka_unit_test(voltages_stay_in_the_window),
        cmocka_unit_test(the_owner_may_lower_the_top),
        cmocka_unit_test(a_total_loss_keeps_the_last_dvl),
        cmocka_unit_test(voltages_before_anything_is_known_are_the_profiles),
        cmocka_unit_test(the_forty_cells_come_out),
        cmocka_unit_test(a_stop_names_module_and_cell),
        cmocka_unit_test(a_taper_names_the_module),
        cmocka_unit_test(the_charge_taper_is_for_the_share),
        cmocka_unit_test(sharing_by_what_is_measured),
        cmocka_unit_test(measured_only_above_a_tenth),
        cmocka_unit_test(measured_shares_start_from_capacity),
        cmocka_unit_test(a_bus_bar_by_what_is_measured),
        cmocka_unit_test(losing_a_cluster_keeps_what_was_measured),
        cmocka_unit_test(an_open_cluster_shares_nothing),
        cmocka_unit_test(table_and_bus_bar_without_the_open_one),
        cmocka_unit_test(an_open_cluster_beside_a_ghost),
        cmocka_unit_test(a_taper_without_the_open_one),
        cmocka_unit_test(c_rates_where_no_limit_is_told),
        cmocka_unit_test(an_empty_cluster_is_recharged_slowly),
        cmocka_unit_test(an_over_current_rests_both_directions),
        cmocka_unit_test(a_barred_direction),
        cmocka_unit_test(forced_charge),
        cmocka_unit_test(a_cvl_that_can_be_none_forbids_charging),
        cmocka_unit_test(another_reason_for_nothing_is_a_new_cause),
        cmocka_unit_test(the_same_reason_is_no_new_cause),
        cmocka_unit_test(a_rise_loses_nothing),
        cmocka_unit_test(an_open_cluster_is_counted_for_the_rate),
        cmocka_unit_test(the_first_cluster_holds_both_directions_too),
        cmocka_unit_test(who_is_not_configured_is_nobody),
        cmocka_unit_test(a_set_point_of_cvl),
        cmocka_unit_test(voltages_a_battery_cannot_mean),
        cmocka_unit_test(at_the_edge_of_the_window),
        cmocka_unit_test(a_held_cluster_keeps_dcl),
        cmocka_unit_test(the_voltage_of_the_bus),
        cmocka_unit_test(a_ghosts_voltage_limits_stay),
        cmocka_unit_test(nobody_knows_any_capacity),
        cmocka_unit_test(who_is_lost_or_opens_raises_nothing),
        cmocka_unit_test(no_stage_raises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
