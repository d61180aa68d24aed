#include "model/words.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

#define WORD(code, id, text) {code, #id, text},
#define NO_WORD(code, id, text)

#define HUB_STATE WORD
#define CLUSTER_STATE NO_WORD
#define LINK_STATE NO_WORD
const struct word hub_states[] = {
#include "model/states.def"
};
#undef HUB_STATE
#undef CLUSTER_STATE
#define HUB_STATE NO_WORD
#define CLUSTER_STATE WORD
const struct word cluster_states[] = {
#include "model/states.def"
};
#undef CLUSTER_STATE
#undef LINK_STATE
#define CLUSTER_STATE NO_WORD
#define LINK_STATE WORD
const struct word link_states[] = {
#include "model/states.def"
};
#undef HUB_STATE
#undef CLUSTER_STATE
#undef LINK_STATE

const struct word reasons[] = {
#define REASON WORD
#include "model/reasons.def"
#undef REASON
};

const struct word commands[] = {
#define COMMAND(code, id, signal, text) {code, #id, text},
#include "model/commands.def"
#undef COMMAND
};

const struct word refusals[] = {
#define REFUSAL WORD
#include "model/refusals.def"
#undef REFUSAL
};

#define CLUSTER false
#define HUB true
const struct latch_info latch_info[LATCH_COUNT] = {
#define LATCH(bit, id, of, reason, text) [bit] = {#id, of, REASON_##reason, text},
#include "model/latches.def"
#undef LATCH
};
#undef CLUSTER
#undef HUB

const size_t n_hub_states = LEN(hub_states), n_cluster_states = LEN(cluster_states),
             n_link_states = LEN(link_states), n_reasons = LEN(reasons), n_commands = LEN(commands),
             n_refusals = LEN(refusals);

const char *word_name(const struct word *list, size_t n, int64_t code)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].code == code)
            return list[i].name;
    return "?";
}

const char *word_text(const struct word *list, size_t n, int64_t code)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].code == code)
            return list[i].text;
    return "?";
}

unsigned command_row(enum command command)
{
    unsigned row = 0;

    while (row < COMMAND_ROWS && commands[row].code != (unsigned)command)
        row++;
    return row;
}
