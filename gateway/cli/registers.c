/* hubgate registers [--format FORMAT]: the register map this program serves. */
#include <getopt.h>
#include <stdio.h>

#include "cli/cli.h"
#include "regmap.h"

static void print(void *arg, const char *text)
{
    fputs(text, arg);
}

static int usage(void)
{
    fputs("usage: hubgate registers [--format ", stderr);
    for (const char *const *f = regmap_formats; *f; f++)
        fprintf(stderr, "%s%s", f == regmap_formats ? "" : "|", *f);
    fputs("]\n", stderr);
    return CLI_USAGE;
}

int cli_registers(int argc, char **argv)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, 'f'},
        {0   },
    };
    const char *format = "md";

    optind = 0; /* begin anew: the caller has used getopt for its own words */
    for (int c; (c = getopt_long(argc, argv, "f:", options, NULL)) != -1;) {
        if (c != 'f')
            return usage();
        format = optarg;
    }
    if (optind != argc || regmap_print(format, print, stdout) != HUB_OK)
        return usage();
    if (fflush(stdout) != 0) {
        perror("hubgate registers");
        return CLI_OTHER;
    }
    return CLI_OK;
}
