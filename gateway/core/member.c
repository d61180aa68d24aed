#include "core/member.h"

#include <stddef.h>

#define OPEN_PATIENCE MONO_S(3) /* for a cluster that was taken out to open its contactors */

#define EDGE(from, event, to) {CLUSTER_##from, MEMBER_##event, CLUSTER_##to},

/* clang-format off */
static const struct member_edge edges[] = {
    EDGE(ABSENT, HEARD, STANDBY)
    EDGE(ABSENT, COMPLETE, JOINED)
    EDGE(ABSENT, REFUSED, STANDBY)
    EDGE(STANDBY, COMPLETE, JOINED)
    EDGE(STANDBY, SETTLED, JOINED)
    EDGE(STANDBY, SILENT, STALE)
    EDGE(STALE, BACK, STANDBY)
    EDGE(JOINED, SILENT, STALE)
    EDGE(JOINED, PROTECTION, PROTECTED)
    EDGE(JOINED, OPENED, STANDBY)
    EDGE(JOINED, REFUSED, STANDBY)
    EDGE(PROTECTED, SILENT, STALE)
    EDGE(PROTECTED, CALM, JOINED)
    EDGE(PROTECTED, OPENED, STANDBY)
    EDGE(PROTECTED, REFUSED, STANDBY)
    EDGE(ABSENT, SHUT, SHUT_DOWN)         /* a latch that was kept over a restart */
    EDGE(STALE, SHUT, SHUT_DOWN)
    EDGE(STANDBY, SHUT, SHUT_DOWN)
    EDGE(JOINED, SHUT, SHUT_DOWN)
    EDGE(PROTECTED, SHUT, SHUT_DOWN)
    EDGE(SHUT_DOWN, RELEASED, STANDBY)
    EDGE(SHUT_DOWN, UNSEEN, ABSENT)
    EDGE(ABSENT, EXCLUDED, EXCLUDED)
    EDGE(STALE, EXCLUDED, EXCLUDED)
    EDGE(STANDBY, EXCLUDED, EXCLUDED)
    EDGE(JOINED, EXCLUDED, EXCLUDED)
    EDGE(PROTECTED, EXCLUDED, EXCLUDED)
    EDGE(SHUT_DOWN, EXCLUDED, EXCLUDED)
    EDGE(EXCLUDED, INCLUDED, STANDBY)
    EDGE(EXCLUDED, UNSEEN, ABSENT)
};
/* clang-format on */

bool member_edge(size_t i, struct member_edge *out)
{
    if (i >= sizeof(edges) / sizeof(edges[0]))
        return false;
    *out = edges[i];
    return true;
}

const char *member_event_name(enum member_event event)
{
    static const char *const names[MEMBER_EVENT_COUNT] = {
        [MEMBER_HEARD] = "HEARD",
        [MEMBER_COMPLETE] = "COMPLETE",
        [MEMBER_REFUSED] = "REFUSED",
        [MEMBER_SILENT] = "SILENT",
        [MEMBER_BACK] = "BACK",
        [MEMBER_SETTLED] = "SETTLED",
        [MEMBER_PROTECTION] = "PROTECTION",
        [MEMBER_CALM] = "CALM",
        [MEMBER_OPENED] = "OPENED",
        [MEMBER_SHUT] = "SHUT",
        [MEMBER_RELEASED] = "RELEASED",
        [MEMBER_EXCLUDED] = "EXCLUDED",
        [MEMBER_INCLUDED] = "INCLUDED",
        [MEMBER_UNSEEN] = "UNSEEN",
    };

    return event < MEMBER_EVENT_COUNT ? names[event] : "?";
}

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

static void go(struct member *m, enum member_event event, enum reason reason)
{
    m->state = member_next(m->state, event);
    m->reason = reason;
}

static void fall_silent(struct member *m, const struct member_input *in, mono_us now)
{
    bool counted = member_joined(m);

    /* A short return in between does not make the gap shorter. */
    if (!m->ghost && in->complete) {
        m->last_good = in->oldest;
        m->silent_since = in->fresh_until ? in->fresh_until : now;
    }
    /* The moment the data ran out, not the one somebody looked. An incomplete set is no news about
     * the gap: after a long one each part comes anew. */
    m->silent_since = mono_min(m->silent_since, now);
    m->ghost = (m->ghost || counted) && !in->open;
    go(m, MEMBER_SILENT, m->state == CLUSTER_PROTECTED ? REASON_SELF_RESTART : REASON_SILENT);
}

static void come_back(struct member *m, const struct member_rules *rules,
                      const struct member_input *in, mono_us now)
{
    m->settled_at = now + wait_for(rules, mono_since(now, m->last_good), in->period);
    go(m, MEMBER_BACK, REASON_REJOIN_WAIT);
}

/* Taken out by the rules or by the operator. Its current flows on until it is proven open. */
static void take_out(struct member *m, enum member_event event, enum reason reason,
                     const struct member_input *in, mono_us now)
{
    go(m, event, reason);
    m->ghost = !in->open;
    if (in->open)
        m->holds_at = 0;
    else if (!m->holds_at)
        m->holds_at = now + OPEN_PATIENCE;
}

/* No longer taken out: it may be let in as soon as its data are good. */
static void let_go(struct member *m, enum member_event event, const struct member_input *in,
                   mono_us now)
{
    go(m, in->heard ? event : MEMBER_UNSEEN, in->heard ? REASON_INCOMPLETE : REASON_NEVER_SEEN);
    m->holds_at = 0;
    m->settled_at = now;
    m->silent_since = m->last_good = now;
}

/* Counted, with fresh data: does it stay so? */
static void stay(struct member *m, const struct member_input *in)
{
    if (in->contactor_open)
        go(m, MEMBER_OPENED, REASON_CONTACTOR_OPEN);
    else if (in->guard && in->open)
        go(m, MEMBER_OPENED, in->guard);
    else if (in->guard && in->hub_waits && in->never_carried)
        go(m, MEMBER_REFUSED, in->guard);
    else if (in->protection)
        go(m, MEMBER_PROTECTION, REASON_IN_PROTECTION);
    else
        go(m, MEMBER_CALM, REASON_NONE);
}

/* Not counted, with fresh data: is it let in? The guard refuses only what is open: what carries
 * current is counted, whatever is wrong with it. */
static void let_in(struct member *m, const struct member_input *in)
{
    if (in->contactor_open) {
        go(m, MEMBER_REFUSED, REASON_CONTACTOR_OPEN);
    } else if (in->guard && (in->open || in->never_carried)) {
        go(m, MEMBER_REFUSED, in->guard);
    } else {
        go(m, m->ghost ? MEMBER_SETTLED : MEMBER_COMPLETE, REASON_NONE);
        m->ghost = false;
    }
}

/* What the gap is counted from if it falls silent now. */
static void note_good(struct member *m, const struct member_input *in)
{
    if (m->ghost)
        return;
    m->last_good = in->oldest;
    m->silent_since = in->fresh_until;
}

static void run_fresh(struct member *m, const struct member_rules *rules,
                      const struct member_input *in, mono_us now)
{
    if (m->state == CLUSTER_STALE) {
        come_back(m, rules, in, now);
    } else if (member_joined(m)) {
        note_good(m, in);
        stay(m, in);
    } else {
        note_good(m, in);
        if (now >= m->settled_at)
            let_in(m, in);
    }
    /* Whoever carries current is on the copper, also while it waits to be counted. */
    if (!member_joined(m) && !in->open && !in->never_carried)
        m->ghost = true;
}

void member_run(struct member *m, const struct member_rules *rules, const struct member_input *in,
                mono_us now)
{
    if (in->open)
        m->ghost = false;
    if (in->exclude) {
        take_out(m, MEMBER_EXCLUDED, REASON_OPERATOR_EXCLUDED, in, now);
        return;
    }
    if (m->state == CLUSTER_EXCLUDED)
        let_go(m, MEMBER_INCLUDED, in, now);
    if (in->shut) {
        take_out(m, MEMBER_SHUT, in->shut, in, now);
        return;
    }
    if (m->state == CLUSTER_SHUT_DOWN)
        let_go(m, MEMBER_RELEASED, in, now);
    if (!in->complete && in->heard && m->state == CLUSTER_ABSENT)
        go(m, MEMBER_HEARD, REASON_INCOMPLETE);
    if (in->complete && now < in->fresh_until)
        run_fresh(m, rules, in, now);
    else if (member_joined(m) || (m->state == CLUSTER_STANDBY && (m->ghost || in->complete)))
        fall_silent(m, in, now);
}

bool member_holds_hub(const struct member *m, mono_us now)
{
    return m->holds_at && now >= m->holds_at;
}

mono_us member_due(const struct member *m, mono_us now)
{
    mono_us due = MONO_NEVER;

    if (m->holds_at > now)
        due = m->holds_at;
    if (m->state == CLUSTER_STANDBY && m->settled_at > now)
        due = mono_min(due, m->settled_at);
    return due;
}
