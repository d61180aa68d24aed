#include "hub/playback.h"

#include <stdio.h>
#include <string.h>

#include "hub/parts.h"

#define START MONO_S(1) /* of the hub's clock; 0 means never in many places */

/* ---- which port ---- */

static const char *section_of(enum port port, unsigned *index)
{
    *index = (unsigned)(port < PORT_INVERTER ? port - PORT_CLUSTER : port - PORT_INVERTER) + 1;
    return port < PORT_INVERTER ? "cluster" : "inverter";
}

static bool is_used(const struct config *cfg, enum port port)
{
    unsigned index;
    const char *section = section_of(port, &index);

    if (port < PORT_INVERTER)
        return index <= config_num(cfg, "hub", 0, "clusters");
    return config_has(cfg, section, index);
}

static bool is_named(const struct config *cfg, enum port port, const char *interface)
{
    struct config_link link;
    const char *section, *why;
    char own[4];
    unsigned index;

    section = section_of(port, &index);
    snprintf(own, sizeof(own), "%c%u", section[0], index);
    if (strcmp(interface, own) == 0)
        return true;
    return config_link(config_text(cfg, section, index, "link"), &link, &why) &&
           strcmp(link.kind, "can") == 0 && strcmp(link.target, interface) == 0;
}

static enum port find_port(const struct config *cfg, const char *interface)
{
    for (enum port port = PORT_CLUSTER; port < PORT_COUNT; port++)
        if (is_used(cfg, port) && is_named(cfg, port, interface))
            return port;
    return PORT_COUNT;
}

/* ---- what is in it ---- */

static void count_unused(struct playback *pb, const char *interface)
{
    for (unsigned i = 0; i < pb->n_unused; i++)
        if (strcmp(pb->unused[i].interface, interface) == 0) {
            pb->unused[i].frames++;
            return;
        }
    if (pb->n_unused == PLAYBACK_NAMES)
        return;
    snprintf(pb->unused[pb->n_unused].interface, CANDUMP_NAME_MAX, "%s", interface);
    pb->unused[pb->n_unused++].frames = 1;
}

/* From one frame to the next; a log whose clock went back goes on from there. */
static mono_us gap_before(const struct candump_log *log, size_t i)
{
    return i ? mono_since(log->entries[i].at, log->entries[i - 1].at) : 0;
}

bool playback_look(struct playback *out, const struct config *cfg, const struct candump_log *log)
{
    bool any = false;

    *out = (struct playback){.log = log, .begin = log->n ? log->entries[0].at : 0};
    for (size_t i = 0; i < log->n; i++) {
        const char *interface = log->entries[i].interface;
        enum port port = find_port(cfg, interface);

        out->length += gap_before(log, i);
        out->longest_gap = mono_max(out->longest_gap, gap_before(log, i));
        if (port == PORT_COUNT) {
            count_unused(out, interface);
            continue;
        }
        out->frames[port]++;
        any |= port < PORT_INVERTER;
    }
    return any;
}

/* ---- playing ---- */

static void begin(struct hub *hub)
{
    for (enum port port = PORT_CLUSTER; port < PORT_COUNT; port++)
        hub_link(hub, port, &(struct link_report){.state = LINK_UP, .why = ""});
    for (unsigned i = 0; i < MAX_INPUTS; i++) /* a stop input is normally closed */
        hub_input(hub, i, hub->contacts.input[i].function == INPUT_STOP);
}

static void take_all(struct hub *hub)
{
    struct frame f;
    struct event e;
    struct record r;

    for (enum port port = PORT_CLUSTER; port < PORT_COUNT; port++)
        while (hub_tx(hub, port, &f))
            hub_tx_done(hub, port, true);
    while (hub_event_out(hub, &e))
        ;
    while (hub_store_out(hub, &r))
        hub_store_done(hub, r.ticket, true);
}

static void turn(struct hub *hub)
{
    if (hub_wants_run(hub))
        hub_run(hub);
    take_all(hub);
}

/* Keeps the deadlines of the hub up to `until`. */
static void pass(struct hub *hub, mono_us until)
{
    for (;;) {
        mono_us due = mono_max(hub_deadline(hub), hub->now + MONO_MS(1));

        if (due >= until)
            break;
        hub_set_time(hub, due);
        turn(hub);
    }
    hub_set_time(hub, until);
}

struct hub *playback_run(const struct playback *pb, const struct config *cfg, mono_us span)
{
    struct hub *hub = hub_new(cfg, START);
    mono_us at = 0;

    if (!hub)
        return NULL;
    begin(hub);
    for (size_t i = 0; i < pb->log->n; i++) {
        const struct candump_entry *e = &pb->log->entries[i];
        enum port port = find_port(cfg, e->interface);

        at += gap_before(pb->log, i);
        if (at > span)
            break;
        pass(hub, START + at);
        if (port != PORT_COUNT)
            hub_rx(hub, port, &e->frame);
        turn(hub);
    }
    pass(hub, START + span);
    hub_run(hub); /* whatever came at this very moment */
    return hub;
}
