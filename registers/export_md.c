/* The map for people: what to know first, the division of the addresses, every block, and
 * the numbers that stand for words. */
#include "export_sink.h"

#include "model/words.h"

static const char head[] =
    "# Modbus register map of hubgate\n"
    "\n"
    "Made from `registers/registers.def` by `regdoc`; the gateway serves the same table\n"
    "(`hubgate registers --format md`). Do not edit.\n"
    "\n"
    "## Know this first\n"
    "\n"
    "* **Addresses** are as on the wire: the first register is 0. Beside the decimal address\n"
    "  stand its hex form and the 1-based reference (address 100 = 0x0064 = 400101) for tools\n"
    "  that count so.\n"
    "* **Function codes** 03 (holding) and 04 (input) answer the same content. For input\n"
    "  registers read 3xxxxx instead of 4xxxxx in the references. 02 (discrete inputs) answers\n"
    "  the relays and inputs as bits; 01 (coils) is refused with exception 01. 06, 16 and 23\n"
    "  write where the owner allows it: see [writing](#writing).\n"
    "* **Word order**: big-endian; 32- and 64-bit values have the high word first (ABCD).\n"
    "* **Sign**: current and power are positive while the battery charges, negative while it\n"
    "  discharges. Limits are magnitudes, never negative.\n"
    "* **Value** = raw x scale, in the unit beside it. Limits are rounded down, all other values\n"
    "  to the nearest step. A value beyond the range of its type reads as the nearest value\n"
    "  that is no code; counters stay there. Only counters of function 8 wrap: 65535 is a count\n"
    "  of theirs as long as the link state beside them is available.\n"
    "* **Reads**: up to 125 registers in one request come from one instant. A read must lie\n"
    "  inside one block; reserved words of a block read as 0xFFFF, an address outside every\n"
    "  block answers exception 02.\n"
    "* **The map is kept**: released addresses never change their meaning. `map_version_minor`\n"
    "  goes up when registers are added, `map_version_major` if it ever had to change\n"
    "  otherwise; `map_hash` changes with either.\n"
    "* **Find the blocks** by the directory at address 40 instead of typing addresses in, if\n"
    "  your client can.\n"
    "\n"
    "### Not available\n"
    "\n"
    "Unknown is never 0. It is this code, one for each type:\n"
    "\n"
    "| type | words | code |\n"
    "|---|---:|---|\n";

static void none_codes(const struct sink *to)
{
    for (unsigned i = 0; i < REG_TYPE_COUNT; i++) {
        const struct reg_type_info *t = &reg_type_info[i];

        if (t->words)
            put(to, "| %s | %u | 0x%0*llX |\n", t->name, t->words, 4 * t->words,
                (unsigned long long)t->none);
    }
    put(to, "| text | as listed | all words 0 |\n\n"
            "Texts have two ASCII characters a word, the first in the high byte, and end with\n"
            "zeros. Alarm words are always available; a cluster that was never seen has none.\n");
}

static void areas(const struct sink *to)
{
    put(to, "\n## Division of the addresses\n\n| from | to | hex | for |\n|---:|---:|---|---|\n");
    for (size_t i = 0; i < n_reg_areas; i++)
        put(to, "| %u | %u | 0x%04X-0x%04X | %s |\n", reg_area[i].first, reg_area[i].last,
            reg_area[i].first, reg_area[i].last, reg_area[i].text);
    put(to, "\nWords from the start of one cluster to the next: %u. Offsets are equal in all.\n",
        reg_block_info[BLOCK_CLUSTER].stride);
}

static void block_head(const struct sink *to, const struct reg_block_info *b, enum reg_block id)
{
    put(to, "\n## %s\n\n%u words from address %u (0x%04X, %u).", b->title, b->words, b->base,
        b->base, reg_reference(b->base));
    if (b->count > 1) {
        put(to, " There are %u of them, %u addresses apart:\n", b->count, b->stride);
        for (unsigned i = 0; i < b->count; i++)
            put(to, "%s %u at %u", i ? "," : "", i + 1, b->base + i * b->stride);
        put(to, ". The table shows the first one.");
    }
    if (id == BLOCK_HOT)
        put(to, " One read of them is all of the hub that Home Assistant needs.");
    put(to,
        "\n\n| address | hex | reference | words | type | scale | unit | R/W | name | meaning |\n"
        "|---:|---|---:|---:|---|---:|---|---|---|---|\n");
}

struct md {
    const struct sink *to;
    int block; /* under whose head we are, -1 under none */
};

static const char *list_of(const struct reg *reg)
{
    if (reg->line->source == REG_FROM_ALARMS || reg->line->source == REG_FROM_LATCHED)
        return "; see [alarm bits](#alarm-bits)";
    if (reg->line->type == REG_C16)
        return "; wraps";
    if (reg->line->source != REG_FROM_SIGNAL || signal_info[reg->line->what].unit != CODE)
        return "";
    switch ((int)signal_row((enum signal)reg->line->what)) {
    case SIG_STATE:
        return reg_block_info[reg->block].of == REG_OF_HUB
                   ? "; see [hub states](#hub-states)"
                   : "; see [cluster states](#cluster-states)";
    case SIG_LATCHES:
    case SIG_LATCHES_UNSAVED:
        return "; see [latch bits](#latch-bits)";
    case SIG_LINK_STATE:
        return "; see [link states](#link-states)";
    case SIG_ORDER_OWNER:
        return "; see [owners](#owners)";
    case SIG_ORDER_REFUSAL:
        return "; see [refusals](#refusals)";
    case SIG_REASON:
    case SIG_CCL_REASON:
    case SIG_DCL_REASON:
    case SIG_CVL_REASON:
    case SIG_DVL_REASON:
        return "; see [reasons](#reasons)";
    default:
        return "";
    }
}

static const char *how_to_write(enum command command)
{
    switch (command) {
    case COMMAND_SET_CCL:
    case COMMAND_SET_DCL:
    case COMMAND_SET_CVL:
        return "; write 65535 to take it back";
    case COMMAND_STOP:
        return "; write 1 to stop, 0 to go on";
    case COMMAND_FORCE_CHARGE:
        return "; write 1 to begin, 0 to end it";
    case COMMAND_EXCLUDE:
    case COMMAND_RESET:
    case COMMAND_NONE:
        break;
    }
    return "";
}

static void row(void *arg, const struct reg *reg)
{
    struct md *md = arg;
    char scale[SCALE_MAX];

    if (reg->place > 0)
        return;
    if (md->block != (int)reg->block)
        block_head(md->to, &reg_block_info[reg->block], reg->block);
    md->block = (int)reg->block;
    put(md->to, "| %u | 0x%04X | %u | %u | %s | %s | %s | %s | `%s` | %s%s%s |\n", reg->addr,
        reg->addr, reg_reference(reg->addr), reg->words, reg_type_info[reg->line->type].name,
        reg_scale(reg, scale), reg->symbol, reg->line->command == COMMAND_NONE ? "R" : "R/W",
        reg->name, reg->text, how_to_write(reg->line->command), list_of(reg));
}

static void list(const struct sink *to, const char *title, const struct word *words, size_t n)
{
    put(to, "\n### %s\n\n| number | name | meaning |\n|---:|---|---|\n", title);
    for (size_t i = 0; i < n; i++)
        put(to, "| %u | %s | %s |\n", words[i].code, words[i].name, words[i].text);
}

static void bit_row(void *arg, const struct reg_bit *bit)
{
    put(arg, "| %u | 0x%04X | %u | `%s` | %s |\n", bit->addr, bit->addr, bit_reference(bit->addr),
        bit->name, bit->text);
}

static void discrete_inputs(const struct sink *to)
{
    struct sink copy = *to;

    put(to,
        "\n## Discrete inputs\n\nFunction code 02, addresses 0 to %u in one or several reads; "
        "those "
        "not listed read 0. A bit\ncannot say that it is not known (a relay or input that is "
        "not configured, an input that was\nnot read): it is 0 then, where the register at 800 "
        "says 0xFFFF.\n\n| address | hex | reference | name | meaning |\n|---:|---|---:|---|---|\n",
        REGMAP_BITS - 1);
    each_bit(bit_row, &copy);
}

static const char writing[] =
    "\n"
    "## Writing\n"
    "\n"
    "Off until the owner says who may: `write = yes` with `allow_write` in `[modbus.tcp]`,\n"
    "`write = yes` in `[modbus.rtu]`. Functions 06, 16 and 23 write the words marked R/W, all of "
    "a\n"
    "request or none. The answer comes when control has taken the order, so that what is read\n"
    "next shows it; for stop, exclude and reset when it is safe in the store.\n"
    "\n"
    "| answer | means |\n"
    "|---|---|\n"
    "| the normal one | it is in force |\n"
    "| exception 01 | writing is off here, or this client is not in `allow_write` |\n"
    "| exception 02 | one of the words cannot be written |\n"
    "| exception 03 | a value that is not possible, or not the key of a reset |\n"
    "| exception 04 | a latch still has its cause |\n"
    "| exception 06 | no answer of control in 500 ms, or too many writes (10 a second of one "
    "client): "
    "it was not done, save a stop; come again |\n"
    "\n"
    "**Set-points** (2000 to 2002) can only lower what the rules allow. They end by themselves\n"
    "60 s (`setpoint_timeout_s`) after they were written last: repeat them each 20 s or so. 65535\n"
    "takes one back at once. Each has its own owner: who writes last. Signs: both currents are\n"
    "magnitudes, 0 forbids that direction.\n"
    "\n"
    "**Commands** stand until they are taken back; a forced charge ends after 90 s without 10 A,\n"
    "and after 30 min. In this version the store is memory: a restart of the gateway ends them "
    "all.\n"
    "\n"
    "**Reset**: read the key of the place (2016: all, 2017 to 2021: clusters 1 to 5) and write it\n"
    "back, alone. Each reset makes a new key, so a request that arrives twice resets once, and\n"
    "nothing is reset by a value written by chance.\n"
    "\n"
    "What came of it stands from 2040 on: the range that is taken, what is in force, what the hub\n"
    "allows now, seconds left, who wrote last and from where, and why it was refused last. The\n"
    "exception tells each refusal; the last stands here a tenth of a second later, until one is "
    "taken.\n"
    "\n"
    "With mbpoll, from a machine in `allow_write`, to the gateway at 192.0.2.10:\n"
    "\n"
    "```sh\n"
    "mbpoll -m tcp -p 1502 -a 1 -0 -r 2000 192.0.2.10 500           # charge with 50.0 A at most\n"
    "mbpoll -m tcp -p 1502 -a 1 -0 -r 2000 192.0.2.10 500 200       # and discharge with 20.0 A\n"
    "mbpoll -m tcp -p 1502 -a 1 -0 -r 2040 -c 9 -1 192.0.2.10       # what became of the first\n"
    "mbpoll -m tcp -p 1502 -a 1 -0 -r 2000 192.0.2.10 65535         # take it back\n"
    "mbpoll -m tcp -p 1502 -a 1 -0 -r 2008 192.0.2.10 1             # stop; 0: go on\n"
    "mbpoll -m tcp -p 1502 -a 1 -0 -r 2016 -1 192.0.2.10            # the key: 31415, say\n"
    "mbpoll -m tcp -p 1502 -a 1 -0 -r 2016 192.0.2.10 31415         # reset all latches\n"
    "```\n"
    "\n"
    "Where Modbus may not write, `hubgate reset`, `exclude`, `include`, `stop`, `release` and\n"
    "`force-charge` do it on the machine itself.\n"
    "\n"
    "## Unit ids of clusters\n"
    "\n"
    "With `cluster_units = 11` unit 11 is cluster 1, unit 12 cluster 2 and so on, for tools that\n"
    "want one device for each battery. They have the identification at 0 (`unit_cluster` says "
    "which\n"
    "cluster it is, the directory has the hot block only) and the hot block at 100, nothing else,\n"
    "and take no writes. In the hot block stand the values of the cluster itself: the state is "
    "one\n"
    "of the [cluster states](#cluster-states), the cluster of an extreme is itself, the heartbeat "
    "is\n"
    "the hub's, and what only a hub has (reasons of limits, clusters counted, partial) is not\n"
    "available.\n";

static void latch_bits(const struct sink *to)
{
    put(to, "\n### Latch bits\n\n| bit | mask | name | of | meaning |\n|---:|---:|---|---|---|\n");
    for (unsigned bit = 0; bit < LATCH_COUNT; bit++)
        put(to, "| %u | 0x%04X | %s | %s | %s |\n", bit, 1u << bit, latch_info[bit].name,
            latch_info[bit].of_hub ? "hub" : "cluster", latch_info[bit].text);
}

static void alarm_bits(const struct sink *to)
{
    static const char *const forbids[] = {"", "charging", "discharging", "both"};

    put(to, "\n### Alarm bits\n\n"
            "The same bits in every tier, in each cluster and in the hub. Bit 0 is the lowest bit\n"
            "of the last of the four words; `word` counts the words from 0.\n\n"
            "| bit | word | mask | name | a protection forbids | meaning "
            "|\n|---:|---:|---|---|---|---|\n");
    for (unsigned bit = 0; bit < ALARM_BITS; bit++)
        if (alarm_info[bit].name)
            put(to, "| %u | %u | 0x%04X | %s | %s | %s |\n", bit, 3 - bit / 16, 1u << bit % 16,
                alarm_info[bit].name, forbids[alarm_info[bit].direction], alarm_info[bit].text);
}

void export_md(const struct sink *to)
{
    struct md md = {to, -1};

    to->out(to->arg, head);
    none_codes(to);
    areas(to);
    regmap_each(row, &md);
    discrete_inputs(to);
    to->out(to->arg, writing);
    put(to, "\n## Numbers that stand for words\n");
    list(to, "Hub states", hub_states, n_hub_states);
    list(to, "Cluster states", cluster_states, n_cluster_states);
    list(to, "Link states", link_states, n_link_states);
    list(to, "Reasons", reasons, n_reasons);
    list(to, "Owners", owners, n_owners);
    list(to, "Refusals", refusals, n_refusals);
    latch_bits(to);
    alarm_bits(to);
}
