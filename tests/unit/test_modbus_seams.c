/* Where two rules of the Modbus engine and its framers meet: found by breaking the code on purpose.
 * Bytes are by hand from the MODBUS Application Protocol V1.1b3 (pages 20, 26 to 28, 38 to 46) and
 * the Messaging on TCP/IP Implementation Guide V1.0b (page 23: units 0 and 255). */
#include "check.h"

#include "modbus/mbap.h"
#include "told_line.h"

/* ---- functions ---- */

static void which_functions_a_broadcast_may_carry(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        bool single = code == 0x05 || code == 0x06, several = code == 0x0F || code == 0x10;
        bool reads_too = code == 0x16 || code == 0x17; /* these write as well */

        assert_int_equal(modbus_broadcast((uint8_t)code), single || several);
        assert_int_equal(modbus_writes((uint8_t)code), single || several || reads_too);
    }
}

/* Function 23 is finished into another buffer than it was asked in. */
static void a_finished_answer_is_whole(void **state)
{
    static const uint8_t req[] = {0x17, 0, 5, 0, 1, 0, 5, 0, 1, 2, 0xAB, 0xCD};
    static const uint8_t answer[] = {0x17, 2, 0x10, 5};
    uint8_t out[MODBUS_PDU_MAX] = {0xEE, 0xEE, 0xEE};
    struct parking p;
    struct modbus_map map = parking_map(&p);

    (void)state;
    assert_int_equal(modbus_finish(&map, req, sizeof(req), MODBUS_OK, out), sizeof(answer));
    assert_memory_equal(out, answer, sizeof(answer));
}

/* ---- device identification ---- */

static void identify(const char *const *identity, const char *request, const char *answer)
{
    struct fixture f;
    struct modbus_map map = fixture_map(&f);
    uint8_t req[MODBUS_PDU_MAX], out[MODBUS_PDU_MAX] = {0};
    size_t len = hex_bytes(request, req, sizeof(req));

    map.identity = identity;
    assert_bytes(out, modbus_answer(&map, &fixture_who, req, len, out), answer);
}

static void objects_with_holes(void **state)
{
    const char *all[MODBUS_OBJECTS] = {"a", "b", "c", "d"}, *no_code[MODBUS_OBJECTS] = {"a"};

    (void)state;
    no_code[2] = "c";
    print_message("  92 behind the last object there is none, whatever lies in memory\n");
    identify((const char *[]){[MODBUS_OBJECTS] = "x"}, "2B 0E 04 07", "AB 02");
    print_message("  91 the first regular object alone makes the level regular\n");
    identify(all, "2B 0E 02 00", "2B 0E 02 82 00 00 04 00 01 61 01 01 62 02 01 63 03 01 64");
    print_message("  93 a basic stream from an object that is there, but not basic: from 0\n");
    identify(all, "2B 0E 01 03", "2B 0E 01 82 00 00 03 00 01 61 01 01 62 02 01 63");
    print_message("  93 from an object that is not there, among others: from 0\n");
    identify(no_code, "2B 0E 01 01", "2B 0E 01 81 00 00 02 00 01 61 02 01 63");
}

/* Head 7 and two objects of 2 + n bytes: 253 bytes hold texts of 121 together with 121. */
static void objects_fill_an_answer_to_the_last_byte(void **state)
{
    char a[122] = "", b[123] = "";
    const char *identity[MODBUS_OBJECTS] = {a, b, NULL};
    static const uint8_t req[] = {0x2B, 0x0E, 1, 0};
    uint8_t out[300];
    struct fixture f;
    struct modbus_map map = fixture_map(&f);

    (void)state;
    map.identity = identity;
    memset(a, 'a', 121);
    memset(b, 'b', 121);
    assert_int_equal(modbus_answer(&map, &fixture_who, req, sizeof(req), out), 253);
    assert_memory_equal(out, ((const uint8_t[]){0x2B, 0x0E, 1, 0x81, 0, 0, 2, 0, 121}), 9);
    memset(b, 'b', 122); /* one more does not fit, and comes next */
    assert_int_equal(modbus_answer(&map, &fixture_who, req, sizeof(req), out), 130);
    assert_memory_equal(out, ((const uint8_t[]){0x2B, 0x0E, 1, 0x81, 0xFF, 1, 1, 0, 121}), 9);
}

/* ---- Modbus TCP ---- */

/* A write that waits for control may have come by any of the three names of the hub. */
static void the_hub_is_found_again_when_it_answers(void **state)
{
    static const uint8_t ids[] = {0, 1, 255};

    (void)state;
    for (size_t i = 0; i < LEN(ids); i++) {
        struct parking p;
        struct modbus_map map = parking_map(&p);
        struct modbus_units units = {.unit = 1, .hub = &map};
        uint8_t pdu[] = {0x17, 0, 5, 0, 1, 0, 5, 0, 1, 2, 0xAB, 0xCD}, out[MBAP_ADU_MAX] = {0};
        struct mbap_adu adu = {.unit = ids[i], .pdu = pdu, .len = sizeof(pdu)};

        assert_true(mbap_answer(&units, &fixture_who, &adu, out) == MODBUS_PARKED);
        parking_carry_out(&p, true);
        assert_int_equal(mbap_finish(&units, &adu, MODBUS_OK, out), 11);
        assert_int_equal(out[6], ids[i]);
        assert_memory_equal(out + 7, ((const uint8_t[]){0x17, 2, 0xAB, 0xCD}), 4);
    }
}

static void a_foreign_unit_is_not_told_nonsense(void **state)
{
    struct fixture f;
    struct modbus_map map = fixture_map(&f);
    struct modbus_units units = {.unit = 1, .hub = &map};
    uint8_t pdu[1], out[MBAP_ADU_MAX];
    struct mbap_adu adu = {.unit = 9, .pdu = pdu, .len = 1};

    (void)state;
    pdu[0] = 0x7F; /* the last code that can be refused */
    assert_int_equal(mbap_answer(&units, &fixture_who, &adu, out), 9);
    pdu[0] = 0x80;
    assert_int_equal(mbap_answer(&units, &fixture_who, &adu, out), 0);
}

/* ---- a line ---- */

static void a_line_hears_again_after_too_much(void **state)
{
    uint8_t noise[600];
    struct line l;

    (void)state;
    line_init(&l, 0);
    memset(noise, 0xFF, sizeof(noise));
    rtu_feed(&l.rtu, l.now, noise, sizeof(noise));
    pass(&l, 50000);
    assert_int_equal(l.rtu.serial.count.overruns, 1);
    hear(&l, GOOD);
    pass(&l, GAP);
    assert_bytes(l.out, l.len, GOOD_ANSWER);
}

/* The gap behind too much is enough: it has not to be silent for the whole 20 ms. */
static void a_request_behind_too_much_and_a_gap(void **state)
{
    uint8_t noise[600];
    struct line l;

    (void)state;
    line_init(&l, 20000);
    memset(noise, 0xFF, sizeof(noise));
    rtu_feed(&l.rtu, l.now, noise, sizeof(noise));
    pass(&l, GAP);
    hear(&l, GOOD);
    pass(&l, GAP);
    assert_bytes(l.out, l.len, GOOD_ANSWER);
    assert_int_equal(l.rtu.serial.count.overruns, 1);
}

static void what_is_cleared_is_the_register_too(void **state)
{
    static const struct {
        const uint8_t pdu[5];
        uint8_t low; /* of the data that come back */
    } steps[] = {
        {{8, 0, 2, 0, 0},  1}, /* the register: there was an overrun */
        {{8, 0, 10, 0, 0}, 0},
        {{8, 0, 2, 0, 0},  0},
    };
    uint8_t noise[600] = {0xFF};
    struct line l;

    (void)state;
    line_init(&l, 0);
    rtu_feed(&l.rtu, l.now, noise, sizeof(noise));
    pass(&l, 50000);
    for (size_t i = 0; i < LEN(steps); i++) {
        uint8_t adu[RTU_ADU_MAX] = {0};

        memcpy(adu + 1, steps[i].pdu, sizeof(steps[i].pdu));
        l.len = 0;
        rtu_feed(&l.rtu, l.now, adu, rtu_seal(5, adu, sizeof(steps[i].pdu)));
        pass(&l, 50000);
        assert_int_equal(l.len, 8);
        assert_int_equal(l.out[5], steps[i].low);
    }
}

/* The echo and a stray byte, and behind a gap the next request: at the gap, not a silence later. */
static void what_lies_behind_an_echo_keeps_its_gap(void **state)
{
    struct line l;

    (void)state;
    line_init(&l, 20000);
    hear(&l, GOOD);
    pass(&l, GAP);
    assert_bytes(l.out, l.len, GOOD_ANSWER);
    l.len = 0;
    hear(&l, GOOD_ANSWER " FF");
    l.now += GAP; /* nobody looked in time */
    hear(&l, LOOK);
    pass(&l, GAP);
    assert_bytes(l.out, l.len, LOOK_ANSWER);
}

/* 250 bytes of a broken frame, a gap, a stray byte and a request: each run is shorter than a frame
 * may be, all together are not. */
static void only_bytes_without_a_gap_are_too_many(void **state)
{
    uint8_t broken[250];
    struct line l;

    (void)state;
    line_init(&l, 20000);
    memset(broken, 0xFE, sizeof(broken));
    rtu_feed(&l.rtu, l.now, broken, sizeof(broken));
    pass(&l, GAP);
    hear(&l, "FE " GOOD);
    pass(&l, 50000);
    assert_bytes(l.out, l.len, GOOD_ANSWER);
}

/* ---- the functions of a line ---- */

static enum modbus_exception eight_inputs(void *ctx, uint16_t addr, unsigned n, uint8_t *out)
{
    (void)ctx;
    out[0] = 0xA5;
    return addr == 0 && n == 8 ? MODBUS_OK : MODBUS_ILLEGAL_ADDRESS;
}

static void function_7_asks_for_eight_inputs(void **state)
{
    struct line l;
    uint8_t adu[RTU_ADU_MAX] = {0, 7};

    (void)state;
    line_init(&l, 0);
    l.map.read_discrete = eight_inputs;
    rtu_feed(&l.rtu, l.now, adu, rtu_seal(5, adu, 1));
    pass(&l, GAP);
    assert_int_equal(l.len, 5);
    assert_memory_equal(l.out, ((const uint8_t[]){5, 7, 0xA5}), 3);
}

/* 0x80 with 01 is an exception as any other: "read exception sent" in the log, newest first behind
 * the request for the log itself. */
static void function_0_is_an_exception_in_the_log(void **state)
{
    struct line l;
    uint8_t nought[RTU_ADU_MAX] = {0, 0}, log[RTU_ADU_MAX] = {0, 12};

    (void)state;
    line_init(&l, 0);
    rtu_feed(&l.rtu, l.now, nought, rtu_seal(5, nought, 1));
    pass(&l, 50000);
    l.len = 0;
    rtu_feed(&l.rtu, l.now, log, rtu_seal(5, log, 1));
    pass(&l, 50000);
    assert_int_equal(l.out[1], 12);
    assert_int_equal(l.out[9], 0x80);  /* received: this request */
    assert_int_equal(l.out[10], 0x41); /* sent: an exception 1 to 3 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_functions_a_broadcast_may_carry),
        cmocka_unit_test(a_finished_answer_is_whole),
        cmocka_unit_test(objects_with_holes),
        cmocka_unit_test(objects_fill_an_answer_to_the_last_byte),
        cmocka_unit_test(the_hub_is_found_again_when_it_answers),
        cmocka_unit_test(a_foreign_unit_is_not_told_nonsense),
        cmocka_unit_test(a_line_hears_again_after_too_much),
        cmocka_unit_test(a_request_behind_too_much_and_a_gap),
        cmocka_unit_test(what_is_cleared_is_the_register_too),
        cmocka_unit_test(what_lies_behind_an_echo_keeps_its_gap),
        cmocka_unit_test(only_bytes_without_a_gap_are_too_many),
        cmocka_unit_test(function_7_asks_for_eight_inputs),
        cmocka_unit_test(function_0_is_an_exception_in_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
