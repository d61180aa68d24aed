/* "Limits negative, absurd or 0xFFFF: that datum is invalid, the cluster contributes zero, alarm.
 * Two clusters with contradictory identity on one port: both out. Values that jump tenfold: held,
 * then invalid." Unless said otherwise: one module of 4K4 PRO, 86 A, DVL at least 49.5 V, CVL at
 * most 56.0 V, so voltages from 24.75 to 70.0 V, currents to 860 A. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "config_profile.h"
#include "core/plausible.h"
#include "intake/intake.h"
#include "wire/candump.h"

struct bench {
    struct plausible p;
    struct battery told, out;
    const struct profile *profile;
    unsigned modules;
    mono_us now;
    bool odd;
};

static void run(struct bench *t)
{
    t->odd = plausible_run(&t->p, &t->out, &t->told, t->profile, t->modules, t->now);
}

/* A frame with this value comes. */
static void say(struct bench *t, enum signal sig, int64_t v)
{
    signal_set(&t->told.s, sig, v, t->now);
    run(t);
}

/* One more, a second later. */
static void next(struct bench *t, enum signal sig, int64_t v)
{
    t->now += MONO_S(1);
    say(t, sig, v);
}

static void bench_init(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->profile = profile_find("weco-4k4-pro");
    t->modules = 1;
    t->now = MONO_S(1000);
    signal_set(&t->told.s, SIG_VOLTAGE, 52000, t->now);
    signal_set(&t->told.s, SIG_CURRENT, 10000, t->now);
    signal_set(&t->told.s, SIG_SOC, 5000, t->now);
    signal_set(&t->told.s, SIG_CHARGE_VOLTAGE_LIMIT, 54000, t->now);
    signal_set(&t->told.s, SIG_DISCHARGE_VOLTAGE_LIMIT, 50000, t->now);
    signal_set(&t->told.s, SIG_CHARGE_CURRENT_LIMIT, 40000, t->now);
    signal_set(&t->told.s, SIG_DISCHARGE_CURRENT_LIMIT, 80000, t->now);
}

static int64_t out(const struct bench *t, enum signal sig)
{
    return signal_or(&t->out.s, sig, -1);
}

static bool limit_invalid(const struct bench *t)
{
    return t->out.a.active[TIER_WARNING] & ALARM_BIT(LIMIT_INVALID);
}

static void what_is_plausible_passes_as_it_is(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    strcpy(t.told.t.value[TEXT_MAKER], "WECO");
    t.told.a.active[TIER_PROTECTION] = ALARM_BIT(CELL_LOW);
    run(&t);
    assert_false(t.odd);
    assert_memory_equal(&t.out, &t.told, sizeof(t.out));
    next(&t, SIG_SOC, 8000); /* a battery may correct its own SOC */
    next(&t, SIG_SOC, 0);
    assert_false(t.odd);
    assert_memory_equal(&t.out, &t.told, sizeof(t.out));
}

static void what_is_not_told_is_not_odd(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    memset(&t.told, 0, sizeof(t.told));
    run(&t);
    assert_false(t.odd);
    assert_memory_equal(&t.out, &t.told, sizeof(t.out));
}

/* First value ever: inside it is taken, outside it is invalid at once. */
static void each_bound_on_both_sides(void **state)
{
    static const struct {
        const char *profile;
        unsigned modules;
        enum signal sig;
        int64_t v;
        bool odd;
    } cases[] = {
        {"weco-4k4-pro",    1, SIG_VOLTAGE,                 24750,   false},
        {"weco-4k4-pro",    1, SIG_VOLTAGE,                 24749,   true },
        {"weco-4k4-pro",    1, SIG_VOLTAGE,                 70000,   false},
        {"weco-4k4-pro",    1, SIG_VOLTAGE,                 70001,   true },
        {"vtac-vt12040",    1, SIG_VOLTAGE,                 20000,   false}, /* 40 V */
        {"vtac-vt12040",    1, SIG_VOLTAGE,                 19999,   true },
        {"vtac-vt12040",    1, SIG_VOLTAGE,                 72000,   false}, /* 57.6 V */
        {"vtac-vt12040",    1, SIG_VOLTAGE,                 72001,   true },
        {"generic-lfp-16s", 1, SIG_VOLTAGE,                 73000,   false}, /* 58.4 V */
        {"generic-lfp-16s", 1, SIG_VOLTAGE,                 73001,   true },
        {"weco-4k4-pro",    1, SIG_CURRENT,                 860000,  false},
        {"weco-4k4-pro",    1, SIG_CURRENT,                 860001,  true },
        {"weco-4k4-pro",    1, SIG_CURRENT,                 -860000, false},
        {"weco-4k4-pro",    1, SIG_CURRENT,                 -860001, true },
        {"weco-4k4-pro",    2, SIG_CURRENT,                 1720000, false},
        {"weco-4k4-pro",    2, SIG_CURRENT,                 1720001, true },
        {"weco-4k4-pro",    0, SIG_CURRENT,                 860000,  false}, /* as one */
        {"weco-4k4-pro",    0, SIG_CURRENT,                 860001,  true },
        {"weco-4k4-pro",    1, SIG_CHARGE_VOLTAGE_LIMIT,    24750,   false},
        {"weco-4k4-pro",    1, SIG_CHARGE_VOLTAGE_LIMIT,    24749,   true },
        {"weco-4k4-pro",    1, SIG_CHARGE_VOLTAGE_LIMIT,    70000,   false},
        {"weco-4k4-pro",    1, SIG_CHARGE_VOLTAGE_LIMIT,    70001,   true },
        {"weco-4k4-pro",    1, SIG_DISCHARGE_VOLTAGE_LIMIT, 1000,    false},
        {"weco-4k4-pro",    1, SIG_DISCHARGE_VOLTAGE_LIMIT, 70000,   false},
        {"weco-4k4-pro",    1, SIG_DISCHARGE_VOLTAGE_LIMIT, 70001,   true },
        {"weco-4k4-pro",    1, SIG_CHARGE_CURRENT_LIMIT,    860000,  false},
        {"weco-4k4-pro",    1, SIG_CHARGE_CURRENT_LIMIT,    860001,  true },
        {"weco-4k4-pro",    3, SIG_DISCHARGE_CURRENT_LIMIT, 2580000, false},
        {"weco-4k4-pro",    3, SIG_DISCHARGE_CURRENT_LIMIT, 2580001, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        bench_init(&t);
        memset(&t.told, 0, sizeof(t.told));
        t.profile = profile_find(cases[i].profile);
        t.modules = cases[i].modules;
        say(&t, cases[i].sig, cases[i].v);
        if (t.odd != cases[i].odd)
            fail_msg("case %zu", i);
    }
}

/* The two directions of a profile of one's own may differ. */
static void each_current_has_its_own_bound(void **state)
{
    struct profile own = *profile_find("weco-4k4-pro");
    struct bench t;

    (void)state;
    own.module_ccl_mA = 10000;
    own.module_dcl_mA = 20000;
    bench_init(&t);
    memset(&t.told, 0, sizeof(t.told));
    t.profile = &own;
    say(&t, SIG_CURRENT, 200000);
    say(&t, SIG_CHARGE_CURRENT_LIMIT, 100000);
    say(&t, SIG_DISCHARGE_CURRENT_LIMIT, 200000);
    assert_false(t.odd);
    memset(&t.p, 0, sizeof(t.p));
    say(&t, SIG_CHARGE_CURRENT_LIMIT, 100001);
    assert_true(t.odd);
    own.module_ccl_mA = 20000;
    own.module_dcl_mA = 10000;
    memset(&t.p, 0, sizeof(t.p));
    say(&t, SIG_DISCHARGE_CURRENT_LIMIT, 100000);
    assert_false(t.odd);
    memset(&t.p, 0, sizeof(t.p));
    say(&t, SIG_DISCHARGE_CURRENT_LIMIT, 100001);
    assert_true(t.odd);
}

static void an_absurd_first_word_is_invalid_at_once(void **state)
{
    static const struct {
        const char *what;
        enum signal sig;
        int64_t v;
        int64_t stays;    /* -1: not known */
        int64_t ccl, dcl; /* of 40 and 80 A */
        bool alarm;
    } cases[] = {
        {"voltage",  SIG_VOLTAGE,                 520000, -1,    0,     0,     true },
        {"current",  SIG_CURRENT,                 900000, -1,    40000, 80000, false},
        {"CVL high", SIG_CHARGE_VOLTAGE_LIMIT,    99900,  -1,    0,     80000, true },
        {"CVL low",  SIG_CHARGE_VOLTAGE_LIMIT,    1100,   1100,  0,     80000, true },
        {"DVL high", SIG_DISCHARGE_VOLTAGE_LIMIT, 99900,  99900, 40000, 0,     true },
        {"CCL",      SIG_CHARGE_CURRENT_LIMIT,    900000, 0,     0,     80000, true },
        {"DCL",      SIG_DISCHARGE_CURRENT_LIMIT, 900000, 0,     40000, 0,     true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        t.told.a.active[TIER_WARNING] = ALARM_BIT(CELL_LOW);
        say(&t, cases[i].sig, cases[i].v);
        assert_true(t.odd);
        assert_true(t.out.a.active[TIER_WARNING] & ALARM_BIT(CELL_LOW));
        assert_int_equal(out(&t, cases[i].sig), cases[i].stays);
        assert_int_equal(out(&t, SIG_CHARGE_CURRENT_LIMIT), cases[i].ccl);
        assert_int_equal(out(&t, SIG_DISCHARGE_CURRENT_LIMIT), cases[i].dcl);
        assert_int_equal(limit_invalid(&t), cases[i].alarm);
    }
}

static void an_invalid_voltage_zeroes_limits_nobody_told(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    signal_forget(&t.told.s, SIG_CHARGE_CURRENT_LIMIT);
    signal_forget(&t.told.s, SIG_DISCHARGE_CURRENT_LIMIT);
    say(&t, SIG_VOLTAGE, 5200);
    assert_int_equal(out(&t, SIG_CHARGE_CURRENT_LIMIT), 0);
    assert_int_equal(out(&t, SIG_DISCHARGE_CURRENT_LIMIT), 0);
    assert_int_equal(t.out.s.at[SIG_CHARGE_CURRENT_LIMIT], t.now);
}

/* Good at t.now, odd from then on; `at` the tenth it is still held. */
static void ten_receptions_are_held(void **state)
{
    static const struct {
        const char *what;
        enum signal sig;
        int64_t good, odd, invalid;
    } cases[] = {
        {"voltage times ten",      SIG_VOLTAGE,                 52000, 520000, -1},
        {"voltage a tenth",        SIG_VOLTAGE,                 52000, 5200,   -1},
        {"voltage, bytes swapped", SIG_VOLTAGE,                 52000, 205000, -1}, /* 0x1450, 0x5014 */
        {"current times ten",      SIG_CURRENT,                 90000, 900000, -1},
        {"CVL times ten",          SIG_CHARGE_VOLTAGE_LIMIT,    54000, 540000, -1},
        {"DVL a tenth",            SIG_DISCHARGE_VOLTAGE_LIMIT, 50000, 5000,   -1},
        {"CCL times ten",          SIG_CHARGE_CURRENT_LIMIT,    40000, 400000, 0 },
        {"DCL times ten",          SIG_DISCHARGE_CURRENT_LIMIT, 80000, 800000, 0 },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;
        mono_us good_at;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        good_at = t.now;
        say(&t, cases[i].sig, cases[i].good);
        assert_false(t.odd);
        for (unsigned k = 0; k < 10; k++) {
            next(&t, cases[i].sig, cases[i].odd);
            assert_true(t.odd);
            assert_int_equal(out(&t, cases[i].sig), cases[i].good);
            assert_int_equal(t.out.s.at[cases[i].sig], good_at);
            assert_false(limit_invalid(&t));
            t.now += MONO_MS(100); /* a run without news is no reception */
            run(&t);
            assert_true(t.odd);
            assert_int_equal(out(&t, cases[i].sig), cases[i].good);
        }
        for (unsigned k = 0; k < 100; k++) {
            next(&t, cases[i].sig, cases[i].odd);
            assert_true(t.odd);
            assert_int_equal(out(&t, cases[i].sig), cases[i].invalid);
        }
        next(&t, cases[i].sig, cases[i].good); /* taken at once */
        assert_false(t.odd);
        assert_false(limit_invalid(&t));
        assert_int_equal(out(&t, cases[i].sig), cases[i].good);
    }
}

static void a_good_one_in_between_counts_anew(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    for (unsigned k = 0; k < 10; k++)
        next(&t, SIG_VOLTAGE, 520000);
    next(&t, SIG_VOLTAGE, 51900);
    assert_false(t.odd);
    for (unsigned k = 0; k < 10; k++) {
        next(&t, SIG_VOLTAGE, 520000);
        assert_int_equal(out(&t, SIG_VOLTAGE), 51900);
    }
    next(&t, SIG_VOLTAGE, 520000);
    assert_int_equal(out(&t, SIG_VOLTAGE), -1);
}

/* BYD tells its voltage each 10 s; a datum counts for 30 s. */
static void nothing_is_held_longer_than_data_live(void **state)
{
    static const struct {
        mono_us since;
        int64_t voltage;
    } cases[] = {
        {MONO_S(30) - 1, 52000},
        {MONO_S(30),     -1   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        bench_init(&t);
        say(&t, SIG_VOLTAGE, 52000);
        t.now += cases[i].since;
        say(&t, SIG_VOLTAGE, 520000);
        assert_int_equal(out(&t, SIG_VOLTAGE), cases[i].voltage);
    }
}

static void what_allows_less_is_never_held(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    run(&t);
    next(&t, SIG_CHARGE_CURRENT_LIMIT, 0);
    assert_false(t.odd);
    assert_int_equal(out(&t, SIG_CHARGE_CURRENT_LIMIT), 0);
    next(&t, SIG_DISCHARGE_CURRENT_LIMIT, 100);
    assert_false(t.odd);
    assert_int_equal(out(&t, SIG_DISCHARGE_CURRENT_LIMIT), 100);
    next(&t, SIG_CHARGE_VOLTAGE_LIMIT, 1100);
    assert_true(t.odd);
    assert_int_equal(out(&t, SIG_CHARGE_VOLTAGE_LIMIT), 1100);
    assert_true(limit_invalid(&t));
    next(&t, SIG_CHARGE_VOLTAGE_LIMIT, 54000); /* back: 1.1 V was never believed */
    assert_false(t.odd);
    next(&t, SIG_DISCHARGE_VOLTAGE_LIMIT, 5001); /* not a tenth */
    assert_false(t.odd);
    next(&t, SIG_DISCHARGE_VOLTAGE_LIMIT, 50010); /* ten times: it allows less */
    assert_false(t.odd);
    next(&t, SIG_DISCHARGE_VOLTAGE_LIMIT, 5001);
    assert_true(t.odd);
    assert_int_equal(out(&t, SIG_DISCHARGE_VOLTAGE_LIMIT), 50010);
    next(&t, SIG_DISCHARGE_VOLTAGE_LIMIT, 100000);
    assert_true(t.odd);
    assert_int_equal(out(&t, SIG_DISCHARGE_VOLTAGE_LIMIT), 100000);
    assert_int_equal(out(&t, SIG_DISCHARGE_CURRENT_LIMIT), 0);
}

static void a_limit_that_rises_too_far_is_a_jump(void **state)
{
    static const struct {
        const char *what;
        unsigned modules;
        int64_t most, good, v;
        bool odd;
    } cases[] = {
        {"back from a taper",               5, 430000, 5000,  50000,  false},
        {"back from zero",                  5, 430000, 0,     430000, false},
        {"back from zero, to twice",        1, 86000,  0,     172000, false},
        {"more than twice the profile",     1, 86000,  0,     172001, true },
        {"eight times",                     1, 86000,  30000, 240000, false},
        {"more than eight times",           1, 86000,  30000, 240001, true },
        {"twice what was believed before",  1, 200000, 5000,  400000, false},
        {"more than that",                  1, 200000, 5000,  400001, true },
        {"an eighth of the profile so far", 1, 10750,  10750, 180000, true },
        {"less than that: nobody knows",    1, 10749,  10749, 180000, false},
        {"never allowed any",               1, 0,      0,     500000, false},
        {"but not beyond ten times",        1, 0,      0,     860001, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        for (unsigned d = 0; d < 2; d++) {
            enum signal sig = d ? SIG_DISCHARGE_CURRENT_LIMIT : SIG_CHARGE_CURRENT_LIMIT;
            struct bench t;

            print_message("  %s\n", cases[i].what);
            bench_init(&t);
            t.modules = cases[i].modules;
            say(&t, sig, cases[i].most);
            next(&t, sig, cases[i].good);
            assert_false(t.odd);
            next(&t, sig, cases[i].v);
            assert_int_equal(t.odd, cases[i].odd);
            assert_int_equal(out(&t, sig), cases[i].odd ? cases[i].good : cases[i].v);
        }
}

static void after_a_minute_of_silence_it_may_be_another_battery(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    say(&t, SIG_CHARGE_CURRENT_LIMIT, 40000);
    t.now += MONO_S(60);
    say(&t, SIG_CHARGE_CURRENT_LIMIT, 400000);
    assert_true(t.odd);
    bench_init(&t);
    say(&t, SIG_CHARGE_CURRENT_LIMIT, 40000);
    t.now += MONO_S(60) + 1;
    say(&t, SIG_CHARGE_CURRENT_LIMIT, 400000);
    assert_false(t.odd);
    /* And the first frames of one that restarts are not held, but invalid until they make sense. */
    t.now += MONO_S(61);
    say(&t, SIG_VOLTAGE, 5200);
    assert_int_equal(out(&t, SIG_VOLTAGE), -1);
    next(&t, SIG_VOLTAGE, 52000);
    assert_int_equal(out(&t, SIG_VOLTAGE), 52000);
    assert_false(t.odd);
}

/* ---- two batteries on one port ---- */

/* They speak in turn, `step` apart; whether they are seen after n words. */
static bool in_turn(struct bench *t, enum signal sig, int64_t a, int64_t b, unsigned n,
                    mono_us step)
{
    for (unsigned i = 0; i < n; i++) {
        t->now += step;
        say(t, sig, i % 2 ? b : a);
    }
    return plausible_two(&t->p, t->now);
}

static void six_times_back_and_forth_are_two_batteries(void **state)
{
    static const struct {
        const char *what;
        enum signal sig;
        int64_t a, b;
        bool two;
    } cases[] = {
        {"SOC 3 % apart",                              SIG_SOC,            5000,  5300,  true },
        {"SOC less",                                   SIG_SOC,            5000,  5299,  false},
        {"voltage 1 V apart",                          SIG_VOLTAGE,        52000, 51000, true },
        {"voltage less",                               SIG_VOLTAGE,        52000, 51001, false},
        {"modules",                                    SIG_MODULES_ONLINE, 5,     4,     true },
        {"firmware",                                   SIG_FIRMWARE,       0x445, 0x446, true },
        {"modules in all: 0x359 and 0x372 may differ", SIG_MODULES,        5,     4,     false},
        {"current",                                    SIG_CURRENT,        5000,  -5000, false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        memset(&t.told, 0, sizeof(t.told));
        /* A and B are two words; six more go back. */
        assert_false(in_turn(&t, cases[i].sig, cases[i].a, cases[i].b, 7, MONO_MS(500)));
        t.now += MONO_MS(500);
        say(&t, cases[i].sig, cases[i].b);
        assert_int_equal(plausible_two(&t.p, t.now), cases[i].two);
    }
}

static void one_thing_that_differs_is_enough(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    strcpy(t.told.t.value[TEXT_SERIAL], "AAAA1111AAAA2222");
    signal_set(&t.told.s, SIG_FIRMWARE, 0x445, t.now);
    assert_true(in_turn(&t, SIG_SOC, 5000, 8000, 8, MONO_MS(500)));
}

static void six_times_within_ten_seconds(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    /* From the first way back to the sixth are five steps. */
    assert_true(in_turn(&t, SIG_SOC, 5000, 8000, 8, MONO_S(2)));
    bench_init(&t);
    assert_false(in_turn(&t, SIG_SOC, 5000, 8000, 100, MONO_S(2) + 1));
}

static void two_are_believed_for_half_a_minute(void **state)
{
    struct bench t;
    mono_us seen;

    (void)state;
    bench_init(&t);
    assert_int_equal(plausible_due(&t.p, t.now), MONO_NEVER);
    assert_true(in_turn(&t, SIG_SOC, 5000, 8000, 8, MONO_MS(500)));
    seen = t.now;
    assert_int_equal(plausible_due(&t.p, seen), seen + MONO_S(30));
    t.now = seen + MONO_S(29);
    say(&t, SIG_SOC, 8000);
    assert_true(plausible_two(&t.p, seen + MONO_S(30) - 1));
    assert_false(plausible_two(&t.p, seen + MONO_S(30)));
    assert_int_equal(plausible_due(&t.p, seen + MONO_S(30)), MONO_NEVER);
    assert_true(in_turn(&t, SIG_SOC, 5000, 8000, 8, MONO_MS(500)));
    assert_int_equal(plausible_due(&t.p, t.now), t.now + MONO_S(30));
}

static void a_soc_that_jumps_once_is_one_battery(void **state)
{
    static const int64_t life[] = {8000, 0, 8000, 8000, 0, 0, 8000, 5000, 2000, 5000, 8000};
    struct bench t;

    (void)state;
    bench_init(&t);
    for (size_t i = 0; i < LEN(life); i++)
        next(&t, SIG_SOC, life[i]);
    assert_false(plausible_two(&t.p, t.now));
    /* Three values in a circle are not two. */
    for (int64_t i = 0; i < 30; i++)
        next(&t, SIG_SOC, 2000 + i % 3 * 1000);
    assert_false(plausible_two(&t.p, t.now));
}

static void one_that_speaks_twice_and_drifts_is_still_found(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    for (int64_t i = 0; i < 4; i++) {
        for (int64_t k = 0; k < 3; k++) { /* a falls slowly, and says so three times */
            t.now += MONO_MS(300);
            say(&t, SIG_SOC, 5000 - 100 * k);
        }
        t.now += MONO_MS(300);
        say(&t, SIG_SOC, 8000);
    }
    assert_true(plausible_two(&t.p, t.now)); /* a b|a b|a b|a b: two words and six ways back */
}

static void a_run_without_news_is_no_way_back(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    for (unsigned i = 0; i < 20; i++) { /* the value changes, its time does not */
        t.told.s.value[SIG_SOC] = i % 2 ? 5000 : 8000;
        t.now += MONO_MS(100);
        run(&t);
    }
    assert_false(plausible_two(&t.p, t.now));
}

/* A Deye pack said 52.70 V at 13.9 A and 51.40 V at 75.5 A: a load that pulses. */
static void a_load_that_pulses_is_one_battery(void **state)
{
    static const struct {
        int64_t low, high;
        bool two;
    } cases[] = {
        {13900, 75500, false},
        {13900, 23900, false},
        {13900, 23899, true }, /* 1.3 V from 9.999 A: no cluster has 0.13 Ohm */
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        bench_init(&t);
        for (unsigned k = 0; k < 20; k++) {
            t.now += MONO_MS(500);
            signal_set(&t.told.s, SIG_CURRENT, k % 2 ? -cases[i].high : -cases[i].low, t.now);
            say(&t, SIG_VOLTAGE, k % 2 ? 51400 : 52700);
        }
        assert_int_equal(plausible_two(&t.p, t.now), cases[i].two);
    }
}

static void serial_numbers_go_back_and_forth_by_halves(void **state)
{
    static const struct {
        const char *what, *words[4];
        bool two;
    } cases[] = {
        {"both halves",
         {"AAAA1111AAAA2222", "BBBB1111AAAA2222", "BBBB1111BBBB2222", "AAAA1111BBBB2222"},
         true                                                                                   },
        {"the second half",
         {"AAAA1111AAAA2222", "AAAA1111BBBB2222", "AAAA1111AAAA2222", "AAAA1111BBBB2222"},
         true                                                                                   },
        {"one battery",
         {"AAAA1111AAAA2222", "AAAA1111AAAA2222", "AAAA1111AAAA2222", "AAAA1111AAAA2222"},
         false                                                                                  },
        {"short ones",        {"A1", "B1", "A1", "B1"},                                    true },
        {"the last letter",
         {"AAAA1111AAAA2221", "AAAA1111AAAA2222", "AAAA1111AAAA2221", "AAAA1111AAAA2222"},
         true                                                                                   },
        {"the ninth letter",
         {"AAAA1111AAAA2222", "AAAA1111CAAA2222", "AAAA1111AAAA2222", "AAAA1111CAAA2222"},
         true                                                                                   },
        {"the first letter",  {"AAAA1111", "CAAA1111", "AAAA1111", "CAAA1111"},            true },
        {"none",              {"", "", "", ""},                                            false},
        {"now and then none", {"A1", "", "A1", ""},                                        false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        for (unsigned k = 0; k < 24; k++) {
            t.now += MONO_MS(250);
            strcpy(t.told.t.value[TEXT_SERIAL], cases[i].words[k % 4]);
            run(&t);
        }
        assert_int_equal(plausible_two(&t.p, t.now), cases[i].two);
    }
}

/* ---- real batteries ---- */

static char text[4096];

static size_t load(const char *name, struct candump_log *log)
{
    char path[256];
    unsigned line;
    const char *why;
    size_t len;
    FILE *f;

    snprintf(path, sizeof(path), "%s/captures/%s.log", TEST_DIR, name);
    f = fopen(path, "r");
    assert_non_null(f);
    len = fread(text, 1, sizeof(text), f);
    fclose(f);
    assert_int_equal(candump_parse(text, len, log, &line, &why), HUB_OK);
    return log->n;
}

/* One pass of a log through an intake, 10 ms from frame to frame. Returns whether any was odd. */
static bool pass(struct bench *t, struct intake *in, const struct candump_log *log)
{
    bool odd = false;

    for (size_t i = 0; i < log->n; i++) {
        t->now += MONO_MS(10);
        intake_rx(in, &log->entries[i].frame, t->now);
        t->odd = plausible_run(&t->p, &t->out, intake_battery(in), t->profile, t->modules, t->now);
        odd |= t->odd || plausible_two(&t->p, t->now);
    }
    return odd;
}

static void every_captured_battery_passes_unheld(void **state)
{
    static const char *const names[] = {"c1", "c2", "c5", "c7", "c9", "c14", "c18"};
    static const char *const keys[] = {"weco-4k4-pro", "weco-5k3", "vtac-vt12040",
                                       "generic-lfp-16s"};

    (void)state;
    for (size_t i = 0; i < LEN(names); i++)
        for (size_t k = 0; k < LEN(keys); k++) {
            struct candump_log log;
            struct bench t;
            struct intake *in = intake_new("auto", INTAKE_SIGN_AUTO, 0);

            bench_init(&t);
            t.profile = profile_find(keys[k]);
            t.modules = 5;
            load(names[i], &log);
            for (unsigned s = 0; s < 60; s++) {
                if (pass(&t, in, &log))
                    fail_msg("%s as %s after %u s", names[i], keys[k], s);
                t.now += MONO_S(1);
            }
            assert_true(signal_known(&t.out.s, SIG_CHARGE_CURRENT_LIMIT));
            candump_free(&log);
            intake_free(in);
        }
}

/* 88 % and 6 modules, 95 % and 4. */
static void two_captured_batteries_on_one_port_are_two(void **state)
{
    struct candump_log one, other;
    struct bench t;
    struct intake *in = intake_new("auto", INTAKE_SIGN_AUTO, 0);

    (void)state;
    bench_init(&t);
    t.modules = 6;
    load("c2", &one);
    load("c5", &other);
    for (unsigned s = 0; s < 4; s++) {
        assert_false(plausible_two(&t.p, t.now));
        pass(&t, in, &one);
        pass(&t, in, &other);
        t.now += MONO_S(1);
    }
    assert_true(plausible_two(&t.p, t.now));
    candump_free(&one);
    candump_free(&other);
    intake_free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_plausible_passes_as_it_is),
        cmocka_unit_test(what_is_not_told_is_not_odd),
        cmocka_unit_test(each_bound_on_both_sides),
        cmocka_unit_test(each_current_has_its_own_bound),
        cmocka_unit_test(an_absurd_first_word_is_invalid_at_once),
        cmocka_unit_test(an_invalid_voltage_zeroes_limits_nobody_told),
        cmocka_unit_test(ten_receptions_are_held),
        cmocka_unit_test(a_good_one_in_between_counts_anew),
        cmocka_unit_test(nothing_is_held_longer_than_data_live),
        cmocka_unit_test(what_allows_less_is_never_held),
        cmocka_unit_test(a_limit_that_rises_too_far_is_a_jump),
        cmocka_unit_test(after_a_minute_of_silence_it_may_be_another_battery),
        cmocka_unit_test(six_times_back_and_forth_are_two_batteries),
        cmocka_unit_test(one_thing_that_differs_is_enough),
        cmocka_unit_test(six_times_within_ten_seconds),
        cmocka_unit_test(two_are_believed_for_half_a_minute),
        cmocka_unit_test(a_soc_that_jumps_once_is_one_battery),
        cmocka_unit_test(one_that_speaks_twice_and_drifts_is_still_found),
        cmocka_unit_test(a_run_without_news_is_no_way_back),
        cmocka_unit_test(a_load_that_pulses_is_one_battery),
        cmocka_unit_test(serial_numbers_go_back_and_forth_by_halves),
        cmocka_unit_test(every_captured_battery_passes_unheld),
        cmocka_unit_test(two_captured_batteries_on_one_port_are_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
