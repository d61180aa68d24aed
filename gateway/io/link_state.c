#include "io/link_state.h"

#include <errno.h>
#include <libsocketcan.h>
#include <linux/can/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/clock.h"

#define EVERY_MS 10000
#define SETTLE_MS 50   /* events come in bursts; one look for all of them */
#define RESTART_MS 100 /* bus-off ends by itself when we bring the interface up */
#define ANSWER_S 2     /* rtnetlink answers at once, or something is very wrong */

/* A view in one word, so that one atomic store publishes it: the index in the upper half. */
enum {
    VIEW_CAN = 1 << 0,
    VIEW_UP = 1 << 1,
    VIEW_FAILED = 1 << 2,
    VIEW_CONTROLLER = 1 << 3,
    VIEW_HAS_STATE = 1 << 4,
    VIEW_STATE_SHIFT = 8,
};

/* One per name. A slot is never given to another name: the thread may just be looking at it. */
static struct slot {
    char name[IF_NAMESIZE];
    bool bring_up;
    uint32_t bitrate;
    atomic_uint users;
    _Atomic uint64_t view;
    _Atomic uint64_t state_at;
} slots[LINK_STATE_MAX];
static atomic_uint n_slots; /* those below are complete */

static struct {
    bool running;
    int wake; /* eventfd: a new slot */
} thread;

/* What rtnetlink says about an interface. */
struct found {
    unsigned index, flags, type;
    bool controller; /* a driver of the can-dev family: it has a bit rate and a state */
};

static int netlink_open(unsigned groups)
{
    struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = groups};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool send_question(int fd, const char *name)
{
    struct question {
        struct nlmsghdr head;
        struct ifinfomsg info;
        struct rtattr attr;
        char name[IF_NAMESIZE];
    } q = {
        .head = {.nlmsg_len = sizeof(q),        .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST},
        .info = {.ifi_family = AF_UNSPEC},
        .attr = {.rta_type = IFLA_IFNAME      },
    };
    size_t len = strlen(name) + 1;
    q.attr.rta_len = (unsigned short)RTA_LENGTH(len);
    memcpy(q.name, name, len);
    q.head.nlmsg_len = (uint32_t)(offsetof(struct question, attr) + RTA_SPACE(len));
    return send(fd, &q, q.head.nlmsg_len, 0) == (ssize_t)q.head.nlmsg_len;
}

/* RTA_NEXT, with one sign. */
static const struct rtattr *next_attr(const struct rtattr *a, int *len)
{
    int step = (int)RTA_ALIGN(a->rta_len);
    *len -= step;
    return (const struct rtattr *)((const char *)a + step);
}

/* Whether the link information names the kind "can". */
static bool is_controller(const struct rtattr *linkinfo)
{
    int len = (int)RTA_PAYLOAD(linkinfo);
    for (const struct rtattr *a = RTA_DATA(linkinfo); RTA_OK(a, len); a = next_attr(a, &len))
        if (a->rta_type == IFLA_INFO_KIND)
            return strnlen(RTA_DATA(a), RTA_PAYLOAD(a)) == 3 && memcmp(RTA_DATA(a), "can", 3) == 0;
    return false;
}

static void read_answer(const struct nlmsghdr *head, struct found *out)
{
    const struct ifinfomsg *info = NLMSG_DATA(head);
    int len = (int)head->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*info));
    out->index = (unsigned)info->ifi_index;
    out->flags = info->ifi_flags;
    out->type = info->ifi_type;
    for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, len); a = next_attr(a, &len))
        if (a->rta_type == IFLA_LINKINFO)
            out->controller = is_controller(a);
}

/* Looks a name up. false: no answer, what was known stays; true with index 0: no such name. */
static bool look_up(const char *name, struct found *out)
{
    _Alignas(struct nlmsghdr) char buf[16384];
    const struct nlmsghdr *head = (const struct nlmsghdr *)buf;
    struct timeval patience = {.tv_sec = ANSWER_S};
    bool answered = false;

    memset(out, 0, sizeof(*out));
    int fd = netlink_open(0);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (send_question(fd, name)) {
        ssize_t n = recv(fd, buf, sizeof(buf), 0);
        if (n > 0 && NLMSG_OK(head, (size_t)n)) {
            answered = true;
            if (head->nlmsg_type == RTM_NEWLINK &&
                head->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg)))
                read_answer(head, out);
            else
                answered = head->nlmsg_type == NLMSG_ERROR;
        }
    }
    close(fd);
    return answered;
}

static enum link_state state_word(int can_state)
{
    switch (can_state) {
    case CAN_STATE_ERROR_ACTIVE:
        return LINK_UP;
    case CAN_STATE_ERROR_WARNING:
        return LINK_WARNING;
    case CAN_STATE_ERROR_PASSIVE:
        return LINK_PASSIVE;
    case CAN_STATE_BUS_OFF:
        return LINK_BUS_OFF;
    default:
        return LINK_DOWN; /* stopped, sleeping */
    }
}

/* libsocketcan prints to stderr and fails on what is no controller (vcan), so it is asked only
 * about those. */
static uint64_t ask_controller(struct slot *s, mono_us *at)
{
    int state = -1;
    *at = clock_now();
    if (can_get_state(s->name, &state) != 0 || state < 0 || state >= CAN_STATE_MAX)
        return 0;
    return VIEW_HAS_STATE | (uint64_t)state_word(state) << VIEW_STATE_SHIFT;
}

/* Sets the bit rate and starts. The restart time is wished for, not needed: slcan has none. */
static bool bring_up(const struct slot *s, bool controller)
{
    if (controller) {
        if (can_set_bitrate(s->name, s->bitrate) != 0)
            return false;
        can_set_restart_ms(s->name, RESTART_MS);
    }
    if (can_do_start(s->name) != 0)
        return false;
    log_line(LOG_INFO, "%s: brought up at %u bit/s", s->name, (unsigned)s->bitrate);
    return true;
}

/* quick: only what does not involve libsocketcan. */
static void look_at(struct slot *s, bool quick)
{
    struct found found;
    bool failed = false;
    if (!look_up(s->name, &found))
        return;
    if (!quick && s->bring_up && found.index && found.type == ARPHRD_CAN &&
        !(found.flags & IFF_UP)) {
        failed = !bring_up(s, found.controller);
        if (!failed && !look_up(s->name, &found))
            return;
    }
    uint64_t view = (uint64_t)found.index << 32;
    mono_us at = atomic_load(&s->state_at);
    if (found.type == ARPHRD_CAN)
        view |= VIEW_CAN;
    if (found.flags & IFF_UP)
        view |= VIEW_UP;
    if (found.controller)
        view |= VIEW_CONTROLLER;
    if (failed)
        view |= VIEW_FAILED;
    if (!quick && found.controller)
        view |= ask_controller(s, &at);
    atomic_store(&s->view, view);
    atomic_store(&s->state_at, at); /* after the view: who reads the new time sees the new view */
}

/* Waits for an event of the kernel, a new slot or the next round. */
static void wait_for_news(int events)
{
    struct pollfd fds[] = {
        {.fd = thread.wake, .events = POLLIN},
        {.fd = events,      .events = POLLIN}
    };
    char junk[8192];
    if (poll(fds, 2, EVERY_MS) <= 0)
        return;
    if (fds[0].revents)
        (void)!read(thread.wake, junk, sizeof(uint64_t));
    if (!fds[1].revents)
        return;
    /* What changed is looked up anyway; an overrun of this socket is one more reason to. */
    poll(NULL, 0, SETTLE_MS);
    while (recv(events, junk, sizeof(junk), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
        ;
}

static void *run(void *arg)
{
    (void)arg;
    int events = netlink_open(RTMGRP_LINK);
    if (events < 0)
        log_line(LOG_WARN, "link state: no netlink events (%s); looking every %d s",
                 strerror(errno), EVERY_MS / 1000);
    for (;;) {
        unsigned n = atomic_load(&n_slots);
        for (unsigned i = 0; i < n; i++)
            if (atomic_load(&slots[i].users))
                look_at(&slots[i], false);
        wait_for_news(events);
    }
    return NULL;
}

/* All signals stay with the others: libsocketcan takes an interrupted receive for an answer and
 * parses what the buffer held before. */
static bool start(void)
{
    pthread_t id;
    sigset_t all, before;
    if (thread.running)
        return true;
    thread.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (thread.wake < 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread.running = pthread_create(&id, NULL, run, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (thread.running)
        pthread_detach(id);
    else
        close(thread.wake);
    return thread.running;
}

static void wake(void)
{
    uint64_t one = 1;
    (void)!write(thread.wake, &one, sizeof(one));
}

/* The slot of a name with the same wishes, or a new one; -1 when there is no room. */
static int slot_for(const char *name, bool want_up, uint32_t bitrate)
{
    unsigned n = atomic_load(&n_slots);
    for (unsigned i = 0; i < n; i++)
        if (strcmp(slots[i].name, name) == 0 && slots[i].bring_up == want_up &&
            slots[i].bitrate == bitrate)
            return (int)i;
    if (n == LINK_STATE_MAX)
        return -1;
    snprintf(slots[n].name, sizeof(slots[n].name), "%s", name);
    slots[n].bring_up = want_up;
    slots[n].bitrate = bitrate;
    atomic_store(&n_slots, n + 1);
    return (int)n;
}

int link_state_watch(const char *name, bool want_up, uint32_t bitrate)
{
    if (!name[0] || strlen(name) >= IF_NAMESIZE || !start())
        return -1;
    int i = slot_for(name, want_up, bitrate);
    if (i < 0)
        return -1;
    if (atomic_load(&slots[i].users) == 0)
        look_at(&slots[i], true); /* before the thread does: it skips slots without users */
    atomic_fetch_add(&slots[i].users, 1);
    wake();
    return i;
}

void link_state_unwatch(int handle)
{
    atomic_fetch_sub(&slots[handle].users, 1);
}

struct link_seen link_state_seen(int handle)
{
    const struct slot *s = &slots[handle];
    mono_us at = atomic_load(&s->state_at);
    uint64_t view = atomic_load(&s->view);
    return (struct link_seen){
        .index = (unsigned)(view >> 32),
        .is_can = (view & VIEW_CAN) != 0,
        .is_up = (view & VIEW_UP) != 0,
        .bring_up_failed = (view & VIEW_FAILED) != 0,
        .is_controller = (view & VIEW_CONTROLLER) != 0,
        .has_state = (view & VIEW_HAS_STATE) != 0,
        .state = (enum link_state)(view >> VIEW_STATE_SHIFT & 0xFF),
        .state_at = at,
    };
}
