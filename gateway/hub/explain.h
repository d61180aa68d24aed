/* How the limits came to be, from the hub itself or from what a running one publishes. */
#ifndef HUB_EXPLAIN_H
#define HUB_EXPLAIN_H

#include "core/explain.h"
#include "hub/hub.h"

/* The last hub_run, taken apart. */
void hub_explain(const struct hub *hub, struct explanation *out);

/* The same from outside: a snapshot that was read from a gateway with this configuration. What is
 * not published stays unknown: stages before the one that bound, holds, and the last word of silent
 * clusters (allows.value is -1). */
void explain_published(struct explanation *out, const struct config *cfg,
                       const struct snapshot *snap);

#endif
