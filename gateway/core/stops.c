#include "core/stops.h"

#include <stddef.h>
#include <string.h>

/* "Released at 54.0 V for 60 s", "after ten minutes of charging". */
#define VOLTAGE_RELEASE MONO_S(60)
#define CHARGED_ENOUGH MONO_S(600)
#define CHARGING_mA 2000
/* A slow battery is seen late: stop earlier. */
#define SLOW_PERIOD MONO_S(3)
#define SLOW_MARGIN_mV 400
/* A charge taper ends this far below where it began, so that it does not chase its own effect. */
#define TAPER_BACK_SOC 200
#define TAPER_BACK_mV 500

const struct stop_info stop_info[STOP_COUNT] = {
    [STOP_CHARGE_VOLTAGE] = {CHARGE,    REASON_VOLTAGE_STOP},
    [STOP_CHARGE_CELL] = {CHARGE,    REASON_CELL_STOP   },
    [STOP_CHARGE_COLD] = {CHARGE,    REASON_COLD_STOP   },
    [STOP_CHARGE_HOT] = {CHARGE,    REASON_HOT_STOP    },
    [STOP_DISCHARGE_VOLTAGE] = {DISCHARGE, REASON_VOLTAGE_STOP},
    [STOP_DISCHARGE_CELL] = {DISCHARGE, REASON_CELL_STOP   },
    [STOP_DISCHARGE_COLD] = {DISCHARGE, REASON_COLD_STOP   },
    [STOP_DISCHARGE_HOT] = {DISCHARGE, REASON_HOT_STOP    },
};

/* Signals that a stop looks at: the first that is known. */
struct look {
    enum signal sig, otherwise;
    bool high; /* stops at and above; else at and below */
};

static const struct look looks[STOP_COUNT] = {
    [STOP_CHARGE_VOLTAGE] = {SIG_VOLTAGE_MAX, SIG_VOLTAGE,  true },
    [STOP_CHARGE_CELL] = {SIG_CELL_MAX,    SIG_CELL_MAX, true },
    [STOP_CHARGE_COLD] = {SIG_TEMP_MIN,    SIG_TEMP,     false},
    [STOP_CHARGE_HOT] = {SIG_TEMP_MAX,    SIG_TEMP,     true },
    [STOP_DISCHARGE_VOLTAGE] = {SIG_VOLTAGE_MIN, SIG_VOLTAGE,  false},
    [STOP_DISCHARGE_CELL] = {SIG_CELL_MIN,    SIG_CELL_MIN, false},
    [STOP_DISCHARGE_COLD] = {SIG_TEMP_MIN,    SIG_TEMP,     false},
    [STOP_DISCHARGE_HOT] = {SIG_TEMP_MAX,    SIG_TEMP,     true },
};

static struct threshold threshold_of(const struct stops *stops, enum stop stop)
{
    switch (stop) {
    case STOP_CHARGE_VOLTAGE:
        return stops->charge_mV;
    case STOP_CHARGE_CELL:
        return stops->cell_charge_mV;
    case STOP_CHARGE_COLD:
        return stops->charge_cold_dC;
    case STOP_CHARGE_HOT:
        return stops->charge_hot_dC;
    case STOP_DISCHARGE_VOLTAGE:
        return stops->discharge_mV;
    case STOP_DISCHARGE_CELL:
        return stops->cell_discharge_mV;
    case STOP_DISCHARGE_COLD:
        return stops->discharge_cold_dC;
    case STOP_DISCHARGE_HOT:
        return stops->discharge_hot_dC;
    case STOP_COUNT:
        break;
    }
    return (struct threshold){0, 0};
}

static bool is_voltage(enum stop stop)
{
    return stop == STOP_CHARGE_VOLTAGE || stop == STOP_DISCHARGE_VOLTAGE;
}

/* A voltage of 0 is no stop; 0 degC is one. */
static bool is_off(enum stop stop, const struct threshold *at)
{
    bool cell = stop == STOP_CHARGE_CELL || stop == STOP_DISCHARGE_CELL;

    return (is_voltage(stop) || cell) && !at->stop;
}

static bool read_value(const struct part *p, enum stop stop, mono_us now, int64_t *value)
{
    enum signal sigs[] = {looks[stop].sig, looks[stop].otherwise};

    for (unsigned i = 0; i < 2; i++)
        if (signal_known(&p->b->s, sigs[i]) && mono_since(now, p->b->s.at[sigs[i]]) < DATUM_LIFE) {
            *value = p->b->s.value[sigs[i]];
            return true;
        }
    return false;
}

/* On the release side for as long as this stop asks. */
static bool released(struct stops_memory *mem, enum stop stop, bool good, mono_us now)
{
    bool charged = stop == STOP_DISCHARGE_VOLTAGE && mem->charging_since &&
                   now >= mem->charging_since + CHARGED_ENOUGH;

    if (!good)
        mem->good_since[stop] = 0;
    else if (!mem->good_since[stop])
        mem->good_since[stop] = now;
    if (charged)
        return true;
    return good && now >= mem->good_since[stop] + (is_voltage(stop) ? VOLTAGE_RELEASE : 0);
}

static void run_stop(struct stops_memory *mem, const struct part *p, enum stop stop,
                     int32_t margin_mV, mono_us now)
{
    struct threshold at = threshold_of(&p->profile->stops, stop);
    bool high = looks[stop].high;
    int64_t value;

    if (is_off(stop, &at) || !read_value(p, stop, now, &value))
        return;
    if (is_voltage(stop))
        at.stop += high ? -margin_mV : margin_mV;
    if (high ? value >= at.stop : value <= at.stop) {
        mem->on[stop] = true;
        mem->good_since[stop] = 0;
        if (stop == STOP_DISCHARGE_VOLTAGE && mem->charging_since)
            mem->charging_since = now; /* the ten minutes begin after the stop */
    } else if (mem->on[stop] &&
               released(mem, stop, high ? value <= at.release : value >= at.release, now)) {
        mem->on[stop] = false;
    }
}

static void run_taper(struct stops_memory *mem, const struct part *p)
{
    const struct stops *stops = &p->profile->stops;
    const struct signals *s = &p->b->s;
    int64_t soc = signal_or(s, SIG_SOC, 0), mV = signal_or(s, SIG_VOLTAGE, 0);

    if (!stops->taper_ccl_mA)
        return;
    if (soc > stops->taper_soc || mV > stops->taper_ccl_mV)
        mem->taper = true;
    else if (soc <= stops->taper_soc - TAPER_BACK_SOC && mV <= stops->taper_ccl_mV - TAPER_BACK_mV)
        mem->taper = false;
}

void stops_run(struct stops_memory *mem, const struct part *p, mono_us period, mono_us now)
{
    int32_t margin = period > SLOW_PERIOD ? SLOW_MARGIN_mV : 0;

    if (signal_or(&p->b->s, SIG_CURRENT, 0) <= CHARGING_mA)
        mem->charging_since = 0;
    else if (!mem->charging_since)
        mem->charging_since = now;
    for (enum stop stop = 0; stop < STOP_COUNT; stop++)
        run_stop(mem, p, stop, margin, now);
    run_taper(mem, p);
}

void stops_pause(struct stops_memory *mem)
{
    mem->charging_since = 0;
    memset(mem->good_since, 0, sizeof(mem->good_since));
}

void stops_watch(struct stops_memory *mem, const struct part *p, mono_us period, mono_us now)
{
    int32_t margin = period > SLOW_PERIOD ? SLOW_MARGIN_mV : 0;

    for (enum stop stop = 0; stop < STOP_COUNT; stop++) {
        struct threshold at = threshold_of(&p->profile->stops, stop);
        int64_t value;

        if (is_off(stop, &at) || !read_value(p, stop, now, &value))
            continue;
        if (is_voltage(stop))
            at.stop += looks[stop].high ? -margin : margin;
        if (looks[stop].high ? value >= at.stop : value <= at.stop)
            mem->on[stop] = true;
    }
}

void stops_forget_unseen(struct stops_memory *mem, const struct part *p, mono_us now)
{
    int64_t value;

    for (enum stop stop = 0; stop < STOP_COUNT; stop++)
        if (!read_value(p, stop, now, &value))
            mem->on[stop] = false;
}

enum stop stops_against(const struct stops_memory *mem, enum direction direction)
{
    for (enum stop stop = 0; stop < STOP_COUNT; stop++)
        if (mem->on[stop] && stop_info[stop].direction == direction)
            return stop;
    return STOP_COUNT;
}

int64_t stops_taper_ccl(const struct stops_memory *mem, const struct part *p)
{
    if (!mem->taper)
        return -1;
    return (int64_t)p->profile->stops.taper_ccl_mA * p->modules;
}

int64_t stops_taper_dcl(const struct part *p, int64_t limit)
{
    const struct stops *stops = &p->profile->stops;
    int64_t from = stops->taper_dcl_mV, to = stops->discharge_mV.stop;
    int64_t mV = signal_or(&p->b->s, SIG_VOLTAGE, from);

    if (!from || mV >= from)
        return limit;
    return mV <= to ? 0 : limit * (mV - to) / (from - to);
}
