#include "io/writes.h"

#include <string.h>

#include "regmap.h"

static void told_late(void *arg, struct waiter *waiter, mono_us now)
{
    const struct writer *w = (const struct writer *)waiter;

    writes_refused(arg, w, now, w->command, REFUSAL_LATE);
}

void writes_init(struct writes *ws, struct desk *desk)
{
    memset(ws, 0, sizeof(*ws));
    ws->desk = desk;
    desk_on_late(desk, told_late, ws);
}

/* ---- what was refused ---- */

/* The place of this client, else a free one, else NULL. */
static struct refused *refused_of(struct writes *ws, const struct origin *from, mono_us now)
{
    struct refused *free = NULL;

    for (unsigned i = 0; i < REFUSED_MAX; i++) {
        struct refused *r = &ws->refused[i];
        bool used = r->times || now < r->until;

        if (used && origin_is(&r->from, from))
            return r;
        if (!used)
            free = r;
    }
    if (free) {
        free->from = *from;
        free->until = now;
    }
    return free;
}

/* The first one at once, what follows every REFUSED_EVERY. */
static void tell(struct writes *ws, struct refused *r, mono_us now)
{
    if (!r->times || now < r->until ||
        desk_refused(ws->desk, &r->from, r->command, r->why, r->times) != HUB_OK)
        return;
    r->times = 0;
    r->until = now + REFUSED_EVERY;
}

void writes_refused(struct writes *ws, const struct writer *w, mono_us now, enum command command,
                    enum refusal why)
{
    struct refused *r = refused_of(ws, &w->from, now);

    if (!r) {
        ws->untold++;
        return;
    }
    r->command = command;
    r->why = why;
    r->times++;
    tell(ws, r, now);
}

/* What a writing function is about, as far as its bytes came. */
static enum command command_of(const uint8_t *pdu, size_t len)
{
    size_t at = pdu[0] == 0x17 ? 5 : 1;
    bool words = pdu[0] == 0x06 || pdu[0] == 0x10 || pdu[0] == 0x16 || pdu[0] == 0x17;

    if (!words || len < at + 2)
        return COMMAND_NONE;
    return regmap_command((uint16_t)(pdu[at] << 8 | pdu[at + 1]));
}

void writes_not_allowed(struct writes *ws, const struct writer *w, mono_us now, const uint8_t *pdu,
                        size_t len)
{
    if (len && modbus_writes(pdu[0]))
        writes_refused(ws, w, now, command_of(pdu, len), REFUSAL_NOT_ALLOWED);
}

/* When the desk was full there is something left that is due already: soon again. */
mono_us writes_tend(struct writes *ws, mono_us now)
{
    mono_us due = MONO_NEVER;

    for (unsigned i = 0; i < REFUSED_MAX; i++) {
        struct refused *r = &ws->refused[i];

        tell(ws, r, now);
        if (r->times)
            due = mono_min(due, r->until > now ? r->until : now + MONO_MS(100));
    }
    return due;
}

/* ---- orders ---- */

/* Whether all connections of this client together have no token left. */
static bool host_floods(struct writes *ws, const struct origin *from, mono_us now)
{
    struct writing_host *host = NULL;

    for (unsigned i = 0; i < WRITES_HOSTS; i++) {
        struct writing_host *h = &ws->host[i];
        bool same = h->from.address == from->address && strcmp(h->from.name, from->name) == 0;

        if (same || h->bucket.full_at <= now)
            host = h;
        if (same)
            break;
    }
    if (!host)
        return false;
    host->from = *from;
    return !bucket_take(&host->bucket, now, WRITES_RATE, WRITES_BURST);
}

/* The owner at the machine does not depend on what comes over the network. */
static bool is_flood(struct writes *ws, struct writer *w, mono_us now, bool stop)
{
    if (!bucket_take(&w->bucket, now, WRITES_RATE, WRITES_BURST) || host_floods(ws, &w->from, now))
        return true;
    if (stop || w->from.owner == OWNER_SOCKET)
        return false;
    return !bucket_take(&ws->all, now, WRITES_RATE_ALL, WRITES_BURST_ALL);
}

enum status writes_order(struct writes *ws, struct writer *w, mono_us now, struct hub_order *order,
                         unsigned n)
{
    w->command = order[0].command;
    for (unsigned i = 0; i < n; i++)
        order[i].from = w->from;
    if (is_flood(ws, w, now, orders_stop(order, n)) ||
        desk_put(ws->desk, &w->waiter, now, order, n) != HUB_OK) {
        writes_refused(ws, w, now, order[0].command, REFUSAL_FLOOD);
        return HUB_EFULL;
    }
    return HUB_OK;
}

enum modbus_exception writes_words(struct writes *ws, const struct modbus_who *who, mono_us now,
                                   uint16_t addr, unsigned n, const uint8_t *words)
{
    struct writer *w = who->client;
    struct hub_order order[ORDERS_MAX];
    unsigned n_orders = 0;
    enum status status = regmap_write(addr, n, words, order, &n_orders);

    if (status == HUB_ERANGE)
        writes_refused(ws, w, now, regmap_command(addr), REFUSAL_RANGE);
    if (status == HUB_OK)
        status = writes_order(ws, w, now, order, n_orders);
    if (status != HUB_OK)
        return writer_exception(status);
    if (!who->broadcast)
        return MODBUS_LATER;
    desk_forget(ws->desk, &w->waiter);
    return MODBUS_OK;
}
