#include "io/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { BATCH = 64 };

static enum status add(struct poller *p, int fd, uint32_t events, void *mark)
{
    struct epoll_event ev = {.events = events, .data.ptr = mark};

    return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev) == 0 ? HUB_OK : HUB_EIO;
}

enum status poller_open(struct poller *p)
{
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->armed = MONO_NEVER;
    if (p->epoll >= 0 && p->timer >= 0 && p->wake >= 0 &&
        add(p, p->timer, EPOLLIN, &p->timer) == HUB_OK &&
        add(p, p->wake, EPOLLIN, &p->wake) == HUB_OK)
        return HUB_OK;
    poller_close(p);
    return HUB_EIO;
}

void poller_close(struct poller *p)
{
    int *fds[] = {&p->epoll, &p->timer, &p->wake};

    for (int i = 0; i < 3; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

enum status poller_add(struct poller *p, int fd, uint32_t events, struct watch *w)
{
    return add(p, fd, events, w);
}

void poller_set(struct poller *p, int fd, uint32_t events, struct watch *w)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, &ev);
}

void poller_remove(struct poller *p, int fd)
{
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* A timer, because epoll counts in milliseconds and a serial line needs 1.75 of them. A deadline
 * that moves on leaves it as it is: it is set anew when it has come too early, once a gap and not
 * with each byte. */
static void arm(struct poller *p, mono_us deadline)
{
    struct itimerspec at = {0};

    if (deadline >= p->armed)
        return;
    p->armed = deadline;
    deadline += deadline == 0; /* zero would disarm it */
    at.it_value.tv_sec = (time_t)(deadline / 1000000u);
    at.it_value.tv_nsec = (long)(deadline % 1000000u) * 1000;
    timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void drain(int fd)
{
    uint64_t n;

    if (read(fd, &n, sizeof(n)) < 0)
        return; /* nothing there: as good */
}

int poller_wait(struct poller *p, mono_us deadline, struct ready *ready, int size)
{
    struct epoll_event got[BATCH];
    int n, count = 0;

    arm(p, deadline);
    n = epoll_wait(p->epoll, got, size < BATCH ? size : BATCH, -1);
    for (int i = 0; i < n; i++) {
        if (got[i].data.ptr == &p->timer) {
            drain(p->timer);
            p->armed = MONO_NEVER;
        } else if (got[i].data.ptr == &p->wake) {
            drain(p->wake);
        } else {
            ready[count].watch = got[i].data.ptr;
            ready[count++].events = got[i].events;
        }
    }
    return count;
}

void poller_wake(struct poller *p)
{
    uint64_t one = 1;

    if (write(p->wake, &one, sizeof(one)) < 0)
        return; /* full: it is awake */
}
