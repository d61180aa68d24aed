/* What each relay shall be, and what the inputs mean: every function with every view. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "config_options.h"
#include "core/relays.h"

static const struct option *function_of(const char *section)
{
    return &hub_form.options[option_find(&hub_form, section_find(&hub_form, section), "function")];
}

static void every_relay_word_of_the_configuration_is_known(void **state)
{
    char word[CONFIG_TEXT_MAX];
    struct relay_rule rule = {.soc_on = 7, .soc_off = 8}, none = {.function = RELAY_POWER};
    unsigned n = 0;

    (void)state;
    for (; word_at(function_of("relay")->words, n, word, sizeof(word)); n++) {
        print_message("  %s\n", word);
        assert_true(relay_named(word, &rule));
        assert_string_equal(relay_word(&rule), word);
        assert_int_equal(rule.cluster, strncmp(word, "cluster_", 8) == 0 ? word[8] - '0' : 0);
    }
    assert_int_equal(n, 15); /* 4 LEDs, 5 clusters, 6 others */
    assert_int_equal(rule.soc_on, 7);
    assert_int_equal(rule.soc_off, 8);
    assert_false(relay_named("cluster_6_off", &none));
    assert_false(relay_named("", &none));
    assert_int_equal(none.function, RELAY_POWER);
    assert_string_equal(relay_word(&(struct relay_rule){.function = RELAY_UNUSED}), "unused");
}

static void every_input_word_of_the_configuration_is_known(void **state)
{
    char word[CONFIG_TEXT_MAX];
    struct input_rule rule, none = {.function = INPUT_FIRE};
    unsigned n = 0;

    (void)state;
    for (; word_at(function_of("input")->words, n, word, sizeof(word)); n++) {
        print_message("  %s\n", word);
        assert_true(input_named(word, &rule));
        assert_string_equal(input_word(&rule), word);
        assert_int_equal(rule.cluster, strncmp(word, "cluster_", 8) == 0 ? word[8] - '0' : 0);
    }
    assert_int_equal(n, 8); /* 5 clusters, stop, reset, fire */
    assert_false(input_named("cluster_0_open", &none));
    assert_int_equal(none.function, INPUT_FIRE);
    assert_string_equal(input_word(&(struct input_rule){.function = INPUT_UNUSED}), "unused");
}

static bool led(enum relay_function function, int64_t soc, bool was)
{
    return relay_next(&(struct relay_rule){.function = function}, &(struct relays_view){.soc = soc},
                      was);
}

/* "4 LEDs of 25 % each" (HUB manual, front panel); a lit one goes dark 1 % below its step. */
static void leds_step_by_a_quarter(void **state)
{
    static const struct {
        enum relay_function function;
        int64_t lights, goes_on; /* the lowest SOC that lights it, that keeps it lit */
    } leds[] = {
        {RELAY_SOC_LED1, 1,    1   },
        {RELAY_SOC_LED2, 2500, 2400},
        {RELAY_SOC_LED3, 5000, 4900},
        {RELAY_SOC_LED4, 7500, 7400},
    };

    (void)state;
    for (size_t i = 0; i < LEN(leds); i++) {
        print_message("  LED %zu\n", i + 1);
        assert_false(led(leds[i].function, leds[i].lights - 1, false));
        assert_true(led(leds[i].function, leds[i].lights, false));
        assert_true(led(leds[i].function, leds[i].lights + 1, false));
        assert_false(led(leds[i].function, leds[i].goes_on - 1, true));
        assert_true(led(leds[i].function, leds[i].goes_on, true));
        assert_true(led(leds[i].function, 10000, false));
        assert_true(led(leds[i].function, 10000, true));
        assert_false(led(leds[i].function, 0, true));
        assert_false(led(leds[i].function, -1, true)); /* not known: dark */
        assert_false(led(leds[i].function, -1, false));
    }
}

/* Two levels, as DO1_SOC1 and DO1_SOC2 of the module tool. */
static void low_soc_has_two_levels(void **state)
{
    static const struct relay_rule rule = {
        .function = RELAY_LOW_SOC, .soc_on = 2000, .soc_off = 3000};
    static const struct {
        int64_t soc;
        bool was, is;
    } cases[] = {
        {2001,  false, false}, /* on its way down */
        {2000,  false, true },
        {1999,  false, true },
        {0,     false, true },
        {2000,  true,  true }, /* on its way up */
        {2001,  true,  true },
        {2999,  true,  true },
        {3000,  true,  false},
        {3001,  true,  false},
        {10000, true,  false},
        {2999,  false, false},
        {3000,  false, false},
        {-1,    false, false}, /* not known: as it was */
        {-1,    true,  true },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %d, was %d\n", (int)cases[i].soc, cases[i].was);
        assert_int_equal(
            relay_next(&rule, &(struct relays_view){.soc = cases[i].soc}, cases[i].was),
            cases[i].is);
    }
}

/* What a relay with no levels looks at, and what opens it all the same. */
enum { RUNNING = 1, FAULT = 2, CCL = 4, DCL = 8, NO_CCL = 16, NO_DCL = 32, OFF2 = 64, VIEWS = 128 };

static struct relays_view view_of(unsigned bits)
{
    struct relays_view v = {.soc = 5000,
                            .running = bits & RUNNING,
                            .fault = bits & FAULT,
                            .charge = bits & CCL,
                            .discharge = bits & DCL,
                            /* the stop and the fire latch switch no relay by themselves */
                            .latches = LATCH_BIT(STOP_INPUT) | LATCH_BIT(FIRE_INPUT)};

    v.latches |= bits & NO_CCL ? LATCH_BIT(CHARGE_DISOBEYED) : 0;
    v.latches |= bits & NO_DCL ? LATCH_BIT(DISCHARGE_DISOBEYED) : 0;
    v.off[1] = bits & OFF2;
    return v;
}

static void each_relay_looks_at_its_own_and_at_nothing_else(void **state)
{
    static const struct {
        const char *word;
        unsigned closes, opens;
    } relays[] = {
        {"running",           RUNNING, 0     },
        {"fault",             FAULT,   0     },
        {"charge_allowed",    CCL,     NO_CCL},
        {"discharge_allowed", DCL,     NO_DCL},
        {"cluster_2_off",     OFF2,    0     },
    };

    (void)state;
    for (size_t i = 0; i < LEN(relays); i++)
        for (unsigned bits = 0; bits < 2 * VIEWS; bits++) {
            struct relays_view v = view_of(bits % VIEWS);
            struct relay_rule rule = {.function = RELAY_UNUSED};
            bool is = bits & relays[i].closes && !(bits & relays[i].opens);

            assert_true(relay_named(relays[i].word, &rule));
            if (relay_next(&rule, &v, bits / VIEWS) != is)
                fail_msg("%s with view 0x%02X", relays[i].word, bits);
        }
}

static void power_is_closed_and_what_is_not_used_is_open(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 2 * VIEWS; bits++) {
        struct relays_view v = view_of(bits % VIEWS);
        bool was = bits / VIEWS;

        v.soc = bits % 3 ? -1 : 0;
        assert_true(relay_next(&(struct relay_rule){.function = RELAY_POWER}, &v, was));
        assert_false(relay_next(&(struct relay_rule){.function = RELAY_UNUSED}, &v, was));
        assert_false(relay_next(&(struct relay_rule){.function = RELAY_FUNCTION_COUNT}, &v, was));
    }
}

static void each_cluster_has_its_own_relay(void **state)
{
    (void)state;
    for (uint8_t of = 1; of <= MAX_CLUSTERS; of++)
        for (unsigned off = 0; off < 1u << MAX_CLUSTERS; off++) {
            struct relays_view v = {.soc = -1};

            for (unsigned i = 0; i < MAX_CLUSTERS; i++)
                v.off[i] = off >> i & 1;
            assert_int_equal(
                relay_next(&(struct relay_rule){.function = RELAY_CLUSTER_OFF, .cluster = of}, &v,
                           false),
                off >> (of - 1) & 1);
        }
}

enum { UNREAD, OPEN, CLOSED };

static struct inputs_view look(const char *one, int first, const char *two, int second)
{
    struct input_rule rules[3] = {
        {.function = INPUT_UNUSED}, {.function = INPUT_UNUSED}, {.function = INPUT_UNUSED}};
    struct input_state inputs[3] = {
        {.known = first != UNREAD,  .closed = first == CLOSED },
        {.known = second != UNREAD, .closed = second == CLOSED},
        {.known = true,             .closed = true            }
    };
    struct inputs_view out;

    memset(&out, 0xFF, sizeof(out));
    assert_true(input_named(one, &rules[0]));
    if (two)
        assert_true(input_named(two, &rules[1]));
    inputs_look(&out, rules, inputs, LEN(rules));
    return out;
}

/* stop unknown, stop, fire, reset, then the open clusters as bits. */
#define S 1u
#define U 2u
#define F 4u
#define R 8u
#define C(n) (8u << (n))

static unsigned bits_of(struct inputs_view v)
{
    unsigned bits =
        (v.stop ? S : 0) | (v.stop_unknown ? U : 0) | (v.fire ? F : 0) | (v.reset ? R : 0);

    for (unsigned i = 0; i < MAX_CLUSTERS; i++)
        bits |= v.open[i] ? C(i + 1) : 0;
    return bits;
}

static void each_input_says_its_own(void **state)
{
    static const struct {
        const char *word;
        unsigned unread, open, closed;
    } cases[] = {
        {"stop",           U, S, 0   }, /* normally closed */
        {"fire",           U, 0, F   },
        {"reset",          0, 0, R   },
        {"cluster_1_open", 0, 0, C(1)},
        {"cluster_2_open", 0, 0, C(2)},
        {"cluster_3_open", 0, 0, C(3)},
        {"cluster_4_open", 0, 0, C(4)},
        {"cluster_5_open", 0, 0, C(5)},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].word);
        assert_int_equal(bits_of(look(cases[i].word, UNREAD, NULL, CLOSED)), cases[i].unread);
        assert_int_equal(bits_of(look(cases[i].word, OPEN, NULL, CLOSED)), cases[i].open);
        assert_int_equal(bits_of(look(cases[i].word, CLOSED, NULL, CLOSED)), cases[i].closed);
    }
}

/* One of two is enough, whatever the other says. */
static void two_inputs_of_a_kind_are_heard_both(void **state)
{
    static const struct {
        const char *word;
        int one, two;
        unsigned bits;
    } cases[] = {
        {"stop",           OPEN,   CLOSED, S    },
        {"stop",           CLOSED, OPEN,   S    },
        {"stop",           CLOSED, CLOSED, 0    },
        {"stop",           UNREAD, CLOSED, U    },
        {"stop",           CLOSED, UNREAD, U    },
        {"stop",           OPEN,   UNREAD, S | U},
        {"fire",           CLOSED, OPEN,   F    },
        {"fire",           OPEN,   CLOSED, F    },
        {"fire",           UNREAD, CLOSED, F | U},
        {"reset",          CLOSED, OPEN,   R    },
        {"reset",          OPEN,   CLOSED, R    },
        {"cluster_3_open", CLOSED, OPEN,   C(3) },
        {"cluster_3_open", OPEN,   CLOSED, C(3) },
        {"cluster_3_open", UNREAD, OPEN,   0    },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s %d %d\n", cases[i].word, cases[i].one, cases[i].two);
        assert_int_equal(bits_of(look(cases[i].word, cases[i].one, cases[i].word, cases[i].two)),
                         cases[i].bits);
    }
    assert_int_equal(bits_of(look("stop", OPEN, "fire", CLOSED)), S | F);
    assert_int_equal(bits_of(look("stop", CLOSED, "fire", UNREAD)), U);
}

static void an_input_without_a_function_says_nothing(void **state)
{
    const struct input_rule rules[] = {{.function = INPUT_UNUSED},
                                       {.function = INPUT_FUNCTION_COUNT}};
    const struct input_state inputs[] = {
        {.known = true  },
        { .known = true, .closed = true}
    };
    struct inputs_view out;

    (void)state;
    inputs_look(&out, rules, inputs, 2);
    assert_int_equal(bits_of(out), 0);
    inputs_look(&out, rules, inputs, 0);
    assert_int_equal(bits_of(out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_relay_word_of_the_configuration_is_known),
        cmocka_unit_test(every_input_word_of_the_configuration_is_known),
        cmocka_unit_test(leds_step_by_a_quarter),
        cmocka_unit_test(low_soc_has_two_levels),
        cmocka_unit_test(each_relay_looks_at_its_own_and_at_nothing_else),
        cmocka_unit_test(power_is_closed_and_what_is_not_used_is_open),
        cmocka_unit_test(each_cluster_has_its_own_relay),
        cmocka_unit_test(each_input_says_its_own),
        cmocka_unit_test(two_inputs_of_a_kind_are_heard_both),
        cmocka_unit_test(an_input_without_a_function_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
