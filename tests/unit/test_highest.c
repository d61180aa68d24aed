/* The highest value of the last so many seconds, held against a record of everything that was. */
#include "check.h"

#include <string.h>

#include "core/highest.h"

#define WINDOW MONO_S(10)
#define T0 MONO_S(100)

static void nothing_was_ever_told(void **state)
{
    struct highest h = {.n = 0};

    (void)state;
    assert_int_equal(highest_value(&h), 0);
    assert_true(highest_due(&h, WINDOW) == MONO_NEVER);
    highest_pause(&h, T0);
    highest_note(&h, 7, WINDOW, T0 + MONO_S(1));
    assert_int_equal(highest_value(&h), 7);
}

static void a_rise_counts_at_once_and_a_fall_after_the_window(void **state)
{
    struct highest h = {.n = 0};

    (void)state;
    highest_note(&h, 50, WINDOW, T0);
    highest_note(&h, 100, WINDOW, T0 + MONO_S(5));
    assert_int_equal(highest_value(&h), 100);
    assert_true(highest_due(&h, WINDOW) == MONO_NEVER); /* it is still there */
    highest_note(&h, 100, WINDOW, T0 + MONO_S(60));
    highest_note(&h, 0, WINDOW, T0 + MONO_S(61)); /* was 100 until now */
    assert_true(highest_due(&h, WINDOW) == T0 + MONO_S(71));
    highest_note(&h, 0, WINDOW, T0 + MONO_S(71) - 1);
    assert_int_equal(highest_value(&h), 100);
    highest_note(&h, 0, WINDOW, T0 + MONO_S(71));
    assert_int_equal(highest_value(&h), 0);
    assert_true(highest_due(&h, WINDOW) == MONO_NEVER);
}

static void each_step_down_has_its_own_end(void **state)
{
    struct highest h = {.n = 0};

    (void)state;
    highest_note(&h, 100, WINDOW, T0);
    highest_note(&h, 60, WINDOW, T0 + MONO_S(1));
    highest_note(&h, 20, WINDOW, T0 + MONO_S(4));
    highest_note(&h, 20, WINDOW, T0 + MONO_S(11) - 1);
    assert_int_equal(highest_value(&h), 100);
    highest_note(&h, 20, WINDOW, T0 + MONO_S(11));
    assert_int_equal(highest_value(&h), 60);
    highest_note(&h, 20, WINDOW, T0 + MONO_S(14) - 1);
    assert_int_equal(highest_value(&h), 60);
    highest_note(&h, 20, WINDOW, T0 + MONO_S(14));
    assert_int_equal(highest_value(&h), 20);
}

/* 10 s / 100: a step of 100 ms is kept, a shorter one is left out. The first of all is always kept,
 * however short. */
static void a_step_too_short_to_follow_is_left_out(void **state)
{
    static const struct {
        mono_us length;
        int64_t after; /* what counts when the step before it has run out */
    } cases[] = {
        {MONO_MS(100) - 1, 0 },
        {MONO_MS(100),     60},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct highest h = {.n = 0};

        highest_note(&h, 100, WINDOW, T0);
        highest_note(&h, 60, WINDOW, T0 + 1);
        highest_note(&h, 0, WINDOW, T0 + 1 + cases[i].length);
        assert_int_equal(highest_value(&h), 100);
        highest_note(&h, 0, WINDOW, T0 + 1 + WINDOW);
        assert_int_equal(highest_value(&h), cases[i].after);
    }
}

static void what_is_not_known_does_not_last(void **state)
{
    struct highest h = {.n = 0};

    (void)state;
    highest_note(&h, 100, WINDOW, T0);
    highest_pause(&h, T0 + MONO_S(1));
    highest_pause(&h, T0 + MONO_S(8));
    highest_note(&h, 0, WINDOW, T0 + MONO_S(11) - 1);
    assert_int_equal(highest_value(&h), 100);
    highest_note(&h, 0, WINDOW, T0 + MONO_S(11));
    assert_int_equal(highest_value(&h), 0);
    highest_pause(&h, T0 + MONO_S(12)); /* all of it gets too old */
    highest_note(&h, 5, WINDOW, T0 + MONO_S(90));
    assert_int_equal(highest_value(&h), 5);
}

/* ---- random lives ---- */

struct record {
    int64_t value;
    mono_us until;
};

static int64_t highest_in(const struct record *r, unsigned n, mono_us window, mono_us now)
{
    int64_t most = r[n - 1].value; /* there now */

    for (unsigned i = 0; i + 1 < n; i++)
        if (now < r[i].until + window && r[i].value > most)
            most = r[i].value;
    return most;
}

static uint32_t dice(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Steps of at least `least`: exact when none is too short to be kept; otherwise never above the
 * truth, and never below that of a window a hundredth shorter. */
static void live(uint32_t seed, mono_us least, mono_us spread, bool exact)
{
    static struct record past[4000];
    struct highest h = {.n = 0};
    mono_us now = T0;
    int64_t level = 1000;

    for (unsigned n = 1; n <= LEN(past); n++) {
        int64_t truth, shorter;

        if (n > 1)
            past[n - 2].until = now;
        level = dice(&seed) % 50 ? level - 1 - dice(&seed) % 3 : dice(&seed) % 1000;
        past[n - 1] = (struct record){level, 0};
        highest_note(&h, level, WINDOW, now);
        truth = highest_in(past, n, WINDOW, now);
        shorter = highest_in(past, n, WINDOW - WINDOW / HIGHEST_STEPS, now);
        assert_true(h.n <= HIGHEST_STEPS + 1);
        assert_true(highest_value(&h) <= truth);
        assert_true(highest_value(&h) >= (exact ? truth : shorter));
        now += least + dice(&seed) % spread;
    }
}

static void random_lives(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        live(seed, MONO_MS(100), MONO_MS(900), true);
        live(seed, MONO_MS(100), 1, true);
        live(seed, MONO_MS(5), 1, false);
        live(seed, MONO_MS(5), MONO_MS(200), false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_was_ever_told),
        cmocka_unit_test(a_rise_counts_at_once_and_a_fall_after_the_window),
        cmocka_unit_test(each_step_down_has_its_own_end),
        cmocka_unit_test(a_step_too_short_to_follow_is_left_out),
        cmocka_unit_test(what_is_not_known_does_not_last),
        cmocka_unit_test(random_lives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
