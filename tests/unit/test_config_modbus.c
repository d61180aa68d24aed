/* [modbus.tcp], [modbus.rtu] and [control]: who may do what, and what is refused. */
#include "check.h"

#include "told_config.h"

/* Five clusters in twelve lines: what follows begins with line 13. */
#define FIVE                                                                                       \
    "[hub]\nclusters = 5\n[cluster.1]\nlink = can0\n[cluster.2]\nlink = can1\n"                    \
    "[cluster.3]\nlink = can2\n[cluster.4]\nlink = can3\n[cluster.5]\nlink = can4\n"

/* One line of a listener more: it is line 14. */
#define TCP FIVE "[modbus.tcp]\n"
#define RTU FIVE "[modbus.rtu]\ndevice = /dev/ttyS0\n"

struct told_case {
    const char *what, *text, *told;
};

static void check(const struct told_case *c, size_t n)
{
    for (; n--; c++) {
        struct config *cfg = parse(c->text);
        bool refused = *told && strncmp(told, "warning", 7) != 0;

        print_message("  %s\n", c->what);
        assert_string_equal(told, c->told);
        assert_int_equal(cfg == NULL, refused);
        config_free(cfg);
    }
}

static void nothing_is_open_by_itself(void **state)
{
    struct config *cfg = parse(RTU "[modbus.tcp]\n");

    (void)state;
    assert_string_equal(told, "");
    assert_non_null(cfg);
    assert_int_equal(config_num(cfg, "modbus.tcp", 1, "write"), 0);
    assert_string_equal(config_text(cfg, "modbus.tcp", 1, "allow_write"), "");
    assert_string_equal(config_text(cfg, "modbus.tcp", 1, "framing"), "mbap");
    assert_int_equal(config_num(cfg, "modbus.tcp", 1, "per_address"), 16);
    assert_int_equal(config_num(cfg, "modbus.tcp", 1, "reserved"), 0);
    assert_int_equal(config_num(cfg, "modbus.tcp", 1, "cluster_units"), 0);
    assert_int_equal(config_num(cfg, "modbus.rtu", 1, "write"), 0);
    assert_int_equal(config_num(cfg, "modbus.rtu", 1, "broadcast_writes"), 0);
    assert_int_equal(config_num(cfg, "modbus.rtu", 1, "diagnostics"), 0);
    assert_int_equal(config_num(cfg, "modbus.rtu", 1, "rs485"), 0);
    assert_int_equal(config_num(cfg, "modbus.rtu", 1, "cluster_units"), 0);
    assert_false(config_has(cfg, "control", 0));
    config_free(cfg);
}

static void all_of_it_can_be_said(void **state)
{
    struct config *cfg =
        parse(RTU "write = yes\nbroadcast_writes = yes\ndiagnostics = yes\nrs485 = yes\n"
                  "cluster_units = 2\n"
                  "[modbus.tcp]\nlisten = 0.0.0.0:502\nallow = 192.168.1.0/24 127.0.0.1\n"
                  "write = yes\nallow_write = 192.168.1.7, 127.0.0.1\nconnections = 4096\n"
                  "per_address = 0\npriority = 192.168.1.7\nreserved = 4095\n"
                  "cluster_units = 243\n"
                  "[modbus.tcp.2]\nlisten = 127.0.0.1:1503\nframing = RTU\n"
                  "[control]\nsocket = /tmp/c.sock\ngroup = energy\n");
    struct config_cidr block;

    (void)state;
    assert_string_equal(told, "");
    assert_non_null(cfg);
    assert_int_equal(config_num(cfg, "modbus.tcp", 1, "write"), 1);
    assert_true(config_cidr(cfg, "modbus.tcp", 1, "allow_write", 1, &block));
    assert_int_equal(block.addr[0], 127);
    assert_false(config_cidr(cfg, "modbus.tcp", 1, "allow_write", 2, &block));
    assert_true(config_cidr(cfg, "modbus.tcp", 1, "priority", 0, &block));
    assert_int_equal(config_num(cfg, "modbus.tcp", 1, "connections"), 4096);
    assert_int_equal(config_num(cfg, "modbus.tcp", 1, "reserved"), 4095);
    assert_int_equal(config_num(cfg, "modbus.tcp", 1, "cluster_units"), 243);
    assert_int_equal(config_choice(cfg, "modbus.tcp", 2, "framing"), 1);
    assert_int_equal(config_num(cfg, "modbus.rtu", 1, "rs485"), 1);
    assert_string_equal(config_text(cfg, "control", 0, "socket"), "/tmp/c.sock");
    assert_string_equal(config_text(cfg, "control", 0, "group"), "energy");
    config_free(cfg);
}

static void the_control_socket_has_a_place_where_it_is_wanted(void **state)
{
    struct config *cfg = parse(TCP "[control]\n");

    (void)state;
    assert_string_equal(told, "");
    assert_true(config_has(cfg, "control", 0));
    assert_string_equal(config_text(cfg, "control", 0, "socket"), "/run/hubgate/control.sock");
    assert_string_equal(config_text(cfg, "control", 0, "group"), "");
    config_free(cfg);
}

static void who_may_write_has_to_be_said(void **state)
{
    static const struct told_case cases[] = {
        {"yes, and nobody",                  TCP "write = yes\n",
         "14: [modbus.tcp] write: say who may write; as allow_write = 192.168.1.10\n"                          },
        {"yes, and an empty list",           TCP "write = yes\nallow_write =\n",
         "14: [modbus.tcp] write: say who may write; as allow_write = 192.168.1.10\n"                          },
        {"yes, and somebody",                TCP "write = yes\nallow_write = 10.0.0.5\n",                    ""},
        {"somebody, but no",                 TCP "write = no\nallow_write = 10.0.0.5\n",
         "warning 15: [modbus.tcp] allow_write does nothing: write is no\n"                                    },
        {"somebody, but not a word",         TCP "allow_write = 10.0.0.5\n",
         "warning 14: [modbus.tcp] allow_write does nothing: write is no\n"                                    },
        {"everybody",                        TCP "write = yes\nallow_write = 10.0.0.5 0.0.0.0/0\n",
         "warning 15: [modbus.tcp] allow_write: 0.0.0.0/0 is everybody: whoever connects can "
         "write\n"                                                                                             },
        {"somebody who cannot come in",
         TCP "allow = 127.0.0.1 10.0.0.0/29\nwrite = yes\nallow_write = 10.0.0.7 10.0.0.8\n",
         "warning 16: [modbus.tcp] allow_write: 10.0.0.8 is not in allow and cannot connect\n"                 },
        {"a net wider than the one let in",
         TCP "allow = 127.0.0.1 10.0.0.0/29\nwrite = yes\nallow_write = 10.0.0.0/28\n",
         "warning 16: [modbus.tcp] allow_write: 10.0.0.0/28 is not in allow and cannot connect\n"              },
        {"the same bytes of another family",
         TCP "allow = 127.0.0.1 a00::/16\nwrite = yes\nallow_write = 10.0.0.1\n",
         "warning 16: [modbus.tcp] allow_write: 10.0.0.1 is not in allow and cannot connect\n"                 },
        {"somebody of the other family",
         TCP "listen = [::]:1600\nallow = ::1 10.0.0.1\nwrite = yes\nallow_write = ::1 10.0.0.1\n",
         "warning 17: [modbus.tcp] allow_write: 10.0.0.1 cannot connect: the listener hears IPv6 "
         "only\n"                                                                                              },
        {"everybody of the other family",    TCP "write = yes\nallow_write = ::/0\n",
         "warning 15: [modbus.tcp] allow_write: ::/0 cannot connect: the listener hears IPv4 "
         "only\n"                                                                                              },
        {"a bad address is told once",       TCP "write = yes\nallow_write = 10.0.0\n",
         "15: [modbus.tcp] allow_write: \"10.0.0\" is not an address block; write "
         "192.168.1.0/24, 10.0.0.7 or fd00::/8\n"                                                              },
        {"a bad answer is told once",        TCP "write = maybe\nallow_write = 10.0.0.5\n",
         "14: [modbus.tcp] write: \"maybe\" is not known; allowed: no yes\n"                                   },
        {"another listener",                 TCP "[modbus.tcp.3]\nlisten = 127.0.0.1:1600\nwrite = yes\n",
         "16: [modbus.tcp.3] write: say who may write; as allow_write = 192.168.1.10\n"                        },
        {"a broadcast that writes",          RTU "broadcast_writes = yes\n",
         "15: [modbus.rtu] broadcast_writes: needs write = yes\n"                                              },
        {"a port that falls silent",         RTU "write = no\ndiagnostics = yes\n",
         "16: [modbus.rtu] diagnostics: needs write = yes\n"                                                   },
        {"both, and they may",               RTU "write = yes\ndiagnostics = yes\nbroadcast_writes = yes\n", ""},
    };

    (void)state;
    check(cases, LEN(cases));
}

static void reserved_places_are_for_somebody(void **state)
{
    static const struct told_case cases[] = {
        {"for nobody",              TCP "reserved = 1\n",
         "14: [modbus.tcp] reserved: say for whom; as priority = 192.168.1.10\n"                  },
        {"of nothing",              TCP "priority = 10.0.0.5\n",
         "warning 14: [modbus.tcp] priority does nothing: reserved is 0\n"                        },
        {"all but one",             TCP "connections = 8\nreserved = 7\npriority = 10.0.0.5\n", ""},
        {"all",                     TCP "connections = 8\nreserved = 8\npriority = 10.0.0.5\n",
         "15: [modbus.tcp] reserved: 8 leaves nobody else a place; connections is 8\n"            },
        {"more than all",           TCP "reserved = 9\npriority = 10.0.0.5\nconnections = 8\n",
         "16: [modbus.tcp] reserved: 9 leaves nobody else a place; connections is 8\n"            },
        {"for everybody",           TCP "reserved = 1\npriority = 0.0.0.0/0\n",
         "warning 15: [modbus.tcp] priority: 0.0.0.0/0 is everybody: nobody is before the "
         "others\n"                                                                               },
        {"too many",                TCP "connections = 4097\n",
         "14: [modbus.tcp] connections: 4097 is outside 1..4096\n"                                },
        {"too many of one address", TCP "per_address = 4097\n",
         "14: [modbus.tcp] per_address: 4097 is outside 0..4096\n"                                },
    };

    (void)state;
    check(cases, LEN(cases));
}

static void the_units_of_clusters_are_their_own(void **state)
{
    static const struct told_case cases[] = {
        {"behind the hub",           TCP "cluster_units = 2\n",             ""},
        {"before the hub",           TCP "unit = 16\ncluster_units = 11\n", ""},
        {"the first is the hub's",   TCP "unit = 11\ncluster_units = 11\n",
         "15: [modbus.tcp] cluster_units: the clusters are units 11 to 15, and so is the hub: unit "
         "is 11\n"                                                            },
        {"the last is the hub's",    TCP "cluster_units = 11\nunit = 15\n",
         "15: [modbus.tcp] cluster_units: the clusters are units 11 to 15, and so is the hub: unit "
         "is 15\n"                                                            },
        {"just beyond the last",     TCP "cluster_units = 11\nunit = 16\n", ""},
        {"just before the first",    TCP "cluster_units = 11\nunit = 10\n", ""},
        {"up to 247",                TCP "cluster_units = 243\n",           ""},
        {"past 247",                 TCP "cluster_units = 244\n",
         "14: [modbus.tcp] cluster_units: 244 is outside 0 or 2..243\n"       },
        {"the hub's own by default", TCP "cluster_units = 1\n",
         "14: [modbus.tcp] cluster_units: 1 is outside 0 or 2..243\n"         },
        {"none",                     TCP "cluster_units = 0\n",             ""},
        {"on a line",                RTU "unit = 3\ncluster_units = 2\n",
         "16: [modbus.rtu] cluster_units: the clusters are units 2 to 6, and so is the hub: unit "
         "is 3\n"                                                             },
    };

    (void)state;
    check(cases, LEN(cases));
}

/* Two clusters have two units. */
static void only_the_clusters_there_are_count(void **state)
{
    struct config *cfg = parse("[hub]\nclusters = 2\n[cluster.1]\nlink = can0\n[cluster.2]\n"
                               "link = can1\n[modbus.tcp]\nunit = 13\ncluster_units = 11\n");

    (void)state;
    assert_string_equal(told, "");
    assert_non_null(cfg);
    config_free(cfg);
}

/* 107 characters: what a sockaddr_un holds beside its NUL. */
#define TEN "/123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void the_control_socket_is_a_path_of_its_own(void **state)
{
    static const struct told_case cases[] = {
        {"no path",               TCP "[control]\nsocket = control.sock\n",
         "15: [control] socket: \"control.sock\" is not an absolute path; write "
         "/run/hubgate/control.sock\n"                                                                                                                           },
        {"nothing",               TCP "[control]\nsocket =\n",
         "15: [control] socket: there is no value behind the =\n"                                                                                                },
        {"as long as it may be",  TCP "[control]\nsocket = " HUNDRED "/123456\n",               ""                                                               },
        {"too long",              TCP "[control]\nsocket = " HUNDRED "/1234567\n",
         "15: [control] socket: longer than 107 characters\n"                                                                                                    },
        {"the port of a cluster",
         "[cluster.1]\nlink = unix:/run/a//b\n[modbus.tcp]\n[control]\nsocket = /run/a/b\n",    "5: [control] socket: /run/a/b is taken by [cluster.1], line 2\n"},
        {"beside it",
         "[cluster.1]\nlink = unix:/run/a/b\n[modbus.tcp]\n[control]\nsocket = /run/a\n",       ""                                                               },
        {"a long group",          TCP "[control]\ngroup = 123456789012345678901234567890123\n",
         "15: [control] group: longer than 32 characters\n"                                                                                                      },
    };

    (void)state;
    check(cases, LEN(cases));
}

static void readers_are_looked_at_for_each_listener(void **state)
{
    static const struct told_case cases[] = {
        {"everybody who reaches it",        TCP "[modbus.tcp.2]\nlisten = 0.0.0.0:1600\n",
         "warning 15: [modbus.tcp.2] listens on 0.0.0.0:1600 without allow: everybody who reaches "
         "it can read\n"                                                                                             },
        {"an empty list lets everybody in", TCP "listen = 0.0.0.0:1600\nallow =\n",
         "warning 14: [modbus.tcp] listens on 0.0.0.0:1600 without allow: everybody who reaches it "
         "can read\n"                                                                                                },
        {"not this machine",                TCP "[modbus.tcp.2]\nlisten = 0.0.0.0:1600\nallow = 192.168.1.0/24\n",
         "warning 16: [modbus.tcp.2] allow leaves out 127.0.0.1: hubgate status on this machine "
         "will be refused\n"                                                                                         },
        {"this machine by its net",         TCP "listen = 0.0.0.0:1600\nallow = 127.0.0.0/8\n",                    ""},
        {"nobody of this family",           TCP "listen = [::]:1600\nallow = 10.0.0.1\n",
         "warning 15: [modbus.tcp] allow: nobody can connect: it listens on IPv6 only, the list is "
         "IPv4\n"                                                                                                    },
        {"hubgate status asks over IPv4",   TCP "listen = [::]:1600\nallow = fd00::/8\n",                          ""},
        {"this machine by everybody",       TCP "listen = 0.0.0.0:1600\nallow = 0.0.0.0/0\n",                      ""},
    };

    (void)state;
    check(cases, LEN(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_open_by_itself),
        cmocka_unit_test(all_of_it_can_be_said),
        cmocka_unit_test(the_control_socket_has_a_place_where_it_is_wanted),
        cmocka_unit_test(who_may_write_has_to_be_said),
        cmocka_unit_test(reserved_places_are_for_somebody),
        cmocka_unit_test(the_units_of_clusters_are_their_own),
        cmocka_unit_test(only_the_clusters_there_are_count),
        cmocka_unit_test(the_control_socket_is_a_path_of_its_own),
        cmocka_unit_test(readers_are_looked_at_for_each_listener),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
