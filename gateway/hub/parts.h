/* Inside of the hub: what its files share. Nobody outside hub/ includes this. */
#ifndef HUB_PARTS_H
#define HUB_PARTS_H

#include "core/aggregate.h"
#include "core/conformity.h"
#include "core/disobey.h"
#include "core/limits.h"
#include "core/member.h"
#include "core/open.h"
#include "core/overload.h"
#include "core/plausible.h"
#include "core/protect.h"
#include "core/relays.h"
#include "core/smooth.h"
#include "core/supervisor.h"
#include "core/trips.h"
#include "core/watch.h"
#include "dialects/dialect.h"
#include "hub/hub.h"
#include "intake/intake.h"

#define MAX_EVENTS 128
/* More than the desk of the server has places (io/desk.h): while the store hangs, orders that wait
 * for it must not keep others out. */
#define MAX_ANSWERS 72

/* Of the manual: 10 A within 90 s; longer while it charges. */
#define FORCED_CHARGE MONO_S(90)
#define FORCED_CHARGE_MOST MONO_S(1800)

#define UNSAVED_PATIENCE MONO_S(5)

#define RUN_MIN MONO_MS(5)
#define RUN_MAX MONO_MS(100)

struct port_state {
    enum link_state link;
    uint64_t rx, tx, lost, errors, dropped;
    uint64_t unknown;         /* inverter ports; the intake counts for clusters */
    mono_us last_rx, last_tx; /* 0: never */
    bool out;                 /* a frame is out unconfirmed ... */
    mono_us late_at;          /* ... and counts as dropped at this moment */
};

struct cluster {
    struct intake *in;
    unsigned modules_cfg;
    int64_t capacity_cfg_mAh; /* 0: not set */
    const struct profile *profile;
    unsigned modules; /* counted on, and the weight: a ghost keeps those of its last moment */
    int64_t capacity_mAh;
    struct port_state port;
    struct battery sane; /* what it says, as far as it is believed */
    struct plausible plausible;
    bool value_odd;
    struct member_input look; /* how fresh it is, and what the rules make of it */
    struct open_memory open;
    struct protect_view protect;
    struct protect_stay stay;
    bool module_stays;
    mono_us contact_since;             /* its contactor input says open since; 0: it does not */
    bool contact_lies;                 /* ... and yet it carries current; until it says closed */
    struct protect_count many, broken; /* rule 8; in fault, or two batteries */
    struct trips trips;
    struct overload overload;
    enum overload_state overload_state;
    struct watch watch;
    unsigned latches;       /* bits of latches.def */
    bool exclude, isolated; /* asked by the operator */
    struct member member;
    bool hold_dcl;         /* lost with a healthy last word: DCL is kept for a moment */
    struct battery last;   /* while it is a ghost: its last word when it was counted */
    struct battery serial; /* what hub_report brought; used instead of the intake's */
    struct module serial_modules[MAX_MODULES];
    bool is_serial;
    mono_us serial_at, serial_period;
    unsigned decisions;      /* protocol decisions told */
    enum cluster_state told; /* state told in an event */
    int64_t told_conformity; /* -1: nothing told */
};

struct inverter {
    bool used;
    struct speaker speaker;
    struct port_state port;
    bool said_something; /* the frame that is out carries this */
    struct frame_news said;
    mono_us muted_until;    /* 0: never muted */
    bool muted;             /* in the last run */
    mono_us conflict_until; /* somebody else sends our frames; 0: never */
    unsigned zeros;         /* confirmed frames with limits of zero since the stop */
};

struct hub_rules {
    struct member_rules member;
    struct supervisor_rules supervisor;
    struct limits_rules limits;
    mono_us set_point_life;
    mono_us loss_hold_dcl;
    enum { LOSS_BY_DIALECT, LOSS_ZERO, LOSS_SILENT } on_total_loss;
    bool stop_silent; /* on_stop: a restart soon after goes on where it stood */
};

/* Latched alarms by place and tier, latches by place, trips by cluster, commands, the last stop. */
#define KEEPER_SLOTS ((1 + MAX_CLUSTERS) * TIER_COUNT + 1 + MAX_CLUSTERS + MAX_CLUSTERS + 2)

struct keeper { /* one of them on its way to the store */
    uint64_t wanted, kept;
    bool out;
};

struct contacts {
    struct relay_rule relay[MAX_RELAYS];
    bool closed[MAX_RELAYS];
    bool off[MAX_CLUSTERS];          /* its contactor shall be open */
    mono_us let_go_at[MAX_CLUSTERS]; /* not closed again before this moment */
    struct input_rule input[MAX_INPUTS];
    struct input_state state[MAX_INPUTS]; /* as the edge has read them */
};

struct waiting { /* orders that are answered when they are safe */
    uint32_t ticket;
    bool commands, latches; /* which has to be */
    mono_us until;          /* somebody waits */
};

struct asked {            /* a command */
    struct origin from;   /* who gave it last; of a set-point: whose it is */
    enum refusal refusal; /* why it was refused last, if it was not taken since */
};

struct reset_key {
    uint16_t now, used; /* 0: none was used yet */
};

/* What was refused to somebody for some reason: told, and not again within a minute. */
struct refused {
    struct origin from;
    enum refusal why;
    enum command command; /* the newest */
    uint8_t place;
    mono_us until; /* 0: free */
    unsigned more;
};
#define REFUSED_PLACES 16
#define REFUSED_OTHERS 8 /* by why: for those who find no place */

struct hub {
    mono_us now, started, last_run;
    bool dirty;
    unsigned n_clusters;
    struct profile profile[1 + MAX_CLUSTERS]; /* of the hub and of each cluster, our own copies */
    struct cluster cluster[MAX_CLUSTERS];
    struct inverter inverter[MAX_INVERTERS];
    struct hub_rules rules;
    struct supervisor supervisor;
    struct limits limits;
    struct limits_memory limits_memory;
    struct set_point set_ccl, set_dcl, set_cvl;
    struct alarms own;              /* what the hub sees about itself */
    struct part part[MAX_CLUSTERS]; /* as the limits see them */
    struct part held[MAX_CLUSTERS]; /* the same for DCL: with those that keep it for a moment */
    struct limits_input limits_in;  /* of the last run, for hub_explain */
    struct part live[MAX_CLUSTERS]; /* as they speak now */
    struct stops_memory stops[MAX_CLUSTERS];
    struct conformity conformity[MAX_CLUSTERS];
    struct smooth soc;
    struct contacts contacts;
    bool smoothing;            /* WAITING was left: from here on a membership change is smoothed */
    struct inputs_view inputs; /* what the contacts say in this run */
    bool reset_was;            /* the reset input was closed, or not read, in the last run */
    struct protect_count many; /* rule 9 */
    struct disobey disobey_charge, disobey_discharge;
    unsigned latches;   /* of the hub: bits of latches.def */
    unsigned was_reset; /* bit set of the places that were reset since the last run */
    bool stop_asked;    /* by command */
    mono_us forced_since, forced_until;
    mono_us forced_again;             /* asked for before this moment it is no new one */
    mono_us unsaved_since;            /* 0: everything is safe */
    mono_us due;                      /* time alone changes something then */
    uint64_t stopped_note;            /* how the last stop was, see stop_note() */
    mono_us warm_until;               /* a restart younger than this goes on where it stood ... */
    int64_t warm_ccl_mA, warm_dcl_mA; /* ... with these limits */
    mono_us dark_since;               /* every cluster is gone since; 0: not so */
    struct snapshot snap;
    struct battery tell; /* the hub as inverters hear it: last good SOC and voltage */

    struct event event[MAX_EVENTS];
    unsigned event_head, event_count, events_lost;
    struct hub_answer answer[MAX_ANSWERS];
    unsigned answer_count;
    struct waiting waiting[MAX_ANSWERS];
    unsigned waiting_count;
    struct asked asked[COMMAND_ROWS];
    struct reset_key reset_key[1 + MAX_CLUSTERS]; /* of all, of cluster n */
    struct refused refused[REFUSED_PLACES + REFUSED_OTHERS];
    struct keeper keeper[KEEPER_SLOTS];
    enum hub_state told_state;
    enum reason told_ccl, told_dcl;
};

/* rules.c: options become rules; which profile they use is up to the caller. */
void rules_read(struct hub_rules *rules, const struct config *cfg);

/* events.c. The event is handed back to be completed; NULL when there is no room for it. */
struct event *event_put(struct hub *hub, enum event_kind kind, uint8_t place, int64_t old,
                        int64_t now, enum reason reason, const char *text);
/* Puts alarm bits and tells each edge. */
void alarm_put(struct hub *hub, struct alarms *a, uint8_t place, enum tier tier, uint64_t mask,
               uint64_t on);

/* alarms.c: what a cluster and its visible modules tell, with where it is; own_mask: bits that only
 * the hub sets. */
void alarms_of_cluster(struct hub *hub, unsigned i, uint64_t own_mask);
/* The hub's word: the OR of its own and of every cluster's; made anew each time, so one cluster can
 * never clear another's alarm. */
void alarms_of_hub(struct hub *hub);

/* ports.c: frames to and from the ports. */
struct port_state *port_of(struct hub *hub, enum port port);
void ports_set_time(struct hub *hub);
void inverter_rx(struct hub *hub, struct inverter *inv, const struct frame *f);
/* Every cluster is gone for so long that this inverter is left to its own time-out. */
bool inverter_is_muted(const struct hub *hub, const struct inverter *inv);
/* Alarms of the inverter ports. */
void ports_alarms(struct hub *hub);

/* publish.c: everything that has been decided goes into the snapshot. */
void publish(struct hub *hub);

/* contacts.c: relays and inputs. What is configured; what the inputs say, before the rules; what
 * the relays shall be, after the limits, with the raw SOC still in the snapshot. */
void contacts_read(struct contacts *c, const struct config *cfg);
void contacts_look(struct hub *hub);
bool contacts_has(const struct hub *hub, enum relay_function function);
void contacts_drive(struct hub *hub);

/* clusters.c: first every cluster is listened to, then (after manual_look) decided on. */
void cluster_listen(struct hub *hub, unsigned i);
void cluster_decide(struct hub *hub, unsigned i);

/* Its control set is complete and not too old. */
static inline bool cluster_is_fresh(const struct hub *hub, const struct cluster *c)
{
    return c->look.complete && hub->now < c->look.fresh_until;
}

/* Shut down by the rules, or taken out by the operator. */
static inline bool cluster_is_out(const struct cluster *c)
{
    return c->member.state == CLUSTER_SHUT_DOWN || c->member.state == CLUSTER_EXCLUDED;
}

/* What a cluster has said, over its bus or as samples, as far as it is believed. */
const struct battery *cluster_battery(const struct cluster *c);
const struct module *cluster_modules(const struct cluster *c);
/* Why it is in its state; whose frames are wrong is not silent. */
enum reason cluster_reason(const struct cluster *c);

/* manual.c: the rules over all clusters. */
void manual_look(struct hub *hub);
void manual_look_again(struct hub *hub);
void manual_conclude(struct hub *hub, struct supervisor_input *in);
void manual_bar(struct hub *hub, struct limits_input *in);
void manual_ask(struct hub *hub);
mono_us manual_due(const struct hub *hub);

/* latches.c. place as in event.h; cluster 1..5, 0: all. */
unsigned *latches_at(struct hub *hub, unsigned place);
void latch_set(struct hub *hub, unsigned place, enum latch latch);
/* from: NULL for the reset input. HUB_EBUSY: a cause stands, and what is told about it the caller
 * tells; the input's is told here. */
enum status latches_reset(struct hub *hub, unsigned cluster, const struct origin *from);
/* The first latch whose cause stands, and where; NULL: none. */
const char *latches_cause(const struct hub *hub, unsigned cluster, uint8_t *place);
/* At the end of a run. */
void latches_settle(struct hub *hub);

/* keep.c */
unsigned keep_slot(enum record_kind kind, unsigned place);
bool keep_is_safe(struct hub *hub, unsigned slot);
unsigned latches_saved(const struct hub *hub, unsigned place);
/* The alarms of the hub itself, or of a cluster. */
struct alarms *alarms_at(struct hub *hub, unsigned place);
void keep_watch(struct hub *hub);

/* orders.c: answers what has become safe; ends what has run out, and when that will be next. */
void orders_init(struct hub *hub);
void orders_settle(struct hub *hub);
void orders_run(struct hub *hub);
mono_us orders_due(const struct hub *hub);
static inline bool is_set_point(enum command command)
{
    return command == COMMAND_SET_CCL || command == COMMAND_SET_DCL || command == COMMAND_SET_CVL;
}
/* Only of such a command. */
struct set_point *set_point_of(struct hub *hub, enum command command);
struct range {
    int64_t lo, hi;
};
struct range set_point_range(const struct hub *hub, enum command command);
static inline int64_t exclude_level(const struct cluster *c)
{
    return c->exclude ? 1 + c->isolated : 0;
}

/* orders_told.c: owners, refusals and events of orders. Called before the change. */
void told_set_point(struct hub *hub, const struct hub_order *order, const struct origin *from);
void told_run_out(struct hub *hub, enum command command);
void told_level(struct hub *hub, enum command command, uint8_t place, int64_t was, int64_t is,
                const char *text);
void told_taken(struct hub *hub, const struct hub_order *order, const struct origin *from);
void told_refused(struct hub *hub, const struct hub_order *order, const struct origin *from,
                  enum status status);
/* Refusals that were not told yet and are due. */
void told_run(struct hub *hub);
/* "by 192.168.1.7"; nothing when it has no name. */
struct by {
    char text[sizeof(((struct origin *)0)->name) + 20];
};
struct by told_by(const char *how, const struct origin *from);

/* stop.c: how the process stopped, so that a restart soon after can go on. */
void stop_note(struct hub *hub);
void stop_take_back(struct hub *hub, uint64_t note);
void stop_warm_start(struct hub *hub);

static inline bool port_can_send(const struct port_state *p)
{
    return p->link == LINK_UP || p->link == LINK_WARNING || p->link == LINK_PASSIVE;
}

#endif
