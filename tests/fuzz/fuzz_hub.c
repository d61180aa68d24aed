/* Any byte string is a legal life of the hub: frames on any port, time, links, commands, contacts.
 * Whatever happens, the limits are known, no stage raises one, no current flows in a state that
 * forbids it, and nothing that is told is outside its range. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "hub/hub.h"

static const char ini[] = "[hub]\nclusters = 3\nprofile = generic-lfp-16s\n"
                          "[cluster.1]\nlink = sim\nprotocol = auto\n"
                          "[cluster.2]\nlink = sim\nprotocol = victron\nmodules = 3\n"
                          "[cluster.3]\nlink = sim\nprotocol = deye-dy\n"
                          "[inverter.1]\nlink = sim\nprotocol = victron\n"
                          "[inverter.2]\nlink = sim\nprotocol = sma\n"
                          "[relay.1]\nfunction = charge_allowed\n"
                          "[input.1]\nfunction = stop\ngpio = gpiochip0:1\n"
                          "[input.2]\nfunction = reset\ngpio = gpiochip0:2\n"
                          "[input.3]\nfunction = cluster_2_open\ngpio = gpiochip0:3\n"
                          "[limits]\nstart_wait_s = 1\nrise_hold_s = 1\n";

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t take(struct input *in)
{
    if (!in->left)
        return 0;
    in->left--;
    return *in->at++;
}

static void must(bool good)
{
    if (!good)
        abort();
}

static void ignore(void *arg, const struct config_error *err)
{
    (void)arg, (void)err;
}

static void check_stages(const struct signals *s, enum signal first, int sign)
{
    for (unsigned i = 0; i + 1 < 7; i++)
        must((s->value[first + i + 1] - s->value[first + i]) * sign <= 0);
}

static void check(const struct hub *hub)
{
    const struct snapshot *snap = hub_snapshot(hub);
    const struct signals *s = &snap->hub.s;
    bool allowed = s->value[SIG_STATE] == HUB_RUNNING || s->value[SIG_STATE] == HUB_DEGRADED;

    must(signal_known(s, SIG_CHARGE_CURRENT_LIMIT) && signal_known(s, SIG_DISCHARGE_CURRENT_LIMIT));
    must(signal_known(s, SIG_CHARGE_VOLTAGE_LIMIT) && signal_known(s, SIG_DISCHARGE_VOLTAGE_LIMIT));
    must(s->value[SIG_CHARGE_VOLTAGE_LIMIT] > 0 && s->value[SIG_DISCHARGE_VOLTAGE_LIMIT] > 0);
    must(s->value[SIG_CHARGE_CURRENT_LIMIT] >= 0 && s->value[SIG_DISCHARGE_CURRENT_LIMIT] >= 0);
    /* Only a healthy cluster that just fell silent keeps its discharge limit for a moment. */
    must(allowed || !s->value[SIG_CHARGE_CURRENT_LIMIT]);
    must(allowed || !s->value[SIG_DISCHARGE_CURRENT_LIMIT] || s->value[SIG_CLUSTERS_GHOST] > 0);
    must(s->value[SIG_CLUSTERS_JOINED] > 0 ||
         (!s->value[SIG_CHARGE_CURRENT_LIMIT] && !signal_known(s, SIG_SOC)));
    check_stages(s, SIG_CCL_STAGE, 1);
    check_stages(s, SIG_DCL_STAGE, 1);
    check_stages(s, SIG_CVL_STAGE, 1);
    check_stages(s, SIG_DVL_STAGE, -1);
    must(s->value[SIG_CHARGE_CURRENT_LIMIT] == s->value[SIG_CCL_STAGE + 6]);
    for (unsigned i = 0; i < 3; i++) {
        const struct signals *c = &snap->cluster[i].s;

        if (c->value[SIG_STATE] == CLUSTER_STALE || c->value[SIG_STATE] == CLUSTER_ABSENT)
            must(!signal_known(c, SIG_SOC) && !signal_known(c, SIG_CHARGE_CURRENT_LIMIT));
        for (int k = 0; k < SIG_STATE; k++)
            must(!signal_known(c, (enum signal)k) || k == SIG_POWER || k == SIG_CAPACITY ||
                 (c->value[k] >= signal_info[k].lo && c->value[k] <= signal_info[k].hi));
    }
}

static void feed(struct hub *hub, struct input *in, uint8_t op)
{
    static const uint16_t ids[] = {0x351, 0x355, 0x356, 0x359, 0x35A, 0x35C, 0x35E, 0x35F,
                                   0x361, 0x364, 0x370, 0x371, 0x372, 0x373, 0x379, 0x305};
    struct frame f = {.id = ids[op & 15], .len = (uint8_t)(take(in) % 9)};

    if (op & 16) {
        f.id = take(in) | (uint32_t)take(in) << 8;
        f.ext = op & 32;
        f.id &= f.ext ? 0x1FFFFFFF : 0x7FF;
    }
    for (unsigned i = 0; i < f.len; i++)
        f.data[i] = take(in);
    hub_rx(hub, (enum port)(take(in) % PORT_COUNT), &f);
}

/* A latch that is in force ends by reset only; `latches` are those of the last look. */
static void check_latches(const struct hub *hub, int64_t *latches, bool reset)
{
    const struct snapshot *snap = hub_snapshot(hub);

    for (unsigned place = 0; place <= 3; place++) {
        const struct signals *s = place ? &snap->cluster[place - 1].s : &snap->hub.s;

        must(reset || !(latches[place] & ~s->value[SIG_LATCHES]));
        latches[place] = s->value[SIG_LATCHES];
    }
}

static struct hub_order one_order(struct input *in, uint8_t op)
{
    static const enum command asked[] = {COMMAND_NONE,    COMMAND_SET_CCL,     COMMAND_SET_DCL,
                                         COMMAND_SET_CVL, COMMAND_STOP,        COMMAND_RESET,
                                         COMMAND_EXCLUDE, COMMAND_FORCE_CHARGE};
    uint8_t how = take(in);

    return (struct hub_order){.command = asked[op & 7],
                              .value = (int64_t)take(in) * 1000,
                              .release = how & 1,
                              .isolated = how & 2,
                              .cluster = how >> 2 & 7,
                              .key = how >> 5};
}

static struct origin somebody(uint8_t who)
{
    struct origin from = {.owner = who & 15, .address = who >> 4};

    memset(from.name, 'x', who % sizeof(from.name)); /* up to the longest */
    return from;
}

/* One, or several as one; or something that was refused before. */
static void order(struct hub *hub, struct input *in, uint8_t op)
{
    struct hub_order o[ORDERS_MAX] = {one_order(in, op)};
    struct hub_answer answer;
    unsigned n = 1;

    if (op & 8) {
        uint8_t more = take(in);

        o[0].from = somebody(take(in));
        for (; n < 1u + (more & 7); n++)
            o[n] = one_order(in, take(in));
        if (more & 8)
            hub_refused(hub, &o[0].from, o[0].command, (enum refusal)(more >> 4 & 7), more);
    }
    hub_commands(hub, o, n);
    while (hub_result(hub, &answer))
        must(answer.status == HUB_OK || answer.status == HUB_ERANGE || answer.status == HUB_ESPEC ||
             answer.status == HUB_EBUSY || answer.status == HUB_EKEY || answer.status == HUB_ELATE);
}

static void say(struct hub *hub, uint8_t keep)
{
    struct frame f;
    struct event e;
    struct record r;
    char line[200];

    for (unsigned port = 0; port < PORT_COUNT; port++)
        for (unsigned n = 0; hub_tx(hub, (enum port)port, &f); n++) {
            must(f.len <= 8 && f.id <= 0x1FFFFFFF && n < 100);
            if (!(keep >> port & 1))
                hub_tx_done(hub, (enum port)port, keep & 64);
        }
    while (hub_event_out(hub, &e))
        must(strlen(event_text(&e, line, sizeof(line))) > 0);
    for (bool safe = true; safe && hub_store_out(hub, &r);) {
        safe = !(keep & 32); /* a medium that fails is tried again in the next turn */
        hub_store_done(hub, r.ticket, safe);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct config *cfg = config_parse(ini, strlen(ini), NULL, ignore, ignore, NULL);
    mono_us now = MONO_S(1);
    int64_t latches[4] = {0};
    struct hub *hub;
    bool reset = false;

    must(cfg != NULL);
    hub = hub_new(cfg, now);
    config_free(cfg);
    must(hub != NULL);
    for (unsigned i = 0; i < PORT_COUNT; i++)
        hub_link(hub, (enum port)i, &(struct link_report){.state = LINK_UP, .why = ""});
    while (in.left) {
        uint8_t op = take(&in);

        if (op < 0xC0) {
            feed(hub, &in, op);
        } else if (op < 0xE0) {
            now += MONO_MS((mono_us)take(&in) * ((op & 1) ? 200u : 10u));
            hub_set_time(hub, now);
            hub_run(hub);
            check(hub);
            check_latches(hub, latches, reset);
            reset = false;
            say(hub, op & 2 ? 0x40 : take(&in));
            must(hub_deadline(hub) <= now + MONO_S(1));
        } else if (op < 0xE8) {
            hub_link(hub, (enum port)(take(&in) % PORT_COUNT),
                     &(struct link_report){.state = (enum link_state)(take(&in) % LINK_STATE_COUNT),
                                           .why = "fuzz"});
        } else if (op < 0xF0) {
            hub_input(hub, op & 3, op & 4);
            reset = true; /* it may have been the reset input */
        } else {
            order(hub, &in, op);
            reset = true;
        }
    }
    hub_stop(hub);
    check(hub);
    hub_free(hub);
    return 0;
}
