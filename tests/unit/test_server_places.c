/* A listener and a line are counted where their number says, whatever others there are: their
 * registers are at 600 + 36 x (n - 1) and 744 + 14 x (n - 1), and clients keep addresses. */
#include "check.h"

#include <string.h>

#include "config.h"
#include "io/server.h"
#include "model/snapshot.h"

static void no_wake(void *arg)
{
    (void)arg;
}

static void fail_on(void *arg, const struct config_error *err)
{
    (void)arg;
    fail_msg("%s", err->text);
}

/* The addresses are nobody's (RFC 5737): nothing is opened, and nothing need be. */
static void a_listener_is_counted_at_its_number(void **state)
{
    static const char ini[] = "[hub]\nclusters = 1\n[cluster.1]\nlink = sim\n"
                              "[modbus.tcp.2]\nlisten = 192.0.2.1:1502\n"
                              "[modbus.tcp.4]\nlisten = 192.0.2.1:1503\n"
                              "[modbus.rtu.3]\ndevice = /dev/none-of-these\n";
    static const bool tcp[MAX_LISTENERS] = {false, true, false, true};
    static const bool rtu[MAX_LINES] = {false, false, true, false};
    struct config *cfg = config_parse(ini, strlen(ini), NULL, fail_on, NULL, NULL);
    static struct process counts;
    struct server *srv;

    (void)state;
    assert_non_null(cfg);
    srv = server_start(cfg, no_wake, NULL);
    config_free(cfg);
    assert_non_null(srv);
    server_counts(srv, &counts, MONO_S(1));
    server_stop(srv);
    for (unsigned i = 0; i < MAX_LISTENERS; i++)
        assert_int_equal(signal_known(&counts.tcp[i], SIG_CLIENTS), tcp[i]);
    for (unsigned i = 0; i < MAX_LINES; i++)
        assert_int_equal(signal_known(&counts.rtu[i], SIG_LINE_MESSAGES), rtu[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_is_counted_at_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
