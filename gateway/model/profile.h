/* Battery profiles: what the maker allows, as data. A profile answers where a battery's
 * protocol is silent and bounds what it may say. Currents in mA, voltages in mV. */
#ifndef MODEL_PROFILE_H
#define MODEL_PROFILE_H

#include <stdint.h>

#include "model/battery.h"

#define ALLOWANCE_ROWS 8

struct profile {
    const char *key;      /* the name in the configuration file; never reused */
    const char *title;    /* for people */
    uint8_t max_modules;  /* of a cluster */
    uint8_t many_modules; /* above this a warning: the manuals disagree; 0: no warning */
    int32_t module_capacity_mAh;
    int32_t module_ccl_mA, module_dcl_mA; /* where the protocol carries no limit */
    int32_t cvl_mV, dvl_mV;               /* while no cluster has told its own */
    int32_t cvl_top_mV;                   /* CVL is at most this ... */
    int32_t cvl_max_mV;                   /* ... and an owner may raise it up to this */
    int32_t dvl_floor_mV;                 /* DVL is at least this */
    int32_t bus_bar_mA;                   /* of one cluster; 0: none */
    /* Ampere by [active modules of the smallest cluster - 1][joined clusters - 1]; all zero:
     * the profile has no table. Look it up, never fit it. */
    uint16_t allowance_A[ALLOWANCE_ROWS][MAX_CLUSTERS];
};

extern const struct profile *const profiles[]; /* NULL-ended */

/* The profile with this key, or NULL. */
const struct profile *profile_find(const char *key);

/* The table's current for so many clusters and modules in mA, or -1 when the profile has no
 * table. More modules or clusters than the table has: the last row or column. */
int64_t profile_allowance(const struct profile *p, unsigned clusters, unsigned modules);

#endif
