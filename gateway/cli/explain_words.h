/* What the two halves of an explanation share: values as people read them, and where things are.
 * Each value comes in a struct of its own, so that one line may hold several. */
#ifndef CLI_EXPLAIN_WORDS_H
#define CLI_EXPLAIN_WORDS_H

#include "cli/explain_text.h"

struct words {
    char s[96];
};

struct words amps(int64_t mA);                                /* "148.0 A", rounded down */
struct words limit_volts(int64_t mV, enum rounding rounding); /* "53.2 V" */
struct words percent(int64_t centi);                          /* "40.0 %" */
struct words seconds(mono_us span);                           /* "3.2 s", rounded up */

/* The meaning of a reason, as the rest of a sentence: "the weakest cluster ...". */
struct words reason_words(enum reason reason);

/* "cluster 2 module 3 cell 7: ", "" when it is nowhere in particular. */
struct words place_words(const struct bound *at);

/* " (3.655 V)": the value of today behind a reason, "" when there is none to tell. */
struct words measured_words(const struct bound *by, enum direction direction,
                            const struct snapshot *snap);

/* One limit on its way to paper. */
struct subject {
    const char *name;   /* "CCL" */
    const char *title;  /* "Charge current limit" */
    const char *option; /* of the owner's cap */
    const struct limit *l;
    const struct explained_way *way;             /* NULL: a voltage */
    const struct explained_set_point *set_point; /* NULL: there is none for it */
    enum direction direction;
};

struct paper {
    void (*out)(void *arg, const char *text);
    void *arg;
    const struct explanation *e;
    const struct snapshot *snap;
};

/* printf to paper; at most 400 characters a call. */
void say(const struct paper *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The value of a limit with its unit. */
struct words value_words(const struct subject *s, int64_t value);

/* "CCL is 148.0 A because cluster 2 (share 40.0 %) allows 59.2 A." */
void say_because(const struct paper *p, const struct subject *s);

#endif
