#include "io/gpio_lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define RETRY MONO_S(5)    /* a chip that is not there */
#define AGAIN MONO_S(1)    /* a relay is set anew: a board may have been reset by a spike */
#define LOOK MONO_MS(100)  /* an input that tells its edges: in case one was missed */
#define POLL MONO_MS(10)   /* one that does not */
#define RESTLESS MONO_S(1) /* bouncing for longer than this and its debounce time */
#define TOLD_RESTLESS (-1)

static void place_read(struct gpio_contact *c, const struct config *cfg, const char *section,
                       unsigned n)
{
    struct config_gpio gpio;

    memset(c, 0, sizeof(*c));
    if (!config_has(cfg, section, n) || !config_gpio(config_text(cfg, section, n, "gpio"), &gpio))
        return;
    snprintf(c->at.chip, sizeof(c->at.chip), "%s", gpio.chip);
    c->at.line = gpio.line;
    c->at.invert = config_choice(cfg, section, n, "invert") == 1;
}

static bool stops_the_hub(const char *function)
{
    return strcmp(function, "stop") == 0 || strcmp(function, "fire") == 0;
}

void gpio_lines_read(struct gpio_lines *g, const struct gpio_ops *ops, const struct config *cfg)
{
    struct relay_rule rule;

    g->ops = ops;
    g->decided = false;
    for (unsigned i = 0; i < MAX_RELAYS; i++) {
        place_read(&g->relay[i], cfg, "relay", i + 1);
        g->relay[i].stays = relay_named(config_text(cfg, "relay", i + 1, "function"), &rule) &&
                            rule.function == RELAY_CLUSTER_OFF;
    }
    for (unsigned i = 0; i < MAX_INPUTS; i++) {
        place_read(&g->input[i], cfg, "input", i + 1);
        g->input[i].stops = stops_the_hub(config_text(cfg, "input", i + 1, "function"));
        g->input[i].debounce = MONO_MS(config_num(cfg, "input", i + 1, "debounce_ms"));
    }
}

static bool is_used(const struct gpio_contact *c)
{
    return *c->at.chip;
}

unsigned gpio_lines_used(const struct gpio_lines *g)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MAX_RELAYS; i++)
        n += is_used(&g->relay[i]);
    for (unsigned i = 0; i < MAX_INPUTS; i++)
        n += is_used(&g->input[i]);
    return n;
}

/* ---- telling ---- */

static void remedy(const struct gpio_place *at, int why, char *out, size_t size)
{
    switch (why) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        snprintf(out, size, "no such chip; is its board plugged in? gpiodetect lists them");
        break;
    case EACCES:
    case EPERM:
        snprintf(out, size,
                 "no permission; the user has to be in the group of /dev/gpiochip* (a container "
                 "needs the device too)");
        break;
    case EBUSY:
        snprintf(out, size, "line %u is in use; gpioinfo tells by whom", at->line);
        break;
    case EINVAL:
        snprintf(out, size, "it has no line %u, or not for this; gpioinfo lists them", at->line);
        break;
    default:
        snprintf(out, size, "line %u: %s", at->line, strerror(why));
    }
}

/* A wire that hums must not hold the last good word for ever: nobody knows what it says. */
static void tell_restless(struct gpio_contact *c, unsigned i)
{
    c->known = false;
    if (c->told == TOLD_RESTLESS)
        return;
    c->told = TOLD_RESTLESS;
    log_line(LOG_WARN,
             "input %u: %s line %u does not come to rest; check its wire and its pull resistor, or "
             "raise debounce_ms%s",
             i + 1, c->at.chip, c->at.line,
             c->stops ? "; until it can be read the limits are zero" : "");
}

/* Once per cause, and once when it is well again. */
static void tell(struct gpio_contact *c, const char *what, unsigned i, int why)
{
    char text[120];

    if (why == c->told)
        return;
    c->told = why;
    if (!why) {
        log_line(LOG_INFO, "%s %u: %s line %u is back", what, i + 1, c->at.chip, c->at.line);
        return;
    }
    remedy(&c->at, why, text, sizeof(text));
    log_line(LOG_WARN, "%s %u: %s: %s; tried again every 5 s%s", what, i + 1, c->at.chip, text,
             c->stops ? "; until it can be read the limits are zero" : "");
}

static void lose(struct gpio_lines *g, struct gpio_contact *c, const char *what, unsigned i,
                 mono_us now)
{
    tell(c, what, i, errno);
    if (c->line)
        g->ops->release(c->line);
    c->line = NULL;
    c->known = false;
    c->retry_at = now + RETRY;
}

/* ---- relays ---- */

/* Whether a line is to be taken now. */
static bool is_due(const struct gpio_contact *c, mono_us now)
{
    return is_used(c) && !c->line && now >= c->retry_at;
}

static void turn_relay(struct gpio_lines *g, unsigned i, bool closed, mono_us now)
{
    struct gpio_contact *c = &g->relay[i];

    if (is_due(c, now)) {
        c->line = g->ops->take_output(&c->at, closed);
        if (!c->line) {
            lose(g, c, "relay", i, now);
            return;
        }
        tell(c, "relay", i, 0);
        c->level = closed;
        c->again_at = now + AGAIN;
    }
    if (!c->line || (closed == c->level && now < c->again_at))
        return;
    if (g->ops->set(c->line, closed) != 0) {
        lose(g, c, "relay", i, now);
        return;
    }
    c->level = closed;
    c->again_at = now + AGAIN;
}

static mono_us relay_due(const struct gpio_contact *c)
{
    if (!is_used(c))
        return MONO_NEVER;
    return c->line ? c->again_at : c->retry_at;
}

/* ---- inputs ---- */

static bool take_input(struct gpio_lines *g, unsigned i, mono_us now)
{
    struct gpio_contact *c = &g->input[i];

    c->line = g->ops->take_input(&c->at);
    if (!c->line) {
        lose(g, c, "input", i, now);
        return false;
    }
    c->since = c->rest_at = now;
    return true;
}

/* A level counts once it was there for the debounce time without an edge; the reads alone could
 * meet the same level twice while the contact bounces. */
static void turn_input(struct gpio_lines *g, unsigned i, mono_us now)
{
    struct gpio_contact *c = &g->input[i];
    int edges, level;

    if (is_due(c, now) && !take_input(g, i, now))
        return;
    if (!c->line)
        return;
    edges = g->ops->edges(c->line);
    level = edges < 0 ? -1 : g->ops->get(c->line);
    if (level < 0) {
        lose(g, c, "input", i, now);
        return;
    }
    if (edges > 0 || level != c->level)
        c->since = now;
    c->level = level;
    if (now < c->since + c->debounce) {
        if (now >= c->rest_at + c->debounce + RESTLESS)
            tell_restless(c, i);
        return;
    }
    tell(c, "input", i, 0);
    c->rest_at = now;
    c->known = true;
    c->closed = level;
}

static mono_us input_due(const struct gpio_lines *g, const struct gpio_contact *c, mono_us now)
{
    mono_us settled = c->since + c->debounce;

    if (!is_used(c))
        return MONO_NEVER;
    if (!c->line)
        return c->retry_at;
    if (g->ops->fd(c->line) < 0)
        return now + POLL;
    return settled > now ? mono_min(settled, now + LOOK) : now + LOOK;
}

/* ---- all of them ---- */

mono_us gpio_turn(struct gpio_lines *g, unsigned closed, mono_us now)
{
    mono_us due = MONO_NEVER;

    for (unsigned i = 0; i < MAX_RELAYS && g->decided; i++) {
        turn_relay(g, i, closed >> i & 1, now);
        due = mono_min(due, relay_due(&g->relay[i]));
    }
    for (unsigned i = 0; i < MAX_INPUTS; i++) {
        turn_input(g, i, now);
        due = mono_min(due, input_due(g, &g->input[i], now));
    }
    return due;
}

unsigned gpio_inputs(const struct gpio_lines *g, unsigned *known)
{
    unsigned closed = 0;

    *known = 0;
    for (unsigned i = 0; i < MAX_INPUTS; i++) {
        *known |= (unsigned)g->input[i].known << i;
        closed |= (unsigned)(g->input[i].known && g->input[i].closed) << i;
    }
    return closed;
}

void gpio_lines_close(struct gpio_lines *g)
{
    for (unsigned i = 0; i < MAX_RELAYS; i++) {
        struct gpio_contact *c = &g->relay[i];

        if (c->line && !c->stays)
            g->ops->set(c->line, false);
        if (c->line)
            g->ops->release(c->line);
        c->line = NULL;
    }
    for (unsigned i = 0; i < MAX_INPUTS; i++) {
        struct gpio_contact *c = &g->input[i];

        if (c->line)
            g->ops->release(c->line);
        c->line = NULL;
        c->known = false;
    }
}
