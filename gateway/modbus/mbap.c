#include "modbus/mbap.h"

#include <string.h>

uint8_t *mbap_space(struct mbap *m, size_t *room)
{
    if (m->at) {
        memmove(m->buf, m->buf + m->at, (size_t)(m->end - m->at));
        m->end = (uint16_t)(m->end - m->at);
        m->at = 0;
    }
    *room = sizeof(m->buf) - m->end;
    return m->buf + m->end;
}

void mbap_fed(struct mbap *m, size_t n)
{
    m->end = (uint16_t)(m->end + n);
}

bool mbap_partial(const struct mbap *m)
{
    return m->at != m->end;
}

enum mbap_got mbap_next(struct mbap *m, struct mbap_adu *out)
{
    while (m->end - m->at >= 6) {
        const uint8_t *p = m->buf + m->at;
        unsigned protocol = (unsigned)p[2] << 8 | p[3];
        unsigned length = (unsigned)p[4] << 8 | p[5];

        if (length < 2 || length > 1 + MODBUS_PDU_MAX)
            return MBAP_CLOSE;
        if ((unsigned)(m->end - m->at) < 6 + length)
            return MBAP_MORE;
        m->at = (uint16_t)(m->at + 6 + length);
        if (protocol != 0) {
            m->foreign++;
            continue;
        }
        out->transaction = (uint16_t)(p[0] << 8 | p[1]);
        out->unit = p[6];
        out->pdu = p + MBAP_HEAD;
        out->len = length - 1;
        return MBAP_ADU;
    }
    return MBAP_MORE;
}

/* Puts the head before an answer of len bytes. */
static size_t head(const struct mbap_adu *adu, size_t len, uint8_t *out)
{
    if (!len || len == MODBUS_PARKED)
        return len;
    out[0] = (uint8_t)(adu->transaction >> 8);
    out[1] = (uint8_t)adu->transaction;
    out[2] = out[3] = out[4] = 0; /* 1 + MODBUS_PDU_MAX needs no high byte */
    out[5] = (uint8_t)(len + 1);
    out[6] = adu->unit;
    return MBAP_HEAD + len;
}

size_t mbap_answer(const struct modbus_units *units, const struct modbus_who *who,
                   const struct mbap_adu *adu, uint8_t *out)
{
    const struct modbus_map *map = modbus_unit(units, adu->unit, true);
    size_t len = 0;

    if (map)
        len = modbus_answer(map, who, adu->pdu, adu->len, out + MBAP_HEAD);
    else if (adu->pdu[0] < 0x80)
        len = modbus_refuse(adu->pdu[0], MODBUS_NO_TARGET, out + MBAP_HEAD);
    return head(adu, len, out);
}

size_t mbap_finish(const struct modbus_units *units, const struct mbap_adu *adu,
                   enum modbus_exception why, uint8_t *out)
{
    const struct modbus_map *map = modbus_unit(units, adu->unit, true);

    return head(adu, modbus_finish(map, adu->pdu, adu->len, why, out + MBAP_HEAD), out);
}
