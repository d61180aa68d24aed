/* How late control is, over the last minute. */
#include "check.h"

#include "io/jitter.h"

static struct jitter j; /* large */

static void begin(void)
{
    j = (struct jitter){0};
}

static void nothing_measured_is_nothing(void **state)
{
    (void)state;
    begin();
    jitter_set_time(&j, MONO_S(5));
    assert_int_equal(jitter_count(&j), 0);
    assert_int_equal(jitter_max(&j), 0);
    assert_int_equal(jitter_p99(&j), 0);
}

/* Up to 31 us each value is a step of its own; then a step is at most a sixteenth of its value. */
static void one_value_is_told_as_it_is(void **state)
{
    static const mono_us values[] = {0,    1,    15,    16,     17,      31,       32,      33,
                                     1000, 1023, 1024,  5000,   20000,   99999,    100000,  1000000,
                                     47,   48,   65535, 999999, 4194304, 16777215, 12345678};

    (void)state;
    for (size_t i = 0; i < LEN(values); i++) {
        begin();
        jitter_put(&j, MONO_S(1), values[i]);
        assert_int_equal(jitter_count(&j), 1);
        assert_int_equal(jitter_max(&j), values[i]);
        assert_int_equal(jitter_p99(&j), values[i]); /* never above the highest */
    }
}

static void a_step_is_a_sixteenth_wide_at_most(void **state)
{
    (void)state;
    for (mono_us v = 0; v < 16000000; v += 1 + v / 97) {
        begin();
        jitter_put(&j, MONO_S(1), v);
        jitter_put(&j, MONO_S(1), 16777215); /* the highest does not hide the step */
        for (unsigned i = 0; i < 98; i++)
            jitter_put(&j, MONO_S(1), v); /* 99 of 100 */
        assert_in_range(jitter_p99(&j), v, v + v / 16);
    }
}

/* Of 100 values one may lie above, of 99 none. */
static void one_of_a_hundred_may_be_higher(void **state)
{
    static const struct {
        unsigned low, high;
        mono_us p99;
    } cases[] = {
        {98,  1,  30},
        {99,  1,  10},
        {98,  2,  30},
        {198, 2,  10},
        {197, 3,  30},
        {0,   1,  30},
        {990, 10, 10},
        {989, 11, 30},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        begin();
        for (unsigned n = 0; n < cases[i].high; n++)
            jitter_put(&j, MONO_S(1), 30);
        for (unsigned n = 0; n < cases[i].low; n++)
            jitter_put(&j, MONO_S(1), 10);
        print_message("  %u of 10, %u of 30\n", cases[i].low, cases[i].high);
        assert_int_equal(jitter_p99(&j), cases[i].p99);
        assert_int_equal(jitter_max(&j), 30);
    }
}

/* The parts begin with the first value: 100 s, 110 s ... The first part goes when the seventh
 * begins. */
static void what_is_older_than_a_minute_is_forgotten(void **state)
{
    (void)state;
    begin();
    jitter_put(&j, MONO_S(100), 500);
    jitter_put(&j, MONO_S(110) - 1, 400);
    jitter_put(&j, MONO_S(110), 300);
    jitter_set_time(&j, MONO_S(160) - 1);
    assert_int_equal(jitter_max(&j), 500);
    assert_int_equal(jitter_count(&j), 3);
    jitter_set_time(&j, MONO_S(160));
    assert_int_equal(jitter_max(&j), 300);
    assert_int_equal(jitter_count(&j), 1);
    jitter_set_time(&j, MONO_S(170) - 1);
    assert_int_equal(jitter_count(&j), 1);
    jitter_set_time(&j, MONO_S(170));
    assert_int_equal(jitter_count(&j), 0);
    assert_int_equal(jitter_p99(&j), 0);
}

/* Nobody asked and nothing was measured for an hour, or for exactly the whole window. */
static void a_long_pause_forgets_all(void **state)
{
    static const mono_us pauses[] = {MONO_S(69), MONO_S(70), MONO_S(71), MONO_S(3600)};

    (void)state;
    for (size_t i = 0; i < LEN(pauses); i++) {
        begin();
        jitter_put(&j, MONO_S(100), 500);
        jitter_put(&j, MONO_S(100) + pauses[i], 7);
        assert_int_equal(jitter_count(&j), 1);
        assert_int_equal(jitter_max(&j), 7);
        assert_int_equal(jitter_p99(&j), 7);
    }
}

static void a_minute_of_values_is_counted_whole(void **state)
{
    (void)state;
    begin();
    for (unsigned ms = 0; ms < 600000; ms += 5)
        jitter_put(&j, MONO_MS(ms), ms % 100);
    assert_int_equal(jitter_count(&j), 12000); /* 200 a second; the last part has just ended */
    assert_int_equal(jitter_max(&j), 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_measured_is_nothing),
        cmocka_unit_test(one_value_is_told_as_it_is),
        cmocka_unit_test(a_step_is_a_sixteenth_wide_at_most),
        cmocka_unit_test(one_of_a_hundred_may_be_higher),
        cmocka_unit_test(what_is_older_than_a_minute_is_forgotten),
        cmocka_unit_test(a_long_pause_forgets_all),
        cmocka_unit_test(a_minute_of_values_is_counted_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
