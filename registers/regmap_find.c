/* Where addresses lie in the image.
 *
 * The 65536 addresses are 8192 pages of eight. Blocks have at least five words and a gap between
 * them, so a page belongs to two blocks at most: the table names the first one that ends behind the
 * beginning of the page, and the address is in that one, in the next one, or in none. Pages stand
 * in rows of 32, and equal rows once. */
#include "regmap.h"

struct place {
    uint32_t base, end; /* addresses; end is the first one behind it */
    uint16_t at;        /* in image.word */
};
#include "generated/places.inc"

int regmap_find(uint16_t addr, unsigned n)
{
    const struct place *p = &places[pages[rows[addr >> 8]][addr >> 3 & 31]];

    p += addr >= p->end;

    uint32_t off = addr - p->base; /* wraps below the base, and is too large then */
    uint32_t words = p->end - p->base;

    return off < words && n - 1 < words - off ? (int)(p->at + off) : -1;
}

static int find_in(enum reg_block block, unsigned words, uint16_t addr, unsigned n)
{
    unsigned off = (unsigned)addr - reg_block_info[block].base;

    return off < words && n - 1 < words - off ? (int)off : -1;
}

int regmap_find_cluster(uint16_t addr, unsigned n)
{
    int at = find_in(BLOCK_HOT, REGMAP_WORDS_HOT, addr, n);

    if (at >= 0)
        return REGMAP_HUB_WORDS + REGMAP_WORDS_IDENTIFICATION + at;
    at = find_in(BLOCK_IDENTIFICATION, REGMAP_WORDS_IDENTIFICATION, addr, n);
    return at >= 0 ? REGMAP_HUB_WORDS + at : -1;
}
