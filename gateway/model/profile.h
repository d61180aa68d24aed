/* Battery profiles: what the maker allows, as data. A profile answers where a battery's
 * protocol is silent and bounds what it may say. Currents in mA, voltages in mV. */
#ifndef MODEL_PROFILE_H
#define MODEL_PROFILE_H

#include <stdint.h>

#include "model/battery.h"

#define ALLOWANCE_ROWS 8

/* A stop and where it lets go again. */
struct threshold {
    int32_t stop, release;
};

/* Stage 4 of the limits: mV of a module (or cluster, where modules are not visible), mV of a cell,
 * 0.1 degC. 0 in `stop` of a voltage: no such stop. */
struct stops {
    struct threshold charge_mV, discharge_mV;
    struct threshold cell_charge_mV, cell_discharge_mV;
    struct threshold charge_cold_dC, charge_hot_dC;
    struct threshold discharge_cold_dC, discharge_hot_dC;
    /* Before the stops: CCL falls to taper_ccl_mA a module above taper_soc (0.01 %) or
     * taper_ccl_mV; DCL falls linearly from taper_dcl_mV to zero at the discharge stop. 0: no
     * taper. */
    int32_t taper_ccl_mA, taper_soc, taper_ccl_mV, taper_dcl_mV;
};

/* One row of a C-rate table: up to and with this temperature, so many 0.01 C. */
struct c_rate {
    int16_t upto_dC;
    uint16_t centi_C;
};
#define C_RATE_ROWS 8

#define PROFILE_TITLE_MAX 47

/* What the numbers of a profile rest on. */
enum profile_basis {
    PROFILE_MANUAL,  /* the maker's manual */
    PROFILE_ASSUMED, /* some on no manual: whoever chooses it is warned */
    PROFILE_GENERIC, /* no maker: careful values for any battery of this kind */
};

struct profile {
    char title[PROFILE_TITLE_MAX + 1]; /* for people */
    enum profile_basis basis;
    uint8_t max_modules;  /* of a cluster */
    uint8_t many_modules; /* above this a warning: the manuals disagree; 0: no warning */
    int32_t module_capacity_mAh;
    int32_t module_ccl_mA, module_dcl_mA; /* where the protocol carries no limit */
    int32_t cvl_mV, dvl_mV;               /* while no cluster has told its own */
    int32_t cvl_top_mV;                   /* CVL is at most this ... */
    int32_t cvl_max_mV;                   /* ... and an owner may raise it up to this */
    int32_t dvl_floor_mV;                 /* DVL is at least this */
    struct stops stops;
    int32_t bus_bar_mA; /* of one cluster; 0: none */
    /* Ampere by [active modules of the smallest cluster - 1][joined clusters - 1]; all zero:
     * the profile has no table. Look it up, never fit it. */
    uint16_t allowance_A[ALLOWANCE_ROWS][MAX_CLUSTERS];
    /* Highest current by temperature, rising; below the first row's `from` and above the last row
     * nothing flows. n = 0: the profile has no table. 1 C is module_capacity_mAh. */
    struct c_rates {
        uint8_t n;
        int16_t from_dC;
        struct c_rate row[C_RATE_ROWS];
    } charge_rates, discharge_rates;
    uint16_t firmware_min; /* high byte major, low byte minor, as SIG_FIRMWARE; 0: any */
};

/* The table's current for so many clusters and modules in mA, or -1 when the profile has no
 * table. More modules or clusters than the table has: the last row or column. */
int64_t profile_allowance(const struct profile *p, unsigned clusters, unsigned modules);

#endif
