/* What the hub tells about orders: changes and refusals, not repeats. */
#include "order_bench.h"

/* ---- what is told ---- */

static void changes_of_a_set_point_are_told_and_repeats_are_not(void **state)
{
    static const struct {
        const char *what;
        int64_t value; /* -1: taken back */
        const struct origin *from;
        const char *text; /* NULL: nothing */
    } steps[] = {
        {"new",                        50000, &tcp,    "hub: charge set-point: none -> 50 A: by 192.168.1.7"  },
        {"repeated",                   50000, &tcp,    NULL                                                   },
        {"changed",                    49900, &tcp,    "hub: charge set-point: 50 A -> 49.9 A: by 192.168.1.7"},
        {"another one, same value",    49900, &other,
         "hub: charge set-point: 49.9 A -> 49.9 A: by 192.168.1.8, taken over from 192.168.1.7"               },
        {"repeated by that one",       49900, &other,  NULL                                                   },
        {"another one, another value", 0,     &root,
         "hub: charge set-point: 49.9 A -> 0 A: by user root, taken over from 192.168.1.8"                    },
        {"taken back",                 -1,    &root,   "hub: charge set-point: 0 A -> none: by user root"     },
        {"again",                      -1,    &root,   NULL                                                   },
        {"by who never had it",        -1,    &tcp,    NULL                                                   },
        {"new",                        1000,  &line,   "hub: charge set-point: none -> 1 A: by /dev/ttyUSB0"  },
        {"taken back by another",      -1,    &root,
         "hub: charge set-point: 1 A -> none: by user root, taken over from /dev/ttyUSB0"                     },
        {"nobody's",                   2000,  &nobody, "hub: charge set-point: none -> 2 A"                   },
    };
    struct hub *hub = begin();

    (void)state;
    for (size_t i = 0; i < LEN(steps); i++) {
        struct hub_order o = set(COMMAND_SET_CCL, steps[i].value, steps[i].from);

        print_message("%s\n", steps[i].what);
        o.release = steps[i].value < 0;
        run(hub, MONO_S(3 + i));
        assert_int_equal(get_one(hub, o), HUB_OK);
        if (steps[i].text)
            only_told(hub, steps[i].text);
        else
            assert_int_equal(look(hub), 0);
    }
    hub_free(hub);
}

/* The number holds the last four bytes of an IPv6 address: hosts ::10 of two networks have the
 * same. */
static void two_of_ipv6_are_two(void **state)
{
    static const struct origin here = {OWNER_TCP + 1, 0x10, "2001:db8:0:1::10"};
    static const struct origin there = {OWNER_TCP + 1, 0x10, "2001:db8:0:2::10"};
    struct hub *hub = begin();

    (void)state;
    get_one(hub, set(COMMAND_SET_CCL, 50000, &here));
    look(hub);
    get_one(hub, set(COMMAND_SET_CCL, 50000, &there));
    only_told(hub, "hub: charge set-point: 50 A -> 50 A: by 2001:db8:0:2::10, taken over from "
                   "2001:db8:0:1::10");
    hub_free(hub);
}

static void a_set_point_that_runs_out_is_told_once(void **state)
{
    struct hub *hub = begin();

    (void)state;
    link_is(hub, PORT_CLUSTER, LINK_DOWN); /* who has nothing to send wants no turn */
    link_is(hub, PORT_CLUSTER + 1, LINK_DOWN);
    get_one(hub, set(COMMAND_SET_CVL, 52500, &tcp)); /* at 2 s, for 60 s */
    look(hub);
    hub_set_time(hub, MONO_S(40));
    get_one(hub, set(COMMAND_SET_CVL, 52500, &tcp)); /* it lives on */
    run(hub, MONO_S(100) - 1);
    assert_int_equal(look(hub), 0);
    assert_int_equal(hub_deadline(hub), MONO_S(100)); /* it ends on time, not at the next run */
    run(hub, MONO_S(100));
    only_told(hub, "hub: voltage set-point: 52.5 V ran out: set by 192.168.1.7");
    run(hub, MONO_S(101));
    assert_int_equal(look(hub), 0);
    hub_free(hub);
}

/* Its time is over and the rules have not run since: it is nobody's, and not taken over. */
static void what_has_run_out_is_not_taken_over(void **state)
{
    struct hub *hub = begin();

    (void)state;
    get_one(hub, set(COMMAND_SET_DCL, 10000, &tcp));
    look(hub);
    hub_set_time(hub, MONO_S(62));
    get_one(hub, set(COMMAND_SET_DCL, 10000, &root));
    assert_int_equal(look(hub), 2);
    assert_string_equal(told[0], "hub: discharge set-point: 10 A ran out: set by 192.168.1.7");
    assert_string_equal(told[1], "hub: discharge set-point: none -> 10 A: by user root");
    hub_free(hub);
}

static void levels_are_told_when_they_change(void **state)
{
    const struct {
        struct hub_order order;
        const char *text; /* NULL: nothing */
    } steps[] = {
        {ask(COMMAND_STOP,                                &tcp),                "hub: stop asked for: by 192.168.1.7"},
        {ask(COMMAND_STOP,                                &tcp),                NULL                                 },
        {ask(COMMAND_STOP,                                &root),               NULL                                 },
        {taken_back(ask(COMMAND_STOP,                     &root)),              "hub: stop taken back: by user root" },
        {taken_back(ask(COMMAND_STOP,                     &root)),              NULL                                 },
        {about(ask(COMMAND_EXCLUDE,                       &tcp),                2),                                    "cluster 2: exclusion asked for: by 192.168.1.7"},
        {about(ask(COMMAND_EXCLUDE,                                               &tcp),                                           2),                             NULL},
        {isolated(about(ask(COMMAND_EXCLUDE,                                           &tcp),                                                               2)),
         "cluster 2: exclusion asked for, said to be isolated: by 192.168.1.7"},
        {isolated(about(ask(COMMAND_EXCLUDE,                                            &tcp), 2)),                                      NULL},
        {about(ask(COMMAND_EXCLUDE,&tcp),                1),            "cluster 1: exclusion asked for: by 192.168.1.7"},
        {taken_back(about(ask(COMMAND_EXCLUDE,                       &root),                                        2)),
         "cluster 2: exclusion taken back: by user root"},
        {taken_back(about(ask(COMMAND_EXCLUDE,                                               &root),                                2)),                                         NULL},
        {ask(COMMAND_FORCE_CHARGE, &tcp),                     "hub: charge asked for: by 192.168.1.7"                      },
        {ask(COMMAND_FORCE_CHARGE,                                            &tcp),                             NULL                         },
        {taken_back(ask(COMMAND_FORCE_CHARGE,                                          &tcp)),   "hub: forced charge ended: by 192.168.1.7"                 },
        {taken_back(ask(COMMAND_FORCE_CHARGE,&tcp)),NULL},
    };
    struct hub *hub = begin();

    (void)state;
    for (size_t i = 0; i < LEN(steps); i++) {
        run(hub, MONO_S(3 + i));
        look(hub);
        assert_int_equal(get_one(hub, steps[i].order), HUB_OK);
        if (steps[i].text)
            only_told(hub, steps[i].text);
        else
            assert_int_equal(look(hub), 0);
    }
    hub_free(hub);
}

static void a_forced_charge_that_ends_is_told(void **state)
{
    struct hub *hub = begin();

    (void)state;
    get_one(hub, ask(COMMAND_FORCE_CHARGE, &tcp)); /* at 2 s, for 90 s */
    look(hub);
    run(hub, MONO_S(92) - 1);
    assert_int_equal(hub_is(hub, SIG_FORCE_CHARGE_ASKED), 1);
    assert_int_equal(look(hub), 0);
    run(hub, MONO_S(92));
    assert_int_equal(hub_is(hub, SIG_FORCE_CHARGE_ASKED), 0);
    only_told(hub, "hub: forced charge ended: its time is over");
    run(hub, MONO_S(93));
    assert_int_equal(look(hub), 0);
    hub_free(hub);
}

/* ---- refusals ---- */

static void refusals_are_told_once_a_minute(void **state)
{
    struct hub_order o = set(COMMAND_SET_CCL, -1, &tcp);
    struct hub *hub = begin();

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(get_one(hub, o), HUB_ERANGE); /* at 2 s */
    only_told(hub, "hub: SET_CCL refused: The value is outside what is possible: by 192.168.1.7");
    run(hub, MONO_S(62) - 1);
    assert_int_equal(look(hub), 0);
    run(hub, MONO_S(62));
    only_told(hub, "hub: SET_CCL refused 4 times: The value is outside what is possible: by "
                   "192.168.1.7");
    get_one(hub, o); /* the next minute */
    run(hub, MONO_S(122) - 1);
    assert_int_equal(look(hub), 0);
    run(hub, MONO_S(122));
    assert_int_equal(look(hub), 1);
    assert_int_equal(event[0].old, 1);
    run(hub, MONO_S(182)); /* quiet: forgotten */
    assert_int_equal(look(hub), 0);
    get_one(hub, o);
    assert_int_equal(look(hub), 1);
    hub_free(hub);
}

static void each_origin_and_cause_is_told_for_itself(void **state)
{
    struct hub_order key = ask(COMMAND_RESET, &tcp);
    struct hub *hub = begin();

    (void)state;
    key.key = 77;
    for (unsigned i = 0; i < 3; i++) {
        get_one(hub, set(COMMAND_SET_CCL, -1, &tcp));
        get_one(hub, set(COMMAND_SET_DCL, -1, &other));
        get_one(hub, set(COMMAND_SET_DCL, -1, &line));
        get_one(hub, key);
        get_one(hub, about(ask(COMMAND_EXCLUDE, &tcp), 5)); /* the same cause as the first */
    }
    assert_int_equal(look(hub), 4);
    assert_string_equal(told[3], "hub: RESET refused: Not the key that stands in the register now: "
                                 "by 192.168.1.7");
    run(hub, MONO_S(62));
    assert_int_equal(look(hub), 4);
    for (unsigned i = 0; i < 4; i++) /* of five, one was told; of three, one */
        assert_int_equal(event[i].old,
                         event[i].now == REFUSAL_RANGE && event[i].command == COMMAND_EXCLUDE ? 5
                                                                                              : 2);
    hub_free(hub);
}

static void what_was_refused_before_is_told_too(void **state)
{
    struct hub *hub = begin();

    (void)state;
    hub_refused(hub, &tcp, COMMAND_STOP, REFUSAL_NOT_ALLOWED, 12);
    run(hub, MONO_S(3));
    only_told(hub, "hub: STOP refused 12 times: Writing is off here, or this client is not in "
                   "allow_write: by 192.168.1.7");
    assert_true(event_is_bad(&event[0]));
    assert_int_equal(hub_is(hub, SIG_ORDER_REFUSAL + ROW_STOP), REFUSAL_NOT_ALLOWED);
    hub_refused(hub, &line, COMMAND_NONE, REFUSAL_FLOOD, 1);
    only_told(hub, "hub: write refused: Too many writes in a short time: by /dev/ttyUSB0");
    get_one(hub, ask(COMMAND_STOP, &tcp));
    run(hub, MONO_S(4));
    assert_int_equal(hub_is(hub, SIG_ORDER_REFUSAL + ROW_STOP), REFUSAL_NONE);
    hub_free(hub);
}

/* Sixteen are told by name; more are one of the others, for each cause. */
static void a_crowd_is_told_as_others(void **state)
{
    struct hub *hub = begin();

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        struct origin from = {.owner = OWNER_TCP + 1, .address = i};

        snprintf(from.name, sizeof(from.name), "10.0.0.%u", i);
        hub_refused(hub, &from, COMMAND_STOP, REFUSAL_NOT_ALLOWED, 1);
    }
    assert_int_equal(look(hub), 17);
    assert_non_null(strstr(told[15], "by 10.0.0.15"));
    assert_non_null(strstr(told[16], "by others"));
    run(hub, MONO_S(62));
    assert_int_equal(look(hub), 1);
    assert_int_equal(event[0].old, 23);
    hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_of_a_set_point_are_told_and_repeats_are_not),
        cmocka_unit_test(two_of_ipv6_are_two),
        cmocka_unit_test(a_set_point_that_runs_out_is_told_once),
        cmocka_unit_test(what_has_run_out_is_not_taken_over),
        cmocka_unit_test(levels_are_told_when_they_change),
        cmocka_unit_test(a_forced_charge_that_ends_is_told),
        cmocka_unit_test(refusals_are_told_once_a_minute),
        cmocka_unit_test(each_origin_and_cause_is_told_for_itself),
        cmocka_unit_test(what_was_refused_before_is_told_too),
        cmocka_unit_test(a_crowd_is_told_as_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
