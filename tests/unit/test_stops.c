/* Thresholds are those of the WeCo profile: rules 1 and 2 of the HeSU 4K4 PRO manual REV.1.06 (56.8
 * and 46.7 V, window 54.0 to 51.0 V) and the module tool V1.29 (cells, temperatures). */
#include "check.h"

#include <string.h>

#include "config_profile.h"
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

/* ---- modules ---- */

struct modules {
    struct bench t;
    struct module module[MAX_MODULES + 1]; /* the last one is none of them */
};

static void modules_init(struct modules *m)
{
    memset(m, 0, sizeof(*m));
    bench_init(&m->t);
    m->t.part.module = m->module;
}

/* Module n (from 1) says it now, and the rules run. */
static void see_in(struct modules *m, unsigned n, enum signal sig, int64_t value)
{
    signal_set(&m->module[n - 1].s, sig, value, m->t.now);
    run(&m->t);
}

/* The ten minutes begin after the stop, and no other stop begins them anew. */
static void ten_minutes_after_the_stop(void **state)
{
    struct modules m;

    (void)state;
    modules_init(&m);
    see(&m.t, SIG_CURRENT, 2001);
    see_for(&m.t, SIG_VOLTAGE, 46700, MONO_S(300));
    see_for(&m.t, SIG_VOLTAGE, 46701, MONO_S(599));
    assert_true(m.t.mem.on[STOP_DISCHARGE_VOLTAGE]);
    see_for(&m.t, SIG_VOLTAGE, 46701, MONO_S(1));
    assert_false(m.t.mem.on[STOP_DISCHARGE_VOLTAGE]);
    modules_init(&m);
    see_in(&m, 1, SIG_VOLTAGE, 46700);
    see(&m.t, SIG_CURRENT, 2001);
    for (unsigned i = 0; i < 600; i++) {
        assert_true(m.t.mem.on[STOP_DISCHARGE_VOLTAGE]);
        m.t.now += MONO_S(1);
        signal_set(&m.module[1].s, SIG_VOLTAGE, 56800, m.t.now); /* charging is stopped meanwhile */
        see_in(&m, 1, SIG_VOLTAGE, 46701);
    }
    assert_false(m.t.mem.on[STOP_DISCHARGE_VOLTAGE]);
}

/* What lies behind a row, and behind the last module, is neither. */
static void behind_the_last(void **state)
{
    struct modules m;

    (void)state;
    modules_init(&m);
    signal_set(&m.module[2].s, SIG_CELL_VOLTAGE, 3300, m.t.now);
    see_in(&m, 3, SIG_CELL_TEMP, 250);
    assert_false(m.t.mem.on[STOP_DISCHARGE_CELL]);
    see_in(&m, 17, SIG_CELL_MAX, 3650);
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
}

static void a_module_sets_and_releases(void **state)
{
    static const struct {
        const char *what;
        unsigned module;
        enum signal sig;
        int64_t inside, edge, still, free;
        enum stop stop;
        mono_us hold;
    } cases[] = {
        {"voltage, charging",          1,  SIG_VOLTAGE,           56799, 56800, 54001, 54000, STOP_CHARGE_VOLTAGE,
         MONO_S(60)                                                                                                          },
        {"voltage, discharging",       16, SIG_VOLTAGE,           46701, 46700, 50999, 51000,
         STOP_DISCHARGE_VOLTAGE,                                                                                   MONO_S(60)},
        {"highest cell",               7,  SIG_CELL_MAX,          3649,  3650,  3451,  3450,  STOP_CHARGE_CELL,    0         },
        {"lowest cell",                7,  SIG_CELL_MIN,          2901,  2900,  3099,  3100,  STOP_DISCHARGE_CELL, 0         },
        {"a cell of the row, high",    7,  SIG_CELL_VOLTAGE,      3649,  3650,  3451,  3450,  STOP_CHARGE_CELL,
         0                                                                                                                   },
        {"the last of the row, low",   7,  SIG_CELL_VOLTAGE_LAST, 2901,  2900,  3099,  3100,
         STOP_DISCHARGE_CELL,                                                                                      0         },
        {"coldest, charging",          2,  SIG_TEMP_MIN,          -49,   -50,   -31,   -30,   STOP_CHARGE_COLD,    0         },
        {"hottest, charging",          2,  SIG_TEMP_MAX,          549,   550,   531,   530,   STOP_CHARGE_HOT,     0         },
        {"a sensor of the row, cold",  2,  SIG_CELL_TEMP,         -199,  -200,  -181,  -180,  STOP_DISCHARGE_COLD,
         0                                                                                                                   },
        {"the last of the row, hot",   2,  SIG_CELL_TEMP_LAST,    599,   600,   581,   580,   STOP_DISCHARGE_HOT,
         0                                                                                                                   },
        {"the mean of a module, cold", 2,  SIG_TEMP,              -199,  -200,  -181,  -180,  STOP_DISCHARGE_COLD, 0         },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct modules m;
        unsigned n = cases[i].module;

        print_message("  %s\n", cases[i].what);
        modules_init(&m);
        see_in(&m, n, cases[i].sig, cases[i].inside);
        assert_false(m.t.mem.on[cases[i].stop]);
        see_in(&m, n, cases[i].sig, cases[i].edge);
        assert_true(m.t.mem.on[cases[i].stop]);
        assert_int_equal(m.t.mem.who[cases[i].stop].module, n);
        see_in(&m, n, cases[i].sig, cases[i].still);
        assert_true(m.t.mem.on[cases[i].stop]);
        see_in(&m, n, cases[i].sig, cases[i].free);
        if (cases[i].hold) {
            m.t.now += cases[i].hold - 1;
            signal_set(&m.module[n - 1].s, cases[i].sig, cases[i].free, m.t.now);
            run(&m.t);
            assert_true(m.t.mem.on[cases[i].stop]);
            m.t.now++;
            run(&m.t);
        }
        assert_false(m.t.mem.on[cases[i].stop]);
    }
}

/* Both count: the cluster's word does not cover for a module, nor the other way round. */
static void cluster_and_modules_count_both(void **state)
{
    struct modules m;

    (void)state;
    modules_init(&m);
    see_in(&m, 3, SIG_VOLTAGE, 56800);
    see(&m.t, SIG_VOLTAGE, 52000);
    assert_true(m.t.mem.on[STOP_CHARGE_VOLTAGE]);
    modules_init(&m);
    see_in(&m, 3, SIG_VOLTAGE, 52000);
    see(&m.t, SIG_VOLTAGE, 56800);
    assert_true(m.t.mem.on[STOP_CHARGE_VOLTAGE]);
    assert_int_equal(m.t.mem.who[STOP_CHARGE_VOLTAGE].module, 0);
    modules_init(&m); /* released only when both are back */
    see_in(&m, 3, SIG_CELL_MAX, 3650);
    see(&m.t, SIG_CELL_MAX, 3450);
    assert_true(m.t.mem.on[STOP_CHARGE_CELL]);
    see_in(&m, 3, SIG_CELL_MAX, 3450);
    see(&m.t, SIG_CELL_MAX, 3451);
    m.t.mem.on[STOP_CHARGE_CELL] = true;
    run(&m.t);
    assert_true(m.t.mem.on[STOP_CHARGE_CELL]);
    see(&m.t, SIG_CELL_MAX, 3450);
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
}

/* Its highest cell before the row of its cells; an old row is none. */
static void a_row_of_cells(void **state)
{
    struct modules m;

    (void)state;
    modules_init(&m);
    signal_set(&m.module[0].s, SIG_CELL_MAX, 3400, m.t.now);
    see_in(&m, 1, SIG_CELL_VOLTAGE, 3650);
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
    modules_init(&m);
    signal_set(&m.module[0].s, (enum signal)(SIG_CELL_VOLTAGE + 3), 3650, m.t.now - MONO_S(30));
    see_in(&m, 1, SIG_CELL_VOLTAGE, 3400);
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
    signal_set(&m.module[0].s, (enum signal)(SIG_CELL_VOLTAGE + 3), 3650, m.t.now - MONO_S(30) + 1);
    run(&m.t);
    assert_true(m.t.mem.on[STOP_CHARGE_CELL]);
}

static void check_who(const struct stops_memory *mem, enum stop stop, unsigned module,
                      unsigned cell)
{
    assert_true(mem->on[stop]);
    assert_int_equal(mem->who[stop].module, module);
    assert_int_equal(mem->who[stop].cell, cell);
}

static void who_set_a_stop(void **state)
{
    struct modules m;

    (void)state;
    modules_init(&m); /* the cluster names them */
    signal_set(&m.t.b.s, SIG_CELL_MAX_MODULE, 4, m.t.now);
    signal_set(&m.t.b.s, SIG_CELL_MAX_CELL, 11, m.t.now);
    signal_set(&m.t.b.s, SIG_CELL_MIN_MODULE, 2, m.t.now);
    signal_set(&m.t.b.s, SIG_CELL_MIN_CELL, 65534, m.t.now);
    signal_set(&m.t.b.s, SIG_TEMP_MAX_MODULE, 255, m.t.now);
    signal_set(&m.t.b.s, SIG_TEMP_MAX_CELL, 3, m.t.now);
    signal_set(&m.t.b.s, SIG_TEMP_MIN_MODULE, 5, m.t.now);
    signal_set(&m.t.b.s, SIG_TEMP_MIN_CELL, 1, m.t.now);
    see(&m.t, SIG_CELL_MAX, 3650);
    see(&m.t, SIG_CELL_MIN, 2900);
    see(&m.t, SIG_TEMP_MAX, 600);
    see(&m.t, SIG_TEMP_MIN, -200);
    check_who(&m.t.mem, STOP_CHARGE_CELL, 4, 11);
    check_who(&m.t.mem, STOP_DISCHARGE_CELL, 2, 65534);
    check_who(&m.t.mem, STOP_CHARGE_HOT, 255, 3);
    check_who(&m.t.mem, STOP_DISCHARGE_HOT, 255, 3);
    check_who(&m.t.mem, STOP_CHARGE_COLD, 5, 1);
    check_who(&m.t.mem, STOP_DISCHARGE_COLD, 5, 1);
    modules_init(&m); /* names that are old are none, nor are those of another datum */
    signal_set(&m.t.b.s, SIG_CELL_MAX_MODULE, 4, m.t.now - MONO_S(30));
    signal_set(&m.t.b.s, SIG_CELL_MAX_CELL, 11, m.t.now - MONO_S(30) + 1);
    signal_set(&m.t.b.s, SIG_TEMP_MIN_MODULE, 5, m.t.now);
    see(&m.t, SIG_CELL_MAX, 3650);
    see(&m.t, SIG_TEMP, -50);
    check_who(&m.t.mem, STOP_CHARGE_CELL, 0, 11);
    check_who(&m.t.mem, STOP_CHARGE_COLD, 0, 0);
    modules_init(&m); /* the module in view: its number, and what it says of its cells */
    signal_set(&m.module[2].s, SIG_CELL_MAX_MODULE, 9, m.t.now);
    signal_set(&m.module[2].s, SIG_CELL_MAX_CELL, 8, m.t.now);
    see_in(&m, 3, SIG_CELL_MAX, 3650);
    check_who(&m.t.mem, STOP_CHARGE_CELL, 3, 8);
    see_in(&m, 5, (enum signal)(SIG_CELL_VOLTAGE + 6), 3651); /* a worse one */
    see_in(&m, 5, (enum signal)(SIG_CELL_VOLTAGE + 7), 3651);
    check_who(&m.t.mem, STOP_CHARGE_CELL, 5, 7);
    see_in(&m, 6, SIG_CELL_MAX, 3651); /* as bad: the first is named */
    check_who(&m.t.mem, STOP_CHARGE_CELL, 5, 7);
    see_in(&m, 3, SIG_CELL_MAX, 3500); /* not at the edge: the last who was there stays */
    see_in(&m, 6, SIG_CELL_MAX, 3500);
    see_in(&m, 5, (enum signal)(SIG_CELL_VOLTAGE + 6), 3500);
    see_in(&m, 5, (enum signal)(SIG_CELL_VOLTAGE + 7), 3400);
    check_who(&m.t.mem, STOP_CHARGE_CELL, 5, 8);
    modules_init(&m); /* the cluster tells how much, the module where */
    see_in(&m, 3, SIG_CELL_VOLTAGE + 1, 3650);
    see(&m.t, SIG_CELL_MAX, 3650);
    check_who(&m.t.mem, STOP_CHARGE_CELL, 3, 2);
    signal_set(&m.t.b.s, SIG_CELL_MAX_MODULE, 4, m.t.now); /* unless the cluster knows too */
    run(&m.t);
    check_who(&m.t.mem, STOP_CHARGE_CELL, 4, 0);
}

/* A module that fell silent at its stop: its neighbours know nothing about it. */
static void neighbours_do_not_release(void **state)
{
    struct modules m;

    (void)state;
    modules_init(&m);
    see_in(&m, 3, SIG_CELL_MAX, 3650);
    m.t.now += MONO_S(30);
    see_in(&m, 4, SIG_CELL_MAX, 3300);
    assert_true(m.t.mem.on[STOP_CHARGE_CELL]);
    see_in(&m, 3, SIG_CELL_MAX, 3450); /* back */
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
    see_in(&m, 3, SIG_CELL_MAX, 3650);
    m.t.now += MONO_S(30);
    see_in(&m, 4, SIG_CELL_MAX, 3300);
    see(&m.t, SIG_CELL_MAX, 3450); /* the cluster speaks for all */
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
    see_in(&m, 3, SIG_VOLTAGE, 56800); /* and time that nobody has seen does not count */
    m.t.now += MONO_S(30);
    see_in(&m, 4, SIG_VOLTAGE, 54000);
    m.t.now += MONO_S(29);
    see_in(&m, 3, SIG_VOLTAGE, 54000);
    see_in(&m, 4, SIG_VOLTAGE, 54000);
    for (unsigned i = 1; i < 60; i++) {
        m.t.now += MONO_S(1);
        see_in(&m, 3, SIG_VOLTAGE, 54000);
        assert_true(m.t.mem.on[STOP_CHARGE_VOLTAGE]);
    }
    m.t.now += MONO_S(1);
    see_in(&m, 3, SIG_VOLTAGE, 54000);
    assert_false(m.t.mem.on[STOP_CHARGE_VOLTAGE]);
}

/* Who set it was never said: any word does, from the modules too. */
static void a_stop_of_nobody_is_released_by_any_word(void **state)
{
    struct modules m;

    (void)state;
    modules_init(&m);
    see(&m.t, SIG_CELL_MAX, 3650);
    m.t.now += MONO_S(30);
    see_in(&m, 4, SIG_CELL_MAX, 3450);
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
}

static void counted_again_by_another_battery(void **state)
{
    struct modules m;

    (void)state;
    modules_init(&m);
    see_in(&m, 3, SIG_CELL_MAX, 3650);
    stops_forget_unseen(&m.t.mem, &m.t.part, m.t.now);
    assert_true(m.t.mem.on[STOP_CHARGE_CELL]); /* it still tells */
    m.t.now += MONO_S(30);
    see_in(&m, 4, SIG_CELL_MAX, 3300);
    stops_forget_unseen(&m.t.mem, &m.t.part, m.t.now);
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
    modules_init(&m); /* a number the hub has no module for, and no modules at all */
    signal_set(&m.t.b.s, SIG_CELL_MAX_MODULE, 17, m.t.now);
    see(&m.t, SIG_CELL_MAX, 3650);
    m.t.now += MONO_S(30);
    signal_set(&m.module[15].s, SIG_CELL_MAX, 3300, m.t.now);
    run(&m.t);
    assert_true(m.t.mem.on[STOP_CHARGE_CELL]);
    stops_forget_unseen(&m.t.mem, &m.t.part, m.t.now);
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
    modules_init(&m);
    signal_set(&m.t.b.s, SIG_CELL_MAX_MODULE, 16, m.t.now);
    see(&m.t, SIG_CELL_MAX, 3650);
    m.t.now += MONO_S(30);
    m.t.part.module = NULL;
    stops_forget_unseen(&m.t.mem, &m.t.part, m.t.now);
    assert_false(m.t.mem.on[STOP_CHARGE_CELL]);
    modules_init(&m);
    signal_set(&m.t.b.s, SIG_CELL_MAX_MODULE, 16, m.t.now);
    see(&m.t, SIG_CELL_MAX, 3650);
    m.t.now += MONO_S(30);
    signal_set(&m.module[15].s, SIG_CELL_MAX, 3451, m.t.now);
    stops_forget_unseen(&m.t.mem, &m.t.part, m.t.now);
    assert_true(m.t.mem.on[STOP_CHARGE_CELL]);
}

/* ---- a silent cluster ---- */

static void watch(struct bench *t)
{
    stops_watch(&t->mem, &t->part, t->period, t->now);
}

/* What trickles in may set a stop, with the margin of a slow battery too, and releases none. */
static void a_ghost_sets_and_releases_nothing(void **state)
{
    static const struct {
        mono_us period;
        enum signal sig;
        int64_t inside, edge;
        enum stop stop;
    } cases[] = {
        {MONO_S(3),     SIG_VOLTAGE,  56799, 56800, STOP_CHARGE_VOLTAGE   },
        {MONO_S(3) + 1, SIG_VOLTAGE,  56399, 56400, STOP_CHARGE_VOLTAGE   },
        {MONO_S(3),     SIG_VOLTAGE,  46701, 46700, STOP_DISCHARGE_VOLTAGE},
        {MONO_S(3) + 1, SIG_VOLTAGE,  47101, 47100, STOP_DISCHARGE_VOLTAGE},
        {MONO_S(3) + 1, SIG_CELL_MAX, 3649,  3650,  STOP_CHARGE_CELL      },
        {MONO_S(3) + 1, SIG_TEMP_MIN, -49,   -50,   STOP_CHARGE_COLD      },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        bench_init(&t);
        t.period = cases[i].period;
        signal_set(&t.b.s, cases[i].sig, cases[i].inside, t.now);
        watch(&t);
        assert_false(t.mem.on[cases[i].stop]);
        signal_set(&t.b.s, cases[i].sig, cases[i].edge, t.now);
        watch(&t);
        assert_true(t.mem.on[cases[i].stop]);
        signal_set(&t.b.s, cases[i].sig, 0, t.now);
        for (unsigned s = 0; s < 700; s++) {
            t.now += MONO_S(1);
            watch(&t);
        }
        assert_true(t.mem.on[cases[i].stop]);
    }
}

static void a_ghost_without_a_voltage_stop(void **state)
{
    struct profile p = *profile_find("weco-4k4-pro");
    struct bench t;

    (void)state;
    bench_init(&t);
    p.stops.discharge_mV = (struct threshold){0, 0};
    p.stops.cell_charge_mV = (struct threshold){0, 0};
    t.part.profile = &p;
    signal_set(&t.b.s, SIG_VOLTAGE, 1000, t.now);
    signal_set(&t.b.s, SIG_CELL_MAX, 3650, t.now);
    t.period = MONO_S(10);
    watch(&t);
    assert_false(t.mem.on[STOP_DISCHARGE_VOLTAGE]);
    assert_false(t.mem.on[STOP_CHARGE_CELL]);
}

/* ---- tapers look at modules too ---- */

static void tapers_look_at_modules(void **state)
{
    struct modules m;

    (void)state;
    modules_init(&m);
    see(&m.t, SIG_VOLTAGE, 52000);
    see_in(&m, 2, SIG_VOLTAGE, 54000);
    assert_int_equal(stops_taper_ccl(&m.t.mem, &m.t.part), -1);
    see_in(&m, 2, SIG_VOLTAGE, 54001);
    assert_int_equal(stops_taper_ccl(&m.t.mem, &m.t.part), 50000);
    assert_int_equal(stops_taper_dcl(&m.t.mem, &m.t.part, 100000), 100000);
    see_in(&m, 3, SIG_VOLTAGE, 48100); /* half way to 46.7 V */
    assert_int_equal(stops_taper_dcl(&m.t.mem, &m.t.part, 100000), 50000);
    assert_int_equal(m.t.mem.low.at.module, 3);
    assert_int_equal(m.t.mem.high.at.module, 2);
}

/* ---- C-rates ---- */

static int64_t rate(const struct bench *t, enum direction direction)
{
    struct place at;

    return stops_c_rate(&t->mem, &t->part, direction, &at);
}

/* HeSU 4K4 PRO manual REV.1.06, temperature and C-rate: whole degrees, between two rows the lower
 * rate; no charge below -5 degC, no discharge above 60 degC. 5 modules of 86 Ah: 1 C is 430 A. */
static void rates_of_the_4k4_pro(void **state)
{
    static const struct {
        enum direction direction;
        int64_t dC, mA;
    } cases[] = {
        {CHARGE,    -51,  0     },
        {CHARGE,    -50,  86000 }, /* 0.2 */
        {CHARGE,    0,    86000 },
        {CHARGE,    9,    86000 },
        {CHARGE,    10,   129000}, /* 0.3 */
        {CHARGE,    100,  129000},
        {CHARGE,    109,  129000},
        {CHARGE,    110,  344000}, /* 0.8 */
        {CHARGE,    149,  344000},
        {CHARGE,    150,  473000}, /* 1.1 */
        {CHARGE,    450,  473000},
        {CHARGE,    451,  215000}, /* 0.5 */
        {CHARGE,    550,  215000},
        {CHARGE,    551,  0     },
        {DISCHARGE, -201, 0     },
        {DISCHARGE, -200, 86000 }, /* 0.2 */
        {DISCHARGE, -101, 86000 },
        {DISCHARGE, -100, 129000}, /* 0.3 */
        {DISCHARGE, 9,    129000},
        {DISCHARGE, 10,   344000}, /* 0.8 */
        {DISCHARGE, 109,  344000},
        {DISCHARGE, 110,  473000}, /* 1.1 */
        {DISCHARGE, 550,  473000},
        {DISCHARGE, 551,  215000}, /* 0.5 */
        {DISCHARGE, 600,  215000},
        {DISCHARGE, 601,  0     },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        bench_init(&t);
        see(&t, SIG_TEMP, cases[i].dC);
        assert_int_equal(rate(&t, cases[i].direction), cases[i].mA);
    }
}

/* The worse of both ends counts: 46 degC has 0.5 C, 5 degC 0.3 C. */
static void coldest_and_hottest(void **state)
{
    struct modules m;
    struct place at;

    (void)state;
    modules_init(&m);
    see(&m.t, SIG_TEMP_MAX, 460); /* known alone, it stands for both */
    assert_int_equal(rate(&m.t, CHARGE), 215000);
    modules_init(&m);
    see(&m.t, SIG_TEMP_MIN, 50);
    assert_int_equal(rate(&m.t, CHARGE), 129000);
    see(&m.t, SIG_TEMP_MAX, 460);
    assert_int_equal(rate(&m.t, CHARGE), 129000);
    signal_set(&m.t.b.s, SIG_TEMP_MAX_MODULE, 2, m.t.now);
    signal_set(&m.t.b.s, SIG_TEMP_MAX_CELL, 4, m.t.now);
    see(&m.t, SIG_TEMP_MAX, 551);
    assert_int_equal(stops_c_rate(&m.t.mem, &m.t.part, CHARGE, &at), 0);
    assert_int_equal(at.module, 2);
    assert_int_equal(at.cell, 4);
    modules_init(&m); /* modules in view count as well */
    see(&m.t, SIG_TEMP, 200);
    see_in(&m, 3, SIG_CELL_TEMP_LAST, 109);
    assert_int_equal(stops_c_rate(&m.t.mem, &m.t.part, CHARGE, &at), 129000);
    assert_int_equal(at.module, 3);
    assert_int_equal(at.cell, 8);
    assert_int_equal(stops_c_rate(&m.t.mem, &m.t.part, DISCHARGE, &at), 344000);
    modules_init(&m); /* as bad at both ends: the cold one is named */
    see_in(&m, 1, SIG_TEMP_MIN, 200);
    see_in(&m, 2, SIG_TEMP_MAX, 210);
    assert_int_equal(stops_c_rate(&m.t.mem, &m.t.part, CHARGE, &at), 473000);
    assert_int_equal(at.module, 1);
    see_in(&m, 4, SIG_TEMP_MIN, 190); /* the same rate, from elsewhere */
    assert_int_equal(stops_c_rate(&m.t.mem, &m.t.part, CHARGE, &at), 473000);
    assert_int_equal(at.module, 4);
    see_in(&m, 4, SIG_TEMP_MIN, 140);
    see_in(&m, 4, SIG_TEMP_MIN, 160); /* not yet out of it, though another one is colder now */
    see_in(&m, 5, SIG_TEMP_MIN, 155);
    assert_int_equal(stops_c_rate(&m.t.mem, &m.t.part, CHARGE, &at), 344000);
    assert_int_equal(at.module, 4);
}

/* 2 degC inside the better row, on both sides of it; down at once. */
static void a_rate_rises_late(void **state)
{
    static const struct {
        const char *what;
        int64_t dC, mA;
    } steps[] = {
        {"5 degC",                      50,  129000},
        {"in the next row",             110, 129000},
        {"not far enough",              129, 129000},
        {"2 degC inside",               130, 344000},
        {"back to the edge",            110, 344000},
        {"below it",                    109, 129000},
        {"two rows on, far inside one", 160, 344000},
        {"far inside both",             170, 473000},
        {"up to the hot row",           450, 473000},
        {"in it",                       451, 215000},
        {"out of it, not far enough",   431, 215000},
        {"2 degC away from it",         430, 473000},
        {"too hot",                     551, 0     },
        {"not far enough below",        531, 0     },
        {"2 degC below",                530, 215000},
        {"too cold",                    -51, 0     },
        {"not far enough above",        -31, 0     },
        {"2 degC above",                -30, 86000 },
    };
    struct bench t;

    (void)state;
    bench_init(&t);
    for (size_t i = 0; i < LEN(steps); i++) {
        print_message("  %s\n", steps[i].what);
        see(&t, SIG_TEMP, steps[i].dC);
        assert_int_equal(rate(&t, CHARGE), steps[i].mA);
    }
}

static void no_table_and_no_temperature(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    run(&t);
    assert_int_equal(rate(&t, CHARGE), -1);
    assert_int_equal(rate(&t, DISCHARGE), -1);
    watch(&t);
    assert_int_equal(rate(&t, CHARGE), -1);
    t.part.profile = profile_find("generic-lfp-16s");
    see(&t, SIG_TEMP, 200);
    assert_int_equal(rate(&t, CHARGE), -1);
    assert_int_equal(rate(&t, DISCHARGE), -1);
}

/* It was cold when it was told last: silence is no warmth. Until another battery is counted. */
static void a_temperature_no_longer_told(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    see(&t, SIG_TEMP, 0);
    t.now += MONO_S(30);
    run(&t);
    assert_int_equal(rate(&t, CHARGE), 86000);
    stops_forget_unseen(&t.mem, &t.part, t.now);
    assert_int_equal(rate(&t, CHARGE), -1);
    assert_int_equal(rate(&t, DISCHARGE), -1);
    see(&t, SIG_TEMP, 0);
    stops_forget_unseen(&t.mem, &t.part, t.now);
    assert_int_equal(rate(&t, CHARGE), 86000);
}

static void a_ghosts_rate_only_falls(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    see(&t, SIG_TEMP, 50);
    signal_set(&t.b.s, SIG_TEMP, 200, t.now);
    watch(&t);
    assert_int_equal(rate(&t, CHARGE), 129000);
    signal_set(&t.b.s, SIG_TEMP, 0, t.now);
    watch(&t);
    assert_int_equal(rate(&t, CHARGE), 86000);
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
        cmocka_unit_test(ten_minutes_after_the_stop),
        cmocka_unit_test(behind_the_last),
        cmocka_unit_test(a_module_sets_and_releases),
        cmocka_unit_test(cluster_and_modules_count_both),
        cmocka_unit_test(a_row_of_cells),
        cmocka_unit_test(who_set_a_stop),
        cmocka_unit_test(neighbours_do_not_release),
        cmocka_unit_test(a_stop_of_nobody_is_released_by_any_word),
        cmocka_unit_test(counted_again_by_another_battery),
        cmocka_unit_test(a_ghost_sets_and_releases_nothing),
        cmocka_unit_test(a_ghost_without_a_voltage_stop),
        cmocka_unit_test(tapers_look_at_modules),
        cmocka_unit_test(rates_of_the_4k4_pro),
        cmocka_unit_test(coldest_and_hottest),
        cmocka_unit_test(a_rate_rises_late),
        cmocka_unit_test(no_table_and_no_temperature),
        cmocka_unit_test(a_temperature_no_longer_told),
        cmocka_unit_test(a_ghosts_rate_only_falls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
