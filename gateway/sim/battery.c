#include "sim/battery.h"

/* Open-circuit voltage of 16 LFP cells. The ends follow the HeSU 4K4 PRO manual REV.1.06 (49.5 V
 * is 0 %, 50.5 V 5 %, 51.0 V 10 %, 54.5 V while charging is 98 %), the flat middle the screens of
 * the maker's tools (52.8 V at 44.8 % and 51.6 %, 52.94 V at 40.8 %, with small currents). In
 * between our own reading of the usual LFP curve. 100 % stays under the 54.5 V of the profile:
 * the BMS ends a charge, not the voltage. */
static const struct {
    int32_t ppm, mV;
} curve[] = {
    {0,       49500},
    {50000,   50500},
    {100000,  51000},
    {200000,  52000},
    {300000,  52600},
    {400000,  52800},
    {600000,  52900},
    {700000,  53200},
    {900000,  53400},
    {980000,  53900},
    {1000000, 54400},
};

/* 16 cells of 86 Ah at about 0.6 mOhm, contactor, fuse and shunt; and the cluster's cable to the
 * bus bar. Our own choice. Much less, and clusters a few per cent apart would drive more current
 * through each other than the flat curve does in the field. */
#define MODULE_UOHM 16000
#define CABLE_UOHM 1000

/* 50 kg at about 1 kJ/(kg K), and what a module gives off to the room. Our own choice. */
#define MODULE_J_PER_K 50000
#define MODULE_MW_PER_K 5000
#define ROOM_UC 22000000

/* "10 A charge from 90 to 100 %", same manual, data sheet; the slope before it is ours. */
#define TAPER_FROM_PPM 900000
#define TAPER_TO_PPM 950000
#define TAPER_MODULE_MA 10000
#define FULL_AGAIN_PPM 970000 /* a full battery takes charge again below this */
#define EMPTY_FROM_PPM 100000 /* discharge falls linearly from here to zero */
#define EMPTY_AGAIN_PPM 50000 /* an empty battery gives again above this */
#define FORCE_EARLY_PPM 80000
#define FORCE_LATE_PPM 40000

#define CELLS 16
#define CELL_SPREAD_MV 3
#define SENSOR_SPREAD_DECI_C 5

static int64_t capacity_mA_us(const struct sim_battery *b)
{
    return b->capacity_mAh * 3600 * 1000000;
}

static int64_t ppm(const struct sim_battery *b)
{
    return b->charge_mA_us / (b->capacity_mAh * 3600);
}

void sim_battery_init(struct sim_battery *b, const struct profile *profile, unsigned modules,
                      int64_t capacity_mAh, int64_t soc)
{
    *b = (struct sim_battery){.profile = profile, .modules = modules, .capacity_mAh = capacity_mAh};
    b->charge_mA_us = capacity_mAh * 3600 * 100 * soc;
    b->resistance_uOhm = MODULE_UOHM / (int64_t)modules + CABLE_UOHM;
    b->temp_uC = ROOM_UC;
    b->voltage_uV = sim_battery_emf_uV(b);
    sim_battery_run(b, 0);
}

int64_t sim_battery_emf_uV(const struct sim_battery *b)
{
    int64_t at = ppm(b);
    unsigned i = 1;

    while (at > curve[i].ppm)
        i++;
    return 1000 * (int64_t)curve[i - 1].mV + 1000 * (int64_t)(curve[i].mV - curve[i - 1].mV) *
                                                 (at - curve[i - 1].ppm) /
                                                 (curve[i].ppm - curve[i - 1].ppm);
}

int64_t sim_battery_conductance_mS(const struct sim_battery *b)
{
    return 1000000000 / b->resistance_uOhm;
}

static void warm(struct sim_battery *b, int64_t us)
{
    int64_t modules = b->modules;
    int64_t loss_mW = b->current_mA * b->current_mA / 1000 * b->resistance_uOhm / 1000000;
    int64_t given_mW = modules * MODULE_MW_PER_K * (b->temp_uC - ROOM_UC) / 1000000;

    b->temp_uC += (loss_mW - given_mW) * us / 1000 / (modules * MODULE_J_PER_K);
}

void sim_battery_run(struct sim_battery *b, int64_t us)
{
    b->charge_mA_us = clamp64(b->charge_mA_us + b->current_mA * us, 0, capacity_mA_us(b));
    warm(b, us);
    if (b->charge_mA_us == capacity_mA_us(b))
        b->full = true;
    else if (ppm(b) < FULL_AGAIN_PPM)
        b->full = false;
    if (b->charge_mA_us == 0)
        b->empty = true;
    else if (ppm(b) > EMPTY_AGAIN_PPM)
        b->empty = false;
}

int64_t sim_battery_soc(const struct sim_battery *b)
{
    return divide(ppm(b), 100, NEAREST);
}

int64_t sim_battery_ccl_mA(const struct sim_battery *b)
{
    int64_t whole = b->profile->module_ccl_mA, end = TAPER_MODULE_MA, at = ppm(b);

    if (b->full)
        return 0;
    if (end > whole)
        end = whole;
    at = clamp64(at, TAPER_FROM_PPM, TAPER_TO_PPM);
    whole -= (whole - end) * (at - TAPER_FROM_PPM) / (TAPER_TO_PPM - TAPER_FROM_PPM);
    return whole * b->modules;
}

int64_t sim_battery_dcl_mA(const struct sim_battery *b)
{
    int64_t at = ppm(b), whole = (int64_t)b->profile->module_dcl_mA * b->modules;

    if (b->empty)
        return 0;
    return at < EMPTY_FROM_PPM ? whole * at / EMPTY_FROM_PPM : whole;
}

static void tell_limits(const struct sim_battery *b, mono_us now, struct signals *s)
{
    int64_t ccl = sim_battery_ccl_mA(b), dcl = sim_battery_dcl_mA(b);

    signal_set(s, SIG_CHARGE_VOLTAGE_LIMIT, b->profile->cvl_mV, now);
    signal_set(s, SIG_DISCHARGE_VOLTAGE_LIMIT, b->profile->dvl_mV, now);
    signal_set(s, SIG_CHARGE_CURRENT_LIMIT, ccl, now);
    signal_set(s, SIG_DISCHARGE_CURRENT_LIMIT, dcl, now);
    signal_set(s, SIG_CHARGE_ENABLE, ccl > 0, now);
    signal_set(s, SIG_DISCHARGE_ENABLE, dcl > 0, now);
    signal_set(s, SIG_FORCE_CHARGE_I, ppm(b) < FORCE_EARLY_PPM, now);
    signal_set(s, SIG_FORCE_CHARGE_II, ppm(b) < FORCE_LATE_PPM, now);
    signal_set(s, SIG_FULL_CHARGE, 0, now);
}

static void tell_inside(const struct sim_battery *b, mono_us now, struct signals *s)
{
    int64_t cell_mV = b->voltage_uV / 1000 / CELLS, deci_C = divide(b->temp_uC, 100000, NEAREST);

    signal_set(s, SIG_CELL_MIN, cell_mV - CELL_SPREAD_MV, now);
    signal_set(s, SIG_CELL_MIN_MODULE, 1, now);
    signal_set(s, SIG_CELL_MIN_CELL, 7, now);
    signal_set(s, SIG_CELL_MAX, cell_mV + CELL_SPREAD_MV, now);
    signal_set(s, SIG_CELL_MAX_MODULE, b->modules, now);
    signal_set(s, SIG_CELL_MAX_CELL, 12, now);
    signal_set(s, SIG_TEMP, deci_C, now);
    signal_set(s, SIG_TEMP_MIN, deci_C - SENSOR_SPREAD_DECI_C, now);
    signal_set(s, SIG_TEMP_MAX, deci_C + SENSOR_SPREAD_DECI_C, now);
    signal_set(s, SIG_MODULES, b->modules, now);
    signal_set(s, SIG_MODULES_ACTIVE, b->modules, now);
    signal_set(s, SIG_MODULES_ONLINE, b->modules, now);
    signal_set(s, SIG_MODULES_OFFLINE, 0, now);
    signal_set(s, SIG_MODULES_NO_CHARGE, b->full ? b->modules : 0, now);
    signal_set(s, SIG_MODULES_NO_DISCHARGE, b->empty ? b->modules : 0, now);
}

void sim_battery_tell(const struct sim_battery *b, mono_us now, struct battery *out)
{
    struct signals *s = &out->s;

    signal_set(s, SIG_VOLTAGE, divide(b->voltage_uV, 1000, NEAREST), now);
    signal_set(s, SIG_CURRENT, b->current_mA, now);
    signal_set(s, SIG_POWER, divide(b->voltage_uV / 1000 * b->current_mA, 1000000, NEAREST), now);
    signal_set(s, SIG_SOC, sim_battery_soc(b), now);
    signal_set(s, SIG_SOH, 10000, now);
    signal_set(s, SIG_CAPACITY, b->capacity_mAh, now);
    signal_set(s, SIG_CAPACITY_LEFT, b->charge_mA_us / 3600 / 1000000, now);
    signal_set(s, SIG_FIRMWARE, 4 << 8 | 45, now); /* 4.45, as on the maker's screens */
    tell_limits(b, now, s);
    tell_inside(b, now, s);
}
