#include "core/explain.h"

static void explain_part(struct explained_part *out, const struct limits_memory *mem,
                         const struct limits_rules *rules, const struct limits_input *in,
                         enum direction direction, unsigned i)
{
    const struct part *parts = direction == CHARGE ? in->parts : in->discharge_parts;
    int64_t bar = rules->profile->bus_bar_mA;

    out->allows = limit_of_cluster(&parts[i], direction);
    out->hub_mA = limits_hub_current(mem, rules, in, direction, i, out->allows.value);
    out->bus_bar_mA = bar > 0 ? limits_hub_current(mem, rules, in, direction, i, bar) : 0;
}

static void explain_table(struct explained_way *out, const struct limits_memory *mem,
                          const struct limits_rules *rules, const struct limits_input *in,
                          enum direction direction)
{
    out->table = limits_table_cell(mem, rules, in, direction, MAX_CLUSTERS);
    out->with_ghost = out->table;
    for (unsigned i = 0; i < in->n; i++) {
        struct table_cell cell;

        if (!in->parts[i].ghost)
            continue;
        cell = limits_table_cell(mem, rules, in, direction, i);
        if (cell.mA < out->with_ghost.mA)
            out->with_ghost = cell;
    }
}

static void explain_way(struct explained_way *out, const struct limits_memory *mem,
                        const struct limits_rules *rules, const struct limits_input *in,
                        enum direction direction, mono_us now)
{
    bool charge = direction == CHARGE;
    const struct rate *rate = charge ? &mem->ccl : &mem->dcl;
    bool ramp = charge || rules->discharge_ramp;
    int64_t cap = limits_rate_cap(mem, rules, in, direction);

    for (unsigned i = 0; i < in->n; i++)
        explain_part(&out->part[i], mem, rules, in, direction, i);
    explain_table(out, mem, rules, in, direction);
    out->owner_cap_mA = charge ? rules->ccl_cap_mA : rules->dcl_cap_mA;
    out->held = !charge && in->dcl_held;
    out->rate_known = true;
    out->hold_left = mono_since(rate->hold_until, now);
    out->rise_mA_s = ramp ? cap * rules->rise_centi_pct_s / 10000 : 0;
}

static void explain_cluster(struct explained_cluster *out, const struct limits_memory *mem,
                            const struct limits_rules *rules, const struct limits_input *in,
                            unsigned i)
{
    const struct part *p = &in->parts[i];

    *out =
        (struct explained_cluster){.joined = p->joined,
                                   .ghost = p->ghost,
                                   .open = p->open,
                                   .modules = p->modules,
                                   .capacity_mAh = p->capacity_mAh,
                                   .share = part_share(mem, rules, in->parts, in->n, i),
                                   .cvl_mV = signal_or(&p->b->s, SIG_CHARGE_VOLTAGE_LIMIT, 0),
                                   .dvl_mV = signal_or(&p->b->s, SIG_DISCHARGE_VOLTAGE_LIMIT, 0)};
}

static struct explained_set_point explain_set_point(const struct set_point *sp, mono_us now)
{
    return (struct explained_set_point){.value = sp->value, .left = mono_since(sp->until, now)};
}

void explain_run(struct explanation *out, const struct limits *limits,
                 const struct limits_memory *mem, const struct limits_rules *rules,
                 const struct limits_input *in, mono_us now)
{
    *out = (struct explanation){.n = in->n,
                                .limits = *limits,
                                .every_stage = true,
                                .set_ccl = explain_set_point(&in->ccl, now),
                                .set_dcl = explain_set_point(&in->dcl, now),
                                .set_cvl = explain_set_point(&in->cvl, now),
                                .rest_left = mono_since(mem->rest_until, now),
                                .owner_cvl = rules->cvl_top_mV > 0,
                                .cvl_top_mV = rules->cvl_top_mV > 0 ? rules->cvl_top_mV
                                                                    : rules->profile->cvl_top_mV,
                                .dvl_floor_mV = rules->profile->dvl_floor_mV};
    for (unsigned i = 0; i < in->n; i++)
        explain_cluster(&out->cluster[i], mem, rules, in, i);
    explain_way(&out->charge, mem, rules, in, CHARGE, now);
    explain_way(&out->discharge, mem, rules, in, DISCHARGE, now);
}
