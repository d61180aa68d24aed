/* The log parser against lines as candump and canplayer write them, and against what people make
 * of such files. Expected numbers are read off the line by eye. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "wire/candump.h"

static const struct good {
    const char *what, *line;
    struct candump_entry want;
} good[] = {
  /* The example of candump(1). */
    {"standard frame",
     "(1436509052.249713) vcan0 044#2A366C2BBA",                      {1436509052249713, {0x044, false, 5, {0x2A, 0x36, 0x6C, 0x2B, 0xBA}}, "vcan0"}},
    {"extended frame",
     "(1.000002) can0 18FEF100#0102030405060708",                     {1000002, {0x18FEF100, true, 8, {1, 2, 3, 4, 5, 6, 7, 8}}, "can0"}            },
    {"extended with a small id",
     "(0.5) can0 00000351#AA",                                        {500000, {0x351, true, 1, {0xAA}}, "can0"}                                    },
    {"no data",                  "(0.0) can0 305#",                   {0, {0x305, false, 0, {0}}, "can0"}                                           },
    {"small letters",            "(0.0) can0 35e#50ff",               {0, {0x35E, false, 2, {0x50, 0xFF}}, "can0"}                                  },
    {"dots between bytes",
     "(0.0) can0 35E#50.59.4C",                                       {0, {0x35E, false, 3, {0x50, 0x59, 0x4C}}, "can0"}                            },
    {"received",                 "(0.0) can0 305#00 R",               {0, {0x305, false, 1, {0}}, "can0"}                                           },
    {"sent, and a CR",           "(0.0) can0 305#00 T\r",             {0, {0x305, false, 1, {0}}, "can0"}                                           },
    {"raw length code",          "(0.0) can0 305#0000000000000000_E", {0, {0x305, false, 8, {0}}, "can0"}                                           },
    {"nanoseconds",              "(1.123456789) can0 305#",           {1123456, {0x305, false, 0, {0}}, "can0"}                                     },
    {"the longest name",
     "(0.0) abcdefghijklmno 305#",                                    {0, {0x305, false, 0, {0}}, "abcdefghijklmno"}                                },
    {"blanks before and behind",
     "  (1.000000)  can0  305#00  ",                                  {1000000, {0x305, false, 1, {0}}, "can0"}                                     },
};

static void test_reads_good_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(good); i++) {
        struct candump_entry e;
        const char *why = "";
        print_message("%s\n", good[i].what);
        assert_int_equal(candump_line(good[i].line, strlen(good[i].line), &e, &why), CANDUMP_FRAME);
        assert_int_equal(e.at, good[i].want.at);
        assert_int_equal(e.frame.id, good[i].want.frame.id);
        assert_int_equal(e.frame.ext, good[i].want.frame.ext);
        assert_int_equal(e.frame.len, good[i].want.frame.len);
        assert_memory_equal(e.frame.data, good[i].want.frame.data, 8);
        assert_string_equal(e.interface, good[i].want.interface);
    }
}

static const struct other {
    const char *what, *line;
    enum candump_what want;
} others[] = {
    {"empty",                       "",                                            CANDUMP_NOTHING},
    {"blanks",                      " \t\r",                                       CANDUMP_NOTHING},
    {"comment",                     "# C2, Pylontech US2000",                      CANDUMP_NOTHING},
    {"remote request",              "(0.0) can0 351#R",                            CANDUMP_FOREIGN},
    {"remote request, length",      "(0.0) can0 351#R8",                           CANDUMP_FOREIGN},
    {"CAN FD",                      "(0.0) can0 351##100112233445566778899",       CANDUMP_FOREIGN},
    {"error frame",                 "(0.0) can0 20000040#0000000000000000",        CANDUMP_FOREIGN},
    {"no time",                     "can0 351#00",                                 CANDUMP_BAD    },
    {"no fraction",                 "(1) can0 351#00",                             CANDUMP_BAD    },
    {"letters in the time",         "(1.0x) can0 351#00",                          CANDUMP_BAD    },
    {"negative time",               "(-1.0) can0 351#00",                          CANDUMP_BAD    },
    {"seconds of 13 digits",        "(1234567890123.0) can0 351#00",               CANDUMP_BAD    },
    {"fraction of 10 digits",       "(1.0123456789) can0 351#00",                  CANDUMP_BAD    },
    {"no interface",                "(0.0) 351#00",                                CANDUMP_BAD    },
    {"16 letters of interface",     "(0.0) abcdefghijklmnop 351#00",               CANDUMP_BAD    },
    {"the other output of candump", " (000.000000)  can0  351   [8]  14 02 74 0E", CANDUMP_BAD    },
    {"id of 4 digits",              "(0.0) can0 0351#00",                          CANDUMP_BAD    },
    {"id of 9 digits",              "(0.0) can0 018FEF100#00",                     CANDUMP_BAD    },
    {"standard id above 7FF",       "(0.0) can0 800#00",                           CANDUMP_BAD    },
    {"extended id above 1FFFFFFF",  "(0.0) can0 40000000#00",                      CANDUMP_BAD    },
    {"error flag and more",         "(0.0) can0 60000000#00",                      CANDUMP_BAD    },
    {"half a byte",                 "(0.0) can0 351#001",                          CANDUMP_BAD    },
    {"9 bytes",                     "(0.0) can0 351#000102030405060708",           CANDUMP_BAD    },
    {"raw length code 8",           "(0.0) can0 351#0001020304050607_8",           CANDUMP_BAD    },
    {"no hex",                      "(0.0) can0 351#0G",                           CANDUMP_BAD    },
    {"rest of another line",        "(0.0) can0 351#00 (0.1) can0 355#00",         CANDUMP_BAD    },
};

static void test_tells_the_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(others); i++) {
        struct candump_entry e;
        const char *why = NULL;
        print_message("%s\n", others[i].what);
        assert_int_equal(candump_line(others[i].line, strlen(others[i].line), &e, &why),
                         others[i].want);
        if (others[i].want == CANDUMP_BAD)
            assert_non_null(why);
    }
}

static void test_nul_is_no_text(void **state)
{
    (void)state;
    static const char line[] = "(0.0) can0 351#00\0zz";
    struct candump_entry e;
    const char *why = NULL;
    assert_int_equal(candump_line(line, sizeof(line) - 1, &e, &why), CANDUMP_BAD);
}

static void test_reads_a_whole_log(void **state)
{
    (void)state;
    static const char text[] = "# two frames, last line open\n"
                               "(0.000000) can0 351#1402C012C012C201\n"
                               "\n"
                               "(0.010000) can0 351#R\n"
                               "(0.020000) can0 355#58005E00";
    struct candump_log log;
    unsigned line;
    const char *why;
    assert_int_equal(candump_parse(text, sizeof(text) - 1, &log, &line, &why), HUB_OK);
    assert_int_equal(log.n, 2);
    assert_int_equal(log.foreign, 1);
    assert_int_equal(log.entries[0].frame.id, 0x351);
    assert_int_equal(log.entries[0].frame.data[2], 0xC0);
    assert_int_equal(log.entries[1].at, 20000);
    candump_free(&log);
    assert_null(log.entries);
}

static void test_grows_beyond_its_first_room(void **state)
{
    (void)state;
    char text[200 * 32];
    size_t len = 0;
    for (int i = 0; i < 200; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "(%d.0) can0 %03X#%02X\n", i, i, i);
    struct candump_log log;
    unsigned line;
    const char *why;
    assert_int_equal(candump_parse(text, len, &log, &line, &why), HUB_OK);
    assert_int_equal(log.n, 200);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(log.entries[i].frame.data[0], i);
    candump_free(&log);
}

static void test_names_the_bad_line(void **state)
{
    (void)state;
    static const char text[] = "(0.0) can0 351#00\n\n(0.0) can0 351#0\n";
    struct candump_log log;
    unsigned line = 0;
    const char *why = "";
    assert_int_equal(candump_parse(text, sizeof(text) - 1, &log, &line, &why), HUB_ESPEC);
    assert_int_equal(line, 3);
    assert_string_equal(why, "data are 0 to 8 bytes of two hex digits");
    assert_int_equal(log.n, 0);
    assert_null(log.entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_good_lines),
        cmocka_unit_test(test_tells_the_others),
        cmocka_unit_test(test_nul_is_no_text),
        cmocka_unit_test(test_reads_a_whole_log),
        cmocka_unit_test(test_grows_beyond_its_first_room),
        cmocka_unit_test(test_names_the_bad_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
