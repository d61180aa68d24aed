/* Invents lives: each cluster speaks on its bus in its rhythm, and now and then something happens
 * to it, to its owner or to the process. Nothing here looks at the hub. */
#include <string.h>

#include "property_life.h"

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
    life_say(v, i, voice);
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
    int raw;

    if (v->actor[i].tongue == TONGUE_SERIAL)
        return;
    life_say(v, i, SAYS_MEASURED);
    v->life->act[from].kind = ACT_GARBAGE;
    f = &v->life->act[from].frame;
    raw = rng_chance(&v->rng, 5000) ? v->actor[i].mV / 100 : v->actor[i].mV * 10 / 25;
    f->data[0] = (uint8_t)(raw & 0xFF);
    f->data[1] = (uint8_t)(raw >> 8);
}

static void garbage(struct inventor *v, unsigned port)
{
    static const uint16_t ids[] = {0x351, 0x351, 0x351, 0x355, 0x356, 0x359, 0x35A, 0x35C, 0x35E,
                                   0x35F, 0x360, 0x370, 0x371, 0x372, 0x373, 0x374, 0x378, 0x379,
                                   0x305, 0x306, 0x361, 0x364, 0x380, 0x399, 0x123, 0x7FF};
    struct frame *f = &life_act(v, ACT_GARBAGE, port)->frame;

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

    life_act(v, ACT_LINK, i)->link = (enum link_state)rng_below(&v->rng, LINK_STATE_COUNT);
}

static void links_come_up(struct inventor *v)
{
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        life_act(v, ACT_LINK, i)->link = LINK_UP;
        life_act(v, ACT_CONFIRM, i)->confirm = true;
    }
}

/* The contacts as they are in good times; a reset input is a button. */
static void contacts_are_good(struct inventor *v)
{
    for (unsigned i = 0; i < SITE_CONTACTS && v->life->site->input[i]; i++)
        life_act(v, ACT_INPUT, i)->contact =
            strcmp(v->life->site->input[i], "stop") == 0 ? CONTACT_CLOSED : CONTACT_OPEN;
}

static void contact(struct inventor *v)
{
    unsigned i = rng_below(&v->rng, SITE_CONTACTS);

    if (v->life->site->input[i])
        life_act(v, ACT_INPUT, i)->contact = (enum contact)rng_below(&v->rng, CONTACT_LOST + 1);
}

static void stall(struct inventor *v)
{
    v->stall_ms =
        PICK(v, 150, 900, 2000, 3000, 3100, 5000, 9000, 11000, 31000, 61000, 100000, 3600000);
}

static void confirm(struct inventor *v)
{
    life_act(v, ACT_CONFIRM, PORT_INVERTER + rng_below(&v->rng, MAX_INVERTERS))->confirm = false;
}

static void store(struct inventor *v)
{
    life_act(v, ACT_STORE, 0)->medium = (enum medium)PICK(
        v, MEDIUM_GOOD, MEDIUM_GOOD, MEDIUM_REFUSES, MEDIUM_HANGS, MEDIUM_FORGETS_THE_ANSWER);
}

static void reload(struct inventor *v)
{
    struct reload *r = &life_act(v, ACT_RELOAD, 0)->reload;

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
    life_act(v, ACT_STOP, 0);
    v->starts_at = v->now_ms + PICK(v, 500, 3000, 12000, 20000);
}

static void finish_update(struct inventor *v)
{
    if (!v->starts_at || v->now_ms < v->starts_at)
        return;
    v->starts_at = 0;
    life_act(v, ACT_RESTART, 0);
    contacts_are_good(v);
}

static void restart(struct inventor *v)
{
    if (!rng_chance(&v->rng, 3000))
        return;
    life_act(v, ACT_RESTART, 0);
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
    links, links_come_up, links_come_up, life_set_point, life_set_point, life_order,
    life_orders_together, life_release, life_release, contact, contacts_are_good, contacts_are_good, stall, confirm, store,
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
    life_act(v, ACT_TURN, 0)->ms = (uint32_t)ms;
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
            life_act(v, ACT_STOP, 0);
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
    v.lively = life_pick(&v, lively, sizeof(lively) / sizeof(lively[0]));
    links_come_up(&v);
    contacts_are_good(&v);
    for (unsigned i = 0; i < site->clusters; i++)
        be_born(&v, i);
    if (noise_only)
        rave(&v, turns);
    else
        live(&v, turns);
}
