/* hubgate run -c FILE: the service.
 *
 * The main thread makes the parts and then waits for signals; it reads the file again on SIGHUP, so
 * that control never waits for a disk. Control is a thread of its own. */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/log.h"
#include "base/version.h"
#include "cli/cli.h"
#include "core/relays.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/sim_link.h"
#include "io/stderr_log.h"
#include "io/watchdog.h"

struct service {
    const char *file;
    struct config *cfg;
    struct site *site;
    struct memory_store store;
    struct loop loop;
    sigset_t signals;
};

static void set_level(const struct config *cfg)
{
    log_threshold((enum log_level)config_choice(cfg, "log", 0, "level"));
}

/* ---- making ---- */

static uint32_t speed_of(const struct config *cfg, const char *section, unsigned index)
{
    if (!config_is_set(cfg, section, index, "speed"))
        return 0;
    return (uint32_t)config_num(cfg, section, index, "speed");
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
        .speed = speed_of(cfg, section, index),
        .loop = config_choice(cfg, section, index, "loop") == 1,
        .period_us = MONO_MS(config_num(cfg, section, index, "period"))});
}

static bool make_links(struct service *sv)
{
    struct link **link = sv->loop.link;

    for (unsigned i = 0; i < config_num(sv->cfg, "hub", 0, "clusters"); i++) {
        link[PORT_CLUSTER + i] = make_link(sv, "cluster", i + 1, PORT_CLUSTER + i);
        if (!link[PORT_CLUSTER + i])
            return false;
    }
    for (unsigned i = 0; i < MAX_INVERTERS; i++) {
        if (!config_has(sv->cfg, "inverter", i + 1))
            continue;
        link[PORT_INVERTER + i] = make_link(sv, "inverter", i + 1, PORT_INVERTER + i);
        if (!link[PORT_INVERTER + i])
            return false;
    }
    return true;
}

/* Signals are waited for by the main thread and by no other. */
static void hold_signals(struct service *sv)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&sv->signals);
    sigaddset(&sv->signals, SIGTERM);
    sigaddset(&sv->signals, SIGINT);
    sigaddset(&sv->signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &sv->signals, NULL);
}

/* An input has changed, or an order has come: control shall look. */
static void look(void *ctx)
{
    loop_wake(ctx);
}

static bool make(struct service *sv)
{
    mono_us now = clock_now();

    hold_signals(sv);
    sv->loop.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    sv->loop.store = &sv->store;
    sv->site = site_new(sv->cfg, now);
    sv->loop.hub = hub_new(sv->cfg, now);
    if (sv->loop.wake < 0 || !sv->site || !sv->loop.hub || !make_links(sv))
        return false;
    if (gpio_start(&sv->loop.gpio, sv->cfg, gpio_ops_gpiod, look, &sv->loop) != HUB_OK)
        return false;
    sv->loop.server = server_start(sv->cfg, look, &sv->loop);
    if (sv->loop.server)
        sv->loop.desk = server_desk(sv->loop.server);
    return sv->loop.server && watchdog_start(&sv->loop.beats) == HUB_OK;
}

static void unmake(struct service *sv)
{
    if (sv->loop.gpio)
        gpio_stop(sv->loop.gpio);
    if (sv->loop.server)
        server_stop(sv->loop.server);
    for (unsigned i = 0; i < PORT_COUNT; i++)
        if (sv->loop.link[i])
            sv->loop.link[i]->ops->close(sv->loop.link[i]);
    hub_free(sv->loop.hub);
    site_free(sv->site);
    config_free(sv->cfg);
}

/* ---- running ---- */

static void *control(void *arg)
{
    loop_run(arg);
    return NULL;
}

/* Waits until control has taken the configuration over, so that the old one may go. */
static void hand_over(struct loop *loop, const struct config *next)
{
    atomic_store(&loop->config, next);
    loop_wake(loop);
    while (atomic_load(&loop->config))
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* SIGHUP. A bad file, or one that needs a restart, changes nothing. */
static void reload(struct service *sv)
{
    struct config *next = cli_load(sv->file);
    char what[80];

    if (!next) {
        log_line(LOG_ERROR, "%s: refused, the running configuration stays", sv->file);
        return;
    }
    if (config_needs_restart(sv->cfg, next, what, sizeof(what))) {
        log_line(LOG_ERROR, "%s: %s needs a restart, the running configuration stays", sv->file,
                 what);
        config_free(next);
        return;
    }
    hand_over(&sv->loop, next);
    config_free(sv->cfg);
    sv->cfg = next;
    set_level(next);
}

/* Until the first signal to stop; what comes after it makes the stop harder. */
static void attend(struct service *sv)
{
    int sig = SIGHUP;

    while (sigwait(&sv->signals, &sig) == 0 && sig == SIGHUP)
        reload(sv);
    atomic_store(&sv->loop.stop, 1);
    loop_wake(&sv->loop);
}

/* While control sends its last frames: a second signal ends that. */
static void attend_stop(struct service *sv, pthread_t thread)
{
    const struct timespec look = {.tv_nsec = 50000000};

    while (pthread_tryjoin_np(thread, NULL) != 0)
        if (sigtimedwait(&sv->signals, NULL, &look) > 0) {
            atomic_store(&sv->loop.stop, 2);
            loop_wake(&sv->loop);
        }
}

/* What the rules cannot do here for want of a relay: only an alarm is left then. */
static void say_relays(const struct config *cfg)
{
    static const char *const wanted[] = {"charge_allowed", "discharge_allowed"};

    for (unsigned w = 0; w < 2; w++) {
        bool has = false;

        for (unsigned n = 1; n <= MAX_RELAYS; n++)
            has = has || (strcmp(config_text(cfg, "relay", n, "function"), wanted[w]) == 0 &&
                          *config_text(cfg, "relay", n, "gpio"));
        if (!has)
            log_line(LOG_INFO,
                     "no relay %s with a gpio: if an inverter does not obey its limits there is an "
                     "alarm, "
                     "and nothing more",
                     wanted[w]);
    }
}

/* Nothing outlives the process yet: what the owner may have planned with, and when. */
static void say_forgets(const struct config *cfg)
{
    if (config_choice(cfg, "limits", 0, "on_stop") == 1)
        log_line(LOG_WARN, "[limits] on_stop = silent has no effect in this version: a restart "
                           "begins with zero limits");
}

static int serve(struct service *sv)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, control, &sv->loop)) {
        log_line(LOG_ERROR, "cannot start: no thread");
        return CLI_OTHER;
    }
    attend(sv);
    attend_stop(sv, thread);
    return CLI_OK;
}

static const char *file_of(int argc, char **argv)
{
    const char *file = NULL;
    int c;

    optind = 1;
    while ((c = getopt(argc, argv, "c:")) != -1)
        if (c == 'c')
            file = optarg;
        else
            return NULL;
    return optind == argc ? file : NULL;
}

int cli_run(int argc, char **argv)
{
    static struct service sv; /* one a process */
    int rc = CLI_OTHER;

    sv.file = file_of(argc, argv);
    if (!sv.file) {
        fprintf(stderr, "usage: hubgate run -c FILE\n");
        return CLI_USAGE;
    }
    std_descriptors_open();
    log_to(stderr_log);
    sv.cfg = cli_load(sv.file);
    if (!sv.cfg)
        return CLI_CONFIG;
    set_level(sv.cfg);
    log_line(LOG_INFO, "hubgate %s, %s", HUBGATE_VERSION, sv.file);
    say_relays(sv.cfg);
    say_forgets(sv.cfg);
    if (make(&sv))
        rc = serve(&sv);
    else
        log_line(LOG_ERROR, "cannot start: out of memory, threads or descriptors");
    unmake(&sv);
    log_line(LOG_INFO, "stopped");
    return rc;
}
