/* Orders at the hub: all or none, whose they are, the keys of a reset, a store that hangs. */
#include "order_bench.h"

/* ---- all or none ---- */

static void one_that_is_not_possible_keeps_the_others_out(void **state)
{
    const struct hub_order good = set(COMMAND_SET_CCL, 10000, &tcp);
    const struct {
        const char *what;
        struct hub_order bad;
        enum status status;
        enum refusal refusal;
    } cases[] = {
        {"too high a limit", set(COMMAND_SET_DCL, 3000001,                &tcp),                     HUB_ERANGE,                       REFUSAL_RANGE},
        {"no such cluster",                  about(ask(COMMAND_EXCLUDE,                     &tcp), 3), HUB_ERANGE,                               REFUSAL_RANGE},
        {"which cluster",     ask(COMMAND_EXCLUDE,                        &tcp),                                HUB_ERANGE,                                  REFUSAL_RANGE       },
        {"a reset with others",     ask(COMMAND_RESET,                        &tcp),                          HUB_ERANGE,REFUSAL_RANGE},
        {"no such command",     set((enum command)99,                        0,                              &tcp),                                   HUB_ESPEC,                                                  REFUSAL_RANGE},
        {"nothing asked",         ask(COMMAND_NONE,               &tcp),                                     HUB_ESPEC,              REFUSAL_RANGE},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        for (unsigned first = 0; first < 2; first++) {
            struct hub_order order[3] = {good, ask(COMMAND_STOP, &tcp), cases[i].bad};
            unsigned row = command_row(cases[i].bad.command);
            struct hub *hub = begin();

            print_message("%s\n", cases[i].what);
            if (first) {
                order[0] = cases[i].bad;
                order[2] = good;
            }
            assert_int_equal(get(hub, order, 3), cases[i].status);
            run(hub, MONO_S(3));
            assert_false(signal_known(&hub_snapshot(hub)->hub.s, SIG_SETPOINT_CCL));
            assert_int_equal(hub_is(hub, SIG_STOP_ASKED), 0);
            assert_int_equal(hub_is(hub, SIG_ORDER_OWNER + ROW_SET_CCL), OWNER_NOBODY);
            assert_int_equal(hub_is(hub, SIG_ORDER_REFUSAL + ROW_SET_CCL), REFUSAL_NONE);
            if (row < COMMAND_ROWS)
                assert_int_equal(hub_is(hub, (enum signal)(SIG_ORDER_REFUSAL + row)),
                                 cases[i].refusal);
            assert_int_equal(look(hub), 1);
            assert_int_equal(event[0].kind, EVENT_REFUSED);
            hub_free(hub);
        }
}

static void all_that_is_possible_is_done(void **state)
{
    struct hub_order order[ORDERS_MAX] = {
        set(COMMAND_SET_CCL, 10000, &tcp),
        set(COMMAND_SET_DCL, 20000, &tcp),
        set(COMMAND_SET_CVL, 52000, &tcp),
        ask(COMMAND_STOP, &tcp),
        about(ask(COMMAND_EXCLUDE, &tcp), 1),
        about(ask(COMMAND_EXCLUDE, &tcp), 2),
        ask(COMMAND_FORCE_CHARGE, &tcp),
        set(COMMAND_SET_CCL, 11000, &tcp), /* the later word counts */
    };
    struct hub *hub = begin();

    (void)state;
    order[5].isolated = true;
    assert_int_equal(get(hub, order, ORDERS_MAX), HUB_OK);
    run(hub, MONO_S(3));
    assert_int_equal(hub_is(hub, SIG_SETPOINT_CCL), 11000);
    assert_int_equal(hub_is(hub, SIG_SETPOINT_DCL), 20000);
    assert_int_equal(hub_is(hub, SIG_SETPOINT_CVL), 52000);
    assert_int_equal(hub_is(hub, SIG_STOP_ASKED), 1);
    assert_int_equal(hub_is(hub, SIG_FORCE_CHARGE_ASKED), 1);
    assert_int_equal(hub_is(hub, SIG_EXCLUDE), 1);
    assert_int_equal(hub_is(hub, SIG_EXCLUDE + 1), 2);
    assert_false(signal_known(&hub_snapshot(hub)->hub.s, SIG_EXCLUDE + 2)); /* there is no third */
    assert_int_equal(look(hub), 8);
    hub_free(hub);
}

/* The origin of what comes as one is that of the first; the others need not have any. */
static void the_first_says_who_it_was(void **state)
{
    struct hub_order order[2] = {set(COMMAND_SET_CCL, 10000, &line),
                                 set(COMMAND_SET_DCL, 20000, &nobody)};
    struct hub *hub = begin();

    (void)state;
    assert_int_equal(get(hub, order, 2), HUB_OK);
    run(hub, MONO_S(3));
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER + ROW_SET_CCL), 12);
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER + ROW_SET_DCL), 12);
    hub_free(hub);
}

/* generic-lfp-16s: discharge_floor 40.0 V, charge_max 58.4 V. */
static void what_can_be_set_is_told(void **state)
{
    struct hub *hub = begin();

    (void)state;
    assert_int_equal(hub_is(hub, SIG_SETPOINT_CVL_MIN), 40000);
    assert_int_equal(hub_is(hub, SIG_SETPOINT_CVL_MAX), 58400);
    assert_int_equal(hub_is(hub, SIG_SETPOINT_CCL_MAX), 3000000);
    assert_int_equal(hub_is(hub, SIG_SETPOINT_DCL_MAX), 3000000);
    assert_int_equal(get_one(hub, set(COMMAND_SET_CVL, 39999, &tcp)), HUB_ERANGE);
    assert_int_equal(get_one(hub, set(COMMAND_SET_CVL, 40000, &tcp)), HUB_OK);
    assert_int_equal(get_one(hub, set(COMMAND_SET_CVL, 58400, &tcp)), HUB_OK);
    assert_int_equal(get_one(hub, set(COMMAND_SET_CVL, 58401, &tcp)), HUB_ERANGE);
    for (enum command c = COMMAND_SET_CCL; c <= COMMAND_SET_DCL; c++) {
        assert_int_equal(get_one(hub, set(c, 3000001, &tcp)), HUB_ERANGE);
        assert_int_equal(get_one(hub, set(c, 3000000, &tcp)), HUB_OK);
        assert_int_equal(get_one(hub, set(c, 0, &tcp)), HUB_OK);
        assert_int_equal(get_one(hub, set(c, -1, &tcp)), HUB_ERANGE);
    }
    hub_free(hub);
}

/* 5 ms after the last run, whether it was taken or refused: the image has to show it. */
static void the_rules_run_soon_after_an_order(void **state)
{
    static const int64_t values[] = {20000, -1};

    (void)state;
    for (size_t i = 0; i < LEN(values); i++) {
        struct hub *hub = begin();

        link_is(hub, PORT_CLUSTER, LINK_DOWN); /* who has nothing to send wants no turn */
        link_is(hub, PORT_CLUSTER + 1, LINK_DOWN);
        run(hub, MONO_S(2));
        hub_set_time(hub, MONO_S(2) + MONO_MS(1));
        assert_int_equal(hub_deadline(hub), MONO_S(2) + MONO_MS(100));
        get_one(hub, set(COMMAND_SET_CCL, values[i], &tcp));
        assert_int_equal(hub_deadline(hub), MONO_S(2) + MONO_MS(5));
        hub_free(hub);
    }
}

/* ---- keys ---- */

static enum status reset(struct hub *hub, unsigned place, unsigned key)
{
    struct hub_order o = about(ask(COMMAND_RESET, &tcp), place);
    enum status status;

    o.key = (uint16_t)key;
    status = get_one(hub, o);
    hub_run(hub);
    save_all(hub);
    return status;
}

static void a_reset_that_comes_twice_resets_once(void **state)
{
    struct hub *hub = begin();

    (void)state;
    latch(hub, MONO_S(3));
    assert_int_equal(hub_is(hub, SIG_RESET_KEY), 1);
    assert_int_equal(reset(hub, 0, 1), HUB_OK);
    assert_int_equal(hub_is(hub, SIG_LATCHES), 0);
    assert_int_equal(hub_is(hub, SIG_RESET_KEY), 2);
    only_told(hub, "hub: reset by 192.168.1.7");
    latch(hub, MONO_S(4)); /* and only then comes the same request again */
    assert_int_equal(reset(hub, 0, 1), HUB_OK);
    assert_int_equal(hub_is(hub, SIG_LATCHES), LATCH_BIT(STOP_INPUT));
    assert_int_equal(hub_is(hub, SIG_RESET_KEY), 2);
    assert_int_equal(look(hub), 0);
    assert_int_equal(reset(hub, 0, 3), HUB_EKEY);
    assert_int_equal(reset(hub, 0, 65534), HUB_EKEY);
    assert_int_equal(hub_is(hub, SIG_LATCHES), LATCH_BIT(STOP_INPUT));
    assert_int_equal(hub_is(hub, SIG_ORDER_REFUSAL + ROW_RESET), REFUSAL_KEY);
    assert_int_equal(reset(hub, 0, 2), HUB_OK);
    assert_int_equal(hub_is(hub, SIG_LATCHES), 0);
    assert_int_equal(hub_is(hub, SIG_ORDER_REFUSAL + ROW_RESET), REFUSAL_NONE);
    assert_int_equal(reset(hub, 0, 1), HUB_EKEY); /* the one before the one before */
    hub_free(hub);
}

/* None was used yet: the one before 1 is no key. */
static void at_the_start_no_key_was_used(void **state)
{
    struct hub *hub = begin();

    (void)state;
    assert_int_equal(reset(hub, 0, 65534), HUB_EKEY);
    assert_int_equal(reset(hub, 0, 65535), HUB_EKEY);
    assert_int_equal(reset(hub, 1, 2), HUB_EKEY);
    for (unsigned i = 0; i <= 2; i++)
        assert_int_equal(hub_is(hub, (enum signal)(SIG_RESET_KEY + i)), 1);
    assert_false(signal_known(&hub_snapshot(hub)->hub.s, SIG_RESET_KEY + 3));
    hub_free(hub);
}

static void each_place_has_its_key(void **state)
{
    static const struct {
        const char *what;
        unsigned place;
        int64_t key[3]; /* afterwards: of all, of cluster 1 and 2 */
    } cases[] = {
        {"a cluster", 2, {1, 1, 2}},
        {"all",       0, {2, 2, 3}}, /* what was read for a cluster before is of another time */
        {"a cluster", 1, {2, 3, 3}},
    };
    struct hub *hub = begin();

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        assert_int_equal(reset(hub, cases[i].place, 0), HUB_OK); /* none is asked for */
        for (unsigned k = 0; k < 3; k++)
            assert_int_equal(hub_is(hub, (enum signal)(SIG_RESET_KEY + k)), cases[i].key[k]);
    }
    hub_free(hub);
}

static void keys_go_from_1_to_65534_and_on(void **state)
{
    struct hub *hub = begin();

    (void)state;
    for (unsigned key = 1; key < 65534; key++)
        assert_int_equal(get_one(hub, about(ask(COMMAND_RESET, &tcp), 1)), HUB_OK);
    hub_run(hub);
    assert_int_equal(hub_is(hub, SIG_RESET_KEY + 1), 65534);
    assert_int_equal(reset(hub, 1, 65534), HUB_OK);
    assert_int_equal(hub_is(hub, SIG_RESET_KEY + 1), 1);
    assert_int_equal(reset(hub, 1, 65534), HUB_OK); /* again: nothing is done */
    assert_int_equal(hub_is(hub, SIG_RESET_KEY + 1), 1);
    hub_free(hub);
}

/* The button is still pressed: the key stays, so that the same request may be made again. */
static void a_refused_reset_keeps_its_key(void **state)
{
    struct hub *hub = begin();

    (void)state;
    hub_input(hub, 0, false);
    run(hub, MONO_S(3));
    look(hub);
    assert_int_equal(reset(hub, 0, 1), HUB_EBUSY);
    assert_int_equal(hub_is(hub, SIG_RESET_KEY), 1);
    assert_int_equal(hub_is(hub, SIG_RESET_KEY + 1), 2); /* nothing stood in its way here */
    assert_int_equal(hub_is(hub, SIG_ORDER_REFUSAL + ROW_RESET), REFUSAL_CAUSE);
    only_told(hub, "hub: RESET refused: The cause of a latch is still there: by 192.168.1.7; "
                   "The stop input opened, or its wire broke");
    hub_input(hub, 0, true);
    run(hub, MONO_S(4));
    assert_int_equal(reset(hub, 0, 1), HUB_OK);
    assert_int_equal(hub_is(hub, SIG_LATCHES), 0);
    hub_free(hub);
}

/* The reset input makes new keys, too: who has read the old one knows another state. */
static void the_reset_input_makes_a_new_key(void **state)
{
    struct hub *hub = begin();

    (void)state;
    latch(hub, MONO_S(3));
    hub_input(hub, 1, true);
    run(hub, MONO_S(4));
    save_all(hub);
    assert_int_equal(hub_is(hub, SIG_LATCHES), 0);
    assert_int_equal(hub_is(hub, SIG_RESET_KEY), 2);
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER + ROW_RESET), OWNER_NOBODY);
    hub_free(hub);
}

/* ---- whose it is ---- */

static void a_set_point_belongs_to_who_gave_it_last(void **state)
{
    struct hub *hub = begin();

    (void)state;
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER), OWNER_NOBODY);
    get_one(hub, set(COMMAND_SET_CCL, 50000, &tcp));
    run(hub, MONO_S(3));
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER), 1);
    assert_int_equal(hub_is(hub, SIG_ORDER_ADDRESS), 0xC0A80107);
    get_one(hub, set(COMMAND_SET_CCL, 50000, &root));
    run(hub, MONO_S(4));
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER), 20);
    assert_int_equal(hub_is(hub, SIG_ORDER_ADDRESS), 0);
    get_one(hub, taken_back(set(COMMAND_SET_CCL, 0, &line)));
    run(hub, MONO_S(5));
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER), OWNER_NOBODY);
    get_one(hub, set(COMMAND_SET_CCL, 50000, &tcp)); /* at 5 s, for 60 s */
    run(hub, MONO_S(65) - 1);
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER), 1);
    run(hub, MONO_S(65));
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER), OWNER_NOBODY);
    assert_int_equal(hub_is(hub, SIG_ORDER_ADDRESS), 0);
    hub_free(hub);
}

static void a_command_keeps_who_gave_it_last(void **state)
{
    struct hub *hub = begin();

    (void)state;
    get_one(hub, ask(COMMAND_STOP, &tcp));
    run(hub, MONO_S(3));
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER + ROW_STOP), 1);
    get_one(hub, taken_back(ask(COMMAND_STOP, &line)));
    run(hub, MONO_S(4));
    assert_int_equal(hub_is(hub, SIG_STOP_ASKED), 0);
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER + ROW_STOP), 12);
    run(hub, MONO_S(4000));
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER + ROW_STOP), 12);
    hub_free(hub);
}

/* ---- a store that hangs ---- */

static void a_stop_that_cannot_be_answered_stops(void **state)
{
    struct hub_order o = about(ask(COMMAND_EXCLUDE, &tcp), 1), stop = ask(COMMAND_STOP, &root);
    struct hub_order both[2] = {stop, set(COMMAND_SET_CCL, -1, &root)};
    struct hub *hub = begin();

    (void)state;
    while (hub_command(hub, &o) == HUB_OK)
        ;
    look(hub);
    assert_int_equal(hub_commands(hub, both, 2), HUB_EFULL); /* not possible as a whole */
    stop.release = true;
    assert_int_equal(hub_command(hub, &stop), HUB_EFULL);
    run(hub, MONO_S(3));
    assert_int_equal(hub_is(hub, SIG_STOP_ASKED), 0);
    both[1].value = 1000;
    assert_int_equal(hub_commands(hub, both, 2), HUB_EFULL);
    run(hub, MONO_S(4));
    assert_int_equal(hub_is(hub, SIG_STOP_ASKED), 1);
    assert_int_equal(hub_is(hub, SIG_ORDER_OWNER + ROW_STOP), 20);
    assert_int_equal(hub_command(hub, &stop), HUB_EFULL);
    run(hub, MONO_S(5));
    assert_int_equal(hub_is(hub, SIG_STOP_ASKED), 1);
    assert_false(signal_known(&hub_snapshot(hub)->hub.s, SIG_SETPOINT_CCL));
    only_told(hub, "hub: stop asked for: by user root");
    hub_free(hub);
}

static void nobody_waits_for_ever(void **state)
{
    struct hub_order o = ask(COMMAND_STOP, &tcp);
    struct hub_answer answer;
    struct hub *hub = begin();

    (void)state;
    o.ticket = 5;
    hub_command(hub, &o); /* at 2 s */
    run(hub, MONO_S(12) - 1);
    assert_false(hub_result(hub, &answer));
    run(hub, MONO_S(12));
    assert_true(hub_result(hub, &answer));
    assert_int_equal(answer.ticket, 5);
    assert_int_equal(answer.status, HUB_ELATE);
    assert_int_equal(hub_is(hub, SIG_STOP_ASKED), 1);
    save_all(hub);
    assert_false(hub_result(hub, &answer));
    hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_not_possible_keeps_the_others_out),
        cmocka_unit_test(all_that_is_possible_is_done),
        cmocka_unit_test(the_first_says_who_it_was),
        cmocka_unit_test(what_can_be_set_is_told),
        cmocka_unit_test(the_rules_run_soon_after_an_order),
        cmocka_unit_test(a_reset_that_comes_twice_resets_once),
        cmocka_unit_test(at_the_start_no_key_was_used),
        cmocka_unit_test(each_place_has_its_key),
        cmocka_unit_test(keys_go_from_1_to_65534_and_on),
        cmocka_unit_test(a_refused_reset_keeps_its_key),
        cmocka_unit_test(the_reset_input_makes_a_new_key),
        cmocka_unit_test(a_set_point_belongs_to_who_gave_it_last),
        cmocka_unit_test(a_command_keeps_who_gave_it_last),
        cmocka_unit_test(a_stop_that_cannot_be_answered_stops),
        cmocka_unit_test(nobody_waits_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
