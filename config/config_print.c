/* The whole commented file, made from the table: config/hub.ini. Explanations begin with #,
 * options at their default with ;, so that taking the ; away is all there is to do. */
#include "config_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 96

struct printer {
    void (*out)(void *arg, const char *text);
    void *arg;
};

__attribute__((format(printf, 2, 3))) static void print(const struct printer *p, const char *fmt,
                                                        ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    p->out(p->arg, text);
}

/* Words in comment lines of at most WIDTH characters. */
static void print_wrapped(const struct printer *p, const char *text)
{
    while (*text) {
        size_t len = strlen(text);
        if (len > WIDTH - 2)
            for (len = WIDTH - 2; len > 1 && text[len] != ' ';)
                len--;
        print(p, "# %.*s\n", (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
}

/* What a new file cannot do without stands in it; the rest is shown and sleeps. An inverter
 * is woken by hand: nobody should send frames because he did not read on. */
static bool wakes(const char *section)
{
    return strcmp(section, "hub") == 0 || strcmp(section, "cluster") == 0 ||
           strcmp(section, "modbus.tcp") == 0;
}

static void print_section(const struct printer *p, const struct option *s)
{
    print(p, "\n");
    print_wrapped(p, s->text);
    print(p, "%s[%s%s]\n", wakes(s->key) ? "" : ";", s->key, s->numbering == NUMBERED ? ".1" : "");
}

static void print_option(const struct printer *p, const struct option *o, bool awake)
{
    char allowed[CONFIG_ALLOWED_MAX];
    char text[280];

    option_allowed(o, allowed, sizeof(allowed));
    if (o->kind == OPT_LINK)
        snprintf(allowed, sizeof(allowed), "a CAN interface, unix:PATH, replay:FILE or sim");
    snprintf(text, sizeof(text), "%s%s%s", allowed, *allowed ? "; " : "",
             o->live ? "live" : "restart");
    print(p, "\n");
    print_wrapped(p, o->text);
    print_wrapped(p, text);
    print(p, "%s%s =%s%s\n", o->needed && awake ? "" : ";", o->key, *o->fallback ? " " : "",
          o->fallback);
}

void config_print_default(void (*out)(void *arg, const char *text), void *arg)
{
    const struct printer p = {out, arg};
    bool awake = false;

    out(arg,
        "# hubgate: every option, its default and its meaning. Made from config/options.def.\n"
        "#\n"
        "# Explanations begin with #. A line that begins with ; sleeps at its default, or at\n"
        "# an example where there is none: take the ; away to set it, and that of the [section]\n"
        "# above it. A comment behind a value begins with a blank and a ;.\n"
        "# live: a reload (SIGHUP) takes it over. restart: only a new start does.\n"
        "# hubgate check FILE tells all mistakes in a file.\n");
    for (int i = 0; i < hub_form.count; i++) {
        if (hub_form.options[i].kind == OPT_SECTION) {
            awake = wakes(hub_form.options[i].key);
            print_section(&p, &hub_form.options[i]);
        } else {
            print_option(&p, &hub_form.options[i], awake);
        }
    }
}
