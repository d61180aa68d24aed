/* hubgate status against a server that is not ours: libmodbus's own, fed with the image. */
#include "check.h"

#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/explain_live.h"
#include "cli/reading.h"
#include "model/words.h"

static struct snapshot snap;
static struct process proc;

/* --- A server of one connection. --- */

static struct server {
    modbus_t *ctx;
    modbus_mapping_t *map;
    int listener;
    char port[8];
    pthread_t thread;
} srv;

static void *serve(void *arg)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int n;

    (void)arg;
    if (modbus_tcp_accept(srv.ctx, &srv.listener) < 0)
        return NULL;
    while ((n = modbus_receive(srv.ctx, query)) >= 0)
        if (n > 0)
            modbus_reply(srv.ctx, query, n, srv.map);
    return NULL;
}

static void put_image(uint16_t *words)
{
    static struct image img;

    regmap_fill(&img, &snap, &proc);
    for (unsigned addr = 0; addr < 30000; addr++) {
        int at = regmap_find((uint16_t)addr, 1);

        if (at >= 0)
            words[addr] = img.word[at];
    }
}

static void server_begin(void)
{
    struct sockaddr_in at;
    socklen_t len = sizeof(at);

    srv.ctx = modbus_new_tcp("127.0.0.1", 0);
    srv.map = modbus_mapping_new(0, 0, 30000, 0);
    assert_non_null(srv.map);
    put_image(srv.map->tab_registers);
    srv.listener = modbus_tcp_listen(srv.ctx, 1);
    assert_true(srv.listener >= 0);
    assert_int_equal(getsockname(srv.listener, (struct sockaddr *)&at, &len), 0);
    snprintf(srv.port, sizeof(srv.port), "%u", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&srv.thread, NULL, serve, NULL), 0);
}

static void server_end(void)
{
    pthread_join(srv.thread, NULL); /* ends when the client has gone */
    modbus_close(srv.ctx);
    close(srv.listener);
    modbus_mapping_free(srv.map);
    modbus_free(srv.ctx);
}

/* --- What it serves. --- */

static void set_cluster(unsigned i, int64_t soc, int64_t current)
{
    struct signals *s = &snap.cluster[i].s;

    signal_set(s, SIG_STATE, CLUSTER_JOINED, 0);
    signal_set(s, SIG_SOC, soc, 0);
    signal_set(s, SIG_VOLTAGE, 52800, 0);
    signal_set(s, SIG_CURRENT, current, 0);
    signal_set(s, SIG_MODULES_ACTIVE, 5, 0);
    signal_set(s, SIG_READY, 1, 0);
}

/* The maker's own screen; clusters 3 to 5 show "--". */
static void set_the_makers_screen(void)
{
    struct signals *s = &snap.hub.s;

    memset(&snap, 0, sizeof(snap));
    memset(&proc, 0, sizeof(proc));
    signal_set(s, SIG_STATE, HUB_RUNNING, 0);
    signal_set(s, SIG_SOC, 4820, 0);
    signal_set(s, SIG_VOLTAGE, 52800, 0);
    signal_set(s, SIG_CURRENT, -14100, 0);
    signal_set(s, SIG_POWER, -745, 0);
    signal_set(s, SIG_READY, 1, 0);
    signal_set(s, SIG_CLUSTERS, 2, 0);
    signal_set(s, SIG_CONTROL_AGE, 300, 0);
    signal_set(s, SIG_UPTIME, 3725000, 0);
    set_cluster(0, 4480, -7800);
    set_cluster(1, 5160, -6300);
}

static char text[20000];

static const char *read_text(void (*print)(FILE *out, const struct reading *r))
{
    static struct reading r;
    char why[READING_WHY_MAX] = "";
    bool ok;
    FILE *out;

    server_begin();
    ok = reading_get(&r, "127.0.0.1", srv.port, 1, why);
    server_end();
    assert_string_equal(why, "");
    assert_true(ok);
    memset(text, 0, sizeof(text));
    out = fmemopen(text, sizeof(text) - 1, "w");
    assert_non_null(out);
    print(out, &r);
    fclose(out);
    return text;
}

static void for_people(FILE *out, const struct reading *r)
{
    reading_print(out, r, "here");
}

static void assert_lines(const char *const *lines, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strstr(text, lines[i]))
            print_message("missing: %s\nin:\n%s\n", lines[i], text);
        assert_non_null(strstr(text, lines[i]));
    }
}

static void the_makers_screen_is_shown(void **state)
{
    static const char *const lines[] = {
        "at here, up 1:02:05, data 0.3 s old\n",
        "HUB        RUNNING        48 %    52.8 V     -14.1 A    -0.7 kW  READY\n",
        "Charge     up to --, to --\n",
        "Alarms     none\n",
        "ID01       JOINED       44.8 %    52.8 V      -7.8 A          5  READY\n",
        "ID02       JOINED       51.6 %    52.8 V      -6.3 A          5  READY\n",
        "ID03       --               --        --          --         --  --\n",
        "ID05       --               --        --          --         --  --\n",
    };

    (void)state;
    set_the_makers_screen();
    read_text(for_people);
    assert_lines(lines, LEN(lines));
}

static void reasons_alarms_and_places_are_told_in_words(void **state)
{
    static const char *const lines[] = {
        "HUB        DEGRADED",
        "NOT READY: firmware voltage  CLUSTER_MISSING: A configured cluster is not counted\n",
        "Charge     up to 487.9 A, to 54.5 V  ALLOWANCE: Allowance table of the battery profile\n",
        "Discharge  up to 0.0 A, down to 49.5 V  reason 999",
        "Request    force charge (late)\n",
        "Careful    sums are partial",
        "Cells      3.301 V (cluster 2) to 3.345 V\n",
        "Cell temp. -5.5 °C to --\n",
        "PROTECTION Cell voltage high; Empty: waiting to be recharged\n",
        "Was fault  Memory of the BMS failed\n",
        "Inverter 1 victron?, UP; told CVL 54.5 V, CCL --, DCL --; last frame 0.2 s ago\n",
        "ID01       JOINED",
        "           PROTECTION Cell voltage high\n           Warning Cells far apart\n",
        "ID02       STALE            --        --          --         --  --  SILENT: The control",
    };

    (void)state;
    set_the_makers_screen();
    signal_set(&snap.hub.s, SIG_STATE, HUB_DEGRADED, 0);
    signal_set(&snap.hub.s, SIG_REASON, REASON_CLUSTER_MISSING, 0);
    signal_set(&snap.hub.s, SIG_READY, 0, 0);
    signal_set(&snap.hub.s, SIG_CONFORMITY, 2 | 8, 0);
    signal_set(&snap.hub.s, SIG_CHARGE_CURRENT_LIMIT, 487999, 0);
    signal_set(&snap.hub.s, SIG_CHARGE_VOLTAGE_LIMIT, 54500, 0);
    signal_set(&snap.hub.s, SIG_CCL_REASON, REASON_ALLOWANCE, 0);
    signal_set(&snap.hub.s, SIG_DISCHARGE_CURRENT_LIMIT, 0, 0);
    signal_set(&snap.hub.s, SIG_DISCHARGE_VOLTAGE_LIMIT, 49500, 0);
    signal_set(&snap.hub.s, SIG_DCL_REASON, 999, 0);
    signal_set(&snap.hub.s, SIG_FORCE_CHARGE_II, 1, 0);
    signal_set(&snap.hub.s, SIG_PARTIAL, 1, 0);
    signal_set(&snap.hub.s, SIG_CELL_MIN, 3301, 0);
    signal_set(&snap.hub.s, SIG_CELL_MIN_CLUSTER, 2, 0);
    signal_set(&snap.hub.s, SIG_CELL_MAX, 3345, 0);
    signal_set(&snap.hub.s, SIG_TEMP_MIN, -55, 0);
    snap.hub.a.active[TIER_PROTECTION] = ALARM_BIT(CELL_HIGH) | ALARM_BIT(EMPTY);
    snap.hub.a.latched[TIER_FAULT] = ALARM_BIT(MEMORY);
    snap.cluster[0].a.active[TIER_PROTECTION] = ALARM_BIT(CELL_HIGH);
    snap.cluster[0].a.active[TIER_WARNING] = ALARM_BIT(CELL_SPREAD);
    signal_set(&snap.inverter[0].s, SIG_LINK_STATE, LINK_UP, 0);
    signal_set(&snap.inverter[0].s, SIG_LAST_TX_AGE, 200, 0);
    signal_set(&snap.inverter[0].s, SIG_CHARGE_VOLTAGE_LIMIT, 54500, 0);
    strcpy(snap.inverter[0].t.value[TEXT_PROTOCOL], "victron\033");
    memset(&snap.cluster[1], 0, sizeof(snap.cluster[1]));
    signal_set(&snap.cluster[1].s, SIG_STATE, CLUSTER_STALE, 0);
    signal_set(&snap.cluster[1].s, SIG_REASON, REASON_SILENT, 0);
    read_text(for_people);
    assert_lines(lines, LEN(lines));
}

static void set_row(enum signal first, unsigned nth, int64_t value)
{
    signal_set(&snap.hub.s, (enum signal)(first + nth), value, 0);
}

/* Places of the rows: set-points 0 to 2, stop 3, reset 4, exclude 5, force charge 6. 192.168.1.7 is
 * 0xC0A80107. */
static void set_orders(void)
{
    struct signals *s = &snap.hub.s;

    set_the_makers_screen();
    signal_set(s, SIG_SETPOINT_CCL, 50000, 0);
    signal_set(s, SIG_SETPOINT_CCL_LEFT, 42000, 0);
    signal_set(s, SIG_SETPOINT_CVL, 53500, 0);
    signal_set(s, SIG_SETPOINT_CVL_LEFT, 3000, 0);
    signal_set(s, SIG_STOP_ASKED, 1, 0);
    signal_set(s, SIG_FORCE_CHARGE_ASKED, 1, 0);
    signal_set(s, SIG_FORCED_CHARGE_LEFT, 80000, 0);
    set_row(SIG_EXCLUDE, 0, 0);
    set_row(SIG_EXCLUDE, 1, 1);
    set_row(SIG_EXCLUDE, 2, 2);
    set_row(SIG_ORDER_OWNER, 0, 1);
    set_row(SIG_ORDER_ADDRESS, 0, 0xC0A80107);
    set_row(SIG_ORDER_OWNER, 2, 4);
    set_row(SIG_ORDER_ADDRESS, 2, 0xFFFFFFFE);
    set_row(SIG_ORDER_OWNER, 3, 20);
    set_row(SIG_ORDER_ADDRESS, 3, 1000);
    set_row(SIG_ORDER_OWNER, 5, 11);
    set_row(SIG_ORDER_OWNER, 6, 0);
    set_row(SIG_RELAY, 0, 1);
    set_row(SIG_RELAY, 2, 0);
    set_row(SIG_INPUT, 7, 0);
    signal_set(&proc.tcp[0], SIG_CLIENTS, 2, 0);
    signal_set(&proc.tcp[3], SIG_CLIENTS, 0, 0);
}

static void what_was_asked_and_by_whom(void **state)
{
    static const char *const lines[] = {
        "\nSet-point  charge up to 50.0 A, 42 s left, by 192.168.1.7 at modbus.tcp\n"
        "Set-point  charge to 53.5 V, 3 s left, by 255.255.255.254 at modbus.tcp.4\n"
        "Command    stop, by user 1000 at the control socket\n"
        "Command    cluster 2 out once it is proven open, by modbus.rtu\n"
        "Command    cluster 3 out, said to be isolated, by modbus.rtu\n"
        "Command    force a charge, 80 s left\n"
        "Relays     1 closed, 3 open\n"
        "Inputs     8 open\n"
        "Modbus     2 at modbus.tcp, 0 at modbus.tcp.4 connected\n"
        "Alarms     none\n",
    };
    static const char *const members[] = {
        ",\"relay1\":1,\"relay2\":null,\"relay3\":0,",
        ",\"write_ccl\":50.0,\"write_dcl\":null,\"write_cvl\":53.50,\"write_stop\":1,",
        ",\"command_ccl_address\":3232235783,\"command_ccl_left\":42,\"command_ccl_owner\":1,",
        ",\"tcp1_clients\":2,",
        ",\"tcp2_clients\":null,",
        ",\"control_late_p99\":null,",
    };

    (void)state;
    set_orders();
    read_text(for_people);
    assert_lines(lines, LEN(lines));
    read_text(reading_json);
    assert_lines(members, LEN(members));
}

static void nothing_was_asked(void **state)
{
    static const char *const absent[] = {"Set-point", "Command", "Relays", "Inputs", "Modbus"};

    (void)state;
    set_the_makers_screen();
    set_row(SIG_EXCLUDE, 0, 0);
    set_row(SIG_ORDER_OWNER, 3, 1); /* a stop that was taken back */
    signal_set(&snap.hub.s, SIG_STOP_ASKED, 0, 0);
    read_text(for_people);
    for (size_t i = 0; i < LEN(absent); i++)
        assert_null(strstr(text, absent[i]));
}

static void scripts_get_one_line(void **state)
{
    static const char *const members[] = {
        "{\"magic\":1213547079,",
        ",\"hub_state\":1,",
        ",\"soc\":48.2,",
        ",\"soh\":null,",
        ",\"voltage\":52.80,",
        ",\"current\":-14.1,",
        ",\"power\":-745,",
        ",\"control_age\":0.3,",
        ",\"temperature_min\":-0.5,",
        ",\"alarms_fault\":9223372036854775808,",
        ",\"inverter1_protocol\":\"a?b\",",
        ",\"cluster1_soc\":44.8,",
        ",\"cluster2_current\":-6.3,",
        ",\"cluster2_energy_charged\":1.234,",
    };
    const char *newline;

    (void)state;
    set_the_makers_screen();
    signal_set(&snap.hub.s, SIG_TEMP_MIN, -5, 0);
    signal_set(&snap.cluster[1].s, SIG_ENERGY_CHARGED, 1234, 0);
    snap.hub.a.active[TIER_FAULT] = UINT64_C(1) << 63;
    strcpy(snap.inverter[0].t.value[TEXT_PROTOCOL], "a\"b");
    read_text(reading_json);
    assert_lines(members, LEN(members));
    assert_null(strstr(text, "cluster3"));
    newline = strchr(text, '\n');
    assert_true(newline && newline[1] == '\0' && newline[-1] == '}');
}

static void refusal(const char *expected)
{
    static struct reading r;
    char why[READING_WHY_MAX] = "";

    assert_false(reading_get(&r, "127.0.0.1", srv.port, 1, why));
    assert_string_equal(why, expected);
}

/* What hubgate explain asks for besides: the stages, the alarms of the clusters. */
static void explain_reads_the_limits_too(void **state)
{
    static struct snapshot read;
    const struct server_name nobody = {"127.0.0.1", "1"};
    struct server_name at = {.host = "127.0.0.1"};
    char why[EXPLAIN_WHY_MAX] = "";

    (void)state;
    set_the_makers_screen();
    signal_set(&snap.hub.s, SIG_CCL_STAGE + 1, 148000, 0);
    snap.cluster[1].a.active[TIER_PROTECTION] = ALARM_BIT(CELL_HIGH);
    server_begin();
    strcpy(at.port, srv.port);
    assert_true(explain_live(&read, &at, 1, why));
    server_end();
    assert_int_equal(read.hub.s.value[SIG_CCL_STAGE + 1], 148000);
    assert_int_equal(read.hub.s.value[SIG_SOC], 4820);
    assert_int_equal(read.cluster[0].s.value[SIG_SOC], 4480);
    assert_true(read.cluster[1].a.active[TIER_PROTECTION] == ALARM_BIT(CELL_HIGH));
    assert_false(explain_live(&read, &nobody, 1, why));
    assert_string_equal(why, "cannot connect: Connection refused; does the gateway run, with "
                             "[modbus.tcp] listening there?");
}

static void another_server_is_refused(void **state)
{
    (void)state;
    set_the_makers_screen();
    server_begin();
    srv.map->tab_registers[0] = 0x5375; /* "Su" of SunSpec */
    refusal("this is no hubgate: no HUBG at address 0");
    server_end();

    server_begin();
    srv.map->tab_registers[2] = 7;
    refusal("its register map is version 7.3, this program knows 0.3");
    server_end();

    server_begin();
    srv.map->tab_registers[14] = 2;
    refusal("this unit is cluster 2 alone; ask the unit of the hub");
    server_end();

    server_begin();
    srv.map->nb_registers = 50; /* no hot block, and not even the whole first one */
    refusal("reading 96 registers from 0 of unit 1: Illegal data address");
    server_end();

    refusal("cannot connect: Connection refused; does the gateway run, with [modbus.tcp] listening "
            "there?");
}

/* --- The command line. Nobody listens on port 1 of this machine. --- */

static void exit_codes(void **state)
{
    static struct {
        const char *what;
        char *argv[6];
        int code;
    } cases[] = {
        {"nobody answers",              {"status", "127.0.0.1:1"},                  CLI_UNAVAILABLE},
        {"IPv6, nobody",                {"status", "[::1]:1"},                      CLI_UNAVAILABLE},
        {"no such name",                {"status", "no-such-host.invalid:1"},       CLI_UNAVAILABLE},
        {"two hosts",                   {"status", "127.0.0.1:1", "127.0.0.1:2"},   CLI_USAGE      },
        {"no port",                     {"status", "127.0.0.1:"},                   CLI_USAGE      },
        {"port 0",                      {"status", "127.0.0.1:0"},                  CLI_USAGE      },
        {"port too high",               {"status", "127.0.0.1:65536"},              CLI_USAGE      },
        {"port too high, IPv6",         {"status", "[::1]:99999"},                  CLI_USAGE      },
        {"port below 0",                {"status", "127.0.0.1:-1"},                 CLI_USAGE      },
        {"port and more",               {"status", "127.0.0.1:502x"},               CLI_USAGE      },
        {"port by a name nobody knows", {"status", "127.0.0.1:no-such-service"},    CLI_UNAVAILABLE},
        {"highest port",                {"status", "127.0.0.1:65535"},              CLI_UNAVAILABLE},
        {"no host",                     {"status", ":1502"},                        CLI_USAGE      },
        {"unknown option",              {"status", "--nonsense"},                   CLI_USAGE      },
        {"bad unit",                    {"status", "--unit", "248", "127.0.0.1:1"}, CLI_USAGE      },
        {"bad unit",                    {"status", "--unit", "x", "127.0.0.1:1"},   CLI_USAGE      },
        {"broken bracket",              {"status", "[::1]x:1"},                     CLI_USAGE      },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        int argc = 0;

        while (cases[i].argv[argc])
            argc++;
        print_message("  %s\n", cases[i].what);
        assert_int_equal(cli_status(argc, cases[i].argv), cases[i].code);
    }
    assert_int_equal(cli_registers(2, (char *[]){"registers", "extra", NULL}), CLI_USAGE);
    assert_int_equal(cli_registers(3, (char *[]){"registers", "--format", "xml", NULL}), CLI_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_makers_screen_is_shown),
        cmocka_unit_test(reasons_alarms_and_places_are_told_in_words),
        cmocka_unit_test(what_was_asked_and_by_whom),
        cmocka_unit_test(nothing_was_asked),
        cmocka_unit_test(scripts_get_one_line),
        cmocka_unit_test(explain_reads_the_limits_too),
        cmocka_unit_test(another_server_is_refused),
        cmocka_unit_test(exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
