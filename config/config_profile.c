/* profile.def as data, and a profile out of its file. */
#include "config_profile.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_report.h"

/* ---- the table ---- */

static const struct option profile_options[] = {
#define SECTION(name, about) {.kind = OPT_SECTION, .key = name, .numbering = SINGLE, .text = about},
/* What every key with numbers has; then what this kind has besides. */
#define NUMBERS(name, value, low, high, scale, measure, about, ...)                                \
    {.kind = OPT_NUM,                                                                              \
     .key = name,                                                                                  \
     .fallback = value,                                                                            \
     .lo = #low,                                                                                   \
     .hi = #high,                                                                                  \
     .per = scale,                                                                                 \
     .unit = measure,                                                                              \
     .text = about,                                                                                \
     __VA_ARGS__},
#define NUM(name, example, low, high, scale, measure, field, about)                                \
    NUMBERS(name, #example, low, high, scale, measure, about, .needed = true)
#define MAYBE(name, low, high, scale, measure, field, about)                                       \
    NUMBERS(name, "none", low, high, scale, measure, about, .none = true)
#define LIST(name, value, low, high, scale, count, measure, needs, or_none, about)                 \
    {.kind = OPT_NUMS,                                                                             \
     .key = name,                                                                                  \
     .fallback = value,                                                                            \
     .lo = #low,                                                                                   \
     .hi = #high,                                                                                  \
     .per = scale,                                                                                 \
     .least = count,                                                                               \
     .most = count,                                                                                \
     .unit = measure,                                                                              \
     .needed = needs,                                                                              \
     .none = or_none,                                                                              \
     .text = about},
#define PAIR(name, example, low, high, scale, measure, field, about)                               \
    LIST(name, example, low, high, scale, 2, measure, true, false, about)
#define PAIR_OR_NONE(name, example, low, high, scale, measure, field, about)                       \
    LIST(name, example, low, high, scale, 2, measure, true, true, about)
#define ROW(name, low, high, measure, field, about)                                                \
    LIST(name, "none", low, high, 1, MAX_CLUSTERS, measure, false, true, about)
#define RATES(name, field, about)                                                                  \
    {.kind = OPT_RATES, .key = name, .fallback = "none", .none = true, .text = about},
#define VERSION(name, field, about)                                                                \
    {.kind = OPT_VERSION, .key = name, .fallback = "none", .none = true, .text = about},
#define TEXT(name, example, field, about)                                                          \
    {.kind = OPT_TEXT,                                                                             \
     .key = name,                                                                                  \
     .fallback = example,                                                                          \
     .most = PROFILE_TITLE_MAX,                                                                    \
     .needed = true,                                                                               \
     .text = about},
#define WORD(name, example, list, field, about)                                                    \
    {.kind = OPT_ENUM,                                                                             \
     .key = name,                                                                                  \
     .fallback = example,                                                                          \
     .words = list,                                                                                \
     .needed = true,                                                                               \
     .text = about},
#include "profile.def"
#undef SECTION
#undef NUM
#undef MAYBE
#undef PAIR
#undef PAIR_OR_NONE
#undef ROW
#undef RATES
#undef VERSION
#undef TEXT
#undef WORD
};
const struct form profile_form = {profile_options,
                                  sizeof(profile_options) / sizeof(profile_options[0])};

/* Where a row of the table goes in struct profile. */
struct place {
    size_t offset, width; /* of the first number */
    unsigned count;
};

static const struct place places[] = {
#define AT(field, n)                                                                               \
    {offsetof(struct profile, field), sizeof(((struct profile *)NULL)->field) / (n), n},
#define SECTION(name, about) {0, 0, 0},
#define NUM(name, example, low, high, scale, measure, field, about) AT(field, 1)
#define MAYBE(name, low, high, scale, measure, field, about) AT(field, 1)
#define PAIR(name, example, low, high, scale, measure, field, about) AT(field, 2)
#define PAIR_OR_NONE(name, example, low, high, scale, measure, field, about) AT(field, 2)
#define ROW(name, low, high, measure, field, about) AT(field, MAX_CLUSTERS)
#define RATES(name, field, about) AT(field, 1)
#define VERSION(name, field, about) AT(field, 1)
#define TEXT(name, example, field, about) AT(field, 1)
#define WORD(name, example, list, field, about) AT(field, 1)
#include "profile.def"
};

/* ---- filling ---- */

/* The i-th number of a row. Its range fits the field; a negative one keeps its bits. */
static void put(struct profile *p, const struct place *at, unsigned i, int64_t n)
{
    unsigned char *to = (unsigned char *)p + at->offset + i * at->width;
    uint8_t byte = (uint8_t)n;
    uint16_t word = (uint16_t)n;
    uint32_t wide = (uint32_t)n;

    if (at->width == sizeof(byte))
        memcpy(to, &byte, sizeof(byte));
    else if (at->width == sizeof(word))
        memcpy(to, &word, sizeof(word));
    else
        memcpy(to, &wide, sizeof(wide));
}

static void put_list(struct profile *p, const struct place *at, const struct option *o,
                     const struct value *v)
{
    char word[CONFIG_TEXT_MAX];
    int64_t n = 0;

    for (unsigned i = 0; i < at->count; i++)
        if (word_at(v->text, i, word, sizeof(word)) && number_parse(word, o->per, &n))
            put(p, at, i, n);
}

static void put_value(struct profile *p, int row, const struct value *v)
{
    const struct option *o = &profile_options[row];
    const struct place *at = &places[row];
    char why[CONFIG_TEXT_MAX];

    if (o->kind == OPT_TEXT)
        memcpy((char *)p + at->offset, v->text, strlen(v->text));
    else if (o->kind == OPT_NUMS)
        put_list(p, at, o, v);
    else if (o->kind != OPT_RATES)
        put(p, at, 0, v->num);
    else if (strcasecmp(v->text, "none") != 0)
        rates_parse(v->text, (struct c_rates *)((char *)p + at->offset), why, sizeof(why));
}

/* Rows that are missing behind the last one say what that one says: "more modules than the table
 * has: the last row". */
static void fill_rows(struct profile *p)
{
    for (unsigned i = 1; i < ALLOWANCE_ROWS; i++)
        if (!p->allowance_A[i][0])
            memcpy(p->allowance_A[i], p->allowance_A[i - 1], sizeof(p->allowance_A[i]));
}

bool profile_read(const char *ini, size_t len, struct reports *r, struct profile *out)
{
    struct config *cfg = form_new(&profile_form);
    unsigned before = r->errors;

    if (!cfg) {
        report_error(r, 0, "out of memory");
        return false;
    }
    if (form_read(cfg, ini, len, r))
        profile_check(cfg, r);
    bool good = r->errors == before;
    if (good) {
        memset(out, 0, sizeof(*out));
        for (int row = 0; row < profile_form.count; row++)
            if (profile_options[row].kind != OPT_SECTION)
                put_value(out, row, &cfg->value[option_slot(&profile_form, row, 0)]);
        fill_rows(out);
    }
    config_free(cfg);
    return good;
}

/* ---- answers ---- */

#define BUILTINS_MAX 16

const char *profile_path(const char *text)
{
    static const char file[] = "file:";

    return strncmp(text, file, sizeof(file) - 1) == 0 ? text + sizeof(file) - 1 : NULL;
}

static bool read_builtin(const struct builtin *b, struct profile *out)
{
    struct reports *r = calloc(1, sizeof(*r));
    bool good = r && profile_read((const char *)b->ini, b->len, r, out);

    free(r);
    return good;
}

const struct profile *profile_find(const char *key)
{
    static struct profile known[BUILTINS_MAX];
    static bool is_known[BUILTINS_MAX];

    for (unsigned i = 0; i < BUILTINS_MAX && builtins[i].key; i++) {
        if (strcmp(builtins[i].key, key) != 0)
            continue;
        is_known[i] = is_known[i] || read_builtin(&builtins[i], &known[i]);
        return is_known[i] ? &known[i] : NULL;
    }
    return NULL;
}

static bool same_rates(const struct c_rates *a, const struct c_rates *b)
{
    return a->n == b->n && a->from_dC == b->from_dC && memcmp(a->row, b->row, sizeof(a->row)) == 0;
}

bool profile_same(const struct profile *a, const struct profile *b)
{
    for (int row = 0; row < profile_form.count; row++) {
        const struct place *at = &places[row];
        const char *mine = (const char *)a + at->offset;
        const char *theirs = (const char *)b + at->offset;
        if (profile_options[row].kind == OPT_RATES)
            continue; /* there may be padding in them */
        if (memcmp(mine, theirs, at->width * at->count) != 0)
            return false;
    }
    return same_rates(&a->charge_rates, &b->charge_rates) &&
           same_rates(&a->discharge_rates, &b->discharge_rates);
}
