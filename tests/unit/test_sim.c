#include "check.h"

#include "config_profile.h"
#include "hub/hub.h"
#include "intake/intake.h"
#include "sim/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START MONO_S(1000)

static void fail_on(void *arg, const struct config_error *err)
{
    (void)arg;
    fail_msg("line %d: %s", err->line, err->text);
}

static void ignore(void *arg, const struct config_error *err)
{
    (void)arg;
    (void)err;
}

static struct config *config_of(const char *ini)
{
    return config_parse(ini, strlen(ini), NULL, fail_on, ignore, NULL);
}

/* Two clusters of five modules as on the maker's screen (44.8 % and 51.6 %), and an inverter. */
#define TWO_CLUSTERS                                                                               \
    "[hub]\nclusters = 2\nmodules = 5\nprofile = weco-4k4-pro\n"                                   \
    "[cluster.1]\nlink = sim\n[cluster.2]\nlink = sim\n"                                           \
    "[modbus.tcp]\nlisten = 127.0.0.1:1502\n"
#define PYLON_INVERTER "[inverter.1]\nlink = sim\nprotocol = pylontech\n"
#define SUNNY "[sim]\nsoc = 44.8 51.6\nsun_w = 20000\nhouse_w = 0\nday_s = 86400\n"
#define NIGHT "[sim]\nsoc = 44.8 51.6\nsun_w = 0\nhouse_w = 5000\nday_s = 86400\n"

static struct site *site_of(const char *ini)
{
    struct config *cfg = config_of(ini);
    struct site *site = site_new(cfg, START);

    config_free(cfg);
    assert_non_null(site);
    return site;
}

/* Pylontech CAN protocol V1.2, 0x351: CVL 0.1 V, CCL 0.1 A, DCL 0.1 A, DVL 0.1 V, little endian;
 * 0x35C bit 7 charge enable, bit 6 discharge enable. */
static void say_limits(struct site *site, int cvl_dV, int ccl_dA, int dcl_dA)
{
    const struct frame limits = {
        .id = 0x351,
        .len = 8,
        .data = {(uint8_t)cvl_dV, (uint8_t)(cvl_dV >> 8), (uint8_t)ccl_dA, (uint8_t)(ccl_dA >> 8),
                 (uint8_t)dcl_dA, (uint8_t)(dcl_dA >> 8), 0xEF, 0x01}, /* 49.5 V */
    };
    const struct frame enables = {
        .id = 0x35C,
        .len = 2,
        .data = {(uint8_t)((ccl_dA ? 0x80 : 0) | (dcl_dA ? 0x40 : 0))},
    };

    site_rx(site, PORT_INVERTER, &limits);
    site_rx(site, PORT_INVERTER, &enables);
}

static int64_t sum_mA(const struct site *site)
{
    return site_battery(site, 0)->current_mA + site_battery(site, 1)->current_mA;
}

static void currents_add_up_and_voltages_are_equal(void **state)
{
    struct site *site = site_of(TWO_CLUSTERS PYLON_INVERTER SUNNY);

    (void)state;
    for (unsigned s = 1; s <= 60; s++) {
        say_limits(site, 545, 3000, 3000);
        site_set_time(site, START + MONO_S(s));
        assert_int_equal(sum_mA(site), site_inverter(site, 0)->current_mA);
        assert_int_equal(site_battery(site, 0)->voltage_uV, site_battery(site, 1)->voltage_uV);
    }
    assert_true(site_inverter(site, 0)->current_mA > 100000);
    /* The emptier one takes more. */
    assert_true(site_battery(site, 0)->current_mA > site_battery(site, 1)->current_mA);
    site_free(site);
}

/* 5 modules: 16/5 + 1 = 4.2 mOhm each. 44.8 %: 52.824 V, 51.6 %: 52.858 V (curve 52.8 V at 40 %,
 * 52.9 V at 60 %). At rest 34 mV / 8.4 mOhm = 4.0 A from the fuller to the emptier; the bus at
 * 52.841 V. */
static void clusters_at_rest_level_out(void **state)
{
    struct site *site = site_of(TWO_CLUSTERS PYLON_INVERTER SUNNY);

    (void)state;
    assert_in_range(site_battery(site, 0)->current_mA, 3950, 4150);
    assert_int_equal(sum_mA(site), 0);
    assert_in_range(site_battery(site, 0)->voltage_uV, 52840000, 52842000);
    site_free(site);
}

struct books {
    int64_t charge_mA_us; /* through the inverter */
    int64_t terminal_uWs; /* into the batteries' terminals, micro-watt seconds */
    int64_t inside_uWs;   /* into their cells, and lost in their resistance */
};

static void keep_books(const struct site *site, const int64_t emf_uV[2], struct books *books)
{
    int64_t mA = site_inverter(site, 0)->current_mA;

    books->charge_mA_us += mA * 100000;
    books->terminal_uWs += site_battery(site, 0)->voltage_uV / 1000 * mA / 10;
    for (unsigned i = 0; i < 2; i++) {
        const struct sim_battery *b = site_battery(site, i);
        int64_t loss_uW = b->current_mA * b->current_mA / 1000 * b->resistance_uOhm / 1000;

        books->inside_uWs += (emf_uV[i] / 1000 * b->current_mA + loss_uW) / 10;
    }
}

static void an_hour_loses_no_energy(void **state)
{
    static const char *const cases[] = {TWO_CLUSTERS PYLON_INVERTER SUNNY,
                                        TWO_CLUSTERS PYLON_INVERTER NIGHT};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct site *site = site_of(cases[i]);
        int64_t before = site_battery(site, 0)->charge_mA_us + site_battery(site, 1)->charge_mA_us;
        struct books books = {0};
        int64_t after;

        for (unsigned step = 1; step <= 36000; step++) {
            int64_t emf_uV[2] = {sim_battery_emf_uV(site_battery(site, 0)),
                                 sim_battery_emf_uV(site_battery(site, 1))};

            if (step % 10 == 1)
                say_limits(site, 545, 3000, 3000);
            site_set_time(site, START + step * MONO_MS(100));
            keep_books(site, emf_uV, &books);
        }
        after = site_battery(site, 0)->charge_mA_us + site_battery(site, 1)->charge_mA_us;
        assert_true(llabs(books.charge_mA_us) > 0);
        assert_int_equal(after - before, books.charge_mA_us);
        assert_true(llabs(books.terminal_uWs - books.inside_uWs) <
                    llabs(books.terminal_uWs) / 1000);
        print_message("  %lld mAh, %lld Wh\n", (long long)(books.charge_mA_us / 3600000000),
                      (long long)(books.terminal_uWs / 3600000000));
        site_free(site);
    }
}

/* 20 kW of sun or 5 kW of house against the limits of the hub. */
static void the_inverter_stays_inside_the_limits(void **state)
{
    static const struct {
        const char *what, *ini;
        int cvl_dV, ccl_dA, dcl_dA;
        int64_t lowest_mA, highest_mA;
    } cases[] = {
        {"charge at the current limit",      TWO_CLUSTERS PYLON_INVERTER SUNNY, 545, 200,  3000, 20000,
         20000                                                                                                },
        {"charge under the voltage limit",   TWO_CLUSTERS PYLON_INVERTER SUNNY, 529, 3000, 3000,
         27000,                                                                                         29000 },
        {"charge voltage is reached",        TWO_CLUSTERS PYLON_INVERTER SUNNY, 520, 3000, 3000, 0,     0     },
        {"discharge at the current limit",   TWO_CLUSTERS PYLON_INVERTER NIGHT, 545, 3000, 150,
         -15000,                                                                                        -15000},
        {"discharge is what the house asks", TWO_CLUSTERS PYLON_INVERTER NIGHT, 545, 3000, 3000,
         -115000,                                                                                       -75000},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct site *site = site_of(cases[i].ini);
        int64_t mA;

        print_message("  %s\n", cases[i].what);
        for (unsigned s = 1; s <= 3; s++) {
            say_limits(site, cases[i].cvl_dV, cases[i].ccl_dA, cases[i].dcl_dA);
            site_set_time(site, START + MONO_S(s));
        }
        mA = site_inverter(site, 0)->current_mA;
        assert_true(mA >= cases[i].lowest_mA && mA <= cases[i].highest_mA);
        if (mA > 0)
            assert_true(site_battery(site, 0)->voltage_uV <= cases[i].cvl_dV * 100000);
        site_free(site);
    }
}

static void zero_limits_are_obeyed_within_a_second(void **state)
{
    static const char *const cases[] = {TWO_CLUSTERS PYLON_INVERTER SUNNY,
                                        TWO_CLUSTERS PYLON_INVERTER NIGHT};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct site *site = site_of(cases[i]);

        say_limits(site, 545, 1000, 1000);
        site_set_time(site, START + MONO_S(1));
        assert_true(llabs(site_inverter(site, 0)->current_mA) > 50000);
        say_limits(site, 545, 0, 0);
        site_set_time(site, START + MONO_S(2));
        assert_int_equal(site_inverter(site, 0)->current_mA, 0);
        assert_int_equal(sum_mA(site), 0);
        site_free(site);
    }
}

static void an_enable_bit_that_is_off_counts(void **state)
{
    const struct frame off = {.id = 0x35C, .len = 2};
    struct site *site = site_of(TWO_CLUSTERS PYLON_INVERTER SUNNY);

    (void)state;
    say_limits(site, 545, 1000, 1000);
    site_rx(site, PORT_INVERTER, &off);
    site_set_time(site, START + MONO_S(1));
    assert_int_equal(site_inverter(site, 0)->current_mA, 0);
    site_free(site);
}

static void an_inverter_that_hears_nothing_stops(void **state)
{
    struct site *site = site_of(TWO_CLUSTERS PYLON_INVERTER SUNNY);

    (void)state;
    site_set_time(site, START + MONO_S(1));
    assert_int_equal(site_inverter(site, 0)->current_mA, 0);
    say_limits(site, 545, 1000, 1000); /* at second 1 */
    site_set_time(site, START + MONO_MS(5900));
    assert_true(site_inverter(site, 0)->current_mA > 50000);
    site_set_time(site, START + MONO_MS(6200));
    assert_int_equal(site_inverter(site, 0)->current_mA, 0);
    site_free(site);
}

/* 5 modules x 86 A. From 90 to 95 % down to 10 A a module; discharge from 10 % linear to zero. */
static void a_bms_tapers_its_limits(void **state)
{
    static const struct {
        const char *what;
        int64_t soc, ccl_mA, dcl_mA;
    } cases[] = {
        {"middle",                 5000,  430000, 430000},
        {"where the taper begins", 9000,  430000, 430000},
        {"half way down",          9250,  240000, 430000},
        {"10 A a module",          9500,  50000,  430000},
        {"nearly full",            9999,  50000,  430000},
        {"full",                   10000, 0,      430000},
        {"half of the last tenth", 500,   430000, 215000},
        {"empty",                  0,     430000, 0     },
    };
    const struct profile *p = profile_find("weco-4k4-pro");

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sim_battery b;

        print_message("  %s\n", cases[i].what);
        sim_battery_init(&b, p, 5, 430000, cases[i].soc);
        assert_int_equal(sim_battery_soc(&b), cases[i].soc);
        assert_int_equal(sim_battery_ccl_mA(&b), cases[i].ccl_mA);
        assert_int_equal(sim_battery_dcl_mA(&b), cases[i].dcl_mA);
    }
}

/* 43 A are a tenth of 430 Ah an hour: 100 % to 97 % in 18 minutes. */
static void a_full_battery_takes_charge_again_below_97(void **state)
{
    struct sim_battery b;

    (void)state;
    sim_battery_init(&b, profile_find("weco-4k4-pro"), 5, 430000, 10000);
    b.current_mA = -43000;
    sim_battery_run(&b, 17 * 60 * INT64_C(1000000));
    assert_int_equal(sim_battery_ccl_mA(&b), 0);
    sim_battery_run(&b, 2 * 60 * INT64_C(1000000));
    assert_int_equal(sim_battery_ccl_mA(&b), 50000);
}

/* 300 A through 4.2 mOhm are 378 W; 5 modules give off 25 W/K: 15 K over the room in the end. */
static void current_warms_slowly(void **state)
{
    struct sim_battery b;

    (void)state;
    sim_battery_init(&b, profile_find("weco-4k4-pro"), 5, 430000, 5000);
    for (unsigned minute = 0; minute < 60; minute++) {
        b.current_mA = minute % 2 ? 300000 : -300000;
        sim_battery_run(&b, 60 * INT64_C(1000000));
    }
    /* 378 W x 3600 s = 1.36 MJ into 250 kJ/K: at most 5.4 K in the first hour. */
    assert_in_range(b.temp_uC, 26000000, 27400000);
}

/* Lets a site talk to an intake for some seconds. */
static void listen_to(struct site *site, unsigned port, struct intake *in, unsigned seconds)
{
    struct frame f;

    for (unsigned ms = 100; ms <= seconds * 1000; ms += 100) {
        say_limits(site, 545, 3000, 3000);
        site_set_time(site, START + MONO_MS(ms));
        while (site_tx(site, port, &f))
            intake_rx(in, &f, START + MONO_MS(ms));
        intake_set_time(in, START + MONO_MS(ms));
    }
}

static void what_clusters_say_is_what_they_are(void **state)
{
    static const struct {
        const char *what, *pinned;
        unsigned port;
        int64_t soc_step; /* resolution of the protocol, 0.01 % */
    } cases[] = {
        {"pylontech behind an odd port", "pylontech", 0, 100},
        {"victron behind an even port",  "victron",   1, 1  },
        {"found out by itself",          "auto",      0, 100},
        {"found out by itself",          "auto",      1, 1  },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct site *site = site_of(TWO_CLUSTERS PYLON_INVERTER SUNNY);
        struct intake *in = intake_new(cases[i].pinned, INTAKE_SIGN_AUTO, START);
        const struct sim_battery *b = site_battery(site, cases[i].port);
        struct intake_control control;
        const struct signals *s;

        print_message("  %s\n", cases[i].what);
        listen_to(site, cases[i].port, in, 20);
        intake_control(in, &control);
        assert_true(control.complete);
        assert_true(control.fresh_until > START + MONO_S(20));
        s = &intake_battery(in)->s;
        /* The last frames are at most a second old: a few mA and mV. */
        assert_in_range(signal_or(s, SIG_VOLTAGE, 0), b->voltage_uV / 1000 - 20,
                        b->voltage_uV / 1000 + 20);
        assert_in_range(signal_or(s, SIG_CURRENT, 0), b->current_mA - 500, b->current_mA + 500);
        assert_in_range(signal_or(s, SIG_SOC, 0), sim_battery_soc(b) - cases[i].soc_step,
                        sim_battery_soc(b) + cases[i].soc_step);
        assert_int_equal(signal_or(s, SIG_CHARGE_CURRENT_LIMIT, 0), sim_battery_ccl_mA(b));
        assert_int_equal(signal_or(s, SIG_DISCHARGE_CURRENT_LIMIT, 0), sim_battery_dcl_mA(b));
        assert_int_equal(signal_or(s, SIG_CHARGE_VOLTAGE_LIMIT, 0), 54500);
        intake_free(in);
        site_free(site);
    }
}

/* No 0x305 from anybody: batteries talk all the same, each of the six ids once in this second. */
static void clusters_talk_without_being_asked(void **state)
{
    struct site *site = site_of(TWO_CLUSTERS PYLON_INVERTER SUNNY);
    struct frame f;

    (void)state;
    for (unsigned s = 5; s <= 6; s++) {
        unsigned said[PORT_COUNT] = {0};

        site_set_time(site, START + MONO_S(s));
        for (unsigned port = 0; port < PORT_COUNT; port++)
            while (site_tx(site, port, &f))
                said[port]++;
        assert_int_equal(said[0], 6);
        assert_true(said[1] >= 5);
        assert_int_equal(said[PORT_INVERTER], 1);
        assert_true(site_deadline(site) > START + MONO_S(s));
        assert_true(site_deadline(site) <= START + MONO_S(s + 1));
    }
    site_free(site);
}

/* Pylontech CAN protocol V1.2: 0x305 zeros each second. Victron GX: 0x305 and 0x306 zeros, 0x307
 * "VIC". SMA "SI external BMS" section 6: 0x305 voltage 0.1 V, current 0.1 A (negative while
 * charging), temperature, SOC 0.1 %. */
static void inverters_keep_their_batteries_alive(void **state)
{
    static const struct {
        const char *ini;
        unsigned n;
        uint32_t id[3];
    } cases[] = {
        {TWO_CLUSTERS PYLON_INVERTER SUNNY,                                      1, {0x305}              },
        {TWO_CLUSTERS "[inverter.1]\nlink = sim\nprotocol = VICTRONCAN\n" SUNNY,
         3,                                                                         {0x305, 0x306, 0x307}},
        {TWO_CLUSTERS "[inverter.1]\nlink = sim\nprotocol = sma\n" SUNNY,        2, {0x305, 0x306}       },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct site *site = site_of(cases[i].ini);
        struct frame f;

        for (unsigned s = 1; s <= 3; s++) {
            say_limits(site, 545, 1000, 1000);
            site_set_time(site, START + MONO_S(s));
            for (unsigned k = 0; k < cases[i].n; k++) {
                assert_true(site_tx(site, PORT_INVERTER, &f));
                assert_int_equal(f.id, cases[i].id[k]);
                assert_int_equal(f.len, 8);
            }
            assert_false(site_tx(site, PORT_INVERTER, &f));
        }
        site_free(site);
    }
}

static void sma_tells_what_it_measures(void **state)
{
    static const char ini[] = TWO_CLUSTERS "[inverter.1]\nlink = sim\nprotocol = sma\n" SUNNY;
    struct site *site = site_of(ini);
    struct frame f;
    int volts, amps;

    (void)state;
    say_limits(site, 545, 1000, 1000); /* 100.0 A each way; the sun gives more */
    site_set_time(site, START + MONO_S(1));
    assert_true(site_tx(site, PORT_INVERTER, &f));
    volts = f.data[0] | f.data[1] << 8;
    amps = (int16_t)(f.data[2] | f.data[3] << 8);
    assert_in_range(volts, 529, 533); /* 52.84 V + 100 A x 2.1 mOhm */
    assert_int_equal(amps, -1000);
    site_free(site);
}

static void two_inverters_divide_the_work(void **state)
{
    static const char ini[] = TWO_CLUSTERS "[inverter.1]\nlink = sim\nprotocol = pylontech\n"
                                           "[inverter.2]\nlink = sim\nprotocol = pylontech\n" NIGHT;
    struct site *site = site_of(ini);
    const struct frame limits = {
        .id = 0x351,
        .len = 8, /* 54.5 V, 300 A, 300 A, 49.5 V */
        .data = {0x21, 0x02, 0xB8, 0x0B, 0xB8, 0x0B, 0xEF, 0x01}
    };

    (void)state;
    site_rx(site, PORT_INVERTER, &limits);
    site_rx(site, PORT_INVERTER + 1, &limits);
    site_set_time(site, START + MONO_S(1));
    /* The house starts at 80 % of 5 kW; 4000 W / 52.8 V = 75.8 A, a little more under load. */
    assert_true(sum_mA(site) < -75500 && sum_mA(site) > -76500);
    assert_int_equal(site_inverter(site, 0)->current_mA, site_inverter(site, 1)->current_mA);
    assert_int_equal(sum_mA(site), 2 * site_inverter(site, 0)->current_mA);
    site_free(site);
}

/* The day begins at nine: a quarter into the twelve hours of sun, 4 x 1/4 x 3/4 of the peak. */
static void the_sun_rises_and_sets(void **state)
{
    static const struct {
        unsigned hours;
        int64_t lowest_W, highest_W;
    } cases[] = {
        {0,  14900, 15100}, /* 9 o'clock */
        {3,  19900, 20000}, /* noon */
        {10, 0,     0    }, /* 19 o'clock */
        {24, 14900, 15100},
    };
    struct site *site = site_of(TWO_CLUSTERS PYLON_INVERTER SUNNY);

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        site_set_time(site, START + MONO_S(cases[i].hours * 3600));
        assert_in_range(site_sun_W(site), cases[i].lowest_W, cases[i].highest_W);
    }
    site_free(site);
}

static void what_cannot_be_simulated_is_said(void **state)
{
    struct config *cfg = config_of("[hub]\nclusters = 1\n[cluster.1]\nlink = sim\n"
                                   "protocol = byd-lvs\n[modbus.tcp]\nlisten = 127.0.0.1:1502\n");
    char why[160];

    (void)state;
    assert_false(site_check(cfg, why, sizeof(why)));
    assert_string_equal(why, "[cluster.1] protocol: the simulator speaks auto and the inverters' "
                             "protocols, not byd-lvs");
    assert_null(site_new(cfg, START));
    config_free(cfg);
}

static void other_ports_take_and_give_nothing(void **state)
{
    struct site *site = site_of(TWO_CLUSTERS PYLON_INVERTER SUNNY);
    const struct frame alive = {.id = 0x305, .len = 8};
    struct frame f;

    (void)state;
    site_rx(site, 4, &alive);
    site_rx(site, 6, &alive);
    site_rx(site, 99, &alive);
    assert_false(site_tx(site, 4, &f));
    assert_false(site_tx(site, 6, &f));
    assert_false(site_tx(site, 99, &f));
    assert_null(site_battery(site, 4));
    assert_null(site_inverter(site, 1));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(currents_add_up_and_voltages_are_equal),
        cmocka_unit_test(clusters_at_rest_level_out),
        cmocka_unit_test(an_hour_loses_no_energy),
        cmocka_unit_test(the_inverter_stays_inside_the_limits),
        cmocka_unit_test(zero_limits_are_obeyed_within_a_second),
        cmocka_unit_test(an_enable_bit_that_is_off_counts),
        cmocka_unit_test(an_inverter_that_hears_nothing_stops),
        cmocka_unit_test(a_bms_tapers_its_limits),
        cmocka_unit_test(a_full_battery_takes_charge_again_below_97),
        cmocka_unit_test(current_warms_slowly),
        cmocka_unit_test(what_clusters_say_is_what_they_are),
        cmocka_unit_test(clusters_talk_without_being_asked),
        cmocka_unit_test(inverters_keep_their_batteries_alive),
        cmocka_unit_test(sma_tells_what_it_measures),
        cmocka_unit_test(two_inverters_divide_the_work),
        cmocka_unit_test(the_sun_rises_and_sets),
        cmocka_unit_test(what_cannot_be_simulated_is_said),
        cmocka_unit_test(other_ports_take_and_give_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
