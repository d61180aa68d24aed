/* The usual choice: a libmodbus server in the usual shape, one select() over all its clients. Its
 * backlog is what a restarted gateway needs, or many of the clients would never be answered.
 *
 * Usage: select_server PORT. Unit 1, 200 registers; prints "ready", runs until killed.
 * select() ends at FD_SETSIZE: clients beyond it are turned away. */
#include <errno.h>
#include <modbus.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <unistd.h>

enum { BACKLOG = 1024, WORDS = 200 };

static fd_set all;
static int highest;

static void admit(modbus_t *ctx, int *listener)
{
    int fd = modbus_tcp_accept(ctx, listener);

    if (fd < 0)
        return;
    if (fd >= FD_SETSIZE) {
        close(fd);
        return;
    }
    FD_SET(fd, &all);
    highest = fd > highest ? fd : highest;
}

static void serve(modbus_t *ctx, modbus_mapping_t *map, int fd)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int n;

    modbus_set_socket(ctx, fd);
    n = modbus_receive(ctx, query);
    if (n > 0) {
        modbus_reply(ctx, query, n, map);
    } else if (n < 0) {
        close(fd);
        FD_CLR(fd, &all);
    }
}

int main(int argc, char **argv)
{
    modbus_t *ctx = argc == 2 ? modbus_new_tcp("127.0.0.1", atoi(argv[1])) : NULL;
    modbus_mapping_t *map = modbus_mapping_new(0, 0, WORDS, WORDS);
    int listener;

    if (!ctx || !map)
        return 64;
    listener = modbus_tcp_listen(ctx, BACKLOG);
    if (listener < 0) {
        fprintf(stderr, "select_server: %s\n", modbus_strerror(errno));
        return 1;
    }
    FD_SET(listener, &all);
    highest = listener;
    puts("ready");
    fflush(stdout);
    for (;;) {
        fd_set ready = all;

        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0)
            continue;
        for (int fd = 0; fd <= highest; fd++) {
            if (!FD_ISSET(fd, &ready))
                continue;
            if (fd == listener)
                admit(ctx, &listener);
            else
                serve(ctx, map, fd);
        }
    }
}
