#include "model/signals.h"

#include <stdlib.h>
#include <string.h>

/* The second and later signals of a row share unit and range; the first carries the name. */
#define AT(i, id, ...) [SIG_##id + (i)] = {NULL, __VA_ARGS__},
#define AT_4(i, id, ...)                                                                           \
    AT(i, id, __VA_ARGS__)                                                                         \
    AT(i + 1, id, __VA_ARGS__) AT(i + 2, id, __VA_ARGS__) AT(i + 3, id, __VA_ARGS__)
#define REST_5(id, ...) AT_4(1, id, __VA_ARGS__)
#define REST_6(id, ...) AT_4(1, id, __VA_ARGS__) AT(5, id, __VA_ARGS__)
#define REST_7(id, ...) REST_6(id, __VA_ARGS__) AT(6, id, __VA_ARGS__)
#define REST_8(id, ...) REST_7(id, __VA_ARGS__) AT(7, id, __VA_ARGS__)
#define REST_24(id, ...)                                                                           \
    REST_8(id, __VA_ARGS__)                                                                        \
    AT_4(8, id, __VA_ARGS__)                                                                       \
    AT_4(12, id, __VA_ARGS__) AT_4(16, id, __VA_ARGS__) AT_4(20, id, __VA_ARGS__)

const struct signal_info signal_info[SIG_COUNT] = {
#define SIGNAL(id, name, unit, rounding, lo, hi, text)                                             \
    [SIG_##id] = {name, unit, rounding, 1, lo, hi, text},
#define SIGNAL_N(id, n, name, unit, rounding, lo, hi, text)                                        \
    [SIG_##id] = {name, unit, rounding, n, lo, hi, text},                                          \
    REST_##n(id, unit, rounding, 1, lo, hi, text)
#include "model/signals.def"
#undef SIGNAL
#undef SIGNAL_N
};

const struct unit_info unit_info[UNIT_COUNT] = {
    [MILLIVOLT] = {"V",   1000},
      [MILLIAMP] = {"A",   1000},
      [WATT] = {"W",   1   },
    [CENTI_PCT] = {"%",   100 },
      [DECI_C] = {"°C", 10  },
      [MILLI_AH] = {"Ah",  1000},
    [WATT_HOUR] = {"kWh", 1000},
      [MILLISEC] = {"s",   1000},
      [MICROSEC] = {"ms",  1000},
    [COUNT] = {"",    1   },
      [FLAG] = {"",    1   },
      [CODE] = {"",    1   },
};

bool signal_set_checked(struct signals *s, enum signal id, int64_t v, mono_us at)
{
    if (v < signal_info[id].lo || v > signal_info[id].hi)
        return false;
    signal_set(s, id, v, at);
    return true;
}

enum signal signal_find(const char *name)
{
    const char *bracket = strchr(name, '[');
    size_t len = bracket ? (size_t)(bracket - name) : strlen(name);
    long index = bracket ? strtol(bracket + 1, NULL, 10) : 1;

    for (int i = 0; i < SIG_COUNT; i++) {
        const struct signal_info *info = &signal_info[i];

        if (!info->name || strlen(info->name) != len || strncmp(info->name, name, len) != 0)
            continue;
        if (index < 1 || index > info->row || (info->row > 1 && !bracket))
            return SIG_COUNT;
        return (enum signal)(i + (int)index - 1);
    }
    return SIG_COUNT;
}
