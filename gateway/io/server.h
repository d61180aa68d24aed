/* The server thread: Modbus TCP and RTU. It shares with control only the published image
 * (io/triple.h). A client can never delay the inverter. */
#ifndef IO_SERVER_H
#define IO_SERVER_H

#include "base/status.h"
#include "config.h"
#include "io/desk.h"
#include "regmap.h"

struct server; /* opaque */

/* Opens the listeners and lines of cfg and starts the thread. A listener that cannot be opened is
 * told in the log with address and cause and tried again; one that gets fewer clients than
 * configured, for want of descriptors, too. cfg is read during the call only. wake(arg) is called
 * on the server thread when an order lies at the desk. NULL when memory or the thread cannot be
 * had.
 */
struct server *server_start(const struct config *cfg, void (*wake)(void *arg), void *arg);

/* Where the orders of its clients lie, for control. Lives as long as the server. */
struct desk *server_desk(struct server *srv);

/* Makes the server look for answers: once after the last desk_answer of a turn, and after what they
 * changed is published. Any thread. */
void server_wake(struct server *srv);

/* What has been counted so far, of all listeners and lines. Any thread. */
void server_counts(const struct server *srv, struct process *out, mono_us now);

/* Hands the next image over: fill the one server_image returns, then publish. One thread only;
 * never waits. */
struct image *server_image(struct server *srv);
void server_publish(struct server *srv);

/* Ends the thread and closes everything. */
void server_stop(struct server *srv);

#endif
