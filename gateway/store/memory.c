#include "store/memory.h"

bool memory_store_put(struct memory_store *store, const struct record *record)
{
    for (unsigned i = 0; i < store->used; i++) {
        struct record *slot = &store->slot[i];

        if (slot->kind == record->kind && slot->place == record->place &&
            slot->tier == record->tier) {
            *slot = *record;
            return true;
        }
    }
    if (store->used == MEMORY_STORE_SLOTS)
        return false;
    store->slot[store->used++] = *record;
    return true;
}
