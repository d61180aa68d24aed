/* Frames that come without a gap between them, echoes among them, and the addresses of clusters: in
 * told time at 19200 Bd, as in test_rtu.c. */
#include "check.h"

#include "told_line.h"

/* Without a gap, or none that can be seen: a USB adapter hands over in portions. */
static void frames_one_behind_the_other(void **state)
{
    static const struct {
        const char *what, *bytes, *answer;
        bool
            at_once; /* after 3.5 characters; else only when the line has been silent long enough */
        unsigned writes;
        struct rtu_counters count;
    } runs[] = {
        {"99 the reply of another and our request",
         "06 03 02 12 34 00 F3 " GOOD,
         GOOD_ANSWER,                                                                        true,
         0,                                                                                            {.bus_messages = 2, .our_messages = 1}                 },
        {"99 a request to another, its reply, ours",
         "06 03 00 00 00 01 85 BD 06 03 02 12 34 00 F3 " GOOD,
         GOOD_ANSWER,                                                                        true,
         0,                                                                                            {.bus_messages = 3, .our_messages = 1}                 },
        {"102 a stray byte, the reply of another, ours",
         "FF 06 03 02 12 34 00 F3 " GOOD,
         GOOD_ANSWER,                                                                        false,
         0,                                                                                            {.bus_messages = 2, .our_messages = 1, .bus_errors = 1}},
        {"112 a reply with our address, and ours",
         GOOD_ANSWER " " LOOK,
         LOOK_ANSWER,                                                                        true,
         0,                                                                                            {.bus_messages = 2, .our_messages = 1}                 },
        {"102 half a reply of another and ours",
         "06 03 02 12 " GOOD,
         GOOD_ANSWER,                                                                        false,
         0,                                                                                            {.bus_messages = 1, .our_messages = 1, .bus_errors = 1}},
        {"102 half a request and the whole one",
         "05 03 00 00 " GOOD,
         GOOD_ANSWER,                                                                        false,
         0,                                                                                            {.bus_messages = 1, .our_messages = 1, .bus_errors = 1}},
        {"102 a zero before",
         "00 " GOOD,
         GOOD_ANSWER,                                                                        false,
         0,                                                                                            {.bus_messages = 1, .our_messages = 1, .bus_errors = 1}},
        {"102 a byte behind",
         GOOD " FF",
         GOOD_ANSWER,                                                                        false,
         0,                                                                                            {.bus_messages = 1, .our_messages = 1, .bus_errors = 1}},
        {"102 two bytes behind",
         GOOD " FF A5",
         GOOD_ANSWER,                                                                        false,
         0,                                                                                            {.bus_messages = 1, .our_messages = 1, .bus_errors = 1}},
        {"102 three bytes behind: broken",                             GOOD " FF A5 01", "", false, 0, {.bus_errors = 1}                                      },
        {"102 a byte before and one behind: broken",
         "FF " GOOD " FF",
         "",                                                                                 false,
         0,                                                                                            {.bus_errors = 1}                                      },
        {"9 a write to us inside a frame of another that was damaged",
         "06 11 00 0A 00 04 08 05 06 00 01 00 55 19 B1 A9 6B",                           "",
         false,                                                                                     0,
         {.bus_errors = 1}                                                                                                                                    },
        {"102 a zero behind, which a checksum does not see",
         GOOD " 00",
         GOOD_ANSWER,                                                                        false,
         0,                                                                                            {.bus_messages = 1, .our_messages = 1, .bus_errors = 1}},
        {"9 a write to us inside a frame of another",
         "06 10 00 0A 00 04 08 05 06 00 01 00 55 19 B1 A9 6B",                           "",
         true,                                                                                      0,
         {.bus_messages = 1}                                                                                                                                  },
        {"9 the same behind a stray byte",
         "FF 06 10 00 0A 00 04 08 05 06 00 01 00 55 19 B1 A9 6B",                        "",
         false,                                                                                     0,
         {.bus_messages = 1, .bus_errors = 1}                                                                                                                 },
        {"9 the same and our request behind it",
         "06 10 00 0A 00 04 08 05 06 00 01 00 55 19 B1 A9 6B " GOOD,
         GOOD_ANSWER,                                                                        true,
         0,                                                                                            {.bus_messages = 2, .our_messages = 1}                 },
        {"9 inside a frame of a function nobody knows",
         "06 64 05 06 00 01 00 55 19 B1 4A D1",                                          "",
         true,                                                                                      0,
         {.bus_messages = 1}                                                                                                                                  },
        {"113 a request to all and one to us: none",
         "00 06 00 01 00 55 19 E4 " GOOD,
         "",                                                                                 true,
         0,                                                                                            {.bus_errors = 1}                                      },
        {"113 ours and one to another: none",
         GOOD " 06 03 00 00 00 01 85 BD",
         "",                                                                                 true,
         0,                                                                                            {.bus_errors = 1}                                      },
        {"113 a stray byte and two to us: none",
         "FF " GOOD " " LOOK,
         "",                                                                                 false,
         0,                                                                                            {.bus_errors = 1}                                      },
    };

    (void)state;
    for (size_t i = 0; i < LEN(runs); i++) {
        struct line l;

        print_message("  %s\n", runs[i].what);
        line_init(&l, 20000);
        hear(&l, runs[i].bytes);
        pass(&l, GAP);
        assert_bytes(l.out, l.len, runs[i].at_once ? runs[i].answer : "");
        pass(&l, 20000 - GAP - 1);
        assert_bytes(l.out, l.len, runs[i].at_once ? runs[i].answer : "");
        pass(&l, 1);
        assert_bytes(l.out, l.len, runs[i].answer);
        assert_int_equal(l.p.fixture.writes, runs[i].writes);
        assert_memory_equal(&l.rtu.serial.count, &runs[i].count, sizeof(runs[i].count));
        assert_int_equal(rtu_deadline(&l.rtu), MONO_NEVER);
    }
}

static void clusters_have_addresses_of_their_own(void **state)
{
    static const char *const asks[] = {
        "0B 03 00 00 00 01 84 A0",
        "0D 03 00 00 00 01 84 C6",
        "0B 06 00 01 00 55 18 9F",
        "00 06 00 01 00 77 99 FD",
    };
    struct line l;
    struct fixture f;
    struct modbus_map more = fixture_map(&f);

    (void)state;
    line_init(&l, 0);
    l.units.first = 11;
    l.units.n_more = 2;
    l.units.more = (struct modbus_map[]){more, l.map};
    f.holding[0] = 0x1111;
    print_message("  25 address 11 is cluster 1, and answers as 11; 13 is nobody\n");
    hear(&l, asks[0]);
    pass(&l, 50000);
    hear(&l, asks[1]);
    pass(&l, 50000);
    assert_bytes(l.out, l.len, "0B 03 02 11 11 EC 19");
    l.len = 0;
    print_message("  25, 112 its writes are its own, and their echo is passed over\n");
    hear(&l, asks[2]);
    pass(&l, GAP);
    hear(&l, asks[2]);
    pass(&l, 50000);
    assert_bytes(l.out, l.len, asks[2]);
    assert_int_equal(f.writes, 1);
    assert_int_equal(l.p.fixture.writes, 0);
    print_message("  25, 106 a broadcast is for the hub\n");
    hear(&l, asks[3]);
    pass(&l, 50000);
    assert_int_equal(f.writes, 1);
    assert_int_equal(l.p.fixture.writes, 1);
}

#define WRITE "05 06 00 01 00 55 19 B1"

static void an_echo_in_bad_company(void **state)
{
    static const struct {
        const char *what, *bytes, *answers;
        mono_us silence;
        unsigned bus_errors;
    } echoes[] = {
        {"112 a stray byte before the echo",        "00 " WRITE,          WRITE,                         0, 1},
        {"112 a stray byte behind it",              WRITE " 00",          WRITE,                         0, 1},
        {"112 and the next request in one portion", WRITE " " LOOK,       WRITE " 05 03 02 00 55 89 BB",
         20000,                                                                                             0},
        {"112 with a stray byte before, too",       "00 " WRITE " " LOOK, WRITE " 05 03 02 00 55 89 BB",
         20000,                                                                                             1},
    };

    (void)state;
    for (size_t i = 0; i < LEN(echoes); i++) {
        struct line l;

        print_message("  %s\n", echoes[i].what);
        line_init(&l, echoes[i].silence);
        hear(&l, WRITE);
        pass(&l, GAP);
        hear(&l, echoes[i].bytes);
        pass(&l, 100000);
        assert_int_equal(l.p.fixture.writes, 1);
        assert_bytes(l.out, l.len, echoes[i].answers);
        assert_int_equal(l.rtu.serial.count.bus_errors, echoes[i].bus_errors);
    }
}

/* Our answer has eight characters of 573 us; its echo has come when they and a gap have passed. */
static void an_echo_comes_in_time(void **state)
{
    static const struct {
        const char *what;
        mono_us begins;
        unsigned writes;
    } cases[] = {
        {"112 what begins before the gap behind our answer ends is its echo", 8 * 573 + GAP,     1},
        {"81 what begins later is the master's",                              8 * 573 + GAP + 1, 2},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct line l;

        print_message("  %s\n", cases[i].what);
        line_init(&l, 0);
        hear(&l, WRITE);
        pass(&l, GAP);
        pass(&l, cases[i].begins);
        hear(&l, WRITE);
        pass(&l, 50000);
        assert_int_equal(l.p.fixture.writes, cases[i].writes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_one_behind_the_other),
        cmocka_unit_test(clusters_have_addresses_of_their_own),
        cmocka_unit_test(an_echo_in_bad_company),
        cmocka_unit_test(an_echo_comes_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
