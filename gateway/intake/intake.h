/* Intake: what one cluster says on its port becomes signals.
 *
 * A frame only stores data: the raw bytes by id and, once it is decided which protocol
 * this is, the signals they carry. With protocol "auto" the frames themselves decide
 * (names, lengths, ids, plausible values); what was received before is decoded again
 * then. A frame of a known id with an impossible length or value is rejected whole and
 * counted; the data it would have carried grow old. Three in a row of a frame with current limits:
 * these are zero then, with LIMIT_INVALID, until its next good one (they still grow old).
 *
 * Calls come from one thread; time never goes back. */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "base/status.h"
#include "model/battery.h"
#include "wire/frame.h"

enum intake_sign { INTAKE_SIGN_AUTO, INTAKE_SIGN_PLUS, INTAKE_SIGN_MINUS };

struct intake; /* opaque; all memory is taken by intake_new */

/* Keys of the protocols that can be named in the configuration, "auto" first; NULL-ended. */
extern const char *const intake_protocols[];

/* protocol is one of intake_protocols[]. sign overrides what the protocol says about the
 * direction of current: PLUS is "charging is positive on the wire".
 * NULL when memory is short or the protocol is unknown. */
struct intake *intake_new(const char *protocol, enum intake_sign sign, mono_us now);
void intake_free(struct intake *in);

/* Stores a frame received at now. */
void intake_rx(struct intake *in, const struct frame *f, mono_us now);

/* Lets the time pass: "auto" may decide because nothing else is coming. */
void intake_set_time(struct intake *in, mono_us now);

/* Our side of the conversation, as an inverter would: 0x305 each second. Takes the next
 * frame that is due, or returns false. */
bool intake_tx(struct intake *in, mono_us now, struct frame *out);

/* When intake_tx or intake_set_time is worth calling again. */
mono_us intake_deadline(const struct intake *in);

/* What the cluster has said so far, old or not: signal_info ranges hold, current is
 * charge-positive, limits are magnitudes, signals.at is the time of the frame. Alarms
 * active are those of the last alarm frame. Valid until the next call. */
const struct battery *intake_battery(const struct intake *in);

/* Where modules are visible; NULL-free array of MAX_MODULES, known set empty otherwise. */
const struct module *intake_modules(const struct intake *in);

/* How fresh the control set is: voltage, current, SOC, limits, and enable and alarm bits where
 * this battery says them: once such an optional frame was good three times, each within its stale
 * time after the one before. A part is stale after max(3 s, 2.5 x the nominal period of its id in
 * this protocol). After 60 s in which nothing known came it may be another battery: every part
 * must come anew, optional ones are not waited for; the data stay until then. */
struct intake_control {
    bool complete;       /* every mandatory part has been received once */
    mono_us oldest;      /* when the oldest part was received */
    mono_us fresh_until; /* the first part turns stale at this moment */
    mono_us period;      /* the longest nominal period in the set */
    /* What the set waits for, to name the cause of a silence: the id of the part that turns stale
     * first or, when it is not complete, of the first mandatory part that is missing or says that
     * voltage, current or SOC is not available. 0: no protocol is decided yet. */
    uint32_t waits_for;
    uint32_t rejected; /* frames of that id that were rejected since its last good one */
};
void intake_control(const struct intake *in, struct intake_control *out);

/* Which protocol was decided, and why, for the log: "victron: 0x35A and no 0x359 ...". NULL
 * while undecided. `changed` counts the decisions, so that a caller can see a new one. */
const char *intake_decision(const struct intake *in, unsigned *changed);

/* Counters of one id, for diagnosis. */
struct intake_id_count {
    uint32_t id;
    uint32_t received, rejected;
};
/* The i-th id this intake knows, false past the last. */
bool intake_id_count(const struct intake *in, unsigned i, struct intake_id_count *out);

#endif
