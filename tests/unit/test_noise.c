/* When a line is called garbage: ten broken frames and 30 s without a good one. */
#include "check.h"

#include "io/noise.h"

static void only_garbage_is_told(void **state)
{
    static const struct {
        const char *what;
        unsigned good, broken; /* frames each second */
        unsigned seconds, told_at;
    } cases[] = {
        {"one broken frame a second",     0, 1,    40, 30},
        {"many",                          0, 9999, 40, 30},
        {"beside a good one each second", 1, 5,    90, 0 },
        {"nothing at all",                0, 0,    90, 0 },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct noise n = {0};
        unsigned good = 0, broken = 0, told_at = 0;

        print_message("  %s\n", cases[i].what);
        for (unsigned s = 0; s <= cases[i].seconds; s++) {
            good += cases[i].good;
            broken += cases[i].broken;
            if (noise_look(&n, (uint16_t)good, (uint16_t)broken, MONO_S(100 + s)) && !told_at)
                told_at = s;
        }
        assert_int_equal(told_at, cases[i].told_at);
        assert_int_equal(n.only, told_at != 0);
    }
}

static void the_bounds(void **state)
{
    struct noise n = {0};

    (void)state;
    print_message("  nine frames are too few, the tenth is told\n");
    assert_false(noise_look(&n, 0, 1, MONO_S(1)));
    assert_false(noise_look(&n, 0, 9, MONO_S(60)));
    assert_true(noise_look(&n, 0, 10, MONO_S(60)));
    print_message("  a millisecond before 30 s, and at 30 s\n");
    n = (struct noise){0};
    assert_false(noise_look(&n, 0, 20, MONO_S(1)));
    assert_false(noise_look(&n, 0, 21, MONO_S(31) - MONO_MS(1)));
    assert_false(n.only);
    assert_true(noise_look(&n, 0, 22, MONO_S(31)));
    assert_true(n.only);
    print_message("  told again after a minute, not before\n");
    assert_false(noise_look(&n, 0, 23, MONO_S(91) - 1));
    assert_true(noise_look(&n, 0, 24, MONO_S(91)));
    print_message("  nothing new is nothing to tell\n");
    assert_false(noise_look(&n, 0, 24, MONO_S(300)));
    print_message("  a good frame ends it, and 30 s begin anew\n");
    assert_false(noise_look(&n, 1, 25, MONO_S(301)));
    assert_false(n.only);
    assert_false(noise_look(&n, 1, 40, MONO_S(302)));
    assert_false(noise_look(&n, 1, 41, MONO_S(332) - 1));
    assert_true(noise_look(&n, 1, 42, MONO_S(332)));
}

static void counters_wrap(void **state)
{
    struct noise n = {.good = 65535, .broken = 65530};

    (void)state;
    assert_false(noise_look(&n, 65535, 65535, MONO_S(1)));
    assert_true(noise_look(&n, 65535, 4, MONO_S(31)));
    assert_int_equal(n.run, 10);
    assert_false(noise_look(&n, 0, 5, MONO_S(32)));
    assert_false(n.only);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_garbage_is_told),
        cmocka_unit_test(the_bounds),
        cmocka_unit_test(counters_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
