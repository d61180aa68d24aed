/* How the limits came to be, in words: from a log, from what is published, and sentence by
 * sentence. */
#include "hub_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/explain_log.h"
#include "cli/explain_text.h"
#include "cli/server_name.h"
#include "config_profile.h"
#include "hub/explain.h"
#include "regmap.h"

#define LOG TEST_DIR "/captures/two_unequal.log"

/* 10 modules of 50 A: limits rise by 5 % of 500 A a second. */
static const char two[] = "[hub]\nclusters = 2\nprofile = generic-lfp-16s\n"
                          "[cluster.1]\nlink = can0\nmodules = 6\n"
                          "[cluster.2]\nlink = can1\nmodules = 4\n"
                          "[inverter.1]\nlink = can2\nprotocol = VICTRONCAN\n"
                          "[modbus.tcp]\nlisten = 127.0.0.1:1\n";

/* ---- text ---- */

static char text[20000];

static void collect(void *arg, const char *piece)
{
    (void)arg;
    assert_true(strlen(text) + strlen(piece) < sizeof(text));
    strcat(text, piece);
}

static void tell(const struct explanation *e, const struct snapshot *snap)
{
    text[0] = '\0';
    explain_text(e, snap, collect, NULL);
}

static void assert_told(const char *line)
{
    if (!strstr(text, line))
        print_message("missing: %s\nin:\n%s\n", line, text);
    assert_non_null(strstr(text, line));
}

static void assert_untold(const char *line)
{
    if (strstr(text, line))
        print_message("not wanted: %s\nin:\n%s\n", line, text);
    assert_null(strstr(text, line));
}

/* ---- a log ---- */

static struct snapshot snap; /* of a test that makes its own */
static struct played played;
static struct explanation e;

static void play(const char *ini, const char *at)
{
    struct config *cfg = configured(ini);

    assert_int_equal(explain_log(&played, cfg, LOG, at), CLI_OK);
    config_free(cfg);
    hub_explain(played.hub, &e);
    tell(&e, hub_snapshot(played.hub));
}

/* 6 modules with 480 A and 4 with 59.2 A in and 148 A out: 480 / 0.6 = 800, 59.2 / 0.4 = 148, 148 /
 * 0.4 = 370; a bus bar of 400 A / 0.6 = 666.6 A. */
static void the_weaker_of_two_clusters_is_named(void **state)
{
    (void)state;
    play(two, NULL);
    assert_told("The hub is RUNNING. 2 of 2 clusters are counted.\n");
    assert_told(
        "\nCharge current limit (CCL): 148.0 A\n"
        "  1 cluster      539.2 A  what the counted clusters allow, added up\n"
        "      cluster 1    480.0 A / share 60.0 % = 800.0 A for the hub; the BMS of the cluster "
        "allows no more\n"
        "      cluster 2     59.2 A / share 40.0 % = 148.0 A for the hub; the BMS of the cluster "
        "allows no more\n"
        "  2 sharing      148.0 A  cluster 2: the weakest cluster for its share of the current\n"
        "  3 allowance    148.0 A  not lowered; the bus bars allow 666.6 A (cluster 1)\n"
        "  4 cells        148.0 A  not lowered\n"
        "  5 protection   148.0 A  not lowered\n"
        "  6 state        148.0 A  not lowered; no cap; no set-point\n"
        "  7 rate         148.0 A  not lowered; rises by 25.0 A a second\n"
        "  CCL is 148.0 A because cluster 2 (share 40.0 %) allows 59.2 A.\n");
    assert_told("\nDischarge current limit (DCL): 370.0 A\n");
    assert_told("cluster 2    148.0 A / share 40.0 % = 370.0 A for the hub;");
    assert_told("  7 rate         370.0 A  not lowered; rises in one step\n");
    assert_told("  DCL is 370.0 A because cluster 2 (share 40.0 %) allows 148.0 A.\n");
    assert_told("  1 cluster       53.2 V  cluster 1 tells 53.2 V, cluster 2 tells 53.2 V\n");
    assert_told("  CVL is 53.2 V because the BMS of cluster 1 allows no more.\n");
    assert_told("  1 cluster       46.4 V  cluster 1 tells 45.0 V, cluster 2 has its profile's\n");
    assert_told("  3 allowance     46.4 V  not raised; the window begins at 40.0 V\n");
    assert_told("  DVL is 46.4 V because the BMS of cluster 2 tells none, and its profile asks for "
                "no less.\n");
    explain_log_end(&played);
}

/* Both are counted from 0.055 s of the log on, when the name of the second ends the first cycle and
 * its protocol is decided; no rise before 10 s after that, then 25 A a second: at 12.055 s 2 s of
 * it, 50 A, less the step of the last run. Between two frames, at 3.9 s, 10.055 - 3.9 = 6.155 s are
 * left. */
static void hold_and_ramp_are_told_with_what_is_left(void **state)
{
    (void)state;
    play(two, "3.055");
    assert_told("  6 state        148.0 A  not lowered; no cap; no set-point\n");
    assert_told("  7 rate           0.0 A  waiting before the limit rises; no rise for another 7.0 "
                "s; rises by 25.0 A a second\n");
    assert_told(
        "CCL is 0.0 A because it waits another 7.0 s before it rises to 148.0 A. It would be "
        "148.0 A because cluster 2 (share 40.0 %) allows 59.2 A.\n");
    assert_told("DCL is 0.0 A because it waits another 7.0 s before it rises to 370.0 A.");
    explain_log_end(&played);
    play(two, "3.9");
    assert_told("CCL is 0.0 A because it waits another 6.2 s before it rises to 148.0 A.");
    explain_log_end(&played);
    play(two, "12.055");
    assert_told("rising slowly; rises by 25.0 A a second\n");
    assert_told("because it rises by 25.0 A a second, to 148.0 A. It would be 148.0 A because");
    assert_in_range(e.limits.ccl.value, 49000, 51000);
    explain_log_end(&played);
}

/* In front of the first complete set of both there is nothing to share. */
static void a_hub_that_waits_says_for_what(void **state)
{
    (void)state;
    play(two, "0.01");
    assert_told("The hub is WAITING: waiting for all configured clusters. 0 of 2 clusters are "
                "counted.\n");
    assert_told(
        "  1 cluster        0.0 A  no cluster is counted\n"
        "      cluster 1         --  not counted: STANDBY, a part of the control set has not "
        "been received\n");
    assert_told("  CCL is 0.0 A: no cluster is counted.\n");
    assert_told("  1 cluster       55.2 V  no cluster is counted: the last good one\n");
    assert_told("  CVL is 55.2 V: no cluster is counted.\n");
    explain_log_end(&played);
}

/* The frame at 0.055 s completes the second cluster. */
static void a_moment_has_the_frames_of_that_moment(void **state)
{
    (void)state;
    play(two, "0.054999");
    assert_told("The hub is WAITING");
    explain_log_end(&played);
    play(two, "0.055");
    assert_told("The hub is RUNNING");
    explain_log_end(&played);
}

static void caps_are_the_owners(void **state)
{
    char ini[sizeof(two) + 120];

    (void)state;
    snprintf(ini, sizeof(ini),
             "%s[limits]\ncharge_current_max = 100\ndischarge_current_max = 80\n"
             "charge_voltage_max = 53\n",
             two);
    play(ini, NULL);
    assert_told(
        "  6 state        100.0 A  cap in the configuration; the owner's cap is 100.0 A; no "
        "set-point\n");
    assert_told("CCL is 100.0 A because [limits] charge_current_max in the configuration allows no "
                "more.\n");
    assert_told(
        "DCL is 80.0 A because [limits] discharge_current_max in the configuration allows no "
        "more.\n");
    assert_told("  6 state         80.0 A  cap in the configuration; the owner's cap is 80.0 A;");
    assert_told("; the owner's window ends at 53.0 V\n");
    assert_told("CVL is 53.0 V because [limits] charge_voltage_max in the configuration allows no "
                "more.\n");
    explain_log_end(&played);
}

/* 4K4 PRO: 2 clusters, 4 modules in the smaller one: 433 A. */
static void the_table_is_told_with_row_and_column(void **state)
{
    char ini[sizeof(two)], *at;

    (void)state;
    strcpy(ini, two);
    at = strstr(ini, "generic-lfp-16s");
    memcpy(at, "weco-4k4-pro   ", 15);
    play(ini, NULL);
    assert_told("; the table gives 433.0 A in row 4 (modules), column 2 (clusters); the bus bars "
                "allow 666.6 A (cluster 1)\n");
    explain_log_end(&played);
}

/* The log without what one interface says after a moment. */
static void cut(struct candump_log *log, const char *interface, mono_us after)
{
    size_t kept = 0;
    mono_us begin = log->entries[0].at;

    for (size_t i = 0; i < log->n; i++)
        if (strcmp(log->entries[i].interface, interface) != 0 ||
            log->entries[i].at - begin <= after)
            log->entries[kept++] = log->entries[i];
    log->n = kept;
}

static struct hub *play_cut(const struct config *cfg, const char *interface)
{
    struct playback pb;

    cut(&played.log, interface, MONO_S(19));
    assert_true(playback_look(&pb, cfg, &played.log));
    return playback_run(&pb, cfg, pb.length);
}

/* The limits stay what they were: lower of "without it" (480 A) and "with its last word" (148). */
static void a_silent_cluster_is_told_as_one(void **state)
{
    struct config *cfg = configured(two);
    struct hub *hub;

    (void)state;
    assert_int_equal(explain_log(&played, cfg, LOG, "1"), CLI_OK);
    hub = play_cut(cfg, "can1");
    hub_explain(hub, &e);
    tell(&e, hub_snapshot(hub));
    assert_told("1 of 2 clusters are counted, 1 silent on the bus bar.\n");
    assert_told(
        "      cluster 2     59.2 A  when it was heard last; with it 148.0 A for the hub\n");
    assert_told("CCL is 148.0 A because cluster 2 is silent and may still carry its share; it "
                "allowed 59.2 A when it was heard last.\n");
    assert_told("      cluster 1    480.0 A / share 100.0 % = 480.0 A for the hub;");
    hub_free(hub);
    explain_log_end(&played);
    config_free(cfg);
}

/* The 4K4 PRO's table: 8 modules alone 412 A; with a ghost of 1 module row 1, column 2: 155 A; of 8
 * modules 577 A, which is no less. */
static void the_table_counts_a_silent_cluster_both_ways(void **state)
{
    struct limits_rules rules = {.profile = profile_find("weco-4k4-pro")};
    struct limits_memory mem = {0};
    static struct battery b[2];
    struct part parts[2] = {0};
    struct limits_input in = {.parts = parts, .discharge_parts = parts, .n = 2};
    struct limits limits = {0};

    (void)state;
    parts[0].joined = parts[1].ghost = true;
    parts[0].modules = 8;
    parts[1].modules = 1;
    for (unsigned i = 0; i < 2; i++) {
        parts[i].b = &b[i];
        parts[i].number = (uint8_t)(i + 1);
        parts[i].profile = rules.profile;
    }
    parts[0].capacity_mAh = 8 * 86000;
    parts[1].capacity_mAh = 86000;
    explain_run(&e, &limits, &mem, &rules, &in, 0);
    assert_int_equal(e.charge.table.clusters, 1);
    assert_int_equal(e.charge.table.modules, 8);
    assert_int_equal(e.charge.table.mA, 412000);
    assert_int_equal(e.charge.with_ghost.clusters, 2);
    assert_int_equal(e.charge.with_ghost.modules, 1);
    assert_int_equal(e.charge.with_ghost.mA, 155000);
    assert_true(e.rest_left == 0 && e.set_dcl.left == 0);
    parts[1].modules = 8;
    mem.rest_until = in.dcl.until = MONO_S(9);
    explain_run(&e, &limits, &mem, &rules, &in, MONO_S(2));
    assert_true(e.rest_left == MONO_S(7) && e.set_dcl.left == MONO_S(7));
    assert_int_equal(e.charge.with_ghost.mA, 412000);
    assert_int_equal(e.charge.with_ghost.clusters, 1);
}

/* V-TAC has no table; here no bus bar either. A DCL that rises slowly does so by 5 % of 4 x 100 A a
 * second. */
static void a_profile_without_a_table_has_none(void **state)
{
    struct profile vtac = *profile_find("vtac-vt12040");
    struct limits_rules rules = {.profile = &vtac, .rise_centi_pct_s = 500, .discharge_ramp = true};
    struct limits_memory mem = {0};
    static struct battery b;
    struct part part = {.b = &b, .number = 1, .joined = true, .modules = 4, .capacity_mAh = 800000};
    struct limits_input in = {.parts = &part, .discharge_parts = &part, .n = 1};
    struct limits limits = {0};

    (void)state;
    part.profile = &vtac;
    vtac.bus_bar_mA = 0;
    in.dcl_held = true;
    explain_run(&e, &limits, &mem, &rules, &in, 0);
    assert_true(e.discharge.held && !e.charge.held);
    in.dcl_held = false;
    explain_run(&e, &limits, &mem, &rules, &in, 0);
    assert_false(e.discharge.held);
    assert_int_equal(e.charge.table.mA, -1);
    assert_int_equal(e.charge.with_ghost.mA, -1);
    assert_int_equal(e.charge.part[0].bus_bar_mA, 0);
    assert_int_equal(e.discharge.rise_mA_s, 20000);
    tell(&e, &snap);
    assert_told("  3 allowance      0.0 A  not lowered\n");
    assert_told("  7 rate           0.0 A  not lowered; rises by 20.0 A a second\n");
}

/* DCL of a cluster that fell silent is kept for a moment: it is counted for DCL alone. */
static void a_word_that_is_kept_is_told(void **state)
{
    (void)state;
    e = (struct explanation){.n = 2, .every_stage = true};
    e.cluster[0].joined = true;
    e.cluster[1].ghost = true;
    e.discharge.held = true;
    e.charge.table.mA = e.discharge.table.mA = -1;
    tell(&e, &snap);
    assert_told("Charge current limit (CCL): 0.0 A\n"
                "  1 cluster        0.0 A  what the counted clusters allow, added up\n");
    assert_told("Discharge current limit (DCL): 0.0 A\n"
                "  1 cluster        0.0 A  a silent cluster's word is kept for a moment\n");
}

/* ---- what is published ---- */

/* The hub's snapshot as it comes out of the registers. */
static void read_registers(struct snapshot *out, const struct snapshot *in)
{
    static struct image img;

    memset(out, 0, sizeof(*out));
    regmap_fill(&img, in, NULL);
    for (enum reg_block b = 0; b < BLOCK_COUNT; b++)
        for (unsigned place = 0; place < reg_block_info[b].count; place++) {
            const struct reg_block_info *info = &reg_block_info[b];
            int at = regmap_find((uint16_t)(info->base + place * info->stride), info->words);
            struct battery *to = &out->hub;

            if (info->of == REG_OF_CLUSTER)
                to = &out->cluster[place];
            if (info->of == REG_OF_INVERTER)
                to = &out->inverter[place];
            assert_true(at >= 0);
            if (info->of <= REG_OF_INVERTER)
                regmap_take(b, &img.word[at], to);
        }
}

static void explain_registers(const char *ini, const struct snapshot *inside)
{
    static struct snapshot outside;
    struct config *cfg = configured(ini);

    read_registers(&outside, inside);
    explain_published(&e, cfg, &outside);
    tell(&e, &outside);
    config_free(cfg);
}

static void the_registers_tell_the_same(void **state)
{
    (void)state;
    play(two, NULL);
    explain_registers(two, hub_snapshot(played.hub));
    assert_told("The hub is RUNNING. 2 of 2 clusters are counted.\n");
    assert_told("      cluster 2     59.2 A / share 40.0 % = 148.0 A for the hub; the BMS of the "
                "cluster allows no more\n"
                "  2 sharing      148.0 A  cluster 2: the weakest cluster for its share of the "
                "current\n"
                "  3 allowance    148.0 A  not lowered; the bus bars allow 666.6 A (cluster 1)\n");
    assert_told("  7 rate         148.0 A  not lowered\n");
    assert_told("  CCL is 148.0 A because cluster 2 (share 40.0 %) allows 59.2 A.\n");
    assert_told("  DVL is 46.4 V because the BMS of cluster 2 tells none, and its profile asks for "
                "no less.\n");
    explain_log_end(&played);
}

/* Only the binding stage is published with its reason, and no hold. */
static void what_is_not_published_is_left_out(void **state)
{
    (void)state;
    play(two, "3");
    explain_registers(two, hub_snapshot(played.hub));
    assert_told("  2 sharing      148.0 A  lowered\n");
    assert_told("  7 rate           0.0 A  waiting before the limit rises\n");
    assert_told("  CCL is 0.0 A because it waits before it rises to 148.0 A.\n");
    explain_log_end(&played);
    play(two, "12");
    explain_registers(two, hub_snapshot(played.hub));
    assert_told(" because it rises slowly, to 148.0 A.\n");
    explain_log_end(&played);
}

static void a_silent_cluster_publishes_nothing(void **state)
{
    struct config *cfg = configured(two);
    struct hub *hub;

    (void)state;
    assert_int_equal(explain_log(&played, cfg, LOG, "1"), CLI_OK);
    hub = play_cut(cfg, "can1");
    explain_registers(two, hub_snapshot(hub));
    assert_told("1 of 2 clusters are counted, 1 silent on the bus bar.\n");
    assert_told("      cluster 2         --  silent, counted with its last word\n");
    assert_told("CCL is 148.0 A because cluster 2 is silent and may still carry its share.\n");
    hub_free(hub);
    explain_log_end(&played);
    config_free(cfg);
}

/* A measured share stands beside the capacities: 59.2 A / 0.5 = 118.4 A. */
static void a_measured_share_is_believed(void **state)
{
    char ini[sizeof(two) + 40];

    (void)state;
    play(two, NULL);
    snap = *hub_snapshot(played.hub);
    explain_log_end(&played);
    signal_set(&snap.cluster[1].s, SIG_SHARE, 5000, 0);
    snprintf(ini, sizeof(ini), "%s[limits]\nshare = measured\n", two);
    explain_registers(ini, &snap);
    assert_told("      cluster 2     59.2 A / share 50.0 % = 118.4 A for the hub;");
    assert_told("      cluster 1    480.0 A / share 60.0 % = 800.0 A for the hub;");
}

static void set_points_are_told_from_the_registers(void **state)
{
    (void)state;
    play(two, NULL);
    snap = *hub_snapshot(played.hub);
    explain_log_end(&played);
    signal_set(&snap.hub.s, SIG_SETPOINT_CCL, 50000, 0);
    signal_set(&snap.hub.s, SIG_SETPOINT_CCL_LEFT, 42000, 0);
    signal_set(&snap.hub.s, SIG_CHARGE_CURRENT_LIMIT, 50000, 0);
    signal_set(&snap.hub.s, SIG_CCL_STAGE + 5, 50000, 0);
    signal_set(&snap.hub.s, SIG_CCL_STAGE + 6, 50000, 0);
    signal_set(&snap.hub.s, SIG_CCL_BOUND_STAGE, 6, 0);
    signal_set(&snap.hub.s, SIG_CCL_REASON, REASON_SET_POINT, 0);
    signal_forget(&snap.hub.s, SIG_CCL_CLUSTER);
    explain_registers(two, &snap);
    assert_told("  6 state         50.0 A  set-point from outside; no cap; set-point 50.0 A for "
                "another 42.0 s\n");
    assert_told("CCL is 50.0 A because a set-point from outside allows no more, for another 42.0 "
                "s.\n");
}

/* ---- sentences ---- */

/* Two clusters, and a limit that some reason has bound. */
static void bind(struct limit *l, enum reason reason, unsigned cluster, unsigned module,
                 unsigned cell)
{
    *l = (struct limit){.value = 0,
                        .stage = STAGE_CELLS,
                        .reason = reason,
                        .cluster = (uint8_t)cluster,
                        .module = (uint8_t)module,
                        .cell = (uint16_t)cell};
    for (unsigned n = 1; n <= STAGE_COUNT; n++)
        l->after[n] = n < STAGE_CELLS ? 100000 : 0;
    for (unsigned n = STAGE_CELLS; n <= STAGE_COUNT; n++)
        l->by[n] = (struct bound){reason, l->cluster, l->module, l->cell};
}

static void explain_reason(enum reason reason, unsigned cluster, unsigned module, unsigned cell)
{
    e = (struct explanation){.n = 2, .every_stage = true};
    e.cluster[0].joined = e.cluster[1].joined = true;
    bind(&e.limits.ccl, reason, cluster, module, cell);
    bind(&e.limits.dcl, reason, cluster, module, cell);
    bind(&e.limits.cvl, reason, cluster, module, cell);
    bind(&e.limits.dvl, reason, cluster, module, cell);
    e.charge.table.mA = e.discharge.table.mA = -1;
    tell(&e, &snap);
}

/* "CCL is 0.0 A" and "DCL is 0.0 A" with the same words behind. */
static void assert_sentence(enum reason reason, unsigned cluster, unsigned module, unsigned cell,
                            const char *words)
{
    char line[200];

    explain_reason(reason, cluster, module, cell);
    snprintf(line, sizeof(line), "  CCL is 0.0 A%s.\n", words);
    assert_told(line);
    snprintf(line, sizeof(line), "  DCL is 0.0 A%s.\n", words);
    assert_told(line);
}

static void set_measured(void)
{
    memset(&snap, 0, sizeof(snap));
    signal_set(&snap.hub.s, SIG_STATE, HUB_STOPPED, 0);
    signal_set(&snap.hub.s, SIG_REASON, REASON_OPERATOR_STOP, 0);
    signal_set(&snap.cluster[1].s, SIG_CELL_MAX, 3655, 0);
    signal_set(&snap.cluster[1].s, SIG_CELL_MIN, 2899, 0);
    signal_set(&snap.cluster[1].s, SIG_TEMP_MIN, -51, 0);
    signal_set(&snap.cluster[1].s, SIG_TEMP_MAX, 550, 0);
    signal_set(&snap.cluster[1].s, SIG_VOLTAGE, 56800, 0);
    signal_set(&snap.module[1][4].s, SIG_VOLTAGE, 56812, 0);
}

static void each_reason_has_its_sentence(void **state)
{
    (void)state;
    set_measured();
    assert_sentence(REASON_COLD_STOP, 2, 0, 4,
                    ": cluster 2 sensor 4: too cold for this direction (-5.1 degC)");
    assert_sentence(REASON_HOT_STOP, 2, 1, 0,
                    ": cluster 2 module 1: too hot for this direction (55.0 degC)");
    assert_sentence(REASON_VOLTAGE_STOP, 2, 0, 0,
                    ": cluster 2: a module or cluster voltage is at its stop (56.800 V)");
    assert_sentence(REASON_VOLTAGE_STOP, 2, 5, 0,
                    ": cluster 2 module 5: a module or cluster voltage is at its stop (56.812 V)");
    assert_sentence(REASON_TAPER, 1, 0, 0, ": cluster 1: slowly now: close to full or to empty");
    assert_sentence(REASON_TAPER, 2, 0, 0,
                    ": cluster 2: slowly now: close to full or to empty (56.800 V)");
    assert_sentence(REASON_C_RATE, 2, 2, 1,
                    ": cluster 2 module 2 sensor 1: C-rate of the profile at this temperature");
    assert_sentence(REASON_OVER_CURRENT, 0, 0, 0,
                    ": the BMS has tripped on current: both directions rest");
    assert_sentence(REASON_NOT_ENABLED, 2, 0, 0,
                    ": cluster 2: the BMS has switched this direction off");
    assert_sentence(REASON_CLUSTER_LIMIT, 2, 0, 0, " because the BMS of cluster 2 allows no more");
    assert_sentence(REASON_PROFILE_LIMIT, 2, 0, 0,
                    " because the BMS of cluster 2 tells none, and its profile allows no more");
    assert_sentence(REASON_BUS_BAR, 2, 0, 0, " because the bus bar of cluster 2 carries no more");
    assert_sentence(REASON_HUB_STATE, 0, 0, 0,
                    " because the hub is STOPPED: stopped by the operator");
    assert_sentence((enum reason)999, 2, 0, 0, ": cluster 2: reason 999");
}

/* SOC or voltage slows a charge: with the voltage alone 95 % at 49.8 V would look like empty. */
static void a_slow_charge_is_told_with_both_its_causes(void **state)
{
    (void)state;
    set_measured();
    signal_set(&snap.cluster[1].s, SIG_SOC, 9500, 0);
    explain_reason(REASON_TAPER, 2, 0, 0);
    assert_told("CCL is 0.0 A: cluster 2: slowly now: close to full or to empty (SOC 95.0 %, "
                "56.800 V).\n");
    assert_told("DCL is 0.0 A: cluster 2: slowly now: close to full or to empty (56.800 V).\n");
}

static void a_cell_at_its_stop_is_named_with_its_voltage(void **state)
{
    (void)state;
    set_measured();
    explain_reason(REASON_CELL_STOP, 2, 3, 7);
    assert_told(
        "  4 cells          0.0 A  cluster 2 module 3 cell 7: a cell voltage is at its stop "
        "(3.655 V)\n");
    assert_told(
        "CCL is 0.0 A: cluster 2 module 3 cell 7: a cell voltage is at its stop (3.655 V).");
    assert_told(
        "DCL is 0.0 A: cluster 2 module 3 cell 7: a cell voltage is at its stop (2.899 V).");
}

/* A newer gateway may hold a voltage for a reason that we know of currents alone. */
static void a_voltage_may_have_any_reason(void **state)
{
    static const enum reason of_currents[] = {REASON_SHARING, REASON_ALLOWANCE, REASON_BUS_BAR,
                                              REASON_CAP,     REASON_SET_POINT, REASON_HOLD,
                                              REASON_RAMP,    REASON_GHOST,     REASON_HUB_STATE};

    (void)state;
    for (size_t i = 0; i < LEN(of_currents); i++) {
        explain_reason(REASON_TAPER, 2, 0, 0);
        bind(&e.limits.cvl, of_currents[i], 2, 0, 0);
        bind(&e.limits.dvl, of_currents[i], 2, 0, 0);
        tell(&e, &snap);
        assert_told("CVL is 0.0 V");
        assert_told("DVL is 0.0 V");
    }
}

/* The clusters together, each with its BMS: 2 x 50 A. */
static void equal_clusters_bind_together(void **state)
{
    (void)state;
    e = (struct explanation){.n = 2, .every_stage = true};
    e.cluster[0].joined = e.cluster[1].joined = true;
    bind(&e.limits.ccl, REASON_CLUSTER_LIMIT, 1, 0, 0);
    e.limits.ccl.value = 100000;
    tell(&e, &snap);
    assert_told("CCL is 100.0 A because the 2 clusters together allow no more.\n");
    e.cluster[1].joined = false;
    tell(&e, &snap);
    assert_told("CCL is 100.0 A because the BMS of cluster 1 allows no more.\n");
}

static void the_table_has_its_sentences(void **state)
{
    (void)state;
    explain_reason(REASON_ALLOWANCE, 0, 0, 0);
    e.limits.ccl.value = e.charge.table.mA = 488000;
    e.charge.table.clusters = 2;
    e.charge.table.modules = 5;
    e.charge.with_ghost = e.charge.table;
    e.limits.dcl.value = 86000;
    e.discharge.table = e.charge.table;
    e.discharge.with_ghost = (struct table_cell){1, 1, 86000};
    tell(&e, &snap);
    assert_told(
        "CCL is 488.0 A because the allowance table gives 2 clusters of 5 modules no more.\n");
    assert_told(
        "DCL is 86.0 A because the allowance table gives 1 cluster (a silent one among them) "
        "of 1 module no more.\n");
    assert_told("; the table gives 488.0 A in row 5 (modules), column 2 (clusters), with a silent "
                "one 86.0 A in row 1, column 1\n");
}

static void rests_and_open_clusters_are_told(void **state)
{
    (void)state;
    explain_reason(REASON_OVER_CURRENT, 0, 0, 0);
    e.rest_left = MONO_MS(6150);
    e.cluster[1].open = true;
    tell(&e, &snap);
    assert_told("; both directions rest for another 6.2 s\n");
    assert_told("; proven open\n");
    e.cluster[1].joined = false;
    signal_set(&snap.cluster[1].s, SIG_STATE, CLUSTER_EXCLUDED, 0);
    signal_set(&snap.cluster[1].s, SIG_REASON, REASON_OPERATOR_EXCLUDED, 0);
    tell(&e, &snap);
    assert_told("      cluster 2         --  not counted: EXCLUDED, taken out by the operator\n");
    assert_untold("proven open");
}

/* One that speaks but is shut down or waits is not silent: nobody shall look for its cable. */
static void a_cluster_that_is_out_is_not_called_silent(void **state)
{
    (void)state;
    memset(&snap, 0, sizeof(snap));
    signal_set(&snap.cluster[1].s, SIG_STATE, CLUSTER_SHUT_DOWN, 0);
    explain_reason(REASON_GHOST, 2, 0, 0);
    assert_told("CCL is 0.0 A because cluster 2 is not counted (SHUT_DOWN) and may still carry its "
                "share.\n");
    signal_set(&snap.cluster[1].s, SIG_STATE, CLUSTER_ABSENT, 0);
    explain_reason(REASON_GHOST, 2, 0, 0);
    assert_told("CCL is 0.0 A because cluster 2 is silent and may still carry its share");
}

/* What nobody tells is not invented: a state that is not known, a value that is not there. */
static void what_is_unknown_is_not_told(void **state)
{
    (void)state;
    memset(&snap, 0, sizeof(snap));
    explain_reason(REASON_CELL_STOP, 2, 0, 0);
    assert_told("The hub is ?. 2 of 2");
    assert_told("CCL is 0.0 A: cluster 2: a cell voltage is at its stop.\n");
    explain_reason(REASON_SHARING, 3, 0, 0); /* a cluster nobody has configured */
    assert_told("CCL is 0.0 A: cluster 3: the weakest cluster for its share of the current.\n");
    explain_reason(REASON_TAPER, 200, 0, 0); /* no place of ours at all */
    assert_told("CCL is 0.0 A: cluster 200: slowly now: close to full or to empty.\n");
    explain_reason(REASON_HUB_STATE, 0, 0, 0);
    assert_told("CCL is 0.0 A because the hub is ?.\n");
}

/* ---- the log ---- */

static void times_are_read(void **state)
{
    static const struct {
        const char *text;
        bool good;
        mono_us us;
    } cases[] = {
        {"0",                    true,  0                   },
        {"40",                   true,  MONO_S(40)          },
        {"40.5",                 true,  MONO_MS(40500)      },
        {"0.000001",             true,  1                   },
        {"1700000000.25",        true,  1700000000250000    },
        {"0.1234567",            true,  123456              },
        {"999999999999",         true,  MONO_S(999999999999)},
        {"1000000000000",        false, 0                   },
        {"18446744073709551616", false, 0                   },
        {"",                     false, 0                   },
        {"-1",                   false, 0                   },
        {"+1",                   false, 0                   },
        {" 1",                   false, 0                   },
        {"1 ",                   false, 0                   },
        {"1.",                   false, 0                   },
        {".5",                   false, 0                   },
        {"1e3",                  false, 0                   },
        {"1.5s",                 false, 0                   },
        {"0x10",                 false, 0                   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        mono_us us = 0;

        print_message("  \"%s\"\n", cases[i].text);
        assert_int_equal(log_time_parse(cases[i].text, &us), cases[i].good);
        if (cases[i].good)
            assert_true(us == cases[i].us);
    }
}

static void a_time_is_one_of_the_log(void **state)
{
    const struct playback pb = {.begin = MONO_S(1000), .length = MONO_S(40)};
    static const struct {
        mono_us at;
        bool inside;
        mono_us span;
    } cases[] = {
        {0,                true,  0         },
        {MONO_S(40),       true,  MONO_S(40)},
        {MONO_S(40) + 1,   false, 0         },
        {MONO_S(1000) - 1, false, 0         },
        {MONO_S(1000),     true,  0         },
        {MONO_S(1040),     true,  MONO_S(40)},
        {MONO_S(1040) + 1, false, 0         },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        mono_us span = 0;

        assert_int_equal(log_span(&pb, cases[i].at, &span), cases[i].inside);
        if (cases[i].inside)
            assert_true(span == cases[i].span);
    }
}

static struct candump_entry entries[40];

static struct candump_log entries_on(const char *const *interfaces, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        entries[i] = (struct candump_entry){.at = MONO_S(5) + MONO_MS(i)};
        snprintf(entries[i].interface, sizeof(entries[i].interface), "%s", interfaces[i]);
    }
    return (struct candump_log){.entries = entries, .n = n};
}

/* c1 and i1 are names as good as can0; c3 is none of two clusters, i2 no configured inverter. */
static void frames_go_by_the_name_of_their_interface(void **state)
{
    static const char *const names[] = {"can0", "c1", "can1", "c2",   "c3",
                                        "i1",   "i2", "can2", "can9", "c3"};
    struct config *cfg = configured(two);
    struct candump_log log = entries_on(names, LEN(names));
    struct playback pb;

    (void)state;
    assert_true(playback_look(&pb, cfg, &log));
    assert_int_equal(pb.frames[0], 2);
    assert_int_equal(pb.frames[1], 2);
    assert_int_equal(pb.frames[PORT_INVERTER], 2);
    assert_int_equal(pb.n_unused, 3);
    assert_string_equal(pb.unused[0].interface, "c3");
    assert_int_equal(pb.unused[0].frames, 2);
    assert_string_equal(pb.unused[1].interface, "i2");
    assert_string_equal(pb.unused[2].interface, "can9");
    assert_true(pb.begin == MONO_S(5));
    assert_true(pb.length == MONO_MS(9));
    log.n = 0;
    assert_false(playback_look(&pb, cfg, &log));
    config_free(cfg);
}

/* A Unix socket of that name is not the interface can0. An inverter alone explains nothing. */
static void only_a_cluster_makes_a_log_worth_playing(void **state)
{
    static const char *const names[] = {"can0", "i1"};
    struct config *cfg = configured("[cluster.1]\nlink = unix:can0\n"
                                    "[inverter.1]\nlink = can0\nprotocol = SMACAN\n");
    struct candump_log log = entries_on(names, LEN(names));
    struct playback pb;

    (void)state;
    assert_false(playback_look(&pb, cfg, &log));
    assert_int_equal(pb.frames[PORT_INVERTER], 2);
    config_free(cfg);
}

static void more_interfaces_than_there_is_room_for(void **state)
{
    struct config *cfg = configured(two);
    struct candump_log log = {.entries = entries, .n = 20};
    struct playback pb;

    (void)state;
    memset(entries, 0, sizeof(entries));
    for (unsigned i = 0; i < 20; i++)
        snprintf(entries[i].interface, sizeof(entries[i].interface), "vcan%u", i);
    assert_false(playback_look(&pb, cfg, &log));
    assert_int_equal(pb.n_unused, PLAYBACK_NAMES);
    config_free(cfg);
}

/* A stop input is closed at rest, a fire input open: else nothing could be explained. */
static void inputs_are_at_rest(void **state)
{
    char ini[sizeof(two) + 160];

    (void)state;
    snprintf(ini, sizeof(ini),
             "%s[input.1]\nfunction = stop\ngpio = gpiochip0:4\n"
             "[input.2]\nfunction = fire\ngpio = gpiochip0:5\n",
             two);
    play(ini, NULL);
    assert_told("The hub is RUNNING.");
    assert_told("CCL is 148.0 A because cluster 2");
    explain_log_end(&played);
}

static void the_head_says_what_was_played(void **state)
{
    struct config *cfg = configured("[hub]\nclusters = 3\nprofile = generic-lfp-16s\n"
                                    "[cluster.1]\nlink = can0\n[cluster.2]\nlink = can1\n"
                                    "[cluster.3]\nlink = can7\n");

    (void)state;
    assert_int_equal(explain_log(&played, cfg, LOG, "1700000002.25"), CLI_OK);
    text[0] = '\0';
    explain_log_head(&played, cfg, "x.log", collect, NULL);
    assert_string_equal(text,
                        "x.log after 2.000000 s (1700000002.250000); the hub began with the log\n"
                        "Not used: can2 (24 frames), can3 (2 frames)\n"
                        "No frames for cluster 3: it takes can7 or c3\n");
    explain_log_end(&played);
    config_free(cfg);
}

/* ---- the command line ---- */

static char path_ini[] = "/tmp/hubgate_explain_XXXXXX";
static char path_log[] = "/tmp/hubgate_explain_XXXXXX";

static void write_file(char *path, const char *content)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static const char other[] = "(1.0) can7 351#00\n";
static const char hole[] = "(1.0) can0 351#00\n(86401.000001) can0 351#00\n";
static const char whole_day[] = "(1.0) can0 351#00\n(86401.0) can0 351#00\n";

static int explain_with(const char *words)
{
    char line[200], *argv[12] = {"explain"};
    int argc = 1;

    snprintf(line, sizeof(line), "%s", words);
    for (char *w = strtok(line, " "); w; w = strtok(NULL, " ")) {
        argv[argc++] = strcmp(w, "INI") == 0    ? path_ini
                       : strcmp(w, "LOG") == 0  ? (char *)LOG
                       : strcmp(w, "TEMP") == 0 ? path_log
                                                : w;
    }
    return cli_explain(argc, argv);
}

/* Nobody listens on port 1 of this machine. */
static void exit_codes(void **state)
{
    static const struct {
        const char *what, *log, *words; /* INI, LOG and TEMP stand for files, TEMP has `log` */
        int code;
    } cases[] = {
        {"no configuration",     "",                   "",                                 CLI_USAGE      },
        {"no such file",         "",                   "-c /nonexistent/hub.ini",          CLI_CONFIG     },
        {"nobody answers",       "",                   "-c INI",                           CLI_UNAVAILABLE},
        {"nor there",            "",                   "-c INI 127.0.0.1:1",               CLI_UNAVAILABLE},
        {"nor with a unit",      "",                   "-c INI --unit 3",                  CLI_UNAVAILABLE},
        {"a bad unit",           "",                   "-c INI --unit 248",                CLI_USAGE      },
        {"a bad port",           "",                   "-c INI host:0",                    CLI_USAGE      },
        {"two servers",          "",                   "-c INI a b",                       CLI_USAGE      },
        {"a time but no log",    "",                   "-c INI --at 3",                    CLI_USAGE      },
        {"a log and a server",   "",                   "-c INI --log LOG a",               CLI_USAGE      },
        {"a log and a unit",     "",                   "-c INI --log LOG --unit 1",        CLI_USAGE      },
        {"an unknown option",    "",                   "--nonsense",                       CLI_USAGE      },
        {"a log",                "",                   "-c INI --log LOG",                 CLI_OK         },
        {"its last moment",      "",                   "-c INI --log LOG --at 24.055",     CLI_OK         },
        {"after its end",        "",                   "-c INI --log LOG --at 24.055001",  CLI_USAGE      },
        {"before its beginning", "",                   "-c INI --log LOG --at 1700000000", CLI_USAGE      },
        {"no time",              "",                   "-c INI --log LOG --at noon",       CLI_USAGE      },
        {"no such log",          "",                   "-c INI --log /nonexistent",        CLI_OTHER      },
        {"an empty log",         "",                   "-c INI --log TEMP",                CLI_OTHER      },
        {"no log at all",        "hello\n",            "-c INI --log TEMP",                CLI_OTHER      },
        {"no data frames",       "(0.0) can0 351#R\n", "-c INI --log TEMP",                CLI_OTHER      },
        {"nobody's frames",      other,                "-c INI --log TEMP",                CLI_OTHER      },
        {"a hole of a day",      hole,                 "-c INI --log TEMP",                CLI_OTHER      },
        {"a moment less",        whole_day,            "-c INI --log TEMP --at 1",         CLI_OK         },
    };

    (void)state;
    close(mkstemp(path_ini));
    close(mkstemp(path_log));
    write_file(path_ini, two);
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        write_file(path_log, cases[i].log);
        assert_int_equal(explain_with(cases[i].words), cases[i].code);
    }
    unlink(path_ini);
    unlink(path_log);
}

/* Without a word it is where the configuration listens; every address is also this machine's. */
static void the_server_is_that_of_the_configuration(void **state)
{
    static const char *const listens[] = {"0.0.0.0:1", "[::]:1", "127.0.0.1:1"};
    char *argv[] = {"explain", "-c", path_ini, NULL};
    char ini[200];

    (void)state;
    strcpy(path_ini + strlen(path_ini) - 6, "XXXXXX");
    close(mkstemp(path_ini));
    for (size_t i = 0; i < LEN(listens); i++) {
        snprintf(ini, sizeof(ini), "[cluster.1]\nlink = can0\n[modbus.tcp]\nlisten = %s\n",
                 listens[i]);
        write_file(path_ini, ini);
        assert_int_equal(cli_explain(3, argv), CLI_UNAVAILABLE);
    }
    unlink(path_ini);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_weaker_of_two_clusters_is_named),
        cmocka_unit_test(hold_and_ramp_are_told_with_what_is_left),
        cmocka_unit_test(a_hub_that_waits_says_for_what),
        cmocka_unit_test(a_moment_has_the_frames_of_that_moment),
        cmocka_unit_test(caps_are_the_owners),
        cmocka_unit_test(the_table_is_told_with_row_and_column),
        cmocka_unit_test(a_silent_cluster_is_told_as_one),
        cmocka_unit_test(the_table_counts_a_silent_cluster_both_ways),
        cmocka_unit_test(a_profile_without_a_table_has_none),
        cmocka_unit_test(a_word_that_is_kept_is_told),
        cmocka_unit_test(the_registers_tell_the_same),
        cmocka_unit_test(what_is_not_published_is_left_out),
        cmocka_unit_test(a_silent_cluster_publishes_nothing),
        cmocka_unit_test(a_measured_share_is_believed),
        cmocka_unit_test(set_points_are_told_from_the_registers),
        cmocka_unit_test(each_reason_has_its_sentence),
        cmocka_unit_test(a_slow_charge_is_told_with_both_its_causes),
        cmocka_unit_test(a_cell_at_its_stop_is_named_with_its_voltage),
        cmocka_unit_test(a_voltage_may_have_any_reason),
        cmocka_unit_test(equal_clusters_bind_together),
        cmocka_unit_test(the_table_has_its_sentences),
        cmocka_unit_test(rests_and_open_clusters_are_told),
        cmocka_unit_test(a_cluster_that_is_out_is_not_called_silent),
        cmocka_unit_test(what_is_unknown_is_not_told),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(a_time_is_one_of_the_log),
        cmocka_unit_test(frames_go_by_the_name_of_their_interface),
        cmocka_unit_test(only_a_cluster_makes_a_log_worth_playing),
        cmocka_unit_test(more_interfaces_than_there_is_room_for),
        cmocka_unit_test(inputs_are_at_rest),
        cmocka_unit_test(the_head_says_what_was_played),
        cmocka_unit_test(exit_codes),
        cmocka_unit_test(the_server_is_that_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
