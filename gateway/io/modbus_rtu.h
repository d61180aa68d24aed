/* One Modbus RTU line on the server thread: opened and set up through libmodbus, framed by
 * modbus/rtu.h. A device that is missing or lost is told and tried again every 2 s. */
#ifndef IO_MODBUS_RTU_H
#define IO_MODBUS_RTU_H

#include "config.h"
#include "io/counter.h"
#include "io/desk.h"
#include "io/poller.h"
#include "io/writer.h"
#include "modbus/pdu.h"

struct rtu_spec {
    char device[CONFIG_TEXT_MAX];
    unsigned baud;             /* 1200 ... 115200, the usual ones */
    char parity;               /* 'E' and 'O' with one stop bit, 'N' with two */
    struct modbus_units units; /* what is served; the maps must outlive the line */
    mono_us silence_us;        /* 0: by the baud rate, 20 ms at least on a USB adapter */
    bool rs485;                /* the kernel's RS485 mode: it turns the direction by RTS */
    uint16_t owner;            /* of what is written here: OWNER_RTU + number */
    bool write, broadcast_writes;
    bool may_silence;  /* function 8 may restart the port and make it listen only */
    struct desk *desk; /* where its orders lie; NULL: its maps answer at once */
    writer_refused *refused;
    void *ctx; /* of refused */
};

struct rtu_line; /* opaque */

/* Opens nothing yet. The poller must outlive it. NULL: no memory, or a baud rate that the
 * library would silently turn into another. */
struct rtu_line *rtu_line_new(const struct rtu_spec *spec, struct poller *p);

/* Opens the device when it is due, judges what came, answers. Once in every turn. Returns when
 * it has to be called at the latest. */
mono_us rtu_line_tend(struct rtu_line *l, mono_us now);

/* In the middle of a long turn: takes what has come meanwhile and answers what is due. */
void rtu_line_look(struct rtu_line *l);

/* What has been counted so far, as signals of a line. Any thread. */
void rtu_line_counts(const struct rtu_line *l, struct signals *out, mono_us now);

void rtu_line_free(struct rtu_line *l);

#endif
