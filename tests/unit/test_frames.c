#include "check.h"

#include "wire/frames.h"

#include <string.h>

static const struct field measured[] = {
    U16LE(0, VOLTAGE, 10, NA(NA_ONES)),
    S16LE(2, CURRENT, 100),
    U16LE(4, SOC, 100),
};
static const struct frame_spec spec = {
    .id = 0x356, .len = 6, .min_len = 4, .every_ms = 1000, FIELDS(measured)};

static struct frame frame(uint32_t id, uint8_t len, const char *bytes)
{
    struct frame f = {.id = id, .len = len};

    memcpy(f.data, bytes, len);
    return f;
}

/* --- tables --- */

static void tables_that_break_a_rule_are_refused(void **state)
{
    static const struct field over[] = {U16LE(0, SOC, 1), U16LE(1, SOH, 1)};
    static const struct field bits[] = {FLAG(0, 7, CHARGE_ENABLE), FLAG(0, 6, DISCHARGE_ENABLE)};
    static const struct field same_bit[] = {FLAG(0, 7, CHARGE_ENABLE),
                                            ALARM_AT(0, 7, WARNING, GENERAL)};
    static const struct field pair[] = {PAIR_AT(0, 6, WARNING, GENERAL),
                                        ALARM_AT(0, 7, WARNING, GENERAL)};
    static const struct {
        const char *what;
        struct frame_spec spec;
        enum status st;
    } cases[] = {
        {"two bits of a byte",          {.id = 0x35C, .len = 2, .every_ms = 1, FIELDS(bits)},       HUB_OK   },
        {"fields overlap",              {.id = 1, .len = 8, .every_ms = 1, FIELDS(over)},           HUB_ESPEC},
        {"one bit twice",               {.id = 1, .len = 8, .every_ms = 1, FIELDS(same_bit)},       HUB_ESPEC},
        {"a bit in a pair",             {.id = 1, .len = 8, .every_ms = 1, FIELDS(pair)},           HUB_ESPEC},
        {"a field outside",             {.id = 1, .len = 4, .every_ms = 1, FIELDS(measured)},       HUB_ESPEC},
        {"12 bits of id",               {.id = 0x800, .len = 8, .every_ms = 1},                     HUB_ESPEC},
        {"29 bits of id",               {.id = 0x18F10110, .ext = true, .len = 8, .every_ms = 1},   HUB_OK   },
        {"30 bits of id",               {.id = 0x20000000, .ext = true, .len = 8, .every_ms = 1},   HUB_ESPEC},
        {"nine bytes",                  {.id = 1, .len = 9, .every_ms = 1},                         HUB_ESPEC},
        {"more accepted than there is",
         {.id = 1, .len = 4, .min_len = 5, .every_ms = 1},
         HUB_ESPEC                                                                                           },
        {"no period",                   {.id = 1, .len = 8},                                        HUB_ESPEC},
        {"an answer has none",          {.id = 1, .len = 8, .trigger = TRIGGER_ID, .on_id = 0x305}, HUB_OK   },
        {"an answer to nothing",        {.id = 1, .len = 8, .trigger = TRIGGER_ID},                 HUB_ESPEC},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        assert_int_equal(frames_check(&cases[i].spec, 1), cases[i].st);
    }
    assert_int_equal(frames_check(&spec, 0), HUB_ESPEC);
    assert_int_equal(frames_check(&spec, FRAMES_MAX + 1), HUB_ESPEC);
}

/* --- sending --- */

/* Voltage 51.20 V is known, current and SOC are not. */
static void an_unknown_signal_does_what_its_field_says(void **state)
{
    static const struct {
        const char *what;
        struct field field;
        enum unknown otherwise;
        bool sent;
        uint8_t len;
        const char *bytes;
    } cases[] = {
        {"withhold",             S16LE(2, CURRENT,            100,               WITHHOLD),        UNKNOWN_INVALID,      false,                                                          0,                                                                                                             ""},
        {"default withhold",                      S16LE(2,            CURRENT,  100), UNKNOWN_WITHHOLD,            false,                0,                                                              ""                                                                                                                                                          },
        {"no default at all",                      S16LE(2,           CURRENT, 100), UNKNOWN_DEFAULT,             false,                  0,                                                               ""},
        {"code",                      S16LE(2,                        CURRENT,              100, INVALID(0x7FFF)), UNKNOWN_WITHHOLD,     true,                                                   6,
         "\x00\x14\xFF\x7F\0\0"},
        {"value in signal units", S16LE(2,        CURRENT,    100,              VALUE(-1000)),                UNKNOWN_WITHHOLD,                              true,                                                                  6,
         "\x00\x14\xF6\xFF\0\0"},
        {"shorten",                     S16LE(2,          CURRENT,                            100,                                     SHORTEN),                          UNKNOWN_WITHHOLD,                              true,                                                              2,                                                                                                                               "\x00\x14"},
        {"default code, signed",                  S16LE(2,                        CURRENT,                                100),                                                 UNKNOWN_INVALID,                                            true,           6,
         "\x00\x14\x00\x80\0\0"},
        {"default code, unsigned",                  U16LE(2,                        SOC,                              100),                                               UNKNOWN_INVALID,                                        true,                                    6,
         "\x00\x14\xFF\xFF\0\0"                                                                                                                                                                                                                          },
        {"default code, one byte",                  U8(2,                        SOC,                              100),                                               UNKNOWN_INVALID,                                        true,                                       6,                                                                           "\x00\x14\xFF\0\0\0"},
        {"a flag is 0",                  FLAG(2,                        0,                      CHARGE_ENABLE),                                       UNKNOWN_WITHHOLD,    true,6,"\x00\x14\0\0\0\0"                                                                    },
        {"an empty text withholds",                  TEXT_AT(2,                        4,                        MAKER),                                         UNKNOWN_WITHHOLD,                              false,                                                              0,                                                                                                                                                                              ""                                                                                                                                                                                         },
    };
    static struct battery b;

    (void)state;
    signal_set(&b.s, SIG_VOLTAGE, 51200, 0);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct field fields[2] = {U16LE(0, VOLTAGE, 10), cases[i].field};
        struct frame_spec s = {.id = 1, .len = 6, .every_ms = 1, FIELDS(fields)};
        struct frame out;

        print_message("  %s\n", cases[i].what);
        assert_int_equal(frames_encode(&s, &b, cases[i].otherwise, &out), cases[i].sent);
        if (!cases[i].sent)
            continue;
        assert_int_equal(out.len, cases[i].len);
        assert_memory_equal(out.data, cases[i].bytes, cases[i].len);
    }
}

static void the_first_field_that_is_missing_ends_the_frame(void **state)
{
    static const struct field up[] = {U16LE(0, VOLTAGE, 10), S16LE(2, CURRENT, 100, SHORTEN),
                                      U16LE(4, SOC, 100, SHORTEN)};
    static const struct field down[] = {U16LE(4, SOC, 100, SHORTEN),
                                        S16LE(2, CURRENT, 100, SHORTEN), U16LE(0, VOLTAGE, 10)};
    static const struct {
        const char *what;
        struct frame_spec spec;
    } cases[] = {
        {"lowest row first",  {.id = 1, .len = 6, .every_ms = 1, FIELDS(up)}  },
        {"highest row first", {.id = 1, .len = 6, .every_ms = 1, FIELDS(down)}},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct battery b = {0};
        struct frame out;

        print_message("  %s\n", cases[i].what);
        signal_set(&b.s, SIG_VOLTAGE, 51200, 0);
        assert_true(frames_encode(&cases[i].spec, &b, UNKNOWN_WITHHOLD, &out));
        assert_int_equal(out.len, 2);
        assert_memory_equal(out.data, "\x00\x14\0\0\0\0\0\0", 8);
        /* what stands behind a gap is not said, known or not */
        signal_set(&b.s, SIG_SOC, 4800, 0);
        assert_true(frames_encode(&cases[i].spec, &b, UNKNOWN_WITHHOLD, &out));
        assert_int_equal(out.len, 2);
        assert_memory_equal(out.data, "\x00\x14\0\0\0\0\0\0", 8);
        signal_set(&b.s, SIG_CURRENT, -1000, 0);
        signal_forget(&b.s, SIG_SOC);
        assert_true(frames_encode(&cases[i].spec, &b, UNKNOWN_WITHHOLD, &out));
        assert_int_equal(out.len, 4);
    }
}

/* --- receiving --- */

/* frame.len comes from outside; a length that CAN does not have must not be believed. */
static void nine_bytes_are_no_frame(void **state)
{
    struct battery b = {0};
    struct frame f = frame(0x356, 8, "\x00\x14\x00\x00\x30\x00\x00\x00");

    (void)state;
    assert_int_equal(frames_decode(&spec, &f, 1, &b), HUB_OK);
    f.len = 9;
    assert_int_equal(frames_decode(&spec, &f, 2, &b), HUB_ESPEC);
    f.len = 255;
    assert_int_equal(frames_decode(&spec, &f, 2, &b), HUB_ESPEC);
    assert_int_equal(b.s.at[SIG_VOLTAGE], 1);
}

static void a_frame_is_believed_whole_or_not_at_all(void **state)
{
    static const struct {
        const char *what;
        uint8_t len;
        const char *bytes;
        enum status st;
        bool voltage, soc;
    } cases[] = {
        {"good",                               6, "\x00\x14\x00\x00\x30\x00",         HUB_OK,     true,  true },
        {"short but enough: SOC is not there", 5, "\x00\x14\x00\x00\x30",             HUB_OK,     true,  false},
        {"longer than needed",                 8, "\x00\x14\x00\x00\x30\x00\x00\x00", HUB_OK,     true,  true },
        {"too short",                          3, "\x00\x14\x00",                     HUB_ESPEC,  false, false},
        {"101 %",                              6, "\x00\x14\x00\x00\x65\x00",         HUB_ERANGE, false, false},
        {"0 V is no battery",                  6, "\x00\x00\x00\x00\x30\x00",         HUB_ERANGE, false, false},
        {"voltage not available",              6, "\xFF\xFF\x00\x00\x30\x00",         HUB_OK,     false, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct battery b = {0};
        struct frame f = frame(0x356, cases[i].len, cases[i].bytes);

        print_message("  %s\n", cases[i].what);
        assert_int_equal(frames_decode(&spec, &f, 7, &b), cases[i].st);
        assert_int_equal(signal_known(&b.s, SIG_VOLTAGE), cases[i].voltage);
        assert_int_equal(signal_known(&b.s, SIG_SOC), cases[i].soc);
        assert_int_equal(b.s.at[SIG_VOLTAGE], cases[i].voltage ? 7 : 0);
    }
}

static void what_is_not_available_is_forgotten(void **state)
{
    struct battery b = {0};
    struct frame good = frame(0x356, 4, "\x00\x14\x00\x00");
    struct frame na = frame(0x356, 4, "\xFF\xFF\x00\x00");

    (void)state;
    assert_int_equal(frames_decode(&spec, &good, 1, &b), HUB_OK);
    assert_int_equal(signal_or(&b.s, SIG_VOLTAGE, 0), 51200);
    assert_int_equal(frames_decode(&spec, &na, 2, &b), HUB_OK);
    assert_false(signal_known(&b.s, SIG_VOLTAGE));
    assert_true(signal_known(&b.s, SIG_CURRENT));
}

/* SMA FSS-ConnectingBat-TI-en-10 section 7: 1 raised, 2 cleared, 0 and 3 no change. */
static void a_pair_has_four_meanings(void **state)
{
    static const struct field fields[] = {PAIR_AT(0, 2, PROTECTION, VOLTAGE_HIGH)};
    static const struct frame_spec s = {.id = 0x35A, .len = 1, .every_ms = 1, FIELDS(fields)};
    static const struct {
        const char *byte;
        bool active;
    } steps[] = {
        {"\x08", false},
        {"\x04", true },
        {"\x00", true },
        {"\x0C", true },
        {"\x08", false},
        {"\x00", false},
        {"\x0C", false},
    };
    struct battery b = {0};

    (void)state;
    for (size_t i = 0; i < LEN(steps); i++) {
        struct frame f = frame(0x35A, 1, steps[i].byte);

        assert_int_equal(frames_decode(&s, &f, i, &b), HUB_OK);
        assert_int_equal(b.a.active[TIER_PROTECTION] == ALARM_BIT(VOLTAGE_HIGH), steps[i].active);
    }
}

static void two_bits_of_one_alarm(void **state)
{
    static const struct field fields[] = {ALARM_AT(0, 0, WARNING, HEATER),
                                          ALARM_AT(0, 5, WARNING, HEATER)};
    static const struct frame_spec s = {.id = 1, .len = 1, .every_ms = 1, FIELDS(fields)};
    static const char *const bytes[] = {"\x01", "\x20", "\x21"};
    struct battery b = {0};
    struct frame none = frame(1, 1, "\x00");

    (void)state;
    for (size_t i = 0; i < LEN(bytes); i++) {
        struct frame f = frame(1, 1, bytes[i]);

        assert_int_equal(frames_decode(&s, &f, 1, &b), HUB_OK);
        assert_true(b.a.active[TIER_WARNING] == ALARM_BIT(HEATER));
    }
    assert_int_equal(frames_decode(&s, &none, 1, &b), HUB_OK);
    assert_true(b.a.active[TIER_WARNING] == 0);
}

static void an_invalid_limit_is_zero_and_told(void **state)
{
    static const struct field fields[] = {
        S16LE(0, CHARGE_CURRENT_LIMIT, 100, LIMIT_NA(NA_MIN)),
        S16LE(2, DISCHARGE_CURRENT_LIMIT, 100, LIMIT_NA(NA_MIN)),
    };
    static const struct frame_spec s = {.id = 1, .len = 4, .every_ms = 1, FIELDS(fields)};
    struct frame bad = frame(1, 4, "\x00\x80\x64\x00"), good = frame(1, 4, "\x64\x00\x64\x00");
    struct battery b = {0};

    (void)state;
    assert_int_equal(frames_decode(&s, &bad, 1, &b), HUB_OK);
    assert_int_equal(signal_or(&b.s, SIG_CHARGE_CURRENT_LIMIT, -1), 0);
    assert_int_equal(signal_or(&b.s, SIG_DISCHARGE_CURRENT_LIMIT, -1), 10000);
    assert_true(b.a.active[TIER_WARNING] == ALARM_BIT(LIMIT_INVALID));
    assert_int_equal(frames_decode(&s, &good, 2, &b), HUB_OK);
    assert_true(b.a.active[TIER_WARNING] == 0);
}

static void texts_end_where_letters_end(void **state)
{
    static const struct field all[] = {TEXT_AT(0, 8, MAKER)};
    static const struct frame_spec s = {
        .id = 1, .len = 8, .min_len = 2, .every_ms = 1, FIELDS(all)};
    static const struct {
        const char *what;
        uint8_t len;
        const char *bytes, *text;
    } cases[] = {
        {"blanks (Pylontech)",   8, "PYLON   ",          "PYLON"  },
        {"NULs (BYD)",           8, "BYD\0\0\0\0\0",     "BYD"    },
        {"short (Pytes)",        5, "PYTES",             "PYTES"  },
        {"binary behind (Deye)", 8, "PYLON\x1C\xFC\x08", "PYLON"  },
        {"garbage after a NUL",  8, "AB\0CDEFG",         "AB"     },
        {"blank inside",         8, "ECO 48V ",          "ECO 48V"},
        {"nothing",              8, "\0\0\0\0\0\0\0\0",  ""       },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct battery b = {0};
        struct frame f = frame(1, cases[i].len, cases[i].bytes);

        print_message("  %s\n", cases[i].what);
        assert_int_equal(frames_decode(&s, &f, 1, &b), HUB_OK);
        assert_string_equal(b.t.value[TEXT_MAKER], cases[i].text);
    }
}

static void a_text_in_two_frames_comes_in_any_order(void **state)
{
    static const struct field first[] = {TEXT_PART(0, 8, MODEL, 0)};
    static const struct field second[] = {TEXT_PART(0, 8, MODEL, 8)};
    static const struct frame_spec s[] = {
        {.id = 0x370, .len = 8, .every_ms = 1, FIELDS(first) },
        {.id = 0x371, .len = 8, .every_ms = 1, FIELDS(second)},
    };
    struct frame a = frame(0x370, 8, "Battery-"), b = frame(0x371, 8, "Box LVS\0");
    struct frame shorter = frame(0x371, 8, "Box\0\0\0\0\0");
    struct battery bat = {0};

    (void)state;
    frames_decode(&s[1], &b, 1, &bat);
    frames_decode(&s[0], &a, 1, &bat);
    assert_string_equal(bat.t.value[TEXT_MODEL], "Battery-Box LVS");
    frames_decode(&s[1], &shorter, 2, &bat);
    assert_string_equal(bat.t.value[TEXT_MODEL], "Battery-Box");
}

/* --- periods --- */

#define SPEC(id_, ms, trigger_, ...)                                                               \
    {                                                                                              \
        .id = (id_), .len = 1, .every_ms = (ms), .trigger = TRIGGER_##trigger_, __VA_ARGS__        \
    }
static const struct frame_spec set[] = {
    SPEC(1, 100, PERIODIC, .min_len = 0),
    SPEC(2, 1000, PERIODIC, .min_len = 0),
    SPEC(3, 0, ID, .on_id = 0x305),
    SPEC(4, 1000, STATE, .state = SIG_FULL_CHARGE),
};

static unsigned drain(struct frames_clock *clock, const struct battery *b, mono_us now)
{
    struct frame f;
    unsigned ids = 0;

    while (frames_next(clock, set, LEN(set), b, UNKNOWN_WITHHOLD, now, &f))
        ids = ids * 10 + f.id;
    return ids;
}

static void frames_keep_phase_order_and_trigger(void **state)
{
    static struct battery b;
    struct frames_clock clock;

    (void)state;
    frames_start(&clock, set, LEN(set), MONO_S(10));
    assert_int_equal(drain(&clock, &b, MONO_S(10) - 1), 0);
    assert_int_equal(drain(&clock, &b, MONO_S(10)), 12);
    assert_int_equal(frames_deadline(&clock, LEN(set)), MONO_S(10) + MONO_MS(100));
    /* 40 ms late, and still in phase */
    assert_int_equal(drain(&clock, &b, MONO_S(10) + MONO_MS(140)), 1);
    assert_int_equal(frames_deadline(&clock, LEN(set)), MONO_S(10) + MONO_MS(200));
    frames_heard(&clock, set, LEN(set), 0x306, MONO_S(10) + MONO_MS(150));
    assert_int_equal(drain(&clock, &b, MONO_S(10) + MONO_MS(150)), 0);
    frames_heard(&clock, set, LEN(set), 0x305, MONO_S(10) + MONO_MS(150));
    assert_int_equal(frames_deadline(&clock, LEN(set)), MONO_S(10) + MONO_MS(150));
    assert_int_equal(drain(&clock, &b, MONO_S(10) + MONO_MS(150)), 3);
    /* a minute of nothing: each once, no burst, a new phase */
    signal_set(&b.s, SIG_FULL_CHARGE, 1, 0);
    assert_int_equal(drain(&clock, &b, MONO_S(70)), 124);
    assert_int_equal(drain(&clock, &b, MONO_S(70)), 0);
    assert_int_equal(frames_deadline(&clock, LEN(set)), MONO_S(70) + MONO_MS(100));
    signal_set(&b.s, SIG_FULL_CHARGE, 0, 0);
    assert_int_equal(drain(&clock, &b, MONO_S(71)), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_that_break_a_rule_are_refused),
        cmocka_unit_test(an_unknown_signal_does_what_its_field_says),
        cmocka_unit_test(the_first_field_that_is_missing_ends_the_frame),
        cmocka_unit_test(nine_bytes_are_no_frame),
        cmocka_unit_test(a_frame_is_believed_whole_or_not_at_all),
        cmocka_unit_test(what_is_not_available_is_forgotten),
        cmocka_unit_test(a_pair_has_four_meanings),
        cmocka_unit_test(two_bits_of_one_alarm),
        cmocka_unit_test(an_invalid_limit_is_zero_and_told),
        cmocka_unit_test(texts_end_where_letters_end),
        cmocka_unit_test(a_text_in_two_frames_comes_in_any_order),
        cmocka_unit_test(frames_keep_phase_order_and_trigger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
