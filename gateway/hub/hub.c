#include "hub/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_profile.h"
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
    orders_init(hub);
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
        inverter_rx(hub, &hub->inverter[port - PORT_INVERTER], f);
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

/* A glitch of a bus must not black out an island: DCL goes on as if the cluster were counted. */
static bool holds_dcl(const struct hub *hub, const struct cluster *c)
{
    const struct supervisor *sv = &hub->supervisor;

    return c->member.ghost && c->hold_dcl && !cluster_is_out(c) &&
           (hub_current_allowed(sv->state) || sv->reason == REASON_NO_CLUSTER) &&
           hub->now < c->member.silent_since + hub->rules.loss_hold_dcl;
}

#define SOC_SMALL 1500 /* below this nobody is shown more than there is */

static void smooth_soc(struct hub *hub)
{
    struct signals *s = &hub->snap.hub.s;
    bool direct = !hub->smoothing; /* clusters that come one after the other are no change */

    hub->smoothing = hub->supervisor.started_up;
    if (!signal_known(s, SIG_SOC)) {
        hub->soc.members = 0; /* whoever comes back is a change from what was published last */
        return;
    }
    for (unsigned i = 0; i < hub->n_clusters; i++)
        direct = direct || ((hub->part[i].joined || hub->part[i].ghost) &&
                            stops_against(&hub->stops[i], DISCHARGE) != STOP_COUNT);
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

    struct supervisor_input in;

    manual_conclude(hub, &in);
    supervisor_run(sv, &hub->rules.supervisor, &in, hub->now);
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
static void settle_zero(struct hub *hub, bool dcl_held, bool barred)
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
    if ((!hub_current_allowed(sv->state) && !dcl_held) || barred)
        hub->own.active[TIER_PROTECTION] |= ALARM_BIT(GENERAL);
}

static void run_limits(struct hub *hub)
{
    struct part *held = hub->held;
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
    manual_bar(hub, &in);
    limits_run(&hub->limits, &hub->limits_memory, &hub->rules.limits, &in, hub->now);
    hub->limits_in = in;
    settle_zero(hub, in.dcl_held, in.barred_charge && in.barred_discharge);
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

static void run_clusters(struct hub *hub)
{
    for (unsigned i = 0; i < hub->n_clusters; i++)
        cluster_listen(hub, i);
    manual_look(hub);
    for (unsigned i = 0; i < hub->n_clusters; i++)
        cluster_decide(hub, i);
    manual_look_again(hub);
}

void hub_run(struct hub *hub)
{
    orders_run(hub);
    contacts_look(hub);
    run_clusters(hub);
    aggregate(&hub->snap.hub, hub->part, hub->n_clusters, hub->now);
    manual_ask(hub);
    run_supervisor(hub);
    stop_warm_start(hub);
    run_limits(hub);
    contacts_drive(hub); /* before SOC is smoothed */
    smooth_soc(hub);
    ports_alarms(hub);
    keep_watch(hub);
    latches_settle(hub);
    publish(hub);
    settle_tell(hub);
    hub->last_run = hub->now;
    hub->due = mono_min(manual_due(hub), orders_due(hub));
    hub->dirty = false;
}

bool hub_wants_run(const struct hub *hub)
{
    return hub->now >= hub->last_run + (hub->dirty ? RUN_MIN : RUN_MAX) || hub->now >= hub->due;
}

const struct snapshot *hub_snapshot(const struct hub *hub)
{
    return &hub->snap;
}
