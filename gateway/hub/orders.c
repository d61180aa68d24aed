/* Commands from outside: set-points in RAM, each with its end. */
#include "hub/parts.h"

#include <string.h>

static struct set_point *set_point_of(struct hub *hub, enum command command, enum signal *sig)
{
    switch (command) {
    case COMMAND_SET_CCL:
        *sig = SIG_SETPOINT_CCL;
        return &hub->set_ccl;
    case COMMAND_SET_DCL:
        *sig = SIG_SETPOINT_DCL;
        return &hub->set_dcl;
    case COMMAND_SET_CVL:
        *sig = SIG_SETPOINT_CVL;
        return &hub->set_cvl;
    case COMMAND_STOP:
    case COMMAND_RESET:
    case COMMAND_EXCLUDE:
    case COMMAND_FORCE_CHARGE:
    case COMMAND_NONE:
        break;
    }
    return NULL;
}

/* A CVL has to be one of this battery; the currents lower what they like. */
static bool is_possible(const struct hub *hub, enum signal sig, int64_t value)
{
    const struct profile *p = hub->rules.limits.profile;

    if (sig == SIG_SETPOINT_CVL)
        return value >= p->dvl_floor_mV && value <= p->cvl_max_mV;
    return value >= signal_info[sig].lo && value <= signal_info[sig].hi;
}

static enum status obey(struct hub *hub, const struct hub_order *order)
{
    enum signal sig = SIG_COUNT;
    struct set_point *sp = set_point_of(hub, order->command, &sig);

    if (!sp)
        return HUB_ESPEC;
    if (!order->release && !is_possible(hub, sig, order->value))
        return HUB_ERANGE;
    *sp = (struct set_point){.value = order->value,
                             .until = order->release ? 0 : hub->now + hub->rules.set_point_life};
    event_put(hub, EVENT_COMMAND, EVENT_AT_HUB, order->command, order->value, REASON_NONE, "");
    hub->dirty = true;
    return HUB_OK;
}

enum status hub_command(struct hub *hub, const struct hub_order *order)
{
    if (hub->answer_count == MAX_ANSWERS)
        return HUB_EFULL;
    hub->answer[hub->answer_count++] =
        (struct hub_answer){.ticket = order->ticket, .status = obey(hub, order)};
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
