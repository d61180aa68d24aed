/* A table of C-rates as a text: "-10..-7:0.1 ..0:0.2 ..10:0.3". Each row begins where the one
 * before ends, so that the text can have neither gap nor overlap. */
#include "config_options.h"

#include <stdio.h>
#include <string.h>

#define PER_DEGREE 10
#define PER_C 100
#define COLDEST (-40 * PER_DEGREE)
#define HOTTEST (100 * PER_DEGREE)
#define MOST_C (5 * PER_C)

/* A number that ends where `end` begins. */
static bool number_before(const char *text, const char *end, int per, int64_t lo, int64_t hi,
                          int64_t *out)
{
    char word[CONFIG_TEXT_MAX];

    snprintf(word, sizeof(word), "%.*s", (int)(end - text), text);
    return number_parse(word, per, out) && *out >= lo && *out <= hi;
}

/* FROM..TO:RATE, and ..TO:RATE behind it. */
static bool row_parse(const char *word, struct c_rates *t)
{
    const char *dots = strstr(word, "..");
    const char *colon = strchr(word, ':');
    int64_t from = t->n ? t->row[t->n - 1].upto_dC : 0;
    int64_t to = 0;
    int64_t rate = 0;

    if (!dots || !colon || colon < dots || (t->n > 0) != (dots == word))
        return false;
    if (t->n == 0 && !number_before(word, dots, PER_DEGREE, COLDEST, HOTTEST, &from))
        return false;
    if (!number_before(dots + 2, colon, PER_DEGREE, from + 1, HOTTEST, &to) ||
        !number_before(colon + 1, colon + strlen(colon), PER_C, 1, MOST_C, &rate))
        return false;
    if (t->n == 0)
        t->from_dC = (int16_t)from;
    t->row[t->n++] = (struct c_rate){(int16_t)to, (uint16_t)rate};
    return true;
}

bool rates_parse(const char *text, struct c_rates *out, char *why, size_t size)
{
    char word[CONFIG_TEXT_MAX];
    struct c_rates t;

    memset(&t, 0, sizeof(t));
    for (unsigned i = 0; word_at(text, i, word, sizeof(word)); i++) {
        if (i == C_RATE_ROWS) {
            snprintf(why, size, "more than %d rows", C_RATE_ROWS);
            return false;
        }
        if (!row_parse(word, &t)) {
            snprintf(why, size,
                     "\"%.40s\" is no row; write -10..-7:0.1 ..0:0.2 ..10:0.3, in degC and C, each "
                     "row from where the last one ends, rising, 0.01 to 5 C",
                     word);
            return false;
        }
    }
    *out = t;
    return true;
}
