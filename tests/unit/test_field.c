#include "check.h"

#include "wire/field.h"

#include <string.h>

/* Bytes worked out by hand: a value in signal units over per_lsb, then two's complement. */
static const struct {
    const char *what;
    struct field field;
    int64_t value;
    uint8_t bytes[8];
    int64_t back;
} cases[] = {
    {"tenth of a volt, little endian",
     U16LE(0,                                   CHARGE_VOLTAGE_LIMIT, 100),
     53200,                                                                                                                  {0x14, 0x02},
     53200                                                                                                                                                                                                                                    },
    {"big endian at an offset",        U16BE(2, VOLTAGE,              100),                       51200,                     {0, 0, 0x02, 0x00},                      51200                                                                   },
    {"discharging is negative",        S16LE(2, CURRENT,              100),                       -27000,                    {0, 0, 0xF2, 0xFE},                      -27000                                                                  },
    {"signed, big endian",             S16BE(0, CURRENT,              100),                       -100,                      {0xFF, 0xFF},                            -100                                                                    },
    {"measurements round to nearest",  U16LE(0, VOLTAGE,              100),                       51250,                     {0x01, 0x02},                            51300                                                                   },
    {"negative too",                   S16LE(0, CURRENT,              100),                       -150,                      {0xFE, 0xFF},                            -200                                                                    },
    {"limits round toward zero",       S16LE(0, CHARGE_CURRENT_LIMIT, 100),                       199,                       {0x01},                                  100                                                                     },
    {"kelvin",                         U16LE(0, TEMP_MIN,             10,                         OFFSET(-2730)),            140,                                     {0x1F, 0x01},                                                             140},
    {"kelvin below zero",                                U16LE(0,                     TEMP_MIN,   10, OFFSET(-2730)),                      -200,                                               {0xFD, 0x00},                                                                                              -200},
    {"one byte",                            U8(4,                                   MODULES,                                              1),                                         10,                         {0, 0, 0, 0, 0x0A},                 10},
    {"four bytes",                              U32LE(4,                                     ENERGY_CHARGED,                                              100),                                    183500,           {0, 0, 0, 0, 0x2B, 0x07},183500                                                              },
    {"four bytes, big endian",                          U32BE(0,                                 ENERGY_CHARGED,                              1),                        0x01020304,   {1, 2, 3, 4},                           0x01020304   },
    {"four bytes, all of them",
     U32LE(0,                             ENERGY_CHARGED,                         1),
     0xFFFFFFFF,                                                                    {0xFF, 0xFF, 0xFF, 0xFF},
     0xFFFFFFFF                                                                                                                                                                                                                               },
    {"too large saturates",                       U16LE(0,                              VOLTAGE,                              1),                           70000,                {0xFF, 0xFF},                        65535},
    {"far too large saturates",                           U16LE(0,                                  ENERGY_CHARGED,                              1),                       INT64_MAX, {0xFF, 0xFF},65535                                                                                                                                                                                         },
    {"far too small saturates",                           S16LE(0,                                  CURRENT,                              1),                       INT64_MIN,        {0x00, 0x80},                               -32768},
    {"not into a code that means unknown",
     U16LE(0,                                 VOLTAGE,                  1,                                                                                     NA(NA_ONES)),
     70000,                                                                                            {0xFE, 0xFF},
     65534},
    {"nor into a signed one",                    S16LE(0,                                     CURRENT,                                                         1,                                                             NA(NA_MIN)),                                                            -70000,                                                        {0x01, 0x80},                                                                       -32767},
    {"nor into an empty one",                          U16LE(0,                     CAPACITY,                                   1000,                                                             NA(NA_ZERO)),     0,{0x01},1000},
    {"negative saturates unsigned",                    U16LE(0,                          CURRENT,                                        100),  -500,                       {0},                                                                              0                                                                                                                                                                                                 },
};

static void fields_put_and_get(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint8_t data[8] = {0};
        int64_t back = 0;

        print_message("  %s\n", cases[i].what);
        field_put(&cases[i].field, cases[i].value, data);
        assert_memory_equal(data, cases[i].bytes, sizeof(data));
        assert_true(field_get(&cases[i].field, data, &back));
        assert_true(back == cases[i].back);
    }
}

static void some_codes_are_not_available(void **state)
{
    static const struct {
        const char *what;
        struct field field;
        uint8_t bytes[8];
        bool known;
    } na[] = {
        {"all ones",                      U16LE(0,        SOC,  100,                   NA(NA_ONES)),             {0xFF, 0xFF}, false},
        {"all ones where nobody said so", U16LE(0,        SOC,  100),                  {0xFF, 0xFF},             true        },
        {"the sign alone",                        S16LE(0,        CURRENT,  100,           NA(NA_MIN)),             {0x00, 0x80},        false     },
        {"the sign alone, big endian",                        S16BE(0,        CURRENT,  100,           NA(NA_MIN)),             {0x80, 0x00},        false},
        {"-1 is a number there",                        S16LE(0,        CURRENT,  100,           NA(NA_MIN)),             {0xFF, 0xFF},         true     },
        {"one of two codes",                        S16LE(0,        CURRENT,  100, NA(NA_MIN | NA_ONES)),             {0xFF, 0xFF},        false},
        {"empty",                        U16LE(0,       CAPACITY, 1000,          NA(NA_ZERO)),                   {0, 0},        false     },
        {"four bytes",                        U32LE(0, ENERGY_CHARGED,    1,          NA(NA_ONES)), {0xFF, 0xFF, 0xFF, 0xFF},        false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(na); i++) {
        int64_t v = 77;

        print_message("  %s\n", na[i].what);
        assert_int_equal(field_get(&na[i].field, na[i].bytes, &v), na[i].known);
    }
}

static void rows_that_break_a_rule_are_refused(void **state)
{
    static const struct {
        const char *what;
        struct field field;
        uint8_t len;
        enum status st;
    } rows[] = {
        {"fits",         U16LE(6,     SOC,            1),                    8,                                                 HUB_OK                                                        },
        {"ends outside", U16LE(6,     SOC,            1),                    7,                                                 HUB_ESPEC                                                     },
        {"per_lsb 0",    U16LE(0,     SOC,            0),                    8,                                                 HUB_ESPEC                                                     },
        {"three bytes",  NUMBER(0,    3,              false,                 false,                                             SOC,                                                            1), 8, HUB_ESPEC},
        {"a flag of a number",             FLAG(0,               0,                             SOC),                               8,                                                              HUB_ESPEC                                                                                                            },
        {"bit 8",             FLAG(0,               8,                             CHARGE_ENABLE),              8,HUB_ESPEC},
        {"a pair on an odd bit",             PAIR_AT(0,               1,                             WARNING,                GENERAL),                                                             8,                                                                                                                                                                                          HUB_ESPEC},
        {"a pair",      PAIR_AT(0,                6,                     WARNING,                           GENERAL),         8,HUB_OK},
        {"letters beyond their text",       TEXT_PART(0,          8,   MAKER,1),                                 8,                                                                                                                                                                                                      HUB_ESPEC},
        {"second half of a text",             TEXT_PART(0,          8,                    MODEL,                                                 8),                                                         8,HUB_OK},
        {"no bytes",BYTES_AT(0,2,NULL),8,HUB_ESPEC                                                                               },
    };

    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        print_message("  %s\n", rows[i].what);
        assert_int_equal(field_check(&rows[i].field, rows[i].len), rows[i].st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_put_and_get),
        cmocka_unit_test(some_codes_are_not_available),
        cmocka_unit_test(rows_that_break_a_rule_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
