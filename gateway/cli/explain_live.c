#include "cli/explain_live.h"

#include <string.h>

#include "cli/reading.h"

_Static_assert(EXPLAIN_WHY_MAX >= READING_WHY_MAX, "the cause of a reading fits");

bool explain_live(struct snapshot *out, const struct server_name *at, int unit,
                  char why[EXPLAIN_WHY_MAX])
{
    static struct reading r; /* large */

    if (!reading_get_all(&r, at->host, at->port, unit, why))
        return false;
    memset(out, 0, sizeof(*out));
    out->hub = r.hub;
    memcpy(out->cluster, r.cluster, sizeof(out->cluster));
    memcpy(out->inverter, r.inverter, sizeof(out->inverter));
    return true;
}
