/* Relays and inputs as lines of GPIO chips: opening, driving, reading, debouncing, and coming back
 * after a chip was gone. Told the time and never waiting by itself; who calls it may be held up by
 * a chip (an expander sleeps in each call, a dead bus for seconds), so that is no thread of control
 * (gpio.h). The calls into libgpiod stand behind struct gpio_ops. */
#ifndef IO_GPIO_LINES_H
#define IO_GPIO_LINES_H

#include <stdbool.h>

#include "base/mono.h"
#include "config.h"
#include "core/relays.h"

/* Where a line is, and what its low level means. */
struct gpio_place {
    char chip[sizeof(((struct config_gpio *)0)->chip)]; /* "": the contact has none */
    unsigned line;
    bool invert; /* low is closed */
};

/* A line that was taken is what the first two give back; NULL with errno when it cannot be had. */
struct gpio_ops {
    void *(*take_output)(const struct gpio_place *at, bool closed);
    /* Asks for the pull that makes a broken wire read open. */
    void *(*take_input)(const struct gpio_place *at);
    /* 0, or -1 with errno: the line is lost. */
    int (*set)(void *line, bool closed);
    /* 1 closed, 0 open, -1 with errno: lost. */
    int (*get)(void *line);
    /* What to poll for POLLIN, or -1: the chip tells no edges. */
    int (*fd)(void *line);
    /* Takes the edges that came; how many, or -1 with errno: lost. */
    int (*edges)(void *line);
    void (*release)(void *line);
};

/* One contact with its line. */
struct gpio_contact {
    struct gpio_place at;
    void *line;         /* NULL: not taken */
    mono_us retry_at;   /* while it is not: tried again from here on */
    int told;           /* errno last told, -1: restless; 0: all is well */
    mono_us debounce;   /* inputs: without a change for so long */
    mono_us since;      /* inputs: the level is so, without a bounce, from here on */
    mono_us rest_at;    /* inputs: last seen at rest */
    bool level;         /* inputs: as last read; relays: as last set */
    bool known, closed; /* inputs: what counts */
    mono_us again_at;   /* relays: set once more */
    bool stays;         /* relays: stays as it is at the end: what holds a contactor open */
    bool stops;         /* inputs: the hub stops while it cannot be read */
};

struct gpio_lines {
    const struct gpio_ops *ops;
    bool decided; /* somebody has said what the relays shall be; before that none is touched */
    struct gpio_contact relay[MAX_RELAYS], input[MAX_INPUTS];
};

/* Reads [relay.N] and [input.N]; nothing is taken yet. */
void gpio_lines_read(struct gpio_lines *g, const struct gpio_ops *ops, const struct config *cfg);

/* How many contacts have a gpio. */
unsigned gpio_lines_used(const struct gpio_lines *g);

/* Takes, drives and reads what is due, relays once `decided` is set. closed: relay n+1 shall be
 * closed when bit n is set. Returns the latest moment for the next turn; an edge on a descriptor
 * asks for one at once. */
mono_us gpio_turn(struct gpio_lines *g, unsigned closed, mono_us now);

/* Inputs as they count: bit n of known says that input n+1 has been read, of the result that it is
 * closed. */
unsigned gpio_inputs(const struct gpio_lines *g, unsigned *known);

/* Opens the relays that can be reached, but those of cluster_N_off: a battery that was taken out
 * must not come back because the gateway leaves. Gives all lines back. */
void gpio_lines_close(struct gpio_lines *g);

#endif
