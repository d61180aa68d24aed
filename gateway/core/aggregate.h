/* Many clusters become one battery: means, sums and extremes over the joined clusters.
 * Limits are not made here (core/limits.h). */
#ifndef CORE_AGGREGATE_H
#define CORE_AGGREGATE_H

#include "model/battery.h"
#include "model/profile.h"

/* One cluster as the core sees it. */
struct part {
    const struct battery *b; /* as its intake has it */
    const struct profile *profile;
    uint8_t number; /* 1..5 */
    bool joined, ghost;
    unsigned modules;            /* active: what the BMS counts, else the configuration */
    int64_t capacity_mAh;        /* configuration, else what the BMS says, else modules x profile */
    const struct module *module; /* MAX_MODULES of them, or NULL: its modules are not visible */
    bool open;                   /* proven open: it carries nothing, whatever it allows */
    bool recover;                /* in protection for under-voltage alone: slow recharge only */
};

/* A module is visible when it has told anything within DATUM_LIFE. */
bool module_visible(const struct part *p, unsigned m, mono_us now);

/* What a cluster is rated for in mA: profile x active modules; the larger of both directions. */
int64_t part_rating(const struct part *p);

/* A datum outside the control set counts for so long. BYD repeats its slow group every 10 s
 * and is stale after 25 s; nobody is slower. */
#define DATUM_LIFE MONO_S(30)

/* Active modules: what the BMS counts wins while it is fresh and no more than `most`, which the
 * profile allows; a bare zero is a BMS that does not count, a zero with modules offline is one that
 * does. */
unsigned part_modules(const struct battery *b, unsigned configured, unsigned most, mono_us now);

/* Fills the measured signals, requests and counts of the hub from the joined parts. Signals no
 * joined part knows are not known. at is the time of the oldest datum that went in. */
void aggregate(struct battery *hub, const struct part *parts, unsigned n, mono_us now);

#endif
