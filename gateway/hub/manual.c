/* The rules of the maker's manual over all clusters: who is in protection, who tripped, who is
 * above its limit, who is really off the copper; and what follows for a cluster (shut down,
 * latched), for the hub (halted, locked) and for a direction (barred). The machines are in core/;
 * here they meet.
 *
 * look() runs before the clusters are decided on, conclude() after. */
#include "hub/parts.h"

#include <stdio.h>

#define FORCED_CHARGE_mA 10000

#define CONTACT_PATIENCE MONO_S(3) /* what was measured sooner may be from before it opened */

/* ---- one cluster ---- */

static bool carries_current(const struct hub *hub, unsigned i)
{
    const struct signals *s = &hub->cluster[i].sane.s;
    int64_t mA = signal_or(s, SIG_CURRENT, 0);

    return cluster_is_fresh(hub, &hub->cluster[i]) &&
           (mA < 0 ? -mA : mA) >= open_threshold(&hub->live[i]);
}

/* Whether its contactor input says open and is believed: current that is measured after it said so
 * is a wire on the wrong terminal. */
static bool contact_is_open(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];

    if (!hub->inputs.open[i])
        c->contact_since = 0;
    else if (!c->contact_since)
        c->contact_since = hub->now;
    c->contact_lies =
        c->contact_since &&
        (c->contact_lies || (carries_current(hub, i) &&
                             c->sane.s.at[SIG_CURRENT] >= c->contact_since + CONTACT_PATIENCE));
    return c->contact_since && !c->contact_lies;
}

static void look_at_copper(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    struct open_input in = {.fresh = cluster_is_fresh(hub, c),
                            .contactor = contact_is_open(hub, i),
                            .isolated = c->isolated};

    open_run(&c->open, &in, hub->live, hub->n_clusters, i, hub->now);
    hub->live[i].open = c->open.proven;
}

/* Rules 12 and 13: what it allows itself, and what it carries. A cluster that is out is watched
 * too: what it carries is the cause that keeps its latch. */
static void look_at_load(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    const struct part *p = &hub->live[i];
    const uint64_t current = ALARM_BIT(CURRENT_CHARGE) | ALARM_BIT(CURRENT_DISCHARGE);
    struct overload_input in;

    if (!cluster_is_fresh(hub, c)) {
        c->overload_state = overload_run(&c->overload, NULL, hub->now);
        return;
    }
    in = (struct overload_input){.current_mA = signal_or(&c->sane.s, SIG_CURRENT, 0),
                                 .ccl_mA = limit_of_cluster(p, CHARGE).value,
                                 .dcl_mA = limit_of_cluster(p, DISCHARGE).value,
                                 .bms_warns = c->sane.a.active[TIER_WARNING] & current};
    c->overload_state = overload_run(&c->overload, &in, hub->now);
    if (c->overload_state == OVERLOAD_SHUT_DOWN)
        latch_set(hub, EVENT_AT_CLUSTER + i, LATCH_OVER_LIMIT);
}

/* Rules 10 and 11. Each trip is told: nobody shall be surprised by the fourth. */
static void look_at_trips(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    unsigned before = c->trips.count;
    char text[80];

    if (trips_run(&c->trips, c->protect.over_current, hub->now))
        latch_set(hub, EVENT_AT_CLUSTER + i, LATCH_RECONNECTS);
    if (c->trips.count <= before)
        return;
    snprintf(text, sizeof(text), "tripped on current, %u within a day; %u may end by themselves",
             c->trips.count, TRIPS_ALLOWED);
    event_put(hub, EVENT_NOTE, (uint8_t)(EVENT_AT_CLUSTER + i), 0, 0, REASON_NONE, text);
}

static void look_at_protection(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    bool fresh = cluster_is_fresh(hub, c);

    if (fresh) /* a silent cluster is as it was seen last */
        protect_look(&c->protect, &hub->live[i], hub->now);
    c->module_stays = protect_stays(&c->stay, fresh ? &c->protect : NULL, hub->now);
    if (fresh) {
        protect_count_run(&c->many, c->protect.many, hub->now);
        protect_count_run(&c->broken, c->protect.fault, hub->now);
    } else {
        protect_count_pause(&c->many);
        protect_count_pause(&c->broken);
    }
    if (fresh)
        look_at_trips(hub, i);
}

/* Why the rules want a cluster out, the latches first: they last longest. */
static enum reason shut_reason(const struct hub *hub, const struct cluster *c)
{
    for (enum latch latch = 0; latch < LATCH_COUNT; latch++)
        if (c->latches & 1u << latch)
            return latch_info[latch].reason;
    if (plausible_two(&c->plausible, hub->now))
        return REASON_TWO_BATTERIES;
    if (c->broken.shut)
        return REASON_IN_FAULT;
    return c->many.shut ? REASON_MODULES_PROTECTED : REASON_NONE;
}

static void judge_cluster(struct hub *hub, unsigned i)
{
    struct cluster *c = &hub->cluster[i];
    struct member_input *in = &c->look;

    in->open = c->open.proven;
    in->never_carried = !c->open.carried;
    in->contactor_open = c->open.flag_open || (hub->inputs.open[i] && !c->contact_lies);
    in->hub_waits = !hub->supervisor.started_up;
    in->guard = conformity_reason(hub->conformity[i].bits);
    in->protection = c->protect.protection;
    in->shut = shut_reason(hub, c);
    in->exclude =
        c->exclude && (c->open.proven || c->isolated || c->member.state == CLUSTER_EXCLUDED);
    watch_run(&c->watch, cluster_is_fresh(hub, c) ? &hub->live[i] : NULL, hub->now);
}

static void look_at_order(struct hub *hub)
{
    bool candidate[MAX_CLUSTERS];

    for (unsigned i = 0; i < hub->n_clusters; i++)
        candidate[i] = !hub->live[i].joined && cluster_is_fresh(hub, &hub->cluster[i]) &&
                       !cluster_is_out(&hub->cluster[i]);
    conformity_run(hub->conformity, hub->live, candidate, hub->supervisor.started_up,
                   hub->n_clusters, hub->now);
}

/* ---- the hub ---- */

static void look_at_inputs(struct hub *hub)
{
    if (hub->inputs.stop)
        latch_set(hub, EVENT_AT_HUB, LATCH_STOP_INPUT);
    if (hub->inputs.fire)
        latch_set(hub, EVENT_AT_HUB, LATCH_FIRE_INPUT);
    if (hub->inputs.reset && !hub->reset_was)
        latches_reset(hub, 0, NULL);
    hub->reset_was = hub->inputs.reset || hub->inputs.reset_unknown;
}

static enum disobey_state obeys(struct hub *hub, struct disobey *d, int sign, int64_t limit_mA)
{
    const struct signals *s = &hub->snap.hub.s;
    int64_t mA = signal_or(s, SIG_CURRENT, 0) * sign;

    return disobey_run(d, signal_known(s, SIG_CURRENT), mA > 0 ? mA : 0, limit_mA, hub->now);
}

/* What flows against what was published in the last run. Without a relay to open there is nothing
 * to latch: the alarm says it. */
static void look_at_obedience(struct hub *hub)
{
    enum disobey_state charge = obeys(hub, &hub->disobey_charge, 1, hub->limits.ccl.value);
    enum disobey_state discharge = obeys(hub, &hub->disobey_discharge, -1, hub->limits.dcl.value);

    if (charge == DISOBEY_LATCH && contacts_has(hub, RELAY_CHARGE_ALLOWED))
        latch_set(hub, EVENT_AT_HUB, LATCH_CHARGE_DISOBEYED);
    if (discharge == DISOBEY_LATCH && contacts_has(hub, RELAY_DISCHARGE_ALLOWED))
        latch_set(hub, EVENT_AT_HUB, LATCH_DISCHARGE_DISOBEYED);
    alarm_put(hub, &hub->own, EVENT_AT_HUB, TIER_WARNING, ALARM_BIT(DISOBEYED),
              charge || discharge ? ALARM_BIT(DISOBEYED) : 0);
}

/* Who is counted may have changed: what is published about order is about those. */
void manual_look_again(struct hub *hub)
{
    for (unsigned i = 0; i < hub->n_clusters; i++)
        hub->live[i].joined = hub->part[i].joined;
    look_at_order(hub);
}

void manual_look(struct hub *hub)
{
    look_at_inputs(hub);
    for (unsigned i = 0; i < hub->n_clusters; i++)
        look_at_copper(hub, i);
    look_at_order(hub);
    for (unsigned i = 0; i < hub->n_clusters; i++) {
        look_at_protection(hub, i);
        look_at_load(hub, i);
        judge_cluster(hub, i);
    }
}

/* Rule 9. A cluster that fell silent in protection is still one of those; one that was well is none
 * of the others. Losing a cluster never releases the hub. */
static bool counts_for_hub(const struct hub *hub, const struct cluster *c)
{
    if (c->member.ghost && c->protect.as_a_whole)
        return true;
    return member_joined(&c->member) ||
           (c->member.state == CLUSTER_SHUT_DOWN && cluster_is_fresh(hub, c));
}

static void count_protected(struct hub *hub)
{
    struct protect_view in[MAX_CLUSTERS];
    bool counts[MAX_CLUSTERS];

    for (unsigned i = 0; i < hub->n_clusters; i++) {
        const struct cluster *c = &hub->cluster[i];

        in[i] = c->protect;
        counts[i] = counts_for_hub(hub, c);
    }
    protect_count_run(&hub->many, protect_hub_is_many(in, counts, hub->n_clusters), hub->now);
}

static enum reason lock_reason(const struct hub *hub)
{
    if (hub->latches & LATCH_BIT(FIRE_INPUT))
        return latch_info[LATCH_FIRE_INPUT].reason;
    if (hub->latches & LATCH_BIT(STOP_INPUT))
        return latch_info[LATCH_STOP_INPUT].reason;
    return REASON_NONE;
}

static bool is_seen(const struct cluster *c)
{
    return c->look.complete || cluster_is_out(c);
}

void manual_conclude(struct hub *hub, struct supervisor_input *in)
{
    look_at_obedience(hub);
    count_protected(hub);
    *in = (struct supervisor_input){.configured = hub->n_clusters, .lock = lock_reason(hub)};
    for (unsigned i = 0; i < hub->n_clusters; i++) {
        in->joined += hub->part[i].joined;
        in->seen += is_seen(&hub->cluster[i]);
    }
    if (hub->stop_asked)
        in->halt = REASON_OPERATOR_STOP;
    else if (hub->many.shut)
        in->halt = REASON_CLUSTERS_PROTECTED;
    alarm_put(hub, &hub->own, EVENT_AT_HUB, TIER_FAULT, ALARM_BIT(EMERGENCY),
              in->lock ? ALARM_BIT(EMERGENCY) : 0);
}

/* ---- what is barred ---- */

/* What is off the copper as a whole has no module on it. */
static bool may_carry(const struct cluster *c)
{
    return member_joined(&c->member) || !c->open.proven;
}

/* Why no current may flow at all though the hub runs; `cluster` that is to blame. */
static enum reason barred(const struct hub *hub, uint8_t *cluster)
{
    if (hub->inputs.stop_unknown)
        return REASON_INPUT_UNKNOWN;
    for (unsigned i = 0; i < hub->n_clusters; i++) {
        const struct cluster *c = &hub->cluster[i];

        *cluster = (uint8_t)(i + 1);
        if (member_holds_hub(&c->member, hub->now))
            return REASON_NOT_OPEN;
        if (c->module_stays && may_carry(c))
            return REASON_MODULE_STAYS;
    }
    *cluster = 0;
    return REASON_NONE;
}

static void run_forced_charge(struct hub *hub)
{
    if (hub->now < hub->forced_until &&
        signal_or(&hub->snap.hub.s, SIG_CURRENT, 0) > FORCED_CHARGE_mA)
        hub->forced_until =
            mono_min(hub->now + FORCED_CHARGE, hub->forced_since + FORCED_CHARGE_MOST);
}

void manual_bar(struct hub *hub, struct limits_input *in)
{
    enum reason why = barred(hub, &in->barred_cluster);

    in->barred_charge = in->barred_discharge = why;
    if (!why && hub->latches & LATCH_BIT(CHARGE_DISOBEYED))
        in->barred_charge = REASON_DISOBEYED;
    if (!why && hub->latches & LATCH_BIT(DISCHARGE_DISOBEYED))
        in->barred_discharge = REASON_DISOBEYED;
    run_forced_charge(hub);
    in->forced_charge = hub->now < hub->forced_until;
}

/* An empty battery asks to be charged, whatever its BMS says about it. */
void manual_ask(struct hub *hub)
{
    bool ask = hub->now < hub->forced_until;

    for (unsigned i = 0; i < hub->n_clusters; i++)
        ask = ask || (hub->part[i].joined && hub->part[i].recover);
    if (ask)
        signal_set(&hub->snap.hub.s, SIG_FORCE_CHARGE_II, 1, hub->now);
}

/* ---- time ---- */

static mono_us cluster_due(const struct hub *hub, const struct cluster *c)
{
    mono_us due = mono_min(open_due(&c->open), member_due(&c->member, hub->now));

    due = mono_min(due, mono_min(protect_count_due(&c->many), protect_count_due(&c->broken)));
    due = mono_min(due, mono_min(protect_stay_due(&c->stay), trips_due(&c->trips)));
    due = mono_min(due, overload_due(&c->overload, hub->now));
    due = mono_min(due, mono_min(watch_due(&c->watch), plausible_due(&c->plausible, hub->now)));
    if (cluster_is_fresh(hub, c))
        due = mono_min(due, c->look.fresh_until);
    return due;
}

static mono_us later(const struct hub *hub, mono_us first, mono_us then)
{
    return then > hub->now ? mono_min(first, then) : first;
}

mono_us manual_due(const struct hub *hub)
{
    mono_us due = MONO_NEVER;

    for (unsigned i = 0; i < hub->n_clusters; i++) {
        due = later(hub, due, cluster_due(hub, &hub->cluster[i]));
        due = later(hub, due, conformity_due(&hub->conformity[i]));
    }
    due = later(hub, due, protect_count_due(&hub->many));
    due = later(hub, due, disobey_due(&hub->disobey_charge, hub->now));
    due = later(hub, due, disobey_due(&hub->disobey_discharge, hub->now));
    due = later(hub, due, supervisor_due(&hub->supervisor, &hub->rules.supervisor, hub->now));
    due = later(hub, due, hub->forced_until);
    due = later(hub, due, hub->limits_memory.ccl.hold_until);
    due = later(hub, due, hub->limits_memory.dcl.hold_until);
    return later(hub, due, hub->limits_memory.rest_until);
}
