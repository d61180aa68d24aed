/* The fixture map with a control thread behind it: writers hand over and answer later. */
#ifndef TESTS_PARKING_MAP_H
#define TESTS_PARKING_MAP_H

#include "fixture_map.h"

struct parking {
    struct fixture fixture; /* what is published: changes only in parking_carry_out */
    bool later;             /* else the writers answer at once */
    unsigned orders;        /* handed over so far */
    bool out;               /* one is under way */
    struct {
        bool bits;
        uint16_t addr;
        unsigned n;
        uint8_t data[MODBUS_PDU_MAX];
    } order;
};

/* One order at a time: a second one is a bug of who lets it come. */
static enum modbus_exception parking_take(struct parking *p, bool bits, uint16_t addr, unsigned n,
                                          const uint8_t *data)
{
    if (!fixture_has(addr, n, bits ? FIXTURE_BITS : FIXTURE_WORDS))
        return MODBUS_ILLEGAL_ADDRESS;
    if (p->out)
        abort();
    p->orders++;
    p->out = true;
    p->order.bits = bits;
    p->order.addr = addr;
    p->order.n = n;
    memcpy(p->order.data, data, bits ? (n + 7) / 8 : 2 * n);
    return MODBUS_LATER;
}

static enum modbus_exception parking_write_words(void *ctx, const struct modbus_who *who,
                                                 uint16_t addr, unsigned n, const uint8_t *words)
{
    struct parking *p = ctx;

    return p->later ? parking_take(p, false, addr, n, words)
                    : fixture_write_words(&p->fixture, who, addr, n, words);
}

static enum modbus_exception parking_write_bits(void *ctx, const struct modbus_who *who,
                                                uint16_t addr, unsigned n, const uint8_t *bits)
{
    struct parking *p = ctx;

    return p->later ? parking_take(p, true, addr, n, bits)
                    : fixture_write_bits(&p->fixture, who, addr, n, bits);
}

/* Control carries the order out, or (do_it false) refuses it. */
static inline void parking_carry_out(struct parking *p, bool do_it)
{
    if (!p->out)
        abort();
    p->out = false;
    if (!do_it)
        return;
    if (p->order.bits)
        fixture_write_bits(&p->fixture, NULL, p->order.addr, p->order.n, p->order.data);
    else
        fixture_write_words(&p->fixture, NULL, p->order.addr, p->order.n, p->order.data);
}

static struct modbus_map parking_map(struct parking *p)
{
    struct modbus_map map = fixture_map(&p->fixture);

    p->later = true;
    p->out = false;
    p->orders = 0;
    map.write_words = parking_write_words;
    map.write_bits = parking_write_bits;
    map.ctx = p; /* begins with the fixture: the readers take it for one */
    return map;
}

#endif
