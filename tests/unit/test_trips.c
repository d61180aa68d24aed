/* Rules 10 and 11 of the HeSU 4K4 PRO manual, REV.1.06, section 13: reconnects by itself three
 * times, the fourth trip is a latch; forgotten after 24 h, kept over restarts. */
#include "check.h"

#include <string.h>

#include "core/trips.h"

#define T0 MONO_S(100)
#define DAY MONO_S(86400)

/* A trip of one second; the time moves on to its end. */
static bool trip(struct trips *t, mono_us *now)
{
    bool latch = trips_run(t, true, *now);

    *now += MONO_S(1);
    assert_false(trips_run(t, false, *now));
    return latch;
}

static void the_fourth_trip_latches(void **state)
{
    struct trips t = {.count = 0};
    mono_us now = T0;

    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        assert_false(trip(&t, &now));
        assert_int_equal(t.count, i);
    }
    assert_true(trip(&t, &now));
    assert_true(trip(&t, &now)); /* and each one after it */
    assert_int_equal(t.count, 5);
}

/* It is the begin that counts, not how long it lasts or how often one looks. */
static void a_trip_counts_once(void **state)
{
    struct trips t = {.count = 0};

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        assert_false(trips_run(&t, true, T0 + MONO_MS(100) * i));
    assert_int_equal(t.count, 1);
    for (unsigned i = 0; i < 10; i++)
        assert_false(trips_run(&t, false, T0 + MONO_S(200)));
    assert_int_equal(t.count, 1);
}

static void forgotten_24_h_after_the_last(void **state)
{
    struct trips t = {.count = 0};
    mono_us now = T0, end;

    (void)state;
    assert_true(trips_due(&t) == MONO_NEVER);
    for (unsigned i = 0; i < 3; i++)
        trip(&t, &now);
    end = now;
    assert_true(trips_due(&t) == end + DAY);
    assert_false(trips_run(&t, false, end + DAY - 1));
    assert_int_equal(t.count, 3);
    assert_false(trips_run(&t, false, end + DAY));
    assert_int_equal(t.count, 0);
    assert_true(trips_due(&t) == MONO_NEVER);
}

/* The next trip comes one microsecond before, or at the very moment. */
static void a_trip_at_the_edge_of_24_h(void **state)
{
    static const struct {
        mono_us early;
        bool latch;
        unsigned count;
    } cases[] = {
        {1, true,  4},
        {0, false, 1},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct trips t = {.count = 0};
        mono_us now = T0;

        for (unsigned k = 0; k < 3; k++)
            trip(&t, &now);
        assert_true(trips_run(&t, true, now + DAY - cases[i].early) == cases[i].latch);
        assert_int_equal(t.count, cases[i].count);
    }
}

static void each_trip_begins_the_24_h_anew(void **state)
{
    struct trips t = {.count = 0};
    mono_us now = T0;

    (void)state;
    trip(&t, &now);
    now += DAY - MONO_S(2);
    trip(&t, &now);
    now += DAY - MONO_S(2);
    trip(&t, &now);
    now += DAY - MONO_S(2);
    assert_true(trip(&t, &now));
}

/* Two days in protection: the 24 h begin at its end. */
static void a_trip_that_lasts_is_not_forgotten(void **state)
{
    struct trips t = {.count = 0};

    (void)state;
    trips_run(&t, true, T0);
    assert_true(trips_due(&t) == MONO_NEVER);
    trips_run(&t, true, T0 + DAY);
    trips_run(&t, true, T0 + 2 * DAY);
    assert_int_equal(t.count, 1);
    trips_run(&t, false, T0 + 2 * DAY + MONO_S(1));
    trips_run(&t, false, T0 + 3 * DAY + MONO_S(1) - 1);
    assert_int_equal(t.count, 1);
    trips_run(&t, false, T0 + 3 * DAY + MONO_S(1));
    assert_int_equal(t.count, 0);
}

static void reset_begins_at_none(void **state)
{
    struct trips t = {.count = 0};
    mono_us now = T0;

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        trip(&t, &now);
    trips_reset(&t);
    trips_reset(&t); /* nothing more to do */
    assert_int_equal(t.count, 0);
    assert_true(trips_due(&t) == MONO_NEVER);
    for (unsigned i = 0; i < 3; i++)
        assert_false(trip(&t, &now));
    assert_true(trip(&t, &now));
}

static void reset_in_a_trip_does_not_count_it_again(void **state)
{
    struct trips t = {.count = 0};

    (void)state;
    trips_run(&t, true, T0);
    trips_reset(&t);
    trips_run(&t, true, T0 + MONO_S(1));
    trips_run(&t, false, T0 + MONO_S(2));
    assert_int_equal(t.count, 0);
    assert_true(trips_due(&t) == MONO_NEVER);
}

/* ---- over a restart ---- */

static void the_count_and_its_time_survive(void **state)
{
    struct trips t = {.count = 0}, u = {.count = 0};
    mono_us now = T0;
    uint64_t kept;

    (void)state;
    assert_true(trips_pack(&t, now) == 0);
    for (unsigned i = 0; i < 3; i++)
        trip(&t, &now);
    assert_true(trips_pack(&t, now) == (3 | 1440 << 8));
    now += MONO_S(3600); /* 23 h are left */
    assert_true(trips_pack(&t, now - 1) == (3 | 1381 << 8));
    kept = trips_pack(&t, now);
    assert_true(kept == (3 | 1380 << 8));
    assert_true(trips_pack(&t, now + 1) == (3 | 1380 << 8)); /* rounded up */

    now = MONO_S(5); /* another boot, another clock */
    trips_unpack(&u, kept, now);
    assert_int_equal(u.count, 3);
    assert_true(trips_due(&u) == now + MONO_S(23 * 3600));
    assert_true(trip(&u, &now));
}

static void the_last_minute_is_kept_as_one(void **state)
{
    struct trips t = {.count = 0};
    mono_us now = T0;

    (void)state;
    trip(&t, &now);
    assert_true(trips_pack(&t, now + DAY - 1) == (1 | 1 << 8));
}

/* On when the process went down, and still on after it came up: one trip. Gone meanwhile, and then
 * a new one: two. */
static void a_restart_in_the_middle_of_a_trip(void **state)
{
    struct trips t = {.count = 0}, u, v;
    uint64_t kept;

    (void)state;
    trips_run(&t, true, T0);
    kept = trips_pack(&t, T0 + MONO_S(1));
    assert_true(kept == (UINT64_C(1) << 32 | 1440 << 8 | 1));
    trips_unpack(&u, kept, T0);
    assert_false(trips_run(&u, true, T0 + MONO_S(2)));
    assert_int_equal(u.count, 1);
    trips_unpack(&v, kept, T0);
    trips_run(&v, false, T0 + MONO_S(2));
    trips_run(&v, true, T0 + MONO_S(3));
    assert_int_equal(v.count, 2);
}

/* Whatever the store brings: no time longer than 24 h, no count that never ends, none forgotten at
 * once. */
static void odd_words_from_the_store(void **state)
{
    static const struct {
        const char *what;
        uint64_t kept;
        unsigned count;
        mono_us left; /* 0: nothing to forget */
        bool on;
    } cases[] = {
        {"nothing",                0,                 0,   0,          false},
        {"a time without a count", 77 << 8,           0,   0,          false},
        {"a trip without a count", UINT64_C(1) << 32, 0,   0,          false},
        {"a count without a time", 2,                 2,   DAY,        false},
        {"one minute",             2 | 1 << 8,        2,   MONO_S(60), false},
        {"24 h",                   2 | 1440 << 8,     2,   DAY,        false},
        {"one minute more",        2 | 1441 << 8,     2,   DAY,        false},
        {"every bit",              UINT64_MAX,        255, DAY,        true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct trips t;

        memset(&t, 0xA5, sizeof(t));
        print_message("  %s\n", cases[i].what);
        trips_unpack(&t, cases[i].kept, T0);
        assert_int_equal(t.count, cases[i].count);
        assert_true(t.forget_at == (cases[i].left ? T0 + cases[i].left : 0));
        assert_true(t.on == cases[i].on);
    }
}

static void the_count_does_not_run_over(void **state)
{
    struct trips t = {.count = 0};
    mono_us now = T0;

    (void)state;
    for (unsigned i = 1; i <= 300; i++)
        assert_true(trip(&t, &now) == (i > TRIPS_ALLOWED));
    assert_true(trips_pack(&t, now) == (255 | 1440 << 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fourth_trip_latches),
        cmocka_unit_test(a_trip_counts_once),
        cmocka_unit_test(forgotten_24_h_after_the_last),
        cmocka_unit_test(a_trip_at_the_edge_of_24_h),
        cmocka_unit_test(each_trip_begins_the_24_h_anew),
        cmocka_unit_test(a_trip_that_lasts_is_not_forgotten),
        cmocka_unit_test(reset_begins_at_none),
        cmocka_unit_test(reset_in_a_trip_does_not_count_it_again),
        cmocka_unit_test(the_count_and_its_time_survive),
        cmocka_unit_test(the_last_minute_is_kept_as_one),
        cmocka_unit_test(a_restart_in_the_middle_of_a_trip),
        cmocka_unit_test(odd_words_from_the_store),
        cmocka_unit_test(the_count_does_not_run_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
