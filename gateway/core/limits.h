/* What may flow: the pipeline of limits.
 *
 * Seven stages in order; each can only lower CCL, DCL and CVL and raise DVL, and the one that
 * did it last is published with its reason. A stage is one function; the rule that comes next
 * gets its place here and a line in reasons.def.
 *
 *     1 cluster     what each BMS allows, or the profile
 *     2 sharing     the weakest cluster for its share; silent and open ones counted both ways
 *     3 allowance   table, bus bar and voltage window of the profile
 *     4 cells       voltage, cell and temperature stops, the tapers before them, C-rates
 *     5 protection  over-current: both directions rest for 10 s; an empty cluster recovers
 *     6 state       hub, what its rules bar, caps of the owner, set-points
 *     7 rate        down at once, up slowly */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include "core/aggregate.h"
#include "core/shares.h"
#include "core/stops.h"
#include "model/profile.h"
#include "model/words.h"

enum stage {
    STAGE_CLUSTER = 1,
    STAGE_SHARING,
    STAGE_ALLOWANCE,
    STAGE_CELLS,
    STAGE_PROTECTION,
    STAGE_STATE,
    STAGE_RATE,
    STAGE_COUNT = STAGE_RATE
};

/* One limit on its way through the stages. mA or mV. */
struct limit {
    int64_t value;
    enum stage stage; /* that bound it */
    enum reason reason;
    uint8_t cluster; /* that bound it, 1..5; 0: none in particular */
    uint8_t module;  /* the same of its modules, 1.., as the battery counts them ... */
    uint16_t cell;   /* ... and of the cells (or sensors) of that module */
    int64_t after[STAGE_COUNT + 1]; /* the value after stage n ... */
    struct bound {                  /* ... and who had bound it by then */
        enum reason reason;
        uint8_t cluster, module;
        uint16_t cell;
    } by[STAGE_COUNT + 1];
};

struct limits {
    struct limit ccl, dcl, cvl, dvl;
};

/* How clusters are taken to share the current of the bus bar. */
enum share_mode {
    SHARE_BY_CAPACITY,
    SHARE_BY_COUNT,
    SHARE_MEASURED /* by capacity, and by what they are seen to carry where that is more */
};

struct limits_rules {
    const struct profile *profile; /* of the hub: table and voltage window */
    enum share_mode share;
    bool c_rate_all; /* C-rate tables for all clusters, not only where the BMS tells no limit */
    int64_t ccl_cap_mA, dcl_cap_mA; /* 0: none */
    int64_t cvl_top_mV;             /* 0: the profile's */
    int64_t rise_centi_pct_s;       /* of the cap, a second: 500 is 5 % */
    mono_us rise_hold;
    bool discharge_ramp; /* DCL rises slowly too */
};

/* A set-point from outside: in force before `until`. */
struct set_point {
    int64_t value;
    mono_us until;
};

/* What the pipeline looks at in one run. */
struct limits_input {
    const struct part *parts;
    const struct part *discharge_parts; /* for DCL: with those that keep it for a moment */
    const struct stops_memory *stops;   /* one for each part */
    unsigned n;
    bool dcl_held;                          /* some of discharge_parts only keep it for a moment */
    bool charge_allowed, discharge_allowed; /* by the state of the hub */
    /* A rule of the hub allows nothing in that direction, and why; REASON_NONE: not barred. */
    enum reason barred_charge, barred_discharge;
    uint8_t barred_cluster; /* whose fault that is, 1..5; 0: none in particular */
    bool forced_charge;     /* an operator charges by force: no discharging, higher CVL */
    struct set_point ccl, dcl, cvl;
};

/* What the pipeline remembers. */
struct rate {
    int64_t out;
    int64_t before;     /* the value before this stage in the last run ... */
    enum reason cause;  /* ... and its reason */
    int64_t rest;       /* of a step, what was too small to add */
    mono_us hold_until; /* no rise before */
};

struct limits_memory {
    struct rate ccl, dcl;
    struct shares charge_shares, discharge_shares;
    mono_us rest_until;     /* after over-current */
    unsigned joined;        /* bit n: part n was counted in the last run */
    int64_t cvl_mV, dvl_mV; /* last good */
    mono_us last_run;
};

void limits_init(struct limits_memory *mem, const struct limits_rules *rules, mono_us now);

/* What one cluster allows in one direction (CHARGE or DISCHARGE): stage 1. */
struct limit limit_of_cluster(const struct part *p, enum direction direction);

/* Runs all stages. */
void limits_run(struct limits *out, struct limits_memory *mem, const struct limits_rules *rules,
                const struct limits_input *in, mono_us now);

/* Share of a part among the joined ones in 0.01 % as the last run took it, 0 when it is not joined.
 * Measured shares may add up to more than all. */
int64_t part_share(const struct limits_memory *mem, const struct limits_rules *rules,
                   const struct part *parts, unsigned n, unsigned i);

/* ---- the last run once more, for people (core/explain.h) ---- */

/* The current of the hub at which part i carries mA, in one direction, beside all that are
 * counted. */
int64_t limits_hub_current(const struct limits_memory *mem, const struct limits_rules *rules,
                           const struct limits_input *in, enum direction direction, unsigned i,
                           int64_t mA);

/* Where the allowance table is looked up for the counted clusters, and one more. */
struct table_cell {
    unsigned clusters, modules; /* column and row: modules of the smallest cluster */
    int64_t mA;                 /* -1: the profile has no table */
};
struct table_cell limits_table_cell(const struct limits_memory *mem,
                                    const struct limits_rules *rules, const struct limits_input *in,
                                    enum direction direction,
                                    unsigned also); /* an index; MAX_CLUSTERS: nobody more */

/* What rates are parts of. */
int64_t limits_rate_cap(const struct limits_memory *mem, const struct limits_rules *rules,
                        const struct limits_input *in, enum direction direction);

#endif
