/* A running gateway as a snapshot, read over Modbus. */
#ifndef CLI_EXPLAIN_LIVE_H
#define CLI_EXPLAIN_LIVE_H

#include "cli/server_name.h"
#include "model/snapshot.h"

#define EXPLAIN_WHY_MAX 160

/* false: why tells the cause in words. Blocks as reading_get does. */
bool explain_live(struct snapshot *out, const struct server_name *at, int unit,
                  char why[EXPLAIN_WHY_MAX]);

#endif
