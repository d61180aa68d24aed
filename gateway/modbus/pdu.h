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

enum modbus_table { MODBUS_HOLDING, MODBUS_INPUT, MODBUS_COILS, MODBUS_DISCRETE };

/* What a server serves. Each function returns MODBUS_OK or an exception code and is only
 * called with n >= 1 and addr + n <= 65536. A NULL function: every request for it is answered
 * with exception 01. Writes are all or nothing. */
struct modbus_map {
    /* n words in network byte order to out. */
    enum modbus_exception (*read_words)(void *ctx, enum modbus_table table, uint16_t addr,
                                        unsigned n, uint8_t *out);
    /* n bits, the first in bit 0 of out[0]; spare bits are zero. */
    enum modbus_exception (*read_bits)(void *ctx, enum modbus_table table, uint16_t addr,
                                       unsigned n, uint8_t *out);
    enum modbus_exception (*write_words)(void *ctx, uint16_t addr, unsigned n,
                                         const uint8_t *words);
    enum modbus_exception (*write_bits)(void *ctx, uint16_t addr, unsigned n, const uint8_t *bits);
    /* Objects 0..6 of device identification: vendor, product, revision, url, product name, model,
     * user application name. NULL: object not there. NULL array: function 43 is exception 01. */
    const char *const *identity;
    void *ctx;
};

/* Answers a request PDU of len bytes into out[MODBUS_PDU_MAX]. Returns the length of the
 * answer, or 0 when there is none (a function code of 0x80 and more). */
size_t modbus_answer(const struct modbus_map *map, const uint8_t *pdu, size_t len, uint8_t *out);

#endif
