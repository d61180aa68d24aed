/* Thresholds are those of the WeCo profile: rules 1 and 2 of the HeSU 4K4 PRO manual REV.1.06 (56.8
 * and 46.7 V, window 54.0 to 51.0 V) and the module tool V1.29 (cells, temperatures). */
#include "check.h"

#include <string.h>

#include "core/stops.h"

struct bench {
    struct battery b;
    struct part part;
    struct stops_memory mem;
    mono_us period, now;
};

static void bench_init(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->part = (struct part){.b = &t->b,
                            .profile = profile_find("weco-4k4-pro"),
                            .number = 1,
                            .joined = true,
                            .modules = 5,
                            .capacity_mAh = 430000};
    t->period = MONO_S(1);
    t->now = MONO_S(100);
}

static void run(struct bench *t)
{
    stops_run(&t->mem, &t->part, t->period, t->now);
}

/* The battery says it now, and the rules run. */
static void see(struct bench *t, enum signal sig, int64_t value)
{
    signal_set(&t->b.s, sig, value, t->now);
    run(t);
}

/* It says the same each second. */
static void see_for(struct bench *t, enum signal sig, int64_t value, mono_us time)
{
    mono_us end = t->now + time;

    while (t->now < end) {
        t->now = mono_min(end, t->now + MONO_S(1));
        see(t, sig, value);
    }
}

static void every_stop_at_its_edge(void **state)
{
    static const struct {
        const char *what;
        enum signal sig;
        int64_t inside, edge; /* free and stopped */
        int64_t still, free;  /* not far enough back, and far enough */
        enum stop stop;
        enum direction direction;
        enum reason reason;
        mono_us hold; /* on the release side */
    } cases[] = {
        {"cluster voltage, charging",    SIG_VOLTAGE,     56799, 56800, 54001, 54000, STOP_CHARGE_VOLTAGE,
         CHARGE,                                                                                                      REASON_VOLTAGE_STOP, MONO_S(60)},
        {"module voltage, charging",     SIG_VOLTAGE_MAX, 56799, 56800, 54001, 54000,
         STOP_CHARGE_VOLTAGE,                                                                              CHARGE,    REASON_VOLTAGE_STOP, MONO_S(60)},
        {"cell, charging",               SIG_CELL_MAX,    3649,  3650,  3451,  3450,  STOP_CHARGE_CELL,    CHARGE,
         REASON_CELL_STOP,                                                                                                                 0         },
        {"cold, charging",               SIG_TEMP_MIN,    -49,   -50,   -31,   -30,   STOP_CHARGE_COLD,    CHARGE,
         REASON_COLD_STOP,                                                                                                                 0         },
        {"cold on the mean, charging",   SIG_TEMP,        -49,   -50,   -31,   -30,   STOP_CHARGE_COLD,    CHARGE,
         REASON_COLD_STOP,                                                                                                                 0         },
        {"hot, charging",                SIG_TEMP_MAX,    549,   550,   531,   530,   STOP_CHARGE_HOT,     CHARGE,
         REASON_HOT_STOP,                                                                                                                  0         },
        {"hot on the mean, charging",    SIG_TEMP,        549,   550,   531,   530,   STOP_CHARGE_HOT,     CHARGE,
         REASON_HOT_STOP,                                                                                                                  0         },
        {"cluster voltage, discharging", SIG_VOLTAGE,     46701, 46700, 50999, 51000,
         STOP_DISCHARGE_VOLTAGE,                                                                           DISCHARGE, REASON_VOLTAGE_STOP, MONO_S(60)},
        {"module voltage, discharging",  SIG_VOLTAGE_MIN, 46701, 46700, 50999, 51000,
         STOP_DISCHARGE_VOLTAGE,                                                                           DISCHARGE, REASON_VOLTAGE_STOP, MONO_S(60)},
        {"cell, discharging",            SIG_CELL_MIN,    2901,  2900,  3099,  3100,  STOP_DISCHARGE_CELL, DISCHARGE,
         REASON_CELL_STOP,                                                                                                                 0         },
        {"cold, discharging",            SIG_TEMP_MIN,    -199,  -200,  -181,  -180,  STOP_DISCHARGE_COLD, DISCHARGE,
         REASON_COLD_STOP,                                                                                                                 0         },
        {"hot, discharging",             SIG_TEMP_MAX,    599,   600,   581,   580,   STOP_DISCHARGE_HOT,  DISCHARGE,
         REASON_HOT_STOP,                                                                                                                  0         },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        see(&t, cases[i].sig, cases[i].inside);
        assert_int_equal(stops_against(&t.mem, cases[i].direction), STOP_COUNT);
        see(&t, cases[i].sig, cases[i].edge);
        assert_int_equal(stops_against(&t.mem, cases[i].direction), cases[i].stop);
        assert_int_equal(stop_info[cases[i].stop].reason, cases[i].reason);
        see_for(&t, cases[i].sig, cases[i].still, MONO_S(100));
        assert_int_equal(stops_against(&t.mem, cases[i].direction), cases[i].stop);
        see(&t, cases[i].sig, cases[i].free);
        if (cases[i].hold) {
            see_for(&t, cases[i].sig, cases[i].free, cases[i].hold - 1);
            assert_int_equal(stops_against(&t.mem, cases[i].direction), cases[i].stop);
            t.now++;
            run(&t);
        }
        assert_int_equal(stops_against(&t.mem, cases[i].direction), STOP_COUNT);
    }
}

static void a_stop_forbids_one_direction(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    see(&t, SIG_VOLTAGE, 56800);
    assert_int_equal(stops_against(&t.mem, DISCHARGE), STOP_COUNT);
    bench_init(&t);
    see(&t, SIG_CELL_MIN, 2900);
    assert_int_equal(stops_against(&t.mem, CHARGE), STOP_COUNT);
}

/* 60 s in a row. */
static void a_voltage_that_wavers_is_not_released(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    see(&t, SIG_VOLTAGE, 56800);
    see_for(&t, SIG_VOLTAGE, 54000, MONO_S(50));
    see(&t, SIG_VOLTAGE, 54001);
    see_for(&t, SIG_VOLTAGE, 54000, MONO_S(60)); /* good since 1 s of these 60 */
    assert_true(t.mem.on[STOP_CHARGE_VOLTAGE]);
    see_for(&t, SIG_VOLTAGE, 54000, MONO_S(1));
    assert_false(t.mem.on[STOP_CHARGE_VOLTAGE]);
    see(&t, SIG_VOLTAGE, 56800); /* and back at the stop it begins anew */
    see_for(&t, SIG_VOLTAGE, 54000, MONO_S(50));
    see(&t, SIG_VOLTAGE, 56800);
    see_for(&t, SIG_VOLTAGE, 54000, MONO_S(60));
    assert_true(t.mem.on[STOP_CHARGE_VOLTAGE]);
}

/* Nobody has seen what the voltage and the current did meanwhile. */
static void time_without_the_cluster_releases_nothing(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    see(&t, SIG_VOLTAGE, 56800);
    see_for(&t, SIG_VOLTAGE, 54000, MONO_S(50));
    stops_pause(&t.mem);
    assert_true(t.mem.on[STOP_CHARGE_VOLTAGE]);
    see_for(&t, SIG_VOLTAGE, 54000, MONO_S(60));
    assert_true(t.mem.on[STOP_CHARGE_VOLTAGE]);
    see_for(&t, SIG_VOLTAGE, 54000, MONO_S(1));
    assert_false(t.mem.on[STOP_CHARGE_VOLTAGE]);

    bench_init(&t);
    see(&t, SIG_VOLTAGE, 46700);
    signal_set(&t.b.s, SIG_CURRENT, 10000, t.now);
    see_for(&t, SIG_VOLTAGE, 48000, MONO_S(590));
    stops_pause(&t.mem);
    see_for(&t, SIG_VOLTAGE, 48000, MONO_S(600));
    assert_true(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
    see_for(&t, SIG_VOLTAGE, 48000, MONO_S(1));
    assert_false(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
}

/* Ten minutes above 2 A, below the 51.0 V of the release. */
static void charging_releases_the_discharge_voltage_stop(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    see(&t, SIG_VOLTAGE, 46700);
    see(&t, SIG_CURRENT, 2001);
    see_for(&t, SIG_VOLTAGE, 46701, MONO_S(600) - 1);
    assert_true(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
    t.now++;
    run(&t);
    assert_false(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
}

static void too_little_charging_releases_nothing(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    see(&t, SIG_VOLTAGE, 46700);
    see(&t, SIG_CURRENT, 2000); /* not above 2 A */
    see_for(&t, SIG_VOLTAGE, 46701, MONO_S(1200));
    assert_true(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
    see(&t, SIG_CURRENT, 2001);
    see_for(&t, SIG_VOLTAGE, 46701, MONO_S(599));
    see(&t, SIG_CURRENT, 2000); /* a break starts over */
    t.now++;
    see(&t, SIG_CURRENT, 2001);
    see_for(&t, SIG_VOLTAGE, 46701, MONO_S(599));
    assert_true(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
    see_for(&t, SIG_VOLTAGE, 46701, MONO_S(1));
    assert_false(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
}

static void charging_releases_no_other_stop(void **state)
{
    static const struct {
        enum signal sig;
        int64_t edge, still;
        enum stop stop;
    } cases[] = {
        {SIG_VOLTAGE,  56800, 54001, STOP_CHARGE_VOLTAGE},
        {SIG_CELL_MIN, 2900,  2901,  STOP_DISCHARGE_CELL},
        {SIG_TEMP_MIN, -200,  -199,  STOP_DISCHARGE_COLD},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        bench_init(&t);
        see(&t, SIG_CURRENT, 50000);
        see(&t, cases[i].sig, cases[i].edge);
        see_for(&t, cases[i].sig, cases[i].still, MONO_S(700));
        assert_true(t.mem.on[cases[i].stop]);
    }
}

/* A slow battery is seen late: 0.4 V earlier when its period is above 3 s. */
static void a_slow_battery_stops_earlier(void **state)
{
    static const struct {
        mono_us period;
        int64_t mV;
        bool charge, discharge;
    } cases[] = {
        {MONO_S(3),     56799, false, false},
        {MONO_S(3),     46701, false, false},
        {MONO_S(3) + 1, 56399, false, false},
        {MONO_S(3) + 1, 56400, true,  false},
        {MONO_S(3) + 1, 47101, false, false},
        {MONO_S(3) + 1, 47100, false, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        bench_init(&t);
        t.period = cases[i].period;
        see(&t, SIG_VOLTAGE, cases[i].mV);
        assert_int_equal(t.mem.on[STOP_CHARGE_VOLTAGE], cases[i].charge);
        assert_int_equal(t.mem.on[STOP_DISCHARGE_VOLTAGE], cases[i].discharge);
    }
}

/* Cells and temperatures come with their own margin. */
static void a_slow_battery_changes_no_other_stop(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.period = MONO_S(10);
    see(&t, SIG_CELL_MAX, 3649);
    see(&t, SIG_CELL_MIN, 2901);
    see(&t, SIG_TEMP_MAX, 549);
    see(&t, SIG_TEMP_MIN, -49);
    assert_int_equal(stops_against(&t.mem, CHARGE), STOP_COUNT);
    assert_int_equal(stops_against(&t.mem, DISCHARGE), STOP_COUNT);
}

/* Modules in view know better than their sum. */
static void visible_modules_come_before_the_cluster(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    signal_set(&t.b.s, SIG_VOLTAGE_MAX, 56800, t.now);
    see(&t, SIG_VOLTAGE, 55000);
    assert_true(t.mem.on[STOP_CHARGE_VOLTAGE]);
    bench_init(&t);
    signal_set(&t.b.s, SIG_VOLTAGE_MAX, 56799, t.now);
    see(&t, SIG_VOLTAGE, 56800);
    assert_false(t.mem.on[STOP_CHARGE_VOLTAGE]);
    t.now += MONO_S(30); /* out of view again */
    see(&t, SIG_VOLTAGE, 56800);
    assert_true(t.mem.on[STOP_CHARGE_VOLTAGE]);
    bench_init(&t);
    signal_set(&t.b.s, SIG_VOLTAGE_MIN, 46700, t.now);
    see(&t, SIG_VOLTAGE, 48000);
    assert_true(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
    bench_init(&t);
    signal_set(&t.b.s, SIG_VOLTAGE_MIN, 46701, t.now);
    see(&t, SIG_VOLTAGE, 46700);
    assert_false(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
}

static void an_old_datum_changes_nothing(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    signal_set(&t.b.s, SIG_CELL_MAX, 3650, t.now - MONO_S(30));
    run(&t);
    assert_false(t.mem.on[STOP_CHARGE_CELL]);
    signal_set(&t.b.s, SIG_CELL_MAX, 3650, t.now - MONO_S(30) + 1);
    run(&t);
    assert_true(t.mem.on[STOP_CHARGE_CELL]);
    signal_set(&t.b.s, SIG_CELL_MAX, 3300, t.now - MONO_S(30));
    run(&t);
    assert_true(t.mem.on[STOP_CHARGE_CELL]);
    signal_set(&t.b.s, SIG_CELL_MAX, 3300, t.now - MONO_S(30) + 1);
    run(&t);
    assert_false(t.mem.on[STOP_CHARGE_CELL]);
}

/* Above 90 % or 54.0 V 10 A a module, until 88 % and 53.5 V. */
static void the_charge_taper_and_its_way_back(void **state)
{
    static const struct {
        const char *what;
        int64_t soc, mV;
        bool on;
    } steps[] = {
        {"90 %, 54.0 V",      9000, 54000, false},
        {"above 90 %",        9001, 52000, true },
        {"not far below",     8801, 52000, true },
        {"2 % below",         8800, 52000, false},
        {"above 54.0 V",      6000, 54001, true },
        {"still close",       6000, 53501, true },
        {"0.5 V below",       6000, 53500, false},
        {"both",              9500, 54500, true },
        {"only the SOC back", 8800, 53501, true },
        {"only the voltage",  8801, 53500, true },
        {"both back",         8800, 53500, false},
    };
    struct bench t;

    (void)state;
    bench_init(&t);
    for (size_t i = 0; i < LEN(steps); i++) {
        print_message("  %s\n", steps[i].what);
        signal_set(&t.b.s, SIG_SOC, steps[i].soc, t.now);
        see(&t, SIG_VOLTAGE, steps[i].mV);
        assert_int_equal(stops_taper_ccl(&t.mem, &t.part), steps[i].on ? 50000 : -1);
    }
}

/* 100 A at 49.5 V, nothing at 46.7 V. */
static void the_discharge_taper_is_a_line(void **state)
{
    static const struct {
        int64_t mV, mA;
    } cases[] = {
        {52000, 100000},
        {49500, 100000},
        {48800, 75000 },
        {48100, 50000 },
        {46728, 1000  },
        {46700, 0     },
        {40000, 0     },
    };
    struct bench t;

    (void)state;
    bench_init(&t);
    assert_int_equal(stops_taper_dcl(&t.mem, &t.part, 100000), 100000); /* no voltage known */
    for (size_t i = 0; i < LEN(cases); i++) {
        see(&t, SIG_VOLTAGE, cases[i].mV);
        assert_int_equal(stops_taper_dcl(&t.mem, &t.part, 100000), cases[i].mA);
    }
}

static void a_profile_without_tapers(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part.profile = profile_find("generic-lfp-16s");
    signal_set(&t.b.s, SIG_SOC, 10000, t.now);
    see(&t, SIG_VOLTAGE, 58000);
    assert_int_equal(stops_taper_ccl(&t.mem, &t.part), -1);
    see(&t, SIG_VOLTAGE, 41000);
    assert_int_equal(stops_taper_dcl(&t.mem, &t.part, 100000), 100000);
}

/* A voltage of 0 is no stop; a temperature of 0 is one (V-TAC). */
static void a_profile_without_voltage_stops(void **state)
{
    struct profile p = *profile_find("vtac-vt12040");
    struct bench t;

    (void)state;
    bench_init(&t);
    p.stops.charge_mV = p.stops.discharge_mV = (struct threshold){0, 0};
    p.stops.cell_charge_mV = p.stops.cell_discharge_mV = (struct threshold){0, 0};
    t.part.profile = &p;
    t.period = MONO_S(10);
    see(&t, SIG_CELL_MAX, 5000);
    see(&t, SIG_CELL_MIN, 0);
    see(&t, SIG_VOLTAGE, 100000);
    see(&t, SIG_VOLTAGE, 1000);
    for (enum stop stop = 0; stop < STOP_COUNT; stop++)
        assert_false(t.mem.on[stop]);
    see(&t, SIG_TEMP, 0);
    assert_true(t.mem.on[STOP_CHARGE_COLD]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stop_at_its_edge),
        cmocka_unit_test(a_stop_forbids_one_direction),
        cmocka_unit_test(a_voltage_that_wavers_is_not_released),
        cmocka_unit_test(time_without_the_cluster_releases_nothing),
        cmocka_unit_test(charging_releases_the_discharge_voltage_stop),
        cmocka_unit_test(too_little_charging_releases_nothing),
        cmocka_unit_test(charging_releases_no_other_stop),
        cmocka_unit_test(a_slow_battery_stops_earlier),
        cmocka_unit_test(a_slow_battery_changes_no_other_stop),
        cmocka_unit_test(visible_modules_come_before_the_cluster),
        cmocka_unit_test(an_old_datum_changes_nothing),
        cmocka_unit_test(the_charge_taper_and_its_way_back),
        cmocka_unit_test(the_discharge_taper_is_a_line),
        cmocka_unit_test(a_profile_without_tapers),
        cmocka_unit_test(a_profile_without_voltage_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
