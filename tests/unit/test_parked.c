/* Requests whose answer comes later, because control has the last word: what is executed, what is
 * answered, and what a second request finds meanwhile. Over the engine, MBAP, RTU and RTU over TCP.
 * Rows 66 to 88, where the writers answer MODBUS_LATER. */
#include "check.h"

#include "modbus/rtu_stream.h"
#include "told_line.h"

/* A write that parks; what a read shows while it is out; the answer when control has carried it
 * out, and what the read shows then; the answer when control has refused it with 06. */
static const struct {
    const char *what, *request, *look, *before, *done, *after, *refused;
} writes[] = {
    {"66 FC5",  "05 00 01 FF 00",                      "01 00 00 00 03", "01 01 01",          "05 00 01 FF 00",       "01 01 03",
     "85 06"                                                                                                                                      },
    {"70 FC6",  "06 00 05 AB CD",                      "03 00 05 00 01", "03 02 10 05",       "06 00 05 AB CD",       "03 02 AB CD",
     "86 06"                                                                                                                                      },
    {"71 FC15", "0F 00 00 00 03 01 06",                "01 00 00 00 03", "01 01 01",          "0F 00 00 00 03",       "01 01 06",
     "8F 06"                                                                                                                                      },
    {"76 FC16", "10 00 05 00 02 04 00 0A 01 02",       "03 00 05 00 02", "03 04 10 05 10 06",
     "10 00 05 00 02",                                                                                                "03 04 00 0A 01 02", "90 06"},
    {"83 FC22", "16 00 04 00 F2 00 25",                "03 00 04 00 01", "03 02 10 04",       "16 00 04 00 F2 00 25",
     "03 02 00 05",                                                                                                                        "96 06"},
    {"85 FC23", "17 00 05 00 02 00 05 00 01 02 AB CD", "03 00 05 00 02", "03 04 10 05 10 06",
     "17 04 AB CD 10 06",                                                                                             "03 04 AB CD 10 06", "97 06"},
};

struct server {
    struct parking p;
    struct modbus_map map;
    struct modbus_units units;
};

static void server_init(struct server *s)
{
    s->map = parking_map(&s->p);
    s->units = (struct modbus_units){.unit = 1, .hub = &s->map};
}

static void look(const struct server *s, const char *request, const char *answer)
{
    uint8_t req[MODBUS_PDU_MAX], out[MODBUS_PDU_MAX];
    size_t len = hex_bytes(request, req, sizeof(req));

    assert_bytes(out, modbus_answer(&s->map, &fixture_who, req, len, out), answer);
}

static void the_engine(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(writes); i++) {
        for (int do_it = 0; do_it < 2; do_it++) {
            uint8_t req[MODBUS_PDU_MAX], out[MODBUS_PDU_MAX];
            size_t len = hex_bytes(writes[i].request, req, sizeof(req));
            struct server s;

            print_message("  %s parks, and is %s\n", writes[i].what,
                          do_it ? "carried out" : "refused");
            server_init(&s);
            assert_true(modbus_answer(&s.map, &fixture_who, req, len, out) == MODBUS_PARKED);
            assert_int_equal(s.p.orders, 1);
            look(&s, writes[i].look, writes[i].before);
            parking_carry_out(&s.p, do_it);
            len = modbus_finish(&s.map, req, len, do_it ? MODBUS_OK : MODBUS_BUSY, out);
            assert_bytes(out, len, do_it ? writes[i].done : writes[i].refused);
            assert_int_equal(s.p.orders, 1); /* to finish writes nothing */
            assert_int_equal(s.p.fixture.writes, (unsigned)do_it);
            look(&s, writes[i].look, do_it ? writes[i].after : writes[i].before);
        }
    }
}

static void why_not(void **state)
{
    static const uint8_t why[] = {1, 2, 3, 4, 6, 0x0A, 0x0B};
    struct server s;

    (void)state;
    server_init(&s);
    for (size_t i = 0; i < LEN(why); i++) {
        const uint8_t req[] = {6, 0, 5, 0xAB, 0xCD};
        uint8_t out[MODBUS_PDU_MAX];

        print_message("  52 control refuses with %02X\n", why[i]);
        assert_int_equal(modbus_finish(&s.map, req, sizeof(req), why[i], out), 2);
        assert_int_equal(out[0], 0x86);
        assert_int_equal(out[1], why[i]);
    }
}

static void what_is_wrong_is_not_handed_over(void **state)
{
    static const struct {
        const char *what, *request, *answer;
    } cases[] = {
        {"67 FC5 bad value",          "05 00 01 00 01",                         "85 03"},
        {"69 FC6 bad address",        "06 00 C8 00 01",                         "86 02"},
        {"73 FC15 bad byte count",    "0F 00 00 00 0A 01 FF",                   "8F 03"},
        {"78 FC16 crosses the end",   "10 00 C7 00 02 04 AA AA BB BB",          "90 02"},
        {"84 FC22 bad address",       "16 00 C8 00 F2 00 25",                   "96 02"},
        {"88 FC23 bad read range",    "17 00 C7 00 02 00 05 00 01 02 AB CD",    "97 02"},
        {"88 FC23 bad write range",   "17 00 00 00 01 00 C8 00 01 02 AB CD",    "97 02"},
        {"87 FC23 bad byte count",    "17 00 00 00 01 00 05 00 01 03 AB CD EF", "97 03"},
        {"77 FC16 a spare byte more", "10 00 05 00 01 02 AB CD EF",             "90 03"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct server s;

        print_message("  %s\n", cases[i].what);
        server_init(&s);
        look(&s, cases[i].request, cases[i].answer);
        assert_int_equal(s.p.orders, 0);
    }
}

static enum modbus_exception gone(void *ctx, enum modbus_table table, uint16_t addr, unsigned n,
                                  uint8_t *out)
{
    (void)ctx, (void)table, (void)addr, (void)n, (void)out;
    return MODBUS_ILLEGAL_ADDRESS;
}

/* 02 would say that nothing was written. */
static void a_read_that_fails_after_the_write(void **state)
{
    const uint8_t req[] = {0x17, 0, 5, 0, 1, 0, 5, 0, 1, 2, 0xAB, 0xCD};
    uint8_t out[MODBUS_PDU_MAX];
    struct server s;

    (void)state;
    server_init(&s);
    print_message("  51 FC23 is written, then its range is gone: 04\n");
    assert_true(modbus_answer(&s.map, &fixture_who, req, sizeof(req), out) == MODBUS_PARKED);
    parking_carry_out(&s.p, true);
    s.map.read_words = gone;
    assert_bytes(out, modbus_finish(&s.map, req, sizeof(req), MODBUS_OK, out), "97 04");
}

/* ---- MBAP and RTU over TCP ---- */

static void over_mbap(void **state)
{
    static const uint8_t bytes[] = {0xAB, 0xCD, 0, 0, 0, 6, 255, 6, 0,   5, 0xAB, 0xCD,
                                    0,    2,    0, 0, 0, 6, 1,   3, 0x0, 5, 0,    1};
    struct mbap_adu adu, next;
    uint8_t out[MBAP_ADU_MAX], *space;
    struct mbap in = {0};
    struct server s;
    size_t room;

    (void)state;
    server_init(&s);
    space = mbap_space(&in, &room);
    memcpy(space, bytes, sizeof(bytes));
    mbap_fed(&in, sizeof(bytes));
    print_message("  1, 22, 70 the answer has the id and the unit of its request\n");
    assert_int_equal(mbap_next(&in, &adu), MBAP_ADU);
    assert_true(mbap_answer(&s.units, &fixture_who, &adu, out) == MODBUS_PARKED);
    parking_carry_out(&s.p, true);
    assert_bytes(out, mbap_finish(&s.units, &adu, MODBUS_OK, out),
                 "AB CD 00 00 00 06 FF 06 00 05 AB CD");
    print_message("  11 what came behind it sees what was written\n");
    assert_int_equal(mbap_next(&in, &next), MBAP_ADU);
    assert_bytes(out, mbap_answer(&s.units, &fixture_who, &next, out),
                 "00 02 00 00 00 05 01 03 02 AB CD");
    assert_bytes(out, mbap_finish(&s.units, &adu, MODBUS_BUSY, out), "AB CD 00 00 00 03 FF 86 06");
}

static void over_an_rtu_stream(void **state)
{
    struct rtu_stream in = {0};
    struct mbap_adu adu;
    uint8_t out[RTU_ADU_MAX], *space;
    struct server s;
    size_t room;

    (void)state;
    server_init(&s);
    s.units.unit = 5;
    space = rtu_stream_space(&in, &room);
    rtu_stream_fed(&in, hex_bytes("05 06 00 01 00 55 19 B1 " LOOK, space, room));
    print_message("  70 a write and a read in one segment\n");
    assert_int_equal(rtu_stream_next(&in, &s.units, &adu), MBAP_ADU);
    assert_true(rtu_stream_answer(&s.units, &fixture_who, &adu, out) == MODBUS_PARKED);
    parking_carry_out(&s.p, true);
    assert_bytes(out, rtu_stream_finish(&s.units, &adu, MODBUS_OK, out), "05 06 00 01 00 55 19 B1");
    assert_int_equal(rtu_stream_next(&in, &s.units, &adu), MBAP_ADU);
    assert_bytes(out, rtu_stream_answer(&s.units, &fixture_who, &adu, out), "05 03 02 00 55 89 BB");
}

/* ---- a line ---- */

#define WRITE "05 06 00 01 00 55 19 B1"
#define WRITE_2 "05 06 00 02 00 55 E9 B1"

static void line_parks(struct line *l)
{
    line_init(l, 0);
    l->p.later = true;
    hear(l, WRITE);
    pass(l, GAP);
    assert_int_equal(l->parked, 1);
    assert_int_equal(l->len, 0);
}

static void finish(struct line *l, enum modbus_exception why, const char *answer)
{
    if (l->p.out)
        parking_carry_out(&l->p, why == MODBUS_OK);
    l->len = rtu_finish(&l->rtu, l->now, &l->units, why, l->out);
    assert_bytes(l->out, l->len, answer);
    l->len = 0;
}

static void over_a_line(void **state)
{
    struct line l;

    (void)state;
    print_message("  70 the answer comes when control has answered, once\n");
    line_parks(&l);
    pass(&l, 100000);
    finish(&l, MODBUS_OK, WRITE);
    finish(&l, MODBUS_OK, "");
    assert_int_equal(l.p.fixture.holding[1], 0x55);
    print_message("  112 and its echo is not carried out\n");
    hear(&l, WRITE);
    pass(&l, 50000);
    assert_int_equal(l.p.orders, 1);
    print_message("  52 after 500 ms: 06, counted as busy\n");
    line_parks(&l);
    finish(&l, MODBUS_BUSY, "05 86 06 83 A3");
    assert_int_equal(l.rtu.serial.count.busy, 1);
    assert_int_equal(l.rtu.serial.count.exceptions, 1);
}

static void over_a_line_after_all(void **state)
{
    struct line l;

    (void)state;
    print_message(
        "  113 the master asks something else: answered at once, the order's answer never\n");
    line_parks(&l);
    hear(&l, LOOK);
    pass(&l, GAP);
    assert_bytes(l.out, l.len, LOOK_ANSWER);
    finish(&l, MODBUS_OK, "");
    assert_int_equal(l.p.fixture.holding[1], 0x55);
    print_message("  113 the master asks somebody else: the order's answer never\n");
    line_parks(&l);
    hear(&l, "06 03 00 00 00 01 85 BD");
    pass(&l, GAP);
    finish(&l, MODBUS_OK, "");
    print_message("  113 somebody speaks as control answers: no answer into it\n");
    line_parks(&l);
    hear(&l, "06 03");
    finish(&l, MODBUS_OK, "");
    print_message("  102 a stray byte long before it: answered\n");
    line_parks(&l);
    hear(&l, "FF");
    pass(&l, 2 * GAP);
    finish(&l, MODBUS_OK, WRITE);
}

static void a_second_write_meanwhile(void **state)
{
    struct line l;

    (void)state;
    print_message("  52 a second write meanwhile: 06, control is not asked\n");
    line_parks(&l);
    hear(&l, WRITE_2);
    pass(&l, GAP);
    assert_int_equal(l.p.orders, 1);
    assert_bytes(l.out, l.len, "05 86 06 83 A3");
    l.len = 0;
    pass(&l, 50000);
    hear(&l, "05 05 00 01 FF 00 DC 7E");
    pass(&l, GAP);
    assert_bytes(l.out, l.len, "05 85 06 83 53");
    print_message("  46 a bad one meanwhile: 03 comes before 06\n");
    l.len = 0;
    pass(&l, 50000);
    hear(&l, "05 05 00 01 12 34 90 F9");
    pass(&l, GAP);
    assert_bytes(l.out, l.len, "05 85 03 43 50");
    print_message("  70 when it is done the next write goes its way\n");
    finish(&l, MODBUS_OK, "");
    l.p.later = false;
    hear(&l, WRITE_2);
    pass(&l, GAP);
    assert_bytes(l.out, l.len, WRITE_2);
}

static void the_same_write_again(void **state)
{
    struct line l;

    (void)state;
    print_message("  81 the master sends it again meanwhile: carried out once, answered once\n");
    line_parks(&l);
    hear(&l, WRITE);
    pass(&l, GAP);
    assert_int_equal(l.parked, 2);
    assert_int_equal(l.p.orders, 1);
    finish(&l, MODBUS_OK, WRITE);
    finish(&l, MODBUS_OK, "");
    assert_int_equal(l.rtu.serial.count.our_messages, 2);
    assert_int_equal(l.rtu.serial.count.no_answers, 1);
    print_message("  81 the same after a read in between\n");
    line_parks(&l);
    hear(&l, LOOK);
    pass(&l, GAP);
    l.len = 0;
    hear(&l, WRITE);
    pass(&l, 50000);
    assert_int_equal(l.p.orders, 1);
    finish(&l, MODBUS_OK, WRITE);
}

static void a_broadcast_parks(void **state)
{
    struct line l;

    (void)state;
    print_message("  106 a broadcast is handed over and never answered\n");
    line_init(&l, 0);
    l.p.later = true;
    hear(&l, "00 06 00 01 00 55 19 E4");
    pass(&l, 50000);
    assert_int_equal(l.parked, 1);
    assert_int_equal(l.p.orders, 1);
    finish(&l, MODBUS_OK, "");
    assert_int_equal(l.p.fixture.holding[1], 0x55);
    assert_int_equal(l.rtu.serial.count.no_answers, 1);
    assert_int_equal(l.rtu.serial.count.exceptions, 0);
    print_message("  106 nor when control refuses, but counted\n");
    hear(&l, "00 06 00 01 00 55 19 E4");
    pass(&l, 50000);
    finish(&l, MODBUS_BUSY, "");
    assert_int_equal(l.rtu.serial.count.exceptions, 1);
    print_message("  108 without leave for broadcasts nothing is handed over\n");
    l.rtu.broadcast_writes = false;
    hear(&l, "00 06 00 01 00 55 19 E4");
    pass(&l, 50000);
    assert_int_equal(l.p.orders, 2);
}

static void nothing_is_parked(void **state)
{
    struct line l;

    (void)state;
    print_message("  an answer to nothing\n");
    line_init(&l, 0);
    finish(&l, MODBUS_OK, "");
    hear(&l, LOOK);
    pass(&l, GAP);
    l.len = 0;
    finish(&l, MODBUS_OK, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_engine),
        cmocka_unit_test(why_not),
        cmocka_unit_test(what_is_wrong_is_not_handed_over),
        cmocka_unit_test(a_read_that_fails_after_the_write),
        cmocka_unit_test(over_mbap),
        cmocka_unit_test(over_an_rtu_stream),
        cmocka_unit_test(over_a_line),
        cmocka_unit_test(over_a_line_after_all),
        cmocka_unit_test(a_second_write_meanwhile),
        cmocka_unit_test(the_same_write_again),
        cmocka_unit_test(a_broadcast_parks),
        cmocka_unit_test(nothing_is_parked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
