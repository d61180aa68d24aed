/* Prints what the tables generate:
 *     regdoc md | csv | ha | codes    the register map
 *     regdoc places                   where addresses lie, for regmap_find.c
 *     regdoc alarms                   the alarm bits and what makers call them
 *     regdoc baseline                 what a release of it promises
 *     regdoc ini                      the configuration file with every default
 *     regdoc profile                  a battery profile with every key
 * It is compiled from the same tables as the server, so it cannot disagree. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "config_profile.h"
#include "regmap.h"

static void print(void *arg, const char *text)
{
    fputs(text, arg);
}

int main(int argc, char **argv)
{
    const char *format = argc == 2 ? argv[1] : "";

    if (strcmp(format, "ini") == 0)
        config_print_default(print, stdout);
    else if (strcmp(format, "profile") == 0)
        profile_print_sample(print, stdout);
    else if (regmap_print(format, print, stdout) != HUB_OK) {
        fputs("usage: regdoc md|csv|ha|codes|alarms|places|baseline|ini|profile\n", stderr);
        return 64;
    }
    return fflush(stdout) || ferror(stdout) ? 74 : 0;
}
