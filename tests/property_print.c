/* Acts as lines for tests/scenario.c. */
#include <stdio.h>

#include "property.h"

static int print_frame(const struct act *a, char *out, size_t size)
{
    int n = snprintf(out, size, "rx %c%u %0*X#", a->port < PORT_INVERTER ? 'c' : 'i',
                     a->port < PORT_INVERTER ? a->port + 1u : a->port - PORT_INVERTER + 1u,
                     a->frame.ext ? 8 : 3, (unsigned)a->frame.id);

    for (unsigned i = 0; i < a->frame.len; i++)
        n += snprintf(out + n, size - (size_t)n, "%02X", a->frame.data[i]);
    return n;
}

static const char *tier_name(unsigned tier)
{
    static const char *const names[] = {"warning", "protection", "fault"};

    return names[tier];
}

static int64_t word_of(const struct report *r, enum signal sig)
{
    for (unsigned i = 0; i < r->n; i++)
        if (r->word[i].sig == sig)
            return r->word[i].value;
    return 0;
}

static int print_alarms(const uint64_t *alarm, const char *who, char *out, size_t size)
{
    int n = 0;

    for (unsigned t = 0; t < TIER_COUNT; t++)
        for (unsigned bit = 0; bit < ALARM_BITS; bit++)
            if (alarm[t] >> bit & 1)
                n += snprintf(out + n, size - (size_t)n, "\nset %s %s %s on", who, tier_name(t),
                              alarm_info[bit].name);
    return n;
}

/* A scenario repeats a sample each second; here it is one. What a sample leaves out is not said. */
static void print_report(const struct act *a, char *out, size_t size)
{
    const struct report *r = &a->report;
    char who[16];
    int n = snprintf(out, size, "battery c%u %d %d %d %d", a->port + 1u,
                     (int)word_of(r, SIG_VOLTAGE), (int)word_of(r, SIG_CURRENT),
                     (int)word_of(r, SIG_SOC), (int)word_of(r, SIG_CHARGE_CURRENT_LIMIT));

    snprintf(who, sizeof(who), "c%u", a->port + 1u);
    for (unsigned i = 0; i < r->n; i++)
        n += snprintf(out + n, size - (size_t)n, "\nset %s %s %d", who,
                      signal_info[r->word[i].sig].name, (int)r->word[i].value);
    n += print_alarms(r->alarm, who, out + n, size - (size_t)n);
    for (unsigned m = 0; m < r->modules; m++) {
        snprintf(who, sizeof(who), "c%u.%u", a->port + 1u, m + 1);
        n += snprintf(out + n, size - (size_t)n, "\nset %s voltage %u", who, r->module[m].mV);
        n += snprintf(out + n, size - (size_t)n, "\nset %s connected %d", who,
                      r->module[m].connected);
        n += print_alarms(r->module[m].alarm, who, out + n, size - (size_t)n);
    }
    snprintf(out + n, size - (size_t)n, "  # %u ms old, each %u ms", (unsigned)r->age_ms,
             (unsigned)r->period_ms);
}

/* Who asks, as scenarios name them. */
static const char *by(const struct origin *from)
{
    if (from->owner == OWNER_SOCKET)
        return " by root";
    if (from->owner >= OWNER_RTU)
        return " by rtu1";
    if (from->owner)
        return from->address & 1 ? " by tcp1" : " by tcp2";
    return "";
}

static void print_orders(const struct asking *a, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "command");

    for (unsigned i = 0; i < a->n && n < size; i++) {
        const struct hub_order *o = &a->order[i];
        char about[60] = "";
        int end = 0;

        if (o->cluster)
            end = snprintf(about, sizeof(about), " cluster %u%s", o->cluster,
                           o->isolated ? " isolated" : "");
        if (o->key)
            snprintf(about + end, sizeof(about) - (size_t)end, " key %u", o->key);
        n += (size_t)snprintf(out + n, size - n, "%s %s %lld%s%s%s", i ? " +" : "",
                              command_name(o->command), (long long)o->value, about,
                              i ? "" : by(&o->from), o->release ? " release" : "");
    }
    if (n < size)
        snprintf(out + n, size - n, " OK");
}

void act_print(const struct act *a, char *out, size_t size)
{
    static const char *const media[] = {"on", "off", "hangs", "hangs  # though it keeps"};
    static const char *const contacts[] = {"open", "closed", "open  # not read any longer"};
    char side = a->port < PORT_INVERTER ? 'c' : 'i';
    unsigned number = a->port < PORT_INVERTER ? a->port + 1u : a->port - PORT_INVERTER + 1u;

    switch (a->kind) {
    case ACT_TURN:
        snprintf(out, size, "%s %u", a->ms > 100 ? "jump" : "after", (unsigned)a->ms);
        break;
    case ACT_FRAME:
    case ACT_GARBAGE:
        print_frame(a, out, size);
        break;
    case ACT_REPORT:
        print_report(a, out, size);
        break;
    case ACT_LINK:
        snprintf(out, size, "link %c%u %s", side, number, link_state_name(a->link));
        break;
    case ACT_ORDER:
        print_orders(&a->asking, out, size);
        break;
    case ACT_INPUT:
        snprintf(out, size, "input %u %s", a->port + 1u, contacts[a->contact]);
        break;
    case ACT_RELOAD:
        snprintf(
            out, size, "# reload: caps %u A, %u A, rise %u %%/s after %u s, hold %u s, share %s",
            a->reload.ccl_cap_A, a->reload.dcl_cap_A, a->reload.rise_percent, a->reload.rise_hold_s,
            a->reload.loss_hold_s, a->reload.by_count ? "count" : "capacity");
        break;
    case ACT_CONFIRM:
        snprintf(out, size, "confirm %c%u %s", side, number, a->confirm ? "on" : "off");
        break;
    case ACT_STORE:
        snprintf(out, size, "store %s", media[a->medium]);
        break;
    case ACT_RESTART:
        snprintf(out, size, "restart");
        break;
    case ACT_STOP:
        snprintf(out, size, "stop");
        break;
    case ACT_KINDS:
        break;
    }
}
