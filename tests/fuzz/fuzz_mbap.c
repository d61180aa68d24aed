/* Any bytes are a connection: first byte of the input chooses how it is cut into segments. However
 * it is cut, the answers are the same; they are whole ADUs whose length field is right. */
#include <stdint.h>
#include <stdlib.h>

#include "../fixture_map.h"
#include "modbus/mbap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
    size_t bytes, answers;
    uint32_t hash;
    bool closed;
};

static void take(struct sum *sum, const uint8_t *adu, size_t len)
{
    if (!len)
        return;
    if (len < 9 || len > MBAP_ADU_MAX || adu[2] || adu[3] || 6u + adu[4] * 256u + adu[5] != len)
        abort();
    sum->answers++;
    sum->bytes += len;
    for (size_t i = 0; i < len; i++)
        sum->hash = (sum->hash ^ adu[i]) * 16777619u;
}

static struct sum play(const uint8_t *data, size_t size, size_t segment)
{
    struct fixture f;
    struct modbus_map map = fixture_map(&f);
    struct mbap in = {0};
    struct sum sum = {.hash = 2166136261u};

    while (size && !sum.closed) {
        uint8_t out[MBAP_ADU_MAX];
        enum mbap_got got;
        struct mbap_adu adu;
        size_t room, n;
        uint8_t *space = mbap_space(&in, &room);

        if (!room)
            abort();
        n = segment < room ? segment : room;
        n = n < size ? n : size;
        memcpy(space, data, n);
        mbap_fed(&in, n);
        data += n;
        size -= n;
        while ((got = mbap_next(&in, &adu)) == MBAP_ADU)
            take(&sum, out,
                 mbap_answer(&(struct modbus_units){.unit = 1, .hub = &map}, &fixture_who, &adu,
                             out));
        sum.closed = got == MBAP_CLOSE;
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sum whole, cut;

    if (size < 1 || size > 4096)
        return 0;
    whole = play(data + 1, size - 1, SIZE_MAX);
    cut = play(data + 1, size - 1, 1u + data[0] % 64u);
    if (whole.bytes != cut.bytes || whole.answers != cut.answers || whole.hash != cut.hash ||
        whole.closed != cut.closed)
        abort();
    return 0;
}
