/* Any bytes are a connection that speaks RTU: a byte of options, then segments of a length byte and
 * what came. Options: 1 each segment gets a good checksum, 2 writers answer later, 4 control
 * refuses, 8 cluster units. A segment of nothing: what is held is late.
 *
 * No more than a frame is ever held; answers are whole frames of the unit that was asked, one for
 * each request, and what they say was written was written once. After all that, and what is held
 * declared late, a good request is answered, unless there was too much garbage. */
#include "modbus/rtu_stream.h"
#include "need.h"

struct life {
    struct rtu_stream in;
    struct parking p;
    struct fixture cluster;
    struct modbus_map map, more;
    struct modbus_units units;
    bool seal, refuse, closed;
    unsigned done, answers;
};

static void answer(struct life *l, const struct mbap_adu *adu)
{
    uint8_t out[RTU_ADU_MAX];
    size_t len = rtu_stream_answer(&l->units, &fixture_who, adu, out);

    need((len == MODBUS_PARKED) == l->p.out);
    if (len == MODBUS_PARKED) {
        parking_carry_out(&l->p, !l->refuse);
        len = rtu_stream_finish(&l->units, adu, l->refuse ? MODBUS_BUSY : MODBUS_OK, out);
    }
    need(len >= 5 && len <= RTU_ADU_MAX && rtu_good(out, len) && out[0] == adu->unit);
    need_answer(adu->pdu[0], out + 1, len - 3);
    if (modbus_writes(out[1]))
        l->done++;
    l->answers++;
    need(l->p.fixture.writes + l->cluster.writes == l->done);
}

static void serve(struct life *l)
{
    enum mbap_got got;
    struct mbap_adu adu;

    while ((got = rtu_stream_next(&l->in, &l->units, &adu)) == MBAP_ADU)
        answer(l, &adu);
    l->closed = got == MBAP_CLOSE;
}

static void feed(struct life *l, const uint8_t *data, size_t n)
{
    while (n && !l->closed) {
        size_t room, take;
        uint8_t *space = rtu_stream_space(&l->in, &room);

        need(room && room <= RTU_ADU_MAX);
        take = n < room ? n : room;
        memcpy(space, data, take);
        rtu_stream_fed(&l->in, take);
        data += take;
        n -= take;
        serve(l);
    }
}

static void segment(struct life *l, const uint8_t *data, size_t n)
{
    uint8_t bytes[256];

    memcpy(bytes, data, n);
    if (l->seal && n >= RTU_ADU_MIN)
        rtu_seal(bytes[0], bytes, n - 3);
    feed(l, bytes, n);
    if (n || l->closed)
        return;
    rtu_stream_late(&l->in);
    serve(l);
    need(l->closed || !rtu_stream_partial(&l->in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t good[] = {5, 3, 0, 0, 0, 1, 0x85, 0x8E};
    static struct life l;
    unsigned before;

    if (size < 1)
        return 0;
    memset(&l, 0, sizeof(l));
    l.map = parking_map(&l.p);
    l.more = fixture_map(&l.cluster);
    l.p.later = data[0] & 2;
    l.units = (struct modbus_units){.unit = 5, .hub = &l.map, .more = &l.more};
    l.units.first = data[0] & 8 ? 11 : 0;
    l.units.n_more = data[0] & 8 ? 1 : 0;
    l.seal = data[0] & 1;
    l.refuse = data[0] & 4;
    for (data++, size--; size && !l.closed;) {
        size_t n = data[0];

        data++;
        size--;
        n = n < size ? n : size;
        segment(&l, data, n);
        data += n;
        size -= n;
    }
    segment(&l, data, 0);
    before = l.answers;
    feed(&l, good, sizeof(good));
    need(l.closed || l.answers == before + 1);
    return 0;
}
