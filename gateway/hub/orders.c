/* Commands from outside. Set-points live in RAM, each with its end; STOP, EXCLUDE and RESET are
 * answered only when what they changed is safe in the store. */
#include "hub/parts.h"

#include <string.h>

static struct set_point *set_point_of(struct hub *hub, enum command command, enum signal *sig)
{
    if (command == COMMAND_SET_CCL) {
        *sig = SIG_SETPOINT_CCL;
        return &hub->set_ccl;
    }
    if (command == COMMAND_SET_DCL) {
        *sig = SIG_SETPOINT_DCL;
        return &hub->set_dcl;
    }
    *sig = SIG_SETPOINT_CVL;
    return &hub->set_cvl;
}

/* A CVL has to be one of this battery; the currents lower what they like. */
static bool is_possible(const struct hub *hub, enum signal sig, int64_t value)
{
    const struct profile *p = hub->rules.limits.profile;

    if (sig == SIG_SETPOINT_CVL)
        return value >= p->dvl_floor_mV && value <= p->cvl_max_mV;
    return value >= signal_info[sig].lo && value <= signal_info[sig].hi;
}

static enum status set_point(struct hub *hub, const struct hub_order *order)
{
    enum signal sig = SIG_COUNT;
    struct set_point *sp = set_point_of(hub, order->command, &sig);

    if (!order->release && !is_possible(hub, sig, order->value))
        return HUB_ERANGE;
    *sp = (struct set_point){.value = order->value,
                             .until = order->release ? 0 : hub->now + hub->rules.set_point_life};
    return HUB_OK;
}

static bool names_cluster(const struct hub *hub, const struct hub_order *order)
{
    return order->cluster >= 1 && order->cluster <= hub->n_clusters;
}

/* Taken out once it is proven open; said to be isolated, at once. */
static enum status exclude(struct hub *hub, const struct hub_order *order)
{
    struct cluster *c;

    if (!names_cluster(hub, order))
        return HUB_ERANGE;
    c = &hub->cluster[order->cluster - 1];
    c->exclude = !order->release;
    c->isolated = !order->release && order->isolated;
    return HUB_OK;
}

static enum status reset(struct hub *hub, const struct hub_order *order)
{
    if (order->cluster && !names_cluster(hub, order))
        return HUB_ERANGE;
    return latches_reset(hub, order->cluster);
}

static void force_charge(struct hub *hub, bool release)
{
    hub->forced_since = hub->now;
    hub->forced_until = release ? 0 : hub->now + MONO_S(90);
}

static enum status obey(struct hub *hub, const struct hub_order *order)
{
    switch (order->command) {
    case COMMAND_SET_CCL:
    case COMMAND_SET_DCL:
    case COMMAND_SET_CVL:
        return set_point(hub, order);
    case COMMAND_STOP:
        hub->stop_asked = !order->release;
        return HUB_OK;
    case COMMAND_RESET:
        return reset(hub, order);
    case COMMAND_EXCLUDE:
        return exclude(hub, order);
    case COMMAND_FORCE_CHARGE:
        force_charge(hub, order->release);
        return HUB_OK;
    case COMMAND_NONE:
        break;
    }
    return HUB_ESPEC;
}

/* Whether everything a command may have changed is on the medium. */
static bool is_safe(struct hub *hub, enum command command)
{
    if (command == COMMAND_STOP || command == COMMAND_EXCLUDE)
        return keep_is_safe(hub, keep_slot(RECORD_COMMANDS, 0));
    for (unsigned place = 0; command == COMMAND_RESET && place <= hub->n_clusters; place++)
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

        if (is_safe(hub, w->command))
            answer(hub, w->ticket, HUB_OK);
        else
            hub->waiting[left++] = *w;
    }
    hub->waiting_count = left;
}

enum status hub_commands(struct hub *hub, const struct hub_order *order, unsigned n)
{
    enum status status;

    (void)n;
    if (hub->answer_count + hub->waiting_count >= MAX_ANSWERS) {
        /* Who stops the hub while the store hangs gets no answer, but it stops. */
        if (order->command == COMMAND_STOP && !order->release)
            hub->stop_asked = hub->dirty = true;
        return HUB_EFULL;
    }
    status = obey(hub, order);
    if (status == HUB_OK) {
        event_put(hub, EVENT_COMMAND,
                  order->cluster ? (uint8_t)(EVENT_AT_CLUSTER + order->cluster - 1) : EVENT_AT_HUB,
                  order->command, order->value, REASON_NONE, order->release ? "released" : "");
        hub->dirty = true;
    }
    if (status == HUB_OK && !is_safe(hub, order->command))
        hub->waiting[hub->waiting_count++] =
            (struct waiting){.ticket = order->ticket, .command = order->command};
    else
        answer(hub, order->ticket, status);
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
