#include "wire/candump.h"

#include <stdlib.h>
#include <string.h>

/* A line, eaten from the left. */
struct cursor {
    const char *p, *end;
};

#define SECONDS_DIGITS 12    /* keeps the microseconds well inside 64 bits */
#define ID_ERROR 0x20000000u /* CAN_ERR_FLAG, part of the identifier in a log */
#define ID_EXT_MAX 0x1FFFFFFFu
#define ID_STD_MAX 0x7FFu

static char peek(const struct cursor *c)
{
    return c->p < c->end ? *c->p : '\n'; /* there is no newline inside a line */
}

static bool eat(struct cursor *c, char want)
{
    if (peek(c) != want)
        return false;
    c->p++;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void eat_blanks(struct cursor *c)
{
    while (is_blank(peek(c)))
        c->p++;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Eats decimal digits; returns how many. */
static unsigned eat_digits(struct cursor *c, uint64_t *value, unsigned most)
{
    unsigned n = 0;
    for (*value = 0; n < most && peek(c) >= '0' && peek(c) <= '9'; n++)
        *value = *value * 10 + (uint64_t)(*c->p++ - '0');
    return n;
}

/* "(1436509052.249713)": microseconds, or nanoseconds as newer tools write on demand. */
static bool eat_time(struct cursor *c, mono_us *at)
{
    uint64_t seconds, fraction;
    if (!eat(c, '(') || eat_digits(c, &seconds, SECONDS_DIGITS) == 0 || !eat(c, '.'))
        return false;
    unsigned digits = eat_digits(c, &fraction, 9);
    if (digits == 0 || !eat(c, ')'))
        return false;
    for (; digits < 6; digits++)
        fraction *= 10;
    for (; digits > 6; digits--)
        fraction /= 10;
    *at = MONO_S(seconds) + fraction;
    return true;
}

static bool eat_interface(struct cursor *c, char name[CANDUMP_NAME_MAX])
{
    size_t n = 0;
    for (; peek(c) != '\n' && !is_blank(peek(c)) && peek(c) != '\0'; n++, c->p++)
        if (n < CANDUMP_NAME_MAX - 1)
            name[n] = *c->p;
    return n > 0 && n < CANDUMP_NAME_MAX;
}

/* The identifier with its '#'. */
static enum candump_what eat_id(struct cursor *c, struct frame *f, const char **why)
{
    unsigned n = 0;
    uint32_t id = 0;
    for (; n < 9 && hex_digit(peek(c)) >= 0; n++)
        id = id << 4 | (uint32_t)hex_digit(*c->p++);
    if (!eat(c, '#') || (n != 3 && n != 8)) {
        *why = "the identifier has 3 or 8 hex digits and a # behind it";
        return CANDUMP_BAD;
    }
    if (n == 8 && id & ID_ERROR && id <= (ID_ERROR | ID_EXT_MAX))
        return CANDUMP_FOREIGN;
    if (id > (n == 8 ? ID_EXT_MAX : ID_STD_MAX)) {
        *why = "the identifier is larger than 7FF or 1FFFFFFF";
        return CANDUMP_BAD;
    }
    f->id = id;
    f->ext = n == 8;
    return CANDUMP_FRAME;
}

static enum candump_what eat_data(struct cursor *c, struct frame *f, const char **why)
{
    for (; hex_digit(peek(c)) >= 0; f->len++) {
        int high = hex_digit(*c->p++), low = hex_digit(peek(c));
        if (low < 0 || f->len == sizeof(f->data)) {
            *why = "data are 0 to 8 bytes of two hex digits";
            return CANDUMP_BAD;
        }
        c->p++;
        f->data[f->len] = (uint8_t)(high << 4 | low);
        eat(c, '.');
    }
    if (f->len == sizeof(f->data) && eat(c, '_')) {
        if (hex_digit(peek(c)) < 9) {
            *why = "the raw length code is 9 to F";
            return CANDUMP_BAD;
        }
        c->p++;
    }
    return CANDUMP_FRAME;
}

/* What may stand behind the data. */
static bool eat_tail(struct cursor *c)
{
    if (peek(c) != '\n' && !is_blank(peek(c)))
        return false;
    eat_blanks(c);
    if (!eat(c, 'R'))
        eat(c, 'T');
    eat_blanks(c);
    return c->p == c->end;
}

enum candump_what candump_line(const char *line, size_t len, struct candump_entry *out,
                               const char **why)
{
    struct cursor c = {line, line + len};
    struct candump_entry e = {.at = 0};

    eat_blanks(&c);
    if (c.p == c.end || peek(&c) == '#')
        return CANDUMP_NOTHING;
    *why = "expected (seconds.micros) interface ID#DATA, as candump -l writes it";
    if (!eat_time(&c, &e.at) || !is_blank(peek(&c)))
        return CANDUMP_BAD;
    eat_blanks(&c);
    if (!eat_interface(&c, e.interface) || !is_blank(peek(&c)))
        return CANDUMP_BAD;
    eat_blanks(&c);
    enum candump_what what = eat_id(&c, &e.frame, why);
    if (what != CANDUMP_FRAME)
        return what;
    if (peek(&c) == '#' || peek(&c) == 'R') /* ID##flags: CAN FD; ID#R: remote request */
        return CANDUMP_FOREIGN;
    what = eat_data(&c, &e.frame, why);
    if (what != CANDUMP_FRAME)
        return what;
    if (!eat_tail(&c)) {
        *why = "something stands behind the data";
        return CANDUMP_BAD;
    }
    *out = e;
    return CANDUMP_FRAME;
}

static enum status add(struct candump_log *log, size_t *room, const struct candump_entry *e)
{
    if (log->n == *room) {
        size_t more = *room ? *room * 2 : 64;
        struct candump_entry *p = calloc(more, sizeof(*p));
        if (!p)
            return HUB_EMEM;
        if (log->n)
            memcpy(p, log->entries, log->n * sizeof(*p));
        free(log->entries);
        log->entries = p;
        *room = more;
    }
    log->entries[log->n++] = *e;
    return HUB_OK;
}

enum status candump_parse(const char *text, size_t len, struct candump_log *log, unsigned *line,
                          const char **why)
{
    size_t room = 0;
    const char *end = text + len;
    enum status st = HUB_OK;

    memset(log, 0, sizeof(*log));
    for (*line = 1; text < end && st == HUB_OK; ++*line) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((nl ? nl : end) - text);
        struct candump_entry e;
        switch (candump_line(text, n, &e, why)) {
        case CANDUMP_FRAME:
            st = add(log, &room, &e);
            break;
        case CANDUMP_FOREIGN:
            log->foreign++;
            break;
        case CANDUMP_NOTHING:
            break;
        case CANDUMP_BAD:
            candump_free(log);
            return HUB_ESPEC;
        }
        text = nl ? nl + 1 : end;
    }
    if (st != HUB_OK)
        candump_free(log);
    return st;
}

void candump_free(struct candump_log *log)
{
    free(log->entries);
    memset(log, 0, sizeof(*log));
}
