/* The map of the conformance checks, for the engine's tests and for modbus_fixture:
 * holding i = 0x1000 + i, input i = 0x2000 + i (0..199); coil i set if i mod 3 = 0, discrete i set
 * if i is odd (0..1999). All of holding and coils may be written. */
#ifndef TESTS_FIXTURE_MAP_H
#define TESTS_FIXTURE_MAP_H

#include <stdlib.h>
#include <string.h>

#include "modbus/pdu.h"

#define FIXTURE_WORDS 200u
#define FIXTURE_BITS 2000u

struct fixture {
    uint16_t holding[FIXTURE_WORDS];
    uint8_t input[2 * FIXTURE_WORDS]; /* as on the wire: the bench wants a map that only copies */
    bool coil[FIXTURE_BITS];
    unsigned writes; /* how many the map has taken */
};

static const char *const fixture_identity[MODBUS_OBJECTS] = {"hubgate", "fixture", "0.1"};

/* Keeps the engine to its word: a map is never asked for nothing or past the last address. */
static bool fixture_has(uint16_t addr, unsigned n, unsigned size)
{
    if (n < 1 || addr + n > 65536u)
        abort();
    return addr + n <= size;
}

static enum modbus_exception fixture_read_words(void *ctx, enum modbus_table table, uint16_t addr,
                                                unsigned n, uint8_t *out)
{
    const struct fixture *f = ctx;

    if (!fixture_has(addr, n, FIXTURE_WORDS))
        return MODBUS_ILLEGAL_ADDRESS;
    if (table == MODBUS_INPUT) {
        memcpy(out, f->input + 2 * (size_t)addr, 2 * (size_t)n);
        return MODBUS_OK;
    }
    for (unsigned i = 0; i < n; i++) {
        *out++ = (uint8_t)(f->holding[addr + i] >> 8);
        *out++ = (uint8_t)f->holding[addr + i];
    }
    return MODBUS_OK;
}

static enum modbus_exception fixture_read_coils(void *ctx, uint16_t addr, unsigned n, uint8_t *out)
{
    const struct fixture *f = ctx;

    if (!fixture_has(addr, n, FIXTURE_BITS))
        return MODBUS_ILLEGAL_ADDRESS;
    memset(out, 0, (n + 7) / 8);
    for (unsigned i = 0; i < n; i++)
        if (f->coil[addr + i])
            out[i / 8] = (uint8_t)(out[i / 8] | 1u << i % 8);
    return MODBUS_OK;
}

static enum modbus_exception fixture_read_discrete(void *ctx, uint16_t addr, unsigned n,
                                                   uint8_t *out)
{
    (void)ctx;
    if (!fixture_has(addr, n, FIXTURE_BITS))
        return MODBUS_ILLEGAL_ADDRESS;
    memset(out, 0, (n + 7) / 8);
    for (unsigned i = 0; i < n; i++)
        if ((addr + i) % 2)
            out[i / 8] = (uint8_t)(out[i / 8] | 1u << i % 8);
    return MODBUS_OK;
}

static enum modbus_exception fixture_write_words(void *ctx, const struct modbus_who *who,
                                                 uint16_t addr, unsigned n, const uint8_t *words)
{
    struct fixture *f = ctx;

    (void)who;
    if (!fixture_has(addr, n, FIXTURE_WORDS))
        return MODBUS_ILLEGAL_ADDRESS;
    for (unsigned i = 0; i < n; i++)
        f->holding[addr + i] = (uint16_t)(words[2 * i] << 8 | words[2 * i + 1]);
    f->writes++;
    return MODBUS_OK;
}

static enum modbus_exception fixture_write_bits(void *ctx, const struct modbus_who *who,
                                                uint16_t addr, unsigned n, const uint8_t *bits)
{
    struct fixture *f = ctx;

    (void)who;
    if (!fixture_has(addr, n, FIXTURE_BITS))
        return MODBUS_ILLEGAL_ADDRESS;
    for (unsigned i = 0; i < n; i++)
        f->coil[addr + i] = bits[i / 8] >> i % 8 & 1;
    f->writes++;
    return MODBUS_OK;
}

static const struct modbus_who fixture_who = {.may_write = true};

static struct modbus_map fixture_map(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    for (unsigned i = 0; i < FIXTURE_WORDS; i++) {
        f->holding[i] = (uint16_t)(0x1000 + i);
        f->input[2 * i] = (uint8_t)((0x2000 + i) >> 8);
        f->input[2 * i + 1] = (uint8_t)i;
    }
    for (unsigned i = 0; i < FIXTURE_BITS; i++)
        f->coil[i] = i % 3 == 0;
    return (struct modbus_map){.read_words = fixture_read_words,
                               .read_coils = fixture_read_coils,
                               .read_discrete = fixture_read_discrete,
                               .write_words = fixture_write_words,
                               .write_bits = fixture_write_bits,
                               .identity = fixture_identity,
                               .ctx = f};
}

#endif
