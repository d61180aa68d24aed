/* Any bytes are a request. The answer belongs to it: its function code or that plus 0x80, a
 * length that the function can have, nothing written by what was refused. */
#include <stdint.h>
#include <stdlib.h>

#include "../fixture_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool so)
{
    if (!so)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fixture f;
    struct modbus_map map = fixture_map(&f);
    uint8_t out[MODBUS_PDU_MAX];
    size_t len;

    if (size > MODBUS_PDU_MAX)
        size = MODBUS_PDU_MAX;
    len = modbus_answer(&map, &fixture_who, data, size, out);
    need(len <= MODBUS_PDU_MAX);
    need((len == 0) == (size == 0 || data[0] >= 0x80));
    if (!len)
        return 0;
    need((out[0] & 0x7F) == data[0]);
    if (out[0] & 0x80) {
        need(len == 2 && out[1] >= 1 && out[1] <= 4 && f.writes == 0);
        return 0;
    }
    need(modbus_fits(data, size) && f.writes <= 1);
    if (data[0] <= 4 || data[0] == 0x17)
        need(len == 2u + out[1]);
    return 0;
}
