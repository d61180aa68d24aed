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
    /* From a writer only: handed over, the answer comes later (modbus_finish). */
    MODBUS_LATER = 0x100,
};

/* What modbus_answer returns in place of a length for a request that waits for its answer. */
#define MODBUS_PARKED ((size_t)-1)

/* Who asks, and what its listener lets it do. */
struct modbus_who {
    bool may_write; /* else all that writes is a function that is not there: exception 01 */
    bool broadcast; /* no answer will go out, whatever the writer says */
    void *client;   /* handed through to the map's writers: their own */
};

enum modbus_table { MODBUS_HOLDING, MODBUS_INPUT };

/* n bits to out, the first in bit 0 of out[0]; spare bits are zero. */
typedef enum modbus_exception modbus_bit_reader(void *ctx, uint16_t addr, unsigned n, uint8_t *out);

/* What a server serves. Each function returns MODBUS_OK or an exception code and is only
 * called with n >= 1 and addr + n <= 65536. A NULL function: every request for it is answered
 * with exception 01. Writes are all or nothing, and may answer MODBUS_LATER. */
struct modbus_map {
    /* n words in network byte order to out. */
    enum modbus_exception (*read_words)(void *ctx, enum modbus_table table, uint16_t addr,
                                        unsigned n, uint8_t *out);
    modbus_bit_reader *read_coils, *read_discrete;
    enum modbus_exception (*write_words)(void *ctx, const struct modbus_who *who, uint16_t addr,
                                         unsigned n, const uint8_t *words);
    /* Bits come as they are read, but what is in their spare bits is the client's. */
    enum modbus_exception (*write_bits)(void *ctx, const struct modbus_who *who, uint16_t addr,
                                        unsigned n, const uint8_t *bits);
    /* The MODBUS_OBJECTS texts of device identification: vendor, product code, revision, url,
     * product name, model, user application name. NULL, or longer than MODBUS_OBJECT_MAX: object
     * not there. NULL array: function 43 is exception 01. */
    const char *const *identity;
    void *ctx;
};

/* Answers a request PDU of len bytes into out[MODBUS_PDU_MAX]. Returns the length of the
 * answer, or 0 when there is none (no byte at all, or a function code of 0x80 and more, which
 * could only be answered by what looks like a normal reply), or MODBUS_PARKED: keep the request,
 * and give it to modbus_finish when the writer's answer is there. Until then give the engine no
 * other of the same client that writes.
 *
 * The functions of serial lines (7, 8, 11, 12, 17) are not there (01): they are about a line, and
 * modbus/serial.h answers them on one. */
size_t modbus_answer(const struct modbus_map *map, const struct modbus_who *who, const uint8_t *pdu,
                     size_t len, uint8_t *out);

/* The answer to a request that was parked: what was written is now in force (MODBUS_OK), or why
 * not (an exception, never MODBUS_LATER). Nothing is written here. What function 23 reads is read
 * now; when it cannot be read any more that is exception 04, as the write is done. */
size_t modbus_finish(const struct modbus_map *map, const uint8_t *pdu, size_t len,
                     enum modbus_exception why, uint8_t *out);

/* The units of one gateway: what is behind a unit id. The hub is `unit`; cluster n is first + n - 1
 * for n up to n_more, when n_more is not 0. */
struct modbus_units {
    uint8_t unit, first, n_more;
    const struct modbus_map *hub, *more;
};

/* The map of a unit id, or NULL. On TCP 0 and 255 are the hub too; on a line 0 is a broadcast and
 * the caller's affair, and 248 to 255 are nobody's. */
const struct modbus_map *modbus_unit(const struct modbus_units *units, uint8_t id, bool tcp);

/* Whether a request of this function code can have this length. True for functions the engine
 * does not know. A serial line asks, because a reply on the bus carries an address too. */
bool modbus_fits(const uint8_t *pdu, size_t len);

/* Whether this function code writes anything. */
bool modbus_writes(uint8_t function);

/* Whether a broadcast may carry this function code: one that writes and reads nothing. */
bool modbus_broadcast(uint8_t function);

/* The exception answer to a request with this function code, into out[2]; returns 2. */
size_t modbus_refuse(uint8_t function, enum modbus_exception why, uint8_t *out);

#endif
