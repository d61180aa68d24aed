/* Modbus RTU on a shared serial line: bytes and time in, answers out.
 *
 *     AA PDU... CCcc     A address, C CRC-16 (0xA001, start 0xFFFF), low byte first
 *
 * Silence frames: after 3.5 characters without a byte what has come is judged, and if it is a
 * request to us its answer is due at that moment, never before. What is no frame then waits for
 * the rest until the line has been silent for `silence`, because USB adapters hand over bytes in
 * portions up to 16 ms apart; a good frame behind such a remnant is found all the same. The
 * 1.5-character rule inside a frame is not enforced for the same reason.
 *
 * Source: MODBUS over Serial Line V1.02, pages 7 to 15 and 35 to 37. */
#ifndef MODBUS_RTU_FRAMER_H
#define MODBUS_RTU_FRAMER_H

#include "base/mono.h"
#include "modbus/pdu.h"

#define RTU_ADU_MAX 256
#define RTU_BROADCAST 0

/* As the counters of function 8, by their sub-function; they wrap. */
struct rtu_counters {
    uint16_t bus_messages; /* 11: frames with a good CRC, to anyone */
    uint16_t bus_errors;   /* 12: bad CRC, or shorter than four bytes */
    uint16_t exceptions;   /* 13: exceptions we made, also for broadcasts */
    uint16_t our_messages; /* 14: frames to us or to all */
    uint16_t no_answers;   /* 15: of those, the ones left without an answer */
    uint16_t busy;         /* 17: exceptions 06 */
    uint16_t overruns;     /* 18: frames over 256 bytes */
};

/* One line. The fields are the framer's own; counters may be read. */
struct rtu {
    /* Set after rtu_init: whether broadcasts may write, and whether function 8 may restart the port
     * or make it listen only. Both also need who->may_write. */
    bool broadcast_writes, may_silence;
    uint8_t address;
    mono_us char_us, gap_us, silence_us;
    uint8_t buf[RTU_ADU_MAX];
    size_t len, mark; /* mark: where the bytes since the last gap begin */
    bool overrun, judged;
    mono_us last; /* when the last byte came */
    uint8_t sent[RTU_ADU_MAX];
    size_t sent_len; /* 0: no echo can come */
    mono_us echo_until, first;
    struct rtu_counters count;
    uint8_t parked[RTU_ADU_MAX]; /* a request that waits for its answer */
    size_t parked_len;           /* 0: none */
};

/* The silence between frames: 3.5 characters of 11 bits, 1750 us above 19200 Bd. */
mono_us rtu_gap(unsigned baud);

/* A line at rest. address 1..247; silence_us below the gap means the gap. */
void rtu_init(struct rtu *r, uint8_t address, unsigned baud, mono_us silence_us);

/* Takes bytes that came now. Only stores. */
void rtu_feed(struct rtu *r, mono_us now, const uint8_t *bytes, size_t n);

/* Judges what has come when it is time, and carries a request to us out. Returns the length of
 * the answer to send now in out[RTU_ADU_MAX], or 0, or MODBUS_PARKED: rtu_finish gives the answer.
 * Feed first what is there to be read: a silence is one only when nothing was waiting. who is the
 * line: what it may write; of a broadcast the framer tells the writers itself. */
size_t rtu_answer(struct rtu *r, mono_us now, const struct modbus_units *units,
                  const struct modbus_who *who, uint8_t *out);

/* The answer to the request that was parked, into out[RTU_ADU_MAX]. 0 when somebody has spoken on
 * the line since: the master has given up waiting. */
size_t rtu_finish(struct rtu *r, mono_us now, const struct modbus_units *units,
                  enum modbus_exception why, uint8_t *out);

/* When rtu_answer has something to do, or MONO_NEVER. */
mono_us rtu_deadline(const struct rtu *r);

uint16_t rtu_crc(const uint8_t *bytes, size_t n);

#endif
