/* The last line of an explanation: which stage bound the limit, in one sentence. */
#include "cli/explain_words.h"

/* "cluster 2 (share 40.0 %)" */
static void say_sharer(const struct paper *p, const struct bound *by)
{
    int64_t share = p->e->cluster[by->cluster - 1].share;

    say(p, "cluster %u", by->cluster);
    if (share)
        say(p, " (share %s)", percent(share).s);
}

static void because_of_sharing(const struct paper *p, const struct subject *s,
                               const struct bound *by)
{
    say(p, " because ");
    say_sharer(p, by);
    say(p, " allows %s", amps(s->way->part[by->cluster - 1].allows.value).s);
}

static void because_of_the_bus_bar(const struct paper *p, const struct bound *by)
{
    say(p, " because the bus bar of ");
    say_sharer(p, by);
    say(p, " carries no more");
}

static void because_of_a_ghost(const struct paper *p, const struct subject *s,
                               const struct bound *by)
{
    int64_t state = signal_or(&p->snap->cluster[by->cluster - 1].s, SIG_STATE, CLUSTER_STALE);
    bool silent = state == CLUSTER_STALE || state == CLUSTER_ABSENT;

    if (silent)
        say(p, " because cluster %u is silent and may still carry its share", by->cluster);
    else /* its cable is well: nobody shall look there */
        say(p, " because cluster %u is not counted (%s) and may still carry its share", by->cluster,
            cluster_state_name(state));
    if (silent && s->way && s->way->part[by->cluster - 1].allows.value >= 0)
        say(p, "; it allowed %s when it was heard last",
            amps(s->way->part[by->cluster - 1].allows.value).s);
}

/* What the clusters allow themselves: one of them, or all together when there are more. */
static void because_of_clusters(const struct paper *p, const struct subject *s,
                                const struct bound *by, int64_t value)
{
    unsigned joined = 0;

    for (unsigned i = 0; i < p->e->n; i++)
        joined += p->e->cluster[i].joined;
    if (s->way && joined > 1 && value > 0)
        say(p, " because the %u clusters together allow no more", joined);
    else
        say(p, " because the BMS of cluster %u %s", by->cluster,
            s->way || s->direction == CHARGE ? "allows no more" : "asks for no less");
}

/* The cluster tells no limit. */
static void because_of_the_profile(const struct paper *p, const struct subject *s,
                                   const struct bound *by)
{
    say(p, " because the BMS of cluster %u tells none, and its profile %s", by->cluster,
        s->way || s->direction == CHARGE ? "allows no more" : "asks for no less");
}

static void because_of_the_table(const struct paper *p, const struct subject *s, int64_t value)
{
    const struct table_cell *t = &s->way->table;
    bool ghost = value < t->mA;

    if (ghost)
        t = &s->way->with_ghost;
    say(p, " because the allowance table gives %u cluster%s%s of %u module%s no more", t->clusters,
        t->clusters == 1 ? "" : "s", ghost ? " (a silent one among them)" : "", t->modules,
        t->modules == 1 ? "" : "s");
}

static void because_of_the_hub(const struct paper *p)
{
    const struct signals *s = &p->snap->hub.s;

    say(p, " because the hub is %s", hub_state_name(signal_or(s, SIG_STATE, -1)));
    if (signal_or(s, SIG_REASON, REASON_NONE) != REASON_NONE)
        say(p, ": %s", reason_words((enum reason)s->value[SIG_REASON]).s);
}

static void because(const struct paper *p, const struct subject *s, const struct bound *by,
                    int64_t value);

/* The rate only delays; what it delays has its own reason. */
static void because_of_the_rate(const struct paper *p, const struct subject *s,
                                const struct bound *by)
{
    int64_t goal = s->l->after[STAGE_STATE];

    if (by->reason == REASON_HOLD && s->way->rate_known)
        say(p, " because it waits another %s before it rises to %s", seconds(s->way->hold_left).s,
            amps(goal).s);
    else if (by->reason == REASON_HOLD)
        say(p, " because it waits before it rises to %s", amps(goal).s);
    else if (s->way->rate_known)
        say(p, " because it rises by %s a second, to %s", amps(s->way->rise_mA_s).s, amps(goal).s);
    else
        say(p, " because it rises slowly, to %s", amps(goal).s);
    if (!p->e->every_stage)
        return;
    say(p, ". It would be %s", amps(goal).s);
    because(p, s, &s->l->by[STAGE_STATE], goal);
}

static void because(const struct paper *p, const struct subject *s, const struct bound *by,
                    int64_t value)
{
    bool placed = by->cluster >= 1 && by->cluster <= p->e->n;
    bool current = s->way; /* a newer gateway may have reasons for voltages that we do not know */

    if (by->reason == REASON_SHARING && placed && current)
        because_of_sharing(p, s, by);
    else if (by->reason == REASON_GHOST && placed)
        because_of_a_ghost(p, s, by);
    else if (by->reason == REASON_CLUSTER_LIMIT && placed)
        because_of_clusters(p, s, by, value);
    else if (by->reason == REASON_PROFILE_LIMIT && placed)
        because_of_the_profile(p, s, by);
    else if (by->reason == REASON_ALLOWANCE && current)
        because_of_the_table(p, s, value);
    else if (by->reason == REASON_BUS_BAR && placed)
        because_of_the_bus_bar(p, by);
    else if ((by->reason == REASON_CAP && current) ||
             (by->reason == REASON_PROFILE_WINDOW && s->option && p->e->owner_cvl))
        say(p, " because [limits] %s in the configuration allows no more", s->option);
    else if (by->reason == REASON_SET_POINT && s->set_point)
        say(p, " because a set-point from outside allows no more, for another %s",
            seconds(s->set_point->left).s);
    else if (by->reason == REASON_HUB_STATE)
        because_of_the_hub(p);
    else if ((by->reason == REASON_HOLD || by->reason == REASON_RAMP) && current)
        because_of_the_rate(p, s, by);
    else
        say(p, ": %s%s%s", place_words(by).s, reason_words(by->reason).s,
            measured_words(by, s->direction, p->snap).s);
}

void say_because(const struct paper *p, const struct subject *s)
{
    const struct limit *l = s->l;
    const struct bound by = {l->reason, l->cluster, l->module, l->cell};

    say(p, "  %s is %s", s->name, value_words(s, l->value).s);
    because(p, s, &by, l->value);
    say(p, ".\n");
}
