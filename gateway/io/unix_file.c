#include "io/unix_file.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who is behind the file, or NULL when nobody is. A full backlog counts as an answer, and so does a
 * socket of another type. */
static const char *served_by(const struct unix_file *f, int type)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int why = 0;

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&f->addr, sizeof(f->addr)) != 0)
        why = errno;
    if (fd >= 0)
        close(fd);
    if (why == EACCES)
        return "belongs to another user; if none of its processes listens there, remove it";
    return why == ECONNREFUSED ? NULL : "another process listens there";
}

const char *unix_file_clear(const struct unix_file *f, int type)
{
    const char *who;
    struct stat st;

    if (lstat(f->addr.sun_path, &st) != 0)
        return NULL; /* bind will tell what is wrong, if anything */
    if (!S_ISSOCK(st.st_mode))
        return "is there and is no socket; choose another path";
    who = served_by(f, type);
    if (!who)
        unlink(f->addr.sun_path);
    return who;
}

/* The mode is set before bind, so that the file is never open to more; the umask may have taken the
 * group's bits, so again after it, when the group is right. */
static bool make_file(struct unix_file *f, int fd, gid_t group)
{
    const char *path = f->addr.sun_path;
    struct stat st;

    if (fchmod(fd, 0600) != 0 || bind(fd, (const struct sockaddr *)&f->addr, sizeof(f->addr)) != 0)
        return false;
    if (group != UNIX_NO_GROUP && lchown(path, (uid_t)-1, group) != 0 && errno != EPERM)
        return false;
    if (chmod(path, 0660) != 0 || stat(path, &st) != 0)
        return false;
    f->dev = st.st_dev;
    f->ino = st.st_ino;
    f->group = st.st_gid;
    return true;
}

int unix_file_listen(struct unix_file *f, int type, int backlog, gid_t group)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int why;

    if (fd >= 0 && make_file(f, fd, group) && listen(fd, backlog) == 0)
        return fd;
    why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return -1;
}

/* While we hold the socket, no other file can have its inode. */
bool unix_file_gone(const struct unix_file *f)
{
    struct stat st;

    if (lstat(f->addr.sun_path, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR;
    return st.st_dev != f->dev || st.st_ino != f->ino;
}

void unix_file_remove(const struct unix_file *f)
{
    if (!unix_file_gone(f))
        unlink(f->addr.sun_path);
}
