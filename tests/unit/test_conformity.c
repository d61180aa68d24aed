#include "check.h"

#include <string.h>

#include "config_profile.h"
#include "core/conformity.h"

struct bench {
    struct battery b[3];
    struct part part[3];
    struct conformity c[3];
    bool candidate[3];
    bool settled;
};

static void bench_init(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->settled = true;
    for (unsigned i = 0; i < 3; i++) {
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
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(judged(&t, 3, i, MONO_S(1)), 0);
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

static void only_joined_clusters_are_judged(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[1].joined = false;
    t.part[1].modules = 9;
    put(&t, 1, SIG_SOC, 100);
    put(&t, 1, SIG_VOLTAGE, 40000);
    assert_int_equal(judged(&t, 2, 0, MONO_S(1)), 0);
    assert_int_equal(judged(&t, 2, 1, MONO_S(1)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_are_ready),
        cmocka_unit_test(each_difference_has_its_bit),
        cmocka_unit_test(soc_comes_back_within_five_percent_for_half_a_minute),
        cmocka_unit_test(only_joined_clusters_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
