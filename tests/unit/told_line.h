/* A serial line in told time: the fixture map (writers that park, when told so) at address 5 and
 * 19200 Bd, where 3.5 characters are 2006 us. */
#ifndef TESTS_TOLD_LINE_H
#define TESTS_TOLD_LINE_H

#include "../parking_map.h"
#include "hex.h"
#include "modbus/rtu.h"

#define GAP 2006u
#define GOOD "05 03 00 00 00 01 85 8E"
#define GOOD_ANSWER "05 03 02 10 00 44 44"
#define LOOK "05 03 00 01 00 01 D4 4E"
#define LOOK_ANSWER "05 03 02 10 01 85 84"

struct line {
    struct rtu rtu;
    struct parking p;
    struct modbus_map map;
    struct modbus_units units;
    struct modbus_who who;
    mono_us now, answered_at;
    uint8_t out[600]; /* all that was sent */
    size_t len;
    unsigned parked; /* how often */
};

static inline void line_init(struct line *l, mono_us silence_us)
{
    memset(l, 0, sizeof(*l));
    l->map = parking_map(&l->p);
    l->p.later = false;
    l->units = (struct modbus_units){.unit = 5, .hub = &l->map};
    l->who.may_write = true;
    l->now = 1000000;
    rtu_init(&l->rtu, 19200, silence_us);
    l->rtu.broadcast_writes = true;
}

/* Lets time pass; the framer is asked exactly when it wants to be. */
static inline void pass(struct line *l, mono_us us)
{
    mono_us end = l->now + us;

    while (rtu_deadline(&l->rtu) <= end) {
        size_t n;

        assert_true(l->len + RTU_ADU_MAX <= sizeof(l->out));
        l->now = mono_max(l->now, rtu_deadline(&l->rtu));
        n = rtu_answer(&l->rtu, l->now, &l->units, &l->who, l->out + l->len);
        if (n == MODBUS_PARKED) {
            l->parked++;
            continue;
        }
        if (n)
            l->answered_at = l->now;
        l->len += n;
    }
    l->now = end;
}

static inline void hear(struct line *l, const char *hex)
{
    uint8_t bytes[RTU_ADU_MAX];

    rtu_feed(&l->rtu, l->now, bytes, hex_bytes(hex, bytes, sizeof(bytes)));
}

#endif
