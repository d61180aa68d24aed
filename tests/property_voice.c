/* What a cluster says, as frames of its protocol or as a sample. */
#include <stdlib.h>
#include <string.h>

#include "property_life.h"

struct act *life_act(struct inventor *v, enum act_kind kind, unsigned port)
{
    struct life *life = v->life;
    struct act *act;

    if (life->n == life->room) {
        life->room = life->room ? life->room * 2 : 4096;
        life->act = (struct act *)realloc(life->act, life->room * sizeof(*life->act));
        if (!life->act)
            abort();
    }
    act = &life->act[life->n++];
    memset(act, 0, sizeof(*act));
    act->kind = kind;
    act->port = (uint8_t)port;
    return act;
}

unsigned life_pick(struct inventor *v, const unsigned *list, unsigned n)
{
    return list[rng_below(&v->rng, n)];
}

/* ---- frames ---- */

static void put16(struct frame *f, unsigned at, int value)
{
    f->data[at] = (uint8_t)((unsigned)value & 0xFF);
    f->data[at + 1] = (uint8_t)((unsigned)value >> 8 & 0xFF);
}

static struct frame *say(struct inventor *v, unsigned i, uint32_t id, uint8_t len)
{
    struct act *act = life_act(v, ACT_FRAME, i);

    act->frame = (struct frame){.id = id, .len = len};
    return &act->frame;
}

static void say_limits(struct inventor *v, unsigned i)
{
    const struct actor *a = &v->actor[i];
    struct frame *f = say(v, i, 0x351, a->tongue == TONGUE_PYLON ? 6 : 8);

    put16(f, 0, (int)a->cvl_dV);
    put16(f, 2, (int)a->ccl_dA);
    put16(f, 4, (int)a->dcl_dA);
    if (f->len == 8)
        put16(f, 6, (int)a->dvl_dV);
}

/* Of two batteries on one port each says its own. */
static int soc_of(const struct inventor *v, const struct actor *a)
{
    bool other = v->now_ms < a->doubled_until && v->life->n & 1;

    return other ? 10000 - a->soc : a->soc;
}

static void say_soc(struct inventor *v, unsigned i)
{
    const struct actor *a = &v->actor[i];
    int soc = soc_of(v, a);
    bool fine = a->tongue == TONGUE_VICTRON || a->tongue == TONGUE_SMA;
    struct frame *f = say(v, i, 0x355, fine ? 6 : 4);

    put16(f, 0, soc / 100);
    put16(f, 2, a->soh);
    if (fine)
        put16(f, 4, soc);
}

static void say_measured(struct inventor *v, unsigned i)
{
    const struct actor *a = &v->actor[i];
    struct frame *f = say(v, i, 0x356, 6);

    put16(f, 0, a->mV / 10);
    put16(f, 2, a->dA);
    put16(f, 4, a->temp_C * 10);
}

/* Alarms that both wires have, as bits of actor.protection: byte and bit in 0x359, pair in
 * 0x35A. */
static const struct alarm_bit {
    uint8_t byte, bit, pair;
    uint64_t alarm;
} alarm_bits[ALARMS] = {
    {0, 1, 1,  ALARM_BIT(VOLTAGE_HIGH)     },
    {0, 2, 2,  ALARM_BIT(VOLTAGE_LOW)      },
    {0, 3, 3,  ALARM_BIT(TEMP_HIGH)        },
    {0, 4, 4,  ALARM_BIT(TEMP_LOW)         },
    {0, 7, 7,  ALARM_BIT(CURRENT_DISCHARGE)},
    {1, 0, 8,  ALARM_BIT(CURRENT_CHARGE)   },
    {1, 3, 11, ALARM_BIT(INTERNAL)         },
};

static void say_359(struct inventor *v, unsigned i)
{
    const struct actor *a = &v->actor[i];
    struct frame *f = say(v, i, 0x359, 7);

    for (unsigned b = 0; b < ALARMS; b++) {
        uint8_t on = (uint8_t)(1u << alarm_bits[b].bit);

        if (a->protection >> b & 1)
            f->data[alarm_bits[b].byte] |= on;
        if (a->warning >> b & 1 && alarm_bits[b].pair != 11)
            f->data[alarm_bits[b].byte + 2] |= on;
    }
    f->data[4] = (uint8_t)a->online;
    f->data[5] = 'P';
    f->data[6] = 'N';
}

static void say_35a(struct inventor *v, unsigned i)
{
    const struct actor *a = &v->actor[i];
    struct frame *f = say(v, i, 0x35A, 8);

    memset(f->data, 0xAA, 8); /* every alarm has ended ... */
    for (unsigned b = 0; b < ALARMS; b++) {
        unsigned pair = alarm_bits[b].pair;
        uint8_t turn = (uint8_t)(3u << pair % 4 * 2); /* ... 2 becomes 1 */

        if (a->protection >> b & 1)
            f->data[pair / 4] ^= turn;
        if (a->warning >> b & 1)
            f->data[4 + pair / 4] ^= turn;
    }
}

static void say_aside(struct inventor *v, unsigned i)
{
    const struct actor *a = &v->actor[i];
    struct frame *f;

    if (a->tongue == TONGUE_VICTRON || a->tongue == TONGUE_BYD) {
        f = say(v, i, 0x372, 8);
        put16(f, 0, (int)a->online);
        put16(f, 2, (int)a->no_charge);
        put16(f, 4, (int)a->no_discharge);
        put16(f, 6, (int)a->offline);
        f = say(v, i, 0x373, 8);
        put16(f, 0, a->cell_min);
        put16(f, 2, a->cell_max);
        put16(f, 4, a->temp_min_C + 273);
        put16(f, 6, a->temp_max_C + 273);
    }
    if (a->capacity_Ah && a->tongue == TONGUE_SMA) {
        f = say(v, i, 0x35F, 8);
        put16(f, 4, (int)a->capacity_Ah);
    } else if (a->capacity_Ah) {
        f = say(v, i, 0x379, 2);
        put16(f, 0, (int)a->capacity_Ah);
    }
}

static void say_voice(struct inventor *v, unsigned i, enum voice voice)
{
    switch (voice) {
    case SAYS_LIMITS:
        say_limits(v, i);
        break;
    case SAYS_SOC:
        say_soc(v, i);
        break;
    case SAYS_MEASURED:
        say_measured(v, i);
        break;
    case SAYS_ALARMS:
        if (v->actor[i].tongue == TONGUE_PYLON)
            say_359(v, i);
        else
            say_35a(v, i);
        break;
    case SAYS_REQUESTS:
        if (v->actor[i].tongue == TONGUE_PYLON)
            say(v, i, 0x35C, 2)->data[0] = (uint8_t)v->actor[i].requests;
        break;
    case SAYS_ASIDE:
        if (v->actor[i].tongue == TONGUE_AUTO)
            memcpy(say(v, i, 0x35E, 8)->data, "HUBLIFE ", 8);
        else
            say_aside(v, i);
        break;
    case VOICES:
        break;
    }
}

/* ---- serial batteries ---- */

static void word(struct report *r, enum signal sig, int64_t value)
{
    r->word[r->n].sig = (uint16_t)sig;
    r->word[r->n++].value = (int32_t)value;
}

static uint64_t alarms_of(uint64_t bits)
{
    uint64_t all = 0;

    for (unsigned b = 0; b < ALARMS; b++)
        if (bits >> b & 1)
            all |= alarm_bits[b].alarm;
    return all;
}

static void report_limits(const struct actor *a, struct report *r)
{
    if (a->ccl_dA <= 30000)
        word(r, SIG_CHARGE_CURRENT_LIMIT, a->ccl_dA * INT64_C(100));
    if (a->dcl_dA <= 30000)
        word(r, SIG_DISCHARGE_CURRENT_LIMIT, a->dcl_dA * INT64_C(100));
    if (a->cvl_dV <= 10000)
        word(r, SIG_CHARGE_VOLTAGE_LIMIT, a->cvl_dV * INT64_C(100));
    if (a->dvl_dV && a->dvl_dV <= 10000)
        word(r, SIG_DISCHARGE_VOLTAGE_LIMIT, a->dvl_dV * INT64_C(100));
}

static void report_aside(const struct actor *a, struct report *r)
{
    if (a->voice[SAYS_REQUESTS]) {
        word(r, SIG_CHARGE_ENABLE, a->requests >> 7 & 1);
        word(r, SIG_DISCHARGE_ENABLE, a->requests >> 6 & 1);
    }
    if (!a->voice[SAYS_ASIDE])
        return;
    word(r, SIG_CELL_MAX, a->cell_max);
    word(r, SIG_CELL_MIN, a->cell_min);
    word(r, SIG_TEMP_MAX, a->temp_max_C * 10);
    word(r, SIG_TEMP_MIN, a->temp_min_C * 10);
    word(r, SIG_MODULES_ONLINE, a->online);
    word(r, SIG_MODULES_OFFLINE, a->offline);
    word(r, SIG_MODULES_NO_CHARGE, a->no_charge);
    word(r, SIG_MODULES_NO_DISCHARGE, a->no_discharge);
    if (a->capacity_Ah)
        word(r, SIG_CAPACITY, a->capacity_Ah * INT64_C(1000));
}

static void report_modules(const struct actor *a, struct report *r)
{
    r->modules = (uint8_t)a->shown;
    for (unsigned m = 0; m < a->shown; m++) {
        struct report_module *to = &r->module[m];
        bool sick = a->sick >> m & 1;

        to->mV = (uint16_t)(a->mV + (sick ? a->sick_mV : 0));
        to->cell_max = (uint16_t)a->cell_max;
        to->cell_min = (uint16_t)a->cell_min;
        to->connected = !(sick && a->sick_left);
        to->temp_max = (int16_t)(a->temp_max_C * 10);
        to->temp_min = (int16_t)(a->temp_min_C * 10);
        to->alarm[TIER_PROTECTION] = sick ? alarms_of(a->sick_protection) : 0;
        to->alarm[TIER_FAULT] = sick ? alarms_of(a->sick_fault) : 0;
    }
}

static void report(struct inventor *v, unsigned i)
{
    const struct actor *a = &v->actor[i];
    struct report *r = &life_act(v, ACT_REPORT, i)->report;

    r->period_ms = a->period_ms;
    r->age_ms = rng_chance(&v->rng, 500) ? rng_below(&v->rng, 6000) : rng_below(&v->rng, 50);
    word(r, SIG_VOLTAGE, a->mV);
    word(r, SIG_CURRENT, a->dA * 100);
    if (!rng_chance(&v->rng, 20))
        word(r, SIG_SOC, soc_of(v, a));
    word(r, SIG_SOH, a->soh * 100);
    word(r, SIG_TEMP, a->temp_C * 10);
    report_limits(a, r);
    report_aside(a, r);
    if (a->firmware)
        word(r, SIG_FIRMWARE, a->firmware);
    if (a->says_connected)
        word(r, SIG_CONNECTED, a->connected);
    report_modules(a, r);
    r->alarm[TIER_PROTECTION] = alarms_of(a->protection);
    r->alarm[TIER_WARNING] = alarms_of(a->warning);
    r->alarm[TIER_FAULT] = alarms_of(a->fault);
}

void life_say(struct inventor *v, unsigned i, enum voice voice)
{
    if (v->actor[i].tongue == TONGUE_SERIAL)
        report(v, i);
    else
        say_voice(v, i, voice);
}
