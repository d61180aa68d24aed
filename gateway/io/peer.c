#include "io/peer.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/unix_file.h"

enum { GROUPS_MAX = 256 }; /* of a client; in more of them its own group must do */

/* From the file of this machine alone: a directory service could make the server wait. */
static void name_user(uid_t uid, char *out, size_t size)
{
    char buf[1024];
    struct passwd entry, *found;
    FILE *file = fopen("/etc/passwd", "re");

    snprintf(out, size, "user %u", (unsigned)uid);
    while (file && fgetpwent_r(file, &entry, buf, sizeof(buf), &found) == 0)
        if (found->pw_uid == uid) {
            snprintf(out, size, "user %s", found->pw_name);
            break;
        }
    if (file)
        fclose(file);
}

static bool is_member(int fd, gid_t own, gid_t group)
{
    gid_t groups[GROUPS_MAX];
    socklen_t size = sizeof(groups);

    if (group == UNIX_NO_GROUP)
        return false;
    if (own == group)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
        return false;
    for (size_t i = 0; i < size / sizeof(groups[0]); i++)
        if (groups[i] == group)
            return true;
    return false;
}

bool peer_may(int fd, gid_t group, struct origin *out)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);

    *out = (struct origin){.owner = OWNER_SOCKET, .name = "somebody"};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    out->address = peer.uid;
    name_user(peer.uid, out->name, sizeof(out->name));
    return peer.uid == 0 || peer.uid == geteuid() || is_member(fd, peer.gid, group);
}
