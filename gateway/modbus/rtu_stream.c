#include "modbus/rtu_stream.h"

#include <string.h>

uint8_t *rtu_stream_space(struct rtu_stream *s, size_t *room)
{
    if (s->at) {
        memmove(s->buf, s->buf + s->at, (size_t)(s->end - s->at));
        s->end = (uint16_t)(s->end - s->at);
        s->late = (uint16_t)(s->late > s->at ? s->late - s->at : 0);
        s->at = 0;
    }
    *room = sizeof(s->buf) - s->end;
    return s->buf + s->end;
}

void rtu_stream_fed(struct rtu_stream *s, size_t n)
{
    s->end = (uint16_t)(s->end + n);
}

bool rtu_stream_partial(const struct rtu_stream *s)
{
    return s->at != s->end;
}

void rtu_stream_late(struct rtu_stream *s)
{
    s->late = s->end;
}

static bool has_code(const uint8_t *p, size_t have)
{
    return have >= 2 && p[0] <= RTU_ADDRESS_MAX && p[1] < 0x80;
}

/* Whether a PDU of this length is not all there yet. */
static bool unfinished(size_t len, size_t have)
{
    return len == SHAPE_MORE || (len != SHAPE_OPEN && len + 3 > have && len + 3 <= RTU_ADU_MAX);
}

/* Whether these bytes may be the beginning of a frame. */
static bool may_begin(const uint8_t *p, size_t have)
{
    if (p[0] > RTU_ADDRESS_MAX || have < 2)
        return p[0] <= RTU_ADDRESS_MAX;
    if (has_code(p, have) && shape_request(p + 1, have - 1) == SHAPE_OPEN)
        return have < RTU_ADU_MAX;
    return unfinished(shape_reply(p + 1, have - 1), have) ||
           (has_code(p, have) && unfinished(shape_request(p + 1, have - 1), have));
}

/* Whether they are a request whose data are on their way. */
static bool has_data_to_come(const uint8_t *p, size_t have)
{
    return has_code(p, have) && shape_has_data(p + 1, have - 1) &&
           unfinished(shape_request(p + 1, have - 1), have);
}

/* Without its checksum. */
static bool is_request(const struct modbus_units *units, const uint8_t *adu, size_t len)
{
    return len >= RTU_ADU_MIN && has_code(adu, len) && modbus_unit(units, adu[0], false) &&
           modbus_fits(adu + 1, len - 3);
}

/* How far behind the first byte, which is waited for, another frame begins. 0: there is none, or it
 * lies in the data of a request that is not complete. */
static size_t ahead(const struct rtu_stream *s, const struct modbus_units *units)
{
    for (size_t i = (size_t)s->at + 1; i < s->end; i++) {
        const uint8_t *p = s->buf + i;
        size_t have = s->end - i;

        if (rtu_frame(p, have) || (is_request(units, p, have) && rtu_good(p, have)))
            return i - s->at;
        if (has_data_to_come(p, have))
            return 0;
    }
    return 0;
}

static size_t frame(const uint8_t *p, size_t have)
{
    size_t n = rtu_frame(p, have);

    return n ? n : rtu_open_frame(p, have);
}

/* How many of the first bytes are no frame and never will be. 0: wait for the rest. */
static size_t stray(const struct rtu_stream *s, const struct modbus_units *units)
{
    const uint8_t *p = s->buf + s->at;
    size_t have = (size_t)(s->end - s->at);

    if (s->at < s->late || !may_begin(p, have))
        return 1;
    return has_data_to_come(p, have) ? 0 : ahead(s, units);
}

enum mbap_got rtu_stream_next(struct rtu_stream *s, const struct modbus_units *units,
                              struct mbap_adu *out)
{
    while (s->at < s->end) {
        const uint8_t *p = s->buf + s->at;
        size_t len = frame(p, (size_t)(s->end - s->at)), skip = len ? 0 : stray(s, units);

        if (!len && !skip)
            return MBAP_MORE;
        s->at = (uint16_t)(s->at + len + skip);
        s->garbage = (uint16_t)(len ? 0 : s->garbage + skip);
        if (s->garbage > RTU_STREAM_GARBAGE)
            return MBAP_CLOSE;
        if (len && is_request(units, p, len)) {
            *out = (struct mbap_adu){.unit = p[0], .pdu = p + 1, .len = len - 3};
            return MBAP_ADU;
        }
        s->foreign = (uint16_t)(s->foreign + (len > 0));
    }
    return MBAP_MORE;
}

static size_t seal(const struct mbap_adu *adu, size_t len, uint8_t *out)
{
    return len && len != MODBUS_PARKED ? rtu_seal(adu->unit, out, len) : len;
}

size_t rtu_stream_answer(const struct modbus_units *units, const struct modbus_who *who,
                         const struct mbap_adu *adu, uint8_t *out)
{
    const struct modbus_map *map = modbus_unit(units, adu->unit, false);

    return seal(adu, modbus_answer(map, who, adu->pdu, adu->len, out + 1), out);
}

size_t rtu_stream_finish(const struct modbus_units *units, const struct mbap_adu *adu,
                         enum modbus_exception why, uint8_t *out)
{
    const struct modbus_map *map = modbus_unit(units, adu->unit, false);

    return seal(adu, modbus_finish(map, adu->pdu, adu->len, why, out + 1), out);
}
