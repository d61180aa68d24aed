#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fills at most room bytes; the number read, or -1 with errno. */
static ssize_t read_all(int fd, char *to, size_t room)
{
    size_t n = 0;

    while (n < room) {
        ssize_t got = read(fd, to + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static char *read_regular(int fd, size_t max, size_t *len, char *why, size_t why_size)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        snprintf(why, why_size, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        snprintf(why, why_size, "%s",
                 S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
        return NULL;
    }
    char *bytes = malloc(max + 2);
    if (!bytes) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    /* One byte more than allowed is asked for: the file may grow while it is read. */
    ssize_t got = read_all(fd, bytes, max + 1);
    if (got < 0)
        snprintf(why, why_size, "cannot be read: %s", strerror(errno));
    else if ((size_t)got > max)
        snprintf(why, why_size, "is larger than %zu KiB", max / 1024);
    if (got < 0 || (size_t)got > max) {
        free(bytes);
        return NULL;
    }
    bytes[got] = '\0';
    *len = (size_t)got;
    return bytes;
}

char *file_read(const char *path, size_t max, size_t *len, char *why, size_t why_size)
{
    /* O_NONBLOCK: opening a pipe nobody writes to would wait for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        if (errno == ENOENT)
            snprintf(why, why_size, "there is no such file");
        else
            snprintf(why, why_size, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    char *bytes = read_regular(fd, max, len, why, why_size);
    close(fd);
    return bytes;
}
