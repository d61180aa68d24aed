/* Everything the hub has decided, put into the snapshot under its name. */
#include "hub/parts.h"

#include <string.h>

static void set(struct signals *s, enum signal id, int64_t value, mono_us at)
{
    signal_set(s, id, value, at);
}

static void set_or_forget(struct signals *s, enum signal id, int64_t value, mono_us at)
{
    if (value)
        set(s, id, value, at);
    else
        signal_forget(s, id);
}

static void publish_limit(struct signals *s, const struct limit *l, enum signal stages,
                          enum signal bound, enum signal reason, enum signal cluster, mono_us now)
{
    for (unsigned i = 0; i < STAGE_COUNT; i++)
        set(s, (enum signal)(stages + i), l->after[i + 1], now);
    set(s, bound, l->stage, now);
    set(s, reason, l->reason, now);
    set_or_forget(s, cluster, l->cluster, now);
}

static void publish_limits(struct hub *hub)
{
    struct signals *s = &hub->snap.hub.s;
    const struct limits *l = &hub->limits;

    set(s, SIG_CHARGE_CURRENT_LIMIT, l->ccl.value, hub->now);
    set(s, SIG_DISCHARGE_CURRENT_LIMIT, l->dcl.value, hub->now);
    set(s, SIG_CHARGE_VOLTAGE_LIMIT, l->cvl.value, hub->now);
    set(s, SIG_DISCHARGE_VOLTAGE_LIMIT, l->dvl.value, hub->now);
    set(s, SIG_CHARGE_ENABLE, l->ccl.value > 0, hub->now);
    set(s, SIG_DISCHARGE_ENABLE, l->dcl.value > 0, hub->now);
    publish_limit(s, &l->ccl, SIG_CCL_STAGE, SIG_CCL_BOUND_STAGE, SIG_CCL_REASON, SIG_CCL_CLUSTER,
                  hub->now);
    publish_limit(s, &l->dcl, SIG_DCL_STAGE, SIG_DCL_BOUND_STAGE, SIG_DCL_REASON, SIG_DCL_CLUSTER,
                  hub->now);
    publish_limit(s, &l->cvl, SIG_CVL_STAGE, SIG_CVL_BOUND_STAGE, SIG_CVL_REASON, SIG_CVL_CLUSTER,
                  hub->now);
    publish_limit(s, &l->dvl, SIG_DVL_STAGE, SIG_DVL_BOUND_STAGE, SIG_DVL_REASON, SIG_DVL_CLUSTER,
                  hub->now);
    set_or_forget(s, SIG_CCL_MODULE, l->ccl.module, hub->now);
    set_or_forget(s, SIG_CCL_CELL, l->ccl.cell, hub->now);
    set_or_forget(s, SIG_DCL_MODULE, l->dcl.module, hub->now);
    set_or_forget(s, SIG_DCL_CELL, l->dcl.cell, hub->now);
}

static void publish_set_point(struct hub *hub, const struct set_point *sp, enum signal value,
                              enum signal left)
{
    struct signals *s = &hub->snap.hub.s;

    if (hub->now < sp->until) {
        set(s, value, sp->value, hub->now);
        set(s, left, (int64_t)((sp->until - hub->now) / 1000), hub->now);
    } else {
        signal_forget(s, value);
        set(s, left, 0, hub->now);
    }
}

static void publish_set_points(struct hub *hub)
{
    struct signals *s = &hub->snap.hub.s;
    struct range cvl = set_point_range(hub, COMMAND_SET_CVL);

    publish_set_point(hub, &hub->set_ccl, SIG_SETPOINT_CCL, SIG_SETPOINT_CCL_LEFT);
    publish_set_point(hub, &hub->set_dcl, SIG_SETPOINT_DCL, SIG_SETPOINT_DCL_LEFT);
    publish_set_point(hub, &hub->set_cvl, SIG_SETPOINT_CVL, SIG_SETPOINT_CVL_LEFT);
    set(s, SIG_SETPOINT_CCL_MAX, set_point_range(hub, COMMAND_SET_CCL).hi, hub->now);
    set(s, SIG_SETPOINT_DCL_MAX, set_point_range(hub, COMMAND_SET_DCL).hi, hub->now);
    set(s, SIG_SETPOINT_CVL_MIN, cvl.lo, hub->now);
    set(s, SIG_SETPOINT_CVL_MAX, cvl.hi, hub->now);
}

_Static_assert(SIG_ORDER_OWNER_LAST - SIG_ORDER_OWNER + 1 == COMMAND_ROWS, "one of each command");

static void publish_orders(struct hub *hub)
{
    struct signals *s = &hub->snap.hub.s;

    publish_set_points(hub);
    set(s, SIG_STOP_ASKED, hub->stop_asked, hub->now);
    set(s, SIG_FORCE_CHARGE_ASKED, hub->now < hub->forced_until, hub->now);
    for (unsigned i = 0; i < hub->n_clusters; i++)
        set(s, (enum signal)(SIG_EXCLUDE + i), exclude_level(&hub->cluster[i]), hub->now);
    for (unsigned i = 0; i <= hub->n_clusters; i++)
        set(s, (enum signal)(SIG_RESET_KEY + i), hub->reset_key[i].now, hub->now);
    for (unsigned i = 0; i < COMMAND_ROWS; i++) {
        set(s, (enum signal)(SIG_ORDER_OWNER + i), hub->asked[i].from.owner, hub->now);
        set(s, (enum signal)(SIG_ORDER_ADDRESS + i), hub->asked[i].from.address, hub->now);
        set(s, (enum signal)(SIG_ORDER_REFUSAL + i), hub->asked[i].refusal, hub->now);
    }
}

static void set_age(struct signals *s, enum signal id, mono_us then, mono_us now)
{
    if (then)
        set(s, id, (int64_t)(mono_since(now, then) / 1000), now);
    else
        signal_forget(s, id);
}

static void publish_port(struct signals *s, const struct port_state *p, mono_us now)
{
    set(s, SIG_LINK_STATE, p->link, now);
    set(s, SIG_FRAMES_RX, (int64_t)p->rx, now);
    set(s, SIG_FRAMES_TX, (int64_t)p->tx, now);
    set(s, SIG_FRAMES_LOST, (int64_t)p->lost, now);
    set(s, SIG_FRAMES_DROPPED, (int64_t)p->dropped, now);
    set(s, SIG_FRAMES_UNKNOWN, (int64_t)p->unknown, now);
    set(s, SIG_BUS_ERRORS, (int64_t)p->errors, now);
    set_age(s, SIG_LAST_RX_AGE, p->last_rx, now);
    set_age(s, SIG_LAST_TX_AGE, p->last_tx, now);
}

/* A silent cluster has no values, and a datum that nobody repeats has none either: never the last
 * good one without a mark. */
static void drop_old(struct signals *s, bool silent, mono_us now)
{
    for (int i = 0; i < SIG_COUNT; i++) {
        bool measured = i < SIG_STATE || i >= SIG_CELL_VOLTAGE;

        if (measured && signal_known(s, (enum signal)i) &&
            (silent || mono_since(now, s->at[i]) >= DATUM_LIFE))
            signal_forget(s, (enum signal)i);
    }
}

static void publish_power(struct signals *s)
{
    if (signal_known(s, SIG_VOLTAGE) && signal_known(s, SIG_CURRENT))
        set(s, SIG_POWER, divide(s->value[SIG_VOLTAGE] * s->value[SIG_CURRENT], 1000000, NEAREST),
            mono_min(s->at[SIG_VOLTAGE], s->at[SIG_CURRENT]));
}

static bool knows_anything(const struct signals *s)
{
    for (size_t i = 0; i < sizeof(s->known) / sizeof(s->known[0]); i++)
        if (s->known[i])
            return true;
    return false;
}

/* Modules, where the battery shows them. They age as everything else. */
static void publish_modules(struct hub *hub, unsigned i, bool silent)
{
    const struct cluster *c = &hub->cluster[i];
    const struct module *from = cluster_modules(c);

    for (unsigned m = 0; m < MAX_MODULES; m++) {
        struct module *to = &hub->snap.module[i][m];

        if (!knows_anything(&from[m].s) && !knows_anything(&to->s))
            continue;
        *to = from[m];
        drop_old(&to->s, silent, hub->now);
    }
}

static void publish_cluster(struct hub *hub, unsigned i, int64_t conformity)
{
    struct cluster *c = &hub->cluster[i];
    struct battery *to = &hub->snap.cluster[i];
    struct signals *s = &to->s;
    const struct battery *from = cluster_battery(c);
    bool silent = c->member.state == CLUSTER_STALE || c->member.state == CLUSTER_ABSENT ||
                  (cluster_is_out(c) && !cluster_is_fresh(hub, c));

    *s = from->s;
    to->t = from->t;
    drop_old(s, silent, hub->now);
    publish_modules(hub, i, silent);
    publish_power(s);
    c->port.unknown = (uint64_t)signal_or(&from->s, SIG_FRAMES_UNKNOWN, 0);
    publish_port(s, &c->port, hub->now);
    set(s, SIG_STATE, c->member.state, hub->now);
    set(s, SIG_REASON, cluster_reason(c), hub->now);
    set(s, SIG_READY, member_joined(&c->member) && !conformity, hub->now);
    set(s, SIG_CONFORMITY, conformity, hub->now);
    set(s, SIG_MODULES_ACTIVE, hub->part[i].modules, hub->now);
    if (!silent)
        set(s, SIG_CAPACITY, hub->part[i].capacity_mAh, hub->now);
    set(s, SIG_SHARE,
        part_share(&hub->limits_memory, &hub->rules.limits, hub->part, hub->n_clusters, i),
        hub->now);
}

/* The rules about one cluster: latches, counts, times. */
static void publish_rules(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    struct signals *s = &hub->snap.cluster[i].s;
    mono_us left = overload_left(&c->overload, hub->now);

    set(s, SIG_LATCHES, c->latches, hub->now);
    set(s, SIG_LATCHES_UNSAVED, c->latches & ~latches_saved(hub, EVENT_AT_CLUSTER + i), hub->now);
    set(s, SIG_PROVEN_OPEN, c->open.proven, hub->now);
    set(s, SIG_EXCLUDE_ASKED, c->exclude, hub->now);
    set(s, SIG_TRIPS, c->trips.count, hub->now);
    if (left == MONO_NEVER)
        signal_forget(s, SIG_OVER_LIMIT_LEFT);
    else
        set(s, SIG_OVER_LIMIT_LEFT, (int64_t)(left / 1000), hub->now);
    if (c->protect.visible || signal_known(&c->sane.s, SIG_MODULES_PROTECTED))
        set(s, SIG_MODULES_TRIPPED, c->protect.modules, hub->now);
    else
        signal_forget(s, SIG_MODULES_TRIPPED);
}

static void publish_control_age(struct hub *hub)
{
    mono_us oldest = MONO_NEVER;

    for (unsigned i = 0; i < hub->n_clusters; i++) {
        struct cluster *c = &hub->cluster[i];
        mono_us at = c->serial_at;
        struct intake_control control;

        if (!c->is_serial) {
            intake_control(c->in, &control);
            at = control.complete ? control.oldest : 0;
        }
        set_age(&hub->snap.cluster[i].s, SIG_CONTROL_AGE, at, hub->now);
        if (member_joined(&c->member))
            oldest = mono_min(oldest, at);
    }
    set_age(&hub->snap.hub.s, SIG_CONTROL_AGE, oldest == MONO_NEVER ? 0 : oldest, hub->now);
}

static void publish_counts(struct hub *hub)
{
    struct signals *s = &hub->snap.hub.s;
    unsigned joined = 0, ghosts = 0;

    for (unsigned i = 0; i < hub->n_clusters; i++) {
        joined += hub->part[i].joined;
        ghosts += hub->part[i].ghost && !hub->part[i].joined;
    }
    set(s, SIG_CLUSTERS, hub->n_clusters, hub->now);
    set(s, SIG_CLUSTERS_JOINED, joined, hub->now);
    set(s, SIG_CLUSTERS_GHOST, ghosts, hub->now);
    set(s, SIG_PARTIAL, ghosts > 0, hub->now);
}

/* What of the hub is not conform, as warnings: bit of conformity and alarm. */
static void warn_conformity(struct hub *hub, unsigned bits)
{
    static const struct {
        unsigned bit;
        uint64_t alarm;
    } warnings[] = {
        {CONFORMITY_COUNT,    ALARM_BIT(MODULE_COUNT)    },
        {CONFORMITY_FIRMWARE, ALARM_BIT(FIRMWARE_DIFFERS)},
        {CONFORMITY_SOC,      ALARM_BIT(SOC_DIFFERS)     },
        {CONFORMITY_VOLTAGE,  ALARM_BIT(VOLTAGE_DIFFERS) },
    };

    for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++)
        alarm_put(hub, &hub->own, EVENT_AT_HUB, TIER_WARNING, warnings[i].alarm,
                  bits & warnings[i].bit ? warnings[i].alarm : 0);
}

static void publish_readiness(struct hub *hub)
{
    unsigned bits = 0;
    bool all = true;

    for (unsigned i = 0; i < hub->n_clusters; i++) {
        struct cluster *c = &hub->cluster[i];
        int64_t mine = hub->conformity[i].bits;

        publish_cluster(hub, i, mine);
        publish_rules(hub, i);
        bits |= hub->conformity[i].bits;
        all = all && hub->part[i].joined;
        if (hub->part[i].joined && mine != c->told_conformity) {
            event_put(hub, EVENT_READY, (uint8_t)(EVENT_AT_CLUSTER + i), c->told_conformity, mine,
                      REASON_NONE, "");
            c->told_conformity = mine;
        }
    }
    warn_conformity(hub, bits);
    set(&hub->snap.hub.s, SIG_READY, all && !bits, hub->now);
    set(&hub->snap.hub.s, SIG_CONFORMITY, bits, hub->now);
}

static void publish_inverters(struct hub *hub)
{
    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        if (hub->inverter[i].used)
            publish_port(&hub->snap.inverter[i].s, &hub->inverter[i].port, hub->now);
}

static void publish_state(struct hub *hub)
{
    struct signals *s = &hub->snap.hub.s;
    mono_us up = hub->now - hub->started;

    set(s, SIG_STATE, hub->supervisor.state, hub->now);
    set(s, SIG_REASON, hub->supervisor.reason, hub->now);
    set(s, SIG_LATCHES, hub->latches, hub->now);
    set(s, SIG_LATCHES_UNSAVED, hub->latches & ~latches_saved(hub, EVENT_AT_HUB), hub->now);
    set(s, SIG_FORCED_CHARGE_LEFT, (int64_t)(mono_since(hub->forced_until, hub->now) / 1000),
        hub->now);
    set(s, SIG_UPTIME, (int64_t)(up / 1000), hub->now);
    set(s, SIG_HEARTBEAT, (int64_t)(up / 1000000 % 65535), hub->now);
}

void publish(struct hub *hub)
{
    hub->snap.at = hub->now;
    publish_limits(hub);
    publish_state(hub);
    publish_orders(hub);
    publish_counts(hub);
    publish_readiness(hub);
    publish_control_age(hub);
    publish_inverters(hub);
    alarms_of_hub(hub);
}
