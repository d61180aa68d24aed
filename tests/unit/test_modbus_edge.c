/* The Modbus edge: what can be checked without a socket, then the server as the gateway starts it:
 * from a configuration, with images of the register map behind it. The rest of the edge is in
 * tests/system/conformance_*.py. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "config.h"
#include "hex.h"
#include "io/address.h"
#include "io/descriptors.h"
#include "io/server.h"
#include "loopback.h"

static void listen_texts(void **state)
{
    static const struct {
        const char *text;
        enum status st;
        int family;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:1502",       HUB_OK,     AF_INET,  1502 },
        {"0.0.0.0:502",          HUB_OK,     AF_INET,  502  },
        {"[::1]:1502",           HUB_OK,     AF_INET6, 1502 },
        {"[::]:65535",           HUB_OK,     AF_INET6, 65535},
        {"::1:1502",             HUB_ERANGE, 0,        0    },
        {"127.0.0.1",            HUB_ERANGE, 0,        0    },
        {":1502",                HUB_ERANGE, 0,        0    },
        {"[]:1502",              HUB_ERANGE, 0,        0    },
        {"[127.0.0.1]:1502",     HUB_ERANGE, 0,        0    },
        {"gateway.example:1502", HUB_ERANGE, 0,        0    },
        {"",                     HUB_ERANGE, 0,        0    },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sockaddr_storage at = {0};

        print_message("  \"%s\"\n", cases[i].text);
        assert_int_equal(address_parse(cases[i].text, &at), cases[i].st);
        if (cases[i].st != HUB_OK)
            continue;
        assert_int_equal(at.ss_family, cases[i].family);
        assert_int_equal(ntohs(((struct sockaddr_in *)&at)->sin_port), cases[i].port);
    }
}

static void allow_blocks(void **state)
{
    static const struct {
        const char *what, *from;
        struct config_cidr block;
        bool inside;
    } cases[] = {
        {"the address itself",          "192.168.1.7:1",       {{192, 168, 1, 7}, 32, false},                true },
        {"its neighbour",               "192.168.1.6:1",       {{192, 168, 1, 7}, 32, false},                false},
        {"in a /24",                    "192.168.1.255:1",     {{192, 168, 1}, 24, false},                   true },
        {"beside a /24",                "192.168.2.0:1",       {{192, 168, 1}, 24, false},                   false},
        {"in a /23",                    "192.168.3.1:1",       {{192, 168, 2}, 23, false},                   true },
        {"beside a /23",                "192.168.4.1:1",       {{192, 168, 2}, 23, false},                   false},
        {"in a /25",                    "192.168.1.127:1",     {{192, 168, 1}, 25, false},                   true },
        {"beside a /25",                "192.168.1.128:1",     {{192, 168, 1}, 25, false},                   false},
        {"in the upper /25",            "192.168.1.128:1",     {{192, 168, 1, 128}, 25, false},              true },
        {"below the upper /25",         "192.168.1.127:1",     {{192, 168, 1, 128}, 25, false},              false},
        {"in a /31",                    "192.168.1.7:1",       {{192, 168, 1, 6}, 31, false},                true },
        {"beside a /31",                "192.168.1.8:1",       {{192, 168, 1, 6}, 31, false},                false},
        {"in a /1",                     "127.255.255.255:1",   {{0}, 1, false},                              true },
        {"beside a /1",                 "128.0.0.0:1",         {{0}, 1, false},                              false},
        {"/0 is everybody",             "203.0.113.9:1",       {{0}, 0, false},                              true },
        {"IPv4 in an IPv6 block",       "127.0.0.1:1",         {{0}, 0, true},                               false},
        {"IPv6 in an IPv4 block",       "[::1]:1",             {{0}, 0, false},                              false},
        {"::1 itself",                  "[::1]:1",             {{[15] = 1}, 128, true},                      true },
        {"in fe80::/10",                "[febf::1]:1",         {{0xFE, 0x80}, 10, true},                     true },
        {"beside fe80::/10",            "[fec0::1]:1",         {{0xFE, 0x80}, 10, true},                     false},
        {"::/0 is every IPv6",          "[2001:db8::1]:1",     {{0}, 0, true},                               true },
        {"in an IPv6 /64",
         "[2001:db8:0:5:ffff:ffff:ffff:ffff]:1",               {{0x20, 1, 0xD, 0xB8, 0, 0, 0, 5}, 64, true},
         true                                                                                                     },
        {"above an IPv6 /64",
         "[2001:db8:0:6::]:1",                                 {{0x20, 1, 0xD, 0xB8, 0, 0, 0, 5}, 64, true},
         false                                                                                                    },
        {"below an IPv6 /64",
         "[2001:db8:0:4:ffff::1]:1",                           {{0x20, 1, 0xD, 0xB8, 0, 0, 0, 5}, 64, true},
         false                                                                                                    },
        {"::2 beside ::1/128",          "[::2]:1",             {{[15] = 1}, 128, true},                      false},
        {"mapped IPv4, /32",            "[::ffff:10.0.0.5]:1", {{10, 0, 0, 5}, 32, false},                   true },
        {"mapped IPv4 beside /32",      "[::ffff:10.0.0.4]:1", {{10, 0, 0, 5}, 32, false},                   false},
        {"mapped IPv4, a mapped block",
         "[::ffff:10.0.0.5]:1",                                {{[10] = 0xFF, 0xFF, 10}, 104, true},
         true                                                                                                     },
        {"plain IPv4, a mapped block",  "10.0.0.5:1",          {{[10] = 0xFF, 0xFF, 10}, 104, true},         false},
        {"mapped IPv4, IPv4 block",     "[::ffff:10.0.0.5]:1", {{10}, 8, false},                             true },
        {"mapped IPv4 beside it",       "[::ffff:11.0.0.5]:1", {{10}, 8, false},                             false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sockaddr_storage from;

        print_message("  %s\n", cases[i].what);
        assert_int_equal(address_parse(cases[i].from, &from), HUB_OK);
        assert_int_equal(address_in(&from, &cases[i].block), cases[i].inside);
    }
}

/* Somebody who has no address, on a socket that is none of the two. */
static void who_has_no_address_is_in_no_block(void **state)
{
    const struct sockaddr_storage nobody = {.ss_family = AF_UNIX};
    const struct config_cidr every[] = {
        {{0}, 0, false},
        {{0}, 0, true }
    };

    (void)state;
    assert_false(address_in(&nobody, &every[0]));
    assert_false(address_in(&nobody, &every[1]));
}

static void a_host_too_long_is_no_address(void **state)
{
    struct sockaddr_storage at;
    char text[2 * CONFIG_TEXT_MAX];

    (void)state;
    for (size_t len = CONFIG_TEXT_MAX - 2; len < CONFIG_TEXT_MAX + 3; len++) {
        memset(text, '1', len);
        strcpy(text + len, ":1502");
        assert_int_equal(address_parse(text, &at), HUB_ERANGE);
    }
}

static void ask(int fd, const char *request, const char *answer)
{
    uint8_t bytes[260];
    size_t len = hex_bytes(request, bytes, sizeof(bytes));

    print_message("  %s\n", request);
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
    len = hex_bytes(answer, bytes, sizeof(bytes));
    assert_int_equal(recv(fd, bytes, len, MSG_WAITALL), len);
    assert_bytes(bytes, len, answer);
}

static void fail_on(void *arg, const struct config_error *err)
{
    (void)arg;
    print_error("%s\n", err->text);
    fail();
}

static void no_wake(void *arg)
{
    (void)arg;
}

static struct config *config_with(uint16_t port, const char *more)
{
    char ini[300];

    snprintf(ini, sizeof(ini),
             "[hub]\nclusters = 1\n[cluster.1]\nlink = sim\n"
             "[modbus.tcp]\nlisten = 127.0.0.1:%u\nunit = 7\n%s",
             port, more);
    return config_parse(ini, strlen(ini), NULL, fail_on, NULL, NULL);
}

static void the_gateways_server(void **state)
{
    uint16_t port = free_port();
    struct config *cfg = config_with(port, "");
    struct server *srv;
    struct image *img;
    int fd;

    (void)state;
    assert_non_null(cfg);
    srv = server_start(cfg, no_wake, NULL);
    config_free(cfg);
    assert_non_null(srv);
    fd = connect_to(port);
    ask(fd, "00 01 00 00 00 06 07 03 00 00 00 02", "00 01 00 00 00 03 07 83 06");
    ask(fd, "00 01 00 00 00 06 07 02 00 00 00 18", "00 01 00 00 00 03 07 82 06");
    img = server_image(srv);
    memset(img, 0, sizeof(*img));
    img->bit[0] = img->bit[9] = img->bit[16] = img->bit[23] = true; /* 01 02 81 */
    memcpy(img->wire + 2 * regmap_find(0, 2), "\x12\x34\x56\x78", 4);
    server_publish(srv);
    ask(fd, "00 02 00 00 00 06 07 03 00 00 00 02", "00 02 00 00 00 07 07 03 04 12 34 56 78");
    ask(fd, "00 03 00 00 00 06 07 04 00 00 00 02", "00 03 00 00 00 07 07 04 04 12 34 56 78");
    ask(fd, "00 04 00 00 00 06 07 03 FF FF 00 01", "00 04 00 00 00 03 07 83 02");
    ask(fd, "00 05 00 00 00 06 07 01 00 00 00 01", "00 05 00 00 00 03 07 81 01");
    ask(fd, "00 05 00 00 00 06 07 01 00 00 00 00", "00 05 00 00 00 03 07 81 01");
    ask(fd, "00 05 00 00 00 06 07 02 00 00 00 18", "00 05 00 00 00 06 07 02 03 01 02 81");
    ask(fd, "00 05 00 00 00 06 07 02 00 09 00 08", "00 05 00 00 00 04 07 02 01 81"); /* 9 to 16 */
    ask(fd, "00 05 00 00 00 06 07 02 00 17 00 01", "00 05 00 00 00 04 07 02 01 01");
    ask(fd, "00 05 00 00 00 06 07 02 00 17 00 02", "00 05 00 00 00 03 07 82 02");
    ask(fd, "00 05 00 00 00 06 07 02 00 18 00 01", "00 05 00 00 00 03 07 82 02");
    ask(fd, "00 06 00 00 00 06 07 06 00 00 00 01", "00 06 00 00 00 03 07 86 01");
    ask(fd, "00 07 00 00 00 06 01 03 00 00 00 02", "00 07 00 00 00 03 01 83 0B");
    /* vendor and product code "hubgate", revision "0.1": no patch number */
    ask(fd, "00 08 00 00 00 05 07 2B 0E 01 00",
        "00 08 00 00 00 1F 07 2B 0E 01 82 00 00 03 00 07 68 75 62 67 61 74 65 "
        "01 07 68 75 62 67 61 74 65 02 03 30 2E 31");
    /* regular: product name, model, user application; no vendor's URL. 90 bytes and the unit */
    ask(fd, "00 08 00 00 00 05 07 2B 0E 02 00",
        "00 08 00 00 00 5B 07 2B 0E 02 82 00 00 06 00 07 68 75 62 67 61 74 65 "
        "01 07 68 75 62 67 61 74 65 02 03 30 2E 31 "
        "04 1B 68 75 62 67 61 74 65 20 62 61 74 74 65 72 79 20 48 55 42 20 67 61 74 65 77 61 79 "
        "05 10 31 20 78 20 77 65 63 6F 2D 34 6B 34 2D 70 72 6F "
        "06 0B 62 61 74 74 65 72 79 20 48 55 42");
    close(fd);
    server_stop(srv);
}

/* From 127.0.0.1. Who is not allowed finds the connection closed. */
static void the_list_of_allowed_clients(void **state)
{
    static const struct {
        const char *what, *option;
        bool served;
    } cases[] = {
        {"no list: everybody",        "",                                          true },
        {"an empty list: everybody",  "allow =\n",                                 true },
        {"itself",                    "allow = 127.0.0.1\n",                       true },
        {"its neighbour",             "allow = 127.0.0.2\n",                       false},
        {"a block around it",         "allow = 127.0.0.0/8\n",                     true },
        {"the upper half of its /25", "allow = 127.0.0.128/25\n",                  false},
        {"the lower half of its /25", "allow = 127.0.0.0/25\n",                    true },
        {"every IPv4",                "allow = 0.0.0.0/0\n",                       true },
        {"every IPv6",                "allow = ::/0\n",                            false},
        {"the last of the list",      "allow = 10.0.0.0/8, fd00::/8, 127.0.0.1\n", true },
        {"none of the list",          "allow = 10.0.0.0/8, fd00::/8, 127.0.0.2\n", false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint16_t port = free_port();
        struct config *cfg = config_with(port, cases[i].option);
        struct server *srv;
        uint8_t byte;
        int fd;

        print_message("  %s\n", cases[i].what);
        assert_non_null(cfg);
        srv = server_start(cfg, no_wake, NULL);
        config_free(cfg);
        assert_non_null(srv);
        fd = connect_to(port);
        if (cases[i].served)
            ask(fd, "00 01 00 00 00 06 07 03 00 00 00 02", "00 01 00 00 00 03 07 83 06");
        else
            assert_int_equal(recv(fd, &byte, 1, 0), 0);
        close(fd);
        server_stop(srv);
    }
}

static char told[2000];

static void note(enum log_level level, const char *line)
{
    (void)level;
    snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", line);
}

static void clients_get_what_control_leaves(void **state)
{
    static const struct {
        const char *what;
        rlim_t soft, hard;
        unsigned wanted, room;
        rlim_t soft_after;
    } cases[] = {
        {"room enough",            1024, 1024, 64,  64,  1024},
        {"just enough",            128,  128,  64,  64,  128 },
        {"one too few",            127,  127,  64,  63,  127 },
        {"the soft limit goes up", 100,  500,  300, 300, 364 },
        {"... as far as it can",   100,  200,  300, 136, 200 },
        {"not even the reserve",   60,   60,   300, 0,   60  },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct rlimit limit = {cases[i].soft, cases[i].hard};
        pid_t child;
        int status;

        print_message("  %s\n", cases[i].what);
        child = fork(); /* a hard limit does not come up again */
        if (child == 0) {
            if (setrlimit(RLIMIT_NOFILE, &limit) != 0 ||
                descriptors_for_clients(cases[i].wanted) != cases[i].room ||
                getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur != cases[i].soft_after)
                _exit(1);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    assert_int_equal(descriptors_share(64, 96, 96), 64);
    assert_int_equal(descriptors_share(64, 96, 48), 32);
    assert_int_equal(descriptors_share(1000, 4000, 100), 25);
    assert_int_equal(descriptors_share(1, 1000, 10), 1);
    assert_int_equal(descriptors_share(64, 64, 0), 1);
}

/* 70 descriptors: 6 clients. The seventh displaces one, and control still has descriptors. */
static void serve_with_few_descriptors(uint16_t port)
{
    const struct rlimit few = {70, 70};
    struct config *cfg = config_with(port, "");
    struct server *srv;
    int fd[20];

    log_to(note);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    srv = server_start(cfg, no_wake, NULL);
    assert_non_null(srv);
    assert_non_null(strstr(told, "modbus 127.0.0.1:"));
    assert_non_null(strstr(told,
                           ": 6 clients instead of 64: too few descriptors, as 64 are kept for "
                           "control; raise the limit of open files (LimitNOFILE, ulimit -n)\n"));
    for (size_t i = 0; i < LEN(fd); i++) {
        fd[i] = connect_to(port);
        ask(fd[i], "00 01 00 00 00 06 07 03 FF FF 00 01", "00 01 00 00 00 03 07 83 02");
    }
    for (size_t i = 0; i < LEN(fd); i++) {
        char byte;
        int gone = recv(fd[i], &byte, 1, MSG_DONTWAIT) == 0;
        assert_int_equal(gone, i < LEN(fd) - 6);
    }
    server_stop(srv);
    config_free(cfg);
}

static void few_descriptors_mean_fewer_clients(void **state)
{
    uint16_t port = free_port();
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        serve_with_few_descriptors(port);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listen_texts),
        cmocka_unit_test(allow_blocks),
        cmocka_unit_test(who_has_no_address_is_in_no_block),
        cmocka_unit_test(a_host_too_long_is_no_address),
        cmocka_unit_test(the_gateways_server),
        cmocka_unit_test(the_list_of_allowed_clients),
        cmocka_unit_test(clients_get_what_control_leaves),
        cmocka_unit_test(few_descriptors_mean_fewer_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
