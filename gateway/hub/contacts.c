/* Relays and inputs of the hub: what the edge has read goes in, what each relay shall be comes out.
 * Who drives and reads them, if anybody does, is not known here. */
#include "hub/parts.h"

#include <stdio.h>
#include <string.h>

static void relay_read(struct relay_rule *rule, const struct config *cfg, unsigned i)
{
    if (!config_has(cfg, "relay", i + 1))
        return;
    relay_named(config_text(cfg, "relay", i + 1, "function"), rule);
    rule->soc_on = config_num(cfg, "relay", i + 1, "soc_on");
    rule->soc_off = config_num(cfg, "relay", i + 1, "soc_off");
}

void contacts_read(struct contacts *c, const struct config *cfg)
{
    for (unsigned i = 0; i < MAX_RELAYS; i++)
        relay_read(&c->relay[i], cfg, i);
    for (unsigned i = 0; i < MAX_INPUTS; i++)
        if (config_has(cfg, "input", i + 1))
            input_named(config_text(cfg, "input", i + 1, "function"), &c->input[i]);
}

/* An edge of input i; -1 is "not read". */
static void input_put(struct hub *hub, unsigned i, struct input_state now)
{
    static const char *const words[] = {"unknown", "open", "closed"};
    struct input_state *was = &hub->contacts.state[i];
    int before = was->known ? was->closed : -1, after = now.known ? now.closed : -1;
    char text[80];

    *was = now;
    if (before == after)
        return;
    snprintf(text, sizeof(text), "input %u (%s) %s", i + 1, input_word(&hub->contacts.input[i]),
             words[after + 1]);
    event_put(hub, EVENT_INPUT, EVENT_AT_HUB, before, after, REASON_NONE, text);
    hub->dirty = true;
}

static bool input_is_used(const struct hub *hub, unsigned input)
{
    return input < MAX_INPUTS && hub->contacts.input[input].function != INPUT_UNUSED;
}

enum status hub_input(struct hub *hub, unsigned input, bool closed)
{
    if (!input_is_used(hub, input))
        return HUB_ERANGE;
    input_put(hub, input, (struct input_state){.known = true, .closed = closed});
    return HUB_OK;
}

enum status hub_input_lost(struct hub *hub, unsigned input)
{
    if (!input_is_used(hub, input))
        return HUB_ERANGE;
    input_put(hub, input, (struct input_state){.known = false});
    return HUB_OK;
}

bool hub_relay(const struct hub *hub, unsigned relay)
{
    return relay < MAX_RELAYS && hub->contacts.closed[relay];
}

bool contacts_has(const struct hub *hub, enum relay_function function)
{
    for (unsigned i = 0; i < MAX_RELAYS; i++)
        if (hub->contacts.relay[i].function == function)
            return true;
    return false;
}

void contacts_look(struct hub *hub)
{
    inputs_look(&hub->inputs, hub->contacts.input, hub->contacts.state, MAX_INPUTS);
}

#define GUARD_LOOKS MONO_S(1) /* it judges a cluster that was out only from the next run on */

/* An exclude that was only asked for counts: where a relay can open the contactor, it is what makes
 * the cluster open, and the exclude waits for that. */
static bool wants_off(const struct cluster *c)
{
    return cluster_is_out(c) || c->latches || c->exclude;
}

/* A contactor that was opened stays so until the join guard lets the cluster in: closing it
 * connects the batteries, whatever lies between them. */
static bool is_guarded(const struct hub *hub, unsigned i)
{
    const struct cluster *c = &hub->cluster[i];

    return hub->contacts.off[i] && c->open.proven && cluster_is_fresh(hub, c) &&
           (c->look.guard || hub->now < hub->contacts.let_go_at[i]);
}

static void look_who_is_off(struct hub *hub)
{
    struct contacts *k = &hub->contacts;

    for (unsigned i = 0; i < hub->n_clusters; i++) {
        bool wanted = wants_off(&hub->cluster[i]);

        if (wanted)
            k->let_go_at[i] = hub->now + GUARD_LOOKS;
        k->off[i] = wanted || is_guarded(hub, i);
    }
}

/* Zero limits are no fault while the hub waits for its clusters at start, or because the process is
 * being stopped. */
static uint64_t own_faults(const struct hub *hub)
{
    const struct supervisor *sv = &hub->supervisor;
    uint64_t bad = hub->own.active[TIER_PROTECTION];

    if (sv->state == HUB_WAITING || sv->reason == REASON_STOPPING)
        bad &= ~ALARM_BIT(GENERAL);
    return bad | hub->own.active[TIER_FAULT] | hub->latches;
}

static bool is_fault(const struct hub *hub)
{
    uint64_t bad = own_faults(hub);

    for (unsigned i = 0; i < hub->n_clusters; i++) {
        const struct alarms *a = &hub->snap.cluster[i].a;

        bad |= a->active[TIER_PROTECTION] | a->active[TIER_FAULT] | hub->cluster[i].latches;
    }
    return bad;
}

static struct relays_view relays_see(const struct hub *hub)
{
    struct relays_view v = {.soc = signal_or(&hub->snap.hub.s, SIG_SOC, -1),
                            .running = hub->supervisor.state == HUB_RUNNING ||
                                       hub->supervisor.state == HUB_DEGRADED,
                            .fault = is_fault(hub),
                            .charge = hub->limits.ccl.value > 0,
                            .discharge = hub->limits.dcl.value > 0,
                            .latches = hub->latches};

    memcpy(v.off, hub->contacts.off, sizeof(v.off));
    return v;
}

static void relay_put(struct hub *hub, unsigned i, bool closed)
{
    struct contacts *c = &hub->contacts;
    char text[80];

    if (c->closed[i] == closed)
        return;
    c->closed[i] = closed;
    snprintf(text, sizeof(text), "relay %u (%s) %s", i + 1, relay_word(&c->relay[i]),
             closed ? "closed" : "open");
    event_put(hub, EVENT_RELAY, EVENT_AT_HUB, !closed, closed, REASON_NONE, text);
}

void contacts_drive(struct hub *hub)
{
    struct contacts *c = &hub->contacts;
    struct signals *s = &hub->snap.hub.s;
    struct relays_view view;

    look_who_is_off(hub);
    view = relays_see(hub);
    for (unsigned i = 0; i < MAX_RELAYS; i++) {
        if (c->relay[i].function == RELAY_UNUSED)
            continue;
        relay_put(hub, i, relay_next(&c->relay[i], &view, c->closed[i]));
        signal_set(s, (enum signal)(SIG_RELAY + i), c->closed[i], hub->now);
    }
    for (unsigned i = 0; i < MAX_INPUTS; i++) {
        if (c->state[i].known)
            signal_set(s, (enum signal)(SIG_INPUT + i), c->state[i].closed, hub->now);
        else
            signal_forget(s, (enum signal)(SIG_INPUT + i));
    }
}
