#include "check.h"

#include "dialects/dialect.h"

#include <string.h>

static void every_dialect_is_well_formed(void **state)
{
    (void)state;
    for (const struct dialect *const *d = dialects; *d; d++) {
        print_message("  %s\n", (*d)->key);
        assert_int_equal(dialect_check(*d), HUB_OK);
        assert_ptr_equal(dialect_find((*d)->key), *d);
    }
}

static void a_name_is_a_key_or_an_alias(void **state)
{
    static const struct {
        const char *name, *key;
    } cases[] = {
        {"VICTRONCAN",            "victron"  },
        {"victroncan",            "victron"  },
        {"Victron",               "victron"  },
        {"SMACAN",                "sma"      },
        {"PYLONCAN",              "pylontech"},
        {"pylontechcan",          "pylontech"},
        {"SMACA",                 NULL       },
        {"PYLONCAN PYLONTECHCAN", NULL       },
        {"",                      NULL       },
        {" ",                     NULL       },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const struct dialect *d = dialect_find(cases[i].name);

        print_message("  \"%s\"\n", cases[i].name);
        if (cases[i].key)
            assert_string_equal(d ? d->key : "none", cases[i].key);
        else
            assert_null(d);
    }
}

static void no_name_means_two_dialects(void **state)
{
    char words[256];

    (void)state;
    for (const struct dialect *const *d = dialects; *d; d++) {
        strncpy(words, (*d)->aliases, sizeof(words) - 1);
        words[sizeof(words) - 1] = 0;
        for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
            assert_ptr_equal(dialect_find(w), *d);
    }
}

static void broken_dialects_are_refused(void **state)
{
    const struct dialect *good = dialect_find("sma");
    struct dialect d;

    (void)state;
    d = *good;
    d.bitrate = 0;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.cvl_min_mV = d.cvl_max_mV + 1;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.unknown = UNKNOWN_VALUE; /* which? */
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.key = NULL;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.key = "";
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.aliases = NULL;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.title = NULL;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.n_frames = 0;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.source = NULL;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
}

/* "Never faster than 200 ms": SMA FSS-ConnectingBat-TI-en-10 section 5.1; section 5.2 forbids ids
 * it does not name, and 0x35C starts and stops the inverter. */
static void sma_is_not_hurried_and_never_hears_35c(void **state)
{
    const struct dialect *d = dialect_find("sma");

    (void)state;
    for (unsigned i = 0; i < d->n_frames; i++) {
        assert_true(d->frames[i].every_ms >= 200);
        assert_int_not_equal(d->frames[i].id, 0x35C);
    }
}

/* Whatever else is unknown, limits and alarms are said. */
static void limits_are_said_from_the_first_moment(void **state)
{
    static struct battery hub;

    (void)state;
    signal_set(&hub.s, SIG_CHARGE_VOLTAGE_LIMIT, 54000, 0);
    signal_set(&hub.s, SIG_DISCHARGE_VOLTAGE_LIMIT, 49500, 0);
    signal_set(&hub.s, SIG_CHARGE_CURRENT_LIMIT, 0, 0);
    signal_set(&hub.s, SIG_DISCHARGE_CURRENT_LIMIT, 0, 0);
    for (const struct dialect *const *d = dialects; *d; d++) {
        struct speaker sp;
        struct frame f;
        bool limits = false, alarms = false;

        print_message("  %s\n", (*d)->key);
        speaker_init(&sp, *d, 0);
        while (speaker_next(&sp, &hub, 0, &f)) {
            limits |= f.id == 0x351;
            alarms |= f.id == 0x359 || f.id == 0x35A;
            assert_int_not_equal(f.id, 0x355);
            assert_int_not_equal(f.id, 0x356);
        }
        assert_true(limits && alarms);
        assert_int_equal(speaker_deadline(&sp), MONO_S(1));
    }
}

static void the_inverter_is_known_by_its_ids(void **state)
{
    const struct frame f305 = {.id = 0x305, .len = 8}, f351 = {.id = 0x351, .len = 8};
    const struct frame f305_ext = {.id = 0x305, .ext = true, .len = 8};

    (void)state;
    for (const struct dialect *const *d = dialects; *d; d++) {
        struct speaker sp;

        speaker_init(&sp, *d, 0);
        assert_true(speaker_rx(&sp, &f305, 1));
        assert_true(speaker_rx(&sp, &f305_ext, 1));
        assert_false(speaker_rx(&sp, &f351, 1));
    }
}

/* --- alarms on the wire --- */

/* Which bit each alarm is, from the documents: the item of 0x35A, counted through bytes 0 to 3 two
 * bits at a time (SMA FSS-ConnectingBat-TI-en-10, section 7), and the bits of 0x359, bit 0 of byte
 * 0 lowest, protection in bytes 0 and 1, warnings in 2 and 3 (Pylontech V1.2, page 4). 0x359 knows
 * a system error only as a protection, and lost communication only as a warning. */
#define NO_ITEM 99
#define BIT(n) (1u << (n))

static const struct {
    enum alarm alarm;
    unsigned item, protection, warning;
} wire[] = {
    {ALARM_GENERAL,             0,       BIT(11), 0      },
    {ALARM_VOLTAGE_HIGH,        1,       BIT(1),  BIT(1) },
    {ALARM_VOLTAGE_LOW,         2,       BIT(2),  BIT(2) },
    {ALARM_CELL_HIGH,           1,       BIT(1),  BIT(1) },
    {ALARM_CELL_LOW,            2,       BIT(2),  BIT(2) },
    {ALARM_TEMP_HIGH,           3,       BIT(3),  BIT(3) },
    {ALARM_TEMP_LOW,            4,       BIT(4),  BIT(4) },
    {ALARM_TEMP_HIGH_CHARGE,    5,       BIT(3),  BIT(3) },
    {ALARM_TEMP_LOW_CHARGE,     6,       BIT(4),  BIT(4) },
    {ALARM_TEMP_HIGH_DISCHARGE, 3,       BIT(3),  BIT(3) },
    {ALARM_TEMP_LOW_DISCHARGE,  4,       BIT(4),  BIT(4) },
    {ALARM_CURRENT_CHARGE,      8,       BIT(8),  BIT(8) },
    {ALARM_CURRENT_DISCHARGE,   7,       BIT(7),  BIT(7) },
    {ALARM_SHORT_CIRCUIT,       10,      BIT(11), 0      },
    {ALARM_CONTACTOR,           9,       BIT(11), 0      },
    {ALARM_INTERNAL,            11,      BIT(11), 0      },
    {ALARM_CELL_SPREAD,         12,      0,       0      },
    {ALARM_TEMP_SPREAD,         0,       0,       0      },
    {ALARM_SWITCH_TEMP,         3,       BIT(3),  BIT(3) },
    {ALARM_AMBIENT_HIGH,        3,       BIT(3),  BIT(3) },
    {ALARM_AMBIENT_LOW,         4,       BIT(4),  BIT(4) },
    {ALARM_SENSOR,              11,      BIT(11), 0      },
    {ALARM_COMM_INTERNAL,       11,      BIT(11), BIT(11)},
    {ALARM_PRECHARGE,           9,       BIT(11), 0      },
    {ALARM_FUSE,                9,       BIT(11), 0      },
    {ALARM_HEATER,              11,      0,       0      },
    {ALARM_CONNECTOR_TEMP,      3,       BIT(3),  BIT(3) },
    {ALARM_REVERSED,            0,       BIT(11), 0      },
    {ALARM_WIRE_OPEN,           11,      BIT(11), 0      },
    {ALARM_SOC_LOW,             0,       0,       0      },
    {ALARM_CHARGER_LOW,         0,       0,       0      },
    {ALARM_MEMORY,              11,      BIT(11), 0      },
    {ALARM_CELL_FAILED,         11,      BIT(11), 0      },
    {ALARM_TEMP_SENSOR,         11,      BIT(11), 0      },
    {ALARM_SWITCH_CHARGE,       9,       BIT(11), 0      },
    {ALARM_SWITCH_DISCHARGE,    9,       BIT(11), 0      },
    {ALARM_VOLTAGE_SERIOUS,     1,       BIT(1),  BIT(1) },
    {ALARM_PACK_IMBALANCE,      12,      0,       0      }, /* as CELL_SPREAD */
    {ALARM_PARALLEL_REFUSED,    0,       0,       0      }, /* one module is not there, the rest is */
    {ALARM_START_FAILED,        0,       BIT(11), 0      },
    {ALARM_CLUSTER_LOST,        0,       0,       BIT(11)},
    {ALARM_MODULE_COUNT,        0,       0,       0      },
    {ALARM_CONFIG_COUNT,        0,       0,       0      },
    {ALARM_FIRMWARE_DIFFERS,    0,       0,       0      },
    {ALARM_SOC_DIFFERS,         0,       0,       0      },
    {ALARM_VOLTAGE_DIFFERS,     0,       0,       0      },
    {ALARM_LIMIT_INVALID,       0,       0,       0      },
    {ALARM_ID_CONFLICT,         0,       0,       0      },
    {ALARM_LINK_DOWN,           0,       0,       BIT(11)},
    {ALARM_INVERTER_LOST,       NO_ITEM, 0,       0      }, /* it cannot hear that */
    {ALARM_OUTPUT_STALE,        0,       0,       BIT(11)},
    {ALARM_CAPACITY_ODD,        0,       0,       0      },
    {ALARM_OVER_LIMIT,          0,       BIT(11), 0      },
    {ALARM_DISOBEYED,           NO_ITEM, 0,       0      }, /* it does not listen anyway */
    {ALARM_NOT_OPEN,            0,       BIT(11), 0      },
    {ALARM_SIGN_ODD,            0,       0,       0      },
    {ALARM_FROZEN,              0,       0,       0      },
    {ALARM_VALUE_ODD,           0,       0,       0      },
    {ALARM_SHUT_DOWN,           0,       BIT(11), 0      },
    {ALARM_EMERGENCY,           0,       BIT(11), 0      },
    {ALARM_MODULE_STAYS,        0,       BIT(11), 0      },
    {ALARM_UNSAVED,             NO_ITEM, 0,       0      }, /* nothing to act on */
    {ALARM_IDENTITY,            0,       BIT(11), 0      },
    {ALARM_EMPTY,               NO_ITEM, 0,       0      }, /* it shall recharge, not stop */
};

/* What a dialect's frame says of one alarm alone. */
static uint64_t said(const char *dialect, uint32_t id, enum tier tier, enum alarm alarm)
{
    const struct dialect *d = dialect_find(dialect);
    static struct battery b;
    struct frame f;
    uint64_t bytes = 0;

    memset(&b, 0, sizeof(b));
    b.a.active[tier] = UINT64_C(1) << alarm;
    assert_true(frames_encode(dialect_frame(d, id), &b, d->unknown, &f));
    for (unsigned i = 0; i < 8; i++)
        bytes |= (uint64_t)f.data[i] << (8 * i);
    return bytes;
}

static void every_alarm_has_its_place_on_the_wire(void **state)
{
    unsigned named = 0;

    (void)state;
    for (unsigned i = 0; i < ALARM_BITS; i++)
        named += alarm_info[i].name != NULL;
    assert_int_equal(named, LEN(wire)); /* a new alarm: say what the inverter hears of it */
    for (size_t i = 0; i < LEN(wire); i++) {
        enum alarm a = wire[i].alarm;
        /* all clear is 2 in the 13 items there are and in "not for a battery" */
        uint64_t pairs[TIER_COUNT] = {0x02AAAAAA02AAAAAA, 0x02AAAAAA02AAAAAA, 0x02AAAAAA02AAAAAA};
        const uint64_t bits[TIER_COUNT] = {(uint64_t)wire[i].warning << 16, wire[i].protection,
                                           wire[i].protection};

        print_message("  %s\n", alarm_info[a].name);
        for (enum tier t = 0; t < TIER_COUNT; t++) {
            unsigned at = 2 * wire[i].item + (t == TIER_WARNING ? 32 : 0);

            if (wire[i].item != NO_ITEM)
                pairs[t] ^= UINT64_C(3) << at; /* 2 is clear, 1 is raised */
            assert_true(said("sma", 0x35A, t, a) == pairs[t]);
            assert_true(said("victron", 0x35A, t, a) == pairs[t]);
            assert_true((said("pylontech", 0x359, t, a) & 0xFFFFFFFF) == bits[t]);
        }
    }
}

/* --- periods --- */

static void know_everything(struct battery *hub)
{
    memset(hub, 0, sizeof(*hub));
    for (int i = 0; i < SIG_COUNT; i++)
        signal_set(&hub->s, (enum signal)i, signal_info[i].lo, 0);
    for (int i = 0; i < TEXT_COUNT; i++)
        strcpy(hub->t.value[i], "1");
}

/* Every frame in 20 s, the first and the last moment included: each second, or each 10 s. */
static void periods_are_kept(void **state)
{
    static const struct {
        const char *dialect;
        uint32_t id;
        unsigned every_s;
    } cases[] = {
        {"victron",   0x351, 1 },
        {"victron",   0x355, 1 },
        {"victron",   0x356, 1 },
        {"victron",   0x35A, 1 },
        {"victron",   0x35E, 1 },
        {"victron",   0x35F, 10},
        {"victron",   0x372, 1 },
        {"victron",   0x373, 1 },
        {"victron",   0x374, 10},
        {"victron",   0x375, 10},
        {"victron",   0x376, 10},
        {"victron",   0x377, 10},
        {"victron",   0x378, 10},
        {"victron",   0x379, 10},
        {"sma",       0x351, 1 },
        {"sma",       0x355, 1 },
        {"sma",       0x356, 1 },
        {"sma",       0x35A, 1 },
        {"sma",       0x35B, 1 },
        {"sma",       0x35E, 1 },
        {"sma",       0x35F, 1 },
        {"pylontech", 0x359, 1 },
        {"pylontech", 0x351, 1 },
        {"pylontech", 0x355, 1 },
        {"pylontech", 0x356, 1 },
        {"pylontech", 0x35C, 1 },
        {"pylontech", 0x35E, 1 },
    };
    static struct battery hub;
    unsigned frames = 0;

    (void)state;
    know_everything(&hub);
    for (const struct dialect *const *d = dialects; *d; d++)
        frames += (*d)->n_frames;
    assert_int_equal(LEN(cases), frames);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct speaker sp;
        struct frame f;
        unsigned times = 0;

        print_message("  %s %03X\n", cases[i].dialect, (unsigned)cases[i].id);
        speaker_init(&sp, dialect_find(cases[i].dialect), 0);
        for (mono_us now = 0; now <= MONO_S(20); now = speaker_deadline(&sp))
            while (speaker_next(&sp, &hub, now, &f))
                if (f.id == cases[i].id)
                    assert_true(now == MONO_S(cases[i].every_s) * times++);
        assert_int_equal(times, 20 / cases[i].every_s + 1);
    }
}

/* What the inverter takes, and the nearest it takes instead (SMA FSS-ConnectingBat-TI-en-10, page
 * 20: CVL 41 to 63 V, DVL 41 to 48 V). */
static void voltages_are_clamped_to_what_is_taken(void **state)
{
    static const struct {
        const char *dialect;
        int64_t cvl, dvl, said_cvl, said_dvl; /* mV in, 0.1 V out */
    } cases[] = {
        {"sma",       40500, 40500, 410, 410},
        {"sma",       41000, 41000, 410, 410},
        {"sma",       41100, 41100, 411, 411},
        {"sma",       63000, 48000, 630, 480},
        {"sma",       63100, 48100, 630, 480},
        {"sma",       0,     0,     410, 410},
        {"victron",   40500, 40500, 405, 405},
        {"victron",   63100, 48100, 631, 481},
        {"pylontech", 40500, 40500, 405, 405},
        {"pylontech", 63100, 48100, 631, 481},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        static struct battery hub;
        struct speaker sp;
        struct frame f;

        know_everything(&hub);
        signal_set(&hub.s, SIG_CHARGE_VOLTAGE_LIMIT, cases[i].cvl, 0);
        signal_set(&hub.s, SIG_DISCHARGE_VOLTAGE_LIMIT, cases[i].dvl, 0);
        speaker_init(&sp, dialect_find(cases[i].dialect), 0);
        do
            assert_true(speaker_next(&sp, &hub, 0, &f));
        while (f.id != 0x351);
        print_message("  %s %d mV\n", cases[i].dialect, (int)cases[i].cvl);
        assert_int_equal(f.data[0] | f.data[1] << 8, cases[i].said_cvl);
        assert_int_equal(f.data[6] | f.data[7] << 8, cases[i].said_dvl);
    }
}

/* A dialect with one bound: it holds, and what has none is said as it is. */
static void a_bound_may_stand_alone(void **state)
{
    static const struct {
        const char *what;
        int32_t cvl_min, cvl_max, dvl_min, dvl_max;
        int said_cvl, said_dvl;
    } cases[] = {
        {"none",           0,     0,     0,     0,     540, 495},
        {"charge only",    41000, 50000, 0,     0,     500, 495},
        {"discharge only", 0,     0,     41000, 48000, 540, 480},
    };
    static struct battery hub;

    (void)state;
    know_everything(&hub);
    signal_set(&hub.s, SIG_CHARGE_VOLTAGE_LIMIT, 54000, 0);
    signal_set(&hub.s, SIG_DISCHARGE_VOLTAGE_LIMIT, 49500, 0);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct dialect d = *dialect_find("sma");
        struct speaker sp;
        struct frame f;

        print_message("  %s\n", cases[i].what);
        d.cvl_min_mV = cases[i].cvl_min;
        d.cvl_max_mV = cases[i].cvl_max;
        d.dvl_min_mV = cases[i].dvl_min;
        d.dvl_max_mV = cases[i].dvl_max;
        speaker_init(&sp, &d, 0);
        assert_true(speaker_next(&sp, &hub, 0, &f)); /* 0x351 is its first */
        assert_int_equal(f.id, 0x351);
        assert_int_equal(f.data[0] | f.data[1] << 8, cases[i].said_cvl);
        assert_int_equal(f.data[6] | f.data[7] << 8, cases[i].said_dvl);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dialect_is_well_formed),
        cmocka_unit_test(a_name_is_a_key_or_an_alias),
        cmocka_unit_test(no_name_means_two_dialects),
        cmocka_unit_test(broken_dialects_are_refused),
        cmocka_unit_test(sma_is_not_hurried_and_never_hears_35c),
        cmocka_unit_test(limits_are_said_from_the_first_moment),
        cmocka_unit_test(the_inverter_is_known_by_its_ids),
        cmocka_unit_test(every_alarm_has_its_place_on_the_wire),
        cmocka_unit_test(periods_are_kept),
        cmocka_unit_test(voltages_are_clamped_to_what_is_taken),
        cmocka_unit_test(a_bound_may_stand_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
