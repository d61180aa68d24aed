#include "check.h"

#include <string.h>

#include "core/aggregate.h"

struct bench {
    struct battery b[3], hub;
    struct part part[3];
};

static void bench_init(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    for (unsigned i = 0; i < 3; i++)
        t->part[i] = (struct part){.b = &t->b[i],
                                   .number = (uint8_t)(i + 1),
                                   .joined = true,
                                   .modules = 5,
                                   .capacity_mAh = 430000};
}

static void put(struct bench *t, unsigned i, enum signal sig, int64_t v)
{
    signal_set(&t->b[i].s, sig, v, MONO_S(100 + i));
}

static void cluster(struct bench *t, unsigned i, int64_t soc, int64_t mV, int64_t mA)
{
    put(t, i, SIG_SOC, soc);
    put(t, i, SIG_VOLTAGE, mV);
    put(t, i, SIG_CURRENT, mA);
}

static int64_t hub(struct bench *t, enum signal sig)
{
    assert_true(signal_known(&t->hub.s, sig));
    return t->hub.s.value[sig];
}

/* WECO_HUB_Tools screen: 44.8 % 52.8 V -7.8 A and 51.6 % 52.8 V -6.3 A are 48 % 52.8 V -14.1 A
 * -0.7 kW. (44.8 + 51.6) / 2 = 48.2; 52.8 x 7.8 + 52.8 x 6.3 = 744.48. */
static void the_makers_screen(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    cluster(&t, 0, 4480, 52800, -7800);
    cluster(&t, 1, 5160, 52800, -6300);
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_int_equal(hub(&t, SIG_SOC), 4820);
    assert_int_equal(hub(&t, SIG_VOLTAGE), 52800);
    assert_int_equal(hub(&t, SIG_CURRENT), -14100);
    assert_int_equal(hub(&t, SIG_POWER), -744);
    assert_true(t.hub.s.at[SIG_CURRENT] == MONO_S(100)); /* as old as its oldest part */
    signal_set(&t.b[1].s, SIG_CURRENT, -6300, MONO_S(99));
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_true(t.hub.s.at[SIG_POWER] == MONO_S(99));
}

/* (88 x 6 + 95 x 4) / 10 = 90.8 */
static void soc_is_weighted_by_capacity(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    cluster(&t, 0, 8800, 49860, -27000);
    cluster(&t, 1, 9500, 49830, -34300);
    t.part[0].capacity_mAh = 600000;
    t.part[1].capacity_mAh = 400000;
    t.part[0].modules = 3; /* not used: the capacities are known */
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_int_equal(hub(&t, SIG_SOC), 9080);
    t.part[0].capacity_mAh = 0; /* one unknown: by module count for all: (88 x 3 + 95 x 5) / 8 */
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_int_equal(hub(&t, SIG_SOC), 9238);
}

/* Health (100 x 6 + 80 x 4) / 10 = 92, temperature (20 x 6 + 30 x 4) / 10 = 24. */
static void health_and_temperature_are_weighted_too(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[0].capacity_mAh = 600000;
    t.part[1].capacity_mAh = 400000;
    put(&t, 0, SIG_SOH, 10000);
    put(&t, 1, SIG_SOH, 8000);
    put(&t, 0, SIG_TEMP, 200);
    put(&t, 1, SIG_TEMP, 300);
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_int_equal(hub(&t, SIG_SOH), 9200);
    assert_int_equal(hub(&t, SIG_TEMP), 240);
}

/* By module count it would be (88 x 5 + 95 x 5) / 10 = 91.5. */
static void an_absent_cluster_does_not_change_the_weights(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    cluster(&t, 0, 8800, 49860, -27000);
    cluster(&t, 1, 9500, 49830, -34300);
    t.part[0].capacity_mAh = 600000;
    t.part[1].capacity_mAh = 400000;
    t.part[2].capacity_mAh = 0;
    t.part[2].joined = false;
    aggregate(&t.hub, t.part, 3, MONO_S(103));
    assert_int_equal(hub(&t, SIG_SOC), 9080);
}

/* A part of the current is not the current. */
static void a_sum_needs_every_cluster(void **state)
{
    static const enum signal missing[] = {SIG_CURRENT, SIG_VOLTAGE};

    (void)state;
    for (size_t i = 0; i < LEN(missing); i++) {
        struct bench t;

        bench_init(&t);
        cluster(&t, 0, 5000, 52000, -10000);
        cluster(&t, 1, 5000, 52000, -10000);
        aggregate(&t.hub, t.part, 2, MONO_S(103));
        assert_int_equal(hub(&t, SIG_CURRENT), -20000);
        signal_forget(&t.b[1].s, missing[i]);
        aggregate(&t.hub, t.part, 2, MONO_S(103));
        assert_int_equal(signal_known(&t.hub.s, SIG_CURRENT), missing[i] != SIG_CURRENT);
        assert_false(signal_known(&t.hub.s, SIG_POWER));
    }
}

static void only_joined_clusters_count(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    cluster(&t, 0, 4000, 52000, -10000);
    cluster(&t, 1, 8000, 53000, -30000);
    t.part[1].joined = false;
    t.part[1].ghost = true;
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_int_equal(hub(&t, SIG_SOC), 4000);
    assert_int_equal(hub(&t, SIG_CURRENT), -10000);
    assert_int_equal(hub(&t, SIG_VOLTAGE_MAX), 52000);
    assert_int_equal(hub(&t, SIG_MODULES_ACTIVE), 5);
    t.part[0].joined = false;
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_false(signal_known(&t.hub.s, SIG_SOC));
    assert_false(signal_known(&t.hub.s, SIG_VOLTAGE));
    assert_false(signal_known(&t.hub.s, SIG_CURRENT));
    assert_false(signal_known(&t.hub.s, SIG_POWER));
    assert_false(signal_known(&t.hub.s, SIG_VOLTAGE_MAX_CLUSTER));
}

static void extremes_say_where(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    for (unsigned i = 0; i < 3; i++)
        cluster(&t, i, 5000, 52000 + 100 * (int64_t)i, 0);
    put(&t, 0, SIG_CELL_MAX, 3310);
    put(&t, 1, SIG_CELL_MAX, 3329);
    put(&t, 1, SIG_CELL_MAX_MODULE, 4);
    strcpy(t.b[1].t.value[TEXT_CELL_MAX_ID], "0407");
    put(&t, 2, SIG_CELL_MIN, 3250);
    put(&t, 0, SIG_TEMP, 180); /* only a mean: stands for both ends */
    put(&t, 1, SIG_TEMP_MAX, 170);
    put(&t, 1, SIG_TEMP_MIN, 140);
    aggregate(&t.hub, t.part, 3, MONO_S(103));
    assert_int_equal(hub(&t, SIG_VOLTAGE_MAX), 52200);
    assert_int_equal(hub(&t, SIG_VOLTAGE_MAX_CLUSTER), 3);
    assert_int_equal(hub(&t, SIG_VOLTAGE_MIN_CLUSTER), 1);
    assert_int_equal(hub(&t, SIG_CELL_MAX), 3329);
    assert_int_equal(hub(&t, SIG_CELL_MAX_CLUSTER), 2);
    assert_int_equal(hub(&t, SIG_CELL_MAX_MODULE), 4);
    assert_string_equal(t.hub.t.value[TEXT_CELL_MAX_ID], "0407");
    assert_int_equal(hub(&t, SIG_CELL_MIN_CLUSTER), 3);
    assert_false(signal_known(&t.hub.s, SIG_CELL_MIN_MODULE));
    assert_int_equal(hub(&t, SIG_TEMP_MAX), 180);
    assert_int_equal(hub(&t, SIG_TEMP_MAX_CLUSTER), 1);
    assert_int_equal(hub(&t, SIG_TEMP_MIN), 140);
    assert_int_equal(hub(&t, SIG_TEMP_MIN_CLUSTER), 2);
}

/* The highest cell moves to a cluster that does not tell its module: nobody knows which. */
static void an_extreme_takes_its_place_along(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 0, SIG_CELL_MAX, 3310);
    put(&t, 1, SIG_CELL_MAX, 3329);
    put(&t, 1, SIG_CELL_MAX_MODULE, 4);
    put(&t, 1, SIG_CELL_MAX_CELL, 9);
    aggregate(&t.hub, t.part, 3, MONO_S(103));
    assert_int_equal(hub(&t, SIG_CELL_MAX_MODULE), 4);
    assert_int_equal(hub(&t, SIG_CELL_MAX_CELL), 9);
    put(&t, 0, SIG_CELL_MAX, 3340);
    aggregate(&t.hub, t.part, 3, MONO_S(103));
    assert_int_equal(hub(&t, SIG_CELL_MAX_CLUSTER), 1);
    assert_false(signal_known(&t.hub.s, SIG_CELL_MAX_MODULE));
    assert_false(signal_known(&t.hub.s, SIG_CELL_MAX_CELL));
    put(&t, 1, SIG_CELL_MAX, 3340); /* of two equal ones the first */
    aggregate(&t.hub, t.part, 3, MONO_S(103));
    assert_int_equal(hub(&t, SIG_CELL_MAX_CLUSTER), 1);
    t.part[0].joined = false;
    aggregate(&t.hub, t.part, 3, MONO_S(103));
    assert_int_equal(hub(&t, SIG_CELL_MAX_MODULE), 4);
    t.part[1].joined = false; /* nobody tells a cell any more */
    aggregate(&t.hub, t.part, 3, MONO_S(103));
    assert_false(signal_known(&t.hub.s, SIG_CELL_MAX));
    assert_false(signal_known(&t.hub.s, SIG_CELL_MAX_CLUSTER));
    assert_false(signal_known(&t.hub.s, SIG_CELL_MAX_MODULE));
    assert_false(signal_known(&t.hub.s, SIG_CELL_MAX_CELL));
}

static void an_old_datum_does_not_count(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    cluster(&t, 0, 5000, 52000, 0);
    put(&t, 0, SIG_CELL_MAX, 3310); /* received at 100 s */
    put(&t, 0, SIG_CELL_MAX_CELL, 7);
    aggregate(&t.hub, t.part, 1, MONO_S(129));
    assert_true(signal_known(&t.hub.s, SIG_CELL_MAX));
    aggregate(&t.hub, t.part, 1, MONO_S(130));
    assert_false(signal_known(&t.hub.s, SIG_CELL_MAX));
    assert_false(signal_known(&t.hub.s, SIG_CELL_MAX_CELL));
}

static void requests_are_ored(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 0, SIG_FORCE_CHARGE_I, 0);
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_int_equal(hub(&t, SIG_FORCE_CHARGE_I), 0);
    assert_false(signal_known(&t.hub.s, SIG_FULL_CHARGE)); /* nobody speaks of it */
    put(&t, 1, SIG_FORCE_CHARGE_I, 1);
    put(&t, 1, SIG_FULL_CHARGE, 1);
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_int_equal(hub(&t, SIG_FORCE_CHARGE_I), 1);
    assert_int_equal(hub(&t, SIG_FULL_CHARGE), 1);
}

/* 430 Ah at 50 % and 52.0 V: 215 Ah and 11180 Wh; a second cluster says 100 Ah left. */
static void capacity_and_energy_are_sums(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    cluster(&t, 0, 5000, 52000, 0);
    cluster(&t, 1, 5000, 52000, 0);
    put(&t, 1, SIG_CAPACITY_LEFT, 100000);
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_int_equal(hub(&t, SIG_CAPACITY), 860000);
    assert_int_equal(hub(&t, SIG_CAPACITY_LEFT), 315000);
    assert_int_equal(hub(&t, SIG_ENERGY_LEFT), 11180 + 5200);
    t.part[2].joined = false; /* it counts for nothing */
    aggregate(&t.hub, t.part, 3, MONO_S(103));
    assert_int_equal(hub(&t, SIG_CAPACITY), 860000);
    t.part[2].joined = true; /* nobody knows what it has: there is no sum */
    put(&t, 2, SIG_SOC, 5000);
    aggregate(&t.hub, t.part, 3, MONO_S(103));
    assert_false(signal_known(&t.hub.s, SIG_CAPACITY));
    assert_false(signal_known(&t.hub.s, SIG_CAPACITY_LEFT));
    assert_false(signal_known(&t.hub.s, SIG_ENERGY_LEFT));
}

static void modules_are_sums(void **state)
{
    static const enum signal counts[] = {SIG_MODULES_OFFLINE, SIG_MODULES_NO_CHARGE,
                                         SIG_MODULES_NO_DISCHARGE};
    struct bench t;

    (void)state;
    bench_init(&t);
    for (unsigned i = 0; i < LEN(counts); i++) {
        put(&t, 0, counts[i], 1 + i);
        put(&t, 1, counts[i], 2);
        aggregate(&t.hub, t.part, 2, MONO_S(103));
        assert_int_equal(hub(&t, counts[i]), 3 + i);
    }
    t.part[1].joined = false;
    aggregate(&t.hub, t.part, 2, MONO_S(103));
    assert_int_equal(hub(&t, SIG_MODULES_ACTIVE), 5);
    assert_int_equal(hub(&t, SIG_MODULES_NO_DISCHARGE), 3);
}

static void counting_modules(void **state)
{
    struct battery b = {0};

    (void)state;
    assert_int_equal(part_modules(&b, 5, 8, MONO_S(1)), 5);
    signal_set(&b.s, SIG_MODULES, 8, MONO_S(1));
    assert_int_equal(part_modules(&b, 5, 8, MONO_S(1)), 8);
    signal_set(&b.s, SIG_MODULES_ONLINE, 7, MONO_S(1));
    assert_int_equal(part_modules(&b, 5, 8, MONO_S(1)), 7);
    signal_set(&b.s, SIG_MODULES_ONLINE, 0, MONO_S(1)); /* a BMS that does not count */
    assert_int_equal(part_modules(&b, 5, 8, MONO_S(1)), 8);
    signal_set(&b.s, SIG_MODULES_OFFLINE, 6, MONO_S(1)); /* one that does: all are off */
    assert_int_equal(part_modules(&b, 5, 8, MONO_S(1)), 0);
    signal_set(&b.s, SIG_MODULES_ONLINE, 9, MONO_S(1)); /* more than the maker allows */
    assert_int_equal(part_modules(&b, 5, 8, MONO_S(1)), 5);
    signal_set(&b.s, SIG_MODULES_ONLINE, 7, MONO_S(1));
    assert_int_equal(part_modules(&b, 5, 8, MONO_S(30)), 7);
    assert_int_equal(part_modules(&b, 5, 8, MONO_S(31)), 5); /* said too long ago */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_makers_screen),
        cmocka_unit_test(soc_is_weighted_by_capacity),
        cmocka_unit_test(health_and_temperature_are_weighted_too),
        cmocka_unit_test(an_absent_cluster_does_not_change_the_weights),
        cmocka_unit_test(a_sum_needs_every_cluster),
        cmocka_unit_test(only_joined_clusters_count),
        cmocka_unit_test(extremes_say_where),
        cmocka_unit_test(an_extreme_takes_its_place_along),
        cmocka_unit_test(an_old_datum_does_not_count),
        cmocka_unit_test(requests_are_ored),
        cmocka_unit_test(capacity_and_energy_are_sums),
        cmocka_unit_test(modules_are_sums),
        cmocka_unit_test(counting_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
