/* The client side of the register map; libmodbus carries the requests. */
#include "cli/reading.h"

#include <errno.h>
#include <modbus.h>
#include <netdb.h>
#include <string.h>

static struct battery *battery_of(struct reading *r, enum reg_of of, unsigned place)
{
    switch (of) {
    case REG_OF_CLUSTER:
        return &r->cluster[place];
    case REG_OF_INVERTER:
        return &r->inverter[place];
    case REG_OF_PROCESS:
        return &r->process;
    case REG_OF_TCP:
        return &r->tcp[place];
    case REG_OF_RTU:
        return &r->rtu[place];
    case REG_OF_HUB:
        break;
    }
    return &r->hub;
}

static bool read_block(struct reading *r, modbus_t *ctx, enum reg_block block, unsigned place,
                       char why[READING_WHY_MAX])
{
    const struct reg_block_info *b = &reg_block_info[block];
    uint16_t *words = r->words[block][place];

    int from = b->base + (int)place * b->stride;

    if (modbus_read_registers(ctx, from, b->words, words) != b->words) {
        snprintf(why, READING_WHY_MAX, "reading %d registers from %d of unit %d: %s", b->words,
                 from, modbus_get_slave(ctx), modbus_strerror(errno));
        return false;
    }
    r->have[block][place] = true;
    regmap_take(block, words, battery_of(r, b->of, place));
    return true;
}

#define UNIT_CLUSTER 14 /* address in the identification; "not available" before map 0.3 */

/* Whether the first words are those of a hubgate whose addresses we know. */
static bool is_ours(const struct reading *r, char why[READING_WHY_MAX])
{
    const uint16_t *words = r->words[BLOCK_IDENTIFICATION][0];
    int64_t magic = 0;

    if (!reg_unpack(REG_U32, words, &magic) || magic != REGMAP_MAGIC) {
        snprintf(why, READING_WHY_MAX, "this is no hubgate: no HUBG at address 0");
        return false;
    }
    if (words[2] != REGMAP_VERSION_MAJOR) {
        snprintf(why, READING_WHY_MAX,
                 "its register map is version %u.%u, this program knows %d.%d", words[2], words[3],
                 REGMAP_VERSION_MAJOR, REGMAP_VERSION_MINOR);
        return false;
    }
    if (words[UNIT_CLUSTER] && words[UNIT_CLUSTER] != reg_type_info[REG_U16].none) {
        snprintf(why, READING_WHY_MAX, "this unit is cluster %u alone; ask the unit of the hub",
                 words[UNIT_CLUSTER]);
        return false;
    }
    return true;
}

static bool read_all(struct reading *r, modbus_t *ctx, char why[READING_WHY_MAX])
{
    bool ok = read_block(r, ctx, BLOCK_HOT, 0, why) && read_block(r, ctx, BLOCK_ALARMS, 0, why) &&
              read_block(r, ctx, BLOCK_CONTACTS, 0, why) &&
              read_block(r, ctx, BLOCK_COMMANDS, 0, why) &&
              read_block(r, ctx, BLOCK_COMMAND_STATE, 0, why) &&
              read_block(r, ctx, BLOCK_GATEWAY, 0, why);
    int64_t clusters = clamp64(signal_or(&r->hub.s, SIG_CLUSTERS, 0), 0, MAX_CLUSTERS);

    for (unsigned i = 0; ok && i < MAX_INVERTERS; i++)
        ok = read_block(r, ctx, BLOCK_INVERTER, i, why);
    for (unsigned i = 0; ok && i < MAX_LISTENERS; i++)
        ok = read_block(r, ctx, BLOCK_MODBUS_TCP, i, why);
    for (unsigned i = 0; ok && i < clusters; i++)
        ok = read_block(r, ctx, BLOCK_CLUSTER, i, why) &&
             read_block(r, ctx, BLOCK_CLUSTER_ALARMS, i, why);
    return ok;
}

/* libmodbus says "connection refused" when a name is not known; ask first. */
static bool resolves(const char *host, const char *service, char why[READING_WHY_MAX])
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, service, &hints, &found);

    if (rc == 0)
        freeaddrinfo(found);
    else
        snprintf(why, READING_WHY_MAX, "%s", gai_strerror(rc));
    return rc == 0;
}

static modbus_t *connect_to(const char *host, const char *service, int unit)
{
    modbus_t *ctx = modbus_new_tcp_pi(host, service);

    if (ctx && modbus_set_slave(ctx, unit) == 0 && modbus_set_response_timeout(ctx, 2, 0) == 0 &&
        modbus_connect(ctx) == 0)
        return ctx;
    int cause = errno;
    modbus_free(ctx);
    errno = cause;
    return NULL;
}

static bool get(struct reading *r, const char *host, const char *service, int unit, bool more,
                char why[READING_WHY_MAX])
{
    modbus_t *ctx;
    bool ok;

    memset(r, 0, sizeof(*r));
    if (!resolves(host, service, why))
        return false;
    ctx = connect_to(host, service, unit);
    if (!ctx) {
        snprintf(why, READING_WHY_MAX, "cannot connect: %s%s", modbus_strerror(errno),
                 errno == ECONNREFUSED
                     ? "; does the gateway run, with [modbus.tcp] listening there?"
                     : "");
        return false;
    }
    ok = read_block(r, ctx, BLOCK_IDENTIFICATION, 0, why) && is_ours(r, why) &&
         read_all(r, ctx, why) && (!more || read_block(r, ctx, BLOCK_LIMITS, 0, why));
    modbus_close(ctx);
    modbus_free(ctx);
    return ok;
}

bool reading_get(struct reading *r, const char *host, const char *service, int unit,
                 char why[READING_WHY_MAX])
{
    return get(r, host, service, unit, false, why);
}

bool reading_get_all(struct reading *r, const char *host, const char *service, int unit,
                     char why[READING_WHY_MAX])
{
    return get(r, host, service, unit, true, why);
}
