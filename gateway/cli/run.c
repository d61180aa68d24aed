/* hubgate run -c FILE: the service. */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/log.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/load.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/sim_link.h"
#include "io/stderr_log.h"
#include "io/watchdog.h"

struct service {
    const char *file;
    struct config *cfg;
    struct site *site; /* NULL: nothing is simulated */
    struct memory_store store;
    struct loop loop;
};

static atomic_ulong beats;

static void set_level(const struct config *cfg)
{
    log_threshold((enum log_level)config_choice(cfg, "log", 0, "level"));
}

/* SIGHUP. A bad file, or one that needs a restart, changes nothing. */
static void reload(void *arg)
{
    struct service *sv = arg;
    struct config *next = load_config(sv->file);
    char what[80];

    if (!next) {
        log_line(LOG_ERROR, "%s: refused, the running configuration stays", sv->file);
        return;
    }
    if (config_needs_restart(sv->cfg, next, what, sizeof(what)) ||
        hub_reconfigure(sv->loop.hub, next) != HUB_OK) {
        log_line(LOG_ERROR, "%s: %s needs a restart, the running configuration stays", sv->file,
                 what);
        config_free(next);
        return;
    }
    config_free(sv->cfg);
    sv->cfg = next;
    set_level(next);
    log_line(LOG_INFO, "%s: taken over", sv->file);
}

static struct link *make_link(struct service *sv, const char *section, unsigned index,
                              unsigned port)
{
    const struct config *cfg = sv->cfg;
    struct config_link at;
    const char *why;

    if (!config_link(config_text(cfg, section, index, "link"), &at, &why))
        return NULL;
    if (strcmp(at.kind, "sim") == 0)
        return sim_link_new(sv->site, port);
    return link_new(&(struct link_spec){
        .kind = at.kind,
        .target = at.target,
        .bitrate = (uint32_t)strtoul(config_text(cfg, section, index, "bitrate"), NULL, 10),
        .bring_up = config_choice(cfg, section, index, "bring_up") == 1,
        .speed = config_is_set(cfg, section, index, "speed")
                     ? (uint32_t)config_num(cfg, section, index, "speed")
                     : 0,
        .loop = config_choice(cfg, section, index, "loop") == 1,
        .period_us = MONO_MS(config_num(cfg, section, index, "period"))});
}

static enum status make_links(struct service *sv)
{
    for (unsigned i = 0; i < MAX_CLUSTERS; i++)
        if ((int64_t)i < config_num(sv->cfg, "hub", 0, "clusters") &&
            !(sv->loop.link[PORT_CLUSTER + i] = make_link(sv, "cluster", i + 1, i)))
            return HUB_EMEM;
    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        if (config_has(sv->cfg, "inverter", i + 1) &&
            !(sv->loop.link[PORT_INVERTER + i] =
                  make_link(sv, "inverter", i + 1, PORT_INVERTER + i)))
            return HUB_EMEM;
    return HUB_OK;
}

/* Signals come as reads, to the control thread only. */
static int take_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static enum status make(struct service *sv)
{
    mono_us now = clock_now();

    sv->loop.signals = take_signals();
    sv->loop.beats = &beats;
    sv->loop.reload = reload;
    sv->loop.arg = sv;
    sv->loop.store = &sv->store;
    sv->site = site_new(sv->cfg, now);
    sv->loop.hub = hub_new(sv->cfg, now);
    if (!sv->site || !sv->loop.hub || make_links(sv) != HUB_OK)
        return HUB_EMEM;
    sv->loop.server = server_start(sv->cfg);
    if (!sv->loop.server)
        return HUB_EMEM;
    return watchdog_start(&beats);
}

static void unmake(struct service *sv)
{
    if (sv->loop.server)
        server_stop(sv->loop.server);
    for (unsigned i = 0; i < PORT_COUNT; i++)
        if (sv->loop.link[i])
            sv->loop.link[i]->ops->close(sv->loop.link[i]);
    hub_free(sv->loop.hub);
    site_free(sv->site);
    config_free(sv->cfg);
}

static const char *file_of(int argc, char **argv)
{
    const char *file = NULL;
    int c;

    optind = 1;
    while ((c = getopt(argc, argv, "c:")) != -1)
        file = c == 'c' ? optarg : NULL;
    return optind == argc ? file : NULL;
}

int cli_run(int argc, char **argv)
{
    static struct service sv; /* its image of the world is large; one a process */
    enum status st;

    sv.file = file_of(argc, argv);
    if (!sv.file) {
        fprintf(stderr, "usage: hubgate run -c FILE\n");
        return CLI_USAGE;
    }
    std_descriptors_open();
    log_to(stderr_log);
    sv.cfg = load_config(sv.file);
    if (!sv.cfg)
        return CLI_CONFIG;
    set_level(sv.cfg);
    log_line(LOG_INFO, "hubgate %s, %s", HUBGATE_VERSION, sv.file);
    st = make(&sv);
    if (st == HUB_OK)
        loop_run(&sv.loop);
    else
        log_line(LOG_ERROR, "cannot start: out of memory or threads");
    unmake(&sv);
    log_line(LOG_INFO, "stopped");
    return st == HUB_OK ? CLI_OK : CLI_FAILED;
}
