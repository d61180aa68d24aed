/* registers.def as tables. */
#include "regmap.h"

const struct reg_type_info reg_type_info[REG_TYPE_COUNT] = {
    [REG_U16] = {"uint16", 1, 0,                      UINT16_MAX - 1, UINT16_MAX       },
    [REG_S16] = {"int16",  1, INT16_MIN + 1,          INT16_MAX,      0x8000           },
    [REG_U32] = {"uint32", 2, 0,                      UINT32_MAX - 1, UINT32_MAX       },
    [REG_S32] = {"int32",  2, (int64_t)INT32_MIN + 1, INT32_MAX,      0x80000000       },
    [REG_U64] = {"uint64", 4, 0,                      INT64_MAX,      UINT64_MAX       },
    [REG_S64] = {"int64",  4, INT64_MIN + 1,          INT64_MAX,      UINT64_C(1) << 63},
    [REG_TEXT] = {"text",   0, 0,                      0,              0                },
    [REG_C16] = {"uint16", 1, 0,                      UINT16_MAX,     UINT16_MAX       },
};

const struct reg_area reg_area[] = {
#define AREA(first, last, text) {first, last, text},
#include "registers.def"
};
const size_t n_reg_areas = sizeof(reg_area) / sizeof(reg_area[0]);

#define WORDS_U16 1
#define WORDS_S16 1
#define WORDS_C16 1
#define WORDS_U32 2
#define WORDS_S32 2
#define WORDS_U64 4
#define WORDS_S64 4
#define SOURCE_active REG_FROM_ALARMS
#define SOURCE_latched REG_FROM_LATCHED
#define LATCHED_active 0
#define LATCHED_latched 1

#define SIGNALS(offset, n, type, signal, lsb, sensor, command, name)                               \
    {offset, WORDS_##type, n,    REG_##type, REG_FROM_SIGNAL,  SIG_##signal,                       \
     lsb,    sensor,       name, NULL,       COMMAND_##command},
const struct reg_line reg_line[] = {
#define ROW(offset, n, type, signal, lsb, name)                                                    \
    SIGNALS(offset, n, type, signal, lsb, false, NONE, name)
#define REG(offset, type, signal, lsb, name)                                                       \
    SIGNALS(offset, 1, type, signal, lsb, false, NONE, name)
#define SENSOR(offset, type, signal, lsb, name)                                                    \
    SIGNALS(offset, 1, type, signal, lsb, true, NONE, name)
#define WRITE(offset, type, signal, lsb, command, name)                                            \
    SIGNALS(offset, 1, type, signal, lsb, false, command, name)
#define WRITES(offset, n, type, signal, lsb, command, name)                                        \
    SIGNALS(offset, n, type, signal, lsb, false, command, name)
#define TEXTREG(offset, words, id, name)                                                           \
    {offset, words, 1, REG_TEXT, REG_FROM_TEXT, TEXT_##id, 1, false, name, NULL, COMMAND_NONE},
#define ALARMREG(offset, tier, of, name)                                                           \
    {offset, 4, 1, REG_U64, SOURCE_##of, TIER_##tier, 1, false, name, NULL, COMMAND_NONE},
#define TIERS(offset, of, name)                                                                    \
    {offset, 1, 1, REG_U16, REG_FROM_TIERS, LATCHED_##of, 1, false, name, NULL, COMMAND_NONE},
#define FIXED(offset, type, what, name, text)                                                      \
    {offset, WORDS_##type, 1,    REG_##type, REG_FROM_FIXED, REG_FIXED_##what,                     \
     1,      false,        name, text,       COMMAND_NONE},
#define DIRECTORY(offset, block, name)                                                             \
    {offset, 1, 4, REG_U16, REG_FROM_DIRECTORY, BLOCK_##block, 1, false, name, NULL, COMMAND_NONE},
#include "registers.def"
};
const size_t n_reg_lines = sizeof(reg_line) / sizeof(reg_line[0]);

const struct reg_bits reg_bits[] = {
#define BITS(address, n, signal, name) {address, n, SIG_##signal, name},
#include "registers.def"
};
const size_t n_reg_bits = sizeof(reg_bits) / sizeof(reg_bits[0]);

/* Numbers the lines as the array above does, and notes where each block begins. A BLOCK takes
 * no number itself: AHEAD_ steps back so that the next line gets the same one. */
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
enum line_no {
#define BLOCK(id, base, stride, count, words, of, title) FIRST_##id, AHEAD_##id = FIRST_##id - 1,
#define REG(...) CAT(LINE_, __LINE__),
#define ROW REG
#define WRITE REG
#define WRITES REG
#define TEXTREG REG
#define ALARMREG REG
#define TIERS REG
#define FIXED REG
#define DIRECTORY REG
#include "registers.def"
    LINE_COUNT
};

const struct reg_block_info reg_block_info[BLOCK_COUNT + 1] = {
#define BLOCK(id, base, stride, count, words, of, title)                                           \
    {base, stride, count, words, REG_OF_##of, FIRST_##id, title},
#include "registers.def"
    [BLOCK_COUNT] = {.first = LINE_COUNT},
};
