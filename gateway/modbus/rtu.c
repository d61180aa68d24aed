#include "modbus/rtu.h"

#include <string.h>

enum { BITS_PER_CHAR = 11, TAIL_MAX = 2 };

mono_us rtu_gap(unsigned baud)
{
    return baud > 19200 ? 1750 : (35u * BITS_PER_CHAR * 100000u + baud - 1) / baud;
}

void rtu_init(struct rtu *r, unsigned baud, mono_us silence_us)
{
    memset(r, 0, sizeof(*r));
    r->char_us = (BITS_PER_CHAR * 1000000u + baud - 1) / baud;
    r->gap_us = rtu_gap(baud);
    r->silence_us = mono_max(silence_us, r->gap_us);
}

/* ---- what has come ---- */

static void forget(struct rtu *r)
{
    r->len = r->mark = 0;
    r->overrun = r->judged = false;
}

/* Lets go of the first n bytes. */
static void drop(struct rtu *r, size_t n)
{
    memmove(r->buf, r->buf + n, r->len - n);
    r->len -= n;
    r->mark = r->mark > n ? r->mark - n : 0;
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
    if (r->len + n > sizeof(r->buf) && r->mark) {
        drop(r, r->mark); /* to make room for a frame that may be good */
        serial_damaged(&r->serial, r->overrun);
        r->overrun = false;
    }
    if (r->len + n > sizeof(r->buf)) {
        r->overrun = true;
        n = sizeof(r->buf) - r->len;
    }
    memcpy(r->buf + r->len, bytes, n);
    r->len += n;
}

/* ---- whose it is ---- */

static bool to_us(const struct modbus_units *units, const uint8_t *adu)
{
    return adu[0] == RTU_BROADCAST || modbus_unit(units, adu[0], false);
}

/* Where our own answer comes back: a two-wire converter hears it. The reply to a single write is
 * the request again, and would be carried out for ever. Returns the end of it, 0: it is not there.
 */
static size_t own_echo(const struct rtu *r)
{
    if (!r->sent_len || r->overrun || r->first > r->echo_until)
        return 0;
    for (size_t at = 0; at + r->sent_len <= r->len; at++)
        if (!memcmp(r->buf + at, r->sent, r->sent_len))
            return at + r->sent_len;
    return 0;
}

static void pass_echo(struct rtu *r)
{
    size_t end = own_echo(r);

    if (!end)
        return;
    if (end > r->sent_len)
        serial_damaged(&r->serial, false);
    drop(r, end);
    r->sent_len = 0;
}

/* A run of good frames that ends with what has come. */
struct found {
    size_t begin, last; /* where the run and its last frame begin */
    unsigned frames;
    bool several; /* a request to us, and more behind it */
};

/* Whether all from `at` on is good frames. Only the last may be of a function whose length is not
 * known. */
static bool chain(const struct rtu *r, const struct modbus_units *units, size_t at,
                  struct found *out)
{
    struct found f = {.begin = at, .last = at, .frames = 1};

    while (!rtu_good(r->buf + f.last, r->len - f.last)) {
        const uint8_t *adu = r->buf + f.last;
        size_t n = rtu_frame(adu, r->len - f.last);

        if (!n)
            return false;
        f.several |= to_us(units, adu) && modbus_fits(adu + 1, n - 3);
        f.frames++;
        f.last += n;
    }
    *out = f;
    return true;
}

/* Behind stray bytes. There a frame of somebody else begins only where its function is known and
 * its length fits: a checksum that is right by chance must not hide a request. */
static bool search(const struct rtu *r, const struct modbus_units *units, struct found *out)
{
    for (size_t at = 1; at + RTU_ADU_MIN <= r->len; at++) {
        const uint8_t *adu = r->buf + at;

        if ((to_us(units, adu) || rtu_frame(adu, r->len - at)) && chain(r, units, at, out))
            return true;
    }
    return false;
}

/* More bytes without a gap than a frame has. */
static bool too_long(const struct rtu *r)
{
    return r->overrun || r->len - r->mark > RTU_ADU_MAX;
}

/* What is too long for the buffer is no frame and holds none. What is too long for a frame may be
 * good frames, when the caller was held up and saw no gap, but is not searched for others. */
static bool find(const struct rtu *r, const struct modbus_units *units, bool silent,
                 struct found *out)
{
    if (r->overrun)
        return false;
    return chain(r, units, 0, out) || (r->mark && chain(r, units, r->mark, out)) ||
           (silent && !too_long(r) && search(r, units, out));
}

/* Whether all that was found is a frame to us that is no request: a checksum is right, too, with
 * one byte of 00 behind it. */
static bool no_request(const struct rtu *r, const struct modbus_units *units, const struct found *f)
{
    const uint8_t *adu = r->buf + f->last;

    return to_us(units, adu) && !modbus_fits(adu + 1, r->len - f->last - 3);
}

/* A driver that lets go of a two-wire line leaves a byte or two behind the frame. They are too few
 * for a frame of their own. What lies behind stray bytes is not tried: it may be data of others. */
static bool find_before_tail(struct rtu *r, const struct modbus_units *units, struct found *out)
{
    size_t len = r->len;

    for (size_t tail = 1; tail <= TAIL_MAX && len >= RTU_ADU_MIN + tail; tail++) {
        r->len = len - tail;
        if (find(r, units, false, out) && to_us(units, r->buf + out->last) &&
            !no_request(r, units, out))
            return true;
    }
    r->len = len;
    return false;
}

/* The same as find. What fits no request is kept until it is silent: it may have a tail. */
static bool find_all(struct rtu *r, const struct modbus_units *units, bool silent,
                     struct found *out)
{
    bool found = find(r, units, silent, out);
    struct found shorter;

    if (too_long(r) || (found && !no_request(r, units, out)))
        return found;
    if (!silent || !find_before_tail(r, units, &shorter))
        return found && silent;
    serial_damaged(&r->serial, false);
    *out = shorter;
    return true;
}

/* ---- what is done with it ---- */

static enum modbus_exception busy(void *ctx, const struct modbus_who *who, uint16_t addr,
                                  unsigned n, const uint8_t *what)
{
    (void)ctx, (void)who, (void)addr, (void)n, (void)what;
    return MODBUS_BUSY;
}

/* While an order is out the map cannot take another one. */
static struct modbus_map map_now(const struct rtu *r, const struct modbus_map *map)
{
    struct modbus_map now = *map;

    if (r->parked_len && map->write_words)
        now.write_words = busy;
    if (r->parked_len && map->write_bits)
        now.write_bits = busy;
    return now;
}

static size_t carry_out(struct rtu *r, const struct modbus_map *map, const struct modbus_who *who,
                        const uint8_t *pdu, size_t len, uint8_t *out)
{
    struct modbus_map now = map_now(r, map);

    if (serial_deaf(&r->serial, pdu, len) || !modbus_fits(pdu, len) ||
        (who->broadcast && !modbus_broadcast(pdu[0])))
        return 0;
    if (serial_serves(pdu[0]))
        return serial_answer(&r->serial, map, r->may_silence && who->may_write, r->parked_len, pdu,
                             len, out);
    return modbus_answer(&now, who, pdu, len, out);
}

/* The PDU of an answer is in out + 1. Returns what is to be sent. */
static size_t conclude(struct rtu *r, uint8_t address, bool unheard, mono_us now, uint8_t *out,
                       size_t n)
{
    n = serial_done(&r->serial, unheard || address == RTU_BROADCAST, out + 1, n);
    if (!n)
        return 0;
    n = rtu_seal(address, out, n);
    memcpy(r->sent, out, n);
    r->sent_len = n;
    r->echo_until = now + n * r->char_us + r->silence_us;
    return n;
}

static size_t park(struct rtu *r, const uint8_t *adu, size_t len)
{
    memmove(r->parked, adu, len);
    r->parked_len = len;
    r->given_up = false;
    return MODBUS_PARKED;
}

/* A request to us or to all. */
static size_t serve(struct rtu *r, mono_us now, const struct modbus_units *units,
                    const struct modbus_who *who, const uint8_t *adu, size_t len, uint8_t *out)
{
    bool all = adu[0] == RTU_BROADCAST;
    const struct modbus_map *map = all ? units->hub : modbus_unit(units, adu[0], false);
    struct modbus_who here = *who;
    size_t n;

    serial_heard(&r->serial, all);
    if (r->parked_len == len && !memcmp(r->parked, adu, len)) {
        serial_done(&r->serial, true, out + 1, 0); /* the first one stays without an answer */
        return park(r, adu, len);
    }
    r->given_up = true;
    here.broadcast = all;
    here.may_write = who->may_write && (!all || r->broadcast_writes);
    n = carry_out(r, map, &here, adu + 1, len - 3, out + 1);
    return n == MODBUS_PARKED ? park(r, adu, len) : conclude(r, adu[0], false, now, out, n);
}

/* Returns the length of the answer. What was found is forgotten, and what lies before it. */
static size_t judge(struct rtu *r, mono_us now, const struct modbus_units *units,
                    const struct modbus_who *who, bool silent, uint8_t *out)
{
    const uint8_t *adu;
    struct found f;
    size_t len;

    r->judged = true;
    pass_echo(r);
    if (!r->len || !find_all(r, units, silent, &f))
        return 0;
    adu = r->buf + f.last;
    len = r->len - f.last;
    if (f.begin || f.several)
        serial_damaged(&r->serial, false);
    forget(r);
    r->sent_len = 0; /* only the first frame after an answer can be its echo */
    if (f.several)
        return 0;
    r->serial.count.bus_messages = (uint16_t)(r->serial.count.bus_messages + f.frames);
    if (to_us(units, adu))
        return serve(r, now, units, who, adu, len, out);
    r->given_up = true;
    return 0;
}

size_t rtu_answer(struct rtu *r, mono_us now, const struct modbus_units *units,
                  const struct modbus_who *who, uint8_t *out)
{
    bool silent = now >= r->last + r->silence_us;
    size_t len = 0;

    if (!r->len || now < r->last + r->gap_us)
        return 0;
    if (!r->judged || silent)
        len = judge(r, now, units, who, silent, out);
    if (r->len && silent) {
        serial_damaged(&r->serial, too_long(r));
        forget(r);
    }
    return len;
}

size_t rtu_finish(struct rtu *r, mono_us now, const struct modbus_units *units,
                  enum modbus_exception why, uint8_t *out)
{
    uint8_t address = r->parked[0];
    const struct modbus_map *map =
        address == RTU_BROADCAST ? units->hub : modbus_unit(units, address, false);
    size_t len = r->parked_len;

    if (!len)
        return 0;
    r->parked_len = 0;
    len = modbus_finish(map, r->parked + 1, len - 3, why, out + 1);
    return conclude(r, address, r->given_up || r->len, now, out, len);
}

mono_us rtu_deadline(const struct rtu *r)
{
    if (!r->len)
        return MONO_NEVER;
    return r->last + (r->judged ? r->silence_us : r->gap_us);
}
