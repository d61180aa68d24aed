/* Any bytes are the life of a line: a byte of options, then portions of a length byte, a time byte
 * (100 us each) and what came. Options: 1 9600 Bd, 2 USB, 4 portions with an even time get a good
 * checksum, 8 writers answer later, 16 it may be silenced, 32 it may not write, 64 cluster units. A
 * portion of nothing is control's answer: an even time carries out, an odd one refuses.
 *
 * Answers are whole frames of an address of ours; a write is carried out as often as control says,
 * and while one is out none is answered as done. After all that and a silence, a good request is
 * answered. */
#include "modbus/rtu.h"
#include "need.h"

struct life {
    struct rtu r;
    struct parking p;
    struct fixture cluster;
    struct modbus_map map, more;
    struct modbus_units units;
    struct modbus_who who;
    mono_us now;
    uint8_t out[RTU_ADU_MAX];
    size_t last; /* the length of the last answer */
    unsigned parked, carried_out;
    bool seal;
};

static void take(struct life *l, size_t len)
{
    need(!!l->r.parked_len == l->p.out);
    if (len == MODBUS_PARKED) {
        l->parked++;
        need(l->p.later && l->p.out && l->p.orders <= l->parked);
        return;
    }
    if (!len)
        return;
    need(rtu_good(l->out, len) && modbus_unit(&l->units, l->out[0], false));
    need_answer(l->out[1] & 0x7F, l->out + 1, len - 3);
    need(!l->p.out || l->out[0] != 5 || !modbus_writes(l->out[1]));
    l->last = len;
}

static void pass(struct life *l, mono_us us)
{
    mono_us end = l->now + us;

    l->last = 0;
    while (rtu_deadline(&l->r) <= end) {
        mono_us at = rtu_deadline(&l->r);

        take(l, rtu_answer(&l->r, at, &l->units, &l->who, l->out));
        need(rtu_deadline(&l->r) != at); /* a loop that waits for it would spin */
    }
    l->now = end;
    if (l->p.later)
        need(l->p.fixture.writes == l->carried_out);
}

static void control(struct life *l, bool do_it)
{
    enum modbus_exception why = do_it ? MODBUS_OK : MODBUS_BUSY;

    if (!l->p.out) {
        need(!rtu_finish(&l->r, l->now, &l->units, why, l->out));
        return;
    }
    parking_carry_out(&l->p, do_it);
    l->carried_out += do_it;
    take(l, rtu_finish(&l->r, l->now, &l->units, why, l->out));
    need(!rtu_finish(&l->r, l->now, &l->units, why, l->out));
}

static void begin(struct life *l, uint8_t options)
{
    memset(l, 0, sizeof(*l));
    l->map = parking_map(&l->p);
    l->more = fixture_map(&l->cluster);
    l->p.later = options & 8;
    l->units = (struct modbus_units){.unit = 5, .hub = &l->map, .more = &l->more};
    l->units.first = options & 64 ? 11 : 0;
    l->units.n_more = options & 64 ? 1 : 0;
    l->who.may_write = !(options & 32);
    l->now = 1000000;
    l->seal = options & 4;
    rtu_init(&l->r, options & 1 ? 9600 : 115200, options & 2 ? 20000 : 0);
    l->r.may_silence = options & 16;
    l->r.broadcast_writes = true;
}

static void portion(struct life *l, uint8_t time, const uint8_t *data, size_t n)
{
    uint8_t bytes[256];

    memcpy(bytes, data, n);
    if (l->seal && time % 2 == 0 && n >= RTU_ADU_MIN)
        rtu_seal(bytes[0], bytes, n - 3);
    rtu_feed(&l->r, l->now, bytes, n);
    if (!n)
        control(l, time % 2 == 0);
    pass(l, time * 100u);
}

static void a_good_request_is_answered(struct life *l)
{
    static const uint8_t restart[] = {5, 8, 0, 1, 0, 0, 0xB0, 0x4F};
    static const uint8_t good[] = {5, 3, 0, 0, 0, 1, 0x85, 0x8E};

    pass(l, 50000);
    control(l, true);
    pass(l, 50000);
    if (l->r.serial.listen_only) {
        rtu_feed(&l->r, l->now, restart, sizeof(restart));
        pass(l, 50000);
        need(!l->last && !l->r.serial.listen_only);
    }
    rtu_feed(&l->r, l->now, good, sizeof(good));
    pass(l, 50000);
    need(l->last == 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct life l;

    if (size < 1)
        return 0;
    begin(&l, data[0]);
    for (data++, size--; size >= 2;) {
        uint8_t time = data[1];
        size_t n = data[0];

        data += 2;
        size -= 2;
        n = n < size ? n : size;
        portion(&l, time, data, n);
        data += n;
        size -= n;
    }
    a_good_request_is_answered(&l);
    return 0;
}
