/* What the exports share: where text goes, and how values are spelt. */
#ifndef REGISTERS_EXPORT_SINK_H
#define REGISTERS_EXPORT_SINK_H

#include "regmap.h"

#include "model/words.h"

struct sink {
    void (*out)(void *arg, const char *text);
    void *arg;
};

/* printf to a sink; at most 1000 characters a call. */
void put(const struct sink *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The factor from raw to the unit shown as a decimal number: "0.01". Returns out. */
#define SCALE_MAX 16
const char *reg_scale(const struct reg *reg, char out[SCALE_MAX]);

/* The 1-based reference of a holding register in six digits: address 100 is 400101. */
unsigned reg_reference(uint16_t addr);

/* Calls visit for every discrete input; addresses rise. */
struct reg_bit {
    uint16_t addr;
    char name[48]; /* "relay_closed1" */
    const char *text;
    const char *signal; /* the row it comes from */
};
void each_bit(void (*visit)(void *arg, const struct reg_bit *bit), void *arg);

/* The 1-based reference of a discrete input in six digits. */
unsigned bit_reference(uint16_t addr);

/* Who gave an order, as ORDER_OWNER has it. */
extern const struct word owners[];
extern const size_t n_owners;

void export_md(const struct sink *to);
void export_csv(const struct sink *to);
void export_ha(const struct sink *to);
void export_baseline(const struct sink *to); /* what a release promises, and from where */
void export_codes(const struct sink *to);
void export_alarms(const struct sink *to); /* the alarm bits, and what makers call them */
void export_places(const struct sink *to); /* the tables of regmap_find.c */

#endif
