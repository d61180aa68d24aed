/* The hub for people: like the maker's screen, with the reasons in words. */
#include "cli/reading_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "model/words.h"

/* A value in another unit: `per` signal units make one of it. "--" when it is not known. */
static const char *show(char out[CELL], const struct signals *s, enum signal id, int32_t per,
                        unsigned decimals, const char *symbol)
{
    const char *blank = *symbol ? " " : "";
    int64_t scale = 1, v;

    if (!signal_known(s, id))
        return "--";
    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    v = divide(s->value[id] * scale, per, signal_info[id].rounding);
    if (decimals)
        snprintf(out, CELL, "%s%lld.%0*lld%s%s", v < 0 ? "-" : "", llabs(v) / scale, (int)decimals,
                 llabs(v) % scale, blank, symbol);
    else
        snprintf(out, CELL, "%lld%s%s", (long long)v, blank, symbol);
    return out;
}

const char *reading_value(char out[CELL], const struct signals *s, enum signal id,
                          unsigned decimals)
{
    const struct unit_info *u = &unit_info[signal_info[id].unit];

    return show(out, s, id, u->per, decimals, u->symbol);
}

static const char *state_name(const struct signals *s, const char *(*name)(int64_t code))
{
    return signal_known(s, SIG_STATE) ? name(s->value[SIG_STATE]) : "--";
}

static void print_ready(FILE *out, const struct signals *s)
{
    static const char *const what[] = {" module count", " firmware", " SOC", " voltage"};
    int64_t bits = signal_or(s, SIG_CONFORMITY, 0);

    if (!signal_known(s, SIG_READY)) {
        fputs("--", out);
        return;
    }
    fputs(s->value[SIG_READY] ? "READY" : bits ? "NOT READY:" : "NOT READY", out);
    for (unsigned i = 0; i < 4 && !s->value[SIG_READY]; i++)
        if (bits >> i & 1)
            fputs(what[i], out);
}

/* The reason in words, where there is one to tell. A newer gateway may have others than we. */
static void print_reason(FILE *out, const struct signals *s, enum signal id)
{
    int64_t code = signal_or(s, id, REASON_NONE);

    if (code == REASON_NONE)
        return;
    for (size_t i = 0; i < n_reasons; i++)
        if (reasons[i].code == code) {
            fprintf(out, "  %s: %s", reasons[i].name, reasons[i].text);
            return;
        }
    fprintf(out, "  reason %lld", (long long)code);
}

static void print_hub(FILE *out, const struct signals *s)
{
    char soc[CELL], volt[CELL], amp[CELL], power[CELL];

    fprintf(out, "HUB        %-10s %8s %9s %11s %10s  ", state_name(s, hub_state_name),
            reading_value(soc, s, SIG_SOC, 0), reading_value(volt, s, SIG_VOLTAGE, 1),
            reading_value(amp, s, SIG_CURRENT, 1), show(power, s, SIG_POWER, 1000, 1, "kW"));
    print_ready(out, s);
    print_reason(out, s, SIG_REASON);
    fputc('\n', out);
}

static void print_limit(FILE *out, const struct signals *s, const char *title, enum signal amp,
                        const char *word, enum signal volt, enum signal reason)
{
    char a[CELL], v[CELL];

    fprintf(out, "%-10s up to %s, %s %s", title, reading_value(a, s, amp, 1), word,
            reading_value(v, s, volt, 1));
    print_reason(out, s, reason);
    fputc('\n', out);
}

static void print_requests(FILE *out, const struct signals *s)
{
    static const struct {
        enum signal id;
        const char *text;
    } requests[] = {
        {SIG_FORCE_CHARGE_I,  "force charge (early)"                                             },
        {SIG_FORCE_CHARGE_II, "force charge (late)"                                              },
        {SIG_FULL_CHARGE,     "full charge"                                                      },
        {SIG_PARTIAL,         "sums are partial: a cluster that is not counted may carry current"},
    };

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        if (signal_or(s, requests[i].id, 0))
            fprintf(out, "%-10s %s\n", requests[i].id == SIG_PARTIAL ? "Careful" : "Request",
                    requests[i].text);
}

static void print_place(FILE *out, const struct signals *s, enum signal cluster)
{
    if (signal_known(s, cluster))
        fprintf(out, " (cluster %lld)", (long long)s->value[cluster]);
}

static void print_extremes(FILE *out, const struct signals *s)
{
    char lo[CELL], hi[CELL];

    if (signal_known(s, SIG_CELL_MIN) || signal_known(s, SIG_CELL_MAX)) {
        fprintf(out, "Cells      %s", reading_value(lo, s, SIG_CELL_MIN, 3));
        print_place(out, s, SIG_CELL_MIN_CLUSTER);
        fprintf(out, " to %s", reading_value(hi, s, SIG_CELL_MAX, 3));
        print_place(out, s, SIG_CELL_MAX_CLUSTER);
        fputc('\n', out);
    }
    if (signal_known(s, SIG_TEMP_MIN) || signal_known(s, SIG_TEMP_MAX))
        fprintf(out, "Cell temp. %s to %s\n", reading_value(lo, s, SIG_TEMP_MIN, 1),
                reading_value(hi, s, SIG_TEMP_MAX, 1));
}

/* One line a tier, if it has an alarm. Returns whether there was one. */
static bool print_alarms(FILE *out, const char *title, uint64_t bits)
{
    const char *comma = "";

    if (!bits)
        return false;
    fprintf(out, "%-10s ", title);
    for (unsigned bit = 0; bit < ALARM_BITS; bit++)
        if (bits >> bit & 1) {
            fprintf(out, "%s%s", comma, alarm_info[bit].text); /* every bit has its name */
            comma = "; ";
        }
    fputc('\n', out);
    return true;
}

static void print_all_alarms(FILE *out, const struct alarms *a)
{
    bool any = print_alarms(out, "FAULT", a->active[TIER_FAULT]);

    any |= print_alarms(out, "PROTECTION", a->active[TIER_PROTECTION]);
    any |= print_alarms(out, "Warning", a->active[TIER_WARNING]);
    if (!any)
        fputs("Alarms     none\n", out);
    print_alarms(out, "Was fault", a->latched[TIER_FAULT] & ~a->active[TIER_FAULT]);
    print_alarms(out, "Was prot.", a->latched[TIER_PROTECTION] & ~a->active[TIER_PROTECTION]);
}

/* A text from the wire, fit for a terminal. */
static const char *clean(char out[TEXT_MAX + 1], const char *text)
{
    size_t n = 0;

    for (; n < TEXT_MAX && text[n]; n++)
        out[n] = isprint((unsigned char)text[n]) ? text[n] : '?';
    out[n] = '\0';
    return n ? out : "--";
}

static void print_inverter(FILE *out, const struct battery *b, unsigned n)
{
    char protocol[TEXT_MAX + 1], cvl[CELL], ccl[CELL], dcl[CELL], age[CELL];

    if (!signal_known(&b->s, SIG_LINK_STATE))
        return;
    fprintf(out, "Inverter %u %s, %s; told CVL %s, CCL %s, DCL %s; last frame %s ago\n", n,
            clean(protocol, b->t.value[TEXT_PROTOCOL]), link_state_name(b->s.value[SIG_LINK_STATE]),
            reading_value(cvl, &b->s, SIG_CHARGE_VOLTAGE_LIMIT, 1),
            reading_value(ccl, &b->s, SIG_CHARGE_CURRENT_LIMIT, 1),
            reading_value(dcl, &b->s, SIG_DISCHARGE_CURRENT_LIMIT, 1),
            reading_value(age, &b->s, SIG_LAST_TX_AGE, 1));
}

/* What the hub counts on, else what the battery says. */
static enum signal module_count(const struct signals *s)
{
    return signal_known(s, SIG_MODULES_ACTIVE)   ? SIG_MODULES_ACTIVE
           : signal_known(s, SIG_MODULES_ONLINE) ? SIG_MODULES_ONLINE
                                                 : SIG_MODULES;
}

/* The hub's lines are all of them together; here stands whose they are. */
static void print_own_alarms(FILE *out, const struct alarms *a)
{
    static const char *const titles[] = {"           Warning", "           PROTECTION",
                                         "           FAULT"};

    for (unsigned tier = TIER_COUNT; tier-- > 0;)
        print_alarms(out, titles[tier], a->active[tier]);
}

static void print_cluster(FILE *out, const struct battery *b, unsigned n)
{
    const struct signals *s = &b->s;
    char soc[CELL], volt[CELL], amp[CELL], modules[CELL];

    fprintf(out, "ID%02u       %-10s %8s %9s %11s %10s  ", n, state_name(s, cluster_state_name),
            reading_value(soc, s, SIG_SOC, 1), reading_value(volt, s, SIG_VOLTAGE, 1),
            reading_value(amp, s, SIG_CURRENT, 1), reading_value(modules, s, module_count(s), 0));
    print_ready(out, s);
    print_reason(out, s, SIG_REASON);
    fputc('\n', out);
    print_own_alarms(out, &b->a);
}

static void print_head(FILE *out, const struct reading *r, const char *where)
{
    const uint16_t *words = r->words[BLOCK_IDENTIFICATION][0];
    int64_t up = signal_or(&r->hub.s, SIG_UPTIME, 0) / 1000;
    char age[CELL];

    fprintf(out, "hubgate %u.%u.%u at %s, up %lld:%02lld:%02lld, data %s old\n\n", words[6],
            words[7], words[8], where, (long long)up / 3600, (long long)up / 60 % 60,
            (long long)up % 60, reading_value(age, &r->hub.s, SIG_CONTROL_AGE, 1));
}

void reading_print(FILE *out, const struct reading *r, const char *where)
{
    const struct signals *s = &r->hub.s;

    print_head(out, r, where);
    print_hub(out, s);
    print_limit(out, s, "Charge", SIG_CHARGE_CURRENT_LIMIT, "to", SIG_CHARGE_VOLTAGE_LIMIT,
                SIG_CCL_REASON);
    print_limit(out, s, "Discharge", SIG_DISCHARGE_CURRENT_LIMIT, "down to",
                SIG_DISCHARGE_VOLTAGE_LIMIT, SIG_DCL_REASON);
    print_requests(out, s);
    reading_print_orders(out, r);
    print_extremes(out, s);
    print_all_alarms(out, &r->hub.a);
    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        print_inverter(out, &r->inverter[i], i + 1);
    fprintf(out, "\n%-10s %-10s %8s %9s %11s %10s  %s\n", "Cluster", "State", "SOC", "Voltage",
            "Current", "Modules", "Ready");
    for (unsigned i = 0; i < MAX_CLUSTERS; i++)
        print_cluster(out, &r->cluster[i], i + 1);
}
