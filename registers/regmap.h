/* The Modbus register map as data, and the image it makes of a snapshot.
 *
 * One line of registers.def is one point; address division, documents, the served image and
 * the baseline check are made from it. Addresses are as on the wire: the first is 0. The
 * same content answers holding (FC 03) and input (FC 04) registers. */
#ifndef REGISTERS_REGMAP_H
#define REGISTERS_REGMAP_H

#include <stddef.h>

#include "base/status.h"
#include "model/snapshot.h"

/* The words of all blocks, in address order, big words first. Plain data of fixed size; what
 * the control thread publishes and the server copies answers from. */
#define REGMAP_WORDS_MAX 8192
struct image {
    uint16_t word[REGMAP_WORDS_MAX];
};

/* Fills the image. Unknown reads as the type's "not available" code: 0xFFFF or 0xFFFFFFFF
 * unsigned, 0x8000 or 0x80000000 signed; reserved words inside a block read so too (0xFFFF). */
void regmap_fill(struct image *img, const struct snapshot *snap);

/* Where words addr..addr+n-1 lie in image.word, or -1 when one of them is outside every
 * block: exception 02. Constant time. */
int regmap_find(uint16_t addr, unsigned n);

/* Contents hash of the map (addresses, types, scales, names), and its version. */
uint32_t regmap_hash(void);
#define REGMAP_VERSION_MAJOR 0
#define REGMAP_VERSION_MINOR 1

/* HUB_OK when the table is well formed: sorted, no overlaps, inside blocks, unique names,
 * aligned where types ask for it, hot block at most 60 words, blocks at most 125 words. `why`
 * gets the first finding. */
enum status regmap_check(const char **why);

/* Prints the map in a format: "md", "csv", "ha" ... to out(arg, text). HUB_ERANGE: no such
 * format; regmap_formats is the NULL-ended list of names. */
extern const char *const regmap_formats[];
enum status regmap_print(const char *format, void (*out)(void *arg, const char *text), void *arg);

#endif
