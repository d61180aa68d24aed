/* What vectors cannot tell: tables, freshness, decisions, counters. */
#include "check.h"

#include "intake/evidence.h"
#include "intake/intake.h"

#include <string.h>

static struct frame frame(uint32_t id, uint8_t len, const uint8_t *bytes)
{
    struct frame f = {.id = id, .len = len};

    memcpy(f.data, bytes, len);
    return f;
}

#define RX(in, at, id, ...)                                                                        \
    do {                                                                                           \
        const uint8_t bytes_[] = {__VA_ARGS__};                                                    \
        struct frame f_ = frame(id, sizeof(bytes_), bytes_);                                       \
        intake_rx(in, &f_, at);                                                                    \
    } while (0)

/* A Pylontech US5000 as captured, see tests/captures/c2.log. */
static void rx_core(struct intake *in, mono_us at)
{
    RX(in, at, 0x351, 0x14, 0x02, 0xC0, 0x12, 0xC0, 0x12, 0xC2, 0x01);
    RX(in, at, 0x355, 0x58, 0x00, 0x5E, 0x00);
    RX(in, at, 0x356, 0x7A, 0x13, 0xF2, 0xFE, 0x6B, 0x01);
}

static void every_protocol_is_well_formed_and_named(void **state)
{
    unsigned named = 0;

    (void)state;
    assert_string_equal(intake_protocols[0], "auto");
    for (unsigned i = 0; i < n_protocols; i++) {
        print_message("  %s\n", protocols[i].key);
        assert_int_equal(protocol_check(&protocols[i]), HUB_OK);
        assert_ptr_equal(protocol_find(protocols[i].key), &protocols[i]);
    }
    for (const char *const *key = intake_protocols + 1; *key; key++, named++) {
        struct intake *in = intake_new(*key, INTAKE_SIGN_AUTO, 5);

        assert_non_null(in);
        assert_ptr_equal(protocol_find(*key), &protocols[named]);
        intake_free(in);
    }
    assert_int_equal(named, n_protocols);
    assert_null(intake_new("no-such", INTAKE_SIGN_AUTO, 0));
}

static void rows_of_one_id_stand_together(void **state)
{
    static const struct field soc[] = {U16LE(0, SOC, 100)};
    static const struct row apart[] = {
        {.spec = {.id = 1, .len = 8, .every_ms = 1, FIELDS(soc)}},
        {.spec = {.id = 2, .len = 8, .every_ms = 1, FIELDS(soc)}},
        {.spec = {.id = 1, .len = 8, .every_ms = 1, FIELDS(soc)}},
    };
    const struct protocol p = {.key = "x", .rows = apart, .n_rows = 3};
    const struct protocol two = {.key = "x", .rows = apart, .n_rows = 2};

    (void)state;
    assert_int_equal(protocol_check(&p), HUB_ESPEC);
    assert_int_equal(protocol_check(&two), HUB_OK);
}

static void the_control_set(void **state)
{
    struct intake *in = intake_new("pylontech", INTAKE_SIGN_AUTO, 0);
    struct intake_control c;

    (void)state;
    intake_control(in, &c);
    assert_false(c.complete);
    rx_core(in, MONO_S(10));
    intake_control(in, &c);
    assert_true(c.complete);
    assert_int_equal(c.oldest, MONO_S(10));
    assert_int_equal(c.fresh_until, MONO_S(13));
    assert_int_equal(c.period, MONO_S(1));
    /* Enable and alarm bits count once they have been there three times. */
    for (int i = 0; i < 3; i++) {
        RX(in, MONO_S(11), 0x359, 0, 0, 0, 0, 6, 0x50, 0x4E);
        RX(in, MONO_S(12), 0x35C, 0xC0, 0);
    }
    rx_core(in, MONO_S(13));
    intake_control(in, &c);
    assert_int_equal(c.oldest, MONO_S(11));
    assert_int_equal(c.fresh_until, MONO_S(14));
    /* A rejected frame refreshes nothing, a name is not in the set. */
    RX(in, MONO_S(14), 0x359, 0, 0);
    RX(in, MONO_S(14), 0x35E, 'P', 'Y');
    intake_control(in, &c);
    assert_int_equal(c.oldest, MONO_S(11));
    intake_free(in);
}

static void assert_waits(const struct intake *in, bool complete, uint32_t id, uint32_t rejected)
{
    struct intake_control c;

    intake_control(in, &c);
    assert_int_equal(c.complete, complete);
    assert_int_equal(c.waits_for, id);
    assert_int_equal(c.rejected, rejected);
}

static void a_silence_names_its_cause(void **state)
{
    struct intake *in = intake_new("byd-lvs", INTAKE_SIGN_AUTO, 0);
    struct intake *undecided = intake_new("auto", INTAKE_SIGN_AUTO, 0);

    (void)state;
    assert_waits(undecided, false, 0, 0);
    intake_free(undecided);
    assert_waits(in, false, 0x351, 0);
    RX(in, MONO_S(1), 0x356, 0x7A, 0x13, 0xF2, 0xFE, 0x6B, 0x01);
    RX(in, MONO_S(22), 0x351, 0x14, 0x02, 0xC0, 0x12, 0xC0, 0x12, 0xC2, 0x01);
    assert_waits(in, false, 0x355, 0); /* missing outweighs stale soon: 0x356 at 26 s */
    RX(in, MONO_S(22), 0x355, 0x65, 0x00, 0x5E, 0x00); /* 101 % */
    assert_waits(in, false, 0x355, 1);
    RX(in, MONO_S(22), 0x355, 0x58, 0x00, 0x5E, 0x00);
    assert_waits(in, true, 0x356, 0);
    RX(in, MONO_S(23), 0x356, 0x7A, 0x13, 0xF2, 0xFE, 0x6B, 0x01);
    RX(in, MONO_S(24), 0x351, 0x14, 0x02);
    RX(in, MONO_S(26), 0x351, 0x14, 0x02);
    assert_waits(in, true, 0x351, 2); /* 27 s, the others 47 and 48 s */
    for (unsigned s = 26; s <= 44; s += 2)
        RX(in, MONO_S(s), 0x351, 0x14, 0x02, 0xC0, 0x12, 0xC0, 0x12, 0xC2, 0x01);
    assert_waits(in, true, 0x355, 0); /* 47 s; the one rejected was before */
    RX(in, MONO_S(46), 0x355, 0x58, 0x00, 0x5E, 0x00);
    RX(in, MONO_S(47), 0x356, 0x00, 0x80, 0xF2, 0xFE, 0x6B, 0x01);
    assert_waits(in, true, 0x356, 0); /* no voltage in it: as good as lost; 48 s */
    assert_int_equal(intake_battery(in)->s.value[SIG_VOLTAGE], 49860);
    intake_free(in);
}

static void byd_is_given_its_time(void **state)
{
    struct intake *in = intake_new("byd-lvs", INTAKE_SIGN_AUTO, 0);
    struct intake_control c;

    (void)state;
    rx_core(in, 0);
    intake_control(in, &c);
    assert_int_equal(c.fresh_until, MONO_S(5)); /* 0x351 every 2 s */
    assert_int_equal(c.period, MONO_S(10));
    RX(in, MONO_S(24), 0x351, 0x14, 0x02, 0xC0, 0x12, 0xC0, 0x12, 0xC2, 0x01);
    intake_control(in, &c);
    assert_int_equal(c.fresh_until, MONO_S(25));
    intake_free(in);
}

static void a_new_decision_reads_with_the_old_times(void **state)
{
    struct intake *in = intake_new("auto", INTAKE_SIGN_AUTO, 0);
    unsigned changed = 9;

    (void)state;
    assert_null(intake_decision(in, &changed));
    assert_int_equal(changed, 0);
    rx_core(in, MONO_S(10));
    assert_int_equal(intake_battery(in)->s.known[SIG_SOC / 64] >> (SIG_SOC % 64) & 1, 0);
    assert_int_equal(intake_deadline(in), 0); /* 0x305 is due */
    for (mono_us t = 0; t <= MONO_S(10); t += MONO_S(1)) {
        struct frame f;

        while (intake_tx(in, t, &f))
            assert_int_equal(f.id, 0x305);
    }
    assert_int_equal(intake_deadline(in), MONO_S(11));
    RX(in, MONO_S(12), 0x359, 0, 0, 0, 0, 6, 0x50, 0x4E);
    RX(in, MONO_S(12), 0x35E, 'P', 'Y', 'L', 'O', 'N', ' ', ' ', ' ');
    assert_string_equal(intake_decision(in, &changed), "pylontech: 0x359 ends in PN");
    assert_int_equal(changed, 1);
    assert_int_equal(intake_battery(in)->s.at[SIG_SOC], MONO_S(10));
    assert_int_equal(intake_battery(in)->s.at[SIG_MODULES], MONO_S(12));
    /* Better evidence: alarms in pairs too. What was read before keeps its time. */
    for (int i = 0; i < 3; i++)
        RX(in, MONO_S(13), 0x35A, 0, 0, 0, 0, 0, 0, 0, 0);
    assert_string_equal(intake_decision(in, &changed), "pylontech-v2: 0x359 and extended frames");
    assert_int_equal(changed, 2);
    assert_int_equal(intake_battery(in)->s.at[SIG_SOC], MONO_S(10));
    intake_free(in);
}

/* The last frame is broken when the protocol becomes another: the last good one is read again,
 * and what three broken ones took stays taken. */
static void a_new_decision_forgets_nothing(void **state)
{
    struct intake *in = intake_new("auto", INTAKE_SIGN_AUTO, 0);
    const struct battery *b = intake_battery(in);
    struct intake_control c;
    unsigned changed;

    (void)state;
    rx_core(in, MONO_S(10));
    RX(in, MONO_S(10), 0x359, 0, 0, 0, 0, 6, 0x50, 0x4E);
    RX(in, MONO_S(10), 0x35E, 'P', 'Y', 'L', 'O', 'N', ' ', ' ', ' ');
    RX(in, MONO_S(11), 0x351, 0x14, 0x02);
    for (int i = 0; i < 3; i++)
        RX(in, MONO_S(12), 0x35A, 0, 0, 0, 0, 0, 0, 0, 0);
    assert_non_null(intake_decision(in, &changed));
    assert_int_equal(changed, 2);
    assert_int_equal(signal_or(&b->s, SIG_CHARGE_CURRENT_LIMIT, -1), 480000);
    assert_int_equal(b->s.at[SIG_CHARGE_CURRENT_LIMIT], MONO_S(10));
    assert_int_equal(b->s.value[SIG_FRAMES_REJECTED], 1);
    intake_control(in, &c);
    assert_true(c.complete);
    assert_int_equal(c.oldest, MONO_S(10));
    RX(in, MONO_S(12), 0x351, 0x14, 0x02);
    RX(in, MONO_S(12), 0x351, 0x14, 0x02);
    assert_int_equal(b->s.value[SIG_CHARGE_CURRENT_LIMIT], 0);
    for (int i = 0; i < 3; i++)
        RX(in, MONO_S(13), 0x399, 0);
    intake_decision(in, &changed);
    assert_int_equal(changed, 3);
    assert_int_equal(signal_or(&b->s, SIG_CHARGE_CURRENT_LIMIT, -1), 0);
    assert_int_equal(signal_or(&b->s, SIG_CHARGE_VOLTAGE_LIMIT, -1), 53200);
    assert_true(b->a.active[TIER_WARNING] & ALARM_BIT(LIMIT_INVALID));
    intake_free(in);
}

static void undecided_for_two_and_a_half_seconds(void **state)
{
    struct intake *in = intake_new("auto", INTAKE_SIGN_AUTO, 0);
    unsigned changed;
    struct frame f;

    (void)state;
    intake_set_time(in, MONO_S(100)); /* nothing heard: nothing to decide */
    assert_null(intake_decision(in, &changed));
    while (intake_tx(in, MONO_S(100), &f))
        ;
    RX(in, MONO_S(100), 0x123, 1);
    assert_int_equal(intake_deadline(in), MONO_S(101));
    rx_core(in, MONO_S(100));
    while (intake_tx(in, MONO_S(102), &f))
        ;
    assert_int_equal(intake_deadline(in), MONO_S(102) + MONO_MS(500));
    intake_set_time(in, MONO_S(102) + MONO_MS(500));
    assert_non_null(intake_decision(in, &changed));
    assert_int_equal(intake_deadline(in), MONO_S(103));
    intake_free(in);
}

static void frames_are_counted(void **state)
{
    struct intake *in = intake_new("pylontech", INTAKE_SIGN_AUTO, 0);
    struct intake_id_count c;
    unsigned seen = 0;

    (void)state;
    rx_core(in, 1);
    RX(in, 2, 0x351, 1, 2);
    RX(in, 3, 0x306, 1, 2);
    assert_int_equal(intake_battery(in)->s.value[SIG_FRAMES_RX], 5);
    assert_int_equal(intake_battery(in)->s.value[SIG_FRAMES_REJECTED], 1);
    assert_int_equal(intake_battery(in)->s.value[SIG_FRAMES_UNKNOWN], 1);
    for (unsigned i = 0; intake_id_count(in, i, &c); i++) {
        if (c.id != 0x351)
            continue;
        seen++;
        assert_int_equal(c.received, 2);
        assert_int_equal(c.rejected, 1);
    }
    assert_int_equal(seen, 1);
    intake_free(in);
}

static void rejected_once_is_counted_once(void **state)
{
    struct intake *in = intake_new("auto", INTAKE_SIGN_AUTO, 0);
    unsigned changed;

    (void)state;
    RX(in, 1, 0x351, 1, 2);
    assert_int_equal(intake_battery(in)->s.value[SIG_FRAMES_REJECTED], 0); /* not read yet */
    intake_set_time(in, MONO_S(5));
    assert_int_equal(intake_battery(in)->s.value[SIG_FRAMES_REJECTED], 1);
    for (int i = 0; i < 3; i++)
        RX(in, MONO_S(6), 0x35A, 0, 0, 0, 0, 0, 0, 0, 0); /* another decision */
    assert_string_equal(intake_decision(in, &changed), "victron: 0x35A and no 0x359");
    assert_int_equal(intake_battery(in)->s.value[SIG_FRAMES_REJECTED], 1);
    intake_free(in);
}

/* The evidence alone, without the engine. */
static void evidence_speaks_for(void **state)
{
    static const struct {
        const char *what, *key;
        struct evidence e;
    } cases[] = {
        {"nothing",                    "pylontech",    {0}                                                     },
        {"PN",                         "pylontech",    {.saw_359 = true, .pn = true, .name = "PYLON"}          },
        {"Dyness is not DY",           "pylontech",    {.saw_359 = true, .name = "DYNESS"}                     },
        {"Deye in Pylontech mode",     "pylontech",    {.saw_359 = true, .pn = true, .name = "DEYE"}           },
        {"DY",                         "deye-dy",      {.saw_359 = true, .name = "DY"}                         },
        {"both alarm frames",          "pylontech-v2", {.saw_359 = true, .saw_35a = true}                      },
        {"BYD in Pylontech mode",      "pylontech",    {.saw_359 = true, .pn = true, .name = "BYD"}            },
        {"Pylontech V1.3: no 359",     "victron",      {.saw_35a = true, .saw_35f = true, .name = "PYLON"}     },
        {"BYD",                        "byd-lvs",      {.saw_35a = true, .name = "BYD"}                        },
        {"slow and nameless",          "byd-lvs",      {.saw_35a = true, .slow = true}                         },
        {"fine SOC",                   "sma",          {.saw_35a = true, .fine_soc = true, .name = "REC"}      },
        {"fine SOC and Victron's ids",
         "victron",                                    {.saw_35a = true, .fine_soc = true, .victron_ids = true}},
        {"another hub",                "victron",      {.saw_35a = true, .fine_soc = true, .name = "HUBGATE"}  },
        {"cells in 355",               "luxpower",     {.saw_359 = true, .cells_in_355 = true}                 },
        {"cells in 355 of a PN",       "pylontech",    {.saw_359 = true, .cells_in_355 = true, .pn = true}     },
        {"399",                        "hybrid-li",    {.saw_359 = true, .saw_399 = true}                      },
        {"seven bytes",                "discover",     {.saw_35a = true, .short_35a = true}                    },
        {"no alarms yet",              "victron",      {.victron_ids = true}                                   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const char *why = NULL;

        print_message("  %s\n", cases[i].what);
        assert_string_equal(evidence_choose(&cases[i].e, &why)->key, cases[i].key);
        assert_non_null(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_protocol_is_well_formed_and_named),
        cmocka_unit_test(rows_of_one_id_stand_together),
        cmocka_unit_test(the_control_set),
        cmocka_unit_test(a_silence_names_its_cause),
        cmocka_unit_test(byd_is_given_its_time),
        cmocka_unit_test(a_new_decision_reads_with_the_old_times),
        cmocka_unit_test(a_new_decision_forgets_nothing),
        cmocka_unit_test(undecided_for_two_and_a_half_seconds),
        cmocka_unit_test(frames_are_counted),
        cmocka_unit_test(rejected_once_is_counted_once),
        cmocka_unit_test(evidence_speaks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
