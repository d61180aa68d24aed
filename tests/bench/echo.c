/* The limit: what a server of the same messages costs that does nothing else. One thread, epoll;
 * for what a client has sent one recv, one send; requests are taken to be 12 bytes long, and the
 * answer is constant, save the transaction and the function.
 *
 * Usage: echo PORT REGISTERS. Prints "ready" and runs until it is killed. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST = 12, HEAD = 9, DEPTH = 64, CLIENTS = 8192, BATCH = 64 };

static struct client {
    uint8_t in[DEPTH * REQUEST];
    size_t have;
} client[CLIENTS];

static uint8_t answer[HEAD + 2 * 125];
static size_t answer_len;

static void make_answer(unsigned registers)
{
    answer_len = HEAD + 2 * registers;
    answer[5] = (uint8_t)(3 + 2 * registers); /* the length counts unit, function, byte count */
    answer[6] = 1;
    answer[8] = (uint8_t)(2 * registers);
}

static int listen_on(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 4096) != 0) {
        perror("echo");
        exit(1);
    }
    return fd;
}

static void watch(int epoll, int fd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void accept_all(int epoll, int listener)
{
    int fd, on = 1;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= CLIENTS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        client[fd].have = 0;
        watch(epoll, fd);
    }
}

/* Loopback takes what a closed loop of 64 requests asks for: a short send ends the bench. */
static void serve(int fd)
{
    static uint8_t out[DEPTH * sizeof(answer)];
    struct client *c = &client[fd];
    ssize_t n = recv(fd, c->in + c->have, sizeof(c->in) - c->have, 0);
    size_t len = 0, at = 0;

    if (n <= 0) {
        close(fd);
        return;
    }
    c->have += (size_t)n;
    for (; c->have - at >= REQUEST; at += REQUEST, len += answer_len) {
        memcpy(out + len, answer, answer_len);
        memcpy(out + len, c->in + at, 2);
        out[len + 7] = c->in[at + 7];
    }
    c->have -= at;
    memmove(c->in, c->in + at, c->have);
    if (len && send(fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
        close(fd);
}

int main(int argc, char **argv)
{
    struct epoll_event got[BATCH];
    int epoll, listener;

    if (argc != 3)
        return 64;
    make_answer((unsigned)atoi(argv[2]));
    epoll = epoll_create1(0);
    listener = listen_on(atoi(argv[1]));
    watch(epoll, listener);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = epoll_wait(epoll, got, BATCH, -1);

        for (int i = 0; i < n; i++) {
            if (got[i].data.fd == listener)
                accept_all(epoll, listener);
            else
                serve(got[i].data.fd);
        }
    }
}
