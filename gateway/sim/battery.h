/* One simulated cluster: modules of 16 LFP cells in parallel behind one BMS, which says what
 * the cells do and what they allow.
 *
 * Plain data, owned by the site. Integers throughout: charge is counted exactly, so that what
 * goes in comes out again. Charging is positive. */
#ifndef SIM_BATTERY_H
#define SIM_BATTERY_H

#include <stdbool.h>

#include "model/battery.h"
#include "model/profile.h"

struct sim_battery {
    const struct profile *profile;
    unsigned modules;
    int64_t capacity_mAh;
    int64_t charge_mA_us; /* left in it, 0 to capacity */
    int64_t resistance_uOhm;
    int64_t current_mA;
    int64_t voltage_uV; /* at the terminals */
    int64_t temp_uC;    /* 0.000001 degC */
    bool full, empty;   /* its BMS stopped this direction and waits for the other one */
};

/* A battery at rest. modules > 0, capacity_mAh > 0, soc 0..10000 (0.01 %). */
void sim_battery_init(struct sim_battery *b, const struct profile *profile, unsigned modules,
                      int64_t capacity_mAh, int64_t soc);

/* Voltage without current. */
int64_t sim_battery_emf_uV(const struct sim_battery *b);

/* How much current a volt drives through it: 1 A per V is 1000. */
int64_t sim_battery_conductance_mS(const struct sim_battery *b);

/* Carries current_mA at voltage_uV for us microseconds. Charge beyond full or empty is lost. */
void sim_battery_run(struct sim_battery *b, int64_t us);

int64_t sim_battery_soc(const struct sim_battery *b); /* 0.01 % */

/* What the BMS allows now, magnitudes. */
int64_t sim_battery_ccl_mA(const struct sim_battery *b);
int64_t sim_battery_dcl_mA(const struct sim_battery *b);

/* Everything the BMS knows, as of now. */
void sim_battery_tell(const struct sim_battery *b, mono_us now, struct battery *out);

#endif
