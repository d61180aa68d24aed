/* Clients of a Modbus TCP listener that take their answers in sips, or not at all, or send in sips:
 * what they get, how long they stay, and that nothing of them is left for who comes next. */
#include "tcp_room.h"

#define LONG_ANSWER 259 /* 7 + 2 + 250: 125 words */

/* Small buffers on both ends: answers go out in pieces. */
static int slow_client(struct room *r, uint8_t host, mono_us now)
{
    int fd = client_from(r, host, now), small = 4096;

    setsockopt(far_end(fd), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    return fd;
}

/* Asks for 125 words n times from transaction `from` on. */
static void ask_much(int fd, unsigned from, unsigned n)
{
    for (unsigned i = from; i < from + n; i++) {
        const uint8_t ask[12] = {(uint8_t)(i >> 8), (uint8_t)i, 0, 0, 0, 6, 1, 3, 0, 0, 0, 125};

        assert_int_equal(send(fd, ask, sizeof(ask), MSG_NOSIGNAL), sizeof(ask));
    }
}

/* More than goes out while nobody reads. */
static unsigned fill(struct room *r, int fd, mono_us now)
{
    unsigned asked = 0;

    for (int64_t before = -1; before != count_of(r, SIG_REQUESTS) && asked < 4000; asked += 16) {
        before = count_of(r, SIG_REQUESTS);
        ask_much(fd, asked, 16);
        for (int i = 0; i < 4; i++)
            turn(r, now);
    }
    return asked;
}

/* Takes all of it in sips, and looks at each. */
static void sip(struct room *r, int fd, unsigned asked)
{
    static uint8_t got[4600 * LONG_ANSWER];
    size_t n = 0;

    assert_in_range(asked, 32, 4600);
    for (unsigned i = 0; i < 200000 && n < asked * LONG_ANSWER; i++) {
        ssize_t sip = recv(fd, got + n, 3000, MSG_DONTWAIT);

        n += sip > 0 ? (size_t)sip : 0;
        turn(r, T0);
    }
    assert_int_equal(n, asked * LONG_ANSWER);
    for (unsigned i = 0; i < asked; i++) {
        const uint8_t *answer = got + i * LONG_ANSWER;

        assert_int_equal(answer[0] << 8 | answer[1], i);
        assert_int_equal(answer[8], 250);
    }
}

static void who_takes_sips_gets_all_of_it_in_order(void **state)
{
    struct room r;
    int fd;

    (void)state;
    room_init(&r);
    room_open(&r);
    fd = slow_client(&r, 1, T0);
    for (int times = 0; times < 2; times++) { /* each leaves something over once more */
        unsigned asked = fill(&r, fd, T0);

        ask_much(fd, asked, 100);
        sip(&r, fd, asked + 100);
    }
    assert_true(is_served(&r, fd, T0));
    close(fd);
    room_close(&r);
}

/* 5 s after the last turn that answered, not before; meanwhile it keeps its place. */
static void who_takes_nothing_is_closed_and_leaves_nothing(void **state)
{
    struct room r;
    int fd, next;

    (void)state;
    room_init(&r);
    r.spec.connections = 1;
    room_open(&r);
    fd = slow_client(&r, 1, T0);
    fill(&r, fd, T0);
    next = client_from(&r, 2, T0 + 1);
    assert_true(is_closed(next));
    close(next);
    turn(&r, T0 + MONO_S(5) - 1);
    assert_int_equal(count_of(&r, SIG_CLOSED_UNREAD), 0);
    turn(&r, T0 + MONO_S(5));
    assert_int_equal(count_of(&r, SIG_CLOSED_UNREAD), 1);
    next = client_from(&r, 2, T0 + MONO_S(5));
    turn(&r, T0 + MONO_S(5));
    hears(next, "");
    for (int i = 0; i < 20; i++) /* more than a turn: its poller must be asked anew */
        say(next, WORD);
    for (int i = 0; i < 4; i++)
        turn(&r, T0 + MONO_S(5));
    hears(next, ZERO " " ZERO " " ZERO " " ZERO " " ZERO " " ZERO " " ZERO " " ZERO " " ZERO
                     " " ZERO " " ZERO " " ZERO " " ZERO " " ZERO " " ZERO " " ZERO " " ZERO
                     " " ZERO " " ZERO " " ZERO);
    close(fd), close(next);
    room_close(&r);
}

/* A second from the first byte on, however many follow; a whole request begins it anew. */
static void who_sends_in_sips_has_one_second(void **state)
{
    struct room r;
    int fd;

    (void)state;
    room_init(&r);
    room_open(&r);
    fd = client_from(&r, 1, T0);
    for (unsigned i = 0; i < 4; i++) {
        say(fd, "00");
        turn(&r, T0 + i * MONO_MS(250));
    }
    say(fd, "00");
    turn(&r, T0 + MONO_S(1) - 1);
    assert_int_equal(count_of(&r, SIG_CLOSED_HALF), 0);
    turn(&r, T0 + MONO_S(1));
    assert_int_equal(count_of(&r, SIG_CLOSED_HALF), 1);
    close(fd);
    print_message("  the rest, and the beginning of the next\n");
    fd = client_from(&r, 1, T0 + MONO_S(2));
    say(fd, "00 01 00");
    turn(&r, T0 + MONO_S(2));
    say(fd, "00 00 06 01 03 00 00 00 01 00 02");
    turn(&r, T0 + MONO_MS(2900));
    hears(fd, ZERO);
    turn(&r, T0 + MONO_MS(3899));
    assert_int_equal(count_of(&r, SIG_CLOSED_HALF), 1);
    turn(&r, T0 + MONO_MS(3909)); /* looked at each 10 ms */
    assert_int_equal(count_of(&r, SIG_CLOSED_HALF), 2);
    close(fd);
    room_close(&r);
}

static void who_asks_is_not_the_one_that_gives_way(void **state)
{
    struct room r;
    int asks, silent, third;

    (void)state;
    room_init(&r);
    r.spec.connections = 2;
    room_open(&r);
    asks = client_from(&r, 1, T0);
    assert_true(is_served(&r, asks, T0));
    silent = client_from(&r, 2, T0 + MONO_S(1));
    third = client_from(&r, 3, T0 + MONO_S(2));
    assert_true(is_closed(silent));
    assert_true(is_served(&r, asks, T0 + MONO_S(2)));
    assert_true(is_served(&r, third, T0 + MONO_S(2)));
    close(asks), close(silent), close(third);
    room_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_takes_sips_gets_all_of_it_in_order),
        cmocka_unit_test(who_takes_nothing_is_closed_and_leaves_nothing),
        cmocka_unit_test(who_sends_in_sips_has_one_second),
        cmocka_unit_test(who_asks_is_not_the_one_that_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
