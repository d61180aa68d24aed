#include "core/member.h"

#include <stddef.h>

static const struct edge {
    enum cluster_state from;
    enum member_event event;
    enum cluster_state to;
} edges[] = {
    {CLUSTER_ABSENT,  MEMBER_HEARD,    CLUSTER_STANDBY},
    {CLUSTER_ABSENT,  MEMBER_COMPLETE, CLUSTER_JOINED },
    {CLUSTER_STANDBY, MEMBER_COMPLETE, CLUSTER_JOINED },
    {CLUSTER_STANDBY, MEMBER_SETTLED,  CLUSTER_JOINED },
    {CLUSTER_STANDBY, MEMBER_SILENT,   CLUSTER_STALE  },
    {CLUSTER_JOINED,  MEMBER_SILENT,   CLUSTER_STALE  },
    {CLUSTER_STALE,   MEMBER_BACK,     CLUSTER_STANDBY},
};

enum cluster_state member_next(enum cluster_state from, enum member_event event)
{
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        if (edges[i].from == from && edges[i].event == event)
            return edges[i].to;
    return from;
}

void member_init(struct member *m)
{
    *m = (struct member){.state = CLUSTER_ABSENT, .reason = REASON_NEVER_SEEN};
}

/* "Re-join after max(30 s, 3 periods) of good data, after 5 s if the gap was under 10 s." */
static mono_us wait_for(const struct member_rules *rules, mono_us gap, mono_us period)
{
    if (gap < rules->short_gap)
        return rules->rejoin_short;
    return mono_max(rules->rejoin, 3 * period);
}

static void go(struct member *m, enum member_event event)
{
    m->state = member_next(m->state, event);
}

static void fall_silent(struct member *m, const struct member_input *in, mono_us now)
{
    /* A short return in between does not make the gap shorter. */
    if (!m->ghost) {
        /* The moment the data ran out, not the one somebody looked. */
        m->silent_since = in->complete && in->fresh_until ? mono_min(in->fresh_until, now) : now;
        m->last_good = in->oldest;
    }
    m->ghost = true;
    m->reason = REASON_SILENT;
    go(m, MEMBER_SILENT);
}

static void come_back(struct member *m, const struct member_rules *rules,
                      const struct member_input *in, mono_us now)
{
    m->settled_at = now + wait_for(rules, mono_since(now, m->last_good), in->period);
    m->reason = REASON_REJOIN_WAIT;
    go(m, MEMBER_BACK);
}

static void count_in(struct member *m, enum member_event event)
{
    go(m, event);
    m->ghost = false;
    m->reason = REASON_NONE;
}

void member_run(struct member *m, const struct member_rules *rules, const struct member_input *in,
                mono_us now)
{
    bool fresh = in->complete && now < in->fresh_until;

    if (!in->complete && in->heard && m->state == CLUSTER_ABSENT) {
        m->reason = REASON_INCOMPLETE;
        go(m, MEMBER_HEARD);
    }
    if (!fresh) {
        if (m->state == CLUSTER_JOINED || (m->state == CLUSTER_STANDBY && m->ghost))
            fall_silent(m, in, now);
        return;
    }
    if (m->state == CLUSTER_STALE)
        come_back(m, rules, in, now);
    else if (m->state == CLUSTER_STANDBY && m->ghost && now >= m->settled_at)
        count_in(m, MEMBER_SETTLED);
    else if (m->state != CLUSTER_JOINED && !m->ghost)
        count_in(m, MEMBER_COMPLETE);
}
