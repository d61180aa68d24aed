#include "model/profile.h"

#include <string.h>

/* Cell and temperature thresholds of the WeCo module tool (V1.29, example screen): cell high
 * warning 3.650 V, low warning 2.900 V; charge -5 and 55 degC, discharge -20 and 60 degC are its
 * fault limits. The release values and the 2 degC between stop and release are our own. */
#define MODULE_TOOL_STOPS                                                                          \
    .cell_charge_mV = {3650, 3450}, .cell_discharge_mV = {2900, 3100},                             \
    .charge_cold_dC = {-50, -30}, .charge_hot_dC = {550, 530}, .discharge_cold_dC = {-200, -180},  \
    .discharge_hot_dC = {600, 580}

/* Temperature and C-rate of a single battery, HeSU 4K4 PRO manual REV.1.06, the tables between
 * those of sections 9 and 10; 1 C is 86 A. They are printed in whole degrees: between two rows the
 * lower rate counts. Charge: the manual has 0.1 C from -10 to -7 degC and 0.2 C from -6, forbids
 * charge below -7 in its text and gives -5 as the lowest in its ratings, as the module tool V1.29
 * does for the fault; the restrictive one is taken. Discharge: 0.5 C up to 65 degC ends at 60, the
 * fault of the module tool. */
#define RATE(upto_dC, centi_C)                                                                     \
    {                                                                                              \
        upto_dC, centi_C                                                                           \
    }
#define WECO_CHARGE_RATES                                                                          \
    {                                                                                              \
        5, -50,                                                                                    \
        {                                                                                          \
            RATE(9, 20), RATE(109, 30), RATE(149, 80), RATE(450, 110), RATE(550, 50)               \
        }                                                                                          \
    }
#define WECO_DISCHARGE_RATES                                                                       \
    {                                                                                              \
        5, -200,                                                                                   \
        {                                                                                          \
            RATE(-101, 20), RATE(9, 30), RATE(109, 80), RATE(550, 110), RATE(600, 50)              \
        }                                                                                          \
    }

/* HeSU 4K4 PRO manual REV.1.06 2021-04-05: section 13 table (multi cluster via CAN), 86 Ah,
 * 110 A highest charge, 86 A suggested discharge, 49.5 to 54.5 V for 100 % depth of
 * discharge, bus bar kit 400 A. 5 or 8 modules: the manual says both. */
static const struct profile weco_4k4_pro = {
    .key = "weco-4k4-pro",
    .title = "WeCo HeSU 4K4 PRO",
    .max_modules = 8,
    .many_modules = 5,
    .module_capacity_mAh = 86000,
    .module_ccl_mA = 86000,
    .module_dcl_mA = 86000,
    .cvl_mV = 54500,
    .dvl_mV = 49500,
    .cvl_top_mV = 54500,
    .cvl_max_mV = 56000,
    .dvl_floor_mV = 49500,
 /* Rules 1 and 2: 56.8 and 46.7 V; usable window 54.0 to 51.0 V; "10 A charge from 90 to
  * 100 %"; low cut 49.5 V. */
    .stops = {.charge_mV = {56800, 54000},
              .discharge_mV = {46700, 51000},
              MODULE_TOOL_STOPS,         .taper_ccl_mA = 10000,
              .taper_soc = 9000,
              .taper_ccl_mV = 54000,
              .taper_dcl_mV = 49500      },
    .bus_bar_mA = 400000,
    .charge_rates = WECO_CHARGE_RATES,
    .discharge_rates = WECO_DISCHARGE_RATES,
    .allowance_A =
        {
              {86, 155, 206, 275, 344},
              {155, 279, 372, 495, 557},
              {206, 372, 446, 528, 660},
              {241, 433, 462, 616, 700},
              {301, 488, 578, 700, 700},
              {310, 495, 650, 866, 928},
              {361, 577, 732, 1011, 1083},
              {412, 577, 953, 1155, 1238},
              },
};

/* V-TAC VT-12040 manual V1.1 2024-03-20, ratings: 200 Ah, 57.6 V, 40 V, 100 A; 15 packs. */
static const struct profile vtac_vt12040 = {
    .key = "vtac-vt12040",
    .title = "V-TAC VT-12040",
    .max_modules = 15,
    .module_capacity_mAh = 200000,
    .module_ccl_mA = 100000,
    .module_dcl_mA = 100000,
    .cvl_mV = 57600,
    .dvl_mV = 40000,
    .cvl_top_mV = 57600,
    .cvl_max_mV = 57600,
    .dvl_floor_mV = 40000,
 /* Highest charge and lowest discharge voltage; charge 0 to 45, discharge -20 to 50 degC. */
    .stops = {.charge_mV = {57600, 54400},
              .discharge_mV = {40000, 51200},
              .cell_charge_mV = {3650, 3450},
              .cell_discharge_mV = {2900, 3100},
              .charge_cold_dC = {0, 20},
              .charge_hot_dC = {450, 430},
              .discharge_cold_dC = {-200, -180},
              .discharge_hot_dC = {500, 480}},
    .bus_bar_mA = 400000,
};

/* 16 lithium iron phosphate cells of a maker nobody named. What the BMS says is believed
 * between 2.50 and 3.65 V a cell (the fault and warning thresholds of the WeCo module tool);
 * where it says nothing, 2.90 and 3.45 V a cell and half the capacity of a 100 Ah module in
 * both directions. Our own choice, on the careful side. */
static const struct profile generic_lfp_16s = {
    .key = "generic-lfp-16s",
    .title = "16 LFP cells, maker not named",
    .max_modules = 16,
    .module_capacity_mAh = 100000,
    .module_ccl_mA = 50000,
    .module_dcl_mA = 50000,
    .cvl_mV = 55200,
    .dvl_mV = 46400,
    .cvl_top_mV = 58400,
    .cvl_max_mV = 58400,
    .dvl_floor_mV = 40000,
    .stops = {.charge_mV = {58400, 54400},
              .discharge_mV = {44800, 51200},
              .cell_charge_mV = {3650, 3450},
              .cell_discharge_mV = {2900, 3100},
              .charge_cold_dC = {0, 20},
              .charge_hot_dC = {550, 530},
              .discharge_cold_dC = {-200, -180},
              .discharge_hot_dC = {600, 580}},
    .bus_bar_mA = 400000,
};

const struct profile *const profiles[] = {&weco_4k4_pro, &vtac_vt12040, &generic_lfp_16s, NULL};

const struct profile *profile_find(const char *key)
{
    for (const struct profile *const *p = profiles; *p; p++)
        if (strcmp((*p)->key, key) == 0)
            return *p;
    return NULL;
}

bool profile_same(const struct profile *a, const struct profile *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

int64_t profile_allowance(const struct profile *p, unsigned clusters, unsigned modules)
{
    if (!p->allowance_A[0][0])
        return -1;
    if (!clusters || !modules)
        return 0;
    if (clusters > MAX_CLUSTERS)
        clusters = MAX_CLUSTERS;
    if (modules > ALLOWANCE_ROWS)
        modules = ALLOWANCE_ROWS;
    return (int64_t)p->allowance_A[modules - 1][clusters - 1] * 1000;
}
