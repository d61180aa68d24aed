/* What was fed in, and what DESIGN.md allows to flow because of it. Where garbage or a guess of the
 * hub leaves room, the oracle takes the side that allows more: it must never accuse wrongly. */
#include <string.h>

#include "property.h"

#define AGES_OUT MONO_S(30) /* a datum outside the control set */
#define NEW_LIFE MONO_S(60) /* silent for longer: every part must come anew */

static void lower(struct bound *b, int64_t to, const char *why)
{
    if (to < b->most)
        *b = (struct bound){to, why, false};
}

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

static bool certain(const struct watched *c, enum signal sig)
{
    return c->told[sig].known && !c->told[sig].murky;
}

static bool young(const struct oracle *o, const struct watched *c, enum signal sig)
{
    return o->now - c->told[sig].at < AGES_OUT;
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

static mono_us oldest_part(const struct watched *c)
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
        c->serial_complete = c->serial_complete && certain(c, needed[i]);
    c->n_modules = r->modules;
    memcpy(c->module, r->module, sizeof(c->module));
}

/* ---- what a cluster counts ---- */

static int64_t count_told(const struct oracle *o, const struct watched *c, enum signal sig)
{
    return c->told[sig].known && young(o, c, sig) ? c->told[sig].value : 0;
}

/* "Active modules": what the BMS counts wins; a bare zero does not count, nor what the profile
 * does not allow. */
static unsigned modules_of(const struct oracle *o, const struct watched *c)
{
    unsigned configured = c->cfg->modules ? c->cfg->modules : o->site->modules;
    int64_t online = count_told(o, c, SIG_MODULES_ONLINE);
    int64_t offline = count_told(o, c, SIG_MODULES_OFFLINE);
    int64_t told = online || offline ? online : count_told(o, c, SIG_MODULES);

    if (told > (int64_t)o->maker->max_modules || (told == 0 && offline == 0))
        return configured;
    return (unsigned)told;
}

/* "INI, else 0x379 or its like, else active modules x profile Ah"; four times off is not
 * believed. */
static int64_t capacity_of(const struct oracle *o, const struct watched *c, unsigned modules)
{
    int64_t made = o->maker->module_mAh * modules;
    int64_t told = c->told[SIG_CAPACITY].known ? c->told[SIG_CAPACITY].value : 0;

    if (c->cfg->capacity_Ah)
        return c->cfg->capacity_Ah * INT64_C(1000);
    return told > 0 && told * 4 >= made && told <= made * 4 ? told : made;
}

/* Every alarm whose protection forbids the direction, by the makers' words: voltage and cells high
 * forbid charging, low discharging, and so on; what is not named forbids both. */
static bool forbids(uint64_t alarms, enum direction direction)
{
    const uint64_t charge = ALARM_BIT(VOLTAGE_HIGH) | ALARM_BIT(CELL_HIGH) |
                            ALARM_BIT(TEMP_HIGH_CHARGE) | ALARM_BIT(TEMP_LOW_CHARGE) |
                            ALARM_BIT(CURRENT_CHARGE);
    const uint64_t discharge = ALARM_BIT(VOLTAGE_LOW) | ALARM_BIT(CELL_LOW) |
                               ALARM_BIT(TEMP_HIGH_DISCHARGE) | ALARM_BIT(TEMP_LOW_DISCHARGE) |
                               ALARM_BIT(CURRENT_DISCHARGE);
    const uint64_t both = ALARM_BIT(GENERAL) | ALARM_BIT(TEMP_HIGH) | ALARM_BIT(TEMP_LOW) |
                          ALARM_BIT(SHORT_CIRCUIT) | ALARM_BIT(CONTACTOR) | ALARM_BIT(INTERNAL);

    return alarms & (both | (direction == CHARGE ? charge : discharge));
}

static bool alarms_certain(const struct watched *c)
{
    return !c->alarms_murky && c->cfg->tongue != TONGUE_AUTO;
}

/* Its own word, and that of any module that can be seen: they share a bus bar. */
static uint64_t protections(const struct watched *c)
{
    uint64_t all = c->alarm[TIER_PROTECTION];

    for (unsigned m = 0; m < c->n_modules; m++)
        all |= c->module[m].alarm[TIER_PROTECTION];
    return all;
}

static bool is_protected(const struct watched *c, enum direction direction)
{
    return alarms_certain(c) && forbids(protections(c) | c->alarm[TIER_FAULT], direction);
}

static bool is_off(const struct watched *c, enum signal enable)
{
    return certain(c, enable) && c->told[enable].value == 0;
}

static bool all_block(const struct oracle *o, const struct watched *c, enum signal blocking,
                      unsigned modules)
{
    return certain(c, blocking) && young(o, c, blocking) &&
           c->told[blocking].value >= (int64_t)modules;
}

/* What one cluster allows in a direction, as far as it is certain. */
static int64_t allows(const struct oracle *o, const struct watched *c, enum direction direction,
                      unsigned modules)
{
    bool charge = direction == CHARGE;
    const struct told *limit =
        &c->told[charge ? SIG_CHARGE_CURRENT_LIMIT : SIG_DISCHARGE_CURRENT_LIMIT];

    if (is_protected(c, direction) ||
        is_off(c, charge ? SIG_CHARGE_ENABLE : SIG_DISCHARGE_ENABLE) ||
        all_block(o, c, charge ? SIG_MODULES_NO_CHARGE : SIG_MODULES_NO_DISCHARGE, modules))
        return 0;
    if (limit->known)
        return limit->value;
    return (charge ? o->maker->module_ccl : o->maker->module_dcl) * modules;
}

struct weight oracle_weight(const struct oracle *o, unsigned cluster)
{
    const struct watched *c = &o->cluster[cluster];
    const struct told *cvl = &c->told[SIG_CHARGE_VOLTAGE_LIMIT];
    const struct told *dvl = &c->told[SIG_DISCHARGE_VOLTAGE_LIMIT];
    struct weight w = {.modules = modules_of(o, c)};

    w.murky = c->told[SIG_MODULES].murky || c->told[SIG_MODULES_ONLINE].murky ||
              c->told[SIG_MODULES_OFFLINE].murky || c->told[SIG_CAPACITY].murky ||
              (c->cfg->tongue == TONGUE_AUTO && c->muddled);
    if (w.murky) /* the side that allows more */
        w.modules = o->maker->max_modules;
    w.mAh = capacity_of(o, c, w.modules);
    w.allows[0] = allows(o, c, CHARGE, w.modules);
    w.allows[1] = allows(o, c, DISCHARGE, w.modules);
    w.cvl = cvl->known ? cvl->value : o->maker->cvl;
    w.dvl = dvl->known ? dvl->value : o->maker->dvl;
    if (w.cvl < o->maker->dvl_floor - 10000)
        w.allows[0] = 0; /* "10 V under the floor of DVL means no charging" */
    if (w.cvl < o->maker->dvl_floor)
        w.cvl = o->maker->dvl_floor;
    if (w.dvl > o->maker->cvl_max)
        w.dvl = o->maker->cvl_max;
    return w;
}

bool oracle_doubts(const struct oracle *o, unsigned cluster, enum signal sig)
{
    const struct watched *c = &o->cluster[cluster];

    return c->told[sig].murky || (c->cfg->tongue == TONGUE_AUTO && c->muddled);
}

/* ---- stops ---- */

struct stop_rule {
    enum signal sig, otherwise;
    bool high;
    int64_t at, release;
};

static struct stop_rule stop_rule(const struct oracle *o, const struct watched *c,
                                  enum stop_kind stop)
{
    const struct maker *m = o->maker;
    /* "With periods over 3 s the voltage stops are tightened by 0.4 V." */
    int64_t margin = c->cfg->tongue == TONGUE_BYD ? 400 : 0;
    const struct stop_rule rules[STOPS] = {
        {SIG_VOLTAGE,  SIG_VOLTAGE,  true,  m->charge_stop - margin,    m->charge_release     },
        {SIG_CELL_MAX, SIG_CELL_MAX, true,  m->cell_high,               m->cell_high_release  },
        {SIG_TEMP_MIN, SIG_TEMP,     false, m->charge_cold,             m->charge_cold + 20   },
        {SIG_TEMP_MAX, SIG_TEMP,     true,  m->charge_hot,              m->charge_hot - 20    },
        {SIG_VOLTAGE,  SIG_VOLTAGE,  false, m->discharge_stop + margin, m->discharge_release  },
        {SIG_CELL_MIN, SIG_CELL_MIN, false, m->cell_low,                m->cell_low_release   },
        {SIG_TEMP_MIN, SIG_TEMP,     false, m->discharge_cold,          m->discharge_cold + 20},
        {SIG_TEMP_MAX, SIG_TEMP,     true,  m->discharge_hot,           m->discharge_hot - 20 },
    };

    return rules[stop];
}

/* The worst of the cluster and of the modules that can be seen. */
static int64_t worst_of(const struct watched *c, enum stop_kind stop, int64_t worst, bool high)
{
    for (unsigned m = 0; m < c->n_modules; m++) {
        const struct report_module *mod = &c->module[m];
        const int64_t mine[STOPS] = {mod->mV, mod->cell_max, mod->temp_min, mod->temp_max,
                                     mod->mV, mod->cell_min, mod->temp_min, mod->temp_max};

        if (high ? mine[stop] > worst : mine[stop] < worst)
            worst = mine[stop];
    }
    return worst;
}

/* -1: it may be released, 1: it must stop, 0: neither. */
static int look(const struct oracle *o, const struct watched *c, enum stop_kind stop,
                const struct stop_rule *r)
{
    enum signal sig = c->told[r->sig].known && young(o, c, r->sig) ? r->sig : r->otherwise;
    int64_t value = c->told[sig].value;

    unsigned i = (unsigned)(c - o->cluster);

    if (oracle_doubts(o, i, r->sig) || oracle_doubts(o, i, r->otherwise))
        return -1;
    if (!c->told[sig].known || !young(o, c, sig))
        return 0;
    value = worst_of(c, stop, value, r->high);
    if (r->high ? value >= r->at : value <= r->at)
        return 1;
    return (r->high ? value <= r->release : value >= r->release) ? -1 : 0;
}

static bool is_voltage(enum stop_kind stop)
{
    return stop == CHARGE_MV || stop == DIS_MV;
}

static void run_stop(const struct oracle *o, struct watched *c, enum stop_kind stop)
{
    struct stop_rule rule = stop_rule(o, c, stop);
    int seen = look(o, c, stop, &rule);

    if (seen != -1)
        c->good_since[stop] = 0;
    else if (!c->good_since[stop])
        c->good_since[stop] = o->now;
    if (seen == 1) {
        c->stop[stop] = true;
        if (stop == DIS_MV && c->charging_since)
            c->charging_since = o->now;
    } else if (seen == -1) {
        c->stop[stop] &= is_voltage(stop) && o->now - c->good_since[stop] < MONO_S(60);
    }
    /* "or after ten minutes of charging" */
    if (stop == DIS_MV && seen != 1 && c->charging_since &&
        o->now - c->charging_since >= MONO_S(600))
        c->stop[stop] = false;
}

static void run_taper(const struct oracle *o, struct watched *c)
{
    const struct maker *m = o->maker;
    int64_t soc = c->told[SIG_SOC].value, mV = c->told[SIG_VOLTAGE].value;

    if (!m->taper_ccl)
        return;
    if (c->told[SIG_SOC].murky || c->told[SIG_VOLTAGE].murky)
        c->taper = false;
    else if (soc > m->taper_soc || mV > m->taper_mV)
        c->taper = true;
    else if (soc <= m->taper_soc - 200 && mV <= m->taper_mV - 500)
        c->taper = false;
}

static void run_stops(const struct oracle *o, struct watched *c)
{
    if (!c->told[SIG_CURRENT].murky && c->told[SIG_CURRENT].value <= 0)
        c->charging_since = 0;
    else if (!c->charging_since)
        c->charging_since = o->now;
    for (enum stop_kind stop = 0; stop < STOPS; stop++)
        run_stop(o, c, stop);
    run_taper(o, c);
}

/* A stop whose datum is not told any longer by the battery that came back ends. */
static void stops_come_back(const struct oracle *o, struct watched *c)
{
    for (enum stop_kind stop = 0; stop < STOPS; stop++) {
        struct stop_rule r = stop_rule(o, c, stop);

        if (!(c->told[r.sig].known && young(o, c, r.sig)) &&
            !(c->told[r.otherwise].known && young(o, c, r.otherwise)))
            c->stop[stop] = false;
    }
}

/* ---- a run of the hub ---- */

static bool any_alarm(const struct watched *c)
{
    return alarms_certain(c) &&
           (c->alarm[TIER_WARNING] | c->alarm[TIER_PROTECTION] | c->alarm[TIER_FAULT]);
}

static void count_in(struct oracle *o, struct watched *c, unsigned i)
{
    if (!c->counted && c->ghost)
        stops_come_back(o, c);
    c->ghost = c->loomed = false;
    run_stops(o, c);
    c->last = oracle_weight(o, i);
    c->last_mV = c->told[SIG_VOLTAGE].value;
    c->last_mV_murky = oracle_doubts(o, i, SIG_VOLTAGE);
    c->worried = any_alarm(c);
    c->lost_oldest = oldest_part(c);
    c->lost_fresh_until = oracle_fresh_until(o, i);
}

/* "Its last limits": later words may lower them, never raise them. */
static void haunt(const struct oracle *o, struct watched *c, unsigned i)
{
    static const enum signal sigs[] = {SIG_CHARGE_CURRENT_LIMIT, SIG_DISCHARGE_CURRENT_LIMIT};
    struct weight now = oracle_weight(o, i);
    const int64_t says[] = {allows(o, c, CHARGE, c->last.modules),
                            allows(o, c, DISCHARGE, c->last.modules)}; /* it keeps its count */

    for (unsigned d = 0; d < 2; d++)
        if (!now.murky && (c->told[sigs[d]].known || !says[d]) && says[d] < c->last.allows[d])
            c->last.allows[d] = says[d];
    c->worried |= any_alarm(c);
}

/* What came between its last counted run and the one that saw it silent. */
static void lose(const struct oracle *o, struct watched *c, unsigned i)
{
    /* "The join guard refuses only a cluster that is open (proven, or no current since it was first
     * seen)": of the latter nobody has to be afraid. */
    bool refused = c->state == CLUSTER_STANDBY && !c->carried;

    c->ghost = !c->proven_open && !refused;
    c->silent = !oracle_fresh(o, i);
    c->lost_oldest = mono_max(c->lost_oldest, oldest_part(c));
    c->lost_fresh_until = mono_max(c->lost_fresh_until, oracle_fresh_until(o, i));
}

/* It carries current and was not counted: it is on the copper all the same. */
static void loom(struct oracle *o, struct watched *c, unsigned i)
{
    c->ghost = c->loomed = true;
    c->silent = false;
    c->worried = true;
    c->last = oracle_weight(o, i);
    c->last_mV = c->told[SIG_VOLTAGE].value;
    c->last_mV_murky = oracle_doubts(o, i, SIG_VOLTAGE);
}

#define OVER_CURRENT                                                                               \
    (ALARM_BIT(CURRENT_CHARGE) | ALARM_BIT(CURRENT_DISCHARGE) | ALARM_BIT(SHORT_CIRCUIT))

static void count_one(struct oracle *o, unsigned i, bool counted)
{
    struct watched *c = &o->cluster[i];

    if (counted) {
        count_in(o, c, i);
    } else {
        if (c->counted)
            lose(o, c, i);
        if (c->carries && !c->ghost && !c->proven_open)
            loom(o, c, i);
        if (c->ghost)
            haunt(o, c, i);
    }
    c->counted = counted;
    if ((c->counted || c->ghost) && alarms_certain(c) && protections(c) & OVER_CURRENT)
        o->rest_until = o->now + MONO_S(10);
}

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

/* "Less than max(2 A, 0.5 % of rating)" is no current. */
static int64_t no_current(const struct oracle *o, const struct watched *c)
{
    int64_t per =
        o->maker->module_ccl > o->maker->module_dcl ? o->maker->module_ccl : o->maker->module_dcl;
    int64_t part = per * modules_of(o, c) / 200;

    return part > 2000 ? part : 2000;
}

/* A contact that says open is contradicted by current measured 3 s after it said so, until it says
 * closed. */
static void watch_contact(const struct oracle *o, struct watched *c, unsigned cluster)
{
    bool says_open = false;

    for (unsigned i = 0; i < SITE_CONTACTS && o->site->input[i]; i++)
        says_open |= strncmp(o->site->input[i], "cluster_", 8) == 0 && o->input[i].known &&
                     o->input[i].closed && (unsigned)(o->site->input[i][8] - '1') == cluster;
    if (!says_open)
        c->contact_since = 0;
    else if (!c->contact_since)
        c->contact_since = o->now;
    c->contact_lies =
        says_open && (c->contact_lies ||
                      (c->carries && c->told[SIG_CURRENT].at >= c->contact_since + MONO_S(3)));
}

static void watch_modules(const struct oracle *o, struct watched *c, unsigned cluster)
{
    bool looked = oracle_fresh(o, cluster) && !c->proven_open;

    for (unsigned m = 0; m < REPORT_MODULES; m++) {
        bool stays =
            looked && m < c->n_modules && c->module[m].connected && c->module[m].alarm[TIER_FAULT];

        if (!stays)
            c->stays_since[m] = 0;
        else if (!c->stays_since[m])
            c->stays_since[m] = o->now;
    }
}

void oracle_sees(struct oracle *o, unsigned cluster, const struct signals *s)
{
    struct watched *c = &o->cluster[cluster];
    enum cluster_state state = (enum cluster_state)s->value[SIG_STATE];
    bool proven_open = s->value[SIG_PROVEN_OPEN] != 0;
    bool out = state == CLUSTER_SHUT_DOWN || state == CLUSTER_EXCLUDED;

    c->exclude_asked = s->value[SIG_EXCLUDE_ASKED] != 0;

    c->state = state;
    c->proven_open = proven_open;
    c->was_open |= proven_open;
    watch_modules(o, c, cluster);
    if (c->told[SIG_CONNECTED].known)
        c->word_open = c->told[SIG_CONNECTED].value == 0;
    /* Whether it is fresh is certain only where no garbage was heard. */
    c->carries = oracle_fresh(o, cluster) && !c->muddled && c->cfg->tongue != TONGUE_AUTO &&
                 magnitude(c->told[SIG_CURRENT].value) >= no_current(o, c);
    if (c->carries) {
        c->carried = true;
        c->carried_at = o->now;
        c->restored = c->word_open = false;
    }
    watch_contact(o, c, cluster);
    c->silent = c->silent && !out; /* a cluster that is let in again by hand does not wait */
    if (proven_open)
        c->ghost = false; /* "A ghost ends by being proven open." */
    o->seen[cluster] = o->seen[cluster] || out || oracle_fresh_until(o, cluster);
}

/* "Proven open: contactor flag of the BMS, a contactor input, or less than max(2 A, 0.5 % of
 * rating) for 60 s", or the operator's word; also from before a restart. */
bool oracle_may_be_open(const struct oracle *o, unsigned cluster)
{
    const struct watched *c = &o->cluster[cluster];

    return (c->contact_since && !c->contact_lies) || c->word_open || c->restored ||
           (c->exclude_asked && c->once_isolated) ||
           (o->now >= o->started + MONO_S(60) && o->now - c->carried_at >= MONO_S(60));
}

void oracle_counts(struct oracle *o, const bool *counted)
{
    for (unsigned i = 0; i < o->site->clusters; i++)
        count_one(o, i, counted[i]);
}

/* ---- bounds ---- */

struct crowd { /* a set of clusters that share the current */
    bool in[MAX_CLUSTERS];
    int64_t weights;
    unsigned n, smallest;
    bool murky;
};

static int64_t weight_of(const struct oracle *o, const struct weight *w)
{
    return strcmp(o->site->share, "count") == 0 ? 1 : w->mAh;
}

/* "loss_hold_dcl (10 s) keeps DCL": last voltage above 50 V, no alarm, allowed before. */
bool oracle_is_held(const struct oracle *o, unsigned cluster)
{
    const struct watched *c = &o->cluster[cluster];

    return c->ghost && !c->counted && !o->stopping && !c->worried &&
           (c->last_mV > 50000 || c->last_mV_murky) &&
           o->now < c->lost_fresh_until + MONO_S(o->site->loss_hold_s);
}

static struct crowd gather(const struct oracle *o, bool held, bool ghosts)
{
    struct crowd crowd = {.smallest = 255};

    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct watched *c = &o->cluster[i];

        if (!(c->counted || (held && oracle_is_held(o, i)) || (ghosts && c->ghost)))
            continue;
        crowd.in[i] = true;
        crowd.n++;
        crowd.weights += weight_of(o, &c->last);
        crowd.murky |= c->last.murky;
        if (c->last.modules < crowd.smallest)
            crowd.smallest = c->last.modules;
    }
    return crowd;
}

static int64_t table_cell(const struct oracle *o, const struct crowd *crowd)
{
    unsigned row = crowd->smallest > 8 ? 8 : crowd->smallest;

    if (!row || !crowd->n)
        return 0;
    return o->maker->table[row - 1][crowd->n - 1] * INT64_C(1000);
}

/* Stages 2 and 3 for one crowd: sharing, table, bus bar. */
static void bound_crowd(const struct oracle *o, const struct crowd *crowd, unsigned d,
                        struct bound *b)
{
    bool by_count = strcmp(o->site->share, "count") == 0;

    if (crowd->murky && !by_count)
        return;
    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct weight *w = &o->cluster[i].last;
        int64_t mine = weight_of(o, w);

        if (!crowd->in[i])
            continue;
        if (mine <= 0) {
            lower(b, 0, "a cluster without weight");
            continue;
        }
        lower(b, w->allows[d] * crowd->weights / mine,
              o->cluster[i].ghost ? "sharing with a ghost" : "sharing");
        lower(b, o->maker->bus_bar * crowd->weights / mine, "bus bar");
    }
    if (o->maker->table && !crowd->murky)
        lower(b, table_cell(o, crowd), "allowance table");
}

static void bound_cells(const struct oracle *o, const struct crowd *with_ghosts,
                        enum direction direction, struct bound *b)
{
    enum stop_kind first = direction == CHARGE ? CHARGE_MV : DIS_MV;
    int64_t before = b->most, from = o->maker->taper_dcl_mV, to = o->maker->discharge_stop;

    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct watched *c = &o->cluster[i];

        for (unsigned s = 0; s < 4; s++)
            if (with_ghosts->in[i] && c->stop[first + s])
                lower(b, 0, "voltage, cell or temperature stop");
        if (direction == CHARGE || !with_ghosts->in[i] || !from || c->last_mV_murky)
            continue;
        if (c->last_mV <= to)
            lower(b, 0, "taper of DCL");
        else if (c->last_mV < from)
            lower(b, before * (c->last_mV - to) / (from - to), "taper of DCL");
    }
}

static void bound_taper(const struct oracle *o, const struct crowd *crowd, struct bound *b)
{
    for (unsigned i = 0; i < o->site->clusters && !crowd->murky; i++) {
        const struct watched *c = &o->cluster[i];
        int64_t mine = weight_of(o, &c->last);

        if (crowd->in[i] && c->taper && mine > 0)
            lower(b, o->maker->taper_ccl * c->last.modules * crowd->weights / mine, "taper of CCL");
    }
}

static void bound_state(const struct oracle *o, enum direction direction, struct bound *b)
{
    bool charge = direction == CHARGE;
    unsigned cap = charge ? o->site->ccl_cap_A : o->site->dcl_cap_A;
    const struct set_point_told *sp = charge ? &o->set_ccl : &o->set_dcl;
    bool waited =
        !o->site->start_wait_for_all && o->now >= o->started + MONO_S(o->site->start_wait_s);
    bool all_seen = true;

    for (unsigned i = 0; i < o->site->clusters; i++)
        all_seen = all_seen && o->seen[i];
    if (o->now < o->rest_until)
        lower(b, 0, "rest after over-current");
    if (!charge && o->forced_at && o->now < o->forced_at + MONO_S(90))
        lower(b, 0, "forced charge");
    if (!all_seen && !waited)
        lower(b, 0, "waiting for the clusters");
    if (o->stopping)
        lower(b, 0, "stopped");
    if (cap)
        lower(b, cap * INT64_C(1000), "cap of the owner");
    if (o->now < sp->until)
        lower(b, sp->value, "set-point");
}

static void bound_sum(const struct oracle *o, const struct crowd *crowd, unsigned d,
                      struct bound *b)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < o->site->clusters; i++)
        if (crowd->in[i])
            sum += o->cluster[i].last.allows[d];
    lower(b, sum, crowd->n ? "sum of the clusters" : "no cluster is counted");
    b->nobody = !crowd->n;
}

struct bound oracle_bound(const struct oracle *o, enum direction direction)
{
    struct bound b = {INT64_MAX, "nothing", false};
    unsigned d = direction == CHARGE ? 0 : 1;
    bool held = direction == DISCHARGE;
    struct crowd joined = gather(o, held, false), all = gather(o, held, true);

    bound_sum(o, &joined, d, &b);
    bound_crowd(o, &joined, d, &b);
    bound_crowd(o, &all, d, &b);
    bound_cells(o, &all, direction, &b);
    if (direction == CHARGE)
        bound_taper(o, &joined, &b);
    bound_state(o, direction, &b);
    return b;
}

int64_t oracle_rate_cap(const struct oracle *o, enum direction direction, bool *murky)
{
    struct crowd crowd = gather(o, direction == DISCHARGE, false);
    int64_t sum = 0;

    *murky = crowd.murky;
    if (o->maker->table)
        return table_cell(o, &crowd);
    for (unsigned i = 0; i < o->site->clusters; i++)
        if (crowd.in[i])
            sum += (direction == CHARGE ? o->maker->module_ccl : o->maker->module_dcl) *
                   o->cluster[i].last.modules;
    return sum;
}

/* The highest CVL and the lowest DVL that may be published; only while a cluster is counted. */
struct bound oracle_cvl(const struct oracle *o)
{
    struct crowd all = gather(o, false, true);
    struct bound b = {INT64_MAX, "nothing", false};
    int64_t bus = 0;

    for (unsigned i = 0; i < o->site->clusters; i++) {
        const struct watched *c = &o->cluster[i];

        if (!all.in[i])
            continue;
        lower(&b, c->last.cvl, "CVL of a cluster");
        if (c->last_mV_murky || c->loomed) /* what was never counted has no voltage yet */
            bus = o->maker->cvl_max;
        else if (!bus || c->last_mV < bus)
            bus = c->last_mV;
    }
    bus = (bus + 99) / 100 * 100; /* "never below the bus voltage", on the wire in 0.1 V */
    if (bus > o->maker->cvl_max)
        bus = o->maker->cvl_max;
    if (o->now < o->forced_until)
        lower(&b, o->maker->cvl_max, "voltage window, forced charge");
    else
        lower(&b, bus > o->maker->cvl_top ? bus : o->maker->cvl_top, "voltage window");
    if (o->now < o->set_cvl.until)
        lower(&b, o->set_cvl.value, "set-point");
    return b;
}

int64_t oracle_dvl(const struct oracle *o)
{
    struct crowd all = gather(o, false, true);
    int64_t dvl = o->maker->dvl_floor;

    for (unsigned i = 0; i < o->site->clusters; i++)
        if (all.in[i] && o->cluster[i].last.dvl > dvl)
            dvl = o->cluster[i].last.dvl;
    return dvl;
}

/* ---- orders, begin and end ---- */

static void obey_set_point(const struct oracle *o, struct set_point_told *sp,
                           const struct hub_order *order)
{
    sp->value = order->value;
    sp->until = order->release ? 0 : o->now + MONO_S(o->site->setpoint_s);
}

void oracle_obeys(struct oracle *o, const struct hub_order *order)
{
    switch (order->command) {
    case COMMAND_SET_CCL:
        obey_set_point(o, &o->set_ccl, order);
        break;
    case COMMAND_SET_DCL:
        obey_set_point(o, &o->set_dcl, order);
        break;
    case COMMAND_SET_CVL:
        obey_set_point(o, &o->set_cvl, order);
        break;
    case COMMAND_STOP:
        o->stop_asked = !order->release;
        break;
    case COMMAND_RESET:
        for (unsigned place = 0; place <= o->site->clusters; place++)
            if (!order->cluster || order->cluster == place)
                o->latched[place].reset = true;
        o->latched[0].reset = true; /* its word is the OR of all */
        break;
    case COMMAND_FORCE_CHARGE:
        o->forced_at = order->release ? 0 : o->now;
        o->forced_until = order->release ? 0 : o->now + MONO_S(1800);
        break;
    case COMMAND_EXCLUDE:
        o->cluster[order->cluster - 1].once_isolated |= order->isolated;
        break;
    case COMMAND_NONE:
        break;
    }
}

unsigned oracle_set_points(const struct oracle *o)
{
    return (unsigned)(o->now < o->set_ccl.until) | (unsigned)(o->now < o->set_dcl.until) << 1 |
           (unsigned)(o->now < o->set_cvl.until) << 2;
}

bool oracle_protected(const struct oracle *o, unsigned cluster, enum direction direction)
{
    return is_protected(&o->cluster[cluster], direction);
}

/* A stop input is normally closed; of both, not to know is to stop. */
void oracle_contact(struct oracle *o, unsigned input, enum contact contact)
{
    bool was_closed = o->input[input].known && o->input[input].closed;

    o->input[input].known = contact != CONTACT_LOST;
    o->input[input].closed = contact == CONTACT_CLOSED;
    o->input_stops = false;
    for (unsigned i = 0; i < SITE_CONTACTS && o->site->input[i]; i++) {
        const struct input_told *in = &o->input[i];

        if (strcmp(o->site->input[i], "stop") == 0)
            o->input_stops |= !in->known || !in->closed;
        if (strcmp(o->site->input[i], "fire") == 0)
            o->input_stops |= !in->known || in->closed;
    }
    if (strcmp(o->site->input[input], "reset") == 0 && contact == CONTACT_CLOSED && !was_closed)
        for (unsigned place = 0; place <= MAX_CLUSTERS; place++)
            o->latched[place].reset = true;
}

void oracle_restart(struct oracle *o, mono_us now)
{
    struct oracle fresh = {.site = o->site, .maker = o->maker, .now = now, .started = now};

    memcpy(fresh.latched, o->latched, sizeof(fresh.latched));
    fresh.stop_asked = o->stop_asked;
    fresh.warm_until = o->warm_until;
    memcpy(fresh.warm, o->warm, sizeof(fresh.warm));
    for (unsigned i = 0; i < SITE_CONTACTS && o->site->input[i]; i++)
        fresh.input_stops |=
            strcmp(o->site->input[i], "stop") == 0 || strcmp(o->site->input[i], "fire") == 0;
    for (unsigned i = 0; i < o->site->clusters; i++) {
        fresh.cluster[i].cfg = &o->site->cluster[i];
        /* What the store has may be older than what was seen last. */
        fresh.cluster[i].was_open = fresh.cluster[i].restored = o->cluster[i].was_open;
        fresh.cluster[i].once_isolated = o->cluster[i].once_isolated; /* a release may be unsaved */
    }
    for (unsigned d = 0; d < 2; d++)
        fresh.rate[d].hold_until = now + MONO_S(o->site->rise_hold_s);
    fresh.last_run = now;
    *o = fresh;
}

void oracle_init(struct oracle *o, const struct site *site, mono_us now)
{
    *o = (struct oracle){.site = site, .maker = maker_find(site->maker)};
    oracle_restart(o, now);
}
