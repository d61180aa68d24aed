#include "hub/explain.h"

#include <string.h>

#include "hub/parts.h"

void hub_explain(const struct hub *hub, struct explanation *out)
{
    explain_run(out, &hub->limits, &hub->limits_memory, &hub->rules.limits, &hub->limits_in,
                hub->now);
}

/* ---- from outside ---- */

/* Who is counted has a share; who is silent and not proven open is a ghost. */
static struct part published_part(const struct config *cfg, const struct snapshot *snap, unsigned i)
{
    const struct battery *b = &snap->cluster[i];
    bool joined = signal_or(&b->s, SIG_SHARE, 0) > 0;
    bool open = signal_or(&b->s, SIG_PROVEN_OPEN, 0);

    return (struct part){.b = b,
                         .profile = config_profile(cfg, i + 1),
                         .number = (uint8_t)(i + 1),
                         .joined = joined,
                         .open = open,
                         .ghost = !joined && !open &&
                                  signal_or(&b->s, SIG_STATE, CLUSTER_ABSENT) == CLUSTER_STALE,
                         .modules = (unsigned)signal_or(&b->s, SIG_MODULES_ACTIVE, 0),
                         .capacity_mAh = signal_or(&b->s, SIG_CAPACITY, 0)};
}

/* The signals of one limit. The rows of stages begin with stage 1. */
struct published {
    enum signal value, stages, bound, reason, cluster, module, cell; /* SIG_COUNT: has none */
};

static const struct published published_ccl = {
    SIG_CHARGE_CURRENT_LIMIT, SIG_CCL_STAGE,  SIG_CCL_BOUND_STAGE, SIG_CCL_REASON,
    SIG_CCL_CLUSTER,          SIG_CCL_MODULE, SIG_CCL_CELL};
static const struct published published_dcl = {SIG_DISCHARGE_CURRENT_LIMIT,
                                               SIG_DCL_STAGE,
                                               SIG_DCL_BOUND_STAGE,
                                               SIG_DCL_REASON,
                                               SIG_DCL_CLUSTER,
                                               SIG_DCL_MODULE,
                                               SIG_DCL_CELL};
static const struct published published_cvl = {SIG_CHARGE_VOLTAGE_LIMIT,
                                               SIG_CVL_STAGE,
                                               SIG_CVL_BOUND_STAGE,
                                               SIG_CVL_REASON,
                                               SIG_CVL_CLUSTER,
                                               SIG_COUNT,
                                               SIG_COUNT};
static const struct published published_dvl = {SIG_DISCHARGE_VOLTAGE_LIMIT,
                                               SIG_DVL_STAGE,
                                               SIG_DVL_BOUND_STAGE,
                                               SIG_DVL_REASON,
                                               SIG_DVL_CLUSTER,
                                               SIG_COUNT,
                                               SIG_COUNT};

static int64_t told(const struct signals *s, enum signal sig, int64_t otherwise)
{
    return sig == SIG_COUNT ? otherwise : signal_or(s, sig, otherwise);
}

static void take_limit(struct limit *l, const struct signals *s, const struct published *from)
{
    l->value = told(s, from->value, 0);
    l->stage = (enum stage)clamp64(told(s, from->bound, STAGE_CLUSTER), STAGE_CLUSTER, STAGE_COUNT);
    l->reason = (enum reason)told(s, from->reason, REASON_NONE);
    l->cluster = (uint8_t)told(s, from->cluster, 0);
    l->module = (uint8_t)told(s, from->module, 0);
    l->cell = (uint16_t)told(s, from->cell, 0);
    for (unsigned n = STAGE_CLUSTER; n <= STAGE_COUNT; n++) {
        l->after[n] = told(s, (enum signal)(from->stages + n - 1), l->value);
        if (n >= l->stage)
            l->by[n] = (struct bound){l->reason, l->cluster, l->module, l->cell};
    }
}

static struct set_point take_set_point(const struct signals *s, enum signal value, enum signal left,
                                       mono_us now)
{
    return (struct set_point){.value = signal_or(s, value, 0),
                              .until = now + MONO_MS(signal_or(s, left, 0))};
}

/* A silent cluster publishes no limits. */
static void forget_ghosts(struct explanation *e)
{
    for (unsigned i = 0; i < e->n; i++)
        if (e->cluster[i].ghost)
            e->charge.part[i].allows.value = e->discharge.part[i].allows.value = -1;
}

/* Measured shares are not in the weights: what is published about them is. */
static void take_shares(struct explanation *e, const struct snapshot *snap)
{
    for (unsigned i = 0; i < e->n; i++) {
        int64_t share = signal_or(&snap->cluster[i].s, SIG_SHARE, 0);
        struct explained_part *part[] = {&e->charge.part[i], &e->discharge.part[i]};

        for (unsigned d = 0; d < 2 && share > e->cluster[i].share; d++)
            part[d]->hub_mA = part[d]->allows.value * 10000 / share;
        if (share)
            e->cluster[i].share = share;
    }
}

void explain_published(struct explanation *out, const struct config *cfg,
                       const struct snapshot *snap)
{
    static const struct stops_memory stops[MAX_CLUSTERS];
    static const struct limits_memory nothing;
    const struct signals *s = &snap->hub.s;
    struct part parts[MAX_CLUSTERS];
    struct limits limits;
    struct hub_rules rules;
    struct limits_input in = {.parts = parts, .discharge_parts = parts, .stops = stops};

    memset(&limits, 0, sizeof(limits));
    rules_read(&rules, cfg);
    rules.limits.profile = config_profile(cfg, 0);
    in.n = (unsigned)config_num(cfg, "hub", 0, "clusters");
    for (unsigned i = 0; i < in.n; i++)
        parts[i] = published_part(cfg, snap, i);
    in.ccl = take_set_point(s, SIG_SETPOINT_CCL, SIG_SETPOINT_CCL_LEFT, snap->at);
    in.dcl = take_set_point(s, SIG_SETPOINT_DCL, SIG_SETPOINT_DCL_LEFT, snap->at);
    in.cvl = take_set_point(s, SIG_SETPOINT_CVL, SIG_SETPOINT_CVL_LEFT, snap->at);
    take_limit(&limits.ccl, s, &published_ccl);
    take_limit(&limits.dcl, s, &published_dcl);
    take_limit(&limits.cvl, s, &published_cvl);
    take_limit(&limits.dvl, s, &published_dvl);
    explain_run(out, &limits, &nothing, &rules.limits, &in, snap->at);
    out->every_stage = out->charge.rate_known = out->discharge.rate_known = false;
    take_shares(out, snap);
    forget_ghosts(out);
}
