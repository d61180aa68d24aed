/* Proven open: is a cluster really off the bus bar? Nobody believes a state word; copper is
 * believed. Proof is the contactor flag of its BMS, a contactor input, the operator's word that it
 * is isolated, or next to no current for 60 s while the others carry more than 10 % of theirs.
 * Current that is seen ends every proof but the contactor input's. */
#ifndef CORE_OPEN_H
#define CORE_OPEN_H

#include "core/aggregate.h"

struct open_input {
    bool fresh;     /* its data are fresh: its current may be looked at */
    bool contactor; /* its contactor input says open */
    bool isolated;  /* the operator says so */
};

struct open_memory {
    bool proven;
    bool by_current;   /* and only by that: 60 s without current */
    bool flag_open;    /* its BMS says now that the contactor is open, and no current contradicts */
    bool carried;      /* it has carried current since it was first seen */
    bool contradicted; /* said to be isolated, and yet it carries current */
    mono_us idle_since; /* carrying nothing while the others work since; 0: not so */
};

/* Less than this is no current: max(2 A, 0.5 % of its rating), in mA. */
int64_t open_threshold(const struct part *p);

/* Moves the cluster parts[i] on to now. The others that count are the joined ones. */
void open_run(struct open_memory *mem, const struct open_input *in, const struct part *parts,
              unsigned n, unsigned i, mono_us now);

/* The next moment at which time alone changes something; MONO_NEVER. */
mono_us open_due(const struct open_memory *mem);

#endif
