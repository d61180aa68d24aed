/* From a maker's list of alarms to ours: tables, for intakes and for the documents. */
#ifndef MODEL_ALARM_MAPS_H
#define MODEL_ALARM_MAPS_H

#include <stddef.h>

#include "model/battery.h"

enum alarm_list {
#define LIST(id, title, source) ALARM_LIST_##id,
#define ENTRY(list, number, word, tier, alarm)
#define STATUS_ENTRY(list, number, word, text)
#include "model/alarm_maps.def"
#undef LIST
#undef ENTRY
#undef STATUS_ENTRY
    ALARM_LIST_COUNT
};

struct alarm_list_info {
    const char *title;
    const char *source; /* document, revision, section */
};
extern const struct alarm_list_info alarm_list_info[ALARM_LIST_COUNT];

struct alarm_map_entry {
    enum alarm_list list;
    unsigned number;    /* in the list, from 1 */
    const char *word;   /* the maker's own */
    const char *status; /* what it is instead, or NULL: it is an alarm */
    enum tier tier;
    enum alarm alarm;
};

/* Every entry, list after list in the order of their numbers. */
extern const struct alarm_map_entry alarm_map_entries[];
extern const size_t n_alarm_map_entries;

/* What an entry of a list is here. Returns false, and leaves both alone, for a status and for a
 * number that the list does not have. */
bool alarm_map(enum alarm_list list, unsigned number, enum tier *tier, enum alarm *alarm);

#endif
