/* Nobody obeys: |I| above 1.1 x limit + 5 A for 10 s is an alarm, for 60 s a latch. The limit is
 * the highest of the last 3 s. */
#include "check.h"

#include "core/disobey.h"

#define T0 MONO_S(100)

static void more_than_it_may(void **state)
{
    static const struct {
        int64_t limit, highest; /* highest current that is not over, in mA */
    } cases[] = {
        {0,         5000   }, /* 0 + 5 A */
        {1,         5001   }, /* 5001.1 */
        {9,         5009   }, /* 5009.9 */
        {10,        5011   }, /* 5011.0: equal is not over */
        {100000,    115000 }, /* 110 + 5 A */
        {3000000,   3305000},
        {-1,        5000   },
        {INT64_MIN, 5000   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct disobey d = {.since = 0};

        disobey_run(&d, true, cases[i].highest, cases[i].limit, T0);
        assert_false(disobey_is_over(&d));
        disobey_run(&d, true, cases[i].highest + 1, cases[i].limit, T0);
        assert_true(disobey_is_over(&d));
        disobey_run(&d, true, -cases[i].highest - 1, cases[i].limit, T0); /* the other way */
        assert_false(disobey_is_over(&d));
        disobey_run(&d, true, INT64_MAX, cases[i].limit, T0);
        assert_true(disobey_is_over(&d));
        disobey_run(&d, true, INT64_MIN, cases[i].limit, T0);
        assert_false(disobey_is_over(&d));
    }
}

static void no_limit_is_too_high_to_count(void **state)
{
    struct disobey d = {.since = 0};

    (void)state;
    disobey_run(&d, true, INT64_MAX, INT64_MAX, T0);
    assert_false(disobey_is_over(&d));
}

static void alarm_after_10_s_latch_after_60_s(void **state)
{
    struct disobey d = {.since = 0};

    (void)state;
    assert_int_equal(disobey_run(&d, true, 5000, 0, T0 - 1), DISOBEY_NONE);
    assert_true(disobey_due(&d, T0 - 1) == MONO_NEVER);
    assert_int_equal(disobey_run(&d, true, 5001, 0, T0), DISOBEY_NONE);
    assert_true(disobey_due(&d, T0) == T0 + MONO_S(10));
    assert_int_equal(disobey_run(&d, true, 9000, 0, T0 + MONO_S(10) - 1), DISOBEY_NONE);
    assert_int_equal(disobey_run(&d, true, 5001, 0, T0 + MONO_S(10)), DISOBEY_ALARM);
    assert_true(disobey_due(&d, T0 + MONO_S(10)) == T0 + MONO_S(60));
    assert_int_equal(disobey_run(&d, true, 5001, 0, T0 + MONO_S(60) - 1), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, true, 5001, 0, T0 + MONO_S(60)), DISOBEY_LATCH);
    assert_true(disobey_due(&d, T0 + MONO_S(60)) == MONO_NEVER);
    assert_int_equal(disobey_run(&d, true, 5001, 0, T0 + MONO_S(600)), DISOBEY_LATCH);
    assert_int_equal(disobey_run(&d, true, 5000, 0, T0 + MONO_S(601)), DISOBEY_NONE);
    assert_false(disobey_is_over(&d));
}

static void obeying_for_a_moment_begins_anew(void **state)
{
    struct disobey d = {.since = 0};

    (void)state;
    disobey_run(&d, true, 6000, 0, T0);
    assert_int_equal(disobey_run(&d, true, 6000, 0, T0 + MONO_S(59)), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, true, 5000, 0, T0 + MONO_S(59) + 1), DISOBEY_NONE);
    disobey_run(&d, true, 6000, 0, T0 + MONO_S(60));
    assert_int_equal(disobey_run(&d, true, 6000, 0, T0 + MONO_S(70) - 1), DISOBEY_NONE);
    assert_int_equal(disobey_run(&d, true, 6000, 0, T0 + MONO_S(70)), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, true, 6000, 0, T0 + MONO_S(120) - 1), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, true, 6000, 0, T0 + MONO_S(120)), DISOBEY_LATCH);
}

/* 100 A flow, and the limit falls from 100 A to 0: 3 s to hear of it, then 10 s and 60 s. */
static void a_limit_that_falls_has_3_s_to_be_heard(void **state)
{
    struct disobey d = {.since = 0};
    mono_us heard = T0 + MONO_S(3);

    (void)state;
    disobey_run(&d, true, 100000, 100000, T0 - MONO_S(1));
    disobey_run(&d, true, 100000, 0, T0);
    assert_true(disobey_due(&d, T0) == heard);
    disobey_run(&d, true, 100000, 0, heard - 1);
    assert_false(disobey_is_over(&d));
    disobey_run(&d, true, 100000, 0, heard);
    assert_true(disobey_is_over(&d));
    assert_int_equal(disobey_run(&d, true, 100000, 0, heard + MONO_S(10) - 1), DISOBEY_NONE);
    assert_int_equal(disobey_run(&d, true, 100000, 0, heard + MONO_S(10)), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, true, 100000, 0, heard + MONO_S(60) - 1), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, true, 100000, 0, heard + MONO_S(60)), DISOBEY_LATCH);
}

/* A limit that falls while it disobeys is due as well: whichever is first. */
static void due_is_the_first_of_both(void **state)
{
    struct disobey d = {.since = 0};

    (void)state;
    disobey_run(&d, true, 100000, 10000, T0);
    disobey_run(&d, true, 100000, 0, T0 + MONO_S(8));
    assert_true(disobey_due(&d, T0 + MONO_S(8)) == T0 + MONO_S(10));
    disobey_run(&d, true, 100000, 0, T0 + MONO_S(10));
    assert_true(disobey_due(&d, T0 + MONO_S(10)) == T0 + MONO_S(11));
}

static void an_unknown_current_begins_and_ends_nothing(void **state)
{
    struct disobey d = {.since = 0};

    (void)state;
    disobey_run(&d, false, 100000, 0, T0);
    assert_false(disobey_is_over(&d));
    disobey_run(&d, true, 100000, 0, T0);
    assert_int_equal(disobey_run(&d, true, 100000, 0, T0 + MONO_S(10)), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, false, 0, 0, T0 + MONO_S(11)), DISOBEY_ALARM);
    assert_true(disobey_is_over(&d));
    assert_int_equal(disobey_run(&d, true, 0, 0, T0 + MONO_S(61)), DISOBEY_NONE);
}

/* 20 s seen, ten minutes unseen (a silence, a stall of the process), and the other 40 s. */
static void what_nobody_saw_does_not_count(void **state)
{
    struct disobey d = {.since = 0};
    mono_us seen = T0 + MONO_S(20), back = seen + MONO_S(600);

    (void)state;
    disobey_run(&d, true, 100000, 0, T0);
    assert_int_equal(disobey_run(&d, true, 100000, 0, seen), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, false, 0, 0, seen + MONO_S(60)), DISOBEY_ALARM);
    assert_true(disobey_due(&d, seen + MONO_S(60)) == MONO_NEVER);
    assert_int_equal(disobey_run(&d, false, 0, 0, back - 1), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, true, 100000, 0, back), DISOBEY_ALARM);
    assert_true(disobey_due(&d, back) == back + MONO_S(40));
    assert_int_equal(disobey_run(&d, true, 100000, 0, back + MONO_S(40) - 1), DISOBEY_ALARM);
    assert_int_equal(disobey_run(&d, true, 100000, 0, back + MONO_S(40)), DISOBEY_LATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_it_may),
        cmocka_unit_test(no_limit_is_too_high_to_count),
        cmocka_unit_test(alarm_after_10_s_latch_after_60_s),
        cmocka_unit_test(obeying_for_a_moment_begins_anew),
        cmocka_unit_test(a_limit_that_falls_has_3_s_to_be_heard),
        cmocka_unit_test(due_is_the_first_of_both),
        cmocka_unit_test(an_unknown_current_begins_and_ends_nothing),
        cmocka_unit_test(what_nobody_saw_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
