/* Modbus RTU frames in a TCP stream, as serial-to-Ethernet boxes send them: no time, no gaps.
 *
 *     AA PDU... CCcc     as on a line (modbus/rtu.h)
 *
 * A frame ends where its function says that a request (or a reply, of others on the same bus)
 * ends, and its CRC decides; for functions of unknown length every end that has come is tried.
 * What is no frame is dropped byte by byte until one begins. Only a request whose data are still
 * on their way is waited for: what looks like a frame inside them is none.
 *
 * The calls are those of modbus/mbap.h, so that a connection can have the one or the other. */
#ifndef MODBUS_RTU_STREAM_H
#define MODBUS_RTU_STREAM_H

#include "modbus/mbap.h"
#include "modbus/rtu.h"

/* Bytes in a row that are no frame: the peer does not speak Modbus RTU. */
#define RTU_STREAM_GARBAGE 1024

/* The input of one connection. All zero is an empty one. */
struct rtu_stream {
    uint8_t buf[RTU_ADU_MAX];
    uint16_t at, end; /* what is not taken yet */
    uint16_t late;    /* the bytes before this one are not waited for any more */
    uint16_t garbage; /* dropped since the last good frame */
    uint16_t foreign; /* good frames that are no requests to us; wraps */
};

/* As mbap_space and mbap_fed. *room is at least 1 after rtu_stream_next has returned MBAP_MORE. */
uint8_t *rtu_stream_space(struct rtu_stream *s, size_t *room);
void rtu_stream_fed(struct rtu_stream *s, size_t n);

/* Takes the next request to one of the units; its transaction is 0. All other frames are passed
 * over, broadcasts too: a connection has no others to reach. MBAP_CLOSE: more than
 * RTU_STREAM_GARBAGE bytes in a row were no frame. */
enum mbap_got rtu_stream_next(struct rtu_stream *s, const struct modbus_units *units,
                              struct mbap_adu *out);

/* Whether bytes are held. After MBAP_MORE: the beginning of a frame, or garbage that could be one.
 * Unlike a half MBAP request they are no reason to close: a bus leaves stray bytes behind every
 * frame. When the rest has not come in time, call rtu_stream_late and then rtu_stream_next, which
 * finds the requests that lie in what is held and drops all else. */
bool rtu_stream_partial(const struct rtu_stream *s);
void rtu_stream_late(struct rtu_stream *s);

/* As mbap_answer and mbap_finish, into out[RTU_ADU_MAX]. who->broadcast is not looked at; the
 * functions of serial lines (7, 8, 11, 12, 17) are exception 01 as on TCP. */
size_t rtu_stream_answer(const struct modbus_units *units, const struct modbus_who *who,
                         const struct mbap_adu *adu, uint8_t *out);
size_t rtu_stream_finish(const struct modbus_units *units, const struct mbap_adu *adu,
                         enum modbus_exception why, uint8_t *out);

#endif
