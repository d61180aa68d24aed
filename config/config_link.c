/* How a port is wired, as a text. */
#include "config_options.h"

#include <string.h>

#define CAN_NAME_MAX 15 /* IFNAMSIZ - 1 */
#define GPIO_LINE_MAX 1023
#define UNIX_PATH_MAX 107 /* sun_path without its NUL */

static const char allowed[] = "write a CAN interface (can0), unix:PATH, replay:FILE or sim";

/* Kinds with a target behind a colon. */
static const struct {
    const char *kind;
    size_t most; /* characters of the target */
    const char *not_yet;
} kinds[] = {
    {"unix",       UNIX_PATH_MAX,       NULL                                                },
    {"replay",     CONFIG_TEXT_MAX - 1, NULL                                                },
    {"slcan",      CONFIG_TEXT_MAX - 1,
     "slcan: links are not built yet; run slcand and write the interface it makes"          },
    {"cannelloni", CONFIG_TEXT_MAX - 1,
     "cannelloni: links are not built yet; run cannelloni and write the interface it serves"},
    {"serial",     CONFIG_TEXT_MAX - 1,
     "serial: links are not built yet; batteries speak CAN here for now"                    },
};

/* How much of a text is a name: letters, digits, _ - and ., the last two not in front. */
static size_t name_len(const char *s)
{
    if (s[0] == '.' || s[0] == '-')
        return 0;
    return strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");
}

static bool can_name(const char *s)
{
    size_t len = name_len(s);

    return len > 0 && len <= CAN_NAME_MAX && !s[len];
}

/* "replay" alone is a forgotten path, not an interface of that name. */
static bool bare_kind(const char *s)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(s, kinds[i].kind) == 0)
            return true;
    return false;
}

static bool take(const char *kind, const char *target, struct config_link *out)
{
    out->kind = kind;
    memset(out->target, 0, sizeof(out->target));
    strncpy(out->target, target, sizeof(out->target) - 1);
    return true;
}

bool config_link(const char *text, struct config_link *out, const char **why)
{
    *why = allowed;
    if (strcmp(text, "sim") == 0)
        return take("sim", "", out);
    if (!bare_kind(text) && can_name(text))
        return take("can", text, out);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t len = strlen(kinds[i].kind);
        if (strncmp(text, kinds[i].kind, len) != 0 || text[len] != ':')
            continue;
        const char *target = text + len + 1;
        if (kinds[i].not_yet)
            *why = kinds[i].not_yet;
        else if (!*target)
            *why = "there is no path behind the colon";
        else if (strlen(target) > kinds[i].most)
            *why = "the path is too long; a Unix socket has room for 107 characters";
        else
            return take(kinds[i].kind, target, out);
        return false;
    }
    return false;
}

bool config_gpio(const char *text, struct config_gpio *out)
{
    size_t len = name_len(text);
    int64_t line = 0;

    if (len == 0 || len >= sizeof(out->chip) || text[len] != ':')
        return false;
    if (!number_parse(text + len + 1, 1, &line) || line < 0 || line > GPIO_LINE_MAX)
        return false;
    memcpy(out->chip, text, len);
    out->chip[len] = '\0';
    out->line = (unsigned)line;
    return true;
}
