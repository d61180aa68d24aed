#include "check.h"

#include "core/member.h"

static void every_edge(void **state)
{
    /* rows: states; columns: HEARD, COMPLETE, SILENT, BACK, SETTLED */
    static const enum cluster_state want[CLUSTER_STATE_COUNT][MEMBER_EVENT_COUNT] = {
        [CLUSTER_ABSENT] = {CLUSTER_STANDBY,   CLUSTER_JOINED,    CLUSTER_ABSENT,    CLUSTER_ABSENT,
                            CLUSTER_ABSENT                                                                             },
        [CLUSTER_STALE] = {CLUSTER_STALE,     CLUSTER_STALE,     CLUSTER_STALE,     CLUSTER_STANDBY,
                            CLUSTER_STALE                                                                              },
        [CLUSTER_STANDBY] = {CLUSTER_STANDBY,   CLUSTER_JOINED,    CLUSTER_STALE,     CLUSTER_STANDBY,
                            CLUSTER_JOINED                                                                             },
        [CLUSTER_JOINED] = {CLUSTER_JOINED,    CLUSTER_JOINED,    CLUSTER_STALE,     CLUSTER_JOINED,
                            CLUSTER_JOINED                                                                             },
        [CLUSTER_PROTECTED] = {CLUSTER_PROTECTED, CLUSTER_PROTECTED, CLUSTER_PROTECTED,
                            CLUSTER_PROTECTED,                                                        CLUSTER_PROTECTED},
        [CLUSTER_SHUT_DOWN] = {CLUSTER_SHUT_DOWN, CLUSTER_SHUT_DOWN, CLUSTER_SHUT_DOWN,
                            CLUSTER_SHUT_DOWN,                                                        CLUSTER_SHUT_DOWN},
        [CLUSTER_EXCLUDED] = {CLUSTER_EXCLUDED,  CLUSTER_EXCLUDED,  CLUSTER_EXCLUDED,
                            CLUSTER_EXCLUDED,                                                         CLUSTER_EXCLUDED },
    };

    (void)state;
    for (int s = 0; s < CLUSTER_STATE_COUNT; s++)
        for (int e = 0; e < MEMBER_EVENT_COUNT; e++)
            assert_int_equal(member_next((enum cluster_state)s, (enum member_event)e), want[s][e]);
}

static const struct member_rules rules = {
    .rejoin = MONO_S(30), .rejoin_short = MONO_S(5), .short_gap = MONO_S(10)};

/* The life of one cluster, told second by second: data every second while `on`. */
struct life {
    struct member m;
    struct member_input in;
    mono_us period;
};

static void live(struct life *l, unsigned from_s, unsigned to_s, bool on)
{
    for (unsigned s = from_s; s < to_s; s++) {
        if (on) {
            l->in.heard = l->in.complete = true;
            l->in.oldest = MONO_S(s);
            l->in.period = l->period;
            l->in.fresh_until = MONO_S(s) + MONO_S(3);
        }
        for (unsigned ms = 0; ms < 1000; ms += 100)
            member_run(&l->m, &rules, &l->in, MONO_S(s) + MONO_MS(ms));
    }
}

static void a_cluster_joins_with_its_first_complete_set(void **state)
{
    struct life l = {.period = MONO_S(1)};

    (void)state;
    member_init(&l.m);
    assert_int_equal(l.m.reason, REASON_NEVER_SEEN);
    l.in.heard = true;
    member_run(&l.m, &rules, &l.in, MONO_S(1));
    assert_int_equal(l.m.state, CLUSTER_STANDBY);
    assert_int_equal(l.m.reason, REASON_INCOMPLETE);
    live(&l, 2, 3, true);
    assert_int_equal(l.m.state, CLUSTER_JOINED);
    assert_false(l.m.ghost);
}

static void silence_makes_a_ghost_after_three_seconds(void **state)
{
    struct life l = {.period = MONO_S(1)};

    (void)state;
    member_init(&l.m);
    live(&l, 1, 10, true); /* last data at 9 s, fresh until 12 s */
    live(&l, 10, 12, false);
    assert_int_equal(l.m.state, CLUSTER_JOINED);
    live(&l, 12, 13, false);
    assert_int_equal(l.m.state, CLUSTER_STALE);
    assert_int_equal(l.m.reason, REASON_SILENT);
    assert_true(l.m.ghost);
    assert_int_equal(l.m.silent_since, MONO_S(12));
}

/* A process that stood still notices late; the data ran out when they did. */
static void silence_begins_when_the_data_run_out(void **state)
{
    struct life l = {.period = MONO_S(1)};

    (void)state;
    member_init(&l.m);
    live(&l, 1, 10, true);
    member_run(&l.m, &rules, &l.in, MONO_S(70));
    assert_int_equal(l.m.state, CLUSTER_STALE);
    assert_int_equal(l.m.silent_since, MONO_S(12));
}

static void coming_back_takes_as_long_as_the_gap_asks(void **state)
{
    static const struct {
        const char *what;
        unsigned gap_s;    /* from the last datum to the next */
        unsigned period_s; /* of the protocol */
        unsigned wait_s;
    } cases[] = {
        {"a gap under 10 s: 5 s",         9,  1,  5 },
        {"10 s and more: 30 s",           10, 1,  30},
        {"three periods when longer",     60, 12, 36},
        {"a short gap of a slow battery", 8,  12, 5 },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct life l = {.period = MONO_S(cases[i].period_s)};
        unsigned back = 9 + cases[i].gap_s;

        print_message("  %s\n", cases[i].what);
        member_init(&l.m);
        live(&l, 1, 10, true);
        live(&l, 10, back, false);
        live(&l, back, back + cases[i].wait_s, true);
        assert_int_equal(l.m.state, CLUSTER_STANDBY);
        assert_int_equal(l.m.reason, REASON_REJOIN_WAIT);
        assert_true(l.m.ghost); /* until it is counted again */
        live(&l, back + cases[i].wait_s, back + cases[i].wait_s + 1, true);
        assert_int_equal(l.m.state, CLUSTER_JOINED);
        assert_false(l.m.ghost);
    }
}

static void silence_while_waiting_starts_over(void **state)
{
    struct life l = {.period = MONO_S(1)};

    (void)state;
    member_init(&l.m);
    live(&l, 1, 10, true);
    live(&l, 10, 40, false);
    live(&l, 40, 50, true);
    live(&l, 50, 70, false);
    assert_int_equal(l.m.state, CLUSTER_STALE);
    assert_true(l.m.ghost);
    live(&l, 70, 100, true);
    assert_int_equal(l.m.state, CLUSTER_STANDBY);
    live(&l, 100, 101, true);
    assert_int_equal(l.m.state, CLUSTER_JOINED);
}

/* A protocol decided anew may take back a complete set: that is silence, not membership. */
static void a_set_that_is_no_longer_complete_is_not_counted(void **state)
{
    struct life l = {.period = MONO_S(1)};

    (void)state;
    member_init(&l.m);
    live(&l, 1, 5, true);
    l.in.complete = false;
    member_run(&l.m, &rules, &l.in, MONO_S(5));
    assert_int_equal(l.m.state, CLUSTER_STALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge),
        cmocka_unit_test(a_cluster_joins_with_its_first_complete_set),
        cmocka_unit_test(silence_makes_a_ghost_after_three_seconds),
        cmocka_unit_test(silence_begins_when_the_data_run_out),
        cmocka_unit_test(coming_back_takes_as_long_as_the_gap_asks),
        cmocka_unit_test(silence_while_waiting_starts_over),
        cmocka_unit_test(a_set_that_is_no_longer_complete_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
