/* What the checks of a whole file share; for config_check*.c only. A value that was refused already
 * takes no part: one mistake, one message. */
#ifndef CONFIG_CONFIG_CHECK_H
#define CONFIG_CONFIG_CHECK_H

#include "config_report.h"

struct check {
    const struct config *cfg;
    struct reports *reports;
};

/* The value of a key; the table is ours, so it is there. */
static inline const struct value *get(const struct check *c, const char *section, unsigned copy,
                                      const char *key)
{
    int row = option_find(&hub_form, section_find(&hub_form, section), key);

    return &c->cfg->value[option_slot(&hub_form, row, copy)];
}

/* The line of a section's head; 0: the file does not have it. */
static inline int head_line(const struct check *c, const char *section, unsigned copy)
{
    return c->cfg->seen[section_find(&hub_form, section)][copy];
}

static inline unsigned copies_of(const char *section)
{
    return section_copies(&hub_form, section_find(&hub_form, section));
}

/* Who can read over Modbus, and who can write. */
void check_modbus(struct check *c);

#endif
