/* Any bytes are the life of a line: portions of a length byte, a time byte (100 us each) and what
 * came. After it and a silence, a good request is answered, whatever came before. */
#include <stdint.h>
#include <stdlib.h>

#include "../fixture_map.h"
#include "modbus/rtu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mono_us now;

/* Returns the length of the last answer. */
static size_t pass(struct rtu *r, const struct modbus_map *map, mono_us us, uint8_t *out)
{
    mono_us end = now + us;
    size_t last = 0;

    while (rtu_deadline(r) <= end) {
        mono_us at = rtu_deadline(r);
        size_t len =
            rtu_answer(r, at, &(struct modbus_units){.unit = 5, .hub = map}, &fixture_who, out);

        if (len && (len < 5 || len > RTU_ADU_MAX || out[0] != 5 ||
                    rtu_crc(out, len - 2) != (out[len - 2] | out[len - 1] << 8)))
            abort();
        if (rtu_deadline(r) == at)
            abort(); /* a loop that waits for it would spin */
        last = len ? len : last;
    }
    now = end;
    return last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t good[] = {5, 3, 0, 0, 0, 1, 0x85, 0x8E};
    struct fixture f;
    struct modbus_map map = fixture_map(&f);
    uint8_t out[RTU_ADU_MAX];
    struct rtu r;

    now = 1000000;
    if (size < 1)
        return 0;
    rtu_init(&r, data[0] & 1 ? 9600 : 115200, data[0] & 2 ? 20000 : 0);
    for (data++, size--; size >= 2;) {
        size_t n = data[0];
        mono_us us = data[1] * 100u;

        data += 2;
        size -= 2;
        n = n < size ? n : size;
        rtu_feed(&r, now, data, n);
        data += n;
        size -= n;
        pass(&r, &map, us, out);
    }
    pass(&r, &map, 50000, out);
    rtu_feed(&r, now, good, sizeof(good));
    if (pass(&r, &map, 50000, out) != 7)
        abort();
    return 0;
}
