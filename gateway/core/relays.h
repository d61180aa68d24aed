/* Relays and inputs as pure functions: what each relay shall be now, from the hub as it stands, and
 * what the inputs mean. The edge drives and reads them; with or without it they can be read. */
#ifndef CORE_RELAYS_H
#define CORE_RELAYS_H

#include "model/battery.h"
#include "model/words.h"

#define MAX_RELAYS 8
#define MAX_INPUTS 8

enum relay_function {
    RELAY_UNUSED,
    RELAY_SOC_LED1, /* closed above 0 %; 2: from 25 %, 3: from 50 %, 4: from 75 %, open 1 % lower */
    RELAY_SOC_LED2,
    RELAY_SOC_LED3,
    RELAY_SOC_LED4,
    RELAY_POWER,          /* the gateway runs */
    RELAY_FAULT,          /* any protection or fault, latched or not, or the hub stands */
    RELAY_LOW_SOC,        /* closes at and below soc_on, opens at and above soc_off */
    RELAY_CHARGE_ALLOWED, /* CCL above zero and not latched open */
    RELAY_DISCHARGE_ALLOWED,
    RELAY_CLUSTER_OFF, /* cluster N is shut down, latched, excluded or to be: open its contactor */
    RELAY_RUNNING,     /* the hub is RUNNING or DEGRADED */
    RELAY_FUNCTION_COUNT
};

enum input_function {
    INPUT_UNUSED,
    INPUT_STOP,         /* normally closed: open, or a broken wire, stops and latches */
    INPUT_RESET,        /* closing it is an authorised reset of all */
    INPUT_CLUSTER_OPEN, /* closed: the contactor of cluster N is open */
    INPUT_FIRE,         /* closed: fire; stops and latches */
    INPUT_FUNCTION_COUNT
};

struct relay_rule {
    enum relay_function function;
    uint8_t cluster;         /* RELAY_CLUSTER_OFF: 1..5 */
    int64_t soc_on, soc_off; /* RELAY_LOW_SOC, 0.01 % */
};

struct input_rule {
    enum input_function function;
    uint8_t cluster; /* INPUT_CLUSTER_OPEN */
};

/* What relays look at. */
struct relays_view {
    int64_t soc;            /* raw, not smoothed; -1: not known */
    bool running;           /* RUNNING or DEGRADED */
    bool fault;             /* protection or fault tier active anywhere, a latch in force, or the
                             * hub stands */
    bool charge, discharge; /* the limit is above zero */
    bool off[MAX_CLUSTERS]; /* shut down, latched, excluded or to be */
    unsigned latches;       /* of the hub */
};

/* The function a word of [relay.N] means ("cluster_2_off"), into function and cluster; false when
 * there is no such word. And the word of a rule; "unused" without one. */
bool relay_named(const char *word, struct relay_rule *out);
const char *relay_word(const struct relay_rule *rule);
bool input_named(const char *word, struct input_rule *out);
const char *input_word(const struct input_rule *rule);

/* The new state of one relay. was: its state now (hysteresis). */
bool relay_next(const struct relay_rule *rule, const struct relays_view *view, bool was);

struct input_state {
    bool known; /* the edge has read it */
    bool closed;
};

/* What the inputs say together. */
struct inputs_view {
    bool stop, fire;    /* now */
    bool stop_unknown;  /* a stop or fire input is configured and has not been read */
    bool reset;         /* a reset input is closed now */
    bool reset_unknown; /* one is configured and has not been read */
    bool open[MAX_CLUSTERS];
};
void inputs_look(struct inputs_view *out, const struct input_rule *rules,
                 const struct input_state *inputs, unsigned n);

#endif
