/* Shares are in 1e-9 of the current; 30 s of first order: a step of 1 s takes 1/30 of the way. */
#include "check.h"

#include <string.h>

#include "core/shares.h"

struct bench {
    struct battery b[MAX_CLUSTERS];
    struct part part[MAX_CLUSTERS];
    unsigned n;
    struct shares s;
};

/* Clusters of 100 Ah each, all joined, that carry so many mA (charging is positive). */
static void bench_init(struct bench *t, unsigned n, int64_t a, int64_t b, int64_t c)
{
    const int64_t mA[] = {a, b, c};

    memset(t, 0, sizeof(*t));
    t->n = n;
    for (unsigned i = 0; i < n; i++) {
        t->part[i] = (struct part){.b = &t->b[i], .joined = true, .capacity_mAh = 100000};
        signal_set(&t->b[i].s, SIG_CURRENT, mA[i], 0);
    }
}

static void carry(struct bench *t, unsigned i, int64_t mA)
{
    signal_set(&t->b[i].s, SIG_CURRENT, mA, 0);
}

static void run(struct bench *t, enum direction direction, int64_t limit, mono_us dt)
{
    shares_run(&t->s, t->part, t->n, direction, limit, dt);
}

/* 60 and 20 A: three quarters and a quarter, from one half each. */
static void shares_move_to_what_is_seen(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 2, 60000, 20000, 0);
    run(&t, CHARGE, 200000, 0);
    assert_true(t.s.used);
    assert_int_equal(t.s.ppb[0], 500000000);
    assert_int_equal(t.s.ppb[1], 500000000);
    run(&t, CHARGE, 200000, MONO_S(1)); /* 0.5 + 0.25 / 30 */
    assert_int_equal(t.s.ppb[0], 508333333);
    assert_int_equal(t.s.ppb[1], 491666667);
    for (unsigned i = 1; i < 300; i++)
        run(&t, CHARGE, 200000, MONO_MS(100));
    assert_in_range(t.s.ppb[0], 650000000, 665000000); /* 63 % of the way after 30 s: 0.658 */
    for (unsigned i = 0; i < 400; i++)
        run(&t, CHARGE, 200000, MONO_S(1));
    assert_in_range(t.s.ppb[0], 749999000, 750000000);
    assert_in_range(t.s.ppb[1], 250000000, 250001000);
}

static void each_direction_sees_its_own_current(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 2, -60000, -20000, 0);
    run(&t, CHARGE, 200000, MONO_S(1));
    assert_false(t.s.used);
    assert_int_equal(t.s.ppb[0], 500000000);
    run(&t, DISCHARGE, 200000, MONO_S(1));
    assert_true(t.s.used);
    assert_int_equal(t.s.ppb[0], 508333333);
    bench_init(&t, 2, 60000, 20000, 0);
    run(&t, DISCHARGE, 200000, MONO_S(1));
    assert_false(t.s.used);
}

/* Above 10 % of the limit, above 2 A a cluster, all of one sign, all known. */
static void when_they_are_used(void **state)
{
    static const struct {
        const char *what;
        int64_t a, b, limit;
        bool used;
    } cases[] = {
        {"10 % of the limit",        10000, 10000,  200000, false},
        {"above it",                 10001, 10000,  200000, true },
        {"2 A a cluster",            2000,  2000,   0,      false},
        {"above it",                 2001,  2000,   0,      true },
        {"one of them carries none", 60000, 0,      200000, true },
        {"one the other way",        60000, -1,     200000, false},
        {"the first the other way",  -1,    60000,  200000, false},
        {"all the other way",        -1000, -60000, 200000, false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t, 2, cases[i].a, cases[i].b, 0);
        run(&t, CHARGE, cases[i].limit, MONO_S(1));
        assert_int_equal(t.s.used, cases[i].used);
        assert_int_equal(t.s.ppb[0] != 500000000, cases[i].used && cases[i].a != cases[i].b);
    }
}

static void a_current_that_is_not_known_measures_nothing(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 2, 60000, 20000, 0);
    signal_forget(&t.b[1].s, SIG_CURRENT);
    run(&t, CHARGE, 200000, MONO_S(1));
    assert_false(t.s.used);
    assert_int_equal(t.s.ppb[0], 500000000);
    t.part[1].joined = false; /* of who is not there nothing need be known */
    run(&t, CHARGE, 200000, MONO_S(1));
    assert_true(t.s.used);
}

/* What was measured is kept while too little flows. */
static void a_pause_forgets_nothing(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 2, 60000, 20000, 0);
    run(&t, CHARGE, 200000, MONO_S(1));
    carry(&t, 0, 1000);
    carry(&t, 1, 3000);
    run(&t, CHARGE, 200000, MONO_S(1));
    assert_false(t.s.used);
    assert_int_equal(t.s.ppb[0], 508333333);
    assert_int_equal(t.s.ppb[1], 491666667);
}

static void set_shares(struct bench *t, int64_t a, int64_t b, int64_t c)
{
    t->s = (struct shares){
        .members = (1u << t->n) - 1, .ppb = {a, b, c}
    };
}

/* 0.6, 0.2 and 0.2; the last falls silent. The others are measured among themselves: of the 0.8
 * that can be seen 60 A of 120 are a half; and it stays in use when too little of the current is
 * seen. */
static void a_ghost_keeps_its_share(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 3, 60000, 60000, 60000);
    set_shares(&t, 600000000, 200000000, 200000000);
    t.part[2].joined = false;
    t.part[2].ghost = true;
    run(&t, CHARGE, 300000, MONO_S(1));
    assert_true(t.s.used);
    assert_int_equal(t.s.ppb[0], 593333334); /* 0.6 - 0.2 / 30 */
    assert_int_equal(t.s.ppb[1], 206666666); /* 0.2 + 0.2 / 30 */
    assert_int_equal(t.s.ppb[2], 200000000);
    carry(&t, 0, 1000);
    carry(&t, 1, 1000);
    run(&t, CHARGE, 300000, MONO_S(1));
    assert_true(t.s.used);
    assert_int_equal(t.s.ppb[0], 593333334);
    t.part[2].ghost = false; /* proven open: now too little is too little */
    run(&t, CHARGE, 300000, MONO_S(1));
    assert_false(t.s.used);
}

static void a_ghost_brings_nothing_into_use(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 2, 1000, 1000, 0);
    t.part[1].joined = false;
    t.part[1].ghost = true;
    run(&t, CHARGE, 300000, MONO_S(1));
    assert_false(t.s.used);
}

/* 0.6, 0.2 and 0.2; the first leaves: one half each of what is left. */
static void who_leaves_takes_its_share_along(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 3, 0, 0, 0);
    set_shares(&t, 600000000, 200000000, 200000000);
    t.part[0].joined = false;
    run(&t, CHARGE, 300000, MONO_S(1));
    assert_int_equal(t.s.members, 6);
    assert_int_equal(t.s.ppb[0], 0);
    assert_int_equal(t.s.ppb[1], 500000000);
    assert_int_equal(t.s.ppb[2], 500000000);
}

/* 0.75 and 0.25 of 100 Ah each; a third of 200 Ah has half of all, the others half as much as
 * before. */
static void who_comes_begins_with_its_capacity(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 3, 0, 0, 0);
    t.part[2].capacity_mAh = 200000;
    t.s = (struct shares){
        .members = 3, .ppb = {750000000, 250000000}
    };
    run(&t, CHARGE, 300000, MONO_S(1));
    assert_int_equal(t.s.members, 7);
    assert_int_equal(t.s.ppb[0], 375000000);
    assert_int_equal(t.s.ppb[1], 125000000);
    assert_int_equal(t.s.ppb[2], 500000000);
}

/* Who carried all has gone, and nothing is known about the others: shares by capacity. */
static void nothing_left_begins_anew(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 3, 0, 0, 0);
    set_shares(&t, 1000000000, 0, 0);
    t.part[2].capacity_mAh = 300000;
    t.part[0].joined = false;
    run(&t, CHARGE, 300000, MONO_S(1));
    assert_int_equal(t.s.members, 6);
    assert_int_equal(t.s.ppb[0], 0);
    assert_int_equal(t.s.ppb[1], 250000000);
    assert_int_equal(t.s.ppb[2], 750000000);
}

/* The smallest capacity beside the largest that can be configured: nothing overflows. */
static void very_unequal_capacities(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 3, 3000000, 3000000, 3000000);
    t.part[0].capacity_mAh = 1;
    t.part[1].capacity_mAh = 65535000;
    t.part[2].capacity_mAh = 0;
    run(&t, CHARGE, 300000, MONO_S(1));
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(t.s.ppb[i], 0, 1000000000);
    bench_init(&t, 2, 60000, 20000, 0);
    t.part[0].capacity_mAh = t.part[1].capacity_mAh = 0; /* nobody knows anything */
    run(&t, CHARGE, 200000, MONO_S(1));
    assert_int_equal(t.s.ppb[0], 0);
    assert_int_equal(t.s.ppb[1], 0);
}

/* Two are configured; what lies behind them is nobody. */
static void who_is_not_configured_is_nobody(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 3, 60000, 20000, -500000);
    t.n = 2;
    t.part[2].ghost = true;
    t.s.ppb[2] = 700000000;
    run(&t, CHARGE, 200000, MONO_S(1));
    assert_int_equal(t.s.members, 3);
    assert_int_equal(t.s.ppb[0], 508333333);
    assert_int_equal(t.s.ppb[1], 491666667);
    assert_int_equal(t.s.ppb[2], 700000000);
    carry(&t, 0, 0);
    carry(&t, 1, 0);
    run(&t, CHARGE, 200000, MONO_S(1));
    assert_false(t.s.used); /* no ghost that keeps it in use */
}

/* What lies behind the last cluster is nobody. */
static void there_is_nobody_behind_the_last(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t, 3, 50000, 50000, 50000);
    t.n = 2;
    run(&t, CHARGE, 200000, 0);
    assert_int_equal(t.s.members, 3);
    assert_int_equal(t.s.ppb[0], 500000000);
    t.s.ppb[2] = 7; /* and nobody touches it */
    t.part[1].joined = false;
    run(&t, CHARGE, 200000, 0);
    assert_int_equal(t.s.ppb[0], 1000000000);
    assert_int_equal(t.s.ppb[2], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_move_to_what_is_seen),
        cmocka_unit_test(each_direction_sees_its_own_current),
        cmocka_unit_test(when_they_are_used),
        cmocka_unit_test(a_current_that_is_not_known_measures_nothing),
        cmocka_unit_test(a_pause_forgets_nothing),
        cmocka_unit_test(a_ghost_keeps_its_share),
        cmocka_unit_test(a_ghost_brings_nothing_into_use),
        cmocka_unit_test(who_leaves_takes_its_share_along),
        cmocka_unit_test(who_comes_begins_with_its_capacity),
        cmocka_unit_test(nothing_left_begins_anew),
        cmocka_unit_test(very_unequal_capacities),
        cmocka_unit_test(who_is_not_configured_is_nobody),
        cmocka_unit_test(there_is_nobody_behind_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
