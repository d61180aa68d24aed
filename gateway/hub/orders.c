/* Orders from outside: all that come as one are looked at before the first is carried out.
 * Set-points live in RAM, each with its end; STOP, EXCLUDE and RESET are answered only when what
 * they changed is safe in the store. What is told about them: orders_told.c. */
#include "hub/parts.h"

#include <assert.h>
#include <string.h>

/* Who gave an order that the store cannot make safe is told so then, and keeps no place any more.
 */
#define ANSWER_PATIENCE MONO_S(10)

/* After each restart the keys begin anew: taken from a clock the hub would not be the same at
 * another time, and kept they would cost a write each. A request that was delivered before and
 * again after a restart of some seconds resets twice. */
void orders_init(struct hub *hub)
{
    for (unsigned i = 0; i <= MAX_CLUSTERS; i++)
        hub->reset_key[i].now = 1;
}

/* ---- looking ---- */

struct set_point *set_point_of(struct hub *hub, enum command command)
{
    if (command == COMMAND_SET_CCL)
        return &hub->set_ccl;
    return command == COMMAND_SET_DCL ? &hub->set_dcl : &hub->set_cvl;
}

/* A CVL has to be one of this battery; the currents lower what they like. */
struct range set_point_range(const struct hub *hub, enum command command)
{
    const struct profile *p = hub->rules.limits.profile;
    enum signal sig = command == COMMAND_SET_CCL ? SIG_SETPOINT_CCL : SIG_SETPOINT_DCL;

    if (command == COMMAND_SET_CVL)
        return (struct range){p->dvl_floor_mV, p->cvl_max_mV};
    return (struct range){signal_info[sig].lo, signal_info[sig].hi};
}

static bool is_possible(const struct hub *hub, const struct hub_order *order)
{
    struct range range = set_point_range(hub, order->command);

    return order->release || (order->value >= range.lo && order->value <= range.hi);
}

static bool names_cluster(const struct hub *hub, const struct hub_order *order)
{
    return order->cluster >= 1 && order->cluster <= hub->n_clusters;
}

static enum status look_at_reset(const struct hub *hub, const struct hub_order *order, bool alone)
{
    const struct reset_key *key;

    if (!alone || (order->cluster && !names_cluster(hub, order)))
        return HUB_ERANGE;
    key = &hub->reset_key[order->cluster];
    return !order->key || order->key == key->now || order->key == key->used ? HUB_OK : HUB_EKEY;
}

static enum status look_at(const struct hub *hub, const struct hub_order *order, bool alone)
{
    switch (order->command) {
    case COMMAND_SET_CCL:
    case COMMAND_SET_DCL:
    case COMMAND_SET_CVL:
        return is_possible(hub, order) ? HUB_OK : HUB_ERANGE;
    case COMMAND_EXCLUDE:
        return names_cluster(hub, order) ? HUB_OK : HUB_ERANGE;
    case COMMAND_RESET:
        return look_at_reset(hub, order, alone);
    case COMMAND_STOP:
    case COMMAND_FORCE_CHARGE:
        return HUB_OK;
    case COMMAND_NONE:
        break;
    }
    return HUB_ESPEC;
}

/* *bad: the first that cannot be carried out. */
static enum status look_at_all(const struct hub *hub, const struct hub_order *order, unsigned n,
                               const struct hub_order **bad)
{
    enum status status = HUB_OK;

    for (unsigned i = 0; i < n && status == HUB_OK; i++) {
        *bad = &order[i];
        status = look_at(hub, &order[i], n == 1);
    }
    return status;
}

/* ---- carrying out ---- */

static void set_point(struct hub *hub, const struct hub_order *order, const struct origin *from)
{
    told_set_point(hub, order, from);
    *set_point_of(hub, order->command) = (struct set_point){
        .value = order->value, .until = order->release ? 0 : hub->now + hub->rules.set_point_life};
}

static void stop(struct hub *hub, bool release, const struct origin *from)
{
    told_level(hub, COMMAND_STOP, EVENT_AT_HUB, hub->stop_asked, !release,
               told_by("by", from).text);
    hub->stop_asked = !release;
}

/* Taken out once it is proven open; said to be isolated, at once. */
static void exclude(struct hub *hub, const struct hub_order *order, const struct origin *from)
{
    struct cluster *c = &hub->cluster[order->cluster - 1];
    int64_t was = exclude_level(c);

    c->exclude = !order->release;
    c->isolated = !order->release && order->isolated;
    told_level(hub, COMMAND_EXCLUDE, (uint8_t)(EVENT_AT_CLUSTER + order->cluster - 1), was,
               exclude_level(c), told_by("by", from).text);
}

/* A master repeats what it holds: that goes on with the same one, and with its end. */
static void force_charge(struct hub *hub, bool release, const struct origin *from)
{
    bool was = hub->now < hub->forced_until, is;

    if (!was && hub->now >= hub->forced_again)
        hub->forced_since = hub->now;
    hub->forced_again = release ? 0 : hub->now + FORCED_CHARGE;
    hub->forced_until = mono_min(hub->forced_again, hub->forced_since + FORCED_CHARGE_MOST);
    is = hub->now < hub->forced_until;
    if (!is)
        hub->forced_until = 0;
    told_level(hub, COMMAND_FORCE_CHARGE, EVENT_AT_HUB, was, is, told_by("by", from).text);
}

/* With the key before it is the same request again: it was done. */
static enum status reset(struct hub *hub, const struct hub_order *order, const struct origin *from)
{
    if (order->key && order->key != hub->reset_key[order->cluster].now)
        return HUB_OK;
    return latches_reset(hub, order->cluster, from);
}

static enum status obey(struct hub *hub, const struct hub_order *order, const struct origin *from)
{
    switch (order->command) {
    case COMMAND_SET_CCL:
    case COMMAND_SET_DCL:
    case COMMAND_SET_CVL:
        set_point(hub, order, from);
        break;
    case COMMAND_STOP:
        stop(hub, order->release, from);
        break;
    case COMMAND_RESET:
        return reset(hub, order, from);
    case COMMAND_EXCLUDE:
        exclude(hub, order, from);
        break;
    case COMMAND_FORCE_CHARGE:
        force_charge(hub, order->release, from);
        break;
    case COMMAND_NONE:
        break;
    }
    return HUB_OK;
}

static enum status obey_all(struct hub *hub, const struct hub_order *order, unsigned n)
{
    enum status status = HUB_OK;

    for (unsigned i = 0; i < n && status == HUB_OK; i++) {
        status = obey(hub, &order[i], &order->from);
        if (status == HUB_OK)
            told_taken(hub, &order[i], &order->from);
    }
    return status;
}

/* ---- answering ---- */

/* Whether everything they may have changed is on the medium. */
static bool is_safe(struct hub *hub, const struct waiting *w)
{
    if (w->commands && !keep_is_safe(hub, keep_slot(RECORD_COMMANDS, 0)))
        return false;
    for (unsigned place = 0; w->latches && place <= hub->n_clusters; place++)
        if (!keep_is_safe(hub, keep_slot(RECORD_LATCHES, place)) ||
            (place && !keep_is_safe(hub, keep_slot(RECORD_TRIPS, place))))
            return false;
    return true;
}

static void answer(struct hub *hub, uint32_t ticket, enum status status)
{
    hub->answer[hub->answer_count++] = (struct hub_answer){.ticket = ticket, .status = status};
}

void orders_settle(struct hub *hub)
{
    unsigned left = 0;

    for (unsigned i = 0; i < hub->waiting_count; i++) {
        struct waiting *w = &hub->waiting[i];

        if (is_safe(hub, w))
            answer(hub, w->ticket, HUB_OK);
        else if (hub->now >= w->until)
            answer(hub, w->ticket, HUB_ELATE);
        else
            hub->waiting[left++] = *w;
    }
    hub->waiting_count = left;
}

static void answer_when_safe(struct hub *hub, const struct hub_order *order, unsigned n)
{
    struct waiting w = {.ticket = order->ticket, .until = hub->now + ANSWER_PATIENCE};

    for (unsigned i = 0; i < n; i++) {
        w.commands |= order[i].command == COMMAND_STOP || order[i].command == COMMAND_EXCLUDE;
        w.latches |= order[i].command == COMMAND_RESET;
    }
    if (is_safe(hub, &w))
        answer(hub, w.ticket, HUB_OK);
    else
        hub->waiting[hub->waiting_count++] = w;
}

/* Who stops the hub while the store hangs gets no answer, but it stops. */
static void stop_even_so(struct hub *hub, const struct hub_order *order, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (order[i].command == COMMAND_STOP && !order[i].release) {
            obey_all(hub, &order[i], 1);
            hub->dirty = true;
        }
}

enum status hub_commands(struct hub *hub, const struct hub_order *order, unsigned n)
{
    const struct hub_order *bad = order;
    enum status status;

    assert(n >= 1 && n <= ORDERS_MAX);
    orders_run(hub); /* what has run out is nobody's any more */
    status = look_at_all(hub, order, n, &bad);
    if (hub->answer_count + hub->waiting_count >= MAX_ANSWERS) {
        if (status == HUB_OK)
            stop_even_so(hub, order, n);
        return HUB_EFULL;
    }
    if (status == HUB_OK)
        status = obey_all(hub, order, n);
    hub->dirty = true; /* a refusal is shown, too */
    if (status == HUB_OK) {
        answer_when_safe(hub, order, n);
    } else {
        told_refused(hub, bad, &order->from, status);
        answer(hub, order->ticket, status);
    }
    return HUB_OK;
}

bool hub_result(struct hub *hub, struct hub_answer *out)
{
    if (!hub->answer_count)
        return false;
    *out = hub->answer[0];
    hub->answer_count--;
    memmove(&hub->answer[0], &hub->answer[1], hub->answer_count * sizeof(hub->answer[0]));
    return true;
}

/* ---- time ---- */

static const enum command set_points[] = {COMMAND_SET_CCL, COMMAND_SET_DCL, COMMAND_SET_CVL};
#define SET_POINTS (sizeof(set_points) / sizeof(set_points[0]))

void orders_run(struct hub *hub)
{
    for (unsigned i = 0; i < SET_POINTS; i++) {
        struct set_point *sp = set_point_of(hub, set_points[i]);

        if (!sp->until || hub->now < sp->until)
            continue;
        told_run_out(hub, set_points[i]);
        sp->until = 0;
    }
    if (hub->forced_until && hub->now >= hub->forced_until) {
        told_level(hub, COMMAND_FORCE_CHARGE, EVENT_AT_HUB, 1, 0, "its time is over");
        hub->forced_until = 0;
    }
    orders_settle(hub);
    told_run(hub);
}

mono_us orders_due(const struct hub *hub)
{
    const struct set_point *const all[] = {&hub->set_ccl, &hub->set_dcl, &hub->set_cvl};
    mono_us due = MONO_NEVER;

    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i]->until)
            due = mono_min(due, all[i]->until);
    return due;
}
