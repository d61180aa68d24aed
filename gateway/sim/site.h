/* A site that exists only here: batteries behind their cluster ports, an inverter behind its
 * own, one bus bar, a sun and a house. Batteries speak a real dialect; the inverter obeys the
 * limits it hears, so that demo and tests are a closed loop. Pure: time and frames are
 * handed in. */
#ifndef SIM_SITE_H
#define SIM_SITE_H

#include "base/mono.h"
#include "base/status.h"
#include "config.h"
#include "wire/frame.h"

struct site; /* opaque */

/* Makes the site that [sim] and the sections with `link = sim` describe. NULL when memory is
 * short. */
struct site *site_new(const struct config *cfg, mono_us now);
void site_free(struct site *site);

/* Moves the models on, in steps of at most 100 ms. */
void site_set_time(struct site *site, mono_us now);

/* The gateway sent this frame to cluster or inverter port `port` (enum port of hub/hub.h by
 * number: 0..4 clusters, 5..6 inverters). */
void site_rx(struct site *site, unsigned port, const struct frame *f);

/* Takes the next frame the device on this port says, or returns false. */
bool site_tx(struct site *site, unsigned port, struct frame *out);

mono_us site_deadline(const struct site *site);

#endif
