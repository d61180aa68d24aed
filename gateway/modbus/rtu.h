/* Modbus RTU on a shared serial line: bytes and time in, answers out.
 *
 *     AA PDU... CCcc     A address, C CRC-16, low byte first
 *
 * Length and checksum make a frame; silence only discards. After 3.5 characters without a byte
 * what has come is judged, and a request to us is answered at that moment, never before:
 *
 *   1. All that has come is one good frame, or good frames one behind the other: a USB adapter
 *      hands over a reply of somebody else and the next request in one portion. The last of them
 *      counts.
 *   2. Else what has come since the last gap is: before it lies a remnant.
 *   3. Else, once the line has been silent for `silence` (3.5 characters again, or longer, because
 *      USB adapters hand over bytes in portions up to 16 ms apart), the earliest place is looked
 *      for from which all the rest is good frames. Stray bytes and halves of frames before a
 *      request do it no harm, with a gap or without; bytes behind it do. Inside a good frame of
 *      somebody else nothing is looked for.
 *
 * What is left is discarded. More than 256 bytes without a gap are not looked through: they may be
 * good frames one behind the other, and nothing else. Two requests to us without a gap between them
 * are none. The echo of our own answer is passed over. The 1.5-character rule inside a frame is not
 * enforced, because of the same adapters.
 *
 * Source: MODBUS over Serial Line V1.02, pages 7 to 15. */
#ifndef MODBUS_RTU_FRAMER_H
#define MODBUS_RTU_FRAMER_H

#include "base/mono.h"
#include "modbus/rtu_frame.h"
#include "modbus/serial.h"

/* One line. The fields are the framer's own; serial.count may be read. */
struct rtu {
    /* Set after rtu_init: whether broadcasts may write, and whether function 8 may restart the
     * line or make it listen only. Both also need who->may_write. */
    bool broadcast_writes, may_silence;
    mono_us char_us, gap_us, silence_us;
    uint8_t buf[2 * RTU_ADU_MAX]; /* a reply of somebody else, and the next request behind it */
    size_t len, mark;             /* mark: where the bytes since the last gap begin */
    bool overrun, judged;
    mono_us first, last; /* when the first and the last byte came */
    uint8_t sent[RTU_ADU_MAX];
    size_t sent_len; /* 0: no echo can come */
    mono_us echo_until;
    uint8_t parked[RTU_ADU_MAX]; /* a request whose order is out */
    size_t parked_len;           /* 0: none */
    bool given_up;               /* its master has sent something else since */
    struct serial serial;
};

/* The silence between frames: 3.5 characters of 11 bits, 1750 us above 19200 Bd. */
mono_us rtu_gap(unsigned baud);

/* A line at rest, counters 0. silence_us below the gap means the gap. A line with a request
 * parked: let go of its order first. */
void rtu_init(struct rtu *r, unsigned baud, mono_us silence_us);

/* Takes bytes that came now. Only stores. */
void rtu_feed(struct rtu *r, mono_us now, const uint8_t *bytes, size_t n);

/* Judges what has come when it is time, and carries a request to one of the units out; a broadcast
 * goes to the hub. Returns the length of the answer to send now in out[RTU_ADU_MAX], or 0, or
 * MODBUS_PARKED: an order is out, and rtu_finish gives the answer (none to a broadcast). Feed
 * first what is there to be read: a silence is one only when nothing was waiting. who is the line:
 * what it may write; of a broadcast the framer tells the writers itself.
 *
 * While an order is out other requests are answered, because a master that asks has given up
 * waiting; but what writes gets exception 06, and the map is not asked. The same request again is
 * parked again in place of the first and not carried out twice. */
size_t rtu_answer(struct rtu *r, mono_us now, const struct modbus_units *units,
                  const struct modbus_who *who, uint8_t *out);

/* The answer to the request that was parked, into out[RTU_ADU_MAX]. 0 when somebody has spoken on
 * the line since, or speaks now: the master has given up waiting. */
size_t rtu_finish(struct rtu *r, mono_us now, const struct modbus_units *units,
                  enum modbus_exception why, uint8_t *out);

/* When rtu_answer has something to do, or MONO_NEVER. */
mono_us rtu_deadline(const struct rtu *r);

#endif
