/* A link over a SocketCAN interface.
 *
 * The socket is bound to an index, and the index belongs to a device, not to a name: a USB
 * adapter that was pulled and plugged leaves a socket that is deaf for ever and says so once at
 * most. So the name is watched (link_state.h) and the socket opened anew when the index behind
 * it changes. An interface that is merely down keeps its socket; it works again when it is up.
 *
 * Two sockets: data frames wake the loop; error frames come on a second one that is looked at
 * every 100 ms with a budget, so that a storm of them takes neither time nor room from the data.
 *
 * Own frames come back with MSG_CONFIRM once they are on the wire: that is the confirmation.
 * Facts: kernel documentation networking/can.rst, net/can/raw.c, include/uapi/linux/can/error.h. */
#include <errno.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/link_kinds.h"
#include "io/link_state.h"

#define TEND_EVERY MONO_MS(100)
#define RETRY MONO_S(1)
#define ERROR_BUDGET 64 /* error frames looked at in one tend */
#define ERROR_ROOM 8192 /* bytes of receive buffer for them */
#define DOWN_SETTLES MONO_MS(300)
#define HEALED_AFTER MONO_S(1) /* traffic this long after the last complaint: it is over */

struct can_socket {
    struct link link;
    char name[IF_NAMESIZE];
    uint32_t bitrate;
    bool bring_up;
    struct link_id ids[LINK_IDS_MAX];
    size_t n_ids;
    int watch; /* handle of link_state.h */
    int data, errors;
    unsigned index;                      /* the sockets are bound to */
    uint32_t data_missed, errors_missed; /* running counts of the kernel */
    bool deaf;                           /* the device is gone; open anew */
    enum link_state told;                /* by error frames: UP, WARNING, PASSIVE, BUS_OFF */
    mono_us told_at;
    mono_us good_at;    /* the last frame that came or went */
    mono_us down_until; /* the socket knows before the link state thread does */
    mono_us retry, next_tend;
};

static struct can_socket *can_of(struct link *l)
{
    return (struct can_socket *)l;
}

/* Error numbers that mean the interface was removed under the socket. */
static bool is_gone(int err)
{
    return err == ENODEV || err == ENXIO;
}

static void shut(struct can_socket *c)
{
    if (c->data >= 0)
        close(c->data);
    if (c->errors >= 0)
        close(c->errors);
    c->data = c->errors = -1;
    c->index = 0;
    c->deaf = false;
}

static void say_down(struct can_socket *c, const struct link_seen *seen)
{
    const char *refused = c->bring_up && seen->bring_up_failed ? ", not allowed to start it" : "";
    if (seen->is_controller)
        link_say(&c->link, LINK_DOWN, "%s is down%s; run: ip link set %s up type can bitrate %u",
                 c->name, refused, c->name, c->bitrate ? (unsigned)c->bitrate : 500000u);
    else
        link_say(&c->link, LINK_DOWN, "%s is down%s; run: ip link set %s up", c->name, refused,
                 c->name);
}

static void say_missing(struct can_socket *c)
{
    link_say(&c->link, LINK_CLOSED, "%s: no such interface; is the adapter plugged in? ip link",
             c->name);
}

/* ---- opening ------------------------------------------------------------------------------ */

/* The frames of the listed ids, or all; never remote requests. The flags stand in the mask
 * because a filter of 11 bits alone also lets 29-bit and remote frames through. */
static bool filter_data(const struct can_socket *c, int fd)
{
    struct can_filter filters[LINK_IDS_MAX] = {
        {.can_id = 0, .can_mask = CAN_RTR_FLAG}
    };
    size_t n = c->n_ids ? c->n_ids : 1;
    for (size_t i = 0; i < c->n_ids; i++) {
        bool ext = c->ids[i].ext;
        filters[i].can_id = c->ids[i].id | (ext ? CAN_EFF_FLAG : 0);
        filters[i].can_mask = CAN_EFF_FLAG | CAN_RTR_FLAG | (ext ? CAN_EFF_MASK : CAN_SFF_MASK);
    }
    return setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, filters,
                      (socklen_t)(n * sizeof(filters[0]))) == 0;
}

static bool bind_to(int fd, unsigned index)
{
    struct sockaddr_can addr = {.can_family = AF_CAN, .can_ifindex = (int)index};
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)) == 0 &&
           bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;
}

static bool set_up(struct can_socket *c, unsigned index)
{
    int on = 1, room = ERROR_ROOM;
    can_err_mask_t all = CAN_ERR_MASK;
    return filter_data(c, c->data) &&
           setsockopt(c->data, SOL_CAN_RAW, CAN_RAW_RECV_OWN_MSGS, &on, sizeof(on)) == 0 &&
           setsockopt(c->errors, SOL_CAN_RAW, CAN_RAW_FILTER, NULL, 0) == 0 &&
           setsockopt(c->errors, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &all, sizeof(all)) == 0 &&
           setsockopt(c->errors, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == 0 &&
           bind_to(c->data, index) && bind_to(c->errors, index);
}

static int raw_socket(void)
{
    return socket(PF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW);
}

static void say_why_closed(struct can_socket *c, int err)
{
    if (err == EAFNOSUPPORT || err == EPROTONOSUPPORT)
        link_say(&c->link, LINK_CLOSED, "%s: this kernel has no CAN sockets; run: modprobe can_raw",
                 c->name);
    else if (is_gone(err)) /* removed since it was looked up */
        say_missing(c);
    else
        link_say(&c->link, LINK_CLOSED, "%s: %s", c->name, strerror(err));
}

/* Opens when there is something to open. */
static void open_sockets(struct can_socket *c, const struct link_seen *seen)
{
    c->data = raw_socket();
    if (c->data < 0) {
        say_why_closed(c, errno);
        return;
    }
    if (seen->index == 0 || !seen->is_can) {
        if (seen->index == 0)
            say_missing(c);
        else
            link_say(&c->link, LINK_CLOSED, "%s: is no CAN interface; ip link shows them", c->name);
        shut(c);
        return;
    }
    c->errors = raw_socket();
    if (c->errors < 0 || !set_up(c, seen->index)) {
        say_why_closed(c, errno);
        shut(c);
        return;
    }
    c->index = seen->index;
    c->data_missed = c->errors_missed = 0;
    c->told = LINK_UP;
    c->told_at = 0;
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* The kernel's running count of frames that found no room. It rides on the next frame that
 * did. */
static uint32_t newly_missed(struct msghdr *m, uint32_t *before)
{
    uint32_t count = *before;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
            memcpy(&count, CMSG_DATA(c), sizeof(count));
    uint32_t missed = count - *before;
    *before = count;
    return missed;
}

/* Takes one frame. 1, 0 when there is none, or a negative errno. */
static int receive(int fd, struct can_frame *f, uint32_t *before, uint32_t *missed, bool *own)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(64)];
    } control;
    struct iovec iov = {.iov_base = f, .iov_len = sizeof(*f)};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    *missed += newly_missed(&m, before);
    *own = (m.msg_flags & MSG_CONFIRM) != 0;
    return n == (ssize_t)sizeof(*f) ? 1 : -EMSGSIZE;
}

static void on_socket_error(struct can_socket *c, mono_us now, int err)
{
    if (err == ENETDOWN) {
        struct link_seen seen = link_state_seen(c->watch);
        c->down_until = now + DOWN_SETTLES;
        say_down(c, &seen);
    } else if (is_gone(err))
        c->deaf = true;
}

static enum link_got can_read(struct link *l, mono_us now, struct frame *f)
{
    struct can_socket *c = can_of(l);
    struct can_frame can;
    bool own = false;
    if (c->data < 0)
        return LINK_NOTHING;
    int rc = receive(c->data, &can, &c->data_missed, &l->lost, &own);
    if (rc <= 0) {
        on_socket_error(c, now, -rc);
        return LINK_NOTHING;
    }
    c->good_at = now;
    if (own)
        return LINK_CONFIRMED;
    f->ext = (can.can_id & CAN_EFF_FLAG) != 0;
    f->id = can.can_id & (f->ext ? CAN_EFF_MASK : CAN_SFF_MASK);
    f->len = can.can_dlc > CAN_MAX_DLEN ? CAN_MAX_DLEN : can.can_dlc;
    memcpy(f->data, can.data, sizeof(f->data));
    return LINK_FRAME;
}

/* What an error frame says about the state of the controller. */
static enum link_state told_by(const struct can_frame *e, enum link_state before)
{
    if (e->can_id & CAN_ERR_BUSOFF)
        return LINK_BUS_OFF;
    if (e->can_id & CAN_ERR_RESTARTED)
        return LINK_UP;
    if (!(e->can_id & CAN_ERR_CRTL))
        return before;
    if (e->data[1] & (CAN_ERR_CRTL_RX_PASSIVE | CAN_ERR_CRTL_TX_PASSIVE))
        return LINK_PASSIVE;
    if (e->data[1] & (CAN_ERR_CRTL_RX_WARNING | CAN_ERR_CRTL_TX_WARNING))
        return LINK_WARNING;
    return e->data[1] & CAN_ERR_CRTL_ACTIVE ? LINK_UP : before;
}

static void take_errors(struct can_socket *c, mono_us now)
{
    struct can_frame e;
    bool own = false;
    for (int i = 0; i < ERROR_BUDGET && c->errors >= 0; i++) {
        int rc = receive(c->errors, &e, &c->errors_missed, &c->link.bus_errors, &own);
        if (rc <= 0) {
            on_socket_error(c, now, -rc);
            if (rc == 0)
                return;
            continue;
        }
        if (e.can_id & CAN_ERR_CRTL && e.data[1] & CAN_ERR_CRTL_RX_OVERFLOW)
            c->link.lost++; /* inside the controller; nobody knows how many */
        if (e.can_id & (CAN_ERR_BUSOFF | CAN_ERR_RESTARTED))
            c->link.flushed = true; /* the driver drops what was out, and its echo */
        c->link.bus_errors++;
        c->told = told_by(&e, c->told);
        c->told_at = now;
    }
}

/* ---- the state ---------------------------------------------------------------------------- */

/* A bus that carries frames some time after the last complaint is no longer off or passive. Where
 * the controller can be asked (it is, every 10 s) that is left to it; others never take a
 * complaint back. */
static void heal(struct can_socket *c, const struct link_seen *seen)
{
    if (!seen->has_state && c->told != LINK_UP && c->good_at >= c->told_at + HEALED_AFTER)
        c->told = LINK_UP;
}

/* The younger of what the error frames and what the controller said. */
static enum link_state bus_state(const struct can_socket *c, const struct link_seen *seen)
{
    return seen->has_state && seen->state_at >= c->told_at ? seen->state : c->told;
}

static void say_state(struct can_socket *c, const struct link_seen *seen, mono_us now)
{
    heal(c, seen);
    enum link_state state = seen->is_up && now >= c->down_until ? bus_state(c, seen) : LINK_DOWN;
    switch (state) {
    case LINK_UP:
        link_say(&c->link, LINK_UP, "%s", c->name);
        break;
    case LINK_WARNING:
        link_say(&c->link, state, "%s: many bus errors; check the wiring and the bit rate",
                 c->name);
        break;
    case LINK_PASSIVE:
        link_say(&c->link, state,
                 "%s: error passive; check the other end, the termination and the bit rate",
                 c->name);
        break;
    case LINK_BUS_OFF:
        link_say(
            &c->link, state,
            "%s: bus off; check for a short circuit; run: ip link set %s type can restart-ms 100",
            c->name, c->name);
        break;
    case LINK_CLOSED:
    case LINK_DOWN:
    case LINK_STATE_COUNT:
        say_down(c, seen);
        break;
    }
}

static void can_tend(struct link *l, mono_us now)
{
    struct can_socket *c = can_of(l);
    struct link_seen seen = link_state_seen(c->watch);
    c->next_tend = now + TEND_EVERY;
    take_errors(c, now);
    if (c->data >= 0 && (c->deaf || seen.index != c->index)) {
        shut(c);
        link_say(l, LINK_CLOSED, "%s: the interface was removed", c->name);
        c->retry = now;
    }
    if (c->data < 0) {
        if (now < c->retry)
            return;
        c->retry = now + RETRY;
        open_sockets(c, &seen);
    }
    if (c->data >= 0)
        say_state(c, &seen, now);
}

static mono_us can_deadline(const struct link *l)
{
    return ((const struct can_socket *)l)->next_tend;
}

static int can_fd(struct link *l)
{
    return can_of(l)->data;
}

/* ---- sending ------------------------------------------------------------------------------ */

/* With a list of ids, the echo of another id would not come back: it would never be confirmed. */
static bool may_send(const struct can_socket *c, const struct frame *f)
{
    for (size_t i = 0; i < c->n_ids; i++)
        if (c->ids[i].id == f->id && c->ids[i].ext == f->ext)
            return true;
    return c->n_ids == 0;
}

static enum status can_write(struct link *l, mono_us now, const struct frame *f)
{
    (void)now;
    struct can_socket *c = can_of(l);
    struct can_frame can = {.can_id = f->id | (f->ext ? CAN_EFF_FLAG : 0), .can_dlc = f->len};
    if (f->len > CAN_MAX_DLEN || !may_send(c, f))
        return HUB_ESPEC;
    if (c->data < 0)
        return HUB_EIO;
    memcpy(can.data, f->data, f->len);
    if (send(c->data, &can, sizeof(can), MSG_DONTWAIT) == (ssize_t)sizeof(can))
        return HUB_OK;
    if (errno == ENOBUFS || errno == EAGAIN)
        return HUB_EFULL; /* the queue is full: the bus does not take frames */
    on_socket_error(c, now, errno);
    return HUB_EIO;
}

static void can_close(struct link *l)
{
    struct can_socket *c = can_of(l);
    shut(c);
    link_state_unwatch(c->watch);
    free(c);
}

static const struct link_ops can_ops = {
    .kind = "can",
    .fd = can_fd,
    .read = can_read,
    .write = can_write,
    .tend = can_tend,
    .deadline = can_deadline,
    .close = can_close,
};

struct link *can_socket_new(const struct link_spec *spec)
{
    if (strlen(spec->target) >= IF_NAMESIZE || spec->n_ids > LINK_IDS_MAX)
        return NULL;
    struct can_socket *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    strcpy(c->name, spec->target);
    c->bitrate = spec->bitrate;
    c->bring_up = spec->bring_up;
    c->n_ids = spec->ids ? spec->n_ids : 0;
    if (c->n_ids)
        memcpy(c->ids, spec->ids, c->n_ids * sizeof(c->ids[0]));
    c->data = c->errors = -1;
    c->watch = link_state_watch(c->name, c->bring_up, c->bitrate);
    if (c->watch < 0) {
        free(c);
        return NULL;
    }
    c->link.ops = &can_ops;
    link_say(&c->link, LINK_CLOSED, "%s: not yet open", c->name);
    return &c->link;
}
