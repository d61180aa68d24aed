#include "core/supervisor.h"

#define EDGE(from, event, to) {HUB_##from, HUB_EV_##event, HUB_##to},

/* clang-format off */
static const struct hub_edge edges[] = {
    EDGE(WAITING, ALL_JOINED, RUNNING)
    EDGE(WAITING, ALL_SEEN, DEGRADED)
    EDGE(WAITING, START_OVER, DEGRADED)
    EDGE(WAITING, HALT, STOPPED)
    EDGE(WAITING, LOCK, LOCKED)
    EDGE(WAITING, STOP, STOPPED)
    EDGE(RUNNING, SOME_JOINED, DEGRADED)
    EDGE(RUNNING, NONE_JOINED, STOPPED)
    EDGE(RUNNING, HALT, STOPPED)
    EDGE(RUNNING, LOCK, LOCKED)
    EDGE(RUNNING, STOP, STOPPED)
    EDGE(DEGRADED, ALL_JOINED, RUNNING)
    EDGE(DEGRADED, NONE_JOINED, STOPPED)
    EDGE(DEGRADED, HALT, STOPPED)
    EDGE(DEGRADED, LOCK, LOCKED)
    EDGE(DEGRADED, STOP, STOPPED)
    EDGE(STOPPED, ALL_JOINED, RUNNING)
    EDGE(STOPPED, SOME_JOINED, DEGRADED)
    EDGE(STOPPED, RESUME, WAITING)
    EDGE(STOPPED, LOCK, LOCKED)
    EDGE(LOCKED, UNLOCK, WAITING)
    EDGE(LOCKED, STOP, STOPPED)
};
/* clang-format on */

bool hub_edge(size_t i, struct hub_edge *out)
{
    if (i >= sizeof(edges) / sizeof(edges[0]))
        return false;
    *out = edges[i];
    return true;
}

const char *hub_event_name(enum hub_event event)
{
    static const char *const names[HUB_EVENT_COUNT] = {
        [HUB_EV_ALL_JOINED] = "ALL_JOINED",   [HUB_EV_SOME_JOINED] = "SOME_JOINED",
        [HUB_EV_NONE_JOINED] = "NONE_JOINED", [HUB_EV_ALL_SEEN] = "ALL_SEEN",
        [HUB_EV_START_OVER] = "START_OVER",   [HUB_EV_HALT] = "HALT",
        [HUB_EV_RESUME] = "RESUME",           [HUB_EV_LOCK] = "LOCK",
        [HUB_EV_UNLOCK] = "UNLOCK",           [HUB_EV_STOP] = "STOP",
    };

    return event < HUB_EVENT_COUNT ? names[event] : "?";
}

enum hub_state hub_next(enum hub_state from, enum hub_event event)
{
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        if (edges[i].from == from && edges[i].event == event)
            return edges[i].to;
    return from;
}

bool hub_current_allowed(enum hub_state state)
{
    static const bool allowed[HUB_STATE_COUNT] = {
        [HUB_RUNNING] = true,
        [HUB_DEGRADED] = true,
    };

    return allowed[state];
}

void supervisor_init(struct supervisor *sv, mono_us now)
{
    *sv = (struct supervisor){.state = HUB_WAITING, .reason = REASON_WAIT_CLUSTERS, .started = now};
}

static enum hub_event joining(const struct supervisor *sv, const struct supervisor_rules *rules,
                              const struct supervisor_input *in, mono_us now)
{
    if (in->joined == in->configured)
        return HUB_EV_ALL_JOINED;
    if (in->joined == 0)
        return HUB_EV_NONE_JOINED;
    if (sv->state == HUB_WAITING && in->seen == in->configured)
        return HUB_EV_ALL_SEEN;
    if (sv->state == HUB_WAITING && rules->start_incomplete &&
        now >= sv->started + rules->start_wait)
        return HUB_EV_START_OVER;
    return HUB_EV_SOME_JOINED;
}

static enum reason reason_of(const struct supervisor *sv, const struct supervisor_input *in)
{
    switch (sv->state) { /* GCOVR_EXCL_BR_LINE: nothing outside of the enumeration */
    case HUB_WAITING:
        return REASON_WAIT_CLUSTERS;
    case HUB_DEGRADED:
        return REASON_CLUSTER_MISSING;
    case HUB_STOPPED:
        return in->halt ? in->halt : REASON_NO_CLUSTER;
    case HUB_LOCKED:
        return in->lock;
    case HUB_RUNNING:
    case HUB_STATE_COUNT:
        break;
    }
    return REASON_NONE;
}

/* A lock and a halt come before everything; after them the hub begins as at its start. */
void supervisor_run(struct supervisor *sv, const struct supervisor_rules *rules,
                    const struct supervisor_input *in, mono_us now)
{
    if (sv->stopping)
        return;
    if (in->lock) {
        sv->state = hub_next(sv->state, HUB_EV_LOCK);
    } else {
        sv->state = hub_next(sv->state, HUB_EV_UNLOCK);
        if (in->halt)
            sv->state = hub_next(sv->state, HUB_EV_HALT);
        else if (sv->halted)
            sv->state = hub_next(sv->state, HUB_EV_RESUME);
        sv->halted = in->halt != REASON_NONE;
        if (!sv->halted)
            sv->state = hub_next(sv->state, joining(sv, rules, in, now));
    }
    sv->reason = reason_of(sv, in);
    sv->started_up = sv->started_up || hub_current_allowed(sv->state);
}

void supervisor_stop(struct supervisor *sv)
{
    sv->state = hub_next(sv->state, HUB_EV_STOP);
    sv->reason = REASON_STOPPING;
    sv->stopping = true;
}

mono_us supervisor_due(const struct supervisor *sv, const struct supervisor_rules *rules,
                       mono_us now)
{
    mono_us due = sv->started + rules->start_wait;

    return sv->state == HUB_WAITING && due > now ? due : MONO_NEVER;
}
