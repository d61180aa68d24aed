/* The link state thread: what the kernel knows about CAN interfaces, looked up where waiting does
 * no harm, and read by the control thread without a lock or a system call.
 *
 * rtnetlink tells which interface has a name now (index, up or down, CAN or not), at once when it
 * changes and every 10 s; libsocketcan tells the state of the controller and brings interfaces
 * up. Both can wait: rtnetlink for a lock that a USB adapter holds while it is pulled,
 * libsocketcan for an answer without any time limit. The thread lives as long as the process. */
#ifndef IO_LINK_STATE_H
#define IO_LINK_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"
#include "model/words.h"

/* An interface as it was last seen. */
struct link_seen {
    unsigned index;        /* 0: no interface has this name */
    bool is_can;           /* its hardware type is CAN (vcan too) */
    bool is_up;            /* administratively */
    bool bring_up_failed;  /* we may not, or the driver refused */
    bool is_controller;    /* has a bit rate and a state; vcan has neither */
    bool has_state;        /* state is known */
    enum link_state state; /* UP, WARNING, PASSIVE, BUS_OFF, DOWN (stopped) */
    mono_us state_at;      /* when state was asked, CLOCK_BOOTTIME */
};

/* Starts to watch an interface and looks it up once, which may take some milliseconds. With
 * bring_up the thread sets bitrate (bit/s) and starts it whenever it is found down. One thread
 * calls these three. Returns a handle, or -1 when the names are used up (LINK_STATE_MAX over the
 * life of the process), too long, or the thread cannot be had. */
int link_state_watch(const char *name, bool bring_up, uint32_t bitrate);
void link_state_unwatch(int handle);

/* The latest view. Never waits. */
struct link_seen link_state_seen(int handle);

#define LINK_STATE_MAX 32

#endif
