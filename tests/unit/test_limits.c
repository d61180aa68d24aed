#include "check.h"

#include <string.h>

#include "config_profile.h"
#include "core/limits.h"

/* Two clusters as in the captures: 6 modules with 480 A both ways, 4 modules with 59.2 A in and
 * 148 A out. Shares by capacity are 0.6 and 0.4. A third as the second waits for who needs it. */
struct bench {
    struct battery b[3];
    struct part part[3];
    struct stops_memory stops[3];
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
    for (unsigned i = 0; i < 3; i++) {
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
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 55600); /* 139 A: 9 A less */
    run_to(&t, MONO_S(21));
    assert_int_equal(t.out.ccl.value, 139000);
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 59200);
    run_to(&t, MONO_S(22));
    assert_int_equal(t.out.ccl.value, 148000);
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 54800); /* 137 A: 11 A less */
    run_to(&t, MONO_S(23));
    put(&t, 1, SIG_CHARGE_CURRENT_LIMIT, 59200);
    run_to(&t, MONO_S(30));
    assert_int_equal(t.out.ccl.value, 137000);
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
        cmocka_unit_test(no_stage_raises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
