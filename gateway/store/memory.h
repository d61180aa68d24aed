/* What the hub wants kept, in memory: it outlives the hub (a reload that makes a new one), not
 * the process. One slot per kind, place and tier; the newest wins. */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include <stdbool.h>

#include "model/store_record.h"

#define MEMORY_STORE_SLOTS 48 /* more than a hub has to keep */

struct memory_store {
    struct record slot[MEMORY_STORE_SLOTS];
    unsigned used;
};

/* Keeps a record. false when every slot is taken by others. */
bool memory_store_put(struct memory_store *store, const struct record *record);

#endif
