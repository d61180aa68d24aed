#include "model/alarm_maps.h"

const struct alarm_list_info alarm_list_info[ALARM_LIST_COUNT] = {
#define LIST(id, title, source) [ALARM_LIST_##id] = {title, source},
#define ENTRY(list, number, word, tier, alarm)
#define STATUS_ENTRY(list, number, word, text)
#include "model/alarm_maps.def"
#undef LIST
#undef ENTRY
#undef STATUS_ENTRY
};

const struct alarm_map_entry alarm_map_entries[] = {
#define LIST(id, title, source)
#define ENTRY(list, number, word, tier, alarm)                                                     \
    {ALARM_LIST_##list, number, word, NULL, TIER_##tier, ALARM_##alarm},
#define STATUS_ENTRY(list, number, word, text)                                                     \
    {ALARM_LIST_##list, number, word, text, TIER_WARNING, ALARM_GENERAL},
#include "model/alarm_maps.def"
#undef LIST
#undef ENTRY
#undef STATUS_ENTRY
};
const size_t n_alarm_map_entries = sizeof(alarm_map_entries) / sizeof(alarm_map_entries[0]);

bool alarm_map(enum alarm_list list, unsigned number, enum tier *tier, enum alarm *alarm)
{
    for (size_t i = 0; i < n_alarm_map_entries; i++) {
        const struct alarm_map_entry *e = &alarm_map_entries[i];

        if (e->list != list || e->number != number || e->status)
            continue;
        *tier = e->tier;
        *alarm = e->alarm;
        return true;
    }
    return false;
}
