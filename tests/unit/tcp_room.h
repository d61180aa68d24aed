/* A Modbus TCP listener in told time, with clients on the loopback from any 127.0.0.x: what was
 * sent is there at the next turn. */
#ifndef TESTS_TCP_ROOM_H
#define TESTS_TCP_ROOM_H

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "hex.h"
#include "io/modbus_tcp.h"

#define T0 MONO_S(1000)

static char told[4000];

static inline void note(enum log_level level, const char *line)
{
    if (level <= LOG_WARN)
        snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", line);
}

struct room {
    struct modbus_map map;
    struct poller poller;
    struct tcp_spec spec;
    struct tcp *tcp;
    void (*fresh)(void *ctx); /* of the desk, when spec.desk is set */
    void *ctx;
    struct sockaddr_in at;
};

static inline enum modbus_exception zeros(void *ctx, enum modbus_table table, uint16_t addr,
                                          unsigned n, uint8_t *out)
{
    (void)ctx, (void)table, (void)addr;
    memset(out, 0, 2 * n);
    return MODBUS_OK;
}

/* Words of zeros for everybody, eight places, nobody is ever silent for too long: tests change the
 * spec and the map before room_open. */
static inline void room_init(struct room *r)
{
    *r = (struct room){
        .map.read_words = zeros, .spec = {.units = {.unit = 1}, .connections = 8}
    };
}

/* On a port nobody uses, as far as can be known. */
static inline void room_open(struct room *r)
{
    socklen_t len = sizeof(r->at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    r->at.sin_family = AF_INET;
    r->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&r->at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&r->at, &len), 0);
    close(fd);
    snprintf(r->spec.listen, sizeof(r->spec.listen), "127.0.0.1:%u", ntohs(r->at.sin_port));
    assert_int_equal(poller_open(&r->poller), HUB_OK);
    r->spec.units.hub = &r->map;
    r->tcp = tcp_new(&r->spec, &r->poller);
    assert_non_null(r->tcp);
    told[0] = '\0';
    log_to(note);
    tcp_tend(r->tcp, T0);
}

static inline void room_close(struct room *r)
{
    log_to(NULL);
    tcp_free(r->tcp);
    poller_close(&r->poller);
}

/* One turn of the server thread. Returns when the next one is due at the latest. */
static inline mono_us turn(struct room *r, mono_us now)
{
    struct ready ready[16];
    int n = poller_wait(&r->poller, 0, ready, 16);
    mono_us due;

    for (int i = 0; i < n; i++)
        ready[i].watch->ready(ready[i].watch, ready[i].events, now);
    due = tcp_tend(r->tcp, now);
    if (!r->spec.desk)
        return due;
    due = desk_tend(r->spec.desk, now, r->fresh, r->ctx);
    return mono_min(due, tcp_tend(r->tcp, now));
}

/* A client from 127.0.0.HOST that has knocked, and one turn. */
static inline int client_from(struct room *r, uint8_t host, mono_us now)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000000u + host)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* or a second half waits here */
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&r->at, sizeof(r->at)), 0);
    turn(r, now);
    return fd;
}

static inline void say(int fd, const char *hex)
{
    uint8_t bytes[600];
    size_t len = hex_bytes(hex, bytes, sizeof(bytes));

    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

/* Everything that has come until now; "" is nothing. */
static inline void hears(int fd, const char *hex)
{
    uint8_t bytes[600];
    ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    assert_bytes(bytes, n > 0 ? (size_t)n : 0, hex);
}

static inline bool is_closed(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* One word, answered within two turns. */
#define WORD "00 01 00 00 00 06 01 03 00 00 00 01"
#define ZERO "00 01 00 00 00 05 01 03 02 00 00"
static inline bool is_served(struct room *r, int fd, mono_us now)
{
    uint8_t bytes[12];

    say(fd, WORD);
    turn(r, now);
    return recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) == 11;
}

/* What was counted so far. */
static inline int64_t count_of(const struct room *r, enum signal what)
{
    static struct signals all;

    tcp_counts(r->tcp, &all, T0);
    return all.value[what];
}

/* The warnings since the last look, each without its "modbus LISTEN: ". */
static inline void expect(const struct room *r, const char *lines)
{
    char got[sizeof(told)] = "", head[100];
    size_t len = (size_t)snprintf(head, sizeof(head), "modbus %s: ", r->spec.listen);

    for (char *line = strtok(told, "\n"); line; line = strtok(NULL, "\n")) {
        assert_memory_equal(line, head, len);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", *got ? "\n" : "",
                 line + len);
    }
    assert_string_equal(got, lines);
    told[0] = '\0';
}

/* The server's own end of a connection. */
static inline int far_end(int client)
{
    struct sockaddr_in mine, peer;

    getsockname(client, (struct sockaddr *)&mine, &(socklen_t){sizeof(mine)});
    for (int fd = 3; fd < 1000; fd++)
        if (getpeername(fd, (struct sockaddr *)&peer, &(socklen_t){sizeof(peer)}) == 0 &&
            peer.sin_port == mine.sin_port && peer.sin_addr.s_addr == mine.sin_addr.s_addr)
            return fd;
    return -1;
}

#endif
