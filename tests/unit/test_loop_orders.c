/* Orders through the control loop: a real hub and a real desk, no links, simulated time. */
#include "hub_bench.h"

#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "io/desk.h"
#include "io/loop.h"

static const char ini[] = "[hub]\nclusters = 1\nprofile = generic-lfp-16s\n"
                          "[cluster.1]\nlink = sim\nmodules = 2\n";

struct client {
    struct waiter waiter;
    unsigned answers;
    enum status status;
};

struct bench {
    struct loop loop;
    struct memory_store store;
    mono_us now, next;
    struct client client[4];
};

static void answered(struct waiter *w, enum status status, mono_us now)
{
    struct client *c = (struct client *)w;

    (void)now;
    c->answers++;
    c->status = status;
}

static void wake(void *arg)
{
    loop_wake(arg);
}

static void bench_init(struct bench *b)
{
    struct config *cfg = configured(ini);

    memset(b, 0, sizeof(*b));
    b->now = MONO_S(100);
    b->loop.hub = hub_new(cfg, b->now);
    config_free(cfg);
    b->loop.store = &b->store;
    b->loop.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    b->loop.desk = desk_new(wake, &b->loop);
    assert_non_null(b->loop.desk);
    for (unsigned i = 0; i < LEN(b->client); i++)
        b->client[i].waiter.answered = answered;
}

static void bench_end(struct bench *b)
{
    desk_free(b->loop.desk);
    hub_free(b->loop.hub);
    close(b->loop.wake);
}

static void turn(struct bench *b, mono_us after)
{
    b->now += after;
    b->next = loop_turn(&b->loop, b->now);
    desk_tend(b->loop.desk, b->now, NULL, NULL);
}

/* A turn in which the rules run, and then a moment in which they do not. */
static void settle(struct bench *b)
{
    turn(b, MONO_MS(100));
    turn(b, MONO_MS(1));
}

static void put(struct bench *b, unsigned client, const struct hub_order *order, unsigned n)
{
    assert_int_equal(desk_put(b->loop.desk, &b->client[client].waiter, b->now, order, n), HUB_OK);
}

static const struct hub_order ccl_20 = {.command = COMMAND_SET_CCL, .value = 20000};
static const struct hub_order stop = {.command = COMMAND_STOP};

static int64_t shown(const struct bench *b, enum signal sig)
{
    return hub_is(b->loop.hub, sig);
}

/* The rules ran 1 ms ago: they run 4 ms later, and with them comes the answer. Not 99 ms later. */
static void an_order_is_answered_with_the_image_that_shows_it(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    settle(&b);
    put(&b, 0, &ccl_20, 1);
    turn(&b, 0);
    assert_int_equal(b.next, b.now + MONO_MS(4));
    assert_int_equal(b.client[0].answers, 0);
    assert_false(signal_known(&hub_snapshot(b.loop.hub)->hub.s, SIG_SETPOINT_CCL));
    turn(&b, MONO_MS(4) - 1);
    assert_int_equal(b.client[0].answers, 0);
    turn(&b, 1);
    assert_int_equal(b.client[0].answers, 1);
    assert_int_equal(b.client[0].status, HUB_OK);
    assert_int_equal(shown(&b, SIG_SETPOINT_CCL), 20000);
    turn(&b, MONO_MS(100));
    assert_int_equal(b.client[0].answers, 1); /* once */
    bench_end(&b);
}

/* After a pause the rules run in the turn that takes the order. */
static void in_a_quiet_time_one_turn_is_enough(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    settle(&b);
    b.now += MONO_MS(4);
    put(&b, 0, &ccl_20, 1);
    turn(&b, 0);
    assert_int_equal(b.client[0].answers, 1);
    assert_int_equal(shown(&b, SIG_SETPOINT_CCL), 20000);
    bench_end(&b);
}

static void an_order_wakes_control(void **state)
{
    struct bench b;
    struct pollfd fd;

    (void)state;
    bench_init(&b);
    fd = (struct pollfd){.fd = b.loop.wake, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 0);
    put(&b, 0, &ccl_20, 1);
    assert_int_equal(poll(&fd, 1, 0), 1);
    bench_end(&b);
}

static void several_clients_are_answered_each_with_his_own(void **state)
{
    static const struct hub_order never = {.command = COMMAND_SET_CVL, .value = 1};
    const struct hub_order both[] = {
        {.command = COMMAND_SET_DCL, .value = 30000},
        {.command = COMMAND_EXCLUDE, .cluster = 9  }
    };
    struct bench b;

    (void)state;
    bench_init(&b);
    settle(&b);
    put(&b, 0, &ccl_20, 1);
    put(&b, 1, &never, 1);
    put(&b, 2, both, 2);
    put(&b, 3, &stop, 1);
    turn(&b, MONO_MS(5));
    assert_int_equal(b.client[0].status, HUB_OK);
    assert_int_equal(b.client[1].status, HUB_ERANGE);
    assert_int_equal(b.client[2].status, HUB_ERANGE);
    assert_int_equal(b.client[3].status, HUB_OK);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(b.client[i].answers, 1);
    assert_int_equal(shown(&b, SIG_STOP_ASKED), 1);
    assert_false(signal_known(&hub_snapshot(b.loop.hub)->hub.s, SIG_SETPOINT_DCL));
    assert_int_equal(shown(&b, SIG_ORDER_REFUSAL + ROW_EXCLUDE), REFUSAL_RANGE);
    bench_end(&b);
}

/* Half a second after it was put, on the machine's own count: carried out, or let go. */
static void what_comes_too_late_is_not_carried_out(void **state)
{
    static const struct hub_order limit[] = {
        {.command = COMMAND_SET_CCL, .value = 20000},
        {.command = COMMAND_STOP   },
        {.command = COMMAND_SET_DCL,            .value = 20000              },
    };
    static const struct hub_order back[] = {
        {.command = COMMAND_SET_CCL, .release = true},
        {.command = COMMAND_STOP                         },
    };
    static const struct hub_order go_on = {.command = COMMAND_STOP, .release = true};
    static const struct {
        const char *what;
        const struct hub_order *order;
        unsigned n;
        mono_us after;
        enum status status;
        bool limited, stopped;
    } cases[] = {
        {"just in time",        limit,  1, DESK_PATIENCE - 1, HUB_OK,    true,  false},
        {"half a second",       limit,  1, DESK_PATIENCE,     HUB_ELATE, false, false},
        {"a stop",              &stop,  1, MONO_S(3),         HUB_ELATE, false, true },
        {"the end of a stop",   &go_on, 1, MONO_S(3),         HUB_ELATE, false, false},
        {"a stop among others", limit,  3, MONO_S(3),         HUB_ELATE, false, true },
        {"behind a release",    back,   2, MONO_S(3),         HUB_ELATE, false, true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const struct signals *s;
        struct bench b;

        print_message("  %s\n", cases[i].what);
        bench_init(&b);
        settle(&b);
        put(&b, 0, cases[i].order, cases[i].n);
        b.now += cases[i].after;
        desk_tend(b.loop.desk, b.now, NULL, NULL); /* the server has not stood still */
        turn(&b, 0);
        turn(&b, MONO_MS(5));
        s = &hub_snapshot(b.loop.hub)->hub.s;
        assert_int_equal(b.client[0].answers, 1);
        assert_int_equal(b.client[0].status, cases[i].status);
        assert_int_equal(signal_known(s, SIG_SETPOINT_CCL), cases[i].limited);
        assert_false(signal_known(s, SIG_SETPOINT_DCL));
        assert_int_equal(s->value[SIG_STOP_ASKED], cases[i].stopped);
        bench_end(&b);
    }
}

/* It had stopped before: taking that back too late changes nothing. */
static void a_stop_is_not_taken_back_too_late(void **state)
{
    static const struct hub_order release = {.command = COMMAND_STOP, .release = true};
    struct bench b;

    (void)state;
    bench_init(&b);
    put(&b, 0, &stop, 1);
    settle(&b);
    put(&b, 1, &release, 1);
    turn(&b, MONO_S(1));
    turn(&b, MONO_MS(5));
    assert_int_equal(shown(&b, SIG_STOP_ASKED), 1);
    assert_int_equal(b.client[1].status, HUB_ELATE);
    bench_end(&b);
}

static void what_was_refused_at_the_edge_is_shown(void **state)
{
    const struct origin from = {.owner = OWNER_TCP + 1, .address = 7, .name = "10.0.0.7"};
    struct bench b;

    (void)state;
    bench_init(&b);
    settle(&b);
    assert_int_equal(desk_refused(b.loop.desk, &from, COMMAND_STOP, REFUSAL_NOT_ALLOWED, 3),
                     HUB_OK);
    put(&b, 0, &ccl_20, 1);
    turn(&b, MONO_MS(5));
    assert_int_equal(shown(&b, SIG_ORDER_REFUSAL + ROW_STOP), REFUSAL_NOT_ALLOWED);
    assert_int_equal(b.client[0].status, HUB_OK); /* what lies behind it is not held up */
    bench_end(&b);
}

/* What must be safe is answered when it is; the others do not wait for it. */
static void an_answer_waits_for_the_store(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    settle(&b);
    b.loop.store = NULL;
    put(&b, 0, &stop, 1);
    put(&b, 1, &ccl_20, 1);
    turn(&b, MONO_MS(5));
    turn(&b, MONO_MS(5));
    assert_int_equal(shown(&b, SIG_STOP_ASKED), 1);
    assert_int_equal(b.client[0].answers, 0);
    assert_int_equal(b.client[1].answers, 1);
    b.loop.store = &b.store;
    turn(&b, MONO_MS(1)); /* saved in this turn; an image shows it since long */
    assert_int_equal(b.client[0].answers, 1);
    assert_int_equal(b.client[0].status, HUB_OK);
    bench_end(&b);
}

/* So many wait for the store that the hub takes nobody any more. */
static void what_finds_no_room_stays_at_the_desk(void **state)
{
    static const struct hub_order out = {.command = COMMAND_EXCLUDE, .cluster = 1};
    struct hub_answer answer;
    struct bench b;

    (void)state;
    bench_init(&b);
    settle(&b);
    b.loop.store = NULL;
    while (hub_command(b.loop.hub, &out) == HUB_OK)
        ;
    put(&b, 0, &ccl_20, 1);
    turn(&b, MONO_MS(5));
    assert_int_equal(b.client[0].answers, 0);
    b.loop.store = &b.store;
    turn(&b, MONO_MS(5)); /* saved behind it */
    while (hub_result(b.loop.hub, &answer))
        ;
    turn(&b, MONO_MS(5));
    assert_int_equal(b.client[0].answers, 1);
    assert_int_equal(b.client[0].status, HUB_OK);
    bench_end(&b);
}

/* ---- how late control is ---- */

static int64_t self(const struct bench *b, enum signal sig)
{
    return value_of(&b->loop.process.self, sig);
}

static void only_a_deadline_tells_how_late_control_is(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    turn(&b, MONO_MS(100)); /* the first: nobody wanted it */
    assert_false(signal_known(&b.loop.process.self, SIG_CONTROL_LATE_MAX));
    assert_false(signal_known(&b.loop.process.self, SIG_CONTROL_LATE_P99));
    turn(&b, b.next - b.now - 1); /* woken by somebody before */
    assert_int_equal(jitter_count(&b.loop.late), 0);
    turn(&b, b.next - b.now); /* to the point */
    assert_int_equal(self(&b, SIG_CONTROL_LATE_MAX), 0);
    turn(&b, b.next - b.now + 7);
    assert_int_equal(self(&b, SIG_CONTROL_LATE_MAX), 7);
    turn(&b, b.next - b.now + MONO_MS(12));
    assert_int_equal(self(&b, SIG_CONTROL_LATE_MAX), 12000);
    assert_int_equal(self(&b, SIG_CONTROL_LATE_P99), 12000); /* of three turns, nobody is a 100th */
    for (unsigned i = 0; i < 97; i++)
        turn(&b, b.next - b.now + 7);
    assert_int_equal(self(&b, SIG_CONTROL_LATE_P99), 7); /* one of a hundred was later */
    assert_int_equal(self(&b, SIG_CONTROL_LATE_MAX), 12000);
    bench_end(&b);
}

static void turns_are_counted_and_the_longest_is_told(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    turn(&b, MONO_MS(100));
    loop_turned(&b.loop, b.now, b.now + 250);
    turn(&b, MONO_MS(100));
    loop_turned(&b.loop, b.now, b.now + 90);
    turn(&b, MONO_MS(100));
    assert_int_equal(self(&b, SIG_CONTROL_TURN_MAX), 250);
    assert_int_equal(self(&b, SIG_CONTROL_TURNS), 2);
    turn(&b, MONO_S(61)); /* it was more than a minute ago */
    assert_int_equal(self(&b, SIG_CONTROL_TURN_MAX), 0);
    bench_end(&b);
}

/* ---- what is logged ---- */

static char logged[8][300];
static enum log_level level_of[8];
static unsigned n_logged;

static void listen(enum log_level level, const char *line)
{
    if (!strstr(line, "set-point"))
        return;
    assert_true(n_logged < LEN(logged));
    level_of[n_logged] = level;
    snprintf(logged[n_logged++], sizeof(logged[0]), "%s", line);
}

/* Given, moved, given by another, taken back: what one owner does to his own is detail. */
static void moving_a_set_point_is_detail(void **state)
{
    static const struct {
        uint16_t owner;
        int64_t value; /* -1: taken back */
        enum log_level level;
    } steps[] = {
        {1,  20000, LOG_INFO },
        {1,  21000, LOG_DEBUG},
        {20, 21000, LOG_INFO },
        {20, 0,     LOG_DEBUG},
        {20, -1,    LOG_INFO },
    };
    struct bench b;

    (void)state;
    bench_init(&b);
    settle(&b);
    n_logged = 0;
    log_to(listen);
    log_threshold(LOG_DEBUG);
    for (unsigned i = 0; i < LEN(steps); i++) {
        const struct hub_order o = {.command = COMMAND_SET_CCL,
                                    .from.owner = steps[i].owner,
                                    .release = steps[i].value < 0,
                                    .value = steps[i].value};

        put(&b, 0, &o, 1);
        turn(&b, MONO_MS(5));
        assert_int_equal(n_logged, i + 1);
        assert_int_equal(level_of[i], steps[i].level);
    }
    log_threshold(LOG_INFO);
    log_to(NULL);
    bench_end(&b);
}

/* Two masters that fight are one line a minute for each set-point, which counts the others. */
static void a_fight_is_told_once_a_minute(void **state)
{
    static const struct {
        mono_us after;
        enum command command;
        uint16_t owner;
        enum log_level level;
        const char *end;
    } steps[] = {
        {MONO_MS(5),     COMMAND_SET_CCL, 1, LOG_INFO,  " 20 A"              },
        {MONO_MS(5),     COMMAND_SET_DCL, 1, LOG_INFO,  " 20 A"              },
        {MONO_MS(5),     COMMAND_SET_CCL, 2, LOG_INFO,  " 20 A"              },
        {MONO_MS(5),     COMMAND_SET_CCL, 1, LOG_DEBUG, " 20 A"              },
        {MONO_MS(5),     COMMAND_SET_DCL, 2, LOG_INFO,  "(1 others not told)"},
        {MONO_S(30),     COMMAND_SET_CCL, 2, LOG_DEBUG, " 20 A"              },
        {MONO_MS(29989), COMMAND_SET_CCL, 1, LOG_DEBUG, " 20 A"              },
        {MONO_MS(1),     COMMAND_SET_CCL, 2, LOG_INFO,  "(2 others not told)"},
    };
    struct bench b;

    (void)state;
    bench_init(&b);
    settle(&b);
    n_logged = 0;
    log_to(listen);
    log_threshold(LOG_DEBUG);
    for (unsigned i = 0; i < LEN(steps); i++) {
        const struct hub_order o = {
            .command = steps[i].command, .from.owner = steps[i].owner, .value = 20000};

        b.now += steps[i].after;
        put(&b, 0, &o, 1);
        turn(&b, 0);
        turn(&b, 0);
        assert_int_equal(n_logged, i + 1);
        assert_int_equal(level_of[i], steps[i].level);
        assert_string_equal(logged[i] + strlen(logged[i]) - strlen(steps[i].end), steps[i].end);
    }
    log_threshold(LOG_INFO);
    log_to(NULL);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_answered_with_the_image_that_shows_it),
        cmocka_unit_test(in_a_quiet_time_one_turn_is_enough),
        cmocka_unit_test(an_order_wakes_control),
        cmocka_unit_test(several_clients_are_answered_each_with_his_own),
        cmocka_unit_test(what_comes_too_late_is_not_carried_out),
        cmocka_unit_test(a_stop_is_not_taken_back_too_late),
        cmocka_unit_test(what_was_refused_at_the_edge_is_shown),
        cmocka_unit_test(an_answer_waits_for_the_store),
        cmocka_unit_test(what_finds_no_room_stays_at_the_desk),
        cmocka_unit_test(only_a_deadline_tells_how_late_control_is),
        cmocka_unit_test(turns_are_counted_and_the_longest_is_told),
        cmocka_unit_test(moving_a_set_point_is_detail),
        cmocka_unit_test(a_fight_is_told_once_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
