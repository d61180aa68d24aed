/* Telling the protocols of the 0x35x family apart by what is on the wire. Frames add
 * evidence, none takes any away; the choice is a pure function of the evidence. */
#ifndef INTAKE_EVIDENCE_H
#define INTAKE_EVIDENCE_H

#include "base/mono.h"
#include "intake/protocol.h"

struct evidence {
    bool saw_351, saw_355, saw_356, saw_359, saw_35a, saw_35c, saw_35e, saw_35f;
    bool saw_399;      /* only "Hybrid Li" has it */
    bool victron_ids;  /* 0x360, 0x370 to 0x379, 0x382 */
    bool pn;           /* 0x359 ends in "PN" */
    bool short_35a;    /* seven bytes: Discover */
    bool cells_in_355; /* Luxpower */
    bool fine_soc;     /* SMA and Victron */
    bool slow;         /* 0x355 every 10 s among livelier 0x351 */
    char name[9];      /* leading letters of 0x35E */
    mono_us last_355;  /* since then: */
    unsigned count_351;
};

/* Whether a frame would add anything: the choice may be another then. */
bool evidence_is_news(const struct evidence *e, const struct frame *f);
void evidence_add(struct evidence *e, const struct frame *f);

/* Tells when a frame came; each frame, added or not. Returns whether the choice may be another
 * now. */
bool evidence_rhythm(struct evidence *e, const struct frame *f, mono_us now);

/* Nothing better is to be expected at once: the core frames, alarms and a name are there. */
bool evidence_is_full(const struct evidence *e);

/* The protocol the evidence speaks for, and why, for people. */
const struct protocol *evidence_choose(const struct evidence *e, const char **why);

#endif
