#include "modbus/shape.h"

enum { MEI = 0x2B, MEI_DEVICE_ID = 14 };

/* A length, plus what the byte at `counted` says (0: nothing). Length 0: not known. */
struct length {
    uint8_t length, counted;
};

static struct length request(uint8_t code)
{
    switch (code) {
    case 0x07: /* the four of the serial line are their function code */
    case 0x0B:
    case 0x0C:
    case 0x11:
        return (struct length){1, 0};
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x05:
    case 0x06:
        return (struct length){5, 0};
    case 0x0F:
    case 0x10:
        return (struct length){6, 5};
    case 0x16:
        return (struct length){7, 0};
    case 0x17:
        return (struct length){10, 9};
    default:
        return (struct length){0, 0};
    }
}

static struct length reply(uint8_t code)
{
    switch (code) {
    case 0x01: /* a byte count and as many bytes */
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x0C:
    case 0x11:
    case 0x17:
        return (struct length){2, 1};
    case 0x07:
        return (struct length){2, 0};
    case 0x05:
    case 0x06:
    case 0x0B:
    case 0x0F:
    case 0x10:
        return (struct length){5, 0};
    case 0x16:
        return (struct length){7, 0};
    default:
        return (struct length){code >= 0x80 ? 2 : 0, 0};
    }
}

static size_t length(struct length l, const uint8_t *pdu, size_t have)
{
    if (!l.length)
        return SHAPE_OPEN;
    if (!l.counted)
        return l.length;
    return have > l.counted ? (size_t)l.length + pdu[l.counted] : SHAPE_MORE;
}

size_t shape_request(const uint8_t *pdu, size_t have)
{
    if (pdu[0] != MEI)
        return length(request(pdu[0]), pdu, have);
    if (have < 2)
        return SHAPE_MORE;
    return pdu[1] == MEI_DEVICE_ID ? 4 : SHAPE_OPEN;
}

size_t shape_reply(const uint8_t *pdu, size_t have)
{
    return length(reply(pdu[0]), pdu, have);
}

bool shape_has_data(const uint8_t *pdu, size_t have)
{
    unsigned n;

    if (pdu[0] == 0x17)
        return have > 9 && !pdu[7] && pdu[8] && pdu[9] == 2u * pdu[8];
    if ((pdu[0] != 0x0F && pdu[0] != 0x10) || have < 6)
        return false;
    n = (unsigned)pdu[3] << 8 | pdu[4];
    return pdu[5] && pdu[5] == (pdu[0] == 0x10 ? 2 * n : (n + 7) / 8);
}
