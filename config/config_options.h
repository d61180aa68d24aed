/* The table of options.def as data, for the files of config/ only; everybody else asks
 * config.h. */
#ifndef CONFIG_CONFIG_OPTIONS_H
#define CONFIG_CONFIG_OPTIONS_H

#include "config.h"

#define CONFIG_SOCKET_MAX 107 /* characters of its path: sun_path, and the NUL */
#define CONFIG_MAX_INDEX 8    /* of a numbered section */
#define CONFIG_ALLOWED_MAX 200
#define CONFIG_LINE_MAX 190   /* characters of a line; the INI library cuts at 199 */
#define CONFIG_SECTION_MAX 49 /* characters of a section's name; it cuts there too */

enum option_kind {
    OPT_SECTION, /* the head of the options that follow */
    OPT_NUM,
    OPT_NUMS,
    OPT_ENUM,
    OPT_PROFILE,
    OPT_LINK,
    OPT_DEVICE,
    OPT_LISTEN,
    OPT_CIDRS,
    OPT_GPIO,
    OPT_TEXT,    /* at most `most` characters */
    OPT_VERSION, /* counts as major x 256 + minor */
    OPT_RATES,
    OPT_SOCKET, /* a Unix socket */
};

enum option_numbering { SINGLE, NUMBERED, FIRST_BARE };

struct option {
    enum option_kind kind;
    const char *key;      /* of a section its name */
    const char *fallback; /* the default as written; the example where it is needed */
    const char *lo, *hi;  /* as written */
    const char *words;    /* separated by blanks */
    const char *unit, *text;
    int per;   /* small units in one shown unit */
    int most;  /* entries of a list; the last index of a section; SINGLE: 1 opens something */
    int least; /* entries of a list; 0: one */
    bool zero; /* 0 is allowed though it is below lo */
    bool none; /* so is the word none, which counts as 0 */
    bool needed;
    bool live;
    enum option_numbering numbering; /* of a section */
};

/* What a kind of file may say: the table its parser, checks and printed sample are made from. */
struct form {
    const struct option *options;
    int count;
};

extern const struct form hub_form;     /* options.def */
extern const struct form profile_form; /* profile.def */

/* What one key of one section holds. */
struct value {
    bool set; /* by the file */
    bool bad; /* it was refused: do not draw conclusions from it */
    int line;
    int64_t num;
    char text[CONFIG_TEXT_MAX];
};

struct config {
    const struct form *form;
    struct profile profile[1 + MAX_CLUSTERS]; /* of [hub] and each cluster, its own or that one */
    /* Line of the section's head, 0 when the file does not have it; by row of the form and
     * index (0 based). */
    int (*seen)[CONFIG_MAX_INDEX];
    struct value value[];
};

/* The row of this section, or -1. */
int section_find(const struct form *f, const char *name);

/* The row of this key in the section at this row, or -1. */
int option_find(const struct form *f, int section, const char *key);

/* The head of the section an option stands in. */
int option_section(const struct form *f, int option);

/* How many sections the head at this row stands for. */
unsigned section_copies(const struct form *f, int section);

/* Where the values of a row begin; `copy` is 0 based. */
size_t option_slot(const struct form *f, int option, unsigned copy);

/* "[cluster.2]" without the brackets. */
void section_name(const struct form *f, int section, unsigned copy, char *out, size_t size);

/* Checks a text and takes it as the value of an option. On a mistake false, `why` says what is
 * allowed, and the value is as before. */
bool option_take(const struct option *o, const char *text, struct value *out, char *why,
                 size_t why_size);

/* What is allowed, for people: "1..5", "none even odd"; "" when the kind says it. */
void option_allowed(const struct option *o, char *out, size_t size);

/* The i-th word of a list separated by blanks or commas, cut to size. */
bool word_at(const char *list, unsigned i, char *out, size_t size);

/* A number as people write it, times per; decimals as per allows. Nothing but digits and one
 * point, a minus sign before. */
bool number_parse(const char *text, int per, int64_t *out);

/* The path of "file:PATH", a profile of the user's own; NULL when the text names a built-in one. */
const char *profile_path(const char *text);

/* Profiles that are compiled in: the files of config/profiles/, in the order CMakeLists.txt lists
 * them. Ended by a key of NULL. */
struct builtin {
    const char *key;
    const unsigned char *ini;
    size_t len;
};
extern const struct builtin builtins[];

/* A table of C-rates: "-10..-7:0.1 ..0:0.2". */
bool rates_parse(const char *text, struct c_rates *out, char *why, size_t size);

/* ADDRESS:PORT or [ADDRESS]:PORT. IPv4 in the first four bytes of addr. */
struct listen_address {
    uint8_t addr[16];
    uint16_t port;
    bool ipv6;
};
bool listen_parse(const char *text, struct listen_address *out);

/* An address block; without /N the one address. false with the reason in *why. */
bool cidr_parse(const char *text, struct config_cidr *out, const char **why);

#endif
