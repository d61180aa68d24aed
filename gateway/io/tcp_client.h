/* One connection of a Modbus TCP listener: what came, what is answered, what waits. It takes a
 * bounded number of requests in a turn, reads no more while answers wait to go out, and is parked
 * while control carries out what it wrote. */
#ifndef IO_TCP_CLIENT_H
#define IO_TCP_CLIENT_H

#include "io/modbus_tcp.h"
#include "io/poller.h"
#include "io/tcp_places.h"
#include "io/tcp_stream.h"
#include "io/tells.h"
#include "io/writer.h"

enum {
    TCP_REQUESTS = 16, /* of one client and turn */
    TCP_OUT_MAX = TCP_REQUESTS * STREAM_ADU_MAX,
    SIDE_COUNTS = SIG_FOREIGN - SIG_CLIENTS + 1,
};

/* What the clients of one listener share. */
struct tcp_side {
    struct tcp_spec spec;
    struct poller *poller;
    struct places places;
    struct tells *tells;
    uint8_t *batch;   /* TCP_OUT_MAX bytes: the answers of one client and turn */
    mono_us sweep_at; /* no client's time is up before */
    counter count[SIDE_COUNTS];
};

/* Counts one of the signals of a listener, SIG_CLIENTS..SIG_FOREIGN. */
static inline void side_count(struct tcp_side *s, enum signal what, uint64_t n)
{
    count_n(&s->count[what - SIG_CLIENTS], n);
}

/* A line in the log, unless there was one about this name within the last minute. */
void side_tell(struct tcp_side *s, const char *name, const char *what, mono_us now);

struct client {
    struct watch watch;
    struct tcp_side *side;
    unsigned at; /* its place */
    int fd;      /* -1: nobody */
    uint32_t events;
    bool may_write;
    bool more;   /* requests may be left over from the last turn */
    bool parked; /* `asked` waits for the answer of control */
    unsigned out_at, out_len;
    uint8_t *out; /* TCP_OUT_MAX bytes; touched only when a client does not keep up */
    mono_us partial_until, write_until;
    struct mbap_adu asked;
    struct writer writer; /* its origin has the address for the log */
    struct tcp_stream in;
};

/* Before each client_open; what is known of who was here before is kept. `at` is its place in
 * side->places. */
void client_init(struct client *c, struct tcp_side *side, unsigned at, uint8_t *out);

/* Takes a connection over; its place is taken already. HUB_EIO: nothing is taken over. */
enum status client_open(struct client *c, int fd, const struct address *from, bool may_write);

/* Ends it, and leaves its place. */
void client_close(struct client *c);

/* When its time is up, and what becomes of it then. */
mono_us client_deadline(const struct client *c);
void client_expire(struct client *c, mono_us now);

#endif
