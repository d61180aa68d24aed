#include "check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_options.h"
#include "model/profile.h"

struct told {
    char text[8192];
    unsigned errors, warnings;
    int last_line;
    bool in_order;
};

static void tell(struct told *t, const char *what, const struct config_error *err)
{
    size_t n = strlen(t->text);

    snprintf(t->text + n, sizeof(t->text) - n, "%s%d: %s\n", what, err->line, err->text);
    int line = err->line ? err->line : INT_MAX;
    t->in_order &= line >= t->last_line;
    t->last_line = line;
}

static void on_error(void *arg, const struct config_error *err)
{
    struct told *t = arg;

    t->errors++;
    tell(t, "", err);
}

static void on_warning(void *arg, const struct config_error *err)
{
    struct told *t = arg;

    t->warnings++;
    tell(t, "warning ", err);
}

static struct config *parse_bytes(const char *text, size_t len, struct told *t)
{
    *t = (struct told){.in_order = true};
    struct config *cfg = config_parse(text, len, NULL, on_error, on_warning, t);
    assert_true(t->in_order);
    assert_int_equal(cfg == NULL, t->errors > 0);
    return cfg;
}

static struct config *parse(const char *text, struct told *t)
{
    return parse_bytes(text, strlen(text), t);
}

static struct config *parse_good(const char *text)
{
    struct told t;
    struct config *cfg = parse(text, &t);

    if (!cfg)
        print_message("%s", t.text);
    assert_non_null(cfg);
    return cfg;
}

/* Lines that make any file complete. */
#define ONE "[cluster.1]\nlink = can0\n[modbus.tcp]\n"

/* The sample of DESIGN.md, section Configuration, with its comments. */
static const char sample[] =
    "[hub]\n"
    "clusters = 2              ; as in the HUB tool\n"
    "modules  = 5              ; per cluster\n"
    "profile  = weco-4k4-pro\n"
    "\n"
    "[cluster.1]\n"
    "link     = can0           ; or unix:PATH, replay:FILE, sim\n"
    "protocol = auto\n"
    "\n"
    "[cluster.2]\n"
    "link     = can1\n"
    "\n"
    "[inverter.1]              ; one or two: the HUB has two inverter ports\n"
    "link     = can2\n"
    "protocol = VICTRONCAN     ; the HUB's names and ours\n"
    "\n"
    "[modbus.tcp]\n"
    "listen   = 127.0.0.1:1502\n"
    "unit     = 1\n"
    "\n"
    "[modbus.rtu]\n"
    "device   = /dev/serial/by-id/usb-FTDI_1\n"
    "baud     = 19200\n"
    "parity   = even\n"
    "unit     = 1\n";

static void the_sample_of_the_design_is_taken(void **state)
{
    struct told t;
    struct config *cfg = parse(sample, &t);

    (void)state;
    assert_non_null(cfg);
    assert_string_equal(t.text, "");
    assert_int_equal(config_num(cfg, "hub", 0, "clusters"), 2);
    assert_int_equal(config_num(cfg, "hub", 0, "modules"), 5);
    assert_string_equal(config_text(cfg, "hub", 0, "profile"), "weco-4k4-pro");
    assert_int_equal(config_choice(cfg, "hub", 0, "profile"), 0);
    assert_string_equal(config_text(cfg, "cluster", 1, "link"), "can0");
    assert_string_equal(config_text(cfg, "cluster", 2, "protocol"), "auto");
    assert_string_equal(config_text(cfg, "inverter", 1, "protocol"), "VICTRONCAN");
    assert_string_equal(config_text(cfg, "modbus.rtu", 1, "device"),
                        "/dev/serial/by-id/usb-FTDI_1");
    assert_int_equal(config_num(cfg, "modbus.rtu", 1, "baud"), 19200);
    assert_int_equal(config_choice(cfg, "modbus.rtu", 1, "parity"), 1);
    assert_true(config_has(cfg, "modbus.tcp", 1));
    assert_false(config_has(cfg, "modbus.tcp", 2));
    assert_false(config_has(cfg, "limits", 0));
    assert_true(config_is_set(cfg, "cluster", 2, "link"));
    assert_false(config_is_set(cfg, "cluster", 2, "protocol"));
    config_free(cfg);
}

static void numbers_are_told_in_small_units(void **state)
{
    static const struct {
        const char *section, *key, *text;
        int64_t num;
    } cases[] = {
        {"limits",     "charge_current_max",    "86",     86000   }, /* mA */
        {"limits",     "discharge_current_max", "0.5",    500     },
        {"limits",     "charge_current_max",    "None",   0       },
        {"limits",     "discharge_current_max", "0.1",    100     },
        {"limits",     "charge_voltage_max",    "55.25",  55250   }, /* mV */
        {"limits",     "charge_voltage_max",    "0",      0       },
        {"limits",     "rise_percent_s",        "0.1",    10      }, /* 0.01 % */
        {"limits",     "rise_percent_s",        "12.34",  1234    },
        {"limits",     "discharge_ramp",        "RAMP",   1       },
        {"sim",        "soc",                   "44.8",   4480    },
        {"log",        "level",                 "debug",  3       },
        {"log",        "level",                 "Error",  0       },
        {"hub",        "modules",               "007",    7       },
        {"cluster.1",  "capacity_ah",           "430.55", 430550  }, /* mAh */
        {"cluster.1",  "capacity_ah",           "10000",  10000000},
        {"cluster.1",  "sign",                  "-",      2       },
        {"cluster.1",  "bring_up",              "yes",    1       },
        {"cluster.1",  "bitrate",               "250000", 250000  },
        {"cluster.1",  "period",                "0.01",   10      }, /* ms */
        {"cluster.1",  "speed",                 "0.1",    100     },
        {"modbus.rtu", "silence_us",            "1750",   1750    },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char text[400];
        char section[40];
        unsigned index = 0;

        snprintf(text, sizeof(text), "%s%s[%s]\n%s%s = %s\n", "[modbus.tcp]\n",
                 strcmp(cases[i].section, "cluster.1") ? "[cluster.1]\nlink = can0\n" : "",
                 cases[i].section,
                 !strcmp(cases[i].section, "cluster.1")    ? "link = can0\n"
                 : !strcmp(cases[i].section, "modbus.rtu") ? "device = /dev/a\n"
                                                           : "",
                 cases[i].key, cases[i].text);
        print_message("  %s %s\n", cases[i].key, cases[i].text);
        struct config *cfg = parse_good(text);
        snprintf(section, sizeof(section), "%s", cases[i].section);
        if (!strcmp(section, "cluster.1")) {
            section[7] = '\0';
            index = 1;
        } else if (!strcmp(section, "modbus.rtu")) {
            index = 1;
        }
        assert_int_equal(config_num(cfg, section, index, cases[i].key), cases[i].num);
        assert_true(config_is_set(cfg, section, index, cases[i].key));
        config_free(cfg);
    }
}

/* One mistake, one message, with its line. */
static void a_mistake_is_named_with_its_line(void **state)
{
    static const struct {
        const char *what, *text, *told;
    } cases[] = {
        {"a number above its range",                             ONE "[hub]\nclusters = 9\n",
         "5: [hub] clusters: 9 is outside 1..5\n"                                                                                                                                          },
        {"a number below",                                       ONE "[hub]\nclusters = -1\n",                                "5: [hub] clusters: -1 is outside 1..5\n"                    },
        {"a range with its unit",                                ONE "[limits]\ncharge_current_max = 3000.001\n",
         "5: [limits] charge_current_max: 3000.001 is outside none or 0.1..3000 A\n"                                                                                                       },
        {"a cap of nothing",                                     ONE "[limits]\ncharge_current_max = 0\n",
         "5: [limits] charge_current_max: 0 is outside none or 0.1..3000 A\n"                                                                                                              },
        {"a cap forgotten",                                      ONE "[limits]\ncharge_current_max =\n",
         "5: [limits] charge_current_max: there is no value behind the =\n"                                                                                                                },
        {"nearly nothing",                                       ONE "[limits]\ndischarge_current_max = 0.099\n",
         "5: [limits] discharge_current_max: 0.099 is outside none or 0.1..3000 A\n"                                                                                                       },
        {"zero or a range",                                      ONE "[limits]\ncharge_voltage_max = 39.9\n",
         "5: [limits] charge_voltage_max: 39.9 is outside 0 or 40..60 V\n"                                                                                                                 },
        {"a comment with the wrong sign",                        ONE "[hub]\nmodules = 5 # five\n",
         "5: [hub] modules: \"5 # five\" is not a whole number; allowed: 1..16\n"                                                                                                          },
        {"a unit behind the number",                             ONE "[limits]\ncharge_current_max = 100A\n",
         "5: [limits] charge_current_max: \"100A\" is not a number; allowed: none or 0.1..3000 A, "
         "as 1.5 "
         "with at most 3 decimals\n"                                                                                                                                                       },
        {"an exponent",                                          ONE "[hub]\nmodules = 1e1\n",
         "5: [hub] modules: \"1e1\" is not a whole number; allowed: 1..16\n"                                                                                                               },
        {"a hexadecimal number",                                 ONE "[hub]\nmodules = 0x10\n",
         "5: [hub] modules: \"0x10\" is not a whole number; allowed: 1..16\n"                                                                                                              },
        {"a decimal comma",                                      ONE "[limits]\nrise_percent_s = 1,5\n",
         "5: [limits] rise_percent_s: \"1,5\" is not a number; allowed: 0.1..100 %/s, as 1.5 with "
         "at most 2 decimals\n"                                                                                                                                                            },
        {"a decimal where there are none",                       ONE "[hub]\nmodules = 5.0\n",
         "5: [hub] modules: \"5.0\" is not a whole number; allowed: 1..16\n"                                                                                                               },
        {"no value",                                             ONE "[hub]\nmodules =\n",
         "5: [hub] modules: there is no value behind the =\n"                                                                                                                              },
        {"only a comment for a value",                           ONE "[hub]\nmodules = ; five\n",
         "5: [hub] modules: there is no value behind the =\n"                                                                                                                              },
        {"a word that is none",                                  ONE "[log]\nlevel = loud\n",
         "5: [log] level: \"loud\" is not known; allowed: error warn info debug\n"                                                                                                         },
        {"true is not yes",                                      "[cluster.1]\nlink = can0\nbring_up = true\n[modbus.tcp]\n",
         "3: [cluster.1] bring_up: \"true\" is not known; allowed: no yes\n"                                                                                                               },
        {"a profile that is none",                               ONE "[hub]\nprofile = weco\n",
         "5: [hub] profile: \"weco\" is not known; allowed: weco-4k4-pro weco-5k3 vtac-vt12040 "
         "generic-lfp-16s or file:PATH\n"                                                                                                                                                  },
        {"a key nearly right",                                   ONE "[hub]\ncluster = 1\n",
         "5: [hub] cluster: no such option; did you mean clusters?\n"                                                                                                                      },
        {"a key in capitals",                                    ONE "[hub]\nClusters = 1\n",
         "5: [hub] Clusters: no such option; did you mean clusters?\n"                                                                                                                     },
        {"a key of another section",                             ONE "[hub]\nbaud = 9600\n",
         "5: [hub] baud: no such option here; it belongs to [modbus.rtu]\n"                                                                                                                },
        {"a key nobody knows",                                   ONE "[hub]\nelephant = 1\n",
         "5: [hub] elephant: no such option; allowed: clusters, modules, profile\n"                                                                                                        },
        {"a section nearly right",                               ONE "[limit]\nrejoin_s = 9\nnonsense = 1\n",
         "4: [limit]: no such section; did you mean [limits]?\n"                                                                                                                           },
        {"a section in capitals",                                ONE "[HUB]\n",
         "4: [HUB]: no such section; did you mean [hub]?\n"                                                                                                                                },
        {"a numbered section nearly right",                      ONE "[clusters.1]\n",
         "4: [clusters.1]: no such section; did you mean [cluster]?\n"                                                                                                                     },
        {"a section nobody knows",                               ONE "[elephant]\n",
         "4: [elephant]: no such section; allowed: hub, cluster.N, inverter.N, modbus.tcp, "
         "modbus.rtu, control, limits, relay.N, input.N, sim, log\n"                                                                                                                       },
        {"a cluster without a number",                           ONE "[cluster]\nlink = can1\n",
         "4: [cluster]: no such number; allowed: [cluster.1] to [cluster.5], [inverter.1], "
         "[inverter.2], [modbus.tcp], [modbus.tcp.2] to 4, [modbus.rtu] likewise, [relay.1] to "
         "[relay.8], [input.1] to [input.8]\n"                                                                                                                                             },
        {"a section twice",                                      ONE "[hub]\n[log]\n[hub]\nclusters = 1\n",
         "6: [hub] is here twice; the first is line 4\n"                                                                                                                                   },
        {"a key twice",                                          ONE "[hub]\nclusters = 1\nclusters = 1\n",
         "6: [hub] clusters is here twice; the first is line 5\n"                                                                                                                          },
        {"a colon for the =",                                    ONE "[hub]\nmodules: 5\n",                                   "5: \"modules: 5\": write key = value\n"                     },
        {"a line that is nothing",                               ONE "[hub]\nmodules\n",                                      "5: \"modules\": write key = value\n"                        },
        {"a value without a key",                                ONE "[hub]\n= 5\n",                                          "5: there is no key before the =\n"                          },
        {"a key before the sections",                            "modules = 5\n" ONE,
         "1: \"modules = 5\" stands before the first [section]\n"                                                                                                                          },
        {"an indented key",                                      ONE "[hub]\nmodules = 5\n  6\n",
         "6: \"6\": blanks before a key or section\n"                                                                                                                                      },
        {"an indented section",                                  ONE "[hub]\n [log]\nlevel = info\n",
         "5: \"[log]\": blanks before a key or section\n"                                                                                                                                  },
        {"a section that does not end",                          ONE "[hub\nmodules = 77\n",                                  "4: a section needs its ]\n"                                 },
        {"something behind a section",                           ONE "[hub] modules = 77\n",
         "4: nothing may follow the ] but a comment with ;\n"                                                                                                                              },
        {"quotes",                                               "[cluster.1]\nlink = \"can0\"\n[modbus.tcp]\n",
         "2: [cluster.1] link: \"\"can0\"\": no quotes, ; or # in a value; a comment begins with "
         "\" ;\"\n"                                                                                                                                                                        },
        {"a comment that sticks to the value",                   "[cluster.1]\nlink = can0;left\n[modbus.tcp]\n",
         "2: [cluster.1] link: \"can0;left\": no quotes, ; or # in a value; a comment begins with "
         "\" ;\"\n"                                                                                                                                                                        },
        {"a cluster without its link",                           "[cluster.1]\n[modbus.tcp]\n",
         "1: [cluster.1] link is missing; for example can0\n"                                                                                                                              },
        {"a cluster that is not there",                          ONE "[hub]\nclusters = 2\n",
         "5: [cluster.2] link is missing; [hub] clusters is 2\n"                                                                                                                           },
        {"no cluster under a [hub]",                             "[modbus.tcp]\n[hub]\n",
         "2: [cluster.1] link is missing; [hub] clusters is 1\n"                                                                                                                           },
        {"no cluster at all",                                    "[modbus.tcp]\n",
         "0: [cluster.1] link is missing; [hub] clusters is 1\n"                                                                                                                           },
        {"a cluster too many",                                   ONE "[cluster.2]\nlink = can1\n",
         "4: [cluster.2] but [hub] clusters is 1\n"                                                                                                                                        },
        {"an inverter without a protocol",                       ONE "[inverter.1]\nlink = can1\n",
         "4: [inverter.1] protocol is missing; allowed: pylontech victron sma PYLONCAN "
         "PYLONTECHCAN VICTRONCAN SMACAN\n"                                                                                                                                                },
        {"a line without a device",                              ONE "[modbus.rtu]\n",
         "4: [modbus.rtu] device is missing; for example /dev/serial/by-id/usb-FTDI_1\n"                                                                                                   },
        {"one port, two owners",                                 ONE "[inverter.1]\nlink = can0\nprotocol = sma\n",
         "5: [inverter.1] link: can0 is taken by [cluster.1], line 2\n"                                                                                                                    },
        {"one line, two owners",
         ONE "[modbus.rtu.2]\ndevice = /dev/a\n[modbus.rtu]\ndevice = /dev/a\n",
         "7: [modbus.rtu] device: /dev/a is taken by [modbus.rtu.2], line 5\n"                                                                                                             },
        {"one address, two listeners, one by default",
         ONE "[modbus.tcp.2]\nlisten = 127.0.0.1:1502\n",
         "5: [modbus.tcp.2] listen: 127.0.0.1:1502 is taken by [modbus.tcp], line 3\n"                                                                                                     },
        {"one address in two spellings",
         ONE "[modbus.tcp.2]\nlisten = [::1]:502\n[modbus.tcp.3]\nlisten = [0:0::1]:502\n",
         "7: [modbus.tcp.3] listen: [0:0::1]:502 is taken by [modbus.tcp.2], line 5\n"                                                                                                     },
        {"every address and one of them",
         ONE "[modbus.tcp.2]\nlisten = 0.0.0.0:1502\nallow = 127.0.0.1 10.0.0.0/8\n",
         "5: [modbus.tcp.2] listen: 0.0.0.0:1502 is taken by [modbus.tcp], line 3\n"                                                                                                       },
        {"too many modules for the profile",                     ONE "[hub]\nmodules = 9\n",
         "5: [cluster.1] modules: 9; weco-4k4-pro takes at most 8\n"                                                                                                                       },
        {"too many modules in all clusters are one mistake",
         ONE "[hub]\nmodules = 9\nclusters = 2\n[cluster.2]\nlink = can1\n",
         "5: [cluster.1] modules: 9; weco-4k4-pro takes at most 8\n"                                                                                                                       },
        {"too many in one cluster",
         "[hub]\nprofile = vtac-vt12040\n[cluster.1]\nlink = sim\nmodules = 16\n[modbus.tcp]\n",                              "5: [cluster.1] modules: 16; vtac-vt12040 takes at most 15\n"},
        {"more modules than the manuals agree on",               ONE "[hub]\nmodules = 6\n",
         "warning 5: [cluster.1] modules: 6; the manuals of weco-4k4-pro disagree above 5\n"                                                                                               },
        {"a charge voltage above the profile",                   ONE "[limits]\ncharge_voltage_max = 56.1\n",
         "5: [limits] charge_voltage_max: 56.1 V; weco-4k4-pro allows above 49.5 up to 56.0 V\n"                                                                                           },
        {"a charge voltage below the discharge end",             ONE "[limits]\ncharge_voltage_max = 49.5\n",
         "5: [limits] charge_voltage_max: 49.5 V; weco-4k4-pro allows above 49.5 up to 56.0 V\n"                                                                                           },
        {"two times in the wrong order",                         ONE "[limits]\nrejoin_s = 4\n",
         "5: [limits] rejoin_short_s: 5 is above rejoin_s, 4\n"                                                                                                                            },
        {"a link not built yet",                                 "[cluster.1]\nlink = serial:/dev/a\n[modbus.tcp]\n",
         "2: [cluster.1] link: \"serial:/dev/a\": serial: links are not built yet; batteries "
         "speak CAN here for now\n"                                                                                                                                                        },
        {"a kind without a path",                                "[cluster.1]\nlink = replay\n[modbus.tcp]\n",
         "2: [cluster.1] link: \"replay\": write a CAN interface (can0), unix:PATH, replay:FILE or "
         "sim\n"                                                                                                                                                                           },
        {"an interface name too long",                           "[cluster.1]\nlink = can0123456789abc\n[modbus.tcp]\n",
         "2: [cluster.1] link: \"can0123456789abc\": write a CAN interface (can0), unix:PATH, "
         "replay:FILE or sim\n"                                                                                                                                                            },
        {"a port without an address",                            ONE "[modbus.tcp.2]\nlisten = 1502\n",
         "5: [modbus.tcp.2] listen: \"1502\" is not ADDRESS:PORT; write 127.0.0.1:1502, "
         "0.0.0.0:502 or [::1]:1502\n"                                                                                                                                                     },
        {"a port that is none",                                  ONE "[modbus.tcp.2]\nlisten = 10.0.0.1:65536\n",
         "5: [modbus.tcp.2] listen: \"10.0.0.1:65536\" is not ADDRESS:PORT; write "
         "127.0.0.1:1502, 0.0.0.0:502 or [::1]:1502\n"                                                                                                                                     },
        {"port zero",                                            ONE "[modbus.tcp.2]\nlisten = [::1]:0\n",
         "5: [modbus.tcp.2] listen: \"[::1]:0\" is not ADDRESS:PORT; write 127.0.0.1:1502, "
         "0.0.0.0:502 or [::1]:1502\n"                                                                                                                                                     },
        {"an IPv6 address without brackets",                     ONE "[modbus.tcp.2]\nlisten = ::1:1502\n",
         "5: [modbus.tcp.2] listen: \"::1:1502\" is not ADDRESS:PORT; write 127.0.0.1:1502, "
         "0.0.0.0:502 or [::1]:1502\n"                                                                                                                                                     },
        {"a host in a block's place",                            ONE "allow = 192.168.1.7/24\n",
         "4: [modbus.tcp] allow: \"192.168.1.7/24\" has bits set beyond its prefix; write "
         "192.168.1.0/24, not 192.168.1.7/24\n"                                                                                                                                            },
        {"a block that is none",                                 ONE "allow = ::1, 10.0.0.0/33\n",
         "4: [modbus.tcp] allow: \"10.0.0.0/33\" is not an address block; write 192.168.1.0/24, "
         "10.0.0.7 or fd00::/8\n"                                                                                                                                                          },
        {"a prefix below zero",                                  ONE "allow = 10.0.0.0/-1\n",
         "4: [modbus.tcp] allow: \"10.0.0.0/-1\" is not an address block; write 192.168.1.0/24, "
         "10.0.0.7 or fd00::/8\n"                                                                                                                                                          },
        {"IPv6 with 129 bits",                                   ONE "allow = ::/129\n",
         "4: [modbus.tcp] allow: \"::/129\" is not an address block; write 192.168.1.0/24, "
         "10.0.0.7 or fd00::/8\n"                                                                                                                                                          },
        {"a block without its number",                           ONE "allow = 10.0.0.0/\n",
         "4: [modbus.tcp] allow: \"10.0.0.0/\" is not an address block; write 192.168.1.0/24, "
         "10.0.0.7 or fd00::/8\n"                                                                                                                                                          },
        {"IPv4 with the bits of IPv6",                           ONE "allow = 10.0.0.0/64\n",
         "4: [modbus.tcp] allow: \"10.0.0.0/64\" is not an address block; write 192.168.1.0/24, "
         "10.0.0.7 or fd00::/8\n"                                                                                                                                                          },
        {"a host in a quarter",                                  ONE "allow = 192.168.1.1/26\n",
         "4: [modbus.tcp] allow: \"192.168.1.1/26\" has bits set beyond its prefix; write "
         "192.168.1.0/24, not 192.168.1.7/24\n"                                                                                                                                            },
        {"the last bit beyond a /63",                            ONE "allow = fd00:0:0:1::/63\n",
         "4: [modbus.tcp] allow: \"fd00:0:0:1::/63\" has bits set beyond its prefix; write "
         "192.168.1.0/24, not 192.168.1.7/24\n"                                                                                                                                            },
        {"a device that is no path",                             ONE "[modbus.rtu]\ndevice = ttyUSB0\n",
         "5: [modbus.rtu] device: \"ttyUSB0\" is not the path of a device; write "
         "/dev/serial/by-id/usb-FTDI_1\n"                                                                                                                                                  },
        {"six states of charge for five clusters",               ONE "[sim]\nsoc = 1 2 3 4 5 6\n",
         "5: [sim] soc: 6 numbers; allowed: 1 to 5\n"                                                                                                                                      },
        {"one of them too high",                                 ONE "[sim]\nsoc = 50, 101\n",
         "5: [sim] soc: 101 is outside 0..100 %\n"                                                                                                                                         },
        {"a name that goes by plugging",                         ONE "[modbus.rtu]\ndevice = /dev/ttyUSB0\n",
         "warning 5: [modbus.rtu] device: /dev/ttyUSB0 may be another device after a restart; use "
         "its name in /dev/serial/by-id\n"                                                                                                                                                 },
        {"nobody can read",                                      "[cluster.1]\nlink = can0\n",
         "warning 0: no [modbus.tcp] or [modbus.rtu]: nobody can read the registers\n"                                                                                                     },
        {"everybody can read",                                   ONE "listen = 0.0.0.0:1502\n",
         "warning 4: [modbus.tcp] listens on 0.0.0.0:1502 without allow: everybody who reaches it "
         "can read\n"                                                                                                                                                                      },
        {"a replay's word on a bus",                             "[cluster.1]\nlink = can0\nspeed = 2\n[modbus.tcp]\n",
         "warning 3: [cluster.1] speed does nothing: the link is can\n"                                                                                                                    },
        {"a word about a missing thing is not a second mistake",
         "[cluster.1]\nlink = can/0\n[modbus.tcp]\n",                                                                         "2: [cluster.1] link: \"can/0\": write a CAN interface (can0), unix:PATH, replay:FILE or "
         "sim\n"                                                                                                                      },
        {"a bad count is not a missing cluster",
         ONE "[cluster.2]\nlink = can1\n[hub]\nclusters = x\n",
         "7: [hub] clusters: \"x\" is not a whole number; allowed: 1..5\n"                                                                                                                 },
        {"a carriage return inside",                             ONE "[hub]\nmodules\r = 5\n",
         "5: a carriage return inside the line; end lines with LF\n"                                                                                                                       },
        {"a letter from elsewhere",                              ONE "[hub]\nmod\xC3\xBCles = 5\n",
         "5: byte 0xC3 at column 4; only comments take other than ASCII letters\n"                                                                                                         },
        {"a control character in a comment",                     ONE "; bell \a\n",                                           "4: byte 0x07 at column 8\n"                                 },
        {"all of them, in order",
         "[hub]\nclusters = 9\nmodules = x\n[cluster.1]\nspeed = 0\n[elephant]\n[log]\nlevel = 1\n",                          "2: [hub] clusters: 9 is outside 1..5\n"
         "3: [hub] modules: \"x\" is not a whole number; allowed: 1..16\n"
         "4: [cluster.1] link is missing; for example can0\n"
         "5: [cluster.1] speed: 0 is outside 0.1..1000\n"
         "6: [elephant]: no such section; allowed: hub, cluster.N, inverter.N, modbus.tcp, "
         "modbus.rtu, control, limits, relay.N, input.N, sim, log\n"
         "8: [log] level: \"1\" is not known; allowed: error warn info debug\n"
         "warning 0: no [modbus.tcp] or [modbus.rtu]: nobody can read the registers\n" },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct told t;

        print_message("  %s\n", cases[i].what);
        config_free(parse(cases[i].text, &t));
        assert_string_equal(t.text, cases[i].told);
    }
}

static void an_allow_list_without_this_machine_is_told(void **state)
{
    static const char head[] = "[hub]\n[cluster.1]\nlink = can0\n[modbus.tcp]\n"
                               "listen = 0.0.0.0:1502\n";
    static const struct {
        const char *allow;
        bool told;
    } cases[] = {
        {"10.0.0.0/8",             true },
        {"10.0.0.0/8 127.0.0.1",   false},
        {"127.0.0.0/8 10.0.0.0/8", false},
        {"0.0.0.0/0",              false},
        {"::1",                    true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char text[200];
        struct told t;

        print_message("  %s\n", cases[i].allow);
        snprintf(text, sizeof(text), "%sallow = %s\n", head, cases[i].allow);
        config_free(parse(text, &t));
        assert_true((strstr(t.text, "leaves out 127.0.0.1") != NULL) == cases[i].told);
    }
}

/* A model or a log left in the file of a real site. */
static void invented_beside_real_is_told(void **state)
{
    static const struct {
        const char *what, *links[3], *told;
    } cases[] = {
        {"a model sets a real inverter",
         {"sim", "", "can1"},
         "warning 4: [cluster.1] simulated or replayed beside real [inverter.1]: an invented "
         "battery "
         "sets the limits of a real inverter\n"                             },
        {"a log beside a real cluster",
         {"can0", "replay:a", "can1"},
         "warning 6: [cluster.2] simulated or replayed beside real [cluster.1] [inverter.1]: an "
         "invented battery sets the limits of a real inverter\n"            },
        {"two of them",
         {"replay:a", "sim", "can1"},
         "warning 4: [cluster.1] [cluster.2] simulated or replayed beside real [inverter.1]: an "
         "invented battery sets the limits of a real inverter\n"            },
        {"only registers",
         {"can0", "sim", ""},
         "warning 6: [cluster.2] simulated or replayed beside real [cluster.1]: invented values "
         "mix "
         "with real ones\n"                                                 },
        {"the other way round",
         {"can0", "", "replay:a"},
         "warning 6: [inverter.1] simulated or replayed beside real [cluster.1]: invented values "
         "mix "
         "with real ones\n"                                                 },
        {"a socket may be either",       {"unix:/a", "sim", "unix:/b"},   ""},
        {"all invented",                 {"replay:a", "replay:a", "sim"}, ""},
        {"all real",                     {"can0", "can1", "can2"},        ""},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const char *const *links = cases[i].links;
        char text[400];
        struct told t;

        print_message("  %s\n", cases[i].what);
        snprintf(text, sizeof(text), "[hub]\nclusters = %d\n[cluster.1]\nlink = %s\n%s%s%s%s%s%s",
                 *links[1] ? 2 : 1, links[0], *links[1] ? "[cluster.2]\nlink = " : "", links[1],
                 *links[1] ? "\n" : "", *links[2] ? "[inverter.1]\nlink = " : "", links[2],
                 *links[2] ? "\nprotocol = sma\n" : "");
        strcat(text, "[modbus.tcp]\n");
        config_free(parse(text, &t));
        assert_string_equal(t.text, cases[i].told);
    }
}

/* One thing outside, written in two ways. */
static void a_path_has_many_spellings(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"/tmp/a",   "/tmp/a",       true },
        {"/tmp/a",   "/tmp//a",      true },
        {"/tmp/a",   "//tmp/a",      true },
        {"/tmp/a",   "/tmp/./a",     true },
        {"/./tmp/a", "/tmp//.//./a", true },
        {"/tmp/a",   "/tmp/.a",      false},
        {"/tmp/a.",  "/tmp/a",       false},
        {"/tmp/a",   "/tmp/b",       false},
        {"/tmp/a/b", "/tmp/ab",      false},
        {"/tmp/..a", "/tmp/a",       false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char text[400];
        struct told t;

        print_message("  %s and %s\n", cases[i].a, cases[i].b);
        snprintf(text, sizeof(text),
                 "[hub]\nclusters = 2\n[modbus.tcp]\n[cluster.1]\nlink = unix:%s\n"
                 "[cluster.2]\nlink = unix:%s\n",
                 cases[i].a, cases[i].b);
        config_free(parse(text, &t));
        assert_int_equal(strstr(t.text, "is taken by [cluster.1], line 5") != NULL, cases[i].same);
        snprintf(text, sizeof(text), ONE "[modbus.rtu]\ndevice = %s\n[modbus.rtu.2]\ndevice = %s\n",
                 cases[i].a, cases[i].b);
        config_free(parse(text, &t));
        assert_int_equal(strstr(t.text, "is taken by [modbus.rtu], line 5") != NULL, cases[i].same);
    }
    struct told t;
    config_free(parse("[hub]\nclusters = 2\n[modbus.tcp]\n[cluster.1]\nlink = unix:a\n"
                      "[cluster.2]\nlink = unix:.//a\n",
                      &t));
    assert_string_equal(t.text, "7: [cluster.2] link: unix:.//a is taken by [cluster.1], line 5\n");
}

/* What inih takes without a word (reliability notes on inih r55): refused here. */
static void raw_bytes_are_judged_before_the_library(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t len;
        const char *told;
    } cases[] = {
#define BYTES(s) s, sizeof(s) - 1
        {"empty",          BYTES(""),                                                 "0: no [section] in the file: nothing is configured\n"},
        {"only comments",  BYTES("; all asleep\n# x"),
                                         "0: no [section] in the file: nothing is configured\n"                                                                             },
        {"only blanks",    BYTES("\n \n\t\n"),                                        "0: no [section] in the file: nothing is configured\n"},
        {"UTF-16",         BYTES("\xFF\xFE[\0h\0"),                                   "0: the file is UTF-16; save it as UTF-8\n"           },
        {"UTF-16, big",    BYTES("\xFE\xFF\0[\0h"),                                   "0: the file is UTF-16; save it as UTF-8\n"           },
        {"only CR",        BYTES("[hub]\rmodules = 5\r"),                             "0: the lines end with CR; end them with LF\n"        },
        {"NUL",            BYTES(ONE "[hub]\nmodules = 5\0 7\n"),                     "5: byte 0x00 at column 12\n"                         },
        {"a long section",
                                         BYTES(ONE "[cluster.1.................................................]\n"),
                                         "4: the section's name is longer than 49 characters\n"                                                                             },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct told t;

        print_message("  %s\n", cases[i].what);
        config_free(parse_bytes(cases[i].bytes, cases[i].len, &t));
        assert_string_equal(t.text, cases[i].told);
    }
}

static void a_byte_order_mark_and_windows_line_ends_are_fine(void **state)
{
    struct config *cfg =
        parse_good("\xEF\xBB\xBF[hub]\r\nmodules = 4 ; caf\xC3\xA9\r\n\r\n[cluster.1]\r\n"
                   "link = can0\r\n[modbus.tcp]");

    (void)state;
    assert_int_equal(config_num(cfg, "hub", 0, "modules"), 4);
    assert_string_equal(config_text(cfg, "cluster", 1, "link"), "can0");
    config_free(cfg);
}

/* The library would make a key of what lies behind 199 characters. */
static void a_line_has_190_characters(void **state)
{
    (void)state;
    for (size_t len = 185; len < 420; len++) {
        char text[600] = ONE "[hub]\nmodules = 5 ;";
        size_t start = strlen(text) - strlen("modules = 5 ;");
        struct told t;

        while (strlen(text) < start + len)
            strcat(text, "x");
        memcpy(text + start + len - 12, "modules = 16", 12);
        config_free(parse(text, &t));
        assert_int_equal(t.errors, len > 190);
        if (len > 190)
            assert_non_null(strstr(t.text, "a line has at most 190"));
    }
}

static void a_long_comment_is_a_comment(void **state)
{
    char text[900] = ONE "; ";

    (void)state;
    for (int i = 0; i < 30; i++)
        strcat(text, "clusters = 9 and so on ");
    config_free(parse_good(text));
}

static void a_value_has_159_characters(void **state)
{
    char text[400] = "[modbus.tcp]\n[cluster.1]\nlink = replay:";
    size_t start = strlen(text) - strlen("replay:");
    struct told t;

    (void)state;
    while (strlen(text) < start + 159)
        strcat(text, "x");
    struct config *cfg = parse_good(text);
    assert_int_equal(strlen(config_text(cfg, "cluster", 1, "link")), 159);
    config_free(cfg);
    strcat(text, "x");
    assert_null(parse(text, &t));
    assert_string_equal(t.text, "3: [cluster.1] link: longer than 159 characters\n");
}

static void mistakes_beyond_the_room_are_counted(void **state)
{
    char text[8000] = ONE "[hub]\n";
    struct told t;

    (void)state;
    for (int i = 0; i < 150; i++)
        strcat(text, "nonsense = 1\n");
    assert_null(parse(text, &t));
    assert_int_equal(t.errors, 101);
    assert_non_null(strstr(t.text, "0: and 50 more mistakes or warnings\n"));
}

static void links_are_split(void **state)
{
    static const struct {
        const char *text, *kind, *target;
    } cases[] = {
        {"can0",                    "can",    "can0"           },
        {"vcan-a.1",                "can",    "vcan-a.1"       },
        {"sim",                     "sim",    ""               },
        {"unix:/run/hubgate/c1",    "unix",   "/run/hubgate/c1"},
        {"replay:logs/a b:c.log",   "replay", "logs/a b:c.log" },
        {"replay:",                 NULL,     NULL             },
        {"unix",                    NULL,     NULL             },
        {"",                        NULL,     NULL             },
        {"slcan:/dev/ttyACM0",      NULL,     NULL             },
        {"cannelloni:10.0.0.2:555", NULL,     NULL             },
        {"serial:/dev/ttyS0",       NULL,     NULL             },
        {"usb:1",                   NULL,     NULL             },
        {"can 0",                   NULL,     NULL             },
        {"-can0",                   NULL,     NULL             },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct config_link link;
        const char *why = NULL;
        bool good = config_link(cases[i].text, &link, &why);

        print_message("  %s\n", cases[i].text);
        assert_int_equal(good, cases[i].kind != NULL);
        if (good) {
            assert_string_equal(link.kind, cases[i].kind);
            assert_string_equal(link.target, cases[i].target);
        } else {
            assert_non_null(why);
        }
    }
}

/* The shortest, the longest, and blocks that end inside a byte. */
static void blocks_of_every_size_are_taken(void **state)
{
    static const struct {
        const char *text;
        unsigned bits, at, byte;
    } cases[] = {
        {"0.0.0.0/0",        0,   0,  0   },
        {"128.0.0.0/1",      1,   0,  128 },
        {"192.168.1.64/26",  26,  3,  64  },
        {"192.168.1.254/31", 31,  3,  254 },
        {"192.168.1.255/32", 32,  3,  255 },
        {"::/0",             0,   0,  0   },
        {"fd00:0:0:1::/64",  64,  7,  1   },
        {"fd00:0:0:2::/63",  63,  7,  2   },
        {"::fffe/127",       127, 15, 0xFE},
        {"::1/128",          128, 15, 1   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct config_cidr c;
        struct config *cfg;
        char ini[200];

        print_message("  %s\n", cases[i].text);
        snprintf(ini, sizeof(ini), ONE "allow = %s\n", cases[i].text);
        cfg = parse_good(ini);
        assert_true(config_cidr(cfg, "modbus.tcp", 1, "allow", 0, &c));
        assert_int_equal(c.bits, cases[i].bits);
        assert_int_equal(c.addr[cases[i].at], cases[i].byte);
        config_free(cfg);
    }
}

static void lists_are_told_entry_by_entry(void **state)
{
    struct config *cfg = parse_good(ONE "allow = 10.0.0.0/8,192.168.1.7 , ::1 fd00::/8\n"
                                        "[sim]\nsoc = 44.8, 51.6\n");
    struct config_cidr c;
    int64_t n;

    (void)state;
    assert_true(config_cidr(cfg, "modbus.tcp", 1, "allow", 0, &c));
    assert_false(c.ipv6);
    assert_int_equal(c.bits, 8);
    assert_int_equal(c.addr[0], 10);
    assert_true(config_cidr(cfg, "modbus.tcp", 1, "allow", 1, &c));
    assert_int_equal(c.bits, 32);
    assert_int_equal(c.addr[3], 7);
    assert_true(config_cidr(cfg, "modbus.tcp", 1, "allow", 2, &c));
    assert_true(c.ipv6);
    assert_int_equal(c.bits, 128);
    assert_int_equal(c.addr[15], 1);
    assert_true(config_cidr(cfg, "modbus.tcp", 1, "allow", 3, &c));
    assert_int_equal(c.addr[0], 0xFD);
    assert_false(config_cidr(cfg, "modbus.tcp", 1, "allow", 4, &c));
    assert_false(config_cidr(cfg, "modbus.tcp", 2, "allow", 0, &c));
    assert_true(config_nth(cfg, "sim", 0, "soc", 0, &n));
    assert_int_equal(n, 4480);
    assert_true(config_nth(cfg, "sim", 0, "soc", 1, &n));
    assert_int_equal(n, 5160);
    assert_false(config_nth(cfg, "sim", 0, "soc", 2, &n));
    config_free(cfg);
}

static void an_unset_profile_of_a_cluster_is_no_profile(void **state)
{
    struct config *cfg = parse_good(ONE);

    (void)state;
    assert_string_equal(config_text(cfg, "cluster", 1, "profile"), "");
    assert_int_equal(config_choice(cfg, "cluster", 1, "profile"), UINT_MAX);
    assert_int_equal(config_num(cfg, "cluster", 1, "modules"), 0);
    assert_string_equal(config_text(cfg, "inverter", 1, "protocol"), "");
    assert_string_equal(config_text(cfg, "cluster", 2, "link"), "");
    config_free(cfg);
}

static void a_changed_option_asks_for_a_restart_unless_live(void **state)
{
    static const struct {
        const char *what, *a, *b, *first;
    } cases[] = {
        {"nothing",                   ONE,                        ONE,                                        NULL               },
        {"a default spelt out",       ONE,                        ONE "[hub]\nclusters = 1\n",                NULL               },
        {"another spelling",          ONE "[sim]\nday_s = 600\n", ONE "[sim]\nday_s = 0600\n",                NULL               },
        {"live options only",         ONE,                        ONE "[limits]\nrejoin_s = 40\n",            NULL               },
        {"the first of two",          ONE,                        ONE "unit = 2\n[hub]\nmodules = 4\n",       "[hub] modules"    },
        {"a listener more",           ONE,                        ONE "[modbus.tcp.2]\nlisten = [::1]:502\n", "[modbus.tcp.2]"   },
        {"a control socket",          ONE,                        ONE "[control]\n",                          "[control]"        },
        {"an empty section",          ONE,                        ONE "[limits]\n[sim]\n[log]\n",             NULL               },
        {"another unit",              ONE,                        ONE "unit = 2\n",                           "[modbus.tcp] unit"},
        {"another simulated battery", ONE,                        ONE "[sim]\nsoc = 60 50\n",                 "[sim] soc"        },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct config *a = parse_good(cases[i].a);
        struct config *b = parse_good(cases[i].b);
        char first[100] = "";

        print_message("  %s\n", cases[i].what);
        assert_int_equal(config_needs_restart(a, b, first, sizeof(first)), cases[i].first != NULL);
        assert_string_equal(first, cases[i].first ? cases[i].first : "");
        assert_int_equal(config_needs_restart(b, a, first, sizeof(first)), cases[i].first != NULL);
        config_free(a);
        config_free(b);
    }
}

/* The library may be told nothing and must not be asked twice. */
static void nobody_has_to_listen(void **state)
{
    (void)state;
    assert_null(config_parse("[nonsense]", 10, NULL, NULL, NULL, NULL));
    assert_null(config_parse(NULL, 0, NULL, NULL, NULL, NULL));
    config_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_of_the_design_is_taken),
        cmocka_unit_test(numbers_are_told_in_small_units),
        cmocka_unit_test(a_mistake_is_named_with_its_line),
        cmocka_unit_test(an_allow_list_without_this_machine_is_told),
        cmocka_unit_test(invented_beside_real_is_told),
        cmocka_unit_test(a_path_has_many_spellings),
        cmocka_unit_test(raw_bytes_are_judged_before_the_library),
        cmocka_unit_test(a_byte_order_mark_and_windows_line_ends_are_fine),
        cmocka_unit_test(a_line_has_190_characters),
        cmocka_unit_test(a_long_comment_is_a_comment),
        cmocka_unit_test(a_value_has_159_characters),
        cmocka_unit_test(mistakes_beyond_the_room_are_counted),
        cmocka_unit_test(links_are_split),
        cmocka_unit_test(blocks_of_every_size_are_taken),
        cmocka_unit_test(lists_are_told_entry_by_entry),
        cmocka_unit_test(an_unset_profile_of_a_cluster_is_no_profile),
        cmocka_unit_test(a_changed_option_asks_for_a_restart_unless_live),
        cmocka_unit_test(nobody_has_to_listen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
