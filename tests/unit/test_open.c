/* "Proven open: contactor flag of the BMS, a contactor input, or less than max(2 A, 0.5 % of
 * rating) for 60 s while the others carry more than 10 % of theirs." Three clusters of five 4K4
 * PRO: 430 A each by the profile, so 2.15 A is the threshold and 86 A what two others must exceed.
 */
#include "check.h"

#include <string.h>

#include "config_profile.h"
#include "core/open.h"

#define N 3
#define ME 1

struct bench {
    struct battery b[N];
    struct part part[N];
    struct open_input in;
    struct open_memory mem;
    mono_us now;
};

static void put(struct bench *t, unsigned i, enum signal sig, int64_t v)
{
    signal_set(&t->b[i].s, sig, v, t->now);
}

/* The others carry 100 A, this one nothing. */
static void bench_init(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->now = MONO_S(1000);
    t->in.fresh = true;
    for (unsigned i = 0; i < N; i++) {
        t->part[i].b = &t->b[i];
        t->part[i].profile = profile_find("weco-4k4-pro");
        t->part[i].number = (uint8_t)(i + 1);
        t->part[i].modules = 5;
        t->part[i].joined = i != ME;
        put(t, i, SIG_CURRENT, i == ME ? 0 : -50000);
    }
}

static bool run(struct bench *t)
{
    open_run(&t->mem, &t->in, t->part, N, ME, t->now);
    return t->mem.proven;
}

static bool run_at(struct bench *t, mono_us at)
{
    t->now = at;
    return run(t);
}

static bool current(struct bench *t, int64_t mA)
{
    put(t, ME, SIG_CURRENT, mA);
    return run(t);
}

/* Proven by current, at t->now. */
static void prove(struct bench *t)
{
    run(t);
    assert_true(run_at(t, t->now + MONO_S(60)));
    assert_true(t->mem.by_current);
}

static void no_current_is_two_ampere_or_half_a_percent(void **state)
{
    static const struct {
        const char *profile;
        unsigned modules;
        int64_t mA;
    } cases[] = {
        {"weco-4k4-pro", 1,  2000}, /* 86 A: 0.43 A */
        {"weco-4k4-pro", 4,  2000}, /* 344 A: 1.72 A */
        {"weco-4k4-pro", 5,  2150}, /* 430 A */
        {"vtac-vt12040", 15, 7500}, /* 1500 A */
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct part p = {.profile = profile_find(cases[i].profile), .modules = cases[i].modules};

        assert_int_equal(open_threshold(&p), cases[i].mA);
    }
}

static void a_minute_without_current_beside_others_is_proof(void **state)
{
    struct bench t;
    mono_us began;

    (void)state;
    bench_init(&t);
    assert_int_equal(open_due(&t.mem), MONO_NEVER);
    began = t.now;
    assert_false(current(&t, 2149)); /* under the threshold, in either direction */
    assert_int_equal(open_due(&t.mem), began + MONO_S(60));
    t.now = began + MONO_S(30);
    assert_false(current(&t, -2149));
    assert_false(run_at(&t, began + MONO_S(60) - 1));
    assert_true(run_at(&t, began + MONO_S(60)));
    assert_true(t.mem.by_current);
    assert_false(t.mem.carried);
    assert_int_equal(open_due(&t.mem), MONO_NEVER);
}

static void any_current_begins_the_minute_anew(void **state)
{
    static const int64_t seen[] = {2150, -2150};

    (void)state;
    for (size_t i = 0; i < LEN(seen); i++) {
        struct bench t;

        bench_init(&t);
        run(&t);
        t.now += MONO_S(59);
        assert_false(current(&t, seen[i]));
        assert_true(t.mem.carried);
        assert_int_equal(t.mem.idle_since, 0);
        t.now += MONO_S(1);
        assert_false(current(&t, 0));
        assert_false(run_at(&t, t.now + MONO_S(60) - 1));
        assert_true(run_at(&t, t.now + 1));
    }
}

static void others_that_rest_prove_nothing(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 0, SIG_CURRENT, -43000); /* 86 A of 860: 10 %, not more */
    put(&t, 2, SIG_CURRENT, 43000);
    run(&t);
    assert_false(run_at(&t, t.now + MONO_S(120)));
    put(&t, 2, SIG_CURRENT, 43001); /* what one gives and the other takes adds up */
    run(&t);
    t.now += MONO_S(30);
    put(&t, 2, SIG_CURRENT, 43000);
    run(&t);
    put(&t, 2, SIG_CURRENT, 43001);
    run(&t);
    assert_false(run_at(&t, t.now + MONO_S(60) - 1)); /* seen in one piece */
    assert_true(run_at(&t, t.now + 1));
}

static void only_joined_others_count(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 2, SIG_CURRENT, -500000);
    t.part[2].joined = false;
    put(&t, 0, SIG_CURRENT, -43000); /* 10 % of its own 430 A, not more */
    run(&t);
    assert_false(run_at(&t, t.now + MONO_S(60)));
    put(&t, 0, SIG_CURRENT, -43001);
    prove(&t);
    bench_init(&t); /* nobody else: nothing to compare with */
    t.part[0].joined = t.part[2].joined = false;
    run(&t);
    assert_false(run_at(&t, t.now + MONO_S(60)));
    t.part[2].joined = true; /* nor what lies behind the last cluster */
    open_run(&t.mem, &t.in, t.part, 2, ME, t.now);
    t.now += MONO_S(60);
    open_run(&t.mem, &t.in, t.part, 2, ME, t.now);
    assert_false(t.mem.proven);
}

static void its_own_current_does_not_count_for_the_others(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.part[ME].joined = true;
    put(&t, 0, SIG_CURRENT, -43000);
    put(&t, 2, SIG_CURRENT, -43000);
    put(&t, ME, SIG_CURRENT, -2000);
    run(&t);
    assert_false(run_at(&t, t.now + MONO_S(60)));
}

static void a_gap_in_the_data_begins_anew(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    run(&t);
    t.now += MONO_S(59);
    t.in.fresh = false;
    assert_false(run(&t));
    assert_int_equal(open_due(&t.mem), MONO_NEVER);
    t.in.fresh = true;
    run(&t);
    assert_false(run_at(&t, t.now + MONO_S(60) - 1));
    signal_forget(&t.b[ME].s, SIG_CURRENT); /* not told is no zero */
    assert_false(run_at(&t, t.now + 1));
    put(&t, ME, SIG_CURRENT, 0);
    prove(&t);
}

static void old_current_says_nothing(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    prove(&t);
    t.in.fresh = false;
    assert_true(current(&t, 50000));
    assert_false(t.mem.carried);
    t.in.fresh = true;
    assert_false(run(&t));
    assert_true(t.mem.carried);
}

static void proven_by_current_holds_until_current_is_seen(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    prove(&t);
    put(&t, 0, SIG_CURRENT, 0); /* the others rest, hours later it is silent */
    put(&t, 2, SIG_CURRENT, 0);
    assert_true(run_at(&t, t.now + MONO_S(3600)));
    t.in.fresh = false;
    assert_true(run_at(&t, t.now + MONO_S(3600)));
    t.in.fresh = true;
    assert_true(current(&t, 2149));
    assert_false(current(&t, 2150));
    assert_false(t.mem.by_current);
    assert_false(current(&t, 0)); /* one look is no proof */
}

static void restored_proof_holds_until_current_is_seen(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    open_restore(&t.mem);
    assert_true(t.mem.proven && t.mem.by_current);
    t.in.fresh = false;
    assert_true(run(&t));
    t.in.fresh = true;
    assert_true(run(&t));
    assert_false(current(&t, -2150));
}

static void the_flag_of_its_bms_is_proof(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, ME, SIG_CONNECTED, 1);
    assert_false(run(&t));
    put(&t, ME, SIG_CONNECTED, 0);
    assert_true(run(&t));
    assert_true(t.mem.flag_open);
    assert_false(t.mem.by_current);
    assert_false(current(&t, 2150)); /* it says so, and carries current */
    assert_false(t.mem.flag_open);
    assert_true(current(&t, 2149));
    put(&t, ME, SIG_CONNECTED, 1);
    assert_false(run(&t));
}

static void a_flag_that_is_no_longer_told_is_no_proof(void **state)
{
    struct bench t;
    mono_us told;

    (void)state;
    bench_init(&t);
    put(&t, 0, SIG_CURRENT, 0); /* nobody works: nothing else would prove it */
    put(&t, 2, SIG_CURRENT, 0);
    put(&t, ME, SIG_CONNECTED, 0);
    told = t.now;
    run(&t);
    assert_int_equal(open_due(&t.mem), told + MONO_S(30));
    assert_true(run_at(&t, told + MONO_S(30) - 1));
    assert_false(run_at(&t, told + MONO_S(30)));
    assert_false(t.mem.flag_open);
    assert_int_equal(open_due(&t.mem), MONO_NEVER);
}

static void the_last_word_of_the_flag_outlives_silence(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 0, SIG_CURRENT, 0);
    put(&t, 2, SIG_CURRENT, 0);
    put(&t, ME, SIG_CONNECTED, 0);
    run(&t);
    t.in.fresh = false; /* it opened and switched off */
    assert_true(run_at(&t, t.now + MONO_S(3600)));
    assert_false(t.mem.flag_open); /* but it does not say so now */
    t.in.fresh = true;
    assert_false(run(&t)); /* back, and it says nothing about its contactor */
    put(&t, ME, SIG_CONNECTED, 0);
    assert_true(run(&t));
    t.in.fresh = false;
    put(&t, ME, SIG_CONNECTED, 1); /* the flag alone came, and says closed */
    assert_false(run(&t));
}

static void the_contactor_input_outweighs_current(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.in.contactor = true;
    t.in.fresh = false;
    assert_true(run(&t)); /* silent or not */
    t.in.fresh = true;
    assert_true(current(&t, 50000)); /* a shunt may lie, an auxiliary contact does not */
    assert_true(t.mem.carried);
    t.in.contactor = false;
    assert_false(run(&t));
}

static void the_operators_word_ends_with_current_until_withdrawn(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    put(&t, 0, SIG_CURRENT, 0);
    put(&t, 2, SIG_CURRENT, 0);
    t.in.isolated = true;
    t.in.fresh = false;
    assert_true(run(&t));
    t.in.fresh = true;
    assert_true(current(&t, 2149));
    assert_false(t.mem.contradicted);
    assert_false(current(&t, 2150));
    assert_true(t.mem.contradicted);
    assert_false(current(&t, -5000));
    assert_true(t.mem.contradicted);
    assert_false(current(&t, 0)); /* his word is worth nothing now ... */
    assert_true(t.mem.contradicted);
    t.in.isolated = false;
    assert_false(run(&t));
    assert_false(t.mem.contradicted);
    t.in.isolated = true; /* ... until he says it anew */
    assert_true(run(&t));
    assert_false(t.mem.by_current);
}

static void current_without_his_word_contradicts_nobody(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    current(&t, 5000);
    t.in.isolated = true;
    current(&t, 0);
    assert_false(t.mem.contradicted);
}

static void what_closes_again_must_be_proven_anew(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.in.contactor = true;
    run(&t);
    assert_true(run_at(&t, t.now + MONO_S(120))); /* open, and no current for long */
    assert_false(t.mem.by_current);
    t.in.contactor = false; /* closed: what was seen while it was open counts no more */
    assert_false(run(&t));
    assert_false(run_at(&t, t.now + MONO_S(60) - 1));
    assert_true(run_at(&t, t.now + 1));

    bench_init(&t); /* the same while the minute still runs */
    t.in.isolated = true;
    run(&t);
    t.now += MONO_S(59);
    t.in.isolated = false;
    run(&t);
    assert_false(run_at(&t, t.now + MONO_S(60) - 1));
    assert_true(run_at(&t, t.now + 1));
}

static void the_sooner_of_two_moments_is_due(void **state)
{
    struct bench t;
    mono_us told;

    (void)state;
    bench_init(&t);
    put(&t, ME, SIG_CONNECTED, 0);
    told = t.now;
    run(&t);
    assert_int_equal(open_due(&t.mem), told + MONO_S(30)); /* the minute: told + 60 s */
    t.now = told + MONO_S(40);
    put(&t, ME, SIG_CONNECTED, 0);
    run(&t);
    assert_int_equal(open_due(&t.mem), told + MONO_S(60)); /* the flag: told + 70 s */
}

/* Full: charging blocked, discharging not. No current while the others charge proves nothing, while
 * they discharge it does; and one that blocks both ways may be open. */
static void one_that_blocks_that_way_alone_proves_nothing(void **state)
{
    static const struct {
        const char *what;
        int64_t others, ccl, dcl;
        bool open;
    } cases[] = {
        {"full, the others charge",     50000,  0, 1000, false},
        {"full, the others discharge",  -50000, 0, 1,    true },
        {"empty, the others discharge", -50000, 1, 0,    false},
        {"empty, the others charge",    50000,  1, 0,    true },
        {"both blocked",                50000,  0, 0,    true },
        {"none blocked",                50000,  1, 1,    true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_init(&t);
        put(&t, 0, SIG_CURRENT, cases[i].others);
        put(&t, 2, SIG_CURRENT, cases[i].others);
        put(&t, ME, SIG_CHARGE_CURRENT_LIMIT, cases[i].ccl);
        put(&t, ME, SIG_DISCHARGE_CURRENT_LIMIT, cases[i].dcl);
        run(&t);
        assert_int_equal(run_at(&t, t.now + MONO_S(60)), cases[i].open);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_blocks_that_way_alone_proves_nothing),
        cmocka_unit_test(no_current_is_two_ampere_or_half_a_percent),
        cmocka_unit_test(a_minute_without_current_beside_others_is_proof),
        cmocka_unit_test(any_current_begins_the_minute_anew),
        cmocka_unit_test(others_that_rest_prove_nothing),
        cmocka_unit_test(only_joined_others_count),
        cmocka_unit_test(its_own_current_does_not_count_for_the_others),
        cmocka_unit_test(a_gap_in_the_data_begins_anew),
        cmocka_unit_test(old_current_says_nothing),
        cmocka_unit_test(proven_by_current_holds_until_current_is_seen),
        cmocka_unit_test(restored_proof_holds_until_current_is_seen),
        cmocka_unit_test(the_flag_of_its_bms_is_proof),
        cmocka_unit_test(a_flag_that_is_no_longer_told_is_no_proof),
        cmocka_unit_test(the_last_word_of_the_flag_outlives_silence),
        cmocka_unit_test(the_contactor_input_outweighs_current),
        cmocka_unit_test(the_operators_word_ends_with_current_until_withdrawn),
        cmocka_unit_test(current_without_his_word_contradicts_nobody),
        cmocka_unit_test(what_closes_again_must_be_proven_anew),
        cmocka_unit_test(the_sooner_of_two_moments_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
