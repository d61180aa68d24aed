/* The kinds of link, and what they share. Each maker returns a closed link, or NULL when memory is
 * short or the target cannot be one of its kind. */
#ifndef IO_LINK_KINDS_H
#define IO_LINK_KINDS_H

#include "io/link.h"

struct link *can_socket_new(const struct link_spec *spec);
struct link *can_unix_new(const struct link_spec *spec);
struct link *can_replay_new(const struct link_spec *spec);

/* The end of a path, short enough that the cause fits into why beside it. */
const char *link_tail(const char *path);

#endif
