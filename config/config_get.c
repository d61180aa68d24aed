/* Answers about a configuration that was taken. */
#include "config_options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_profile.h"

/* Asking for what the table does not have is a bug. */
static int known_section(const struct form *f, const char *section, unsigned index, unsigned *copy)
{
    int row = section_find(f, section);

    if (row < 0)
        abort();
    bool single = f->options[row].numbering == SINGLE;
    *copy = single ? 0 : index - 1;
    if ((single && index != 0) || *copy >= section_copies(f, row))
        abort();
    return row;
}

static const struct value *known(const struct config *cfg, const char *section, unsigned index,
                                 const char *key, const struct option **option)
{
    const struct form *f = cfg->form;
    unsigned copy;
    int row = option_find(f, known_section(f, section, index, &copy), key);

    if (row < 0)
        abort();
    *option = &f->options[row];
    return &cfg->value[option_slot(f, row, copy)];
}

bool config_has(const struct config *cfg, const char *section, unsigned index)
{
    unsigned copy;
    int row = known_section(cfg->form, section, index, &copy);

    return cfg->seen[row][copy] != 0;
}

bool config_is_set(const struct config *cfg, const char *section, unsigned index, const char *key)
{
    const struct option *o;

    return known(cfg, section, index, key, &o)->set;
}

int64_t config_num(const struct config *cfg, const char *section, unsigned index, const char *key)
{
    const struct option *o;
    const struct value *v = known(cfg, section, index, key, &o);

    if (o->kind != OPT_NUM && o->kind != OPT_NUMS && o->kind != OPT_ENUM)
        abort();
    return v->num;
}

bool config_nth(const struct config *cfg, const char *section, unsigned index, const char *key,
                unsigned i, int64_t *out)
{
    const struct option *o;
    const struct value *v = known(cfg, section, index, key, &o);
    char word[CONFIG_TEXT_MAX];

    if (o->kind != OPT_NUMS)
        abort();
    return word_at(v->text, i, word, sizeof(word)) && number_parse(word, o->per, out);
}

const char *config_text(const struct config *cfg, const char *section, unsigned index,
                        const char *key)
{
    const struct option *o;

    return known(cfg, section, index, key, &o)->text;
}

const struct profile *config_profile(const struct config *cfg, unsigned cluster)
{
    if (cluster > MAX_CLUSTERS)
        abort();
    return &cfg->profile[cluster];
}

unsigned config_choice(const struct config *cfg, const char *section, unsigned index,
                       const char *key)
{
    const struct option *o;
    const struct value *v = known(cfg, section, index, key, &o);
    char allowed[CONFIG_ALLOWED_MAX];
    char word[CONFIG_TEXT_MAX];

    if (o->kind != OPT_ENUM && o->kind != OPT_PROFILE)
        abort();
    option_allowed(o, allowed, sizeof(allowed));
    for (unsigned i = 0; word_at(allowed, i, word, sizeof(word)); i++)
        if (strcmp(word, v->text) == 0)
            return i;
    return UINT_MAX;
}

bool config_cidr(const struct config *cfg, const char *section, unsigned index, const char *key,
                 unsigned i, struct config_cidr *out)
{
    const struct option *o;
    const struct value *v = known(cfg, section, index, key, &o);
    char word[CONFIG_TEXT_MAX];
    const char *why;

    if (o->kind != OPT_CIDRS)
        abort();
    return word_at(v->text, i, word, sizeof(word)) && cidr_parse(word, out, &why);
}

static bool same_value(const struct option *o, const struct value *a, const struct value *b)
{
    if (o->kind == OPT_NUM)
        return a->num == b->num; /* 5 and 5.0 are one number */
    return strcmp(a->text, b->text) == 0;
}

/* Whether a profile that is named alike says the same: its file may have been edited. */
static bool same_profile(const struct config *a, const struct config *b, int section, unsigned copy)
{
    unsigned cluster = a->form->options[section].numbering == SINGLE ? 0 : copy + 1;

    return profile_same(&a->profile[cluster], &b->profile[cluster]);
}

bool config_needs_restart(const struct config *a, const struct config *b, char *out, size_t size)
{
    const struct form *f = a->form;
    char name[CONFIG_SECTION_MAX + 1];
    int head = 0;

    for (int row = 0; row < f->count; row++) {
        if (f->options[row].kind == OPT_SECTION)
            head = row;
        for (unsigned c = 0; c < section_copies(f, head); c++) {
            section_name(f, head, c, name, sizeof(name));
            size_t slot = option_slot(f, row, c);
            /* A repeating section is a port of its own, [control] a socket: there or not there
             * matters. */
            if (row == head && f->options[head].most > 0 && !a->seen[row][c] != !b->seen[row][c]) {
                snprintf(out, size, "[%s]", name);
                return true;
            }
            if (row != head && !f->options[row].live &&
                (!same_value(&f->options[row], &a->value[slot], &b->value[slot]) ||
                 (f->options[row].kind == OPT_PROFILE && !same_profile(a, b, head, c)))) {
                snprintf(out, size, "[%s] %s", name, f->options[row].key);
                return true;
            }
        }
    }
    return false;
}
