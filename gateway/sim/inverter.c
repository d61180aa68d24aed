#include "sim/inverter.h"

#include <string.h>

#define BEAT_US MONO_S(1)
#define FORCED_W 1000 /* from the grid, when the battery asks to be charged; our own choice */

/* The frames of one beat. Sources: Pylontech CAN protocol V1.2 (0x305, eight zeros, each second);
 * BYD Battery-Box Premium LVS and Victron GX captures (0x305, 0x306 zeros, 0x307 with "VIC");
 * SMA technical information "SI external BMS" section 6 (0x305 and 0x306 with real data). */
enum { BEATS_MAX = 3 };
static const struct {
    const char *dialect;
    unsigned n;
    struct frame beat[BEATS_MAX];
} beats[] = {
    {"victron",
     3,            {{.id = 0x305, .len = 8},
      {.id = 0x306, .len = 8},
      {.id = 0x307, .len = 8, .data = {0x12, 0x34, 0x56, 0x78, 0x56, 0x49, 0x43}}}},
    {"sma",     2, {{.id = 0x305, .len = 8}, {.id = 0x306, .len = 8}}                    },
    {"",        1, {{.id = 0x305, .len = 8}}                                             }, /* the rest */
};

static unsigned beats_of(const struct sim_inverter *inv)
{
    unsigned i = 0;

    while (*beats[i].dialect && strcmp(beats[i].dialect, inv->dialect->key) != 0)
        i++;
    return i;
}

void sim_inverter_init(struct sim_inverter *inv, const struct dialect *d, int64_t max_W,
                       mono_us now)
{
    *inv = (struct sim_inverter){.dialect = d, .max_W = max_W, .beat_at = now};
}

void sim_inverter_hear(struct sim_inverter *inv, const struct frame *f, mono_us now)
{
    for (unsigned i = 0; i < inv->dialect->n_frames; i++) {
        const struct frame_spec *spec = &inv->dialect->frames[i];

        if (spec->id == f->id && spec->ext == f->ext)
            frames_decode(spec, f, now, &inv->heard);
    }
}

/* A limit as heard: zero when it is unknown, too old, or its direction is switched off. */
static int64_t limit_mA(const struct sim_inverter *inv, enum signal limit, enum signal enable,
                        mono_us now)
{
    const struct signals *s = &inv->heard.s;

    if (!signal_known(s, limit) || mono_since(now, s->at[limit]) > SIM_INVERTER_DEAF_US)
        return 0;
    return signal_or(s, enable, 1) ? s->value[limit] : 0;
}

/* The current that brings the bus to this voltage. */
static int64_t current_at_mA(const struct sim_bus *bus, int64_t mV)
{
    return (mV * 1000 - bus->emf_uV) * bus->conductance_mS / 1000000;
}

static int64_t lowest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void sim_inverter_run(struct sim_inverter *inv, mono_us now, int64_t surplus_W,
                      const struct sim_bus *bus)
{
    const struct signals *s = &inv->heard.s;
    int64_t up = limit_mA(inv, SIG_CHARGE_CURRENT_LIMIT, SIG_CHARGE_ENABLE, now);
    int64_t down = limit_mA(inv, SIG_DISCHARGE_CURRENT_LIMIT, SIG_DISCHARGE_ENABLE, now);

    if ((signal_or(s, SIG_FORCE_CHARGE_I, 0) || signal_or(s, SIG_FORCE_CHARGE_II, 0)) &&
        surplus_W < FORCED_W)
        surplus_W = FORCED_W;
    if (bus->conductance_mS && signal_known(s, SIG_CHARGE_VOLTAGE_LIMIT))
        up = lowest(up, current_at_mA(bus, s->value[SIG_CHARGE_VOLTAGE_LIMIT]));
    if (bus->conductance_mS && signal_known(s, SIG_DISCHARGE_VOLTAGE_LIMIT))
        down = lowest(down, -current_at_mA(bus, s->value[SIG_DISCHARGE_VOLTAGE_LIMIT]));
    surplus_W = clamp64(surplus_W, -inv->max_W, inv->max_W);
    inv->voltage_uV = bus->voltage_uV;
    inv->current_mA = clamp64(surplus_W * 1000000 / (bus->voltage_uV / 1000), down > 0 ? -down : 0,
                              up > 0 ? up : 0);
}

static void put_u16(uint8_t *at, int64_t v)
{
    at[0] = (uint8_t)v;
    at[1] = (uint8_t)(v >> 8);
}

/* SMA: 0.1 V, 0.1 A negative while charging, 0.1 degC, 0.1 %; state of health, charging by the
 * battery's own management (10), operating (1), no error, charge voltage 0.1 V. */
static void fill_sma(const struct sim_inverter *inv, struct frame *f)
{
    const struct signals *s = &inv->heard.s;

    if (f->id == 0x305) {
        put_u16(f->data, divide(inv->voltage_uV, 100000, NEAREST));
        put_u16(f->data + 2, divide(-inv->current_mA, 100, NEAREST));
        put_u16(f->data + 4, signal_or(s, SIG_TEMP, 0));
        put_u16(f->data + 6, signal_or(s, SIG_SOC, 0) / 10);
    } else {
        put_u16(f->data, signal_or(s, SIG_SOH, 0) / 100);
        f->data[2] = 10;
        f->data[3] = 1;
        put_u16(f->data + 6, signal_or(s, SIG_CHARGE_VOLTAGE_LIMIT, 0) / 100);
    }
}

bool sim_inverter_say(struct sim_inverter *inv, mono_us now, struct frame *out)
{
    unsigned kind = beats_of(inv);

    if (now < inv->beat_at)
        return false;
    *out = beats[kind].beat[inv->beats_out++];
    if (strcmp(beats[kind].dialect, "sma") == 0)
        fill_sma(inv, out);
    if (inv->beats_out == beats[kind].n) {
        inv->beats_out = 0;
        /* Keep the phase when on time; do not burst after a long gap. */
        inv->beat_at += BEAT_US;
        if (inv->beat_at <= now)
            inv->beat_at = now + BEAT_US;
    }
    return true;
}

mono_us sim_inverter_deadline(const struct sim_inverter *inv)
{
    return inv->beat_at;
}
