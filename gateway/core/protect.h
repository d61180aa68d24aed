/* Rules 5, 8 and 9 of the manual: modules in fault leave within 3 s; more than two modules of a
 * cluster, or all, in protection shut it down; more than two clusters, or all, shut the hub down.
 * 8 and 9 let go 30 s after the count is at two or less. Under-voltage alone shuts nothing down: it
 * has to be recharged. Pure machines over what is told now. */
#ifndef CORE_PROTECT_H
#define CORE_PROTECT_H

#include "core/aggregate.h"

/* What one cluster tells about protection now. */
struct protect_view {
    bool protection;    /* the cluster or any of its modules is in protection */
    bool fault;         /* its BMS reports a fault as a whole */
    bool under_voltage; /* in protection, and for under-voltage alone everywhere */
    bool over_current;  /* over-current or short circuit, protection or fault tier */
    unsigned modules;   /* visible or counted modules in protection, for under-voltage or not */
    unsigned visible;   /* modules that can be seen; 0: the battery only counts them, or nothing */
    uint8_t stays;      /* a module in fault that the data show connected, 1..16; 0: none */
    bool many; /* more than two, or all of those visible, and not for under-voltage alone */
};
void protect_look(struct protect_view *out, const struct part *p, mono_us now);

/* A count that shuts down while it is too high and 30 s longer. For rule 8 (a cluster) and 9. */
struct protect_count {
    bool shut;
    mono_us calm_since; /* the count is low again since; 0: it is not */
};
void protect_count_run(struct protect_count *c, bool many, mono_us now);
mono_us protect_count_due(const struct protect_count *c);

/* Rule 9: of the clusters that count (joined, protected or shut down by rule 8) more than two, or
 * all, are in protection, not for under-voltage alone. in[i], counts[i] for each cluster. */
bool protect_hub_is_many(const struct protect_view *in, const bool *counts, unsigned n);

/* Rule 5: a module in fault that is still connected after 3 s. */
struct protect_stay {
    uint8_t module;
    mono_us since; /* 0: none */
};
bool protect_stays(struct protect_stay *s, const struct protect_view *in, mono_us now);
mono_us protect_stay_due(const struct protect_stay *s);

#endif
