/* One Modbus RTU line on the server thread: opened and set up through libmodbus, framed by
 * modbus/rtu.h. A device that is missing or lost is told and tried again every 5 s. */
#ifndef IO_MODBUS_RTU_H
#define IO_MODBUS_RTU_H

#include "config.h"
#include "io/poller.h"
#include "modbus/pdu.h"

struct rtu_spec {
    char device[CONFIG_TEXT_MAX];
    unsigned baud; /* 1200 ... 115200, the usual ones */
    char parity;   /* 'E' and 'O' with one stop bit, 'N' with two */
    uint8_t unit;
    mono_us silence_us; /* 0: by the baud rate, 20 ms at least on a USB adapter */
};

struct rtu_line; /* opaque */

/* Opens nothing yet. map and poller must outlive it. NULL: no memory, or a baud rate that the
 * library would silently turn into another. */
struct rtu_line *rtu_line_new(const struct rtu_spec *spec, const struct modbus_map *map,
                              struct poller *p);

/* Opens the device when it is due, judges what came, answers. Once in every turn. Returns when
 * it has to be called at the latest. */
mono_us rtu_line_tend(struct rtu_line *l, mono_us now);

void rtu_line_free(struct rtu_line *l);

#endif
