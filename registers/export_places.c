/* The tables of regmap_find.c: where each address lies. Made from the blocks and not asked of
 * regmap_find, whose tables may be the ones of before. */
#include "export_sink.h"

#include <string.h>

#define PLACES_MAX 250 /* a number of one byte, and one that ends */
#define PAGES 32       /* in a row */

struct place {
    unsigned base, end, at;
};

struct places {
    struct place place[PLACES_MAX + 1];
    unsigned n;
    uint8_t row[256][PAGES]; /* different ones */
    unsigned n_rows;
    uint8_t row_of[256];
};

/* All blocks, in the order of the image. */
static void collect(struct places *p)
{
    unsigned at = 0;

    for (unsigned b = 0; b < BLOCK_COUNT; b++)
        for (unsigned i = 0; i < reg_block_info[b].count && p->n < PLACES_MAX; i++) {
            const struct reg_block_info *info = &reg_block_info[b];
            unsigned base = info->base + i * (unsigned)info->stride;

            p->place[p->n++] = (struct place){base, base + info->words, at};
            at += info->words;
        }
    p->place[p->n] = (struct place){0x10000, 0x10000, 0};
}

/* By address: cluster 1, its alarms, its texts, cluster 2 ... */
static void sort(struct places *p)
{
    for (unsigned i = 1; i < p->n; i++)
        for (unsigned j = i; j > 0 && p->place[j].base < p->place[j - 1].base; j--) {
            struct place place = p->place[j];

            p->place[j] = p->place[j - 1];
            p->place[j - 1] = place;
        }
}

/* The first place that ends behind an address. */
static uint8_t first_behind(const struct places *p, unsigned addr)
{
    unsigned i = 0;

    while (p->place[i].end <= addr)
        i++;
    return (uint8_t)i;
}

static void fill_rows(struct places *p)
{
    for (unsigned r = 0; r < 256; r++) {
        unsigned same = 0;
        uint8_t *row = p->row[p->n_rows];

        for (unsigned page = 0; page < PAGES; page++)
            row[page] = first_behind(p, r * 256 + page * 8);
        while (memcmp(p->row[same], row, PAGES) != 0)
            same++;
        p->row_of[r] = (uint8_t)same;
        p->n_rows += same == p->n_rows;
    }
}

static void put_numbers(const struct sink *to, const uint8_t *n, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        put(to, "%u,%s", n[i], i % PAGES == PAGES - 1 ? "\n" : " ");
}

void export_places(const struct sink *to)
{
    static const struct places empty;
    struct places p = empty;

    collect(&p);
    sort(&p);
    fill_rows(&p);
    put(to, "/* Made from registers.def by regdoc; do not edit. */\n"
            "static const struct place places[] = {\n");
    for (unsigned i = 0; i <= p.n; i++)
        put(to, "{%u, %u, %u},\n", p.place[i].base, p.place[i].end, p.place[i].at);
    put(to, "};\nstatic const uint8_t rows[256] = {\n");
    put_numbers(to, p.row_of, 256);
    put(to, "};\nstatic const uint8_t pages[][%u] = {\n", PAGES);
    for (unsigned i = 0; i < p.n_rows; i++) {
        put(to, "{\n");
        put_numbers(to, p.row[i], PAGES);
        put(to, "},\n");
    }
    put(to, "};\n");
}
