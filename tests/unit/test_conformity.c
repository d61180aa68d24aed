#include "check.h"

#include <string.h>

#include "config_profile.h"
#include "core/conformity.h"

#define N 5

struct bench {
    struct battery b[N];
    struct part part[N];
    struct conformity c[N];
    bool candidate[N];
    bool settled;
};

static void bench_init(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->settled = true;
    for (unsigned i = 0; i < N; i++) {
        t->part[i] = (struct part){
            .b = &t->b[i], .profile = profile_find("weco-4k4-pro"), .joined = true, .modules = 5};
        signal_set(&t->b[i].s, SIG_SOC, 5000, 0);
        signal_set(&t->b[i].s, SIG_VOLTAGE, 52000, 0);
    }
}

static void put(struct bench *t, unsigned i, enum signal sig, int64_t v)
{
    signal_set(&t->b[i].s, sig, v, 0);
}

static unsigned judged(struct bench *t, unsigned n, unsigned i, mono_us now)
{
    conformity_run(t->c, t->part, t->candidate, t->settled, n, now);
    return t->c[i].bits;
}

static void equals_are_ready(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(judged(&t, N, i, MONO_S(1)), 0);
}

static void each_difference_has_its_bit(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[1].modules = 4;
    assert_int_equal(judged(&t, 2, 0, MONO_S(1)), CONFORMITY_COUNT);
    t.part[1].modules = 5;
    put(&t, 0, SIG_FIRMWARE, 0x0445);
    assert_int_equal(judged(&t, 2, 0, MONO_S(1)), 0); /* the other does not tell */
    put(&t, 1, SIG_FIRMWARE, 0x0444);
    assert_int_equal(judged(&t, 2, 1, MONO_S(1)), CONFORMITY_FIRMWARE);
    put(&t, 1, SIG_FIRMWARE, 0x0445);
    put(&t, 1, SIG_VOLTAGE, 56000); /* mean 54 V: 2 V away, not more */
    assert_int_equal(judged(&t, 2, 0, MONO_S(1)), 0);
    put(&t, 1, SIG_VOLTAGE, 56002);
    assert_int_equal(judged(&t, 2, 0, MONO_S(1)), CONFORMITY_VOLTAGE);
}

static void soc_comes_back_within_five_percent_for_half_a_minute(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 1, SIG_SOC, 7000); /* mean 60 %: 10 % away, not more */
    assert_int_equal(judged(&t, 2, 0, MONO_S(1)), 0);
    put(&t, 1, SIG_SOC, 7002);
    assert_int_equal(judged(&t, 2, 0, MONO_S(2)), CONFORMITY_SOC);
    put(&t, 1, SIG_SOC, 6002); /* 5.01 % */
    assert_int_equal(judged(&t, 2, 0, MONO_S(100)), CONFORMITY_SOC);
    put(&t, 1, SIG_SOC, 6000); /* 5 % */
    assert_int_equal(judged(&t, 2, 0, MONO_S(101)), CONFORMITY_SOC);
    assert_int_equal(judged(&t, 2, 0, MONO_S(131) - 1), CONFORMITY_SOC);
    put(&t, 1, SIG_SOC, 6100); /* away again: the half minute begins anew */
    assert_int_equal(judged(&t, 2, 0, MONO_S(131) - 1), CONFORMITY_SOC);
    put(&t, 1, SIG_SOC, 6000);
    assert_int_equal(judged(&t, 2, 0, MONO_S(132)), CONFORMITY_SOC);
    assert_int_equal(judged(&t, 2, 0, MONO_S(162)), 0);
}

static void the_half_minute_is_due(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    judged(&t, 2, 0, MONO_S(1));
    assert_int_equal(conformity_due(&t.c[1]), MONO_NEVER);
    put(&t, 1, SIG_SOC, 7002);
    judged(&t, 2, 0, MONO_S(2));
    assert_int_equal(conformity_due(&t.c[1]), MONO_NEVER);
    put(&t, 1, SIG_SOC, 5000);
    judged(&t, 2, 0, MONO_S(3));
    assert_int_equal(conformity_due(&t.c[1]), MONO_S(33));
    assert_int_equal(judged(&t, 2, 1, MONO_S(33) - 1), CONFORMITY_SOC);
    assert_int_equal(judged(&t, 2, 1, MONO_S(33)), 0);
    assert_int_equal(conformity_due(&t.c[1]), MONO_NEVER);
}

static void a_silent_cluster_stays_marked_and_is_watched_anew(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 1, SIG_SOC, 7002);
    judged(&t, 2, 1, MONO_S(1));
    put(&t, 1, SIG_SOC, 5000);
    judged(&t, 2, 1, MONO_S(2));
    t.part[1].joined = false;
    assert_int_equal(judged(&t, 2, 1, MONO_S(3)), 0); /* not judged: no bits */
    assert_int_equal(conformity_due(&t.c[1]), MONO_NEVER);
    t.candidate[1] = true; /* back as a candidate: one lost frame is no way in */
    assert_int_equal(judged(&t, 2, 1, MONO_S(10)), CONFORMITY_SOC);
    assert_int_equal(judged(&t, 2, 1, MONO_S(40) - 1), CONFORMITY_SOC);
    assert_int_equal(judged(&t, 2, 1, MONO_S(40)), 0);
}

static void a_soc_that_is_not_told_is_not_close(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 1, SIG_SOC, 7002);
    judged(&t, 2, 1, MONO_S(1));
    signal_forget(&t.b[1].s, SIG_SOC);
    judged(&t, 2, 1, MONO_S(2));
    assert_int_equal(judged(&t, 2, 1, MONO_S(100)), CONFORMITY_SOC);
    signal_forget(&t.b[0].s, SIG_SOC); /* nobody tells */
    assert_int_equal(judged(&t, 2, 1, MONO_S(200)), CONFORMITY_SOC);
    assert_int_equal(conformity_due(&t.c[1]), MONO_NEVER);
    bench_init(&t); /* against nobody's voltage nobody is far */
    signal_forget(&t.b[0].s, SIG_VOLTAGE);
    t.part[1].joined = false;
    t.candidate[1] = true;
    assert_int_equal(judged(&t, 2, 1, MONO_S(1)), 0);
}

static void others_are_not_judged(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[1].joined = false;
    t.part[1].modules = 9;
    put(&t, 1, SIG_FIRMWARE, 0x0100);
    put(&t, 0, SIG_FIRMWARE, 0x0445);
    put(&t, 1, SIG_SOC, 100);
    put(&t, 1, SIG_VOLTAGE, 40000);
    assert_int_equal(judged(&t, 2, 0, MONO_S(1)), 0);
    assert_int_equal(judged(&t, 2, 1, MONO_S(1)), 0);
}

static void a_firmware_that_is_too_old_is_not_conform(void **state)
{
    struct profile own = *profile_find("weco-4k4-pro");

    (void)state;
    own.firmware_min = 0x0357; /* "older than 3.57 must be upgraded for the HUB" */
    for (unsigned joined = 0; joined < 2; joined++) {
        struct bench t;

        bench_init(&t);
        t.part[0].profile = t.part[1].profile = &own;
        t.part[1].joined = joined;
        t.candidate[1] = !joined;
        put(&t, 1, SIG_FIRMWARE, 0x0357);
        assert_int_equal(judged(&t, 2, 1, MONO_S(1)), 0);
        put(&t, 1, SIG_FIRMWARE, 0x0356);
        assert_int_equal(judged(&t, 2, 1, MONO_S(1)), CONFORMITY_FIRMWARE);
        assert_int_equal(judged(&t, 2, 0, MONO_S(1)), 0); /* it does not tell */
    }
}

/* ---- the join guard ---- */

/* Cluster i is not counted, and could be. */
static void wants_in(struct bench *t, unsigned i)
{
    t->part[i].joined = false;
    t->candidate[i] = true;
}

static void a_candidate_is_held_against_the_joined_mean(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    wants_in(&t, 2);
    put(&t, 0, SIG_VOLTAGE, 51000);
    put(&t, 1, SIG_VOLTAGE, 53000);
    put(&t, 2, SIG_VOLTAGE, 54000); /* 2 V from the mean of 52 V; its own does not count */
    assert_int_equal(judged(&t, 3, 2, MONO_S(1)), 0);
    put(&t, 2, SIG_VOLTAGE, 54001);
    assert_int_equal(judged(&t, 3, 2, MONO_S(1)), CONFORMITY_VOLTAGE);
    put(&t, 2, SIG_VOLTAGE, 49999);
    assert_int_equal(judged(&t, 3, 2, MONO_S(1)), CONFORMITY_VOLTAGE);
    put(&t, 2, SIG_VOLTAGE, 50000);
    put(&t, 0, SIG_SOC, 4000);
    put(&t, 1, SIG_SOC, 6000);
    put(&t, 2, SIG_SOC, 6000); /* 10 % from 50 % */
    assert_int_equal(judged(&t, 3, 2, MONO_S(1)), 0);
    put(&t, 2, SIG_SOC, 6001);
    assert_int_equal(judged(&t, 3, 2, MONO_S(1)), CONFORMITY_SOC);
    put(&t, 2, SIG_SOC, 5501);
    judged(&t, 3, 2, MONO_S(2));
    assert_int_equal(judged(&t, 3, 2, MONO_S(40)), CONFORMITY_SOC);
    put(&t, 2, SIG_SOC, 5500); /* 5 % for half a minute */
    assert_int_equal(judged(&t, 3, 2, MONO_S(40)), CONFORMITY_SOC);
    assert_int_equal(judged(&t, 3, 2, MONO_S(70) - 1), CONFORMITY_SOC);
    assert_int_equal(judged(&t, 3, 2, MONO_S(70)), 0);
}

static void a_candidate_moves_nobody_else(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    wants_in(&t, 1);
    t.part[1].modules = 3;
    put(&t, 1, SIG_SOC, 9000);
    put(&t, 1, SIG_VOLTAGE, 57000);
    assert_int_equal(judged(&t, 2, 0, MONO_S(1)), 0);
    assert_int_equal(judged(&t, 2, 1, MONO_S(1)),
                     CONFORMITY_COUNT | CONFORMITY_SOC | CONFORMITY_VOLTAGE);
}

/* The joined ones may differ among themselves: nobody could be like all of them. */
static void a_candidate_is_held_against_most_of_them(void **state)
{
    static const struct {
        const char *what;
        unsigned like[3]; /* 5 modules or firmware 5, as the candidate, or another */
        bool refused;
    } cases[] = {
        {"all are like it",                    {5, 5, 5}, false},
        {"two are",                            {5, 4, 5}, false},
        {"one is, and one tells nothing else", {5, 4, 0}, false},
        {"one is, two are not",                {4, 5, 4}, true },
        {"none is",                            {4, 4, 4}, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;
        bool two_joined = !cases[i].like[2];

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        wants_in(&t, 3);
        for (unsigned k = 0; k < 3; k++)
            t.part[k].modules = cases[i].like[k];
        t.part[2].joined = !two_joined;
        assert_int_equal(judged(&t, 4, 3, MONO_S(1)), cases[i].refused ? CONFORMITY_COUNT : 0);
        bench_init(&t);
        wants_in(&t, 3);
        put(&t, 3, SIG_FIRMWARE, 0x0405);
        for (unsigned k = 0; k < 3; k++)
            if (cases[i].like[k])
                put(&t, k, SIG_FIRMWARE, 0x0400 + cases[i].like[k]);
        assert_int_equal(judged(&t, 4, 3, MONO_S(1)), cases[i].refused ? CONFORMITY_FIRMWARE : 0);
    }
}

/* ---- the reference at the start ---- */

/* Everybody wants in, and the hub waits. */
static void start(struct bench *t)
{
    bench_init(t);
    t->settled = false;
    for (unsigned i = 0; i < N; i++)
        wants_in(t, i);
}

static void expect(struct bench *t, unsigned n, const unsigned *bits)
{
    conformity_run(t->c, t->part, t->candidate, t->settled, n, MONO_S(1));
    for (unsigned i = 0; i < n; i++)
        if (t->c[i].bits != bits[i])
            fail_msg("cluster %u: bits %u, not %u", i + 1, t->c[i].bits, bits[i]);
}

#define EXPECT(t, ...)                                                                             \
    do {                                                                                           \
        const unsigned bits_[] = {__VA_ARGS__};                                                    \
        expect(&(t), LEN(bits_), bits_);                                                           \
    } while (0)

static void with_nobody_joined_the_largest_group_counts(void **state)
{
    struct bench t;

    (void)state;
    start(&t);
    put(&t, 0, SIG_SOC, 9000); /* 1 and 2 agree, 3 to 5 agree */
    put(&t, 1, SIG_SOC, 9000);
    EXPECT(t, CONFORMITY_SOC, CONFORMITY_SOC, 0, 0, 0);
    start(&t);
    t.settled = true; /* settled or not, as long as none is joined */
    t.part[1].modules = 4;
    EXPECT(t, 0, CONFORMITY_COUNT, 0);
    start(&t);
    put(&t, 0, SIG_FIRMWARE, 0x0444);
    put(&t, 1, SIG_FIRMWARE, 0x0445);
    put(&t, 2, SIG_FIRMWARE, 0x0445);
    EXPECT(t, CONFORMITY_FIRMWARE, 0, 0, 0);
    start(&t); /* one alone agrees with itself; without any nothing is judged */
    EXPECT(t, 0);
    t.candidate[0] = false;
    EXPECT(t, 0);
}

static void a_group_is_coherent_up_to_its_bounds(void **state)
{
    struct bench t;

    (void)state;
    start(&t);
    put(&t, 1, SIG_VOLTAGE, 54000); /* any two at most 2 V and 10 % apart: one group */
    put(&t, 1, SIG_SOC, 6000);
    EXPECT(t, 0, 0);
    put(&t, 1, SIG_VOLTAGE, 54001);
    put(&t, 1, SIG_SOC, 5000);
    EXPECT(t, 0, CONFORMITY_VOLTAGE);
    put(&t, 1, SIG_VOLTAGE, 52000);
    put(&t, 1, SIG_SOC, 6001);
    EXPECT(t, 0, CONFORMITY_SOC);
    for (unsigned which = 0; which < 2; which++) { /* three at their bounds outweigh two */
        start(&t);
        for (unsigned i = 0; i < 3; i++)
            put(&t, i, which ? SIG_SOC : SIG_VOLTAGE, which ? 5000 + 500 * i : 52000 + 1000 * i);
        for (unsigned i = 3; i < N; i++) {
            t.part[i].modules = 4;
            put(&t, i, SIG_VOLTAGE, 51500);
        }
        EXPECT(t, 0, 0, 0, CONFORMITY_COUNT, CONFORMITY_COUNT);
    }
}

static void of_equal_groups_the_one_with_more_joined_counts(void **state)
{
    struct bench t;

    (void)state;
    start(&t);
    t.part[1].joined = true;
    t.candidate[1] = false;
    put(&t, 1, SIG_VOLTAGE, 57000); /* the higher voltage, but counted already */
    EXPECT(t, CONFORMITY_VOLTAGE, 0);
    t.settled = true;
    EXPECT(t, CONFORMITY_VOLTAGE, 0);

    start(&t); /* one of two is counted, none of the other two */
    t.part[0].joined = true;
    t.candidate[0] = false;
    t.part[2].modules = t.part[3].modules = 4;
    put(&t, 2, SIG_VOLTAGE, 51000);
    put(&t, 3, SIG_VOLTAGE, 51000);
    EXPECT(t, 0, 0, CONFORMITY_COUNT, CONFORMITY_COUNT);
    /* More members outweigh one that is joined, until the hub is under way. */
    start(&t);
    t.part[1].joined = true;
    t.candidate[1] = false;
    put(&t, 1, SIG_VOLTAGE, 57000);
    EXPECT(t, 0, CONFORMITY_VOLTAGE, 0);
    t.settled = true;
    EXPECT(t, CONFORMITY_VOLTAGE, 0, CONFORMITY_VOLTAGE);
}

static void then_the_lower_voltage_counts(void **state)
{
    struct bench t;

    (void)state;
    start(&t);
    put(&t, 0, SIG_VOLTAGE, 54001);
    EXPECT(t, CONFORMITY_VOLTAGE, 0);
    put(&t, 0, SIG_VOLTAGE, 49999);
    EXPECT(t, 0, CONFORMITY_VOLTAGE);
    /* Two and two, the same voltage: the first. */
    start(&t);
    t.part[2].modules = t.part[3].modules = 4;
    EXPECT(t, 0, 0, CONFORMITY_COUNT, CONFORMITY_COUNT);
    put(&t, 2, SIG_VOLTAGE, 51998); /* mean 51.999 V */
    EXPECT(t, CONFORMITY_COUNT, CONFORMITY_COUNT, 0, 0);
    signal_forget(&t.b[2].s, SIG_VOLTAGE); /* without any voltage not the lower one */
    signal_forget(&t.b[3].s, SIG_VOLTAGE);
    EXPECT(t, 0, 0, CONFORMITY_COUNT, CONFORMITY_COUNT);
}

static void the_guard_names_one_reason(void **state)
{
    static const struct {
        unsigned bits;
        enum reason reason;
    } cases[] = {
        {0,                                                       REASON_NONE          },
        {CONFORMITY_SOC,                                          REASON_GUARD_SOC     },
        {CONFORMITY_SOC | CONFORMITY_FIRMWARE,                    REASON_GUARD_FIRMWARE},
        {CONFORMITY_SOC | CONFORMITY_FIRMWARE | CONFORMITY_COUNT, REASON_GUARD_COUNT   },
        {15,                                                      REASON_GUARD_VOLTAGE },
        {CONFORMITY_VOLTAGE,                                      REASON_GUARD_VOLTAGE },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_int_equal(conformity_reason(cases[i].bits), cases[i].reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_are_ready),
        cmocka_unit_test(each_difference_has_its_bit),
        cmocka_unit_test(soc_comes_back_within_five_percent_for_half_a_minute),
        cmocka_unit_test(the_half_minute_is_due),
        cmocka_unit_test(a_silent_cluster_stays_marked_and_is_watched_anew),
        cmocka_unit_test(a_soc_that_is_not_told_is_not_close),
        cmocka_unit_test(others_are_not_judged),
        cmocka_unit_test(a_firmware_that_is_too_old_is_not_conform),
        cmocka_unit_test(a_candidate_is_held_against_the_joined_mean),
        cmocka_unit_test(a_candidate_moves_nobody_else),
        cmocka_unit_test(a_candidate_is_held_against_most_of_them),
        cmocka_unit_test(with_nobody_joined_the_largest_group_counts),
        cmocka_unit_test(a_group_is_coherent_up_to_its_bounds),
        cmocka_unit_test(of_equal_groups_the_one_with_more_joined_counts),
        cmocka_unit_test(then_the_lower_voltage_counts),
        cmocka_unit_test(the_guard_names_one_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
