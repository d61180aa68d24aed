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

/* Where a stop looks, in a cluster as in a module: the first of these that is known. */
struct look {
    enum signal sig, row, otherwise; /* SIG_COUNT: none */
    enum signal module, cell;        /* tell where `sig` is */
    bool high;                       /* stops at and above; else at and below */
};

#define VOLTAGE_LOOK(end, is_high)                                                                 \
    {                                                                                              \
        SIG_VOLTAGE_##end, SIG_COUNT, SIG_VOLTAGE, SIG_COUNT, SIG_COUNT, is_high                   \
    }
#define CELL_LOOK(end, is_high)                                                                    \
    {                                                                                              \
        SIG_CELL_##end, SIG_CELL_VOLTAGE, SIG_COUNT, SIG_CELL_##end##_MODULE,                      \
            SIG_CELL_##end##_CELL, is_high                                                         \
    }
#define TEMP_LOOK(end, is_high)                                                                    \
    {                                                                                              \
        SIG_TEMP_##end, SIG_CELL_TEMP, SIG_TEMP, SIG_TEMP_##end##_MODULE, SIG_TEMP_##end##_CELL,   \
            is_high                                                                                \
    }

static const struct look looks[STOP_COUNT] = {
    [STOP_CHARGE_VOLTAGE] = VOLTAGE_LOOK(MAX, true),
    [STOP_CHARGE_CELL] = CELL_LOOK(MAX, true),
    [STOP_CHARGE_COLD] = TEMP_LOOK(MIN, false),
    [STOP_CHARGE_HOT] = TEMP_LOOK(MAX, true),
    [STOP_DISCHARGE_VOLTAGE] = VOLTAGE_LOOK(MIN, false),
    [STOP_DISCHARGE_CELL] = CELL_LOOK(MIN, false),
    [STOP_DISCHARGE_COLD] = TEMP_LOOK(MIN, false),
    [STOP_DISCHARGE_HOT] = TEMP_LOOK(MAX, true),
};

static struct threshold threshold_of(const struct stops *stops, enum stop stop)
{
    const struct threshold *const all[STOP_COUNT] = {
        [STOP_CHARGE_VOLTAGE] = &stops->charge_mV,
        [STOP_CHARGE_CELL] = &stops->cell_charge_mV,
        [STOP_CHARGE_COLD] = &stops->charge_cold_dC,
        [STOP_CHARGE_HOT] = &stops->charge_hot_dC,
        [STOP_DISCHARGE_VOLTAGE] = &stops->discharge_mV,
        [STOP_DISCHARGE_CELL] = &stops->cell_discharge_mV,
        [STOP_DISCHARGE_COLD] = &stops->discharge_cold_dC,
        [STOP_DISCHARGE_HOT] = &stops->discharge_hot_dC,
    };

    return *all[stop];
}

static bool is_voltage(enum stop stop)
{
    return stop == STOP_CHARGE_VOLTAGE || stop == STOP_DISCHARGE_VOLTAGE;
}

/* A voltage of 0 is no stop; 0 degC is one. */
static bool is_off(enum stop stop, const struct stops *stops)
{
    bool cell = stop == STOP_CHARGE_CELL || stop == STOP_DISCHARGE_CELL;

    return (is_voltage(stop) || cell) && !threshold_of(stops, stop).stop;
}

static bool is_fresh(const struct signals *s, enum signal sig, mono_us now)
{
    return sig != SIG_COUNT && signal_known(s, sig) && mono_since(now, s->at[sig]) < DATUM_LIFE;
}

static bool is_worse(const struct look *look, int64_t value, int64_t than)
{
    return look->high ? value > than : value < than;
}

static bool read_row(const struct signals *s, const struct look *look, mono_us now,
                     struct reading *worst)
{
    unsigned n = look->row == SIG_COUNT ? 0 : signal_info[look->row].row;
    bool any = false;

    for (unsigned i = 0; i < n; i++) {
        enum signal sig = (enum signal)(look->row + i);

        if (!is_fresh(s, sig, now) || (any && !is_worse(look, s->value[sig], worst->value)))
            continue;
        *worst = (struct reading){.value = s->value[sig], .at.cell = (uint16_t)(i + 1)};
        any = true;
    }
    return any;
}

static int64_t told(const struct signals *s, enum signal sig, mono_us now)
{
    return is_fresh(s, sig, now) ? s->value[sig] : 0;
}

static bool read_signals(const struct signals *s, const struct look *look, mono_us now,
                         struct reading *worst)
{
    if (is_fresh(s, look->sig, now)) {
        *worst = (struct reading){.value = s->value[look->sig],
                                  .at.module = (uint8_t)told(s, look->module, now),
                                  .at.cell = (uint16_t)told(s, look->cell, now)};
        return true;
    }
    if (read_row(s, look, now, worst))
        return true;
    if (!is_fresh(s, look->otherwise, now))
        return false;
    *worst = (struct reading){.value = s->value[look->otherwise]};
    return true;
}

/* The worst that the cluster and its modules tell. Where both tell the same the module is named. */
static bool read_part(const struct part *p, const struct look *look, mono_us now,
                      struct reading *worst)
{
    bool any = read_signals(&p->b->s, look, now, worst);

    for (unsigned m = 0; p->module && m < MAX_MODULES; m++) {
        struct reading mine;

        if (!read_signals(&p->module[m].s, look, now, &mine))
            continue;
        mine.at.module = (uint8_t)(m + 1);
        if (!any || is_worse(look, mine.value, worst->value) ||
            (mine.value == worst->value && !worst->at.module))
            *worst = mine;
        any = true;
    }
    return any;
}

/* Whether what is told now speaks for the place that set a stop: the cluster's own word does, and
 * that of the module. Its neighbours know nothing of a module that fell silent at its stop. */
static bool speaks_for(const struct part *p, const struct look *look, const struct place *who,
                       mono_us now)
{
    struct reading any;

    if (read_signals(&p->b->s, look, now, &any))
        return true;
    if (!who->module)
        return read_part(p, look, now, &any);
    return p->module && who->module <= MAX_MODULES &&
           read_signals(&p->module[who->module - 1].s, look, now, &any);
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

/* Where this stop stops and lets go, for a battery that speaks this often. */
static struct threshold threshold_for(const struct part *p, enum stop stop, mono_us period)
{
    struct threshold at = threshold_of(&p->profile->stops, stop);

    if (is_voltage(stop) && period > SLOW_PERIOD)
        at.stop += looks[stop].high ? -SLOW_MARGIN_mV : SLOW_MARGIN_mV;
    return at;
}

/* Sets the stop where a value is at or beyond its edge. */
static bool sets(struct stops_memory *mem, enum stop stop, const struct reading *r, int32_t edge)
{
    if (is_worse(&looks[stop], edge, r->value))
        return false;
    mem->on[stop] = true;
    mem->who[stop] = r->at;
    return true;
}

static void run_stop(struct stops_memory *mem, const struct part *p, enum stop stop, mono_us period,
                     mono_us now)
{
    struct threshold at = threshold_for(p, stop, period);
    struct reading r;
    bool good;

    if (is_off(stop, &p->profile->stops) || !read_part(p, &looks[stop], now, &r))
        return;
    if (sets(mem, stop, &r, at.stop)) {
        mem->good_since[stop] = 0;
        if (stop == STOP_DISCHARGE_VOLTAGE && mem->charging_since)
            mem->charging_since = now; /* the ten minutes begin after the stop */
        return;
    }
    if (!mem->on[stop])
        return;
    good = !is_worse(&looks[stop], r.value, at.release) &&
           speaks_for(p, &looks[stop], &mem->who[stop], now);
    mem->on[stop] = !released(mem, stop, good, now);
}

static void run_taper(struct stops_memory *mem, const struct part *p)
{
    const struct stops *stops = &p->profile->stops;
    int64_t soc = signal_or(&p->b->s, SIG_SOC, 0), mV = mem->high.value;

    if (!stops->taper_ccl_mA)
        return;
    if (soc > stops->taper_soc || mV > stops->taper_ccl_mV)
        mem->taper = true;
    else if (soc <= stops->taper_soc - TAPER_BACK_SOC && mV <= stops->taper_ccl_mV - TAPER_BACK_mV)
        mem->taper = false;
}

/* ---- C-rates ---- */

/* A rate rises only where the temperature is so far inside the better row: current warms a battery,
 * and without it a limit would chase its own effect across the edge of a row. */
#define RATE_BACK_dC 20

static uint16_t rate_at(const struct c_rates *table, int64_t dC)
{
    if (dC < table->from_dC)
        return 0;
    for (unsigned i = 0; i < table->n; i++)
        if (dC <= table->row[i].upto_dC)
            return table->row[i].centi_C;
    return 0;
}

static uint16_t lower_rate(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

/* What holds 2 degC to both sides as well: rows are not in order of their rates. */
static uint16_t rate_inside(const struct c_rates *table, int64_t dC)
{
    uint16_t sides =
        lower_rate(rate_at(table, dC - RATE_BACK_dC), rate_at(table, dC + RATE_BACK_dC));

    return lower_rate(sides, rate_at(table, dC));
}

static void run_rate(struct c_rate_now *rate, const struct c_rates *table,
                     const struct reading *cold, const struct reading *hot, bool may_rise)
{
    uint16_t at_cold = rate_at(table, cold->value), at_hot = rate_at(table, hot->value);
    uint16_t now = lower_rate(at_cold, at_hot);
    uint16_t inside = lower_rate(rate_inside(table, cold->value), rate_inside(table, hot->value));
    bool falls = !rate->known || now <= rate->centi_C; /* or says it again, from elsewhere */

    if (!falls && !(may_rise && inside > rate->centi_C))
        return;
    rate->known = true;
    rate->centi_C = falls ? now : inside;
    rate->at = at_cold <= at_hot ? cold->at : hot->at;
}

static bool read_temperatures(const struct part *p, mono_us now, struct reading *cold,
                              struct reading *hot)
{
    bool any_cold = read_part(p, &looks[STOP_CHARGE_COLD], now, cold);
    bool any_hot = read_part(p, &looks[STOP_CHARGE_HOT], now, hot);

    if (!any_cold)
        *cold = *hot; /* one of them stands for both */
    if (!any_hot)
        *hot = *cold;
    return any_cold || any_hot;
}

static void run_rates(struct stops_memory *mem, const struct part *p, bool may_rise, mono_us now)
{
    struct reading cold = {0}, hot = {0};

    if (!read_temperatures(p, now, &cold, &hot))
        return;
    run_rate(&mem->charge_rate, &p->profile->charge_rates, &cold, &hot, may_rise);
    run_rate(&mem->discharge_rate, &p->profile->discharge_rates, &cold, &hot, may_rise);
}

/* ---- one cluster ---- */

void stops_run(struct stops_memory *mem, const struct part *p, mono_us period, mono_us now)
{
    if (signal_or(&p->b->s, SIG_CURRENT, 0) <= CHARGING_mA)
        mem->charging_since = 0;
    else if (!mem->charging_since)
        mem->charging_since = now;
    read_part(p, &looks[STOP_CHARGE_VOLTAGE], now, &mem->high);
    read_part(p, &looks[STOP_DISCHARGE_VOLTAGE], now, &mem->low);
    for (enum stop stop = 0; stop < STOP_COUNT; stop++)
        run_stop(mem, p, stop, period, now);
    run_taper(mem, p);
    run_rates(mem, p, true, now);
}

void stops_pause(struct stops_memory *mem)
{
    mem->charging_since = 0;
    memset(mem->good_since, 0, sizeof(mem->good_since));
}

void stops_watch(struct stops_memory *mem, const struct part *p, mono_us period, mono_us now)
{
    for (enum stop stop = 0; stop < STOP_COUNT; stop++) {
        struct threshold at = threshold_for(p, stop, period);
        struct reading r;

        if (!is_off(stop, &p->profile->stops) && read_part(p, &looks[stop], now, &r))
            sets(mem, stop, &r, at.stop);
    }
    run_rates(mem, p, false, now);
}

void stops_forget_unseen(struct stops_memory *mem, const struct part *p, mono_us now)
{
    struct reading cold = {0}, hot = {0};

    for (enum stop stop = 0; stop < STOP_COUNT; stop++)
        if (!speaks_for(p, &looks[stop], &mem->who[stop], now))
            mem->on[stop] = false;
    if (!read_temperatures(p, now, &cold, &hot))
        mem->charge_rate.known = mem->discharge_rate.known = false;
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

int64_t stops_taper_dcl(const struct stops_memory *mem, const struct part *p, int64_t limit)
{
    const struct stops *stops = &p->profile->stops;
    int64_t from = stops->taper_dcl_mV, to = stops->discharge_mV.stop, mV = mem->low.value;

    if (!from || !mV || mV >= from)
        return limit;
    return mV <= to ? 0 : limit * (mV - to) / (from - to);
}

int64_t stops_c_rate(const struct stops_memory *mem, const struct part *p, enum direction direction,
                     struct place *at)
{
    bool charge = direction == CHARGE;
    const struct c_rates *table = charge ? &p->profile->charge_rates : &p->profile->discharge_rates;
    const struct c_rate_now *rate = charge ? &mem->charge_rate : &mem->discharge_rate;

    if (!table->n || !rate->known)
        return -1;
    *at = rate->at;
    return (int64_t)p->profile->module_capacity_mAh * p->modules * rate->centi_C / 100;
}
