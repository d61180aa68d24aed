/* Rows A (framing) and B (units) of the conformance list: streams of bytes in, answers out, on the
 * fixture map with unit 1. Bytes are by hand from the MODBUS Messaging on TCP/IP Implementation
 * Guide V1.0b, page 5. */
#include "check.h"

#include "../fixture_map.h"
#include "hex.h"
#include "modbus/mbap.h"

#define GOOD "00 01 00 00 00 06 01 03 00 00 00 01"
#define GOOD_ANSWER "00 01 00 00 00 05 01 03 02 10 00"
#define TWICE(x) x " " x
#define FOUR(x) TWICE(TWICE(x))

struct stream {
    struct mbap in;
    const struct modbus_map *map;
    uint8_t out[600];
    size_t len;
    bool closed;
};

/* Feeds as a socket does: as much as there is room for at a time. */
static void feed(struct stream *s, const uint8_t *bytes, size_t n)
{
    while (n && !s->closed) {
        size_t room, take;
        uint8_t *space = mbap_space(&s->in, &room);
        struct mbap_adu adu;
        enum mbap_got got;

        assert_true(room > 0);
        take = n < room ? n : room;
        memcpy(space, bytes, take);
        mbap_fed(&s->in, take);
        bytes += take;
        n -= take;
        while ((got = mbap_next(&s->in, &adu)) == MBAP_ADU) {
            assert_true(s->len + MBAP_ADU_MAX <= sizeof(s->out));
            s->len += mbap_answer(&(struct modbus_units){.unit = 1, .hub = s->map}, &fixture_who,
                                  &adu, s->out + s->len);
        }
        s->closed = got == MBAP_CLOSE;
    }
}

static const struct {
    const char *what, *bytes, *answers;
    bool closed, partial;
} cases[] = {
    {"1 transaction id 0xABCD",                              "AB CD 00 00 00 06 01 03 00 00 00 01",
     "AB CD 00 00 00 05 01 03 02 10 00",                                                                                                                                 false, false},
    {"1 transaction id 0",                                   "00 00 00 00 00 06 01 03 00 00 00 01",
     "00 00 00 00 00 05 01 03 02 10 00",                                                                                                                                 false, false},
    {"1 transaction id 0xFFFF",                              "FF FF 00 00 00 06 01 03 00 00 00 01",
     "FF FF 00 00 00 05 01 03 02 10 00",                                                                                                                                 false, false},
    {"2 the same transaction id twice",                      TWICE(GOOD),                                 TWICE(GOOD_ANSWER),                                            false, false},
    {"3 protocol id 1: no answer",                           "00 01 00 01 00 06 01 03 00 00 00 01",       "",                                                            false, false},
    {"4 protocol id 1, then a good request",                 "00 09 00 01 00 06 01 03 00 00 00 01 " GOOD,
     GOOD_ANSWER,                                                                                                                                                        false, false},
    {"5 the length of the answer",                           "00 01 00 00 00 06 01 03 00 00 00 03",
     "00 01 00 00 00 09 01 03 06 10 00 10 01 10 02",                                                                                                                     false, false},
    {"5 the length of an exception",                         "00 01 00 00 00 06 01 03 00 C8 00 01",
     "00 01 00 00 00 03 01 83 02",                                                                                                                                       false, false},
    {"6 length 0",                                           "00 01 00 00 00 00 01 03 00 00 00 01",       "",                                                            true,  false},
    {"6 length 1",                                           "00 01 00 00 00 01 01 03 00 00 00 01",       "",                                                            true,  false},
    {"6 length 0 behind a good request",                     GOOD " 00 02 00 00 00 00",                   GOOD_ANSWER,                                                   true,  false},
    {"7 length 255",                                         "00 01 00 00 00 FF 01 03 00 00 00 01",       "",                                                            true,  false},
    {"7 length 0xFFFF",                                      "00 01 00 00 FF FF",                         "",                                                            true,  false},
    {"7 length 0xFFFF of another protocol",                  "00 01 00 05 FF FF",                         "",                                                            true,  false},
    {"8 longer than the function needs: one request",
     "00 01 00 00 00 08 01 03 00 00 00 01 AA AA " GOOD,                                                   "00 01 00 00 00 03 01 83 03 " GOOD_ANSWER,
     false,                                                                                                                                                                     false},
    {"9 FC16 hidden in FC3",
     "00 01 00 00 00 0E 01 03 00 00 00 01 10 00 05 00 01 02 AA AA "
     "00 02 00 00 00 06 01 03 00 05 00 01",                                                               "00 01 00 00 00 03 01 83 03 00 02 00 00 00 05 01 03 02 10 05", false, false},
    {"9 a whole FC16 request hidden in FC3",
     "00 01 00 00 00 15 01 03 00 00 00 01 00 02 00 00 00 09 01 10 00 05 00 01 02 AA AA "
     "00 02 00 00 00 06 01 03 00 05 00 01",                                                               "00 01 00 00 00 03 01 83 03 00 02 00 00 00 05 01 03 02 10 05", false, false},
    {"10 shorter than the function needs, nothing borrowed", "00 01 00 00 00 04 01 03 00 00 " GOOD,
     "00 01 00 00 00 03 01 83 03 " GOOD_ANSWER,                                                                                                                          false, false},
    {"10 the shortest request",                              "00 01 00 00 00 02 01 03",                   "00 01 00 00 00 03 01 83 03",                                  false,
     false                                                                                                                                                                           },
    {"11 two requests in one segment",                       GOOD " 00 02 00 00 00 06 01 04 00 00 00 01",
     GOOD_ANSWER " 00 02 00 00 00 05 01 04 02 20 00",                                                                                                                    false, false},
    {"12 16 requests in one segment",                        FOUR(FOUR(GOOD)),                            FOUR(FOUR(GOOD_ANSWER)),                                       false, false},
    {"15 a request and a half",                              GOOD " 00 02 00 00 00 06 01",                GOOD_ANSWER,                                                   false, true },
    {"16 bad quantity, then good",                           "00 01 00 00 00 06 01 03 00 00 00 00 " GOOD,
     "00 01 00 00 00 03 01 83 03 " GOOD_ANSWER,                                                                                                                          false, false},
    {"17 unknown function, then good",                       "00 01 00 00 00 02 01 63 " GOOD,
     "00 01 00 00 00 03 01 E3 01 " GOOD_ANSWER,                                                                                                                          false, false},
    {"18 half a request",                                    "00 01 00 00 00 06 01 03",                   "",                                                            false, true },
    {"18 one byte",                                          "00",                                        "",                                                            false, true },
    {"22 the unit is copied: configured",                    GOOD,                                        GOOD_ANSWER,                                                   false, false},
    {"23 unit 255 is this device",                           "00 01 00 00 00 06 FF 03 00 00 00 01",
     "00 01 00 00 00 05 FF 03 02 10 00",                                                                                                                                 false, false},
    {"24 unit 0 is this device and is answered",             "00 01 00 00 00 06 00 03 00 00 00 01",
     "00 01 00 00 00 05 00 03 02 10 00",                                                                                                                                 false, false},
    {"26 unit 2 is not served",                              "00 01 00 00 00 06 02 03 00 00 00 01",       "00 01 00 00 00 03 02 83 0B",
     false,                                                                                                                                                                     false},
    {"26 reserved unit 248",                                 "00 01 00 00 00 06 F8 03 00 00 00 01",       "00 01 00 00 00 03 F8 83 0B",
     false,                                                                                                                                                                     false},
    {"26 reserved unit 254",                                 "00 01 00 00 00 06 FE 03 00 00 00 01",       "00 01 00 00 00 03 FE 83 0B",
     false,                                                                                                                                                                     false},
    {"26 a write to another unit is not carried out",        "00 01 00 00 00 06 02 06 00 00 AA AA " GOOD,
     "00 01 00 00 00 03 02 86 0B " GOOD_ANSWER,                                                                                                                          false, false},
    {"26, 43 function 0x83 to another unit: no answer",      "00 01 00 00 00 06 02 83 00 00 00 01",       "",
     false,                                                                                                                                                                     false},
};

/* Each case in one piece, byte by byte, and split in two at every place (rows 13, 14, 19). */
static void streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint8_t bytes[300];
        size_t n = hex_bytes(cases[i].bytes, bytes, sizeof(bytes));

        print_message("  %s\n", cases[i].what);
        for (size_t cut = 0; cut <= n; cut++) {
            struct fixture f;
            struct modbus_map map = fixture_map(&f);
            struct stream s = {.map = &map};

            feed(&s, bytes, cut);
            feed(&s, bytes + cut, n - cut);
            assert_bytes(s.out, s.len, cases[i].answers);
            assert_int_equal(s.closed, cases[i].closed);
            if (!s.closed)
                assert_int_equal(mbap_partial(&s.in), cases[i].partial);
            assert_int_equal(f.writes, 0);
        }
    }
}

static void byte_by_byte(void **state)
{
    (void)state;
    print_message("  14 one byte per segment\n");
    for (size_t i = 0; i < LEN(cases); i++) {
        struct fixture f;
        struct modbus_map map = fixture_map(&f);
        struct stream s = {.map = &map};
        uint8_t bytes[300];
        size_t n = hex_bytes(cases[i].bytes, bytes, sizeof(bytes));

        for (size_t b = 0; b < n; b++)
            feed(&s, bytes + b, 1);
        assert_bytes(s.out, s.len, cases[i].answers);
        assert_int_equal(s.closed, cases[i].closed);
    }
}

static void the_longest_request_fits(void **state)
{
    struct fixture f;
    struct modbus_map map = fixture_map(&f);
    struct stream s = {.map = &map};
    /* FC16, 123 words of zeros: 7 + 252 = 259 bytes; FC 100 with 252 bytes: 260 */
    uint8_t fc16[259] = {0, 1, 0, 0, 0, 253, 1, 0x10, 0, 0, 0, 123, 246};
    uint8_t fc100[260] = {0, 2, 0, 0, 0, 254, 1, 100};

    (void)state;
    print_message("  7 requests of 259 and 260 bytes\n");
    feed(&s, fc16, sizeof(fc16));
    feed(&s, fc100, sizeof(fc100));
    assert_bytes(s.out, s.len, "00 01 00 00 00 06 01 10 00 00 00 7B 00 02 00 00 00 03 01 E4 01");
    assert_int_equal(f.writes, 1);
    assert_false(s.closed);
}

static void unit_ids(void **state)
{
    static const struct {
        const char *what;
        uint8_t id;
        int tcp, line; /* 0 the hub, 1 and 2 clusters, -1 nobody */
    } ids[] = {
        {"24 0: on a line all of them, the framer's affair", 0,   0,  -1},
        {"26 the one before the hub",                        4,   -1, -1},
        {"25 the hub",                                       5,   0,  0 },
        {"26 the one behind it",                             6,   -1, -1},
        {"26 the one before the clusters",                   245, -1, -1},
        {"25 cluster 1",                                     246, 1,  1 },
        {"25 cluster 2",                                     247, 2,  2 },
        {"109 cluster 3, where a line has no addresses",     248, 3,  -1},
        {"26 the one behind the clusters",                   249, -1, -1},
        {"26 254",                                           254, -1, -1},
        {"23 255",                                           255, 0,  -1},
    };
    const struct modbus_map hub = {0}, more[3] = {0};
    const struct modbus_units units = {
        .unit = 5, .first = 246, .n_more = 3, .hub = &hub, .more = more};

    (void)state;
    for (size_t i = 0; i < LEN(ids); i++) {
        const struct modbus_map *const maps[] = {NULL, &hub, &more[0], &more[1], &more[2]};

        print_message("  %s\n", ids[i].what);
        assert_ptr_equal(modbus_unit(&units, ids[i].id, true), maps[ids[i].tcp + 1]);
        assert_ptr_equal(modbus_unit(&units, ids[i].id, false), maps[ids[i].line + 1]);
    }
    print_message("  24 0 on a line, if somebody should be called so\n");
    assert_null(modbus_unit(&(struct modbus_units){.hub = &hub}, 0, false));
}

static void cluster_units(void **state)
{
    struct fixture f[2];
    struct modbus_map map = fixture_map(&f[0]), more = fixture_map(&f[1]);
    const struct modbus_units units = {
        .unit = 1, .first = 11, .n_more = 1, .hub = &map, .more = &more};
    const uint8_t read[] = {3, 0, 0, 0, 1};
    uint8_t out[MBAP_ADU_MAX];

    (void)state;
    f[1].holding[0] = 0x1111;
    print_message("  22, 25 unit 11 has its own words and its id in the answer\n");
    assert_bytes(out,
                 mbap_answer(&units, &fixture_who,
                             &(struct mbap_adu){.unit = 11, .pdu = read, .len = 5}, out),
                 "00 00 00 00 00 05 0B 03 02 11 11");
    assert_bytes(out,
                 mbap_answer(&units, &fixture_who,
                             &(struct mbap_adu){.unit = 12, .pdu = read, .len = 5}, out),
                 "00 00 00 00 00 03 0C 83 0B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(the_longest_request_fits),
        cmocka_unit_test(unit_ids),
        cmocka_unit_test(cluster_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
