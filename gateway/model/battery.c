#include "model/battery.h"

const struct text_info text_info[TEXT_COUNT] = {
#define TEXT(id, name, len, text) [TEXT_##id] = {name, len, text},
#include "model/texts.def"
#undef TEXT
};

const char *const tier_names[TIER_COUNT] = {"warning", "protection", "fault"};

const struct alarm_info alarm_info[ALARM_BITS] = {
#define ALARM(bit, id, direction, text) [bit] = {#id, direction, text},
#include "model/alarms.def"
#undef ALARM
};

uint64_t alarms_against(enum direction direction)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < ALARM_BITS; i++)
        if (alarm_info[i].direction & direction)
            bits |= UINT64_C(1) << i;
    return bits;
}

uint64_t alarms_put(struct alarms *a, enum tier tier, uint64_t mask, uint64_t on, mono_us now)
{
    uint64_t next = (a->active[tier] & ~mask) | (on & mask);
    uint64_t changed = next ^ a->active[tier];
    uint64_t risen = changed & next;

    a->active[tier] = next;
    a->latched[tier] |= next;
    for (unsigned i = 0; risen >> i; i++)
        if (risen >> i & 1) {
            a->set_at[tier][i] = now;
            if (i == 63)
                break;
        }
    return changed;
}
