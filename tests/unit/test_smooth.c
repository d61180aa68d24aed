#include "check.h"

#include "core/smooth.h"

static struct smooth published_at_50(void)
{
    struct smooth s = {0};

    assert_int_equal(smooth_run(&s, 5000, 3, false, MONO_S(100)), 5000); /* the first, at once */
    return s;
}

static void a_membership_change_moves_slowly(void **state)
{
    static const struct {
        const char *what;
        int64_t raw;
        unsigned after_s;
        int64_t want;
    } cases[] = {
        {"up: not at once",       6000, 0,   5000},
        {"up: 1 % in 10 s",       6000, 10,  5100},
        {"up: half way",          6000, 50,  5500},
        {"up: there after 100 s", 6000, 100, 6000},
        {"up: and stays",         6000, 200, 6000},
        {"down: not at once",     4500, 0,   5000},
        {"down: 1 % a second",    4500, 1,   4900},
        {"down: there after 5 s", 4500, 5,   4500},
        {"down: and no further",  4500, 50,  4500},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct smooth s = published_at_50();
        int64_t out = smooth_run(&s, cases[i].raw, 1, false, MONO_S(100));

        print_message("  %s\n", cases[i].what);
        for (unsigned ms = 100; ms <= cases[i].after_s * 1000; ms += 100)
            out = smooth_run(&s, cases[i].raw, 1, false, MONO_S(100) + MONO_MS(ms));
        assert_int_equal(out, cases[i].want);
    }
}

static void what_a_battery_corrects_passes_through(void **state)
{
    struct smooth s = published_at_50();

    (void)state;
    assert_int_equal(smooth_run(&s, 7000, 3, false, MONO_S(101)), 7000);
    assert_int_equal(smooth_run(&s, 8000, 1, false, MONO_S(101)), 7000); /* 10 % to go ... */
    assert_int_equal(smooth_run(&s, 7500, 1, false, MONO_S(101)), 6500); /* ... and 5 % less */
}

/* Ten seconds between two calls: 1 % up, ten down. What is left is less. */
static void a_long_step_does_not_go_past_the_value(void **state)
{
    struct smooth s = published_at_50();

    (void)state;
    assert_int_equal(smooth_run(&s, 5050, 1, false, MONO_S(100)), 5000);
    assert_int_equal(smooth_run(&s, 5050, 1, false, MONO_S(110)), 5050);
    assert_int_equal(smooth_run(&s, 4550, 3, false, MONO_S(110)), 5050);
    assert_int_equal(smooth_run(&s, 4550, 3, false, MONO_S(120)), 4550);
}

static void nobody_is_shown_more_than_there_is(void **state)
{
    struct smooth s = published_at_50();

    (void)state;
    assert_int_equal(smooth_run(&s, 1200, 1, true, MONO_S(101)), 1200);
    assert_int_equal(smooth_run(&s, 1600, 1, false, MONO_S(102)),
                     1600); /* nothing left to smooth */
}

static void it_never_leaves_0_to_100(void **state)
{
    struct smooth s = {0};

    (void)state;
    smooth_run(&s, 9900, 1, false, MONO_S(1));
    smooth_run(&s, 5000, 3, false, MONO_S(1));
    assert_int_equal(smooth_run(&s, 9500, 3, false, MONO_S(1)), 10000);
}

/* However long nothing was published: the change of who is counted is seen when it comes back. */
static void a_long_silence_is_no_way_to_a_step(void **state)
{
    struct smooth s = published_at_50();

    (void)state;
    assert_int_equal(smooth_run(&s, 8000, 1, false, MONO_S(100000)), 5000);
    assert_int_equal(smooth_run(&s, 8000, 1, false, MONO_S(100010)), 5100);
}

static void what_is_direct_ends_the_move(void **state)
{
    struct smooth s = published_at_50();

    (void)state;
    assert_int_equal(smooth_run(&s, 8000, 1, false, MONO_S(100)), 5000);
    assert_int_equal(smooth_run(&s, 8000, 1, true, MONO_S(101)), 8000);
    assert_int_equal(smooth_run(&s, 8000, 1, false, MONO_S(102)), 8000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_membership_change_moves_slowly),
        cmocka_unit_test(what_a_battery_corrects_passes_through),
        cmocka_unit_test(a_long_step_does_not_go_past_the_value),
        cmocka_unit_test(nobody_is_shown_more_than_there_is),
        cmocka_unit_test(it_never_leaves_0_to_100),
        cmocka_unit_test(a_long_silence_is_no_way_to_a_step),
        cmocka_unit_test(what_is_direct_ends_the_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
