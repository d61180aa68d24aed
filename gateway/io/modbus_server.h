/* The thread that serves Modbus on any number of listeners and lines, from any map. What it serves
 * in the gateway, and with which options, is in server.c. */
#ifndef IO_MODBUS_SERVER_H
#define IO_MODBUS_SERVER_H

#include "io/modbus_rtu.h"
#include "io/modbus_tcp.h"
#include "model/snapshot.h"

#define MODBUS_PORTS_MAX 4

struct modbus_server_spec {
    struct tcp_spec tcp[MODBUS_PORTS_MAX];
    unsigned n_tcp;
    struct rtu_spec rtu[MODBUS_PORTS_MAX];
    unsigned n_rtu;
    /* Where in struct process each of them is counted: [modbus.tcp.3] at 2, also without others. */
    unsigned tcp_at[MODBUS_PORTS_MAX], rtu_at[MODBUS_PORTS_MAX];
    /* Called on the server thread only. The specs' units are given it: unit id and the number of
     * more are theirs. */
    struct modbus_map map, more[MAX_CLUSTERS];
    struct desk *desk; /* NULL: the maps answer writes at once */
    /* Once before the requests of a turn: all their answers come from one instant. May be NULL. */
    void (*turn)(void *ctx);
    writer_refused *refused; /* handed to the listeners and lines, with ctx. May be NULL */
    /* What else is served on this thread: join once before it runs, tend in every turn; that says
     * when it has to be called at the latest. May be NULL. */
    void (*join)(void *ctx, struct poller *p);
    mono_us (*tend)(void *ctx, mono_us now);
    void *ctx;
};

struct modbus_server; /* opaque */

/* Copies the spec and starts the thread. NULL, after a line in the log, when memory or the thread
 * cannot be had. */
struct modbus_server *modbus_server_start(const struct modbus_server_spec *spec);

/* What has been counted so far. Any thread. */
void modbus_server_counts(const struct modbus_server *srv, struct process *out, mono_us now);

/* Ends the wait of its thread, so that it looks at the desk. Any thread. */
void modbus_server_wake(struct modbus_server *srv);

/* Ends the thread and closes everything. */
void modbus_server_stop(struct modbus_server *srv);

#endif
