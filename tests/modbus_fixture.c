/* Serves the map of the conformance checks through the real engine, framers and edges.
 *
 * Usage: modbus_fixture [--tcp HOST:PORT | --tcp PORT] [--rtu DEVICE] [--baud N]
 *        [--parity none|even|odd] [--silence US] [--connections N] [--idle S] [--allow A.B.C.D/N]
 * Unit 1 on TCP, address 5 on RTU. Prints "ready" and runs until SIGTERM or SIGINT. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fixture_map.h"
#include "io/modbus_server.h"

static void to_stderr(enum log_level level, const char *line)
{
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static int usage(const char *what)
{
    fprintf(stderr, "modbus_fixture: %s: not an option with a value\n", what);
    return 2;
}

static void take_listen(struct tcp_spec *tcp, const char *value)
{
    snprintf(tcp->listen, sizeof(tcp->listen), "%s%s",
             strchr(value, ':') ? "" : "127.0.0.1:", value);
}

static void take_allow(struct tcp_spec *tcp, const char *value)
{
    struct config_cidr *block = &tcp->allow[tcp->n_allow++];
    char addr[64];
    int bits = 32;

    sscanf(value, "%63[^/]/%d", addr, &bits);
    inet_pton(AF_INET, addr, block->addr);
    block->bits = (uint8_t)bits;
}

/* One option and its value. false: no such option. */
static bool take(struct modbus_server_spec *spec, const char *key, const char *value)
{
    struct tcp_spec *tcp = &spec->tcp[0];
    struct rtu_spec *rtu = &spec->rtu[0];

    if (strcmp(key, "--tcp") == 0) {
        spec->n_tcp = 1;
        take_listen(tcp, value);
    } else if (strcmp(key, "--rtu") == 0) {
        spec->n_rtu = 1;
        snprintf(rtu->device, sizeof(rtu->device), "%s", value);
    } else if (strcmp(key, "--baud") == 0) {
        rtu->baud = (unsigned)atoi(value);
    } else if (strcmp(key, "--parity") == 0) {
        rtu->parity = strcmp(value, "even") == 0 ? 'E' : strcmp(value, "odd") == 0 ? 'O' : 'N';
    } else if (strcmp(key, "--silence") == 0) {
        rtu->silence_us = (mono_us)atoi(value);
    } else if (strcmp(key, "--connections") == 0) {
        tcp->connections = (unsigned)atoi(value);
    } else if (strcmp(key, "--idle") == 0) {
        tcp->idle_us = MONO_S(atoi(value));
    } else if (strcmp(key, "--allow") == 0 && tcp->n_allow < TCP_ALLOW_MAX) {
        take_allow(tcp, value);
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct fixture fixture;
    static struct modbus_server_spec spec;
    struct modbus_server *srv;
    sigset_t end;
    int sig;

    spec.tcp[0] = (struct tcp_spec){
        .units.unit = 1, .write = true, .connections = 64, .idle_us = MONO_S(300)};
    spec.rtu[0] = (struct rtu_spec){
        .units.unit = 5, .write = true, .broadcast_writes = true, .baud = 19200, .parity = 'N'};
    spec.map = fixture_map(&fixture);
    for (int i = 1; i < argc; i += 2)
        if (i + 1 >= argc || !take(&spec, argv[i], argv[i + 1]))
            return usage(argv[i]);
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigaddset(&end, SIGINT);
    sigprocmask(SIG_BLOCK, &end, NULL);
    log_to(to_stderr);
    srv = modbus_server_start(&spec);
    if (!srv)
        return 1;
    puts("ready");
    fflush(stdout);
    sigwait(&end, &sig);
    modbus_server_stop(srv);
    return 0;
}
