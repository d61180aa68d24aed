#include "check.h"

#include "config_profile.h"
#include "model/event.h"
#include "model/profile.h"
#include "model/snapshot.h"
#include "model/words.h"

#include <string.h>

static void every_signal_has_a_name_and_a_range(void **state)
{
    (void)state;
    for (int i = 0; i < SIG_COUNT; i++) {
        assert_true(signal_info[i].lo <= signal_info[i].hi);
        if (!signal_info[i].name)
            continue;
        assert_non_null(signal_info[i].text);
        assert_int_equal(
            signal_find(signal_info[i].row > 1 ? "cell_voltage[1]" : signal_info[i].name),
            signal_info[i].row > 1 ? SIG_CELL_VOLTAGE : i);
    }
}

static void a_path_names_one_signal(void **state)
{
    static struct snapshot snap;
    static const struct {
        const char *path;
        const struct signals *at;
        enum signal id;
    } cases[] = {
        {"hub.soc",                               &snap.hub.s,           SIG_SOC             },
        {"cluster[5].voltage",                    &snap.cluster[4].s,    SIG_VOLTAGE         },
        {"cluster[2].module[16].cell_voltage[3]", &snap.module[1][15].s, SIG_CELL_VOLTAGE + 2},
        {"inverter[2].frames_sent",               &snap.inverter[1].s,   SIG_FRAMES_TX       },
        {"cluster[6].soc",                        NULL,                  SIG_COUNT           },
        {"cluster[0].soc",                        NULL,                  SIG_COUNT           },
        {"cluster[1].module[17].soc",             NULL,                  SIG_COUNT           },
        {"cluster[1].module[1].cell_voltage[25]", NULL,                  SIG_COUNT           },
        {"hub.cell_voltage",                      NULL,                  SIG_COUNT           },
        {"hub.nonsense",                          NULL,                  SIG_COUNT           },
        {"soc",                                   NULL,                  SIG_COUNT           },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        enum signal id = SIG_COUNT;

        print_message("  %s\n", cases[i].path);
        assert_ptr_equal(snapshot_find(&snap, cases[i].path, &id), cases[i].at);
        if (cases[i].at)
            assert_int_equal(id, cases[i].id);
    }
}

static void a_value_outside_its_range_is_not_set(void **state)
{
    struct signals s = {0};

    (void)state;
    assert_false(signal_set_checked(&s, SIG_SOC, 10001, 1));
    assert_false(signal_known(&s, SIG_SOC));
    assert_true(signal_set_checked(&s, SIG_SOC, 10000, 1));
    assert_int_equal(signal_or(&s, SIG_SOC, -1), 10000);
    signal_forget(&s, SIG_SOC);
    assert_int_equal(signal_or(&s, SIG_SOC, -1), -1);
}

static void alarms_keep_when_they_rose_and_latch(void **state)
{
    struct alarms a = {0};

    (void)state;
    assert_true(alarms_put(&a, TIER_WARNING, ~UINT64_C(0), UINT64_C(1) << 63 | 2, 10) ==
                (UINT64_C(1) << 63 | 2));
    assert_int_equal(a.set_at[TIER_WARNING][63], 10);
    assert_true(alarms_put(&a, TIER_WARNING, 2, 2, 20) == 0);
    assert_int_equal(a.set_at[TIER_WARNING][1], 10);
    assert_true(alarms_put(&a, TIER_WARNING, 2, 0, 30) == 2);
    assert_true(a.active[TIER_WARNING] == UINT64_C(1) << 63);
    assert_true(a.latched[TIER_WARNING] == (UINT64_C(1) << 63 | 2));
}

static void directions_of_alarms(void **state)
{
    (void)state;
    assert_true(alarms_against(CHARGE) & ALARM_BIT(CELL_HIGH));
    assert_false(alarms_against(DISCHARGE) & ALARM_BIT(CELL_HIGH));
    assert_true(alarms_against(DISCHARGE) & ALARM_BIT(INTERNAL));
    assert_false(alarms_against(BOTH) & ALARM_BIT(CELL_SPREAD));
}

/* HeSU 4K4 PRO manual, section 13: 5 modules in 2 clusters 488 A, 8 in 5 clusters 1238 A. */
static void allowance_is_looked_up(void **state)
{
    const struct profile *p = profile_find("weco-4k4-pro");

    (void)state;
    assert_int_equal(profile_allowance(p, 2, 5), 488000);
    assert_int_equal(profile_allowance(p, 5, 8), 1238000);
    assert_int_equal(profile_allowance(p, 3, 1), 206000);
    assert_int_equal(profile_allowance(p, 5, 9), 1238000);
    assert_int_equal(profile_allowance(p, 0, 5), 0);
    assert_int_equal(profile_allowance(profile_find("generic-lfp-16s"), 2, 5), -1);
    assert_null(profile_find("no-such"));
}

static void events_are_told_in_words(void **state)
{
    static const struct {
        struct event e;
        const char *text;
    } cases[] = {
        {{.kind = EVENT_HUB_STATE, .old = HUB_WAITING, .now = HUB_RUNNING},
         "hub: WAITING -> RUNNING"                                                                                                          },
        {{.kind = EVENT_CLUSTER_STATE,
          .place = 2,
          .old = CLUSTER_JOINED,
          .now = CLUSTER_STALE,
          .reason = REASON_SILENT},
         "cluster 2: JOINED -> STALE (SILENT)"                                                                                              },
        {{.kind = EVENT_READY, .place = 1, .now = 5},                                               "cluster 1: NOT READY: module count SOC"},
        {{.kind = EVENT_ALARM_SET, .place = 1, .old = TIER_PROTECTION, .now = ALARM_CELL_HIGH},
         "cluster 1: protection set: Cell voltage high"                                                                                     },
        {{.kind = EVENT_ALARM_SET, .place = 2, .module = 3, .cell = 7, .now = ALARM_CELL_HIGH},
         "cluster 2 module 3 cell 7: warning set: Cell voltage high"                                                                        },
        {{.kind = EVENT_ALARM_CLEARED, .place = 5, .cell = 65534, .old = 2, .now = ALARM_TEMP_LOW},
         "cluster 5 sensor 65534: fault cleared: Temperature low"                                                                           },
        {{.kind = EVENT_PROTOCOL, .place = 6, .text = "pylontech"},                                 "inverter 1: pylontech"                 },
    };
    char out[200];

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_string_equal(event_text(&cases[i].e, out, sizeof(out)), cases[i].text);
}

static bool is_bad(enum event_kind kind, int64_t now, enum reason reason)
{
    struct event e = {.kind = kind, .now = now, .reason = (uint16_t)reason};

    return event_is_bad(&e);
}

/* A cluster that is lost and comes back within seconds, over and over, raises no alarm: its cable
 * is found by the warnings of its state. */
static void what_somebody_has_to_look_at_is_a_warning(void **state)
{
    (void)state;
    assert_true(is_bad(EVENT_HUB_STATE, HUB_DEGRADED, REASON_CLUSTER_MISSING));
    assert_true(is_bad(EVENT_HUB_STATE, HUB_LOCKED, REASON_STOP_INPUT));
    assert_false(is_bad(EVENT_HUB_STATE, HUB_RUNNING, REASON_NONE));
    assert_false(is_bad(EVENT_HUB_STATE, HUB_STOPPED, REASON_STOPPING));
    assert_true(is_bad(EVENT_CLUSTER_STATE, CLUSTER_STALE, REASON_SILENT));
    assert_true(is_bad(EVENT_CLUSTER_STATE, CLUSTER_PROTECTED, REASON_IN_PROTECTION));
    assert_true(is_bad(EVENT_CLUSTER_STATE, CLUSTER_SHUT_DOWN, REASON_IN_FAULT));
    assert_true(is_bad(EVENT_CLUSTER_STATE, CLUSTER_STANDBY, REASON_GUARD_SOC));
    assert_false(is_bad(EVENT_CLUSTER_STATE, CLUSTER_STANDBY, REASON_REJOIN_WAIT));
    assert_false(is_bad(EVENT_CLUSTER_STATE, CLUSTER_STANDBY, REASON_INCOMPLETE));
    assert_false(is_bad(EVENT_CLUSTER_STATE, CLUSTER_JOINED, REASON_NONE));
    assert_false(is_bad(EVENT_CLUSTER_STATE, CLUSTER_EXCLUDED, REASON_OPERATOR_EXCLUDED));
    assert_true(is_bad(EVENT_READY, 1, REASON_NONE));
    assert_false(is_bad(EVENT_READY, 0, REASON_NONE));
    assert_true(is_bad(EVENT_ALARM_SET, ALARM_CELL_HIGH, REASON_NONE));
    assert_false(is_bad(EVENT_ALARM_CLEARED, ALARM_CELL_HIGH, REASON_NONE));
    assert_true(is_bad(EVENT_LATCH_SET, 1, REASON_NONE));
    assert_false(is_bad(EVENT_LATCH_RESET, 1, REASON_NONE));
    assert_false(is_bad(EVENT_RELAY, 1, REASON_NONE));
    assert_true(is_bad(EVENT_REFUSED, REFUSAL_RANGE, REASON_NONE));
    assert_false(is_bad(EVENT_SET_POINT, 1000, REASON_NONE));
    assert_false(is_bad(EVENT_RAN_OUT, -1, REASON_NONE));
}

static void a_stop_is_a_warning_and_its_end_is_not(void **state)
{
    struct event e = {.kind = EVENT_COMMAND, .command = COMMAND_STOP, .now = 1};

    (void)state;
    assert_true(event_is_bad(&e));
    e.now = 0;
    assert_false(event_is_bad(&e));
    e = (struct event){.kind = EVENT_COMMAND, .command = COMMAND_EXCLUDE, .now = 1};
    assert_false(event_is_bad(&e));
}

static void each_command_has_its_row(void **state)
{
    (void)state;
    assert_int_equal(COMMAND_ROWS, n_commands);
    assert_int_equal(command_row(COMMAND_SET_CCL), 0);
    assert_int_equal(command_row(COMMAND_STOP), ROW_STOP);
    assert_int_equal(command_row(COMMAND_FORCE_CHARGE), COMMAND_ROWS - 1);
    assert_int_equal(command_row(COMMAND_NONE), COMMAND_ROWS);
    assert_int_equal(command_row((enum command)14), COMMAND_ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_signal_has_a_name_and_a_range),
        cmocka_unit_test(a_path_names_one_signal),
        cmocka_unit_test(a_value_outside_its_range_is_not_set),
        cmocka_unit_test(alarms_keep_when_they_rose_and_latch),
        cmocka_unit_test(directions_of_alarms),
        cmocka_unit_test(allowance_is_looked_up),
        cmocka_unit_test(events_are_told_in_words),
        cmocka_unit_test(what_somebody_has_to_look_at_is_a_warning),
        cmocka_unit_test(a_stop_is_a_warning_and_its_end_is_not),
        cmocka_unit_test(each_command_has_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
