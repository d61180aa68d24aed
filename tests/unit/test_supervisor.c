#include "check.h"

#include "core/supervisor.h"

static void every_edge(void **state)
{
    /* columns: ALL, SOME, NONE, START_OVER, STOP */
    static const enum hub_state want[HUB_STATE_COUNT][HUB_EVENT_COUNT] = {
        [HUB_WAITING] = {HUB_RUNNING, HUB_WAITING,  HUB_WAITING, HUB_DEGRADED, HUB_STOPPED},
        [HUB_RUNNING] = {HUB_RUNNING, HUB_DEGRADED, HUB_STOPPED, HUB_RUNNING,  HUB_STOPPED},
        [HUB_DEGRADED] = {HUB_RUNNING, HUB_DEGRADED, HUB_STOPPED, HUB_DEGRADED, HUB_STOPPED},
        [HUB_STOPPED] = {HUB_RUNNING, HUB_DEGRADED, HUB_STOPPED, HUB_STOPPED,  HUB_STOPPED},
        [HUB_LOCKED] = {HUB_LOCKED,  HUB_LOCKED,   HUB_LOCKED,  HUB_LOCKED,   HUB_LOCKED },
    };

    (void)state;
    for (int s = 0; s < HUB_STATE_COUNT; s++)
        for (int e = 0; e < HUB_EVENT_COUNT; e++)
            assert_int_equal(hub_next((enum hub_state)s, (enum hub_event)e), want[s][e]);
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

static void the_start_waits_for_all_or_for_its_time(void **state)
{
    struct supervisor_rules present = {.start_incomplete = true, .start_wait = MONO_S(60)};
    struct supervisor_rules wait = {.start_incomplete = false, .start_wait = MONO_S(60)};
    struct supervisor sv;

    (void)state;
    supervisor_init(&sv, MONO_S(5));
    supervisor_run(&sv, &present, 1, 2, MONO_S(65) - 1);
    assert_int_equal(sv.state, HUB_WAITING);
    supervisor_run(&sv, &wait, 1, 2, MONO_S(500));
    assert_int_equal(sv.state, HUB_WAITING);
    supervisor_run(&sv, &present, 0, 2, MONO_S(500));
    assert_int_equal(sv.state, HUB_WAITING);
    supervisor_run(&sv, &present, 1, 2, MONO_S(65));
    assert_int_equal(sv.state, HUB_DEGRADED);
    assert_int_equal(sv.reason, REASON_CLUSTER_MISSING);
    supervisor_run(&sv, &present, 2, 2, MONO_S(66));
    assert_int_equal(sv.state, HUB_RUNNING);
}

static void a_stop_is_for_good(void **state)
{
    struct supervisor_rules rules = {.start_incomplete = true};
    struct supervisor sv;

    (void)state;
    supervisor_init(&sv, 0);
    supervisor_run(&sv, &rules, 1, 1, 1);
    supervisor_stop(&sv);
    supervisor_run(&sv, &rules, 1, 1, 2);
    assert_int_equal(sv.state, HUB_STOPPED);
    assert_int_equal(sv.reason, REASON_STOPPING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge),
        cmocka_unit_test(current_flows_in_two_states_only),
        cmocka_unit_test(the_start_waits_for_all_or_for_its_time),
        cmocka_unit_test(a_stop_is_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
