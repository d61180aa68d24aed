/* How the server's side of a connection is set up, asked of the kernel: rows 21 and 34 of
 * tests/CONFORMANCE.md. That it waits for nobody is seen over the wire (tests/system). */
#include "tcp_room.h"

#include <netinet/tcp.h>

/* The descriptor of this process whose peer is the client's end. */
static int servers_end(int client)
{
    struct sockaddr_in us, peer;
    socklen_t len = sizeof(us);

    assert_int_equal(getsockname(client, (struct sockaddr *)&us, &len), 0);
    for (int fd = 3; fd < 100; fd++) {
        len = sizeof(peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET &&
            peer.sin_port == us.sin_port && peer.sin_addr.s_addr == us.sin_addr.s_addr)
            return fd;
    }
    fail();
    return -1;
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static void sockets_are_set_up(void **state)
{
    struct room r;
    int client, fd, idle, probes, between;

    (void)state;
    room_init(&r);
    room_open(&r);
    client = client_from(&r, 1, T0);
    assert_true(is_served(&r, client, T0));
    fd = servers_end(client);

    print_message("  21 an answer does not wait for the one before to be acknowledged\n");
    assert_int_not_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);

    print_message("  34 a peer that is gone without a word is found within 30 s of silence\n");
    assert_int_not_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    idle = option(fd, IPPROTO_TCP, TCP_KEEPIDLE);
    probes = option(fd, IPPROTO_TCP, TCP_KEEPCNT);
    between = option(fd, IPPROTO_TCP, TCP_KEEPINTVL);
    assert_true(probes >= 2); /* one lost probe is no dead peer */
    assert_true(idle + probes * between <= 30);
    print_message("  34 and within 30 s when an answer is under way\n");
    assert_in_range(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 1, 30000);

    close(client);
    room_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_are_set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
