/* Any text is a configuration file: refused with a reason, or taken with every value inside
 * what the table allows. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_error(void *arg, const struct config_error *err)
{
    unsigned *errors = arg;

    if (!err->text[0] || err->line < 0 || !memchr(err->text, '\0', sizeof(err->text)))
        abort();
    (*errors)++;
}

static void on_warning(void *arg, const struct config_error *err)
{
    (void)arg;
    if (!err->text[0])
        abort();
}

static void must_be_inside(const struct option *o, int64_t n)
{
    int64_t lo;
    int64_t hi;

    if (!number_parse(o->lo, o->per, &lo) || !number_parse(o->hi, o->per, &hi))
        abort();
    if ((n < lo || n > hi) && !((o->zero || o->none) && n == 0))
        abort();
}

static void check_value(const struct config *cfg, const struct option *s, unsigned index,
                        const struct option *o)
{
    const char *text = config_text(cfg, s->key, index, o->key);
    struct listen_address address;
    struct config_link link;
    struct config_cidr block;
    struct config_gpio gpio;
    const char *why;
    int64_t n;

    if (strlen(text) >= CONFIG_TEXT_MAX)
        abort();
    if (o->kind == OPT_NUM)
        must_be_inside(o, config_num(cfg, s->key, index, o->key));
    if (o->none && config_num(cfg, s->key, index, o->key) == 0 && strcasecmp(text, "none") != 0)
        abort(); /* a 0 is no cap only when it says so */
    for (unsigned i = 0; o->kind == OPT_NUMS && config_nth(cfg, s->key, index, o->key, i, &n); i++)
        must_be_inside(o, n);
    for (unsigned i = 0; o->kind == OPT_CIDRS && config_cidr(cfg, s->key, index, o->key, i, &block);
         i++)
        if (block.bits > (block.ipv6 ? 128 : 32))
            abort();
    if (*text && (o->kind == OPT_ENUM || o->kind == OPT_PROFILE) &&
        config_choice(cfg, s->key, index, o->key) > 20)
        abort();
    if (o->kind == OPT_LISTEN && !listen_parse(text, &address))
        abort();
    if (*text && o->kind == OPT_LINK && !config_link(text, &link, &why))
        abort();
    if (*text && o->kind == OPT_GPIO && !config_gpio(text, &gpio))
        abort();
    if (config_has(cfg, s->key, index) && o->needed && !*text)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned errors = 0;
    struct config *cfg =
        config_parse((const char *)data, size, NULL, on_error, on_warning, &errors);
    char first[100];

    if (!cfg != (errors > 0))
        abort();
    if (!cfg)
        return 0;
    int head = 0;
    for (int row = 0; row < hub_form.count; row++) {
        if (hub_form.options[row].kind == OPT_SECTION)
            head = row;
        for (unsigned c = 0; row != head && c < section_copies(&hub_form, head); c++)
            check_value(cfg, &hub_form.options[head],
                        hub_form.options[head].numbering == SINGLE ? 0 : c + 1,
                        &hub_form.options[row]);
    }
    if (config_needs_restart(cfg, cfg, first, sizeof(first)))
        abort();
    for (int n = 1; n <= (int)config_num(cfg, "hub", 0, "clusters"); n++)
        if (!*config_text(cfg, "cluster", (unsigned)n, "link"))
            abort();
    config_free(cfg);
    return 0;
}
