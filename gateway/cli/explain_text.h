/* An explanation in words and numbers. No I/O: the text goes to a function, piece by piece. */
#ifndef CLI_EXPLAIN_TEXT_H
#define CLI_EXPLAIN_TEXT_H

#include "core/explain.h"
#include "model/snapshot.h"

/* snap: the hub at the same moment; states and measured values come from it. */
void explain_text(const struct explanation *e, const struct snapshot *snap,
                  void (*out)(void *arg, const char *text), void *arg);

#endif
