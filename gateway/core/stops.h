/* Stage 4 of the limits, for one cluster: voltage, cell and temperature stops with their release,
 * and the tapers before them. A pure machine over what the cluster last said; a silent cluster
 * keeps its stops. */
#ifndef CORE_STOPS_H
#define CORE_STOPS_H

#include "core/aggregate.h"
#include "model/words.h"

enum stop {
    STOP_CHARGE_VOLTAGE,
    STOP_CHARGE_CELL,
    STOP_CHARGE_COLD,
    STOP_CHARGE_HOT,
    STOP_DISCHARGE_VOLTAGE,
    STOP_DISCHARGE_CELL,
    STOP_DISCHARGE_COLD,
    STOP_DISCHARGE_HOT,
    STOP_COUNT
};

struct stop_info {
    enum direction direction; /* that it forbids */
    enum reason reason;
};
extern const struct stop_info stop_info[STOP_COUNT];

struct stops_memory {
    bool on[STOP_COUNT];
    mono_us good_since[STOP_COUNT]; /* on the release side since; 0: not */
    mono_us charging_since;         /* 0: not charging */
    bool taper;                     /* of the charge limit */
};

/* Moves the stops of a joined cluster on to now. period is the longest nominal period of its
 * control set: above 3 s the voltage stops are tightened by 0.4 V. */
void stops_run(struct stops_memory *mem, const struct part *p, mono_us period, mono_us now);

/* The cluster is not counted now: it keeps its stops, and no time that passes unseen counts for a
 * release. */
void stops_pause(struct stops_memory *mem);

/* A cluster that is not counted but on the same copper: what it says now may set a stop, never
 * release one. p->b is its live battery, period as for stops_run. */
void stops_watch(struct stops_memory *mem, const struct part *p, mono_us period, mono_us now);

/* It is counted again: a stop whose datum it no longer tells (another battery) ends. */
void stops_forget_unseen(struct stops_memory *mem, const struct part *p, mono_us now);

/* The first stop in force against the direction, or STOP_COUNT. */
enum stop stops_against(const struct stops_memory *mem, enum direction direction);

/* What the charge taper leaves of the cluster's current in mA, or -1 when it does not bite. */
int64_t stops_taper_ccl(const struct stops_memory *mem, const struct part *p);

/* What the discharge taper leaves of `limit`. */
int64_t stops_taper_dcl(const struct part *p, int64_t limit);

#endif
