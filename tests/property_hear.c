/* What was fed in, as a battery means it: by the makers' documents, with a decoder of its own.
 * Where garbage leaves room, the side that allows more is taken: the oracle must never accuse
 * wrongly. */
#include <string.h>

#include "property.h"

#define NEW_LIFE MONO_S(60) /* silent for longer: every part must come anew */

/* ---- what was said ---- */

static void tell(struct watched *c, enum signal sig, int64_t value, mono_us at)
{
    c->told[sig] = (struct told){.ever = true, .known = true, .value = value, .at = at};
}

static void forget(struct watched *c, enum signal sig)
{
    c->told[sig].known = c->told[sig].murky = false;
}

static void murk(struct watched *c, enum signal sig, mono_us at)
{
    c->told[sig].ever = c->told[sig].murky = true;
    c->told[sig].at = at;
}

static unsigned u16(const struct frame *f, unsigned at)
{
    return f->data[at] | (unsigned)f->data[at + 1] << 8;
}

static int s16(const struct frame *f, unsigned at)
{
    return (int16_t)u16(f, at);
}

/* ---- control sets: "stale after max(3 s, 2.5 x the nominal period of that id)" ---- */

/* Periods as the protocols have them; of "auto" the slowest it may turn out to be. */
static mono_us period_of(enum tongue tongue, enum part_kind part)
{
    if (tongue != TONGUE_BYD && tongue != TONGUE_AUTO)
        return MONO_S(1);
    return part == PART_LIMITS ? MONO_S(2) : MONO_S(10);
}

static mono_us stale_after(mono_us period)
{
    return mono_max(MONO_S(3), period * 5 / 2);
}

static void begin_life(struct watched *c)
{
    for (unsigned i = 0; i < PARTS; i++) {
        c->part[i].at = c->part[i].good_at = 0;
        c->part[i].streak = 0;
        c->part[i].expected = false;
    }
    c->rejected = 0;
}

static void note_part(struct oracle *o, struct watched *c, enum part_kind part, bool garbage)
{
    mono_us period = period_of(c->cfg->tongue, part);
    mono_us good = c->part[part].good_at;
    bool rhythm = good && o->now - good <= stale_after(period);

    c->part[part].at = o->now;
    c->part[part].period = period;
    /* Enable and alarm frames belong to it once seen three times in rhythm. */
    if (garbage || c->cfg->tongue == TONGUE_AUTO) {
        c->part[part].streak = 0;
        return;
    }
    c->part[part].streak = rhythm ? c->part[part].streak + 1 : 1;
    c->part[part].expected |= c->part[part].streak >= 3;
    c->part[part].good_at = o->now;
}

static bool belongs(const struct watched *c, enum part_kind part)
{
    return part == PART_LIMITS || part == PART_SOC || part == PART_MEASURED ||
           c->part[part].expected;
}

mono_us oracle_fresh_until(const struct oracle *o, unsigned cluster)
{
    const struct watched *c = &o->cluster[cluster];
    mono_us until = MONO_NEVER;

    if (c->cfg->tongue == TONGUE_SERIAL)
        return c->serial_complete ? c->serial_at + stale_after(c->serial_period) : 0;
    for (enum part_kind part = 0; part < PARTS; part++) {
        if (!belongs(c, part))
            continue;
        if (!c->part[part].at)
            return 0;
        until = mono_min(until, c->part[part].at + stale_after(c->part[part].period));
    }
    return until;
}

bool oracle_fresh(const struct oracle *o, unsigned cluster)
{
    return o->now < oracle_fresh_until(o, cluster);
}

mono_us oracle_oldest(const struct watched *c)
{
    mono_us oldest = MONO_NEVER;

    if (c->cfg->tongue == TONGUE_SERIAL)
        return c->serial_at;
    for (enum part_kind part = 0; part < PARTS; part++)
        if (belongs(c, part))
            oldest = mono_min(oldest, c->part[part].at);
    return oldest;
}

/* ---- frames ---- */

static bool is_na(unsigned raw)
{
    return raw == 0xFFFF || raw == 0x8000;
}

/* A frame with an impossible length or value is rejected whole. */
static bool limits_possible(const struct frame *f)
{
    if (f->len < 6 || f->len > 8)
        return false;
    for (unsigned at = 2; at <= 4; at += 2)
        if (!is_na(u16(f, at)) && (s16(f, at) < 0 || s16(f, at) > 30000))
            return false;
    if (!is_na(u16(f, 0)) && (u16(f, 0) < 10 || u16(f, 0) > 10000))
        return false;
    return f->len < 8 || is_na(u16(f, 6)) || u16(f, 6) == 0 ||
           (u16(f, 6) >= 10 && u16(f, 6) <= 10000);
}

static void hear_limits(struct oracle *o, struct watched *c, const struct frame *f)
{
    static const enum signal sigs[] = {SIG_CHARGE_CURRENT_LIMIT, SIG_DISCHARGE_CURRENT_LIMIT};

    if (!limits_possible(f)) {
        /* "Three rejected frames in a row of an id with current limits: these are zero." */
        if (++c->rejected >= 3) {
            tell(c, sigs[0], 0, o->now);
            tell(c, sigs[1], 0, o->now);
        }
        return;
    }
    c->rejected = 0;
    for (unsigned i = 0; i < 2; i++) /* "A limit reported as invalid: zero." */
        tell(c, sigs[i], is_na(u16(f, 2 + 2 * i)) ? 0 : s16(f, 2 + 2 * i) * 100, o->now);
    if (is_na(u16(f, 0)))
        forget(c, SIG_CHARGE_VOLTAGE_LIMIT);
    else
        tell(c, SIG_CHARGE_VOLTAGE_LIMIT, u16(f, 0) * 100, o->now);
    if (f->len == 8 && (is_na(u16(f, 6)) || u16(f, 6) == 0))
        forget(c, SIG_DISCHARGE_VOLTAGE_LIMIT);
    else if (f->len == 8)
        tell(c, SIG_DISCHARGE_VOLTAGE_LIMIT, u16(f, 6) * 100, o->now);
    note_part(o, c, PART_LIMITS, false);
}

static void hear_soc(struct oracle *o, struct watched *c, const struct frame *f)
{
    tell(c, SIG_SOC, f->len >= 6 ? u16(f, 4) : u16(f, 0) * 100, o->now);
    tell(c, SIG_SOH, u16(f, 2) * 100, o->now);
    note_part(o, c, PART_SOC, false);
}

static void hear_measured(struct oracle *o, struct watched *c, const struct frame *f)
{
    tell(c, SIG_VOLTAGE, s16(f, 0) * 10, o->now);
    tell(c, SIG_CURRENT, s16(f, 2) * 100, o->now);
    if (u16(f, 4) == 0x8000)
        forget(c, SIG_TEMP);
    else
        tell(c, SIG_TEMP, s16(f, 4), o->now);
    note_part(o, c, PART_MEASURED, false);
}

/* Pylontech V1.2 pages 5 and 6: bits of bytes 0, 1 (protection) and 2, 3 (warning). */
static void hear_359(struct oracle *o, struct watched *c, const struct frame *f)
{
    static const struct {
        uint8_t byte, bit;
        uint64_t alarm;
    } bits[] = {
        {0, 1, ALARM_BIT(VOLTAGE_HIGH)     },
        {0, 2, ALARM_BIT(VOLTAGE_LOW)      },
        {0, 3, ALARM_BIT(TEMP_HIGH)        },
        {0, 4, ALARM_BIT(TEMP_LOW)         },
        {0, 7, ALARM_BIT(CURRENT_DISCHARGE)},
        {1, 0, ALARM_BIT(CURRENT_CHARGE)   },
        {1, 3, ALARM_BIT(INTERNAL)         },
    };

    memset(c->alarm, 0, sizeof(c->alarm));
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        if (f->data[bits[i].byte] >> bits[i].bit & 1)
            c->alarm[TIER_PROTECTION] |= bits[i].alarm;
    if (f->data[2] | f->data[3])
        c->alarm[TIER_WARNING] = ALARM_BIT(GENERAL); /* some warning, whichever */
    c->alarms_murky = false;
    if (f->data[4] && f->data[4] != 0xFF) {
        tell(c, SIG_MODULES, f->data[4], o->now);
        tell(c, SIG_MODULES_ONLINE, f->data[4], o->now);
    } else {
        forget(c, SIG_MODULES);
    }
    note_part(o, c, PART_ALARMS, false);
}

/* SMA FSS-ConnectingBat-TI-en-10 section 7: pairs of bits, 1 is an alarm, 2 is its end. */
static void hear_35a(struct oracle *o, struct watched *c, const struct frame *f)
{
    static const uint64_t alarm[] = {
        ALARM_BIT(GENERAL),         ALARM_BIT(VOLTAGE_HIGH),      ALARM_BIT(VOLTAGE_LOW),
        ALARM_BIT(TEMP_HIGH),       ALARM_BIT(TEMP_LOW),          ALARM_BIT(TEMP_HIGH_CHARGE),
        ALARM_BIT(TEMP_LOW_CHARGE), ALARM_BIT(CURRENT_DISCHARGE), ALARM_BIT(CURRENT_CHARGE),
        ALARM_BIT(CONTACTOR),       ALARM_BIT(SHORT_CIRCUIT),     ALARM_BIT(INTERNAL),
    };

    memset(c->alarm, 0, sizeof(c->alarm));
    for (unsigned i = 0; i < sizeof(alarm) / sizeof(alarm[0]); i++) {
        if ((f->data[i / 4] >> i % 4 * 2 & 3) == 1)
            c->alarm[TIER_PROTECTION] |= alarm[i];
        if ((f->data[4 + i / 4] >> i % 4 * 2 & 3) == 1)
            c->alarm[TIER_WARNING] |= alarm[i];
    }
    c->alarms_murky = false;
    note_part(o, c, PART_ALARMS, false);
}

static void hear_35c(struct oracle *o, struct watched *c, const struct frame *f)
{
    tell(c, SIG_CHARGE_ENABLE, f->data[0] >> 7 & 1, o->now);
    tell(c, SIG_DISCHARGE_ENABLE, f->data[0] >> 6 & 1, o->now);
    tell(c, SIG_FORCE_CHARGE_I, f->data[0] >> 5 & 1, o->now);
    tell(c, SIG_FORCE_CHARGE_II, f->data[0] >> 4 & 1, o->now);
    tell(c, SIG_FULL_CHARGE, f->data[0] >> 3 & 1, o->now);
    note_part(o, c, PART_REQUESTS, false);
}

static void hear_372(struct oracle *o, struct watched *c, const struct frame *f)
{
    bool blank = true;

    for (unsigned i = 0; i < 8; i++)
        blank = blank && !f->data[i];
    if (blank)
        return; /* says nothing */
    tell(c, SIG_MODULES_ONLINE, u16(f, 0), o->now);
    tell(c, SIG_MODULES_NO_CHARGE, u16(f, 2), o->now);
    tell(c, SIG_MODULES_NO_DISCHARGE, u16(f, 4), o->now);
    tell(c, SIG_MODULES_OFFLINE, u16(f, 6), o->now);
    if (u16(f, 0) + u16(f, 6) <= 255)
        tell(c, SIG_MODULES, u16(f, 0) + u16(f, 6), o->now);
}

static void hear_373(struct oracle *o, struct watched *c, const struct frame *f)
{
    tell(c, SIG_CELL_MIN, u16(f, 0), o->now);
    tell(c, SIG_CELL_MAX, u16(f, 2), o->now);
    tell(c, SIG_TEMP_MIN, (int)u16(f, 4) * 10 - 2730, o->now);
    tell(c, SIG_TEMP_MAX, (int)u16(f, 6) * 10 - 2730, o->now);
}

static void hear_35f(struct oracle *o, struct watched *c, const struct frame *f)
{
    tell(c, SIG_PRODUCT, f->data[0] << 8 | f->data[1], o->now);
    tell(c, SIG_FIRMWARE, f->data[2] << 8 | f->data[3], o->now);
    tell(c, SIG_CAPACITY, u16(f, 4) * 1000, o->now);
}

static bool reads_37x(enum tongue tongue)
{
    return tongue == TONGUE_VICTRON || tongue == TONGUE_BYD;
}

static void hear_clean(struct oracle *o, struct watched *c, const struct frame *f)
{
    enum tongue tongue = c->cfg->tongue;

    if (f->id == 0x351)
        hear_limits(o, c, f);
    else if (f->id == 0x355)
        hear_soc(o, c, f);
    else if (f->id == 0x356)
        hear_measured(o, c, f);
    else if (f->id == 0x359 && tongue == TONGUE_PYLON)
        hear_359(o, c, f);
    else if (f->id == 0x35A && tongue != TONGUE_PYLON)
        hear_35a(o, c, f);
    else if (f->id == 0x35C && tongue == TONGUE_PYLON)
        hear_35c(o, c, f);
    else if (f->id == 0x372 && reads_37x(tongue))
        hear_372(o, c, f);
    else if (f->id == 0x373 && reads_37x(tongue))
        hear_373(o, c, f);
    else if (f->id == 0x35F && tongue == TONGUE_SMA)
        hear_35f(o, c, f);
    else if (f->id == 0x379 && (reads_37x(tongue) || tongue == TONGUE_PYLON))
        tell(c, SIG_CAPACITY, u16(f, 0) * 1000, o->now);
}

/* Which data a garbage frame of an id may have changed. */
#define BIT(tongue) (1u << TONGUE_##tongue)
#define ANY_TONGUE 0xFFu
#define LONG_ONES (BIT(VICTRON) | BIT(BYD) | BIT(AUTO))
#define NO_SIG SIG_COUNT

static const struct touch {
    uint16_t id;
    unsigned tongues;
    uint8_t part; /* PARTS: none */
    enum signal sig[5];
} touches[] = {
  /* clang-format off */
    {0x355, ANY_TONGUE, PART_SOC, {SIG_SOC, SIG_SOH, SIG_CELL_MAX, SIG_CELL_MIN, NO_SIG}},
    {0x356, ANY_TONGUE, PART_MEASURED, {SIG_VOLTAGE, SIG_CURRENT, SIG_TEMP, SIG_TEMP_MAX, SIG_TEMP_MIN}},
    {0x359, BIT(PYLON) | BIT(AUTO), PART_ALARMS, {SIG_MODULES, SIG_MODULES_ONLINE, NO_SIG, NO_SIG, NO_SIG}},
    {0x35A, ANY_TONGUE & ~BIT(PYLON), PART_ALARMS, {NO_SIG, NO_SIG, NO_SIG, NO_SIG, NO_SIG}},
    {0x35C, BIT(PYLON) | BIT(AUTO), PART_REQUESTS, {SIG_CHARGE_ENABLE, SIG_DISCHARGE_ENABLE,
            SIG_FORCE_CHARGE_I, SIG_FORCE_CHARGE_II, SIG_FULL_CHARGE}},
    {0x35F, BIT(SMA) | LONG_ONES, PARTS, {SIG_CAPACITY, SIG_CAPACITY_LEFT, SIG_FIRMWARE, SIG_PRODUCT, NO_SIG}},
    {0x360, LONG_ONES, PARTS, {SIG_FORCE_CHARGE_I, NO_SIG, NO_SIG, NO_SIG, NO_SIG}},
    {0x370, LONG_ONES, PARTS, {SIG_CELL_MAX, SIG_CELL_MIN, SIG_TEMP_MAX, SIG_TEMP_MIN, NO_SIG}},
    {0x371, LONG_ONES, PARTS, {SIG_CELL_MAX_CELL, SIG_CELL_MIN_CELL, SIG_TEMP_MAX_CELL, SIG_TEMP_MIN_CELL, NO_SIG}},
    {0x372, LONG_ONES, PARTS, {SIG_MODULES, SIG_MODULES_ONLINE, SIG_MODULES_OFFLINE, SIG_MODULES_NO_CHARGE,
            SIG_MODULES_NO_DISCHARGE}},
    {0x373, LONG_ONES, PARTS, {SIG_CELL_MAX, SIG_CELL_MIN, SIG_TEMP_MAX, SIG_TEMP_MIN, NO_SIG}},
    {0x374, LONG_ONES, PARTS, {SIG_CELL_MIN_CELL, NO_SIG, NO_SIG, NO_SIG, NO_SIG}},
    {0x375, LONG_ONES, PARTS, {SIG_CELL_MAX_CELL, NO_SIG, NO_SIG, NO_SIG, NO_SIG}},
    {0x376, LONG_ONES, PARTS, {SIG_TEMP_MIN_CELL, NO_SIG, NO_SIG, NO_SIG, NO_SIG}},
    {0x377, LONG_ONES, PARTS, {SIG_TEMP_MAX_CELL, NO_SIG, NO_SIG, NO_SIG, NO_SIG}},
    {0x378, LONG_ONES, PARTS, {SIG_ENERGY_CHARGED, SIG_ENERGY_DISCHARGED, NO_SIG, NO_SIG, NO_SIG}},
    {0x379, LONG_ONES | BIT(PYLON), PARTS, {SIG_CAPACITY, NO_SIG, NO_SIG, NO_SIG, NO_SIG}},
  /* clang-format on */
};

static void touch(struct oracle *o, struct watched *c, const struct touch *t)
{
    for (unsigned k = 0; k < 5; k++)
        if (t->sig[k] != NO_SIG)
            murk(c, t->sig[k], o->now);
    if (t->part != PARTS)
        note_part(o, c, (enum part_kind)t->part, true);
    c->alarms_murky |= t->part == PART_ALARMS;
}

static void hear_garbage(struct oracle *o, struct watched *c, const struct frame *f)
{
    c->muddled = true;
    if (f->id == 0x351)
        hear_limits(o, c, f);
    for (unsigned i = 0; i < sizeof(touches) / sizeof(touches[0]); i++)
        if (touches[i].id == f->id && touches[i].tongues >> c->cfg->tongue & 1)
            touch(o, c, &touches[i]);
}

/* Ids of the family that every intake knows; of the others it may know some. */
static bool is_known(const struct frame *f)
{
    return (f->id >= 0x355 && f->id <= 0x356) || f->id == 0x351 || f->id == 0x359 ||
           f->id == 0x35A || f->id == 0x35C || f->id == 0x35E || f->id == 0x379;
}

/* After 60 s in which nothing known came it may be another battery. Where garbage of unknown ids
 * came in between, the parts are taken to stand, but none to be expected. */
static void age_life(const struct oracle *o, struct watched *c, const struct frame *f)
{
    if (c->last_heard && o->now - c->last_heard > NEW_LIFE)
        begin_life(c);
    for (unsigned i = 0; c->last_known && o->now - c->last_known > NEW_LIFE && i < PARTS; i++) {
        c->part[i].streak = 0;
        c->part[i].expected = false;
    }
    c->last_heard = o->now;
    if (is_known(f))
        c->last_known = o->now;
}

void oracle_hears(struct oracle *o, unsigned cluster, const struct frame *f, bool garbage)
{
    struct watched *c = &o->cluster[cluster];
    bool family = !f->ext && f->id >= 0x300 && f->id <= 0x3FF;

    if (c->cfg->tongue == TONGUE_SERIAL)
        return;
    if (family)
        age_life(o, c, f);
    if (garbage && family)
        hear_garbage(o, c, f);
    else if (!garbage)
        hear_clean(o, c, f);
}

void oracle_reads(struct oracle *o, unsigned cluster, const struct report *r)
{
    struct watched *c = &o->cluster[cluster];
    mono_us at = o->now - MONO_MS(r->age_ms);
    static const enum signal needed[] = {SIG_VOLTAGE, SIG_CURRENT, SIG_SOC,
                                         SIG_CHARGE_CURRENT_LIMIT, SIG_DISCHARGE_CURRENT_LIMIT};

    for (enum signal sig = 0; sig < SIG_COUNT; sig++)
        forget(c, sig);
    for (unsigned i = 0; i < r->n; i++)
        tell(c, (enum signal)r->word[i].sig, r->word[i].value, at);
    memcpy(c->alarm, r->alarm, sizeof(c->alarm));
    c->serial_at = at;
    c->serial_period = MONO_MS(r->period_ms);
    c->serial_complete = true;
    for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        c->serial_complete = c->serial_complete && told_certain(c, needed[i]);
    c->n_modules = r->modules;
    memcpy(c->module, r->module, sizeof(c->module));
}
