/* A Modbus TCP listener in told time: what becomes of a client that stops in the middle, and what
 * the log says of it. */
#include "tcp_room.h"

#include <sys/resource.h>

#include "io/address.h"
#include "io/tells.h"
#include "modbus/rtu_stream.h"

/* Half a request from a host at a moment; two turns later it is over. */
static void half_request(struct room *r, uint8_t host, mono_us at)
{
    int fd = client_from(r, host, at);

    say(fd, "00 01 00 00 00 06 01 03");
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
    room_init(&r);
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
    room_init(&r);
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
    room_init(&r);
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
    assert_int_equal(count_of(&r, SIG_CLOSED_UNREAD), 1);
    close(fd);
    room_close(&r);
}

/* It was the listener that did not read on after the 16th request. */
static void a_half_request_has_its_second_when_it_can_be_read(void **state)
{
    struct room r;
    int fd;

    (void)state;
    room_init(&r);
    room_open(&r);
    fd = client_from(&r, 4, T0);
    for (int i = 0; i < 16; i++)
        say(fd, WORD);
    say(fd, "00 01 00");
    turn(&r, T0);
    turn(&r, T0 + MONO_MS(500));
    turn(&r, T0 + MONO_MS(1490));
    assert_int_equal(count_of(&r, SIG_CLOSED_HALF), 0);
    turn(&r, T0 + MONO_MS(1500));
    assert_int_equal(count_of(&r, SIG_CLOSED_HALF), 1);
    close(fd);
    room_close(&r);
}

static void who_is_silent_or_leaves_is_not_told(void **state)
{
    struct room r;
    int fd, other;

    (void)state;
    room_init(&r);
    room_open(&r);
    fd = client_from(&r, 5, T0);
    other = client_from(&r, 5, T0);
    say(fd, WORD);
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

static void one_line_a_minute_on_all_listeners(void **state)
{
    struct tells tells = {0};
    struct room r[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        room_init(&r[i]);
        r[i].spec.tells = &tells;
        room_open(&r[i]);
    }
    half_request(&r[0], 1, T0);
    expect(&r[0], "127.0.0.1 closed: its request was not complete after 1 s");
    half_request(&r[1], 1, T0 + MONO_S(5));
    expect(&r[1], "");
    for (int i = 0; i < 2; i++)
        room_close(&r[i]);
}

/* What is counted when a connection ends, each way. */
static void every_end_is_counted(void **state)
{
    struct room r;
    int fd;

    (void)state;
    room_init(&r);
    r.spec.idle_us = MONO_S(2);
    room_open(&r);
    half_request(&r, 1, T0);
    assert_int_equal(count_of(&r, SIG_CLOSED_HALF), 1);
    fd = client_from(&r, 1, T0);
    turn(&r, T0 + MONO_S(1));
    say(fd, WORD);
    turn(&r, T0 + MONO_S(1));
    turn(&r, T0 + MONO_MS(2990)); /* the look before the last */
    assert_int_equal(count_of(&r, SIG_CLOSED_IDLE), 0);
    turn(&r, T0 + MONO_S(3)); /* silent since its request */
    assert_int_equal(count_of(&r, SIG_CLOSED_IDLE), 1);
    close(fd);
    fd = client_from(&r, 1, T0);
    say(fd, "00 01 00 00 00 01 01");
    turn(&r, T0);
    assert_int_equal(count_of(&r, SIG_CLOSED_FRAMING), 1);
    close(fd);
    fd = client_from(&r, 1, T0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    close(fd); /* a reset */
    turn(&r, T0);
    assert_int_equal(count_of(&r, SIG_CLOSED_LOST), 1);
    fd = client_from(&r, 1, T0);
    close(fd); /* nothing wrong with that */
    turn(&r, T0);
    assert_int_equal(count_of(&r, SIG_CLIENTS), 0);
    assert_int_equal(count_of(&r, SIG_CLIENTS_MAX), 1);
    assert_int_equal(count_of(&r, SIG_ACCEPTED), 5);
    for (enum signal s = SIG_CLOSED_IDLE; s <= SIG_CLOSED_LOST; s++)
        assert_int_equal(count_of(&r, s), s == SIG_CLOSED_UNREAD ? 0 : 1);
    room_close(&r);
}

static void requests_are_counted(void **state)
{
    struct room r;
    int fd[3];

    (void)state;
    room_init(&r);
    room_open(&r);
    for (int i = 0; i < 3; i++)
        fd[i] = client_from(&r, 1, T0);
    say(fd[0], WORD WORD "00 02 00 00 00 06 01 63 00 00 00 01"); /* function 99 */
    say(fd[1], "00 02 00 01 00 06 01 03 00 00 00 01" WORD);      /* a foreign protocol */
    say(fd[2], "00 02 00 00 00 02 01 83");                       /* never an answer to this */
    turn(&r, T0);
    hears(fd[0], ZERO ZERO "00 02 00 00 00 03 01 E3 01");
    hears(fd[1], ZERO);
    hears(fd[2], "");
    assert_int_equal(count_of(&r, SIG_REQUESTS), 4);
    assert_int_equal(count_of(&r, SIG_EXCEPTIONS), 1);
    assert_int_equal(count_of(&r, SIG_FOREIGN), 1);
    assert_int_equal(count_of(&r, SIG_WRITES) + count_of(&r, SIG_WRITES_REFUSED), 0);
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    turn(&r, T0);
    assert_int_equal(count_of(&r, SIG_CLIENTS), 0);
    assert_int_equal(count_of(&r, SIG_CLIENTS_MAX), 3);
    room_close(&r);
}

/* However many half requests there are, they are looked at each 10 ms. */
static void half_requests_are_ended_together(void **state)
{
    struct room r;
    int fd[3];

    (void)state;
    room_init(&r);
    room_open(&r);
    for (unsigned i = 0; i < 3; i++) {
        fd[i] = client_from(&r, 1, T0);
        say(fd[i], "00");
        turn(&r, T0 + MONO_MS(4 * i)); /* up at 1000, 1004, 1008 */
    }
    assert_int_equal(turn(&r, T0 + MONO_MS(1000)), T0 + MONO_MS(1010));
    assert_true(is_closed(fd[0]));
    turn(&r, T0 + MONO_MS(1010) - 1);
    assert_false(is_closed(fd[1]));
    turn(&r, T0 + MONO_MS(1010));
    assert_true(is_closed(fd[1]));
    assert_true(is_closed(fd[2]));
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    room_close(&r);
}

/* 40 requests at once and one of another client: it is served in the same turn, and no client has
 * more than 16 of them. */
static void nobody_has_more_than_sixteen_in_a_turn(void **state)
{
    struct room r;
    int greedy, other;

    (void)state;
    room_init(&r);
    room_open(&r);
    greedy = client_from(&r, 1, T0);
    other = client_from(&r, 1, T0);
    for (int i = 0; i < 40; i++)
        say(greedy, WORD);
    say(other, WORD);
    turn(&r, T0);
    hears(other, ZERO);
    assert_in_range(count_of(&r, SIG_REQUESTS), 2, 17);
    for (int i = 0; i < 8; i++)
        turn(&r, T0);
    assert_int_equal(count_of(&r, SIG_REQUESTS), 41);
    close(greedy), close(other);
    room_close(&r);
}

/* 10 s + 3 x 5 s, whether the peer is asked or owes an acknowledgement. */
static void who_vanishes_is_gone_in_25_s(void **state)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET,  SO_KEEPALIVE,     1    },
        {IPPROTO_TCP, TCP_NODELAY,      1    },
        {IPPROTO_TCP, TCP_KEEPIDLE,     10   },
        {IPPROTO_TCP, TCP_KEEPINTVL,    5    },
        {IPPROTO_TCP, TCP_KEEPCNT,      3    },
        {IPPROTO_TCP, TCP_USER_TIMEOUT, 25000},
    };
    socklen_t len = sizeof(int);
    struct room r;
    int fd;

    (void)state;
    room_init(&r);
    room_open(&r);
    fd = client_from(&r, 1, T0);
    for (size_t i = 0; i < LEN(options); i++) {
        int value = -1;

        getsockopt(far_end(fd), options[i].level, options[i].name, &value, &len);
        assert_int_equal(value, options[i].value);
    }
    close(fd);
    room_close(&r);
}

static void a_port_that_is_taken_is_tried_every_5_s(void **state)
{
    struct room r;
    int holder, one = 1;

    (void)state;
    room_init(&r);
    room_open(&r);
    assert_int_equal(count_of(&r, SIG_LINK_STATE), LINK_UP);
    tcp_free(r.tcp);
    holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(holder, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    assert_int_equal(bind(holder, (struct sockaddr *)&r.at, sizeof(r.at)), 0);
    assert_int_equal(listen(holder, 1), 0);
    r.tcp = tcp_new(&r.spec, &r.poller);
    assert_int_equal(tcp_tend(r.tcp, T0), T0 + MONO_S(5));
    assert_int_equal(count_of(&r, SIG_LINK_STATE), LINK_CLOSED);
    expect(&r,
           "cannot listen: Address already in use (ss -ltnp shows by whom); tried again every 5 s");
    close(holder);
    turn(&r, T0 + MONO_S(5) - 1);
    assert_int_equal(count_of(&r, SIG_LINK_STATE), LINK_CLOSED);
    turn(&r, T0 + MONO_S(5));
    assert_int_equal(count_of(&r, SIG_LINK_STATE), LINK_UP);
    room_close(&r);
}

/* The client that is there is served on; the others wait 100 ms and come in when there is room. */
static void without_descriptors_the_listener_pauses(void **state)
{
    struct rlimit limit, none;
    struct room r;
    int first, second;

    (void)state;
    room_init(&r);
    room_open(&r);
    first = client_from(&r, 1, T0);
    getrlimit(RLIMIT_NOFILE, &limit);
    none = limit;
    second = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    none.rlim_cur = (rlim_t)second + 1;
    setrlimit(RLIMIT_NOFILE, &none);
    assert_int_equal(connect(second, (struct sockaddr *)&r.at, sizeof(r.at)), 0);
    turn(&r, T0); /* sees it */
    assert_int_equal(turn(&r, T0), T0 + MONO_MS(100));
    assert_int_equal(count_of(&r, SIG_ACCEPT_PAUSES), 1);
    assert_true(is_served(&r, first, T0 + MONO_MS(99)));
    assert_int_equal(count_of(&r, SIG_ACCEPT_PAUSES), 1);
    setrlimit(RLIMIT_NOFILE, &limit);
    turn(&r, T0 + MONO_MS(99));
    assert_int_equal(count_of(&r, SIG_CLIENTS), 1);
    turn(&r, T0 + MONO_MS(100));
    assert_int_equal(turn(&r, T0 + MONO_MS(100)), MONO_NEVER); /* nothing is due any more */
    assert_true(is_served(&r, second, T0 + MONO_MS(100)));
    expect(&r, "Too many open files on accept, clients have to wait");
    close(first), close(second);
    room_close(&r);
}

/* RTU frames: 01 03 00 00 00 01 has CRC 84 0A, 01 03 02 00 00 has B8 44. */
static void rtu_frames_in_the_stream(void **state)
{
    static const char ask[] = "01 03 00 00 00 01 84 0A", zero[] = "01 03 02 00 00 B8 44";
    uint8_t garbage[RTU_STREAM_GARBAGE + RTU_ADU_MAX]; /* some of it is held */
    struct room r;
    int fd;

    (void)state;
    room_init(&r);
    r.spec.rtu_framing = true;
    room_open(&r);
    fd = client_from(&r, 1, T0);
    say(fd, ask);
    turn(&r, T0);
    hears(fd, zero);
    say(fd, "01 03 00 00"); /* the rest does not come: no reason to close */
    turn(&r, T0);
    turn(&r, T0 + MONO_S(1));
    assert_int_equal(count_of(&r, SIG_CLOSED_HALF), 0);
    say(fd, ask);
    turn(&r, T0 + MONO_S(1));
    hears(fd, zero);
    say(fd, "01 03"); /* it comes within a second: one frame */
    turn(&r, T0 + MONO_S(2));
    say(fd, "00 00 00 01 84 0A");
    turn(&r, T0 + MONO_S(3) - 1);
    hears(fd, zero);
    assert_int_equal(count_of(&r, SIG_REQUESTS), 3);
    memset(garbage, 0x7E, sizeof(garbage));
    assert_int_equal(send(fd, garbage, sizeof(garbage), MSG_NOSIGNAL), sizeof(garbage));
    for (size_t i = 0; i < sizeof(garbage); i++) /* a byte at a time: each may end a frame */
        turn(&r, T0 + MONO_S(4));
    assert_int_equal(count_of(&r, SIG_CLOSED_FRAMING), 1);
    expect(&r, "127.0.0.1 closed: what it sends is not Modbus RTU");
    close(fd);
    room_close(&r);
}

static void hosts_and_their_names(void **state)
{
    static const struct {
        const char *from, *name;
        uint32_t number;
        const char *same; /* another address of the same host, or NULL */
    } cases[] = {
        {"192.168.1.7:1",       "192.168.1.7",   0xC0A80107, "[::ffff:192.168.1.7]:9"},
        {"[::1]:1",             "::1",           1,          "[::1]:2"               },
        {"[2001:db8::a:b]:1",   "2001:db8::a:b", 0x000A000B, NULL                    },
        {"[::ffff:10.0.0.1]:1", "10.0.0.1",      0x0A000001, "10.0.0.1:77"           },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sockaddr_storage from, other;
        struct address a, b;
        char name[64];

        print_message("  %s\n", cases[i].from);
        assert_int_equal(address_parse(cases[i].from, &from), HUB_OK);
        a = address_of(&from);
        address_text(&a, name, sizeof(name));
        assert_string_equal(name, cases[i].name);
        assert_int_equal(address_number(&a), cases[i].number);
        if (!cases[i].same)
            continue;
        assert_int_equal(address_parse(cases[i].same, &other), HUB_OK);
        b = address_of(&other);
        assert_memory_equal(&a, &b, sizeof(a));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_cut_off_is_told_once_a_minute),
        cmocka_unit_test(what_is_no_modbus_is_told),
        cmocka_unit_test(answers_not_taken_are_told),
        cmocka_unit_test(a_half_request_has_its_second_when_it_can_be_read),
        cmocka_unit_test(who_is_silent_or_leaves_is_not_told),
        cmocka_unit_test(many_names_do_not_fill_the_log),
        cmocka_unit_test(one_line_a_minute_on_all_listeners),
        cmocka_unit_test(every_end_is_counted),
        cmocka_unit_test(requests_are_counted),
        cmocka_unit_test(half_requests_are_ended_together),
        cmocka_unit_test(nobody_has_more_than_sixteen_in_a_turn),
        cmocka_unit_test(who_vanishes_is_gone_in_25_s),
        cmocka_unit_test(a_port_that_is_taken_is_tried_every_5_s),
        cmocka_unit_test(without_descriptors_the_listener_pauses),
        cmocka_unit_test(rtu_frames_in_the_stream),
        cmocka_unit_test(hosts_and_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
