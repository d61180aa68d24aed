/* The Modbus engine: a request in, an answer out. No sockets, no clocks, no allocation.
 *
 * Checks come in the order of the state diagrams of the Modbus Application Protocol
 * V1.1b3: function (01), quantity, byte count and value (03), address (02), execution (04). What
 * is behind the addresses is a struct modbus_map: the gateway's image, or a test map. */
#ifndef MODBUS_PDU_H
#define MODBUS_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODBUS_PDU_MAX 253
#define MODBUS_OBJECTS 7      /* 0..2 are the basic ones, 3..6 the regular ones */
#define MODBUS_OBJECT_MAX 244 /* 253 less the head of the answer and of the object */

enum modbus_exception {
    MODBUS_OK = 0,
    MODBUS_ILLEGAL_FUNCTION = 1,
    MODBUS_ILLEGAL_ADDRESS = 2,
    MODBUS_ILLEGAL_VALUE = 3,
    MODBUS_DEVICE_FAILURE = 4,
    MODBUS_BUSY = 6,
    MODBUS_NO_ROUTE = 0x0A,
    MODBUS_NO_TARGET = 0x0B,
};

enum modbus_table { MODBUS_HOLDING, MODBUS_INPUT };

/* n bits to out, the first in bit 0 of out[0]; spare bits are zero. */
typedef enum modbus_exception modbus_bit_reader(void *ctx, uint16_t addr, unsigned n, uint8_t *out);

/* What a server serves. Each function returns MODBUS_OK or an exception code and is only
 * called with n >= 1 and addr + n <= 65536. A NULL function: every request for it is answered
 * with exception 01. Writes are all or nothing. */
struct modbus_map {
    /* n words in network byte order to out. */
    enum modbus_exception (*read_words)(void *ctx, enum modbus_table table, uint16_t addr,
                                        unsigned n, uint8_t *out);
    modbus_bit_reader *read_coils, *read_discrete;
    enum modbus_exception (*write_words)(void *ctx, uint16_t addr, unsigned n,
                                         const uint8_t *words);
    /* Bits come as they are read, but what is in their spare bits is the client's. */
    enum modbus_exception (*write_bits)(void *ctx, uint16_t addr, unsigned n, const uint8_t *bits);
    /* The MODBUS_OBJECTS texts of device identification: vendor, product code, revision, url,
     * product name, model, user application name. NULL, or longer than MODBUS_OBJECT_MAX: object
     * not there. NULL array: function 43 is exception 01. */
    const char *const *identity;
    void *ctx;
};

/* Answers a request PDU of len bytes into out[MODBUS_PDU_MAX]. Returns the length of the
 * answer, or 0 when there is none (no byte at all, or a function code of 0x80 and more, which
 * could only be answered by what looks like a normal reply). */
size_t modbus_answer(const struct modbus_map *map, const uint8_t *pdu, size_t len, uint8_t *out);

/* Whether a request of this function code can have this length. True for functions the engine
 * does not know. A serial line asks, because a reply on the bus carries an address too. */
bool modbus_fits(const uint8_t *pdu, size_t len);

/* Whether a broadcast may carry this function code: one that writes and reads nothing. */
bool modbus_broadcast(uint8_t function);

/* The exception answer to a request with this function code, into out[2]; returns 2. */
size_t modbus_refuse(uint8_t function, enum modbus_exception why, uint8_t *out);

#endif
