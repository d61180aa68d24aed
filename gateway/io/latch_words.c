#include "io/latch_words.h"

#include <stdio.h>
#include <string.h>

/* SIG_LATCHES as a block has it. */
static unsigned latches_in(const struct image *img, enum reg_block block, unsigned place)
{
    const struct reg_block_info *info = &reg_block_info[block];
    int at = regmap_find((uint16_t)(info->base + info->stride * place), info->words);
    struct battery b;

    memset(&b, 0, sizeof(b));
    if (at < 0)
        return 0;
    regmap_take(block, img->word + at, &b);
    return (unsigned)signal_or(&b.s, SIG_LATCHES, 0);
}

static void add(char *out, size_t size, const char *where, unsigned latches)
{
    for (unsigned bit = 0; bit < LATCH_COUNT; bit++) {
        size_t len = strlen(out);

        if (latches & 1u << bit)
            snprintf(out + len, size - len, "%s%s: %s", len ? "; " : "", where,
                     latch_info[bit].text);
    }
}

void latch_words(const struct image *img, unsigned cluster, char *out, size_t size)
{
    char where[24];

    out[0] = 0;
    if (!cluster)
        add(out, size, "hub", latches_in(img, BLOCK_CONTACTS, 0));
    for (unsigned n = 1; n <= MAX_CLUSTERS; n++) {
        snprintf(where, sizeof(where), "cluster %u", n);
        if (!cluster || n == cluster)
            add(out, size, where, latches_in(img, BLOCK_CLUSTER, n - 1));
    }
}
