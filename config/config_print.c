/* The whole commented file, made from the table: config/hub.ini. Explanations begin with #,
 * options at their default with ;, so that taking the ; away is all there is to do. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config_options.h"
#include "config_profile.h"

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
static bool wakes(const struct form *f, const char *section)
{
    return f != &hub_form || strcmp(section, "hub") == 0 || strcmp(section, "cluster") == 0 ||
           strcmp(section, "modbus.tcp") == 0 || strcmp(section, "control") == 0;
}

static void print_section(const struct printer *p, const struct option *s, bool awake)
{
    print(p, "\n");
    print_wrapped(p, s->text);
    print(p, "%s[%s%s]\n", awake ? "" : ";", s->key, s->numbering == NUMBERED ? ".1" : "");
}

/* What is allowed, for people. */
static void allowed_in_words(const struct option *o, char *out, size_t size)
{
    char allowed[CONFIG_ALLOWED_MAX];

    option_allowed(o, allowed, sizeof(allowed));
    if (o->kind == OPT_LINK)
        snprintf(out, size, "a CAN interface, unix:PATH, replay:FILE or sim");
    else if (o->kind == OPT_PROFILE)
        snprintf(out, size, "%s or file:PATH", allowed);
    else if (o->least > 1)
        snprintf(out, size, "%d numbers, each %s", o->least, allowed);
    else
        snprintf(out, size, "%s", allowed);
}

static void print_option(const struct printer *p, const struct form *f, const struct option *o,
                         bool awake)
{
    char allowed[CONFIG_ALLOWED_MAX + 40];
    char text[280];
    const char *when = o->live ? "live" : "restart";

    if (f != &hub_form)
        when = o->needed ? "needed" : "may be left out";
    allowed_in_words(o, allowed, sizeof(allowed));
    snprintf(text, sizeof(text), "%s%s%s", allowed, *allowed ? "; " : "", when);
    print(p, "\n");
    print_wrapped(p, o->text);
    print_wrapped(p, text);
    print(p, "%s%s =%s%s\n", o->needed && awake ? "" : ";", o->key, *o->fallback ? " " : "",
          o->fallback);
}

static void print_form(const struct printer *p, const struct form *f)
{
    bool awake = false;

    for (int i = 0; i < f->count; i++) {
        if (f->options[i].kind == OPT_SECTION) {
            awake = wakes(f, f->options[i].key);
            print_section(p, &f->options[i], awake);
        } else {
            print_option(p, f, &f->options[i], awake);
        }
    }
}

void config_print_default(void (*out)(void *arg, const char *text), void *arg)
{
    out(arg,
        "# hubgate: every option, its default and its meaning. Made from config/options.def.\n"
        "#\n"
        "# Explanations begin with #. A line that begins with ; sleeps at its default, or at\n"
        "# an example where there is none: take the ; away to set it, and that of the [section]\n"
        "# above it. A comment behind a value begins with a blank and a ;.\n"
        "# live: a reload (SIGHUP) takes it over. restart: only a new start does.\n"
        "# hubgate check FILE tells all mistakes in a file.\n");
    print_form(&(struct printer){out, arg}, &hub_form);
}

void profile_print_sample(void (*out)(void *arg, const char *text), void *arg)
{
    out(arg,
        "# hubgate: every key of a battery profile, with the values of the WeCo HeSU 4K4 PRO as "
        "an\n"
        "# example. Made from config/profile.def. To use a file like this: profile = file:PATH in\n"
        "# [hub] or [cluster.N]. Begin with the nearest of config/profiles/ rather than with "
        "this.\n"
        "#\n"
        "# Explanations begin with #. A line that begins with ; may be left out: it is none then.\n"
        "# hubgate check FILE, where FILE names the profile, tells all mistakes in both.\n");
    print_form(&(struct printer){out, arg}, &profile_form);
}
