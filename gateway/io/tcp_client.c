#include "io/tcp_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define ASSEMBLY MONO_S(1)
#define WRITE_TIMEOUT MONO_S(5)

/* The answers of one turn in the listener's batch. */
struct turn {
    size_t len;
    unsigned requests, exceptions, writes, refused, late;
};

static struct place *place_of(const struct client *c)
{
    return &c->side->places.place[c->at];
}

void side_tell(struct tcp_side *s, const char *name, const char *what, mono_us now)
{
    char others[40] = "";
    unsigned untold;

    if (!tells_now(s->tells, name, now, &untold))
        return;
    if (untold)
        snprintf(others, sizeof(others), " (%u others not told)", untold);
    log_line(LOG_WARN, "modbus %s: %s %s%s", s->spec.listen, name, what, others);
}

static void count_clients(struct tcp_side *s)
{
    counter *now = &s->count[0], *max = &s->count[SIG_CLIENTS_MAX - SIG_CLIENTS];

    gauge(now, s->places.taken);
    if (counted(now) > counted(max))
        gauge(max, s->places.taken);
}

static void sweep_by(struct tcp_side *s, mono_us at)
{
    s->sweep_at = mono_min(s->sweep_at, at);
}

/* Whether its next turn begins with room for output. */
static bool behind(const struct client *c)
{
    return c->out_len || c->more;
}

mono_us client_deadline(const struct client *c)
{
    mono_us idle = c->side->spec.idle_us, wait = c->partial_until;

    idle = idle && !c->parked ? place_of(c)->last_used + idle : MONO_NEVER;
    if (behind(c))
        wait = c->write_until;
    return mono_min(idle, wait);
}

/* Hears of room for output while answers, or requests of the last turn, are left over: level
 * triggered, it is the next turn's call. Hears of input only when nothing waits to go out. */
static void listen_for(struct client *c, uint32_t events)
{
    if (events != c->events)
        poller_set(c->side->poller, c->fd, events, &c->watch);
    c->events = events;
}

static void settle(struct client *c)
{
    place_of(c)->busy = behind(c) || c->parked;
    listen_for(c, behind(c) ? EPOLLOUT : EPOLLIN);
    sweep_by(c->side, client_deadline(c));
}

static bool lost(struct client *c)
{
    side_count(c->side, SIG_CLOSED_LOST, 1);
    return false;
}

/* Sends what is left over. false: the client is gone. */
static bool flush(struct client *c)
{
    ssize_t n = send(c->fd, c->out + c->out_at, c->out_len, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR || lost(c);
    c->out_at += (unsigned)n;
    c->out_len -= (unsigned)n;
    return true;
}

/* Sends the answers of this turn with one call; what does not go stays with the client. */
static bool send_batch(struct client *c, size_t len)
{
    const uint8_t *batch = c->side->batch;
    ssize_t n = len ? send(c->fd, batch, len, MSG_NOSIGNAL) : 0;

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return lost(c);
    if (n < 0)
        n = 0;
    c->out_at = 0;
    c->out_len = (unsigned)(len - (size_t)n);
    if (c->out_len)
        memcpy(c->out, batch + n, c->out_len);
    return true;
}

static void count_turn(struct tcp_side *s, const struct turn *t)
{
    if (!t->requests)
        return;
    side_count(s, SIG_REQUESTS, t->requests);
    if (t->exceptions)
        side_count(s, SIG_EXCEPTIONS, t->exceptions);
    if (t->writes)
        side_count(s, SIG_WRITES, t->writes);
    if (t->refused)
        side_count(s, SIG_WRITES_REFUSED, t->refused);
    if (t->late)
        side_count(s, SIG_WRITES_LATE, t->late);
}

/* A write got its answer. */
static void note_write(struct client *c, struct turn *t, enum modbus_exception why)
{
    const struct tcp_spec *spec = &c->side->spec;

    t->writes += why == MODBUS_OK;
    t->refused += why != MODBUS_OK;
    if (why == MODBUS_ILLEGAL_FUNCTION && !c->may_write && spec->refused)
        spec->refused(spec->ctx, &c->writer, c->asked.pdu, c->asked.len);
}

/* What was asked got an answer of len bytes. */
static void note(struct client *c, struct turn *t, const uint8_t *answer, size_t len)
{
    enum modbus_exception why;

    if (!len)
        return;
    why = stream_exception(&c->in, answer);
    t->len += len;
    t->requests++;
    t->exceptions += why != MODBUS_OK;
    if (c->asked.pdu[0] > 4 && modbus_writes(c->asked.pdu[0])) /* reads need no search */
        note_write(c, t, why);
}

/* Answers what is complete, up to the bound, or to the first that has to wait for control. */
static enum mbap_got answer_all(struct client *c, struct turn *t, unsigned *n)
{
    const struct modbus_units *units = &c->side->spec.units;
    struct modbus_who who = {.may_write = c->may_write, .client = &c->writer};
    enum mbap_got got = MBAP_MORE;

    for (*n = 0; *n < TCP_REQUESTS; ++*n) {
        uint8_t *out = c->side->batch + t->len;
        size_t len;

        got = stream_next(&c->in, units, &c->asked);
        if (got != MBAP_ADU)
            break;
        len = stream_answer(&c->in, units, &who, &c->asked, out);
        c->parked = len == MODBUS_PARKED;
        if (c->parked)
            break;
        note(c, t, out, len);
    }
    return got;
}

/* A request is there, or as good as. */
static void used(struct client *c, mono_us now)
{
    place_of(c)->asked = true;
    place_of(c)->last_used = now;
    c->partial_until = MONO_NEVER;
}

static bool serve(struct client *c, mono_us now)
{
    struct turn t = {0};
    unsigned n, foreign;
    enum mbap_got got = answer_all(c, &t, &n);

    c->more = n == TCP_REQUESTS && stream_partial(&c->in);
    if (n || c->parked)
        used(c, now);
    count_turn(c->side, &t);
    foreign = stream_foreign(&c->in);
    if (foreign)
        side_count(c->side, SIG_FOREIGN, foreign);
    if (!send_batch(c, t.len))
        return false;
    if (got == MBAP_CLOSE) {
        side_count(c->side, SIG_CLOSED_FRAMING, 1);
        side_tell(c->side, c->writer.from.name,
                  c->in.rtu ? "closed: what it sends is not Modbus RTU"
                            : "closed: what it sends is not Modbus TCP",
                  now);
        return false;
    }
    if (!c->parked && stream_partial(&c->in) && c->partial_until == MONO_NEVER)
        c->partial_until = now + ASSEMBLY;
    c->write_until = now + WRITE_TIMEOUT;
    return true;
}

/* A client may send its last request and shut its side: that is seen when the request has been
 * answered. */
static bool receive(struct client *c)
{
    size_t room;
    uint8_t *space = stream_space(&c->in, &room);
    ssize_t n = recv(c->fd, space, room, 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR || lost(c);
    stream_fed(&c->in, (size_t)n);
    return n > 0;
}

/* One turn of one client: what waits to go out, else what was left over, else what came. false:
 * it is to be closed. */
static bool take_turn(struct client *c, mono_us now)
{
    bool was_behind = behind(c);

    if (c->out_len && !flush(c))
        return false;
    if (c->out_len || c->parked)
        return true;
    if (was_behind && c->partial_until != MONO_NEVER)
        c->partial_until = now + ASSEMBLY; /* it was us who did not read on */
    return (c->more || receive(c)) && serve(c, now);
}

/* A parked client is not read from. The usual one only waits, so it is no use to say so to the
 * poller before something comes. Of a reset the poller tells unasked. */
static void client_ready(struct watch *w, uint32_t events, mono_us now)
{
    struct client *c = (struct client *)w;
    bool was_parked = c->parked;

    if (c->fd < 0)
        return; /* it was closed in this turn */
    if (was_parked && events & (EPOLLERR | EPOLLHUP)) {
        lost(c);
        client_close(c);
    } else if (!take_turn(c, now)) {
        client_close(c);
    } else {
        settle(c);
        if (was_parked && !behind(c))
            listen_for(c, 0);
    }
}

/* Puts the answer behind those that wait to go out: they are of the same turn, so there is room. */
static bool finish(struct client *c, enum status status, mono_us now)
{
    uint8_t *out = c->out_len ? c->out + c->out_at + c->out_len : c->side->batch;
    struct turn t = {0};

    note(c, &t, out,
         stream_finish(&c->in, &c->side->spec.units, &c->asked, writer_exception(status), out));
    if (status == HUB_ELATE) {
        t.refused = 0;
        t.late = 1;
    }
    count_turn(c->side, &t);
    c->parked = false;
    used(c, now);
    if (c->out_len)
        c->out_len += (unsigned)t.len;
    else if (!send_batch(c, t.len))
        return false;
    else
        c->write_until = now + WRITE_TIMEOUT;
    c->more = stream_partial(&c->in); /* what came behind it is for the next turn */
    return true;
}

static void answered(struct waiter *w, enum status status, mono_us now)
{
    struct client *c = (struct client *)((char *)w - offsetof(struct client, writer.waiter));

    if (finish(c, status, now))
        settle(c);
    else
        client_close(c);
}

/* The rest of an RTU frame did not come. Stray bytes are usual behind a serial line: what is held
 * is looked through, and dropped. */
static void give_up_frame(struct client *c, mono_us now)
{
    rtu_stream_late(&c->in.frames);
    c->partial_until = MONO_NEVER;
    if (serve(c, now))
        settle(c);
    else
        client_close(c);
}

static void end(struct client *c, enum signal why, const char *text, mono_us now)
{
    side_count(c->side, why, 1);
    if (text)
        side_tell(c->side, c->writer.from.name, text, now);
    client_close(c);
}

void client_expire(struct client *c, mono_us now)
{
    bool half = !behind(c) && c->partial_until <= now;

    if (behind(c) && c->write_until <= now)
        end(c, SIG_CLOSED_UNREAD, "closed: it did not take its answers for 5 s", now);
    else if (half && c->in.rtu)
        give_up_frame(c, now);
    else if (half)
        end(c, SIG_CLOSED_HALF, "closed: its request was not complete after 1 s", now);
    else
        end(c, SIG_CLOSED_IDLE, NULL, now); /* silence is nothing wrong */
}

void client_init(struct client *c, struct tcp_side *side, unsigned at, uint8_t *out)
{
    c->watch.ready = client_ready;
    c->side = side;
    c->at = at;
    c->fd = -1;
    c->out = out;
    c->writer.waiter.answered = answered;
    c->writer.from.owner = side->spec.owner;
}

enum status client_open(struct client *c, int fd, const struct address *from, bool may_write)
{
    char name[sizeof(c->writer.from.name)] = "";

    if (poller_add(c->side->poller, fd, EPOLLIN, &c->watch) != HUB_OK)
        return HUB_EIO;
    c->fd = fd;
    c->events = EPOLLIN;
    c->may_write = may_write;
    c->more = c->parked = false;
    c->out_len = 0;
    c->partial_until = MONO_NEVER;
    memset(&c->in, 0, sizeof(c->in));
    c->in.rtu = c->side->spec.rtu_framing;
    address_text(from, name, sizeof(name));
    if (strcmp(name, c->writer.from.name) != 0) /* who comes again has no new tokens for it */
        c->writer.bucket = (struct bucket){0};
    memcpy(c->writer.from.name, name, sizeof(name));
    c->writer.from.address = address_number(from);
    side_count(c->side, SIG_ACCEPTED, 1);
    count_clients(c->side);
    sweep_by(c->side, client_deadline(c));
    return HUB_OK;
}

void client_close(struct client *c)
{
    if (c->side->spec.desk)
        desk_forget(c->side->spec.desk, &c->writer.waiter);
    close(c->fd); /* leaves the poller by itself */
    c->fd = -1;
    places_leave(&c->side->places, c->at);
    count_clients(c->side);
}
