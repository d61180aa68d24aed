#include "io/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/version.h"
#include "io/clock.h"
#include "io/control_socket.h"
#include "io/descriptors.h"
#include "io/latch_words.h"
#include "io/modbus_server.h"
#include "io/triple.h"
#include "io/writes.h"

struct server;

/* The map of a cluster's unit id. */
struct cluster_unit {
    const struct server *srv;
    int behind; /* words behind those of cluster 1 */
};

struct server {
    struct triple triple;
    struct image image[3];
    bool filled;                          /* the server has an image to answer from */
    char site[64];                        /* how many clusters of which profile */
    char revision[16];                    /* no patch number: it only helps who looks for holes */
    const char *identity[MODBUS_OBJECTS]; /* texts of device identification */
    struct desk *desk;
    struct writes writes;
    struct cluster_unit cluster[MAX_CLUSTERS];
    struct control_spec control; /* path "": there is none */
    struct control_socket *socket;
    struct modbus_server *modbus;
};

static mono_us tend(void *ctx, mono_us now)
{
    struct server *srv = ctx;
    mono_us due = writes_tend(&srv->writes, now);

    return srv->socket ? mono_min(due, control_socket_tend(srv->socket, now)) : due;
}

static void name_latches(void *ctx, unsigned cluster, char *out, size_t size)
{
    const struct server *srv = ctx;

    latch_words(&srv->image[srv->triple.read], cluster, out, size);
}

static void join(void *ctx, struct poller *p)
{
    struct server *srv = ctx;

    if (!*srv->control.path)
        return;
    srv->socket = control_socket_new(&srv->control, p);
    if (!srv->socket)
        log_line(LOG_ERROR, "control socket %s: no memory", srv->control.path);
}

static void newest_image(void *ctx)
{
    struct server *srv = ctx;

    srv->filled = triple_take(&srv->triple);
}

/* Control publishes before it does anything else, so "busy" lasts milliseconds after the start. */
static enum modbus_exception copy(const struct server *srv, int at, unsigned n, uint8_t *out)
{
    if (at < 0)
        return MODBUS_ILLEGAL_ADDRESS;
    if (!srv->filled)
        return MODBUS_BUSY;
    memcpy(out, srv->image[srv->triple.read].wire + 2 * at, 2 * (size_t)n);
    return MODBUS_OK;
}

/* Holding and input registers are one map. */
static enum modbus_exception read_hub(void *ctx, enum modbus_table table, uint16_t addr, unsigned n,
                                      uint8_t *out)
{
    (void)table;
    return copy(ctx, regmap_find(addr, n), n, out);
}

static enum modbus_exception read_cluster(void *ctx, enum modbus_table table, uint16_t addr,
                                          unsigned n, uint8_t *out)
{
    const struct cluster_unit *unit = ctx;
    int at = regmap_find_cluster(addr, n);

    (void)table;
    return copy(unit->srv, at < 0 ? at : at + unit->behind, n, out);
}

static enum modbus_exception write_hub(void *ctx, const struct modbus_who *who, uint16_t addr,
                                       unsigned n, const uint8_t *words)
{
    struct server *srv = ctx;

    return writes_words(&srv->writes, who, clock_now(), addr, n, words);
}

static void not_allowed(void *ctx, struct writer *w, const uint8_t *pdu, size_t len)
{
    struct server *srv = ctx;

    writes_not_allowed(&srv->writes, w, clock_now(), pdu, len);
}

/* Relays and inputs. */
static enum modbus_exception read_bits(void *ctx, uint16_t addr, unsigned n, uint8_t *out)
{
    const struct server *srv = ctx;
    const bool *bit = srv->image[srv->triple.read].bit;

    if (!regmap_has_bits(addr, n))
        return MODBUS_ILLEGAL_ADDRESS;
    if (!srv->filled)
        return MODBUS_BUSY;
    memset(out, 0, (n + 7) / 8);
    for (unsigned i = 0; i < n; i++)
        out[i / 8] = (uint8_t)(out[i / 8] | (unsigned)bit[addr + i] << i % 8);
    return MODBUS_OK;
}

static bool flag(const struct config *cfg, const char *section, unsigned index, const char *key)
{
    return config_choice(cfg, section, index, key) == 1;
}

static unsigned number(const struct config *cfg, const char *section, unsigned index,
                       const char *key)
{
    return (unsigned)config_num(cfg, section, index, key);
}

static unsigned read_blocks(const struct config *cfg, unsigned index, const char *key,
                            struct config_cidr *block)
{
    unsigned n = 0;

    while (n < TCP_ALLOW_MAX && config_cidr(cfg, "modbus.tcp", index, key, n, &block[n]))
        n++;
    return n;
}

static void read_units(const struct config *cfg, const char *section, unsigned index,
                       struct modbus_units *units)
{
    units->unit = (uint8_t)number(cfg, section, index, "unit");
    units->first = (uint8_t)number(cfg, section, index, "cluster_units");
    units->n_more = units->first ? (uint8_t)number(cfg, "hub", 0, "clusters") : 0;
}

static void read_tcp(const struct config *cfg, unsigned index, struct tcp_spec *spec)
{
    static const char section[] = "modbus.tcp";

    snprintf(spec->listen, sizeof(spec->listen), "%s", config_text(cfg, section, index, "listen"));
    read_units(cfg, section, index, &spec->units);
    spec->rtu_framing = flag(cfg, section, index, "framing");
    spec->owner = (uint16_t)(OWNER_TCP + index);
    spec->write = flag(cfg, section, index, "write");
    spec->connections = number(cfg, section, index, "connections");
    spec->per_address = number(cfg, section, index, "per_address");
    spec->reserved = number(cfg, section, index, "reserved");
    spec->idle_us = MONO_S(config_num(cfg, section, index, "idle_timeout_s"));
    spec->n_allow = read_blocks(cfg, index, "allow", spec->allow);
    spec->n_allow_write = read_blocks(cfg, index, "allow_write", spec->allow_write);
    spec->n_priority = read_blocks(cfg, index, "priority", spec->priority);
}

static void read_rtu(const struct config *cfg, unsigned index, struct rtu_spec *spec)
{
    static const char section[] = "modbus.rtu";
    const char *parity = config_text(cfg, section, index, "parity");

    snprintf(spec->device, sizeof(spec->device), "%s", config_text(cfg, section, index, "device"));
    spec->baud = (unsigned)strtoul(config_text(cfg, section, index, "baud"), NULL, 10);
    spec->parity = strcmp(parity, "none") == 0 ? 'N' : strcmp(parity, "odd") == 0 ? 'O' : 'E';
    read_units(cfg, section, index, &spec->units);
    spec->silence_us = (mono_us)config_num(cfg, section, index, "silence_us");
    spec->rs485 = flag(cfg, section, index, "rs485");
    spec->owner = (uint16_t)(OWNER_RTU + index);
    spec->write = flag(cfg, section, index, "write");
    spec->broadcast_writes = flag(cfg, section, index, "broadcast_writes");
    spec->may_silence = flag(cfg, section, index, "diagnostics");
}

static void read_ports(const struct config *cfg, struct modbus_server_spec *spec)
{
    for (unsigned i = 1; i <= MODBUS_PORTS_MAX; i++) {
        if (config_has(cfg, "modbus.tcp", i)) {
            spec->tcp_at[spec->n_tcp] = i - 1;
            read_tcp(cfg, i, &spec->tcp[spec->n_tcp++]);
        }
        if (config_has(cfg, "modbus.rtu", i)) {
            spec->rtu_at[spec->n_rtu] = i - 1;
            read_rtu(cfg, i, &spec->rtu[spec->n_rtu++]);
        }
    }
}

static void read_control(const struct config *cfg, struct server *srv)
{
    struct control_spec *spec = &srv->control;

    *spec = (struct control_spec){
        .desk = srv->desk, .writes = &srv->writes, .latches = name_latches, .ctx = srv};
    if (!config_has(cfg, "control", 0))
        return;
    snprintf(spec->path, sizeof(spec->path), "%s", config_text(cfg, "control", 0, "socket"));
    snprintf(spec->group, sizeof(spec->group), "%s", config_text(cfg, "control", 0, "group"));
}

/* "0.1" of "0.1.0"; the model is what stands behind it, "2 x weco-4k4-pro". There is no vendor's
 * URL. */
static void identify(struct server *srv, const struct config *cfg)
{
    const char *dot = strrchr(HUBGATE_VERSION, '.');
    const char *profile = config_text(cfg, "hub", 0, "profile"); /* or file:PATH: nobody's affair */

    snprintf(srv->revision, sizeof(srv->revision), "%.*s", (int)(dot - HUBGATE_VERSION),
             HUBGATE_VERSION);
    snprintf(srv->site, sizeof(srv->site), "%u x %s", number(cfg, "hub", 0, "clusters"),
             strchr(profile, ':') ? "a profile of its own" : profile);
    srv->identity[0] = "hubgate";
    srv->identity[1] = "hubgate";
    srv->identity[2] = srv->revision;
    srv->identity[4] = "hubgate battery HUB gateway";
    srv->identity[5] = srv->site;
    srv->identity[6] = "battery HUB";
}

/* Clients must not take the descriptors of the buses: a listener gets fewer places, and says so. */
static void cap_clients(struct modbus_server_spec *spec)
{
    unsigned all = 0;

    for (unsigned i = 0; i < spec->n_tcp; i++)
        all += spec->tcp[i].connections;
    unsigned room = descriptors_for_clients(all);
    for (unsigned i = 0; i < spec->n_tcp; i++) {
        struct tcp_spec *t = &spec->tcp[i];
        unsigned part = descriptors_share(t->connections, all, room);
        if (part < t->connections)
            log_line(LOG_WARN,
                     "modbus %s: %u clients instead of %u: too few descriptors, as %d are kept for "
                     "control; raise the limit of open files (LimitNOFILE, ulimit -n)",
                     t->listen, part, t->connections, DESCRIPTORS_RESERVE);
        t->connections = part;
        if (t->reserved >= part) /* as the configuration has it: one is left to others */
            t->reserved = part - 1;
    }
}

/* Coils are not there yet, and a cluster's unit id is for reading. */
static void make_maps(struct server *srv, struct modbus_server_spec *spec)
{
    spec->map = (struct modbus_map){.read_words = read_hub,
                                    .read_discrete = read_bits,
                                    .write_words = write_hub,
                                    .identity = srv->identity,
                                    .ctx = srv};
    for (unsigned i = 0; i < MAX_CLUSTERS; i++) {
        srv->cluster[i] = (struct cluster_unit){srv, (int)i * REGMAP_CLUSTER_WORDS};
        spec->more[i] = (struct modbus_map){
            .read_words = read_cluster, .identity = srv->identity, .ctx = &srv->cluster[i]};
    }
}

struct server *server_start(const struct config *cfg, void (*wake)(void *arg), void *arg)
{
    struct server *srv = calloc(1, sizeof(*srv));
    struct modbus_server_spec *spec = calloc(1, sizeof(*spec));

    if (!srv || !spec) {
        log_line(LOG_ERROR, "modbus: no memory for the server");
        goto free_both;
    }
    srv->desk = desk_new(wake, arg);
    if (!srv->desk) {
        log_line(LOG_ERROR, "modbus: no memory for the desk");
        goto free_both;
    }
    writes_init(&srv->writes, srv->desk);
    triple_init(&srv->triple);
    identify(srv, cfg);
    read_ports(cfg, spec);
    read_control(cfg, srv);
    cap_clients(spec);
    make_maps(srv, spec);
    spec->desk = srv->desk;
    spec->turn = newest_image;
    spec->refused = not_allowed;
    spec->join = join;
    spec->tend = tend;
    spec->ctx = srv;
    srv->modbus = modbus_server_start(spec);
    if (!srv->modbus)
        goto free_desk;
    free(spec);
    return srv;
free_desk:
    if (srv->socket)
        control_socket_free(srv->socket);
    desk_free(srv->desk);
free_both:
    free(spec);
    free(srv);
    return NULL;
}

struct image *server_image(struct server *srv)
{
    return &srv->image[srv->triple.write];
}

void server_publish(struct server *srv)
{
    triple_publish(&srv->triple);
}

struct desk *server_desk(struct server *srv)
{
    return srv->desk;
}

void server_wake(struct server *srv)
{
    modbus_server_wake(srv->modbus);
}

void server_counts(const struct server *srv, struct process *out, mono_us now)
{
    modbus_server_counts(srv->modbus, out, now);
}

void server_stop(struct server *srv)
{
    modbus_server_stop(srv->modbus);
    if (srv->socket)
        control_socket_free(srv->socket);
    desk_free(srv->desk);
    free(srv);
}
