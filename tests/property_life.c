/* Invents lives: a small model of each cluster speaks on its bus in its rhythm, and now and then
 * something happens to it. Nothing here looks at the hub. */
#include <stdlib.h>
#include <string.h>

#include "property.h"

enum voice { SAYS_LIMITS, SAYS_SOC, SAYS_MEASURED, SAYS_ALARMS, SAYS_REQUESTS, SAYS_ASIDE, VOICES };

struct actor { /* one cluster as it really is */
    enum tongue tongue;
    unsigned modules; /* configured */
    int mV, dA, soc, soh, temp_C, temp_max_C, temp_min_C, cell_max, cell_min;
    unsigned ccl_dA, dcl_dA, cvl_dV, dvl_dV; /* as on the wire */
    unsigned requests;                       /* byte 0 of 0x35C */
    uint64_t protection, warning;            /* bits of alarm_bits[] */
    unsigned online, offline, no_charge, no_discharge, capacity_Ah;
    bool voice[VOICES]; /* what it says at all */
    bool says_connected, connected;
    unsigned period_ms; /* serial */
    unsigned shown;     /* modules it shows */
    unsigned sick;      /* some of them, bits ... */
    int sick_mV;        /* ... are so far off */
    uint64_t sick_protection, sick_fault;
    bool sick_left; /* they opened their contactors */
    uint64_t fault; /* serial */
    unsigned firmware;
    unsigned trips; /* on current that are still to come ... */
    uint64_t trip_at;
    uint64_t doubled_until, stubborn_until; /* two batteries on the port; above its limit */
    uint64_t next[VOICES], silent_until[VOICES], dumb_until, heals_at;
};

struct inventor {
    struct life *life;
    struct rng rng;
    uint64_t now_ms;
    unsigned lively; /* happenings in 10000 turns */
    struct actor actor[MAX_CLUSTERS];
    uint32_t stall_ms;  /* before the next turn */
    uint64_t starts_at; /* again, after a stop; 0: it runs */
};

/* ---- acts ---- */

static struct act *push(struct inventor *v, enum act_kind kind, unsigned port)
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

static unsigned pick(struct inventor *v, const unsigned *list, unsigned n)
{
    return list[rng_below(&v->rng, n)];
}
#define PICK(v, ...)                                                                               \
    pick(v, (const unsigned[]){__VA_ARGS__},                                                       \
         (unsigned)(sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned)))

/* ---- what a cluster says ---- */

static void put16(struct frame *f, unsigned at, int value)
{
    f->data[at] = (uint8_t)((unsigned)value & 0xFF);
    f->data[at + 1] = (uint8_t)((unsigned)value >> 8 & 0xFF);
}

static struct frame *say(struct inventor *v, unsigned i, uint32_t id, uint8_t len)
{
    struct act *act = push(v, ACT_FRAME, i);

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
} alarm_bits[] = {
    {0, 1, 1,  ALARM_BIT(VOLTAGE_HIGH)     },
    {0, 2, 2,  ALARM_BIT(VOLTAGE_LOW)      },
    {0, 3, 3,  ALARM_BIT(TEMP_HIGH)        },
    {0, 4, 4,  ALARM_BIT(TEMP_LOW)         },
    {0, 7, 7,  ALARM_BIT(CURRENT_DISCHARGE)},
    {1, 0, 8,  ALARM_BIT(CURRENT_CHARGE)   },
    {1, 3, 11, ALARM_BIT(INTERNAL)         },
};
#define ALARMS (sizeof(alarm_bits) / sizeof(alarm_bits[0]))

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
    struct report *r = &push(v, ACT_REPORT, i)->report;

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

/* ---- rhythm ---- */

static uint64_t period_ms(const struct actor *a, enum voice voice)
{
    if (a->tongue == TONGUE_SERIAL)
        return a->period_ms;
    if (a->tongue == TONGUE_BYD)
        return voice == SAYS_LIMITS ? 2000 : 10000;
    return voice == SAYS_ASIDE ? 5000 : 1000;
}

static void speak_voice(struct inventor *v, unsigned i, enum voice voice)
{
    struct actor *a = &v->actor[i];

    a->next[voice] += period_ms(a, voice) + rng_below(&v->rng, 20);
    if (a->next[voice] <= v->now_ms) /* the process stood still: what queued is thrown away */
        a->next[voice] = v->now_ms + 1 + rng_below(&v->rng, 1000);
    if (v->now_ms < a->dumb_until || v->now_ms < a->silent_until[voice] || rng_chance(&v->rng, 30))
        return;
    if (a->tongue == TONGUE_SERIAL)
        report(v, i);
    else
        say_voice(v, i, voice);
}

static void be_well(struct inventor *v, struct actor *a);
static void trip(struct inventor *v, struct actor *a);

/* All that is due now; returns when the next is. */
static uint64_t speak(struct inventor *v)
{
    uint64_t next = v->now_ms + 100;

    for (unsigned i = 0; i < v->life->site->clusters; i++) {
        struct actor *a = &v->actor[i];

        if (a->heals_at && v->now_ms >= a->heals_at && v->now_ms >= a->stubborn_until)
            be_well(v, a);
        trip(v, a);
        for (enum voice voice = 0; voice < VOICES; voice++) {
            if (a->tongue == TONGUE_SERIAL ? voice != 0 : !a->voice[voice])
                continue;
            if (a->next[voice] <= v->now_ms)
                speak_voice(v, i, voice);
            if (a->next[voice] < next)
                next = a->next[voice];
        }
    }
    return next;
}

/* ---- what happens ---- */

static void be_well(struct inventor *v, struct actor *a)
{
    struct rng *r = &v->rng;

    a->mV = rng_between(r, 5120, 5350) * 10;
    a->dA = rng_between(r, -600, 600);
    a->temp_C = rng_between(r, 15, 30);
    a->temp_max_C = a->temp_C + rng_between(r, 0, 4);
    a->temp_min_C = a->temp_C - rng_between(r, 0, 4);
    a->cell_max = rng_between(r, 3300, 3420);
    a->cell_min = rng_between(r, 3150, 3300);
    a->ccl_dA = a->modules * (unsigned)rng_between(r, 500, 1100);
    a->dcl_dA = a->modules * (unsigned)rng_between(r, 500, 1100);
    a->cvl_dV = (unsigned)rng_between(r, 540, 560);
    a->dvl_dV = (unsigned)rng_between(r, 440, 500);
    a->requests = 0xC0;
    a->protection = a->warning = 0;
    a->online = a->modules;
    a->offline = a->no_charge = a->no_discharge = 0;
    a->connected = true;
    a->sick_mV = 0;
    a->sick_protection = a->sick_fault = a->fault = 0;
    a->heals_at = 0;
}

static void fall_ill(struct inventor *v, struct actor *a)
{
    if (!a->heals_at)
        a->heals_at = v->now_ms + PICK(v, 500, 2000, 5000, 12000, 40000);
}

static void new_limits(struct inventor *v, struct actor *a)
{
    unsigned full = a->modules * 860;
    unsigned *limit = rng_chance(&v->rng, 5000) ? &a->ccl_dA : &a->dcl_dA;

    *limit = PICK(v, 0, 1, 100, full / 20, full / 4, full / 2, full - full / 60, full, full * 3,
                  0xFFFF, 0x8000, 30000);
    fall_ill(v, a);
}

static void new_voltage(struct inventor *v, struct actor *a)
{
    a->mV = (int)PICK(v, 39990, 40000, 44800, 46690, 46700, 46710, 47100, 48000, 49490, 49500,
                      50000, 50010, 50990, 51000, 53500, 53990, 54000, 54010, 54400, 55000, 56390,
                      56400, 56790, 56800, 57600, 58400, 59000);
    fall_ill(v, a);
}

static void new_soc(struct inventor *v, struct actor *a)
{
    a->soc = rng_chance(&v->rng, 5000)
                 ? rng_between(&v->rng, 0, 10000)
                 : (int)PICK(v, 0, 1400, 1499, 1500, 1600, 8700, 8800, 9000, 9001, 9100, 10000);
}

static void new_current(struct inventor *v, struct actor *a)
{
    a->dA = rng_between(&v->rng, -2000, 2000);
}

static void new_heat(struct inventor *v, struct actor *a)
{
    a->temp_C = (int)PICK(v, 0, 1, 2, 15, 35, 36, 37, 38, 39, 40, 58, 75, 85, 88, 90, 95, 100) - 40;
    a->temp_max_C = a->temp_C + rng_between(&v->rng, 0, 2);
    a->temp_min_C = a->temp_C - rng_between(&v->rng, 0, 2);
    fall_ill(v, a);
}

static void new_cells(struct inventor *v, struct actor *a)
{
    a->cell_max = (int)PICK(v, 3300, 3449, 3450, 3451, 3649, 3650, 3651, 4200);
    a->cell_min = (int)PICK(v, 0, 2800, 2899, 2900, 2901, 3099, 3100, 3101, 3200);
    fall_ill(v, a);
}

static void new_alarm(struct inventor *v, struct actor *a)
{
    uint64_t bit = UINT64_C(1) << rng_below(&v->rng, ALARMS);

    if (rng_chance(&v->rng, 6000))
        a->protection ^= bit;
    else
        a->warning ^= bit;
    fall_ill(v, a);
}

static void no_more_current(struct inventor *v, struct actor *a)
{
    a->dA = rng_between(&v->rng, -30, 30);
    a->connected = rng_chance(&v->rng, 5000);
    if (!a->heals_at)
        a->heals_at = v->now_ms + PICK(v, 10000, 70000, 90000, 130000);
}

static void sick_module(struct inventor *v, struct actor *a)
{
    a->sick = 1 + rng_below(&v->rng, (1u << REPORT_MODULES) - 1);
    a->sick_left = rng_chance(&v->rng, 5000);
    a->sick_mV = rng_between(&v->rng, -600, 600) * 10;
    if (rng_chance(&v->rng, 5000))
        a->sick_protection ^= UINT64_C(1) << rng_below(&v->rng, ALARMS);
    if (rng_chance(&v->rng, 2000))
        a->sick_fault ^= UINT64_C(1) << rng_below(&v->rng, ALARMS);
    fall_ill(v, a);
}

/* Rule 5: a module in fault that stays. */
static void broken_module(struct inventor *v, struct actor *a)
{
    be_well(v, a);
    a->sick = 1u << rng_below(&v->rng, REPORT_MODULES);
    a->sick_fault = UINT64_C(1) << rng_below(&v->rng, ALARMS);
    a->heals_at = v->now_ms + PICK(v, 2000, 2900, 3100, 4000, 20000);
}

static void new_fault(struct inventor *v, struct actor *a)
{
    a->fault ^= UINT64_C(1) << rng_below(&v->rng, ALARMS);
    fall_ill(v, a);
}

/* Rule 11: trips on current, again and again. */
static void trip_often(struct inventor *v, struct actor *a)
{
    a->trips = PICK(v, 1, 3, 4, 5);
    a->trip_at = v->now_ms;
}

#define TRIP_BIT 4 /* of alarm_bits[]: over-current of discharge */

static void trip(struct inventor *v, struct actor *a)
{
    if (!a->trips || v->now_ms < a->trip_at)
        return;
    a->protection ^= UINT64_C(1) << TRIP_BIT;
    if (a->protection >> TRIP_BIT & 1) {
        a->trip_at = v->now_ms + 3000;
    } else {
        a->trip_at = v->now_ms + PICK(v, 9000, 12000, 20000);
        a->trips--;
    }
}

/* Rule 13: it carries more than it allows, for minutes. */
static void be_stubborn(struct inventor *v, struct actor *a)
{
    a->stubborn_until = v->now_ms + PICK(v, 9000, 60000, 320000, 400000);
    a->dA = (int)(a->modules * 1500) * (rng_chance(&v->rng, 5000) ? 1 : -1);
}

static void be_doubled(struct inventor *v, struct actor *a)
{
    a->doubled_until = v->now_ms + PICK(v, 3000, 20000, 60000);
}

static void new_firmware(struct inventor *v, struct actor *a)
{
    a->firmware = PICK(v, 0, 0x0339, 0x0339, 0x0338, 0x0400);
}

static void new_requests(struct inventor *v, struct actor *a)
{
    a->requests = PICK(v, 0x00, 0x40, 0x80, 0xC0, 0xE0, 0xD0, 0xC8);
    fall_ill(v, a);
}

static void new_modules(struct inventor *v, struct actor *a)
{
    a->online = PICK(v, 0, 1, 2, a->modules, a->modules, a->modules + 1, 16, 17, 200);
    a->offline = PICK(v, 0, 0, 1, 2, 200);
    a->no_charge = PICK(v, 0, 0, 1, a->online, a->online + 1);
    a->no_discharge = PICK(v, 0, 0, 1, a->online, a->online + 1);
    fall_ill(v, a);
}

static void new_capacity(struct inventor *v, struct actor *a)
{
    unsigned made = a->modules * 86;

    a->capacity_Ah = PICK(v, 0, 1, made / 5, made / 2, made, made * 2, made * 5, 60000);
}

static void new_window(struct inventor *v, struct actor *a)
{
    a->cvl_dV = PICK(v, 0, 10, 300, 394, 395, 396, 494, 495, 530, 545, 546, 560, 584, 600, 0xFFFF);
    a->dvl_dV = PICK(v, 0, 10, 400, 494, 495, 496, 520, 560, 600, 0xFFFF);
    fall_ill(v, a);
}

/* How long a bus is quiet: around each of the times that mean something. */
static unsigned silence_ms(struct inventor *v)
{
    return PICK(v, 1500, 2900, 3100, 4000, 8000, 9900, 10100, 12000, 14000, 26000, 31000, 45000,
                59000, 61000, 75000, 130000);
}

static void fall_silent(struct inventor *v, struct actor *a)
{
    a->dumb_until = v->now_ms + silence_ms(v);
}

static void lose_one_voice(struct inventor *v, struct actor *a)
{
    a->silent_until[rng_below(&v->rng, VOICES)] = v->now_ms + silence_ms(v);
}

static void get_well(struct inventor *v, struct actor *a)
{
    be_well(v, a);
    a->dumb_until = 0;
    memset(a->silent_until, 0, sizeof(a->silent_until));
}

static void everybody_gets_well(struct inventor *v)
{
    for (unsigned i = 0; i < v->life->site->clusters; i++)
        get_well(v, &v->actor[i]);
}

static void everybody_falls_silent(struct inventor *v)
{
    unsigned ms = silence_ms(v);

    for (unsigned i = 0; i < v->life->site->clusters; i++)
        v->actor[i].dumb_until = v->now_ms + ms + rng_below(&v->rng, 3000);
}

/* A frame with its scale wrong: for the oracle it is garbage. */
static void tenfold(struct inventor *v)
{
    unsigned i = rng_below(&v->rng, v->life->site->clusters);
    unsigned from = v->life->n;
    struct frame *f;

    if (v->actor[i].tongue == TONGUE_SERIAL)
        return;
    say_measured(v, i);
    v->life->act[from].kind = ACT_GARBAGE;
    f = &v->life->act[from].frame;
    put16(f, 0, rng_chance(&v->rng, 5000) ? v->actor[i].mV / 100 : v->actor[i].mV * 10 / 25);
}

static void garbage(struct inventor *v, unsigned port)
{
    static const uint16_t ids[] = {0x351, 0x351, 0x351, 0x355, 0x356, 0x359, 0x35A, 0x35C, 0x35E,
                                   0x35F, 0x360, 0x370, 0x371, 0x372, 0x373, 0x374, 0x378, 0x379,
                                   0x305, 0x306, 0x361, 0x364, 0x380, 0x399, 0x123, 0x7FF};
    struct frame *f = &push(v, ACT_GARBAGE, port)->frame;

    f->id = ids[rng_below(&v->rng, sizeof(ids) / sizeof(ids[0]))];
    f->ext = rng_chance(&v->rng, 300);
    f->len = (uint8_t)(rng_chance(&v->rng, 5000) ? 8 : rng_below(&v->rng, 9));
    for (unsigned b = 0; b < f->len; b++)
        f->data[b] = (uint8_t)(rng_chance(&v->rng, 2000) ? PICK(v, 0x00, 0xFF, 0x80, 0x7F)
                                                         : rng_below(&v->rng, 256));
}

static void noise(struct inventor *v)
{
    unsigned port = rng_below(&v->rng, v->life->site->clusters);
    unsigned n = 1 + rng_below(&v->rng, 5);

    if (rng_chance(&v->rng, 2000))
        port = PORT_INVERTER + rng_below(&v->rng, MAX_INVERTERS);
    for (unsigned k = 0; k < n; k++)
        garbage(v, port);
}

static void links(struct inventor *v)
{
    unsigned i = rng_below(&v->rng, PORT_COUNT);

    push(v, ACT_LINK, i)->link = (enum link_state)rng_below(&v->rng, LINK_STATE_COUNT);
}

static void links_come_up(struct inventor *v)
{
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        push(v, ACT_LINK, i)->link = LINK_UP;
        push(v, ACT_CONFIRM, i)->confirm = true;
    }
}

static void set_point(struct inventor *v)
{
    struct hub_order *o = &push(v, ACT_ORDER, 0)->order;

    o->ticket = rng_next(&v->rng);
    o->command = (enum command)PICK(v, COMMAND_SET_CCL, COMMAND_SET_DCL, COMMAND_SET_CVL);
    o->release = rng_chance(&v->rng, 2000);
    o->value = o->command == COMMAND_SET_CVL
                   ? (int64_t)PICK(v, 0, 30000, 49499, 49500, 52000, 53000, 54000, 54500, 56000,
                                   58400, 60000)
                   : (int64_t)PICK(v, 0, 1, 10000, 50000, 100000, 200000, 3000000, 3000001);
}

static void give_order(struct inventor *v, enum command command, bool release)
{
    struct hub_order *o = &push(v, ACT_ORDER, 0)->order;

    o->ticket = rng_next(&v->rng);
    o->command = command;
    o->release = release;
    o->cluster = (uint8_t)(command == COMMAND_EXCLUDE || command == COMMAND_RESET
                               ? rng_below(&v->rng, v->life->site->clusters + 2)
                               : 0);
    o->isolated = command == COMMAND_EXCLUDE && rng_chance(&v->rng, 5000);
}

static void order(struct inventor *v)
{
    enum command command = (enum command)PICK(v, COMMAND_STOP, COMMAND_STOP, COMMAND_EXCLUDE,
                                              COMMAND_EXCLUDE, COMMAND_RESET, COMMAND_FORCE_CHARGE);

    give_order(v, command, rng_chance(&v->rng, 7000));
}

static void everything_is_released(struct inventor *v)
{
    give_order(v, COMMAND_STOP, true);
    for (unsigned i = 0; i < v->life->site->clusters; i++) {
        give_order(v, COMMAND_EXCLUDE, true);
        v->life->act[v->life->n - 1].order.cluster = (uint8_t)(i + 1);
    }
    give_order(v, COMMAND_RESET, false);
    v->life->act[v->life->n - 1].order.cluster = 0;
}

/* The contacts as they are in good times; a reset input is a button. */
static void contacts_are_good(struct inventor *v)
{
    for (unsigned i = 0; i < SITE_CONTACTS && v->life->site->input[i]; i++)
        push(v, ACT_INPUT, i)->contact =
            strcmp(v->life->site->input[i], "stop") == 0 ? CONTACT_CLOSED : CONTACT_OPEN;
}

static void contact(struct inventor *v)
{
    unsigned i = rng_below(&v->rng, SITE_CONTACTS);

    if (v->life->site->input[i])
        push(v, ACT_INPUT, i)->contact = (enum contact)rng_below(&v->rng, CONTACT_LOST + 1);
}

static void stall(struct inventor *v)
{
    v->stall_ms =
        PICK(v, 150, 900, 2000, 3000, 3100, 5000, 9000, 11000, 31000, 61000, 100000, 3600000);
}

static void confirm(struct inventor *v)
{
    push(v, ACT_CONFIRM, PORT_INVERTER + rng_below(&v->rng, MAX_INVERTERS))->confirm = false;
}

static void store(struct inventor *v)
{
    push(v, ACT_STORE, 0)->medium = (enum medium)PICK(v, MEDIUM_GOOD, MEDIUM_GOOD, MEDIUM_REFUSES,
                                                      MEDIUM_HANGS, MEDIUM_FORGETS_THE_ANSWER);
}

static void reload(struct inventor *v)
{
    struct reload *r = &push(v, ACT_RELOAD, 0)->reload;

    r->ccl_cap_A = PICK(v, 0, 0, 50, 200);
    r->dcl_cap_A = PICK(v, 0, 0, 80, 300);
    r->rise_percent = PICK(v, 1, 5, 10, 100);
    r->rise_hold_s = PICK(v, 0, 5, 10, 20);
    r->loss_hold_s = PICK(v, 0, 10, 20);
    r->by_count = rng_chance(&v->rng, 3000);
}

/* A new version is installed: stopped, and started soon after. */
static void update(struct inventor *v)
{
    if (v->starts_at || !rng_chance(&v->rng, 3000))
        return;
    push(v, ACT_STOP, 0);
    v->starts_at = v->now_ms + PICK(v, 500, 3000, 12000, 20000);
}

static void finish_update(struct inventor *v)
{
    if (!v->starts_at || v->now_ms < v->starts_at)
        return;
    v->starts_at = 0;
    push(v, ACT_RESTART, 0);
    contacts_are_good(v);
}

static void restart(struct inventor *v)
{
    if (!rng_chance(&v->rng, 3000))
        return;
    push(v, ACT_RESTART, 0);
    if (rng_chance(&v->rng, 9000))
        contacts_are_good(v);
}

/* What happens to one cluster, and what to all; each as often as it stands here. */
/* clang-format off */
static void (*const to_one[])(struct inventor *, struct actor *) = {
    new_limits, new_limits, new_voltage, new_voltage, new_soc, new_soc, new_current, new_current,
    no_more_current, new_heat, new_cells, new_alarm, new_alarm, new_requests, new_modules,
    sick_module, broken_module, new_fault, trip_often, be_stubborn, be_doubled, new_firmware,
    new_capacity, new_window, fall_silent, fall_silent, fall_silent, lose_one_voice,
    get_well, get_well, get_well, get_well,
};
static void (*const to_all[])(struct inventor *) = {
    everybody_gets_well, everybody_gets_well, everybody_falls_silent, noise, noise, noise, tenfold,
    links, links_come_up, links_come_up, set_point, set_point, order, everything_is_released,
    everything_is_released, contact, contacts_are_good, contacts_are_good, stall, confirm, store,
    restart, update, reload,
};
/* clang-format on */

static void happen(struct inventor *v)
{
    if (rng_chance(&v->rng, 6500))
        to_one[rng_below(&v->rng, sizeof(to_one) / sizeof(to_one[0]))](
            v, &v->actor[rng_below(&v->rng, v->life->site->clusters)]);
    else
        to_all[rng_below(&v->rng, sizeof(to_all) / sizeof(to_all[0]))](v);
}

/* ---- the whole life ---- */

static void be_born(struct inventor *v, unsigned i)
{
    const struct site *site = v->life->site;
    struct actor *a = &v->actor[i];

    a->tongue = site->cluster[i].tongue;
    a->modules = site->cluster[i].modules ? site->cluster[i].modules : site->modules;
    a->soc = rng_between(&v->rng, 3000, 8000);
    a->soh = 98;
    a->period_ms = PICK(v, 500, 1000, 2000, 4000);
    be_well(v, a);
    for (enum voice voice = 0; voice < VOICES; voice++) {
        a->voice[voice] = voice <= SAYS_MEASURED || rng_chance(&v->rng, 7500);
        a->next[voice] = v->now_ms + rng_below(&v->rng, 3000);
    }
    if (rng_chance(&v->rng, 1500))
        a->dumb_until = v->now_ms + PICK(v, 10000, 59900, 60100, 90000);
    a->says_connected = rng_chance(&v->rng, 4000);
    a->shown = a->tongue == TONGUE_SERIAL && rng_chance(&v->rng, 6000)
                   ? (a->modules < REPORT_MODULES ? a->modules : REPORT_MODULES)
                   : 0;
    if (rng_chance(&v->rng, 3000))
        a->capacity_Ah = a->modules * 90;
}

/* SOC follows the current a little, so that it is never still for long. */
static void drift(struct inventor *v)
{
    struct actor *a = &v->actor[rng_below(&v->rng, v->life->site->clusters)];

    a->soc += a->dA > 0 ? 1 : -1;
    if (a->soc < 0 || a->soc > 10000)
        a->soc = 5000;
}

static void pass_time(struct inventor *v, uint64_t next)
{
    uint64_t ms = next > v->now_ms ? next - v->now_ms : 1;

    if (rng_chance(&v->rng, 200))
        ms = PICK(v, 0, 1, 2, 4, 5, 6, 99, 100, 101);
    if (v->stall_ms)
        ms = v->stall_ms;
    v->stall_ms = 0;
    v->now_ms += ms;
    push(v, ACT_TURN, 0)->ms = (uint32_t)ms;
}

static void live(struct inventor *v, unsigned turns)
{
    for (unsigned n = 0; n < turns; n++) {
        uint64_t next = speak(v);

        drift(v);
        finish_update(v);
        if (rng_chance(&v->rng, v->lively))
            happen(v);
        if (n + 200 == turns && rng_chance(&v->rng, 3000))
            push(v, ACT_STOP, 0);
        pass_time(v, next);
    }
}

static void rave(struct inventor *v, unsigned turns)
{
    for (unsigned n = 0; n < turns; n++) {
        for (unsigned k = rng_below(&v->rng, 6); k > 0; k--)
            garbage(v, rng_below(&v->rng, PORT_COUNT));
        if (rng_chance(&v->rng, 100))
            happen(v);
        pass_time(v, v->now_ms + rng_below(&v->rng, 200));
    }
}

void life_invent(struct life *life, const struct site *site, bool noise_only, uint64_t seed,
                 unsigned turns)
{
    static const unsigned lively[] = {3, 10, 30, 100, 300, 1000};
    struct inventor v = {.life = life, .rng = {seed}, .now_ms = 1000};

    *life = (struct life){.site = site, .noise_only = noise_only};
    v.lively = pick(&v, lively, sizeof(lively) / sizeof(lively[0]));
    links_come_up(&v);
    contacts_are_good(&v);
    for (unsigned i = 0; i < site->clusters; i++)
        be_born(&v, i);
    if (noise_only)
        rave(&v, turns);
    else
        live(&v, turns);
}
