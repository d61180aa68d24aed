/* What happened, for the log, the event store and SCADA: changes, not conditions. */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <stddef.h>

#include "model/battery.h"

enum event_kind {
    EVENT_HUB_STATE,     /* old -> now: hub states */
    EVENT_CLUSTER_STATE, /* old -> now: cluster states */
    EVENT_LINK_STATE,    /* old -> now: link states */
    EVENT_READY,         /* now: conformity bits; 0 is READY */
    EVENT_ALARM_SET,     /* now: alarm bit, old: tier */
    EVENT_ALARM_CLEARED, /* now: alarm bit, old: tier */
    EVENT_CCL_REASON,    /* old -> now: reasons */
    EVENT_DCL_REASON,
    EVENT_PROTOCOL,    /* text: which protocol was decided and why */
    EVENT_NOTE,        /* text; somebody has to look at it */
    EVENT_COMMAND,     /* STOP, EXCLUDE, FORCE_CHARGE: old -> now: 0 off, 1 on, 2 on and isolated */
    EVENT_RELAY,       /* old -> now: 0 open, 1 closed; text: which one and what it is for */
    EVENT_INPUT,       /* the same; -1: not read */
    EVENT_LATCH_SET,   /* now: latch */
    EVENT_LATCH_RESET, /* old -> now: latches; text: by whom, or why it was refused */
    EVENT_SET_POINT,   /* old -> now: in the unit of its signal, -1: none; text: who */
    EVENT_RAN_OUT,     /* a set-point that nobody repeated; old: its value */
    EVENT_REFUSED,     /* now: refusal, old: times since the last one told; text: who */
    EVENT_TAKEN_OVER,  /* as EVENT_SET_POINT, and it was another's; text: who, and whose */
    EVENT_KIND_COUNT
};

/* Where: 0 the hub, 1..5 a cluster, 6..7 inverter 1 and 2. */
enum { EVENT_AT_HUB = 0, EVENT_AT_CLUSTER = 1, EVENT_AT_INVERTER = 6 };

struct event {
    mono_us at;
    enum event_kind kind;
    uint8_t place;
    uint8_t module;   /* of an alarm of a cluster: where, as the battery counts; 0: not told */
    uint16_t cell;    /* cell of the module, or sensor for a temperature; 0: not told */
    uint16_t reason;  /* enum reason, where a state has one */
    uint16_t command; /* enum command, of what was asked for */
    int64_t old, now;
    char text[120];
};

/* Whether somebody may have to do something about it: who reads only warnings shall not miss it. */
bool event_is_bad(const struct event *e);

/* The event as one line for people, without time. Returns out. */
const char *event_text(const struct event *e, char *out, size_t size);

#endif
