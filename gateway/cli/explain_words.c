#include "cli/explain_words.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A number of tenths with its unit. */
static struct words tenths(int64_t value, const char *unit)
{
    struct words w;

    snprintf(w.s, sizeof(w.s), "%s%lld.%lld %s", value < 0 ? "-" : "", llabs(value) / 10,
             llabs(value) % 10, unit);
    return w;
}

struct words amps(int64_t mA)
{
    return tenths(divide(mA, 100, DOWN), "A");
}

struct words limit_volts(int64_t mV, enum rounding rounding)
{
    return tenths(divide(mV, 100, rounding), "V");
}

struct words percent(int64_t centi)
{
    return tenths(divide(centi, 10, NEAREST), "%");
}

struct words seconds(mono_us span)
{
    return tenths(divide((int64_t)span, 100000, UP), "s");
}

struct words value_words(const struct subject *s, int64_t value)
{
    if (s->way)
        return amps(value);
    return limit_volts(value, s->direction == CHARGE ? DOWN : UP);
}

struct words reason_words(enum reason reason)
{
    struct words w;

    snprintf(w.s, sizeof(w.s), "reason %u", (unsigned)reason); /* of a newer gateway */
    for (size_t i = 0; i < n_reasons; i++)
        if (reasons[i].code == reason)
            snprintf(w.s, sizeof(w.s), "%s", reasons[i].text);
    if (islower((unsigned char)w.s[1]) || w.s[1] == ' ') /* but not the C of C-rate */
        w.s[0] = (char)tolower((unsigned char)w.s[0]);
    return w;
}

static bool is_of_temperature(enum reason reason)
{
    return reason == REASON_COLD_STOP || reason == REASON_HOT_STOP || reason == REASON_C_RATE;
}

struct words place_words(const struct bound *at)
{
    struct words w = {""};
    int n = 0;

    if (!at->cluster)
        return w;
    n += snprintf(w.s, sizeof(w.s), "cluster %u", at->cluster);
    if (at->module)
        n += snprintf(w.s + n, sizeof(w.s) - (size_t)n, " module %u", at->module);
    if (at->cell)
        n += snprintf(w.s + n, sizeof(w.s) - (size_t)n, " %s %u",
                      is_of_temperature(at->reason) ? "sensor" : "cell", at->cell);
    snprintf(w.s + n, sizeof(w.s) - (size_t)n, ": ");
    return w;
}

static struct words measured(const struct signals *s, enum signal sig)
{
    struct words w = {""};

    if (signal_known(s, sig) && signal_info[sig].unit == MILLIVOLT)
        snprintf(w.s, sizeof(w.s), " (%lld.%03lld V)", (long long)s->value[sig] / 1000,
                 (long long)s->value[sig] % 1000);
    else if (signal_known(s, sig))
        snprintf(w.s, sizeof(w.s), " (%s%lld.%lld degC)", s->value[sig] < 0 ? "-" : "",
                 llabs(s->value[sig]) / 10, llabs(s->value[sig]) % 10);
    return w;
}

/* Before it is full a cluster is slowed by its SOC or by its voltage: both are told. */
static struct words fullness(const struct signals *s)
{
    struct words w = {""};

    if (!signal_known(s, SIG_SOC) || !signal_known(s, SIG_VOLTAGE))
        return measured(s, SIG_VOLTAGE);
    snprintf(w.s, sizeof(w.s), " (SOC %lld.%lld %%, %lld.%03lld V)",
             (long long)s->value[SIG_SOC] / 100, (long long)s->value[SIG_SOC] / 10 % 10,
             (long long)s->value[SIG_VOLTAGE] / 1000, (long long)s->value[SIG_VOLTAGE] % 1000);
    return w;
}

struct words measured_words(const struct bound *by, enum direction direction,
                            const struct snapshot *snap)
{
    bool charge = direction == CHARGE;
    const struct signals *s;

    if (!by->cluster || by->cluster > MAX_CLUSTERS)
        return (struct words){""};
    s = &snap->cluster[by->cluster - 1].s;
    if (by->reason == REASON_CELL_STOP)
        return measured(s, charge ? SIG_CELL_MAX : SIG_CELL_MIN);
    if (by->reason == REASON_COLD_STOP)
        return measured(s, SIG_TEMP_MIN);
    if (by->reason == REASON_HOT_STOP)
        return measured(s, SIG_TEMP_MAX);
    if (by->reason != REASON_VOLTAGE_STOP && by->reason != REASON_TAPER)
        return (struct words){""};
    if (by->reason == REASON_TAPER && charge)
        return fullness(s);
    if (by->module && by->module <= MAX_MODULES)
        s = &snap->module[by->cluster - 1][by->module - 1].s;
    return measured(s, SIG_VOLTAGE);
}

void say(const struct paper *p, const char *format, ...)
{
    char text[401];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    p->out(p->arg, text);
}
