#include "model/snapshot.h"

#include <stdio.h>
#include <string.h>

const struct signals *snapshot_find(const struct snapshot *snap, const char *path, enum signal *id)
{
    const struct signals *at = NULL;
    unsigned n = 0, m = 0;
    int end = 0;

    if (strncmp(path, "hub.", 4) == 0) {
        at = &snap->hub.s;
        end = 4;
    } else if (sscanf(path, "cluster[%u].module[%u].%n", &n, &m, &end) == 2 && end) {
        if (n >= 1 && n <= MAX_CLUSTERS && m >= 1 && m <= MAX_MODULES)
            at = &snap->module[n - 1][m - 1].s;
    } else if (end = 0, sscanf(path, "cluster[%u].%n", &n, &end) == 1 && end) {
        if (n >= 1 && n <= MAX_CLUSTERS)
            at = &snap->cluster[n - 1].s;
    } else if (end = 0, sscanf(path, "inverter[%u].%n", &n, &end) == 1 && end) {
        if (n >= 1 && n <= MAX_INVERTERS)
            at = &snap->inverter[n - 1].s;
    }
    if (!at)
        return NULL;
    *id = signal_find(path + end);
    return *id == SIG_COUNT ? NULL : at;
}
