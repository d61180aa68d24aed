/* The configuration: one INI file, parsed, checked and complete, or refused with every
 * mistake at once. Options are the lines of options.def. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "model/profile.h"

#define CONFIG_TEXT_MAX 160

struct config; /* opaque: one value per line of options.def and section index */

/* A mistake in the file, ready to print: "hub.ini:12: [hub] clusters: 9 is outside 1..5". */
struct config_error {
    int line; /* 1-based; 0 when it is not about one line */
    char
        file[CONFIG_TEXT_MAX]; /* "": the configuration; else the file it names, as written there */
    char text[320];
};

/* Called once per mistake, in the order of the lines; those about no line come last. */
typedef void config_on_error(void *arg, const struct config_error *err);

/* Brings the text of a file that the configuration names (file:PATH), the path as written there.
 * Returns *len bytes that config_parse releases with free; NULL when that cannot be, why then says
 * in words for people which file it was and what is wrong. */
typedef char *config_on_file(void *arg, const char *path, size_t *len, char *why, size_t why_size);

/* Parses len bytes of INI text over the defaults. The raw bytes are checked first (NUL, lone CR,
 * UTF-16, over-long or indented lines, an empty file), because the INI library lets them
 * through. Unknown section or key, duplicate, bad value, contradiction: told to on_error,
 * all of them. Warnings go to on_warning and do not refuse the file. Battery profiles of the
 * user's own are asked of on_file, each path once; NULL: there are none to be had.
 *
 * Returns a configuration to release with config_free, or NULL after at least one error. */
struct config *config_parse(const char *ini, size_t len, config_on_file *on_file,
                            config_on_error *on_error, config_on_error *on_warning, void *arg);
void config_free(struct config *cfg);

/* Sections that repeat are numbered from 1 as in the file ([cluster.2]; [modbus.tcp] is 1,
 * [modbus.tcp.2] is 2); the others have index 0.
 *
 * Asking for an option that options.def does not have is a bug and aborts. */

/* Whether the file has this section. */
bool config_has(const struct config *cfg, const char *section, unsigned index);

/* Whether the file sets this key. */
bool config_is_set(const struct config *cfg, const char *section, unsigned index, const char *key);

/* A number in the small unit the option table names (mA, mV, ms ...): what is written times
 * `per` of its line. Of an enum: the number its word is (19200), else the word's position, so
 * that no is 0 and yes is 1. */
int64_t config_num(const struct config *cfg, const char *section, unsigned index, const char *key);

/* The i-th number of a list of numbers, false past the last. */
bool config_nth(const struct config *cfg, const char *section, unsigned index, const char *key,
                unsigned i, int64_t *out);

/* A text, or a word of an enum as spelt in the table; a number as it is written. "" when not
 * set and without default. */
const char *config_text(const struct config *cfg, const char *section, unsigned index,
                        const char *key);

/* The battery profile of cluster 1 to 5, its own or that of the hub; 0: of the hub. Lives as long
 * as cfg. */
const struct profile *config_profile(const struct config *cfg, unsigned cluster);

/* The position of an enum's word in its list (of a profile: in profiles[]); UINT_MAX when it
 * is not set and has no default. */
unsigned config_choice(const struct config *cfg, const char *section, unsigned index,
                       const char *key);

/* An address block of a list option: 10.0.0.0/8, ::1. */
struct config_cidr {
    uint8_t addr[16]; /* network order; IPv4 in the first four */
    uint8_t bits;     /* prefix length */
    bool ipv6;
};
/* The i-th entry of a CIDR list, false past the last. */
bool config_cidr(const struct config *cfg, const char *section, unsigned index, const char *key,
                 unsigned i, struct config_cidr *out);

/* Whether two configurations differ in an option that is not marked live; the first such option
 * is named in out ("[hub] clusters"). */
bool config_needs_restart(const struct config *a, const struct config *b, char *out, size_t size);

/* A link as written: "replay:FILE" is kind "replay", target "FILE"; "can0" is kind "can". */
struct config_link {
    const char *kind; /* "can", "unix", "replay", "sim", ... static */
    char target[CONFIG_TEXT_MAX];
};
/* Splits a link text. false when it is not one; *why says what is allowed. */
bool config_link(const char *text, struct config_link *out, const char **why);

/* A line of a GPIO chip as written: "gpiochip0:17" is chip "gpiochip0", line 17. The chip is named
 * by its device or by its label ("pinctrl-bcm2711"). */
struct config_gpio {
    char chip[32];
    unsigned line;
};
/* Splits such a text. false when it is not one. */
bool config_gpio(const char *text, struct config_gpio *out);

/* Every option in table order, to print files and help. section is "cluster" for [cluster.N]. */
struct option_info {
    const char *section, *key, *kind, *fallback, *unit, *text;
    char allowed[200]; /* "1..5", "none even odd"; "" when the kind says it */
    bool repeats, live, needed;
};
bool config_option(size_t i, struct option_info *out);

/* Writes the whole commented file (hub.ini) to out(arg, text). */
void config_print_default(void (*out)(void *arg, const char *text), void *arg);

#endif
