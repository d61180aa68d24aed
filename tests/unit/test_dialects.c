#include "check.h"

#include "dialects/dialect.h"

#include <string.h>

static void every_dialect_is_well_formed(void **state)
{
    (void)state;
    for (const struct dialect *const *d = dialects; *d; d++) {
        print_message("  %s\n", (*d)->key);
        assert_int_equal(dialect_check(*d), HUB_OK);
        assert_ptr_equal(dialect_find((*d)->key), *d);
    }
}

static void a_name_is_a_key_or_an_alias(void **state)
{
    static const struct {
        const char *name, *key;
    } cases[] = {
        {"VICTRONCAN",            "victron"  },
        {"victroncan",            "victron"  },
        {"Victron",               "victron"  },
        {"SMACAN",                "sma"      },
        {"PYLONCAN",              "pylontech"},
        {"pylontechcan",          "pylontech"},
        {"SMACA",                 NULL       },
        {"PYLONCAN PYLONTECHCAN", NULL       },
        {"",                      NULL       },
        {" ",                     NULL       },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const struct dialect *d = dialect_find(cases[i].name);

        print_message("  \"%s\"\n", cases[i].name);
        if (cases[i].key)
            assert_string_equal(d ? d->key : "none", cases[i].key);
        else
            assert_null(d);
    }
}

static void no_name_means_two_dialects(void **state)
{
    char words[256];

    (void)state;
    for (const struct dialect *const *d = dialects; *d; d++) {
        strncpy(words, (*d)->aliases, sizeof(words) - 1);
        words[sizeof(words) - 1] = 0;
        for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
            assert_ptr_equal(dialect_find(w), *d);
    }
}

static void broken_dialects_are_refused(void **state)
{
    const struct dialect *good = dialect_find("sma");
    struct dialect d;

    (void)state;
    d = *good;
    d.bitrate = 0;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.cvl_min_mV = d.cvl_max_mV + 1;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.unknown = UNKNOWN_VALUE; /* which? */
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.n_frames = 0;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
    d = *good;
    d.source = NULL;
    assert_int_equal(dialect_check(&d), HUB_ESPEC);
}

/* "Never faster than 200 ms": SMA FSS-ConnectingBat-TI-en-10 section 5.1; section 5.2 forbids ids
 * it does not name, and 0x35C starts and stops the inverter. */
static void sma_is_not_hurried_and_never_hears_35c(void **state)
{
    const struct dialect *d = dialect_find("sma");

    (void)state;
    for (unsigned i = 0; i < d->n_frames; i++) {
        assert_true(d->frames[i].every_ms >= 200);
        assert_int_not_equal(d->frames[i].id, 0x35C);
    }
}

/* Whatever else is unknown, limits and alarms are said. */
static void limits_are_said_from_the_first_moment(void **state)
{
    static struct battery hub;

    (void)state;
    signal_set(&hub.s, SIG_CHARGE_VOLTAGE_LIMIT, 54000, 0);
    signal_set(&hub.s, SIG_DISCHARGE_VOLTAGE_LIMIT, 49500, 0);
    signal_set(&hub.s, SIG_CHARGE_CURRENT_LIMIT, 0, 0);
    signal_set(&hub.s, SIG_DISCHARGE_CURRENT_LIMIT, 0, 0);
    for (const struct dialect *const *d = dialects; *d; d++) {
        struct speaker sp;
        struct frame f;
        bool limits = false, alarms = false;

        print_message("  %s\n", (*d)->key);
        speaker_init(&sp, *d, 0);
        while (speaker_next(&sp, &hub, 0, &f)) {
            limits |= f.id == 0x351;
            alarms |= f.id == 0x359 || f.id == 0x35A;
            assert_int_not_equal(f.id, 0x355);
            assert_int_not_equal(f.id, 0x356);
        }
        assert_true(limits && alarms);
        assert_int_equal(speaker_deadline(&sp), MONO_S(1));
    }
}

static void the_inverter_is_known_by_its_ids(void **state)
{
    const struct frame f305 = {.id = 0x305, .len = 8}, f351 = {.id = 0x351, .len = 8};
    const struct frame f305_ext = {.id = 0x305, .ext = true, .len = 8};

    (void)state;
    for (const struct dialect *const *d = dialects; *d; d++) {
        struct speaker sp;

        speaker_init(&sp, *d, 0);
        assert_true(speaker_rx(&sp, &f305, 1));
        assert_true(speaker_rx(&sp, &f305_ext, 1));
        assert_false(speaker_rx(&sp, &f351, 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dialect_is_well_formed),
        cmocka_unit_test(a_name_is_a_key_or_an_alias),
        cmocka_unit_test(no_name_means_two_dialects),
        cmocka_unit_test(broken_dialects_are_refused),
        cmocka_unit_test(sma_is_not_hurried_and_never_hears_35c),
        cmocka_unit_test(limits_are_said_from_the_first_moment),
        cmocka_unit_test(the_inverter_is_known_by_its_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
