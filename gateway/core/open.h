/* Proven open: is a cluster really off the bus bar? Nobody believes a state word; copper is
 * believed. Proof is the contactor flag of its BMS, a contactor input, the operator's word that it
 * is isolated, or next to no current for 60 s while the others carry more than 10 % of theirs.
 *
 *     input       while it says open; current does not end it (the hub does not hand in an input
 *                 that current has contradicted)
 *     flag        while it says open; the last word stands when the battery then falls silent, as
 *                 one that opens its contactor and switches off does
 *     operator    while he says so, unless current was seen meanwhile: contradicted
 *     current     where it does not block that direction alone; until current is seen, also over
 *                 silence and (open_restore) over a restart
 *
 * Current that is seen ends every proof but the input's. When what said open (input, flag or
 * operator) says so no longer, it was perhaps closed again: what was gathered by current before
 * counts no more. */
#ifndef CORE_OPEN_H
#define CORE_OPEN_H

#include "core/aggregate.h"

struct open_input {
    bool fresh;     /* its data are fresh: its current may be looked at */
    bool contactor; /* its contactor input says open */
    bool isolated;  /* the operator says so */
};

/* All zero: nothing is known. The first group is for everybody. */
struct open_memory {
    bool proven;
    bool by_current; /* and only by that: 60 s without current, or restored */
    bool flag_open;  /* its BMS says now that the contactor is open, and no current contradicts */
    bool carried;    /* it has carried current since it was first seen */
    bool
        contradicted; /* said to be isolated, and yet it carried current; until that is withdrawn */
    mono_us idle_since; /* carrying nothing while the others work since; 0: not so, or proven */

    bool idled;         /* the proof by current holds */
    bool word_open;     /* the last word of the flag */
    bool told;          /* input, flag or operator said open at the last run */
    mono_us flag_until; /* the flag is too old then; 0: it does not say open now */
};

/* Less than this is no current: max(2 A, 0.5 % of its rating), in mA. */
int64_t open_threshold(const struct part *p);

/* Moves the cluster parts[i] on to now; its b holds what it says now, also while it is a ghost. The
 * others that count are the joined ones. */
void open_run(struct open_memory *mem, const struct open_input *in, const struct part *parts,
              unsigned n, unsigned i, mono_us now);

/* It was proven open before a restart, by whatever: holds until current is seen. */
void open_restore(struct open_memory *mem);

/* The next moment at which time alone changes something; MONO_NEVER. */
mono_us open_due(const struct open_memory *mem);

#endif
