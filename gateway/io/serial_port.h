/* A serial device that is ours alone, set up through libmodbus: raw, 8 data bits, not blocking.
 *
 * Nobody may have it beside us: what two processes read of a line is torn to shreds. It is locked
 * (flock) before a setting is touched, so that one that is in use goes on working, and then closed
 * to further opens (TIOCEXCL). */
#ifndef IO_SERIAL_PORT_H
#define IO_SERIAL_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include <modbus/modbus.h>

#define SERIAL_BY_ID "/dev/serial/by-id"

struct serial_port {
    modbus_t *line; /* NULL: not open */
    int fd;         /* to read from and to write to */
    int lock;       /* holds the lock */
};

/* Opens a port that is not open. parity: 'E' and 'O' come with one stop bit, 'N' with two. Returns
 * 0 or an errno: EBUSY when another process has it, ENOTTY when it is no serial device. */
int serial_open(struct serial_port *s, const char *device, unsigned baud, char parity);
void serial_close(struct serial_port *s);

/* Lets the driver turn the direction of an RS485 transceiver: RTS is high while sending. Returns 0
 * or an errno: most drivers and adapters cannot (ENOTTY), and many turn it by themselves. */
int serial_turn_rs485(const struct serial_port *s);

/* Whether it is a USB adapter; it has to be there. */
bool serial_is_usb(const char *device);

/* Whether a name may belong to another adapter after the next plug or boot. Then the name in
 * `folder` (SERIAL_BY_ID) that stays with the one there is now is put in stable[], "" for none. */
bool serial_may_change(const char *device, const char *folder, char *stable, size_t size);

/* Who has locked a device, or has it open, as "mbpoll (pid 712)". May read all of /proc, so not for
 * each try. false: nobody that we may see. */
bool serial_holder(const char *device, char *who, size_t size);

#endif
