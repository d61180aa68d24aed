/* How long a server takes from its start to its first right answer.
 *
 * Usage: first PORT REGISTERS ADDRESS SECONDS COMMAND [ARGUMENT]...
 * Starts the command, asks until so many registers come, lets it run for
 * SECONDS without a client, and prints `first_ms` and, after those seconds, `rss_kb`. The command
 * is ended. Exit 1: no right answer in 5 s. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "request.h"

static double now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static bool whole_answer(int fd, uint8_t *in)
{
    size_t have = 0;

    for (;;) {
        int len = answer_length(in, have);
        ssize_t n;

        if (len < 0 || (len > 0 && have >= (size_t)len))
            return len > 0;
        n = recv(fd, in + have, ANSWER_MAX - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
    }
}

static bool answered(const struct sockaddr_in *to, const struct request *ask)
{
    const struct timeval patience = {.tv_sec = 1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint8_t out[REQUEST_LEN], in[ANSWER_MAX];
    bool right = false;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    request_put(ask, 0x5AA5, out);
    if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 &&
        send(fd, out, sizeof(out), MSG_NOSIGNAL) == (ssize_t)sizeof(out) && whole_answer(fd, in))
        right = answer_check(ask, 0x5AA5, in) == ANSWER_RIGHT;
    close(fd);
    return right;
}

static pid_t start(char **command)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    dup2(open("/dev/null", O_RDWR), STDERR_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(command[0], command);
    _exit(127);
}

static long rss_kb(pid_t pid)
{
    char path[64], line[256];
    long kb = -1;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return kb;
}

int main(int argc, char **argv)
{
    struct request ask = {.unit = 1, .function = 3};
    struct sockaddr_in to = {.sin_family = AF_INET};
    double began, first = -1;
    pid_t pid;

    if (argc < 6)
        return 64;
    to.sin_port = htons((uint16_t)atoi(argv[1]));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ask.registers = (uint16_t)atoi(argv[2]);
    ask.address = (uint16_t)atoi(argv[3]);
    began = now_ms();
    pid = start(argv + 5);
    while (first < 0 && now_ms() - began < 5000) {
        if (answered(&to, &ask))
            first = now_ms() - began;
        else
            usleep(100);
    }
    usleep((useconds_t)(atof(argv[4]) * 1e6));
    printf("first_ms %.2f\nrss_kb %ld\n", first, rss_kb(pid));
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    return first < 0;
}
