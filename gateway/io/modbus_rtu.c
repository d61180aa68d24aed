#include "io/modbus_rtu.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <modbus/modbus.h>

#include "base/log.h"
#include "modbus/rtu.h"

#define RETRY MONO_S(5)
#define USB_SILENCE MONO_MS(20) /* FTDI hands over after 16 ms unless told otherwise */

struct rtu_line {
    struct watch watch;
    struct rtu_spec spec;
    struct modbus_who who;
    struct poller *poller;
    modbus_t *port; /* NULL: not open */
    int fd;
    int why; /* errno of the last failure to open, 0 when open */
    bool stuck;
    mono_us due;
    struct rtu rtu;
};

static bool known_baud(unsigned baud)
{
    static const unsigned known[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i] == baud)
            return true;
    return false;
}

static bool is_usb(const char *device)
{
    char path[PATH_MAX];
    const char *name = realpath(device, path) ? strrchr(path, '/') : NULL;

    return name && (!strncmp(name, "/ttyUSB", 7) || !strncmp(name, "/ttyACM", 7));
}

static mono_us silence(const struct rtu_spec *spec)
{
    if (spec->silence_us)
        return spec->silence_us;
    return is_usb(spec->device) ? USB_SILENCE : 0;
}

static void release(struct rtu_line *l)
{
    if (!l->port)
        return;
    modbus_close(l->port);
    modbus_free(l->port);
    l->port = NULL;
}

static void lose(struct rtu_line *l, const char *why, mono_us now)
{
    log_line(LOG_ERROR, "modbus %s: lost: %s; tried again every 5 s", l->spec.device, why);
    poller_remove(l->poller, l->fd);
    release(l);
    l->why = EIO; /* told already, if that is what opening says next */
    l->due = now + RETRY;
}

/* The library opens the device without blocking and sets it up; the descriptor then is ours. */
static enum status connect_port(struct rtu_line *l)
{
    l->port = modbus_new_rtu(l->spec.device, (int)l->spec.baud, l->spec.parity, 8,
                             l->spec.parity == 'N' ? 2 : 1);
    if (!l->port)
        return HUB_EIO;
    if (modbus_connect(l->port) != 0)
        goto free_port;
    modbus_flush(l->port);
    l->fd = modbus_get_socket(l->port);
    if (poller_add(l->poller, l->fd, EPOLLIN, &l->watch) == HUB_OK)
        return HUB_OK;
    modbus_close(l->port);
free_port:
    modbus_free(l->port); /* free keeps errno: glibc 2.33 and later */
    l->port = NULL;
    return HUB_EIO;
}

static void open_port(struct rtu_line *l, mono_us now)
{
    struct rtu_counters kept = l->rtu.count;
    mono_us silence_us = silence(&l->spec);

    errno = 0;
    if (connect_port(l) != HUB_OK) {
        if (errno != l->why)
            log_line(LOG_ERROR, "modbus %s: cannot open: %s; tried again every 5 s", l->spec.device,
                     strerror(errno));
        l->why = errno;
        l->due = now + RETRY;
        return;
    }
    rtu_init(&l->rtu, l->spec.units.unit, l->spec.baud, silence_us);
    l->rtu.count = kept;
    l->rtu.broadcast_writes = l->spec.broadcast_writes;
    l->rtu.may_silence = l->spec.may_silence;
    l->why = 0;
    log_line(LOG_INFO, "modbus %s: open, %u Bd 8%c%d, address %u, frames end after %u us",
             l->spec.device, l->spec.baud, l->spec.parity, l->spec.parity == 'N' ? 2 : 1,
             l->spec.units.unit, (unsigned)l->rtu.silence_us);
}

/* Takes what is there. false: the device is gone. */
static bool take_input(struct rtu_line *l, mono_us now)
{
    uint8_t bytes[RTU_ADU_MAX];
    ssize_t n = read(l->fd, bytes, sizeof(bytes));

    if (n > 0)
        rtu_feed(&l->rtu, now, bytes, (size_t)n);
    if (n >= 0 || errno == EAGAIN || errno == EINTR)
        return true; /* 0 is "nothing yet" on a line set up so */
    lose(l, strerror(errno), now);
    return false;
}

static void line_ready(struct watch *w, uint32_t events, mono_us now)
{
    struct rtu_line *l = (struct rtu_line *)w;

    if (!l->port)
        return;
    if (events & (EPOLLHUP | EPOLLERR))
        lose(l, "the other end hung up", now);
    else
        take_input(l, now);
}

/* A line that does not take an answer loses it: the master asks again. */
static void put_answer(struct rtu_line *l, const uint8_t *adu, size_t len, mono_us now)
{
    ssize_t n = write(l->fd, adu, len);
    bool stuck = n != (ssize_t)len;

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        lose(l, strerror(errno), now);
        return;
    }
    if (stuck && !l->stuck)
        log_line(LOG_WARN, "modbus %s: takes no output, answers are lost", l->spec.device);
    if (!stuck && l->stuck)
        log_line(LOG_INFO, "modbus %s: takes output again", l->spec.device);
    l->stuck = stuck;
}

mono_us rtu_line_tend(struct rtu_line *l, mono_us now)
{
    uint8_t adu[RTU_ADU_MAX];
    size_t len;

    if (!l->port && now >= l->due)
        open_port(l, now);
    if (!l->port)
        return l->due;
    if (rtu_deadline(&l->rtu) > now)
        return rtu_deadline(&l->rtu);
    if (!take_input(l, now)) /* a silence is one only if nothing was waiting */
        return l->due;
    len = rtu_answer(&l->rtu, now, &l->spec.units, &l->who, adu);
    if (len)
        put_answer(l, adu, len, now);
    return l->port ? rtu_deadline(&l->rtu) : l->due;
}

struct rtu_line *rtu_line_new(const struct rtu_spec *spec, struct poller *p)
{
    struct rtu_line *l;

    if (!known_baud(spec->baud))
        return NULL;
    l = calloc(1, sizeof(*l));
    if (l)
        *l = (struct rtu_line){
            .watch.ready = line_ready, .spec = *spec, .who.may_write = spec->write, .poller = p};
    return l;
}

void rtu_line_counts(const struct rtu_line *l, struct signals *out, mono_us now)
{
    (void)l, (void)out, (void)now;
}

void rtu_line_free(struct rtu_line *l)
{
    release(l);
    free(l);
}
