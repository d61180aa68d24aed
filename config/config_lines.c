/* Reads the file line by line: each line is judged here, and only sound ones are handed to the
 * INI library, the others as an empty line. That gives line numbers, which the library of
 * Debian 12 does not, and keeps from it what it would let through: it takes an indented line
 * as a second value of the key above, cuts lines at 199 and names at 49 characters, ignores
 * what follows a ], lets the last of two equal keys win and accepts a colon for the =. */
#include "config_report.h"

#include <ctype.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define NO_SECTION (-1)  /* before the first */
#define BAD_SECTION (-2) /* its head was refused: one mistake, not one per key */

struct parse {
    struct config *cfg;
    const struct form *form; /* of cfg */
    struct reports *reports;
    const char *at, *end;
    int line;
    int section; /* row of the form, or one of the above */
    unsigned copy;
    bool any_section;
};

/* How far one word is from another, in letters to change; case costs nothing. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[CONFIG_SECTION_MAX + 1];
    size_t m = strlen(b);

    if (m > CONFIG_SECTION_MAX || strlen(a) > CONFIG_SECTION_MAX)
        return UINT_MAX;
    for (unsigned j = 0; j <= m; j++)
        row[j] = j;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            bool same = tolower((unsigned char)*a) == tolower((unsigned char)b[j - 1]);
            unsigned best = diagonal + !same;
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

/* The option of a section, or the section when that is NO_SECTION, that is spelt nearly so. */
static const char *nearest(const struct form *f, int section, const char *word)
{
    const char *best = NULL;
    unsigned least = 3;

    for (int i = section + 1; i < f->count; i++) {
        if (section != NO_SECTION && f->options[i].kind == OPT_SECTION)
            break;
        if (section == NO_SECTION && f->options[i].kind != OPT_SECTION)
            continue;
        unsigned d = distance(word, f->options[i].key);
        if (d < least && d < strlen(word)) {
            least = d;
            best = f->options[i].key;
        }
    }
    return best;
}

/* Every key of a section, or every section, for people. */
static const char *list(const struct form *f, int section, char *out, size_t size)
{
    size_t n = 0;

    for (int i = section + 1; i < f->count && n < size; i++) {
        if (section != NO_SECTION && f->options[i].kind == OPT_SECTION)
            break;
        if (section == NO_SECTION && f->options[i].kind != OPT_SECTION)
            continue;
        n += (size_t)snprintf(out + n, size - n, "%s%s%s", n ? ", " : "", f->options[i].key,
                              f->options[i].numbering == NUMBERED ? ".N" : "");
    }
    return out;
}

/* Splits "cluster.2" into its row and copy. NO_SECTION when there is no such section,
 * BAD_SECTION when only its number is wrong. */
static int section_split(const struct form *f, const char *text, unsigned *copy)
{
    int row = section_find(f, text);
    const char *dot = strrchr(text, '.');
    char base[CONFIG_SECTION_MAX + 1];

    *copy = 0;
    if (row >= 0)
        return f->options[row].numbering == NUMBERED ? BAD_SECTION : row;
    if (!dot)
        return NO_SECTION;
    snprintf(base, sizeof(base), "%.*s", (int)(dot - text), text);
    row = section_find(f, base);
    if (row < 0 || f->options[row].numbering == SINGLE)
        return NO_SECTION;
    unsigned first = f->options[row].numbering == FIRST_BARE ? 2 : 1;
    for (unsigned n = first; n <= section_copies(f, row); n++) {
        char name[CONFIG_SECTION_MAX + 1];
        section_name(f, row, n - 1, name, sizeof(name));
        *copy = n - 1;
        if (strcmp(name, text) == 0)
            return row;
    }
    return BAD_SECTION;
}

static void refuse_section(struct parse *p, const char *name, int why)
{
    char base[CONFIG_SECTION_MAX + 1];
    char all[160];

    snprintf(base, sizeof(base), "%.*s", (int)strcspn(name, "."), name);
    const char *near = nearest(p->form, NO_SECTION, name);
    if (!near)
        near = nearest(p->form, NO_SECTION, base);
    if (why == NO_SECTION && near)
        report_error(p->reports, p->line, "[%s]: no such section; did you mean [%s]?", name, near);
    else if (why == NO_SECTION)
        report_error(p->reports, p->line, "[%s]: no such section; allowed: %s", name,
                     list(p->form, NO_SECTION, all, sizeof(all)));
    else
        report_error(p->reports, p->line,
                     "[%s]: no such number; allowed: [cluster.1] to [cluster.5], [inverter.1], "
                     "[inverter.2], [modbus.tcp], [modbus.tcp.2] to 4, [modbus.rtu] likewise, "
                     "[relay.1] to [relay.8], [input.1] to [input.8]",
                     name);
}

static void enter_section(struct parse *p, const char *name)
{
    unsigned copy;
    int row = section_split(p->form, name, &copy);

    p->any_section = true;
    p->section = row < 0 ? BAD_SECTION : row;
    p->copy = copy;
    if (row < 0) {
        refuse_section(p, name, row);
    } else if (p->cfg->seen[row][copy]) {
        report_error(p->reports, p->line, "[%s] is here twice; the first is line %d", name,
                     p->cfg->seen[row][copy]);
    } else {
        p->cfg->seen[row][copy] = p->line;
    }
}

/* A head: [name], then nothing but a comment. */
static bool judge_section(struct parse *p, const char *line)
{
    char name[CONFIG_SECTION_MAX + 1];
    size_t len = strcspn(line + 1, "]");
    const char *rest = line + 1 + len;

    p->section = BAD_SECTION;
    p->any_section = true;
    if (*rest != ']') {
        report_error(p->reports, p->line, "a section needs its ]");
        return false;
    }
    rest += 1 + strspn(rest + 1, " \t");
    if (*rest && *rest != ';') {
        report_error(p->reports, p->line, "nothing may follow the ] but a comment with ;");
        return false;
    }
    if (len > CONFIG_SECTION_MAX) {
        report_error(p->reports, p->line, "the section's name is longer than %d characters",
                     CONFIG_SECTION_MAX);
        return false;
    }
    snprintf(name, sizeof(name), "%.*s", (int)len, line + 1);
    enter_section(p, name);
    return true;
}

static bool judge_key(struct parse *p, const char *line)
{
    size_t len = strcspn(line, "=:");

    if (p->section == BAD_SECTION)
        return false;
    if (line[len] != '=')
        report_error(p->reports, p->line, "\"%.40s\": write key = value", line);
    else if (len == 0)
        report_error(p->reports, p->line, "there is no key before the =");
    else if (p->section == NO_SECTION)
        report_error(p->reports, p->line, "\"%.40s\" stands before the first [section]", line);
    else
        return true;
    return false;
}

/* What the line holds besides its comment. The library begins one at a ; behind a blank. */
static size_t without_comment(const char *line, size_t len)
{
    if (len && (line[0] == ';' || line[0] == '#'))
        return 0;
    for (size_t i = 1; i < len; i++)
        if (line[i] == ';' && isspace((unsigned char)line[i - 1]))
            return i;
    return len;
}

/* Bytes that have no place in a line. false after a mistake. */
static bool judge_bytes(struct parse *p, const char *line, size_t len)
{
    size_t used = without_comment(line, len);

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c == '\r')
            report_error(p->reports, p->line,
                         "a carriage return inside the line; end lines with LF");
        else if ((c < ' ' && c != '\t') || c == 0x7f)
            report_error(p->reports, p->line, "byte 0x%02X at column %zu", c, i + 1);
        else if (c >= 0x80 && i < used)
            report_error(p->reports, p->line,
                         "byte 0x%02X at column %zu; only comments take other "
                         "than ASCII letters",
                         c, i + 1);
        else
            continue;
        return false;
    }
    return true;
}

/* Whether the INI library shall see this line. */
static bool judge(struct parse *p, const char *line, size_t len)
{
    size_t blanks = 0;
    char text[CONFIG_LINE_MAX + 1];

    while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
        blanks++;
    if (!judge_bytes(p, line + blanks, len - blanks))
        return false;
    if (blanks == len || line[blanks] == ';' || line[blanks] == '#')
        return false;
    if (len > CONFIG_LINE_MAX) {
        report_error(p->reports, p->line, "%zu characters; a line has at most %d", len,
                     CONFIG_LINE_MAX);
        return false;
    }
    snprintf(text, sizeof(text), "%.*s", (int)(len - blanks), line + blanks);
    if (blanks) {
        report_error(p->reports, p->line, "\"%.40s\": blanks before a key or section", text);
        if (*text == '[')
            p->section = BAD_SECTION;
        return false;
    }
    return *text == '[' ? judge_section(p, text) : judge_key(p, text);
}

/* The library's fgets. */
static char *next_line(char *out, int size, void *user)
{
    struct parse *p = user;

    if (p->at == p->end)
        return NULL;
    const char *lf = memchr(p->at, '\n', (size_t)(p->end - p->at));
    const char *next = lf ? lf + 1 : p->end;
    size_t len = (size_t)((lf ? lf : p->end) - p->at);
    if (lf && len && p->at[len - 1] == '\r')
        len--; /* a line end of another system */
    p->line++;
    if (!judge(p, p->at, len))
        len = 0;
    snprintf(out, (size_t)size, "%.*s\n", (int)len, p->at);
    p->at = next;
    return out;
}

/* The section that has this key, for a key in the wrong one. */
static const char *home_of(const struct form *f, const char *key)
{
    for (int i = 0; i < f->count; i++)
        if (f->options[i].kind != OPT_SECTION && strcmp(f->options[i].key, key) == 0)
            return f->options[option_section(f, i)].key;
    return NULL;
}

static void refuse_key(struct parse *p, const char *section, const char *key)
{
    char all[160];
    const char *near = nearest(p->form, p->section, key);
    const char *home = home_of(p->form, key);

    if (home)
        report_error(p->reports, p->line, "[%s] %s: no such option here; it belongs to [%s]",
                     section, key, home);
    else if (near)
        report_error(p->reports, p->line, "[%s] %.40s: no such option; did you mean %s?", section,
                     key, near);
    else
        report_error(p->reports, p->line, "[%s] %.40s: no such option; allowed: %s", section, key,
                     list(p->form, p->section, all, sizeof(all)));
}

/* The library's handler: section and line are known from next_line. */
static int on_value(void *user, const char *ini_section, const char *key, const char *text)
{
    struct parse *p = user;
    char section[CONFIG_SECTION_MAX + 1];
    char why[280];

    (void)ini_section;
    section_name(p->form, p->section, p->copy, section, sizeof(section));
    int row = option_find(p->form, p->section, key);
    if (row < 0) {
        refuse_key(p, section, key);
        return 1;
    }
    struct value *v = &p->cfg->value[option_slot(p->form, row, p->copy)];
    if (v->line) {
        report_error(p->reports, p->line, "[%s] %s is here twice; the first is line %d", section,
                     key, v->line);
        return 1;
    }
    v->line = p->line;
    v->bad = !option_take(&p->form->options[row], text, v, why, sizeof(why));
    v->set = !v->bad && *text;
    if (v->bad)
        report_error(p->reports, p->line, "[%s] %s: %s", section, key, why);
    return 1;
}

/* What makes reading lines pointless. */
static bool judge_file(struct parse *p)
{
    size_t len = (size_t)(p->end - p->at);

    if (len >= 2 && (memcmp(p->at, "\xFF\xFE", 2) == 0 || memcmp(p->at, "\xFE\xFF", 2) == 0))
        report_error(p->reports, 0, "the file is UTF-16; save it as UTF-8");
    else if (len && !memchr(p->at, '\n', len) && memchr(p->at, '\r', len))
        report_error(p->reports, 0, "the lines end with CR; end them with LF");
    else
        return true;
    return false;
}

bool form_read(struct config *cfg, const char *ini, size_t len, struct reports *r)
{
    struct parse p = {.cfg = cfg, .form = cfg->form, .reports = r, .section = NO_SECTION};
    unsigned before = r->errors;

    p.at = len ? ini : "";
    p.end = p.at + len;
    if (!judge_file(&p))
        return false;
    if (len >= 3 && memcmp(p.at, "\xEF\xBB\xBF", 3) == 0)
        p.at += 3; /* a byte order mark some editors write */
    int rc = ini_parse_stream(next_line, &p, on_value, &p);
    if (rc != 0)
        report_error(r, rc > 0 ? rc : 0, "not a line of an INI file");
    if (!p.any_section && r->errors == before)
        report_error(r, 0, "no [section] in the file: nothing is configured");
    return p.any_section;
}
