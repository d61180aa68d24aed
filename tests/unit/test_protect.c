/* Rules 5, 8 and 9 of the HeSU 4K4 PRO manual, REV.1.06, section 13: a faulty battery is off within
 * 3 s; more than 2 modules of a cluster, or all, in protection shut the cluster down, more than 2
 * clusters, or all, the system. Both let go 30 s after that ended; not for under-voltage alone. */
#include "check.h"

#include <string.h>

#include "config_profile.h"
#include "core/protect.h"

#define T0 MONO_S(100)

struct bench {
    struct battery b;
    struct module module[MAX_MODULES];
    struct part part;
    struct protect_view view;
    mono_us now;
};

/* Five modules configured, none of them seen. */
static void bench_init(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->part = (struct part){.b = &t->b,
                            .profile = profile_find("weco-4k4-pro"),
                            .number = 1,
                            .joined = true,
                            .modules = 5,
                            .module = t->module};
    t->now = T0;
}

/* The first n modules are seen. */
static void bench_show(struct bench *t, unsigned n)
{
    bench_init(t);
    for (unsigned m = 0; m < n; m++)
        signal_set(&t->module[m].s, SIG_VOLTAGE, 52000, t->now);
}

static const struct protect_view *look(struct bench *t)
{
    memset(&t->view, 0xA5, sizeof(t->view));
    protect_look(&t->view, &t->part, t->now);
    return &t->view;
}

/* ---- rule 8: how many ---- */

static void more_than_two_modules_or_all(void **state)
{
    static const struct {
        unsigned seen, in_protection;
        bool many;
    } cases[] = {
        {0,  0,  false},
        {1,  0,  false},
        {1,  1,  true }, /* all of one */
        {2,  1,  false},
        {2,  2,  true }, /* all of two */
        {3,  2,  false},
        {3,  3,  true },
        {5,  2,  false},
        {5,  3,  true },
        {16, 2,  false},
        {16, 16, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %u of %u\n", cases[i].in_protection, cases[i].seen);
        bench_show(&t, cases[i].seen);
        for (unsigned m = 0; m < cases[i].in_protection; m++)
            t.module[m].alarm[TIER_PROTECTION] = ALARM_BIT(TEMP_HIGH);
        look(&t);
        assert_int_equal(t.view.visible, cases[i].seen);
        assert_int_equal(t.view.modules, cases[i].in_protection);
        assert_true(t.view.protection == (cases[i].in_protection > 0));
        assert_true(t.view.many == cases[i].many);
        assert_true(t.view.as_a_whole == cases[i].many);
        assert_false(t.view.under_voltage);
        assert_false(t.view.fault);
    }
}

/* The battery tells how many, not which. Of five modules. */
static void modules_that_are_only_counted(void **state)
{
    static const struct {
        int64_t counted;
        unsigned modules; /* active */
        bool many;
    } cases[] = {
        {0,   5, false},
        {2,   5, false},
        {3,   5, true },
        {1,   2, false},
        {2,   2, true },
        {255, 2, true },
        {0,   0, false},
        {1,   0, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %d of %u\n", (int)cases[i].counted, cases[i].modules);
        bench_init(&t);
        t.part.modules = cases[i].modules;
        signal_set(&t.b.s, SIG_MODULES_PROTECTED, cases[i].counted, t.now);
        look(&t);
        assert_int_equal(t.view.visible, 0);
        assert_int_equal(t.view.modules, cases[i].counted);
        assert_true(t.view.protection == (cases[i].counted > 0));
        assert_true(t.view.many == cases[i].many);
    }
}

/* A count is believed for 30 s, and only where nobody can look for himself. */
static void a_count_gets_old_and_eyes_win(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    signal_set(&t.b.s, SIG_MODULES_PROTECTED, 5, t.now - MONO_S(30) + 1);
    assert_true(look(&t)->many);
    t.now++;
    assert_false(look(&t)->many);
    assert_false(t.view.protection);

    bench_show(&t, 5);
    signal_set(&t.b.s, SIG_MODULES_PROTECTED, 5, t.now);
    assert_false(look(&t)->protection);
    t.part.module = NULL; /* none can be looked at */
    assert_true(look(&t)->many);
    t.part.module = t.module;
    t.now += MONO_S(30) - 1;
    signal_set(&t.b.s, SIG_MODULES_PROTECTED, 5, t.now);
    assert_false(look(&t)->many);
    t.now++; /* they are not seen any more */
    assert_true(look(&t)->many);
}

static void a_module_that_is_not_seen_does_not_count(void **state)
{
    struct bench t;

    (void)state;
    bench_show(&t, 5);
    for (unsigned m = 0; m < 3; m++)
        t.module[m].alarm[TIER_PROTECTION] = ALARM_BIT(CELL_HIGH);
    assert_true(look(&t)->many);
    memset(t.module[2].s.known, 0, sizeof(t.module[2].s.known));
    look(&t);
    assert_int_equal(t.view.visible, 4);
    assert_int_equal(t.view.modules, 2);
    assert_false(t.view.many);
}

/* Nobody knows how many modules a word of the cluster stands for. */
static void a_bare_word_is_a_protection_never_many(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    t.b.a.active[TIER_PROTECTION] = ALARM_BIT(TEMP_HIGH);
    look(&t);
    assert_true(t.view.protection);
    assert_false(t.view.many);
    assert_int_equal(t.view.modules, 0);
}

/* Bit 39 is the last of a battery, 40 the first that the hub sets itself. */
static void what_the_hub_sees_is_no_protection(void **state)
{
    static const struct {
        uint64_t bits;
        bool counts;
    } cases[] = {
        {UINT64_C(1),                true },
        {UINT64_C(1) << 39,          true },
        {UINT64_C(1) << 40,          false},
        {~((UINT64_C(1) << 40) - 1), false},
        {0,                          false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        bench_show(&t, 1);
        signal_set(&t.module[0].s, SIG_CONNECTED, 1, t.now);
        t.module[0].alarm[TIER_PROTECTION] = cases[i].bits;
        assert_true(look(&t)->protection == cases[i].counts);
        assert_true(t.view.many == cases[i].counts);
        t.module[0].alarm[TIER_PROTECTION] = 0;
        t.module[0].alarm[TIER_FAULT] = cases[i].bits;
        assert_true(look(&t)->connected_faults == cases[i].counts);
        assert_false(t.view.fault);
        t.b.a.active[TIER_PROTECTION] = cases[i].bits;
        assert_true(look(&t)->protection == cases[i].counts);
        assert_false(t.view.fault);
        t.b.a.active[TIER_FAULT] = cases[i].bits;
        assert_true(look(&t)->fault == cases[i].counts);
    }
}

static void warnings_are_told_not_counted(void **state)
{
    struct bench t;

    (void)state;
    bench_show(&t, 3);
    t.b.a.active[TIER_WARNING] = ALARM_BIT(CURRENT_CHARGE);
    for (unsigned m = 0; m < 3; m++)
        t.module[m].alarm[TIER_WARNING] = ALARM_BIT(CURRENT_CHARGE);
    look(&t);
    assert_false(t.view.protection);
    assert_false(t.view.over_current);
    assert_false(t.view.fault);
}

/* ---- under-voltage ---- */

static void under_voltage_alone(void **state)
{
    static const uint64_t low = ALARM_BIT(VOLTAGE_LOW), cell = ALARM_BIT(CELL_LOW);
    const struct {
        const char *what;
        uint64_t word, modules, third; /* of the cluster, of modules 1 and 2 of 3, of the third */
        bool alone, many;
    } cases[] = {
        {"nothing at all",                 0,                    0,                                  0,                    false, false},
        {"every module",                   0,                    low,                                cell,                 true,  false},
        {"every module and the cluster",   low | cell,           low | cell,                         low,                  true,  false},
        {"only the cluster",               low,                  0,                                  0,                    true,  false},
        {"only one cell",                  cell,                 0,                                  0,                    true,  false},
        {"one module for something else",  0,                    low,                                ALARM_BIT(TEMP_HIGH), false, true },
        {"the cluster for something else", ALARM_BIT(TEMP_HIGH), low,                                low,                  false, true },
        {"and something else everywhere",  0,                    low | ALARM_BIT(CURRENT_DISCHARGE), low,                  false, true },
        {"two of three, and cold",         0,                    ALARM_BIT(TEMP_LOW),                0,                    false, false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_show(&t, 3);
        t.b.a.active[TIER_PROTECTION] = cases[i].word;
        t.module[0].alarm[TIER_PROTECTION] = cases[i].modules;
        t.module[1].alarm[TIER_PROTECTION] = cases[i].modules;
        t.module[2].alarm[TIER_PROTECTION] = cases[i].third;
        look(&t);
        assert_true(t.view.under_voltage == cases[i].alone);
        assert_true(t.view.many == cases[i].many);
    }
}

/* Counted modules: the word of the cluster says what for; without it, it may be anything. */
static void under_voltage_of_counted_modules(void **state)
{
    struct bench t;

    (void)state;
    bench_init(&t);
    signal_set(&t.b.s, SIG_MODULES_PROTECTED, 5, t.now);
    t.b.a.active[TIER_PROTECTION] = ALARM_BIT(VOLTAGE_LOW);
    look(&t);
    assert_true(t.view.under_voltage);
    assert_false(t.view.many);
    t.b.a.active[TIER_PROTECTION] = 0;
    look(&t);
    assert_false(t.view.under_voltage);
    assert_true(t.view.many);
}

/* ---- rule 10: over-current, wherever it is told ---- */

static void over_current(void **state)
{
    static const struct {
        uint64_t bit;
        bool is;
    } cases[] = {
        {ALARM_BIT(CURRENT_CHARGE),     true },
        {ALARM_BIT(CURRENT_DISCHARGE),  true },
        {ALARM_BIT(SHORT_CIRCUIT),      true },
        {ALARM_BIT(TEMP_LOW_DISCHARGE), false},
        {ALARM_BIT(CONTACTOR),          false},
    };
    static const enum tier tiers[] = {TIER_PROTECTION, TIER_FAULT};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        for (size_t k = 0; k < LEN(tiers); k++) {
            struct bench t;

            bench_show(&t, 5);
            assert_false(look(&t)->over_current);
            t.b.a.active[tiers[k]] = cases[i].bit;
            assert_true(look(&t)->over_current == cases[i].is);
            t.b.a.active[tiers[k]] = 0;
            t.module[2].alarm[tiers[k]] = cases[i].bit; /* not the last one seen */
            assert_true(look(&t)->over_current == cases[i].is);
            t.now += DATUM_LIFE; /* not seen any more */
            assert_false(look(&t)->over_current);
        }
}

/* ---- rule 9: what is a cluster in protection ---- */

static void a_cluster_as_a_whole(void **state)
{
    const struct {
        const char *what;
        uint64_t word;
        unsigned seen, in_protection; /* for heat */
        int64_t counted;              /* of five; -1: does not count */
        bool whole;
    } cases[] = {
        {"a bare word",                          ALARM_BIT(TEMP_HIGH),   0, 0, -1, true },
        {"a bare word, counted zero times",      ALARM_BIT(TEMP_HIGH),   0, 0, 0,  true },
        {"it counts one of five",                ALARM_BIT(TEMP_HIGH),   0, 0, 1,  false},
        {"it counts three",                      ALARM_BIT(TEMP_HIGH),   0, 0, 3,  true },
        {"under-voltage",                        ALARM_BIT(VOLTAGE_LOW), 0, 0, -1, false},
        {"one of five, and the word is its own", ALARM_BIT(TEMP_HIGH),   5, 1, -1, false},
        {"one of five, and the word says more",  ALARM_BIT(CELL_HIGH),   5, 1, -1, true },
        {"one of five, and it is empty as well", ALARM_BIT(VOLTAGE_LOW), 5, 1, -1, false},
        {"three of five",                        ALARM_BIT(TEMP_HIGH),   5, 3, -1, true },
        {"none of five: the master itself",      ALARM_BIT(INTERNAL),    5, 0, -1, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_show(&t, cases[i].seen);
        t.b.a.active[TIER_PROTECTION] = cases[i].word;
        for (unsigned m = 0; m < cases[i].in_protection; m++)
            t.module[m].alarm[TIER_PROTECTION] = ALARM_BIT(TEMP_HIGH);
        if (cases[i].counted >= 0)
            signal_set(&t.b.s, SIG_MODULES_PROTECTED, cases[i].counted, t.now);
        look(&t);
        assert_true(t.view.protection);
        assert_true(t.view.as_a_whole == cases[i].whole);
    }
}

/* Letters: P in protection, . not; lower case p and , for clusters that do not count. */
static void more_than_two_clusters_or_all(void **state)
{
    static const struct {
        const char *clusters;
        bool many;
    } cases[] = {
        {"",      false},
        {".",     false},
        {"P",     true },
        {"p",     false}, /* none counts */
        {"PP",    true },
        {"P.",    false},
        {"P,",    true }, /* all that count */
        {"PP.",   false},
        {"PPp.",  false},
        {"PPP",   true },
        {"PPP..", true },
        {"PPp..", false},
        {"PPPPP", true },
        {".....", false},
        {"ppppp", false},
        {"pppp.", false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct protect_view in[MAX_CLUSTERS];
        bool counts[MAX_CLUSTERS];
        unsigned n = (unsigned)strlen(cases[i].clusters);

        memset(in, 0, sizeof(in));
        print_message("  \"%s\"\n", cases[i].clusters);
        for (unsigned k = 0; k < n; k++) {
            counts[k] = cases[i].clusters[k] == 'P' || cases[i].clusters[k] == '.';
            in[k].as_a_whole = cases[i].clusters[k] == 'P' || cases[i].clusters[k] == 'p';
        }
        assert_true(protect_hub_is_many(in, counts, n) == cases[i].many);
    }
}

/* ---- shutting down and letting go ---- */

static void lets_go_after_30_s(void **state)
{
    struct protect_count c = {.shut = false};

    (void)state;
    protect_count_run(&c, false, T0);
    assert_false(c.shut);
    assert_true(protect_count_due(&c) == MONO_NEVER);
    protect_count_run(&c, true, T0 + 1);
    assert_true(c.shut);
    assert_true(protect_count_due(&c) == MONO_NEVER);
    protect_count_run(&c, false, T0 + MONO_S(5));
    assert_true(protect_count_due(&c) == T0 + MONO_S(35));
    protect_count_run(&c, false, T0 + MONO_S(35) - 1);
    assert_true(c.shut);
    protect_count_run(&c, false, T0 + MONO_S(35));
    assert_false(c.shut);
    assert_true(protect_count_due(&c) == MONO_NEVER);
}

static void the_30_s_are_in_a_row(void **state)
{
    struct protect_count c = {.shut = false};

    (void)state;
    protect_count_run(&c, true, T0);
    protect_count_run(&c, false, T0 + MONO_S(1));
    protect_count_run(&c, true, T0 + MONO_S(31) - 1);
    protect_count_run(&c, false, T0 + MONO_S(31));
    protect_count_run(&c, false, T0 + MONO_S(61) - 1);
    assert_true(c.shut);
    protect_count_run(&c, false, T0 + MONO_S(61));
    assert_false(c.shut);
}

static void unseen_time_does_not_count(void **state)
{
    struct protect_count c = {.shut = false};

    (void)state;
    protect_count_run(&c, true, T0);
    protect_count_run(&c, false, T0 + MONO_S(1));
    protect_count_pause(&c);
    assert_true(protect_count_due(&c) == MONO_NEVER);
    protect_count_run(&c, false, T0 + MONO_S(600));
    assert_true(c.shut);
    protect_count_run(&c, false, T0 + MONO_S(630) - 1);
    assert_true(c.shut);
    protect_count_run(&c, false, T0 + MONO_S(630));
    assert_false(c.shut);
}

/* ---- rule 5: a module that stays ---- */

static void in_fault_and_connected(void **state)
{
    static const struct {
        const char *what;
        bool fault;
        int connected; /* -1: not known */
        mono_us connected_age;
        int64_t mA; /* -1: not known */
        mono_us mA_age;
        bool stays;
    } cases[] = {
        {"no fault",                      false, 1,  0,              50000, 0,              false},
        {"fault, connected",              true,  1,  0,              -1,    0,              true },
        {"fault, off",                    true,  0,  0,              -1,    0,              false},
        {"off, whatever its current",     true,  0,  0,              50000, 0,              false},
        {"connected, 30 s ago",           true,  1,  DATUM_LIFE,     -1,    0,              false},
        {"connected, just within 30 s",   true,  1,  DATUM_LIFE - 1, -1,    0,              true },
        {"nothing is known",              true,  -1, 0,              -1,    0,              false},
        {"carries 2 A",                   true,  -1, 0,              2000,  0,              true },
        {"carries a little less",         true,  -1, 0,              1999,  0,              false},
        {"carries 2 A out",               true,  -1, 0,              -2000, 0,              true },
        {"carries a little less out",     true,  -1, 0,              -1999, 0,              false},
        {"carried 2 A, 30 s ago",         true,  -1, 0,              2000,  DATUM_LIFE,     false},
        {"carried 2 A, within 30 s",      true,  -1, 0,              2000,  DATUM_LIFE - 1, true },
        {"was off 30 s ago, carries 2 A", true,  0,  DATUM_LIFE,     2000,  0,              true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench t;

        print_message("  %s\n", cases[i].what);
        bench_show(&t, 5);
        if (cases[i].fault)
            t.module[3].alarm[TIER_FAULT] = ALARM_BIT(INTERNAL);
        if (cases[i].connected >= 0)
            signal_set(&t.module[3].s, SIG_CONNECTED, cases[i].connected,
                       t.now - cases[i].connected_age);
        if (cases[i].mA != -1)
            signal_set(&t.module[3].s, SIG_CURRENT, cases[i].mA, t.now - cases[i].mA_age);
        assert_int_equal(look(&t)->connected_faults, cases[i].stays ? 1u << 3 : 0);
    }
}

static void the_last_module_can_stay_too(void **state)
{
    struct protect_stay s = {.module = 0};
    struct bench t;

    (void)state;
    bench_show(&t, MAX_MODULES);
    t.module[15].alarm[TIER_FAULT] = ALARM_BIT(FUSE);
    signal_set(&t.module[15].s, SIG_CONNECTED, 1, t.now);
    protect_stays(&s, look(&t), T0);
    assert_true(protect_stays(&s, &t.view, T0 + MONO_S(3)));
    assert_int_equal(s.module, 16);
}

static void several_modules_at_once(void **state)
{
    struct bench t;

    (void)state;
    bench_show(&t, 5);
    for (unsigned m = 1; m < 5; m += 3) {
        t.module[m].alarm[TIER_FAULT] = ALARM_BIT(INTERNAL);
        signal_set(&t.module[m].s, SIG_CONNECTED, 1, t.now);
    }
    assert_int_equal(look(&t)->connected_faults, 1 << 1 | 1 << 4);
}

static struct protect_view faults(uint16_t connected)
{
    struct protect_view v = {.connected_faults = connected};

    return v;
}

static void three_seconds_to_leave(void **state)
{
    const struct protect_view none = faults(0), second = faults(1 << 1);
    struct protect_stay s = {.module = 0};

    (void)state;
    assert_false(protect_stays(&s, &none, T0 - 1));
    assert_true(protect_stay_due(&s) == MONO_NEVER);
    assert_false(protect_stays(&s, &second, T0));
    assert_true(protect_stay_due(&s) == T0 + MONO_S(3));
    assert_false(protect_stays(&s, &second, T0 + MONO_S(3) - 1));
    assert_int_equal(s.module, 0);
    assert_true(protect_stays(&s, &second, T0 + MONO_S(3)));
    assert_int_equal(s.module, 2);
    assert_true(protect_stay_due(&s) == MONO_NEVER);
    assert_true(protect_stays(&s, &second, T0 + MONO_S(900)));
    assert_false(protect_stays(&s, &none, T0 + MONO_S(901))); /* gone: at once */
    assert_int_equal(s.module, 0);
    assert_false(protect_stays(&s, &second, T0 + MONO_S(902)));
    assert_false(protect_stays(&s, &second, T0 + MONO_S(905) - 1));
    assert_true(protect_stays(&s, &second, T0 + MONO_S(905)));
}

static void a_module_that_leaves_in_time(void **state)
{
    const struct protect_view none = faults(0), second = faults(1 << 1);
    struct protect_stay s = {.module = 0};

    (void)state;
    protect_stays(&s, &second, T0);
    protect_stays(&s, &none, T0 + MONO_S(3) - 1);
    assert_true(protect_stay_due(&s) == MONO_NEVER);
    assert_false(protect_stays(&s, &none, T0 + MONO_S(3)));
}

/* One leaves in time, the other has its own three seconds; one leaves late, the other is still
 * there. */
static void each_module_has_its_own_time(void **state)
{
    const struct protect_view second = faults(1 << 1), both = faults(1 << 1 | 1 << 4),
                              fifth = faults(1 << 4);
    struct protect_stay s = {.module = 0};

    (void)state;
    protect_stays(&s, &second, T0);
    protect_stays(&s, &both, T0 + MONO_S(2));
    assert_true(protect_stay_due(&s) == T0 + MONO_S(3));
    assert_true(protect_stays(&s, &both, T0 + MONO_S(3)));
    assert_int_equal(s.module, 2);
    assert_true(protect_stay_due(&s) == T0 + MONO_S(5));
    assert_false(protect_stays(&s, &fifth, T0 + MONO_S(5) - 1));
    assert_true(protect_stays(&s, &fifth, T0 + MONO_S(5)));
    assert_int_equal(s.module, 5);
    protect_stays(&s, &both, T0 + MONO_S(6));
    assert_true(protect_stays(&s, &both, T0 + MONO_S(9)));
    assert_int_equal(s.module, 2); /* the first of both */
    assert_int_equal(s.too_long, 1 << 1 | 1 << 4);
    assert_true(protect_stays(&s, &fifth, T0 + MONO_S(10)));
}

static void silence_lets_nobody_go(void **state)
{
    const struct protect_view second = faults(1 << 1), both = faults(1 << 1 | 1 << 4),
                              none = faults(0);
    struct protect_stay s = {.module = 0};

    (void)state;
    protect_stays(&s, &second, T0);
    assert_true(protect_stays(&s, &both, T0 + MONO_S(3)));
    assert_true(protect_stays(&s, NULL, T0 + MONO_S(5)));
    assert_int_equal(s.module, 2);
    assert_true(protect_stay_due(&s) == MONO_NEVER);
    assert_true(protect_stays(&s, &both, T0 + MONO_S(90)));
    assert_true(protect_stay_due(&s) == T0 + MONO_S(93)); /* of module 5, anew */
    assert_false(protect_stays(&s, &none, T0 + MONO_S(91)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_two_modules_or_all),
        cmocka_unit_test(modules_that_are_only_counted),
        cmocka_unit_test(a_count_gets_old_and_eyes_win),
        cmocka_unit_test(a_module_that_is_not_seen_does_not_count),
        cmocka_unit_test(a_bare_word_is_a_protection_never_many),
        cmocka_unit_test(what_the_hub_sees_is_no_protection),
        cmocka_unit_test(warnings_are_told_not_counted),
        cmocka_unit_test(under_voltage_alone),
        cmocka_unit_test(under_voltage_of_counted_modules),
        cmocka_unit_test(over_current),
        cmocka_unit_test(a_cluster_as_a_whole),
        cmocka_unit_test(more_than_two_clusters_or_all),
        cmocka_unit_test(lets_go_after_30_s),
        cmocka_unit_test(the_30_s_are_in_a_row),
        cmocka_unit_test(unseen_time_does_not_count),
        cmocka_unit_test(in_fault_and_connected),
        cmocka_unit_test(several_modules_at_once),
        cmocka_unit_test(the_last_module_can_stay_too),
        cmocka_unit_test(three_seconds_to_leave),
        cmocka_unit_test(a_module_that_leaves_in_time),
        cmocka_unit_test(each_module_has_its_own_time),
        cmocka_unit_test(silence_lets_nobody_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
