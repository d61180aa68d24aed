#include "io/modbus_rtu.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"
#include "io/clock.h"
#include "io/noise.h"
#include "io/serial_port.h"
#include "io/writer.h"
#include "modbus/rtu.h"
#include "model/words.h"

#define RETRY_S 2
#define USB_SILENCE MONO_MS(20) /* FTDI hands over after 16 ms unless told otherwise */

/* What control reads while the server thread writes. */
struct mirror {
    counter messages, errors, exceptions, ours, silent, busy, overruns;
    counter lost, writes, refused, late;
    counter state;
};

struct rtu_line {
    struct watch watch;
    struct rtu_spec spec;
    struct writer writer;
    struct modbus_who who;
    struct poller *poller;
    struct serial_port port;
    int why; /* errno of the last failure to open, 0 when open */
    bool stuck, advised, told_rs485;
    mono_us due;
    struct rtu rtu;
    bool parked, answered; /* a request waits for control; control has said `verdict` */
    enum modbus_exception verdict;
    struct noise noise;
    struct mirror mirror;
};

/* ---- opening ---- */

static bool known_baud(unsigned baud)
{
    static const unsigned known[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i] == baud)
            return true;
    return false;
}

static mono_us silence(const struct rtu_spec *spec)
{
    if (spec->silence_us)
        return spec->silence_us;
    return serial_is_usb(spec->device) ? USB_SILENCE : 0;
}

static const char *parity_name(char parity)
{
    return parity == 'N' ? "none" : parity == 'O' ? "odd" : "even";
}

/* What is parked is of no use to anybody any more. What control has taken it carries out. */
static void give_up(struct rtu_line *l)
{
    if (l->parked && l->spec.desk)
        desk_forget(l->spec.desk, &l->writer.waiter);
    l->parked = l->answered = false;
}

static void lose(struct rtu_line *l, const char *why, mono_us now)
{
    log_line(LOG_ERROR, "modbus %s: lost: %s; tried again every %d s", l->spec.device, why,
             RETRY_S);
    poller_remove(l->poller, l->port.fd);
    serial_close(&l->port);
    give_up(l);
    l->why = ENOENT; /* told already, if that is what opening says next */
    l->due = now + MONO_S(RETRY_S);
    count(&l->mirror.lost);
    gauge(&l->mirror.state, LINK_CLOSED);
}

/* An adapter that is pulled is gone in more than one way. */
static int one_word(int why)
{
    return why == ENXIO || why == ENODEV || why == EIO ? ENOENT : why;
}

static const char *remedy(int why)
{
    switch (why) {
    case ENOENT:
        return " (is the adapter plugged in? ls -l " SERIAL_BY_ID ")";
    case EACCES:
        return " (the gateway's user has to be in the group of the device, mostly dialout)";
    case ENOTTY:
        return " (it is no serial device)";
    default:
        return "";
    }
}

static void tell_closed(struct rtu_line *l, int why)
{
    char who[80];

    if (one_word(why) == l->why)
        return;
    l->why = one_word(why);
    if (why != EBUSY)
        log_line(LOG_ERROR, "modbus %s: cannot open: %s%s; tried again every %d s", l->spec.device,
                 strerror(why), remedy(why), RETRY_S);
    else if (serial_holder(l->spec.device, who, sizeof(who)))
        log_line(LOG_ERROR, "modbus %s: in use by another process: %s; tried again every %d s",
                 l->spec.device, who, RETRY_S);
    else
        log_line(LOG_ERROR, "modbus %s: in use by another process; tried again every %d s",
                 l->spec.device, RETRY_S);
}

/* Numbers are given in the order of plugging, so the next boot may give this one to another. */
static void advise(struct rtu_line *l)
{
    char stable[256];

    if (l->advised || !serial_may_change(l->spec.device, SERIAL_BY_ID, stable, sizeof(stable)))
        return;
    l->advised = true;
    log_line(LOG_WARN, "modbus %s: this name may go to another adapter: use %s%s", l->spec.device,
             stable[0] ? "" : "its name in ", stable[0] ? stable : SERIAL_BY_ID);
}

static void turn_rs485(struct rtu_line *l)
{
    int why = l->spec.rs485 ? serial_turn_rs485(&l->port) : 0;

    if (!why || l->told_rs485)
        return;
    l->told_rs485 = true;
    log_line(LOG_WARN,
             "modbus %s: the driver does not turn the direction (%s): an adapter that does so by "
             "itself needs no rs485 = yes, any other will not be heard",
             l->spec.device, strerror(why));
}

static int connect_port(struct rtu_line *l)
{
    int why = serial_open(&l->port, l->spec.device, l->spec.baud, l->spec.parity);

    if (why)
        return why;
    if (poller_add(l->poller, l->port.fd, EPOLLIN, &l->watch) == HUB_OK)
        return 0;
    why = errno;
    serial_close(&l->port);
    return why;
}

static void open_port(struct rtu_line *l, mono_us now)
{
    struct rtu_counters kept = l->rtu.serial.count;
    int why = connect_port(l);

    if (why) {
        tell_closed(l, why);
        l->due = now + MONO_S(RETRY_S);
        return;
    }
    rtu_init(&l->rtu, l->spec.baud, silence(&l->spec));
    l->rtu.serial.count = kept;
    l->rtu.broadcast_writes = l->spec.broadcast_writes;
    l->rtu.may_silence = l->spec.may_silence;
    l->why = 0;
    l->stuck = false;
    log_line(LOG_INFO, "modbus %s: open, %u Bd 8%c%d, address %u, frames end after %u us",
             l->spec.device, l->spec.baud, l->spec.parity, l->spec.parity == 'N' ? 2 : 1,
             l->spec.units.unit, (unsigned)l->rtu.silence_us);
    turn_rs485(l);
    advise(l);
    gauge(&l->mirror.state, LINK_UP);
}

/* ---- bytes ---- */

/* Takes what is there, as of now: a byte counts from when it was seen, so that a server that was
 * held up never takes less than 3.5 characters for a gap. false: the device is gone. */
static bool take_input(struct rtu_line *l)
{
    uint8_t bytes[RTU_ADU_MAX];
    ssize_t n = read(l->port.fd, bytes, sizeof(bytes));
    int why = errno;
    mono_us now = clock_now();

    if (n > 0)
        rtu_feed(&l->rtu, now, bytes, (size_t)n);
    if (n >= 0 || why == EAGAIN || why == EINTR)
        return true; /* 0 is "nothing yet" on a line set up so */
    lose(l, strerror(why), now);
    return false;
}

static void line_ready(struct watch *w, uint32_t events, mono_us now)
{
    struct rtu_line *l = (struct rtu_line *)w;

    if (!l->port.line)
        return;
    if (events & (EPOLLHUP | EPOLLERR))
        lose(l, "the other end hung up", now);
    else
        take_input(l);
}

/* A line that does not take an answer loses it, and what else has not left: the master asks again,
 * and must not find answers of long ago then. */
static void put_answer(struct rtu_line *l, const uint8_t *adu, size_t len, mono_us now)
{
    ssize_t n = write(l->port.fd, adu, len);
    bool stuck = n != (ssize_t)len;

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        lose(l, strerror(errno), now);
        return;
    }
    if (stuck)
        tcflush(l->port.fd, TCOFLUSH);
    if (stuck && !l->stuck)
        log_line(LOG_WARN, "modbus %s: takes no output, answers are lost", l->spec.device);
    if (!stuck && l->stuck)
        log_line(LOG_INFO, "modbus %s: takes output again", l->spec.device);
    l->stuck = stuck;
}

/* ---- writes ---- */

/* An answer that goes out at once. Of the request only its function is left by now. */
static void count_write(struct rtu_line *l, const uint8_t *answer)
{
    uint8_t function = answer[0] & 0x7F;
    bool refused = answer[0] & 0x80;

    if (!modbus_writes(function))
        return;
    count(refused ? &l->mirror.refused : &l->mirror.writes);
    if (refused && !l->who.may_write && l->spec.refused)
        l->spec.refused(l->spec.ctx, &l->writer, &function, 1);
}

/* The answer of control goes out when nobody is heard: who stays silent for it is the master. */
static void finish(struct rtu_line *l, mono_us now)
{
    uint8_t adu[RTU_ADU_MAX];
    size_t len;

    if (!l->answered || rtu_deadline(&l->rtu) != MONO_NEVER)
        return;
    l->parked = l->answered = false;
    len = rtu_finish(&l->rtu, now, &l->spec.units, l->verdict, adu);
    if (len)
        put_answer(l, adu, len, now);
}

static void line_answered(struct waiter *w, enum status status, mono_us now)
{
    struct rtu_line *l = (struct rtu_line *)((char *)w - offsetof(struct rtu_line, writer.waiter));

    count(status == HUB_OK      ? &l->mirror.writes
          : status == HUB_ELATE ? &l->mirror.late
                                : &l->mirror.refused);
    l->answered = true;
    l->verdict = writer_exception(status);
    finish(l, now);
}

/* ---- turns ---- */

static void answer(struct rtu_line *l, mono_us now)
{
    uint8_t adu[RTU_ADU_MAX];
    size_t len;

    len = rtu_answer(&l->rtu, now, &l->spec.units, &l->who, adu);
    if (len == MODBUS_PARKED) {
        l->parked = true;
    } else if (len) {
        count_write(l, adu + 1);
        put_answer(l, adu, len, now);
    }
}

static void publish(struct rtu_line *l, mono_us now)
{
    const struct rtu_counters *c = &l->rtu.serial.count;
    struct mirror *m = &l->mirror;

    gauge(&m->messages, c->bus_messages);
    gauge(&m->errors, c->bus_errors);
    gauge(&m->exceptions, c->exceptions);
    gauge(&m->ours, c->our_messages);
    gauge(&m->silent, c->no_answers);
    gauge(&m->busy, c->busy);
    gauge(&m->overruns, c->overruns);
    if (noise_look(&l->noise, c->bus_messages, (uint16_t)(c->bus_errors + c->overruns), now))
        log_line(LOG_WARN,
                 "modbus %s: nothing but garbage, %u broken frames: is the line %u Bd, parity %s? "
                 "Are A and B swapped?",
                 l->spec.device, l->noise.run, l->spec.baud, parity_name(l->spec.parity));
    if (l->port.line)
        gauge(&m->state, l->noise.only ? LINK_WARNING : LINK_UP);
}

/* What is due, once all that came has been taken: a silence is one only if nothing was waiting. */
static void serve_line(struct rtu_line *l)
{
    mono_us now = clock_now();

    answer(l, now);
    finish(l, now);
    publish(l, now);
}

void rtu_line_look(struct rtu_line *l)
{
    if (l->port.line && take_input(l) && rtu_deadline(&l->rtu) <= clock_now())
        serve_line(l);
}

mono_us rtu_line_tend(struct rtu_line *l, mono_us now)
{
    if (!l->port.line && now >= l->due)
        open_port(l, now);
    if (!l->port.line)
        return l->due;
    if (rtu_deadline(&l->rtu) > now)
        return rtu_deadline(&l->rtu);
    if (take_input(l))
        serve_line(l);
    return l->port.line ? rtu_deadline(&l->rtu) : l->due;
}

/* A path may be longer than a name; its folder tells nothing. */
static void name_writer(struct origin *from, const struct rtu_spec *spec)
{
    const char *slash = strrchr(spec->device, '/');

    from->owner = spec->owner;
    snprintf(from->name, sizeof(from->name), "%.47s", slash ? slash + 1 : spec->device);
}

struct rtu_line *rtu_line_new(const struct rtu_spec *spec, struct poller *p)
{
    struct rtu_line *l;

    if (!known_baud(spec->baud))
        return NULL;
    l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    l->watch.ready = line_ready;
    l->spec = *spec;
    l->writer.waiter.answered = line_answered;
    name_writer(&l->writer.from, spec);
    l->who.may_write = spec->write;
    l->who.client = &l->writer;
    l->poller = p;
    return l;
}

void rtu_line_counts(const struct rtu_line *l, struct signals *out, mono_us now)
{
    const struct mirror *m = &l->mirror;

    signal_set(out, SIG_LINE_MESSAGES, counted(&m->messages), now);
    signal_set(out, SIG_LINE_ERRORS, counted(&m->errors), now);
    signal_set(out, SIG_LINE_EXCEPTIONS, counted(&m->exceptions), now);
    signal_set(out, SIG_LINE_OURS, counted(&m->ours), now);
    signal_set(out, SIG_LINE_SILENT, counted(&m->silent), now);
    signal_set(out, SIG_LINE_BUSY, counted(&m->busy), now);
    signal_set(out, SIG_LINE_OVERRUNS, counted(&m->overruns), now);
    signal_set(out, SIG_LINE_LOST, counted(&m->lost) & 0xFFFF, now);
    signal_set(out, SIG_WRITES, counted(&m->writes), now);
    signal_set(out, SIG_WRITES_REFUSED, counted(&m->refused), now);
    signal_set(out, SIG_WRITES_LATE, counted(&m->late), now);
    signal_set(out, SIG_LINK_STATE, counted(&m->state), now);
}

void rtu_line_free(struct rtu_line *l)
{
    give_up(l);
    serial_close(&l->port);
    free(l);
}
