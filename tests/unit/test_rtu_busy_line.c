/* A line at 115200 Bd with other people on it: 10,000 requests to us, and before each of them stray
 * bytes, halves of frames, or requests and replies of others, with a gap of 3.5 characters before
 * the request or without. All are answered, each once.
 *
 * What is promised: a request is found when it ends what was sent (a gap follows), not more than
 * 256 bytes lie between the last gap and its end, and those before it do not happen to make one
 * good frame together with it. The checksum says so by chance once in 65536 times; over a hundred
 * seeds 7 of a million requests were lost, and the two seeds here have none. */
#include "check.h"

#include "told_line.h"

#define CHAR_US 96u /* 11 bits at 115200 Bd are 95.5 us */
#define GAP_US 1750u
#define REQUESTS 10000

static uint32_t seed;

static uint32_t below(uint32_t n) /* Marsaglia's xorshift */
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

/* Portions: a USB adapter hands over what came within 16 ms at once, a UART byte by byte. */
struct wire {
    struct line *line;
    bool portions;
    uint8_t held[2000];
    size_t n;
};

static void hand_over(struct wire *w)
{
    for (size_t at = 0; at < w->n; at += 64) /* a USB packet */
        rtu_feed(&w->line->rtu, w->line->now, w->held + at, w->n - at < 64 ? w->n - at : 64);
    w->n = 0;
}

static void put(struct wire *w, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pass(w->line, CHAR_US);
        if (w->portions) {
            assert_true(w->n < sizeof(w->held));
            w->held[w->n++] = bytes[i];
        } else {
            rtu_feed(&w->line->rtu, w->line->now, bytes + i, 1);
        }
    }
}

static void maybe_gap(struct wire *w)
{
    if (!below(2))
        return;
    if (w->portions && below(2))
        hand_over(w);
    pass(w->line, GAP_US + below(3 * GAP_US));
}

static size_t some_frame(uint8_t address, bool reply, uint8_t *adu)
{
    unsigned n = 1 + below(20), function = 1 + below(2) * 2 + below(2); /* 1 to 4 */

    if (!reply) {
        const uint8_t pdu[] = {(uint8_t)function, 0, (uint8_t)below(180), 0, (uint8_t)n};

        memcpy(adu + 1, pdu, sizeof(pdu));
        return rtu_seal(address, adu, sizeof(pdu));
    }
    adu[1] = (uint8_t)function;
    adu[2] = (uint8_t)(2 * n);
    for (unsigned i = 0; i < 2 * n; i++)
        adu[3 + i] = (uint8_t)below(256);
    return rtu_seal(address, adu, 2 + 2 * n);
}

/* A write of somebody else whose data are a write to us: to be seen, and left alone. */
static size_t a_trap(uint8_t *adu)
{
    static const uint8_t pdu[] = {0x10, 0, 0, 0, 4, 8, 5, 6, 0, 1, 0, 0x55, 0x19, 0xB1};

    memcpy(adu + 1, pdu, sizeof(pdu));
    return rtu_seal(6, adu, sizeof(pdu));
}

static void stray(struct wire *w)
{
    uint8_t adu[RTU_ADU_MAX];
    size_t n = 1 + below(20);

    switch (below(7)) {
    case 0: /* line noise, or the zero of a driver that lets go of the line */
        for (size_t i = 0; i < n; i++)
            adu[i] = (uint8_t)below(256);
        put(w, adu, n);
        break;
    case 1:
        put(w, (const uint8_t[]){0}, 1);
        break;
    case 2: /* half a request to us */
        n = some_frame(5, false, adu);
        put(w, adu, 1 + below((uint32_t)n - 1));
        break;
    case 3: /* half a reply of somebody else */
        n = some_frame(6, true, adu);
        put(w, adu, 1 + below((uint32_t)n - 1));
        break;
    case 4: /* the tail of one: we have just been plugged in */
        n = some_frame(6, true, adu);
        put(w, adu + 1 + n / 2, n - 1 - n / 2);
        break;
    case 5: /* somebody else is asked and answers */
        put(w, adu, some_frame(6, false, adu));
        maybe_gap(w);
        put(w, adu, some_frame(6, true, adu));
        break;
    default:
        put(w, adu, a_trap(adu));
        break;
    }
}

static size_t the_request(unsigned i, uint8_t *adu, uint8_t *answer, size_t *answer_len)
{
    uint8_t at = (uint8_t)below(200), value = (uint8_t)i;

    if (below(2)) {
        memcpy(adu + 1, (const uint8_t[]){6, 0, at, 0x10, value}, 5);
        memcpy(answer + 1, adu + 1, 5);
        *answer_len = rtu_seal(5, answer, 5);
    } else {
        memcpy(adu + 1, (const uint8_t[]){4, 0, at, 0, 1}, 5);
        memcpy(answer + 1, (const uint8_t[]){4, 2, 0x20, at}, 4);
        *answer_len = rtu_seal(5, answer, 4);
    }
    return rtu_seal(5, adu, 5);
}

static void live(bool portions, mono_us silence_us)
{
    static struct line l;
    struct wire w = {.line = &l, .portions = portions};
    unsigned writes = 0;

    line_init(&l, silence_us);
    rtu_init(&l.rtu, 115200, silence_us);
    for (unsigned i = 0; i < REQUESTS; i++) {
        uint8_t adu[RTU_ADU_MAX], answer[RTU_ADU_MAX];
        size_t n, answer_len;

        for (uint32_t k = below(3); k; k--) {
            stray(&w);
            maybe_gap(&w);
        }
        n = the_request(i, adu, answer, &answer_len);
        writes += adu[1] == 6;
        put(&w, adu, n);
        hand_over(&w);
        l.len = 0;
        /* to the end of our answer, and to where no echo is waited for any more */
        pass(&l, GAP_US + 2 * l.rtu.silence_us + answer_len * CHAR_US + 1);
        if (l.len != answer_len || memcmp(l.out, answer, answer_len) != 0)
            fail_msg("request %u of %d was lost", i, REQUESTS);
        assert_int_equal(l.p.fixture.writes, writes);
    }
    print_message("  %u frames, %u broken ones\n", l.rtu.serial.count.bus_messages,
                  l.rtu.serial.count.bus_errors);
}

static void on_a_uart(void **state)
{
    (void)state;
    seed = 0x2545F491;
    print_message("  99, 100, 102 10,000 requests, byte by byte, none lost\n");
    live(false, 0);
}

static void on_a_usb_adapter(void **state)
{
    (void)state;
    seed = 0x9E3779B9;
    print_message("  99, 100, 102 10,000 requests, in portions, none lost\n");
    live(true, 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_uart),
        cmocka_unit_test(on_a_usb_adapter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
