/* What the hub wants kept over a restart, as small records. The hub hands them out, the
 * edge keeps them and says when they are safe. */
#ifndef MODEL_STORE_RECORD_H
#define MODEL_STORE_RECORD_H

#include "model/battery.h"

enum record_kind { RECORD_LATCHED_ALARMS = 1 };

struct record {
    enum record_kind kind;
    uint8_t place;   /* as in event.h */
    uint8_t tier;    /* enum tier */
    uint64_t value;  /* RECORD_LATCHED_ALARMS: the latched bits of that tier */
    uint32_t ticket; /* handed back with hub_store_done */
};

#endif
