#include "io/tcp_listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "io/address.h"

#define BACKLOG 1024 /* a gateway restarts, and all its clients come at once */

/* On Linux connections inherit all of them. The user timeout is that of the keepalive, 10 s + 3 x
 * 5 s: without it what was sent and not acknowledged is tried again for a quarter of an hour, and
 * meanwhile there is no keepalive (tcp(7)). */
static void set_options(int fd, int family)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET,  SO_REUSEADDR,     1    },
        {SOL_SOCKET,  SO_KEEPALIVE,     1    },
        {IPPROTO_TCP, TCP_NODELAY,      1    },
        {IPPROTO_TCP, TCP_KEEPIDLE,     10   },
        {IPPROTO_TCP, TCP_KEEPINTVL,    5    },
        {IPPROTO_TCP, TCP_KEEPCNT,      3    },
        {IPPROTO_TCP, TCP_USER_TIMEOUT, 25000},
    };
    int on = 1;

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
    if (family == AF_INET6) /* [::] beside 0.0.0.0 on the same port */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
}

int tcp_listen(const char *where)
{
    struct sockaddr_storage at;
    socklen_t len;
    int fd, why;

    if (address_parse(where, &at) != HUB_OK) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    len = at.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    set_options(fd, at.ss_family);
    if (bind(fd, (const struct sockaddr *)&at, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    why = errno;
    close(fd);
    errno = why;
    return -1;
}
