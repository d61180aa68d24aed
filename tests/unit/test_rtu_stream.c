/* RTU frames in a TCP stream: the same answers however the bytes are cut into segments. Unit 5,
 * with cluster units 11 and 12; checksums by a second implementation, as in test_rtu.c. */
#include "check.h"

#include "../fixture_map.h"
#include "hex.h"
#include "modbus/rtu_stream.h"

#define GOOD "05 03 00 00 00 01 85 8E"
#define GOOD_ANSWER "05 03 02 10 00 44 44"
#define LOOK "05 03 00 01 00 01 D4 4E"
#define LOOK_ANSWER "05 03 02 10 01 85 84"
#define WRITE "05 06 00 01 00 55 19 B1"

struct stream {
    struct rtu_stream in;
    struct fixture f[3];
    struct modbus_map map, more[2];
    struct modbus_units units;
    uint8_t out[4096];
    size_t len;
    bool closed;
};

static void stream_init(struct stream *s)
{
    memset(s, 0, sizeof(*s));
    s->map = fixture_map(&s->f[0]);
    s->more[0] = fixture_map(&s->f[1]);
    s->more[1] = fixture_map(&s->f[2]);
    s->f[2].holding[0] = 0x2222;
    s->units =
        (struct modbus_units){.unit = 5, .first = 11, .n_more = 2, .hub = &s->map, .more = s->more};
}

static void serve(struct stream *s)
{
    struct mbap_adu adu;
    enum mbap_got got;

    while ((got = rtu_stream_next(&s->in, &s->units, &adu)) == MBAP_ADU) {
        assert_true(s->len + RTU_ADU_MAX <= sizeof(s->out));
        s->len += rtu_stream_answer(&s->units, &fixture_who, &adu, s->out + s->len);
    }
    s->closed = got == MBAP_CLOSE;
}

static void feed(struct stream *s, const uint8_t *bytes, size_t n)
{
    while (n && !s->closed) {
        size_t room, take;
        uint8_t *space = rtu_stream_space(&s->in, &room);

        assert_true(room > 0 && room <= RTU_ADU_MAX);
        take = n < room ? n : room;
        memcpy(space, bytes, take);
        rtu_stream_fed(&s->in, take);
        bytes += take;
        n -= take;
        serve(s);
    }
}

static const struct {
    const char *what, *bytes, *answers;
    unsigned writes, foreign;
    bool partial; /* bytes are left that wait for more */
} cases[] = {
    {"98 a good request",                               GOOD,                                                 GOOD_ANSWER,                   0, 0, false},
    {"11 two",                                          GOOD " " LOOK,                                        GOOD_ANSWER " " LOOK_ANSWER,   0, 0, false},
    {"15 one and a half",                               GOOD " 05 03 00",                                     GOOD_ANSWER,                   0, 0, true },
    {"70 a write and its read",                         WRITE " " LOOK,                                       WRITE " 05 03 02 00 55 89 BB", 1, 0, false},
    {"25 cluster 2 is unit 12",                         "0C 03 00 00 00 01 85 17",                            "0C 03 02 22 22 0D 3C",        0, 0, false},
    {"99 another address",                              "06 03 00 00 00 01 85 BD " GOOD,                      GOOD_ANSWER,                   0, 1, false},
    {"99 another address and its reply",                "06 03 00 00 00 01 85 BD 06 03 02 12 34 00 F3 " GOOD,
     GOOD_ANSWER,                                                                                                                            0, 2, false},
    {"107 a broadcast is passed over",                  "00 06 00 01 00 55 19 E4 " GOOD,                      GOOD_ANSWER,                   0, 1, false},
    {"109 a reserved address",                          "F8 03 00 00 00 01 90 63 " GOOD,                      GOOD_ANSWER,                   0, 0, false},
    {"100 a bad checksum",                              "05 03 00 00 00 01 85 8F " GOOD,                      GOOD_ANSWER,                   0, 0, false},
    {"100 a write with a bad checksum",                 "05 06 00 01 00 55 19 B2 " GOOD,                      GOOD_ANSWER,                   0, 0, false},
    {"110 quantity 0",                                  "05 03 00 00 00 00 44 4E " GOOD,                      "05 83 03 40 F0 " GOOD_ANSWER, 0, 0, false},
    {"110 an unknown function, then a good one",        "05 63 00 00 F0 F6 " GOOD,
     "05 E3 01 E9 31 " GOOD_ANSWER,                                                                                                          0, 0, false},
    {"110 a byte count that is not twice the quantity", "05 10 00 05 00 01 01 00 0D A5 " GOOD,
     "05 90 03 4D C0 " GOOD_ANSWER,                                                                                                          0, 0, false},
    {"111 FC43/14",                                     "05 2B 0E 04 02 03 26 " GOOD,
     "05 2B 0E 04 81 00 00 01 02 03 30 2E 31 D6 CF " GOOD_ANSWER,                                                                            0, 0, false},
    {"112 a reply with our address",                    GOOD_ANSWER " " LOOK,                                 LOOK_ANSWER,                   0, 1, false},
    {"112 an exception with our address",               "05 83 03 40 F0 " LOOK,                               LOOK_ANSWER,                   0, 1, false},
    {"102 a stray byte",                                "FF " GOOD,                                           GOOD_ANSWER,                   0, 0, false},
    {"102 a zero on each side",                         "00 " GOOD " 00 " LOOK " 00",                         GOOD_ANSWER " " LOOK_ANSWER,   0, 0,
     true                                                                                                                                               },
    {"102 half a request",                              "05 03 00 " GOOD,                                     GOOD_ANSWER,                   0, 0, false},
    {"102 the head of an unknown function",             "09 63 " GOOD,                                        GOOD_ANSWER,                   0, 0, false},
    {"77 more data than a frame can have",              "05 10 00 00 00 7F FE " GOOD,                         GOOD_ANSWER,                   0, 0, false},
    {"110 an unknown function behind stray bytes",      "09 63 05 63 00 00 F0 F6",                            "05 E3 01 E9 31",              0,
     0,                                                                                                                                            false},
    {"105 an address and its checksum alone",           "05 7F 43 " GOOD,                                     GOOD_ANSWER,                   0, 0, false},
    {"102 half a request, two good ones",               "05 03 00 " GOOD " " LOOK,                            GOOD_ANSWER " " LOOK_ANSWER,   0,
     0,                                                                                                                                            false},
};

/* 117: lines' own functions are none on TCP, whatever is behind the box. */
static const struct {
    const char *what, *bytes, *answer;
} serial[] = {
    {"117 FC7",  "05 07 43 22",             "05 87 01 C3 F1"},
    {"116 FC8",  "05 08 00 00 A5 37 DB 09", "05 88 01 C6 01"},
    {"117 FC11", "05 0B 43 27",             "05 8B 01 C6 F1"},
    {"117 FC12", "05 0C 02 E5",             "05 8C 01 C4 C1"},
    {"117 FC17", "05 11 C2 EC",             "05 91 01 CD 91"},
};

static void streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint8_t bytes[300];
        size_t n = hex_bytes(cases[i].bytes, bytes, sizeof(bytes));

        print_message("  %s\n", cases[i].what);
        for (size_t cut = 0; cut <= n; cut++) {
            static struct stream s;

            stream_init(&s);
            feed(&s, bytes, cut);
            feed(&s, bytes + cut, n - cut);
            assert_bytes(s.out, s.len, cases[i].answers);
            assert_int_equal(s.f[0].writes, cases[i].writes);
            assert_int_equal(s.in.foreign, cases[i].foreign);
            assert_int_equal(rtu_stream_partial(&s.in), cases[i].partial);
            assert_false(s.closed);
        }
    }
}

static void byte_by_byte(void **state)
{
    (void)state;
    print_message("  14 one byte per segment\n");
    for (size_t i = 0; i < LEN(cases); i++) {
        uint8_t bytes[300];
        size_t n = hex_bytes(cases[i].bytes, bytes, sizeof(bytes));
        static struct stream s;

        stream_init(&s);
        for (size_t b = 0; b < n; b++)
            feed(&s, bytes + b, 1);
        assert_bytes(s.out, s.len, cases[i].answers);
    }
}

static void functions_of_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(serial); i++) {
        uint8_t bytes[300];
        size_t n = hex_bytes(serial[i].bytes, bytes, sizeof(bytes));
        static struct stream s;

        print_message("  %s\n", serial[i].what);
        stream_init(&s);
        feed(&s, bytes, n);
        assert_bytes(s.out, s.len, serial[i].answer);
    }
}

/* FC16 to us (and to another unit) whose data are a whole write to us. */
static void data_are_no_requests(void **state)
{
    static const struct {
        const char *what, *bytes, *answer;
        unsigned writes;
    } hidden[] = {
        {"9 in our own FC16",                    "05 10 00 0A 00 04 08 " WRITE " EA 6A",       "05 10 00 0A 00 04 E0 4C", 1},
        {"9 in our own FC16 behind stray bytes", "09 63 05 10 00 0A 00 04 08 " WRITE " EA 6A",
         "05 10 00 0A 00 04 E0 4C",                                                                                       1},
        {"9 in an FC16 of another unit",         "06 10 00 0A 00 04 08 " WRITE " A9 6B",       "",                        0},
    };

    (void)state;
    for (size_t i = 0; i < LEN(hidden); i++) {
        uint8_t bytes[300];
        size_t n = hex_bytes(hidden[i].bytes, bytes, sizeof(bytes));

        print_message("  %s, in segments that end with it\n", hidden[i].what);
        for (size_t cut = 0; cut <= n; cut++) {
            static struct stream s;

            stream_init(&s);
            feed(&s, bytes, cut);
            feed(&s, bytes + cut, n - cut);
            assert_bytes(s.out, s.len, hidden[i].answer);
            assert_int_equal(s.f[0].writes, hidden[i].writes);
            assert_int_equal(s.f[0].holding[1], 0x1001);
        }
    }
}

static void late(struct stream *s)
{
    rtu_stream_late(&s->in);
    serve(s);
}

static void what_is_late_is_searched(void **state)
{
    static struct stream s;
    uint8_t bytes[300];

    (void)state;
    print_message("  18 half an FC16, then a good request: waited for as its data\n");
    stream_init(&s);
    feed(&s, bytes, hex_bytes("05 10 00 0A 00 14 28 01 02 " GOOD, bytes, sizeof(bytes)));
    assert_int_equal(s.len, 0);
    assert_true(rtu_stream_partial(&s.in));
    print_message("  18 when that is late the request is found, and nothing is held\n");
    late(&s);
    assert_bytes(s.out, s.len, GOOD_ANSWER);
    assert_false(rtu_stream_partial(&s.in));
    print_message("  18 half a request that is late is gone, and the next one is answered\n");
    s.len = 0;
    feed(&s, bytes, hex_bytes("05 03 00 00", bytes, sizeof(bytes)));
    late(&s);
    assert_false(rtu_stream_partial(&s.in));
    feed(&s, bytes, hex_bytes("00 01 85 8E", bytes, sizeof(bytes)));
    late(&s);
    assert_int_equal(s.len, 0);
    feed(&s, bytes, hex_bytes(LOOK, bytes, sizeof(bytes)));
    assert_bytes(s.out, s.len, LOOK_ANSWER);
    print_message("  18 what comes after the word is not late\n");
    s.len = 0;
    feed(&s, bytes, hex_bytes("05 10", bytes, sizeof(bytes)));
    rtu_stream_late(&s.in);
    feed(&s, bytes, hex_bytes("05 03 00 00", bytes, sizeof(bytes)));
    feed(&s, bytes, hex_bytes("00 01 85 8E", bytes, sizeof(bytes)));
    assert_bytes(s.out, s.len, GOOD_ANSWER);
}

static void lengths(void **state)
{
    static struct stream s;
    uint8_t fc16[RTU_ADU_MAX + 1] = {5, 0x10, 0, 0, 0, 123, 246};
    uint8_t odd[RTU_ADU_MAX + 2] = {5, 100};

    (void)state;
    print_message("  76 the longest write\n");
    stream_init(&s);
    feed(&s, fc16, rtu_seal(5, fc16, 252));
    assert_bytes(s.out, s.len, "05 10 00 00 00 7B 81 AE");
    print_message("  104 256 bytes of an unknown function\n");
    s.len = 0;
    feed(&s, odd, rtu_seal(5, odd, 253));
    assert_bytes(s.out, s.len, "05 E4 01 EB 01");
    print_message("  104 257 bytes are none; the next request is found behind them\n");
    stream_init(&s);
    memset(odd + 2, 0x55, 252);
    feed(&s, odd, rtu_seal(5, odd, 254));
    feed(&s, fc16, hex_bytes(GOOD, fc16, sizeof(fc16)));
    assert_bytes(s.out, s.len, GOOD_ANSWER);
}

static void garbage_without_end(void **state)
{
    static struct stream s;
    uint8_t byte[RTU_STREAM_GARBAGE];

    (void)state;
    memset(byte, 0xFF, sizeof(byte));
    print_message(
        "  19 1024 bytes that begin no frame are borne, and a good request ends the count\n");
    stream_init(&s);
    feed(&s, byte, RTU_STREAM_GARBAGE);
    assert_false(s.closed);
    feed(&s, byte, hex_bytes(GOOD, byte, sizeof(byte)));
    assert_bytes(s.out, s.len, GOOD_ANSWER);
    memset(byte, 0xFF, sizeof(byte));
    feed(&s, byte, RTU_STREAM_GARBAGE);
    assert_false(s.closed);
    print_message("  19 one more closes\n");
    feed(&s, byte, 1);
    assert_true(s.closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(functions_of_lines),
        cmocka_unit_test(data_are_no_requests),
        cmocka_unit_test(what_is_late_is_searched),
        cmocka_unit_test(lengths),
        cmocka_unit_test(garbage_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
