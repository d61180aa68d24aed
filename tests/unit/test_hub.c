/* The doors of the hub that scenarios do not go through. */
#include "hub_bench.h"

#include <stdio.h>

static const char one_cluster[] = "[hub]\nclusters = 1\nprofile = generic-lfp-16s\n"
                                  "[cluster.1]\nlink = sim\nmodules = 2\n"
                                  "[inverter.1]\nlink = sim\nprotocol = victron\n";

/* A serial battery: one reading is a whole control set. Period 4 s: stale after 10 s. */
static void a_sample_is_a_battery(void **state)
{
    static struct module modules[MAX_MODULES];
    struct hub *hub = made(one_cluster);
    struct battery b = {0};
    struct sample sample = {
        .at = MONO_S(2), .period = MONO_S(4), .battery = &b, .modules = modules};

    (void)state;
    signal_set(&b.s, SIG_VOLTAGE, 52000, MONO_S(2));
    signal_set(&b.s, SIG_CURRENT, 10000, MONO_S(2));
    signal_set(&b.s, SIG_SOC, 7000, MONO_S(2));
    signal_set(&b.s, SIG_CHARGE_CURRENT_LIMIT, 80000, MONO_S(2));
    signal_set(&modules[1].s, SIG_CELL_VOLTAGE + 2, 3301, MONO_S(2));
    hub_set_time(hub, MONO_S(2));
    hub_report(hub, PORT_CLUSTER, &sample);
    hub_run(hub);
    assert_int_equal(hub_is(hub, SIG_STATE), HUB_WAITING); /* no discharge limit: not complete */
    signal_set(&b.s, SIG_DISCHARGE_CURRENT_LIMIT, 90000, MONO_S(2));
    hub_report(hub, PORT_CLUSTER, &sample);
    hub_run(hub);
    assert_int_equal(hub_is(hub, SIG_STATE), HUB_RUNNING);
    assert_int_equal(hub_is(hub, SIG_SOC), 7000);
    assert_int_equal(hub_is(hub, SIG_CCL_STAGE), 80000);
    assert_int_equal(hub_snapshot(hub)->module[0][1].s.value[SIG_CELL_VOLTAGE + 2], 3301);
    run(hub, MONO_S(12) - 1);
    assert_int_equal(hub_is(hub, SIG_STATE), HUB_RUNNING);
    run(hub, MONO_S(12));
    assert_int_equal(hub_is(hub, SIG_STATE), HUB_STOPPED);
    assert_false(signal_known(&hub_snapshot(hub)->module[0][1].s, SIG_CELL_VOLTAGE + 2));
    hub_free(hub);
}

static unsigned send_all(struct hub *hub, enum port port, bool confirm)
{
    struct frame f;
    unsigned n = 0;

    while (hub_tx(hub, port, &f)) {
        n++;
        if (!confirm)
            break;
        hub_tx_done(hub, port, true);
    }
    return n;
}

/* Cable off: the first frame stays in the controller. Nothing follows it, what would have is
 * counted as dropped, and when it is out the next one is of that moment. */
static void one_frame_out_at_most(void **state)
{
    struct hub *hub = made(one_cluster);
    const struct signals *s = &hub_snapshot(hub)->inverter[0].s;
    struct frame f;

    (void)state;
    assert_true(hub_tx(hub, PORT_INVERTER, &f));
    assert_false(hub_tx(hub, PORT_INVERTER, &f));
    run(hub, MONO_S(11));
    assert_false(hub_tx(hub, PORT_INVERTER, &f));
    run(hub, MONO_S(12));
    assert_in_range(s->value[SIG_FRAMES_DROPPED], 2, 11);
    send_all(hub, PORT_CLUSTER, true);
    assert_true(hub_deadline(hub) > MONO_S(12)); /* nor does it keep anybody busy */
    hub_tx_done(hub, PORT_INVERTER, true);
    assert_in_range(send_all(hub, PORT_INVERTER, true), 1, 8); /* one set, no backlog */
    run(hub, MONO_MS(12100));
    assert_int_equal(send_all(hub, PORT_INVERTER, true), 0);
    hub_free(hub);
}

static void a_frame_that_was_not_taken_is_dropped_and_counted(void **state)
{
    struct hub *hub = made(one_cluster);
    struct frame f;

    (void)state;
    assert_true(hub_tx(hub, PORT_INVERTER, &f));
    hub_tx_done(hub, PORT_INVERTER, false);
    hub_tx_done(hub, PORT_INVERTER, false); /* nothing was out: nothing happens */
    run(hub, MONO_MS(1100));
    assert_int_equal(hub_snapshot(hub)->inverter[0].s.value[SIG_FRAMES_DROPPED], 1);
    assert_int_equal(hub_snapshot(hub)->inverter[0].s.value[SIG_FRAMES_TX], 0);
    assert_false(
        signal_known(&hub_snapshot(hub)->inverter[0].s, SIG_CHARGE_CURRENT_LIMIT)); /* not told */
    hub_free(hub);
}

/* A link that goes down takes the frame with it. */
static void a_lost_link_frees_its_port(void **state)
{
    static const struct {
        const char *what;
        enum link_state link;
        bool sends;
    } cases[] = {
        {"closed",        LINK_CLOSED,  false},
        {"down",          LINK_DOWN,    false},
        {"warning",       LINK_WARNING, true },
        {"error passive", LINK_PASSIVE, true }, /* the other side may have come on just now */
        {"bus off",       LINK_BUS_OFF, false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct hub *hub = made(one_cluster);
        struct frame f;

        print_message("  %s\n", cases[i].what);
        assert_true(hub_tx(hub, PORT_INVERTER, &f));
        link_is(hub, PORT_INVERTER, cases[i].link);
        assert_false(hub_tx(hub, PORT_INVERTER, &f)); /* one is out still, or nothing can go */
        hub_tx_done(hub, PORT_INVERTER, true);
        assert_int_equal(hub_tx(hub, PORT_INVERTER, &f), cases[i].sends);
        link_is(hub, PORT_INVERTER, LINK_UP);
        assert_int_equal(hub_tx(hub, PORT_INVERTER, &f), !cases[i].sends);
        hub_free(hub);
    }
}

static void up_down_up_sends_again(void **state)
{
    struct hub *hub = made(one_cluster);
    struct frame f;

    (void)state;
    assert_true(hub_tx(hub, PORT_INVERTER, &f));
    link_is(hub, PORT_INVERTER, LINK_DOWN);
    link_is(hub, PORT_INVERTER, LINK_UP);
    assert_true(hub_tx(hub, PORT_INVERTER, &f));
    hub_free(hub);
}

/* A frame that hangs in the controller counts once a second. */
static void a_frame_that_hangs_is_counted(void **state)
{
    struct hub *hub = made(one_cluster);
    const struct signals *s = &hub_snapshot(hub)->inverter[0].s;
    struct frame f;

    (void)state;
    assert_true(hub_tx(hub, PORT_INVERTER, &f));
    run(hub, MONO_S(2) - 1);
    assert_int_equal(value_of(s, SIG_FRAMES_DROPPED), 0);
    run(hub, MONO_S(2));
    assert_int_equal(value_of(s, SIG_FRAMES_DROPPED), 1);
    run(hub, MONO_S(3) - 1);
    assert_int_equal(value_of(s, SIG_FRAMES_DROPPED), 1);
    run(hub, MONO_S(3));
    assert_int_equal(value_of(s, SIG_FRAMES_DROPPED), 2);
    hub_tx_done(hub, PORT_INVERTER, true);
    run(hub, MONO_S(9));
    assert_int_equal(value_of(s, SIG_FRAMES_DROPPED), 2);
    assert_int_equal(value_of(s, SIG_FRAMES_TX), 1);
    hub_free(hub);
}

/* What a battery would say, and the inverter's own 0x305. */
static void an_inverter_is_no_cluster(void **state)
{
    static const struct frame said[] = {
        {.id = 0x351,                 .len = 8,                   .data = {0x14, 0x02, 0xC0, 0x12, 0xC0, 0x12, 0xC2, 0x01}},
        {.id = 0x355,                           .len = 4,                                           .data = {0x58, 0, 0x5E, 0}},
        {.id = 0x356, .len = 6,.data = {0x7A, 0x13, 0xF2, 0xFE, 0x6B, 0x01}},
        {.id = 0x305,                   .len = 8                },
    };
    struct hub *hub = made(one_cluster);

    (void)state;
    for (size_t i = 0; i < LEN(said); i++) {
        hub_rx(hub, PORT_INVERTER, &said[i]);
        hub_rx(hub, PORT_CLUSTER + 3, &said[i]); /* nor is a cluster nobody configured */
    }
    run(hub, MONO_S(5));
    assert_int_equal(cluster_is(hub, 0, SIG_STATE), CLUSTER_ABSENT);
    assert_int_equal(cluster_is(hub, 0, SIG_FRAMES_RX), 0);
    assert_int_equal(value_of(&hub_snapshot(hub)->inverter[0].s, SIG_FRAMES_RX), 4);
    assert_int_equal(value_of(&hub_snapshot(hub)->inverter[0].s, SIG_FRAMES_UNKNOWN), 3);
    assert_false(signal_known(&hub_snapshot(hub)->inverter[0].s, SIG_SOC));
    assert_false(signal_known(&hub_snapshot(hub)->hub.s, SIG_SOC));
    hub_free(hub);
}

static void what_the_kernel_lost_is_counted(void **state)
{
    struct hub *hub = made(one_cluster);

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        hub_link(hub, PORT_CLUSTER,
                 &(struct link_report){
                     .state = LINK_UP, .frames_lost = 300, .bus_errors = 7, .why = ""});
    run(hub, MONO_S(2));
    assert_int_equal(hub_snapshot(hub)->cluster[0].s.value[SIG_FRAMES_LOST], 600);
    assert_int_equal(hub_snapshot(hub)->cluster[0].s.value[SIG_BUS_ERRORS], 14);
    hub_free(hub);
}

/* The core runs at most every 5 ms when data came, and at least every 100 ms. */
static void the_rules_run_when_they_should(void **state)
{
    struct hub *hub = made(one_cluster);
    struct frame f = {.id = 0x123};

    (void)state;
    run(hub, MONO_S(2));
    hub_rx(hub, PORT_CLUSTER, &f);
    assert_false(hub_wants_run(hub));
    assert_true(hub_deadline(hub) <= MONO_S(2) + MONO_MS(5));
    hub_set_time(hub, MONO_S(2) + MONO_MS(5) - 1);
    assert_false(hub_wants_run(hub));
    hub_set_time(hub, MONO_S(2) + MONO_MS(5));
    assert_true(hub_wants_run(hub));
    hub_run(hub);
    hub_set_time(hub, MONO_S(2) + MONO_MS(105) - 1);
    assert_false(hub_wants_run(hub));
    hub_set_time(hub, MONO_S(2) + MONO_MS(105));
    assert_true(hub_wants_run(hub));
    hub_free(hub);
}

/* A frame to the inverter never rests on an old run, whoever forgot to run the rules: the cluster
 * falls silent at 33 s. */
static void sending_runs_old_rules_anew(void **state)
{
    struct hub *hub = made(one_cluster);
    struct battery b = {0};
    struct frame f;

    (void)state;
    for (unsigned s = 2; s <= 30; s++) { /* the limit rises slowly */
        hub_set_time(hub, MONO_S(s));
        control_set(&b, 80000, MONO_S(s));
        report(hub, 0, &b, MONO_S(s));
        hub_run(hub);
    }
    run(hub, MONO_S(33) - 1000);
    assert_int_equal(hub_is(hub, SIG_CHARGE_CURRENT_LIMIT), 80000);
    hub_set_time(hub, MONO_S(33) + MONO_MS(99)); /* 100 ms old: good enough */
    assert_true(hub_tx(hub, PORT_INVERTER, &f));
    assert_int_equal(f.id, 0x351);
    assert_memory_equal(&f.data[2], "\x20\x03", 2); /* 80.0 A */
    assert_true(hub_snapshot(hub)->at == MONO_S(33) - 1000);
    hub_tx_done(hub, PORT_INVERTER, true);
    hub_set_time(hub, MONO_S(33) + MONO_MS(100)); /* 101 ms */
    hub_tx(hub, PORT_INVERTER, &f);
    assert_true(hub_snapshot(hub)->at == MONO_S(33) + MONO_MS(100));
    assert_int_equal(hub_is(hub, SIG_CHARGE_CURRENT_LIMIT), 0);
    hub_free(hub);
}

static void time_never_goes_back(void **state)
{
    struct hub *hub = made(one_cluster);

    (void)state;
    run(hub, MONO_S(50));
    run(hub, MONO_S(3));
    assert_true(hub_snapshot(hub)->at == MONO_S(50));
    hub_free(hub);
}

/* 0x359 byte 0 bit 1 latches; the latch comes back from the store after a restart. */
static void latches_go_to_the_store_and_come_back(void **state)
{
    struct hub *hub = made(one_cluster);
    struct frame alarm = {
        .id = 0x359, .len = 7, .data = {0x02, 0, 0, 0, 2, 'P', 'N'}
    };
    struct frame name = {.id = 0x35E, .len = 8, .data = "PYLON  "};
    struct record r, kept = {0};

    (void)state;
    hub_rx(hub, PORT_CLUSTER, &alarm);
    hub_rx(hub, PORT_CLUSTER, &name);
    run(hub, MONO_S(5)); /* what else comes does not matter: decided */
    run(hub, MONO_S(6));
    assert_true(hub_store_out(hub, &kept));
    hub_store_done(hub, kept.ticket, false);
    assert_true(hub_store_out(hub, &r)); /* not safe: it comes again */
    assert_int_equal(r.ticket, kept.ticket);
    while (r.place != EVENT_AT_CLUSTER || r.tier != TIER_PROTECTION) {
        hub_store_done(hub, r.ticket, true);
        assert_true(hub_store_out(hub, &r));
    }
    kept = r;
    hub_store_done(hub, r.ticket, true);
    while (hub_store_out(hub, &r)) {
        assert_false(r.place == kept.place && r.tier == kept.tier);
        hub_store_done(hub, r.ticket, true);
    }
    assert_true(kept.value == ALARM_BIT(VOLTAGE_HIGH));
    hub_free(hub);

    hub = made(one_cluster);
    hub_store_in(hub, &kept);
    hub_store_in(hub, &(struct record){.kind = RECORD_LATCHED_ALARMS, .place = 9}); /* nonsense */
    run(hub, MONO_S(2));
    assert_true(hub_snapshot(hub)->cluster[0].a.latched[TIER_PROTECTION] ==
                ALARM_BIT(VOLTAGE_HIGH));
    assert_true(hub_snapshot(hub)->hub.a.latched[TIER_PROTECTION] & ALARM_BIT(VOLTAGE_HIGH));
    assert_true(hub_snapshot(hub)->cluster[0].a.active[TIER_PROTECTION] == 0);
    hub_free(hub);
}

/* Two records of one place, as an older store may have them. */
static void latches_of_two_records_add_up(void **state)
{
    struct record r = {.kind = RECORD_LATCHED_ALARMS,
                       .place = EVENT_AT_CLUSTER,
                       .tier = TIER_PROTECTION,
                       .value = ALARM_BIT(CELL_HIGH)};
    struct hub *hub = made(one_cluster);

    (void)state;
    hub_store_in(hub, &r);
    r.value = ALARM_BIT(CELL_LOW);
    hub_store_in(hub, &r);
    run(hub, MONO_S(2));
    assert_true(hub_snapshot(hub)->cluster[0].a.latched[TIER_PROTECTION] ==
                (ALARM_BIT(CELL_HIGH) | ALARM_BIT(CELL_LOW)));
    hub_free(hub);
}

/* A latch of a cluster at the hub, of the hub at a cluster, and bits that are none: nobody could
 * look at their cause, or reset them. */
static void latches_that_cannot_be_are_not_taken_back(void **state)
{
    struct hub *hub = made(one_cluster);

    (void)state;
    hub_store_in(hub, &(struct record){.kind = RECORD_LATCHES,
                                       .value = LATCH_BIT(RECONNECTS) | LATCH_BIT(OVER_LIMIT)});
    hub_store_in(hub, &(struct record){.kind = RECORD_LATCHES,
                                       .place = EVENT_AT_CLUSTER,
                                       .value = UINT64_C(0xFFFFFFFFFFFFFF00) |
                                                LATCH_BIT(STOP_INPUT) | LATCH_BIT(OVER_LIMIT)});
    run(hub, MONO_S(2));
    assert_int_equal(hub_snapshot(hub)->hub.s.value[SIG_LATCHES], 0);
    assert_int_equal(hub_snapshot(hub)->cluster[0].s.value[SIG_LATCHES], LATCH_BIT(OVER_LIMIT));
    /* nobody has heard this cluster: its own latch stands; and nothing falls over */
    assert_int_equal(hub_command(hub, &(struct hub_order){.command = COMMAND_RESET}), HUB_OK);
    run(hub, MONO_S(3));
    assert_int_equal(hub_snapshot(hub)->cluster[0].s.value[SIG_LATCHES], LATCH_BIT(OVER_LIMIT));
    hub_free(hub);
}

/* Newest record of the latches of the hub; the others are kept at once. */
static bool take_latches(struct hub *hub, struct record *out)
{
    struct record r;
    bool any = false;

    while (hub_store_out(hub, &r)) {
        if (r.kind == RECORD_LATCHES && r.place == EVENT_AT_HUB) {
            *out = r;
            any = true;
        } else {
            hub_store_done(hub, r.ticket, true);
        }
    }
    return any;
}

/* A reset is on its way to the medium when the latch is set again: it is not saved before the
 * medium has it, though it is what the medium was last known to hold. */
static void a_latch_is_not_saved_while_its_reset_is_on_the_way(void **state)
{
    struct hub *hub = made("[hub]\nclusters = 1\nprofile = generic-lfp-16s\n"
                           "[cluster.1]\nlink = sim\nmodules = 2\n"
                           "[input.1]\nfunction = stop\ngpio = gpiochip0:5\n");
    struct record r;

    (void)state;
    hub_input(hub, 0, false);
    run(hub, MONO_S(2));
    assert_true(take_latches(hub, &r));
    hub_store_done(hub, r.ticket, true);
    hub_input(hub, 0, true);
    run(hub, MONO_S(3));
    hub_command(hub, &(struct hub_order){.command = COMMAND_RESET});
    run(hub, MONO_S(4));
    assert_true(take_latches(hub, &r));
    assert_int_equal(r.value, 0);
    hub_input(hub, 0, false);
    run(hub, MONO_S(5));
    assert_int_equal(hub_snapshot(hub)->hub.s.value[SIG_LATCHES], LATCH_BIT(STOP_INPUT));
    assert_int_equal(hub_snapshot(hub)->hub.s.value[SIG_LATCHES_UNSAVED], LATCH_BIT(STOP_INPUT));
    hub_store_done(hub, r.ticket, true);
    assert_true(take_latches(hub, &r));
    hub_store_done(hub, r.ticket, true);
    run(hub, MONO_S(6));
    assert_int_equal(hub_snapshot(hub)->hub.s.value[SIG_LATCHES_UNSAVED], 0);
    hub_free(hub);
}

static void a_set_point_has_a_range_and_an_end(void **state)
{
    static const struct {
        int64_t value;
        enum status status;
    } cases[] = {
        {3000001, HUB_ERANGE},
        {-1,      HUB_ERANGE},
        {3000000, HUB_OK    },
    };
    struct hub *hub = made(one_cluster);
    struct hub_answer answer;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        hub_command(hub, &(struct hub_order){.command = COMMAND_SET_CCL, .value = cases[i].value});
        assert_true(hub_result(hub, &answer));
        assert_int_equal(answer.status, cases[i].status);
    }
    run(hub, MONO_S(2)); /* given at 1 s, for 60 s */
    assert_int_equal(hub_is(hub, SIG_SETPOINT_CCL_LEFT), 59000);
    run(hub, MONO_S(61) - 1);
    assert_int_equal(hub_is(hub, SIG_SETPOINT_CCL), 3000000);
    run(hub, MONO_S(61));
    assert_int_equal(hub_is(hub, SIG_SETPOINT_CCL_LEFT), 0);
    assert_false(signal_known(&hub_snapshot(hub)->hub.s, SIG_SETPOINT_CCL));
    hub_free(hub);
}

static const char two_inverters[] = "[hub]\nclusters = 1\nprofile = generic-lfp-16s\n"
                                    "[cluster.1]\nlink = sim\nmodules = 2\n"
                                    "[inverter.1]\nlink = sim\nprotocol = victron\n"
                                    "[inverter.2]\nlink = sim\nprotocol = victron\n";

static void stop_and_send_three_times(struct hub *hub, enum port port, bool confirm)
{
    struct frame f;

    for (unsigned i = 0; i < 3; i++) {
        hub_stop(hub); /* the frames fall due at once */
        for (unsigned k = 0; k < 8 && hub_tx(hub, port, &f); k++)
            hub_tx_done(hub, port, confirm);
    }
}

static void a_stop_is_over_when_every_inverter_knows(void **state)
{
    struct hub *hub = made(two_inverters);
    struct frame f;

    (void)state;
    hub_stop(hub);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(hub_stopped(hub));
        run(hub, MONO_S(2 + i));
        send_all(hub, PORT_INVERTER, true);
    }
    assert_false(hub_stopped(hub)); /* the other has not heard it */
    link_is(hub, PORT_INVERTER + 1, LINK_BUS_OFF);
    assert_true(hub_stopped(hub));
    link_is(hub, PORT_INVERTER + 1, LINK_PASSIVE);
    assert_false(hub_stopped(hub));
    stop_and_send_three_times(hub, PORT_INVERTER + 1, false); /* not taken */
    assert_false(hub_stopped(hub));
    stop_and_send_three_times(hub, PORT_INVERTER + 1, true);
    assert_true(hub_stopped(hub));
    hub_stop(hub);
    assert_true(hub_tx(hub, PORT_INVERTER, &f));
    assert_memory_equal(&f.data[2], "\0\0\0\0", 4);
    hub_free(hub);
}

static void a_stop_without_inverters_is_over_at_once(void **state)
{
    struct hub *hub = made("[hub]\nclusters = 1\n[cluster.1]\nlink = sim\n");

    (void)state;
    assert_false(hub_stopped(hub)); /* nobody has asked for it */
    hub_stop(hub);
    assert_true(hub_stopped(hub));
    hub_free(hub);
}

/* What left before the stop says the old limits, whenever it is confirmed. */
static void an_older_frame_does_not_count_for_the_stop(void **state)
{
    struct hub *hub = made(one_cluster);
    struct battery b = {0};
    struct frame f;

    (void)state;
    for (unsigned s = 2; s <= 30; s++) {
        hub_set_time(hub, MONO_S(s));
        control_set(&b, 80000, MONO_S(s));
        signal_set(&b.s, SIG_CHARGE_CURRENT_LIMIT, s < 30 ? 80000 : 0, MONO_S(s)); /* full */
        report(hub, 0, &b, MONO_S(s));
        hub_run(hub);
    }
    assert_true(hub_tx(hub, PORT_INVERTER, &f));
    assert_memory_equal(&f.data[4], "\x20\x03", 2); /* 80.0 A out */
    hub_stop(hub);
    hub_tx_done(hub, PORT_INVERTER, true);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(hub_stopped(hub));
        hub_stop(hub);
        send_all(hub, PORT_INVERTER, true);
    }
    assert_true(hub_stopped(hub));
    hub_free(hub);
}

static void answers_wait_until_they_are_fetched(void **state)
{
    struct hub *hub = made(one_cluster);
    struct hub_answer answer;
    unsigned taken = 0;

    (void)state;
    for (uint32_t i = 0; i < 100; i++)
        taken += hub_command(hub, &(struct hub_order){.ticket = i + 1,
                                                      .command = COMMAND_SET_CCL,
                                                      .value = 1000}) == HUB_OK;
    assert_in_range(taken, 64, 99); /* then HUB_EFULL: ask again */
    for (uint32_t i = 0; i < taken; i++) {
        assert_true(hub_result(hub, &answer));
        assert_int_equal(answer.ticket, i + 1);
    }
    assert_false(hub_result(hub, &answer));
    assert_int_equal(hub_command(hub, &(struct hub_order){.ticket = 5}), HUB_OK);
    assert_true(hub_result(hub, &answer));
    assert_int_equal(answer.status, HUB_ESPEC); /* no such command */
    hub_free(hub);
}

static void a_new_configuration_keeps_what_is_running(void **state)
{
    struct hub *hub = made(one_cluster);
    char ini[400];
    struct config *cfg;

    (void)state;
    snprintf(ini, sizeof(ini), "%s[limits]\ncharge_current_max = 12\n", one_cluster);
    cfg = configured(ini);
    assert_int_equal(hub_reconfigure(hub, cfg), HUB_OK);
    config_free(cfg);
    cfg = configured("[hub]\nclusters = 2\nprofile = generic-lfp-16s\n[cluster.1]\nlink = sim\n"
                     "[cluster.2]\nlink = sim\n");
    assert_int_equal(hub_reconfigure(hub, cfg), HUB_ERANGE);
    config_free(cfg);
    assert_int_equal(hub_input(hub, 0, true), HUB_ERANGE); /* none is configured */
    hub_free(hub);
}

static void events_that_find_no_room_are_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++) { /* an event queue that overflows counts, and goes on */
        static struct hub *hub;
        struct event e;

        if (!hub)
            hub = made(one_cluster);
        hub_link(hub, PORT_CLUSTER,
                 &(struct link_report){.state = i % 2 ? LINK_UP : LINK_DOWN, .why = ""});
        if (i == 1999) {
            unsigned n = 0;

            while (hub_event_out(hub, &e))
                n++;
            assert_in_range(n, 100, 200);
            hub_link(hub, PORT_CLUSTER, &(struct link_report){.state = LINK_DOWN, .why = "x"});
            assert_true(hub_event_out(hub, &e));
            assert_non_null(strstr(e.text, "events lost"));
            hub_free(hub);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_is_a_battery),
        cmocka_unit_test(one_frame_out_at_most),
        cmocka_unit_test(a_frame_that_was_not_taken_is_dropped_and_counted),
        cmocka_unit_test(a_lost_link_frees_its_port),
        cmocka_unit_test(up_down_up_sends_again),
        cmocka_unit_test(a_frame_that_hangs_is_counted),
        cmocka_unit_test(an_inverter_is_no_cluster),
        cmocka_unit_test(what_the_kernel_lost_is_counted),
        cmocka_unit_test(the_rules_run_when_they_should),
        cmocka_unit_test(sending_runs_old_rules_anew),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(latches_go_to_the_store_and_come_back),
        cmocka_unit_test(latches_of_two_records_add_up),
        cmocka_unit_test(latches_that_cannot_be_are_not_taken_back),
        cmocka_unit_test(a_latch_is_not_saved_while_its_reset_is_on_the_way),
        cmocka_unit_test(a_set_point_has_a_range_and_an_end),
        cmocka_unit_test(a_stop_is_over_when_every_inverter_knows),
        cmocka_unit_test(a_stop_without_inverters_is_over_at_once),
        cmocka_unit_test(an_older_frame_does_not_count_for_the_stop),
        cmocka_unit_test(answers_wait_until_they_are_fetched),
        cmocka_unit_test(a_new_configuration_keeps_what_is_running),
        cmocka_unit_test(events_that_find_no_room_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
