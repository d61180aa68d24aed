#include "io/serial_port.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Takes the device without changing it. Returns a descriptor, or -1 and errno. */
static int take(const char *device)
{
    int fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int why;

    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    why = errno == EWOULDBLOCK ? EBUSY : errno;
    close(fd);
    errno = why;
    return -1;
}

/* FTDI adapters then hand over what has come after 1 ms instead of 16. What cannot, need not. */
static void hurry(int fd)
{
    struct serial_struct serial;

    if (ioctl(fd, TIOCGSERIAL, &serial) != 0)
        return;
    serial.flags |= (int)ASYNC_LOW_LATENCY;
    ioctl(fd, TIOCSSERIAL, &serial);
}

int serial_open(struct serial_port *s, const char *device, unsigned baud, char parity)
{
    int why;

    s->lock = take(device);
    if (s->lock < 0)
        return errno;
    s->line = modbus_new_rtu(device, (int)baud, parity, 8, parity == 'N' ? 2 : 1);
    if (!s->line || modbus_connect(s->line) != 0)
        goto fail;
    s->fd = modbus_get_socket(s->line);
    modbus_flush(s->line);
    ioctl(s->fd, TIOCEXCL);
    hurry(s->fd);
    return 0;
fail:
    why = errno ? errno : EIO;
    if (s->line)
        modbus_free(s->line);
    s->line = NULL;
    close(s->lock);
    return why;
}

void serial_close(struct serial_port *s)
{
    if (!s->line)
        return;
    ioctl(s->fd, TIOCNXCL); /* one whose other end stays, as of a pty, would keep it */
    modbus_close(s->line);
    modbus_free(s->line);
    s->line = NULL;
    close(s->lock);
}

int serial_turn_rs485(const struct serial_port *s)
{
    struct serial_rs485 mode = {0};

    if (ioctl(s->fd, TIOCGRS485, &mode) != 0)
        return errno;
    mode.flags |= SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND;
    mode.flags &= ~(__u32)SER_RS485_RTS_AFTER_SEND;
    return ioctl(s->fd, TIOCSRS485, &mode) == 0 ? 0 : errno;
}

static bool is_numbered(const char *path)
{
    const char *name = strrchr(path, '/');

    return name && (!strncmp(name, "/ttyUSB", 7) || !strncmp(name, "/ttyACM", 7));
}

bool serial_is_usb(const char *device)
{
    char path[PATH_MAX];

    return realpath(device, path) && is_numbered(path);
}

bool serial_may_change(const char *device, const char *folder, char *stable, size_t size)
{
    char want[PATH_MAX], path[PATH_MAX], there[PATH_MAX];
    struct dirent *entry;
    DIR *dir;

    stable[0] = '\0';
    if (!is_numbered(device))
        return false;
    dir = realpath(device, want) ? opendir(folder) : NULL;
    while (dir && !stable[0] && (entry = readdir(dir))) {
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (realpath(path, there) && !strcmp(there, want) && strlen(path) < size)
            memcpy(stable, path, strlen(path) + 1);
    }
    if (dir)
        closedir(dir);
    return true;
}

/* Whether a process has the device open. */
static bool holds(const char *pid, const char *device)
{
    char path[PATH_MAX], target[PATH_MAX];
    struct dirent *entry;
    bool found = false;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%s/fd", pid);
    dir = opendir(path);
    while (dir && !found && (entry = readdir(dir))) {
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        found = !strcmp(target, device);
    }
    if (dir)
        closedir(dir);
    return found;
}

static void name_process(const char *pid, char *who, size_t size)
{
    char path[64], name[32] = "a process";
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
    f = fopen(path, "re");
    if (f) {
        if (fgets(name, sizeof(name), f))
            name[strcspn(name, "\n")] = '\0';
        fclose(f);
    }
    snprintf(who, size, "%s (pid %s)", name, pid);
}

/* The process that has locked a device, into pid[20]. /proc/locks is cheap, and exact: others may
 * only look on. */
static bool locked_by(const char *device, char *pid)
{
    char line[128], want[64], key[64];
    bool found = false;
    struct stat st;
    FILE *f;

    if (stat(device, &st) != 0 || !(f = fopen("/proc/locks", "re")))
        return false;
    snprintf(want, sizeof(want), "%02x:%02x:%lu", major(st.st_dev), minor(st.st_dev),
             (unsigned long)st.st_ino);
    while (!found && fgets(line, sizeof(line), f))
        found = sscanf(line, "%*s FLOCK %*s %*s %19s %63s", pid, key) == 2 && !strcmp(key, want);
    fclose(f);
    return found;
}

static bool held_by(const char *device, char *pid)
{
    char path[PATH_MAX];
    struct dirent *entry;
    bool found = false;
    DIR *dir;

    dir = realpath(device, path) ? opendir("/proc") : NULL;
    while (dir && !found && (entry = readdir(dir))) {
        snprintf(pid, 20, "%.19s", entry->d_name);
        found = isdigit((unsigned char)pid[0]) && holds(pid, path);
    }
    if (dir)
        closedir(dir);
    return found;
}

bool serial_holder(const char *device, char *who, size_t size)
{
    char pid[20];

    if (!locked_by(device, pid) && !held_by(device, pid))
        return false;
    name_process(pid, who, size);
    return true;
}
