/* [relay.N] and [input.N]: what is taken, and what is refused. */
#include "check.h"

#include "told_config.h"

/* Two clusters in six lines: what follows begins with line 7. */
#define TWO                                                                                        \
    "[hub]\nclusters = 2\n[cluster.1]\nlink = can0\n[cluster.2]\nlink = can1\n" /* 6 lines */

#define READ "[modbus.tcp]\n"

static void relays_and_inputs_are_taken(void **state)
{
    struct config *cfg = parse(TWO "[relay.1]\nfunction = low_soc\ngpio = gpiochip0:17\n"
                                   "invert = yes\nsoc_on = 10.5\nsoc_off = 11\n"
                                   "[relay.8]\nfunction = CLUSTER_2_OFF\n"
                                   "[input.1]\nfunction = stop\ngpio = gpiochip0:0\n"
                                   "[input.8]\nfunction = fire\ngpio = pinctrl-bcm2711:1023\n"
                                   "debounce_ms = 0\n" READ);

    (void)state;
    assert_string_equal(told, "");
    assert_non_null(cfg);
    assert_true(config_has(cfg, "relay", 1));
    assert_false(config_has(cfg, "relay", 2));
    assert_string_equal(config_text(cfg, "relay", 1, "function"), "low_soc");
    assert_string_equal(config_text(cfg, "relay", 1, "gpio"), "gpiochip0:17");
    assert_int_equal(config_choice(cfg, "relay", 1, "invert"), 1);
    assert_int_equal(config_num(cfg, "relay", 1, "soc_on"), 1050); /* 0.01 % */
    assert_int_equal(config_num(cfg, "relay", 1, "soc_off"), 1100);
    assert_string_equal(config_text(cfg, "relay", 8, "function"), "cluster_2_off");
    assert_string_equal(config_text(cfg, "relay", 8, "gpio"), "");
    assert_int_equal(config_num(cfg, "relay", 8, "soc_on"), 2000);
    assert_int_equal(config_num(cfg, "relay", 8, "soc_off"), 3000);
    assert_int_equal(config_num(cfg, "input", 1, "debounce_ms"), 20);
    assert_int_equal(config_num(cfg, "input", 8, "debounce_ms"), 0);
    assert_int_equal(config_choice(cfg, "input", 8, "invert"), 0);
    config_free(cfg);
}

static void a_line_of_a_chip_has_two_parts(void **state)
{
    static const struct {
        const char *text, *chip; /* NULL: none */
        unsigned line;
    } cases[] = {
        {"gpiochip0:17",                       "gpiochip0",                       17  },
        {"gpiochip12:0",                       "gpiochip12",                      0   },
        {"pinctrl-bcm2711:1023",               "pinctrl-bcm2711",                 1023},
        {"20200000.gpio_1:007",                "20200000.gpio_1",                 7   },
        {"a234567890123456789012345678901:1",  "a234567890123456789012345678901", 1   },
        {"a2345678901234567890123456789012:1", NULL,                              0   },
        {"gpiochip0:1024",                     NULL,                              0   },
        {"gpiochip0:-1",                       NULL,                              0   },
        {"gpiochip0:",                         NULL,                              0   },
        {"gpiochip0",                          NULL,                              0   },
        {":17",                                NULL,                              0   },
        {"17",                                 NULL,                              0   },
        {"/dev/gpiochip0:17",                  NULL,                              0   },
        {"gpio chip:17",                       NULL,                              0   },
        {"gpiochip0:1:7",                      NULL,                              0   },
        {"gpiochip0:1 ",                       NULL,                              0   },
        {"-a:1",                               NULL,                              0   },
        {".a:1",                               NULL,                              0   },
        {"",                                   NULL,                              0   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct config_gpio gpio = {.chip = "as before", .line = 5};

        print_message("  \"%s\"\n", cases[i].text);
        assert_int_equal(config_gpio(cases[i].text, &gpio), cases[i].chip != NULL);
        assert_string_equal(gpio.chip, cases[i].chip ? cases[i].chip : "as before");
        assert_int_equal(gpio.line, cases[i].chip ? cases[i].line : 5);
    }
}

static void a_mistake_is_named_with_its_line(void **state)
{
    static const struct {
        const char *what, *text, *told;
    } cases[] = {
        {"a relay without a function",                              "[relay.1]\n",
         "7: [relay.1] function is missing; allowed: soc_led1 soc_led2 soc_led3 soc_led4 power "
         "fault low_soc charge_allowed discharge_allowed cluster_1_off cluster_2_off "
         "cluster_3_off cluster_4_off cluster_5_off running\n"                                                                                                                                         },
        {"a function nobody knows",                                 "[relay.1]\nfunction = bell\n",
         "8: [relay.1] function: \"bell\" is not known; allowed: soc_led1 soc_led2 soc_led3 "
         "soc_led4 power fault low_soc charge_allowed discharge_allowed cluster_1_off "
         "cluster_2_off cluster_3_off cluster_4_off cluster_5_off running\n"                                                                                                                           },
        {"an input without a function",                             "[input.2]\ngpio = gpiochip0:1\n",
         "7: [input.2] function is missing; allowed: stop reset cluster_1_open cluster_2_open "
         "cluster_3_open cluster_4_open cluster_5_open fire\n"                                                                                                                                         },
        {"an input without a gpio",                                 "[input.2]\nfunction = stop\n",
         "7: [input.2] gpio is missing; for example gpiochip0:27\n"                                                                                                                                    },
        {"a gpio that is none",                                     "[relay.1]\nfunction = power\ngpio = 17\n",
         "9: [relay.1] gpio: \"17\" is not CHIP:LINE; write gpiochip0:17\n"                                                                                                                            },
        {"a ninth relay",                                           "[relay.9]\nfunction = power\n",
         "7: [relay.9]: no such number; allowed: [cluster.1] to [cluster.5], [inverter.1], "
         "[inverter.2], [modbus.tcp], [modbus.tcp.2] to 4, [modbus.rtu] likewise, [relay.1] to "
         "[relay.8], [input.1] to [input.8]\n"                                                                                                                                                         },
        {"one line for two relays",
         "[relay.1]\nfunction = power\ngpio = gpiochip0:17\n"
         "[relay.2]\nfunction = fault\ngpio = gpiochip0:017\n",                                                                     "12: [relay.2] gpio: gpiochip0:017 is taken by [relay.1], line 9\n"},
        {"one line for a relay and an input",
         "[input.1]\nfunction = stop\ngpio = gpiochip0:4\n"
         "[relay.2]\nfunction = fault\ngpio = gpiochip0:4\n",                                                                       "12: [relay.2] gpio: gpiochip0:4 is taken by [input.1], line 9\n"  },
        {"the same line of another chip, another line of the same",
         "[input.1]\nfunction = stop\ngpio = gpiochip0:4\n"
         "[relay.1]\nfunction = fault\ngpio = gpiochip1:4\n"
         "[relay.2]\nfunction = fault\ngpio = gpiochip0:5\n",                                                                       ""                                                                 },
        {"relays without a gpio share nothing",
         "[relay.1]\nfunction = fault\n[relay.2]\nfunction = fault\n",                                                              ""                                                                 },
        {"a cluster that is not there",                             "[relay.1]\nfunction = cluster_3_off\n",
         "8: [relay.1] function: cluster_3_off but [hub] clusters is 2\n"                                                                                                                              },
        {"the last cluster that is",                                "[relay.1]\nfunction = cluster_2_off\n",                        ""                                                                 },
        {"an input of a cluster that is not there",
         "[input.1]\nfunction = cluster_5_open\ngpio = a:1\n",                                                                      "8: [input.1] function: cluster_5_open but [hub] clusters is 2\n"  },
        {"levels that are one",                                     "[relay.1]\nfunction = low_soc\nsoc_on = 30\n",
         "9: [relay.1] soc_on: 30 has to be below soc_off, 30\n"                                                                                                                                       },
        {"levels the wrong way round",
         "[relay.1]\nfunction = low_soc\nsoc_off = 19.99\nsoc_on = 20\n",                                                           "10: [relay.1] soc_on: 20 has to be below soc_off, 19.99\n"        },
        {"levels that just differ",                                 "[relay.1]\nfunction = low_soc\nsoc_off = 20.01\n",             ""                                                                 },
        {"a level of another function",                             "[relay.1]\nfunction = fault\nsoc_on = 99\n",
         "warning 9: [relay.1] soc_on does nothing: the function is fault\n"                                                                                                                           },
        {"the other level",                                         "[relay.1]\nfunction = power\nsoc_off = 1\n",
         "warning 9: [relay.1] soc_off does nothing: the function is power\n"                                                                                                                          },
        {"a bad level is one mistake",                              "[relay.1]\nfunction = low_soc\nsoc_on = 101\n",
         "9: [relay.1] soc_on: 101 is outside 0..100 %\n"                                                                                                                                              },
        {"invert of nothing",                                       "[relay.1]\nfunction = power\ninvert = yes\n",
         "warning 9: [relay.1] invert does nothing: there is no gpio\n"                                                                                                                                },
        {"a bounce that never ends",                                "[input.1]\nfunction = stop\ngpio = a:1\ndebounce_ms = 1001\n",
         "10: [input.1] debounce_ms: 1001 is outside 0..1000 ms\n"                                                                                                                                     },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char text[600];

        print_message("  %s\n", cases[i].what);
        snprintf(text, sizeof(text), "%s%s%s", TWO, cases[i].text, READ);
        struct config *cfg = parse(text);
        assert_string_equal(told, cases[i].told);
        assert_int_equal(cfg != NULL, !*told || strncmp(told, "warning", 7) == 0);
        config_free(cfg);
    }
}

static void only_the_levels_of_a_relay_are_live(void **state)
{
    static const struct {
        const char *lines, *restart; /* NULL: a reload takes it */
    } cases[] = {
        {"function = low_soc\ngpio = a:1\n",               NULL                },
        {"function = low_soc\ngpio = a:1\nsoc_on = 10\n",  NULL                },
        {"function = low_soc\ngpio = a:1\nsoc_off = 90\n", NULL                },
        {"function = low_soc\ngpio = a:2\n",               "[relay.1] gpio"    },
        {"function = low_soc\ngpio = a:1\ninvert = yes\n", "[relay.1] invert"  },
        {"function = power\ngpio = a:1\n",                 "[relay.1] function"},
    };
    struct config *was = parse(TWO READ "[relay.1]\nfunction = low_soc\ngpio = a:1\n");

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char text[400], what[80] = "";

        print_message("  %s", cases[i].lines);
        snprintf(text, sizeof(text), "%s%s[relay.1]\n%s", TWO, READ, cases[i].lines);
        struct config *now = parse(text);
        assert_int_equal(config_needs_restart(was, now, what, sizeof(what)),
                         cases[i].restart != NULL);
        assert_string_equal(what, cases[i].restart ? cases[i].restart : "");
        config_free(now);
    }
    config_free(was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relays_and_inputs_are_taken),
        cmocka_unit_test(a_line_of_a_chip_has_two_parts),
        cmocka_unit_test(a_mistake_is_named_with_its_line),
        cmocka_unit_test(only_the_levels_of_a_relay_are_live),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
