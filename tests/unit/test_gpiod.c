/* The calls into libgpiod, the real one, on a kernel that is made up: the functions below stand in
 * for those of libc that it uses, and answer the ioctls of linux/gpio.h (version 1, which libgpiod
 * 1 speaks) for one chip of eight lines. No kernel here has gpio-sim or gpio-mockup. */
#undef _FORTIFY_SOURCE /* its inline read and open are not for us */
#include "check.h"

#include "io/gpio.h"

#ifdef HUB_GPIOD

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEVICE "/dev/gpiochip0"
#define SYSFS "/sys/bus/gpio/devices/gpiochip0"
#define LABEL "pinctrl-made-up"
#define MAJOR 254
#define LINES 8
#define FDS 64

/* ---- the kernel ---- */

enum kind { NOBODYS, CHIP, HANDLE, EVENT };

static struct kernel {
    int no_chip;  /* errno of opening the device */
    int no_line;  /* errno of every request */
    int no_edges; /* errno of requests for edges */
    int no_pull;  /* errno of requests with a pull */
    int broken;   /* errno of values */
    enum kind fd[FDS];
    unsigned line_of[FDS];
    uint32_t flags[LINES]; /* as last asked for */
    uint32_t edges[LINES]; /* the same; 0: none */
    char consumer[LINES][32];
    int level[LINES];   /* closed or open */
    int far_end[LINES]; /* of the pipe that edges come through */
} kernel;

static int fail_with(int why)
{
    errno = why;
    return -1;
}

/* A descriptor of the kernel's. */
static int give(int fd, enum kind kind, unsigned line)
{
    assert_in_range(fd, 0, FDS - 1);
    kernel.fd[fd] = kind;
    kernel.line_of[fd] = line;
    return fd;
}

static int ask_line(unsigned line, uint32_t flags, bool edges)
{
    if (kernel.no_line)
        return fail_with(kernel.no_line);
    if (edges && kernel.no_edges)
        return fail_with(kernel.no_edges);
    if (kernel.no_pull &&
        flags & (GPIOHANDLE_REQUEST_BIAS_PULL_UP | GPIOHANDLE_REQUEST_BIAS_PULL_DOWN))
        return fail_with(kernel.no_pull);
    kernel.flags[line] = flags;
    return 0;
}

static int get_handle(struct gpiohandle_request *r)
{
    unsigned line = r->lineoffsets[0];

    assert_int_equal(r->lines, 1);
    if (ask_line(line, r->flags, false) != 0)
        return -1;
    snprintf(kernel.consumer[line], sizeof(kernel.consumer[line]), "%s", r->consumer_label);
    if (r->flags & GPIOHANDLE_REQUEST_OUTPUT)
        kernel.level[line] = r->default_values[0];
    kernel.edges[line] = 0;
    r->fd = give(eventfd(0, EFD_CLOEXEC), HANDLE, line);
    return 0;
}

static int get_event(struct gpioevent_request *r)
{
    int ends[2];

    if (ask_line(r->lineoffset, r->handleflags, true) != 0)
        return -1;
    snprintf(kernel.consumer[r->lineoffset], 32, "%s", r->consumer_label);
    kernel.edges[r->lineoffset] = r->eventflags;
    assert_int_equal(pipe(ends), 0);
    kernel.far_end[r->lineoffset] = ends[1];
    r->fd = give(ends[0], EVENT, r->lineoffset);
    return 0;
}

static int line_info(struct gpioline_info *info)
{
    if (info->line_offset >= LINES)
        return fail_with(EINVAL);
    info->flags = 0;
    info->name[0] = info->consumer[0] = '\0';
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    void *arg;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    if (fd < 0 || fd >= FDS || kernel.fd[fd] == NOBODYS)
        return (int)syscall(SYS_ioctl, fd, request, arg);
    if (request == GPIO_GET_CHIPINFO_IOCTL) {
        struct gpiochip_info *info = arg;

        snprintf(info->name, sizeof(info->name), "gpiochip0");
        snprintf(info->label, sizeof(info->label), LABEL);
        info->lines = LINES;
        return 0;
    }
    if (request == GPIO_GET_LINEINFO_IOCTL)
        return line_info(arg);
    if (request == GPIO_GET_LINEHANDLE_IOCTL)
        return get_handle(arg);
    if (request == GPIO_GET_LINEEVENT_IOCTL)
        return get_event(arg);
    if (kernel.broken)
        return fail_with(kernel.broken);
    if (request == GPIOHANDLE_GET_LINE_VALUES_IOCTL)
        ((struct gpiohandle_data *)arg)->values[0] = (uint8_t)kernel.level[kernel.line_of[fd]];
    else if (request == GPIOHANDLE_SET_LINE_VALUES_IOCTL)
        kernel.level[kernel.line_of[fd]] = ((struct gpiohandle_data *)arg)->values[0];
    else
        fail_msg("ioctl 0x%lX", request);
    return 0;
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS) {
        if (kernel.fd[fd] == EVENT && kernel.far_end[kernel.line_of[fd]] >= 0)
            syscall(SYS_close, kernel.far_end[kernel.line_of[fd]]);
        kernel.fd[fd] = NOBODYS;
    }
    return (int)syscall(SYS_close, fd);
}

int open(const char *path, int flags, ...)
{
    int fd;

    if (strcmp(path, DEVICE) == 0)
        return kernel.no_chip ? fail_with(kernel.no_chip) : give(eventfd(0, EFD_CLOEXEC), CHIP, 0);
    if (strcmp(path, SYSFS "/dev") != 0)
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
    fd = memfd_create("dev", MFD_CLOEXEC);
    assert_int_equal(pwrite(fd, "254:0\n", 6, 0), 6);
    return fd;
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    if (strcmp(path, DEVICE) != 0 || kernel.no_chip == ENOENT)
        return fail_with(ENOENT);
    memset(st, 0, sizeof(*st));
    st->st_mode = S_IFCHR | 0660;
    st->st_rdev = makedev(MAJOR, 0);
    return 0;
}

int stat(const char *restrict path, struct stat *restrict st)
{
    return lstat(path, st);
}

int access(const char *path, int mode)
{
    (void)mode;
    return strncmp(path, SYSFS, strlen(SYSFS)) == 0 ? 0 : fail_with(ENOENT);
}

/* What libgpiod finds in /dev: our chip. */
int scandir(const char *restrict dir, struct dirent ***restrict list,
            int (*filter)(const struct dirent *),
            int (*order)(const struct dirent **, const struct dirent **))
{
    struct dirent *d = calloc(1, sizeof(*d));

    (void)order;
    assert_true(strncmp(dir, "/dev", 4) == 0);
    snprintf(d->d_name, sizeof(d->d_name), "gpiochip0");
    assert_true(!filter || filter(d));
    *list = malloc(sizeof(**list));
    (*list)[0] = d;
    return 1;
}

static void edge(unsigned line)
{
    struct gpioevent_data data = {.timestamp = 1, .id = GPIOEVENT_EVENT_RISING_EDGE};

    assert_int_equal(write(kernel.far_end[line], &data, sizeof(data)), sizeof(data));
}

static unsigned held(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FDS; i++)
        n += kernel.fd[i] != NOBODYS;
    return n;
}

static int setup(void **state)
{
    (void)state;
    memset(&kernel, 0, sizeof(kernel));
    return 0;
}

/* ---- the ops ---- */

static const struct gpio_place at3 = {.chip = "gpiochip0", .line = 3};
static const struct gpio_place inverted = {.chip = "gpiochip0", .line = 3, .invert = true};
static const struct gpio_place labelled = {.chip = LABEL, .line = 7};

static void an_output_begins_as_it_shall_be(void **state)
{
    const struct gpio_ops *ops = gpio_ops_gpiod;

    (void)state;
    for (int closed = 0; closed <= 1; closed++)
        for (int invert = 0; invert <= 1; invert++) {
            void *line;

            kernel.level[3] = !closed;
            line = ops->take_output(invert ? &inverted : &at3, closed);
            assert_non_null(line);
            assert_int_equal(kernel.level[3], closed); /* the kernel turns it for active low */
            assert_int_equal(kernel.flags[3], GPIOHANDLE_REQUEST_OUTPUT |
                                                  (invert ? GPIOHANDLE_REQUEST_ACTIVE_LOW : 0));
            assert_string_equal(kernel.consumer[3], "hubgate");
            assert_int_equal(ops->set(line, !closed), 0);
            assert_int_equal(kernel.level[3], !closed);
            kernel.broken = EIO;
            assert_int_equal(ops->set(line, closed), -1);
            assert_int_equal(errno, EIO);
            kernel.broken = 0;
            ops->release(line);
            assert_int_equal(held(), 0);
        }
}

/* Pulled to the level that reads open: a broken wire opens. */
static void an_input_is_pulled_open(void **state)
{
    const struct gpio_ops *ops = gpio_ops_gpiod;
    void *line = ops->take_input(&at3);

    (void)state;
    assert_non_null(line);
    assert_int_equal(kernel.flags[3], GPIOHANDLE_REQUEST_INPUT | GPIOHANDLE_REQUEST_BIAS_PULL_DOWN);
    assert_int_equal(kernel.edges[3], GPIOEVENT_REQUEST_BOTH_EDGES);
    assert_string_equal(kernel.consumer[3], "hubgate");
    ops->release(line);
    line = ops->take_input(&inverted);
    assert_int_equal(kernel.flags[3], GPIOHANDLE_REQUEST_INPUT | GPIOHANDLE_REQUEST_ACTIVE_LOW |
                                          GPIOHANDLE_REQUEST_BIAS_PULL_UP);
    ops->release(line);
    assert_int_equal(held(), 0);
}

static void levels_and_edges_come_in(void **state)
{
    const struct gpio_ops *ops = gpio_ops_gpiod;
    void *line = ops->take_input(&at3);
    struct pollfd ready;

    (void)state;
    assert_int_equal(ops->get(line), 0);
    kernel.level[3] = 1;
    assert_int_equal(ops->get(line), 1);
    ready = (struct pollfd){.fd = ops->fd(line), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 0), 0);
    assert_int_equal(ops->edges(line), 0); /* and does not wait for one */
    edge(3);
    edge(3);
    assert_int_equal(poll(&ready, 1, 0), 1);
    assert_int_equal(ops->edges(line), 2);
    assert_int_equal(ops->edges(line), 0);
    for (unsigned i = 0; i < 20; i++)
        edge(3);
    assert_int_equal(ops->edges(line), 16); /* the rest next time */
    assert_int_equal(ops->edges(line), 4);
    kernel.broken = EIO;
    assert_int_equal(ops->get(line), -1);
    assert_int_equal(errno, EIO);
    syscall(SYS_close, kernel.far_end[3]); /* the chip goes away */
    kernel.far_end[3] = -1;
    assert_int_equal(ops->edges(line), -1);
    assert_int_equal(errno, ENODEV);
    ops->release(line);
    assert_int_equal(held(), 0);
}

static void a_line_without_edges_is_an_input_all_the_same(void **state)
{
    const struct gpio_ops *ops = gpio_ops_gpiod;
    void *line;

    (void)state;
    kernel.no_edges = ENXIO;
    kernel.level[3] = 1;
    line = ops->take_input(&at3);
    assert_non_null(line);
    assert_int_equal(kernel.flags[3], GPIOHANDLE_REQUEST_INPUT | GPIOHANDLE_REQUEST_BIAS_PULL_DOWN);
    assert_int_equal(kernel.edges[3], 0);
    assert_int_equal(ops->fd(line), -1);
    assert_int_equal(ops->edges(line), 0);
    assert_int_equal(ops->get(line), 1);
    ops->release(line);
    assert_int_equal(held(), 0);
}

static void a_kernel_without_pulls_gives_the_line(void **state)
{
    const struct gpio_ops *ops = gpio_ops_gpiod;
    void *line;

    (void)state;
    kernel.no_pull = EINVAL;
    line = ops->take_input(&inverted);
    assert_non_null(line);
    assert_int_equal(kernel.flags[3], GPIOHANDLE_REQUEST_INPUT | GPIOHANDLE_REQUEST_ACTIVE_LOW);
    assert_true(ops->fd(line) >= 0);
    ops->release(line);
    assert_int_equal(held(), 0);
}

static void a_chip_is_found_by_its_label(void **state)
{
    static const struct gpio_place nowhere = {.chip = "pinctrl-other", .line = 7};
    const struct gpio_ops *ops = gpio_ops_gpiod;
    void *line = ops->take_output(&labelled, true);

    (void)state;
    assert_non_null(line);
    assert_int_equal(kernel.level[7], 1);
    ops->release(line);
    assert_null(ops->take_output(&nowhere, true));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(held(), 0);
}

static void what_cannot_be_had_says_why(void **state)
{
    static const struct gpio_place beyond = {.chip = "gpiochip0", .line = LINES};
    static const struct gpio_place other = {.chip = "gpiochip1", .line = 0};
    static const struct {
        int no_chip, no_line;
        const struct gpio_place *at;
        int why;
    } cases[] = {
        {ENOENT, 0,     &at3,    ENOENT},
        {EACCES, 0,     &at3,    EACCES},
        {0,      EBUSY, &at3,    EBUSY },
        {0,      0,     &beyond, EINVAL},
        {0,      0,     &other,  ENOENT},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s line %u: %s\n", cases[i].at->chip, cases[i].at->line,
                      strerror(cases[i].why));
        kernel.no_chip = cases[i].no_chip;
        kernel.no_line = cases[i].no_line;
        errno = 0;
        assert_null(gpio_ops_gpiod->take_output(cases[i].at, true));
        assert_int_equal(errno, cases[i].why);
        errno = 0;
        assert_null(gpio_ops_gpiod->take_input(cases[i].at));
        assert_int_equal(errno, cases[i].why);
        assert_int_equal(held(), 0);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_output_begins_as_it_shall_be),
        TEST(an_input_is_pulled_open),
        TEST(levels_and_edges_come_in),
        TEST(a_line_without_edges_is_an_input_all_the_same),
        TEST(a_kernel_without_pulls_gives_the_line),
        TEST(a_chip_is_found_by_its_label),
        TEST(what_cannot_be_had_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void there_is_no_libgpiod(void **state)
{
    (void)state;
    assert_null(gpio_ops_gpiod);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_is_no_libgpiod)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
