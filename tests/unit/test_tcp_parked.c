/* Writes over Modbus TCP that wait for control: the listener, a desk, and control played by the
 * test. */
#include "tcp_room.h"

#include "io/desk.h"
#include "io/writer.h"

/* Eight words. Control changes `real`; clients read `image`, which is taken when answers are. */
struct words {
    uint16_t real[8], image[8];
    uint16_t addr, value; /* of the order on its way */
    mono_us now;
    unsigned wakes, taken;
    struct desk *desk;
};

static struct words w;

static void wake(void *arg)
{
    (void)arg;
    w.wakes++;
}

static void take_image(void *ctx)
{
    (void)ctx;
    memcpy(w.image, w.real, sizeof(w.image));
    w.taken++;
}

static enum modbus_exception read_words(void *ctx, enum modbus_table table, uint16_t addr,
                                        unsigned n, uint8_t *out)
{
    (void)ctx, (void)table;
    for (unsigned i = 0; i < n; i++) {
        out[2 * i] = (uint8_t)(w.image[(addr + i) % 8] >> 8);
        out[2 * i + 1] = (uint8_t)w.image[(addr + i) % 8];
    }
    return MODBUS_OK;
}

static enum modbus_exception write_words(void *ctx, const struct modbus_who *who, uint16_t addr,
                                         unsigned n, const uint8_t *words)
{
    struct writer *writer = who->client;
    struct hub_order order = {.command = COMMAND_SET_CCL, .from = writer->from};

    (void)ctx;
    assert_int_equal(n, 1);
    order.value = addr << 16 | words[0] << 8 | words[1];
    assert_int_equal(desk_put(w.desk, &writer->waiter, w.now, &order, 1), HUB_OK);
    return MODBUS_LATER;
}

static void parked_room(struct room *r)
{
    memset(&w, 0, sizeof(w));
    w.desk = desk_new(wake, NULL);
    w.now = T0;
    room_init(r);
    r->map.read_words = read_words;
    r->map.write_words = write_words;
    r->spec.write = true;
    r->spec.allow_write[r->spec.n_allow_write++] = (struct config_cidr){.bits = 0};
    r->spec.desk = w.desk;
    r->fresh = take_image;
}

/* The same, open, and one client of 127.0.0.1. */
static int parked_client(struct room *r)
{
    parked_room(r);
    room_open(r);
    return client_from(r, 1, T0);
}

static void leave_room(struct room *r)
{
    room_close(r);
    desk_free(w.desk);
}

/* Control takes the next order, carries it out and answers, or only answers. */
static void control(enum status status)
{
    struct desk_order o;

    assert_true(desk_look(w.desk, &o));
    if (status == HUB_OK)
        w.real[o.order[0].value >> 16] = (uint16_t)o.order[0].value;
    desk_taken(w.desk);
    desk_answer(w.desk, o.order[0].ticket, status);
}

static bool no_order(void)
{
    struct desk_order o;

    return !desk_look(w.desk, &o);
}

#define SET "00 05 00 00 00 06 01 06 00 03 AB CD" /* word 3 */
#define SET_0 "00 08 00 00 00 06 01 06 00 00 00 11"
#define READ "00 06 00 00 00 06 01 03 00 03 00 01"
#define IS_0 "00 06 00 00 00 05 01 03 02 00 00"
#define IS_SET "00 06 00 00 00 05 01 03 02 AB CD"

static void an_answer_waits_for_control(void **state)
{
    struct room r;
    int fd;

    (void)state;
    fd = parked_client(&r);
    say(fd, SET);
    assert_int_equal(turn(&r, T0), T0 + DESK_PATIENCE); /* it has to be called then */
    hears(fd, "");
    assert_int_equal(count_of(&r, SIG_REQUESTS), 0);
    control(HUB_OK);
    turn(&r, T0 + 1);
    hears(fd, SET);
    assert_int_equal(count_of(&r, SIG_WRITES), 1);
    assert_int_equal(count_of(&r, SIG_REQUESTS), 1);
    say(fd, READ);
    turn(&r, T0 + 1);
    hears(fd, IS_SET);
    close(fd);
    leave_room(&r);
}

static void each_answer_of_control_has_its_exception(void **state)
{
    static const struct {
        enum status status;
        const char *answer;
        enum signal counted;
    } cases[] = {
        {HUB_OK,     SET,                          SIG_WRITES        },
        {HUB_ERANGE, "00 05 00 00 00 03 01 86 03", SIG_WRITES_REFUSED},
        {HUB_EKEY,   "00 05 00 00 00 03 01 86 03", SIG_WRITES_REFUSED},
        {HUB_ESPEC,  "00 05 00 00 00 03 01 86 02", SIG_WRITES_REFUSED},
        {HUB_EBUSY,  "00 05 00 00 00 03 01 86 04", SIG_WRITES_REFUSED},
        {HUB_EFULL,  "00 05 00 00 00 03 01 86 06", SIG_WRITES_REFUSED},
        {HUB_ELATE,  "00 05 00 00 00 03 01 86 06", SIG_WRITES_LATE   },
        {HUB_EPERM,  "00 05 00 00 00 03 01 86 01", SIG_WRITES_REFUSED},
        {HUB_EIO,    "00 05 00 00 00 03 01 86 04", SIG_WRITES_REFUSED},
        {HUB_EMEM,   "00 05 00 00 00 03 01 86 04", SIG_WRITES_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct room r;
        int fd;

        print_message("  %d\n", cases[i].status);
        parked_room(&r);
        room_open(&r);
        fd = client_from(&r, 1, T0);
        say(fd, SET);
        turn(&r, T0);
        control(cases[i].status);
        turn(&r, T0);
        hears(fd, cases[i].answer);
        for (enum signal s = SIG_WRITES; s <= SIG_WRITES_LATE; s++)
            assert_int_equal(count_of(&r, s), s == cases[i].counted);
        assert_int_equal(count_of(&r, SIG_EXCEPTIONS), cases[i].status != HUB_OK);
        close(fd);
        leave_room(&r);
    }
}

static void time_is_up_at_half_a_second(void **state)
{
    struct room r;
    int fd;

    (void)state;
    fd = parked_client(&r);
    say(fd, SET);
    turn(&r, T0);
    turn(&r, T0 + MONO_MS(500) - 1);
    hears(fd, "");
    turn(&r, T0 + MONO_MS(500));
    hears(fd, "00 05 00 00 00 03 01 86 06");
    assert_int_equal(count_of(&r, SIG_WRITES_LATE), 1);
    control(HUB_OK); /* too late: nobody hears of it */
    turn(&r, T0 + MONO_MS(501));
    hears(fd, "");
    close(fd);
    leave_room(&r);
}

/* Write, read, write in one segment: the read sees the first write; nothing overtakes. */
static void what_comes_behind_a_write_waits(void **state)
{
    struct room r;
    int fd;

    (void)state;
    fd = parked_client(&r);
    say(fd, SET READ SET_0);
    turn(&r, T0);
    turn(&r, T0);
    hears(fd, "");
    control(HUB_OK);
    assert_true(no_order());
    turn(&r, T0 + 1);
    hears(fd, SET);
    turn(&r, T0 + 1);
    hears(fd, IS_SET);
    control(HUB_OK);
    turn(&r, T0 + 2);
    hears(fd, SET_0);
    assert_int_equal(count_of(&r, SIG_REQUESTS), 3);
    close(fd);
    leave_room(&r);
}

static void what_came_before_a_write_is_answered_at_once(void **state)
{
    struct room r;
    int fd;

    (void)state;
    fd = parked_client(&r);
    say(fd, READ READ SET);
    turn(&r, T0);
    hears(fd, IS_0 IS_0);
    control(HUB_OK);
    turn(&r, T0);
    hears(fd, SET);
    close(fd);
    leave_room(&r);
}

static void others_go_on(void **state)
{
    struct room r;
    int parked, other, second;

    (void)state;
    parked_room(&r);
    room_open(&r);
    parked = client_from(&r, 1, T0);
    other = client_from(&r, 1, T0);
    second = client_from(&r, 1, T0);
    say(parked, SET);
    say(second, SET_0);
    turn(&r, T0);
    for (int i = 0; i < 10; i++)
        assert_true(is_served(&r, other, T0));
    control(HUB_OK);
    turn(&r, T0);
    hears(parked, SET);
    hears(second, "");
    control(HUB_EBUSY);
    turn(&r, T0);
    hears(second, "00 08 00 00 00 03 01 86 04");
    close(parked), close(other), close(second);
    leave_room(&r);
}

/* It says more while it is parked: later, and the poller does not call for it all the time. */
static void a_parked_client_is_not_read_from(void **state)
{
    struct ready ready[4];
    struct room r;
    int fd;

    (void)state;
    fd = parked_client(&r);
    say(fd, SET);
    turn(&r, T0);
    say(fd, READ);
    turn(&r, T0);
    hears(fd, "");
    assert_int_equal(poller_wait(&r.poller, 0, ready, 4), 0);
    control(HUB_OK);
    turn(&r, T0 + 1);
    hears(fd, SET);
    turn(&r, T0 + 1);
    hears(fd, IS_SET);
    say(fd, READ); /* and it is heard again */
    turn(&r, T0 + 1);
    hears(fd, IS_SET);
    close(fd);
    leave_room(&r);
}

/* Neither the silence nor the half request behind its write is its fault. */
static void no_time_runs_while_parked(void **state)
{
    struct room r;
    int fd;

    (void)state;
    parked_room(&r);
    r.spec.idle_us = MONO_MS(100);
    room_open(&r);
    fd = client_from(&r, 1, T0);
    say(fd, SET "00 06 00 00");
    turn(&r, T0);
    for (unsigned ms = 100; ms < 500; ms += 100)
        turn(&r, T0 + MONO_MS(ms));
    assert_int_equal(count_of(&r, SIG_CLIENTS), 1);
    control(HUB_OK);
    turn(&r, T0 + MONO_MS(499));
    hears(fd, SET);
    turn(&r, T0 + MONO_MS(598)); /* silent for 99 ms since its answer */
    assert_int_equal(count_of(&r, SIG_CLIENTS), 1);
    assert_int_equal(turn(&r, T0 + MONO_MS(598)), T0 + MONO_MS(599));
    turn(&r, T0 + MONO_MS(599));
    assert_true(is_closed(fd));
    assert_int_equal(count_of(&r, SIG_CLOSED_IDLE), 1);
    close(fd);
    leave_room(&r);
}

/* The half request has its second from when it could be read. */
static void a_half_request_has_its_second_after_the_write(void **state)
{
    struct room r;
    int fd;

    (void)state;
    fd = parked_client(&r);
    say(fd, SET "00 06 00 00");
    turn(&r, T0);
    control(HUB_OK);
    turn(&r, T0 + MONO_MS(400));
    turn(&r, T0 + MONO_MS(400));
    hears(fd, SET);
    turn(&r, T0 + MONO_MS(1399));
    assert_false(is_closed(fd));
    turn(&r, T0 + MONO_MS(1400));
    assert_true(is_closed(fd));
    assert_int_equal(count_of(&r, SIG_CLOSED_HALF), 1);
    close(fd);
    leave_room(&r);
}

/* The image between the order and the answer is the old one. */
static void function_23_reads_what_was_written(void **state)
{
    static const char ask[] = "00 09 00 00 00 0D 01 17 00 03 00 01 00 03 00 01 02 AB CD";
    struct room r;
    int fd;

    (void)state;
    fd = parked_client(&r);
    say(fd, ask);
    turn(&r, T0);
    control(HUB_OK);
    turn(&r, T0);
    hears(fd, "00 09 00 00 00 05 01 17 02 AB CD");
    assert_int_equal(count_of(&r, SIG_WRITES), 1);
    say(fd, ask);
    turn(&r, T0);
    control(HUB_ERANGE);
    turn(&r, T0);
    hears(fd, "00 09 00 00 00 03 01 97 03");
    close(fd);
    leave_room(&r);
}

static void reset(int fd)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

static void who_resets_while_parked_is_forgotten(void **state)
{
    struct room r;
    int fd;

    (void)state;
    parked_room(&r);
    r.spec.connections = 1;
    room_open(&r);
    fd = client_from(&r, 1, T0);
    say(fd, SET);
    turn(&r, T0);
    reset(fd);
    turn(&r, T0);
    assert_int_equal(count_of(&r, SIG_CLIENTS), 0);
    assert_int_equal(count_of(&r, SIG_CLOSED_LOST), 1);
    fd = client_from(&r, 1, T0);
    say(fd, SET_0);
    turn(&r, T0);
    control(HUB_OK); /* of the one that is gone */
    turn(&r, T0);
    hears(fd, "");
    control(HUB_ERANGE);
    turn(&r, T0);
    hears(fd, "00 08 00 00 00 03 01 86 03");
    close(fd);
    leave_room(&r);
}

/* It said what it had to say, and waits for the answer. */
static void who_shuts_its_side_while_parked_is_answered(void **state)
{
    struct room r;
    int fd;

    (void)state;
    fd = parked_client(&r);
    say(fd, SET READ);
    shutdown(fd, SHUT_WR);
    turn(&r, T0);
    turn(&r, T0);
    control(HUB_OK);
    turn(&r, T0);
    hears(fd, SET);
    turn(&r, T0);
    hears(fd, IS_SET);
    turn(&r, T0);
    assert_true(is_closed(fd));
    assert_int_equal(count_of(&r, SIG_CLIENTS), 0);
    assert_int_equal(count_of(&r, SIG_CLOSED_LOST), 0);
    close(fd);
    leave_room(&r);
}

static void a_parked_client_does_not_give_way(void **state)
{
    struct room r;
    int fd, other;

    (void)state;
    parked_room(&r);
    r.spec.connections = 1;
    room_open(&r);
    fd = client_from(&r, 1, T0);
    say(fd, SET);
    turn(&r, T0);
    other = client_from(&r, 2, T0);
    assert_true(is_closed(other));
    close(other);
    control(HUB_OK);
    turn(&r, T0);
    hears(fd, SET);
    other = client_from(&r, 2, T0);
    assert_true(is_closed(fd));
    assert_true(is_served(&r, other, T0));
    close(fd), close(other);
    leave_room(&r);
}

/* All that the client has not taken yet, one answer after the other. */
static unsigned drain(int fd, uint8_t *held, size_t *n, unsigned expected)
{
    ssize_t got;

    while ((got = recv(fd, held + *n, 4096 - *n, MSG_DONTWAIT)) > 0) {
        size_t at = 0, len;

        for (*n += (size_t)got; *n - at >= 6 && *n - at >= (len = 6u + held[at + 5]); at += len)
            assert_int_equal(held[at] << 8 | held[at + 1], expected++);
        memmove(held, held + at, *n -= at);
    }
    return expected;
}

/* 15 long reads and a write in each segment, from a client that takes nothing until the listener
 * has more than it can send, in the middle of it all a write that is parked. */
static void the_answer_goes_behind_those_that_wait_to_go_out(void **state)
{
    uint8_t segment[16 * 12], held[4096];
    unsigned sent = 0, heard = 0;
    int tail;
    struct desk_order o;
    size_t n = 0;
    struct room r;
    int fd;

    (void)state;
    fd = parked_client(&r);
    for (tail = 0; tail < 3;) { /* more segments behind the first that was not all sent */
        for (unsigned i = 0; i < 16; i++, sent++) {
            const uint8_t ask[12] = {
                (uint8_t)(sent >> 8), (uint8_t)sent, 0, 0, 0, 6, 1, i == 15 ? 6 : 3, 0, 3, 0, 125};
            memcpy(segment + 12 * i, ask, 12);
        }
        assert_int_equal(send(fd, segment, sizeof(segment), MSG_NOSIGNAL), sizeof(segment));
        turn(&r, T0);
        if (!desk_look(w.desk, &o)) { /* the listener does not read any more */
            tail++;
            continue;
        }
        control(HUB_OK);
        turn(&r, T0);
        assert_true(sent < 60000);
    }
    for (unsigned i = 0; i < 20000 && heard < sent; i++) {
        heard = drain(fd, held, &n, heard);
        turn(&r, T0);
        if (!no_order())
            control(HUB_OK);
    }
    assert_int_equal(heard, sent);
    close(fd);
    leave_room(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_waits_for_control),
        cmocka_unit_test(each_answer_of_control_has_its_exception),
        cmocka_unit_test(time_is_up_at_half_a_second),
        cmocka_unit_test(what_comes_behind_a_write_waits),
        cmocka_unit_test(what_came_before_a_write_is_answered_at_once),
        cmocka_unit_test(others_go_on),
        cmocka_unit_test(a_parked_client_is_not_read_from),
        cmocka_unit_test(no_time_runs_while_parked),
        cmocka_unit_test(a_half_request_has_its_second_after_the_write),
        cmocka_unit_test(function_23_reads_what_was_written),
        cmocka_unit_test(who_resets_while_parked_is_forgotten),
        cmocka_unit_test(who_shuts_its_side_while_parked_is_answered),
        cmocka_unit_test(a_parked_client_does_not_give_way),
        cmocka_unit_test(the_answer_goes_behind_those_that_wait_to_go_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
