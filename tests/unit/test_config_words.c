/* config/ may not see intake/ and dialects/; here their words are held against each other. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "config_options.h"
#include "dialects/dialect.h"
#include "intake/intake.h"

static const struct option *protocol_of(const char *section)
{
    return &hub_form.options[option_find(&hub_form, section_find(&hub_form, section), "protocol")];
}

static void the_cluster_protocols_are_those_of_the_intake(void **state)
{
    char word[CONFIG_TEXT_MAX];
    unsigned n = 0;

    (void)state;
    for (; intake_protocols[n]; n++) {
        print_message("  %s\n", intake_protocols[n]);
        assert_true(word_at(protocol_of("cluster")->words, n, word, sizeof(word)));
        assert_string_equal(word, intake_protocols[n]);
    }
    assert_false(word_at(protocol_of("cluster")->words, n, word, sizeof(word)));
}

static void every_inverter_protocol_is_a_dialect(void **state)
{
    char word[CONFIG_TEXT_MAX];

    (void)state;
    for (unsigned i = 0; word_at(protocol_of("inverter")->words, i, word, sizeof(word)); i++) {
        print_message("  %s\n", word);
        assert_non_null(dialect_find(word));
    }
}

static void must_be_taken(const char *name)
{
    struct value v = {0};
    char why[160] = "";

    print_message("  %s\n", name);
    assert_true(option_take(protocol_of("inverter"), name, &v, why, sizeof(why)));
}

static void every_dialect_and_alias_can_be_configured(void **state)
{
    char word[CONFIG_TEXT_MAX];

    (void)state;
    for (const struct dialect *const *d = dialects; *d; d++) {
        must_be_taken((*d)->key);
        for (unsigned i = 0; word_at((*d)->aliases, i, word, sizeof(word)); i++)
            must_be_taken(word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cluster_protocols_are_those_of_the_intake),
        cmocka_unit_test(every_inverter_protocol_is_a_dialect),
        cmocka_unit_test(every_dialect_and_alias_can_be_configured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
