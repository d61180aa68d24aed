/* The thread that drives relays and reads inputs on GPIO lines ([relay.N] and [input.N] gpio).
 *
 * A line of the processor answers in microseconds, but one of an expander sleeps in each call until
 * its I2C or USB transfer is over, up to seconds when that bus hangs, and libgpiod has no other way
 * to ask. Control must never wait, so it only leaves here what the relays shall be and takes what
 * the inputs were last read as; both are one atomic word. */
#ifndef IO_GPIO_H
#define IO_GPIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mono.h"
#include "config.h"
#include "io/gpio_lines.h"

struct gpio; /* opaque */

/* Whether this program can do what a configuration asks for: a build without libgpiod cannot drive
 * or read anything. false with the reason and the remedy in why. */
bool gpio_check(const struct config *cfg, char *why, size_t size);

/* The ops of libgpiod; NULL in a build without it. */
extern const struct gpio_ops *const gpio_ops_gpiod;

/* Starts the thread when the configuration has a gpio. A chip that is not there is told and tried
 * again every 5 s. wake(ctx) is called on that thread when an input has changed. *out stays NULL
 * when there is nothing to do. HUB_EMEM: no memory or no thread. */
enum status gpio_start(struct gpio **out, const struct config *cfg, const struct gpio_ops *ops,
                       void (*wake)(void *ctx), void *ctx);

/* Control: bit n of closed: relay n+1 shall be closed. Before the first call no relay is touched:
 * one that holds a contactor open is still as the last run of the program left it. Never waits. */
void gpio_drive(struct gpio *g, unsigned closed);

/* Control: bit n of known: input n+1 has been read, of the result: it is closed. Nothing is known
 * when the thread has made no turn for 2 s (a chip that hangs). Never waits. */
unsigned gpio_see(const struct gpio *g, mono_us now, unsigned *known);

/* Opens the relays as gpio_lines_close does and ends the thread. One that hangs in a chip is left
 * behind after a second. */
void gpio_stop(struct gpio *g);

#endif
