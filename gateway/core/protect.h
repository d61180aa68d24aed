/* Rules 5, 8 and 9 of the manual: modules in fault leave within 3 s; more than two modules of a
 * cluster, or all, in protection shut it down; more than two clusters, or all, shut the hub down.
 * 8 and 9 let go 30 s after the count is at two or less. Under-voltage alone shuts nothing down: it
 * has to be recharged. Pure machines over what is told now. */
#ifndef CORE_PROTECT_H
#define CORE_PROTECT_H

#include "core/aggregate.h"

/* What one cluster tells about protection now. Alarms of the BMS only (bits 0 to 39); what the hub
 * itself sees is no protection. */
struct protect_view {
    bool protection;    /* the cluster or any of its modules is in protection */
    bool fault;         /* its BMS reports a fault as a whole */
    bool under_voltage; /* in protection, and for under-voltage alone everywhere */
    bool over_current;  /* over-current or short circuit, protection or fault tier */
    unsigned modules;   /* visible or counted modules in protection, for under-voltage or not */
    unsigned visible;   /* modules that can be seen; 0: the battery only counts them, or nothing */
    bool many;          /* rule 8: more than two, or all of them; not for under-voltage alone */
    bool as_a_whole;    /* rule 9 counts it: many, or its own word says more than its modules do;
                           not for under-voltage alone */
    uint16_t connected_faults; /* bit m - 1: module m is in fault, and the data show it connected */
};
void protect_look(struct protect_view *out, const struct part *p, mono_us now);

/* A count that shuts down while it is too high and 30 s longer. For rule 8 (a cluster) and 9. */
struct protect_count {
    bool shut;
    mono_us calm_since; /* the count is low again since; 0: it is not, or is not known */
};
void protect_count_run(struct protect_count *c, bool many, mono_us now);

/* The count is not known now: no time that passes unseen counts for the release. */
void protect_count_pause(struct protect_count *c);
mono_us protect_count_due(const struct protect_count *c);

/* Rule 9: of the clusters that count (joined, protected or shut down by rule 8) more than two, or
 * all, are in protection as a whole. in[i], counts[i] for each cluster. */
bool protect_hub_is_many(const struct protect_view *in, const bool *counts, unsigned n);

/* Rule 5: a module in fault that is still connected after 3 s. Each module has its own time. */
struct protect_stay {
    mono_us since[MAX_MODULES]; /* first seen so; 0: not so */
    uint16_t too_long;          /* bit m - 1: module m */
    uint8_t module;             /* the first of them, 1..16; 0: none */
};

/* Whether any stays. in NULL: nothing is known (the cluster is silent); who stayed stays, the 3 s
 * of the others begin anew. A module that cannot be seen any more is gone. */
bool protect_stays(struct protect_stay *s, const struct protect_view *in, mono_us now);

/* The next moment at which time alone changes something; MONO_NEVER. */
mono_us protect_stay_due(const struct protect_stay *s);

#endif
