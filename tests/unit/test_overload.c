/* Rules 12 and 13 of the HeSU 4K4 PRO manual, REV.1.06, section 13: a cluster above its limit is
 * warned about, and shut down when that does not end within 5 min. Above is |I| > 1.05 x limit (the
 * highest of the last 10 s) + 5 A for 10 s. */
#include "check.h"

#include "core/overload.h"

#define T0 MONO_S(100)

/* Limits of 100 A: over from 105 + 5 A. */
static enum overload_state run(struct overload *o, int64_t current_mA, mono_us now)
{
    const struct overload_input in = {.current_mA = current_mA, .ccl_mA = 100000, .dcl_mA = 100000};

    return overload_run(o, &in, now);
}

static enum overload_state run_warned(struct overload *o, int64_t current_mA, mono_us now)
{
    const struct overload_input in = {
        .current_mA = current_mA, .ccl_mA = 100000, .dcl_mA = 100000, .bms_warns = true};

    return overload_run(o, &in, now);
}

static enum overload_state run_limit(struct overload *o, int64_t current_mA, int64_t limit_mA,
                                     mono_us now)
{
    const struct overload_input in = {
        .current_mA = current_mA, .ccl_mA = limit_mA, .dcl_mA = limit_mA};

    return overload_run(o, &in, now);
}

static bool is_over(int64_t current_mA, int64_t ccl_mA, int64_t dcl_mA)
{
    const struct overload_input in = {.current_mA = current_mA, .ccl_mA = ccl_mA, .dcl_mA = dcl_mA};
    struct overload o = {.over_since = 0};

    overload_run(&o, &in, T0);
    return overload_is_over(&o);
}

static void more_than_it_may(void **state)
{
    static const struct {
        int64_t limit, highest; /* highest current that is not over, in mA */
    } cases[] = {
        {0,         5000   }, /* 0 + 5 A */
        {1,         5001   }, /* 5001.05 */
        {19,        5019   }, /* 5019.95 */
        {20,        5021   }, /* 5021.00: equal is not over */
        {100000,    110000 }, /* 105 + 5 A */
        {3000000,   3155000},
        {-20,       5000   },
        {INT64_MIN, 5000   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        int64_t most = cases[i].highest, limit = cases[i].limit;

        assert_false(is_over(most, limit, 0));
        assert_true(is_over(most + 1, limit, 0));
        assert_false(is_over(-most, 0, limit));
        assert_true(is_over(-most - 1, 0, limit));
        assert_true(is_over(INT64_MAX, limit, limit));
        assert_true(is_over(INT64_MIN, limit, limit));
    }
    assert_false(is_over(INT64_MAX, INT64_MAX, 0));
    assert_false(is_over(INT64_MIN, 0, INT64_MAX));
}

/* What may flow out says nothing about what may flow in. */
static void each_direction_has_its_own_limit(void **state)
{
    (void)state;
    assert_true(is_over(5001, 0, 100000));
    assert_false(is_over(-5001, 0, 100000));
    assert_true(is_over(-5001, 100000, 0));
    assert_false(is_over(5001, 100000, 0));
}

static void warned_after_10_s_shut_down_after_5_min_more(void **state)
{
    struct overload o = {.over_since = 0};
    mono_us warned = T0 + MONO_S(10), shut = warned + MONO_S(300);

    (void)state;
    assert_int_equal(run(&o, 110000, T0 - 1), OVERLOAD_NONE);
    assert_true(overload_due(&o, T0 - 1) == MONO_NEVER);
    assert_int_equal(run(&o, 110001, T0), OVERLOAD_NONE);
    assert_true(overload_due(&o, T0) == warned);
    assert_true(overload_left(&o, T0) == MONO_NEVER);
    assert_int_equal(run(&o, 110001, warned - 1), OVERLOAD_NONE);
    assert_int_equal(run(&o, 110001, warned), OVERLOAD_WARNING);
    assert_true(overload_left(&o, warned) == MONO_S(300));
    assert_true(overload_due(&o, warned) == shut);
    assert_int_equal(run(&o, 110001, shut - 1), OVERLOAD_WARNING);
    assert_true(overload_left(&o, shut - 1) == 1);
    assert_int_equal(run(&o, 110001, shut), OVERLOAD_SHUT_DOWN);
    assert_true(overload_left(&o, shut) == 0);
    assert_true(overload_due(&o, shut) == MONO_NEVER);
    assert_int_equal(run(&o, 110001, shut + MONO_S(900)), OVERLOAD_SHUT_DOWN);
    assert_true(overload_is_over(&o));
    assert_int_equal(run(&o, 110000, shut + MONO_S(901)), OVERLOAD_NONE);
    assert_false(overload_is_over(&o));
}

static void a_moment_below_begins_the_10_s_anew(void **state)
{
    struct overload o = {.over_since = 0};

    (void)state;
    run(&o, -110001, T0);
    run(&o, -110000, T0 + MONO_S(10) - 1);
    run(&o, -110001, T0 + MONO_S(10));
    assert_int_equal(run(&o, -110001, T0 + MONO_S(20) - 1), OVERLOAD_NONE);
    assert_int_equal(run(&o, -110001, T0 + MONO_S(20)), OVERLOAD_WARNING);
}

static void a_moment_below_begins_the_5_min_anew(void **state)
{
    struct overload o = {.over_since = 0};
    mono_us again = T0 + MONO_S(310);

    (void)state;
    run(&o, -110001, T0);
    assert_int_equal(run(&o, -110001, T0 + MONO_S(10)), OVERLOAD_WARNING);
    assert_int_equal(run(&o, -110000, again - 1), OVERLOAD_NONE);
    assert_true(overload_left(&o, again - 1) == MONO_NEVER);
    run(&o, -110001, again);
    assert_int_equal(run(&o, -110001, again + MONO_S(10)), OVERLOAD_WARNING);
    assert_int_equal(run(&o, -110001, again + MONO_S(310) - 1), OVERLOAD_WARNING);
    assert_int_equal(run(&o, -110001, again + MONO_S(310)), OVERLOAD_SHUT_DOWN);
}

/* 100 A flow, and the limit falls from 100 A to 0: 10 s until it counts, 10 s until the warning. */
static void a_limit_that_falls_leaves_10_s(void **state)
{
    static const int64_t currents[] = {100000, -100000};

    (void)state;
    for (size_t i = 0; i < LEN(currents); i++) {
        struct overload o = {.over_since = 0};
        mono_us over = T0 + MONO_S(10);

        run_limit(&o, currents[i], 100000, T0 - MONO_S(1));
        run_limit(&o, currents[i], 0, T0);
        assert_true(overload_due(&o, T0) == over);
        run_limit(&o, currents[i], 0, over - 1);
        assert_false(overload_is_over(&o));
        run_limit(&o, currents[i], 0, over);
        assert_true(overload_is_over(&o));
        assert_int_equal(run_limit(&o, currents[i], 0, over + MONO_S(10) - 1), OVERLOAD_NONE);
        assert_int_equal(run_limit(&o, currents[i], 0, over + MONO_S(10)), OVERLOAD_WARNING);
    }
}

static void a_warning_of_the_bms_is_one_at_once(void **state)
{
    struct overload o = {.over_since = 0};
    mono_us shut = T0 + MONO_S(300);

    (void)state;
    assert_int_equal(run_warned(&o, 50000, T0), OVERLOAD_WARNING);
    assert_true(overload_is_over(&o)); /* a cause of a latch */
    assert_true(overload_due(&o, T0) == shut);
    assert_int_equal(run_warned(&o, 50000, shut - 1), OVERLOAD_WARNING);
    assert_int_equal(run_warned(&o, 50000, shut), OVERLOAD_SHUT_DOWN);
    assert_int_equal(run(&o, 50000, shut + 1), OVERLOAD_NONE);
    assert_false(overload_is_over(&o));
}

/* One warning with two causes that follow each other: its 5 min run on. */
static void a_warning_ends_when_neither_cause_is_left(void **state)
{
    struct overload o = {.over_since = 0};

    (void)state;
    assert_int_equal(run_warned(&o, 50000, T0), OVERLOAD_WARNING);
    assert_int_equal(run_warned(&o, 120000, T0 + MONO_S(1)), OVERLOAD_WARNING);
    assert_int_equal(run(&o, 120000, T0 + MONO_S(2)), OVERLOAD_WARNING); /* before its 10 s */
    assert_int_equal(run_warned(&o, 50000, T0 + MONO_S(3)), OVERLOAD_WARNING);
    assert_int_equal(run_warned(&o, 50000, T0 + MONO_S(300) - 1), OVERLOAD_WARNING);
    assert_int_equal(run_warned(&o, 50000, T0 + MONO_S(300)), OVERLOAD_SHUT_DOWN);
    assert_int_equal(run(&o, 50000, T0 + MONO_S(301)), OVERLOAD_NONE);
}

/* ---- silence ---- */

static void silence_begins_the_10_s_anew(void **state)
{
    struct overload o = {.over_since = 0};

    (void)state;
    run(&o, 120000, T0);
    assert_int_equal(overload_run(&o, NULL, T0 + MONO_S(9)), OVERLOAD_NONE);
    assert_false(overload_is_over(&o));
    assert_true(overload_due(&o, T0 + MONO_S(9)) == MONO_NEVER);
    assert_int_equal(overload_run(&o, NULL, T0 + MONO_S(11)), OVERLOAD_NONE);
    run(&o, 120000, T0 + MONO_S(12));
    assert_int_equal(run(&o, 120000, T0 + MONO_S(22) - 1), OVERLOAD_NONE);
    assert_int_equal(run(&o, 120000, T0 + MONO_S(22)), OVERLOAD_WARNING);
}

/* 200 of the 300 s, then a minute of silence, then the other 100. */
static void silence_stops_the_clock_of_a_warning(void **state)
{
    struct overload o = {.over_since = 0};
    mono_us warned = T0 + MONO_S(10), silent = warned + MONO_S(200), back = silent + MONO_S(60);

    (void)state;
    run(&o, 120000, T0);
    run(&o, 120000, warned);
    run(&o, 120000, silent - MONO_S(1)); /* a moment ago: no stall */
    assert_int_equal(overload_run(&o, NULL, silent), OVERLOAD_WARNING);
    assert_true(overload_left(&o, silent) == MONO_S(100));
    assert_true(overload_due(&o, silent) == MONO_NEVER);
    assert_int_equal(overload_run(&o, NULL, back - 1), OVERLOAD_WARNING);
    assert_true(overload_left(&o, back - 1) == MONO_S(100));
    assert_true(overload_is_over(&o));
    assert_int_equal(run(&o, 120000, back), OVERLOAD_WARNING);
    assert_true(overload_due(&o, back) == back + MONO_S(100));
    assert_int_equal(run(&o, 120000, back + MONO_S(100) - 1), OVERLOAD_WARNING);
    assert_int_equal(run(&o, 120000, back + MONO_S(100)), OVERLOAD_SHUT_DOWN);
}

/* Ten minutes in which the process stood still are none that anybody has seen. */
static void a_stall_stops_the_clock_of_a_warning(void **state)
{
    struct overload o = {.over_since = 0};
    mono_us warned = T0 + MONO_S(10), wakes = warned + MONO_S(700), back = wakes + MONO_S(1);

    (void)state;
    run(&o, 120000, T0);
    run(&o, 120000, warned);
    run(&o, 120000, warned + MONO_S(100));
    assert_int_equal(overload_run(&o, NULL, wakes), OVERLOAD_WARNING);
    assert_true(overload_left(&o, wakes) == MONO_S(200));
    assert_int_equal(run(&o, 120000, back), OVERLOAD_WARNING);
    assert_int_equal(run(&o, 120000, back + MONO_S(200) - 1), OVERLOAD_WARNING);
    assert_int_equal(run(&o, 120000, back + MONO_S(200)), OVERLOAD_SHUT_DOWN);
}

static void a_warning_that_is_disproved_after_silence_ends(void **state)
{
    struct overload o = {.over_since = 0};

    (void)state;
    run(&o, 120000, T0);
    run(&o, 120000, T0 + MONO_S(10));
    overload_run(&o, NULL, T0 + MONO_S(20));
    assert_int_equal(run(&o, 110000, T0 + MONO_S(30)), OVERLOAD_NONE);
    assert_false(overload_is_over(&o));
}

/* The limit before the silence is not one that was in force during it. */
static void silence_does_not_prolong_a_limit(void **state)
{
    static const int64_t currents[] = {100000, -100000};

    (void)state;
    for (size_t i = 0; i < LEN(currents); i++) {
        struct overload o = {.over_since = 0};

        run_limit(&o, currents[i], 100000, T0);
        overload_run(&o, NULL, T0 + MONO_S(1));
        overload_run(&o, NULL, T0 + MONO_S(5));
        run_limit(&o, currents[i], 0, T0 + MONO_S(11) - 1);
        assert_false(overload_is_over(&o));
        run_limit(&o, currents[i], 0, T0 + MONO_S(11));
        assert_true(overload_is_over(&o));
    }
}

/* Either limit may run out first, and before the 10 s and the 5 min. */
static void due_is_the_first_of_all(void **state)
{
    const struct overload_input full = {.current_mA = 120000, .ccl_mA = 50000, .dcl_mA = 50000},
                                no_ccl = {.current_mA = 120000, .ccl_mA = 0, .dcl_mA = 50000},
                                none = {.current_mA = 120000, .ccl_mA = 0, .dcl_mA = 0};
    struct overload o = {.over_since = 0};

    (void)state;
    overload_run(&o, &full, T0);
    overload_run(&o, &no_ccl, T0 + MONO_S(7));
    assert_true(overload_due(&o, T0 + MONO_S(7)) == T0 + MONO_S(10)); /* the warning */
    overload_run(&o, &no_ccl, T0 + MONO_S(10));
    assert_true(overload_due(&o, T0 + MONO_S(10)) == T0 + MONO_S(17)); /* of CCL */
    overload_run(&o, &none, T0 + MONO_S(11));
    assert_true(overload_due(&o, T0 + MONO_S(11)) == T0 + MONO_S(17));
    overload_run(&o, &none, T0 + MONO_S(17));
    assert_true(overload_due(&o, T0 + MONO_S(17)) == T0 + MONO_S(21)); /* of DCL */
    overload_run(&o, &none, T0 + MONO_S(21));
    assert_true(overload_due(&o, T0 + MONO_S(21)) == T0 + MONO_S(310)); /* the shut-down */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_it_may),
        cmocka_unit_test(each_direction_has_its_own_limit),
        cmocka_unit_test(warned_after_10_s_shut_down_after_5_min_more),
        cmocka_unit_test(a_moment_below_begins_the_10_s_anew),
        cmocka_unit_test(a_moment_below_begins_the_5_min_anew),
        cmocka_unit_test(a_limit_that_falls_leaves_10_s),
        cmocka_unit_test(a_warning_of_the_bms_is_one_at_once),
        cmocka_unit_test(a_warning_ends_when_neither_cause_is_left),
        cmocka_unit_test(silence_begins_the_10_s_anew),
        cmocka_unit_test(silence_stops_the_clock_of_a_warning),
        cmocka_unit_test(a_stall_stops_the_clock_of_a_warning),
        cmocka_unit_test(a_warning_that_is_disproved_after_silence_ends),
        cmocka_unit_test(silence_does_not_prolong_a_limit),
        cmocka_unit_test(due_is_the_first_of_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
