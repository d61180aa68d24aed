/* hubgate check FILE: what is wrong in a configuration, or in short what was understood. */
#include <stdbool.h>
#include <stdio.h>

#include "cli/cli.h"
#include "core/relays.h"
#include "model/battery.h"

#define LISTENERS 4

static const char *profile_of(const struct config *cfg, unsigned cluster)
{
    const char *own = config_text(cfg, "cluster", cluster, "profile");

    return *own ? own : config_text(cfg, "hub", 0, "profile");
}

static void tell_clusters(const struct config *cfg)
{
    unsigned n = (unsigned)config_num(cfg, "hub", 0, "clusters");

    printf("%u cluster%s (", n, n == 1 ? "" : "s");
    for (unsigned i = 1; i <= n; i++) {
        int64_t modules = config_num(cfg, "cluster", i, "modules");
        printf("%s%s: %d x %s", i > 1 ? ", " : "", config_text(cfg, "cluster", i, "link"),
               (int)(modules ? modules : config_num(cfg, "hub", 0, "modules")), profile_of(cfg, i));
    }
    printf(")");
}

static void tell_inverters(const struct config *cfg)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= MAX_INVERTERS; i++) {
        if (!config_has(cfg, "inverter", i))
            continue;
        printf(", inverter on %s as %s", config_text(cfg, "inverter", i, "link"),
               config_text(cfg, "inverter", i, "protocol"));
        n++;
    }
    if (n == 0)
        printf(", no inverter");
}

/* Who may write is what an owner wants to see before the start. */
static void tell_writers(bool write, const char *who)
{
    if (write)
        printf(" (%s may write)", who);
    else
        printf(" (read-only)");
}

static void tell_modbus(const struct config *cfg)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= LISTENERS; i++)
        if (config_has(cfg, "modbus.tcp", i)) {
            printf(", Modbus TCP on %s", config_text(cfg, "modbus.tcp", i, "listen"));
            tell_writers(config_num(cfg, "modbus.tcp", i, "write"),
                         config_text(cfg, "modbus.tcp", i, "allow_write"));
            n++;
        }
    for (unsigned i = 1; i <= LISTENERS; i++)
        if (config_has(cfg, "modbus.rtu", i)) {
            printf(", Modbus RTU on %s", config_text(cfg, "modbus.rtu", i, "device"));
            tell_writers(config_num(cfg, "modbus.rtu", i, "write"), "every master");
            n++;
        }
    if (n == 0)
        printf(", no Modbus");
}

static void tell_control(const struct config *cfg)
{
    if (!config_has(cfg, "control", 0)) {
        printf(", no control socket");
        return;
    }
    const char *group = config_text(cfg, "control", 0, "group");

    printf(", control socket %s", config_text(cfg, "control", 0, "socket"));
    if (*group)
        printf(" (group %s)", group);
}

static unsigned count(const struct config *cfg, const char *section, unsigned most)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= most; i++)
        n += config_has(cfg, section, i);
    return n;
}

static void tell_contacts(const struct config *cfg)
{
    unsigned relays = count(cfg, "relay", MAX_RELAYS), inputs = count(cfg, "input", MAX_INPUTS);

    if (relays)
        printf(", %u relay%s", relays, relays == 1 ? "" : "s");
    if (inputs)
        printf(", %u input%s", inputs, inputs == 1 ? "" : "s");
}

int cli_check(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: hubgate check FILE\n");
        return CLI_USAGE;
    }
    struct config *cfg = cli_load(argv[1]);
    if (!cfg)
        return CLI_CONFIG;
    printf("%s: good: ", argv[1]);
    tell_clusters(cfg);
    tell_inverters(cfg);
    tell_modbus(cfg);
    tell_control(cfg);
    tell_contacts(cfg);
    printf("\n");
    config_free(cfg);
    return CLI_OK;
}
