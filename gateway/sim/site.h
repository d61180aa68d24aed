/* A site that exists only here: batteries behind their cluster ports, an inverter behind its
 * own, one bus bar, a sun and a house. Batteries speak a real dialect; the inverter obeys the
 * limits it hears, so that demo and tests are a closed loop. Pure: time and frames are
 * handed in. */
#ifndef SIM_SITE_H
#define SIM_SITE_H

#include "base/mono.h"
#include "base/status.h"
#include "config.h"
#include "sim/battery.h"
#include "sim/inverter.h"
#include "wire/frame.h"

struct site; /* opaque */

/* Whether the simulator can speak what the sections with `link = sim` ask for; if not, why is a
 * line for the user. */
bool site_check(const struct config *cfg, char *why, size_t size);

/* Makes the site that [sim] and the sections with `link = sim` describe; it is nine in the
 * morning there. A cluster with protocol auto speaks pylontech behind an odd port and victron
 * behind an even one, so that a site shows both. cfg is read during the call only. NULL when
 * memory is short or site_check says no. */
struct site *site_new(const struct config *cfg, mono_us now);
void site_free(struct site *site);

/* Moves the models on, in steps of at most 100 ms. Time never goes back. */
void site_set_time(struct site *site, mono_us now);

/* The gateway sent this frame to cluster or inverter port `port` (enum port of hub/hub.h by
 * number: 0..4 clusters, 5..6 inverters). Ports that are not simulated take nothing. */
void site_rx(struct site *site, unsigned port, const struct frame *f);

/* Takes the next frame the device on this port says, or returns false. */
bool site_tx(struct site *site, unsigned port, struct frame *out);

/* When site_tx is worth calling again; the models need no turn of their own. */
mono_us site_deadline(const struct site *site);

/* What the models are really at, to hold against what the hub says: 0-based, NULL when that one
 * is not simulated. Valid until site_free. */
const struct sim_battery *site_battery(const struct site *site, unsigned cluster);
const struct sim_inverter *site_inverter(const struct site *site, unsigned inverter);

/* Power of the sun and of the house at this moment. */
int64_t site_sun_W(const struct site *site);
int64_t site_house_W(const struct site *site);

#endif
