/* Where lives happen: the makers' figures as the oracle knows them, and the sites. */
#include <stdio.h>
#include <string.h>

#include "property.h"

/* HeSU 4K4 PRO manual REV.1.06 2021-04-05, section 13, "multi cluster via CAN". */
static const uint16_t weco_table[][MAX_CLUSTERS] = {
    {86,  155, 206, 275,  344 },
    {155, 279, 372, 495,  557 },
    {206, 372, 446, 528,  660 },
    {241, 433, 462, 616,  700 },
    {301, 488, 578, 700,  700 },
    {310, 495, 650, 866,  928 },
    {361, 577, 732, 1011, 1083},
    {412, 577, 953, 1155, 1238},
};

/* Figures: the same manual, rules 1 and 2 and section 9; module tool V1.29 for cells and
 * temperatures; V-TAC VT-12040 manual V1.1 2024-03-20. generic-lfp-16s is the project's own. */
static const struct maker weco = {
    .key = "weco-4k4-pro",
    .max_modules = 8,
    .module_mAh = 86000,
    .module_ccl = 86000,
    .module_dcl = 86000,
    .cvl = 54500,
    .dvl = 49500,
    .cvl_top = 54500,
    .cvl_max = 56000,
    .dvl_floor = 49500,
    .charge_stop = 56800,
    .charge_release = 54000,
    .discharge_stop = 46700,
    .discharge_release = 51000,
    .cell_high = 3650,
    .cell_high_release = 3450,
    .cell_low = 2900,
    .cell_low_release = 3100,
    .charge_cold = -50,
    .charge_hot = 550,
    .discharge_cold = -200,
    .discharge_hot = 600,
    .taper_ccl = 10000,
    .taper_soc = 9000,
    .taper_mV = 54000,
    .taper_dcl_mV = 49500,
    .bus_bar = 400000,
    .table = weco_table,
};

static const struct maker vtac = {
    .key = "vtac-vt12040",
    .max_modules = 15,
    .module_mAh = 200000,
    .module_ccl = 100000,
    .module_dcl = 100000,
    .cvl = 57600,
    .dvl = 40000,
    .cvl_top = 57600,
    .cvl_max = 57600,
    .dvl_floor = 40000,
    .charge_stop = 57600,
    .charge_release = 54400,
    .discharge_stop = 40000,
    .discharge_release = 51200,
    .cell_high = 3650,
    .cell_high_release = 3450,
    .cell_low = 2900,
    .cell_low_release = 3100,
    .charge_cold = 0,
    .charge_hot = 450,
    .discharge_cold = -200,
    .discharge_hot = 500,
    .bus_bar = 400000,
};

static const struct maker generic = {
    .key = "generic-lfp-16s",
    .max_modules = 16,
    .module_mAh = 100000,
    .module_ccl = 50000,
    .module_dcl = 50000,
    .cvl = 55200,
    .dvl = 46400,
    .cvl_top = 58400,
    .cvl_max = 58400,
    .dvl_floor = 40000,
    .charge_stop = 58400,
    .charge_release = 54400,
    .discharge_stop = 44800,
    .discharge_release = 51200,
    .cell_high = 3650,
    .cell_high_release = 3450,
    .cell_low = 2900,
    .cell_low_release = 3100,
    .charge_cold = 0,
    .charge_hot = 550,
    .discharge_cold = -200,
    .discharge_hot = 600,
    .bus_bar = 400000,
};

const struct maker *maker_find(const char *key)
{
    const struct maker *const makers[] = {&weco, &vtac, &generic};

    for (unsigned i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
        if (strcmp(makers[i]->key, key) == 0)
            return makers[i];
    return NULL;
}

/* clang-format off */
#define DEFAULTS .share = "capacity", .rise_percent = 5, .rise_hold_s = 10, .loss_hold_s = 10,     \
                 .start_wait_s = 60, .setpoint_s = 60, .rejoin_s = 30, .rejoin_short_s = 5
#define PYLON(modules, Ah) {TONGUE_PYLON, modules, Ah}
#define VICTRON(modules, Ah) {TONGUE_VICTRON, modules, Ah}
#define SMA(modules, Ah) {TONGUE_SMA, modules, Ah}
#define BYD(modules, Ah) {TONGUE_BYD, modules, Ah}
#define AUTO(modules, Ah) {TONGUE_AUTO, modules, Ah}
#define SERIAL(modules, Ah) {TONGUE_SERIAL, modules, Ah}

const struct site sites[] = {
    {.what = "two equal clusters", .maker = "weco-4k4-pro", .clusters = 2, .modules = 5, DEFAULTS,
     .cluster = {PYLON(0, 0), PYLON(0, 0)}, .inverter = {"victron"},
     .input = {"stop", "reset", "cluster_2_open", "fire"}, .relay = {"charge_allowed", "discharge_allowed"}},
    {.what = "five clusters, two inverters", .maker = "weco-4k4-pro", .clusters = 5, .modules = 5, DEFAULTS,
     .cluster = {PYLON(0, 0), VICTRON(0, 0), PYLON(4, 0), VICTRON(0, 430), SERIAL(0, 0)},
     .inverter = {"pylontech", "sma"}, .input = {"reset", "fire"}},
    {.what = "one serial battery", .maker = "weco-4k4-pro", .clusters = 1, .modules = 3, DEFAULTS,
     .cluster = {SERIAL(0, 0)}, .inverter = {"victron"}},
    {.what = "three serial batteries that show modules", .maker = "generic-lfp-16s", .clusters = 3, .modules = 4,
     DEFAULTS, .cluster = {SERIAL(0, 0), SERIAL(2, 0), SERIAL(0, 150)}, .inverter = {"sma", "pylontech"}},
    {.what = "slow and fast buses", .maker = "generic-lfp-16s", .clusters = 3, .modules = 6, DEFAULTS,
     .cluster = {BYD(0, 0), VICTRON(3, 0), SMA(0, 0)}, .inverter = {"victron"}},
    {.what = "no table, DCL ramps too", .maker = "vtac-vt12040", .clusters = 4, .modules = 8,
     .share = "capacity", .rise_percent = 10, .rise_hold_s = 5, .loss_hold_s = 10, .start_wait_s = 20,
     .setpoint_s = 30, .rejoin_s = 20, .rejoin_short_s = 3, .discharge_ramp = true,
     .cluster = {SERIAL(0, 0), PYLON(0, 0), VICTRON(15, 0), PYLON(2, 0)}, .inverter = {"pylontech"}},
    {.what = "capped, protocols to be found out", .maker = "weco-4k4-pro", .clusters = 2, .modules = 4, DEFAULTS,
     .ccl_cap_A = 120, .dcl_cap_A = 150, .start_wait_for_all = true,
     .cluster = {AUTO(0, 0), AUTO(0, 344)}, .inverter = {"sma"}},
    {.what = "measured shares, C-rates for all, silent after a stop", .maker = "weco-4k4-pro", .clusters = 3,
     .modules = 5, .share = "measured", .rise_percent = 5, .rise_hold_s = 10, .loss_hold_s = 10, .start_wait_s = 60,
     .setpoint_s = 60, .rejoin_s = 30, .rejoin_short_s = 5, .c_rate_all = true, .stop_silent = true,
     .cluster = {SERIAL(0, 0), VICTRON(4, 0), PYLON(0, 0)}, .inverter = {"pylontech"}},
    {.what = "unequal clusters shared by count, no hold", .maker = "weco-4k4-pro", .clusters = 3, .modules = 8,
     .share = "count", .rise_percent = 5, .rise_hold_s = 0, .loss_hold_s = 0, .start_wait_s = 0,
     .setpoint_s = 60, .rejoin_s = 30, .rejoin_short_s = 5,
     .cluster = {PYLON(2, 0), VICTRON(6, 0), PYLON(8, 0)}, .inverter = {"victron", "pylontech"}},
};
/* clang-format on */
const unsigned n_sites = sizeof(sites) / sizeof(sites[0]);

static const char *tongue_key(enum tongue tongue)
{
    static const char *const keys[] = {
        [TONGUE_PYLON] = "pylontech", [TONGUE_VICTRON] = "victron", [TONGUE_SMA] = "sma",
        [TONGUE_BYD] = "byd-lvs",     [TONGUE_AUTO] = "auto",       [TONGUE_SERIAL] = "auto"};

    return keys[tongue];
}

static size_t clusters_ini(const struct site *site, char *out, size_t size)
{
    size_t n = 0;

    for (unsigned i = 0; i < site->clusters; i++) {
        const struct site_cluster *c = &site->cluster[i];

        n += (size_t)snprintf(out + n, size - n,
                              "[cluster.%u]\nlink = sim\nprotocol = %s\nmodules = %u\n"
                              "capacity_ah = %u\n",
                              i + 1, tongue_key(c->tongue), c->modules, c->capacity_Ah);
    }
    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        if (site->inverter[i])
            n += (size_t)snprintf(out + n, size - n, "[inverter.%u]\nlink = sim\nprotocol = %s\n",
                                  i + 1, site->inverter[i]);
    return n;
}

static size_t limits_ini(const struct site *site, char *out, size_t size)
{
    size_t n = (size_t)snprintf(
        out, size,
        "[limits]\nshare = %s\nrise_percent_s = %u\nrise_hold_s = %u\nloss_hold_dcl = %u\n"
        "start_wait_s = %u\nsetpoint_timeout_s = %u\nrejoin_s = %u\nrejoin_short_s = %u\n"
        "discharge_ramp = %s\nstart_incomplete = %s\nc_rate = %s\non_stop = %s\n",
        site->share, site->rise_percent, site->rise_hold_s, site->loss_hold_s, site->start_wait_s,
        site->setpoint_s, site->rejoin_s, site->rejoin_short_s,
        site->discharge_ramp ? "ramp" : "step", site->start_wait_for_all ? "wait" : "present",
        site->c_rate_all ? "all" : "silent", site->stop_silent ? "silent" : "zero");

    if (site->ccl_cap_A)
        n += (size_t)snprintf(out + n, size - n, "charge_current_max = %u\n", site->ccl_cap_A);
    if (site->dcl_cap_A)
        n += (size_t)snprintf(out + n, size - n, "discharge_current_max = %u\n", site->dcl_cap_A);
    for (unsigned i = 0; i < SITE_CONTACTS; i++) {
        if (site->relay[i])
            n += (size_t)snprintf(out + n, size - n, "[relay.%u]\nfunction = %s\n", i + 1,
                                  site->relay[i]);
        if (site->input[i])
            n += (size_t)snprintf(out + n, size - n,
                                  "[input.%u]\nfunction = %s\ngpio = gpiochip0:%u\n", i + 1,
                                  site->input[i], i);
    }
    return n;
}

size_t site_ini(const struct site *site, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "[hub]\nclusters = %u\nmodules = %u\nprofile = %s\n",
                                site->clusters, site->modules, site->maker);

    n += clusters_ini(site, out + n, size - n);
    return n + limits_ini(site, out + n, size - n);
}
