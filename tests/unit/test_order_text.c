/* Orders as people type them. */
#include "check.h"

#include <string.h>

#include "model/order_text.h"

static void orders(void **state)
{
    static const struct {
        const char *text;
        enum command command;
        uint8_t cluster;
        bool release, isolated;
    } cases[] = {
        {"reset",              COMMAND_RESET,        0, false, false},
        {"reset all",          COMMAND_RESET,        0, false, false},
        {"reset 1",            COMMAND_RESET,        1, false, false},
        {"reset 5",            COMMAND_RESET,        5, false, false},
        {"exclude 3",          COMMAND_EXCLUDE,      3, false, false},
        {"exclude 3 isolated", COMMAND_EXCLUDE,      3, false, true },
        {"include 2",          COMMAND_EXCLUDE,      2, true,  false},
        {"stop",               COMMAND_STOP,         0, false, false},
        {"release",            COMMAND_STOP,         0, true,  false},
        {"force-charge",       COMMAND_FORCE_CHARGE, 0, false, false},
        {"force-charge off",   COMMAND_FORCE_CHARGE, 0, true,  false},
        {"  exclude \t 3\r",   COMMAND_EXCLUDE,      3, false, false},
        {"stop\r",             COMMAND_STOP,         0, false, false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct hub_order o = {.value = 99};

        print_message("  \"%s\"\n", cases[i].text);
        assert_null(order_parse(cases[i].text, strlen(cases[i].text), &o));
        assert_int_equal(o.command, cases[i].command);
        assert_int_equal(o.cluster, cases[i].cluster);
        assert_int_equal(o.release, cases[i].release);
        assert_int_equal(o.isolated, cases[i].isolated);
        assert_int_equal(o.value, 0);
        assert_int_equal(o.key, 0);
        assert_int_equal(o.from.owner, OWNER_NOBODY);
    }
}

static void what_is_no_order(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"",                     "no such order"  },
        {"   ",                  "no such order"  },
        {"resett",               "no such order"  },
        {"Stop",                 "no such order"  },
        {"reset 0",              "no such cluster"},
        {"reset 6",              "no such cluster"},
        {"reset 11",             "no such cluster"},
        {"reset -1",             "no such cluster"},
        {"reset 1 2",            "too many words" },
        {"reset all 2",          "too many words" },
        {"exclude",              "is missing"     },
        {"exclude 6",            "no such cluster"},
        {"exclude all",          "no such cluster"},
        {"exclude 3 open",       "isolated"       },
        {"exclude 3 isolated 4", "too many words" },
        {"include",              "is missing"     },
        {"include 2 isolated",   "too many words" },
        {"stop 1",               "too many words" },
        {"release 1",            "too many words" },
        {"force-charge on",      "word off"       },
        {"force-charge off now", "word off"       },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct hub_order o = {.value = 99};
        const char *why = order_parse(cases[i].text, strlen(cases[i].text), &o);

        print_message("  \"%s\"\n", cases[i].text);
        assert_non_null(why);
        assert_non_null(strstr(why, cases[i].why));
        assert_int_equal(o.value, 99);
    }
}

static void its_length_and_its_bytes(void **state)
{
    char text[ORDER_TEXT_MAX + 2];
    struct hub_order o;

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text, "stop", 4);
    assert_null(order_parse(text, ORDER_TEXT_MAX - 1, &o));
    assert_null(order_parse(text, ORDER_TEXT_MAX, &o));
    assert_non_null(strstr(order_parse(text, ORDER_TEXT_MAX + 1, &o), "too long"));
    assert_non_null(strstr(order_parse("stop\0 ", 6, &o), "no text"));
    assert_null(order_parse("stop1", 4, &o)); /* what lies behind is not looked at */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),
        cmocka_unit_test(what_is_no_order),
        cmocka_unit_test(its_length_and_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
