#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/file.h"
#include "sim/site.h"

static void tell(const char *path, const char *what, const struct config_error *err)
{
    if (err->line)
        fprintf(stderr, "%s:%d: %s%s\n", path, err->line, what, err->text);
    else
        fprintf(stderr, "%s: %s%s\n", path, what, err->text);
}

static void on_error(void *arg, const struct config_error *err)
{
    tell(*(const char **)arg, "", err);
}

static void on_warning(void *arg, const struct config_error *err)
{
    tell(*(const char **)arg, "warning: ", err);
}

struct config *cli_load(const char *path)
{
    char why[160];
    size_t len = 0;
    char *text = file_read(path, CONFIG_FILE_MAX, &len, why, sizeof(why));

    if (!text) {
        fprintf(stderr, "%s: %s\n", path, why);
        return NULL;
    }
    struct config *cfg = config_parse(text, len, NULL, on_error, on_warning, &path);
    free(text);
    if (cfg && !site_check(cfg, why, sizeof(why))) {
        fprintf(stderr, "%s: %s\n", path, why);
        config_free(cfg);
        return NULL;
    }
    return cfg;
}
