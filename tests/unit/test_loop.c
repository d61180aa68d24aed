/* The control loop's turn: a real hub between links that do as they are told. */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "io/clock.h"
#include "io/loop.h"

/* A link that holds frames, takes or refuses others, and counts what is done to it. */
struct fake {
    struct link l;
    unsigned waiting; /* frames to be read */
    unsigned echo;    /* so many more with each frame written */
    unsigned refuse;  /* so many writes that fail */
    bool mute;        /* never confirms */
    unsigned confirm; /* confirmations to be read */
    unsigned tends;
    mono_us due;
    uint32_t written[40];
    unsigned n_written;
};

static int fake_fd(struct link *l)
{
    (void)l;
    return -1;
}

static enum link_got fake_read(struct link *l, mono_us now, struct frame *f)
{
    struct fake *k = (struct fake *)l;

    (void)now;
    if (k->confirm) {
        k->confirm--;
        return LINK_CONFIRMED;
    }
    if (!k->waiting)
        return LINK_NOTHING;
    k->waiting--;
    *f = (struct frame){.id = 0x123, .len = 8}; /* nobody's: counted, no more */
    return LINK_FRAME;
}

static enum status fake_write(struct link *l, mono_us now, const struct frame *f)
{
    struct fake *k = (struct fake *)l;

    (void)now;
    if (k->refuse) {
        k->refuse--;
        return HUB_EIO;
    }
    assert_true(k->n_written < LEN(k->written));
    k->written[k->n_written++] = f->id;
    k->waiting += k->echo;
    k->confirm += !k->mute;
    return HUB_OK;
}

static void fake_tend(struct link *l, mono_us now)
{
    struct fake *k = (struct fake *)l;

    (void)now;
    k->tends++;
    k->due = MONO_NEVER;
}

static mono_us fake_deadline(const struct link *l)
{
    const struct fake *k = (const struct fake *)l;

    return k->confirm ? 0 : k->due;
}

static void fake_close(struct link *l)
{
    (void)l;
}

static const struct link_ops fake_ops = {.kind = "fake",
                                         .fd = fake_fd,
                                         .read = fake_read,
                                         .write = fake_write,
                                         .tend = fake_tend,
                                         .deadline = fake_deadline,
                                         .close = fake_close};

/* --- what is logged --- */

static char logged[20][512];
static enum log_level level_of[20];
static unsigned n_logged;

static void listen(enum log_level level, const char *line)
{
    assert_true(n_logged < LEN(logged));
    level_of[n_logged] = level;
    snprintf(logged[n_logged++], sizeof(logged[0]), "%s", line);
}

static unsigned told(const char *what)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_logged; i++)
        n += strstr(logged[i], what) != NULL;
    return n;
}

static unsigned told_at(enum log_level level)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_logged; i++)
        n += level_of[i] == level;
    return n;
}

/* --- two clusters and an inverter, all with open links --- */

struct site {
    struct loop loop;
    struct fake link[PORT_COUNT];
    struct memory_store store;
    mono_us now;
};

static void must_not(void *arg, const struct config_error *err)
{
    (void)arg;
    fail_msg("%d: %s", err->line, err->text);
}

static void ignore(void *arg, const struct config_error *err)
{
    (void)arg, (void)err;
}

static void site_start(struct site *s, mono_us now)
{
    static const char ini[] = "[hub]\nclusters = 2\nprofile = generic-lfp-16s\n"
                              "[cluster.1]\nlink = sim\n[cluster.2]\nlink = sim\n"
                              "[inverter.1]\nlink = sim\nprotocol = victron\n";
    struct config *cfg = config_parse(ini, strlen(ini), NULL, must_not, ignore, NULL);

    memset(s, 0, sizeof(*s));
    s->now = now;
    s->loop.hub = hub_new(cfg, s->now);
    s->loop.store = &s->store;
    s->loop.wake = -1;
    config_free(cfg);
    assert_non_null(s->loop.hub);
    for (unsigned i = 0; i < PORT_COUNT; i++)
        s->link[i] = (struct fake){
            .l = {.ops = &fake_ops, .state = LINK_UP},
              .due = MONO_NEVER
        };
    s->loop.link[PORT_CLUSTER] = &s->link[PORT_CLUSTER].l;
    s->loop.link[PORT_CLUSTER + 1] = &s->link[PORT_CLUSTER + 1].l;
    s->loop.link[PORT_INVERTER] = &s->link[PORT_INVERTER].l;
    n_logged = 0;
    log_to(listen);
}

static void site_init(struct site *s)
{
    site_start(s, MONO_S(100));
}

static void site_end(struct site *s)
{
    log_to(NULL);
    hub_free(s->loop.hub);
}

static mono_us turn(struct site *s, mono_us after)
{
    s->now += after;
    return loop_turn(&s->loop, s->now);
}

/* A quiet time, with a turn each 100 ms as the hub wants it. */
static void pass(struct site *s, unsigned tenths)
{
    while (tenths--)
        assert_true(turn(s, MONO_MS(100)) > s->now); /* nothing to do: sleep */
}

static int64_t counted(const struct site *s, unsigned port, enum signal sig)
{
    const struct snapshot *snap = hub_snapshot(s->loop.hub);

    return port >= PORT_INVERTER ? snap->inverter[port - PORT_INVERTER].s.value[sig]
                                 : snap->cluster[port].s.value[sig];
}

/* What a Victron hears of a hub that knows nothing: limits, alarms, name, about. */
static const uint32_t first_set[] = {0x351, 0x35A, 0x35E, 0x35F};

/* --- turns --- */

static void a_flood_takes_nobody_elses_turn(void **state)
{
    struct fake *flood, *other, *inverter;
    struct site s;
    unsigned turns = 1;

    (void)state;
    site_init(&s);
    flood = &s.link[PORT_CLUSTER];
    other = &s.link[PORT_CLUSTER + 1];
    inverter = &s.link[PORT_INVERTER];
    pass(&s, 9);
    inverter->n_written = 0;
    flood->waiting = 1000;
    other->waiting = 3;
    assert_true(turn(&s, MONO_MS(100)) <= s.now); /* there is more: at once again */
    assert_in_range(flood->waiting, 1, 999);
    assert_int_equal(other->waiting, 0);
    assert_in_range(inverter->n_written, 3, LEN(first_set)); /* 0x35F is each 10 s */
    while (turn(&s, 0) <= s.now) {
        assert_true(flood->waiting > 0); /* asked again for nothing */
        assert_true(++turns < 1000);
    }
    assert_int_equal(flood->waiting, 0);
    pass(&s, 1);
    assert_int_equal(counted(&s, PORT_CLUSTER, SIG_FRAMES_RX), 1000);
    assert_int_equal(counted(&s, PORT_CLUSTER + 1, SIG_FRAMES_RX), 3);
    site_end(&s);
}

/* The last port flooded: the ports before it do not hide that. And each one alone. */
static void more_on_any_port_is_another_turn_at_once(void **state)
{
    static const unsigned ports[] = {PORT_CLUSTER, PORT_CLUSTER + 1, PORT_INVERTER};

    (void)state;
    for (size_t i = 0; i < LEN(ports); i++) {
        struct site s;

        print_message("  port %u\n", ports[i]);
        site_init(&s);
        pass(&s, 1);
        s.link[ports[i]].waiting = 1000;
        assert_true(turn(&s, MONO_MS(1)) <= s.now);
        site_end(&s);
    }
}

/* What comes back while a set goes out counts too: no descriptor shows a simulated answer. */
static void more_while_sending_is_another_turn_at_once(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    s.link[PORT_INVERTER].echo = 500;
    assert_true(turn(&s, 0) <= s.now);
    assert_in_range(s.link[PORT_INVERTER].n_written, 1, LEN(first_set));
    assert_true(s.link[PORT_INVERTER].waiting > 0);
    site_end(&s);
}

static void a_link_that_confirms_sends_a_whole_set_in_one_turn(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    assert_true(turn(&s, 0) > s.now);
    assert_int_equal(s.link[PORT_INVERTER].n_written, LEN(first_set));
    assert_memory_equal(s.link[PORT_INVERTER].written, first_set, sizeof(first_set));
    pass(&s, 1);
    assert_int_equal(counted(&s, PORT_INVERTER, SIG_FRAMES_TX), LEN(first_set));
    assert_int_equal(counted(&s, PORT_INVERTER, SIG_FRAMES_DROPPED), 0);
    site_end(&s);
}

static void one_that_does_not_sends_one_frame(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    s.link[PORT_INVERTER].mute = true;
    assert_true(turn(&s, 0) > s.now);
    pass(&s, 3);
    assert_int_equal(s.link[PORT_INVERTER].n_written, 1);
    s.link[PORT_INVERTER].mute = false;
    s.link[PORT_INVERTER].confirm = 1; /* it is out after all; the others follow */
    turn(&s, MONO_MS(100));
    assert_int_equal(s.link[PORT_INVERTER].n_written, LEN(first_set));
    site_end(&s);
}

static void a_write_error_is_one_frame_dropped(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    s.link[PORT_INVERTER].refuse = 1;
    assert_true(turn(&s, 0) > s.now);
    assert_int_equal(s.link[PORT_INVERTER].n_written, LEN(first_set) - 1); /* no stall */
    pass(&s, 1);
    assert_int_equal(counted(&s, PORT_INVERTER, SIG_FRAMES_DROPPED), 1);
    assert_int_equal(counted(&s, PORT_INVERTER, SIG_FRAMES_TX), LEN(first_set) - 1);
    site_end(&s);
}

static void a_link_that_takes_nothing_keeps_nobody_busy(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    s.link[PORT_INVERTER].refuse = 1000;
    assert_true(turn(&s, 0) > s.now);
    pass(&s, 1);
    assert_int_equal(counted(&s, PORT_INVERTER, SIG_FRAMES_DROPPED), LEN(first_set));
    site_end(&s);
}

/* --- links --- */

static void what_was_lost_is_taken_once(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    pass(&s, 1);
    s.link[PORT_CLUSTER + 1].l.lost = 5;
    s.link[PORT_CLUSTER + 1].l.bus_errors = 2;
    pass(&s, 3);
    assert_int_equal(s.link[PORT_CLUSTER + 1].l.lost, 0);
    assert_int_equal(s.link[PORT_CLUSTER + 1].l.bus_errors, 0);
    assert_int_equal(counted(&s, PORT_CLUSTER + 1, SIG_FRAMES_LOST), 5);
    assert_int_equal(counted(&s, PORT_CLUSTER + 1, SIG_BUS_ERRORS), 2);
    assert_int_equal(counted(&s, PORT_CLUSTER, SIG_FRAMES_LOST), 0);
    s.link[PORT_CLUSTER + 1].l.lost = 1;
    pass(&s, 2);
    assert_int_equal(counted(&s, PORT_CLUSTER + 1, SIG_FRAMES_LOST), 6);
    site_end(&s);
}

static void a_link_that_never_opened_says_why_once(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    link_say(&s.link[PORT_CLUSTER + 1].l, LINK_CLOSED, "can7: no such interface");
    link_say(&s.link[PORT_INVERTER].l, LINK_CLOSED, "can8: no such interface");
    pass(&s, 15);
    assert_int_equal(told("cluster 2: can7: no such interface"), 1);
    assert_int_equal(told("inverter 1: can8: no such interface"), 1);
    assert_int_equal(told("no such interface"), 2);
    link_say(&s.link[PORT_CLUSTER + 1].l, LINK_CLOSED, "can7: not a CAN interface");
    pass(&s, 2);
    assert_int_equal(told("can7: not a CAN interface"), 1); /* another cause is news */
    site_end(&s);
}

static void a_change_of_a_link_says_why_once(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    pass(&s, 1);
    for (unsigned times = 1; times <= 2; times++) {
        link_say(&s.link[PORT_CLUSTER].l, LINK_DOWN, "can0 is down");
        pass(&s, 3);
        assert_int_equal(told("can0 is down"), times);
        assert_int_equal(counted(&s, PORT_CLUSTER, SIG_LINK_STATE), LINK_DOWN);
        link_say(&s.link[PORT_CLUSTER].l, LINK_UP, "can0");
        pass(&s, 3);
        assert_int_equal(told("can0 is down"), times);
        assert_int_equal(counted(&s, PORT_CLUSTER, SIG_LINK_STATE), LINK_UP);
    }
    site_end(&s);
}

static void a_link_is_tended_when_it_is_due(void **state)
{
    struct fake *k;
    struct site s;

    (void)state;
    site_init(&s);
    k = &s.link[PORT_CLUSTER + 1];
    pass(&s, 1);
    assert_int_equal(k->tends, 0);
    k->due = s.now + MONO_MS(50);
    assert_int_equal(turn(&s, MONO_MS(50) - 1), k->due); /* before the hub's own deadline */
    assert_int_equal(k->tends, 0);
    assert_true(turn(&s, 1) > s.now);
    assert_int_equal(k->tends, 1);
    pass(&s, 3);
    assert_int_equal(k->tends, 1);
    k->due = s.now - 1;
    turn(&s, MONO_MS(100)); /* too late is due as well */
    assert_int_equal(k->tends, 2);
    assert_int_equal(s.link[PORT_CLUSTER].tends, 0);
    site_end(&s);
}

/* Links that are lost raise an alarm after 2 s; that a limit has a reason is for who asks. */
static void alarms_are_warnings_and_reasons_are_detail(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    s.link[PORT_CLUSTER].l.state = LINK_CLOSED;
    log_threshold(LOG_DEBUG);
    pass(&s, 30);
    log_threshold(LOG_INFO);
    assert_int_equal(told("limit: "), 2);
    assert_int_equal(told_at(LOG_DEBUG), 2);
    assert_int_equal(told("A bus or line is down"), 1);
    assert_int_equal(told_at(LOG_WARN), 1);
    assert_true(told_at(LOG_INFO) > 0); /* the links */
    site_end(&s);
}

/* --- stopping, on the machine's clock --- */

static unsigned limits_written(const struct fake *k)
{
    unsigned n = 0;

    for (unsigned i = 0; i < k->n_written; i++)
        n += k->written[i] == 0x351;
    return n;
}

static void it_stops_after_three_rounds_or_at_once(void **state)
{
    static const struct {
        const char *what;
        unsigned stop, rounds;
    } cases[] = {
        {"asked once: three frames of zero limits", 1, 3},
        {"asked again: none is waited for",         2, 1},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct site s;

        print_message("  %s\n", cases[i].what);
        site_start(&s, clock_now());
        atomic_store(&s.loop.stop, cases[i].stop);
        loop_run(&s.loop);
        assert_int_equal(limits_written(&s.link[PORT_INVERTER]), cases[i].rounds);
        assert_int_equal(told("stopping"), 1);
        site_end(&s);
    }
}

/* --- standing still --- */

/* What waited while nobody looked has an age nobody knows. */
static void what_queued_up_in_a_stall_is_thrown_away(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    pass(&s, 1);
    s.link[PORT_CLUSTER].waiting = 200;
    turn(&s, MONO_S(1)); /* the longest pause that is none */
    while (turn(&s, 0) <= s.now)
        ;
    pass(&s, 1);
    assert_int_equal(counted(&s, PORT_CLUSTER, SIG_FRAMES_RX), 200);
    assert_int_equal(told("stood still"), 0);
    s.link[PORT_CLUSTER].waiting = 200;
    turn(&s, MONO_S(1) + 1);
    assert_int_equal(s.link[PORT_CLUSTER].waiting, 0);
    pass(&s, 1);
    assert_int_equal(counted(&s, PORT_CLUSTER, SIG_FRAMES_RX), 200);
    assert_int_equal(told("stood still"), 1);
    assert_int_equal(told("200 queued frames"), 1);
    s.link[PORT_CLUSTER].waiting = 1; /* and then it goes on */
    pass(&s, 2);
    assert_int_equal(counted(&s, PORT_CLUSTER, SIG_FRAMES_RX), 201);
    site_end(&s);
}

/* That a frame is out is no less true for having waited. */
static void a_confirmation_outlives_a_stall(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    s.link[PORT_INVERTER].mute = true;
    turn(&s, 0);
    s.link[PORT_INVERTER].confirm = 1;
    s.link[PORT_INVERTER].mute = false;
    turn(&s, MONO_S(5));
    pass(&s, 1);
    assert_true(counted(&s, PORT_INVERTER, SIG_FRAMES_TX) > 1);
    site_end(&s);
}

/* --- what is kept --- */

/* Both clusters' links are down: alarms are latched and want to be kept. */
static void a_store_that_keeps_nothing_holds_nobody_up(void **state)
{
    struct site s;

    (void)state;
    site_init(&s);
    s.loop.store = NULL;
    s.link[PORT_CLUSTER].l.state = s.link[PORT_CLUSTER + 1].l.state = LINK_CLOSED;
    alarm(3);
    pass(&s, 30);
    alarm(0);
    assert_int_equal(s.store.used, 0);
    s.loop.store = &s.store;
    pass(&s, 2);
    assert_true(s.store.used >= 2); /* asked again as soon as it can */
    site_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_takes_nobody_elses_turn),
        cmocka_unit_test(more_on_any_port_is_another_turn_at_once),
        cmocka_unit_test(more_while_sending_is_another_turn_at_once),
        cmocka_unit_test(a_link_that_confirms_sends_a_whole_set_in_one_turn),
        cmocka_unit_test(one_that_does_not_sends_one_frame),
        cmocka_unit_test(a_write_error_is_one_frame_dropped),
        cmocka_unit_test(a_link_that_takes_nothing_keeps_nobody_busy),
        cmocka_unit_test(what_was_lost_is_taken_once),
        cmocka_unit_test(a_link_that_never_opened_says_why_once),
        cmocka_unit_test(a_change_of_a_link_says_why_once),
        cmocka_unit_test(a_link_is_tended_when_it_is_due),
        cmocka_unit_test(alarms_are_warnings_and_reasons_are_detail),
        cmocka_unit_test(it_stops_after_three_rounds_or_at_once),
        cmocka_unit_test(what_queued_up_in_a_stall_is_thrown_away),
        cmocka_unit_test(a_confirmation_outlives_a_stall),
        cmocka_unit_test(a_store_that_keeps_nothing_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
