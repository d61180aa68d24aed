/* One cluster inside the hub: what it says, whether that is believed, whether it is counted, and
 * what the limits rest on when it is silent. What the rules make of all of them together is in
 * manual.c. */
#include "hub/parts.h"

#include <stdio.h>

/* What it says, believed or not. */
static const struct battery *told(const struct cluster *c)
{
    return c->is_serial ? &c->serial : intake_battery(c->in);
}

const struct battery *cluster_battery(const struct cluster *c)
{
    return &c->sane;
}

const struct module *cluster_modules(const struct cluster *c)
{
    return c->is_serial ? c->serial_modules : intake_modules(c->in);
}

/* A sample is a control set when these are known. */
static bool sample_complete(const struct signals *s)
{
    return signal_known(s, SIG_VOLTAGE) && signal_known(s, SIG_CURRENT) &&
           signal_known(s, SIG_SOC) && signal_known(s, SIG_CHARGE_CURRENT_LIMIT) &&
           signal_known(s, SIG_DISCHARGE_CURRENT_LIMIT);
}

/* Voltage, current and SOC are what no sum can do without. */
static bool sane_complete(const struct signals *s)
{
    return signal_known(s, SIG_VOLTAGE) && signal_known(s, SIG_CURRENT) && signal_known(s, SIG_SOC);
}

static struct member_input look_at(const struct cluster *c)
{
    struct member_input in = {.heard = c->port.rx > 0};
    struct intake_control control;

    if (c->is_serial) {
        in.complete = sample_complete(&c->serial.s);
        in.oldest = c->serial_at;
        in.period = c->serial_period;
        in.fresh_until = c->serial_at + mono_max(MONO_S(3), c->serial_period * 5 / 2);
    } else {
        intake_control(c->in, &control);
        in.complete = control.complete;
        in.oldest = control.oldest;
        in.period = control.period;
        in.fresh_until = control.fresh_until;
    }
    /* What is not believed is not there: a control set without it is none. */
    in.complete = in.complete && sane_complete(&c->sane.s);
    return in;
}

/* What a battery with so many modules cannot have: a quarter or four times of the profile's. */
static bool capacity_is_odd(const struct cluster *c, unsigned modules)
{
    int64_t told = signal_or(&cluster_battery(c)->s, SIG_CAPACITY, 0);
    int64_t expected = (int64_t)c->profile->module_capacity_mAh * modules;

    return told > 0 && (told * 4 < expected || told > expected * 4);
}

/* Configuration, else what the BMS says, else modules x profile. The weight of a cluster decides
 * how much the others may carry, so that an odd word about it is not believed. */
static int64_t capacity_of(const struct cluster *c, unsigned modules)
{
    int64_t told = signal_or(&cluster_battery(c)->s, SIG_CAPACITY, 0);

    if (c->capacity_cfg_mAh > 0)
        return c->capacity_cfg_mAh;
    if (told > 0 && !capacity_is_odd(c, modules))
        return told;
    return (int64_t)c->profile->module_capacity_mAh * modules;
}

static void tell_protocol(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    unsigned changed = 0;
    const char *decision = intake_decision(c->in, &changed);

    if (!decision || changed == c->decisions)
        return;
    c->decisions = changed;
    event_put(hub, EVENT_PROTOCOL, (uint8_t)(EVENT_AT_CLUSTER + i), 0, 0, REASON_NONE, decision);
}

/* What a silent or incomplete cluster owes us, for the person who has to find it. */
static void owed(const struct cluster *c, char *out, size_t size)
{
    struct intake_control control;

    out[0] = '\0';
    if (c->is_serial)
        return;
    intake_control(c->in, &control);
    if (control.waits_for && control.rejected)
        snprintf(out, size, "waiting for 0x%03X, %u of them wrong in length or value",
                 control.waits_for, control.rejected);
    else if (control.waits_for)
        snprintf(out, size, "waiting for 0x%03X", control.waits_for);
}

enum reason cluster_reason(const struct cluster *c)
{
    struct intake_control control = {0};
    enum reason reason = c->member.reason;

    if (!c->is_serial)
        intake_control(c->in, &control);
    if (control.rejected && (reason == REASON_SILENT || reason == REASON_INCOMPLETE))
        return REASON_WRONG_FRAMES;
    return reason;
}

static void tell_member(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    const struct member *m = &c->member;
    char text[80] = "";

    if (m->state == c->told)
        return;
    if (m->state == CLUSTER_STALE || m->reason == REASON_INCOMPLETE)
        owed(c, text, sizeof(text));
    event_put(hub, EVENT_CLUSTER_STATE, (uint8_t)(EVENT_AT_CLUSTER + i), c->told, m->state,
              m->reason, text);
    c->told = m->state;
}

/* Bits of a cluster's alarms that the hub sets; the others are the BMS's own. */
#define HUB_BITS                                                                                   \
    (ALARM_BIT(CLUSTER_LOST) | ALARM_BIT(CONFIG_COUNT) | ALARM_BIT(LINK_DOWN) |                    \
     ALARM_BIT(CAPACITY_ODD) | ALARM_BIT(OVER_LIMIT) | ALARM_BIT(NOT_OPEN) | ALARM_BIT(SIGN_ODD) | \
     ALARM_BIT(FROZEN) | ALARM_BIT(VALUE_ODD) | ALARM_BIT(SHUT_DOWN) | ALARM_BIT(MODULE_STAYS) |   \
     ALARM_BIT(IDENTITY) | ALARM_BIT(EMPTY))

#define LINK_PATIENCE MONO_S(2) /* links are opened after the hub is made */

/* "Alarm at stale + 7 s"; a cluster that never came is told when the start has waited for it. */
static bool is_lost(const struct hub *hub, const struct member *m)
{
    if (m->state == CLUSTER_STALE)
        return hub->now >= m->silent_since + MONO_S(7);
    return m->state == CLUSTER_ABSENT ||
                   (m->state == CLUSTER_STANDBY && m->reason == REASON_INCOMPLETE)
               ? hub->now >= hub->started + hub->rules.supervisor.start_wait
               : false;
}

/* A count that is old, or a bare zero, says nothing: part_modules does not listen to it either. */
static bool count_fits(const struct hub *hub, const struct cluster *c, enum signal sig)
{
    const struct signals *s = &cluster_battery(c)->s;
    int64_t told = signal_or(s, sig, 0);

    return told == 0 || mono_since(hub->now, s->at[sig]) >= DATUM_LIFE || told == c->modules_cfg;
}

static uint64_t hub_bits(const struct hub *hub, const struct cluster *c)
{
    bool joined = member_joined(&c->member);
    uint64_t on = 0;

    if (is_lost(hub, &c->member))
        on |= ALARM_BIT(CLUSTER_LOST);
    if (joined && (c->modules != c->modules_cfg || !count_fits(hub, c, SIG_MODULES) ||
                   !count_fits(hub, c, SIG_MODULES_ONLINE)))
        on |= ALARM_BIT(CONFIG_COUNT);
    if (joined && capacity_is_odd(c, c->modules))
        on |= ALARM_BIT(CAPACITY_ODD);
    if (!port_can_send(&c->port) && hub->now >= hub->started + LINK_PATIENCE)
        on |= ALARM_BIT(LINK_DOWN);
    if (c->overload_state != OVERLOAD_NONE)
        on |= ALARM_BIT(OVER_LIMIT);
    if (c->member.holds_at || c->contact_lies)
        on |= ALARM_BIT(NOT_OPEN);
    if (c->watch.sign_odd)
        on |= ALARM_BIT(SIGN_ODD);
    if (c->watch.frozen)
        on |= ALARM_BIT(FROZEN);
    if (c->value_odd)
        on |= ALARM_BIT(VALUE_ODD);
    if (plausible_two(&c->plausible, hub->now))
        on |= ALARM_BIT(IDENTITY);
    if (joined && c->protect.under_voltage)
        on |= ALARM_BIT(EMPTY);
    return on;
}

/* `unsaid` is what the limits take where the battery does not say it: a first word above it raises
 * nothing either. */
static void keep_lower(struct battery *last, const struct battery *b, enum signal sig,
                       int64_t unsaid)
{
    if (signal_known(&b->s, sig) && b->s.value[sig] < signal_or(&last->s, sig, unsaid))
        signal_set(&last->s, sig, b->s.value[sig], b->s.at[sig]);
}

static void keep_higher(struct battery *last, const struct battery *b, enum signal sig,
                        int64_t unsaid)
{
    if (signal_known(&b->s, sig) && b->s.value[sig] > signal_or(&last->s, sig, unsaid))
        signal_set(&last->s, sig, b->s.value[sig], b->s.at[sig]);
}

/* What trickles in after its last counted moment. */
static void keep_worse(struct cluster *c, const struct battery *b)
{
    const struct profile *p = c->profile;

    keep_higher(&c->last, b, SIG_MODULES_NO_CHARGE, 0);
    keep_higher(&c->last, b, SIG_MODULES_NO_DISCHARGE, 0);
    keep_lower(&c->last, b, SIG_CHARGE_CURRENT_LIMIT, (int64_t)p->module_ccl_mA * c->modules);
    keep_lower(&c->last, b, SIG_DISCHARGE_CURRENT_LIMIT, (int64_t)p->module_dcl_mA * c->modules);
    keep_lower(&c->last, b, SIG_CHARGE_VOLTAGE_LIMIT, p->cvl_mV);
    keep_higher(&c->last, b, SIG_DISCHARGE_VOLTAGE_LIMIT, p->dvl_mV);
    keep_lower(&c->last, b, SIG_CHARGE_ENABLE, 1);
    keep_lower(&c->last, b, SIG_DISCHARGE_ENABLE, 1);
    for (unsigned tier = 0; tier < TIER_COUNT; tier++)
        c->last.a.active[tier] |= b->a.active[tier];
}

/* "Pure loss of communication with the last voltage above 50 V and no alarm." */
#define HEALTHY_mV 50000

static bool was_healthy(const struct battery *b)
{
    const struct alarms *a = &b->a;

    return signal_or(&b->s, SIG_VOLTAGE, 0) > HEALTHY_mV &&
           !(a->active[TIER_WARNING] | a->active[TIER_PROTECTION] | a->active[TIER_FAULT]);
}

/* The battery the limits rest on. A ghost's last word is that of the moment it was counted last;
 * what trickles in after that may lower it, never raise it, whatever becomes of the protocol. */
static const struct battery *believed(const struct hub *hub, struct cluster *c,
                                      const struct battery *b)
{
    if (!c->member.ghost) {
        c->last = *b;
        c->hold_dcl = was_healthy(b) && member_joined(&c->member) &&
                      hub_current_allowed(hub->supervisor.state);
        return b;
    }
    if (!was_healthy(b) || cluster_is_out(c))
        c->hold_dcl = false; /* no longer a mere loss of communication */
    keep_worse(c, b);
    return &c->last;
}

/* A ghost keeps the count and the weight of its last moment: its age, or what a returning battery
 * tells, must not raise what the others may carry. Nor what is heard in the run that finds it
 * silent. */
static void weigh(struct hub *hub, struct cluster *c)
{
    if (c->member.ghost || (member_joined(&c->member) && !cluster_is_fresh(hub, c)))
        return;
    c->modules =
        part_modules(cluster_battery(c), c->modules_cfg, c->profile->max_modules, hub->now);
    c->capacity_mAh = capacity_of(c, c->modules);
}

static void run_stops(struct hub *hub, unsigned i, mono_us period, bool just_joined)
{
    struct part *p = &hub->part[i], live = *p;

    live.b = cluster_battery(&hub->cluster[i]);
    if (p->joined && just_joined)
        stops_forget_unseen(&hub->stops[i], p, hub->now);
    if (p->joined) {
        stops_run(&hub->stops[i], p, period, hub->now);
        return;
    }
    stops_pause(&hub->stops[i]);
    if (p->ghost)
        stops_watch(&hub->stops[i], &live, period, hub->now);
}

/* The live word of a cluster, as the machines of the rules see it: whether it was counted in the
 * last run, and what it says now. */
static struct part live_part(const struct cluster *c, unsigned i)
{
    return (struct part){.b = &c->sane,
                         .profile = c->profile,
                         .number = (uint8_t)(i + 1),
                         .joined = member_joined(&c->member),
                         .ghost = c->member.ghost,
                         .modules = c->modules,
                         .capacity_mAh = c->capacity_mAh,
                         .module = cluster_modules(c),
                         .open = c->open.proven,
                         .recover = c->protect.under_voltage};
}

/* A protection of a visible module is one of its cluster: its direction is zero for all, as they
 * share a bus bar. A fault of a module is not: that module has to leave (rule 5). */
static void hear_modules(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    const struct part seen = {.module = cluster_modules(c)};

    for (unsigned m = 0; m < MAX_MODULES; m++)
        if (seen.module[m].alarm[TIER_PROTECTION] && module_visible(&seen, m, hub->now))
            c->sane.a.active[TIER_PROTECTION] |= seen.module[m].alarm[TIER_PROTECTION];
}

void cluster_listen(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];

    /* A master that counts only itself still speaks for all of its modules. */
    unsigned modules = c->modules > c->modules_cfg ? c->modules : c->modules_cfg;

    tell_protocol(hub, i);
    c->value_odd = plausible_run(&c->plausible, &c->sane, told(c), c->profile, modules, hub->now);
    hear_modules(hub, i);
    c->look = look_at(c);
    weigh(hub, c);
    hub->live[i] = live_part(c, i);
}

void cluster_decide(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    struct alarms *a = &hub->snap.cluster[i].a;
    uint8_t place = (uint8_t)(EVENT_AT_CLUSTER + i);
    bool was_joined = member_joined(&c->member);

    member_run(&c->member, &hub->rules.member, &c->look, hub->now);
    tell_member(hub, i);
    weigh(hub, c);
    hub->part[i] = live_part(c, i);
    hub->part[i].b = believed(hub, c, &c->sane);
    run_stops(hub, i, c->look.period, !was_joined);
    alarms_of_cluster(hub, i, HUB_BITS);
    alarm_put(hub, a, place, TIER_WARNING, HUB_BITS, hub_bits(hub, c));
    alarm_put(hub, a, place, TIER_PROTECTION, HUB_BITS,
              c->module_stays ? ALARM_BIT(MODULE_STAYS) : 0);
    alarm_put(hub, a, place, TIER_FAULT, HUB_BITS,
              c->member.state == CLUSTER_SHUT_DOWN ? ALARM_BIT(SHUT_DOWN) : 0);
}
