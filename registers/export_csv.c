/* The map for SCADA import and for scripts, and the numbers that stand for words. */
#include "export_sink.h"

#include <stdio.h>

#include "model/words.h"

/* Texts of the tables hold no quotes; a comma asks for them. */
static void row(void *arg, const struct reg *reg)
{
    char scale[SCALE_MAX];

    put(arg, "holding,%u,%u,%u,%s,%s,%s,%s,%s,\"%s\"\n", reg->addr, reg_reference(reg->addr),
        reg->words, reg_type_info[reg->line->type].name, reg->symbol, reg_scale(reg, scale),
        reg->line->command == COMMAND_NONE ? "r" : "rw", reg->name, reg->text);
}

static void bit_row(void *arg, const struct reg_bit *bit)
{
    put(arg, "discrete,%u,%u,1,bit,,1,r,%s,\"%s; 0 when not known\"\n", bit->addr,
        bit_reference(bit->addr), bit->name, bit->text);
}

void export_csv(const struct sink *to)
{
    struct sink copy = *to;

    put(to, "table,address,reference,words,type,unit,scale,access,name,description\n");
    regmap_each(row, &copy);
    each_bit(bit_row, &copy);
}

/* "order_owner[3]" inside a row. */
static void signal_source(enum signal id, char *out, size_t size)
{
    enum signal row = signal_row(id);

    if (id == row)
        snprintf(out, size, "%s", signal_info[row].name);
    else
        snprintf(out, size, "%s[%u]", signal_info[row].name, (unsigned)id - (unsigned)row + 1);
}

/* What a register is made of: the name of its signal or text, the number of its tier, the base
 * of the block it points to (blocks may be added between others). */
static void source(const struct reg *reg, char *out, size_t size)
{
    const struct reg_line *line = reg->line;

    if (line->source == REG_FROM_SIGNAL)
        signal_source((enum signal)line->what, out, size);
    else if (line->source == REG_FROM_TEXT)
        snprintf(out, size, "%s", text_info[line->what].name);
    else if (line->source == REG_FROM_DIRECTORY)
        snprintf(out, size, "block %u", reg_block_info[line->what].base);
    else
        snprintf(out, size, "%u:%u", (unsigned)line->source, line->what);
}

static void promise(void *arg, const struct reg *reg)
{
    char scale[SCALE_MAX], from[48];

    source(reg, from, sizeof(from));
    put(arg, "%u,%u,%s,%s,%s,%s,%s\n", reg->addr, reg->words, reg_type_info[reg->line->type].name,
        reg->symbol, reg_scale(reg, scale), reg->name, from);
}

static void promise_bit(void *arg, const struct reg_bit *bit)
{
    put(arg, "discrete %u,1,bit,,1,%s,%s\n", bit->addr, bit->name, bit->signal);
}

void export_baseline(const struct sink *to)
{
    struct sink copy = *to;

    put(to, "address,words,type,unit,scale,name,source\n");
    regmap_each(promise, &copy);
    each_bit(promise_bit, &copy);
}

static void list(const struct sink *to, const char *name, const struct word *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(to, "%s,%u,%s,\"%s\"\n", name, words[i].code, words[i].name, words[i].text);
}

const struct word owners[] = {
    {OWNER_NOBODY,  "NOBODY", "Nobody yet"                                 },
    {OWNER_TCP + 1, "TCP_1",  "A client of the listener [modbus.tcp]"      },
    {OWNER_TCP + 2, "TCP_2",  "A client of [modbus.tcp.2]"                 },
    {OWNER_TCP + 3, "TCP_3",  "A client of [modbus.tcp.3]"                 },
    {OWNER_TCP + 4, "TCP_4",  "A client of [modbus.tcp.4]"                 },
    {OWNER_RTU + 1, "RTU_1",  "The line [modbus.rtu]"                      },
    {OWNER_RTU + 2, "RTU_2",  "The line [modbus.rtu.2]"                    },
    {OWNER_RTU + 3, "RTU_3",  "The line [modbus.rtu.3]"                    },
    {OWNER_RTU + 4, "RTU_4",  "The line [modbus.rtu.4]"                    },
    {OWNER_SOCKET,  "SOCKET", "The control socket: hubgate on this machine"},
};
const size_t n_owners = sizeof(owners) / sizeof(owners[0]);

void export_codes(const struct sink *to)
{
    put(to, "list,code,name,description\n");
    list(to, "hub_state", hub_states, n_hub_states);
    list(to, "cluster_state", cluster_states, n_cluster_states);
    list(to, "link_state", link_states, n_link_states);
    list(to, "reason", reasons, n_reasons);
    list(to, "command", commands, n_commands);
    list(to, "refusal", refusals, n_refusals);
    list(to, "owner", owners, n_owners);
    for (unsigned bit = 0; bit < LATCH_COUNT; bit++)
        put(to, "latch,%u,%s,\"%s\"\n", bit, latch_info[bit].name, latch_info[bit].text);
    for (unsigned bit = 0; bit < ALARM_BITS; bit++)
        if (alarm_info[bit].name)
            put(to, "alarm,%u,%s,\"%s\"\n", bit, alarm_info[bit].name, alarm_info[bit].text);
}
