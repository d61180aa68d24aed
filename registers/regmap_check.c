/* Proves that a table of registers is well formed. */
#include "regmap.h"

#include <string.h>

#define HOT_WORDS_MAX 60    /* what Home Assistant needs, in one run */
#define BLOCK_WORDS_MAX 125 /* a Modbus read */
#define BLOCK_WORDS_MIN 5   /* eight addresses never belong to three blocks: regmap_find.c */

static bool inside_one_area(const struct reg_table *t, unsigned first, unsigned last)
{
    for (size_t i = 0; i < t->n_areas; i++)
        if (first >= t->area[i].first && last <= t->area[i].last)
            return true;
    return false;
}

/* Areas join without a hole from 0 to 65535. */
static const char *check_areas(const struct reg_table *t)
{
    unsigned next = 0;

    for (size_t i = 0; i < t->n_areas; i++) {
        if (t->area[i].first != next || t->area[i].last < t->area[i].first)
            return "areas leave a hole or overlap";
        next = t->area[i].last + 1u;
    }
    return next == 0x10000 ? NULL : "areas do not reach 65535";
}

static unsigned places(enum reg_of of)
{
    switch (of) {
    case REG_OF_CLUSTER:
        return MAX_CLUSTERS;
    case REG_OF_INVERTER:
        return MAX_INVERTERS;
    case REG_OF_TCP:
        return MAX_LISTENERS;
    case REG_OF_RTU:
        return MAX_LINES;
    case REG_OF_HUB:
    case REG_OF_PROCESS:
        break;
    }
    return 1;
}

static const char *check_block(const struct reg_table *t, const struct reg_block_info *b)
{
    unsigned last = (unsigned)b->base + (unsigned)b->stride * (b->count - 1u) + b->words - 1u;

    if (b->words < 1 || b->words > BLOCK_WORDS_MAX)
        return "a block has no words, or more than one read takes";
    if (b->words < BLOCK_WORDS_MIN)
        return "a block is too short to be found at once";
    if (b == &t->block[BLOCK_HOT] && b->words > HOT_WORDS_MAX)
        return "the hot block is too long";
    if (b->count != places(b->of) || (b->count > 1 && b->stride <= b->words))
        return "a block's count or stride does not fit";
    if (last > 0xFFFF || !inside_one_area(t, b->base, last))
        return "a block is not inside one area";
    return NULL;
}

/* Two blocks that touch would make an answer of two pieces. */
static bool apart(const struct reg_block_info *a, const struct reg_block_info *b)
{
    for (unsigned i = 0; i < a->count; i++)
        for (unsigned j = 0; j < b->count; j++) {
            unsigned x = (unsigned)a->base + i * a->stride, y = (unsigned)b->base + j * b->stride;

            if (x <= y + b->words && y <= x + a->words)
                return false;
        }
    return true;
}

static const char *check_signal(const struct reg_line *line)
{
    const struct signal_info *info = &signal_info[signal_row((enum signal)line->what)];

    if (line->n + (unsigned)(&signal_info[line->what] - info) > info->row)
        return "a signal does not have so many values";
    if ((info->lo < 0) != (reg_type_info[line->type].lo < 0))
        return "a signal with negative values needs a signed type, others an unsigned one";
    return NULL;
}

/* What is written comes as one word, in the block that is for it. */
static const char *check_command(const struct reg_table *t, const struct reg_block_info *b,
                                 const struct reg_line *line)
{
    if (b != &t->block[BLOCK_COMMANDS])
        return "a line that can be written outside the commands";
    return line->type == REG_U16 && line->source == REG_FROM_SIGNAL
               ? NULL
               : "what can be written is not a signal of one word";
}

static bool is_of_process(enum reg_of of)
{
    return of == REG_OF_PROCESS || of == REG_OF_TCP || of == REG_OF_RTU;
}

static const char *check_line(const struct reg_block_info *b, const struct reg_line *line,
                              unsigned next)
{
    unsigned words = reg_type_info[line->type].words;

    if (line->offset < next || line->offset + (unsigned)line->n * line->words > b->words)
        return "lines overlap, are not in order or outside their block";
    if (line->n < 1 || line->words < 1 || (words && words != line->words))
        return "a line has the wrong number of words";
    if (words > 1 && line->offset % 2)
        return "a number of several words begins at an odd offset";
    if (line->lsb < 1)
        return "an LSB of zero";
    if (line->source == REG_FROM_TEXT && line->words * 2u < text_info[line->what].len)
        return "a text does not fit its words";
    return line->source == REG_FROM_SIGNAL ? check_signal(line) : NULL;
}

static const char *check_lines(const struct reg_table *t, const struct reg_block_info *b)
{
    unsigned next = 0;

    for (unsigned i = b->first; i < b[1].first; i++) {
        const struct reg_line *line = &t->line[i];
        const char *why = check_line(b, line, next);

        if (!why && line->command != COMMAND_NONE)
            why = check_command(t, b, line);
        if (!why && is_of_process(b->of) && line->source != REG_FROM_SIGNAL)
            why = "the process has nothing but signals";
        if (why)
            return why;
        next = line->offset + (unsigned)line->n * line->words;
    }
    return NULL;
}

/* Whether the names of two kinds of block get the same prefix: hub and process get none. */
static bool same_prefix(enum reg_of a, enum reg_of b)
{
    return (a == REG_OF_PROCESS ? REG_OF_HUB : a) == (b == REG_OF_PROCESS ? REG_OF_HUB : b);
}

/* Lines of blocks of one kind share their prefix, so their names must differ. */
static bool name_is_unique(const struct reg_table *t, const struct reg_block_info *of,
                           unsigned line)
{
    for (const struct reg_block_info *b = t->block; b < t->block + t->n_blocks; b++)
        for (unsigned i = b->first; same_prefix(b->of, of->of) && i < b[1].first && i < line; i++)
            if (strcmp(t->line[i].name, t->line[line].name) == 0)
                return false;
    return true;
}

/* Bits in order, inside the run that is served, made of flags. */
static const char *check_bits(const struct reg_table *t)
{
    unsigned next = 0;

    for (size_t i = 0; i < t->n_bits; i++) {
        const struct reg_bits *b = &t->bits[i];
        const struct signal_info *info = &signal_info[b->signal];

        if (b->n < 1 || b->addr < next || b->addr + (unsigned)b->n > REGMAP_BITS)
            return "bits overlap, are not in order or outside their run";
        if (!info->name || b->n > info->row || info->unit != FLAG)
            return "bits are not of a row of flags";
        next = b->addr + (unsigned)b->n;
    }
    return NULL;
}

static const char *find_fault(const struct reg_table *t)
{
    const char *why = check_areas(t);

    if (!why)
        why = check_bits(t);

    for (size_t n = 0; n < t->n_blocks && !why; n++) {
        const struct reg_block_info *b = &t->block[n];

        why = check_block(t, b);
        for (size_t m = 0; m < n && !why; m++)
            if (!apart(&t->block[m], b))
                why = "blocks overlap or touch";
        if (!why)
            why = check_lines(t, b);
        for (unsigned i = b->first; i < b[1].first && !why; i++)
            if (!name_is_unique(t, b, i))
                why = "a name stands twice";
    }
    return why;
}

enum status regmap_check_table(const struct reg_table *table, const char **why)
{
    const char *fault = find_fault(table);

    *why = fault ? fault : "";
    return fault ? HUB_ESPEC : HUB_OK;
}

enum status regmap_check(const char **why)
{
    const struct reg_table table = {reg_area, n_reg_areas, reg_block_info, BLOCK_COUNT,
                                    reg_line, reg_bits,    n_reg_bits};

    return regmap_check_table(&table, why);
}
