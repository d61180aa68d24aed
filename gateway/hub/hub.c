#include "hub/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/parts.h"

/* ---- making ---- */

static enum intake_sign sign_of(const char *word)
{
    if (strcmp(word, "+") == 0)
        return INTAKE_SIGN_PLUS;
    return strcmp(word, "-") == 0 ? INTAKE_SIGN_MINUS : INTAKE_SIGN_AUTO;
}

static bool cluster_init(struct hub *hub, unsigned i, const struct config *cfg)
{
    struct cluster *c = &hub->cluster[i];
    int64_t modules = config_num(cfg, "cluster", i + 1, "modules");

    c->profile = &hub->profile[i + 1];
    c->modules_cfg = (unsigned)(modules ? modules : config_num(cfg, "hub", 0, "modules"));
    c->capacity_cfg_mAh = config_num(cfg, "cluster", i + 1, "capacity_ah");
    c->told_conformity = -1;
    member_init(&c->member);
    c->in = intake_new(config_text(cfg, "cluster", i + 1, "protocol"),
                       sign_of(config_text(cfg, "cluster", i + 1, "sign")), hub->now);
    return c->in;
}

static bool inverter_init(struct hub *hub, unsigned i, const struct config *cfg)
{
    struct inverter *inv = &hub->inverter[i];
    const struct dialect *d;

    if (!config_has(cfg, "inverter", i + 1))
        return true;
    d = dialect_find(config_text(cfg, "inverter", i + 1, "protocol"));
    if (!d)
        return false;
    inv->used = true;
    strncpy(hub->snap.inverter[i].t.value[TEXT_PROTOCOL], d->key, TEXT_MAX);
    speaker_init(&inv->speaker, d, hub->now);
    return true;
}

static bool hub_init(struct hub *hub, const struct config *cfg)
{
    rules_read(&hub->rules, cfg);
    contacts_read(&hub->contacts, cfg);
    for (unsigned i = 0; i <= MAX_CLUSTERS; i++)
        hub->profile[i] = *config_profile(cfg, i);
    hub->rules.limits.profile = &hub->profile[0];
    hub->n_clusters = (unsigned)config_num(cfg, "hub", 0, "clusters");
    for (unsigned i = 0; i < hub->n_clusters; i++)
        if (!cluster_init(hub, i, cfg))
            return false;
    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        if (!inverter_init(hub, i, cfg))
            return false;
    supervisor_init(&hub->supervisor, hub->now);
    limits_init(&hub->limits_memory, &hub->rules.limits, hub->now);
    hub_run(hub);
    return true;
}

struct hub *hub_new(const struct config *cfg, mono_us now)
{
    struct hub *hub = calloc(1, sizeof(*hub));

    if (!hub)
        return NULL;
    hub->now = hub->started = now;
    if (hub_init(hub, cfg))
        return hub;
    hub_free(hub);
    return NULL;
}

void hub_free(struct hub *hub)
{
    for (unsigned i = 0; hub && i < MAX_CLUSTERS; i++)
        intake_free(hub->cluster[i].in);
    free(hub);
}

static bool same_profiles(const struct hub *hub, const struct config *cfg)
{
    for (unsigned i = 0; i <= hub->n_clusters; i++)
        if (!profile_same(&hub->profile[i], config_profile(cfg, i)))
            return false;
    return true;
}

enum status hub_reconfigure(struct hub *hub, const struct config *cfg)
{
    struct hub_rules rules;

    if (config_num(cfg, "hub", 0, "clusters") != hub->n_clusters || !same_profiles(hub, cfg))
        return HUB_ERANGE;
    rules_read(&rules, cfg);
    rules.limits.profile = &hub->profile[0];
    hub->rules = rules;
    contacts_read(&hub->contacts, cfg);
    hub->dirty = true;
    return HUB_OK;
}

/* ---- what comes in ---- */

void hub_set_time(struct hub *hub, mono_us now)
{
    hub->now = mono_max(hub->now, now);
    for (unsigned i = 0; i < hub->n_clusters; i++)
        intake_set_time(hub->cluster[i].in, hub->now);
    ports_set_time(hub);
}

void hub_rx(struct hub *hub, enum port port, const struct frame *f)
{
    struct port_state *p = port_of(hub, port);

    p->rx++;
    p->last_rx = hub->now;
    if (port < PORT_INVERTER && (unsigned)port < hub->n_clusters) {
        intake_rx(hub->cluster[port].in, f, hub->now);
        hub->dirty = true;
    } else if (port >= PORT_INVERTER && hub->inverter[port - PORT_INVERTER].used) {
        if (!speaker_rx(&hub->inverter[port - PORT_INVERTER].speaker, f, hub->now))
            p->unknown++;
    }
}

void hub_report(struct hub *hub, enum port port, const struct sample *sample)
{
    struct cluster *c;

    if ((unsigned)port >= hub->n_clusters)
        return;
    c = &hub->cluster[port];
    c->is_serial = true;
    c->serial = *sample->battery;
    c->serial_at = sample->at;
    c->serial_period = sample->period;
    if (sample->modules)
        memcpy(c->serial_modules, sample->modules, sizeof(c->serial_modules));
    c->port.rx++;
    c->port.last_rx = hub->now;
    hub->dirty = true;
}

/* ---- a run ---- */

const struct battery *cluster_battery(const struct cluster *c)
{
    return c->is_serial ? &c->serial : intake_battery(c->in);
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
        snprintf(out, size, "waiting for 0x%03X, %u of them rejected", control.waits_for,
                 control.rejected);
    else if (control.waits_for)
        snprintf(out, size, "waiting for 0x%03X", control.waits_for);
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
     ALARM_BIT(CAPACITY_ODD))

#define LINK_PATIENCE MONO_S(2) /* links are opened after the hub is made */

/* "Alarm at stale + 7 s"; a cluster that never came is told when the start has waited for it. */
static bool is_lost(const struct hub *hub, const struct member *m)
{
    if (m->ghost)
        return m->state == CLUSTER_STALE && hub->now >= m->silent_since + MONO_S(7);
    return !member_joined(m) && hub->now >= hub->started + hub->rules.supervisor.start_wait;
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
    return on;
}

static void keep_lower(struct battery *last, const struct battery *b, enum signal sig)
{
    if (signal_known(&b->s, sig) &&
        (!signal_known(&last->s, sig) || b->s.value[sig] < last->s.value[sig]))
        signal_set(&last->s, sig, b->s.value[sig], b->s.at[sig]);
}

static void keep_higher(struct battery *last, const struct battery *b, enum signal sig)
{
    if (signal_or(&b->s, sig, 0) > signal_or(&last->s, sig, 0))
        signal_set(&last->s, sig, b->s.value[sig], b->s.at[sig]);
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
    if (!was_healthy(b))
        c->hold_dcl = false; /* what trickles in is no longer a mere loss of communication */
    keep_higher(&c->last, b, SIG_MODULES_NO_CHARGE);
    keep_higher(&c->last, b, SIG_MODULES_NO_DISCHARGE);
    keep_lower(&c->last, b, SIG_CHARGE_CURRENT_LIMIT);
    keep_lower(&c->last, b, SIG_DISCHARGE_CURRENT_LIMIT);
    keep_lower(&c->last, b, SIG_CHARGE_VOLTAGE_LIMIT);
    keep_lower(&c->last, b, SIG_CHARGE_ENABLE);
    keep_lower(&c->last, b, SIG_DISCHARGE_ENABLE);
    for (unsigned tier = 0; tier < TIER_COUNT; tier++)
        c->last.a.active[tier] |= b->a.active[tier];
    return &c->last;
}

/* A ghost keeps the count and the weight of its last moment: its age, or what a returning battery
 * tells, must not raise what the others may carry. */
static void weigh(struct hub *hub, struct cluster *c)
{
    if (c->member.ghost)
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

static void run_cluster(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    struct member_input in = look_at(c);
    struct alarms *a = &hub->snap.cluster[i].a;
    uint8_t place = (uint8_t)(EVENT_AT_CLUSTER + i);
    bool was_joined = member_joined(&c->member);

    tell_protocol(hub, i);
    member_run(&c->member, &hub->rules.member, &in, hub->now);
    tell_member(hub, i);
    weigh(hub, c);
    hub->part[i] = (struct part){.b = believed(hub, c, cluster_battery(c)),
                                 .profile = c->profile,
                                 .number = (uint8_t)(i + 1),
                                 .joined = member_joined(&c->member),
                                 .ghost = c->member.ghost,
                                 .modules = c->modules,
                                 .capacity_mAh = c->capacity_mAh};
    run_stops(hub, i, in.period, !was_joined);
    alarms_of_cluster(hub, i, HUB_BITS);
    alarm_put(hub, a, place, TIER_WARNING, HUB_BITS, hub_bits(hub, c));
}

/* A glitch of a bus must not black out an island: DCL goes on as if the cluster were counted. */
static bool holds_dcl(const struct hub *hub, const struct cluster *c)
{
    return c->member.ghost && c->hold_dcl && !hub->supervisor.stopping &&
           hub->now < c->member.silent_since + hub->rules.loss_hold_dcl;
}

#define SOC_SMALL 1500 /* below this nobody is shown more than there is */

static void smooth_soc(struct hub *hub)
{
    struct signals *s = &hub->snap.hub.s;
    bool direct = !hub->started_up; /* clusters that come one after the other are no change */

    hub->started_up = hub->supervisor.state != HUB_WAITING;
    if (!signal_known(s, SIG_SOC))
        return;
    for (unsigned i = 0; i < hub->n_clusters; i++)
        direct = direct || stops_against(&hub->stops[i], DISCHARGE) != STOP_COUNT;
    s->value[SIG_SOC] = smooth_run(&hub->soc, s->value[SIG_SOC], hub->limits_memory.joined,
                                   direct || s->value[SIG_SOC] < SOC_SMALL, hub->now);
}

static unsigned count_joined(const struct hub *hub)
{
    unsigned joined = 0;

    for (unsigned i = 0; i < hub->n_clusters; i++)
        joined += hub->part[i].joined;
    return joined;
}

static void run_supervisor(struct hub *hub)
{
    struct supervisor *sv = &hub->supervisor;

    supervisor_run(sv, &hub->rules.supervisor, count_joined(hub), hub->n_clusters, hub->now);
    if (sv->state != hub->told_state)
        event_put(hub, EVENT_HUB_STATE, EVENT_AT_HUB, hub->told_state, sv->state, sv->reason, "");
    hub->told_state = sv->state;
}

static void tell_reason(struct hub *hub, enum event_kind kind, enum reason *told, enum reason now)
{
    if (*told != now)
        event_put(hub, kind, EVENT_AT_HUB, *told, now, REASON_NONE, "");
    *told = now;
}

/* What follows from zero limits: how long it has been dark, and the alarm. */
static void settle_zero(struct hub *hub, bool dcl_held)
{
    const struct supervisor *sv = &hub->supervisor;
    bool dark = sv->state == HUB_STOPPED && sv->reason == REASON_NO_CLUSTER && !dcl_held;

    if (!dark)
        hub->dark_since = 0;
    else if (!hub->dark_since)
        hub->dark_since = hub->now;
    /* "The limits are zero" is: currents zero, enable bits off, the alarm set. It says what the
     * state says already: no event, no latch. */
    hub->own.active[TIER_PROTECTION] &= ~ALARM_BIT(GENERAL);
    if (!hub_current_allowed(sv->state) && !dcl_held)
        hub->own.active[TIER_PROTECTION] |= ALARM_BIT(GENERAL);
}

static void run_limits(struct hub *hub)
{
    struct part held[MAX_CLUSTERS];
    struct limits_input in = {.parts = hub->part,
                              .discharge_parts = held,
                              .stops = hub->stops,
                              .n = hub->n_clusters,
                              .charge_allowed = hub_current_allowed(hub->supervisor.state),
                              .discharge_allowed = hub_current_allowed(hub->supervisor.state),
                              .ccl = hub->set_ccl,
                              .dcl = hub->set_dcl,
                              .cvl = hub->set_cvl};

    for (unsigned i = 0; i < hub->n_clusters; i++) {
        held[i] = hub->part[i];
        if (holds_dcl(hub, &hub->cluster[i]))
            held[i].joined = in.discharge_allowed = in.dcl_held = true;
    }
    limits_run(&hub->limits, &hub->limits_memory, &hub->rules.limits, &in, hub->now);
    settle_zero(hub, in.dcl_held);
    tell_reason(hub, EVENT_CCL_REASON, &hub->told_ccl, hub->limits_memory.ccl.cause);
    tell_reason(hub, EVENT_DCL_REASON, &hub->told_dcl, hub->limits_memory.dcl.cause);
}

/* What inverters hear: SOC and voltage keep their last good value, never zero and never gone; a
 * frame that carries what was never known is withheld. */
static void settle_tell(struct hub *hub)
{
    static const enum signal kept[] = {SIG_SOC, SIG_SOH, SIG_VOLTAGE};
    struct signals old = hub->tell.s;

    hub->tell = hub->snap.hub;
    for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (!signal_known(&hub->tell.s, kept[i]) && signal_known(&old, kept[i]))
            signal_set(&hub->tell.s, kept[i], old.value[kept[i]], old.at[kept[i]]);
    if (!count_joined(hub)) /* none counted is no news about how many there are */
        signal_set(&hub->tell.s, SIG_MODULES_ACTIVE, signal_or(&old, SIG_MODULES_ACTIVE, 0),
                   hub->now);
}

void hub_run(struct hub *hub)
{
    const bool candidate[MAX_CLUSTERS] = {false};

    contacts_look(hub);
    for (unsigned i = 0; i < hub->n_clusters; i++)
        run_cluster(hub, i);
    aggregate(&hub->snap.hub, hub->part, hub->n_clusters, hub->now);
    conformity_run(hub->conformity, hub->part, candidate, true, hub->n_clusters, hub->now);
    run_supervisor(hub);
    run_limits(hub);
    contacts_drive(hub); /* before SOC is smoothed */
    smooth_soc(hub);
    ports_alarms(hub);
    publish(hub);
    settle_tell(hub);
    hub->last_run = hub->now;
    hub->dirty = false;
}

bool hub_wants_run(const struct hub *hub)
{
    return hub->now >= hub->last_run + (hub->dirty ? RUN_MIN : RUN_MAX);
}

const struct snapshot *hub_snapshot(const struct hub *hub)
{
    return &hub->snap;
}
