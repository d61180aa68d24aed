#include "check.h"

#include "base/version.h"
#include "model/words.h"
#include "regmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The table. --- */

static void the_table_is_well_formed(void **state)
{
    const char *why = NULL;
    enum status status = regmap_check(&why);

    (void)state;
    if (status != HUB_OK)
        print_message("  %s\n", why);
    assert_int_equal(status, HUB_OK);
    assert_string_equal(why, "");
}

/* A copy of the table that may be spoilt. */
static struct reg_area areas[32];
static struct reg_block_info blocks[BLOCK_COUNT + 1];
static struct reg_line lines[600];
static struct reg_bits bits[8];

static enum status check_copy(const char **why)
{
    const struct reg_table t = {areas, n_reg_areas, blocks, BLOCK_COUNT, lines, bits, n_reg_bits};

    return regmap_check_table(&t, why);
}

static struct reg_line *hot(unsigned n)
{
    return &lines[blocks[BLOCK_HOT].first + n];
}

static void spoil_hole(void)
{
    areas[3].first++;
}
static void spoil_end(void)
{
    areas[n_reg_areas - 1].last--;
}
static void spoil_hot_long(void)
{
    blocks[BLOCK_HOT].words = 61;
}
static void spoil_block_long(void)
{
    blocks[BLOCK_CLUSTER_TEXTS].words = 126;
}
static void spoil_block_empty(void)
{
    blocks[BLOCK_LIMITS].words = 0;
}
static void spoil_block_short(void)
{
    blocks[BLOCK_GATEWAY].words = 4;
}
static void spoil_process(void)
{
    lines[blocks[BLOCK_GATEWAY].first].source = REG_FROM_FIXED;
}
static void spoil_process_name(void)
{
    lines[blocks[BLOCK_GATEWAY].first].name = "soc"; /* of the hub: no prefix either */
}
static void spoil_listeners(void)
{
    blocks[BLOCK_MODBUS_TCP].count = 3;
}
static void spoil_lines(void)
{
    blocks[BLOCK_MODBUS_RTU].count = 5;
}
static void spoil_written_elsewhere(void)
{
    hot(0)->command = COMMAND_STOP;
}
static void spoil_written_signed(void)
{
    lines[blocks[BLOCK_COMMANDS].first].type = REG_S16;
    lines[blocks[BLOCK_COMMANDS].first].what = SIG_CURRENT;
}
static void spoil_written_text(void)
{
    lines[blocks[BLOCK_COMMANDS].first].source = REG_FROM_FIXED;
}
static void spoil_row_inside(void)
{
    struct reg_line *line = &lines[blocks[BLOCK_COMMANDS].first];

    while (line->what != SIG_EXCLUDE)
        line++;
    line->what++; /* five values from the second of five */
}
static void spoil_area(void)
{
    blocks[BLOCK_HOT].base = 150;
}
static void spoil_count(void)
{
    blocks[BLOCK_INVERTER].count = 3;
}
static void spoil_stride(void)
{
    blocks[BLOCK_INVERTER].stride = blocks[BLOCK_INVERTER].words;
}
static void spoil_touch(void)
{
    blocks[BLOCK_CLUSTER].words = 125; /* its alarms begin at +125 */
}
static void spoil_overlap(void)
{
    hot(1)->offset = 0;
}
static void spoil_outside(void)
{
    blocks[BLOCK_HOT].words = 55;
}
static void spoil_odd(void)
{
    lines[0].offset = 1; /* magic, 32 bit */
}
static void spoil_words(void)
{
    hot(0)->words = 2;
}
static void spoil_lsb(void)
{
    hot(0)->lsb = 0;
}
static void spoil_unsigned(void)
{
    struct reg_line *line = hot(0);

    while (line->type != REG_S16) /* current, the first of them */
        line++;
    line->type = REG_U16;
}
static void spoil_signed(void)
{
    hot(0)->type = REG_S16;
}
static void spoil_row(void)
{
    lines[blocks[BLOCK_LIMITS].first + 1].n = 8;
    lines[blocks[BLOCK_LIMITS].first + 1].what = SIG_CCL_STAGE;
    lines[blocks[BLOCK_LIMITS].first + 1].offset = 7;
    lines[blocks[BLOCK_LIMITS].first + 2].offset = 15;
}
static void spoil_text(void)
{
    lines[blocks[BLOCK_CLUSTER_TEXTS].first].words = 3;
}
static void spoil_name(void)
{
    lines[blocks[BLOCK_LIMITS].first].name = "soc"; /* another block of the same kind */
}

static void spoil_bits_overlap(void)
{
    bits[1].addr = 7;
}
static void spoil_bits_outside(void)
{
    bits[1].addr = 17;
}
static void spoil_bits_none(void)
{
    bits[0].n = 0;
}
static void spoil_bits_row(void)
{
    bits[0].n = 9;
}
static void spoil_bits_inside_a_row(void)
{
    bits[0].signal = SIG_RELAY + 1;
    bits[0].n = 7;
}
static void spoil_bits_no_flag(void)
{
    bits[0].signal = SIG_SOC;
    bits[0].n = 1;
}

static void the_check_finds_what_is_wrong(void **state)
{
    static const struct {
        void (*spoil)(void);
        const char *why;
    } cases[] = {
        {spoil_hole,              "areas leave a hole or overlap"                                            },
        {spoil_end,               "areas do not reach 65535"                                                 },
        {spoil_hot_long,          "the hot block is too long"                                                },
        {spoil_block_long,        "a block has no words, or more than one read takes"                        },
        {spoil_block_empty,       "a block has no words, or more than one read takes"                        },
        {spoil_block_short,       "a block is too short to be found at once"                                 },
        {spoil_process,           "the process has nothing but signals"                                      },
        {spoil_process_name,      "a name stands twice"                                                      },
        {spoil_listeners,         "a block's count or stride does not fit"                                   },
        {spoil_lines,             "a block's count or stride does not fit"                                   },
        {spoil_written_elsewhere, "a line that can be written outside the commands"                          },
        {spoil_written_signed,    "what can be written is not a signal of one word"                          },
        {spoil_written_text,      "what can be written is not a signal of one word"                          },
        {spoil_row_inside,        "a signal does not have so many values"                                    },
        {spoil_area,              "a block is not inside one area"                                           },
        {spoil_count,             "a block's count or stride does not fit"                                   },
        {spoil_stride,            "a block's count or stride does not fit"                                   },
        {spoil_touch,             "blocks overlap or touch"                                                  },
        {spoil_overlap,           "lines overlap, are not in order or outside their block"                   },
        {spoil_outside,           "lines overlap, are not in order or outside their block"                   },
        {spoil_odd,               "a number of several words begins at an odd offset"                        },
        {spoil_words,             "a line has the wrong number of words"                                     },
        {spoil_lsb,               "an LSB of zero"                                                           },
        {spoil_unsigned,
         "a signal with negative values needs a signed type, others an unsigned one"                         },
        {spoil_signed,            "a signal with negative values needs a signed type, others an unsigned one"},
        {spoil_row,               "a signal does not have so many values"                                    },
        {spoil_text,              "a text does not fit its words"                                            },
        {spoil_name,              "a name stands twice"                                                      },
        {spoil_bits_overlap,      "bits overlap, are not in order or outside their run"                      },
        {spoil_bits_outside,      "bits overlap, are not in order or outside their run"                      },
        {spoil_bits_none,         "bits overlap, are not in order or outside their run"                      },
        {spoil_bits_row,          "bits are not of a row of flags"                                           },
        {spoil_bits_inside_a_row, "bits are not of a row of flags"                                           },
        {spoil_bits_no_flag,      "bits are not of a row of flags"                                           },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const char *why = NULL;

        memcpy(areas, reg_area, n_reg_areas * sizeof(areas[0]));
        memcpy(blocks, reg_block_info, sizeof(blocks));
        memcpy(lines, reg_line, n_reg_lines * sizeof(lines[0]));
        memcpy(bits, reg_bits, n_reg_bits * sizeof(bits[0]));
        assert_int_equal(check_copy(&why), HUB_OK);
        cases[i].spoil();
        assert_int_equal(check_copy(&why), HUB_ESPEC);
        assert_string_equal(why, cases[i].why);
    }
}

/* --- Values. Words worked out by hand: two's complement, high word first. --- */

static void every_type_packs(void **state)
{
    static const struct {
        const char *what;
        enum reg_type type;
        bool known;
        int64_t value;
        uint16_t words[4];
        int64_t back; /* what the words say */
    } cases[] = {
        {"u16",         REG_U16, true,  480,                    {0x01E0},                         480               },
        {"u16 top",     REG_U16, true,  65534,                  {0xFFFE},                         65534             },
        {"u16 code",    REG_U16, true,  65535,                  {0xFFFE},                         65534             },
        {"u16 far",     REG_U16, true,  INT64_MAX,              {0xFFFE},                         65534             },
        {"u16 below",   REG_U16, true,  -1,                     {0x0000},                         0                 },
        {"u16 unknown", REG_U16, false, 480,                    {0xFFFF},                         0                 },
        {"s16",         REG_S16, true,  -141,                   {0xFF73},                         -141              },
        {"s16 top",     REG_S16, true,  40000,                  {0x7FFF},                         32767             },
        {"s16 lowest",  REG_S16, true,  -32767,                 {0x8001},                         -32767            },
        {"s16 code",    REG_S16, true,  -32768,                 {0x8001},                         -32767            },
        {"s16 far",     REG_S16, true,  INT64_MIN,              {0x8001},                         -32767            },
        {"s16 unknown", REG_S16, false, 0,                      {0x8000},                         0                 },
        {"u32",         REG_U32, true,  0x12345678,             {0x1234, 0x5678},                 0x12345678        },
        {"u32 code",    REG_U32, true,  0xFFFFFFFF,             {0xFFFF, 0xFFFE},                 0xFFFFFFFE        },
        {"u32 half",    REG_U32, true,  0x0000FFFF,             {0x0000, 0xFFFF},                 0xFFFF            },
        {"u32 below",   REG_U32, true,  -5,                     {0x0000, 0x0000},                 0                 },
        {"u32 unknown", REG_U32, false, 0,                      {0xFFFF, 0xFFFF},                 0                 },
        {"s32",         REG_S32, true,  -744,                   {0xFFFF, 0xFD18},                 -744              },
        {"s32 code",    REG_S32, true,  INT32_MIN,              {0x8000, 0x0001},                 INT32_MIN + 1     },
        {"s32 top",     REG_S32, true,  (int64_t)INT32_MAX + 1, {0x7FFF, 0xFFFF},                 INT32_MAX         },
        {"s32 unknown", REG_S32, false, 0,                      {0x8000, 0x0000},                 0                 },
        {"u64",         REG_U64, true,  0x0001000200030004,     {1, 2, 3, 4},                     0x0001000200030004},
        {"u64 top",     REG_U64, true,  INT64_MAX,              {0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF}, INT64_MAX         },
        {"u64 below",   REG_U64, true,  -1,                     {0, 0, 0, 0},                     0                 },
        {"u64 unknown", REG_U64, false, 0,                      {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, 0                 },
        {"s64",         REG_S64, true,  -2,                     {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE}, -2                },
        {"s64 code",    REG_S64, true,  INT64_MIN,              {0x8000, 0, 0, 1},                INT64_MIN + 1     },
        {"s64 unknown", REG_S64, false, 0,                      {0x8000, 0, 0, 0},                0                 },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint16_t words[4] = {0};
        int64_t back = 0;

        print_message("  %s\n", cases[i].what);
        reg_pack(cases[i].type, cases[i].known, cases[i].value, words);
        assert_memory_equal(words, cases[i].words, sizeof(words));
        assert_int_equal(reg_unpack(cases[i].type, words, &back), cases[i].known);
        assert_true(back == cases[i].back);
    }
}

static struct snapshot snap;
static struct image img;

static uint16_t word_at(uint16_t addr)
{
    int at = regmap_find(addr, 1);

    assert_true(at >= 0);
    return img.word[at];
}

struct expected {
    uint16_t addr, word;
    const char *what;
};

static void assert_words(const struct expected *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (word_at(e[i].addr) != e[i].word)
            print_message("  %u: %s is 0x%04X, not 0x%04X\n", e[i].addr, e[i].what,
                          word_at(e[i].addr), e[i].word);
        assert_int_equal(word_at(e[i].addr), e[i].word);
    }
}

/* The maker's own screen: clusters 44.8 % 52.8 V -7.8 A and 51.6 % 52.8 V -6.3 A make
 * 48 %, 52.8 V, -14.1 A, -0.7 kW. */
static void set_the_makers_screen(void)
{
    static const int64_t soc[] = {4480, 5160}, current[] = {-7800, -6300}, power[] = {-412, -333};

    memset(&snap, 0, sizeof(snap));
    signal_set(&snap.hub.s, SIG_STATE, HUB_RUNNING, 0);
    signal_set(&snap.hub.s, SIG_SOC, 4820, 0);
    signal_set(&snap.hub.s, SIG_VOLTAGE, 52800, 0);
    signal_set(&snap.hub.s, SIG_CURRENT, -14100, 0);
    signal_set(&snap.hub.s, SIG_POWER, -745, 0);
    signal_set(&snap.hub.s, SIG_CHARGE_CURRENT_LIMIT, 399999, 0);
    signal_set(&snap.hub.s, SIG_CHARGE_VOLTAGE_LIMIT, 54509, 0);
    signal_set(&snap.hub.s, SIG_DISCHARGE_VOLTAGE_LIMIT, 49505, 0);
    signal_set(&snap.hub.s, SIG_CONTROL_AGE, 1249, 0);
    signal_set(&snap.hub.s, SIG_CLUSTERS, 2, 0);
    signal_set(&snap.hub.s, SIG_CAPACITY, 860050, 0);
    signal_set(&snap.hub.s, SIG_TEMP_MIN, -55, 0);
    for (unsigned i = 0; i < 2; i++) {
        signal_set(&snap.cluster[i].s, SIG_STATE, CLUSTER_JOINED, 0);
        signal_set(&snap.cluster[i].s, SIG_SOC, soc[i], 0);
        signal_set(&snap.cluster[i].s, SIG_VOLTAGE, 52800, 0);
        signal_set(&snap.cluster[i].s, SIG_CURRENT, current[i], 0);
        signal_set(&snap.cluster[i].s, SIG_POWER, power[i], 0);
    }
    regmap_fill(&img, &snap, NULL);
}

static void the_makers_screen_in_words(void **state)
{
    static const struct expected words[] = {
        {100,   1,      "RUNNING"                                  },
        {101,   0xFFFF, "no reason known"                          },
        {103,   12,     "1249 ms in 0.1 s, to the nearest"         },
        {104,   482,    "48.2 % in 0.1 %"                          },
        {105,   0xFFFF, "SOH unknown"                              },
        {106,   5280,   "52.80 V in 0.01 V"                        },
        {109,   0xFF73, "-141 in 0.1 A"                            },
        {110,   0xFFFF, "-745 W, high word"                        },
        {111,   0xFD17, "-745 W, low word: 65536 - 745 = 64791"    },
        {112,   3999,   "399.999 A: a limit goes down, not to 4000"},
        {113,   0xFFFF, "DCL unknown"                              },
        {114,   5450,   "54.509 V: CVL goes down"                  },
        {115,   4951,   "49.505 V: DVL to the nearest, halves up"  },
        {124,   0,      "860.05 Ah, high word"                     },
        {125,   8601,   "860.05 Ah in 0.1 Ah: half goes up"        },
        {126,   0xFFFF, "capacity left unknown, high word"         },
        {127,   0xFFFF, "capacity left unknown, low word"          },
        {130,   0x8000, "mean temperature unknown"                 },
        {131,   0xFFC9, "-5.5 degC in 0.1 degC: 65536 - 55 = 65481"},
        {147,   2,      "clusters"                                 },
        {10000, 3,      "cluster 1 JOINED"                         },
        {10006, 448,    "cluster 1 SOC"                            },
        {10009, 0xFFB2, "cluster 1 current: 65536 - 78"            },
        {14000, 3,      "cluster 2 JOINED"                         },
        {14006, 516,    "cluster 2 SOC"                            },
        {14008, 5280,   "cluster 2 voltage"                        },
        {14009, 0xFFC1, "cluster 2 current: 65536 - 63"            },
        {18000, 0xFFFF, "cluster 3 is not there"                   },
        {18009, 0x8000, "its current"                              },
        {18010, 0x8000, "its power, high word"                     },
        {18011, 0x0000, "its power, low word"                      },
        {10099, 0xFFFF, "a reserved word"                          },
        {95,    0xFFFF, "a reserved word"                          },
    };

    (void)state;
    set_the_makers_screen();
    assert_words(words, LEN(words));
}

static void identification_in_words(void **state)
{
    static const struct expected words[] = {
        {0,  0x4855, "HU"                              },
        {1,  0x4247, "BG"                              },
        {2,  0,      "map major"                       },
        {3,  3,      "map minor"                       },
        {14, 0,      "seen through the unit of the hub"},
        {10, 1,      "100000 s, high word: 0x000186A0" },
        {11, 0x86A0, "low word"                        },
        {12, 77,     "heartbeat"                       },
        {39, 13,     "entries"                         },
        {40, 100,    "hot base"                        },
        {42, 0,      "hot stride"                      },
        {43, 1,      "hot count"                       },
        {52, 500,    "inverter base"                   },
        {54, 50,     "inverter stride"                 },
        {55, 2,      "inverter count"                  },
        {56, 10000,  "cluster base"                    },
        {58, 4000,   "cluster stride"                  },
        {59, 5,      "cluster count"                   },
        {60, 10125,  "cluster alarms base"             },
        {64, 10160,  "cluster texts base"              },
        {68, 800,    "relays and inputs base"          },
        {72, 2000,   "commands base"                   },
        {76, 2040,   "their state"                     },
        {80, 160,    "process base"                    },
        {84, 600,    "listeners base"                  },
        {85, 34,     "words of one"                    },
        {86, 36,     "their stride"                    },
        {87, 4,      "as many as can be configured"    },
        {88, 744,    "lines base"                      },
        {90, 14,     "their stride"                    },
        {92, 0xFFFF, "a reserved word"                 },
    };
    char version[32];

    (void)state;
    memset(&snap, 0, sizeof(snap));
    signal_set(&snap.hub.s, SIG_UPTIME, 100000499, 0);
    signal_set(&snap.hub.s, SIG_HEARTBEAT, 77, 0);
    regmap_fill(&img, &snap, NULL);
    assert_words(words, LEN(words));
    assert_int_equal((uint32_t)word_at(4) << 16 | word_at(5), regmap_hash());
    snprintf(version, sizeof(version), "%u.%u.%u", word_at(6), word_at(7), word_at(8));
    assert_string_equal(version, HUBGATE_VERSION);
}

static void alarms_and_texts_in_words(void **state)
{
    static const struct expected words[] = {
        {152,   5,      "warning and fault are active" },
        {153,   7,      "all three were"               },
        {300,   0x0004, "warning bit 50: word 0, bit 2"},
        {301,   0,      "warning, word 1"              },
        {302,   0,      "warning, word 2"              },
        {303,   0x0001, "warning bit 0: word 3, bit 0" },
        {307,   0,      "no protection"                },
        {310,   0x8000, "fault bit 31: word 2, bit 15" },
        {319,   0x0008, "protection bit 3 latched"     },
        {10051, 0,      "cluster 1 has none"           },
        {14051, 2,      "cluster 2: protection"        },
        {14132, 0x0002, "cluster 2 protection bit 1"   },
        {14160, 0x5765, "We"                           },
        {14161, 0x436F, "Co"                           },
        {14162, 0,      "end of the text"              },
        {14164, 0,      "model unknown"                },
        {582,   0x7079, "inverter 2: py"               },
        {586,   0x6800, "the last of nine letters: h"  },
    };

    (void)state;
    memset(&snap, 0, sizeof(snap));
    snap.hub.a.active[TIER_WARNING] = ALARM_BIT(OUTPUT_STALE) | ALARM_BIT(GENERAL);
    snap.hub.a.active[TIER_FAULT] = ALARM_BIT(MEMORY);
    memcpy(snap.hub.a.latched, snap.hub.a.active, sizeof(snap.hub.a.latched));
    snap.hub.a.latched[TIER_PROTECTION] = ALARM_BIT(CELL_HIGH);
    snap.cluster[1].a.active[TIER_PROTECTION] = ALARM_BIT(VOLTAGE_HIGH);
    strcpy(snap.cluster[1].t.value[TEXT_MAKER], "WeCo");
    strcpy(snap.inverter[1].t.value[TEXT_PROTOCOL], "pylontech");
    regmap_fill(&img, &snap, NULL);
    assert_words(words, LEN(words));
}

static void each_tier_has_its_bit(void **state)
{
    static const struct {
        enum tier tier;
        uint16_t bit;
    } cases[] = {
        {TIER_WARNING,    1},
        {TIER_PROTECTION, 2},
        {TIER_FAULT,      4},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        for (unsigned bit = 0; bit < 64; bit += 21) {
            memset(&snap, 0, sizeof(snap));
            snap.hub.a.active[cases[i].tier] = UINT64_C(1) << bit;
            snap.cluster[0].a.latched[cases[i].tier] = UINT64_C(1) << bit;
            regmap_fill(&img, &snap, NULL);
            assert_int_equal(word_at(152), cases[i].bit);
            assert_int_equal(word_at(153), 0);
            assert_int_equal(word_at(10051), 0);
            assert_int_equal(word_at(10052), cases[i].bit);
        }
}

static void every_unknown_signal_reads_as_its_code(void **state)
{
    (void)state;
    memset(&snap, 0, sizeof(snap));
    for (int i = 0; i < SIG_COUNT; i++)
        snap.hub.s.value[i] = 1; /* a value that nobody may use */
    regmap_fill(&img, &snap, NULL);
    for (unsigned i = reg_block_info[BLOCK_HOT].first; i < reg_block_info[BLOCK_LIMITS].first;
         i++) {
        int64_t v;

        if (reg_line[i].source == REG_FROM_SIGNAL)
            assert_false(reg_unpack(reg_line[i].type,
                                    &img.word[regmap_find((uint16_t)(100 + reg_line[i].offset), 1)],
                                    &v));
    }
}

/* Relays at 800 and 0, inputs at 808 and 16: closed, open, not known. */
static void relays_and_inputs_are_registers_and_bits(void **state)
{
    static const struct expected expected[] = {
        {800, 1,      "relay 1, closed"   },
        {801, 0,      "relay 2, open"     },
        {802, 0xFFFF, "relay 3, not there"},
        {807, 1,      "relay 8"           },
        {808, 0,      "input 1, open"     },
        {809, 0xFFFF, "input 2, not read" },
        {815, 1,      "input 8, closed"   },
        {816, 0x0024, "latches"           },
        {817, 4,      "latches_unsaved"   },
        {818, 90,     "forced_charge_left"},
        {820, 0xFFFF, "reserved"          },
    };

    (void)state;
    memset(&snap, 0, sizeof(snap));
    signal_set(&snap.hub.s, SIG_RELAY, 1, 0);
    signal_set(&snap.hub.s, (enum signal)(SIG_RELAY + 1), 0, 0);
    signal_set(&snap.hub.s, SIG_RELAY_LAST, 1, 0);
    signal_set(&snap.hub.s, SIG_INPUT, 0, 0);
    signal_set(&snap.hub.s, SIG_INPUT_LAST, 1, 0);
    signal_set(&snap.hub.s, SIG_LATCHES, LATCH_BIT(STOP_INPUT) | LATCH_BIT(DISCHARGE_DISOBEYED), 0);
    signal_set(&snap.hub.s, SIG_LATCHES_UNSAVED, LATCH_BIT(STOP_INPUT), 0);
    signal_set(&snap.hub.s, SIG_FORCED_CHARGE_LEFT, 90000, 0); /* ms */
    memset(&img, 0xFF, sizeof(img));
    regmap_fill(&img, &snap, NULL);
    assert_words(expected, LEN(expected));
    for (unsigned i = 0; i < REGMAP_BITS; i++)
        assert_int_equal(img.bit[i], i == 0 || i == 7 || i == 23);
}

static void the_bits_are_one_run(void **state)
{
    static const struct {
        uint16_t addr;
        unsigned n;
        bool has;
    } cases[] = {
        {0,     24,    true },
        {0,     25,    false},
        {0,     0,     false},
        {8,     8,     true }, /* between relays and inputs:
  reserved */
        {23,    1,     true },
        {23,    2,     false},
        {24,    1,     false},
        {65535, 1,     false},
        {1,     65535, false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_int_equal(regmap_has_bits(cases[i].addr, cases[i].n), cases[i].has);
}

static void a_value_too_large_stops_before_the_code(void **state)
{
    static const struct expected words[] = {
        {109,   0x7FFF, "3300 A in 0.1 A stops at 3276.7" },
        {106,   0xFFFE, "1000 V in 0.01 V stops at 655.34"},
        {103,   0xFFFE, "a day in 0.1 s"                  },
        {502,   0xFFFF, "frames, high word"               },
        {503,   0xFFFE, "frames, low word"                },
        {22064, 0x7FFF, "64-bit energy, highest word"     },
        {22067, 0xFFFF, "lowest word"                     },
    };

    (void)state;
    memset(&snap, 0, sizeof(snap));
    signal_set(&snap.hub.s, SIG_CURRENT, 3300000, 0);
    signal_set(&snap.hub.s, SIG_VOLTAGE, 1000000, 0);
    signal_set(&snap.hub.s, SIG_CONTROL_AGE, 86400000, 0);
    signal_set(&snap.inverter[0].s, SIG_FRAMES_TX, INT64_C(1) << 40, 0);
    signal_set(&snap.cluster[3].s, SIG_ENERGY_CHARGED, INT64_MAX, 0);
    regmap_fill(&img, &snap, NULL);
    assert_words(words, LEN(words));
}

/* --- Addresses. --- */

/* The same question asked the slow way: which block has all words? */
static int find_slowly(unsigned addr, unsigned n)
{
    unsigned at = 0;

    for (unsigned b = 0; b < BLOCK_COUNT; b++)
        for (unsigned place = 0; place < reg_block_info[b].count; place++) {
            unsigned base = reg_block_info[b].base + place * (unsigned)reg_block_info[b].stride;

            if (addr >= base && addr + n <= base + reg_block_info[b].words)
                return (int)(at + addr - base);
            at += reg_block_info[b].words;
        }
    return -1;
}

static void every_address_is_found_or_refused(void **state)
{
    static const unsigned counts[] = {1, 2, 125};
    unsigned found = 0, words = 0;

    (void)state;
    for (size_t i = 0; i < LEN(counts); i++)
        for (unsigned addr = 0; addr <= 0xFFFF; addr++) {
            int at = regmap_find((uint16_t)addr, counts[i]);

            found += at >= 0 && counts[i] == 1;
            if (at != find_slowly(addr, counts[i]))
                print_message("  %u x %u\n", addr, counts[i]);
            assert_int_equal(at, find_slowly(addr, counts[i]));
        }
    for (unsigned b = 0; b < BLOCK_COUNT; b++)
        words += reg_block_info[b].words * (unsigned)reg_block_info[b].count;
    assert_int_equal(found, words);
    assert_int_equal(regmap_find(100, 0), -1);
    assert_int_equal(regmap_find(100, 65535), -1);
    assert_int_equal(regmap_find(100, UINT32_MAX), -1);
}

/* --- Documents. --- */

struct doc {
    char buf[400000];
    size_t len;
};
static struct doc doc;

static void collect(void *arg, const char *text)
{
    struct doc *t = arg;
    size_t n = strlen(text);

    assert_true(t->len + n < sizeof(t->buf));
    memcpy(t->buf + t->len, text, n + 1);
    t->len += n;
}

static const char *print_doc(const char *format)
{
    doc.len = 0;
    assert_int_equal(regmap_print(format, collect, &doc), HUB_OK);
    return doc.buf;
}

/* Splits a line at commas outside quotes; fields stay where they are. Returns how many. */
static unsigned split_csv(char *line, char *field[], unsigned max)
{
    unsigned n = 0;
    bool quoted = false;

    field[n++] = line;
    for (char *p = line; *p; p++) {
        if (*p == '"')
            quoted = !quoted;
        if (*p != ',' || quoted)
            continue;
        *p = '\0';
        assert_true(n < max);
        field[n++] = p + 1;
    }
    assert_false(quoted);
    return n;
}

static void the_csv_can_be_imported(void **state)
{
    static char names[1000][48];
    unsigned rows = 0, next = 0, discrete = 0;
    char *at, *line;

    (void)state;
    print_doc("csv");
    line = strtok_r(doc.buf, "\n", &at);
    assert_string_equal(line,
                        "table,address,reference,words,type,unit,scale,access,name,description");
    while ((line = strtok_r(NULL, "\n", &at))) {
        char *field[10];
        unsigned addr, words;

        assert_int_equal(split_csv(line, field, 10), 10);
        addr = (unsigned)strtoul(field[1], NULL, 10);
        words = (unsigned)strtoul(field[3], NULL, 10);
        if (strcmp(field[0], "discrete") == 0) {
            next = discrete++ == 0 ? 0 : next; /* a table of its own, behind the registers */
            assert_int_equal(strtoul(field[2], NULL, 10), 100001 + addr);
            assert_true(words == 1 && regmap_has_bits((uint16_t)addr, 1));
        } else {
            assert_string_equal(field[0], "holding");
            assert_int_equal(discrete, 0);
            assert_int_equal(strtoul(field[2], NULL, 10), 400001 + addr);
            assert_true(regmap_find((uint16_t)addr, words) >= 0);
        }
        assert_true(addr >= next); /* rising, so no address stands twice */
        next = addr + words;
        assert_true(strcmp(field[7], "r") == 0 ||
                    (strcmp(field[7], "rw") == 0 && addr >= 2000 && addr < 3000));
        assert_true(strtod(field[6], NULL) > 0);
        assert_true(rows < LEN(names) && strlen(field[8]) < sizeof(names[0]));
        for (unsigned i = 0; i < rows; i++)
            assert_string_not_equal(names[i], field[8]);
        strcpy(names[rows++], field[8]);
    }
    assert_true(rows > 400);
    assert_int_equal(discrete, 8 + 8);
}

static void lines_say_scale_and_unit(void **state)
{
    static const char *const expected[] = {
        "\nholding,106,400107,1,uint16,V,0.01,r,voltage,\"",
        "\nholding,110,400111,2,int32,W,1,r,power,\"",
        "\nholding,104,400105,1,uint16,%,0.1,r,soc,\"",
        "\nholding,124,400125,2,uint32,Ah,0.1,r,capacity,\"",
        "\nholding,128,400129,2,uint32,kWh,0.001,r,energy_left,\"",
        "\nholding,137,400138,1,uint16,V,0.001,r,cell_voltage_max,\"",
        "\nholding,211,400212,1,uint16,s,1,r,setpoint_ccl_left,\"",
        "\nholding,206,400207,1,uint16,A,0.1,r,ccl_stage7,\"",
        "\nholding,26064,426065,4,uint64,kWh,0.001,r,cluster5_energy_charged,\"",
        "\nholding,582,400583,8,text,,1,r,inverter2_protocol,\"",
        "\nholding,807,400808,1,uint16,,1,r,relay8,\"",
        "\nholding,808,400809,1,uint16,,1,r,input1,\"",
        "\nholding,10077,410078,1,uint16,s,1,r,cluster1_over_limit_left,\"",
        "\ndiscrete,7,100008,1,bit,,1,r,relay_closed8,\"Relay n is closed; 0 when not known\"",
        "\ndiscrete,16,100017,1,bit,,1,r,input_closed1,\"Input n is closed; 0 when not known\"",
        "\nholding,10125,410126,4,uint64,,1,r,cluster1_alarms_warning,\"",
    };
    const char *csv = print_doc("csv");

    (void)state;
    for (size_t i = 0; i < LEN(expected); i++) {
        if (!strstr(csv, expected[i]))
            print_message("  missing: %s\n", expected[i] + 1);
        assert_non_null(strstr(csv, expected[i]));
    }
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;

    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void the_other_documents_hold_what_people_need(void **state)
{
    const char *text = print_doc("ha");
    unsigned clusters = count(text, "unique_id: hubgate_cluster"); /* and clusters of the hub */

    (void)state;
    clusters -= count(text, "unique_id: hubgate_clusters");
    assert_int_equal(clusters, 5 * 5);
    assert_in_range(count(text, "unique_id:") - clusters, 20, 40);
    assert_int_equal(count(text, "nan_value: 0x80000000\n"), 1 + 5); /* power */
    assert_non_null(strstr(text, "positive while the battery charges"));

    text = print_doc("md");
    assert_non_null(strstr(text, "| 100 | 0x0064 | 400101 | 1 | uint16 |"));
    assert_non_null(strstr(text, "| 3 | JOINED |"));
    assert_non_null(strstr(text, "| 49 | 0 | 0x0002 | INVERTER_LOST |"));
    assert_non_null(strstr(text, "| 9 | ALLOWANCE |"));
    assert_non_null(strstr(text, "| 23 | 0x0017 | 100024 | `input_closed8` |"));
    assert_non_null(strstr(text, "| 2 | 0x0004 | STOP_INPUT | hub |"));

    text = print_doc("codes");
    assert_non_null(strstr(text, "\nalarm,3,CELL_HIGH,"));
    assert_non_null(strstr(text, "\nlatch,2,STOP_INPUT,"));
    assert_int_equal(regmap_print("xml", collect, &doc), HUB_ERANGE);
    for (const char *const *f = regmap_formats; *f; f++)
        assert_true(strlen(print_doc(*f)) > 100);
}

/* --- Back again. --- */

static void a_client_gets_back_what_was_put_in(void **state)
{
    static struct battery hub, cluster;

    (void)state;
    set_the_makers_screen();
    snap.cluster[1].a.latched[TIER_FAULT] = UINT64_C(0x8000400020000001); /* a bit of each word */
    snap.cluster[1].a.active[TIER_WARNING] = UINT64_C(0x1000200040008000);
    strcpy(snap.cluster[1].t.value[TEXT_SERIAL], "0123456789ABCDEF");
    regmap_fill(&img, &snap, NULL);
    signal_set(&hub.s, SIG_SOH, 1, 0); /* must go: it is not available */
    regmap_take(BLOCK_HOT, &img.word[regmap_find(100, 1)], &hub);
    assert_int_equal(signal_or(&hub.s, SIG_SOC, -1), 4820);
    assert_int_equal(signal_or(&hub.s, SIG_CURRENT, -1), -14100);
    assert_int_equal(signal_or(&hub.s, SIG_POWER, -1), -745);
    assert_int_equal(signal_or(&hub.s, SIG_CHARGE_CURRENT_LIMIT, -1), 399900);
    assert_false(signal_known(&hub.s, SIG_SOH));
    regmap_take(BLOCK_CLUSTER_ALARMS, &img.word[regmap_find(14125, 1)], &cluster);
    assert_true(cluster.a.latched[TIER_FAULT] == UINT64_C(0x8000400020000001));
    assert_true(cluster.a.active[TIER_WARNING] == UINT64_C(0x1000200040008000));
    memset(cluster.t.value, 'x', sizeof(cluster.t.value)); /* must go, to the last byte */
    regmap_take(BLOCK_CLUSTER_TEXTS, &img.word[regmap_find(14160, 1)], &cluster);
    assert_string_equal(cluster.t.value[TEXT_SERIAL], "0123456789ABCDEF");
    assert_string_equal(cluster.t.value[TEXT_MODEL], "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_well_formed),
        cmocka_unit_test(the_check_finds_what_is_wrong),
        cmocka_unit_test(every_type_packs),
        cmocka_unit_test(the_makers_screen_in_words),
        cmocka_unit_test(identification_in_words),
        cmocka_unit_test(alarms_and_texts_in_words),
        cmocka_unit_test(each_tier_has_its_bit),
        cmocka_unit_test(every_unknown_signal_reads_as_its_code),
        cmocka_unit_test(relays_and_inputs_are_registers_and_bits),
        cmocka_unit_test(the_bits_are_one_run),
        cmocka_unit_test(a_value_too_large_stops_before_the_code),
        cmocka_unit_test(every_address_is_found_or_refused),
        cmocka_unit_test(the_csv_can_be_imported),
        cmocka_unit_test(lines_say_scale_and_unit),
        cmocka_unit_test(the_other_documents_hold_what_people_need),
        cmocka_unit_test(a_client_gets_back_what_was_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
