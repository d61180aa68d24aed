/* What is wrong or doubtful in a file, kept in the order of its lines until it is told. For
 * the files of config/ only. */
#ifndef CONFIG_CONFIG_REPORT_H
#define CONFIG_CONFIG_REPORT_H

#include "config_options.h"

#define REPORTS_MAX 100

struct report {
    struct config_error err;
    int at; /* the line of the configuration it belongs to */
    bool warning;
};

struct reports {
    struct report at[REPORTS_MAX];
    unsigned count, errors; /* errors counts those without room too */
    unsigned lost;
    const char *file; /* what is reported now is about this file, NULL: the configuration ... */
    int file_at;      /* ... which is named in this line of it */
};

/* Line 0: about no line; told last. Two of the same line keep their order. What is about another
 * file stands together behind the line that names it. */
__attribute__((format(printf, 3, 4))) void report_error(struct reports *r, int line,
                                                        const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void report_warning(struct reports *r, int line,
                                                          const char *fmt, ...);

/* Tells them all, and how many found no room. */
void reports_tell(const struct reports *r, config_on_error *on_error, config_on_error *on_warning,
                  void *arg);

/* Every option of the form at its default. NULL when memory is short; else config_free. */
struct config *form_new(const struct form *f);

/* Reads len bytes of INI text into a fresh cfg; what is wrong with single lines and the raw bytes
 * goes to r. Whether there was any section. */
bool form_read(struct config *cfg, const char *ini, size_t len, struct reports *r);

/* Every key a section cannot do without. */
void form_check(const struct config *cfg, struct reports *r);

/* A battery profile out of its text; without a mistake, *out is it. */
bool profile_read(const char *ini, size_t len, struct reports *r, struct profile *out);

/* What no single line of a profile shows: release values on the wrong side, gaps in the table. */
void profile_check(const struct config *cfg, struct reports *r);

/* What no single line shows: missing sections, contradictions, two owners of one port. */
void config_check(const struct config *cfg, struct reports *r);

#endif
