/* The subcommands of hubgate, one file each. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "config.h"

/* Exit codes, after sysexits.h. A service manager need not restart after CLI_CONFIG. */
enum cli_exit {
    CLI_OK = 0,
    CLI_OTHER = 1,
    CLI_USAGE = 64,       /* wrong words on the command line */
    CLI_UNAVAILABLE = 69, /* nobody answers */
    CLI_CONFIG = 78,      /* the configuration file is missing or refused */
};

/* argv[0] is the subcommand. Each returns the exit code of the process. */
int cli_run(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_registers(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_order(int argc, char **argv); /* reset, exclude, include, stop, release, force-charge */
int cli_version(int argc, char **argv);
int cli_help(int argc, char **argv);

/* Reads and parses a configuration file. Mistakes and warnings go to standard error as
 * FILE:LINE: TEXT. NULL when the file is missing or refused; else release with config_free. */
struct config *cli_load(const char *path);

#endif
