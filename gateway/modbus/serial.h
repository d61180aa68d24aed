/* What a slave tells about its own serial line: functions 7, 8, 11, 12 and 17, and the counters
 * and the log behind them. One struct per line; the registers come from the map.
 *
 * Source: MODBUS Application Protocol V1.1b3, pages 20 to 28 and 31, 32; MODBUS over Serial Line
 * V1.02, pages 35 to 37. */
#ifndef MODBUS_SERIAL_H
#define MODBUS_SERIAL_H

#include "modbus/pdu.h"

#define SERIAL_LOG_MAX 64

/* As sub-functions 11 to 18 of function 8 tell them; they wrap. */
struct rtu_counters {
    uint16_t bus_messages; /* frames with a good CRC, to anyone */
    uint16_t bus_errors;   /* bad CRC, or shorter than four bytes */
    uint16_t exceptions;   /* exceptions we made, also for broadcasts */
    uint16_t our_messages; /* frames to us or to all */
    uint16_t no_answers;   /* of those, the ones left without an answer */
    uint16_t naks;         /* always 0: for programming commands, which we do not have */
    uint16_t busy;         /* exceptions 06 */
    uint16_t overruns;     /* frames over 256 bytes */
};

/* One line. All zero is one that has just been started. */
struct serial {
    struct rtu_counters count; /* may be read */
    /* Owned by serial.c. */
    uint16_t diagnostic;         /* bit 0: there was an overrun */
    uint16_t events;             /* requests carried out, save function 11 */
    uint8_t log[SERIAL_LOG_MAX]; /* a ring; newest before log_at */
    uint8_t log_at, log_len;
    bool listen_only;
    uint8_t after; /* what the request under way does once it is answered */
};

/* Something has come that is no frame: a bad checksum or too short, or (overrun) too long. */
void serial_damaged(struct serial *s, bool overrun);

/* A request to us has come. Before it is carried out, and once for each serial_done. */
void serial_heard(struct serial *s, bool broadcast);

/* Whether nothing may be carried out now: the line only listens, and this is not the restart that
 * ends it. */
bool serial_deaf(const struct serial *s, const uint8_t *pdu, size_t len);

/* Whether a function is one of those this file answers. */
bool serial_serves(uint8_t function);

/* Answers one of them into out[MODBUS_PDU_MAX]; returns the length. may_silence: function 8 may
 * restart the line and make it listen only, else these two are exception 01. busy: an order is
 * out. Function 7 tells the map's first eight discrete inputs, function 17 its product name (or
 * product code); a map that has none: 01. */
size_t serial_answer(struct serial *s, const struct modbus_map *map, bool may_silence, bool busy,
                     const uint8_t *pdu, size_t len, uint8_t *out);

/* A request has been dealt with, n bytes of answer (0: it was not carried out): counts, and does
 * what was put off until after the answer. Returns how many bytes to send, n or 0. */
size_t serial_done(struct serial *s, bool broadcast, const uint8_t *answer, size_t n);

#endif
