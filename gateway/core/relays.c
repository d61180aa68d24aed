#include "core/relays.h"

#include <string.h>

/* The words of [relay.N] and [input.N] function. */
static const struct {
    const char *word;
    enum relay_function function;
    uint8_t cluster;
} relay_words[] = {
    {"soc_led1",          RELAY_SOC_LED1,          0},
    {"soc_led2",          RELAY_SOC_LED2,          0},
    {"soc_led3",          RELAY_SOC_LED3,          0},
    {"soc_led4",          RELAY_SOC_LED4,          0},
    {"power",             RELAY_POWER,             0},
    {"fault",             RELAY_FAULT,             0},
    {"low_soc",           RELAY_LOW_SOC,           0},
    {"charge_allowed",    RELAY_CHARGE_ALLOWED,    0},
    {"discharge_allowed", RELAY_DISCHARGE_ALLOWED, 0},
    {"cluster_1_off",     RELAY_CLUSTER_OFF,       1},
    {"cluster_2_off",     RELAY_CLUSTER_OFF,       2},
    {"cluster_3_off",     RELAY_CLUSTER_OFF,       3},
    {"cluster_4_off",     RELAY_CLUSTER_OFF,       4},
    {"cluster_5_off",     RELAY_CLUSTER_OFF,       5},
    {"running",           RELAY_RUNNING,           0},
};

static const struct {
    const char *word;
    enum input_function function;
    uint8_t cluster;
} input_words[] = {
    {"stop",           INPUT_STOP,         0},
    {"reset",          INPUT_RESET,        0},
    {"cluster_1_open", INPUT_CLUSTER_OPEN, 1},
    {"cluster_2_open", INPUT_CLUSTER_OPEN, 2},
    {"cluster_3_open", INPUT_CLUSTER_OPEN, 3},
    {"cluster_4_open", INPUT_CLUSTER_OPEN, 4},
    {"cluster_5_open", INPUT_CLUSTER_OPEN, 5},
    {"fire",           INPUT_FIRE,         0},
};

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

bool relay_named(const char *word, struct relay_rule *out)
{
    for (size_t i = 0; i < LEN(relay_words); i++)
        if (strcmp(relay_words[i].word, word) == 0) {
            out->function = relay_words[i].function;
            out->cluster = relay_words[i].cluster;
            return true;
        }
    return false;
}

const char *relay_word(const struct relay_rule *rule)
{
    for (size_t i = 0; i < LEN(relay_words); i++)
        if (relay_words[i].function == rule->function && relay_words[i].cluster == rule->cluster)
            return relay_words[i].word;
    return "unused";
}

bool input_named(const char *word, struct input_rule *out)
{
    for (size_t i = 0; i < LEN(input_words); i++)
        if (strcmp(input_words[i].word, word) == 0) {
            out->function = input_words[i].function;
            out->cluster = input_words[i].cluster;
            return true;
        }
    return false;
}

const char *input_word(const struct input_rule *rule)
{
    for (size_t i = 0; i < LEN(input_words); i++)
        if (input_words[i].function == rule->function && input_words[i].cluster == rule->cluster)
            return input_words[i].word;
    return "unused";
}

/* Four LEDs of 25 % each (HUB manual, table of the front panel). One that is on goes off 1 % lower,
 * so that a value that wavers does not wear the relay. */
#define LED_STEP 2500
#define LED_BACK 100

static bool led(unsigned n, int64_t soc, bool was)
{
    int64_t from = n * LED_STEP - (was ? LED_BACK : 0);

    return n == 0 ? soc > 0 : soc >= from;
}

static bool low_soc(const struct relay_rule *rule, int64_t soc, bool was)
{
    if (soc < 0)
        return was;
    return was ? soc < rule->soc_off : soc <= rule->soc_on;
}

bool relay_next(const struct relay_rule *rule, const struct relays_view *view, bool was)
{
    switch (rule->function) { /* GCOVR_EXCL_BR_LINE: nothing outside of the enumeration */
    case RELAY_SOC_LED1:
    case RELAY_SOC_LED2:
    case RELAY_SOC_LED3:
    case RELAY_SOC_LED4:
        return led(rule->function - RELAY_SOC_LED1, view->soc, was);
    case RELAY_POWER:
        return true;
    case RELAY_FAULT:
        return view->fault;
    case RELAY_LOW_SOC:
        return low_soc(rule, view->soc, was);
    case RELAY_CHARGE_ALLOWED:
        return view->charge && !(view->latches & LATCH_BIT(CHARGE_DISOBEYED));
    case RELAY_DISCHARGE_ALLOWED:
        return view->discharge && !(view->latches & LATCH_BIT(DISCHARGE_DISOBEYED));
    case RELAY_CLUSTER_OFF:
        return view->off[rule->cluster - 1];
    case RELAY_RUNNING:
        return view->running;
    case RELAY_UNUSED:
    case RELAY_FUNCTION_COUNT:
        break;
    }
    return false;
}

static void look(struct inputs_view *out, const struct input_rule *rule,
                 const struct input_state *in)
{
    bool stops = rule->function == INPUT_STOP || rule->function == INPUT_FIRE;
    bool closed = in->known && in->closed;
    bool open = in->known && !in->closed;

    out->stop |= rule->function == INPUT_STOP && open;
    out->fire |= rule->function == INPUT_FIRE && closed;
    out->stop_unknown |= stops && !in->known;
    out->reset |= rule->function == INPUT_RESET && closed;
    out->reset_unknown |= rule->function == INPUT_RESET && !in->known;
    if (rule->function == INPUT_CLUSTER_OPEN)
        out->open[rule->cluster - 1] |= closed;
}

void inputs_look(struct inputs_view *out, const struct input_rule *rules,
                 const struct input_state *inputs, unsigned n)
{
    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < n; i++)
        look(out, &rules[i], &inputs[i]);
}
