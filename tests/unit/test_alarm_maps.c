/* The makers' lists, typed from their documents, against the tables. */
#include "check.h"

#include "model/alarm_maps.h"

#include <string.h>

struct expected {
    unsigned number;
    const char *word;
    int tier; /* NOT_AN_ALARM: a status */
    enum alarm alarm;
};

#define NOT_AN_ALARM (-1)
#define W(n, word, id) {n, word, TIER_WARNING, ALARM_##id},
#define P(n, word, id) {n, word, TIER_PROTECTION, ALARM_##id},
#define F(n, word, id) {n, word, TIER_FAULT, ALARM_##id},
#define S(n, word) {n, word, NOT_AN_ALARM, ALARM_GENERAL},

/* clang-format off */

/* V-TAC VT-12040 manual V1.1, 2024-03-20: 21 protections. 8 "Fully" is charged, not broken. */
static const struct expected vtac_protections[] = {
    P(1, "CP short circuit", SHORT_CIRCUIT)
    P(2, "DOCP", CURRENT_DISCHARGE)
    P(3, "COCP", CURRENT_CHARGE)
    P(4, "TUVP", VOLTAGE_LOW)
    P(5, "TOVP", VOLTAGE_HIGH)
    P(6, "UVP", CELL_LOW)
    P(7, "OVP", CELL_HIGH)
    S(8, "Fully")
    P(9, "EUT", AMBIENT_LOW)
    P(10, "EOT", AMBIENT_HIGH)
    P(11, "MOS OT", SWITCH_TEMP)
    P(12, "DUTP", TEMP_LOW_DISCHARGE)
    P(13, "CUTP", TEMP_LOW_CHARGE)
    P(14, "DOTP", TEMP_HIGH_DISCHARGE)
    P(15, "COTP", TEMP_HIGH_CHARGE)
    F(16, "PCB", INTERNAL)
    F(17, "Sample", SENSOR)
    F(18, "Cells", CELL_FAILED)
    F(19, "NTC", TEMP_SENSOR)
    F(20, "chg MOS", SWITCH_CHARGE)
    F(21, "dhg MOS", SWITCH_DISCHARGE)
};

/* The same manual: 14 alarms. */
static const struct expected vtac_alarms[] = {
    W(1, "DOC", CURRENT_DISCHARGE)
    W(2, "COC", CURRENT_CHARGE)
    W(3, "TUV", VOLTAGE_LOW)
    W(4, "TOV", VOLTAGE_HIGH)
    W(5, "UV", CELL_LOW)
    W(6, "OV", CELL_HIGH)
    W(7, "USOC", SOC_LOW)
    W(8, "MOS OT", SWITCH_TEMP)
    W(9, "EUT", AMBIENT_LOW)
    W(10, "EOT", AMBIENT_HIGH)
    W(11, "DUT", TEMP_LOW_DISCHARGE)
    W(12, "CUT", TEMP_LOW_CHARGE)
    W(13, "DOT", TEMP_HIGH_DISCHARGE)
    W(14, "COT", TEMP_HIGH_CHARGE)
};

/* We-HUB manual, module tool V1.29: 17 limit fields (charge current has no warning, the battery
 * voltage neither), 10 state flags, of which 4 say that all is well. */
static const struct expected weco_tool[] = {
    W(1, "Cell V high warning", CELL_HIGH)
    P(2, "Cell V high fault", CELL_HIGH)
    W(3, "Cell V low warning", CELL_LOW)
    P(4, "Cell V low fault", CELL_LOW)
    W(5, "Charge T high warning", TEMP_HIGH_CHARGE)
    P(6, "Charge T high fault", TEMP_HIGH_CHARGE)
    W(7, "Discharge T high warning", TEMP_HIGH_DISCHARGE)
    P(8, "Discharge T high fault", TEMP_HIGH_DISCHARGE)
    W(9, "Charge T low warning", TEMP_LOW_CHARGE)
    P(10, "Charge T low fault", TEMP_LOW_CHARGE)
    W(11, "Discharge T low warning", TEMP_LOW_DISCHARGE)
    P(12, "Discharge T low fault", TEMP_LOW_DISCHARGE)
    W(13, "Discharge I high warning", CURRENT_DISCHARGE)
    P(14, "Discharge I high fault", CURRENT_DISCHARGE)
    P(15, "Charge I high fault", CURRENT_CHARGE)
    P(16, "Battery V high fault", VOLTAGE_HIGH)
    P(17, "Battery V low fault", VOLTAGE_LOW)
    W(18, "Cell diff warning", CELL_SPREAD)
    P(19, "Cell diff fault", CELL_SPREAD)
    W(20, "SOC low warning", SOC_LOW)
    W(21, "Serious OV warning", VOLTAGE_SERIOUS)
    F(22, "BMS internal fault", INTERNAL)
    W(23, "Pack voltage imbalance", PACK_IMBALANCE)
    S(24, "Voltage normal")
    S(25, "Temperature normal")
    S(26, "BMS normal reading")
    S(27, "Conext inverter comm")
};

/* HeSU 4K4 PRO manual REV.1.06, section 7: 12 troubles. */
static const struct expected weco_trouble[] = {
    P(1, "Over current", CURRENT_DISCHARGE)
    P(2, "Over temperature", TEMP_HIGH)
    P(3, "Low temperature", TEMP_LOW)
    P(4, "Over voltage", VOLTAGE_HIGH)
    P(5, "Low voltage", VOLTAGE_LOW)
    F(6, "Relay damage", CONTACTOR)
    F(7, "Protection board damage", INTERNAL)
    F(8, "Cell damage", CELL_FAILED)
    W(9, "First parallel connection failure", PARALLEL_REFUSED)
    F(10, "Master-slave communication", COMM_INTERNAL)
    F(11, "Cannot start", START_FAILED)
    W(12, "Other", GENERAL)
};
/* clang-format on */

static const struct {
    const struct expected *row;
    unsigned n;
} lists[ALARM_LIST_COUNT] = {
    [ALARM_LIST_VTAC_PROTECTION] = {vtac_protections, LEN(vtac_protections)},
    [ALARM_LIST_VTAC_ALARM] = {vtac_alarms,      LEN(vtac_alarms)     },
    [ALARM_LIST_WECO_TOOL] = {weco_tool,        LEN(weco_tool)       },
    [ALARM_LIST_WECO_TROUBLE] = {weco_trouble,     LEN(weco_trouble)    },
};

static const struct alarm_map_entry *entry_of(enum alarm_list list, unsigned number)
{
    const struct alarm_map_entry *found = NULL;

    for (size_t i = 0; i < n_alarm_map_entries; i++)
        if (alarm_map_entries[i].list == list && alarm_map_entries[i].number == number) {
            assert_null(found); /* once */
            found = &alarm_map_entries[i];
        }
    assert_non_null(found);
    return found;
}

static void every_entry_of_every_list_is_there(void **state)
{
    size_t all = 0;

    (void)state;
    for (enum alarm_list l = 0; l < ALARM_LIST_COUNT; all += lists[l++].n)
        for (unsigned i = 0; i < lists[l].n; i++) {
            const struct expected *x = &lists[l].row[i];
            enum tier tier = TIER_COUNT;
            enum alarm alarm = ALARM_BITS;

            print_message("  %s %u %s\n", alarm_list_info[l].title, x->number, x->word);
            assert_int_equal(x->number, i + 1);
            assert_string_equal(entry_of(l, x->number)->word, x->word);
            if (alarm_map(l, x->number, &tier, &alarm)) {
                assert_int_equal(tier, x->tier);
                assert_int_equal(alarm, x->alarm);
            } else {
                assert_int_equal(x->tier, NOT_AN_ALARM);
                assert_true(strlen(entry_of(l, x->number)->status) > 10);
                assert_int_equal(tier, TIER_COUNT); /* left alone */
                assert_int_equal(alarm, ALARM_BITS);
            }
        }
    assert_int_equal(all, 21 + 14 + 27 + 12);
    assert_int_equal(n_alarm_map_entries, all);
}

static void other_numbers_are_nothing(void **state)
{
    enum tier tier = TIER_COUNT;
    enum alarm alarm = ALARM_BITS;

    (void)state;
    for (enum alarm_list l = 0; l < ALARM_LIST_COUNT; l++) {
        assert_false(alarm_map(l, 0, &tier, &alarm));
        assert_false(alarm_map(l, lists[l].n + 1, &tier, &alarm));
    }
    assert_false(alarm_map(ALARM_LIST_COUNT, 1, &tier, &alarm));
    assert_int_equal(tier, TIER_COUNT);
    assert_int_equal(alarm, ALARM_BITS);
}

/* Without loss: two entries of a list never meet in one alarm of one tier. And never in a bit that
 * the hub sets for itself. */
static void nothing_is_lost(void **state)
{
    (void)state;
    for (enum alarm_list l = 0; l < ALARM_LIST_COUNT; l++) {
        uint64_t taken[TIER_COUNT] = {0};

        for (unsigned n = 1; n <= lists[l].n; n++) {
            enum tier tier;
            enum alarm alarm;

            if (!alarm_map(l, n, &tier, &alarm))
                continue;
            print_message("  %s %u\n", alarm_list_info[l].title, n);
            assert_false(taken[tier] >> alarm & 1);
            taken[tier] |= UINT64_C(1) << alarm;
            assert_true(alarm < ALARM_CLUSTER_LOST);
        }
    }
}

static void every_list_names_its_source(void **state)
{
    (void)state;
    for (enum alarm_list l = 0; l < ALARM_LIST_COUNT; l++) {
        assert_true(strlen(alarm_list_info[l].title) > 10);
        assert_true(strstr(alarm_list_info[l].source, "manual") != NULL);
    }
}

static void every_bit_has_its_words(void **state)
{
    static const char *const tiers[] = {"warning", "protection", "fault"};

    (void)state;
    for (unsigned i = 0; i < ALARM_BITS; i++) {
        assert_true(strlen(alarm_info[i].name) > 2);
        assert_true(strlen(alarm_info[i].text) > 5);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(alarm_info[i].name, alarm_info[j].name);
    }
    for (enum tier t = 0; t < TIER_COUNT; t++)
        assert_string_equal(tier_names[t], tiers[t]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_of_every_list_is_there),
        cmocka_unit_test(other_numbers_are_nothing),
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(every_list_names_its_source),
        cmocka_unit_test(every_bit_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
