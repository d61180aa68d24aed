/* Rows 116 and 117: what a slave tells about its own line. Bytes are PDUs, by hand from the MODBUS
 * Application Protocol V1.1b3, pages 20 to 28 and 31, 32; what is counted when, from MODBUS over
 * Serial Line V1.02, pages 35 to 37. */
#include "check.h"

#include "told_line.h"

static void put_question(struct line *l, uint8_t address, const char *request)
{
    uint8_t adu[RTU_ADU_MAX];
    size_t n = hex_bytes(request, adu + 1, sizeof(adu) - 3);

    l->len = 0;
    rtu_feed(&l->rtu, l->now, adu, rtu_seal(address, adu, n));
    pass(l, 10000);
}

/* Sends a PDU and compares the one that comes back; "" is silence. */
static void ask_as(struct line *l, uint8_t address, const char *request, const char *answer)
{
    put_question(l, address, request);
    if (l->len)
        assert_true(rtu_good(l->out, l->len) && l->out[0] == address);
    assert_bytes(l->out + 1, l->len ? l->len - 3 : 0, answer);
}

static void ask(struct line *l, const char *request, const char *answer)
{
    ask_as(l, 5, request, answer);
}

/* Something that is not for us, or broken. */
static void noise(struct line *l, const char *bytes)
{
    hear(l, bytes);
    pass(l, 10000);
}

struct exchange {
    const char *what, *request, *answer;
};

static void diagnostics(void **state)
{
    static const struct exchange cases[] = {
        {"116 query data, the example of p24",         "08 00 00 A5 37",       "08 00 00 A5 37"      },
        {"116 query data of three words",              "08 00 00 1 2 3 4 5 6", "08 00 00 1 2 3 4 5 6"},
        {"116 query data of none",                     "08 00 00",             "88 03"               },
        {"116 query data of half a word",              "08 00 00 A5",          "88 03"               },
        {"116 query data of a word and a half",        "08 00 00 A5 37 00",    "88 03"               },
        {"116 no sub-function",                        "08",                   "88 03"               },
        {"116 half a sub-function",                    "08 00",                "88 03"               },
        {"116 diagnostic register",                    "08 00 02 00 00",       "08 00 02 00 00"      },
        {"116 diagnostic register, bad data",          "08 00 02 00 01",       "88 03"               },
        {"116 diagnostic register, two words",         "08 00 02 00 00 00 00", "88 03"               },
        {"116 diagnostic register, no data",           "08 00 02",             "88 03"               },
        {"116 ASCII delimiter is not there",           "08 00 03 2C 00",       "88 01"               },
        {"116 sub-function 5",                         "08 00 05 00 00",       "88 01"               },
        {"116 sub-function 9",                         "08 00 09 00 00",       "88 01"               },
        {"116 sub-function 19",                        "08 00 13 00 00",       "88 01"               },
        {"116 sub-function 21",                        "08 00 15 00 00",       "88 01"               },
        {"116 sub-function 0x010A is not 10",          "08 01 0A 00 00",       "88 01"               },
        {"116 sub-function 65535",                     "08 FF FF 00 00",       "88 01"               },
        {"116 an unknown one is told before its data", "08 00 03 2C",          "88 01"               },
        {"116 clear counters, bad data",               "08 00 0A 00 01",       "88 03"               },
        {"116 counter 11, bad data",                   "08 00 0B FF 00",       "88 03"               },
        {"116 counter 18, bad data",                   "08 00 12 00 01",       "88 03"               },
        {"116 clear overruns, bad data",               "08 00 14 FF 00",       "88 03"               },
        {"116 clear counters",                         "08 00 0A 00 00",       "08 00 0A 00 00"      },
        {"116 clear overruns",                         "08 00 14 00 00",       "08 00 14 00 00"      },
        {"116 restart is off unless allowed",          "08 00 01 00 00",       "88 01"               },
        {"116 restart is off, whatever its data",      "08 00 01 12 34",       "88 01"               },
        {"116 listen only is off unless allowed",      "08 00 04 00 00",       "88 01"               },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct line l;

        print_message("  %s\n", cases[i].what);
        line_init(&l, 0);
        ask(&l, cases[i].request, cases[i].answer);
        ask(&l, "03 00 01 00 01", "03 02 10 01");
    }
}

/* Both locks have to be open: the line's and the writer's. */
static void silencing_needs_two_permits(void **state)
{
    static const struct {
        const char *what;
        bool may_silence, may_write;
        const char *listen, *restart;
    } cases[] = {
        {"116 neither",         false, false, "88 01", "88 01"         },
        {"116 only the line's", true,  false, "88 01", "88 01"         },
        {"116 only to write",   false, true,  "88 01", "88 01"         },
        {"116 both",            true,  true,  "",      "08 00 01 00 00"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct line l;

        print_message("  %s\n", cases[i].what);
        line_init(&l, 0);
        l.rtu.may_silence = cases[i].may_silence;
        l.who.may_write = cases[i].may_write;
        ask(&l, "08 00 01 00 00", cases[i].restart);
        ask(&l, "08 00 04 00 00", cases[i].listen);
    }
}

static void listening_ends_with_a_restart_only(void **state)
{
    struct line l;

    (void)state;
    line_init(&l, 0);
    l.rtu.may_silence = true;
    ask(&l, "08 00 04 00 01", "88 03");
    print_message("  116 listen only is not answered\n");
    ask(&l, "08 00 04 00 00", "");
    print_message("  116 and nothing is carried out or answered from then on\n");
    ask(&l, "03 00 01 00 01", "");
    ask(&l, "06 00 01 AB CD", "");
    ask_as(&l, 0, "06 00 01 AB CD", "");
    ask(&l, "08 00 0A 00 00", "");
    ask(&l, "63", "");
    assert_int_equal(l.p.fixture.writes, 0);
    assert_int_equal(l.rtu.serial.count.exceptions, 1);
    print_message("  116 a restart with bad data is none\n");
    ask(&l, "08 00 01 12 34", "");
    ask(&l, "08 00 01", "");
    ask(&l, "03 00 01 00 01", "");
    print_message("  116 a restart of another device is none\n");
    ask_as(&l, 6, "08 00 01 00 00", "");
    ask(&l, "03 00 01 00 01", "");
    print_message(
        "  116 a restart ends it, without an answer, even when it is not allowed any more\n");
    l.rtu.may_silence = false;
    ask(&l, "08 00 01 00 00", "");
    ask(&l, "03 00 01 00 01", "03 02 10 01");
}

static void the_line_counts(void **state)
{
    static const struct exchange counters[] = {
  /* 11: all good frames: 10, and this one */
        {"116 bus messages",  "08 00 0B 00 00", "08 00 0B 00 0B"},
 /* 12: bad CRC, one byte, three bytes */
        {"116 bus errors",    "08 00 0C 00 00", "08 00 0C 00 03"},
 /* 13: 83 03, E3 01, the broadcast's 86 02 and the 86 06 */
        {"116 exceptions",    "08 00 0D 00 00", "08 00 0D 00 04"},
 /* 14: the 9 to us and to all, and these four */
        {"116 our messages",  "08 00 0E 00 00", "08 00 0E 00 0D"},
 /* 15: two broadcasts, what fits no request, and the order whose master went on */
        {"116 no answers",    "08 00 0F 00 00", "08 00 0F 00 04"},
        {"116 NAK is never",  "08 00 10 00 00", "08 00 10 00 00"},
        {"116 busy",          "08 00 11 00 00", "08 00 11 00 01"},
        {"116 overruns",      "08 00 12 00 00", "08 00 12 00 01"},
        {"116 overrun flag",  "08 00 02 00 00", "08 00 02 00 01"},
        {"116 clear overrun", "08 00 14 00 00", "08 00 14 00 00"},
        {"116 no overruns",   "08 00 12 00 00", "08 00 12 00 00"},
        {"116 no flag",       "08 00 02 00 00", "08 00 02 00 00"},
        {"116 others stay",   "08 00 0C 00 00", "08 00 0C 00 03"},
        {"116 clear all",     "08 00 0A 00 00", "08 00 0A 00 00"},
        {"116 none yet: 12",  "08 00 0C 00 00", "08 00 0C 00 00"},
        {"116 none yet: 13",  "08 00 0D 00 00", "08 00 0D 00 00"},
        {"116 none yet: 15",  "08 00 0F 00 00", "08 00 0F 00 00"},
        {"116 these four",    "08 00 0B 00 00", "08 00 0B 00 04"},
        {"116 these five",    "08 00 0E 00 00", "08 00 0E 00 05"},
    };
    uint8_t zeros[300] = {0};
    struct line l;

    (void)state;
    line_init(&l, 0);
    ask(&l, "03 00 01 00 01", "03 02 10 01");
    ask(&l, "03 00 00 00 00", "83 03");
    ask(&l, "63", "E3 01");
    ask_as(&l, 0, "06 00 01 00 55", "");
    ask_as(&l, 0, "06 00 C8 00 55", "");
    ask(&l, "03 02 10 01", ""); /* fits no request */
    ask_as(&l, 6, "03 00 01 00 01", "");
    noise(&l, "05 03 00 00 00 01 85 8F");
    noise(&l, "05");
    noise(&l, "05 03 00");
    rtu_feed(&l.rtu, l.now, zeros, sizeof(zeros));
    pass(&l, 10000);
    l.p.later = true;
    ask(&l, "06 00 01 00 55", "");
    assert_int_equal(l.parked, 1);
    ask(&l, "06 00 02 00 55", "86 06");
    parking_carry_out(&l.p, true);
    assert_int_equal(rtu_finish(&l.rtu, l.now, &l.units, MODBUS_OK, l.out), 0); /* given up */
    ask_as(&l, 5, "04 00 01 00 01", "04 02 20 01");
    for (size_t i = 0; i < LEN(counters); i++) {
        print_message("  %s\n", counters[i].what);
        ask(&l, counters[i].request, counters[i].answer);
    }
}

static void events_are_requests_carried_out(void **state)
{
    struct line l;

    (void)state;
    line_init(&l, 0);
    print_message("  117 FC11: none yet; itself does not count\n");
    ask(&l, "0B", "0B 00 00 00 00");
    ask(&l, "0B", "0B 00 00 00 00");
    print_message("  117 FC11: a read, a write, a broadcast, a diagnostic count\n");
    ask(&l, "03 00 01 00 01", "03 02 10 01");
    ask(&l, "06 00 01 00 55", "06 00 01 00 55");
    ask_as(&l, 0, "06 00 01 00 55", "");
    ask(&l, "08 00 00 00 00", "08 00 00 00 00");
    ask(&l, "0B", "0B 00 00 00 04");
    print_message(
        "  117 FC11: exceptions do not, to us or to all, nor what is for others or broken\n");
    ask(&l, "03 00 00 00 00", "83 03");
    ask(&l, "63", "E3 01");
    ask_as(&l, 0, "06 00 C8 00 55", "");
    ask_as(&l, 0, "03 00 01 00 01", "");
    ask_as(&l, 6, "03 00 01 00 01", "");
    noise(&l, "05 03 00 00 00 01 85 8F");
    ask(&l, "0B", "0B 00 00 00 04");
    print_message("  117 FC11: FFFF while an order is out, which counts when it is carried out\n");
    l.p.later = true;
    ask(&l, "06 00 01 00 56", "");
    ask(&l, "0B", "0B FF FF 00 04");
    parking_carry_out(&l.p, true);
    rtu_finish(&l.rtu, l.now, &l.units, MODBUS_OK, l.out);
    ask(&l, "0B", "0B 00 00 00 05");
    print_message("  117 FC11: cleared with the counters\n");
    ask(&l, "08 00 0A 00 00", "08 00 0A 00 00");
    ask(&l, "0B", "0B 00 00 00 00");
    print_message("  112, 117 what fits no request is silence\n");
    ask(&l, "0B 00", "");
    ask(&l, "0B 00 00 00 04", "");
}

/* Newest first. 80 received, C0 to all, 82 damaged, 90 too long; 40 sent, 41 exceptions 1 to 3, 44
 * busy; +20 while listening; 04 listens from now on, 00 restarted. p27, 28 */
static void the_log(void **state)
{
    uint8_t zeros[300] = {0};
    struct line l;

    (void)state;
    line_init(&l, 0);
    print_message("  117 FC12: only itself has been received\n");
    ask(&l, "0C", "0C 07 00 00 00 00 00 01 80");
    print_message("  117 FC12: 1 event, 2 messages, and what was sent\n");
    ask(&l, "0C", "0C 09 00 00 00 01 00 02 80 40 80");
    ask(&l, "08 00 0A 00 00", "08 00 0A 00 00"); /* leaves the log */
    ask(&l, "03 00 00 00 00", "83 03");
    noise(&l, "FF FF");
    rtu_feed(&l.rtu, l.now, zeros, sizeof(zeros));
    pass(&l, 10000);
    ask_as(&l, 0, "06 00 01 00 55", "");
    print_message("  117 FC12: an exception, a broken frame, an overrun, a broadcast\n");
    ask(&l, "0C", "0C 13 00 00 00 01 00 03 80 40 C0 90 82 41 80 40 80 40 80 40 80");
}

static void the_log_of_an_order(void **state)
{
    struct line l;

    (void)state;
    line_init(&l, 0);
    l.p.later = true;
    print_message(
        "  117 FC12: an order is heard (80), another is refused (80 44), and FFFF says so\n");
    ask(&l, "06 00 01 00 55", "");
    ask(&l, "06 00 02 00 55", "86 06");
    ask(&l, "0C", "0C 0A FF FF 00 00 00 03 80 44 80 80");
}

static void restart_and_the_log(void **state)
{
    struct line l;

    (void)state;
    line_init(&l, 0);
    l.rtu.may_silence = true;
    ask(&l, "08 00 04 00 00", "");
    ask(&l, "03 00 01 00 01", "");
    print_message("  116, 117 a restart with 0000 keeps the log and clears the counters\n");
    ask(&l, "08 00 01 00 00", "");
    ask(&l, "0C", "0C 0F 00 00 00 00 00 01 80 00 60 A0 60 A0 04 40 80");
    print_message("  116, 117 one with FF00 clears it too, and is answered when it was heard\n");
    ask(&l, "08 00 01 FF 00", "08 00 01 FF 00");
    ask(&l, "0C", "0C 08 00 00 00 00 00 01 80 00");
}

static void the_log_holds_64(void **state)
{
    struct line l;

    (void)state;
    line_init(&l, 0);
    for (int i = 0; i < 31; i++)
        ask(&l, "03 00 01 00 01", "03 02 10 01");
    print_message("  117 FC12: 63 events, then 64, then still 64\n");
    ask(&l, "0C",
        "0C 45 00 00 00 1F 00 20 80"
        " 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80"
        " 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80 40 80"
        " 40 80");
    for (int i = 0; i < 2; i++) {
        ask(&l, "03 00 01 00 01", "03 02 10 01");
        ask(&l, "08 00 00 00 00", "08 00 00 00 00");
        noise(&l, "FF");
    }
    put_question(&l, 6, "0C"); /* leaves nothing in our log */
    put_question(&l, 5, "0C");
    assert_int_equal(l.len, 3 + 2 + 6 + 64);
    assert_int_equal(l.out[2], 6 + 64);
    assert_memory_equal(l.out + 9, ((const uint8_t[]){0x80, 0x82, 0x40, 0x80, 0x40, 0x80, 0x82}),
                        7);
}

static void id_and_status(void **state)
{
    static const char *const gateway[MODBUS_OBJECTS] = {"ACME", "code", "1.2", NULL, "Hub gate"};
    struct line l;

    (void)state;
    line_init(&l, 0);
    print_message("  117 FC17: the product code of the fixture, running\n");
    ask(&l, "11", "11 08 66 69 78 74 75 72 65 FF");
    print_message("  117 FC17: a product name goes before it; no version\n");
    l.map.identity = gateway;
    ask(&l, "11", "11 09 48 75 62 20 67 61 74 65 FF");
    print_message("  117 FC17: 01 when there is no name\n");
    l.map.identity = NULL;
    ask(&l, "11", "91 01");
    print_message("  117 FC7: discrete inputs 0 to 7\n");
    ask(&l, "07", "07 AA");
    print_message("  117 FC7: 01 when there are none\n");
    l.map.read_discrete = NULL;
    ask(&l, "07", "87 01");
    print_message("  112, 117 replies of our own kind are silence\n");
    ask(&l, "07 AA", "");
    ask(&l, "11 02 41 FF", "");
    ask(&l, "0C 07 00 00 00 00 00 01 80", "");
    print_message("  107 broadcasts of all five are silence\n");
    ask_as(&l, 0, "07", "");
    ask_as(&l, 0, "08 00 0A 00 00", "");
    ask_as(&l, 0, "0B", "");
    ask_as(&l, 0, "0C", "");
    ask_as(&l, 0, "11", "");
}

static void lines_do_not_share_what_they_count(void **state)
{
    struct line a, b;

    (void)state;
    line_init(&a, 0);
    line_init(&b, 0);
    b.units.hub = &a.map;
    a.rtu.may_silence = true;
    print_message(
        "  116 one map, two lines: one listens, the other answers and counts by itself\n");
    ask(&a, "03 00 01 00 01", "03 02 10 01");
    ask(&a, "08 00 04 00 00", "");
    ask(&b, "03 00 01 00 01", "03 02 10 01");
    ask(&b, "0C", "0C 09 00 00 00 01 00 02 80 40 80");
    ask(&a, "0C", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(diagnostics),
        cmocka_unit_test(silencing_needs_two_permits),
        cmocka_unit_test(listening_ends_with_a_restart_only),
        cmocka_unit_test(the_line_counts),
        cmocka_unit_test(events_are_requests_carried_out),
        cmocka_unit_test(the_log),
        cmocka_unit_test(the_log_of_an_order),
        cmocka_unit_test(restart_and_the_log),
        cmocka_unit_test(the_log_holds_64),
        cmocka_unit_test(id_and_status),
        cmocka_unit_test(lines_do_not_share_what_they_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
