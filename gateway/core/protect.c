#include "core/protect.h"

#include <string.h>

/* "Within 3 s", "30 s after the count is at 2 or less". */
#define LEAVE_WITHIN MONO_S(3)
#define RELEASE MONO_S(30)
#define MANY 2 /* more than this */
/* A module that carries so much is connected, where its BMS does not tell. */
#define CONNECTED_mA 2000

#define OF_BMS (ALARM_BIT(CLUSTER_LOST) - 1)
#define UNDER_VOLTAGE (ALARM_BIT(VOLTAGE_LOW) | ALARM_BIT(CELL_LOW))
#define OVER_CURRENT                                                                               \
    (ALARM_BIT(CURRENT_CHARGE) | ALARM_BIT(CURRENT_DISCHARGE) | ALARM_BIT(SHORT_CIRCUIT))

static bool fresh(const struct signals *s, enum signal sig, mono_us now)
{
    return signal_known(s, sig) && mono_since(now, s->at[sig]) < DATUM_LIFE;
}

static bool is_connected(const struct module *m, mono_us now)
{
    int64_t mA = m->s.value[SIG_CURRENT];

    if (fresh(&m->s, SIG_CONNECTED, now))
        return m->s.value[SIG_CONNECTED] != 0;
    return fresh(&m->s, SIG_CURRENT, now) && (mA >= CONNECTED_mA || mA <= -CONNECTED_mA);
}

/* What all visible modules together say. */
struct modules_say {
    uint64_t protection, fault;
};

static struct modules_say look_at_modules(struct protect_view *out, const struct part *p,
                                          mono_us now)
{
    struct modules_say say = {0, 0};

    for (unsigned m = 0; m < MAX_MODULES; m++) {
        if (!module_visible(p, m, now))
            continue;
        out->visible++;
        if (p->module[m].alarm[TIER_PROTECTION] & OF_BMS)
            out->modules++;
        if (p->module[m].alarm[TIER_FAULT] & OF_BMS && is_connected(&p->module[m], now))
            out->connected_faults |= (uint16_t)(1u << m);
        say.protection |= p->module[m].alarm[TIER_PROTECTION] & OF_BMS;
        say.fault |= p->module[m].alarm[TIER_FAULT] & OF_BMS;
    }
    return say;
}

void protect_look(struct protect_view *out, const struct part *p, mono_us now)
{
    uint64_t word = p->b->a.active[TIER_PROTECTION] & OF_BMS;
    uint64_t fault = p->b->a.active[TIER_FAULT] & OF_BMS;
    uint64_t told; /* of the word: what the modules account for */
    struct modules_say say;
    unsigned all;

    memset(out, 0, sizeof(*out));
    say = look_at_modules(out, p, now);
    all = out->visible;
    told = say.protection;
    if (!out->visible && fresh(&p->b->s, SIG_MODULES_PROTECTED, now)) {
        out->modules = (unsigned)p->b->s.value[SIG_MODULES_PROTECTED];
        all = p->modules;
        told = out->modules ? word : 0;
    }
    out->protection = word || out->modules;
    out->fault = fault != 0;
    out->under_voltage = (word | say.protection) && !((word | say.protection) & ~UNDER_VOLTAGE);
    out->over_current = (word | fault | say.protection | say.fault) & OVER_CURRENT;
    out->many = out->modules && (out->modules > MANY || out->modules >= all) && !out->under_voltage;
    out->as_a_whole = out->many || (word & ~told & ~UNDER_VOLTAGE);
}

void protect_count_run(struct protect_count *c, bool many, mono_us now)
{
    if (many)
        c->shut = true;
    if (many || !c->shut)
        c->calm_since = 0;
    else if (!c->calm_since)
        c->calm_since = now;
    else if (now >= c->calm_since + RELEASE)
        *c = (struct protect_count){false, 0};
}

void protect_count_pause(struct protect_count *c)
{
    c->calm_since = 0;
}

mono_us protect_count_due(const struct protect_count *c)
{
    return c->calm_since ? c->calm_since + RELEASE : MONO_NEVER;
}

bool protect_hub_is_many(const struct protect_view *in, const bool *counts, unsigned n)
{
    unsigned all = 0, protection = 0;

    for (unsigned i = 0; i < n; i++) {
        all += counts[i];
        protection += counts[i] && in[i].as_a_whole;
    }
    return protection && (protection > MANY || protection == all);
}

/* Nothing is known: only who stayed too long is remembered. */
static void forget_begun(struct protect_stay *s)
{
    for (unsigned m = 0; m < MAX_MODULES; m++)
        if (!(s->too_long >> m & 1))
            s->since[m] = 0;
}

static void run_module(struct protect_stay *s, unsigned m, bool connected, mono_us now)
{
    uint16_t bit = (uint16_t)(1u << m);

    if (!connected) {
        s->since[m] = 0;
        s->too_long &= (uint16_t)~bit;
    } else if (!s->since[m]) {
        s->since[m] = now;
    } else if (now >= s->since[m] + LEAVE_WITHIN) {
        s->too_long |= bit;
    }
}

bool protect_stays(struct protect_stay *s, const struct protect_view *in, mono_us now)
{
    if (!in)
        forget_begun(s);
    s->module = 0;
    for (unsigned m = MAX_MODULES; m-- > 0;) {
        if (in)
            run_module(s, m, in->connected_faults >> m & 1, now);
        if (s->too_long >> m & 1)
            s->module = (uint8_t)(m + 1);
    }
    return s->module != 0;
}

mono_us protect_stay_due(const struct protect_stay *s)
{
    mono_us due = MONO_NEVER;

    for (unsigned m = 0; m < MAX_MODULES; m++)
        if (s->since[m] && !(s->too_long >> m & 1))
            due = mono_min(due, s->since[m] + LEAVE_WITHIN);
    return due;
}
