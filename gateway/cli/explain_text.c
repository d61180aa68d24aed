#include "cli/explain_text.h"

#include "cli/explain_words.h"

/* ---- one limit, stage by stage ---- */

static const char *const stage_names[STAGE_COUNT + 1] = {
    "", "cluster", "sharing", "allowance", "cells", "protection", "state", "rate"};

/* By stage n, from the second on. */
static bool is_moved(const struct subject *s, unsigned n)
{
    return s->l->after[n] != s->l->after[n - 1];
}

/* Who moved the limit in this stage. From outside only the last one is known. */
static void say_mover(const struct paper *p, const struct subject *s, unsigned n)
{
    const struct bound *by = &s->l->by[n];
    bool raises = !s->way && s->direction == DISCHARGE;

    if (!is_moved(s, n))
        say(p, "not %s", raises ? "raised" : "lowered");
    else if (!p->e->every_stage && n != s->l->stage)
        say(p, "%s", raises ? "raised" : "lowered");
    else
        say(p, "%s%s%s", place_words(by).s, reason_words(by->reason).s,
            measured_words(by, s->direction, p->snap).s);
}

static void say_head(const struct paper *p, const struct subject *s, unsigned n)
{
    say(p, "  %u %-10s %9s  ", n, stage_names[n], value_words(s, s->l->after[n]).s);
}

/* ---- what only some stages have to tell ---- */

static void say_table(const struct paper *p, const struct subject *s)
{
    const struct table_cell *t = &s->way->table, *g = &s->way->with_ghost;

    if (t->mA < 0)
        return;
    say(p, "; the table gives %s in row %u (modules), column %u (clusters)", amps(t->mA).s,
        t->modules, t->clusters);
    if (g->mA < t->mA)
        say(p, ", with a silent one %s in row %u, column %u", amps(g->mA).s, g->modules,
            g->clusters);
}

static void say_bus_bar(const struct paper *p, const struct subject *s)
{
    const struct explained_part *part = s->way->part;
    unsigned least = MAX_CLUSTERS;

    for (unsigned i = 0; i < p->e->n; i++)
        if ((p->e->cluster[i].joined || p->e->cluster[i].ghost) && part[i].bus_bar_mA > 0 &&
            (least == MAX_CLUSTERS || part[i].bus_bar_mA < part[least].bus_bar_mA))
            least = i;
    if (least < MAX_CLUSTERS)
        say(p, "; the bus bars allow %s (cluster %u)", amps(part[least].bus_bar_mA).s, least + 1);
}

static void say_owner(const struct paper *p, const struct subject *s)
{
    const struct explained_set_point *sp = s->set_point;

    if (s->way && s->way->owner_cap_mA > 0)
        say(p, "; the owner's cap is %s", amps(s->way->owner_cap_mA).s);
    else if (s->way)
        say(p, "; no cap");
    if (sp->left)
        say(p, "; set-point %s for another %s", value_words(s, sp->value).s, seconds(sp->left).s);
    else
        say(p, "; no set-point");
}

static void say_rate(const struct paper *p, const struct subject *s)
{
    if (!s->way->rate_known)
        return;
    if (s->way->hold_left)
        say(p, "; no rise for another %s", seconds(s->way->hold_left).s);
    if (s->way->rise_mA_s)
        say(p, "; rises by %s a second", amps(s->way->rise_mA_s).s);
    else
        say(p, "; rises in one step");
}

static void say_more(const struct paper *p, const struct subject *s, enum stage n)
{
    if (n == STAGE_ALLOWANCE) {
        say_table(p, s);
        say_bus_bar(p, s);
    } else if (n == STAGE_PROTECTION && p->e->rest_left) {
        say(p, "; both directions rest for another %s", seconds(p->e->rest_left).s);
    } else if (n == STAGE_STATE) {
        say_owner(p, s);
    } else if (n == STAGE_RATE) {
        say_rate(p, s);
    }
}

/* ---- clusters ---- */

static void say_outsider(const struct paper *p, unsigned i)
{
    const struct signals *s = &p->snap->cluster[i].s;

    say(p, "      cluster %u         --  not counted: %s", i + 1,
        cluster_state_name(signal_or(s, SIG_STATE, -1)));
    if (signal_or(s, SIG_REASON, REASON_NONE) != REASON_NONE)
        say(p, ", %s", reason_words((enum reason)s->value[SIG_REASON]).s);
    say(p, "\n");
}

static void say_ghost(const struct paper *p, const struct subject *s, unsigned i)
{
    const struct explained_part *part = &s->way->part[i];

    if (part->allows.value < 0)
        say(p, "      cluster %u         --  silent, counted with its last word\n", i + 1);
    else
        say(p, "      cluster %u  %9s  when it was heard last; with it %s for the hub\n", i + 1,
            amps(part->allows.value).s, amps(part->hub_mA).s);
}

static void say_cluster(const struct paper *p, const struct subject *s, unsigned i)
{
    const struct explained_cluster *c = &p->e->cluster[i];
    const struct explained_part *part = &s->way->part[i];

    if (!c->joined && !c->ghost) {
        say_outsider(p, i);
        return;
    }
    if (!c->joined) {
        say_ghost(p, s, i);
        return;
    }
    say(p, "      cluster %u  %9s / share %s = %s for the hub; %s%s\n", i + 1,
        amps(part->allows.value).s, percent(c->share).s, amps(part->hub_mA).s,
        reason_words(part->allows.reason).s, c->open ? "; proven open" : "");
}

/* ---- currents ---- */

static void say_sum(const struct paper *p, const struct subject *s)
{
    unsigned joined = 0;

    for (unsigned i = 0; i < p->e->n; i++)
        joined += p->e->cluster[i].joined;
    say_head(p, s, STAGE_CLUSTER);
    if (s->way->held)
        say(p, "a silent cluster's word is kept for a moment\n");
    else if (joined)
        say(p, "what the counted clusters allow, added up\n");
    else
        say(p, "no cluster is counted\n");
    for (unsigned i = 0; i < p->e->n; i++)
        say_cluster(p, s, i);
}

static void say_current(const struct paper *p, const struct subject *s)
{
    say(p, "\n%s (%s): %s\n", s->title, s->name, value_words(s, s->l->value).s);
    say_sum(p, s);
    for (unsigned n = STAGE_SHARING; n <= STAGE_COUNT; n++) {
        say_head(p, s, n);
        say_mover(p, s, n);
        say_more(p, s, (enum stage)n);
        say(p, "\n");
    }
    say_because(p, s);
}

/* ---- voltages: no stage but these touches them ---- */

static void say_told(const struct paper *p, const struct subject *s)
{
    const char *comma = "";

    say_head(p, s, STAGE_CLUSTER);
    for (unsigned i = 0; i < p->e->n; i++) {
        const struct explained_cluster *c = &p->e->cluster[i];
        int64_t told = s->direction == CHARGE ? c->cvl_mV : c->dvl_mV;

        if (!c->joined)
            continue;
        say(p, "%scluster %u %s%s", comma, i + 1, told ? "tells " : "has its profile's",
            told ? value_words(s, told).s : "");
        comma = ", ";
    }
    say(p, "%s\n", *comma ? "" : "no cluster is counted: the last good one");
}

static void say_voltage(const struct paper *p, const struct subject *s)
{
    bool charge = s->direction == CHARGE;

    say(p, "\n%s (%s): %s\n", s->title, s->name, value_words(s, s->l->value).s);
    say_told(p, s);
    say_head(p, s, STAGE_SHARING);
    say_mover(p, s, STAGE_SHARING);
    say(p, "\n");
    say_head(p, s, STAGE_ALLOWANCE);
    say_mover(p, s, STAGE_ALLOWANCE);
    say(p, "; the %swindow %s at %s\n", charge && p->e->owner_cvl ? "owner's " : "",
        charge ? "ends" : "begins",
        value_words(s, charge ? p->e->cvl_top_mV : p->e->dvl_floor_mV).s);
    if (s->set_point) {
        say_head(p, s, STAGE_STATE);
        say_mover(p, s, STAGE_STATE);
        say_owner(p, s);
        say(p, "\n");
    }
    say_because(p, s);
}

static void say_hub(const struct paper *p)
{
    const struct signals *s = &p->snap->hub.s;
    unsigned joined = 0, ghosts = 0;

    for (unsigned i = 0; i < p->e->n; i++) {
        joined += p->e->cluster[i].joined;
        ghosts += p->e->cluster[i].ghost && !p->e->cluster[i].joined;
    }
    say(p, "The hub is %s", hub_state_name(signal_or(s, SIG_STATE, -1)));
    if (signal_or(s, SIG_REASON, REASON_NONE) != REASON_NONE)
        say(p, ": %s", reason_words((enum reason)s->value[SIG_REASON]).s);
    say(p, ". %u of %u clusters are counted", joined, p->e->n);
    if (ghosts)
        say(p, ", %u silent on the bus bar", ghosts);
    say(p, ".\n");
}

void explain_text(const struct explanation *e, const struct snapshot *snap,
                  void (*out)(void *arg, const char *text), void *arg)
{
    const struct paper p = {out, arg, e, snap};
    struct subject ccl = {.name = "CCL", .title = "Charge current limit", .direction = CHARGE};
    struct subject dcl = {
        .name = "DCL", .title = "Discharge current limit", .direction = DISCHARGE};
    struct subject cvl = {.name = "CVL", .title = "Charge voltage limit", .direction = CHARGE};
    struct subject dvl = {
        .name = "DVL", .title = "Discharge voltage limit", .direction = DISCHARGE};

    ccl.l = &e->limits.ccl;
    ccl.way = &e->charge;
    ccl.set_point = &e->set_ccl;
    ccl.option = "charge_current_max";
    dcl.l = &e->limits.dcl;
    dcl.way = &e->discharge;
    dcl.set_point = &e->set_dcl;
    dcl.option = "discharge_current_max";
    cvl.l = &e->limits.cvl;
    cvl.set_point = &e->set_cvl;
    cvl.option = "charge_voltage_max";
    dvl.l = &e->limits.dvl;
    say_hub(&p);
    say_current(&p, &ccl);
    say_current(&p, &dcl);
    say_voltage(&p, &cvl);
    say_voltage(&p, &dvl);
}
