/* Relays and inputs on lines of a chip that does as it is told: taking, driving, reading,
 * debouncing, losing and coming back. Then the thread around it, the loop, and a build that cannot.
 * The calls into libgpiod itself are in test_gpiod.c. */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "config.h"
#include "io/clock.h"
#include "io/gpio.h"
#include "io/loop.h"

/* ---- a chip ---- */

#define LINES 32

static struct fake {
    bool taken, output, invert;
    atomic_int level;  /* closed or open, as seen from outside */
    int edges;         /* that came since the last look */
    int why_not;       /* errno of the next take */
    atomic_int broken; /* errno of everything on a taken line */
    int fd;            /* -1: it tells no edges */
    unsigned sets;     /* how often it was driven */
    unsigned takes;    /* how often it was asked for */
} chip[LINES];

static int driven = -1; /* eventfd: a relay was set or taken; for the test of the thread */

static void reset_chip(void)
{
    memset(chip, 0, sizeof(chip));
    for (unsigned i = 0; i < LINES; i++)
        chip[i].fd = 1000; /* never polled here */
}

static void *take(const struct gpio_place *at, bool output)
{
    struct fake *f = &chip[at->line];

    assert_string_equal(at->chip, "gpiochip0");
    assert_false(f->taken);
    f->takes++;
    errno = f->why_not;
    if (f->why_not)
        return NULL;
    f->taken = true;
    f->output = output;
    f->invert = at->invert;
    return f;
}

static void *take_output(const struct gpio_place *at, bool closed)
{
    struct fake *f = take(at, true);

    if (f)
        f->level = closed;
    if (driven >= 0)
        eventfd_write(driven, 1);
    return f;
}

static void *take_input(const struct gpio_place *at)
{
    return take(at, false);
}

static int broken(const struct fake *f)
{
    assert_true(f->taken);
    errno = f->broken;
    return f->broken ? -1 : 0;
}

static int set(void *line, bool closed)
{
    struct fake *f = line;

    assert_true(f->output);
    if (broken(f))
        return -1;
    f->level = closed;
    f->sets++;
    if (driven >= 0)
        eventfd_write(driven, 1);
    return 0;
}

static int get(void *line)
{
    struct fake *f = line;

    assert_false(f->output);
    return broken(f) ? -1 : f->level;
}

static int fd(void *line)
{
    return ((struct fake *)line)->fd;
}

static int edges(void *line)
{
    struct fake *f = line;
    int n = f->edges;

    f->edges = 0;
    return broken(f) ? -1 : n;
}

static void release(void *line)
{
    struct fake *f = line;

    assert_true(f->taken);
    f->taken = false;
}

static const struct gpio_ops ops = {.take_output = take_output,
                                    .take_input = take_input,
                                    .set = set,
                                    .get = get,
                                    .fd = fd,
                                    .edges = edges,
                                    .release = release};

/* ---- what is said ---- */

static char told[2000];
static pthread_mutex_t telling = PTHREAD_MUTEX_INITIALIZER;

static void note(enum log_level level, const char *line)
{
    (void)level;
    pthread_mutex_lock(&telling);
    snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", line);
    pthread_mutex_unlock(&telling);
}

static bool was_told(const char *line)
{
    bool found;

    pthread_mutex_lock(&telling);
    found = strstr(told, line) != NULL;
    pthread_mutex_unlock(&telling);
    return found;
}

static void assert_told(const char *lines)
{
    assert_string_equal(told, lines);
    told[0] = '\0';
}

static int setup(void **state)
{
    (void)state;
    reset_chip();
    told[0] = '\0';
    log_to(note);
    return 0;
}

/* ---- lines ---- */

static void fail_on(void *arg, const struct config_error *err)
{
    (void)arg;
    fail_msg("%d: %s", err->line, err->text);
}

static void ignore(void *arg, const struct config_error *err)
{
    (void)arg, (void)err;
}

static struct config *configured(const char *contacts)
{
    char ini[1000];

    snprintf(ini, sizeof(ini), "[hub]\nclusters = 1\n[cluster.1]\nlink = sim\n%s", contacts);
    return config_parse(ini, strlen(ini), NULL, fail_on, ignore, NULL);
}

static void lines_of(struct gpio_lines *g, const char *contacts)
{
    struct config *cfg = configured(contacts);

    memset(g, 0xFF, sizeof(*g));
    gpio_lines_read(g, &ops, cfg);
    assert_false(g->decided);
    g->decided = true;
    config_free(cfg);
}

#define RELAY(n, line) "[relay." #n "]\nfunction = power\ngpio = gpiochip0:" #line "\n"
#define INPUT(n, line) "[input." #n "]\nfunction = stop\ngpio = gpiochip0:" #line "\n"

static void a_contact_without_a_line_is_left_alone(void **state)
{
    struct gpio_lines g;
    unsigned known;

    (void)state;
    lines_of(&g, "[relay.1]\nfunction = power\n");
    assert_int_equal(gpio_lines_used(&g), 0);
    assert_true(gpio_turn(&g, 0xFF, MONO_S(1)) == MONO_NEVER);
    assert_int_equal(gpio_inputs(&g, &known), 0);
    assert_int_equal(known, 0);
    gpio_lines_close(&g);
    lines_of(&g, RELAY(8, 1) INPUT(8, 2) "invert = yes\n");
    assert_int_equal(gpio_lines_used(&g), 2);
    gpio_turn(&g, 0x80, MONO_S(1));
    assert_true(chip[1].taken && chip[1].output && chip[1].level == 1 && !chip[1].invert);
    assert_true(chip[2].taken && !chip[2].output && chip[2].invert);
    assert_told("");
    gpio_lines_close(&g);
    assert_false(chip[1].taken || chip[2].taken);
}

/* Set on a change, and each second again. Taken with the level it shall have: no pulse at start. */
static void a_relay_is_driven(void **state)
{
    static const struct {
        mono_us at;
        unsigned closed;
        unsigned sets; /* so far */
        int level;
        mono_us due;
    } steps[] = {
        {MONO_MS(1000), 1, 0, 1, MONO_MS(2000)}, /* taken closed */
        {MONO_MS(1999), 1, 0, 1, MONO_MS(2000)},
        {MONO_MS(2000), 1, 1, 1, MONO_MS(3000)}, /* again */
        {MONO_MS(2500), 0, 2, 0, MONO_MS(3500)}, /* a change */
        {MONO_MS(2500), 2, 2, 0, MONO_MS(3500)}, /* another's */
        {MONO_MS(3499), 0, 2, 0, MONO_MS(3500)},
        {MONO_MS(3500), 0, 3, 0, MONO_MS(4500)},
    };
    struct gpio_lines g;

    (void)state;
    lines_of(&g, RELAY(1, 7));
    for (size_t i = 0; i < LEN(steps); i++) {
        print_message("  step %zu\n", i);
        assert_true(gpio_turn(&g, steps[i].closed, steps[i].at) == steps[i].due);
        assert_int_equal(chip[7].level, steps[i].level);
        assert_int_equal(chip[7].sets, steps[i].sets);
    }
    assert_int_equal(chip[7].takes, 1);
    chip[7].level = 1;
    gpio_lines_close(&g); /* open at the end */
    assert_int_equal(chip[7].level, 0);
}

/* One that holds a contactor open is as the last run left it, until the rules have decided; and it
 * stays so at the end. */
static void a_relay_of_a_cluster_is_left_as_it_is(void **state)
{
    struct gpio_lines g;

    (void)state;
    lines_of(&g,
             "[relay.1]\nfunction = cluster_1_off\ngpio = gpiochip0:7\n" RELAY(2, 8) INPUT(1, 9));
    g.decided = false;
    chip[7].level = 1;
    assert_true(gpio_turn(&g, 0, MONO_S(1)) == MONO_S(1) + MONO_MS(20)); /* the input */
    assert_false(chip[7].taken || chip[8].taken);
    assert_true(chip[9].taken);
    g.decided = true;
    gpio_turn(&g, 3, MONO_S(2));
    assert_true(chip[7].taken && chip[8].taken);
    gpio_lines_close(&g);
    assert_false(chip[7].taken || chip[8].taken);
    assert_int_equal(chip[7].level, 1);
    assert_int_equal(chip[8].level, 0);
}

static void a_chip_that_is_not_there_is_tried_again(void **state)
{
    struct gpio_lines g;
    unsigned known;

    (void)state;
    lines_of(&g, RELAY(2, 7) INPUT(1, 8));
    chip[7].why_not = chip[8].why_not = ENOENT;
    assert_true(gpio_turn(&g, 2, MONO_S(10)) == MONO_S(15));
    assert_told("relay 2: gpiochip0: no such chip; is its board plugged in? gpiodetect lists them; "
                "tried again every 5 s\n"
                "input 1: gpiochip0: no such chip; is its board plugged in? gpiodetect lists them; "
                "tried again every 5 s; until it can be read the limits are zero\n");
    gpio_turn(&g, 2, MONO_S(15) - 1);
    assert_int_equal(chip[7].takes, 1);
    assert_int_equal(chip[8].takes, 1);
    gpio_turn(&g, 2, MONO_S(15));
    assert_int_equal(chip[7].takes, 2);
    assert_told(""); /* known already */
    chip[7].why_not = chip[8].why_not = 0;
    chip[8].level = 1;
    gpio_turn(&g, 2, MONO_S(20));
    assert_told("relay 2: gpiochip0 line 7 is back\n");
    gpio_turn(&g, 2, MONO_S(20) + MONO_MS(20));
    assert_told("input 1: gpiochip0 line 8 is back\n");
    assert_int_equal(gpio_inputs(&g, &known), 1);
    assert_int_equal(known, 1);
    assert_int_equal(chip[7].level, 1);
}

static void each_cause_has_its_remedy(void **state)
{
    static const struct {
        int why;
        const char *told;
    } cases[] = {
        {ENODEV, "no such chip; is its board plugged in? gpiodetect lists them"},
        {ENXIO,  "no such chip; is its board plugged in? gpiodetect lists them"},
        {EACCES, "no permission; the user has to be in the group of /dev/gpiochip* (a container "
                 "needs the device too)"                       },
        {EPERM,  "no permission; the user has to be in the group of /dev/gpiochip* (a container "
                "needs the device too)"                         },
        {EBUSY,  "line 7 is in use; gpioinfo tells by whom"                    },
        {EINVAL, "it has no line 7, or not for this; gpioinfo lists them"      },
        {EIO,    "line 7: Input/output error"                                  },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct gpio_lines g;
        char expected[250];

        reset_chip();
        lines_of(&g, "[input.3]\nfunction = reset\ngpio = gpiochip0:7\n"); /* stops nothing */
        chip[7].why_not = cases[i].why;
        gpio_turn(&g, 0, MONO_S(1));
        snprintf(expected, sizeof(expected), "input 3: gpiochip0: %s; tried again every 5 s\n",
                 cases[i].told);
        assert_told(expected);
    }
}

/* A board that is pulled: its lines fail, the inputs are not known, and both come back. */
static void a_lost_line_comes_back(void **state)
{
    struct gpio_lines g;
    unsigned known;

    (void)state;
    lines_of(&g, RELAY(1, 7) INPUT(1, 8) "debounce_ms = 0\n");
    chip[8].level = 1;
    gpio_turn(&g, 1, MONO_S(1));
    assert_int_equal(gpio_inputs(&g, &known), 1);
    assert_int_equal(known, 1);
    chip[7].broken = chip[8].broken = EIO;
    assert_true(gpio_turn(&g, 0, MONO_S(2)) == MONO_S(7));
    assert_int_equal(gpio_inputs(&g, &known), 0);
    assert_int_equal(known, 0);
    assert_false(chip[7].taken || chip[8].taken);
    assert_told("relay 1: gpiochip0: line 7: Input/output error; tried again every 5 s\n"
                "input 1: gpiochip0: line 8: Input/output error; tried again every 5 s; until it "
                "can be read the limits are zero\n");
    chip[7].broken = chip[8].broken = 0;
    gpio_turn(&g, 0, MONO_S(7) - 1);
    assert_false(chip[7].taken || chip[8].taken);
    gpio_turn(&g, 0, MONO_S(7));
    assert_int_equal(gpio_inputs(&g, &known), 1);
    assert_int_equal(known, 1);
    assert_int_equal(chip[7].level, 0);
    assert_told("relay 1: gpiochip0 line 7 is back\ninput 1: gpiochip0 line 8 is back\n");
}

/* 20 ms without an edge and without another level. */
static void an_input_counts_when_it_is_at_rest(void **state)
{
    static const struct {
        const char *what;
        unsigned ms;
        int level, edges;
        int counts;   /* -1: not known */
        unsigned due; /* ms */
    } steps[] = {
        {"taken closed",                   0,   1, 0, -1, 20 },
        {"not yet",                        19,  1, 0, -1, 20 },
        {"at rest",                        20,  1, 0, 1,  120},
        {"nothing new",                    120, 1, 0, 1,  220},
        {"it opens",                       130, 0, 1, 1,  150},
        {"not yet",                        149, 0, 0, 1,  150},
        {"it has opened",                  150, 0, 0, 0,  250},
        {"a pulse between two looks",      200, 0, 2, 0,  220},
        {"the pulse was none",             220, 0, 0, 0,  320},
        {"closing",                        300, 1, 1, 0,  320},
        {"bouncing, back where it was",    310, 0, 1, 0,  330},
        {"closing again, edge unseen",     315, 1, 0, 0,  335},
        {"closed, but it bounced between", 334, 1, 2, 0,  354},
        {"20 ms after the first look",     335, 1, 0, 0,  354},
        {"not yet",                        353, 1, 0, 0,  354},
        {"at rest",                        354, 1, 0, 1,  454},
    };
    struct gpio_lines g;

    (void)state;
    lines_of(&g, INPUT(1, 8));
    for (size_t i = 0; i < LEN(steps); i++) {
        mono_us due;
        unsigned known, closed;

        print_message("  %s, at %u ms\n", steps[i].what, steps[i].ms);
        chip[8].level = steps[i].level;
        chip[8].edges = steps[i].edges;
        due = gpio_turn(&g, 0, MONO_S(1) + MONO_MS(steps[i].ms));
        closed = gpio_inputs(&g, &known);
        assert_int_equal(known ? (int)closed : -1, steps[i].counts);
        assert_int_equal(due - MONO_S(1), MONO_MS(steps[i].due));
    }
}

static void a_chip_without_edges_is_polled(void **state)
{
    struct gpio_lines g;
    unsigned known;

    (void)state;
    lines_of(&g, INPUT(1, 8));
    chip[8].fd = -1;
    assert_true(gpio_turn(&g, 0, MONO_S(1)) == MONO_S(1) + MONO_MS(10));
    assert_true(gpio_turn(&g, 0, MONO_S(1) + MONO_MS(20)) == MONO_S(1) + MONO_MS(30));
    assert_int_equal(gpio_inputs(&g, &known), 0);
    assert_int_equal(known, 1);
}

/* A wire that hums says neither open nor closed: after 1 s and the debounce time nobody knows. */
static void a_wire_that_hums_is_not_known(void **state)
{
    static const char restless[] =
        "input 1: gpiochip0 line 8 does not come to rest; check its wire and its pull resistor, or "
        "raise debounce_ms; until it can be read the limits are zero\n";
    struct gpio_lines g;
    unsigned known;

    (void)state;
    lines_of(&g, INPUT(1, 8));
    chip[8].level = 1;
    gpio_turn(&g, 0, MONO_S(1));
    gpio_turn(&g, 0, MONO_S(2)); /* at rest, closed */
    gpio_inputs(&g, &known);
    assert_int_equal(known, 1);
    for (unsigned ms = 10; ms <= 1010; ms += 10) {
        chip[8].edges = 1;
        gpio_turn(&g, 0, MONO_S(2) + MONO_MS(ms));
        assert_int_equal(gpio_inputs(&g, &known), 1);
        assert_int_equal(known, 1);
    }
    chip[8].edges = 1;
    gpio_turn(&g, 0, MONO_S(2) + MONO_MS(1020) - 1);
    gpio_inputs(&g, &known);
    assert_int_equal(known, 1);
    assert_told("");
    chip[8].edges = 1;
    gpio_turn(&g, 0, MONO_S(2) + MONO_MS(1020));
    assert_int_equal(gpio_inputs(&g, &known), 0);
    assert_int_equal(known, 0);
    assert_told(restless);
    chip[8].edges = 1;
    gpio_turn(&g, 0, MONO_S(2) + MONO_MS(1030));
    assert_told("");
    gpio_turn(&g, 0, MONO_S(2) + MONO_MS(1050));
    assert_int_equal(gpio_inputs(&g, &known), 1);
    assert_int_equal(known, 1);
    assert_told("input 1: gpiochip0 line 8 is back\n");
}

/* ---- the thread ---- */

static void ring(void *ctx)
{
    eventfd_write(*(int *)ctx, 1);
}

/* Waits for the thread, 5 s at most. */
static void heard(int bell)
{
    struct pollfd ready = {.fd = bell, .events = POLLIN};
    eventfd_t count;

    assert_int_equal(poll(&ready, 1, 5000), 1);
    eventfd_read(bell, &count);
}

static void the_thread_drives_and_reads(void **state)
{
    struct config *cfg = configured(RELAY(1, 7) INPUT(2, 8) "debounce_ms = 0\n");
    int bell = eventfd(0, EFD_CLOEXEC);
    struct gpio *g = NULL;
    unsigned known;

    (void)state;
    driven = eventfd(0, EFD_CLOEXEC);
    chip[8].level = 1;
    chip[8].fd = -1;
    assert_int_equal(gpio_start(&g, cfg, &ops, ring, &bell), HUB_OK);
    config_free(cfg);
    assert_non_null(g);
    heard(bell);
    assert_int_equal(gpio_see(g, clock_now(), &known), 2);
    assert_int_equal(known, 2);
    gpio_drive(g, 0);
    heard(driven); /* taken */
    gpio_drive(g, 1);
    heard(driven);
    assert_int_equal(gpio_see(g, clock_now() + MONO_S(2), &known), 0); /* it hangs */
    assert_int_equal(known, 0);
    gpio_stop(g);
    assert_false(chip[7].taken || chip[8].taken);
    assert_int_equal(chip[7].level, 0);
    close(bell);
    close(driven);
    driven = -1;
}

static void without_a_line_there_is_no_thread(void **state)
{
    struct config *cfg = configured("[relay.1]\nfunction = power\n");
    struct gpio *g = NULL;

    (void)state;
    assert_int_equal(gpio_start(&g, cfg, &ops, ring, NULL), HUB_OK);
    assert_null(g);
    config_free(cfg);
    cfg = configured(RELAY(1, 7));
    assert_int_equal(gpio_start(&g, cfg, NULL, ring, NULL), HUB_OK);
    assert_null(g);
    config_free(cfg);
}

/* The loop tells the hub what was read and leaves here what it wants. */
static void the_loop_carries_both_ways(void **state)
{
    struct config *cfg = configured(
        "[relay.2]\nfunction = power\ngpio = gpiochip0:7\n" INPUT(1, 8) "debounce_ms = 0\n");
    int bell = eventfd(0, EFD_CLOEXEC);
    struct loop loop = {.wake = -1};
    const struct signals *s;

    (void)state;
    driven = eventfd(0, EFD_CLOEXEC);
    chip[8].level = 1;
    chip[8].fd = -1;
    loop.hub = hub_new(cfg, clock_now());
    assert_int_equal(gpio_start(&loop.gpio, cfg, &ops, ring, &bell), HUB_OK);
    config_free(cfg);
    heard(bell); /* read */
    loop_turn(&loop, clock_now() + MONO_S(1));
    s = &hub_snapshot(loop.hub)->hub.s;
    assert_int_equal(signal_or(s, SIG_INPUT, -1), 1);
    assert_true(was_told("hub: input 1 (stop) closed\n"));
    heard(driven); /* relay 2 is power: taken, closed */
    chip[8].broken = EIO;
    heard(bell);
    loop_turn(&loop, clock_now() + MONO_S(1) + MONO_MS(500));
    assert_int_equal(signal_or(s, SIG_INPUT, -1), -1);
    assert_true(was_told("hub: input 1 (stop) unknown\n"));
    gpio_stop(loop.gpio);
    hub_free(loop.hub);
    close(bell);
    close(driven);
    driven = -1;
}

/* ---- a build that cannot ---- */

static void a_gpio_needs_libgpiod(void **state)
{
    struct config *with = configured(RELAY(1, 7)), *without = configured("");
    char why[200] = "";

    (void)state;
    assert_true(gpio_check(without, why, sizeof(why)));
    assert_int_equal(gpio_check(with, why, sizeof(why)), gpio_ops_gpiod != NULL);
    if (!gpio_ops_gpiod)
        assert_non_null(strstr(why, "gpio needs a build with libgpiod"));
    config_free(with);
    config_free(without);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_contact_without_a_line_is_left_alone),
        TEST(a_relay_is_driven),
        TEST(a_relay_of_a_cluster_is_left_as_it_is),
        TEST(a_chip_that_is_not_there_is_tried_again),
        TEST(each_cause_has_its_remedy),
        TEST(a_lost_line_comes_back),
        TEST(an_input_counts_when_it_is_at_rest),
        TEST(a_chip_without_edges_is_polled),
        TEST(a_wire_that_hums_is_not_known),
        TEST(the_thread_drives_and_reads),
        TEST(without_a_line_there_is_no_thread),
        TEST(the_loop_carries_both_ways),
        TEST(a_gpio_needs_libgpiod),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
