/* What clients write, as orders.
 *
 * A word of the COMMANDS block is one order. What it may say is a matter of its command: a
 * set-point in LSB (65535 takes it back), a flag, the way out of a cluster, a key of a reset.
 * Whether the hub can do it is the hub's affair. */
#include "regmap.h"

#include <string.h>

#define TAKE_BACK 0xFFFF

/* The line with a word that can be written; *nth: which of its row. NULL: there is none. */
static const struct reg_line *line_at(unsigned addr, unsigned *nth)
{
    const struct reg_block_info *b = &reg_block_info[BLOCK_COMMANDS];

    for (unsigned i = b->first; i < b[1].first; i++) {
        const struct reg_line *line = &reg_line[i];
        unsigned first = (unsigned)b->base + line->offset;

        if (line->command != COMMAND_NONE && addr >= first && addr < first + line->n) {
            *nth = addr - first;
            return line;
        }
    }
    return NULL;
}

static enum status set_point(const struct reg_line *line, uint16_t word, struct hub_order *out)
{
    const struct signal_info *info = &signal_info[line->what];

    out->release = word == TAKE_BACK;
    out->value = out->release ? 0 : (int64_t)word * line->lsb;
    return out->release || (out->value >= info->lo && out->value <= info->hi) ? HUB_OK : HUB_ERANGE;
}

/* 1 does it, 0 takes it back. */
static enum status flag(uint16_t word, struct hub_order *out)
{
    out->release = word == 0;
    return word <= 1 ? HUB_OK : HUB_ERANGE;
}

/* 0 in, 1 out once it is proven open, 2 out: it is said to be isolated. */
static enum status exclude(uint16_t word, unsigned nth, struct hub_order *out)
{
    out->cluster = (uint8_t)(nth + 1);
    out->release = word == 0;
    out->isolated = word == 2;
    return word <= 2 ? HUB_OK : HUB_ERANGE;
}

/* Of all, or of cluster nth. Nothing has the key of "not available". */
static enum status reset(uint16_t word, unsigned nth, struct hub_order *out)
{
    out->cluster = (uint8_t)nth;
    out->key = word;
    return word != 0 && word != reg_type_info[REG_U16].none ? HUB_OK : HUB_ERANGE;
}

static enum status order_of(const struct reg_line *line, unsigned nth, uint16_t word,
                            struct hub_order *out)
{
    memset(out, 0, sizeof(*out));
    out->command = line->command;
    switch (line->command) {
    case COMMAND_SET_CCL:
    case COMMAND_SET_DCL:
    case COMMAND_SET_CVL:
        return set_point(line, word, out);
    case COMMAND_STOP:
    case COMMAND_FORCE_CHARGE:
        return flag(word, out);
    case COMMAND_EXCLUDE:
        return exclude(word, nth, out);
    case COMMAND_RESET:
        return reset(word, nth, out);
    case COMMAND_NONE:
        break;
    }
    return HUB_ESPEC;
}

/* Addresses are looked at before values, as the published state diagrams have it. */
static bool all_writable(uint16_t addr, unsigned n)
{
    unsigned nth;

    for (unsigned i = 0; i < n; i++)
        if (!line_at(addr + i, &nth))
            return false;
    return true;
}

enum status regmap_write(uint16_t addr, unsigned n, const uint8_t *words,
                         struct hub_order order[ORDERS_MAX], unsigned *n_orders)
{
    struct hub_order made[ORDERS_MAX];

    if (n < 1 || !all_writable(addr, n))
        return HUB_ESPEC;
    if (n > ORDERS_MAX)
        return HUB_ERANGE;
    for (unsigned i = 0; i < n; i++) {
        unsigned nth = 0;
        const struct reg_line *line = line_at(addr + i, &nth);
        uint16_t word = (uint16_t)(words[2 * i] << 8 | words[2 * i + 1]);
        enum status status = order_of(line, nth, word, &made[i]);

        if (status != HUB_OK)
            return status;
        if (line->command == COMMAND_RESET && n > 1)
            return HUB_ERANGE; /* it comes alone: whether it can be done is known only afterwards */
    }
    memcpy(order, made, n * sizeof(made[0]));
    *n_orders = n;
    return HUB_OK;
}

enum command regmap_command(uint16_t addr)
{
    unsigned nth;
    const struct reg_line *line = line_at(addr, &nth);

    return line ? line->command : COMMAND_NONE;
}
