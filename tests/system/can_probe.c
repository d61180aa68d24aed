/* The SocketCAN link against a real kernel: run by can_guest.sh in a guest as root, with vcan0
 * up. Prints "ok ..." or "FAIL ..." a line and exits 1 after a failure.
 *
 * The link is told a time that runs ahead by `skew`, so that nothing waits for a second to pass
 * that can be told. */
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/link.h"
#include "io/link_state.h"

#define PATIENCE MONO_S(10) /* for the kernel and its tools, on a slow machine */

static unsigned failed;
static mono_us skew;

static mono_us now(void)
{
    return clock_now() + skew;
}

__attribute__((format(printf, 2, 3))) static void check(bool good, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf(good ? "ok   " : "FAIL ");
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
    failed += !good;
}

static void run(const char *command)
{
    if (system(command) != 0)
        check(false, "command: %s", command);
}

/* ---- the other end of the bus --------------------------------------------------------------- */

static int node(const char *name)
{
    struct sockaddr_can addr = {.can_family = AF_CAN, .can_ifindex = (int)if_nametoindex(name)};
    int fd = socket(PF_CAN, SOCK_RAW | SOCK_NONBLOCK, CAN_RAW);
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
        perror(name);
        exit(2);
    }
    return fd;
}

static bool say(int fd, uint32_t can_id, uint8_t len, uint8_t first)
{
    struct can_frame f = {.can_id = can_id, .can_dlc = len, .data = {first}};
    return write(fd, &f, sizeof(f)) == (ssize_t)sizeof(f);
}

static bool say_error(int fd, uint32_t class, uint8_t control)
{
    struct can_frame f = {
        .can_id = CAN_ERR_FLAG | class, .can_dlc = 8, .data = {0, control}
    };
    return write(fd, &f, sizeof(f)) == (ssize_t)sizeof(f);
}

/* ---- this end ---------------------------------------------------------------------------------
 */

struct taken {
    unsigned frames, confirmed;
    struct frame last;
};

static struct taken drain(struct link *l)
{
    struct taken t = {0};
    struct frame f;
    l->ops->tend(l, now());
    for (enum link_got got; (got = l->ops->read(l, now(), &f)) != LINK_NOTHING;) {
        if (got == LINK_CONFIRMED) {
            t.confirmed++;
        } else {
            t.frames++;
            t.last = f;
        }
    }
    return t;
}

/* Tends the link until it is in a state and its text has a word. */
static bool becomes(struct link *l, enum link_state want, const char *word)
{
    mono_us end = now() + PATIENCE;
    do {
        drain(l);
        if (l->state == want && strstr(l->why, word))
            return true;
        poll(NULL, 0, 10);
    } while (now() < end);
    printf("     is %s: %s\n", link_state_name(l->state), l->why);
    return false;
}

static struct link *open_link(const struct link_spec *spec)
{
    struct link *l = link_new(spec);
    if (!l) {
        check(false, "link_new %s", spec->target);
        exit(1);
    }
    l->ops->tend(l, now());
    return l;
}

static struct link *open_can(const char *name)
{
    const struct link_spec spec = {.kind = "can", .target = name};
    return open_link(&spec);
}

static void probe_frames(void)
{
    struct link *l = open_can("vcan0");
    int other = node("vcan0");
    check(l->state == LINK_UP, "vcan0 is up at the first tend (%s)", l->why);
    check(drain(l).frames == 0, "silence is nothing");
    say(other, 0x351, 8, 0x14);
    struct taken t = drain(l);
    check(t.frames == 1 && t.last.id == 0x351 && !t.last.ext && t.last.len == 8 &&
              t.last.data[0] == 0x14,
          "standard frame");
    say(other, 0x351 | CAN_EFF_FLAG, 4, 0xEE);
    t = drain(l);
    check(t.frames == 1 && t.last.ext && t.last.id == 0x351, "extended frame, marked as such");
    say(other, 0x351 | CAN_RTR_FLAG, 0, 0);
    say(other, 0x351 | CAN_EFF_FLAG | CAN_RTR_FLAG, 0, 0);
    check(drain(l).frames == 0, "remote requests stay outside");
    close(other);
    l->ops->close(l);
}

static void probe_filter(void)
{
    static const struct link_id ids[] = {
        {0x351,      false},
        {0x18FEF100, true }
    };
    const struct link_spec spec = {.kind = "can", .target = "vcan0", .ids = ids, .n_ids = 2};
    struct link *l = open_link(&spec);
    int other = node("vcan0");
    say(other, 0x355, 8, 0);
    say(other, 0x351 | CAN_EFF_FLAG, 8, 0);
    say(other, 0x1AAAA351 | CAN_EFF_FLAG, 8, 0);
    say(other, 0x351 | CAN_RTR_FLAG, 0, 0);
    check(drain(l).frames == 0, "list of ids: 355, extended 351, remote 351 stay outside");
    say(other, 0x351, 8, 0);
    say(other, 0x18FEF100 | CAN_EFF_FLAG, 8, 0);
    check(drain(l).frames == 2, "list of ids: both listed come");
    struct frame f = {.id = 0x351, .len = 8};
    check(l->ops->write(l, now(), &f) == HUB_OK && drain(l).confirmed == 1,
          "list of ids: a listed one is sent and confirmed");
    f.ext = true;
    check(l->ops->write(l, now(), &f) == HUB_ESPEC, "list of ids: another is refused");
    close(other);
    l->ops->close(l);
}

static void probe_confirm(void)
{
    struct link *l = open_can("vcan0"), *second = open_can("vcan0");
    int other = node("vcan0");
    struct frame f = {
        .id = 0x305, .len = 2, .data = {1, 2}
    };
    struct can_frame got = {0};
    check(l->ops->write(l, now(), &f) == HUB_OK, "write");
    struct taken t = drain(l);
    check(t.confirmed == 1 && t.frames == 0, "confirmed once, and no echo as a frame");
    check(read(other, &got, sizeof(got)) == (ssize_t)sizeof(got) && got.can_id == 0x305 &&
              got.can_dlc == 2 && got.data[1] == 2,
          "the other node has it");
    t = drain(second);
    check(t.frames == 1 && t.confirmed == 0, "another link hears a frame, no confirmation");
    f.len = 9;
    check(l->ops->write(l, now(), &f) == HUB_ESPEC, "9 bytes are refused");
    close(other);
    second->ops->close(second);
    l->ops->close(l);
}

static void probe_error_frames(void)
{
    static const struct {
        const char *what;
        uint32_t class;
        uint8_t control;
        enum link_state want;
    } steps[] = {
        {"warning",                        CAN_ERR_CRTL,      CAN_ERR_CRTL_TX_WARNING, LINK_WARNING},
        {"passive",                        CAN_ERR_CRTL,      CAN_ERR_CRTL_RX_PASSIVE, LINK_PASSIVE},
        {"no acknowledge changes nothing", CAN_ERR_ACK,       0,                       LINK_PASSIVE},
        {"bus off",                        CAN_ERR_BUSOFF,    0,                       LINK_BUS_OFF},
        {"restarted",                      CAN_ERR_RESTARTED, 0,                       LINK_UP     },
        {"warning again",                  CAN_ERR_CRTL,      CAN_ERR_CRTL_RX_WARNING, LINK_WARNING},
        {"active again",                   CAN_ERR_CRTL,      CAN_ERR_CRTL_ACTIVE,     LINK_UP     },
    };
    struct link *l = open_can("vcan0");
    int other = node("vcan0");
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        say_error(other, steps[i].class, steps[i].control);
        unsigned frames = drain(l).frames;
        check(l->state == steps[i].want && frames == 0 && l->bus_errors == i + 1, "error frame: %s",
              steps[i].what);
    }
    say_error(other, CAN_ERR_BUSOFF, 0);
    drain(l);
    say(other, 0x351, 0, 0);
    drain(l);
    drain(l);
    check(l->state == LINK_BUS_OFF, "a frame right behind bus off may be an old one");
    skew += MONO_S(2);
    say(other, 0x351, 0, 0);
    drain(l);
    drain(l);
    check(l->state == LINK_UP, "a frame two seconds later is a working bus");

    l->bus_errors = 0;
    for (int i = 0; i < 2000; i++)
        say_error(other, CAN_ERR_PROT, 0);
    say(other, 0x351, 1, 0x77);
    struct taken t = drain(l);
    check(t.frames == 1 && t.last.data[0] == 0x77 && l->lost == 0,
          "a storm of error frames costs no data");
    check(l->bus_errors > 0 && l->bus_errors <= 64, "one tend looks at %u of 2000", l->bus_errors);
    for (int i = 0; i < 100; i++)
        drain(l);
    say_error(other, CAN_ERR_PROT, 0); /* the count of the dropped ones rides on the next */
    drain(l);
    check(l->bus_errors == 2001, "all of them are counted in the end (%u)", l->bus_errors);
    close(other);
    l->ops->close(l);
}

static void probe_overflow(void)
{
    struct link *l = open_can("vcan0");
    int other = node("vcan0"), room = 4096;
    setsockopt(l->ops->fd(l), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    unsigned sent = 0;
    for (int i = 0; i < 400; i++)
        sent += say(other, 0x351, 8, 0);
    unsigned got = drain(l).frames;
    say(other, 0x351, 8, 0); /* the kernel's count rides on the next frame */
    got += drain(l).frames;
    check(sent == 400 && l->lost > 0 && l->lost + got == sent + 1,
          "overflow: %u sent, %u came, %u lost", sent + 1, got, l->lost);
    close(other);
    l->ops->close(l);
}

/* A queue of ten and nobody who empties it in time: the driver's way to say that the bus takes
 * nothing. */
static void probe_full_queue(void)
{
    if (system("tc qdisc add dev vcan4 root netem delay 300ms limit 10 2>/dev/null") != 0) {
        printf("     full queue: this kernel has no netem, not looked at\n");
        return;
    }
    struct link *l = open_can("vcan4");
    struct frame f = {.id = 0x351, .len = 8};
    unsigned taken = 0;
    enum status st = HUB_OK;
    while (taken < 50 && (st = l->ops->write(l, now(), &f)) == HUB_OK)
        taken++;
    check(st == HUB_EFULL && taken == 10, "full queue: %u taken, then refused", taken);
    check(l->state == LINK_UP, "full queue: the link stays up");
    run("tc qdisc del dev vcan4 root");
    check(l->ops->write(l, now(), &f) == HUB_OK, "full queue: it takes frames again");
    l->ops->close(l);
}

static void probe_down_and_up(void)
{
    struct link *l = open_can("vcan0");
    struct frame f = {.id = 0x305};
    int before = l->ops->fd(l);
    run("ip link set vcan0 down");
    struct pollfd p = {.fd = before, .events = POLLIN};
    check(poll(&p, 1, 1000) == 1, "down wakes the loop");
    drain(l);
    check(l->state == LINK_DOWN, "down is seen at once");
    check(becomes(l, LINK_DOWN, "run: ip link set vcan0 up"), "down: %s", l->why);
    check(l->ops->write(l, now(), &f) == HUB_EIO, "down: a write is an error");
    run("ip link set vcan0 up");
    check(becomes(l, LINK_UP, "vcan0"), "up again");
    check(l->ops->fd(l) == before, "on the same socket");
    int other = node("vcan0");
    say(other, 0x351, 0, 0);
    check(drain(l).frames == 1, "and frames come");
    check(l->ops->write(l, now(), &f) == HUB_OK && drain(l).confirmed == 1, "and go");
    close(other);
    l->ops->close(l);
}

static void probe_pull_and_plug(void)
{
    struct link *l = open_can("vcan0");
    struct frame f = {.id = 0x305};
    unsigned before = if_nametoindex("vcan0");
    run("ip link del vcan0");
    check(becomes(l, LINK_CLOSED, "no such interface; is the adapter plugged in?"), "pulled: %s",
          l->why);
    check(l->ops->fd(l) == -1 && l->ops->write(l, now(), &f) == HUB_EIO, "pulled: nothing goes");
    run("ip link add vcan0 type vcan && ip link set vcan0 up");
    check(becomes(l, LINK_UP, "vcan0"), "plugged: up again");
    check(if_nametoindex("vcan0") != before, "(it has another index)");
    int other = node("vcan0");
    say(other, 0x351, 0, 0);
    check(drain(l).frames == 1, "plugged: frames come");
    check(l->ops->write(l, now(), &f) == HUB_OK && drain(l).confirmed == 1, "plugged: and go");
    close(other);

    /* In one breath: the socket may only ever see its end, never a time without interface. */
    run("ip link del vcan0 && ip link add vcan0 type vcan && ip link set vcan0 up");
    other = node("vcan0");
    mono_us end = now() + PATIENCE;
    unsigned frames = 0;
    while (!frames && now() < end) {
        say(other, 0x351, 0, 0);
        frames = drain(l).frames;
        poll(NULL, 0, 10);
    }
    check(frames > 0, "pulled and plugged in one breath: frames come");
    close(other);

    run("ip link set vcan0 down && ip link set vcan0 name spare0 && ip link set spare0 up");
    check(becomes(l, LINK_CLOSED, "no such interface"), "renamed: gone");
    run("ip link set spare0 down && ip link set spare0 name vcan0 && ip link set vcan0 up");
    check(becomes(l, LINK_UP, "vcan0"), "renamed back: up again");
    l->ops->close(l);
}

static void probe_late_interface(void)
{
    const struct link_spec spec = {
        .kind = "can", .target = "vcan9", .bring_up = true, .bitrate = 500000};
    struct link *l = open_can("vcan9"), *no_can = open_can("lo");
    check(l->state == LINK_CLOSED && strstr(l->why, "no such interface"), "missing at start: %s",
          l->why);
    check(no_can->state == LINK_CLOSED && strstr(no_can->why, "is no CAN interface"), "%s",
          no_can->why);
    run("ip link add vcan9 type vcan");
    check(becomes(l, LINK_DOWN, "run: ip link set vcan9 up"), "there, but down: %s", l->why);
    struct link *upper = open_link(&spec);
    check(becomes(upper, LINK_UP, "vcan9"), "bring_up starts it");
    check(becomes(l, LINK_UP, "vcan9"), "and the other link sees that");
    run("ip link del vcan9");
    upper->ops->close(upper);
    no_can->ops->close(no_can);
    l->ops->close(l);
}

/* Real controllers (qemu): bit rate and state by libsocketcan. */
static void probe_controller(void)
{
    if (if_nametoindex("can0") == 0) {
        printf("     controller: no can0 in this guest, not looked at\n");
        return;
    }
    run("ip link set can0 down && ip link set can0 type can bitrate 250000");
    struct link *l = open_can("can0");
    check(becomes(l, LINK_DOWN, "run: ip link set can0 up type can bitrate 500000"), "%s", l->why);
    const struct link_spec spec = {
        .kind = "can", .target = "can0", .bring_up = true, .bitrate = 500000};
    struct link *upper = open_link(&spec);
    check(becomes(upper, LINK_UP, "can0"), "bring_up sets the bit rate and starts can0");
    run("ip -d link show can0 | grep -q 'bitrate 500000'");
    run("ip -d link show can0 | grep -q 'restart-ms 100'");
    int handle = link_state_watch("can0", true, 500000);
    mono_us end = now() + PATIENCE;
    while (!link_state_seen(handle).has_state && now() < end)
        poll(NULL, 0, 10);
    struct link_seen seen = link_state_seen(handle);
    check(seen.is_controller && seen.has_state && seen.state == LINK_UP,
          "libsocketcan knows the state");
    int other = node("can1");
    struct frame f = {.id = 0x305, .len = 1, .data = {5}};
    check(l->ops->write(l, now(), &f) == HUB_OK, "can0: write");
    unsigned confirmed = 0;
    for (end = now() + PATIENCE; !confirmed && now() < end; poll(NULL, 0, 10))
        confirmed += drain(l).confirmed;
    struct can_frame got = {0};
    check(confirmed == 1 && read(other, &got, sizeof(got)) > 0 && got.can_id == 0x305,
          "can0: confirmed, and can1 has it");
    link_state_unwatch(handle);
    close(other);
    upper->ops->close(upper);
    l->ops->close(l);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    probe_frames();
    probe_filter();
    probe_confirm();
    probe_error_frames();
    probe_overflow();
    probe_full_queue();
    probe_down_and_up();
    probe_pull_and_plug();
    probe_late_interface();
    probe_controller();
    return failed ? 1 : 0;
}
