/* hubgate reset | exclude | include | stop | release | force-charge: one order over the control
 * socket of a running gateway. The words after it are sent as they are typed: the gateway knows
 * them (model/order_text.h). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"
#include "model/order_text.h"

#define ANSWER_SECONDS 3
#define ANSWER_MAX 500

struct args {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char line[ORDER_TEXT_MAX + 2]; /* with its newline */
};

static int usage(void)
{
    fputs("usage: hubgate reset [N|all]          [-s SOCKET | -c FILE]\n"
          "       hubgate exclude N [isolated]   [-s SOCKET | -c FILE]\n"
          "       hubgate include N              [-s SOCKET | -c FILE]\n"
          "       hubgate stop | release         [-s SOCKET | -c FILE]\n"
          "       hubgate force-charge [off]     [-s SOCKET | -c FILE]\n"
          "       SOCKET is /run/hubgate/control.sock unless FILE, the configuration of the\n"
          "       gateway, says so in [control]\n",
          stderr);
    return CLI_USAGE;
}

static bool set_path(struct args *args, const char *path)
{
    if (strlen(path) >= sizeof(args->path)) {
        fprintf(stderr, "hubgate: %s: longer than the path of a socket can be\n", path);
        return false;
    }
    strcpy(args->path, path);
    return true;
}

/* The socket of a configuration. */
static int path_from(const char *file, struct args *args)
{
    struct config *cfg = cli_load(file);
    bool has = cfg && config_has(cfg, "control", 0);

    if (has)
        set_path(args, config_text(cfg, "control", 0, "socket"));
    else if (cfg)
        fprintf(stderr,
                "hubgate: %s has no [control]: its gateway takes no orders here; add the "
                "line [control] and start it again\n",
                file);
    config_free(cfg);
    return has ? CLI_OK : cfg ? CLI_OTHER : CLI_CONFIG;
}

/* The words of the order, as one line. */
static bool join(int argc, char **argv, struct args *args)
{
    struct hub_order order;
    const char *why;
    size_t len = 0;

    for (int i = 0; i < argc; i++) {
        size_t room = sizeof(args->line) - len;
        int n = snprintf(args->line + len, room, "%s%s", i ? " " : "", argv[i]);

        if (n < 0 || (size_t)n >= room - 1)
            return false;
        len += (size_t)n;
    }
    why = order_parse(args->line, len, &order);
    if (why)
        fprintf(stderr, "hubgate: %s: %s\n", args->line, why);
    args->line[len] = '\n';
    args->line[len + 1] = 0;
    return !why;
}

static int parse(int argc, char **argv, struct args *args)
{
    const char *file = NULL;
    const char *path = "/run/hubgate/control.sock";
    int rc = CLI_OK;

    optind = 0; /* begin anew: the caller has used getopt for its own words */
    for (int c; (c = getopt(argc, argv, "s:c:")) != -1;) {
        if (c == 's')
            path = optarg;
        else if (c == 'c')
            file = optarg;
        else
            return usage();
    }
    argv[optind - 1] = argv[0];
    if (!join(argc - optind + 1, argv + optind - 1, args))
        return usage();
    if (!set_path(args, path))
        return CLI_USAGE;
    if (file)
        rc = path_from(file, args);
    return rc;
}

/* What to do when nobody can be reached. */
static const char *remedy(int why)
{
    switch (why) {
    case ENOENT:
    case ENOTDIR:
        return "is the gateway running, and has its configuration a [control]? Another path: -s or "
               "-c";
    case ECONNREFUSED:
        return "the gateway that made it is not running";
    case EACCES:
    case EPERM:
        return "ask as root, as the gateway's user, or as a member of the [control] group";
    default:
        return "is it a control socket of hubgate?";
    }
}

static int reach(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const struct timeval wait = {.tv_sec = ANSWER_SECONDS};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int why;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
        return fd;
    why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* Reads one line, without its newline. false: there was none. */
static bool read_line(int fd, char out[ANSWER_MAX])
{
    size_t n = 0;

    while (n < ANSWER_MAX - 1) {
        ssize_t got = recv(fd, out + n, ANSWER_MAX - 1 - n, 0);
        char *end;

        if (got <= 0)
            return false;
        n += (size_t)got;
        out[n] = 0;
        end = strchr(out, '\n');
        if (end) {
            *end = 0;
            return true;
        }
    }
    return false;
}

static int ask(int fd, const struct args *args)
{
    char answer[ANSWER_MAX];

    /* Who is not allowed is told so and closed at once: the answer counts, not the sending. */
    if (send(fd, args->line, strlen(args->line), MSG_NOSIGNAL) < 0 && errno != EPIPE)
        fprintf(stderr, "hubgate: %s: %s\n", args->path, strerror(errno));
    if (!read_line(fd, answer)) {
        fprintf(stderr,
                "hubgate: %s: no answer in %d s: the gateway stands still, or this is no control "
                "socket of hubgate\n",
                args->path, ANSWER_SECONDS);
        return CLI_UNAVAILABLE;
    }
    if (strcmp(answer, "ok") == 0)
        return CLI_OK;
    fprintf(stderr, "hubgate: %s\n", strncmp(answer, "error: ", 7) == 0 ? answer + 7 : answer);
    return CLI_OTHER;
}

int cli_order(int argc, char **argv)
{
    struct args args = {.path = ""};
    int rc = parse(argc, argv, &args);
    int fd;

    if (rc != CLI_OK)
        return rc;
    fd = reach(args.path);
    if (fd < 0) {
        fprintf(stderr, "hubgate: %s: %s: %s\n", args.path, strerror(errno), remedy(errno));
        return CLI_UNAVAILABLE;
    }
    rc = ask(fd, &args);
    close(fd);
    return rc;
}
