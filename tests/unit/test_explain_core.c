/* A run of the limits taken apart, number by number. */
#include "check.h"

#include <string.h>

#include "config_profile.h"
#include "core/explain.h"

#define NOW MONO_S(100)

/* Two clusters that are counted, of 5 and 4 modules and so of 5/9 and 4/9 of the current, and a
 * silent one of 1 module. */
struct bench {
    struct profile profile;
    struct battery b[MAX_CLUSTERS];
    struct part part[MAX_CLUSTERS], discharge[MAX_CLUSTERS];
    struct stops_memory stops[MAX_CLUSTERS];
    struct limits_rules rules;
    struct limits_memory mem;
    struct limits_input in;
    struct limits limits;
    struct explanation out;
};

static void bench_init(struct bench *t)
{
    static const unsigned modules[MAX_CLUSTERS] = {5, 4, 1, 5, 5};

    memset(t, 0, sizeof(*t));
    t->profile = *profile_find("weco-4k4-pro");
    t->rules = (struct limits_rules){.profile = &t->profile,
                                     .ccl_cap_mA = 300000,
                                     .dcl_cap_mA = 350000,
                                     .rise_centi_pct_s = 500,
                                     .rise_hold = MONO_S(10)};
    for (unsigned i = 0; i < MAX_CLUSTERS; i++) {
        t->part[i] = (struct part){.b = &t->b[i],
                                   .profile = &t->profile,
                                   .number = (uint8_t)(i + 1),
                                   .joined = i != 2,
                                   .ghost = i == 2,
                                   .modules = modules[i],
                                   .capacity_mAh = (int64_t)modules[i] * 86000};
        signal_set(&t->b[i].s, SIG_VOLTAGE, 52000, NOW);
        signal_set(&t->b[i].s, SIG_CHARGE_CURRENT_LIMIT, 100000, NOW);
        signal_set(&t->b[i].s, SIG_DISCHARGE_CURRENT_LIMIT, 200000, NOW);
    }
    signal_set(&t->b[0].s, SIG_CHARGE_VOLTAGE_LIMIT, 54000, NOW);
    signal_set(&t->b[0].s, SIG_DISCHARGE_VOLTAGE_LIMIT, 49000, NOW);
    t->in = (struct limits_input){.parts = t->part,
                                  .discharge_parts = t->discharge,
                                  .stops = t->stops,
                                  .n = 3,
                                  .charge_allowed = true,
                                  .discharge_allowed = true};
    limits_init(&t->mem, &t->rules, MONO_S(95));
}

static void explain(struct bench *t)
{
    memcpy(t->discharge, t->part, sizeof(t->discharge));
    limits_run(&t->limits, &t->mem, &t->rules, &t->in, NOW);
    explain_run(&t->out, &t->limits, &t->mem, &t->rules, &t->in, NOW);
}

static void each_cluster_as_it_stands(void **state)
{
    struct bench t;
    const struct explained_cluster *c = t.out.cluster;

    (void)state;
    bench_init(&t);
    t.part[1].open = true;
    explain(&t);
    assert_int_equal(t.out.n, 3);
    assert_true(c[0].joined && !c[0].ghost && !c[0].open);
    assert_true(c[1].joined && c[1].open);
    assert_true(!c[2].joined && c[2].ghost);
    assert_int_equal(c[0].modules, 5);
    assert_int_equal(c[1].capacity_mAh, 344000);
    assert_int_equal(c[0].cvl_mV, 54000);
    assert_int_equal(c[0].dvl_mV, 49000);
    assert_int_equal(c[1].cvl_mV, 0);
    assert_int_equal(c[3].modules, 0); /* there is no fourth */
    assert_int_equal(t.out.charge.part[3].allows.value, 0);
}

static void what_each_allows_and_the_hub_for_it(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.in.n = 2; /* nobody is silent */
    explain(&t);
    assert_int_equal(t.out.charge.part[0].allows.value, 100000);
    assert_int_equal(t.out.discharge.part[0].allows.value, 200000);
    assert_int_equal(t.out.charge.part[0].hub_mA, 180000);     /* 100 / (5 / 9) */
    assert_int_equal(t.out.charge.part[1].hub_mA, 225000);     /* 100 / (4 / 9) */
    assert_int_equal(t.out.discharge.part[1].hub_mA, 450000);  /* 200 / (4 / 9) */
    assert_int_equal(t.out.charge.part[0].bus_bar_mA, 720000); /* 400 / (5 / 9) */
    assert_int_equal(t.out.cluster[0].share, 5556);
    assert_int_equal(t.out.cluster[1].share, 4444);
    assert_int_equal(t.out.charge.with_ghost.mA, 433000); /* the third is none of them */
    t.part[1].open = true; /* it counts as well: what binds without it is another reason */
    explain(&t);
    assert_int_equal(t.out.charge.part[0].hub_mA, 180000);
    assert_int_equal(t.out.charge.table.mA, 433000);
    t.profile.bus_bar_mA = 0;
    explain(&t);
    assert_int_equal(t.out.charge.part[0].bus_bar_mA, 0); /* no bound */
}

/* Discharging rests on other words than charging while one is held. */
static void a_word_that_is_held_is_one_of_discharging(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    explain(&t);
    assert_false(t.out.discharge.held);
    signal_set(&t.b[4].s, SIG_DISCHARGE_CURRENT_LIMIT, 70000, NOW);
    t.discharge[1].b = &t.b[4];
    t.in.dcl_held = true;
    explain_run(&t.out, &t.limits, &t.mem, &t.rules, &t.in, NOW);
    assert_int_equal(t.out.discharge.part[1].allows.value, 70000);
    assert_int_equal(t.out.charge.part[1].allows.value, 100000);
    assert_true(t.out.discharge.held);
    assert_false(t.out.charge.held);
}

/* Section 13: 4 modules, 2 clusters 433 A; 1 module, 3 clusters 206 A. */
static void the_table_with_and_without_the_silent_one(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    explain(&t);
    assert_int_equal(t.out.charge.table.mA, 433000);
    assert_int_equal(t.out.charge.with_ghost.mA, 206000);
    assert_int_equal(t.out.discharge.with_ghost.mA, 206000);
    t.part[2].modules = 5; /* 4 modules, 3 clusters: 462 A is no less */
    explain(&t);
    assert_int_equal(t.out.charge.with_ghost.mA, 433000);
    t.part[2].ghost = false;
    t.part[2].modules = 1;
    explain(&t);
    assert_int_equal(t.out.charge.with_ghost.mA, 433000);
}

/* 4 and 5 clusters of 5 modules: 700 A both. The silent one makes it no lower. */
static void of_two_equal_cells_the_one_of_the_counted(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.in.n = MAX_CLUSTERS;
    t.part[1].modules = t.part[2].modules = 5;
    explain(&t);
    assert_int_equal(t.out.charge.with_ghost.mA, 700000);
    assert_int_equal(t.out.charge.with_ghost.clusters, 4);
}

static void the_owners_words(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.in.ccl = (struct set_point){.value = 1000, .until = NOW + MONO_S(7)};
    t.in.dcl = (struct set_point){.value = 2000, .until = NOW};
    t.in.cvl = (struct set_point){.value = 53000, .until = NOW + 1};
    explain(&t);
    assert_int_equal(t.out.charge.owner_cap_mA, 300000);
    assert_int_equal(t.out.discharge.owner_cap_mA, 350000);
    assert_int_equal(t.out.set_ccl.value, 1000);
    assert_int_equal(t.out.set_ccl.left, MONO_S(7));
    assert_int_equal(t.out.set_dcl.left, 0);
    assert_int_equal(t.out.set_cvl.value, 53000);
    assert_int_equal(t.out.set_cvl.left, 1);
    assert_false(t.out.owner_cvl);
    assert_int_equal(t.out.cvl_top_mV, 54500);
    assert_int_equal(t.out.dvl_floor_mV, 49500);
    t.rules.cvl_top_mV = 53500;
    explain(&t);
    assert_true(t.out.owner_cvl);
    assert_int_equal(t.out.cvl_top_mV, 53500);
}

/* 5 % of 433 A a second; the rise waits for 10 s from a new cause, which is now. */
static void what_is_left_of_waits(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    explain(&t);
    assert_true(t.out.every_stage && t.out.charge.rate_known && t.out.discharge.rate_known);
    assert_int_equal(t.out.charge.rise_mA_s, 21650);
    assert_int_equal(t.out.discharge.rise_mA_s, 0); /* in one step */
    t.mem.ccl.hold_until = NOW + MONO_S(3);
    t.mem.dcl.hold_until = NOW + MONO_S(4);
    t.mem.rest_until = NOW + MONO_S(2);
    t.rules.discharge_ramp = true;
    explain_run(&t.out, &t.limits, &t.mem, &t.rules, &t.in, NOW);
    assert_int_equal(t.out.charge.hold_left, MONO_S(3));
    assert_int_equal(t.out.discharge.hold_left, MONO_S(4));
    assert_int_equal(t.out.rest_left, MONO_S(2));
    assert_int_equal(t.out.discharge.rise_mA_s, 21650);
    explain_run(&t.out, &t.limits, &t.mem, &t.rules, &t.in, NOW + MONO_S(5));
    assert_int_equal(t.out.charge.hold_left, 0);
    assert_int_equal(t.out.rest_left, 0);
}

static void five_clusters_are_the_most(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.in.n = MAX_CLUSTERS;
    explain(&t);
    assert_int_equal(t.out.cluster[4].modules, 5);
    assert_int_equal(t.out.charge.part[4].allows.value, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cluster_as_it_stands),
        cmocka_unit_test(what_each_allows_and_the_hub_for_it),
        cmocka_unit_test(a_word_that_is_held_is_one_of_discharging),
        cmocka_unit_test(the_table_with_and_without_the_silent_one),
        cmocka_unit_test(of_two_equal_cells_the_one_of_the_counted),
        cmocka_unit_test(the_owners_words),
        cmocka_unit_test(what_is_left_of_waits),
        cmocka_unit_test(five_clusters_are_the_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
