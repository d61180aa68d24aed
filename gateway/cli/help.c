/* hubgate help, hubgate version. */
#include <stdio.h>

#include "base/version.h"
#include "cli/cli.h"

int cli_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf(
        "hubgate " HUBGATE_VERSION ": one battery out of up to five clusters, for the inverter\n"
        "over CAN and for everybody else over Modbus\n"
        "\n"
        "  hubgate run -c FILE\n"
        "      runs the gateway in the foreground; logs to standard error, each line with its\n"
        "      priority for the journal: <3> error, <4> warning, <6> news, <7> detail\n"
        "  hubgate check FILE\n"
        "      tells every mistake in a configuration file, changes nothing\n"
        "  hubgate registers [--format md|csv|ha]\n"
        "      prints the Modbus register map\n"
        "  hubgate status [--watch] [--json] [--unit N] [HOST[:PORT]]\n"
        "      asks a running gateway over Modbus TCP how the hub is; 127.0.0.1:1502 by default\n"
        "  hubgate explain -c FILE [--unit N] [HOST[:PORT]]\n"
        "      tells how the limits of a running gateway came to be, stage by stage; FILE is its\n"
        "      configuration\n"
        "  hubgate explain -c FILE --log LOG [--at T]\n"
        "      the same for a hub that is played with a candump log until T: seconds from its\n"
        "      beginning or a time as it stands there; without T all of it\n"
        "  hubgate reset [N|all]\n"
        "  hubgate exclude N [isolated] | include N\n"
        "  hubgate stop | release\n"
        "  hubgate force-charge [off]\n"
        "      orders for the gateway on this machine, over its control socket: ends the latches\n"
        "      whose cause is gone; takes a cluster out once it carries no current (isolated:\n"
        "      its main switch is open), and lets it in again; zero limits, and the end of that;\n"
        "      asks for a charge. -s SOCKET, or -c FILE for that of a configuration;\n"
        "      /run/hubgate/control.sock by default. Needs [control] in the configuration\n"
        "  hubgate version\n"
        "  hubgate help\n"
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
