/* What a line counts, as control reads it: a server on a pty, and its counters from this thread. */
#include "check.h"

#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "../fixture_map.h"
#include "hex.h"
#include "io/clock.h"
#include "io/modbus_server.h"

static struct {
    struct fixture fixture;
    struct modbus_server *server;
    int master, slave;
} all;

static void start(bool write)
{
    static struct modbus_server_spec spec;
    struct rtu_spec *rtu = &spec.rtu[0];
    struct termios raw;
    char name[64];

    memset(&spec, 0, sizeof(spec));
    assert_int_equal(openpty(&all.master, &all.slave, name, NULL, NULL), 0);
    tcgetattr(all.slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(all.slave, TCSANOW, &raw);
    snprintf(rtu->device, sizeof(rtu->device), "%s", name);
    rtu->baud = 115200;
    rtu->parity = 'N';
    rtu->units.unit = 5;
    rtu->write = write;
    spec.n_rtu = 1;
    spec.map = fixture_map(&all.fixture);
    all.server = modbus_server_start(&spec);
    assert_non_null(all.server);
}

static void stop(void)
{
    modbus_server_stop(all.server);
    close(all.slave);
    if (all.master >= 0)
        close(all.master);
}

/* "" is silence: what comes next would be its answer. */
static void say(const char *request, const char *answer)
{
    uint8_t bytes[256], got[256];
    size_t want, have = 0, len = hex_bytes(request, bytes, sizeof(bytes));
    struct pollfd p = {.fd = all.master, .events = POLLIN};

    print_message("  %s\n", request);
    assert_int_equal(write(all.master, bytes, len), len);
    want = hex_bytes(answer, bytes, sizeof(bytes));
    while (have < want && poll(&p, 1, 2000) > 0) {
        ssize_t n = read(all.master, got + have, sizeof(got) - have);
        assert_true(n > 0);
        have += (size_t)n;
    }
    assert_int_equal(have, want);
    assert_memory_equal(got, bytes, want);
}

/* The server may still be counting what it has just answered. */
static void becomes(enum signal id, int64_t want)
{
    mono_us end = clock_now() + MONO_S(2);
    static struct process seen;

    do {
        modbus_server_counts(all.server, &seen, clock_now());
        if (signal_or(&seen.rtu[0], id, -1) == want)
            return;
        sched_yield();
    } while (clock_now() < end);
    print_message("  %s\n", signal_info[id].name);
    assert_int_equal(signal_or(&seen.rtu[0], id, -1), want);
}

static void a_line_that_may_write(void **state)
{
    (void)state;
    start(true);
    becomes(SIG_LINK_STATE, LINK_UP);
    becomes(SIG_LINE_MESSAGES, 0);
    say("05 03 00 00 00 01 85 8E", "05 03 02 10 00 44 44");
    say("06 03 00 00 00 01 85 BD", ""); /* another address */
    becomes(SIG_LINE_MESSAGES, 2);
    say("05 03 00 00 00 01 85 8F", ""); /* one bit of the checksum */
    becomes(SIG_LINE_ERRORS, 1);
    say("05 03 00 00 00 00 44 4E", "05 83 03 40 F0"); /* no registers: 03 */
    say("05 06 00 01 00 03 99 8F", "05 06 00 01 00 03 99 8F");
    say("05 06 00 C8 00 01 C8 70", "05 86 02 82 60"); /* no such register: refused */
    becomes(SIG_LINE_OURS, 4);
    becomes(SIG_LINE_EXCEPTIONS, 2);
    becomes(SIG_LINE_MESSAGES, 5);
    becomes(SIG_WRITES, 1);
    becomes(SIG_WRITES_REFUSED, 1);
    becomes(SIG_WRITES_LATE, 0);
    becomes(SIG_LINE_LOST, 0);
    print_message("  75 unplugged\n");
    close(all.master);
    all.master = -1;
    becomes(SIG_LINE_LOST, 1);
    becomes(SIG_LINK_STATE, LINK_CLOSED);
    becomes(SIG_LINE_OURS, 4);
    stop();
}

static void a_line_that_may_not(void **state)
{
    (void)state;
    start(false);
    say("05 06 00 01 00 03 99 8F", "05 86 01 C2 61");
    becomes(SIG_WRITES_REFUSED, 1);
    becomes(SIG_WRITES, 0);
    assert_int_equal(all.fixture.writes, 0);
    say("00 06 00 01 00 03 99 DA", ""); /* to all: broadcast writes are off */
    becomes(SIG_LINE_SILENT, 1);
    becomes(SIG_LINE_OURS, 2);
    assert_int_equal(all.fixture.writes, 0);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_that_may_write),
        cmocka_unit_test(a_line_that_may_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
