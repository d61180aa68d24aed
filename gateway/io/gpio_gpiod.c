/* Lines of GPIO chips through libgpiod 1.5 to 1.6 (Debian 12; its version 2 has another interface).
 */
#include "io/gpio.h"

#ifdef HUB_GPIOD

#include <errno.h>
#include <gpiod.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define BURST 16 /* edges the kernel keeps of a line */

static const char consumer[] = "hubgate";

struct held {
    struct gpiod_chip *chip; /* a handle of its own for each line */
    struct gpiod_line *line;
    bool edges; /* the chip tells them */
};

/* By the name of its device, else by its label: names go by the order of finding. */
static struct gpiod_chip *open_chip(const char *name)
{
    if (strncmp(name, "gpiochip", 8) == 0)
        return gpiod_chip_open_by_name(name);
    return gpiod_chip_open_by_label(name);
}

static void release(void *line)
{
    struct held *h = line;

    gpiod_chip_close(h->chip); /* gives its lines back */
    free(h);
}

/* The line, not asked for yet. NULL with errno. */
static struct held *find(const struct gpio_place *at)
{
    struct held *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    h->chip = open_chip(at->chip);
    if (!h->chip) {
        int why = errno;

        free(h);
        errno = why;
        return NULL;
    }
    h->line = gpiod_chip_get_line(h->chip, at->line);
    return h;
}

/* What was found, or nothing when asking for it failed with errno. */
static void *keep(struct held *h, bool taken)
{
    int why = errno;

    if (taken)
        return h;
    release(h);
    errno = why;
    return NULL;
}

static int low_is_closed(const struct gpio_place *at)
{
    return at->invert ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
}

static void *take_output(const struct gpio_place *at, bool closed)
{
    struct held *h = find(at);

    if (!h)
        return NULL;
    return keep(h, h->line && gpiod_line_request_output_flags(h->line, consumer, low_is_closed(at),
                                                              closed) == 0);
}

/* With edges, else without: an expander whose interrupt is not wired has none. */
static bool request_input(struct held *h, int flags)
{
    h->edges = gpiod_line_request_both_edges_events_flags(h->line, consumer, flags) == 0;
    return h->edges || gpiod_line_request_input_flags(h->line, consumer, flags) == 0;
}

static void *take_input(const struct gpio_place *at)
{
    int flags = low_is_closed(at);
    int pull =
        at->invert ? GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP : GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
    struct held *h = find(at);

    if (!h)
        return NULL;
    /* A chip without such a pull says nothing, a kernel before 5.5 refuses. */
    return keep(h, h->line && (request_input(h, flags | pull) || request_input(h, flags)));
}

static int set(void *line, bool closed)
{
    struct held *h = line;

    return gpiod_line_set_value(h->line, closed);
}

static int get(void *line)
{
    struct held *h = line;

    return gpiod_line_get_value(h->line);
}

static int fd(void *line)
{
    struct held *h = line;

    return h->edges ? gpiod_line_event_get_fd(h->line) : -1;
}

static int edges(void *line)
{
    struct held *h = line;
    struct gpiod_line_event event[BURST];
    struct pollfd ready = {.fd = fd(line), .events = POLLIN};

    if (!h->edges || poll(&ready, 1, 0) <= 0)
        return 0;
    if (ready.revents & POLLIN)
        return gpiod_line_event_read_multiple(h->line, event, BURST);
    errno = ENODEV;
    return -1;
}

static const struct gpio_ops gpiod_ops = {.take_output = take_output,
                                          .take_input = take_input,
                                          .set = set,
                                          .get = get,
                                          .fd = fd,
                                          .edges = edges,
                                          .release = release};
const struct gpio_ops *const gpio_ops_gpiod = &gpiod_ops;

#else

const struct gpio_ops *const gpio_ops_gpiod = NULL;

#endif
