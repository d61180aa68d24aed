/* What the files of reading_*.c share. */
#ifndef CLI_READING_PARTS_H
#define CLI_READING_PARTS_H

#include "cli/reading.h"

#define CELL 64 /* bytes of a value with its unit */

/* A value in the unit of its signal, "--" when it is not known. Returns out or that. */
const char *reading_value(char out[CELL], const struct signals *s, enum signal id,
                          unsigned decimals);

/* The set-points and commands in force with who gave them, contacts, and who is connected: a line
 * each, where there is something to tell. */
void reading_print_orders(FILE *out, const struct reading *r);

#endif
