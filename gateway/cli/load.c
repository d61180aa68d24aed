#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"
#include "io/gpio.h"
#include "sim/site.h"

#define PATH_SIZE 4096

/* Where a file that the configuration names is: paths count from the folder of the configuration.
 */
static void beside(const char *ini, const char *file, char out[PATH_SIZE])
{
    const char *slash = strrchr(ini, '/');
    int folder = *file == '/' || !slash ? 0 : (int)(slash + 1 - ini);

    snprintf(out, PATH_SIZE, "%.*s%s", folder, ini, file);
}

static void tell(const char *ini, const char *what, const struct config_error *err)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s", ini);
    if (*err->file)
        beside(ini, err->file, path);
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

static char *on_file(void *arg, const char *file, size_t *len, char *why, size_t why_size)
{
    char path[PATH_SIZE];
    char reason[160];

    beside(*(const char **)arg, file, path);
    char *text = file_read(path, CONFIG_FILE_MAX, len, reason, sizeof(reason));
    if (!text)
        snprintf(why, why_size, "%.120s: %s", path, reason);
    return text;
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
    struct config *cfg = config_parse(text, len, on_file, on_error, on_warning, &path);
    free(text);
    if (cfg && !(site_check(cfg, why, sizeof(why)) && gpio_check(cfg, why, sizeof(why)))) {
        fprintf(stderr, "%s: %s\n", path, why);
        config_free(cfg);
        return NULL;
    }
    return cfg;
}
