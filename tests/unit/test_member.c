#include "check.h"

#include "core/member.h"

/* Every edge there is, by hand from DESIGN.md's states; all other pairs stay where they are. */
static const struct {
    enum cluster_state from;
    enum member_event event;
    enum cluster_state to;
} wanted[] = {
    {CLUSTER_ABSENT,    MEMBER_HEARD,      CLUSTER_STANDBY  },
    {CLUSTER_ABSENT,    MEMBER_COMPLETE,   CLUSTER_JOINED   },
    {CLUSTER_ABSENT,    MEMBER_REFUSED,    CLUSTER_STANDBY  },
    {CLUSTER_ABSENT,    MEMBER_SHUT,       CLUSTER_SHUT_DOWN},
    {CLUSTER_ABSENT,    MEMBER_EXCLUDED,   CLUSTER_EXCLUDED },
    {CLUSTER_STALE,     MEMBER_BACK,       CLUSTER_STANDBY  },
    {CLUSTER_STALE,     MEMBER_SHUT,       CLUSTER_SHUT_DOWN},
    {CLUSTER_STALE,     MEMBER_EXCLUDED,   CLUSTER_EXCLUDED },
    {CLUSTER_STANDBY,   MEMBER_COMPLETE,   CLUSTER_JOINED   },
    {CLUSTER_STANDBY,   MEMBER_SETTLED,    CLUSTER_JOINED   },
    {CLUSTER_STANDBY,   MEMBER_SILENT,     CLUSTER_STALE    },
    {CLUSTER_STANDBY,   MEMBER_SHUT,       CLUSTER_SHUT_DOWN},
    {CLUSTER_STANDBY,   MEMBER_EXCLUDED,   CLUSTER_EXCLUDED },
    {CLUSTER_JOINED,    MEMBER_SILENT,     CLUSTER_STALE    },
    {CLUSTER_JOINED,    MEMBER_PROTECTION, CLUSTER_PROTECTED},
    {CLUSTER_JOINED,    MEMBER_OPENED,     CLUSTER_STANDBY  },
    {CLUSTER_JOINED,    MEMBER_REFUSED,    CLUSTER_STANDBY  },
    {CLUSTER_JOINED,    MEMBER_SHUT,       CLUSTER_SHUT_DOWN},
    {CLUSTER_JOINED,    MEMBER_EXCLUDED,   CLUSTER_EXCLUDED },
    {CLUSTER_PROTECTED, MEMBER_SILENT,     CLUSTER_STALE    },
    {CLUSTER_PROTECTED, MEMBER_CALM,       CLUSTER_JOINED   },
    {CLUSTER_PROTECTED, MEMBER_OPENED,     CLUSTER_STANDBY  },
    {CLUSTER_PROTECTED, MEMBER_REFUSED,    CLUSTER_STANDBY  },
    {CLUSTER_PROTECTED, MEMBER_SHUT,       CLUSTER_SHUT_DOWN},
    {CLUSTER_PROTECTED, MEMBER_EXCLUDED,   CLUSTER_EXCLUDED },
    {CLUSTER_SHUT_DOWN, MEMBER_RELEASED,   CLUSTER_STANDBY  },
    {CLUSTER_SHUT_DOWN, MEMBER_UNSEEN,     CLUSTER_ABSENT   },
    {CLUSTER_SHUT_DOWN, MEMBER_EXCLUDED,   CLUSTER_EXCLUDED },
    {CLUSTER_EXCLUDED,  MEMBER_INCLUDED,   CLUSTER_STANDBY  },
    {CLUSTER_EXCLUDED,  MEMBER_UNSEEN,     CLUSTER_ABSENT   },
};

static enum cluster_state wants(enum cluster_state from, enum member_event event)
{
    for (size_t i = 0; i < LEN(wanted); i++)
        if (wanted[i].from == from && wanted[i].event == event)
            return wanted[i].to;
    return from;
}

static void every_edge(void **state)
{
    struct member_edge edge;
    size_t n = 0;

    (void)state;
    for (int s = 0; s < CLUSTER_STATE_COUNT; s++)
        for (int e = 0; e < MEMBER_EVENT_COUNT; e++)
            assert_int_equal(member_next((enum cluster_state)s, (enum member_event)e),
                             wants((enum cluster_state)s, (enum member_event)e));
    for (edge.from = CLUSTER_STATE_COUNT; member_edge(n, &edge); n++) {
        assert_true(edge.from < CLUSTER_STATE_COUNT); /* it was written */
        assert_int_equal(wants(edge.from, edge.event), edge.to);
        edge.from = CLUSTER_STATE_COUNT;
    }
    assert_int_equal(n, LEN(wanted));
    assert_string_equal(member_event_name(MEMBER_UNSEEN), "UNSEEN");
    assert_string_equal(member_event_name(MEMBER_EVENT_COUNT), "?");
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

/* After a minute each part has to come anew: the first of them makes the set incomplete, and its
 * oldest part new. */
static void a_new_life_does_not_shorten_the_gap(void **state)
{
    struct life l = {.period = MONO_S(1)};

    (void)state;
    member_init(&l.m);
    live(&l, 1, 10, true); /* last data at 9 s, fresh until 12 s */
    l.in.complete = false;
    l.in.oldest = MONO_S(70);
    member_run(&l.m, &rules, &l.in, MONO_S(70));
    assert_int_equal(l.m.state, CLUSTER_STALE);
    assert_int_equal(l.m.silent_since, MONO_S(12));
    live(&l, 71, 101, true);
    assert_int_equal(l.m.state, CLUSTER_STANDBY); /* not 5 s as after a short gap ... */
    live(&l, 101, 102, true);
    assert_int_equal(l.m.state, CLUSTER_JOINED); /* ... but 30 s */
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

/* ---- copper ---- */

/* A cluster that speaks each second and is counted at 4 s. */
static struct life counted(void)
{
    struct life l = {.period = MONO_S(1)};

    member_init(&l.m);
    live(&l, 1, 5, true);
    assert_int_equal(l.m.state, CLUSTER_JOINED);
    return l;
}

static void at(struct life *l, mono_us now)
{
    l->in.oldest = now;
    l->in.fresh_until = now + MONO_S(3);
    member_run(&l->m, &rules, &l->in, now);
}

static void is(const struct life *l, enum cluster_state state, enum reason reason, bool ghost)
{
    assert_int_equal(l->m.state, state);
    assert_int_equal(l->m.reason, reason);
    assert_int_equal(l->m.ghost, ghost);
}

/* It was open, fell silent and comes back: a ghost as soon as it carries current, not only counted
 * after its wait. */
static void who_waits_under_current_is_a_ghost(void **state)
{
    struct life l = counted();

    (void)state;
    l.in.open = l.in.contactor_open = true;
    at(&l, MONO_S(5));
    is(&l, CLUSTER_STANDBY, REASON_CONTACTOR_OPEN, false);
    member_run(&l.m, &rules, &l.in, MONO_S(40));
    is(&l, CLUSTER_STALE, REASON_SILENT, false);
    l.in.open = l.in.contactor_open = false;
    l.in.never_carried = true;
    at(&l, MONO_S(41));
    is(&l, CLUSTER_STANDBY, REASON_REJOIN_WAIT, false);
    l.in.never_carried = false;
    at(&l, MONO_S(42));
    is(&l, CLUSTER_STANDBY, REASON_REJOIN_WAIT, true);
    live(&l, 43, 72, true);
    is(&l, CLUSTER_JOINED, REASON_NONE, false);
}

static void the_guard_refuses_only_what_is_open(void **state)
{
    struct life l = {.period = MONO_S(1)};

    (void)state;
    member_init(&l.m);
    l.in = (struct member_input){
        .heard = true, .complete = true, .guard = REASON_GUARD_VOLTAGE, .never_carried = true};
    at(&l, MONO_S(1));
    is(&l, CLUSTER_STANDBY, REASON_GUARD_VOLTAGE, false);
    l.in.guard = REASON_GUARD_SOC;
    at(&l, MONO_S(2));
    is(&l, CLUSTER_STANDBY, REASON_GUARD_SOC, false);
    l.in.never_carried = false; /* it carries current: it is connected, whatever is wrong */
    at(&l, MONO_S(3));
    is(&l, CLUSTER_JOINED, REASON_NONE, false);
    l.in.open = true;
    at(&l, MONO_S(4));
    is(&l, CLUSTER_STANDBY, REASON_GUARD_SOC, false);
    l.in.guard = REASON_NONE;
    at(&l, MONO_S(5));
    is(&l, CLUSTER_JOINED, REASON_NONE, false); /* in order and open: it may close any time */
}

static void while_the_hub_waits_the_group_may_still_change(void **state)
{
    struct life l = counted();

    (void)state;
    l.in.guard = REASON_GUARD_VOLTAGE;
    l.in.never_carried = true;
    at(&l, MONO_S(5)); /* the hub runs: a warning elsewhere, no more */
    is(&l, CLUSTER_JOINED, REASON_NONE, false);
    l.in.hub_waits = true;
    l.in.never_carried = false;
    at(&l, MONO_S(6));
    is(&l, CLUSTER_JOINED, REASON_NONE, false);
    l.in.never_carried = true;
    at(&l, MONO_S(7));
    is(&l, CLUSTER_STANDBY, REASON_GUARD_VOLTAGE, false);
}

static void an_open_contactor_is_no_ghost(void **state)
{
    struct life l = counted();

    (void)state;
    l.in.contactor_open = l.in.open = true;
    at(&l, MONO_S(5));
    is(&l, CLUSTER_STANDBY, REASON_CONTACTOR_OPEN, false);
    at(&l, MONO_S(6));
    is(&l, CLUSTER_STANDBY, REASON_CONTACTOR_OPEN, false);
    member_run(&l.m, &rules, &l.in, MONO_S(9)); /* and silent now */
    is(&l, CLUSTER_STALE, REASON_SILENT, false);
    l.in.contactor_open = l.in.open = false;
    live(&l, 20, 50, true);
    assert_int_equal(l.m.state, CLUSTER_STANDBY);
    live(&l, 50, 51, true);
    is(&l, CLUSTER_JOINED, REASON_NONE, false);
}

static void protection_is_still_counted(void **state)
{
    struct life l = counted();

    (void)state;
    l.in.protection = true;
    at(&l, MONO_S(5));
    is(&l, CLUSTER_PROTECTED, REASON_IN_PROTECTION, false);
    assert_true(member_joined(&l.m));
    l.in.protection = false;
    at(&l, MONO_S(6));
    is(&l, CLUSTER_JOINED, REASON_NONE, false);
    l.in.protection = true;
    at(&l, MONO_S(7));
    member_run(&l.m, &rules, &l.in, MONO_S(10));
    is(&l, CLUSTER_STALE, REASON_SELF_RESTART, true);
}

static void what_is_shut_down_holds_the_hub_until_it_is_open(void **state)
{
    struct life l = counted();

    (void)state;
    assert_int_equal(member_due(&l.m, MONO_S(5)), MONO_NEVER);
    l.in.shut = REASON_MODULES_PROTECTED;
    at(&l, MONO_S(5));
    is(&l, CLUSTER_SHUT_DOWN, REASON_MODULES_PROTECTED, true);
    assert_false(member_joined(&l.m));
    assert_int_equal(member_due(&l.m, MONO_S(5)), MONO_S(8));
    assert_false(member_holds_hub(&l.m, MONO_S(8) - 1));
    assert_true(member_holds_hub(&l.m, MONO_S(8)));
    at(&l, MONO_S(7)); /* the 3 s do not begin anew */
    assert_true(member_holds_hub(&l.m, MONO_S(8)));
    l.in.open = true;
    at(&l, MONO_S(9));
    is(&l, CLUSTER_SHUT_DOWN, REASON_MODULES_PROTECTED, false);
    assert_false(member_holds_hub(&l.m, MONO_S(100)));
    l.in.open = false; /* it carries current again */
    at(&l, MONO_S(20));
    assert_false(member_holds_hub(&l.m, MONO_S(23) - 1));
    assert_true(member_holds_hub(&l.m, MONO_S(23)));
    l.in.shut = REASON_NONE;
    at(&l, MONO_S(24));
    is(&l, CLUSTER_JOINED, REASON_NONE, false);
    assert_false(member_holds_hub(&l.m, MONO_S(100)));
}

static void released_without_data_it_is_silent_or_unseen(void **state)
{
    struct life l = counted();
    struct member m;
    struct member_input none = {.shut = REASON_OVER_LIMIT};

    (void)state;
    l.in.shut = REASON_IN_FAULT;
    at(&l, MONO_S(5));
    l.in.shut = REASON_NONE;
    member_run(&l.m, &rules, &l.in, MONO_S(60));
    is(&l, CLUSTER_STALE, REASON_SILENT, true);
    /* a latch from the store, before anything was heard */
    member_init(&m);
    member_run(&m, &rules, &none, MONO_S(1));
    assert_int_equal(m.state, CLUSTER_SHUT_DOWN);
    assert_true(member_holds_hub(&m, MONO_S(4)));
    none.shut = REASON_NONE;
    member_run(&m, &rules, &none, MONO_S(5));
    assert_int_equal(m.state, CLUSTER_ABSENT);
    assert_int_equal(m.reason, REASON_NEVER_SEEN);
}

static void the_operator_comes_before_the_rules(void **state)
{
    struct life l = counted();

    (void)state;
    l.in.shut = REASON_IN_FAULT;
    l.in.exclude = l.in.open = true;
    at(&l, MONO_S(5));
    is(&l, CLUSTER_EXCLUDED, REASON_OPERATOR_EXCLUDED, false);
    l.in.exclude = false;
    at(&l, MONO_S(6));
    is(&l, CLUSTER_SHUT_DOWN, REASON_IN_FAULT, false);
    l.in.shut = REASON_NONE;
    l.in.open = false;
    at(&l, MONO_S(7));
    is(&l, CLUSTER_JOINED, REASON_NONE, false);
    l.in.exclude = true; /* said to be isolated, and yet it carries current */
    at(&l, MONO_S(8));
    is(&l, CLUSTER_EXCLUDED, REASON_OPERATOR_EXCLUDED, true);
    assert_true(member_due(&l.m, MONO_S(11) - 1) == MONO_S(11));
    assert_true(member_due(&l.m, MONO_S(11)) == MONO_NEVER);
    assert_true(member_holds_hub(&l.m, MONO_S(11)));
    l.in.exclude = false;
    l.in.heard = false;
    member_run(&l.m, &rules, &(struct member_input){0}, MONO_S(12));
    assert_int_equal(l.m.state, CLUSTER_ABSENT);
}

/* Taken out while it waits to be counted again: wanted back, it need not wait for the rest. */
static void the_operators_word_ends_the_wait(void **state)
{
    struct life l = counted();

    (void)state;
    member_run(&l.m, &rules, &l.in, MONO_S(60));
    at(&l, MONO_S(61)); /* until 91 s */
    is(&l, CLUSTER_STANDBY, REASON_REJOIN_WAIT, true);
    assert_true(member_due(&l.m, MONO_S(91) - 1) == MONO_S(91));
    assert_true(member_due(&l.m, MONO_S(91)) == MONO_NEVER);
    l.in.exclude = l.in.open = true;
    at(&l, MONO_S(62));
    assert_true(member_due(&l.m, MONO_S(62)) == MONO_NEVER); /* it waits for nothing now */
    l.in.exclude = l.in.open = false;
    at(&l, MONO_S(63));
    is(&l, CLUSTER_JOINED, REASON_NONE, false);
}

/* What a gap is counted from: the last good word, whenever somebody looks. */
static void a_gap_begins_with_the_last_good_word(void **state)
{
    struct life l = counted(); /* the last word at 4 s */

    (void)state;
    l.in.oldest = MONO_S(20); /* one came while nobody looked, and ran out */
    l.in.fresh_until = MONO_S(23);
    member_run(&l.m, &rules, &l.in, MONO_S(60));
    assert_true(l.m.last_good == MONO_S(20));
    assert_true(l.m.silent_since == MONO_S(23));

    l = counted();
    l.in.complete = false; /* another battery: its parts come anew */
    member_run(&l.m, &rules, &l.in, MONO_S(5));
    is(&l, CLUSTER_STALE, REASON_SILENT, true);
    assert_true(l.m.last_good == MONO_S(4));
    assert_true(l.m.silent_since == MONO_S(5));
}

static void a_gap_of_one_that_waited_begins_with_its_last_word(void **state)
{
    struct life l = counted();

    (void)state;
    l.in.open = true;
    member_run(&l.m, &rules, &l.in, MONO_S(60));
    at(&l, MONO_S(61));
    l.in.open = false; /* and it carries current */
    at(&l, MONO_S(65));
    is(&l, CLUSTER_STANDBY, REASON_REJOIN_WAIT, true);
    l.in.complete = false;
    member_run(&l.m, &rules, &l.in, MONO_S(66));
    is(&l, CLUSTER_STALE, REASON_SILENT, true);
    assert_true(l.m.last_good == MONO_S(65));
}

static void a_gap_of_one_that_was_out_begins_with_its_release(void **state)
{
    struct life l = counted();

    (void)state;
    l.in.shut = REASON_IN_FAULT;
    member_run(&l.m, &rules, &l.in, MONO_S(5));
    l.in.shut = REASON_NONE;
    member_run(&l.m, &rules, &l.in, MONO_S(100)); /* silent for long, and not proven open */
    is(&l, CLUSTER_STALE, REASON_SILENT, true);
    assert_true(l.m.last_good == MONO_S(100));
    assert_true(l.m.silent_since == MONO_S(100));
}

/* A set that cannot say when it runs out has run out now. */
static void a_set_without_an_end_is_silent_from_now_on(void **state)
{
    struct life l = counted();

    (void)state;
    l.in.fresh_until = 0;
    member_run(&l.m, &rules, &l.in, MONO_S(6));
    is(&l, CLUSTER_STALE, REASON_SILENT, true);
    assert_int_equal(l.m.silent_since, MONO_S(6));
}

/* Silent and open it is no ghost; closed while it waits to be counted again, it is one as soon as
 * it is known to carry current. */
static void what_may_carry_current_while_it_waits_is_a_ghost(void **state)
{
    static const struct {
        bool open, never_carried, ghost;
    } cases[] = {
        {true,  false, false},
        {true,  true,  false},
        {false, true,  false},
        {false, false, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct life l = counted();

        l.in.open = true;
        member_run(&l.m, &rules, &l.in, MONO_S(60));
        is(&l, CLUSTER_STALE, REASON_SILENT, false);
        at(&l, MONO_S(61));
        l.in.open = cases[i].open;
        l.in.never_carried = cases[i].never_carried;
        at(&l, MONO_S(62));
        is(&l, CLUSTER_STANDBY, REASON_REJOIN_WAIT, cases[i].ghost);
    }
}

static void a_ghost_ends_by_being_proven_open(void **state)
{
    struct life l = counted();

    (void)state;
    member_run(&l.m, &rules, &l.in, MONO_S(7));
    is(&l, CLUSTER_STALE, REASON_SILENT, true);
    l.in.open = true;
    member_run(&l.m, &rules, &l.in, MONO_S(8));
    is(&l, CLUSTER_STALE, REASON_SILENT, false);
    assert_int_equal(member_due(&l.m, MONO_S(8)), MONO_NEVER);
    at(&l, MONO_S(20));
    assert_int_equal(member_due(&l.m, MONO_S(20)), MONO_S(50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge),
        cmocka_unit_test(a_cluster_joins_with_its_first_complete_set),
        cmocka_unit_test(silence_makes_a_ghost_after_three_seconds),
        cmocka_unit_test(silence_begins_when_the_data_run_out),
        cmocka_unit_test(a_new_life_does_not_shorten_the_gap),
        cmocka_unit_test(coming_back_takes_as_long_as_the_gap_asks),
        cmocka_unit_test(silence_while_waiting_starts_over),
        cmocka_unit_test(a_set_that_is_no_longer_complete_is_not_counted),
        cmocka_unit_test(who_waits_under_current_is_a_ghost),
        cmocka_unit_test(the_guard_refuses_only_what_is_open),
        cmocka_unit_test(while_the_hub_waits_the_group_may_still_change),
        cmocka_unit_test(an_open_contactor_is_no_ghost),
        cmocka_unit_test(protection_is_still_counted),
        cmocka_unit_test(what_is_shut_down_holds_the_hub_until_it_is_open),
        cmocka_unit_test(released_without_data_it_is_silent_or_unseen),
        cmocka_unit_test(the_operator_comes_before_the_rules),
        cmocka_unit_test(the_operators_word_ends_the_wait),
        cmocka_unit_test(a_gap_begins_with_the_last_good_word),
        cmocka_unit_test(a_gap_of_one_that_waited_begins_with_its_last_word),
        cmocka_unit_test(a_gap_of_one_that_was_out_begins_with_its_release),
        cmocka_unit_test(a_set_without_an_end_is_silent_from_now_on),
        cmocka_unit_test(what_may_carry_current_while_it_waits_is_a_ghost),
        cmocka_unit_test(a_ghost_ends_by_being_proven_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
