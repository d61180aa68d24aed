/* One configuration out of its text and the files it names. */
#include "config_report.h"

#include <stdlib.h>

static void no_memory(config_on_error *on_error, void *arg)
{
    static const struct config_error err = {.text = "out of memory"};

    if (on_error)
        on_error(arg, &err);
}

static void parse(struct config *cfg, const char *ini, size_t len, struct reports *r)
{
    bool any_section = form_read(cfg, ini, len, r);

    if (!any_section && !r->errors)
        report_error(r, 0, "no [section] in the file: nothing is configured");
    else if (any_section)
        config_check(cfg, r);
}

struct config *config_parse(const char *ini, size_t len, config_on_file *on_file,
                            config_on_error *on_error, config_on_error *on_warning, void *arg)
{
    struct config *cfg = form_new(&hub_form);
    struct reports *r = calloc(1, sizeof(*r));

    if (!cfg || !r) {
        no_memory(on_error, arg);
        goto refuse;
    }
    (void)on_file;
    parse(cfg, ini, len, r);
    reports_tell(r, on_error, on_warning, arg);
    if (r->errors)
        goto refuse;
    free(r);
    return cfg;

refuse:
    config_free(cfg);
    free(r);
    return NULL;
}
