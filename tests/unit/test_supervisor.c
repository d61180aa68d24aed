#include "check.h"

#include "core/supervisor.h"

/* Every edge there is, by hand from DESIGN.md's states; all other pairs stay where they are. */
static const struct {
    enum hub_state from;
    enum hub_event event;
    enum hub_state to;
} wanted[] = {
    {HUB_WAITING,  HUB_EV_ALL_JOINED,  HUB_RUNNING },
    {HUB_WAITING,  HUB_EV_ALL_SEEN,    HUB_DEGRADED},
    {HUB_WAITING,  HUB_EV_START_OVER,  HUB_DEGRADED},
    {HUB_WAITING,  HUB_EV_HALT,        HUB_STOPPED },
    {HUB_WAITING,  HUB_EV_LOCK,        HUB_LOCKED  },
    {HUB_WAITING,  HUB_EV_STOP,        HUB_STOPPED },
    {HUB_RUNNING,  HUB_EV_SOME_JOINED, HUB_DEGRADED},
    {HUB_RUNNING,  HUB_EV_NONE_JOINED, HUB_STOPPED },
    {HUB_RUNNING,  HUB_EV_HALT,        HUB_STOPPED },
    {HUB_RUNNING,  HUB_EV_LOCK,        HUB_LOCKED  },
    {HUB_RUNNING,  HUB_EV_STOP,        HUB_STOPPED },
    {HUB_DEGRADED, HUB_EV_ALL_JOINED,  HUB_RUNNING },
    {HUB_DEGRADED, HUB_EV_NONE_JOINED, HUB_STOPPED },
    {HUB_DEGRADED, HUB_EV_HALT,        HUB_STOPPED },
    {HUB_DEGRADED, HUB_EV_LOCK,        HUB_LOCKED  },
    {HUB_DEGRADED, HUB_EV_STOP,        HUB_STOPPED },
    {HUB_STOPPED,  HUB_EV_ALL_JOINED,  HUB_RUNNING },
    {HUB_STOPPED,  HUB_EV_SOME_JOINED, HUB_DEGRADED},
    {HUB_STOPPED,  HUB_EV_RESUME,      HUB_WAITING },
    {HUB_STOPPED,  HUB_EV_LOCK,        HUB_LOCKED  },
    {HUB_LOCKED,   HUB_EV_UNLOCK,      HUB_WAITING },
    {HUB_LOCKED,   HUB_EV_STOP,        HUB_STOPPED },
};

static enum hub_state wants(enum hub_state from, enum hub_event event)
{
    for (size_t i = 0; i < LEN(wanted); i++)
        if (wanted[i].from == from && wanted[i].event == event)
            return wanted[i].to;
    return from;
}

static void every_edge(void **state)
{
    struct hub_edge edge;
    size_t n = 0;

    (void)state;
    for (int s = 0; s < HUB_STATE_COUNT; s++)
        for (int e = 0; e < HUB_EVENT_COUNT; e++)
            assert_int_equal(hub_next((enum hub_state)s, (enum hub_event)e),
                             wants((enum hub_state)s, (enum hub_event)e));
    while (hub_edge(n, &edge))
        assert_int_equal(wants(edge.from, edge.event), (n++, edge.to));
    assert_int_equal(n, LEN(wanted));
    assert_string_equal(hub_event_name(HUB_EV_UNLOCK), "UNLOCK");
    assert_string_equal(hub_event_name(HUB_EVENT_COUNT), "?");
}

static void current_flows_in_two_states_only(void **state)
{
    (void)state;
    assert_false(hub_current_allowed(HUB_WAITING));
    assert_true(hub_current_allowed(HUB_RUNNING));
    assert_true(hub_current_allowed(HUB_DEGRADED));
    assert_false(hub_current_allowed(HUB_STOPPED));
    assert_false(hub_current_allowed(HUB_LOCKED));
}

static const struct supervisor_rules present = {.start_incomplete = true, .start_wait = MONO_S(60)};

/* Two clusters, so many counted and seen, nothing against it. */
static struct supervisor_input of_two(unsigned joined, unsigned seen)
{
    return (struct supervisor_input){.configured = 2, .joined = joined, .seen = seen};
}

static void run(struct supervisor *sv, struct supervisor_input in, mono_us now)
{
    supervisor_run(sv, &present, &in, now);
}

static void is(const struct supervisor *sv, enum hub_state state, enum reason reason)
{
    assert_int_equal(sv->state, state);
    assert_int_equal(sv->reason, reason);
}

static void the_start_waits_for_all_or_for_its_time(void **state)
{
    struct supervisor_rules wait = {.start_incomplete = false, .start_wait = MONO_S(60)};
    struct supervisor_input one = of_two(1, 1);
    struct supervisor sv;

    (void)state;
    supervisor_init(&sv, MONO_S(5));
    assert_int_equal(supervisor_due(&sv, &present, MONO_S(64)), MONO_S(65));
    run(&sv, one, MONO_S(65) - 1);
    is(&sv, HUB_WAITING, REASON_WAIT_CLUSTERS);
    supervisor_run(&sv, &wait, &one, MONO_S(500));
    is(&sv, HUB_WAITING, REASON_WAIT_CLUSTERS);
    run(&sv, of_two(0, 0), MONO_S(500));
    is(&sv, HUB_WAITING, REASON_WAIT_CLUSTERS);
    assert_int_equal(supervisor_due(&sv, &present, MONO_S(65)), MONO_NEVER);
    assert_false(sv.started_up);
    run(&sv, one, MONO_S(65));
    is(&sv, HUB_DEGRADED, REASON_CLUSTER_MISSING);
    assert_true(sv.started_up);
    run(&sv, of_two(2, 2), MONO_S(66));
    is(&sv, HUB_RUNNING, REASON_NONE);
    assert_int_equal(supervisor_due(&sv, &present, MONO_S(6)), MONO_NEVER);
    run(&sv, of_two(0, 2), MONO_S(67));
    is(&sv, HUB_STOPPED, REASON_NO_CLUSTER);
    run(&sv, one, MONO_S(68));
    is(&sv, HUB_DEGRADED, REASON_CLUSTER_MISSING);
}

static void a_cluster_that_is_not_let_in_is_not_waited_for(void **state)
{
    struct supervisor sv;

    (void)state;
    supervisor_init(&sv, MONO_S(5));
    run(&sv, of_two(1, 1), MONO_S(6));
    is(&sv, HUB_WAITING, REASON_WAIT_CLUSTERS);
    run(&sv, of_two(0, 2), MONO_S(7));
    is(&sv, HUB_WAITING, REASON_WAIT_CLUSTERS);
    run(&sv, of_two(1, 2), MONO_S(8));
    is(&sv, HUB_DEGRADED, REASON_CLUSTER_MISSING);
}

static void a_halt_lasts_as_long_as_its_reason(void **state)
{
    struct supervisor_input in = of_two(2, 2);
    struct supervisor sv;

    (void)state;
    supervisor_init(&sv, 0);
    in.halt = REASON_OPERATOR_STOP;
    run(&sv, in, 1);
    is(&sv, HUB_STOPPED, REASON_OPERATOR_STOP);
    run(&sv, in, MONO_S(100));
    is(&sv, HUB_STOPPED, REASON_OPERATOR_STOP);
    in = of_two(1, 1);
    supervisor_run(&sv, &(struct supervisor_rules){.start_wait = MONO_S(60)}, &in, MONO_S(200));
    is(&sv, HUB_WAITING, REASON_WAIT_CLUSTERS); /* as at its start: not with half of them */
    run(&sv, of_two(2, 2), MONO_S(201));
    is(&sv, HUB_RUNNING, REASON_NONE);
    in.halt = REASON_CLUSTERS_PROTECTED;
    run(&sv, in, MONO_S(202));
    is(&sv, HUB_STOPPED, REASON_CLUSTERS_PROTECTED);
    run(&sv, of_two(2, 2), MONO_S(203));
    is(&sv, HUB_RUNNING, REASON_NONE);
}

static void a_lock_comes_before_everything(void **state)
{
    struct supervisor_input in = of_two(2, 2);
    struct supervisor sv;

    (void)state;
    supervisor_init(&sv, 0);
    run(&sv, in, 1);
    in.lock = REASON_STOP_INPUT;
    in.halt = REASON_OPERATOR_STOP;
    run(&sv, in, 2);
    is(&sv, HUB_LOCKED, REASON_STOP_INPUT);
    in.halt = REASON_NONE;
    in.joined = 0;
    run(&sv, in, 3);
    is(&sv, HUB_LOCKED, REASON_STOP_INPUT);
    in.lock = REASON_NONE;
    in.joined = 2;
    run(&sv, in, 4);
    is(&sv, HUB_RUNNING, REASON_NONE);
    in.lock = REASON_FIRE_INPUT;
    run(&sv, in, 5);
    in.lock = REASON_NONE;
    in.halt = REASON_OPERATOR_STOP; /* asked for while it was locked */
    run(&sv, in, 6);
    is(&sv, HUB_STOPPED, REASON_OPERATOR_STOP);
}

static void a_stop_is_for_good(void **state)
{
    struct supervisor_input in = {.configured = 1, .joined = 1, .seen = 1};
    struct supervisor sv;

    (void)state;
    supervisor_init(&sv, 0);
    run(&sv, in, 1);
    supervisor_stop(&sv);
    run(&sv, in, 2);
    is(&sv, HUB_STOPPED, REASON_STOPPING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge),
        cmocka_unit_test(current_flows_in_two_states_only),
        cmocka_unit_test(the_start_waits_for_all_or_for_its_time),
        cmocka_unit_test(a_cluster_that_is_not_let_in_is_not_waited_for),
        cmocka_unit_test(a_halt_lasts_as_long_as_its_reason),
        cmocka_unit_test(a_lock_comes_before_everything),
        cmocka_unit_test(a_stop_is_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
