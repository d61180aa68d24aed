/* One word chooses what the program does. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
    const char *word;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run",          cli_run      },
    {"check",        cli_check    },
    {"registers",    cli_registers},
    {"status",       cli_status   },
    {"explain",      cli_explain  },
    {"reset",        cli_order    },
    {"exclude",      cli_order    },
    {"include",      cli_order    },
    {"stop",         cli_order    },
    {"release",      cli_order    },
    {"force-charge", cli_order    },
    {"version",      cli_version  },
    {"--version",    cli_version  },
    {"-V",           cli_version  },
    {"help",         cli_help     },
    {"--help",       cli_help     },
    {"-h",           cli_help     },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].word) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (argc > 1)
        fprintf(stderr, "hubgate: there is no \"%s\"\n", argv[1]);
    fprintf(stderr,
            "usage: hubgate run|check|registers|status|explain|reset|exclude|include|stop|release|"
            "force-charge|version|help ...\n"
            "hubgate help says more\n");
    return CLI_USAGE;
}
