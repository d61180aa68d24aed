/* Any bytes are a connection: first byte of the input chooses how it is cut into segments. Writers
 * answer later when the transaction is odd, and control refuses when it is 3 more than a multiple
 * of
 * 4. However it is cut, the answers are the same; they are whole ADUs whose length field is right,
 * one for each request, and what they say was written was written once. */
#include "modbus/mbap.h"
#include "need.h"

struct sum {
    size_t bytes, answers;
    uint32_t hash;
    unsigned done; /* writes that were answered as carried out */
    bool closed;
};

static void hash(struct sum *sum, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum->hash = (sum->hash ^ bytes[i]) * 16777619u;
}

static void take(struct sum *sum, const struct mbap_adu *adu, const uint8_t *out, size_t len)
{
    if (!len) {
        need(adu->pdu[0] >= 0x80);
        return;
    }
    need(len >= 9 && len <= MBAP_ADU_MAX && !out[2] && !out[3]);
    need(6u + out[4] * 256u + out[5] == len);
    need((out[0] << 8 | out[1]) == adu->transaction && out[6] == adu->unit);
    need_answer(adu->pdu[0], out + MBAP_HEAD, len - MBAP_HEAD);
    if (modbus_writes(out[MBAP_HEAD])) /* not with 0x80 */
        sum->done++;
    sum->answers++;
    sum->bytes += len;
    hash(sum, out, len);
}

static void answer(struct parking *p, const struct modbus_units *units, const struct mbap_adu *adu,
                   struct sum *sum)
{
    bool do_it = (adu->transaction & 3) != 3;
    uint8_t out[MBAP_ADU_MAX];
    size_t len;

    p->later = adu->transaction & 1;
    len = mbap_answer(units, &fixture_who, adu, out);
    need((len == MODBUS_PARKED) == p->out);
    if (len == MODBUS_PARKED) {
        parking_carry_out(p, do_it);
        len = mbap_finish(units, adu, do_it ? MODBUS_OK : MODBUS_BUSY, out);
    }
    take(sum, adu, out, len);
    need(p->fixture.writes == sum->done);
}

static struct sum play(const uint8_t *data, size_t size, size_t segment)
{
    struct parking p;
    struct modbus_map map = parking_map(&p);
    const struct modbus_units units = {.unit = 1, .hub = &map};
    struct mbap in = {0};
    struct sum sum = {.hash = 2166136261u};

    while (size && !sum.closed) {
        enum mbap_got got;
        struct mbap_adu adu;
        size_t room, n;
        uint8_t *space = mbap_space(&in, &room);

        need(room);
        n = segment < room ? segment : room;
        n = n < size ? n : size;
        memcpy(space, data, n);
        mbap_fed(&in, n);
        data += n;
        size -= n;
        while ((got = mbap_next(&in, &adu)) == MBAP_ADU)
            answer(&p, &units, &adu, &sum);
        sum.closed = got == MBAP_CLOSE;
    }
    hash(&sum, (const uint8_t *)p.fixture.holding, sizeof(p.fixture.holding));
    hash(&sum, (const uint8_t *)p.fixture.coil, sizeof(p.fixture.coil));
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sum whole, cut;

    if (size < 1 || size > 4096)
        return 0;
    whole = play(data + 1, size - 1, SIZE_MAX);
    cut = play(data + 1, size - 1, 1u + data[0] % 64u);
    need(whole.bytes == cut.bytes && whole.answers == cut.answers && whole.hash == cut.hash);
    need(whole.closed == cut.closed && whole.done == cut.done);
    return 0;
}
