/* Where an alarm is: cluster, module, cell. Told as samples with modules. */
#include "hub_bench.h"

static const char two_clusters[] = "[hub]\nclusters = 2\nprofile = generic-lfp-16s\nmodules = 2\n"
                                   "[cluster.1]\nlink = sim\n[cluster.2]\nlink = sim\n";

/* What both clusters say; a test changes it and says it again. */
static struct {
    struct battery b[2];
    struct module m[2][MAX_MODULES];
    int64_t mA;
} site;

static void say(struct hub *hub, mono_us at)
{
    hub_set_time(hub, at);
    for (unsigned i = 0; i < 2; i++) {
        control_set(&site.b[i], 80000, at);
        signal_set(&site.b[i].s, SIG_CURRENT, site.mA, at);
        hub_report(hub, (enum port)(PORT_CLUSTER + i),
                   &(struct sample){
                       .at = at, .period = MONO_S(1), .battery = &site.b[i], .modules = site.m[i]});
    }
    hub_run(hub);
}

static struct hub *begin(void)
{
    memset(&site, 0, sizeof(site));
    return made(two_clusters);
}

struct place {
    unsigned cluster, module, cell;
};

static void assert_hub_says(const struct hub *hub, enum tier tier, enum alarm alarm, struct place p)
{
    const struct alarms *a = &hub_snapshot(hub)->hub.a;

    assert_true(a->active[tier] >> alarm & 1);
    assert_int_equal(a->cluster[tier][alarm], p.cluster);
    assert_int_equal(a->module[tier][alarm], p.module);
    assert_int_equal(a->cell[tier][alarm], p.cell);
}

static void the_hub_names_the_first_cluster_that_has_it(void **state)
{
    struct hub *hub = begin();

    (void)state;
    signal_set(&site.m[1][1].s, SIG_CELL_VOLTAGE + 5, 3700, MONO_S(2));
    signal_set(&site.m[1][1].s, SIG_CELL_VOLTAGE + 6, 3699, MONO_S(2));
    site.m[1][1].alarm[TIER_PROTECTION] = ALARM_BIT(CELL_HIGH);
    say(hub, MONO_S(2));
    assert_hub_says(hub, TIER_PROTECTION, ALARM_CELL_HIGH, (struct place){2, 2, 6});
    assert_false(hub_snapshot(hub)->hub.a.active[TIER_WARNING] & ALARM_BIT(CELL_HIGH));
    site.b[0].a.active[TIER_PROTECTION] = ALARM_BIT(CELL_HIGH);
    say(hub, MONO_S(3));
    assert_hub_says(hub, TIER_PROTECTION, ALARM_CELL_HIGH, (struct place){1, 0, 0});
    site.b[0].a.active[TIER_PROTECTION] = 0;
    say(hub, MONO_S(4));
    assert_hub_says(hub, TIER_PROTECTION, ALARM_CELL_HIGH, (struct place){2, 2, 6});
    site.m[1][1].alarm[TIER_PROTECTION] = 0;
    say(hub, MONO_S(5));
    assert_false(hub_snapshot(hub)->hub.a.active[TIER_PROTECTION] & ALARM_BIT(CELL_HIGH));
    assert_true(hub_snapshot(hub)->hub.a.latched[TIER_PROTECTION] & ALARM_BIT(CELL_HIGH));
    hub_free(hub);
}

/* What the hub sees for itself has no cluster: two clusters with other numbers of modules. */
static void the_hubs_own_alarms_have_no_place(void **state)
{
    struct hub *hub = begin();

    (void)state;
    signal_set(&site.b[0].s, SIG_MODULES, 1, MONO_S(2));
    signal_set(&site.b[1].s, SIG_MODULES, 2, MONO_S(2));
    /* they carry current, or the join guard would not let the other count in */
    site.mA = 10000;
    say(hub, MONO_S(2));
    assert_hub_says(hub, TIER_WARNING, ALARM_MODULE_COUNT, (struct place){0, 0, 0});
    assert_hub_says(hub, TIER_WARNING, ALARM_CONFIG_COUNT, (struct place){1, 0, 0});
    hub_free(hub);
}

/* Each kind of alarm and the extreme that belongs to it: where the module tells its own cells, and
 * where only the BMS tells who is extreme. */
static void the_place_is_that_of_the_extreme(void **state)
{
    static const struct {
        enum alarm alarm;
        enum signal row, module, cell;
        int64_t usual, extreme;
    } cases[] = {
        {ALARM_CELL_HIGH,           SIG_CELL_VOLTAGE, SIG_CELL_MAX_MODULE, SIG_CELL_MAX_CELL, 3300, 3650},
        {ALARM_CELL_LOW,            SIG_CELL_VOLTAGE, SIG_CELL_MIN_MODULE, SIG_CELL_MIN_CELL, 3300, 2900},
        {ALARM_TEMP_HIGH,           SIG_CELL_TEMP,    SIG_TEMP_MAX_MODULE, SIG_TEMP_MAX_CELL, 250,  600 },
        {ALARM_TEMP_LOW,            SIG_CELL_TEMP,    SIG_TEMP_MIN_MODULE, SIG_TEMP_MIN_CELL, 250,  -50 },
        {ALARM_TEMP_HIGH_CHARGE,    SIG_CELL_TEMP,    SIG_TEMP_MAX_MODULE, SIG_TEMP_MAX_CELL, 250,  600 },
        {ALARM_TEMP_LOW_CHARGE,     SIG_CELL_TEMP,    SIG_TEMP_MIN_MODULE, SIG_TEMP_MIN_CELL, 250,  -50 },
        {ALARM_TEMP_HIGH_DISCHARGE, SIG_CELL_TEMP,    SIG_TEMP_MAX_MODULE, SIG_TEMP_MAX_CELL, 250,
         600                                                                                            },
        {ALARM_TEMP_LOW_DISCHARGE,  SIG_CELL_TEMP,    SIG_TEMP_MIN_MODULE, SIG_TEMP_MIN_CELL, 250,  -50 },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct hub *hub = begin();
        struct module *m = &site.m[1][0];

        print_message("  %s\n", alarm_info[cases[i].alarm].name);
        for (unsigned n = 0; n < 4; n++)
            signal_set(&m->s, cases[i].row + n, n == 2 ? cases[i].extreme : cases[i].usual,
                       MONO_S(2));
        m->alarm[TIER_WARNING] = UINT64_C(1) << cases[i].alarm;
        say(hub, MONO_S(2));
        assert_hub_says(hub, TIER_WARNING, cases[i].alarm, (struct place){2, 1, 3});

        memset(&site.m, 0, sizeof(site.m));
        signal_set(&site.b[1].s, cases[i].module, 2, MONO_S(3));
        signal_set(&site.b[1].s, cases[i].cell, 16, MONO_S(3));
        site.b[1].a.active[TIER_WARNING] = UINT64_C(1) << cases[i].alarm;
        say(hub, MONO_S(3));
        assert_hub_says(hub, TIER_WARNING, cases[i].alarm, (struct place){2, 2, 16});
        hub_free(hub);
    }
}

/* A module with the alarm that tells no cells: the BMS's word helps only if it means this module.
 */
static void the_bms_helps_where_it_means_the_module(void **state)
{
    struct hub *hub = begin();

    (void)state;
    signal_set(&site.m[0][1].s, SIG_VOLTAGE, 52000, MONO_S(2));
    site.m[0][1].alarm[TIER_WARNING] = ALARM_BIT(CELL_HIGH);
    signal_set(&site.b[0].s, SIG_CELL_MAX_MODULE, 1, MONO_S(2));
    signal_set(&site.b[0].s, SIG_CELL_MAX_CELL, 9, MONO_S(2));
    say(hub, MONO_S(2));
    assert_hub_says(hub, TIER_WARNING, ALARM_CELL_HIGH, (struct place){1, 2, 0});
    signal_set(&site.b[0].s, SIG_CELL_MAX_MODULE, 2, MONO_S(3));
    say(hub, MONO_S(3));
    assert_hub_says(hub, TIER_WARNING, ALARM_CELL_HIGH, (struct place){1, 2, 9});
    hub_free(hub);
}

/* A datum outside the control set lives 30 s. Where it was stays told; a new alarm begins anew. */
static void an_old_place_is_not_told_of_a_new_alarm(void **state)
{
    static const struct {
        const char *what;
        mono_us at;
        unsigned module;
    } cases[] = {
        {"1 ms before", MONO_S(32) - MONO_MS(1), 2},
        {"30 s",        MONO_S(32),              0},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct hub *hub = begin();

        print_message("  %s\n", cases[i].what);
        say(hub, MONO_S(2));
        signal_set(&site.b[0].s, SIG_CELL_MIN_MODULE, 2, MONO_S(2));
        signal_set(&site.b[0].s, SIG_CELL_MIN_CELL, 5, MONO_S(2));
        site.b[0].a.active[TIER_WARNING] = ALARM_BIT(CELL_LOW);
        say(hub, cases[i].at);
        assert_hub_says(hub, TIER_WARNING, ALARM_CELL_LOW,
                        (struct place){1, cases[i].module, cases[i].module ? 5 : 0});
        hub_free(hub);
    }
    struct hub *hub = begin();
    signal_set(&site.b[0].s, SIG_CELL_MIN_MODULE, 2, MONO_S(2));
    site.b[0].a.active[TIER_WARNING] = ALARM_BIT(CELL_LOW);
    say(hub, MONO_S(2));
    say(hub, MONO_S(40));
    assert_hub_says(hub, TIER_WARNING, ALARM_CELL_LOW, (struct place){1, 2, 0});
    site.b[0].a.active[TIER_WARNING] = 0;
    say(hub, MONO_S(41));
    site.b[0].a.active[TIER_WARNING] = ALARM_BIT(CELL_LOW);
    say(hub, MONO_S(42));
    assert_hub_says(hub, TIER_WARNING, ALARM_CELL_LOW, (struct place){1, 0, 0});
    hub_free(hub);
}

static bool has(const struct hub *hub, unsigned i, enum alarm alarm)
{
    return hub_snapshot(hub)->cluster[i].a.active[TIER_WARNING] >> alarm & 1;
}

/* A module counts while it is visible: 30 s after its last word. When its whole cluster is silent
 * what it said stays, and what it did not say does not come. */
static void a_module_counts_while_it_is_seen(void **state)
{
    struct hub *hub = begin();

    (void)state;
    signal_set(&site.m[0][0].s, SIG_VOLTAGE, 52000, MONO_S(2));
    site.m[0][0].alarm[TIER_WARNING] = ALARM_BIT(HEATER);
    say(hub, MONO_S(2));
    say(hub, MONO_S(32) - MONO_MS(1));
    assert_true(has(hub, 0, ALARM_HEATER));
    say(hub, MONO_S(32));
    assert_false(has(hub, 0, ALARM_HEATER));

    signal_set(&site.m[0][0].s, SIG_VOLTAGE, 52000, MONO_S(33));
    say(hub, MONO_S(33));
    assert_true(has(hub, 0, ALARM_HEATER));
    run(hub, MONO_S(80)); /* silent */
    assert_true(has(hub, 0, ALARM_HEATER));
    site.m[0][0].alarm[TIER_WARNING] |= ALARM_BIT(TEMP_SPREAD);
    hub_report(
        hub, PORT_CLUSTER,
        &(struct sample){
            .at = MONO_S(70), .period = MONO_S(1), .battery = &site.b[0], .modules = site.m[0]});
    run(hub, MONO_S(81));
    assert_true(has(hub, 0, ALARM_HEATER));
    assert_false(has(hub, 0, ALARM_TEMP_SPREAD));
    hub_free(hub);
}

/* Rule 5: a module in fault leaves and the others go on, so its cluster is not in fault; a
 * protection of a module is one of its cluster. */
static void a_fault_of_a_module_is_a_warning_of_its_cluster(void **state)
{
    struct hub *hub = begin();
    const struct alarms *a = &hub_snapshot(hub)->cluster[1].a;

    (void)state;
    for (unsigned m = 0; m < 4; m++) /* one of four is not too many: rule 8 */
        signal_set(&site.m[1][m].s, SIG_VOLTAGE, 52000, MONO_S(2));
    site.m[1][1].alarm[TIER_FAULT] = ALARM_BIT(FUSE);
    site.m[1][1].alarm[TIER_PROTECTION] = ALARM_BIT(HEATER);
    say(hub, MONO_S(2));
    assert_true(a->active[TIER_WARNING] == ALARM_BIT(FUSE));
    assert_true(a->active[TIER_PROTECTION] == ALARM_BIT(HEATER));
    assert_true(a->active[TIER_FAULT] == 0);
    assert_hub_says(hub, TIER_WARNING, ALARM_FUSE, (struct place){2, 2, 0});
    assert_hub_says(hub, TIER_PROTECTION, ALARM_HEATER, (struct place){2, 2, 0});
    hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hub_names_the_first_cluster_that_has_it),
        cmocka_unit_test(the_hubs_own_alarms_have_no_place),
        cmocka_unit_test(the_place_is_that_of_the_extreme),
        cmocka_unit_test(the_bms_helps_where_it_means_the_module),
        cmocka_unit_test(an_old_place_is_not_told_of_a_new_alarm),
        cmocka_unit_test(a_module_counts_while_it_is_seen),
        cmocka_unit_test(a_fault_of_a_module_is_a_warning_of_its_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
