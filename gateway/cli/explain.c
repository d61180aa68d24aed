/* hubgate explain -c FILE [--log FILE [--at T]] [--unit N] [HOST[:PORT]]: how the limits came to
 * be.
 *
 * Without a log a running gateway is asked over Modbus, as hubgate status does; some of what it
 * knows is not published. With a log the same hub is played here, and nothing is hidden. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explain_live.h"
#include "cli/explain_log.h"
#include "cli/explain_text.h"
#include "hub/explain.h"

struct args {
    const char *file, *log, *at;
    const char *server; /* NULL: as the configuration says */
    int unit;           /* -1: the same */
};

static int usage(void)
{
    fputs("usage: hubgate explain -c FILE [--log FILE [--at T]] [--unit N] [HOST[:PORT]]\n"
          "       T: seconds from the beginning of the log, or a time as it stands there\n",
          stderr);
    return CLI_USAGE;
}

static bool parse(int argc, char **argv, struct args *args)
{
    static const struct option options[] = {
        {"config",           required_argument, NULL, 'c'},
        {"log",              required_argument, NULL, 'l'},
        {"at",                  required_argument, NULL, 't'},
        {"unit",required_argument, NULL, 'u'},
        {0              },
    };

    optind = 0; /* begin anew: the caller has used getopt for its own words */
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (c == 'c')
            args->file = optarg;
        else if (c == 'l')
            args->log = optarg;
        else if (c == 't')
            args->at = optarg;
        else if (c != 'u' || !server_unit_parse(optarg, &args->unit))
            return false;
    }
    if (optind < argc)
        args->server = argv[optind++];
    if (args->log)
        return args->file && optind == argc && !args->server && args->unit < 0;
    return args->file && optind == argc && !args->at;
}

static void print(void *arg, const char *text)
{
    fputs(text, arg);
}

/* ---- from a running gateway ---- */

/* The first listener of the configuration; every address is also that of this machine. */
static bool listener(const struct config *cfg, struct server_name *at, int *unit)
{
    const char *listen = "127.0.0.1:1502";

    if (config_has(cfg, "modbus.tcp", 1)) {
        listen = config_text(cfg, "modbus.tcp", 1, "listen");
        if (*unit < 0)
            *unit = (int)config_num(cfg, "modbus.tcp", 1, "unit");
    }
    if (!server_name_parse(listen, at))
        return false;
    if (strcmp(at->host, "0.0.0.0") == 0)
        strcpy(at->host, "127.0.0.1");
    if (strcmp(at->host, "::") == 0)
        strcpy(at->host, "::1");
    return true;
}

/* With the file of another site every sentence would be wrong. */
static bool same_clusters(const struct args *args, const struct config *cfg,
                          const struct snapshot *snap)
{
    int64_t mine = (int64_t)config_num(cfg, "hub", 0, "clusters");
    int64_t running = signal_or(&snap->hub.s, SIG_CLUSTERS, mine);

    if (running == mine)
        return true;
    fprintf(stderr,
            "hubgate explain: %s has %lld cluster%s, the running gateway %lld: it is not its "
            "configuration\n",
            args->file, (long long)mine, mine == 1 ? "" : "s", (long long)running);
    return false;
}

static int explain_server(const struct args *args, const struct config *cfg)
{
    static struct snapshot snap; /* large */
    struct explanation e;
    struct server_name at;
    int unit = args->unit;
    char why[EXPLAIN_WHY_MAX];

    if (!listener(cfg, &at, &unit) || (args->server && !server_name_parse(args->server, &at)))
        return usage();
    if (!explain_live(&snap, &at, unit < 0 ? 1 : unit, why)) {
        fprintf(stderr, "hubgate explain: %s:%s: %s\n", at.host, at.port, why);
        return CLI_UNAVAILABLE;
    }
    if (!same_clusters(args, cfg, &snap))
        return CLI_OTHER;
    explain_published(&e, cfg, &snap);
    printf("%s:%s now, with %s\n", at.host, at.port, args->file);
    explain_text(&e, &snap, print, stdout);
    return CLI_OK;
}

/* ---- from a log ---- */

static int explain_played(const struct args *args, const struct config *cfg)
{
    struct played played;
    struct explanation e;
    int code = explain_log(&played, cfg, args->log, args->at);

    if (code != CLI_OK)
        return code;
    hub_explain(played.hub, &e);
    explain_log_head(&played, cfg, args->log, print, stdout);
    explain_text(&e, hub_snapshot(played.hub), print, stdout);
    explain_log_end(&played);
    return CLI_OK;
}

int cli_explain(int argc, char **argv)
{
    struct args args = {.unit = -1};
    struct config *cfg;
    int code;

    if (!parse(argc, argv, &args))
        return usage();
    cfg = cli_load(args.file);
    if (!cfg)
        return CLI_CONFIG;
    code = args.log ? explain_played(&args, cfg) : explain_server(&args, cfg);
    config_free(cfg);
    return fflush(stdout) == 0 ? code : CLI_OTHER;
}
