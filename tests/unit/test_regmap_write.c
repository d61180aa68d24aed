/* What clients write as orders; the process, the commands and the units of clusters as words. */
#include "check.h"

#include "model/words.h"
#include "regmap.h"

#include <stdio.h>
#include <string.h>

/* --- Words in, orders out. --- */

struct written {
    const char *what;
    uint16_t addr;
    unsigned n;
    uint16_t word[8];
    enum status status;
    enum command command; /* of the first order */
    bool release;
    int64_t value;
    uint8_t cluster;
    bool isolated;
    uint16_t key;
};

static enum status give(uint16_t addr, unsigned n, const uint16_t *word, struct hub_order *order,
                        unsigned *n_orders)
{
    uint8_t bytes[2 * 200];

    for (unsigned i = 0; i < n; i++) {
        bytes[2 * i] = (uint8_t)(word[i] >> 8);
        bytes[2 * i + 1] = (uint8_t)word[i];
    }
    return regmap_write(addr, n, bytes, order, n_orders);
}

static void check_order(const struct hub_order *o, const struct written *c)
{
    assert_int_equal(o->command, c->command);
    assert_int_equal(o->release, c->release);
    assert_int_equal(o->value, c->value);
    assert_int_equal(o->cluster, c->cluster);
    assert_int_equal(o->isolated, c->isolated);
    assert_int_equal(o->key, c->key);
    assert_int_equal(o->ticket, 0);
    assert_int_equal(o->from.owner, OWNER_NOBODY);
    assert_string_equal(o->from.name, "");
}

/* Currents in 0.1 A and up to the 3000 A of the signal, CVL in 0.01 V from 1 V. */
static void a_word_is_an_order(void **state)
{
    static const struct written cases[] = {
        {"86 A in",                   2000,  1, {860},   HUB_OK,     COMMAND_SET_CCL,      false, 86000,   0, false, 0    },
        {"no amperes in",             2000,  1, {0},     HUB_OK,     COMMAND_SET_CCL,      false, 0,       0, false, 0    },
        {"3000 A in",                 2000,  1, {30000}, HUB_OK,     COMMAND_SET_CCL,      false, 3000000, 0, false, 0    },
        {"3000.1 A in",               2000,  1, {30001}, HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"the last that is no code",  2000,  1, {65534}, HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"charge taken back",         2000,  1, {65535}, HUB_OK,     COMMAND_SET_CCL,      true,  0,       0, false, 0    },
        {"0.1 A out",                 2001,  1, {1},     HUB_OK,     COMMAND_SET_DCL,      false, 100,     0, false, 0    },
        {"discharge taken back",      2001,  1, {65535}, HUB_OK,     COMMAND_SET_DCL,      true,  0,       0, false, 0    },
        {"54.5 V",                    2002,  1, {5450},  HUB_OK,     COMMAND_SET_CVL,      false, 54500,   0, false, 0    },
        {"1 V",                       2002,  1, {100},   HUB_OK,     COMMAND_SET_CVL,      false, 1000,    0, false, 0    },
        {"0.99 V",                    2002,  1, {99},    HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"CVL of 0",                  2002,  1, {0},     HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"CVL taken back",            2002,  1, {65535}, HUB_OK,     COMMAND_SET_CVL,      true,  0,       0, false, 0    },
        {"reserved",                  2003,  1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
        {"reserved before the flags", 2007,  1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
        {"stop",                      2008,  1, {1},     HUB_OK,     COMMAND_STOP,         false, 0,       0, false, 0    },
        {"go on",                     2008,  1, {0},     HUB_OK,     COMMAND_STOP,         true,  0,       0, false, 0    },
        {"stop by two",               2008,  1, {2},     HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"stop by the code",          2008,  1, {65535}, HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"force",                     2009,  1, {1},     HUB_OK,     COMMAND_FORCE_CHARGE, false, 0,       0, false, 0    },
        {"force no more",             2009,  1, {0},     HUB_OK,     COMMAND_FORCE_CHARGE, true,  0,       0, false, 0    },
        {"force by two",              2009,  1, {2},     HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"cluster 1 in",              2010,  1, {0},     HUB_OK,     COMMAND_EXCLUDE,      true,  0,       1, false, 0    },
        {"cluster 1 out",             2010,  1, {1},     HUB_OK,     COMMAND_EXCLUDE,      false, 0,       1, false, 0    },
        {"cluster 5 isolated",        2014,  1, {2},     HUB_OK,     COMMAND_EXCLUDE,      false, 0,       5, true,  0    },
        {"cluster 5 by three",        2014,  1, {3},     HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"cluster 6",                 2015,  1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
        {"reset all",                 2016,  1, {1},     HUB_OK,     COMMAND_RESET,        false, 0,       0, false, 1    },
        {"reset cluster 5",           2021,  1, {65534}, HUB_OK,     COMMAND_RESET,        false, 0,       5, false, 65534},
        {"reset by nothing",          2016,  1, {0},     HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"reset by the code",         2016,  1, {65535}, HUB_ERANGE, 0,                    false, 0,       0, false, 0    },
        {"behind the resets",         2022,  1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
        {"behind the block",          2024,  1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
        {"before the block",          1999,  1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
        {"what is only read",         2040,  1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
        {"the hot block",             112,   1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
        {"the first",                 0,     1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
        {"the last",                  65535, 1, {1},     HUB_ESPEC,  0,                    false, 0,       0, false, 0    },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const struct written *c = &cases[i];
        struct hub_order order[ORDERS_MAX];
        unsigned n = 77;

        print_message("  %s\n", c->what);
        memset(order, 0xA5, sizeof(order));
        assert_int_equal(give(c->addr, c->n, c->word, order, &n), c->status);
        assert_int_equal(n, c->status == HUB_OK ? 1 : 77);
        if (c->status == HUB_OK)
            check_order(&order[0], c);
        else
            assert_int_equal(order[0].ticket, 0xA5A5A5A5); /* not touched */
    }
}

/* All or none: the status of the first that is wrong, addresses before values. */
static void several_words_are_several_orders(void **state)
{
    static const struct {
        const char *what;
        uint16_t addr;
        unsigned n;
        uint16_t word[8];
        enum status status;
    } cases[] = {
        {"three set-points",             2000, 3, {100, 200, 5400},         HUB_OK    },
        {"one of them wrong",            2000, 3, {100, 200, 1},            HUB_ERANGE},
        {"up to the reserved",           2000, 4, {100, 200, 5400, 0},      HUB_ESPEC },
        {"address before value",         2002, 2, {0, 0},                   HUB_ESPEC },
        {"from before the block",        1999, 2, {0, 100},                 HUB_ESPEC },
        {"stop, force, all five",        2008, 7, {1, 0, 0, 1, 2, 0, 0},    HUB_OK    },
        {"the last of them wrong",       2008, 7, {1, 0, 0, 1, 2, 0, 3},    HUB_ERANGE},
        {"one more",                     2008, 8, {1, 0, 0, 1, 2, 0, 0, 1}, HUB_ESPEC },
        {"two resets",                   2016, 2, {5, 6},                   HUB_ERANGE},
        {"all resets",                   2016, 6, {5, 6, 7, 8, 9, 10},      HUB_ERANGE},
        {"reset with the reserved word", 2015, 2, {1, 5},                   HUB_ESPEC },
        {"the reserved word with reset", 2021, 2, {5, 1},                   HUB_ESPEC },
        {"nothing",                      2000, 0, {0},                      HUB_ESPEC },
    };
    struct hub_order order[ORDERS_MAX];
    unsigned n;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        n = 77;
        assert_int_equal(give(cases[i].addr, cases[i].n, cases[i].word, order, &n),
                         cases[i].status);
        assert_int_equal(n, cases[i].status == HUB_OK ? cases[i].n : 77);
    }
    assert_int_equal(give(2008, 7, cases[5].word, order, &n), HUB_OK);
    assert_int_equal(order[0].command, COMMAND_STOP);
    assert_int_equal(order[1].command, COMMAND_FORCE_CHARGE);
    assert_true(order[1].release);
    assert_int_equal(order[3].cluster, 2);
    assert_false(order[3].release || order[3].isolated);
    assert_int_equal(order[4].cluster, 3);
    assert_true(order[4].isolated);
}

/* The longest request of function 16, from each address. */
static void no_request_reaches_past_the_commands(void **state)
{
    static const uint16_t zeros[123];
    struct hub_order order[ORDERS_MAX];
    unsigned n;

    (void)state;
    for (unsigned addr = 0; addr + 123 <= 65536; addr++)
        assert_int_equal(give((uint16_t)addr, 123, zeros, order, &n), HUB_ESPEC);
    assert_int_equal(give(65535, 2, zeros, order, &n), HUB_ESPEC); /* must not begin anew at 0 */
}

static void each_address_names_its_command(void **state)
{
    static const struct {
        uint16_t first, last;
        enum command command;
    } cases[] = {
        {0,    1999,  COMMAND_NONE        },
        {2000, 2000,  COMMAND_SET_CCL     },
        {2001, 2001,  COMMAND_SET_DCL     },
        {2002, 2002,  COMMAND_SET_CVL     },
        {2003, 2007,  COMMAND_NONE        },
        {2008, 2008,  COMMAND_STOP        },
        {2009, 2009,  COMMAND_FORCE_CHARGE},
        {2010, 2014,  COMMAND_EXCLUDE     },
        {2015, 2015,  COMMAND_NONE        },
        {2016, 2021,  COMMAND_RESET       },
        {2022, 65535, COMMAND_NONE        },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        for (unsigned addr = cases[i].first; addr <= cases[i].last; addr++)
            assert_int_equal(regmap_command((uint16_t)addr), cases[i].command);
}

/* --- What is read of it. --- */

static struct snapshot snap;
static struct process proc;
static struct image img;

static uint16_t word_at(uint16_t addr)
{
    int at = regmap_find(addr, 1);

    assert_true(at >= 0);
    return img.word[at];
}

static uint16_t cluster_word(unsigned cluster, uint16_t addr)
{
    int at = regmap_find_cluster(addr, 1);

    assert_true(at >= 0);
    return img.word[(unsigned)at + (cluster - 1) * REGMAP_CLUSTER_WORDS];
}

struct expected {
    uint16_t addr, word;
    const char *what;
};

static void assert_words(const struct expected *e, size_t n)
{
    for (; n--; e++) {
        if (word_at(e->addr) != e->word)
            print_message("  %u: %s is 0x%04X, not 0x%04X\n", e->addr, e->what, word_at(e->addr),
                          e->word);
        assert_int_equal(word_at(e->addr), e->word);
    }
}

static void set_row(enum signal first, unsigned nth, int64_t value)
{
    signal_set(&snap.hub.s, (enum signal)(first + nth), value, 0);
}

/* The address 192.168.1.7 is 0xC0A80107. */
static void commands_are_read_back_with_their_state(void **state)
{
    static const struct expected words[] = {
        {2000, 860,    "86 A"                                           },
        {2001, 0xFFFF, "no discharge set-point"                         },
        {2002, 5450,   "54.50 V"                                        },
        {2003, 0xFFFF, "reserved"                                       },
        {2008, 0,      "not stopped"                                    },
        {2009, 1,      "charge forced"                                  },
        {2010, 0,      "cluster 1 in"                                   },
        {2012, 2,      "cluster 3 isolated"                             },
        {2014, 0xFFFF, "cluster 5 is not there"                         },
        {2016, 4711,   "key of all"                                     },
        {2018, 4712,   "key of cluster 2"                               },
        {2023, 0xFFFF, "reserved"                                       },
        {2040, 0,      "lowest charge set-point"                        },
        {2041, 7200,   "highest, 720 A"                                 },
        {2042, 860,    "in force"                                       },
        {2043, 500,    "the hub allows 50 A"                            },
        {2044, 0xC0A8, "192.168"                                        },
        {2045, 0x0107, "1.7"                                            },
        {2046, 42,     "seconds left: 41.5 to the nearest, halves up"   },
        {2047, 1,      "by [modbus.tcp]"                                },
        {2048, 0,      "never refused"                                  },
        {2049, 0xFFFF, "reserved"                                       },
        {2050, 0,      "lowest discharge set-point"                     },
        {2051, 0xFFFF, "highest: not known"                             },
        {2053, 0,      "no discharge at all"                            },
        {2057, 11,     "by [modbus.rtu]"                                },
        {2058, 2,      "out of range"                                   },
        {2060, 4951,   "lowest CVL 49.505 V: goes up"                   },
        {2061, 5450,   "highest CVL 54.509 V: goes down"                },
        {2063, 5450,   "the hub's CVL"                                  },
        {2067, 0xFFFF, "CVL's owner"                                    },
        {2070, 0xFFFF, "nobody has stopped it, high word"               },
        {2071, 0xFFFF, "low word"                                       },
        {2072, 20,     "STOP: by the socket"                            },
        {2077, 3,      "RESET: the cause was still there"               },
        {2080, 12,     "EXCLUDE: by [modbus.rtu.2]"                     },
        {2082, 0xFFFF, "FORCE_CHARGE: 255.255.255.255 stops at the last"},
        {2083, 0xFFFE, "that is no code"                                },
        {2085, 5,      "FORCE_CHARGE: a flood"                          },
        {2086, 90,     "forced charge, seconds left"                    },
        {2087, 65534,  "heartbeat"                                      },
    };
    struct signals *s = &snap.hub.s;

    (void)state;
    memset(&snap, 0, sizeof(snap));
    signal_set(s, SIG_SETPOINT_CCL, 86000, 0);
    signal_set(s, SIG_SETPOINT_CCL_MAX, 720000, 0);
    signal_set(s, SIG_SETPOINT_CCL_LEFT, 41500, 0);
    signal_set(s, SIG_SETPOINT_CVL, 54500, 0);
    signal_set(s, SIG_SETPOINT_CVL_MIN, 49505, 0);
    signal_set(s, SIG_SETPOINT_CVL_MAX, 54509, 0);
    signal_set(s, SIG_CHARGE_CURRENT_LIMIT, 50000, 0);
    signal_set(s, SIG_DISCHARGE_CURRENT_LIMIT, 0, 0);
    signal_set(s, SIG_CHARGE_VOLTAGE_LIMIT, 54500, 0);
    signal_set(s, SIG_STOP_ASKED, 0, 0);
    signal_set(s, SIG_FORCE_CHARGE_ASKED, 1, 0);
    signal_set(s, SIG_FORCED_CHARGE_LEFT, 90000, 0);
    signal_set(s, SIG_HEARTBEAT, 65534, 0);
    set_row(SIG_EXCLUDE, 0, 0);
    set_row(SIG_EXCLUDE, 2, 2);
    set_row(SIG_RESET_KEY, 0, 4711);
    set_row(SIG_RESET_KEY, 2, 4712);
    set_row(SIG_ORDER_ADDRESS, 0, 0xC0A80107);
    set_row(SIG_ORDER_ADDRESS, 6, 0xFFFFFFFF);
    set_row(SIG_ORDER_OWNER, 0, OWNER_TCP + 1);
    set_row(SIG_ORDER_OWNER, 1, OWNER_RTU + 1);
    set_row(SIG_ORDER_OWNER, 3, OWNER_SOCKET);
    set_row(SIG_ORDER_OWNER, 5, OWNER_RTU + 2);
    set_row(SIG_ORDER_REFUSAL, 0, REFUSAL_NONE);
    set_row(SIG_ORDER_REFUSAL, 1, REFUSAL_RANGE);
    set_row(SIG_ORDER_REFUSAL, 4, REFUSAL_CAUSE);
    set_row(SIG_ORDER_REFUSAL, 6, REFUSAL_FLOOD);
    regmap_fill(&img, &snap, NULL);
    assert_words(words, LEN(words));
}

static void the_process_is_read_too(void **state)
{
    static const struct expected words[] = {
        {160, 0,      "late, high word"                 },
        {161, 1250,   "1.250 ms"                        },
        {164, 0xFFFF, "longest turn not known"          },
        {166, 1,      "turns, high word: 65536"         },
        {167, 0,      "low word"                        },
        {600, 3,      "clients of listener 1"           },
        {604, 0,      "requests, high word"             },
        {605, 7,      "low word"                        },
        {632, 0xFFFE, "pauses stop before the code"     },
        {636, 0xFFFF, "listener 2 is not there"         },
        {708, 9,      "clients of listener 4"           },
        {741, 2,      "foreign of listener 4"           },
        {744, 3,      "line 1 is up"                    },
        {745, 65535,  "a counter that wraps has no code"},
        {746, 0,      "and begins anew"                 },
        {750, 12,     "busy"                            },
        {753, 0xFFFE, "writes of a line stop before it" },
        {755, 0xFFFF, "reserved"                        },
        {786, 0xFFFF, "line 4 is not there"             },
        {787, 0xFFFF, "so this is not a count of 65535" },
    };
    static const uint16_t between[] = {634, 635, 742, 743, 757, 799};

    (void)state;
    memset(&snap, 0, sizeof(snap));
    memset(&proc, 0, sizeof(proc));
    signal_set(&proc.self, SIG_CONTROL_LATE_P99, 1250, 0);
    signal_set(&proc.self, SIG_CONTROL_TURNS, 65536, 0);
    signal_set(&proc.tcp[0], SIG_CLIENTS, 3, 0);
    signal_set(&proc.tcp[0], SIG_REQUESTS, 7, 0);
    signal_set(&proc.tcp[0], SIG_ACCEPT_PAUSES, 70000, 0);
    signal_set(&proc.tcp[3], SIG_CLIENTS, 9, 0);
    signal_set(&proc.tcp[3], SIG_FOREIGN, 2, 0);
    signal_set(&proc.rtu[0], SIG_LINK_STATE, 3, 0);
    signal_set(&proc.rtu[0], SIG_LINE_MESSAGES, 65535, 0);
    signal_set(&proc.rtu[0], SIG_LINE_ERRORS, 0, 0);
    signal_set(&proc.rtu[0], SIG_LINE_BUSY, 12, 0);
    signal_set(&proc.rtu[0], SIG_WRITES, 65535, 0);
    regmap_fill(&img, &snap, &proc);
    assert_words(words, LEN(words));
    for (size_t i = 0; i < LEN(between); i++)
        assert_int_equal(regmap_find(between[i], 1), -1);
    regmap_fill(&img, &snap, NULL);
    assert_int_equal(word_at(600), 0xFFFF);
    assert_int_equal(word_at(161), 0xFFFF);
}

/* --- The unit ids of clusters. --- */

static void set_two_clusters(void)
{
    memset(&snap, 0, sizeof(snap));
    signal_set(&snap.hub.s, SIG_STATE, HUB_RUNNING, 0);
    signal_set(&snap.hub.s, SIG_SOC, 4820, 0);
    signal_set(&snap.hub.s, SIG_HEARTBEAT, 77, 0);
    signal_set(&snap.hub.s, SIG_CLUSTERS, 2, 0);
    signal_set(&snap.hub.s, SIG_CLUSTERS_JOINED, 2, 0);
    signal_set(&snap.hub.s, SIG_CCL_REASON, REASON_ALLOWANCE, 0);
    signal_set(&snap.cluster[0].s, SIG_STATE, CLUSTER_JOINED, 0);
    signal_set(&snap.cluster[0].s, SIG_SOC, 4480, 0);
    signal_set(&snap.cluster[1].s, SIG_STATE, CLUSTER_STALE, 0);
    signal_set(&snap.cluster[1].s, SIG_SOC, 5160, 0);
    signal_set(&snap.cluster[1].s, SIG_CURRENT, -6300, 0);
    signal_set(&snap.cluster[1].s, SIG_CELL_MIN, 3301, 0);
    signal_set(&snap.cluster[1].s, SIG_CELL_MIN_MODULE, 4, 0);
    signal_set(&snap.cluster[1].s, SIG_TEMP_MAX, 250, 0);
    snap.cluster[1].a.active[TIER_FAULT] = 1;
    regmap_fill(&img, &snap, NULL);
}

static void a_cluster_has_the_hot_block_of_its_own(void **state)
{
    static const struct expected second[] = {
        {0,   0x4855, "HU"                               },
        {1,   0x4247, "BG"                               },
        {12,  77,     "the heartbeat of the hub"         },
        {14,  2,      "it is cluster 2"                  },
        {39,  1,      "one block in its directory"       },
        {40,  100,    "the hot block"                    },
        {43,  1,      "once"                             },
        {44,  0xFFFF, "no limits"                        },
        {72,  0xFFFF, "no commands"                      },
        {100, 1,      "STALE: a state of clusters"       },
        {102, 77,     "the heartbeat of the hub"         },
        {104, 516,    "its SOC"                          },
        {109, 0xFFC1, "its current: 65536 - 63"          },
        {121, 0xFFFF, "the hub has that reason"          },
        {133, 3301,   "its lowest cell"                  },
        {134, 2,      "is in itself"                     },
        {135, 4,      "in module 4"                      },
        {137, 0xFFFF, "its highest cell is not known"    },
        {138, 0xFFFF, "nor where"                        },
        {143, 0xFFFF, "its lowest temperature neither"   },
        {145, 2,      "but the highest"                  },
        {148, 0xFFFF, "how many are counted is the hub's"},
        {152, 4,      "its fault"                        },
    };

    (void)state;
    set_two_clusters();
    for (size_t i = 0; i < LEN(second); i++) {
        if (cluster_word(2, second[i].addr) != second[i].word)
            print_message("  %u: %s\n", second[i].addr, second[i].what);
        assert_int_equal(cluster_word(2, second[i].addr), second[i].word);
    }
    assert_int_equal(cluster_word(1, 14), 1);
    assert_int_equal(cluster_word(1, 100), CLUSTER_JOINED);
    assert_int_equal(cluster_word(1, 104), 448);
    assert_int_equal(cluster_word(5, 14), 5);
    assert_int_equal(cluster_word(5, 104), 0xFFFF);
    assert_int_equal(word_at(14), 0); /* the hub's own is as it was */
    assert_int_equal(word_at(39), BLOCK_COUNT - 1);
    assert_int_equal(word_at(104), 482);
}

/* Two blocks and nothing else, at the addresses they have for the hub. */
static void a_cluster_has_two_blocks(void **state)
{
    static const unsigned counts[] = {1, 2, 56, 96, 97};

    (void)state;
    for (size_t i = 0; i < LEN(counts); i++)
        for (unsigned addr = 0; addr <= 0xFFFF; addr++) {
            unsigned n = counts[i];
            int expected = addr + n <= 96 ? REGMAP_HUB_WORDS + (int)addr
                           : addr >= 100 && addr + n <= 156
                               ? REGMAP_HUB_WORDS + 96 + (int)addr - 100
                               : -1;

            assert_int_equal(regmap_find_cluster((uint16_t)addr, n), expected);
        }
    assert_int_equal(regmap_find_cluster(100, 0), -1);
    assert_int_equal(regmap_find_cluster(100, UINT32_MAX), -1);
    assert_int_equal(REGMAP_WORDS, REGMAP_HUB_WORDS + 5 * (96 + 56));
}

/* Each word of the image stands in wire, high byte first, that of the last unit too. */
static void the_wire_has_the_same_words(void **state)
{
    (void)state;
    memset(&img, 0xA5, sizeof(img));
    set_two_clusters();
    for (unsigned i = 0; i < REGMAP_WORDS; i++)
        assert_int_equal(img.wire[2 * i] << 8 | img.wire[2 * i + 1], img.word[i]);
    assert_int_equal(img.wire[0], 'H');
    assert_int_equal(img.wire[3], 'G');
}

/* What an order does not say is zero, whatever was made in its place before. */
static void an_order_says_nothing_of_the_one_before(void **state)
{
    static const uint16_t out_isolated[] = {2}, key[] = {0x1234}, stop[] = {1};
    struct hub_order before[ORDERS_MAX], order[ORDERS_MAX];
    enum status status[3];
    unsigned n;

    (void)state;
    memset(order, 0xEE, sizeof(order));
    status[0] = give(2014, 1, out_isolated, before, &n); /* cluster 5 */
    status[1] = give(2021, 1, key, before, &n);          /* of cluster 5, too */
    status[2] = give(2008, 1, stop, order, &n);
    for (size_t i = 0; i < LEN(status); i++)
        assert_int_equal(status[i], HUB_OK);
    check_order(&order[0], &(struct written){.command = COMMAND_STOP});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_an_order),
        cmocka_unit_test(an_order_says_nothing_of_the_one_before),
        cmocka_unit_test(several_words_are_several_orders),
        cmocka_unit_test(no_request_reaches_past_the_commands),
        cmocka_unit_test(each_address_names_its_command),
        cmocka_unit_test(commands_are_read_back_with_their_state),
        cmocka_unit_test(the_process_is_read_too),
        cmocka_unit_test(a_cluster_has_the_hot_block_of_its_own),
        cmocka_unit_test(a_cluster_has_two_blocks),
        cmocka_unit_test(the_wire_has_the_same_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
