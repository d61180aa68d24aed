/* A whole small file in memory. */
#ifndef IO_FILE_H
#define IO_FILE_H

#include <stddef.h>

#define CONFIG_FILE_MAX (256u * 1024u) /* bytes of a configuration file */

/* Reads a regular file of at most max bytes. Returns its bytes and a NUL behind them, to
 * release with free, and *len without the NUL. NULL when that cannot be; why then says in
 * words for people what is wrong, without the name of the file. Never waits: a pipe is refused
 * and not opened for good. */
char *file_read(const char *path, size_t max, size_t *len, char *why, size_t why_size);

#endif
