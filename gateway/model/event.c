#include "model/event.h"

#include <stdio.h>
#include <string.h>

#include "model/words.h"

static bool is_of_temperature(const struct event *e)
{
    const uint64_t bits = ALARM_BIT(TEMP_HIGH) | ALARM_BIT(TEMP_LOW) | ALARM_BIT(TEMP_HIGH_CHARGE) |
                          ALARM_BIT(TEMP_LOW_CHARGE) | ALARM_BIT(TEMP_HIGH_DISCHARGE) |
                          ALARM_BIT(TEMP_LOW_DISCHARGE);

    return bits >> (e->now & (ALARM_BITS - 1)) & 1;
}

static void place(const struct event *e, char *out, size_t size)
{
    size_t n;

    if (e->place >= EVENT_AT_INVERTER)
        n = (size_t)snprintf(out, size, "inverter %u", e->place - EVENT_AT_INVERTER + 1u);
    else if (e->place >= EVENT_AT_CLUSTER)
        n = (size_t)snprintf(out, size, "cluster %u", e->place - EVENT_AT_CLUSTER + 1u);
    else
        n = (size_t)snprintf(out, size, "hub");
    if (e->module)
        n += (size_t)snprintf(out + n, size - n, " module %u", e->module);
    if (e->cell)
        snprintf(out + n, size - n, " %s %u", is_of_temperature(e) ? "sensor" : "cell", e->cell);
}

static void change(const struct event *e, const char *old, const char *now, char *out, size_t size)
{
    if (e->reason)
        snprintf(out, size, "%s -> %s (%s)%s%s", old, now, reason_name(e->reason),
                 *e->text ? ": " : "", e->text);
    else
        snprintf(out, size, "%s -> %s", old, now);
}

static void alarm_edge(const struct event *e, char *out, size_t size)
{
    const struct alarm_info *info = &alarm_info[e->now & (ALARM_BITS - 1)];

    snprintf(out, size, "%s %s: %s", tier_names[(unsigned)e->old % TIER_COUNT],
             e->kind == EVENT_ALARM_SET ? "set" : "cleared", info->text ? info->text : "?");
}

static void conformity(const struct event *e, char *out, size_t size)
{
    static const char *const what[] = {" module count", " firmware", " SOC", " voltage"};
    size_t n = (size_t)snprintf(out, size, e->now ? "NOT READY:" : "READY");

    for (unsigned i = 0; i < 4; i++)
        if (e->now >> i & 1 && n < size)
            n += (size_t)snprintf(out + n, size - n, "%s", what[i]);
}

/* The quantity of a set-point; SIG_COUNT for the other commands. */
static enum signal quantity(unsigned command)
{
    switch (command) {
#define COMMAND(code, id, signal, text)                                                            \
    case code:                                                                                     \
        return SIG_##signal;
#include "model/commands.def"
#undef COMMAND
    default:
        return SIG_COUNT;
    }
}

static void amount(const struct event *e, int64_t value, char *out, size_t size)
{
    enum signal sig = quantity(e->command);
    const struct unit_info *unit = &unit_info[sig == SIG_COUNT ? COUNT : signal_info[sig].unit];

    if (value < 0)
        snprintf(out, size, "none");
    else
        snprintf(out, size, "%.6g %s", (double)value / unit->per, unit->symbol);
}

static void set_point(const struct event *e, char *out, size_t size)
{
    const char *what = e->command == COMMAND_SET_CVL   ? "voltage"
                       : e->command == COMMAND_SET_DCL ? "discharge"
                                                       : "charge";
    char old[40], now[40];

    amount(e, e->old, old, sizeof(old));
    amount(e, e->now, now, sizeof(now));
    if (e->kind == EVENT_RAN_OUT)
        snprintf(out, size, "%s set-point: %s ran out", what, old);
    else
        snprintf(out, size, "%s set-point: %s -> %s", what, old, now);
}

static void command(const struct event *e, char *out, size_t size)
{
    const char *what = "?";

    if (e->command == COMMAND_STOP)
        what = e->now ? "stop asked for" : "stop taken back";
    if (e->command == COMMAND_EXCLUDE)
        what = e->now == 2 ? "exclusion asked for, said to be isolated"
               : e->now    ? "exclusion asked for"
                           : "exclusion taken back";
    if (e->command == COMMAND_FORCE_CHARGE)
        what = e->now ? "charge asked for" : "forced charge ended";
    snprintf(out, size, "%s", what);
}

static void refused(const struct event *e, char *out, size_t size)
{
    char times[32] = "";

    if (e->old > 1)
        snprintf(times, sizeof(times), " %lld times", (long long)e->old);
    snprintf(out, size, "%s refused%s: %s", e->command ? command_name(e->command) : "write", times,
             word_text(refusals, n_refusals, e->now));
}

/* Who it was, behind what it was. */
static void add_text(const struct event *e, char *out, size_t size)
{
    size_t n = strlen(out);

    if (*e->text)
        snprintf(out + n, size - n, ": %s", e->text);
}

static void asked(const struct event *e, char *out, size_t size)
{
    if (e->kind == EVENT_COMMAND)
        command(e, out, size);
    else if (e->kind == EVENT_REFUSED)
        refused(e, out, size);
    else
        set_point(e, out, size);
    add_text(e, out, size);
}

bool event_is_bad(const struct event *e)
{
    if (e->kind == EVENT_COMMAND)
        return e->command == COMMAND_STOP && e->now;
    if (e->kind == EVENT_READY)
        return e->now;
    if (e->kind == EVENT_HUB_STATE)
        return e->now != HUB_RUNNING && e->reason != REASON_STOPPING;
    if (e->kind == EVENT_CLUSTER_STATE && e->now == CLUSTER_STANDBY)
        return e->reason != REASON_REJOIN_WAIT && e->reason != REASON_INCOMPLETE;
    if (e->kind == EVENT_CLUSTER_STATE)
        return e->now == CLUSTER_STALE || e->now == CLUSTER_PROTECTED ||
               e->now == CLUSTER_SHUT_DOWN;
    return e->kind == EVENT_ALARM_SET || e->kind == EVENT_LATCH_SET || e->kind == EVENT_NOTE ||
           e->kind == EVENT_REFUSED;
}

const char *event_text(const struct event *e, char *out, size_t size)
{
    char where[48], what[200] = "";

    place(e, where, sizeof(where));
    switch (e->kind) {
    case EVENT_HUB_STATE:
        change(e, hub_state_name(e->old), hub_state_name(e->now), what, sizeof(what));
        break;
    case EVENT_CLUSTER_STATE:
        change(e, cluster_state_name(e->old), cluster_state_name(e->now), what, sizeof(what));
        break;
    case EVENT_LINK_STATE:
        snprintf(what, sizeof(what), "link %s -> %s%s%s", link_state_name(e->old),
                 link_state_name(e->now), *e->text ? ": " : "", e->text);
        break;
    case EVENT_READY:
        conformity(e, what, sizeof(what));
        break;
    case EVENT_ALARM_SET:
    case EVENT_ALARM_CLEARED:
        alarm_edge(e, what, sizeof(what));
        break;
    case EVENT_CCL_REASON:
        snprintf(what, sizeof(what), "charge limit: %s -> %s", reason_name(e->old),
                 reason_name(e->now));
        break;
    case EVENT_DCL_REASON:
        snprintf(what, sizeof(what), "discharge limit: %s -> %s", reason_name(e->old),
                 reason_name(e->now));
        break;
    case EVENT_PROTOCOL:
    case EVENT_NOTE:
    case EVENT_RELAY:
    case EVENT_INPUT:
        snprintf(what, sizeof(what), "%s", e->text);
        break;
    case EVENT_COMMAND:
    case EVENT_SET_POINT:
    case EVENT_TAKEN_OVER:
    case EVENT_RAN_OUT:
    case EVENT_REFUSED:
        asked(e, what, sizeof(what));
        break;
    case EVENT_LATCH_SET:
        snprintf(what, sizeof(what), "latched: %s", e->text);
        break;
    case EVENT_LATCH_RESET:
        snprintf(what, sizeof(what), "reset%s%s", *e->text ? " " : "", e->text);
        break;
    case EVENT_KIND_COUNT:
        break;
    }
    snprintf(out, size, "%s: %s", where, what);
    return out;
}
