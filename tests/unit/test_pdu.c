/* The rows of the conformance list that are about a single request, on the fixture map. Expected
 * bytes are worked out by hand from the map's definition and the page of the MODBUS Application
 * Protocol V1.1b3 that the text names. */
#include "check.h"

#include "../fixture_map.h"
#include "hex.h"

struct exchange {
    const char *what, *request, *answer;
};

static void play(const struct exchange *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct fixture f;
        struct modbus_map map = fixture_map(&f);
        uint8_t req[MODBUS_PDU_MAX], out[MODBUS_PDU_MAX] = {0};
        size_t len = hex_bytes(x[i].request, req, sizeof(req));

        print_message("  %s\n", x[i].what);
        assert_bytes(out, modbus_answer(&map, &fixture_who, req, len, out), x[i].answer);
    }
}

static void functions_and_structure(void **state)
{
    static const struct exchange cases[] = {
        {"42 function 0 is not valid (p4)",         "00 00 00 00 01",                         "80 01"      },
        {"43 function 0x83: no answer",             "83 00 00 00 01",                         ""           },
        {"43 function 0x80: no answer",             "80",                                     ""           },
        {"43 function 0xFF: no answer",             "FF",                                     ""           },
        {"44 function 7",                           "07",                                     "87 01"      },
        {"44 function 8 on TCP",                    "08 00 00 12 34",                         "88 01"      },
        {"44 function 11",                          "0B",                                     "8B 01"      },
        {"44 function 12",                          "0C",                                     "8C 01"      },
        {"44 function 17",                          "11",                                     "91 01"      },
        {"44 function 20",                          "14 07 06 00 01 00 00 00 01",             "94 01"      },
        {"44 function 100",                         "64 00 00",                               "E4 01"      },
        {"44 function 127",                         "7F",                                     "FF 01"      },
        {"89 function 24 is not there",             "18 00 00",                               "98 01"      },
        {"45 function code only: 1",                "01",                                     "81 03"      },
        {"45 function code only: 3",                "03",                                     "83 03"      },
        {"45 function code only: 16",               "10",                                     "90 03"      },
        {"45 function code only: 23",               "17",                                     "97 03"      },
        {"45 function code only: 43",               "2B",                                     "AB 03"      },
        {"8 FC3 with a spare byte",                 "03 00 00 00 01 00",                      "83 03"      },
        {"8 FC6 with a spare byte",                 "06 00 00 00 01 00",                      "86 03"      },
        {"9 FC16 hidden in FC3",                    "03 00 00 00 01 10 00 05 00 01 02 AA AA", "83 03"      },
        {"10 FC3 one byte short",                   "03 00 00 00",                            "83 03"      },
        {"10 FC16 with fewer bytes than its count", "10 00 00 00 02 04 11 11 22",             "90 03"      },
        {"53 element 1 is address 0 (p7)",          "03 00 00 00 01",                         "03 02 10 00"},
    };

    (void)state;
    play(cases, LEN(cases));
}

static void reads(void **state)
{
    static const struct exchange cases[] = {
  /* coils 0 3 6 | 9 12 15 | 18 are set */
        {"57 FC1 quantity 1",                 "01 00 00 00 01", "01 01 01"         },
        {"57 FC1 13 from 0: spare bits 0",    "01 00 00 00 0D", "01 02 49 12"      },
        {"57 FC1 19 from 1: lowest in bit 0", "01 00 01 00 13", "01 03 24 49 02"   },
        {"57 FC2 13 from 0",                  "02 00 00 00 0D", "02 02 AA 0A"      },
        {"57 FC2 quantity 1 of 1",            "02 00 01 00 01", "02 01 01"         },
        {"58 FC1 quantity 0",                 "01 00 00 00 00", "81 03"            },
        {"58 FC1 quantity 2001",              "01 00 00 07 D1", "81 03"            },
        {"58 FC1 quantity 0xFFFF",            "01 00 00 FF FF", "81 03"            },
        {"58 FC2 quantity 0",                 "02 00 00 00 00", "82 03"            },
        {"58 FC2 quantity 2001",              "02 00 00 07 D1", "82 03"            },
        {"59 FC1 last coil 1999",             "01 07 CF 00 01", "01 01 00"         },
        {"59 FC2 last discrete 1999",         "02 07 CF 00 01", "02 01 01"         },
        {"59 FC1 one past the end",           "01 07 CF 00 02", "81 02"            },
        {"59 FC1 0xFFFF + 2 does not wrap",   "01 FF FF 00 02", "81 02"            },
        {"59 FC2 0xFFFF + 2 does not wrap",   "02 FF FF 00 02", "82 02"            },
        {"60 FC1 bad quantity and address",   "01 FF FF 00 00", "81 03"            },
        {"61 FC3 high byte first",            "03 00 01 00 02", "03 04 10 01 10 02"},
        {"61 FC4 has its own table",          "04 00 00 00 01", "04 02 20 00"      },
        {"62 FC3 quantity 0",                 "03 00 00 00 00", "83 03"            },
        {"62 FC3 quantity 126",               "03 00 00 00 7E", "83 03"            },
        {"62 FC4 quantity 0",                 "04 00 00 00 00", "84 03"            },
        {"62 FC4 quantity 126",               "04 00 00 00 7E", "84 03"            },
        {"63 FC3 last word 199",              "03 00 C7 00 01", "03 02 10 C7"      },
        {"63 FC3 one past the end",           "03 00 C7 00 02", "83 02"            },
        {"63 FC3 0xFFFF + 2 does not wrap",   "03 FF FF 00 02", "83 02"            },
        {"63 FC4 past the end",               "04 00 C8 00 01", "84 02"            },
        {"64 FC3 bad quantity and address",   "03 FF FF 00 00", "83 03"            },
    };

    (void)state;
    play(cases, LEN(cases));
}

/* A map of all 65536 addresses. Returns the address as the word, and remembers what was asked. */
static unsigned asked;

static enum modbus_exception whole_read_words(void *ctx, enum modbus_table table, uint16_t addr,
                                              unsigned n, uint8_t *out)
{
    (void)ctx, (void)table;
    asked++;
    for (unsigned i = 0; i < n; i++) {
        *out++ = (uint8_t)((addr + i) >> 8);
        *out++ = (uint8_t)(addr + i);
    }
    return MODBUS_OK;
}

static enum modbus_exception whole_read_bits(void *ctx, uint16_t addr, unsigned n, uint8_t *out)
{
    (void)ctx, (void)addr;
    asked++;
    memset(out, 0, (n + 7) / 8);
    return MODBUS_OK;
}

static enum modbus_exception whole_write(void *ctx, const struct modbus_who *who, uint16_t addr,
                                         unsigned n, const uint8_t *what)
{
    (void)ctx, (void)who, (void)addr, (void)n, (void)what;
    asked++;
    return MODBUS_OK;
}

/* Addresses go from 0 to 65535 (p7), and the engine stops nobody before the last one. */
static void the_last_address_is_one(void **state)
{
    static const struct {
        const char *what, *request, *answer;
        bool ask;
    } cases[] = {
        {"FC1 65535",                     "01 FF FF 00 01",                            "01 01 00",          true },
        {"FC1 65534 + 2",                 "01 FF FE 00 02",                            "01 01 00",          true },
        {"FC1 65535 + 2",                 "01 FF FF 00 02",                            "81 02",             false},
        {"FC2 65535",                     "02 FF FF 00 01",                            "02 01 00",          true },
        {"FC2 65535 + 2",                 "02 FF FF 00 02",                            "82 02",             false},
        {"FC3 65535",                     "03 FF FF 00 01",                            "03 02 FF FF",       true },
        {"FC3 65534 + 2",                 "03 FF FE 00 02",                            "03 04 FF FE FF FF", true },
        {"FC3 65535 + 2",                 "03 FF FF 00 02",                            "83 02",             false},
        {"FC3 65412 + 125, one too many", "03 FF 84 00 7D",                            "83 02",             false},
        {"FC4 65535",                     "04 FF FF 00 01",                            "04 02 FF FF",       true },
        {"FC4 65535 + 2",                 "04 FF FF 00 02",                            "84 02",             false},
        {"FC15 65534 + 2",                "0F FF FE 00 02 01 03",                      "0F FF FE 00 02",    true },
        {"FC15 65535 + 2",                "0F FF FF 00 02 01 03",                      "8F 02",             false},
        {"FC16 65535",                    "10 FF FF 00 01 02 00 00",                   "10 FF FF 00 01",    true },
        {"FC16 65534 + 2",                "10 FF FE 00 02 04 00 00 00 00",             "10 FF FE 00 02",    true },
        {"FC16 65535 + 2",                "10 FF FF 00 02 04 00 00 00 00",             "90 02",             false},
        {"FC23 reads and writes 65535",   "17 FF FF 00 01 FF FF 00 01 02 00 00",       "17 02 FF FF",       true },
        {"FC23 reads one too many",       "17 FF FF 00 02 00 00 00 01 02 00 00",       "97 02",             false},
        {"FC23 writes one too many",      "17 00 00 00 01 FF FF 00 02 04 00 00 00 00", "97 02",             false},
    };
    const struct modbus_map map = {.read_words = whole_read_words,
                                   .read_coils = whole_read_bits,
                                   .read_discrete = whole_read_bits,
                                   .write_words = whole_write,
                                   .write_bits = whole_write};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint8_t req[MODBUS_PDU_MAX], out[MODBUS_PDU_MAX] = {0};
        size_t len = hex_bytes(cases[i].request, req, sizeof(req));

        print_message("  %s\n", cases[i].what);
        asked = 0;
        assert_bytes(out, modbus_answer(&map, &fixture_who, req, len, out), cases[i].answer);
        assert_int_equal(asked > 0, cases[i].ask);
    }
}

static void full_reads_have_every_word(void **state)
{
    static const struct {
        const char *what;
        uint8_t function;
        unsigned first;
    } cases[] = {
        {"61 FC3 quantity 125", 3, 0x1000},
        {"61 FC4 quantity 125", 4, 0x2000},
    };
    struct fixture f;
    struct modbus_map map = fixture_map(&f);
    uint8_t out[MODBUS_PDU_MAX] = {0};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint8_t req[] = {cases[i].function, 0, 0, 0, 125};

        print_message("  %s\n", cases[i].what);
        assert_int_equal(modbus_answer(&map, &fixture_who, req, sizeof(req), out), 252);
        assert_int_equal(out[1], 250);
        for (unsigned w = 0; w < 125; w++)
            assert_int_equal(out[2 + 2 * w] << 8 | out[3 + 2 * w], cases[i].first + w);
    }
    assert_int_equal(modbus_answer(&map, &fixture_who, (const uint8_t[]){1, 0, 0, 7, 0xD0}, 5, out),
                     252);
    print_message("  57 FC1 quantity 2000\n");
    assert_int_equal(out[1], 250);
    assert_int_equal(out[2], 0x49);   /* 0 3 6 */
    assert_int_equal(out[251], 0x49); /* 1992 = 3 * 664, 1995, 1998 */
}

/* A write, what is answered, and what a read afterwards shows. */
static const struct {
    const char *what, *request, *answer, *look, *shows;
} writes[] = {
    {"66 FC5 on",                                      "05 00 01 FF 00",                            "05 00 01 FF 00",       "01 00 00 00 03", "01 01 03"               },
    {"66 FC5 off",                                     "05 00 00 00 00",                            "05 00 00 00 00",       "01 00 00 00 04", "01 01 08"               },
    {"67 FC5 value 0001",                              "05 00 01 00 01",                            "85 03",                "01 00 00 00 03", "01 01 01"               },
    {"67 FC5 value 00FF",                              "05 00 01 00 FF",                            "85 03",                "01 00 00 00 03", "01 01 01"               },
    {"67 FC5 value FF01",                              "05 00 01 FF 01",                            "85 03",                "01 00 00 00 03", "01 01 01"               },
    {"67 FC5 value FFFF",                              "05 00 01 FF FF",                            "85 03",                "01 00 00 00 03", "01 01 01"               },
    {"67 FC5 value 0100",                              "05 00 01 01 00",                            "85 03",                "01 00 00 00 03", "01 01 01"               },
    {"68 FC5 bad value and address",                   "05 FF FF 12 34",                            "85 03",                "01 00 00 00 03", "01 01 01"               },
    {"69 FC5 bad address",                             "05 07 D0 FF 00",                            "85 02",                "01 00 00 00 03", "01 01 01"               },
    {"69 FC6 bad address",                             "06 00 C8 00 01",                            "86 02",                "03 00 C7 00 01", "03 02 10 C7"            },
    {"69 FC6 address 0xFFFF",                          "06 FF FF 00 01",                            "86 02",                "03 00 C7 00 01", "03 02 10 C7"            },
    {"70 FC6",                                         "06 00 05 AB CD",                            "06 00 05 AB CD",       "03 00 04 00 03", "03 06 10 04 AB CD 10 06"},
 /* the example of p30: CD 01 = 1100 1101, 01 to 10 coils from 0x13 = 19; 18 and 30 stay set,
  * 29 is the first after them and was not set. 18: bit 0; 19..26: CD; 27, 28: 1, 0; 29: 0; 30: 1
  */
    {"71 FC15 10 coils, neighbours stay",              "0F 00 13 00 0A 02 CD 01",                   "0F 00 13 00 0A",
     "01 00 12 00 0D",                                                                                                                        "01 02 9B 13"            },
    {"72 FC15 quantity 0",                             "0F 00 00 00 00 00",                         "8F 03",                "01 00 00 00 04", "01 01 09"               },
    {"73 FC15 byte count too small",                   "0F 00 00 00 0A 01 FF",                      "8F 03",                "01 00 00 00 04", "01 01 09"               },
    {"73 FC15 byte count too large",                   "0F 00 00 00 0A 03 FF FF FF",                "8F 03",                "01 00 00 00 04",
     "01 01 09"                                                                                                                                                        },
    {"73 FC15 byte count beyond the request",          "0F 00 00 00 0A 02 FF",                      "8F 03",                "01 00 00 00 04",
     "01 01 09"                                                                                                                                                        },
    {"74 FC15 bad byte count and address",             "0F FF FF 00 0A 01 FF",                      "8F 03",                "01 00 00 00 04",
     "01 01 09"                                                                                                                                                        },
    {"75 FC15 spare bits are ignored",                 "0F 00 00 00 02 01 FE",                      "0F 00 00 00 02",       "01 00 00 00 04",
     "01 01 0A"                                                                                                                                                        },
    {"78 FC15 range crosses the end",                  "0F 07 CF 00 02 01 03",                      "8F 02",                "01 07 CF 00 01",
     "01 01 00"                                                                                                                                                        },
    {"76 FC16 2 words",                                "10 00 01 00 02 04 00 0A 01 02",             "10 00 01 00 02",       "03 00 00 00 04",
     "03 08 10 00 00 0A 01 02 10 03"                                                                                                                                   },
    {"77 FC16 quantity 0",                             "10 00 00 00 00 00",                         "90 03",                "03 00 00 00 01", "03 02 10 00"            },
    {"77 FC16 odd byte count",                         "10 00 00 00 01 03 AA AA AA",                "90 03",                "03 00 00 00 01",
     "03 02 10 00"                                                                                                                                                     },
    {"77 FC16 byte count too small",                   "10 00 00 00 02 02 AA AA",                   "90 03",                "03 00 00 00 01",
     "03 02 10 00"                                                                                                                                                     },
    {"77 FC16 byte count too large",                   "10 00 00 00 01 04 AA AA AA AA",             "90 03",                "03 00 00 00 01",
     "03 02 10 00"                                                                                                                                                     },
    {"78 FC16 range crosses the end: nothing written", "10 00 C7 00 02 04 AA AA BB BB",             "90 02",
     "03 00 C7 00 01",                                                                                                                        "03 02 10 C7"            },
    {"78 FC16 0xFFFF + 2 does not wrap",               "10 FF FF 00 02 04 AA AA BB BB",             "90 02",                "03 00 00 00 01",
     "03 02 10 00"                                                                                                                                                     },
    {"79 FC16 bad byte count and address",             "10 FF FF 00 02 02 AA AA",                   "90 03",                "03 00 00 00 01",
     "03 02 10 00"                                                                                                                                                     },
 /* 0x1004: (0x1004 & 0x00F2) | (0x0025 & ~0x00F2) = 0x0000 | 0x0005 */
    {"83 FC22 changes by both masks",                  "16 00 04 00 F2 00 25",                      "16 00 04 00 F2 00 25",
     "03 00 04 00 01",                                                                                                                        "03 02 00 05"            },
    {"84 FC22 bad address",                            "16 00 C8 00 F2 00 25",                      "96 02",                "03 00 C7 00 01", "03 02 10 C7"            },
    {"85 FC23 writes first",                           "17 00 05 00 02 00 05 00 01 02 AB CD",       "17 04 AB CD 10 06",
     "03 00 05 00 01",                                                                                                                        "03 02 AB CD"            },
    {"86 FC23 read 0",                                 "17 00 00 00 00 00 05 00 01 02 AB CD",       "97 03",                "03 00 05 00 01",
     "03 02 10 05"                                                                                                                                                     },
    {"86 FC23 read 126",                               "17 00 00 00 7E 00 05 00 01 02 AB CD",       "97 03",                "03 00 05 00 01",
     "03 02 10 05"                                                                                                                                                     },
    {"86 FC23 write 0",                                "17 00 00 00 01 00 05 00 00 00",             "97 03",                "03 00 05 00 01", "03 02 10 05"            },
    {"87 FC23 byte count too small",                   "17 00 00 00 01 00 05 00 02 02 AB CD",       "97 03",
     "03 00 05 00 01",                                                                                                                        "03 02 10 05"            },
    {"87 FC23 byte count too large",                   "17 00 00 00 01 00 05 00 01 04 AB CD AB CD", "97 03",
     "03 00 05 00 01",                                                                                                                        "03 02 10 05"            },
    {"88 FC23 bad read range: nothing written",        "17 00 C7 00 02 00 05 00 01 02 AB CD",       "97 02",
     "03 00 05 00 01",                                                                                                                        "03 02 10 05"            },
    {"88 FC23 read wraps: nothing written",            "17 FF FF 00 02 00 05 00 01 02 AB CD",       "97 02",
     "03 00 05 00 01",                                                                                                                        "03 02 10 05"            },
    {"88 FC23 bad write range",                        "17 00 00 00 01 00 C7 00 02 04 AB CD AB CD", "97 02",
     "03 00 C7 00 01",                                                                                                                        "03 02 10 C7"            },
};

static void writes_are_all_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(writes); i++) {
        struct fixture f;
        struct modbus_map map = fixture_map(&f);
        uint8_t req[MODBUS_PDU_MAX], out[MODBUS_PDU_MAX] = {0};
        size_t len = hex_bytes(writes[i].request, req, sizeof(req));
        bool refused;

        print_message("  %s\n", writes[i].what);
        assert_bytes(out, modbus_answer(&map, &fixture_who, req, len, out), writes[i].answer);
        refused = out[0] & 0x80;
        assert_int_equal(f.writes, refused ? 0 : 1);
        len = hex_bytes(writes[i].look, req, sizeof(req));
        assert_bytes(out, modbus_answer(&map, &fixture_who, req, len, out), writes[i].shows);
    }
}

/* Quantities at the edges of functions 15, 16 and 23; the data are zeros. */
static void write_quantities(void **state)
{
    static const struct {
        const char *what;
        uint8_t head[10];
        size_t head_len, data_len, answer_len;
        uint8_t second; /* byte 1 of the answer */
    } cases[] = {
        {"72 FC15 quantity 1968",       {0x0F, 0, 0, 0x07, 0xB0, 246},           6,  246, 5,   0  },
        {"72 FC15 quantity 1969",       {0x0F, 0, 0, 0x07, 0xB1, 247},           6,  247, 2,   3  },
        {"76 FC16 quantity 123",        {0x10, 0, 0, 0, 123, 246},               6,  246, 5,   0  },
        {"77 FC16 quantity 124",        {0x10, 0, 0, 0, 124, 248},               6,  247, 2,   3  },
        {"86 FC23 read 125, write 121", {0x17, 0, 0, 0, 125, 0, 0, 0, 121, 242}, 10, 242, 252, 250},
        {"86 FC23 write 122",           {0x17, 0, 0, 0, 1, 0, 0, 0, 122, 244},   10, 243, 2,   3  },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct fixture f;
        struct modbus_map map = fixture_map(&f);
        uint8_t req[MODBUS_PDU_MAX + 1] = {0}, out[MODBUS_PDU_MAX] = {0};

        print_message("  %s\n", cases[i].what);
        memcpy(req, cases[i].head, cases[i].head_len);
        assert_int_equal(
            modbus_answer(&map, &fixture_who, req, cases[i].head_len + cases[i].data_len, out),
            cases[i].answer_len);
        assert_int_equal(out[1], cases[i].second);
        assert_int_equal(f.writes, cases[i].answer_len == 2 ? 0 : 1);
    }
}

static void device_identification(void **state)
{
    /* "hubgate" 68 75 62 67 61 74 65, "fixture" 66 69 78 74 75 72 65, "0.1" 30 2E 31 */
#define ALL_THREE "00 07 68 75 62 67 61 74 65 01 07 66 69 78 74 75 72 65 02 03 30 2E 31"
    static const struct exchange cases[] = {
        {"90 basic from object 0",             "2B 0E 01 00",       "2B 0E 01 81 00 00 03" ALL_THREE     },
        {"91 regular: at our own level",       "2B 0E 02 00",       "2B 0E 02 81 00 00 03" ALL_THREE     },
        {"91 extended: at our own level",      "2B 0E 03 80",       "2B 0E 03 81 00 00 03" ALL_THREE     },
        {"90 basic from object 2",             "2B 0E 01 02",       "2B 0E 01 81 00 00 01 02 03 30 2E 31"},
        {"92 single object",                   "2B 0E 04 02",       "2B 0E 04 81 00 00 01 02 03 30 2E 31"},
        {"92 single object that is not there", "2B 0E 04 03",       "AB 02"                              },
        {"92 single object 0xFF",              "2B 0E 04 FF",       "AB 02"                              },
        {"93 stream from an unknown object",   "2B 0E 01 77",       "2B 0E 01 81 00 00 03" ALL_THREE     },
        {"94 read code 0",                     "2B 0E 00 00",       "AB 03"                              },
        {"94 read code 5",                     "2B 0E 05 00",       "AB 03"                              },
        {"94 too short",                       "2B 0E 01",          "AB 03"                              },
        {"94 too long",                        "2B 0E 01 00 00",    "AB 03"                              },
        {"96 MEI type 13",                     "2B 0D 00 00",       "AB 01"                              },
        {"96 MEI type 12, longer",             "2B 0C 00 00 00 00", "AB 01"                              },
    };

    (void)state;
    play(cases, LEN(cases));
}

/* Walks a stream as a client does and counts the answers it takes. */
static void long_objects_are_never_cut(void **state)
{
    static char text[3][MODBUS_OBJECT_MAX + 2];
    const char *identity[MODBUS_OBJECTS] = {"a", "b", "c", text[0], NULL, text[1], text[2]};
    struct modbus_map map = {.identity = identity};
    uint8_t req[] = {0x2B, 0x0E, 2, 0}, out[MODBUS_PDU_MAX] = {0};

    (void)state;
    memset(text[0], 'x', MODBUS_OBJECT_MAX);
    memset(text[1], 'y', 240);
    memset(text[2], 'z', MODBUS_OBJECT_MAX + 1); /* too long: not there */
    print_message("  95 the first answer ends before the object that does not fit\n");
    assert_bytes(out, modbus_answer(&map, &fixture_who, req, 4, out),
                 "2B 0E 02 82 FF 03 03 00 01 61 01 01 62 02 01 63");
    print_message("  95 the longest object fills an answer\n");
    req[3] = out[5];
    assert_int_equal(modbus_answer(&map, &fixture_who, req, 4, out), MODBUS_PDU_MAX);
    assert_memory_equal(out, ((const uint8_t[]){0x2B, 0x0E, 2, 0x82, 0xFF, 5, 1, 3, 244}), 9);
    print_message("  95 the last answer says so\n");
    req[3] = out[5];
    assert_int_equal(modbus_answer(&map, &fixture_who, req, 4, out), 7 + 2 + 240);
    assert_memory_equal(out, ((const uint8_t[]){0x2B, 0x0E, 2, 0x82, 0, 0, 1, 5, 240}), 9);
}

static enum modbus_exception broken_read(void *ctx, enum modbus_table table, uint16_t addr,
                                         unsigned n, uint8_t *out)
{
    (void)ctx, (void)table, (void)addr;
    memset(out, 0xEE, 2u * n);
    return MODBUS_DEVICE_FAILURE;
}

static enum modbus_exception busy_write(void *ctx, const struct modbus_who *who, uint16_t addr,
                                        unsigned n, const uint8_t *data)
{
    (void)ctx, (void)who, (void)addr, (void)n, (void)data;
    return MODBUS_BUSY;
}

static void the_map_has_the_last_word(void **state)
{
    static const struct exchange failing[] = {
        {"51 internal failure",              "03 00 00 00 01",                      "83 04"},
        {"51 the read before FC22 fails",    "16 00 00 00 00 00 00",                "96 04"},
        {"51 the read before FC23 fails",    "17 00 00 00 01 00 00 00 01 02 00 00", "97 04"},
        {"52 busy",                          "06 00 00 00 01",                      "86 06"},
        {"50 no bits to read: function 1",   "01 00 00 00 01",                      "81 01"},
        {"50 no bits to write: function 5",  "05 00 00 FF 00",                      "85 01"},
        {"50 no bits to write: function 15", "0F 00 00 00 01 01 01",                "8F 01"},
        {"90 no identity: function 43",      "2B 0E 01 00",                         "AB 01"},
    };
    static const struct exchange read_only[] = {
        {"50 read-only: FC6, even when malformed", "06 00",                               "86 01"},
        {"50 read-only: FC16",                     "10 00 00 00 01 02 00 00",             "90 01"},
        {"50 read-only: FC22",                     "16 00 00 00 00 00 00",                "96 01"},
        {"50 read-only: FC23",                     "17 00 00 00 01 00 00 00 01 02 00 00", "97 01"},
        {"50 read-only: FC3 still reads",          "03 00 00 00 01",                      "83 04"},
    };
    struct modbus_map map = {.read_words = broken_read, .write_words = busy_write};
    uint8_t req[MODBUS_PDU_MAX], out[MODBUS_PDU_MAX] = {0};

    (void)state;
    for (size_t i = 0; i < LEN(failing); i++) {
        print_message("  %s\n", failing[i].what);
        size_t len = hex_bytes(failing[i].request, req, sizeof(req));
        assert_bytes(out, modbus_answer(&map, &fixture_who, req, len, out), failing[i].answer);
    }
    map.write_words = NULL;
    for (size_t i = 0; i < LEN(read_only); i++) {
        print_message("  %s\n", read_only[i].what);
        size_t len = hex_bytes(read_only[i].request, req, sizeof(req));
        assert_bytes(out, modbus_answer(&map, &fixture_who, req, len, out), read_only[i].answer);
    }
}

/* Each kind of bit is there for itself: who has no coils refuses them before it looks further. */
static void coils_and_discrete_inputs_are_two_tables(void **state)
{
    static const struct {
        const char *what;
        bool coils, discrete;
        const char *request, *answer;
    } cases[] = {
        {"both: FC1",                  true,  true,  "01 00 00 00 08", "01 01 49"},
        {"both: FC2",                  true,  true,  "02 00 00 00 08", "02 01 AA"},
        {"no coils: FC1",              false, true,  "01 00 00 00 08", "81 01"   },
        {"no coils: FC1, quantity 0",  false, true,  "01 00 00 00 00", "81 01"   },
        {"no coils: FC2",              false, true,  "02 00 00 00 08", "02 01 AA"},
        {"only coils: FC2",            true,  false, "02 00 00 00 08", "82 01"   },
        {"only coils: FC1",            true,  false, "01 00 00 00 08", "01 01 49"},
        {"only coils: FC2, malformed", true,  false, "02 00",          "82 01"   },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct fixture f;
        struct modbus_map map = fixture_map(&f);
        uint8_t req[MODBUS_PDU_MAX], out[MODBUS_PDU_MAX] = {0};
        size_t len = hex_bytes(cases[i].request, req, sizeof(req));

        print_message("  %s\n", cases[i].what);
        if (!cases[i].coils)
            map.read_coils = NULL;
        if (!cases[i].discrete)
            map.read_discrete = NULL;
        assert_bytes(out, modbus_answer(&map, &fixture_who, req, len, out), cases[i].answer);
    }
}

static void every_address_answers_data_or_02(void **state)
{
    struct fixture f;
    struct modbus_map map = fixture_map(&f);
    uint8_t out[MODBUS_PDU_MAX] = {0};

    (void)state;
    print_message("  65 sweep of 65536 addresses with functions 1 to 4\n");
    for (unsigned function = 1; function <= 4; function++) {
        unsigned end = function <= 2 ? FIXTURE_BITS : FIXTURE_WORDS;

        for (unsigned addr = 0; addr < 65536; addr++) {
            uint8_t req[] = {(uint8_t)function, (uint8_t)(addr >> 8), (uint8_t)addr, 0, 1};
            size_t len = modbus_answer(&map, &fixture_who, req, sizeof(req), out);

            assert_int_equal(out[0], addr < end ? function : function | 0x80);
            assert_int_equal(len, addr >= end ? 2 : function <= 2 ? 3 : 4);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_and_structure),
        cmocka_unit_test(reads),
        cmocka_unit_test(the_last_address_is_one),
        cmocka_unit_test(full_reads_have_every_word),
        cmocka_unit_test(writes_are_all_or_nothing),
        cmocka_unit_test(write_quantities),
        cmocka_unit_test(device_identification),
        cmocka_unit_test(long_objects_are_never_cut),
        cmocka_unit_test(the_map_has_the_last_word),
        cmocka_unit_test(coils_and_discrete_inputs_are_two_tables),
        cmocka_unit_test(every_address_answers_data_or_02),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
