/* What the hub wants kept over a restart, as small records. The hub hands them out, the
 * edge keeps them and says when they are safe. */
#ifndef MODEL_STORE_RECORD_H
#define MODEL_STORE_RECORD_H

#include "model/battery.h"

enum record_kind {
    RECORD_LATCHED_ALARMS = 1, /* the latched bits of one place and tier */
    RECORD_LATCHES,            /* bits of latches.def of one place */
    RECORD_TRIPS,              /* count of trips of a cluster, and when it is forgotten */
    RECORD_COMMANDS,           /* STOP, EXCLUDE and what was said to be isolated */
    RECORD_STOPPED,            /* when and with which limits the process stopped */
};

struct record {
    enum record_kind kind;
    uint8_t place; /* as in event.h */
    uint8_t tier;  /* enum tier */
    uint64_t value;
    uint32_t ticket; /* handed back with hub_store_done */
};

#endif
