#include "config_options.h"

#include <stdio.h>
#include <string.h>

#include "model/profile.h"

#define LIVE .live = true
#define RESTART .live = false

static const struct option hub_options[] = {
#define SECTION(name, how, last, about)                                                            \
    {.kind = OPT_SECTION, .key = name, .numbering = how, .most = last, .text = about},
/* What every single number has; then what this kind has besides. */
#define NUMBER(name, value, low, high, scale, measure, when, about, ...)                           \
    {.kind = OPT_NUM,                                                                              \
     .key = name,                                                                                  \
     .fallback = value,                                                                            \
     .lo = low,                                                                                    \
     .hi = high,                                                                                   \
     .per = scale,                                                                                 \
     .unit = measure,                                                                              \
     .text = about,                                                                                \
     when,                                                                                         \
     __VA_ARGS__},
#define NUM(name, value, low, high, scale, measure, when, about)                                   \
    NUMBER(name, #value, #low, #high, scale, measure, when, about, .zero = false)
#define NUM0(name, value, low, high, scale, measure, when, about)                                  \
    NUMBER(name, #value, #low, #high, scale, measure, when, about, .zero = true)
#define CAP(name, low, high, scale, measure, when, about)                                          \
    NUMBER(name, "none", #low, #high, scale, measure, when, about, .none = true)
#define NUMS(name, value, low, high, scale, count, measure, when, about)                           \
    {.kind = OPT_NUMS,                                                                             \
     .key = name,                                                                                  \
     .fallback = value,                                                                            \
     .lo = #low,                                                                                   \
     .hi = #high,                                                                                  \
     .per = scale,                                                                                 \
     .most = count,                                                                                \
     .unit = measure,                                                                              \
     when,                                                                                         \
     .text = about},
#define ENUM(name, value, list, when, about)                                                       \
    {.kind = OPT_ENUM, .key = name, .fallback = value, .words = list, when, .text = about},
#define MUST(name, example, list, when, about)                                                     \
    {.kind = OPT_ENUM,                                                                             \
     .key = name,                                                                                  \
     .fallback = example,                                                                          \
     .words = list,                                                                                \
     .needed = true,                                                                               \
     when,                                                                                         \
     .text = about},
#define FLAG(name, value, when, about) ENUM(name, value, "no yes", when, about)
#define PROFILE(name, value, when, about)                                                          \
    {.kind = OPT_PROFILE, .key = name, .fallback = value, when, .text = about},
#define LINK(name, example, when, about)                                                           \
    {.kind = OPT_LINK, .key = name, .fallback = example, .needed = true, when, .text = about},
#define DEVICE(name, example, when, about)                                                         \
    {.kind = OPT_DEVICE, .key = name, .fallback = example, .needed = true, when, .text = about},
#define LISTEN(name, value, when, about)                                                           \
    {.kind = OPT_LISTEN, .key = name, .fallback = value, when, .text = about},
#define SOCKET(name, value, when, about)                                                           \
    {.kind = OPT_SOCKET, .key = name, .fallback = value, when, .text = about},
#define NAME(name, value, longest, when, about)                                                    \
    {.kind = OPT_TEXT, .key = name, .fallback = value, .most = longest, when, .text = about},
#define CIDRS(name, when, about)                                                                   \
    {.kind = OPT_CIDRS, .key = name, .fallback = "", when, .text = about},
#define GPIO(name, example, when, about)                                                           \
    {.kind = OPT_GPIO,                                                                             \
     .key = name,                                                                                  \
     .fallback = example,                                                                          \
     .needed = sizeof(example) > 1,                                                                \
     when,                                                                                         \
     .text = about},
#include "options.def"
};
const struct form hub_form = {hub_options, sizeof(hub_options) / sizeof(hub_options[0])};

int section_find(const struct form *f, const char *name)
{
    for (int i = 0; i < f->count; i++)
        if (f->options[i].kind == OPT_SECTION && strcmp(f->options[i].key, name) == 0)
            return i;
    return -1;
}

int option_find(const struct form *f, int section, const char *key)
{
    for (int i = section + 1; i < f->count && f->options[i].kind != OPT_SECTION; i++)
        if (strcmp(f->options[i].key, key) == 0)
            return i;
    return -1;
}

int option_section(const struct form *f, int option)
{
    while (f->options[option].kind != OPT_SECTION)
        option--;
    return option;
}

unsigned section_copies(const struct form *f, int section)
{
    return f->options[section].numbering == SINGLE ? 1 : (unsigned)f->options[section].most;
}

size_t option_slot(const struct form *f, int option, unsigned copy)
{
    size_t slot = 0;
    unsigned copies = 1;

    for (int i = 0; i < option; i++) {
        if (f->options[i].kind == OPT_SECTION)
            copies = section_copies(f, i);
        slot += copies;
    }
    return slot + copy;
}

void section_name(const struct form *f, int section, unsigned copy, char *out, size_t size)
{
    const struct option *s = &f->options[section];

    if (s->numbering == SINGLE || (s->numbering == FIRST_BARE && copy == 0))
        snprintf(out, size, "%s", s->key);
    else
        snprintf(out, size, "%s.%u", s->key, copy + 1);
}

void option_allowed(const struct option *o, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    if (o->kind == OPT_NUM || o->kind == OPT_NUMS)
        snprintf(out, size, "%s%s..%s%s%s",
                 o->zero   ? "0 or "
                 : o->none ? "none or "
                           : "",
                 o->lo, o->hi, *o->unit ? " " : "", o->unit);
    else if (o->kind == OPT_ENUM)
        snprintf(out, size, "%s", o->words);
    else if (o->kind == OPT_PROFILE)
        for (const struct builtin *b = builtins; b->key && n < size; b++)
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? " " : "", b->key);
}

bool config_option(size_t i, struct option_info *out)
{
    static const char *const kinds[] = {
        [OPT_SECTION] = "",      [OPT_NUM] = "number",      [OPT_NUMS] = "numbers",
        [OPT_ENUM] = "word",     [OPT_PROFILE] = "profile", [OPT_LINK] = "link",
        [OPT_DEVICE] = "device", [OPT_LISTEN] = "address",  [OPT_CIDRS] = "address blocks",
        [OPT_GPIO] = "line",     [OPT_TEXT] = "text",       [OPT_VERSION] = "version",
        [OPT_RATES] = "rates",   [OPT_SOCKET] = "socket",
    };

    for (size_t row = 0; row < (size_t)hub_form.count; row++) {
        const struct option *o = &hub_form.options[row];
        if (o->kind == OPT_SECTION || i--)
            continue;
        const struct option *s = &hub_form.options[option_section(&hub_form, (int)row)];
        *out = (struct option_info){
            .section = s->key,
            .key = o->key,
            .kind = kinds[o->kind],
            .fallback = o->needed ? "" : o->fallback,
            .unit = o->unit ? o->unit : "",
            .text = o->text,
            .repeats = s->numbering != SINGLE,
            .live = o->live,
            .needed = o->needed,
        };
        option_allowed(o, out->allowed, sizeof(out->allowed));
        return true;
    }
    return false;
}
