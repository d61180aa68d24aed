#include "core/supervisor.h"

#include <stddef.h>

static const struct edge {
    enum hub_state from;
    enum hub_event event;
    enum hub_state to;
} edges[] = {
    {HUB_WAITING,  HUB_EV_ALL_JOINED,  HUB_RUNNING },
    {HUB_WAITING,  HUB_EV_START_OVER,  HUB_DEGRADED},
    {HUB_WAITING,  HUB_EV_STOP,        HUB_STOPPED },
    {HUB_RUNNING,  HUB_EV_SOME_JOINED, HUB_DEGRADED},
    {HUB_RUNNING,  HUB_EV_NONE_JOINED, HUB_STOPPED },
    {HUB_RUNNING,  HUB_EV_STOP,        HUB_STOPPED },
    {HUB_DEGRADED, HUB_EV_ALL_JOINED,  HUB_RUNNING },
    {HUB_DEGRADED, HUB_EV_NONE_JOINED, HUB_STOPPED },
    {HUB_DEGRADED, HUB_EV_STOP,        HUB_STOPPED },
    {HUB_STOPPED,  HUB_EV_ALL_JOINED,  HUB_RUNNING },
    {HUB_STOPPED,  HUB_EV_SOME_JOINED, HUB_DEGRADED},
};

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

static enum hub_event event_of(const struct supervisor *sv, const struct supervisor_rules *rules,
                               unsigned joined, unsigned configured, mono_us now)
{
    if (joined == configured)
        return HUB_EV_ALL_JOINED;
    if (joined == 0)
        return HUB_EV_NONE_JOINED;
    if (sv->state == HUB_WAITING && rules->start_incomplete &&
        now >= sv->started + rules->start_wait)
        return HUB_EV_START_OVER;
    return HUB_EV_SOME_JOINED;
}

void supervisor_run(struct supervisor *sv, const struct supervisor_rules *rules, unsigned joined,
                    unsigned configured, mono_us now)
{
    static const enum reason reasons_of[HUB_STATE_COUNT] = {
        [HUB_WAITING] = REASON_WAIT_CLUSTERS,
        [HUB_RUNNING] = REASON_NONE,
        [HUB_DEGRADED] = REASON_CLUSTER_MISSING,
        [HUB_STOPPED] = REASON_NO_CLUSTER,
    };

    if (sv->stopping)
        return;
    sv->state = hub_next(sv->state, event_of(sv, rules, joined, configured, now));
    sv->reason = reasons_of[sv->state];
}

void supervisor_stop(struct supervisor *sv)
{
    sv->state = hub_next(sv->state, HUB_EV_STOP);
    sv->reason = REASON_STOPPING;
    sv->stopping = true;
}
