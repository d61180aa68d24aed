/* How requests come in a connection: Modbus TCP, or RTU frames as serial-to-Ethernet boxes send
 * them. One set of calls for both, with the contracts of modbus/mbap.h and modbus/rtu_stream.h. */
#ifndef IO_TCP_STREAM_H
#define IO_TCP_STREAM_H

#include "modbus/mbap.h"
#include "modbus/rtu_stream.h"

#define STREAM_ADU_MAX MBAP_ADU_MAX /* an RTU frame is shorter */

struct tcp_stream {
    bool rtu;
    union {
        struct mbap mbap;
        struct rtu_stream frames;
    };
};

static inline uint8_t *stream_space(struct tcp_stream *s, size_t *room)
{
    return s->rtu ? rtu_stream_space(&s->frames, room) : mbap_space(&s->mbap, room);
}

static inline void stream_fed(struct tcp_stream *s, size_t n)
{
    if (s->rtu)
        rtu_stream_fed(&s->frames, n);
    else
        mbap_fed(&s->mbap, n);
}

static inline enum mbap_got stream_next(struct tcp_stream *s, const struct modbus_units *units,
                                        struct mbap_adu *out)
{
    return s->rtu ? rtu_stream_next(&s->frames, units, out) : mbap_next(&s->mbap, out);
}

static inline bool stream_partial(const struct tcp_stream *s)
{
    return s->rtu ? rtu_stream_partial(&s->frames) : mbap_partial(&s->mbap);
}

static inline size_t stream_answer(const struct tcp_stream *s, const struct modbus_units *units,
                                   const struct modbus_who *who, const struct mbap_adu *adu,
                                   uint8_t *out)
{
    return s->rtu ? rtu_stream_answer(units, who, adu, out) : mbap_answer(units, who, adu, out);
}

static inline size_t stream_finish(const struct tcp_stream *s, const struct modbus_units *units,
                                   const struct mbap_adu *adu, enum modbus_exception why,
                                   uint8_t *out)
{
    return s->rtu ? rtu_stream_finish(units, adu, why, out) : mbap_finish(units, adu, why, out);
}

/* What an answer says. */
static inline enum modbus_exception stream_exception(const struct tcp_stream *s,
                                                     const uint8_t *answer)
{
    const uint8_t *pdu = answer + (s->rtu ? 1 : MBAP_HEAD);

    return pdu[0] & 0x80 ? (enum modbus_exception)pdu[1] : MODBUS_OK;
}

/* How many requests were for others since it was asked last. */
static inline unsigned stream_foreign(struct tcp_stream *s)
{
    uint16_t *foreign = s->rtu ? &s->frames.foreign : &s->mbap.foreign;
    unsigned n = *foreign;

    *foreign = 0;
    return n;
}

#endif
