/* Registers as clients see them, and the formats that list them. */
#include "export_sink.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    void (*print)(const struct sink *to);
} formats[] = {
    {"md",       export_md      },
    {"csv",      export_csv     },
    {"ha",       export_ha      },
    {"codes",    export_codes   },
    {"alarms",   export_alarms  },
    {"places",   export_places  },
    {"baseline", export_baseline},
};
const char *const regmap_formats[] = {"md",     "csv",    "ha",       "codes",
                                      "alarms", "places", "baseline", NULL};

enum status regmap_print(const char *format, void (*out)(void *arg, const char *text), void *arg)
{
    const struct sink to = {out, arg};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(format, formats[i].name) != 0)
            continue;
        formats[i].print(&to);
        return HUB_OK;
    }
    return HUB_ERANGE;
}

void put(const struct sink *to, const char *format, ...)
{
    char text[1001];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    to->out(to->arg, text);
}

unsigned reg_reference(uint16_t addr)
{
    return 400001u + addr;
}

unsigned bit_reference(uint16_t addr)
{
    return 100001u + addr;
}

unsigned reg_decimals(const struct reg *reg)
{
    unsigned n = 0;

    for (unsigned v = reg->lsb, per = reg->per; v % per; n++)
        v = v % per * 10;
    return n;
}

const char *reg_scale(const struct reg *reg, char out[SCALE_MAX])
{
    snprintf(out, SCALE_MAX, "%.*f", (int)reg_decimals(reg), (double)reg->lsb / reg->per);
    return out;
}

static const char *const tier_texts[2][TIER_COUNT] = {
    {"Active warnings, one bit an alarm",               "Active protections, one bit an alarm",
     "Active faults, one bit an alarm"                                                                                                         },
    {"Warnings since the last reset, one bit an alarm",
     "Protections since the last reset, one bit an alarm",                                      "Faults since the last reset, one bit an alarm"},
};

static const char *const directory_parts[] = {"base", "words", "stride", "count"};
static const char *const directory_texts[] = {
    "Address of the first block of this kind", "Words of one block",
    "Words from one block to the next", "Blocks of this kind"};

static const char *line_text(const struct reg_line *line, unsigned n)
{
    switch (line->source) {
    case REG_FROM_SIGNAL:
        return signal_info[line->what].text;
    case REG_FROM_TEXT:
        return text_info[line->what].text;
    case REG_FROM_ALARMS:
        return tier_texts[0][line->what];
    case REG_FROM_LATCHED:
        return tier_texts[1][line->what];
    case REG_FROM_TIERS:
        return line->what
                   ? "Tiers with alarms since the last reset: bit 0 warning, 1 protection, 2 fault"
                   : "Tiers with active alarms: bit 0 warning, 1 protection, 2 fault";
    case REG_FROM_DIRECTORY:
        return directory_texts[n];
    case REG_FROM_FIXED:
        break;
    }
    return line->text;
}

/* What the names of a kind of block begin with, before the number of its place. */
static const char *const kinds[] = {
    [REG_OF_HUB] = NULL,     [REG_OF_CLUSTER] = "cluster", [REG_OF_INVERTER] = "inverter",
    [REG_OF_PROCESS] = NULL, [REG_OF_TCP] = "tcp",         [REG_OF_RTU] = "rtu",
};

static void name_reg(struct reg *reg, enum reg_of of, unsigned n)
{
    char prefix[16] = "", suffix[16] = "";

    if (kinds[of])
        snprintf(prefix, sizeof(prefix), "%s%u_", kinds[of], reg->place + 1u);
    if (reg->line->source == REG_FROM_DIRECTORY)
        snprintf(suffix, sizeof(suffix), "_%s", directory_parts[n]);
    else if (reg->line->n > 1)
        snprintf(suffix, sizeof(suffix), "%u", n + 1);
    snprintf(reg->name, sizeof(reg->name), "%s%s%s", prefix, reg->line->name, suffix);
}

static struct reg make_reg(enum reg_block block, unsigned place, const struct reg_line *line,
                           unsigned n)
{
    const struct reg_block_info *b = &reg_block_info[block];
    struct reg reg = {line, block, (uint16_t)place, 0, line->words, "", "", line->lsb, 1, ""};

    reg.addr = (uint16_t)(b->base + place * b->stride + line->offset + n * line->words);
    if (line->source == REG_FROM_SIGNAL) {
        reg.symbol = unit_info[signal_info[line->what].unit].symbol;
        reg.per = (uint16_t)unit_info[signal_info[line->what].unit].per;
    }
    reg.text = line_text(line, n);
    name_reg(&reg, b->of, n);
    return reg;
}

static void each_of_block(enum reg_block block, unsigned place,
                          void (*visit)(void *arg, const struct reg *reg), void *arg)
{
    for (unsigned i = reg_block_info[block].first; i < reg_block_info[block + 1].first; i++)
        for (unsigned n = 0; n < reg_line[i].n; n++) {
            struct reg reg = make_reg(block, place, &reg_line[i], n);

            visit(arg, &reg);
        }
}

void regmap_each(void (*visit)(void *arg, const struct reg *reg), void *arg)
{
    unsigned end;

    /* Blocks of one kind that stand together take turns: cluster 1, its alarms, its texts,
     * cluster 2 ... */
    for (unsigned b = 0; b < BLOCK_COUNT; b = end) {
        for (end = b; end < BLOCK_COUNT && reg_block_info[end].of == reg_block_info[b].of; end++)
            ;
        for (unsigned place = 0; place < reg_block_info[b].count; place++)
            for (unsigned i = b; i < end; i++)
                each_of_block((enum reg_block)i, place, visit, arg);
    }
}

void each_bit(void (*visit)(void *arg, const struct reg_bit *bit), void *arg)
{
    for (size_t i = 0; i < n_reg_bits; i++)
        for (unsigned k = 0; k < reg_bits[i].n; k++) {
            const struct signal_info *info = &signal_info[reg_bits[i].signal];
            struct reg_bit bit = {(uint16_t)(reg_bits[i].addr + k), "", info->text, info->name};

            snprintf(bit.name, sizeof(bit.name), "%s%u", reg_bits[i].name, k + 1);
            visit(arg, &bit);
        }
}
