/* How long requests and replies are: rows 10, 45 and 112, and the tables of the MODBUS Application
 * Protocol V1.1b3 behind them. */
#include "check.h"

#include "hex.h"
#include "modbus/pdu.h"
#include "modbus/shape.h"

#define MORE SHAPE_MORE
#define OPEN SHAPE_OPEN

static void lengths(void **state)
{
    static const struct {
        const char *what, *begins;
        size_t request, reply;
    } cases[] = {
        {"FC1, p11, 12",                   "01 03",                 5,    5   },
        {"FC2, p12, 13",                   "02 01",                 5,    3   },
        {"FC3, p15",                       "03 FA",                 5,    252 },
        {"FC3, its code alone",            "03",                    5,    MORE},
        {"FC4, p16, 17",                   "04 02",                 5,    4   },
        {"FC5, p17, 18",                   "05",                    5,    5   },
        {"FC6, p19",                       "06",                    5,    5   },
        {"FC7, p20",                       "07",                    1,    2   },
        {"FC8, p21: any data",             "08 00 00",              OPEN, OPEN},
        {"FC11, p25, 26",                  "0B",                    1,    5   },
        {"FC12, p26, 27",                  "0C 08",                 1,    10  },
        {"FC15, p29: its count not there", "0F 00 13 00 0A",        MORE, 5   },
        {"FC15, p29",                      "0F 00 13 00 0A 02",     8,    5   },
        {"FC16, p30: its count not there", "10 00 01 00 02",        MORE, 5   },
        {"FC16, p30",                      "10 00 01 00 02 04",     10,   5   },
        {"FC16 of 123 words",              "10 00 01 00 7B F6",     252,  5   },
        {"FC17, p31, 32",                  "11 09",                 1,    11  },
        {"FC20 is not ours",               "14 07",                 OPEN, OPEN},
        {"FC22, p36, 37",                  "16",                    7,    7   },
        {"FC23, p38: its count not there", "17 04 0 1 0 5 0 1 0",   MORE, 6   },
        {"FC23, p38, 39",                  "17 04 0 1 0 5 0 1 0 2", 12,   6   },
        {"FC43 alone",                     "2B",                    MORE, OPEN},
        {"FC43/14, p43",                   "2B 0E",                 4,    OPEN},
        {"FC43/13 is not ours",            "2B 0D",                 OPEN, OPEN},
        {"a user's function, p10",         "41",                    OPEN, OPEN},
        {"FC0 is none",                    "00",                    OPEN, OPEN},
        {"an exception, p47: no request",  "83",                    OPEN, 2   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint8_t pdu[20];
        size_t n = hex_bytes(cases[i].begins, pdu, sizeof(pdu));

        print_message("  %s\n", cases[i].what);
        assert_int_equal(shape_request(pdu, n), cases[i].request);
        assert_int_equal(shape_reply(pdu, n), cases[i].reply);
    }
}

static void data_to_come(void **state)
{
    static const struct {
        const char *what, *head;
        bool has;
    } cases[] = {
        {"FC15: 10 bits are 2 bytes", "0F 00 13 00 0A 02",             true },
        {"FC15: and not 1",           "0F 00 13 00 0A 01",             false},
        {"FC15: nor 3",               "0F 00 13 00 0A 03",             false},
        {"FC15: 8 bits are 1",        "0F 00 13 00 08 01",             true },
        {"FC16: 2 words are 4 bytes", "10 00 01 00 02 04",             true },
        {"FC16: and not 3",           "10 00 01 00 02 03",             false},
        {"FC16: none",                "10 00 01 00 00 00",             false},
        {"FC16: 258 are not 2",       "10 00 01 01 02 04",             false},
        {"FC16: not told yet",        "10 00 01 00 02",                false},
        {"FC23: 1 word is 2 bytes",   "17 00 05 00 01 00 05 00 01 02", true },
        {"FC23: and not 3",           "17 00 05 00 01 00 05 00 01 03", false},
        {"FC23: none",                "17 00 05 00 01 00 05 00 00 00", false},
        {"FC23: 257 are not 1",       "17 00 05 00 01 00 05 01 01 02", false},
        {"FC23: not told yet",        "17 00 05 00 01 00 05 00 01",    false},
        {"FC3 has none",              "03 00 05 00 01 02",             false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint8_t pdu[20];
        size_t n = hex_bytes(cases[i].head, pdu, sizeof(pdu));

        print_message("  %s\n", cases[i].what);
        assert_int_equal(shape_has_data(pdu, n), cases[i].has);
    }
}

static void one_byte_more_or_less(void **state)
{
    static const struct {
        const char *what, *request;
    } cases[] = {
        {"FC1",  "01 00 00 00 01"                     },
        {"FC6",  "06 00 00 00 01"                     },
        {"FC7",  "07"                                 },
        {"FC15", "0F 00 00 00 02 01 03"               },
        {"FC16", "10 00 00 00 01 02 00 01"            },
        {"FC22", "16 00 00 00 01 00 01"               },
        {"FC23", "17 00 00 00 01 00 00 00 01 02 00 01"},
        {"FC43", "2B 0E 01 00"                        },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint8_t pdu[20] = {0};
        size_t n = hex_bytes(cases[i].request, pdu, sizeof(pdu));

        print_message("  10, 45, 112 %s\n", cases[i].what);
        for (size_t len = 0; len < sizeof(pdu); len++)
            assert_int_equal(modbus_fits(pdu, len), len == n);
    }
    print_message("  44 what is not known may have any length, but one\n");
    assert_true(modbus_fits((const uint8_t[]){0x63}, 1));
    assert_true(modbus_fits((const uint8_t[]){0x63, 0}, 2));
    assert_false(modbus_fits((const uint8_t[]){0x63}, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(data_to_come),
        cmocka_unit_test(one_byte_more_or_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
