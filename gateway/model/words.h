/* States, reasons and commands: the numbers that people and programs read. */
#ifndef MODEL_WORDS_H
#define MODEL_WORDS_H

#include <stddef.h>

#include "model/signals.h"

enum hub_state {
#define HUB_STATE(code, id, text) HUB_##id = code,
#define CLUSTER_STATE(code, id, text)
#define LINK_STATE(code, id, text)
#include "model/states.def"
#undef HUB_STATE
#undef CLUSTER_STATE
#undef LINK_STATE
    HUB_STATE_COUNT
};

enum cluster_state {
#define HUB_STATE(code, id, text)
#define CLUSTER_STATE(code, id, text) CLUSTER_##id = code,
#define LINK_STATE(code, id, text)
#include "model/states.def"
#undef HUB_STATE
#undef CLUSTER_STATE
#undef LINK_STATE
    CLUSTER_STATE_COUNT
};

enum link_state {
#define HUB_STATE(code, id, text)
#define CLUSTER_STATE(code, id, text)
#define LINK_STATE(code, id, text) LINK_##id = code,
#include "model/states.def"
#undef HUB_STATE
#undef CLUSTER_STATE
#undef LINK_STATE
    LINK_STATE_COUNT
};

enum reason {
#define REASON(code, id, text) REASON_##id = code,
#include "model/reasons.def"
#undef REASON
};

enum command {
    COMMAND_NONE = 0,
#define COMMAND(code, id, signal, text) COMMAND_##id = code,
#include "model/commands.def"
#undef COMMAND
};

/* Their places in commands.def, which are those of the rows of signals about them. */
enum {
#define COMMAND(code, id, signal, text) ROW_##id,
#include "model/commands.def"
#undef COMMAND
    COMMAND_ROWS
};

enum refusal {
#define REFUSAL(code, id, text) REFUSAL_##id = code,
#include "model/refusals.def"
#undef REFUSAL
};

/* Bits of latches.def. */
enum latch {
#define LATCH(bit, id, of, reason, text) LATCH_##id = bit,
#include "model/latches.def"
#undef LATCH
    LATCH_COUNT
};

#define LATCH_BIT(id) (1u << LATCH_##id)

struct latch_info {
    const char *name;
    bool of_hub; /* else of a cluster */
    enum reason reason;
    const char *text;
};
extern const struct latch_info latch_info[LATCH_COUNT];

/* A word of a list: its number, its name in capitals, its meaning. */
struct word {
    uint16_t code;
    const char *name;
    const char *text;
};

extern const struct word hub_states[], cluster_states[], link_states[], reasons[], commands[],
    refusals[];
extern const size_t n_hub_states, n_cluster_states, n_link_states, n_reasons, n_commands,
    n_refusals;

/* The name of a code in a list, or "?" when the list does not have it. */
const char *word_name(const struct word *list, size_t n, int64_t code);
const char *word_text(const struct word *list, size_t n, int64_t code); /* its meaning */

static inline const char *hub_state_name(int64_t code)
{
    return word_name(hub_states, n_hub_states, code);
}

static inline const char *cluster_state_name(int64_t code)
{
    return word_name(cluster_states, n_cluster_states, code);
}

static inline const char *link_state_name(int64_t code)
{
    return word_name(link_states, n_link_states, code);
}

static inline const char *reason_name(int64_t code)
{
    return word_name(reasons, n_reasons, code);
}

static inline const char *command_name(int64_t code)
{
    return word_name(commands, n_commands, code);
}

/* ROW_...; COMMAND_ROWS: there is no such command. */
unsigned command_row(enum command command);

#endif
