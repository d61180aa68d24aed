/* The file of a Unix socket: made so that it is never open to more than it shall be, and removed
 * only by its owner. */
#ifndef IO_UNIX_FILE_H
#define IO_UNIX_FILE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#define UNIX_NO_GROUP ((gid_t)-1)

struct unix_file {
    struct sockaddr_un addr;
    dev_t dev; /* to remove no other's */
    ino_t ino;
    gid_t group; /* what it has got */
};

/* Removes a socket file that a dead process left behind, and nothing else. Returns NULL, or what is
 * in the way. type: SOCK_STREAM ... */
const char *unix_file_clear(const struct unix_file *f, int type);

/* Makes the file, mode 0660, and listens. Returns the descriptor, which does not wait, or -1: errno
 * tells why. f->addr is the caller's. Whether it has the group is in f->group: who is not root can
 * only give it a group of its own. */
int unix_file_listen(struct unix_file *f, int type, int backlog, gid_t group);

/* Whether the file is no longer ours. */
bool unix_file_gone(const struct unix_file *f);

/* Removes it if it is ours. */
void unix_file_remove(const struct unix_file *f);

#endif
