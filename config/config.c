/* One configuration out of its text and the profiles it names. */
#include <stdlib.h>
#include <string.h>

#include "config_profile.h"
#include "config_report.h"

struct reader {
    struct config *cfg;
    struct reports *reports;
    config_on_file *on_file;
    void *arg;
};

static void no_memory(config_on_error *on_error, void *arg)
{
    static const struct config_error err = {.text = "out of memory"};

    if (on_error)
        on_error(arg, &err);
}

/* Where [hub] (0) or [cluster.N] says which profile it has. */
static struct value *profile_value(struct config *cfg, unsigned n)
{
    int section = section_find(&hub_form, n ? "cluster" : "hub");
    int row = option_find(&hub_form, section, "profile");

    return &cfg->value[option_slot(&hub_form, row, n ? n - 1 : 0)];
}

static const char *profile_section(unsigned n, char *out, size_t size)
{
    section_name(&hub_form, section_find(&hub_form, n ? "cluster" : "hub"), n ? n - 1 : 0, out,
                 size);
    return out;
}

/* A profile of the user's own. What is wrong in it is told with its name and lines. */
static bool read_file(const struct reader *rd, unsigned n, const struct value *v)
{
    struct reports *r = rd->reports;
    const char *path = profile_path(v->text);
    char section[CONFIG_SECTION_MAX + 1];
    char why[200] = "files cannot be read here";
    size_t len = 0;
    char *text = rd->on_file ? rd->on_file(rd->arg, path, &len, why, sizeof(why)) : NULL;

    if (!text) {
        report_error(r, v->line, "[%s] profile: %s", profile_section(n, section, sizeof(section)),
                     why);
        return false;
    }
    r->file = path;
    r->file_at = v->line;
    bool good = profile_read(text, len, r, &rd->cfg->profile[n]);
    r->file = NULL;
    free(text);
    return good;
}

static bool read_builtin(const struct reader *rd, unsigned n, const struct value *v)
{
    const struct profile *p = profile_find(v->text);

    if (!p)
        report_error(rd->reports, 0, "out of memory");
    else
        rd->cfg->profile[n] = *p;
    return p;
}

static void warn_assumed(const struct reader *rd, unsigned n, const struct value *v)
{
    char section[CONFIG_SECTION_MAX + 1];

    if (rd->cfg->profile[n].basis == PROFILE_ASSUMED)
        report_warning(rd->reports, v->line,
                       "[%s] profile: %s: some of its limits are assumed, not the maker's; its "
                       "comments say which",
                       profile_section(n, section, sizeof(section)), v->text);
}

/* One that stands in a line above is not read, nor complained about, again. */
static void take_profile(const struct reader *rd, unsigned n)
{
    struct value *v = profile_value(rd->cfg, n);

    for (unsigned i = 0; i < n; i++) {
        const struct value *other = profile_value(rd->cfg, i);
        if (*v->text && strcmp(v->text, other->text) != 0)
            continue;
        rd->cfg->profile[n] = rd->cfg->profile[i];
        v->bad |= other->bad;
        return;
    }
    v->bad = v->bad || !(profile_path(v->text) ? read_file(rd, n, v) : read_builtin(rd, n, v));
    if (!v->bad)
        warn_assumed(rd, n, v);
}

static void parse(const struct reader *rd, const char *ini, size_t len)
{
    if (!form_read(rd->cfg, ini, len, rd->reports))
        return;
    for (unsigned n = 0; n <= MAX_CLUSTERS; n++)
        take_profile(rd, n);
    config_check(rd->cfg, rd->reports);
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
    parse(&(struct reader){cfg, r, on_file, arg}, ini, len);
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
