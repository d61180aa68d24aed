/* "A commissioning check warns when voltage or SOC move against the current for five minutes above
 * 10 A", and data that stand still for ten minutes above 5 A. */
#include "check.h"

#include <string.h>

#include "core/watch.h"

#define FIVE MONO_S(300)
#define TEN MONO_S(600)

struct bench {
    struct battery b;
    struct part part;
    struct watch w;
    mono_us now;
};

static void say(struct bench *t, int64_t mA, int64_t mV, int64_t soc)
{
    signal_set(&t->b.s, SIG_CURRENT, mA, t->now);
    signal_set(&t->b.s, SIG_VOLTAGE, mV, t->now);
    signal_set(&t->b.s, SIG_SOC, soc, t->now);
    watch_run(&t->w, &t->part, t->now);
}

static void bench_init(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->now = MONO_S(1000);
    t->part = (struct part){.b = &t->b, .joined = true, .modules = 5};
}

static bool odd_after(struct bench *t, mono_us time, int64_t mA, int64_t mV, int64_t soc)
{
    t->now += time;
    say(t, mA, mV, soc);
    return t->w.sign_odd;
}

static void each_movement_against_the_current_is_odd(void **state)
{
    static const struct {
        const char *what;
        int64_t mA, mV, soc; /* from 52.00 V and 50.00 % */
        bool odd;
    } cases[] = {
        {"charging, voltage at the noise",    10001,  51900, 5000, false},
        {"charging, voltage falls",           10001,  51899, 5000, true },
        {"charging, voltage rises",           10001,  53000, 5000, false},
        {"charging, SOC at the noise",        10001,  52000, 4980, false},
        {"charging, SOC falls",               10001,  52000, 4979, true },
        {"charging, SOC rises",               10001,  52000, 5100, false},
        {"discharging, voltage at the noise", -10001, 52100, 5000, false},
        {"discharging, voltage rises",        -10001, 52101, 5000, true },
        {"discharging, voltage falls",        -10001, 50000, 5000, false},
        {"discharging, SOC at the noise",     -10001, 52000, 5020, false},
        {"discharging, SOC rises",            -10001, 52000, 5021, true },
        {"discharging, SOC falls",            -10001, 52000, 4900, false},
        {"one with it, the other against it", 10001,  53000, 4979, true },
        {"10 A is not above",                 10000,  51000, 4000, false},
        {"nor is -10 A",                      -10000, 53000, 6000, false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        say(&t, cases[i].mA, 52000, 5000);
        assert_false(odd_after(&t, FIVE - 1, cases[i].mA, cases[i].mV, cases[i].soc));
        assert_int_equal(odd_after(&t, 1, cases[i].mA, cases[i].mV, cases[i].soc), cases[i].odd);
    }
}

static void five_minutes_in_one_direction(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    assert_int_equal(watch_due(&t.w), MONO_NEVER);
    say(&t, 20000, 52000, 5000);
    assert_int_equal(watch_due(&t.w), t.now + FIVE);
    assert_false(odd_after(&t, MONO_S(200), 10000, 52000, 5000)); /* a moment of 10 A */
    assert_int_equal(t.w.sign_since, 0);
    assert_false(odd_after(&t, MONO_S(1), 20000, 52000, 5000));
    assert_false(odd_after(&t, MONO_S(200), -20000, 52000, 5000)); /* the other way */
    assert_false(odd_after(&t, FIVE - 1, -20000, 52000, 5021));
    assert_true(odd_after(&t, 1, -20000, 52000, 5021));
}

static void a_current_that_sank_leaves_the_voltage_out(void **state)
{
    static const struct {
        const char *what;
        int64_t begin, middle, end;
        bool odd; /* the voltage rises by 0.5 V while discharging */
    } cases[] = {
        {"as much as at the start",         -20000, -20000, -20000, true },
        {"more than at the start",          -20000, -20000, -30000, true },
        {"a little less than at the start", -20000, -20000, -19999, false},
        {"95 % of the highest in between",  -20000, -40000, -38000, true },
        {"less than that",                  -20000, -40000, -37999, false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        say(&t, cases[i].begin, 52000, 5000);
        assert_false(odd_after(&t, MONO_S(100), cases[i].middle, 51500, 5000));
        assert_int_equal(odd_after(&t, MONO_S(200), cases[i].end, 52500, 5000), cases[i].odd);
    }
}

static void relaxing_after_a_heavy_load_is_not_odd(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    say(&t, -100000, 50000, 5000);
    odd_after(&t, MONO_S(1), -15000, 51000, 5000); /* the load is gone, the cells relax */
    for (int64_t mV = 51500; mV <= 52300; mV += 200) {
        assert_false(odd_after(&t, MONO_S(299), -15000, mV, 5000));
        odd_after(&t, MONO_S(1), -15000, mV, 5000);
    }
    /* After half an hour nothing is left of it. */
    assert_false(odd_after(&t, MONO_S(299) - 1, -15000, 52500, 5000));
    assert_true(odd_after(&t, 1, -15000, 52500, 5000));
}

static void the_highest_current_is_known_for_a_quarter_of_an_hour(void **state)
{
    struct bench t;
    mono_us began;

    (void)state;
    bench_init(&t);
    began = t.now;
    say(&t, -50000, 50000, 5000);
    t.now = began + MONO_S(900) - 1;
    say(&t, -60000, 50000, 5000);
    say(&t, -20000, 50000, 5000);
    assert_int_equal(t.w.peak_mA[0], 60000);
    assert_int_equal(t.w.peak_mA[1], 0);
    t.now = began + MONO_S(900);
    say(&t, -20000, 50000, 5000);
    assert_int_equal(t.w.peak_mA[0], 20000);
    assert_int_equal(t.w.peak_mA[1], 60000);
    /* The one before counts as well, until the end of the next. */
    t.now = began + MONO_S(1500);
    say(&t, -20000, 51000, 5000);
    assert_false(odd_after(&t, FIVE - 1, -20000, 51500, 5000));
    t.now = began + MONO_S(1800);
    say(&t, -20000, 51500, 5000);
    assert_int_equal(t.w.peak_mA[1], 20000);
}

static void an_odd_sign_stays_until_disproved(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    say(&t, 20000, 52000, 5000);
    assert_true(odd_after(&t, FIVE, 20000, 51000, 5000));
    assert_true(odd_after(&t, FIVE, 20000, 51100, 5020));     /* says nothing */
    assert_true(odd_after(&t, MONO_S(1), 5000, 51100, 5020)); /* nor does a rest */
    watch_run(&t.w, NULL, t.now);
    assert_true(t.w.sign_odd); /* nor a gap */
    t.part.joined = false;
    say(&t, 20000, 51100, 5020);
    assert_int_equal(t.w.sign_since, 0);
    assert_true(t.w.sign_odd);
    t.part.joined = true;
    say(&t, 20000, 51100, 5020);
    assert_true(odd_after(&t, FIVE - 1, 20000, 51201, 5020));
    assert_false(odd_after(&t, 1, 20000, 51201, 5020)); /* the voltage went with the current */
    assert_true(odd_after(&t, FIVE, 20000, 51201, 4999));
    assert_false(odd_after(&t, FIVE, 20000, 51201, 5020)); /* SOC did */
}

static void a_sinking_current_disproves_nothing(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    say(&t, 20000, 52000, 5000);
    assert_true(odd_after(&t, FIVE, 20000, 51000, 5000));
    /* Really discharging: the voltage recovers because the current sinks. */
    assert_true(odd_after(&t, FIVE, 12000, 51500, 5000));
}

static void what_is_not_told_is_not_judged(void **state)
{
    static const int64_t currents[] = {20000, -20000};

    (void)state;
    for (size_t i = 0; i < LEN(currents); i++) {
        struct bench t;

        bench_init(&t);
        signal_set(&t.b.s, SIG_CURRENT, currents[i], t.now);
        watch_run(&t.w, &t.part, t.now); /* no voltage, no SOC yet */
        assert_false(odd_after(&t, FIVE, currents[i], 40000, 1000));
        signal_forget(&t.b.s, SIG_SOC);
        signal_forget(&t.b.s, SIG_VOLTAGE);
        t.now += FIVE;
        watch_run(&t.w, &t.part, t.now);
        assert_false(t.w.sign_odd);
        signal_forget(&t.b.s, SIG_CURRENT);
        watch_run(&t.w, &t.part, t.now);
        assert_int_equal(t.w.sign_since, 0);
    }
}

/* Every second, as its frames come. */
static bool frozen_after(struct bench *t, mono_us time, int64_t mA)
{
    t->now += time;
    say(t, mA, 52000, 5000);
    return t->w.frozen;
}

static void ten_minutes_without_any_change_are_frozen(void **state)
{
    static const int64_t currents[] = {5001, -5001};

    (void)state;
    for (size_t i = 0; i < LEN(currents); i++) {
        struct bench t;

        bench_init(&t);
        assert_false(frozen_after(&t, 0, currents[i]));
        assert_int_equal(watch_due(&t.w), t.now + TEN);
        assert_false(frozen_after(&t, TEN - 1, currents[i]));
        assert_true(frozen_after(&t, 1, currents[i]));
        assert_int_equal(watch_due(&t.w), MONO_NEVER);
        assert_true(frozen_after(&t, TEN, currents[i]));
    }
}

static void a_battery_at_rest_may_stand_still(void **state)
{
    static const int64_t currents[] = {5000, -5000, 0};

    (void)state;
    for (size_t i = 0; i < LEN(currents); i++) {
        struct bench t;

        bench_init(&t);
        frozen_after(&t, 0, currents[i]);
        assert_int_equal(watch_due(&t.w), MONO_NEVER);
        assert_false(frozen_after(&t, 2 * TEN, currents[i]));
    }
}

static void each_value_that_moves_ends_it(void **state)
{
    static const enum signal sigs[] = {SIG_VOLTAGE, SIG_CURRENT, SIG_SOC, SIG_CELL_MAX,
                                       SIG_CELL_MIN};

    (void)state;
    for (size_t i = 0; i < LEN(sigs); i++) {
        struct bench t;

        bench_init(&t);
        signal_set(&t.b.s, SIG_CELL_MAX, 3300, t.now);
        signal_set(&t.b.s, SIG_CELL_MIN, 3300, t.now);
        frozen_after(&t, 0, 6000);
        assert_true(frozen_after(&t, TEN, 6000));
        t.now++;
        signal_set(&t.b.s, sigs[i], t.b.s.value[sigs[i]] + 1, t.now);
        watch_run(&t.w, &t.part, t.now);
        assert_false(t.w.frozen);
        assert_int_equal(watch_due(&t.w), t.now + TEN);
    }
}

static void a_rest_or_a_gap_ends_it(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    frozen_after(&t, 0, 6000);
    assert_true(frozen_after(&t, TEN, 6000));
    watch_run(&t.w, NULL, t.now);
    assert_false(t.w.frozen);
    assert_false(frozen_after(&t, 1, 6000));
    assert_true(frozen_after(&t, TEN, 6000));
    assert_false(frozen_after(&t, 1, 5000));
    assert_int_equal(t.w.still_since, 0);
}

static void frames_that_do_not_come_are_not_frozen_ones(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    frozen_after(&t, 0, 6000);
    t.now += TEN;
    watch_run(&t.w, &t.part, t.now); /* no frame since */
    assert_false(t.w.frozen);
    assert_int_equal(watch_due(&t.w), t.now + TEN);
}

static void the_sooner_moment_is_due(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    frozen_after(&t, 0, 20000);
    assert_int_equal(watch_due(&t.w), t.now + FIVE);
    frozen_after(&t, FIVE, 20000);
    t.now += MONO_S(10);
    signal_set(&t.b.s, SIG_CELL_MAX, 3300, t.now); /* not still; the sign goes on */
    watch_run(&t.w, &t.part, t.now);
    assert_int_equal(watch_due(&t.w), t.now - MONO_S(10) + FIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_movement_against_the_current_is_odd),
        cmocka_unit_test(five_minutes_in_one_direction),
        cmocka_unit_test(a_current_that_sank_leaves_the_voltage_out),
        cmocka_unit_test(relaxing_after_a_heavy_load_is_not_odd),
        cmocka_unit_test(the_highest_current_is_known_for_a_quarter_of_an_hour),
        cmocka_unit_test(an_odd_sign_stays_until_disproved),
        cmocka_unit_test(a_sinking_current_disproves_nothing),
        cmocka_unit_test(what_is_not_told_is_not_judged),
        cmocka_unit_test(ten_minutes_without_any_change_are_frozen),
        cmocka_unit_test(a_battery_at_rest_may_stand_still),
        cmocka_unit_test(each_value_that_moves_ends_it),
        cmocka_unit_test(a_rest_or_a_gap_ends_it),
        cmocka_unit_test(frames_that_do_not_come_are_not_frozen_ones),
        cmocka_unit_test(the_sooner_moment_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
