#include "modbus/rtu_frame.h"

static unsigned crc_step(unsigned crc, uint8_t byte)
{
    /* what four bits shifted out leave behind */
    static const uint16_t nibble[16] = {0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00,
                                        0x2800, 0xE401, 0xA001, 0x6C00, 0x7800, 0xB401,
                                        0x5000, 0x9C01, 0x8801, 0x4400};

    crc ^= byte;
    crc = crc >> 4 ^ nibble[crc & 15];
    return crc >> 4 ^ nibble[crc & 15];
}

uint16_t rtu_crc(const uint8_t *bytes, size_t n)
{
    unsigned crc = 0xFFFF;

    for (size_t i = 0; i < n; i++)
        crc = crc_step(crc, bytes[i]);
    return (uint16_t)crc;
}

bool rtu_good(const uint8_t *adu, size_t len)
{
    return len >= RTU_ADU_MIN && len <= RTU_ADU_MAX && rtu_crc(adu, len) == 0;
}

size_t rtu_frame(const uint8_t *bytes, size_t have)
{
    size_t n;

    if (have < RTU_ADU_MIN || bytes[0] > RTU_ADDRESS_MAX)
        return 0;
    n = shape_request(bytes + 1, have - 1);
    if (n != SHAPE_MORE && n != SHAPE_OPEN && n + 3 <= have && rtu_good(bytes, n + 3))
        return n + 3;
    n = shape_reply(bytes + 1, have - 1);
    if (n != SHAPE_MORE && n != SHAPE_OPEN && n + 3 <= have && rtu_good(bytes, n + 3))
        return n + 3;
    return 0;
}

size_t rtu_open_frame(const uint8_t *bytes, size_t have)
{
    unsigned crc = 0xFFFF;

    if (have < RTU_ADU_MIN || bytes[0] > RTU_ADDRESS_MAX || bytes[1] >= 0x80 ||
        shape_request(bytes + 1, have - 1) != SHAPE_OPEN)
        return 0;
    for (size_t i = 0; i < have && i < RTU_ADU_MAX; i++) {
        crc = crc_step(crc, bytes[i]);
        if (i + 1 >= RTU_ADU_MIN && crc == 0)
            return i + 1;
    }
    return 0;
}

size_t rtu_seal(uint8_t address, uint8_t *adu, size_t n)
{
    uint16_t crc;

    adu[0] = address;
    crc = rtu_crc(adu, n + 1);
    adu[n + 1] = (uint8_t)crc;
    adu[n + 2] = (uint8_t)(crc >> 8);
    return n + 3;
}
