/* Row I of the conformance list, in told time, on the fixture map with address 5 at 19200 Bd,
 * where 3.5 characters are 2006 us. Checksums are worked out with a second implementation and
 * anchored by two published ones; the rest is MODBUS over Serial Line V1.02. */
#include "check.h"

#include "told_line.h"

struct step {
    mono_us silence; /* before the bytes; 0 ends the list */
    const char *bytes;
};

/* Each case is followed by 10 ms of silence and LOOK, which must be answered whatever came. */
static const struct {
    const char *what;
    struct step steps[4];
    const char *answers;
    unsigned writes;
    struct rtu_counters count; /* the two frames of the end not counted */
} cases[] = {
    {"98 own address, good CRC",
     {{9999, GOOD}},
     GOOD_ANSWER,                                                                                    0,
     {.bus_messages = 1, .our_messages = 1}                                                                                },
    {"99 another address",                                  {{9999, "06 03 00 00 00 01 85 BD"}}, "", 0, {.bus_messages = 1}},
    {"99 another address and its reply",
     {{9999, "06 03 00 00 00 01 85 BD"}, {5000, "06 03 02 12 34 00 F3"}},
     "",                                                                                             0,
     {.bus_messages = 2}                                                                                                   },
    {"99 another address, absent, and asked again",
     {{9999, "06 03 00 00 00 01 85 BD"}, {99999, "06 03 00 00 00 01 85 BD"}},
     "",                                                                                             0,
     {.bus_messages = 2}                                                                                                   },
    {"100 bad CRC",                                         {{9999, "05 03 00 00 00 01 85 8F"}}, "", 0, {.bus_errors = 1}  },
    {"100 swapped CRC",                                     {{9999, "05 03 00 00 00 01 8E 85"}}, "", 0, {.bus_errors = 1}  },
    {"101 damaged address",                                 {{9999, "04 03 00 00 00 01 85 8E"}}, "", 0, {.bus_errors = 1}  },
    {"102 a noise byte, 10 ms, a good frame",
     {{9999, "FF"}, {10000, GOOD}},
     GOOD_ANSWER,                                                                                    0,
     {.bus_messages = 1, .our_messages = 1, .bus_errors = 1}                                                               },
    {"102 a burst, one gap, a good frame",
     {{9999, "FF 00 A5 5A 00"}, {GAP, GOOD}},
     GOOD_ANSWER,                                                                                    0,
     {.bus_messages = 1, .our_messages = 1, .bus_errors = 1}                                                               },
    {"102 half a request, one gap, a good frame",
     {{9999, "05 03 00 00"}, {GAP, GOOD}},
     GOOD_ANSWER,                                                                                    0,
     {.bus_messages = 1, .our_messages = 1, .bus_errors = 1}                                                               },
    {"103 2 characters inside a frame are borne",
     {{9999, "05 03 00 00"}, {1200, "00 01 85 8E"}},
     GOOD_ANSWER,                                                                                    0,
     {.bus_messages = 1, .our_messages = 1}                                                                                },
    {"103 3.5 characters inside a frame are not",
     {{9999, "05 03 00 00"}, {GAP, "00 01 85 8E"}},
     "",                                                                                             0,
     {.bus_errors = 2}                                                                                                     },
    {"105 1 byte",                                          {{9999, "05"}},                      "", 0, {.bus_errors = 1}  },
    {"105 3 bytes",                                         {{9999, "05 03 00"}},                "", 0, {.bus_errors = 1}  },
    {"106 broadcast FC6 is carried out",
     {{9999, "00 06 00 01 00 55 19 E4"}},
     "",                                                                                             1,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"106 broadcast FC5",
     {{9999, "00 05 00 01 FF 00 DC 2B"}},
     "",                                                                                             1,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"106 broadcast FC15",
     {{9999, "00 0F 00 00 00 02 01 00 1F 5B"}},
     "",                                                                                             1,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"106 broadcast FC16",
     {{9999, "00 10 00 05 00 01 02 AB CD 15 30"}},
     "",                                                                                             1,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"107 broadcast read",
     {{9999, "00 03 00 00 00 01 85 DB"}},
     "",                                                                                             0,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"107 broadcast of an unknown function",
     {{9999, "00 63 00 00 F0 3A"}},
     "",                                                                                             0,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"107 broadcast FC22 reads too",
     {{9999, "00 16 00 04 00 F2 00 25 A6 22"}},
     "",                                                                                             0,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"107 broadcast to a bad address",
     {{9999, "00 06 00 C8 00 01 C8 25"}},
     "",                                                                                             0,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1, .exceptions = 1}                                              },
    {"109 reserved address 248",                            {{9999, "F8 03 00 00 00 01 90 63"}}, "", 0, {.bus_messages = 1}},
    {"110 illegal quantity",
     {{9999, "05 03 00 00 00 00 44 4E"}},
     "05 83 03 40 F0",                                                                               0,
     {.bus_messages = 1, .our_messages = 1, .exceptions = 1}                                                               },
    {"110 quantity 126",
     {{9999, "05 03 00 00 00 7E C4 6E"}},
     "05 83 03 40 F0",                                                                               0,
     {.bus_messages = 1, .our_messages = 1, .exceptions = 1}                                                               },
    {"110 unknown function",
     {{9999, "05 63 00 00 F0 F6"}},
     "05 E3 01 E9 31",                                                                               0,
     {.bus_messages = 1, .our_messages = 1, .exceptions = 1}                                                               },
    {"111 FC43/14",
     {{9999, "05 2B 0E 04 02 03 26"}},
     "05 2B 0E 04 81 00 00 01 02 03 30 2E 31 D6 CF",                                                 0,
     {.bus_messages = 1, .our_messages = 1}                                                                                },
    {"42 function 0",
     {{9999, "05 00 00 61 C1"}},
     "05 80 01 C1 C1",                                                                               0,
     {.bus_messages = 1, .our_messages = 1, .exceptions = 1}                                                               },
    {"43 function 0x83",
     {{9999, "05 83 00 00 00 01 84 50"}},
     "",                                                                                             0,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"112 a length that fits no request: short FC3",
     {{9999, "05 03 00 00 00 E8 44"}},
     "",                                                                                             0,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"110 a byte count that is not twice the quantity",
     {{9999, "05 10 00 05 00 01 01 00 0D A5"}},
     "05 90 03 4D C0",                                                                               0,
     {.bus_messages = 1, .our_messages = 1, .exceptions = 1}                                                               },
    {"112 a reply of a device with our address: FC3",
     {{9999, GOOD_ANSWER}},
     "",                                                                                             0,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"112 a reply of a device with our address: FC16",
     {{9999, "05 10 00 05 00 01 10 4C"}},
     "",                                                                                             0,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"112 a reply of a device with our address: exception",
     {{9999, "05 83 03 40 F0"}},
     "",                                                                                             0,
     {.bus_messages = 1, .our_messages = 1, .no_answers = 1}                                                               },
    {"113 two frames without a pause: none",                {{9999, GOOD " " LOOK}},             "", 0, {.bus_errors = 1}  },
    {"113 a write behind a read without a pause: none",
     {{9999, GOOD " 05 06 00 01 00 55 19 B1"}},
     "",                                                                                             0,
     {.bus_errors = 1}                                                                                                     },
};

static void frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct rtu_counters want = cases[i].count;
        struct line l;
        char all[400];

        print_message("  %s\n", cases[i].what);
        line_init(&l, 0);
        for (const struct step *s = cases[i].steps; s->silence; s++) {
            pass(&l, s->silence);
            hear(&l, s->bytes);
        }
        pass(&l, 50000);
        assert_int_equal(l.p.fixture.writes, cases[i].writes);
        assert_bytes(l.out, l.len, cases[i].answers);
        fixture_map(&l.p.fixture); /* the same answer whatever was written */
        hear(&l, LOOK);
        pass(&l, GAP);
        snprintf(all, sizeof(all), "%s " LOOK_ANSWER, cases[i].answers);
        assert_bytes(l.out, l.len, all);
        want.bus_messages++;
        want.our_messages++;
        assert_memory_equal(&l.rtu.serial.count, &want, sizeof(want));
    }
}

static void checksums(void **state)
{
    (void)state;
    print_message("  98 the check value of CRC-16/MODBUS in Williams' and Koopman's catalogues\n");
    assert_int_equal(rtu_crc((const uint8_t *)"123456789", 9), 0x4B37);
    print_message(
        "  98 MODBUS over Serial Line V1.02, appendix B: 02 07 gives 41 12 on the wire\n");
    assert_int_equal(rtu_crc((const uint8_t[]){2, 7}, 2), 0x1241);
}

static void limits_of_length(void **state)
{
    struct line l;
    uint8_t noise[300] = {0};

    (void)state;
    line_init(&l, 0);
    for (size_t n = 254; n <= 300; n += 23) {
        print_message("  104 %u bytes of noise, then a good frame\n", (unsigned)n);
        l.len = 0;
        memset(&l.rtu.serial.count, 0, sizeof(l.rtu.serial.count));
        for (size_t b = 0; b < n; b++)
            rtu_feed(&l.rtu, l.now, noise + b, 1);
        pass(&l, GAP);
        assert_int_equal(l.rtu.serial.count.overruns, n > RTU_ADU_MAX ? 1 : 0);
        assert_int_equal(l.rtu.serial.count.bus_errors, n > RTU_ADU_MAX ? 0 : 1);
        hear(&l, GOOD);
        pass(&l, GAP);
        assert_bytes(l.out, l.len, GOOD_ANSWER);
    }
}

static void an_answer_waits_for_the_gap(void **state)
{
    static const struct {
        const char *what;
        unsigned baud;
        mono_us gap;
    } rates[] = {
        {"114 9600 Bd: 38.5 bits",      9600,   4011 },
        {"114 19200 Bd: 38.5 bits",     19200,  2006 },
        {"114 above 19200 Bd: 1750 us", 38400,  1750 },
        {"114 115200 Bd: 1750 us",      115200, 1750 },
        {"114 1200 Bd: 38.5 bits",      1200,   32084},
    };

    (void)state;
    for (size_t i = 0; i < LEN(rates); i++) {
        struct line l;

        print_message("  %s\n", rates[i].what);
        line_init(&l, 0);
        rtu_init(&l.rtu, rates[i].baud, 0);
        hear(&l, GOOD);
        assert_int_equal(rtu_deadline(&l.rtu), l.now + rates[i].gap);
        assert_int_equal(
            rtu_answer(&l.rtu, l.now + rates[i].gap - 1, &l.units, &fixture_who, l.out), 0);
        assert_int_equal(rtu_answer(&l.rtu, l.now + rates[i].gap, &l.units, &fixture_who, l.out),
                         7);
        assert_int_equal(rtu_deadline(&l.rtu), MONO_NEVER);
    }
}

/* A USB adapter with a 16 ms timer, silence limit 20 ms. */
static void usb_portions_are_joined(void **state)
{
    static const struct {
        const char *what;
        struct step steps[5];
        const char *answers;
        unsigned bus_errors;
    } usb[] = {
        {"103 a frame in two portions",
         {{9999, "05 03 00"}, {16000, "00 00 01 85 8E"}},
         GOOD_ANSWER,                                                                                       0},
        {"103 a frame in three portions",
         {{9999, "05"}, {16000, "03 00 00 00"}, {16000, "01 85 8E"}},
         GOOD_ANSWER,                                                                                       0},
        {"102 noise, 10 ms, a whole frame",   {{9999, "FF"}, {10000, GOOD}},                   GOOD_ANSWER, 1},
        {"102 noise, 25 ms, a frame in two",
         {{9999, "FF"}, {25000, "05 03 00"}, {16000, "00 00 01 85 8E"}},
         GOOD_ANSWER,                                                                                       1},
        {"103 25 ms inside a frame",          {{9999, "05 03 00"}, {25000, "00 00 01 85 8E"}}, "",          2},
        {"99 others talk, then we are asked",
         {{9999, "06 03 00 00 00 01 85 BD"}, {3000, "06 03 02 12 34 00 F3"}, {3000, GOOD}},
         GOOD_ANSWER,                                                                                       0},
    };

    (void)state;
    for (size_t i = 0; i < LEN(usb); i++) {
        struct line l;

        print_message("  %s\n", usb[i].what);
        line_init(&l, 20000);
        for (const struct step *s = usb[i].steps; s->silence; s++) {
            pass(&l, s->silence);
            hear(&l, s->bytes);
        }
        pass(&l, 20000);
        assert_bytes(l.out, l.len, usb[i].answers);
        if (l.len)
            assert_int_equal(l.answered_at, l.now - 20000 + GAP);
        assert_int_equal(l.rtu.serial.count.bus_errors, usb[i].bus_errors);
    }
}

static void remnants_never_fill_the_buffer(void **state)
{
    struct line l;
    uint8_t noise[100] = {0};

    (void)state;
    print_message("  104 remnants closer than the silence limit, then a good frame\n");
    line_init(&l, 20000);
    for (int i = 0; i < 50; i++) {
        rtu_feed(&l.rtu, l.now, noise, sizeof(noise));
        pass(&l, 5000);
    }
    hear(&l, GOOD);
    pass(&l, GAP);
    assert_bytes(l.out, l.len, GOOD_ANSWER);
    assert_int_equal(l.rtu.serial.count.overruns, 0);
}

/* What came while we were held up is read at once, and shows no gap. */
static void a_long_reply_does_not_hide_the_request_behind_it(void **state)
{
    struct line l;

    (void)state;
    for (unsigned words = 123; words <= 125; words++) {
        uint8_t reply[RTU_ADU_MAX] = {6, 3, (uint8_t)(2 * words)};
        size_t n = rtu_seal(6, reply, 2 + 2 * words);

        print_message("  99 somebody else's reply of %u bytes, then we are asked\n", (unsigned)n);
        line_init(&l, 0);
        rtu_feed(&l.rtu, l.now, reply, n);
        hear(&l, GOOD);
        pass(&l, GAP);
        assert_bytes(l.out, l.len, GOOD_ANSWER);
        assert_int_equal(l.rtu.serial.count.bus_messages, 2);
        assert_int_equal(l.rtu.serial.count.overruns, 0);
        assert_int_equal(l.rtu.serial.count.bus_errors, 0);
    }
}

static void a_late_wake_finds_the_last_frame(void **state)
{
    struct line l;

    (void)state;
    print_message("  102 half a request and a whole one, read without a look in between\n");
    line_init(&l, 0);
    hear(&l, "05 03 00");
    l.now += 9000;
    hear(&l, GOOD);
    pass(&l, GAP);
    assert_bytes(l.out, l.len, GOOD_ANSWER);
    print_message("  103 one request in two reads, the second held up by us\n");
    l.len = 0;
    hear(&l, "05 03 00");
    l.now += 9000;
    hear(&l, "00 00 01 85 8E");
    pass(&l, GAP);
    assert_bytes(l.out, l.len, GOOD_ANSWER);
}

/* Nobody looks in between: the times of the bytes alone say where a frame begins, and so whether it
 * can be answered at once or only when the line has been silent for long. */
static void a_new_frame_begins_a_whole_gap_later(void **state)
{
    static const struct {
        const char *what;
        mono_us silence, answered;
    } late[] = {
        {"102 noise and 3.5 characters, then a frame",   GAP,     GAP  },
        {"102 noise and 1 us less: found behind it all", GAP - 1, 20000},
    };

    (void)state;
    for (size_t i = 0; i < LEN(late); i++) {
        struct line l;

        print_message("  %s\n", late[i].what);
        line_init(&l, 20000);
        hear(&l, "FF");
        l.now += late[i].silence;
        hear(&l, GOOD);
        pass(&l, late[i].answered - 1);
        assert_int_equal(l.len, 0);
        pass(&l, 1);
        assert_bytes(l.out, l.len, GOOD_ANSWER);
        assert_int_equal(l.rtu.serial.count.bus_errors, 1);
    }
}

/* 256 good bytes and one more are not a frame and a byte. */
static void a_byte_too_many(void **state)
{
    uint8_t adu[RTU_ADU_MAX + 1] = {5, 100};
    struct line l;

    (void)state;
    line_init(&l, 0);
    print_message("  104 256 bytes of an unknown function: 01\n");
    rtu_feed(&l.rtu, l.now, adu, rtu_seal(5, adu, 253));
    pass(&l, GAP);
    assert_bytes(l.out, l.len, "05 E4 01 EB 01");
    print_message("  104 the same and one more: silence\n");
    l.len = 0;
    pass(&l, 50000);
    rtu_feed(&l.rtu, l.now, adu, sizeof(adu));
    pass(&l, 50000);
    assert_int_equal(l.len, 0);
    assert_int_equal(l.rtu.serial.count.overruns, 1);
}

/* 253 + 251 + 8 = 512 bytes are all that is kept. */
static void a_byte_behind_all_that_is_kept(void **state)
{
    uint8_t reply[RTU_ADU_MAX] = {6, 3, 248};
    struct line l;

    (void)state;
    line_init(&l, 0);
    print_message(
        "  104 two replies of others, our request, and one byte that is not kept: none\n");
    rtu_feed(&l.rtu, l.now, reply, rtu_seal(6, reply, 250));
    reply[2] = 246;
    rtu_feed(&l.rtu, l.now, reply, rtu_seal(6, reply, 248));
    hear(&l, GOOD " FF");
    pass(&l, 50000);
    assert_int_equal(l.len, 0);
    assert_int_equal(l.rtu.serial.count.overruns, 1);
}

static void an_own_echo_starts_nothing(void **state)
{
    struct line l;

    (void)state;
    print_message("  112 the reply to FC6 comes back and is not carried out\n");
    line_init(&l, 0);
    hear(&l, "05 06 00 01 00 55 19 B1");
    pass(&l, GAP);
    assert_int_equal(l.p.fixture.writes, 1);
    pass(&l, 4600); /* eight characters on the wire */
    hear(&l, "05 06 00 01 00 55 19 B1");
    pass(&l, 100000);
    assert_int_equal(l.p.fixture.writes, 1);
    assert_bytes(l.out, l.len, "05 06 00 01 00 55 19 B1");
    assert_int_equal(l.rtu.serial.count.bus_messages, 1);
    print_message("  81 the master sends the same write again: carried out again\n");
    hear(&l, "05 06 00 01 00 55 19 B1");
    pass(&l, GAP);
    assert_int_equal(l.p.fixture.writes, 2);
    print_message("  112 only the first frame after an answer can be its echo\n");
    hear(&l, "06 03 00 00 00 01 85 BD");
    pass(&l, GAP);
    hear(&l, "05 06 00 01 00 55 19 B1");
    pass(&l, GAP);
    assert_int_equal(l.p.fixture.writes, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums),
        cmocka_unit_test(frames),
        cmocka_unit_test(limits_of_length),
        cmocka_unit_test(an_answer_waits_for_the_gap),
        cmocka_unit_test(usb_portions_are_joined),
        cmocka_unit_test(remnants_never_fill_the_buffer),
        cmocka_unit_test(a_long_reply_does_not_hide_the_request_behind_it),
        cmocka_unit_test(a_late_wake_finds_the_last_frame),
        cmocka_unit_test(a_new_frame_begins_a_whole_gap_later),
        cmocka_unit_test(a_byte_too_many),
        cmocka_unit_test(a_byte_behind_all_that_is_kept),
        cmocka_unit_test(an_own_echo_starts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
