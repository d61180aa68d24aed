/* What can be asked of a running hub, and by whom. Modbus registers, the control socket and the
 * tests all ask with these words; hub/hub.h carries them out. */
#ifndef MODEL_ORDER_H
#define MODEL_ORDER_H

#include <stdbool.h>
#include <string.h>

#include "model/words.h"

/* Owners, as registers show them: the number of the listener or line is added to the first two. */
enum {
    OWNER_NOBODY = 0,
    OWNER_TCP = 0,     /* 1..4: [modbus.tcp] .. [modbus.tcp.4] */
    OWNER_RTU = 10,    /* 11..14: [modbus.rtu] .. [modbus.rtu.4] */
    OWNER_SOCKET = 20, /* the control socket */
};

/* Who asks. */
struct origin {
    uint16_t owner;
    uint32_t address; /* IPv4, or the last four bytes of IPv6; user id at the socket; 0: none */
    char name[48];    /* for people: "192.168.1.7", "/dev/ttyUSB0", "user root" */
};

static inline bool origin_is(const struct origin *a, const struct origin *b)
{
    return a->owner == b->owner && a->address == b->address && strcmp(a->name, b->name) == 0;
}

#define ORDERS_MAX 8 /* that may come as one */

struct hub_order {
    uint32_t ticket; /* handed back with the result */
    struct origin from;
    enum command command;
    bool release;    /* takes a set-point back; the value is not looked at */
    int64_t value;   /* in the unit of the command's signal; 0 A is a limit as any other */
    uint8_t cluster; /* that the command is about, 1..5; 0: the hub, or all of them */
    bool isolated;   /* the operator says that its main switch is open */
    /* Of a RESET: the key that was read as SIG_RESET_KEY of this place. A reset makes a new one, so
     * that a request which is delivered twice resets once: with the key before, nothing is done and
     * all is well. 0: none is asked for (an input, the control socket). */
    uint16_t key;
};

/* Whether one of n orders stops the hub. */
static inline bool orders_stop(const struct hub_order *order, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (order[i].command == COMMAND_STOP && !order[i].release)
            return true;
    return false;
}

#endif
