#include "io/stderr_log.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

void stderr_log(enum log_level level, const char *line)
{
    static const int priority[LOG_LEVEL_COUNT] = {3, 4, 6, 7}; /* of syslog */
    static atomic_uint lost;
    char out[600];
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    unsigned missed;
    int n;

    /* A pipe that polls writable takes PIPE_BUF bytes without blocking; a line is shorter. */
    if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT)) {
        atomic_fetch_add(&lost, 1);
        return;
    }
    missed = atomic_exchange(&lost, 0);
    if (missed)
        n = snprintf(out, sizeof(out), "<%d>(%u lines lost) %s\n", priority[level], missed, line);
    else
        n = snprintf(out, sizeof(out), "<%d>%s\n", priority[level], line);
    if (n > (int)sizeof(out) - 1)
        n = (int)sizeof(out) - 1;
    if (write(STDERR_FILENO, out, (size_t)n) < 0)
        atomic_fetch_add(&lost, 1);
}

void std_descriptors_open(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}
