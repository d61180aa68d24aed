/* What no single line of a battery profile shows. A value that is missing or was refused takes no
 * part: one mistake, one message. */
#include <stdio.h>
#include <string.h>

#include "config_report.h"

struct check {
    const struct config *cfg;
    struct reports *reports;
};

/* A number of the file: the one of a key, or the i-th of a list. Of a pair 0 is the stop, 1 the
 * release. */
struct at {
    const char *section, *key;
    unsigned i;
};

static const struct value *get(const struct check *c, const char *section, const char *key)
{
    int row = option_find(&profile_form, section_find(&profile_form, section), key);

    return &c->cfg->value[option_slot(&profile_form, row, 0)];
}

/* In the small unit of its key, and as it is written; false when it is not there, or none. */
static bool number(const struct check *c, const struct at *at, int64_t *n, char *word, size_t size)
{
    int row = option_find(&profile_form, section_find(&profile_form, at->section), at->key);
    const struct value *v = get(c, at->section, at->key);

    return v->set && word_at(v->text, at->i, word, size) &&
           number_parse(word, profile_form.options[row].per, n);
}

static bool is_there(const struct check *c, const char *section, const char *key)
{
    char word[CONFIG_TEXT_MAX];
    int64_t n;

    return number(c, &(struct at){section, key, 0}, &n, word, sizeof(word));
}

/* Lets a direction go only on the side it came from. */
static void check_hysteresis(const struct check *c, const char *key, bool release_below)
{
    const struct at stop = {"stops", key, 0};
    const struct at release = {"stops", key, 1};
    char stop_word[CONFIG_TEXT_MAX];
    char release_word[CONFIG_TEXT_MAX];
    int64_t at = 0;
    int64_t back = 0;

    if (!number(c, &stop, &at, stop_word, sizeof(stop_word)) ||
        !number(c, &release, &back, release_word, sizeof(release_word)) ||
        (release_below ? back < at : back > at))
        return;
    report_error(c->reports, get(c, "stops", key)->line,
                 "[stops] %s: release %.20s is not %s the stop, %.20s", key, release_word,
                 release_below ? "below" : "above", stop_word);
}

static void check_stops(const struct check *c)
{
    static const struct {
        const char *key;
        bool release_below;
    } stops[] = {
        {"charge_voltage",    true },
        {"discharge_voltage", false},
        {"charge_cell",       true },
        {"discharge_cell",    false},
        {"charge_cold",       false},
        {"charge_hot",        true },
        {"discharge_cold",    false},
        {"discharge_hot",     true },
    };

    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
        check_hysteresis(c, stops[i].key, stops[i].release_below);
}

/* Which number may not be above, or not even at, which other. */
struct order {
    struct at low, high;
    bool may_equal;
};

static void check_order(const struct check *c, const struct order *o)
{
    const struct value *low_at = get(c, o->low.section, o->low.key);
    const struct value *high_at = get(c, o->high.section, o->high.key);
    char low_word[CONFIG_TEXT_MAX];
    char high_word[CONFIG_TEXT_MAX];
    int64_t low = 0;
    int64_t high = 0;

    if (!number(c, &o->low, &low, low_word, sizeof(low_word)) ||
        !number(c, &o->high, &high, high_word, sizeof(high_word)) || low < high ||
        (o->may_equal && low == high))
        return;
    report_error(c->reports, low_at->line > high_at->line ? low_at->line : high_at->line,
                 "[%s] %s: %.20s is %s [%s] %s, %.20s", o->low.section, o->low.key, low_word,
                 o->may_equal ? "above" : "not below", o->high.section, o->high.key, high_word);
}

/* A limit that a BMS, an owner or a taper sets has to lie before the stop that ends it. The charge
 * voltage may be its stop where a maker gives one number for both. */
static void check_orders(const struct check *c)
{
    static const struct order orders[] = {
        {{"voltage", "discharge_floor", 0}, {"voltage", "charge_top", 0},      false},
        {{"voltage", "charge_top", 0},      {"voltage", "charge_max", 0},      true },
        {{"voltage", "charge_max", 0},      {"stops", "charge_voltage", 0},    true },
        {{"voltage", "discharge_floor", 0}, {"voltage", "discharge", 0},       true },
        {{"voltage", "discharge", 0},       {"voltage", "charge", 0},          false},
        {{"voltage", "charge", 0},          {"voltage", "charge_top", 0},      true },
        {{"stops", "discharge_voltage", 1}, {"stops", "charge_voltage", 0},    false},
        {{"stops", "discharge_voltage", 0}, {"stops", "charge_voltage", 1},    false},
        {{"stops", "discharge_cell", 1},    {"stops", "charge_cell", 0},       false},
        {{"stops", "discharge_cell", 0},    {"stops", "charge_cell", 1},       false},
        {{"stops", "charge_cold", 1},       {"stops", "charge_hot", 1},        false},
        {{"stops", "discharge_cold", 1},    {"stops", "discharge_hot", 1},     false},
        {{"stops", "discharge_voltage", 0}, {"taper", "charge_voltage", 0},    false},
        {{"taper", "charge_voltage", 0},    {"stops", "charge_voltage", 0},    false},
        {{"stops", "discharge_voltage", 0}, {"taper", "discharge_voltage", 0}, false},
        {{"taper", "discharge_voltage", 0}, {"taper", "charge_voltage", 0},    false},
        {{"taper", "discharge_voltage", 0}, {"stops", "charge_voltage", 0},    false},
        {{"taper", "charge_current", 0},    {"module", "charge_current", 0},   true },
        {{"module", "many", 0},             {"module", "max", 0},              false},
    };

    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        check_order(c, &orders[i]);
}

/* Halves of a taper that do nothing without the other. */
static void check_taper(const struct check *c)
{
    bool soc = is_there(c, "taper", "charge_soc");
    bool voltage = is_there(c, "taper", "charge_voltage");
    const struct value *current = get(c, "taper", "charge_current");
    const struct value *linear = get(c, "taper", "discharge_voltage");

    if (is_there(c, "taper", "charge_current") && !soc && !voltage)
        report_error(c->reports, current->line,
                     "[taper] charge_current does nothing without charge_soc or charge_voltage");
    if (!is_there(c, "taper", "charge_current") && !current->bad && (soc || voltage))
        report_error(c->reports, get(c, "taper", soc ? "charge_soc" : "charge_voltage")->line,
                     "[taper] %s does nothing without charge_current",
                     soc ? "charge_soc" : "charge_voltage");
    if (is_there(c, "taper", "discharge_voltage") && !is_there(c, "stops", "discharge_voltage") &&
        !get(c, "stops", "discharge_voltage")->bad)
        report_error(c->reports, linear->line,
                     "[taper] discharge_voltage needs [stops] discharge_voltage, where it ends");
}

static const char *row_key(unsigned modules, char *out, size_t size)
{
    snprintf(out, size, "modules_%u", modules);
    return out;
}

/* Losing a cluster, or a module, must not raise a limit. */
static void check_row(const struct check *c, unsigned modules)
{
    char key[16], fewer_key[16], word[CONFIG_TEXT_MAX];
    struct at here = {"allowance", row_key(modules, key, sizeof(key)), 0};
    struct at above = {"allowance", row_key(modules - 1, fewer_key, sizeof(fewer_key)), 0};
    int line = get(c, "allowance", key)->line;
    int64_t before = 0;

    for (unsigned clusters = 1; clusters <= MAX_CLUSTERS; clusters++) {
        int64_t n = 0;
        int64_t fewer = 0;
        here.i = above.i = clusters - 1;
        if (!number(c, &here, &n, word, sizeof(word)))
            return;
        if (n < before) {
            report_error(c->reports, line,
                         "[allowance] %s: %d with %u clusters, but %d with %u: losing a cluster "
                         "would raise the limit",
                         key, (int)n, clusters, (int)before, clusters - 1);
            return;
        }
        before = n;
        if (modules > 1 && number(c, &above, &fewer, word, sizeof(word)) && n < fewer) {
            report_error(c->reports, line,
                         "[allowance] %s: %d with %u cluster%s, but %d in %s: losing a module "
                         "would raise the limit",
                         key, (int)n, clusters, clusters == 1 ? "" : "s", (int)fewer, fewer_key);
            return;
        }
    }
}

/* All rows a cluster can come to, or none. */
static void check_rows(const struct check *c, int64_t max)
{
    int section = section_find(&profile_form, "allowance");
    char key[16];
    bool any = false;

    for (unsigned m = 1; m <= ALLOWANCE_ROWS; m++)
        any |= is_there(c, "allowance", row_key(m, key, sizeof(key)));
    for (unsigned m = 1; any && m <= ALLOWANCE_ROWS; m++) {
        const struct value *v = get(c, "allowance", row_key(m, key, sizeof(key)));
        bool there = is_there(c, "allowance", key);
        if (m <= max && !there && !v->bad)
            report_error(c->reports, v->line ? v->line : c->cfg->seen[section][0],
                         "[allowance] %s is missing; the table has a row for each count up to "
                         "[module] max, at most %d",
                         key, ALLOWANCE_ROWS);
        if (m > max && there)
            report_error(c->reports, v->line, "[allowance] %s, but [module] max is %d", key,
                         (int)max);
    }
}

static void check_allowance(const struct check *c)
{
    const struct at max_at = {"module", "max", 0};
    char word[CONFIG_TEXT_MAX];
    int64_t max = 0;

    if (number(c, &max_at, &max, word, sizeof(word)))
        check_rows(c, max);
    for (unsigned m = 1; m <= ALLOWANCE_ROWS; m++)
        check_row(c, m);
}

void profile_check(const struct config *cfg, struct reports *r)
{
    const struct check c = {cfg, r};

    form_check(cfg, r);
    check_stops(&c);
    check_orders(&c);
    check_taper(&c);
    check_allowance(&c);
}
