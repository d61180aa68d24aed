/* Configurations from a text, and what was said about them: "14: ...", "warning 14: ...". */
#ifndef TESTS_TOLD_CONFIG_H
#define TESTS_TOLD_CONFIG_H

#include <stdio.h>
#include <string.h>

#include "config_options.h"

static char told[2048];

static void add(const char *what, const struct config_error *err)
{
    size_t n = strlen(told);

    snprintf(told + n, sizeof(told) - n, "%s%d: %s\n", what, err->line, err->text);
}

static void on_error(void *arg, const struct config_error *err)
{
    (void)arg;
    add("", err);
}

static void on_warning(void *arg, const struct config_error *err)
{
    (void)arg;
    add("warning ", err);
}

static struct config *parse(const char *text)
{
    told[0] = '\0';
    return config_parse(text, strlen(text), NULL, on_error, on_warning, NULL);
}

#endif
