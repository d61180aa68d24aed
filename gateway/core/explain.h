/* How the limits came to be: the last run of the pipeline taken apart, as plain data. What it means
 * in words is up to whoever prints it. */
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "core/limits.h"

/* One cluster in one direction. */
struct explained_part {
    struct limit allows; /* stage 1: what it allows itself */
    int64_t hub_mA;      /* the current of the hub at which it carries that: limit / share */
    int64_t bus_bar_mA;  /* the same for what its bus bar carries; 0: no bound */
};

struct explained_way {
    struct explained_part part[MAX_CLUSTERS];
    struct table_cell table;      /* of the counted clusters ... */
    struct table_cell with_ghost; /* ... and the lowest with one of the silent ones beside them */
    int64_t owner_cap_mA;         /* of the configuration; 0: none */
    bool held;                    /* a silent cluster's word is kept for a moment: DCL */
    /* Stage 7; known only where the hub itself is looked at. */
    bool rate_known;
    mono_us hold_left; /* no rise before that; 0: it may rise */
    int64_t rise_mA_s; /* then so fast; 0: in one step */
};

struct explained_cluster {
    bool joined, ghost, open;
    unsigned modules;
    int64_t capacity_mAh;
    int64_t share;  /* of the hub's current, 0.01 %; 0: not counted */
    int64_t cvl_mV; /* as the BMS tells it; 0: it does not */
    int64_t dvl_mV; /* the same */
};

/* Set-points in force: value and what is left of their time. */
struct explained_set_point {
    int64_t value;
    mono_us left; /* 0: there is none */
};

struct explanation {
    unsigned n; /* clusters */
    struct explained_cluster cluster[MAX_CLUSTERS];
    struct explained_way charge, discharge;
    struct limits limits;
    bool every_stage; /* limits.by is known for every stage; else for the one that bound it */
    struct explained_set_point set_ccl, set_dcl, set_cvl;
    mono_us rest_left;                /* after an over-current; 0: no rest, or not known */
    int64_t cvl_top_mV, dvl_floor_mV; /* the window of voltages */
    bool owner_cvl;                   /* its top is the owner's, not the profile's */
};

/* Takes a run apart: its result, what it remembers, what it looked at. */
void explain_run(struct explanation *out, const struct limits *limits,
                 const struct limits_memory *mem, const struct limits_rules *rules,
                 const struct limits_input *in, mono_us now);

#endif
