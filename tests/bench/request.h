/* A read request over Modbus TCP, and every check of its answer. */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { REQUEST_LEN = 12, ANSWER_MAX = 260 };

struct request {
    uint8_t unit, function; /* 3 or 4 */
    uint16_t address, registers;
};

enum fault {
    ANSWER_RIGHT,
    WRONG_ID,
    WRONG_PROTOCOL,
    WRONG_LENGTH,
    WRONG_UNIT,
    WRONG_FUNCTION,
    WRONG_COUNT,
    EXCEPTION,
    FAULTS
};
static const char *const fault_name[FAULTS] = {"right",        "wrong_id",   "wrong_protocol",
                                               "wrong_length", "wrong_unit", "wrong_function",
                                               "wrong_count",  "exceptions"};

static inline unsigned word_at(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static inline void request_put(const struct request *r, uint16_t id, uint8_t out[REQUEST_LEN])
{
    const uint8_t adu[REQUEST_LEN] = {(uint8_t)(id >> 8),
                                      (uint8_t)id,
                                      0,
                                      0,
                                      0,
                                      6,
                                      r->unit,
                                      r->function,
                                      (uint8_t)(r->address >> 8),
                                      (uint8_t)r->address,
                                      (uint8_t)(r->registers >> 8),
                                      (uint8_t)r->registers};

    memcpy(out, adu, sizeof(adu));
}

/* How long the answer at p is: 0 when that cannot be told yet, -1 when it can be none. */
static inline int answer_length(const uint8_t *p, size_t have)
{
    unsigned length;

    if (have < 6)
        return 0;
    length = word_at(p + 4);
    return length < 3 || length > 254 ? -1 : (int)(6 + length);
}

static inline enum fault answer_check(const struct request *r, uint16_t id, const uint8_t *p)
{
    unsigned length = word_at(p + 4);

    if (word_at(p) != id)
        return WRONG_ID;
    if (word_at(p + 2) != 0)
        return WRONG_PROTOCOL;
    if (p[6] != r->unit)
        return WRONG_UNIT;
    if (p[7] == (r->function | 0x80) && length == 3)
        return EXCEPTION;
    if (p[7] != r->function)
        return WRONG_FUNCTION;
    if (length != 3u + 2u * r->registers)
        return WRONG_LENGTH;
    return p[8] == 2 * r->registers ? ANSWER_RIGHT : WRONG_COUNT;
}

#endif
