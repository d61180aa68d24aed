#include "regmap.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"

void reg_pack(enum reg_type type, bool known, int64_t value, uint16_t *words)
{
    const struct reg_type_info *t = &reg_type_info[type];
    uint64_t raw = known ? (uint64_t)clamp64(value, t->lo, t->hi) : t->none;

    for (unsigned i = t->words; i > 0; i--, raw >>= 16)
        words[i - 1] = (uint16_t)raw;
}

bool reg_unpack(enum reg_type type, const uint16_t *words, int64_t *value)
{
    const struct reg_type_info *t = &reg_type_info[type];
    unsigned spare = 64 - 16u * t->words;
    uint64_t raw = 0;

    for (unsigned i = 0; i < t->words; i++)
        raw = raw << 16 | words[i];
    if (raw == t->none)
        return false;
    if (t->lo < 0 && raw >> (63 - spare) & 1)
        raw |= ~(UINT64_MAX >> spare);
    memcpy(value, &raw, sizeof(raw));
    return true;
}

bool regmap_has_bits(uint16_t addr, unsigned n)
{
    return n >= 1 && addr < REGMAP_BITS && n <= REGMAP_BITS - (unsigned)addr;
}

/* What a block is filled from. */
struct view {
    const struct signals *s;
    const struct battery *b; /* NULL: it has signals only */
    unsigned cluster;        /* whose unit id it is seen through; 0: the hub's */
};

static struct view battery_view(const struct battery *b)
{
    return (struct view){&b->s, b, 0};
}

static struct view signals_view(const struct signals *s)
{
    return (struct view){s, NULL, 0};
}

static struct view view_of(const struct snapshot *snap, const struct process *proc, enum reg_of of,
                           unsigned place)
{
    switch (of) {
    case REG_OF_CLUSTER:
        return battery_view(&snap->cluster[place]);
    case REG_OF_INVERTER:
        return battery_view(&snap->inverter[place]);
    case REG_OF_PROCESS:
        return signals_view(&proc->self);
    case REG_OF_TCP:
        return signals_view(&proc->tcp[place]);
    case REG_OF_RTU:
        return signals_view(&proc->rtu[place]);
    case REG_OF_HUB:
        break;
    }
    return battery_view(&snap->hub);
}

static void fill_signals(const struct reg_line *line, const struct signals *s, uint16_t *words)
{
    for (unsigned i = 0; i < line->n; i++) {
        enum signal id = (enum signal)(line->what + i);

        bool known = signal_known(s, id);

        reg_pack(line->type, known,
                 known ? divide(s->value[id], line->lsb, signal_info[id].rounding) : 0,
                 words + i * line->words);
    }
}

static void fill_text(const char *text, unsigned n, uint16_t *words)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < n; i++) {
        unsigned high = 2 * i < len ? (unsigned char)text[2 * i] : 0;
        unsigned low = 2 * i + 1 < len ? (unsigned char)text[2 * i + 1] : 0;

        words[i] = (uint16_t)(high << 8 | low);
    }
}

/* Alarms use all 64 bits and are always known. */
static void fill_alarms(uint64_t bits, uint16_t *words)
{
    for (unsigned i = 0; i < 4; i++)
        words[i] = (uint16_t)(bits >> (48 - 16 * i));
}

static uint16_t tiers(const uint64_t *alarms)
{
    unsigned bits = 0;

    for (unsigned tier = 0; tier < TIER_COUNT; tier++)
        bits |= (unsigned)(alarms[tier] != 0) << tier;
    return (uint16_t)bits;
}

/* The n-th number of HUBGATE_VERSION. */
static int64_t software_version(unsigned n)
{
    const char *p = HUBGATE_VERSION;

    while (n-- > 0 && strchr(p, '.'))
        p = strchr(p, '.') + 1;
    return strtol(p, NULL, 10);
}

/* The hash is of constants, and takes as long as the rest of an image. */
static uint32_t known_hash(void)
{
    static _Atomic uint32_t known; /* whoever comes first, it is the same */
    uint32_t hash = atomic_load_explicit(&known, memory_order_relaxed);

    if (!hash) {
        hash = regmap_hash();
        atomic_store_explicit(&known, hash, memory_order_relaxed);
    }
    return hash;
}

static int64_t fixed_value(enum reg_fixed what, unsigned cluster)
{
    switch (what) {
    case REG_FIXED_MAGIC:
        return REGMAP_MAGIC;
    case REG_FIXED_MAP_MAJOR:
        return REGMAP_VERSION_MAJOR;
    case REG_FIXED_MAP_MINOR:
        return REGMAP_VERSION_MINOR;
    case REG_FIXED_MAP_HASH:
        return known_hash();
    case REG_FIXED_SOFTWARE_MAJOR:
        return software_version(0);
    case REG_FIXED_SOFTWARE_MINOR:
        return software_version(1);
    case REG_FIXED_SOFTWARE_PATCH:
        return software_version(2);
    case REG_FIXED_DIRECTORY_LENGTH:
        return cluster ? 1 : BLOCK_COUNT - 1; /* all but the block it stands in */
    case REG_FIXED_UNIT_CLUSTER:
        return cluster;
    case REG_FIXED_ZERO:
        break;
    }
    return 0;
}

static void fill_directory(enum reg_block block, unsigned cluster, uint16_t *words)
{
    const struct reg_block_info *b = &reg_block_info[block];

    if (cluster && block != BLOCK_HOT)
        return; /* not there */
    words[0] = b->base;
    words[1] = b->words;
    words[2] = b->stride;
    words[3] = b->count;
}

static void fill_line(const struct reg_line *line, const struct view *v, uint16_t *words)
{
    switch (line->source) {
    case REG_FROM_SIGNAL:
        fill_signals(line, v->s, words);
        break;
    case REG_FROM_TEXT:
        fill_text(v->b->t.value[line->what], line->words, words);
        break;
    case REG_FROM_ALARMS:
        fill_alarms(v->b->a.active[line->what], words);
        break;
    case REG_FROM_LATCHED:
        fill_alarms(v->b->a.latched[line->what], words);
        break;
    case REG_FROM_TIERS:
        *words = tiers(line->what ? v->b->a.latched : v->b->a.active);
        break;
    case REG_FROM_FIXED:
        reg_pack(line->type, true, fixed_value((enum reg_fixed)line->what, v->cluster), words);
        break;
    case REG_FROM_DIRECTORY:
        fill_directory((enum reg_block)line->what, v->cluster, words);
        break;
    }
}

static void fill_block(const struct reg_block_info *b, const struct view *v, uint16_t *words)
{
    for (unsigned i = b->first; i < b[1].first; i++)
        fill_line(&reg_line[i], v, words + reg_line[i].offset);
}

/* Which cluster an extreme of the hub is from: of a cluster's own extremes that is itself. */
static enum signal extreme_of(uint16_t signal)
{
    switch (signal) {
    case SIG_CELL_MIN_CLUSTER:
        return SIG_CELL_MIN;
    case SIG_CELL_MAX_CLUSTER:
        return SIG_CELL_MAX;
    case SIG_TEMP_MIN_CLUSTER:
        return SIG_TEMP_MIN;
    case SIG_TEMP_MAX_CLUSTER:
        return SIG_TEMP_MAX;
    default:
        return SIG_COUNT;
    }
}

/* The words of a cluster's unit id: the identification of the hub, and the hot block of the
 * cluster, but for the heartbeat. */
static void fill_unit(const struct snapshot *snap, unsigned cluster, uint16_t *words)
{
    const struct view hub = {&snap->hub.s, &snap->hub, cluster};
    const struct battery *own = &snap->cluster[cluster - 1];
    const struct view view = {&own->s, own, cluster};
    const struct reg_block_info *hot = &reg_block_info[BLOCK_HOT];

    fill_block(&reg_block_info[BLOCK_IDENTIFICATION], &hub, words);
    words += REGMAP_WORDS_IDENTIFICATION;
    fill_block(hot, &view, words);
    for (unsigned i = hot->first; i < hot[1].first; i++) {
        const struct reg_line *line = &reg_line[i];

        if (line->source != REG_FROM_SIGNAL)
            continue;
        if (line->what == SIG_HEARTBEAT)
            fill_line(line, &hub, words + line->offset);
        else if (extreme_of(line->what) != SIG_COUNT)
            reg_pack(line->type, signal_known(&own->s, extreme_of(line->what)), cluster,
                     words + line->offset);
    }
}

static void fill_bits(const struct signals *s, bool *bit)
{
    memset(bit, 0, REGMAP_BITS * sizeof(*bit));
    for (size_t i = 0; i < n_reg_bits; i++)
        for (unsigned k = 0; k < reg_bits[i].n; k++)
            bit[reg_bits[i].addr + k] = signal_or(s, (enum signal)(reg_bits[i].signal + k), 0) != 0;
}

void regmap_fill(struct image *img, const struct snapshot *snap, const struct process *proc)
{
    static const struct process nobody;
    uint16_t *words = img->word;

    memset(img->word, 0xFF, sizeof(img->word));
    fill_bits(&snap->hub.s, img->bit);
    for (unsigned b = 0; b < BLOCK_COUNT; b++) {
        const struct reg_block_info *info = &reg_block_info[b];

        for (unsigned place = 0; place < info->count; place++, words += info->words) {
            struct view v = view_of(snap, proc ? proc : &nobody, info->of, place);

            fill_block(info, &v, words);
        }
    }
    for (unsigned cluster = 1; cluster <= MAX_CLUSTERS; cluster++, words += REGMAP_CLUSTER_WORDS)
        fill_unit(snap, cluster, words);
    for (unsigned i = 0; i < REGMAP_WORDS; i++) {
        img->wire[2 * i] = (uint8_t)(img->word[i] >> 8);
        img->wire[2 * i + 1] = (uint8_t)img->word[i];
    }
}

static void take_signals(const struct reg_line *line, const uint16_t *words, struct signals *s)
{
    for (unsigned i = 0; i < line->n; i++) {
        enum signal id = (enum signal)(line->what + i);
        int64_t v;

        signal_forget(s, id);
        if (reg_unpack(line->type, words + i * line->words, &v))
            signal_set(s, id,
                       clamp64(v, INT64_MIN / UINT16_MAX, INT64_MAX / UINT16_MAX) * line->lsb, 0);
    }
}

static void take_text(const struct reg_line *line, const uint16_t *words, char *text)
{
    memset(text, 0, TEXT_MAX + 1);
    for (unsigned i = 0; i < line->words && i < TEXT_MAX / 2; i++) {
        text[2 * i] = (char)(words[i] >> 8);
        text[2 * i + 1] = (char)(words[i] & 0xFF);
    }
}

static uint64_t take_alarms(const uint16_t *words)
{
    return (uint64_t)words[0] << 48 | (uint64_t)words[1] << 32 | (uint64_t)words[2] << 16 |
           words[3];
}

void regmap_take(enum reg_block block, const uint16_t *words, struct battery *out)
{
    const struct reg_block_info *info = &reg_block_info[block];

    for (unsigned i = info->first; i < info[1].first; i++) {
        const struct reg_line *line = &reg_line[i];

        if (line->source == REG_FROM_SIGNAL)
            take_signals(line, words + line->offset, &out->s);
        else if (line->source == REG_FROM_TEXT)
            take_text(line, words + line->offset, out->t.value[line->what]);
        else if (line->source == REG_FROM_ALARMS)
            out->a.active[line->what] = take_alarms(words + line->offset);
        else if (line->source == REG_FROM_LATCHED)
            out->a.latched[line->what] = take_alarms(words + line->offset);
    }
}

/* FNV-1a, 32 bit. */
static uint32_t hash_bytes(uint32_t h, const void *data, size_t n)
{
    const unsigned char *p = data;

    while (n-- > 0)
        h = (h ^ *p++) * UINT32_C(16777619);
    return h;
}

static uint32_t hash_num(uint32_t h, uint32_t n)
{
    const unsigned char bytes[] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
                                   (unsigned char)(n >> 8), (unsigned char)n};

    return hash_bytes(h, bytes, sizeof(bytes));
}

static uint32_t hash_line(uint32_t h, const struct reg_line *line)
{
    h = hash_num(h, (uint32_t)line->offset << 16 | (uint32_t)line->words << 8 | line->n);
    h = hash_num(h, (uint32_t)line->type << 24 | (uint32_t)line->source << 16 | line->lsb);
    h = hash_bytes(h, line->name, strlen(line->name) + 1);
    if (line->source == REG_FROM_SIGNAL) { /* its number may move, its name may not */
        enum signal row = signal_row((enum signal)line->what);

        h = hash_bytes(h, signal_info[row].name, strlen(signal_info[row].name) + 1);
        h = hash_num(h, line->what - (unsigned)row);
    }
    return hash_num(h, line->command);
}

static uint32_t hash_bit_line(uint32_t h, const struct reg_bits *bits)
{
    const char *signal = signal_info[bits->signal].name;

    h = hash_num(h, (uint32_t)bits->addr << 16 | bits->n);
    h = hash_bytes(h, bits->name, strlen(bits->name) + 1);
    return hash_bytes(h, signal, strlen(signal) + 1);
}

uint32_t regmap_hash(void)
{
    uint32_t h = UINT32_C(2166136261);

    for (unsigned b = 0; b < BLOCK_COUNT; b++) {
        const struct reg_block_info *info = &reg_block_info[b];

        h = hash_num(h, (uint32_t)info->base << 16 | info->words);
        h = hash_num(h, (uint32_t)info->stride << 16 | info->count);
        for (unsigned i = info->first; i < info[1].first; i++)
            h = hash_line(h, &reg_line[i]);
    }
    for (size_t i = 0; i < n_reg_bits; i++)
        h = hash_bit_line(h, &reg_bits[i]);
    return h;
}
