/* hubgate status [--json] [--watch] [--unit N] [HOST[:PORT]]: what a running gateway serves.
 *
 * A Modbus client like any other: it sees what SCADA sees, also from another machine. */
#include <getopt.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/reading.h"
#include "cli/server_name.h"

#define WATCH_SECONDS 2

struct args {
    struct server_name at;
    int unit;
    bool json, watch;
};

static int usage(void)
{
    fputs("usage: hubgate status [--json] [--watch] [--unit N] [HOST[:PORT]]\n"
          "       HOST:PORT is 127.0.0.1:1502 unless given; [::1]:1502 for IPv6;\n"
          "       PORT is 1 to 65535 or the name of a service\n",
          stderr);
    return CLI_USAGE;
}

static bool parse(int argc, char **argv, struct args *args)
{
    static const struct option options[] = {
        {"json",       no_argument, NULL, 'j'},
        {"watch",        no_argument, NULL, 'w'},
        {"unit",            required_argument, NULL, 'u'},
        {0},
    };

    optind = 0; /* begin anew: the caller has used getopt for its own words */
    for (int c; (c = getopt_long(argc, argv, "jwu:", options, NULL)) != -1;) {
        if (c == 'j')
            args->json = true;
        else if (c == 'w')
            args->watch = true;
        else if (c != 'u' || !server_unit_parse(optarg, &args->unit))
            return false;
    }
    return argc - optind <= 1 && (optind == argc || server_name_parse(argv[optind], &args->at));
}

/* Reads and prints once. */
static int show(const struct args *args)
{
    static struct reading r; /* large */
    char why[READING_WHY_MAX], where[sizeof(args->at) + 4];
    bool ipv6 = strchr(args->at.host, ':');

    snprintf(where, sizeof(where), "%s%s%s:%s", ipv6 ? "[" : "", args->at.host, ipv6 ? "]" : "",
             args->at.port);
    if (!reading_get(&r, args->at.host, args->at.port, args->unit, why)) {
        fprintf(stderr, "hubgate status: %s: %s\n", where, why);
        return CLI_UNAVAILABLE;
    }
    if (args->json)
        reading_json(stdout, &r);
    else
        reading_print(stdout, &r, where);
    return CLI_OK;
}

int cli_status(int argc, char **argv)
{
    struct args args = {
        .at = {"127.0.0.1", "1502"},
          .unit = 1
    };
    int exit_code;

    if (!parse(argc, argv, &args))
        return usage();
    for (;;) {
        if (args.watch && !args.json && isatty(STDOUT_FILENO))
            fputs("\033[H\033[2J", stdout); /* home, clear */
        exit_code = show(&args);
        if (fflush(stdout) != 0)
            return CLI_OTHER;
        if (!args.watch)
            return exit_code;
        nanosleep(&(struct timespec){.tv_sec = WATCH_SECONDS}, NULL);
    }
}
