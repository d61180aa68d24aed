/* A Modbus TCP listener in told time: what becomes of a client that stops in the middle, and what
 * the log says of it. */
#include "tcp_room.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include "io/tells.h"

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
