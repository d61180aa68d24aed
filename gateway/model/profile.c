#include "model/profile.h"

int64_t profile_allowance(const struct profile *p, unsigned clusters, unsigned modules)
{
    if (!p->allowance_A[0][0])
        return -1;
    if (!clusters || !modules)
        return 0;
    if (clusters > MAX_CLUSTERS)
        clusters = MAX_CLUSTERS;
    if (modules > ALLOWANCE_ROWS)
        modules = ALLOWANCE_ROWS;
    return (int64_t)p->allowance_A[modules - 1][clusters - 1] * 1000;
}
