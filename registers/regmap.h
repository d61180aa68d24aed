/* The Modbus register map as data, and the image it makes of a snapshot.
 *
 * One line of registers.def is one point; address division, documents, the served image and
 * the baseline check are made from it. Addresses are as on the wire: the first is 0. The
 * same content answers holding (FC 03) and input (FC 04) registers. */
#ifndef REGISTERS_REGMAP_H
#define REGISTERS_REGMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "model/order.h"
#include "model/snapshot.h"

/* A new major: addresses or meanings changed. A new minor: registers were added. */
#define REGMAP_VERSION_MAJOR 0
#define REGMAP_VERSION_MINOR 3

/* How many words all blocks have, and what one cluster's unit id has: identification and hot
 * block. */
enum {
    REGMAP_HUB_WORDS = 0
#define BLOCK(id, base, stride, count, words, of, title) +(words) * (count)
#include "registers.def"
    ,
#define BLOCK(id, base, stride, count, words, of, title) REGMAP_WORDS_##id = (words),
#include "registers.def"
    REGMAP_CLUSTER_WORDS = REGMAP_WORDS_IDENTIFICATION + REGMAP_WORDS_HOT,
    REGMAP_WORDS = REGMAP_HUB_WORDS + MAX_CLUSTERS * REGMAP_CLUSTER_WORDS
};

/* The words of all blocks, in the order of registers.def; behind them those of each cluster's unit
 * id. Plain data of fixed size; what the control thread publishes and the server copies answers
 * from: n words at `at` are the 2 * n bytes from wire[2 * at]. */
#define REGMAP_BITS 24 /* discrete inputs: one run from 0; what no line names reads 0 */
struct image {
    uint8_t wire[2 * REGMAP_WORDS]; /* the same words in network byte order */
    uint16_t word[REGMAP_WORDS];
    bool bit[REGMAP_BITS];
};

/* Fills the image. Unknown reads as the type's "not available" code: all ones unsigned, 0x8000,
 * 0x80000000 ... signed; a text that is not known is all zero; reserved words inside a block
 * read as 0xFFFF. A value beyond its type's range reads as the nearest one that is no code.
 * proc may be NULL: nothing is known of the process then. */
void regmap_fill(struct image *img, const struct snapshot *snap, const struct process *proc);

/* Where words addr..addr+n-1 lie in image.word, or -1 when one of them is outside every
 * block (exception 02) or n is 0. Time does not depend on the address or on n. */
int regmap_find(uint16_t addr, unsigned n);

/* The same for the unit id of cluster 1; those of cluster c lie (c - 1) * REGMAP_CLUSTER_WORDS
 * behind. It has the identification, which says which cluster it is, and the hot block at the
 * addresses of the hub's; in there stand the cluster's own values, and "not available" for what
 * only a hub has. */
int regmap_find_cluster(uint16_t addr, unsigned n);

/* Whether discrete inputs addr..addr+n-1 are served (else exception 02). A bit cannot say that it
 * is not known: it is 0 then. */
bool regmap_has_bits(uint16_t addr, unsigned n);

/* Turns words that a client writes (n >= 1, network byte order) into orders; origin, ticket and
 * everything else that is not said by the register is zero. Returns HUB_OK with 1..ORDERS_MAX
 * orders, HUB_ESPEC when one of the words cannot be written (exception 02), HUB_ERANGE when one has
 * a value that can never be right (03). Never a part of them. */
enum status regmap_write(uint16_t addr, unsigned n, const uint8_t *words,
                         struct hub_order order[ORDERS_MAX], unsigned *n_orders);

/* The command behind an address that can be written, else COMMAND_NONE. */
enum command regmap_command(uint16_t addr);

/* Hash over what the map promises: addresses, types, scales, names. */
uint32_t regmap_hash(void);

/* HUB_OK when the table is well formed: blocks inside one area, none touching another, the
 * hot block at most 60 words, every block at most 125; lines inside their block, in order,
 * names unique, types that fit their signals; what can be written in the block for it, a word
 * each. `why` gets the first finding. */
enum status regmap_check(const char **why);

/* Prints the map in a format: "md", "csv", "ha" ... to out(arg, text), piece by piece.
 * HUB_ERANGE: no such format; regmap_formats is the NULL-ended list of names. */
extern const char *const regmap_formats[];
enum status regmap_print(const char *format, void (*out)(void *arg, const char *text), void *arg);

/* --- The table itself, for clients, documents and tests. --- */

enum reg_type {
    REG_U16,
    REG_S16,
    REG_U32,
    REG_S32,
    REG_U64,
    REG_S64, /* big words first */
    REG_TEXT,
    REG_C16, /* a counter that wraps by its own rules: 65535 is a value, and the code as well */
    REG_TYPE_COUNT
};

struct reg_type_info {
    const char *name; /* "uint16" */
    uint8_t words;    /* of a number; 0: the line tells */
    int64_t lo, hi;   /* what a value can be */
    uint64_t none;    /* the code for "not available" */
};
extern const struct reg_type_info reg_type_info[REG_TYPE_COUNT];

/* Packs a value already in LSB into the type's words, and back. Out-of-range values saturate;
 * unknown becomes the code. reg_unpack returns false on the code. Not for REG_TEXT. */
void reg_pack(enum reg_type type, bool known, int64_t value, uint16_t *words);
bool reg_unpack(enum reg_type type, const uint16_t *words, int64_t *value);

enum reg_of {
    REG_OF_HUB,
    REG_OF_CLUSTER,
    REG_OF_INVERTER,
    REG_OF_PROCESS, /* of struct process, as the next two: lines of signals only */
    REG_OF_TCP,
    REG_OF_RTU,
};

enum reg_block {
#define BLOCK(id, base, stride, count, words, of, title) BLOCK_##id,
#include "registers.def"
    BLOCK_COUNT
};

struct reg_block_info {
    uint16_t base, stride, count, words; /* n-th block at base + stride * n */
    enum reg_of of;
    uint16_t first; /* its lines: from reg_line[first] up to the first of the next block */
    const char *title;
};
extern const struct reg_block_info reg_block_info[BLOCK_COUNT + 1]; /* the last one only ends */

enum reg_source {
    /* The baseline holds these numbers and those of enum tier and reg_fixed: add at the end. */
    REG_FROM_SIGNAL,    /* what: enum signal; n of them in a row */
    REG_FROM_TEXT,      /* what: enum text */
    REG_FROM_ALARMS,    /* what: enum tier */
    REG_FROM_LATCHED,   /* what: enum tier */
    REG_FROM_TIERS,     /* what: 1 latched, 0 active; bit n: tier n has an alarm */
    REG_FROM_FIXED,     /* what: enum reg_fixed */
    REG_FROM_DIRECTORY, /* what: enum reg_block */
};

enum reg_fixed {
    REG_FIXED_MAGIC,
    REG_FIXED_MAP_MAJOR,
    REG_FIXED_MAP_MINOR,
    REG_FIXED_MAP_HASH,
    REG_FIXED_SOFTWARE_MAJOR,
    REG_FIXED_SOFTWARE_MINOR,
    REG_FIXED_SOFTWARE_PATCH,
    REG_FIXED_DIRECTORY_LENGTH,
    REG_FIXED_UNIT_CLUSTER,
    REG_FIXED_ZERO,
};

#define REGMAP_MAGIC 0x48554247 /* "HUBG" */

/* One line of registers.def. */
struct reg_line {
    uint8_t offset; /* in its block */
    uint8_t words;  /* of one of its values */
    uint8_t n;      /* values in a row */
    enum reg_type type;
    enum reg_source source;
    uint16_t what;
    uint16_t lsb; /* signal units of one LSB */
    bool sensor;  /* also in homeassistant.yaml */
    const char *name;
    const char *text;     /* NULL: the signal, text or tier tells */
    enum command command; /* what writing it orders; COMMAND_NONE: it can only be read */
};
extern const struct reg_line reg_line[];
extern const size_t n_reg_lines;

/* A run of discrete inputs: flags of the hub. */
struct reg_bits {
    uint16_t addr;
    uint8_t n;
    uint16_t signal; /* the first of n */
    const char *name;
};
extern const struct reg_bits reg_bits[];
extern const size_t n_reg_bits;

/* A range of addresses and what it is kept for. */
struct reg_area {
    uint16_t first, last;
    const char *text;
};
extern const struct reg_area reg_area[];
extern const size_t n_reg_areas;

/* regmap_check on any table, so that the check can be checked. */
struct reg_table {
    const struct reg_area *area;
    size_t n_areas;
    const struct reg_block_info *block; /* n_blocks and one that ends */
    size_t n_blocks;
    const struct reg_line *line;
    const struct reg_bits *bits;
    size_t n_bits;
};
enum status regmap_check_table(const struct reg_table *table, const char **why);

/* A register as clients see it: one value at one address. */
struct reg {
    const struct reg_line *line;
    enum reg_block block;
    uint16_t place; /* which one of the block's count, from 0 */
    uint16_t addr, words;
    char name[48];      /* "cluster1_soc" */
    const char *symbol; /* of the unit shown; "" for counts and codes */
    uint16_t lsb, per;  /* value in that unit = raw x lsb / per */
    const char *text;
};

/* How many decimals the value has in the unit shown: 2 for 0.01 V. */
unsigned reg_decimals(const struct reg *reg);

/* Calls visit for every register; addresses rise. */
void regmap_each(void (*visit)(void *arg, const struct reg *reg), void *arg);

/* Takes the words of one block, as read from a server, back into what they were made of: the
 * signals, texts and alarms of `out`. What is not available becomes unknown. */
void regmap_take(enum reg_block block, const uint16_t *words, struct battery *out);

#endif
