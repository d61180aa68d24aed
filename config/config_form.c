/* A form to fill in: what a file of this kind may say, at its defaults, and what it must. */
#include "config_report.h"

#include <stdlib.h>

struct config *form_new(const struct form *f)
{
    size_t slots = option_slot(f, f->count, 0);
    struct config *cfg = calloc(1, sizeof(*cfg) + slots * sizeof(cfg->value[0]));

    if (cfg)
        cfg->seen = calloc((size_t)f->count, sizeof(*cfg->seen));
    if (!cfg || !cfg->seen) {
        free(cfg);
        return NULL;
    }
    cfg->form = f;
    for (int row = 0; row < f->count; row++) {
        const struct option *o = &f->options[row];
        unsigned copies = section_copies(f, option_section(f, row));
        for (unsigned c = 0; c < copies && o->kind != OPT_SECTION && !o->needed; c++)
            option_take(o, o->fallback, &cfg->value[option_slot(f, row, c)], NULL, 0);
    }
    return cfg;
}

void config_free(struct config *cfg)
{
    if (!cfg)
        return;
    free(cfg->seen);
    free(cfg);
}

/* A section that there is once and that cannot do without some key has to be there. Those that
 * repeat are missed by whoever counts them. */
static void check_section(const struct config *cfg, struct reports *r, int section)
{
    const struct form *f = cfg->form;
    bool needed = false;

    for (int row = section + 1; row < f->count && f->options[row].kind != OPT_SECTION; row++)
        needed |= f->options[row].needed;
    if (needed && f->options[section].numbering == SINGLE && !cfg->seen[section][0])
        report_error(r, 0, "[%s] is missing", f->options[section].key);
}

static void check_needed(const struct config *cfg, struct reports *r, int row)
{
    const struct form *f = cfg->form;
    const struct option *o = &f->options[row];
    char name[CONFIG_SECTION_MAX + 1];
    char allowed[CONFIG_ALLOWED_MAX];
    int section = option_section(f, row);

    option_allowed(o, allowed, sizeof(allowed));
    for (unsigned copy = 0; copy < section_copies(f, section); copy++) {
        const struct value *v = &cfg->value[option_slot(f, row, copy)];
        if (v->set || v->bad || !cfg->seen[section][copy])
            continue;
        section_name(f, section, copy, name, sizeof(name));
        report_error(r, cfg->seen[section][copy], "[%s] %s is missing; %s %s", name, o->key,
                     *allowed ? "allowed:" : "for example", *allowed ? allowed : o->fallback);
    }
}

void form_check(const struct config *cfg, struct reports *r)
{
    for (int row = 0; row < cfg->form->count; row++) {
        if (cfg->form->options[row].kind == OPT_SECTION)
            check_section(cfg, r, row);
        else if (cfg->form->options[row].needed)
            check_needed(cfg, r, row);
    }
}
