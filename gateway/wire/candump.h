/* CAN logs as text, as candump -l writes and canplayer reads them:
 *
 *     (1436509052.249713) vcan0 044#2A366C2BBA
 *     (1436509052.449847) vcan0 18FEF100#0102030405060708 T
 *
 * Seconds, interface, identifier (3 digits: 11 bits, 8 digits: 29 bits), up to 8 data bytes.
 * Beside that: blank lines, lines that begin with #, dots between the bytes, a raw length code
 * (_9 to _F) after 8 bytes, the direction R or T, a CR at the end.
 * Source: can-utils, candump(1), canplayer(1) and lib.h. */
#ifndef WIRE_CANDUMP_H
#define WIRE_CANDUMP_H

#include <stddef.h>

#include "base/mono.h"
#include "base/status.h"
#include "wire/frame.h"

#define CANDUMP_NAME_MAX 16 /* IFNAMSIZ: with its NUL */

struct candump_entry {
    mono_us at; /* as written; any epoch */
    struct frame frame;
    char interface[CANDUMP_NAME_MAX];
};

enum candump_what {
    CANDUMP_FRAME,   /* a data frame */
    CANDUMP_NOTHING, /* blank or a comment */
    CANDUMP_FOREIGN, /* a well-known line that is no classic data frame: RTR, error, CAN FD */
    CANDUMP_BAD,
};

/* Reads one line without its newline. out is written for CANDUMP_FRAME, *why (static text) for
 * CANDUMP_BAD. */
enum candump_what candump_line(const char *line, size_t len, struct candump_entry *out,
                               const char **why);

struct candump_log {
    struct candump_entry *entries;
    size_t n;
    size_t foreign; /* lines left out */
};

/* Reads a whole log; candump_free releases it. HUB_ESPEC: bad text, with the 1-based line and
 * the cause; HUB_EMEM. log is empty then. */
enum status candump_parse(const char *text, size_t len, struct candump_log *log, unsigned *line,
                          const char **why);
void candump_free(struct candump_log *log);

#endif
