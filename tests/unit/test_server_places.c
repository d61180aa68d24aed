/* What the configuration says of listeners reaches them. A listener and a line are counted where
 * their number says, whatever others there are: their registers are at 600 + 36 x (n - 1) and
 * 744 + 14 x (n - 1), and clients keep addresses. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "hex.h"
#include "io/server.h"
#include "loopback.h"
#include "model/snapshot.h"

static void no_wake(void *arg)
{
    (void)arg;
}

static void fail_on(void *arg, const struct config_error *err)
{
    (void)arg;
    fail_msg("%s", err->text);
}

/* The addresses are nobody's (RFC 5737): nothing is opened, and nothing need be. */
static void a_listener_is_counted_at_its_number(void **state)
{
    static const char ini[] = "[hub]\nclusters = 1\n[cluster.1]\nlink = sim\n"
                              "[modbus.tcp.2]\nlisten = 192.0.2.1:1502\n"
                              "[modbus.tcp.4]\nlisten = 192.0.2.1:1503\n"
                              "[modbus.rtu.3]\ndevice = /dev/none-of-these\n";
    static const bool tcp[MAX_LISTENERS] = {false, true, false, true};
    static const bool rtu[MAX_LINES] = {false, false, true, false};
    struct config *cfg = config_parse(ini, strlen(ini), NULL, fail_on, NULL, NULL);
    static struct process counts;
    struct server *srv;

    (void)state;
    assert_non_null(cfg);
    srv = server_start(cfg, no_wake, NULL);
    config_free(cfg);
    assert_non_null(srv);
    server_counts(srv, &counts, MONO_S(1));
    server_stop(srv);
    for (unsigned i = 0; i < MAX_LISTENERS; i++)
        assert_int_equal(signal_known(&counts.tcp[i], SIG_CLIENTS), tcp[i]);
    for (unsigned i = 0; i < MAX_LINES; i++)
        assert_int_equal(signal_known(&counts.rtu[i], SIG_LINE_MESSAGES), rtu[i]);
}

/* The gateway's server at unit 7, with two clusters and these options of its listener. */
static struct server *server_with(uint16_t port, const char *options)
{
    char ini[400];
    struct config *cfg;
    struct server *srv;

    snprintf(ini, sizeof(ini),
             "[hub]\nclusters = 2\n[cluster.1]\nlink = sim\n[cluster.2]\nlink = sim\n"
             "[modbus.tcp]\nlisten = 127.0.0.1:%u\nunit = 7\n%s",
             port, options);
    cfg = config_parse(ini, strlen(ini), NULL, fail_on, NULL, NULL);
    assert_non_null(cfg);
    srv = server_start(cfg, no_wake, NULL);
    config_free(cfg);
    assert_non_null(srv);
    return srv;
}

/* From 127.0.0.HOST. */
static int connect_from(uint8_t host, uint16_t port)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000000u + host)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Sends a request and gets an answer; "" is the end of the connection, or none within 5 s. */
static void ask(int fd, const char *request, const char *answer)
{
    uint8_t bytes[64];
    size_t len = hex_bytes(request, bytes, sizeof(bytes));
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n;

    (void)!send(fd, bytes, len, MSG_NOSIGNAL);
    n = poll(&p, 1, 5000) > 0 ? recv(fd, bytes, sizeof(bytes), 0) : 0;
    assert_bytes(bytes, n > 0 ? (size_t)n : 0, answer);
}

#define ASK(unit) "00 01 00 00 00 06 " unit " 03 00 00 00 01"
#define NOBODY(unit) "00 01 00 00 00 03 " unit " 83 0B"
#define BUSY "00 01 00 00 00 03 07 83 06" /* served: there is no image yet */

static void each_cluster_has_its_unit(void **state)
{
    uint16_t port = free_port();
    struct server *srv = server_with(port, "cluster_units = 11\n");
    struct image *img = server_image(srv);
    int fd = connect_from(1, port);

    (void)state;
    memset(img, 0, sizeof(*img));
    for (unsigned i = 0; i < 3; i++)
        img->wire[2 * (REGMAP_HUB_WORDS + i * REGMAP_CLUSTER_WORDS)] = (uint8_t)(0xC1 + i);
    server_publish(srv);
    ask(fd, ASK("0A"), NOBODY("0A"));
    ask(fd, ASK("0B"), "00 01 00 00 00 05 0B 03 02 C1 00");
    ask(fd, ASK("0C"), "00 01 00 00 00 05 0C 03 02 C2 00");
    ask(fd, ASK("0D"), NOBODY("0D"));
    close(fd);
    server_stop(srv);
    print_message("  without cluster_units there are none\n");
    srv = server_with(port = free_port(), "");
    fd = connect_from(1, port);
    ask(fd, ASK("01"), NOBODY("01"));
    ask(fd, ASK("07"), BUSY);
    close(fd);
    server_stop(srv);
}

static void the_options_of_a_listener_reach_it(void **state)
{
    static const struct {
        const char *what, *options;
        uint8_t host[3];
        const char *answer[3]; /* in the order of coming, when all are there */
    } cases[] = {
        {"one of each address",        "per_address = 1\n",       {1, 1, 2}, {BUSY, "", BUSY}},
        {"one place: the last has it", "connections = 1\n",       {1, 2, 3}, {"", "", BUSY}  },
        {"a reserved one",
         "connections = 2\nreserved = 1\npriority = 127.0.0.9\n", {9, 1, 2},
         {BUSY, "", BUSY}                                                                    },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint16_t port = free_port();
        struct server *srv = server_with(port, cases[i].options);
        int fd[3];

        print_message("  %s\n", cases[i].what);
        for (size_t k = 0; k < LEN(fd); k++)
            fd[k] = connect_from(cases[i].host[k], port);
        for (size_t k = LEN(fd); k-- > 0;) /* the last one is accepted when it is answered */
            ask(fd[k], ASK("07"), cases[i].answer[k]);
        for (size_t k = 0; k < LEN(fd); k++)
            close(fd[k]);
        server_stop(srv);
    }
}

/* 70 descriptors less the 64 of control are 6 places: what is reserved leaves one to the others. */
static void a_reserve_leaves_a_place_also_among_few(void **state)
{
    static const struct rlimit few = {70, 70};
    uint16_t port = free_port();
    pid_t child = fork(); /* the limit does not come up again */
    int status;

    (void)state;
    if (child == 0) {
        struct server *srv;
        int fd;

        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        srv = server_with(port, "reserved = 32\npriority = 127.0.0.9\n");
        fd = connect_from(1, port);
        ask(fd, ASK("07"), BUSY);
        close(fd);
        server_stop(srv);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_is_counted_at_its_number),
        cmocka_unit_test(each_cluster_has_its_unit),
        cmocka_unit_test(the_options_of_a_listener_reach_it),
        cmocka_unit_test(a_reserve_leaves_a_place_also_among_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
