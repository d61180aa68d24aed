#include "io/descriptors.h"

#include <sys/resource.h>

unsigned descriptors_for_clients(unsigned wanted)
{
    rlim_t need = (rlim_t)wanted + DESCRIPTORS_RESERVE;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    if (limit.rlim_cur < need) {
        struct rlimit more = limit;
        more.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            limit = more;
    }
    if (limit.rlim_cur >= need)
        return wanted;
    return limit.rlim_cur > DESCRIPTORS_RESERVE ? (unsigned)limit.rlim_cur - DESCRIPTORS_RESERVE
                                                : 0;
}

unsigned descriptors_share(unsigned wanted, unsigned all, unsigned room)
{
    unsigned long long part = (unsigned long long)wanted * room / all;

    if (room >= all)
        return wanted;
    return part ? (unsigned)part : 1;
}
