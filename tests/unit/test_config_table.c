/* options.def itself, and the files that are made from it or beside it. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_options.h"

static void show(void *arg, const struct config_error *err)
{
    (void)arg;
    print_message("%d: %s\n", err->line, err->text);
}

static void count_warning(void *arg, const struct config_error *err)
{
    unsigned *warnings = arg;

    (*warnings)++;
    show(NULL, err);
}

static struct config *parse(const char *text, unsigned *warnings)
{
    *warnings = 0;
    return config_parse(text, strlen(text), NULL, show, count_warning, warnings);
}

struct page {
    char text[65536];
};

static void add(void *arg, const char *text)
{
    struct page *page = arg;

    assert_true(strlen(page->text) + strlen(text) < sizeof(page->text));
    strcat(page->text, text);
}

static void every_option_is_well_formed(void **state)
{
    (void)state;
    assert_int_equal(hub_form.options[0].kind, OPT_SECTION);
    for (int i = 0; i < hub_form.count; i++) {
        const struct option *o = &hub_form.options[i];
        struct value v = {0};
        char why[160] = "";
        int64_t lo, hi;

        print_message("  %s\n", o->key);
        assert_true(strlen(o->text) > 0 && o->text[strlen(o->text) - 1] != '.');
        if (o->kind == OPT_SECTION) {
            assert_int_equal(section_find(&hub_form, o->key), i);
            assert_true(section_copies(&hub_form, i) <= CONFIG_MAX_INDEX);
            continue;
        }
        assert_int_equal(option_find(&hub_form, option_section(&hub_form, i), o->key), i);
        assert_true(option_take(o, o->fallback, &v, why, sizeof(why)));
        assert_string_equal(v.text, o->fallback);
        if (o->kind == OPT_NUM || o->kind == OPT_NUMS) {
            assert_true(number_parse(o->lo, o->per, &lo));
            assert_true(number_parse(o->hi, o->per, &hi));
            assert_true(lo < hi);
        }
    }
}

static void every_value_has_a_place_of_its_own(void **state)
{
    size_t next = 0;

    (void)state;
    for (int i = 0; i < hub_form.count; i++) {
        assert_int_equal(option_slot(&hub_form, i, 0), next);
        next += section_copies(&hub_form, option_section(&hub_form, i));
    }
    assert_int_equal(option_slot(&hub_form, hub_form.count, 0), next);
}

static void every_option_is_told_in_table_order(void **state)
{
    struct option_info info;
    size_t n = 0;

    (void)state;
    for (int i = 0; i < hub_form.count; i++) {
        if (hub_form.options[i].kind == OPT_SECTION)
            continue;
        assert_true(config_option(n++, &info));
        assert_string_equal(info.key, hub_form.options[i].key);
        assert_string_equal(info.section, hub_form.options[option_section(&hub_form, i)].key);
        assert_true(strlen(info.kind) > 0);
    }
    assert_false(config_option(n, &info));
    assert_true(config_option(0, &info));
    assert_string_equal(info.allowed, "1..5");
    assert_false(info.repeats);
    assert_false(info.live);
}

static void numbers_are_read_whole(void **state)
{
    static const struct {
        const char *text;
        int per;
        bool good;
        int64_t n;
    } cases[] = {
        {"0",             1,    true,  0              },
        {"-7",            1,    true,  -7             },
        {"1.5",           10,   true,  15             },
        {"1.50",          100,  true,  150            },
        {"0.001",         1000, true,  1              },
        {"999999999999",  1000, true,  999999999999000},
        {"1000000000000", 1,    false, 0              },
        {"1.05",          10,   false, 0              },
        {"1.5",           1,    false, 0              },
        {"",              1,    false, 0              },
        {"-",             1,    false, 0              },
        {"--1",           1,    false, 0              },
        {"+1",            1,    false, 0              },
        {".5",            10,   false, 0              },
        {"5.",            10,   false, 0              },
        {"1.2.3",         1000, false, 0              },
        {"1e3",           1,    false, 0              },
        {"0x10",          1,    false, 0              },
        {" 1",            1,    false, 0              },
        {"1 ",            1,    false, 0              },
        {"1,5",           10,   false, 0              },
        {"nan",           1,    false, 0              },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        int64_t n = 0;

        print_message("  \"%s\" by %d\n", cases[i].text, cases[i].per);
        assert_int_equal(number_parse(cases[i].text, cases[i].per, &n), cases[i].good);
        if (cases[i].good)
            assert_int_equal(n, cases[i].n);
    }
}

static void the_printed_file_is_good_as_it_is(void **state)
{
    static struct page page;
    unsigned warnings;

    (void)state;
    page.text[0] = '\0';
    config_print_default(add, &page);
    assert_non_null(
        strstr(page.text, "\n# hubgate check FILE tells all mistakes in a file.\n\n# "));
    struct config *cfg = parse(page.text, &warnings);
    assert_non_null(cfg);
    assert_int_equal(warnings, 0);
    assert_false(config_has(cfg, "inverter", 1)); /* nobody sends who did not say so */
    config_free(cfg);
}

/* With every sleeping line awake it is a file too, and says what the defaults are. */
static void the_printed_file_is_good_when_all_wakes(void **state)
{
    static struct page page;
    unsigned warnings;

    (void)state;
    page.text[0] = '\0';
    config_print_default(add, &page);
    struct config *asleep = parse(page.text, &warnings);
    char *to = page.text;
    for (const char *from = page.text; *from; from++)
        if (*from != ';' || (from > page.text && from[-1] != '\n'))
            *to++ = *from;
    *to = '\0';
    struct config *awake = parse(page.text, &warnings);
    assert_non_null(asleep);
    assert_non_null(awake);
    for (int row = 1; row < hub_form.count; row++) {
        const struct option *o = &hub_form.options[row];
        size_t slot = option_slot(&hub_form, row, 0);
        if (o->kind == OPT_SECTION)
            continue;
        print_message("  %s\n", o->key);
        assert_int_equal(awake->value[slot].set, *o->fallback != '\0');
        if (!o->needed)
            assert_string_equal(awake->value[slot].text, asleep->value[slot].text);
    }
    config_free(asleep);
    config_free(awake);
}

static void the_files_beside_the_table_are_good(void **state)
{
    static const char *const names[] = {"hub.ini", "demo.ini"};
    static char text[65536];

    (void)state;
    for (size_t i = 0; i < LEN(names); i++) {
        char path[512];
        unsigned warnings;

        print_message("  %s\n", names[i]);
        snprintf(path, sizeof(path), "%s/../config/%s", TEST_DIR, names[i]);
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
        fclose(f);
        struct config *cfg = parse(text, &warnings);
        assert_non_null(cfg);
        assert_int_equal(warnings, 0);
        config_free(cfg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_well_formed),
        cmocka_unit_test(every_value_has_a_place_of_its_own),
        cmocka_unit_test(every_option_is_told_in_table_order),
        cmocka_unit_test(numbers_are_read_whole),
        cmocka_unit_test(the_printed_file_is_good_as_it_is),
        cmocka_unit_test(the_printed_file_is_good_when_all_wakes),
        cmocka_unit_test(the_files_beside_the_table_are_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
