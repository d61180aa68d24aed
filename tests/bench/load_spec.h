/* The options of load; what they mean is said in load.c. */
#ifndef BENCH_LOAD_SPEC_H
#define BENCH_LOAD_SPEC_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "request.h"

enum { DEPTH_MAX = 64 };

static struct {
    struct sockaddr_in to, from;
    struct request ask;
    unsigned connections, depth;
    double seconds, warmup, rate, grace;
    pid_t pid;
} spec = {
    .ask = {.unit = 1, .function = 3, .registers = 10},
    .connections = 1,
    .depth = 1,
    .seconds = 1,
    .warmup = 0.1,
    .grace = 2
};

static bool take_address(const char *text, struct sockaddr_in *out)
{
    const char *port = strrchr(text, ':');
    char host[64];

    snprintf(host, sizeof(host), "%.*s", port ? (int)(port - text) : 9, port ? text : "127.0.0.1");
    out->sin_family = AF_INET;
    out->sin_port = htons((uint16_t)atoi(port ? port + 1 : text));
    return inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static bool take_from(const char *text)
{
    spec.from.sin_family = AF_INET;
    return inet_pton(AF_INET, text, &spec.from.sin_addr) == 1;
}

static bool take(const char *key, const char *value)
{
    if (strcmp(key, "--connections") == 0)
        spec.connections = (unsigned)atoi(value);
    else if (strcmp(key, "--depth") == 0)
        spec.depth = (unsigned)atoi(value);
    else if (strcmp(key, "--registers") == 0)
        spec.ask.registers = (uint16_t)atoi(value);
    else if (strcmp(key, "--address") == 0)
        spec.ask.address = (uint16_t)atoi(value);
    else if (strcmp(key, "--function") == 0)
        spec.ask.function = (uint8_t)atoi(value);
    else if (strcmp(key, "--unit") == 0)
        spec.ask.unit = (uint8_t)atoi(value);
    else if (strcmp(key, "--seconds") == 0)
        spec.seconds = atof(value);
    else if (strcmp(key, "--warmup") == 0)
        spec.warmup = atof(value);
    else if (strcmp(key, "--rate") == 0)
        spec.rate = atof(value);
    else if (strcmp(key, "--grace") == 0)
        spec.grace = atof(value);
    else if (strcmp(key, "--pid") == 0)
        spec.pid = atoi(value);
    else if (strcmp(key, "--from") == 0)
        return take_from(value);
    else
        return false;
    return true;
}

static void read_options(int argc, char **argv)
{
    bool good = argc >= 2 && take_address(argv[1], &spec.to);

    for (int i = 2; good && i < argc; i += 2)
        good = i + 1 < argc && take(argv[i], argv[i + 1]);
    if (!good || spec.connections < 1 || spec.depth < 1 || spec.depth > DEPTH_MAX) {
        fprintf(stderr, "usage: load [HOST:]PORT [OPTION VALUE]...\n");
        exit(64);
    }
}

#endif
