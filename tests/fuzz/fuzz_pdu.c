/* Any bytes are a request. The first one says who asks and what control does: bit 0 it may not
 * write, bit 1 the writers answer later, bit 2 control refuses. The answer belongs to the request,
 * nothing is written by what was refused, and what is parked is handed over once. */
#include "need.h"

static void need_writes(const struct parking *p, uint8_t function, const uint8_t *answer)
{
    bool done = modbus_writes(function) && !(answer[0] & 0x80);

    need(p->fixture.writes == (done ? 1u : 0u));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parking p;
    struct modbus_map map = parking_map(&p);
    struct modbus_who who = {0};
    uint8_t out[MODBUS_PDU_MAX];
    enum modbus_exception why;
    size_t len;

    if (size < 1 || size > 1 + MODBUS_PDU_MAX)
        return 0;
    who.may_write = !(data[0] & 1);
    p.later = data[0] & 2;
    why = data[0] & 4 ? MODBUS_BUSY : MODBUS_OK;
    data++;
    size--;
    len = modbus_answer(&map, &who, data, size, out);
    need((len == 0) == (size == 0 || data[0] >= 0x80));
    if (!len)
        return 0;
    need((len == MODBUS_PARKED) == p.out);
    if (p.out) {
        need(who.may_write && modbus_writes(data[0]) && p.fixture.writes == 0);
        parking_carry_out(&p, why == MODBUS_OK);
        len = modbus_finish(&map, data, size, why, out);
        need((out[0] & 0x80) == (why ? 0x80 : 0));
    }
    need_answer(data[0], out, len);
    need_writes(&p, data[0], out);
    need((out[0] & 0x80) || modbus_fits(data, size));
    need(p.orders <= 1);
    return 0;
}
