/* One Modbus TCP listener and its clients, on the server thread. Nothing here waits, and no
 * client can make another one wait: a turn takes a bounded number of requests from each, one that
 * does not read its answers is not read from, and one whose write waits for control is parked.
 *
 * Clients are closed when their framing is broken, when a request is not complete after 1 s, when
 * answers are not taken for 5 s, when they are silent for idle_us, when they are gone for 25 s, and
 * to make room for another (io/tcp_places.h). What goes wrong is told in the log, once a minute for
 * each address. */
#ifndef IO_MODBUS_TCP_H
#define IO_MODBUS_TCP_H

#include "config.h"
#include "io/counter.h"
#include "io/desk.h"
#include "io/poller.h"
#include "io/tells.h"
#include "io/writer.h"
#include "modbus/pdu.h"

#define TCP_ALLOW_MAX 80 /* more than a text of CONFIG_TEXT_MAX holds */

struct tcp_spec {
    char listen[CONFIG_TEXT_MAX]; /* "127.0.0.1:1502", "[::1]:1502" */
    struct modbus_units units;    /* what is served; the maps must outlive the listener */
    bool rtu_framing;             /* RTU frames in the stream, as serial-to-Ethernet boxes send */
    uint16_t owner;               /* of what its clients write: OWNER_TCP + number */
    bool write;                   /* the clients in allow_write may; none there: nobody */
    unsigned connections;         /* at least 1 */
    unsigned per_address;         /* connections of one address; 0: as many as there are */
    unsigned reserved;            /* of the connections: only for addresses in priority */
    mono_us idle_us;              /* 0: never */
    struct config_cidr allow[TCP_ALLOW_MAX], allow_write[TCP_ALLOW_MAX], priority[TCP_ALLOW_MAX];
    unsigned n_allow; /* 0: everybody */
    unsigned n_allow_write, n_priority;
    struct desk *desk; /* where its clients' orders lie; NULL: its maps answer at once */
    writer_refused *refused;
    void *ctx;           /* of refused */
    struct tells *tells; /* who was told of, on all listeners; NULL: its own */
};

struct tcp; /* opaque */

/* Takes all memory; opens nothing yet. The poller must outlive it. NULL: no memory. */
struct tcp *tcp_new(const struct tcp_spec *spec, struct poller *p);

/* Opens the listener when it is due, accepts who has come, and closes whose time is up. Once in
 * every turn, after the clients have been served. Returns when it has to be called at the latest.
 */
mono_us tcp_tend(struct tcp *t, mono_us now);

/* What has been counted so far, as signals of a listener (gateway/model/signals.def). Any thread.
 */
void tcp_counts(const struct tcp *t, struct signals *out, mono_us now);

/* Closes everything. */
void tcp_free(struct tcp *t);

#endif
