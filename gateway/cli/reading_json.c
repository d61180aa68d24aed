#include "cli/reading.h"

struct json {
    FILE *out;
    const struct reading *r;
    const char *comma;
};

/* What a server sends is shown to a terminal or a parser: printable ASCII, no quotes. */
static void print_text(FILE *out, const uint16_t *words, unsigned n)
{
    fputc('"', out);
    for (unsigned i = 0; i < 2 * n; i++) {
        int c = words[i / 2] >> (i % 2 ? 0 : 8) & 0xFF;

        if (!c)
            break;
        fputc(c < 0x20 || c > 0x7E || c == '"' || c == '\\' ? '?' : c, out);
    }
    fputc('"', out);
}

/* In the unit of the map, with all its decimals; integers only, so nothing is rounded. */
static void print_scaled(FILE *out, const struct reg *reg, int64_t raw)
{
    unsigned decimals = reg_decimals(reg);
    uint64_t scale = 1, v = raw < 0 ? 0 - (uint64_t)raw : (uint64_t)raw;

    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    v *= (uint64_t)reg->lsb * scale / reg->per;
    fprintf(out, "%s%llu", raw < 0 ? "-" : "", (unsigned long long)(v / scale));
    if (decimals)
        fprintf(out, ".%0*llu", (int)decimals, (unsigned long long)(v % scale));
}

static void print_alarms(FILE *out, const uint16_t *words)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < 4; i++)
        bits = bits << 16 | words[i];
    fprintf(out, "%llu", (unsigned long long)bits);
}

static void member(void *arg, const struct reg *reg)
{
    struct json *j = arg;
    const uint16_t *words = &j->r->words[reg->block][reg->place]
                                        [reg->addr - reg_block_info[reg->block].base -
                                         reg->place * (unsigned)reg_block_info[reg->block].stride];
    int64_t raw;

    if (!j->r->have[reg->block][reg->place])
        return;
    fprintf(j->out, "%s\"%s\":", j->comma, reg->name);
    j->comma = ",";
    if (reg->line->type == REG_TEXT)
        print_text(j->out, words, reg->words);
    else if (reg->line->source == REG_FROM_ALARMS || reg->line->source == REG_FROM_LATCHED)
        print_alarms(j->out, words);
    else if (reg_unpack(reg->line->type, words, &raw))
        print_scaled(j->out, reg, raw);
    else
        fputs("null", j->out);
}

void reading_json(FILE *out, const struct reading *r)
{
    struct json j = {out, r, "{"};

    regmap_each(member, &j);
    fputs("}\n", out);
}
