/* The ports of the hub: what goes out, when, and what becomes of it. */
#include "hub/parts.h"

#define STOP_FRAMES 3               /* of zero limits, confirmed, before the process may leave */
#define INVERTER_PATIENCE MONO_S(5) /* without a confirmed frame */

struct port_state *port_of(struct hub *hub, enum port port)
{
    if (port >= PORT_INVERTER)
        return &hub->inverter[port - PORT_INVERTER].port;
    return &hub->cluster[port].port;
}

void ports_set_time(struct hub *hub)
{
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        struct port_state *p = port_of(hub, (enum port)i);

        /* One frame a second is what a stuck port would have sent at least. */
        if (p->out && hub->now >= p->late_at) {
            p->dropped++;
            p->late_at = hub->now + MONO_S(1);
        }
    }
}

void hub_link(struct hub *hub, enum port port, const struct link_report *report)
{
    struct port_state *p = port_of(hub, port);
    uint8_t place = port >= PORT_INVERTER ? (uint8_t)(EVENT_AT_INVERTER + (port - PORT_INVERTER))
                                          : (uint8_t)(EVENT_AT_CLUSTER + port);

    p->lost += report->frames_lost;
    p->errors += report->bus_errors;
    if (p->out && (report->frames_lost || report->flushed))
        hub_tx_done(hub, port, false); /* the news of the frame that is out may be among them */
    if (report->state == p->link)
        return;
    event_put(hub, EVENT_LINK_STATE, place, p->link, report->state, REASON_NONE, report->why);
    p->link = report->state;
    if (!port_can_send(p))
        p->out = false; /* whatever was out is gone with the link */
    hub->dirty = true;
}

/* Two that tell an inverter what the battery allows: it obeys whoever spoke last. Told for a
 * minute, so that one frame now and then is a standing alarm. */
#define CONFLICT_FOR MONO_S(60)

void inverter_rx(struct hub *hub, struct inverter *inv, const struct frame *f)
{
    if (speaker_rx(&inv->speaker, f, hub->now))
        return;
    inv->port.unknown++;
    if (!f->ext && dialect_frame(inv->speaker.dialect, f->id))
        inv->conflict_until = hub->now + CONFLICT_FOR;
}

/* "After 60 s of zero limits": some inverters act on silence and on nothing else. */
#define DARK_ENOUGH MONO_S(60)

bool inverter_is_muted(const struct hub *hub, const struct inverter *inv)
{
    bool silent =
        hub->rules.on_total_loss == LOSS_SILENT ||
        (hub->rules.on_total_loss == LOSS_BY_DIALECT && inv->speaker.dialect->silent_on_loss);

    return silent && hub->dark_since && mono_since(hub->now, hub->dark_since) >= DARK_ENOUGH;
}

/* Nobody takes our frames, or an inverter that used to speak has fallen silent. */
static bool inverter_is_lost(const struct hub *hub, const struct inverter *inv)
{
    mono_us last_tx = mono_max(mono_max(inv->port.last_tx, inv->muted_until), hub->started);
    mono_us patience = MONO_S(inv->speaker.dialect->inverter_lost_s);

    if (mono_since(hub->now, last_tx) > INVERTER_PATIENCE)
        return true;
    return patience && inv->port.last_rx && mono_since(hub->now, inv->port.last_rx) > patience;
}

/* An inverter that is told nothing any more: its own time-out has to act. */
static void tell_muted(struct hub *hub, unsigned i)
{
    struct inverter *inv = &hub->inverter[i];
    bool muted = inverter_is_muted(hub, inv);

    if (muted && !inv->muted)
        event_put(hub, EVENT_NOTE, (uint8_t)(EVENT_AT_INVERTER + i), 0, 0, REASON_NONE,
                  "told nothing any more, every cluster is gone (on_total_loss)");
    inv->muted = muted;
}

void ports_alarms(struct hub *hub)
{
    const uint64_t mask = ALARM_BIT(INVERTER_LOST) | ALARM_BIT(LINK_DOWN) | ALARM_BIT(ID_CONFLICT);
    uint64_t any = 0;

    for (unsigned i = 0; i < MAX_INVERTERS; i++) {
        struct inverter *inv = &hub->inverter[i];
        uint64_t on = 0;

        if (!inv->used)
            continue;
        tell_muted(hub, i);
        if (inv->muted)
            inv->muted_until = hub->now;
        if (inverter_is_lost(hub, inv))
            on |= ALARM_BIT(INVERTER_LOST);
        if (!port_can_send(&inv->port) && mono_since(hub->now, hub->started) > INVERTER_PATIENCE)
            on |= ALARM_BIT(LINK_DOWN);
        if (hub->now < inv->conflict_until)
            on |= ALARM_BIT(ID_CONFLICT);
        alarm_put(hub, &hub->snap.inverter[i].a, (uint8_t)(EVENT_AT_INVERTER + i), TIER_WARNING,
                  mask, on);
        any |= on;
    }
    alarms_put(&hub->own, TIER_WARNING, mask, any, hub->now);
}

/* Remembers what the inverter is told, as it stands in the frame, until that is confirmed. */
static void note_said(struct inverter *inv, const struct frame *f)
{
    const struct frame_spec *spec = dialect_frame(inv->speaker.dialect, f->id);

    inv->said_something = spec && frames_read(spec, f, &inv->said) == HUB_OK;
}

static bool next_frame(struct hub *hub, enum port port, struct frame *out)
{
    struct inverter *inv;

    if (port < PORT_INVERTER)
        return (unsigned)port < hub->n_clusters && !hub->cluster[port].is_serial &&
               intake_tx(hub->cluster[port].in, hub->now, out);
    inv = &hub->inverter[port - PORT_INVERTER];
    /* Nothing leaves that rests on an old run of the rules, whoever forgot to run them. */
    if (mono_since(hub->now, hub->last_run) > RUN_MAX)
        hub_run(hub);
    if (!inv->used || inverter_is_muted(hub, inv) ||
        !speaker_next(&inv->speaker, &hub->tell, hub->now, out))
        return false;
    note_said(inv, out);
    return true;
}

bool hub_tx(struct hub *hub, enum port port, struct frame *out)
{
    struct port_state *p = port_of(hub, port);

    if (p->out || !port_can_send(p) || !next_frame(hub, port, out))
        return false;
    p->out = true;
    p->late_at = hub->now + MONO_S(1);
    return true;
}

/* A frame that left before the stop may be confirmed after it, with the old limits. */
static bool says_zero(const struct frame_news *said)
{
    unsigned limits = 0;

    for (unsigned i = 0; i < said->n; i++) {
        if (said->value[i].sig != SIG_CHARGE_CURRENT_LIMIT &&
            said->value[i].sig != SIG_DISCHARGE_CURRENT_LIMIT)
            continue;
        if (said->value[i].value)
            return false;
        limits++;
    }
    return limits > 0;
}

static void confirm_said(struct hub *hub, unsigned i)
{
    struct inverter *inv = &hub->inverter[i];

    if (!inv->said_something)
        return;
    frames_put(&inv->said, hub->now, &hub->snap.inverter[i]);
    if (hub->supervisor.stopping && says_zero(&inv->said))
        inv->zeros++;
}

void hub_tx_done(struct hub *hub, enum port port, bool confirmed)
{
    struct port_state *p = port_of(hub, port);

    if (!p->out)
        return;
    p->out = false;
    if (!confirmed) {
        p->dropped++;
        return;
    }
    p->tx++;
    p->last_tx = hub->now;
    if (port >= PORT_INVERTER)
        confirm_said(hub, (unsigned)(port - PORT_INVERTER));
}

void hub_stop(struct hub *hub)
{
    if (!hub->supervisor.stopping)
        stop_note(hub);
    supervisor_stop(&hub->supervisor);
    hub_run(hub);
    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        if (hub->inverter[i].used)
            speaker_init(&hub->inverter[i].speaker, hub->inverter[i].speaker.dialect, hub->now);
}

bool hub_stopped(const struct hub *hub)
{
    for (unsigned i = 0; i < MAX_INVERTERS; i++) {
        const struct inverter *inv = &hub->inverter[i];

        if (inv->used && port_can_send(&inv->port) && inv->zeros < STOP_FRAMES &&
            !inverter_is_muted(hub, inv))
            return false;
    }
    return hub->supervisor.stopping;
}

static mono_us port_deadline(struct hub *hub, enum port port)
{
    struct port_state *p = port_of(hub, port);

    if (p->out || !port_can_send(p))
        return MONO_NEVER;
    if (port < PORT_INVERTER)
        return (unsigned)port < hub->n_clusters && !hub->cluster[port].is_serial
                   ? intake_deadline(hub->cluster[port].in)
                   : MONO_NEVER;
    if (!hub->inverter[port - PORT_INVERTER].used ||
        inverter_is_muted(hub, &hub->inverter[port - PORT_INVERTER]))
        return MONO_NEVER;
    return speaker_deadline(&hub->inverter[port - PORT_INVERTER].speaker);
}

mono_us hub_deadline(const struct hub *hub)
{
    mono_us first = mono_min(hub->last_run + (hub->dirty ? RUN_MIN : RUN_MAX), hub->due);

    for (unsigned i = 0; i < PORT_COUNT; i++)
        first = mono_min(first, port_deadline((struct hub *)(uintptr_t)hub, (enum port)i));
    return first;
}
