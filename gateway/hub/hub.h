/* The whole gateway without its wires.
 *
 * The caller owns the clock and the buses: it hands in the time and the frames, and takes
 * out frames to send. Nothing here reads a clock, opens a file, blocks or starts a
 * thread. Calls come from one thread; time never goes back.
 *
 * A turn of the loop: hub_set_time, then hub_rx for each frame that came, then hub_run
 * when hub_wants_run says so, then hub_tx for each port until false, then hub_event_out
 * and hub_store_out until false. */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "base/status.h"
#include "config.h"
#include "model/event.h"
#include "model/order.h"
#include "model/snapshot.h"
#include "model/store_record.h"
#include "model/words.h"
#include "wire/frame.h"

struct hub; /* opaque */

/* A port of the hub: clusters first, then inverters. */
enum port {
    PORT_CLUSTER = 0,
    PORT_INVERTER = MAX_CLUSTERS,
    PORT_COUNT = MAX_CLUSTERS + MAX_INVERTERS
};

/* Makes a hub in state WAITING: limits are zero until the clusters report.
 *
 * cfg is read during the call only. All memory is taken here. Returns NULL when memory is
 * short or cfg names an unknown dialect, profile or protocol. */
struct hub *hub_new(const struct config *cfg, mono_us now);
void hub_free(struct hub *hub);

/* Takes over a changed configuration: what is marked live. Latches, rate stages and
 * membership stay. HUB_ERANGE when an option marked restart differs; nothing is changed then. */
enum status hub_reconfigure(struct hub *hub, const struct config *cfg);

/* Moves the hub's time on; clusters may fall silent by it. The first call of every turn. */
void hub_set_time(struct hub *hub, mono_us now);

/* Feeds a frame from a port. Frames nobody knows are counted, not reported: a shared bus
 * carries other people's traffic. Only stores; hub_run decides. */
void hub_rx(struct hub *hub, enum port port, const struct frame *f);

/* A sample of a serial battery: a whole battery as one reading, received at `at`. The control
 * set is complete when voltage, current, SOC and both current limits are known. Such a port
 * takes no frames. */
struct sample {
    mono_us at;
    mono_us period; /* nominal time between samples */
    const struct battery *battery;
    const struct module *modules; /* MAX_MODULES of them, or NULL */
};
void hub_report(struct hub *hub, enum port port, const struct sample *sample);

/* The state of a port's link and what the kernel lost or complained about since the last
 * call. `why` is for people, may be "". */
struct link_report {
    enum link_state state;
    uint32_t frames_lost, bus_errors; /* since the last report */
    bool flushed;                     /* the bus was reset: a frame that was out is gone */
    const char *why;
};
void hub_link(struct hub *hub, enum port port, const struct link_report *report);

/* A contact was read, debounced, or cannot be read any more; only changes are looked at. Numbered
 * from 0: [input.1] is 0. HUB_ERANGE: that one is not configured. */
enum status hub_input(struct hub *hub, unsigned input, bool closed);
enum status hub_input_lost(struct hub *hub, unsigned input);

/* Whether a relay shall be closed since the last hub_run; [relay.1] is 0. One that is not
 * configured is open. */
bool hub_relay(const struct hub *hub, unsigned relay);

/* Runs the rules on what has been stored, and settles the snapshot. */
void hub_run(struct hub *hub);

/* True when control data came or a deadline passed since the last run, but not within 5 ms
 * of it. */
bool hub_wants_run(const struct hub *hub);

/* Takes the next frame for a port, or returns false. At most one frame per port is out
 * unconfirmed: tell its fate with hub_tx_done before the next. A periodic frame that cannot
 * leave in time is dropped and counted, never sent late. */
bool hub_tx(struct hub *hub, enum port port, struct frame *out);
void hub_tx_done(struct hub *hub, enum port port, bool confirmed);

/* Limits go to zero now and stay so; frames to the inverters fall due at once, again with each
 * call. */
void hub_stop(struct hub *hub);

/* Whether every inverter that can be reached has confirmed three frames of zero limits since
 * hub_stop: the process may leave. */
bool hub_stopped(const struct hub *hub);

/* The latest moment to set the time again. */
mono_us hub_deadline(const struct hub *hub);

/* Orders from outside (model/order.h). With n of them: all are carried out, or none; ticket and
 * origin are those of the first; a RESET comes alone. A set-point that is taken over by another
 * origin, changed, released or run out is an event; one that is merely repeated is not.
 * HUB_EFULL: ask again; a STOP acts even so. */
enum status hub_commands(struct hub *hub, const struct hub_order *order, unsigned n);
static inline enum status hub_command(struct hub *hub, const struct hub_order *order)
{
    return hub_commands(hub, order, 1);
}

/* Something was refused before it reached the hub, `times` times since the last call about this
 * origin: an event, and the command's SIG_ORDER_REFUSAL. command may be COMMAND_NONE. The caller
 * tells it ten times a second at most; the event comes once a minute. */
void hub_refused(struct hub *hub, const struct origin *from, enum command command, enum refusal why,
                 unsigned times);

/* Takes the result of a command, or returns false. status: HUB_OK, HUB_ERANGE (the value is
 * not possible), HUB_ESPEC (no such command), HUB_EBUSY (a latch still has its cause; with several
 * places the others are reset), HUB_EKEY (not the key of now, and not the one before). STOP,
 * EXCLUDE and RESET act at once and are answered when they are safe in the store; HUB_ELATE after
 * 10 s in which they did not become so. */
struct hub_answer {
    uint32_t ticket;
    enum status status;
};
bool hub_result(struct hub *hub, struct hub_answer *out);

/* Takes the oldest event, or returns false. Events that found no room are counted in the next
 * one's text. */
bool hub_event_out(struct hub *hub, struct event *out);

/* Takes a record to keep, or returns false; hub_store_done when it is safe (or not, and it
 * comes again). hub_store_in hands back at start what was kept, before the first hub_run. */
bool hub_store_out(struct hub *hub, struct record *out);
void hub_store_done(struct hub *hub, uint32_t ticket, bool safe);
void hub_store_in(struct hub *hub, const struct record *record);

/* The hub as it stands after the last hub_run; valid until the next call on this hub.
 * Signals that are not known are not known; the four limits of the hub always are. */
const struct snapshot *hub_snapshot(const struct hub *hub);

#endif
