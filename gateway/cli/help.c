/* hubgate help, hubgate version. */
#include <stdio.h>

#include "base/version.h"
#include "cli/cli.h"

int cli_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("hubgate " HUBGATE_VERSION ": one battery out of up to five clusters, for the inverter\n"
           "over CAN and for everybody else over Modbus\n"
           "\n"
           "  hubgate run -c FILE   runs the gateway in the foreground; logs to standard error\n"
           "  hubgate check FILE    tells every mistake in a configuration file, changes nothing\n"
           "  hubgate registers     prints the Modbus register map; --format says how\n"
           "  hubgate status        asks a running gateway over Modbus TCP how the hub is\n"
           "  hubgate version       prints the version\n"
           "  hubgate help          prints this\n"
           "\n"
           "Exit codes: 0 good, 64 wrong command line, 69 nobody answers, 78 the configuration\n"
           "is missing or refused, 1 anything else.\n");
    return CLI_OK;
}

int cli_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("hubgate " HUBGATE_VERSION "\n");
    return CLI_OK;
}
