#include "modbus/rtu.h"

#include <string.h>

enum { BITS_PER_CHAR = 11, ADU_MIN = 4 };

uint16_t rtu_crc(const uint8_t *bytes, size_t n)
{
    unsigned crc = 0xFFFF;

    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    return (uint16_t)crc;
}

mono_us rtu_gap(unsigned baud)
{
    return baud > 19200 ? 1750 : (35u * BITS_PER_CHAR * 100000u + baud - 1) / baud;
}

void rtu_init(struct rtu *r, uint8_t address, unsigned baud, mono_us silence_us)
{
    memset(r, 0, sizeof(*r));
    r->address = address;
    r->char_us = (BITS_PER_CHAR * 1000000u + baud - 1) / baud;
    r->gap_us = rtu_gap(baud);
    r->silence_us = mono_max(silence_us, r->gap_us);
}

static void forget(struct rtu *r)
{
    r->len = r->mark = 0;
    r->overrun = r->judged = false;
}

static void count_lost(struct rtu *r)
{
    if (r->overrun)
        r->count.overruns++;
    else
        r->count.bus_errors++;
}

/* Lets go of what lies before the last gap, to make room for a frame that may be good. */
static void drop_before_mark(struct rtu *r)
{
    memmove(r->buf, r->buf + r->mark, r->len - r->mark);
    r->len -= r->mark;
    r->mark = 0;
    r->count.bus_errors++;
}

void rtu_feed(struct rtu *r, mono_us now, const uint8_t *bytes, size_t n)
{
    if (!n)
        return;
    if (!r->len)
        r->first = now;
    else if (mono_since(now, r->last) >= r->gap_us)
        r->mark = r->len;
    r->judged = false;
    r->last = now;
    if (r->len + n > sizeof(r->buf) && r->mark)
        drop_before_mark(r);
    if (r->len + n > sizeof(r->buf)) {
        r->overrun = true;
        n = sizeof(r->buf) - r->len;
    }
    memcpy(r->buf + r->len, bytes, n);
    r->len += n;
}

static bool good(const uint8_t *adu, size_t len)
{
    return len >= ADU_MIN && rtu_crc(adu, len - 2) == (adu[len - 2] | adu[len - 1] << 8);
}

/* What a two-wire converter hears of our own answer. The reply to a single write is the request
 * again and would be carried out for ever; others that fit no request are refused by length. */
static bool own_echo(struct rtu *r, const uint8_t *adu, size_t len)
{
    bool same = r->sent_len == len && r->first <= r->echo_until && !memcmp(adu, r->sent, len);

    r->sent_len = 0;
    return same;
}

static void count_exception(struct rtu *r, const uint8_t *pdu, size_t len)
{
    if (len != 2 || pdu[0] < 0x80)
        return;
    r->count.exceptions++;
    if (pdu[1] == MODBUS_BUSY)
        r->count.busy++;
}

/* Puts address and CRC around an answer of n bytes. */
static size_t seal(const struct rtu *r, size_t n, uint8_t *out)
{
    uint16_t crc;

    out[0] = r->address;
    crc = rtu_crc(out, n + 1);
    out[n + 1] = (uint8_t)crc;
    out[n + 2] = (uint8_t)(crc >> 8);
    return n + 3;
}

/* A frame with a good CRC. Returns the length of the answer. */
static size_t frame(struct rtu *r, const struct modbus_units *units, const struct modbus_who *who,
                    const uint8_t *adu, size_t len, uint8_t *out)
{
    const struct modbus_map *map = units->hub;
    struct modbus_who here = *who;
    bool all = adu[0] == RTU_BROADCAST;
    const uint8_t *pdu = adu + 1;
    size_t n = 0;

    if (own_echo(r, adu, len))
        return 0;
    r->count.bus_messages++;
    if (!all && adu[0] != r->address)
        return 0;
    r->count.our_messages++;
    here.broadcast = all;
    here.may_write = who->may_write && (!all || r->broadcast_writes);
    if (modbus_fits(pdu, len - 3) && (!all || modbus_broadcast(pdu[0])))
        n = modbus_answer(map, &here, pdu, len - 3, out + 1);
    if (n == MODBUS_PARKED) {
        memcpy(r->parked, adu, len);
        r->parked_len = len;
        return MODBUS_PARKED;
    }
    count_exception(r, out + 1, n);
    if (all || !n) {
        r->count.no_answers++;
        return 0;
    }
    return seal(r, n, out);
}

/* Keeps what was sent until its echo could be back. */
static void remember(struct rtu *r, mono_us now, const uint8_t *adu, size_t len)
{
    memcpy(r->sent, adu, len);
    r->sent_len = len;
    r->echo_until = now + len * r->char_us + r->silence_us;
}

/* After a gap: the whole, or else what came since the gap before, may be a frame. */
static size_t judge(struct rtu *r, mono_us now, const struct modbus_units *units,
                    const struct modbus_who *who, uint8_t *out)
{
    const uint8_t *adu = r->buf;
    size_t len = r->len;

    r->judged = true;
    if (r->overrun)
        return 0;
    if (!good(adu, len) && r->mark) {
        adu += r->mark;
        len -= r->mark;
    }
    if (!good(adu, len))
        return 0;
    if (adu != r->buf)
        r->count.bus_errors++; /* the remnant before it */
    len = frame(r, units, who, adu, len, out);
    forget(r);
    if (len && len != MODBUS_PARKED)
        remember(r, now, out, len);
    return len;
}

size_t rtu_answer(struct rtu *r, mono_us now, const struct modbus_units *units,
                  const struct modbus_who *who, uint8_t *out)
{
    size_t len = 0;

    if (!r->len || now < r->last + r->gap_us)
        return 0;
    if (!r->judged)
        len = judge(r, now, units, who, out);
    if (r->len && now >= r->last + r->silence_us) {
        count_lost(r);
        forget(r);
    }
    return len;
}

size_t rtu_finish(struct rtu *r, mono_us now, const struct modbus_units *units,
                  enum modbus_exception why, uint8_t *out)
{
    size_t n, len = r->parked_len;

    r->parked_len = 0;
    if (!len || r->parked[0] == RTU_BROADCAST || r->len)
        return 0;
    n = modbus_finish(units->hub, r->parked + 1, len - 3, why, out + 1);
    count_exception(r, out + 1, n);
    n = seal(r, n, out);
    remember(r, now, out, n);
    return n;
}

mono_us rtu_deadline(const struct rtu *r)
{
    if (!r->len)
        return MONO_NEVER;
    return r->last + (r->judged ? r->silence_us : r->gap_us);
}
