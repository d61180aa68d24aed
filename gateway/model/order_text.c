#include "model/order_text.h"

#include <string.h>

#include "model/battery.h"

enum { WORDS_MAX = 3 };

struct split {
    char text[ORDER_TEXT_MAX + 1];
    const char *word[WORDS_MAX]; /* "" for those that are not there */
    unsigned n;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *split(const char *text, size_t len, struct split *out)
{
    if (len > ORDER_TEXT_MAX)
        return "it is too long for an order";
    memset(out, 0, sizeof(*out));
    memcpy(out->text, text, len);
    for (unsigned i = 0; i < WORDS_MAX; i++)
        out->word[i] = "";
    for (size_t i = 0; i < len; i++) {
        bool begins = i == 0 || !out->text[i - 1];

        if (is_blank(out->text[i])) {
            out->text[i] = 0;
        } else if (!out->text[i]) {
            return "it has bytes that are no text";
        } else if (begins) {
            if (out->n == WORDS_MAX)
                return "it has too many words";
            out->word[out->n++] = &out->text[i];
        }
    }
    return NULL;
}

static bool is(const struct split *s, unsigned i, const char *word)
{
    return strcmp(s->word[i], word) == 0;
}

/* "3"; clusters have one digit. */
static const char *cluster(const char *word, struct hub_order *o)
{
    if (word[0] < '1' || word[0] > '0' + MAX_CLUSTERS || word[1])
        return *word ? "there is no such cluster: they are numbered 1 to 5"
                     : "the number of a cluster is missing";
    o->cluster = (uint8_t)(word[0] - '0');
    return NULL;
}

static const char *parse_reset(const struct split *s, struct hub_order *o)
{
    o->command = COMMAND_RESET;
    if (s->n > 2)
        return "it has too many words";
    return s->n == 1 || is(s, 1, "all") ? NULL : cluster(s->word[1], o);
}

static const char *parse_exclude(const struct split *s, struct hub_order *o)
{
    o->command = COMMAND_EXCLUDE;
    o->isolated = is(s, 2, "isolated");
    if (s->n > 2 && !o->isolated)
        return "after the cluster only the word isolated may come";
    return cluster(s->word[1], o);
}

static const char *parse_include(const struct split *s, struct hub_order *o)
{
    o->command = COMMAND_EXCLUDE;
    o->release = true;
    return s->n > 2 ? "it has too many words" : cluster(s->word[1], o);
}

static const char *parse_stop(const struct split *s, struct hub_order *o)
{
    o->command = COMMAND_STOP;
    o->release = is(s, 0, "release");
    return s->n > 1 ? "it has too many words" : NULL;
}

static const char *parse_force_charge(const struct split *s, struct hub_order *o)
{
    o->command = COMMAND_FORCE_CHARGE;
    o->release = is(s, 1, "off");
    return s->n > 2 || (s->n == 2 && !o->release) ? "only the word off may come after it" : NULL;
}

static const struct {
    const char *word;
    const char *(*parse)(const struct split *s, struct hub_order *o);
} orders[] = {
    {"reset",        parse_reset       },
    {"exclude",      parse_exclude     },
    {"include",      parse_include     },
    {"stop",         parse_stop        },
    {"release",      parse_stop        },
    {"force-charge", parse_force_charge},
};

const char *order_parse(const char *text, size_t len, struct hub_order *out)
{
    struct hub_order made = {0};
    struct split s;
    const char *why = split(text, len, &s);

    if (why)
        return why;
    why = "there is no such order: reset, exclude, include, stop, release or force-charge";
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (is(&s, 0, orders[i].word))
            why = orders[i].parse(&s, &made);
    if (!why)
        *out = made;
    return why;
}
