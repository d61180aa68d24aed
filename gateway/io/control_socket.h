/* The control socket, on the server thread: a Unix socket where root, the gateway's own user and
 * the members of one group give orders (model/order_text.h), also where Modbus may not write.
 *
 *     reset 2          <- one order a line
 *     ok               -> carried out and saved, or "error: " and a sentence for people
 *
 * Who asks is what the kernel says about the other end (SO_PEERCRED, SO_PEERGROUPS). Everybody else
 * is told so and closed. A client that is silent for 5 s is closed, and so is one whose line is no
 * order by its length. A socket file that a dead gateway left is replaced; a living one is not
 * taken away. What is in the way is told once, and tried again every 5 s. */
#ifndef IO_CONTROL_SOCKET_H
#define IO_CONTROL_SOCKET_H

#include "io/poller.h"
#include "io/writes.h"

#define CONTROL_CLIENTS 8
#define CONTROL_SILENCE MONO_S(5)

struct control_spec {
    char path[108];
    char group[33]; /* "": none besides root and the own user */
    struct desk *desk;
    struct writes *writes;
    /* Names the latches of a cluster (0: all) that are still there, for people; "" for none. */
    void (*latches)(void *ctx, unsigned cluster, char *out, size_t size);
    void *ctx;
};

struct control_socket; /* opaque */

/* Takes all memory, and looks the group up, which may wait; opens nothing yet. What the spec points
 * to, and the poller, must outlive it. NULL: no memory. */
struct control_socket *control_socket_new(const struct control_spec *spec, struct poller *p);

/* Opens the socket when it is due, closes whose time is up. Once in every turn; returns when it has
 * to be called at the latest. */
mono_us control_socket_tend(struct control_socket *cs, mono_us now);

/* Closes everything and removes the file. */
void control_socket_free(struct control_socket *cs);

#endif
