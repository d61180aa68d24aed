/* Who is at the other end of a Unix socket, as the kernel says it. */
#ifndef IO_PEER_H
#define IO_PEER_H

#include <sys/types.h>

#include "model/order.h"

/* Fills in who it is: "user NAME" and its user id. Returns whether it may give orders: root, the
 * user of this process, or a member of the group (UNIX_NO_GROUP: of none). */
bool peer_may(int fd, gid_t group, struct origin *out);

#endif
