/* What a client has read from a hubgate: the words of some blocks, and what they mean. */
#ifndef CLI_READING_H
#define CLI_READING_H

#include <stdio.h>

#include "regmap.h"

#define READING_WHY_MAX 160
#define READING_BLOCK_WORDS 125

struct reading {
    uint16_t words[BLOCK_COUNT][MAX_CLUSTERS][READING_BLOCK_WORDS];
    bool have[BLOCK_COUNT][MAX_CLUSTERS];
    struct battery hub;
    struct battery cluster[MAX_CLUSTERS];
    struct battery inverter[MAX_INVERTERS];
    struct battery process, tcp[MAX_LISTENERS], rtu[MAX_LINES]; /* of these the signals only */
};

/* Reads identification, hot block, alarms, contacts, commands, listeners, inverter ports and the
 * configured clusters with their alarms from a server, each block in one request. Blocks until the
 * answers are there or 2 s passed for one.
 *
 * host may be a name, service a number or a name. false: why tells the cause in words. */
bool reading_get(struct reading *r, const char *host, const char *service, int unit,
                 char why[READING_WHY_MAX]);

/* Reads besides: the limits stage by stage. */
bool reading_get_all(struct reading *r, const char *host, const char *service, int unit,
                     char why[READING_WHY_MAX]);

/* Prints the hub as a person wants to see it. where: the server, for the first line. */
void reading_print(FILE *out, const struct reading *r, const char *where);

/* Prints one line of JSON: each register's name with its value in the unit of the map, null
 * for what is not available. */
void reading_json(FILE *out, const struct reading *r);

#endif
