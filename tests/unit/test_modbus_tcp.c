/* A Modbus TCP listener in told time: what becomes of a client that stops in the middle, and what
 * the log says of it. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/modbus_tcp.h"
#include "io/tells.h"

#define T0 MONO_S(1000)

static char told[2000];

static void note(enum log_level level, const char *line)
{
    if (level <= LOG_WARN)
        snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", line);
}

static enum modbus_exception zeros(void *ctx, enum modbus_table table, uint16_t addr, unsigned n,
                                   uint8_t *out)
{
    (void)ctx, (void)table, (void)addr;
    memset(out, 0, 2 * n);
    return MODBUS_OK;
}

struct room {
    struct modbus_map map;
    struct poller poller;
    struct tcp_spec spec;
    struct tcp *tcp;
    struct sockaddr_in at;
};

/* On a port nobody uses, as far as can be known. */
static void room_open(struct room *r)
{
    socklen_t len = sizeof(r->at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *r = (struct room){
        .map.read_words = zeros, .spec = {.units = {.unit = 1}, .connections = 8}
    };
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

static void room_close(struct room *r)
{
    log_to(NULL);
    tcp_free(r->tcp);
    poller_close(&r->poller);
}

/* One turn of the server thread. What was sent on the loopback is there already. */
static void turn(struct room *r, mono_us now)
{
    struct ready ready[8];
    int n = poller_wait(&r->poller, 0, ready, 8);

    for (int i = 0; i < n; i++)
        ready[i].watch->ready(ready[i].watch, ready[i].events, now);
    tcp_tend(r->tcp, now);
}

/* A client from 127.0.0.HOST, accepted. */
static int client_from(struct room *r, uint8_t host, mono_us now)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000000u + host)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&r->at, sizeof(r->at)), 0);
    turn(r, now);
    return fd;
}

/* The first so many bytes of a request for one word. */
static void ask(int fd, size_t len)
{
    assert_int_equal(send(fd, "\0\1\0\0\0\6\1\3\0\0\0\1", len, MSG_NOSIGNAL), len);
}

static bool is_closed(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void expect(const struct room *r, const char *line)
{
    char whole[300] = "";

    if (*line)
        snprintf(whole, sizeof(whole), "modbus %s: %s\n", r->spec.listen, line);
    assert_string_equal(told, whole);
    told[0] = '\0';
}

/* Half a request from a host at a moment; two turns later it is over. */
static void half_request(struct room *r, uint8_t host, mono_us at)
{
    int fd = client_from(r, host, at);

    ask(fd, 8);
    turn(r, at);
    turn(r, at + MONO_MS(999));
    assert_false(is_closed(fd));
    turn(r, at + MONO_S(1));
    assert_true(is_closed(fd));
    close(fd);
}

static void a_request_cut_off_is_told_once_a_minute(void **state)
{
    struct room r;

    (void)state;
    room_open(&r);
    half_request(&r, 1, T0);
    expect(&r, "127.0.0.1 closed: its request was not complete after 1 s");
    half_request(&r, 1, T0 + MONO_S(5));
    half_request(&r, 1, T0 + MONO_S(50));
    expect(&r, "");
    half_request(&r, 2, T0 + MONO_S(55));
    expect(&r, "127.0.0.2 closed: its request was not complete after 1 s (2 others not told)");
    half_request(&r, 1, T0 + MONO_S(60)); /* told at 1 s and so again from 61 s on */
    expect(&r, "127.0.0.1 closed: its request was not complete after 1 s");
    room_close(&r);
}

static void what_is_no_modbus_is_told(void **state)
{
    struct room r;
    int fd;

    (void)state;
    room_open(&r);
    fd = client_from(&r, 3, T0);
    assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    turn(&r, T0);
    expect(&r, "127.0.0.3 closed: what it sends is not Modbus TCP");
    close(fd);
    room_close(&r);
}

static void answers_not_taken_are_told(void **state)
{
    static const char request[] = "\0\1\0\0\0\6\1\3\0\0\0\175"; /* 125 words */
    struct room r;
    int fd;

    (void)state;
    room_open(&r);
    fd = client_from(&r, 4, T0);
    for (unsigned i = 0; i < 1000000; i++) /* until both buffers are full */
        if (send(fd, request, 12, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
        else if (i % 16 == 0)
            turn(&r, T0);
    for (int i = 0; i < 1000; i++)
        turn(&r, T0);
    expect(&r, "");
    turn(&r, T0 + MONO_S(5));
    expect(&r, "127.0.0.4 closed: it did not take its answers for 5 s");
    close(fd);
    room_close(&r);
}

static void who_is_silent_or_leaves_is_not_told(void **state)
{
    struct room r;
    int fd, other;

    (void)state;
    room_open(&r);
    fd = client_from(&r, 5, T0);
    other = client_from(&r, 5, T0);
    ask(fd, 12);
    turn(&r, T0);
    close(fd);
    turn(&r, T0);
    turn(&r, T0 + MONO_S(1000));
    expect(&r, "");
    close(other);
    room_close(&r);
}

static void many_names_do_not_fill_the_log(void **state)
{
    struct tells t = {0};
    unsigned lines = 0, untold = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char name[TELLS_NAME];

        snprintf(name, sizeof(name), "10.0.0.%u", i);
        lines += tells_now(&t, name, T0, &untold);
    }
    assert_int_equal(lines, TELLS_MAX);
    assert_true(tells_now(&t, "10.0.0.5", T0 + MONO_S(60), &untold));
    assert_int_equal(untold, 1000 - TELLS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_cut_off_is_told_once_a_minute),
        cmocka_unit_test(what_is_no_modbus_is_told),
        cmocka_unit_test(answers_not_taken_are_told),
        cmocka_unit_test(who_is_silent_or_leaves_is_not_told),
        cmocka_unit_test(many_names_do_not_fill_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
