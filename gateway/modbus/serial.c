#include "modbus/serial.h"

#include <string.h>

/* Page numbers are of the MODBUS Application Protocol Specification V1.1b3. */

enum { STATUS = 7, DIAGNOSTICS = 8, EVENT_COUNTER = 11, EVENT_LOG = 12, SERVER_ID = 17 };

enum { /* sub-functions of DIAGNOSTICS, p22 to 24 */
       RETURN_QUERY = 0,
       RESTART = 1,
       RETURN_REGISTER = 2,
       LISTEN_ONLY = 4,
       CLEAR = 10,
       FIRST_COUNTER = 11,
       LAST_COUNTER = 18,
       CLEAR_OVERRUN = 20
};

enum { /* events, p27, 28 */
       RESTARTED = 0x00,
       ENTERED_LISTEN_ONLY = 0x04,
       SENT = 0x40,
       RECEIVED = 0x80,
       RECEIVED_DAMAGED = 0x02,
       RECEIVED_OVERRUN = 0x10,
       RECEIVED_BROADCAST = 0x40,
       WHILE_LISTENING = 0x20
};

/* What waits until the answer is out. */
enum { NOTHING, DO_CLEAR, DO_CLEAR_OVERRUN, DO_LISTEN, DO_RESTART, DO_RESTART_AND_FORGET };

static void enter(struct serial *s, unsigned event)
{
    s->log[s->log_at] = (uint8_t)event;
    s->log_at = (uint8_t)((s->log_at + 1) % SERIAL_LOG_MAX);
    if (s->log_len < SERIAL_LOG_MAX)
        s->log_len++;
}

static unsigned listening(const struct serial *s)
{
    return s->listen_only ? WHILE_LISTENING : 0;
}

void serial_damaged(struct serial *s, bool overrun)
{
    if (overrun) {
        s->count.overruns++;
        s->diagnostic = 1;
    } else {
        s->count.bus_errors++;
    }
    enter(s, RECEIVED | listening(s) | (overrun ? RECEIVED_OVERRUN : RECEIVED_DAMAGED));
}

void serial_heard(struct serial *s, bool broadcast)
{
    s->count.our_messages++;
    enter(s, RECEIVED | listening(s) | (broadcast ? RECEIVED_BROADCAST : 0));
}

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static size_t put16(uint8_t *out, size_t at, unsigned value)
{
    out[at] = (uint8_t)(value >> 8);
    out[at + 1] = (uint8_t)value;
    return at + 2;
}

static bool is_restart(const uint8_t *pdu, size_t len)
{
    return len >= 3 && pdu[0] == DIAGNOSTICS && u16(pdu + 1) == RESTART;
}

bool serial_deaf(const struct serial *s, const uint8_t *pdu, size_t len)
{
    return s->listen_only && !is_restart(pdu, len);
}

static size_t exception_status(const struct modbus_map *map, uint8_t *out) /* p20, 21 */
{
    enum modbus_exception ex = MODBUS_ILLEGAL_FUNCTION;

    if (map->read_discrete)
        ex = map->read_discrete(map->ctx, 0, 8, out + 1);
    return ex ? modbus_refuse(STATUS, ex, out) : 2;
}

/* p25, 26: FFFF while something asked before is still being carried out. */
static size_t status_and_events(const struct serial *s, bool busy, uint8_t *out, size_t at)
{
    at = put16(out, at, busy ? 0xFFFF : 0);
    return put16(out, at, s->events);
}

static size_t event_log(const struct serial *s, bool busy, uint8_t *out) /* p26 to 28 */
{
    size_t at = status_and_events(s, busy, out, 2);

    at = put16(out, at, s->count.bus_messages);
    for (unsigned i = 1; i <= s->log_len; i++) /* the newest first */
        out[at++] = s->log[(s->log_at + SERIAL_LOG_MAX - i) % SERIAL_LOG_MAX];
    out[1] = (uint8_t)(at - 2);
    return at;
}

static size_t server_id(const struct modbus_map *map, uint8_t *out) /* p31, 32 */
{
    const char *name = map->identity ? map->identity[4] : NULL;
    size_t n;

    if (!name)
        name = map->identity ? map->identity[1] : NULL;
    n = name ? strlen(name) : 0;
    if (!n || n > MODBUS_OBJECT_MAX)
        return modbus_refuse(SERVER_ID, MODBUS_ILLEGAL_FUNCTION, out);
    memcpy(out + 2, name, n);
    out[2 + n] = 0xFF; /* running */
    out[1] = (uint8_t)(n + 1);
    return n + 3;
}

static bool supported(unsigned sub, bool may_silence)
{
    switch (sub) {
    case RESTART:
    case LISTEN_ONLY:
        return may_silence;
    case RETURN_QUERY:
    case RETURN_REGISTER:
    case CLEAR:
    case CLEAR_OVERRUN:
        return true;
    default:
        return sub >= FIRST_COUNTER && sub <= LAST_COUNTER;
    }
}

/* The data of a request: words for RETURN_QUERY, else one word, which is 0 save for RESTART. */
static bool data_fit(unsigned sub, const uint8_t *pdu, size_t len)
{
    unsigned data;

    if (len < 5 || len % 2 == 0)
        return false;
    if (sub == RETURN_QUERY)
        return true;
    data = u16(pdu + 3);
    return len == 5 && (data == 0 || (sub == RESTART && data == 0xFF00));
}

/* In the order of the sub-functions from FIRST_COUNTER on. */
static unsigned counter(const struct rtu_counters *c, unsigned sub)
{
    const uint16_t count[] = {c->bus_messages, c->bus_errors, c->exceptions, c->our_messages,
                              c->no_answers,   c->naks,       c->busy,       c->overruns};

    return count[sub - FIRST_COUNTER];
}

static unsigned put_off(unsigned sub, unsigned data)
{
    switch (sub) {
    case RESTART:
        return data ? DO_RESTART_AND_FORGET : DO_RESTART;
    case LISTEN_ONLY:
        return DO_LISTEN;
    case CLEAR:
        return DO_CLEAR;
    case CLEAR_OVERRUN:
        return DO_CLEAR_OVERRUN;
    default:
        return NOTHING;
    }
}

static size_t diagnostics(struct serial *s, bool may_silence, const uint8_t *pdu, size_t len,
                          uint8_t *out) /* p21 to 25 */
{
    unsigned sub;

    if (len < 3)
        return modbus_refuse(DIAGNOSTICS, MODBUS_ILLEGAL_VALUE, out);
    sub = u16(pdu + 1);
    if (!supported(sub, may_silence || s->listen_only))
        return modbus_refuse(DIAGNOSTICS, MODBUS_ILLEGAL_FUNCTION, out);
    if (!data_fit(sub, pdu, len))
        return modbus_refuse(DIAGNOSTICS, MODBUS_ILLEGAL_VALUE, out);
    memcpy(out, pdu, len);
    if (sub == RETURN_REGISTER)
        put16(out, 3, s->diagnostic);
    else if (sub >= FIRST_COUNTER && sub <= LAST_COUNTER)
        put16(out, 3, counter(&s->count, sub));
    s->after = (uint8_t)put_off(sub, u16(pdu + 3));
    return len;
}

bool serial_serves(uint8_t function)
{
    return function == STATUS || function == DIAGNOSTICS || function == EVENT_COUNTER ||
           function == EVENT_LOG || function == SERVER_ID;
}

size_t serial_answer(struct serial *s, const struct modbus_map *map, bool may_silence, bool busy,
                     const uint8_t *pdu, size_t len, uint8_t *out)
{
    out[0] = pdu[0];
    switch (pdu[0]) {
    case STATUS:
        return exception_status(map, out);
    case DIAGNOSTICS:
        return diagnostics(s, may_silence, pdu, len, out);
    case EVENT_COUNTER:
        return status_and_events(s, busy, out, 1);
    case EVENT_LOG:
        return event_log(s, busy, out);
    default:
        return server_id(map, out);
    }
}

static unsigned send_event(const uint8_t *answer, size_t n)
{
    if (!n || answer[0] < 0x80)
        return SENT;
    switch (answer[1]) {
    case 1:
    case 2:
    case 3:
        return SENT | 0x01;
    case MODBUS_DEVICE_FAILURE:
        return SENT | 0x02;
    case MODBUS_BUSY:
        return SENT | 0x04;
    default:
        return SENT;
    }
}

static void clear(struct serial *s)
{
    memset(&s->count, 0, sizeof(s->count));
    s->diagnostic = 0;
    s->events = 0;
}

static void act(struct serial *s, unsigned what)
{
    switch (what) {
    case DO_CLEAR:
        clear(s);
        return;
    case DO_CLEAR_OVERRUN:
        s->count.overruns = 0;
        s->diagnostic = 0;
        return;
    case DO_LISTEN:
        s->listen_only = true;
        enter(s, ENTERED_LISTEN_ONLY);
        return;
    case DO_RESTART_AND_FORGET:
        s->log_len = 0;
        break;
    case DO_RESTART:
        break;
    default:
        return;
    }
    clear(s);
    s->listen_only = false;
    enter(s, RESTARTED);
}

static void count_answer(struct serial *s, const uint8_t *answer, size_t n)
{
    if (!n)
        return;
    if (answer[0] >= 0x80) {
        s->count.exceptions++;
        if (answer[1] == MODBUS_BUSY)
            s->count.busy++;
    } else if (answer[0] != EVENT_COUNTER) {
        s->events++;
    }
}

size_t serial_done(struct serial *s, bool broadcast, const uint8_t *answer, size_t n)
{
    bool silent = !n || broadcast || s->listen_only || s->after == DO_LISTEN;
    unsigned after = s->after;

    s->after = NOTHING;
    count_answer(s, answer, n);
    if (silent)
        s->count.no_answers++;
    enter(s, send_event(answer, n) | listening(s));
    act(s, after);
    return silent ? 0 : n;
}
