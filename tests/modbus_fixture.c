/* Serves the map of the conformance checks through the real engine, framers and edges.
 *
 * Usage: modbus_fixture [OPTION VALUE]...
 *   --tcp PORT | HOST:PORT | [IPV6]:PORT   a listener; what follows is about it, up to four times
 *   --framing mbap | rtu       RTU frames in the stream instead of Modbus TCP
 *   --connections N            64
 *   --per-address N            connections of one address; 0 (default): as many as there are
 *   --priority BLOCK           again for more: A.B.C.D/N or IPv6/N, without /N one address
 *   --reserved N               places for priority only
 *   --allow BLOCK              again for more; default everybody
 *   --allow-write BLOCK        again for more, "none" for nobody; default everybody
 *   --idle S                   300; 0 is never
 *   --rtu DEVICE --baud N --parity none | even | odd --silence US
 *   --line-write yes | no      and --broadcast-writes yes | no, default yes
 *   --diagnostics yes | no     function 8 may restart the line and silence it; default no
 *   --rs485 yes | no           the driver turns the direction; default no
 *   --later MS                 writes are carried out by another thread after so long: the client
 *                              is parked meanwhile, and gets exception 06 from 500 ms on
 *
 * Unit 1 on TCP, address 5 on RTU. Prints "ready" and runs until SIGTERM or SIGINT. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fixture_later.h"
#include "fixture_map.h"
#include "io/descriptors.h"

struct options {
    struct modbus_server_spec spec;
    bool later;
    mono_us after;
};

static void to_stderr(enum log_level level, const char *line)
{
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static bool add_block(struct config_cidr *list, unsigned *n, const char *value)
{
    struct config_cidr *block = &list[*n];
    char addr[64];
    int bits = -1;

    if (*n == TCP_ALLOW_MAX || sscanf(value, "%63[^/]/%d", addr, &bits) < 1)
        return false;
    block->ipv6 = strchr(addr, ':') != NULL;
    if (inet_pton(block->ipv6 ? AF_INET6 : AF_INET, addr, block->addr) != 1)
        return false;
    block->bits = (uint8_t)(bits >= 0 ? bits : block->ipv6 ? 128 : 32);
    ++*n;
    return true;
}

/* Writing is for everybody until the first --allow-write. */
static bool add_writer(struct tcp_spec *tcp, const char *value)
{
    if (tcp->n_allow_write == 2 && tcp->allow_write[0].bits == 0)
        tcp->n_allow_write = 0;
    return strcmp(value, "none") == 0 || add_block(tcp->allow_write, &tcp->n_allow_write, value);
}

static void init_listener(struct tcp_spec *tcp, unsigned number)
{
    *tcp = (struct tcp_spec){.units.unit = 1,
                             .owner = (uint16_t)(OWNER_TCP + number),
                             .write = true,
                             .connections = 64,
                             .idle_us = MONO_S(300)};
    add_block(tcp->allow_write, &tcp->n_allow_write, "0.0.0.0/0");
    add_block(tcp->allow_write, &tcp->n_allow_write, "::/0");
}

static bool add_listener(struct modbus_server_spec *spec, const char *value)
{
    struct tcp_spec *tcp = &spec->tcp[spec->n_tcp];

    if (spec->n_tcp == MODBUS_PORTS_MAX)
        return false;
    init_listener(tcp, ++spec->n_tcp);
    snprintf(tcp->listen, sizeof(tcp->listen), "%s%s",
             strchr(value, ':') ? "" : "127.0.0.1:", value);
    return true;
}

/* One option of a listener. false: none. */
static bool take_tcp(struct tcp_spec *tcp, const char *key, const char *value)
{
    if (strcmp(key, "--framing") == 0)
        tcp->rtu_framing = strcmp(value, "rtu") == 0;
    else if (strcmp(key, "--connections") == 0)
        tcp->connections = (unsigned)atoi(value);
    else if (strcmp(key, "--per-address") == 0)
        tcp->per_address = (unsigned)atoi(value);
    else if (strcmp(key, "--reserved") == 0)
        tcp->reserved = (unsigned)atoi(value);
    else if (strcmp(key, "--idle") == 0)
        tcp->idle_us = MONO_S(atoi(value));
    else if (strcmp(key, "--priority") == 0)
        return add_block(tcp->priority, &tcp->n_priority, value);
    else if (strcmp(key, "--allow") == 0)
        return add_block(tcp->allow, &tcp->n_allow, value);
    else if (strcmp(key, "--allow-write") == 0)
        return add_writer(tcp, value);
    else
        return false;
    return true;
}

static bool take_rtu(struct rtu_spec *rtu, const char *key, const char *value)
{
    if (strcmp(key, "--rtu") == 0)
        snprintf(rtu->device, sizeof(rtu->device), "%s", value);
    else if (strcmp(key, "--baud") == 0)
        rtu->baud = (unsigned)atoi(value);
    else if (strcmp(key, "--parity") == 0)
        rtu->parity = strcmp(value, "even") == 0 ? 'E' : strcmp(value, "odd") == 0 ? 'O' : 'N';
    else if (strcmp(key, "--silence") == 0)
        rtu->silence_us = (mono_us)atoi(value);
    else if (strcmp(key, "--line-write") == 0)
        rtu->write = strcmp(value, "yes") == 0;
    else if (strcmp(key, "--broadcast-writes") == 0)
        rtu->broadcast_writes = strcmp(value, "yes") == 0;
    else if (strcmp(key, "--diagnostics") == 0)
        rtu->may_silence = strcmp(value, "yes") == 0;
    else if (strcmp(key, "--rs485") == 0)
        rtu->rs485 = strcmp(value, "yes") == 0;
    else
        return false;
    return true;
}

/* One option and its value. false: no such option. */
static bool take(struct options *o, const char *key, const char *value)
{
    struct modbus_server_spec *spec = &o->spec;

    if (strcmp(key, "--tcp") == 0)
        return add_listener(spec, value);
    if (strcmp(key, "--later") == 0) {
        o->later = true;
        o->after = MONO_MS(atoi(value));
        return true;
    }
    if (take_rtu(&spec->rtu[0], key, value)) {
        spec->n_rtu = spec->rtu[0].device[0] != '\0';
        return true;
    }
    return spec->n_tcp && take_tcp(&spec->tcp[spec->n_tcp - 1], key, value);
}

/* As the gateway does: connections have the descriptors they need. */
static void raise_descriptors(const struct modbus_server_spec *spec)
{
    unsigned all = 0;

    for (unsigned i = 0; i < spec->n_tcp; i++)
        all += spec->tcp[i].connections;
    if (descriptors_for_clients(all) < all)
        fprintf(stderr, "modbus_fixture: fewer descriptors than connections\n");
}

static int serve(struct options *o)
{
    struct modbus_server *srv;
    sigset_t end;
    int sig;

    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigaddset(&end, SIGINT);
    sigprocmask(SIG_BLOCK, &end, NULL);
    log_to(to_stderr);
    if (o->later)
        later_prepare(&o->spec, o->after);
    srv = modbus_server_start(&o->spec);
    if (!srv)
        return 1;
    if (o->later)
        later_start(srv);
    puts("ready");
    fflush(stdout);
    sigwait(&end, &sig);
    if (o->later)
        later_stop();
    modbus_server_stop(srv);
    if (o->later)
        later_free();
    return 0;
}

int main(int argc, char **argv)
{
    static struct fixture fixture;
    static struct options o;

    o.spec.rtu[0] = (struct rtu_spec){.units.unit = 5,
                                      .owner = OWNER_RTU + 1,
                                      .write = true,
                                      .broadcast_writes = true,
                                      .baud = 19200,
                                      .parity = 'N'};
    o.spec.map = fixture_map(&fixture);
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && take(&o, argv[i], argv[i + 1]))
            continue;
        fprintf(stderr, "modbus_fixture: %s: not an option with a value\n", argv[i]);
        return 2;
    }
    raise_descriptors(&o.spec);
    return serve(&o);
}
