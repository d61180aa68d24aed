/* Plays a scenario against the whole hub in simulated time (world.h).
 *
 *   The site, before anything else:
 *     start 4294957296              the clock in ms, in place of 1000; the first line
 *     config [hub] clusters = 2     a line of the configuration; may repeat
 *
 *   Batteries and inverters (c1..c5, i1, i2):
 *     play c1 c2.log                a candump log, one pass a second, from now on
 *     say c1 351#1402C012           a frame each second from now on, in place of the player's frame
 *                                   of that id; "say c1 351" ends it
 *     rx c1 351#1402C012            a frame arrives once
 *     battery c1 52000 -10000 5000 100000   a serial battery: mV, mA, 0.01 %, mA both ways; a
 *                                   sample each second from now on
 *     set c1 cell_voltage_max 3400  one signal of it, or of its module 3: set c1.3 voltage 51000
 *     set c1 soc -                  no longer told
 *     set c1 serial A12             a text
 *     set c1 protection CELL_HIGH on     an alarm: warning, protection, fault; c1.3: of module 3
 *     mute c1 | unmute c1           it falls silent and comes back
 *     link c1 DOWN                  a link state (all links are UP at the start)
 *     confirm i1 off                frames to that port stay out unconfirmed from now on; on
 *
 *   People, contacts, the process:
 *     command SET_CCL 50000 OK      or RANGE, BUSY, KEY, SPEC (no such thing), WAITS (no answer
 *                                   yet), FULL (nobody takes it), RELEASE (taken back, with
 *                                   success); between value and answer: cluster N, isolated,
 *                                   release (taken back, any answer), key N, times N (so often),
 *                                   by NAME (tcp1, tcp2, rtu1 or root; else nobody)
 *     command SET_CCL 9 + SET_DCL 9 OK    several as one
 *     answer OK                     the answer to the oldest command that waits: came since; LATE
 *     input 1 open|closed
 *     store on|off|hangs            off: nothing is saved, and the hub is told so
 *     stop                          as SIGTERM does
 *     restart [ms]                  the process ends; a new one begins (so much later) with what
 *                                   was saved
 *     after 250                     milliseconds pass
 *     jump 600000                   the process stands still for so many milliseconds
 *     step 60000                    from now on one turn in so many ms; for runs of days
 *
 *   What must hold:
 *     is hub.soc 9080               a signal; words of lists by name: is hub.state RUNNING
 *     known hub.soc | unknown hub.soc | at_most hub.x 5 | at_least hub.x 5
 *     tx i1 351#40020000            the newest frame of that id sent to that port
 *     sent i1 351 3                 how many of them since the last "after"
 *     alarm hub warning MODULE_COUNT on     or c2, cluster[2]; on, off,
 *                                   latched, unlatched
 *     latch hub STOP_INPUT on       or c1; on, off
 *     relay 1 open|closed
 *     event cluster 1: JOINED -> STALE      a line that was told since the last "after"
 *     untold cluster 1: JOINED      no line like that was
 *
 * Time is 1 s at the start. A line that does not hold ends the run with its place.
 * "scenario --diagram" prints the state tables of a cluster and of the hub (tests/states.sh). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "core/member.h"
#include "core/supervisor.h"
#include "wire/candump.h"
#include "world.h"

struct run {
    char ini[16384];
    size_t ini_end;   /* where the newest section ends */
    char section[40]; /* the newest */
    char dir[256];
    struct world w;
    uint32_t tickets; /* given out */
    unsigned asserted;
};

/* ---- words of a line ---- */

static bool port_named(const char *name, enum port *port)
{
    int n = name[0] && name[1] ? atoi(name + 1) : 0;

    *port = (enum port)(name[0] == 'i' ? PORT_INVERTER + n - 1 : PORT_CLUSTER + n - 1);
    return (name[0] == 'c' && n >= 1 && n <= MAX_CLUSTERS) ||
           (name[0] == 'i' && n >= 1 && n <= MAX_INVERTERS);
}

static bool on_off(const char *word, bool *on)
{
    *on = strcmp(word, "on") == 0 || strcmp(word, "closed") == 0;
    return *on || strcmp(word, "off") == 0 || strcmp(word, "open") == 0;
}

static bool parse_frame(const char *text, struct frame *f)
{
    char id[9] = "", hex[17] = "";

    if (sscanf(text, "%8[0-9A-Fa-f]#%16[0-9A-Fa-f]", id, hex) < 1 || strlen(hex) % 2)
        return false;
    *f = (struct frame){.id = (uint32_t)strtoul(id, NULL, 16), .ext = strlen(id) > 3};
    for (const char *h = hex; *h; h += 2) {
        char byte[3] = {h[0], h[1], '\0'};

        f->data[f->len++] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return true;
}

static void print_frame(const struct frame *f)
{
    printf("%0*X#", f->ext ? 8 : 3, (unsigned)f->id);
    for (unsigned i = 0; i < f->len; i++)
        printf("%02X", f->data[i]);
    printf("\n");
}

static int64_t code_of(const struct word *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].code;
    return -1;
}

static bool tier_named(const char *name, enum tier *tier)
{
    static const char *const tiers[TIER_COUNT] = {"warning", "protection", "fault"};

    for (*tier = 0; *tier < TIER_COUNT; ++*tier)
        if (strcmp(tiers[*tier], name) == 0)
            return true;
    return false;
}

static bool alarm_named(const char *name, unsigned *bit)
{
    for (*bit = 0; *bit < ALARM_BITS; ++*bit)
        if (alarm_info[*bit].name && strcmp(alarm_info[*bit].name, name) == 0)
            return true;
    return false;
}

/* ---- the site ---- */

static void on_error(void *arg, const struct config_error *err)
{
    (void)arg;
    printf("  config line %d: %s\n", err->line, err->text);
}

static void on_warning(void *arg, const struct config_error *err)
{
    (void)arg, (void)err;
}

static bool do_start(struct run *r, const char *rest)
{
    r->w.now = MONO_MS(strtoull(rest, NULL, 10));
    return !r->w.hub && !r->ini_end;
}

static bool do_config(struct run *r, const char *rest)
{
    char section[40] = "", line[200] = "";
    char *end = r->ini + r->ini_end;
    size_t room = sizeof(r->ini) - r->ini_end;
    int n;

    if (sscanf(rest, "[%39[a-z.0-9]] %199[^\n]", section, line) != 2 || r->w.hub)
        return false;
    if (strcmp(section, r->section) != 0)
        n = snprintf(end, room, "[%s]\n%s\n", section, line);
    else
        n = snprintf(end, room, "%s\n", line);
    strcpy(r->section, section);
    r->ini_end += (size_t)n;
    return (size_t)n < room;
}

static bool start(struct run *r)
{
    struct config *cfg;

    if (r->w.hub)
        return true;
    cfg = config_parse(r->ini, r->ini_end, NULL, on_error, on_warning, NULL);
    return cfg && world_start(&r->w, cfg);
}

/* ---- batteries and inverters ---- */

/* The player behind a port that is to speak frames (or samples, when serial). */
static struct player *speaker_at(struct run *r, enum port port, bool serial)
{
    struct player *p = &r->w.player[port];
    bool idle = !p->n && !p->is_serial;

    if (!idle && p->is_serial != serial)
        return NULL;
    if (idle)
        p->next = r->w.now;
    p->is_serial = serial;
    return p;
}

static bool do_play(struct run *r, const char *rest)
{
    char name[8], file[120], path[600], line[200];
    struct player *p;
    enum port port;
    FILE *in;

    if (sscanf(rest, "%7s %119s", name, file) != 2 || !port_named(name, &port))
        return false;
    snprintf(path, sizeof(path), "%s/../captures/%s", r->dir, file);
    p = speaker_at(r, port, false);
    in = p ? fopen(path, "r") : NULL;
    if (!in)
        return false;
    p->n = 0;
    p->next = r->w.now;
    while (fgets(line, sizeof(line), in)) {
        struct candump_entry got;
        const char *why;

        if (candump_line(line, strcspn(line, "\n"), &got, &why) == CANDUMP_FRAME &&
            p->n < MAX_SPOKEN)
            p->frame[p->n++] = got.frame;
    }
    fclose(in);
    return p->n > 0;
}

static bool do_say(struct run *r, const char *rest)
{
    char name[8], text[40];
    struct player *p;
    struct frame f;
    enum port port;
    unsigned at = 0;

    if (sscanf(rest, "%7s %39s", name, text) != 2 || !port_named(name, &port) ||
        !parse_frame(text, &f))
        return false;
    p = speaker_at(r, port, false);
    while (p && at < p->n && p->frame[at].id != f.id)
        at++;
    if (!p || at == MAX_SPOKEN)
        return false;
    if (!strchr(text, '#')) {
        if (at < p->n)
            p->frame[at] = p->frame[--p->n];
        return true;
    }
    if (at == p->n)
        p->n++;
    p->frame[at] = f;
    return true;
}

static bool do_rx(struct run *r, const char *rest)
{
    char name[8], text[40];
    struct frame f;
    enum port port;

    if (sscanf(rest, "%7s %39s", name, text) != 2 || !port_named(name, &port) ||
        !parse_frame(text, &f))
        return false;
    hub_rx(r->w.hub, port, &f);
    world_turn(&r->w);
    return true;
}

static bool do_battery(struct run *r, const char *rest)
{
    char name[8];
    long long mV, mA, soc, limit;
    struct player *p;
    struct signals *s;
    enum port port;

    if (sscanf(rest, "%7s %lld %lld %lld %lld", name, &mV, &mA, &soc, &limit) != 5 ||
        !port_named(name, &port))
        return false;
    p = speaker_at(r, port, true);
    if (!p)
        return false;
    s = &p->battery.s;
    signal_set(s, SIG_VOLTAGE, mV, 0);
    signal_set(s, SIG_CURRENT, mA, 0);
    signal_set(s, SIG_SOC, soc, 0);
    signal_set(s, SIG_CHARGE_CURRENT_LIMIT, limit, 0);
    signal_set(s, SIG_DISCHARGE_CURRENT_LIMIT, limit, 0);
    return true;
}

static bool set_alarm(struct player *p, unsigned module, const char *place, const char *name,
                      const char *state)
{
    enum tier tier;
    unsigned bit;
    bool on;

    if (!tier_named(place, &tier) || !alarm_named(name, &bit) || !on_off(state, &on))
        return false;
    if (!module)
        alarms_put(&p->battery.a, tier, UINT64_C(1) << bit, on ? UINT64_C(1) << bit : 0, 0);
    else if (on)
        p->module[module - 1].alarm[tier] |= UINT64_C(1) << bit;
    else
        p->module[module - 1].alarm[tier] &= ~(UINT64_C(1) << bit);
    return true;
}

static bool set_text(struct player *p, const char *name, const char *value)
{
    for (unsigned i = 0; i < TEXT_COUNT; i++)
        if (strcmp(text_info[i].name, name) == 0) {
            snprintf(p->battery.t.value[i], sizeof(p->battery.t.value[i]), "%.*s", TEXT_MAX,
                     strcmp(value, "-") == 0 ? "" : value);
            return true;
        }
    return false;
}

static bool set_signal(struct signals *s, enum signal sig, const char *value)
{
    char *end;
    long long n = strtoll(value, &end, strncmp(value, "0x", 2) == 0 ? 16 : 10);

    if (strcmp(value, "-") == 0)
        signal_forget(s, sig);
    else if (end == value)
        return false;
    else
        signal_set(s, sig, n, 0);
    return true;
}

static bool do_set(struct run *r, const char *rest)
{
    char name[8], what[40], value[40], state[8] = "";
    unsigned module = 0;
    struct player *p;
    enum signal sig;
    enum port port;

    if (sscanf(rest, "%7[a-z0-9].%u %39s %39s %7s", name, &module, what, value, state) < 4 &&
        sscanf(rest, "%7s %39s %39s %7s", name, what, value, state) < 3)
        return false;
    if (!port_named(name, &port) || module > MAX_MODULES || !(p = speaker_at(r, port, true)))
        return false;
    p->has_modules = p->has_modules || module;
    if (*state)
        return set_alarm(p, module, what, value, state);
    sig = signal_find(what);
    if (sig == SIG_COUNT)
        return !module && set_text(p, what, value);
    return set_signal(module ? &p->module[module - 1].s : &p->battery.s, sig, value);
}

static bool mute(struct run *r, const char *rest, bool muted)
{
    char name[8];
    enum port port;

    if (sscanf(rest, "%7s", name) != 1 || !port_named(name, &port))
        return false;
    r->w.player[port].muted = muted;
    return true;
}

static bool do_mute(struct run *r, const char *rest)
{
    return mute(r, rest, true);
}

static bool do_unmute(struct run *r, const char *rest)
{
    return mute(r, rest, false);
}

static bool do_link(struct run *r, const char *rest)
{
    char name[8], word[20];
    enum port port;
    int64_t state;

    if (sscanf(rest, "%7s %19s", name, word) != 2 || !port_named(name, &port))
        return false;
    state = code_of(link_states, n_link_states, word);
    if (state < 0)
        return false;
    hub_link(r->w.hub, port,
             &(struct link_report){.state = (enum link_state)state, .why = "as the scenario says"});
    return true;
}

static bool do_confirm(struct run *r, const char *rest)
{
    char name[8], word[8];
    enum port port;
    bool on;

    if (sscanf(rest, "%7s %7s", name, word) != 2 || !port_named(name, &port) || !on_off(word, &on))
        return false;
    r->w.player[port].unconfirmed = !on;
    if (on)
        hub_tx_done(r->w.hub, port, true);
    return true;
}

/* ---- people, contacts, the process ---- */

static const struct {
    const char *word;
    enum status status;
} answers[] = {
    {"OK",      HUB_OK    },
    {"RELEASE", HUB_OK    },
    {"RANGE",   HUB_ERANGE},
    {"BUSY",    HUB_EBUSY },
    {"SPEC",    HUB_ESPEC },
    {"KEY",     HUB_EKEY  },
    {"LATE",    HUB_ELATE },
};

static bool is_answer(const struct hub_answer *got, const char *word)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (strcmp(answers[i].word, word) == 0 && answers[i].status == got->status)
            return true;
    printf("  answered %d\n", got->status);
    return false;
}

/* The answer to this ticket (0: the oldest), taken out; false when none has come. */
static bool take_reply(struct world *w, uint32_t ticket, struct hub_answer *out)
{
    for (unsigned i = 0; i < w->n_replies; i++) {
        if (ticket && w->reply[i].ticket != ticket)
            continue;
        *out = w->reply[i];
        w->n_replies--;
        memmove(&w->reply[i], &w->reply[i + 1], (w->n_replies - i) * sizeof(w->reply[0]));
        return true;
    }
    return false;
}

/* Who may ask in a story. */
static const struct origin people[] = {
    {OWNER_TCP + 1, 0xC0A80107, "192.168.1.7" },
    {OWNER_TCP + 2, 0xC0A80108, "192.168.1.8" },
    {OWNER_RTU + 1, 0,          "/dev/ttyUSB0"},
    {OWNER_SOCKET,  0,          "user root"   },
};

static const struct origin *person(const char *name)
{
    static const char *const names[] = {"tcp1", "tcp2", "rtu1", "root"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0)
            return &people[i];
    return NULL;
}

struct asking {
    struct hub_order order[ORDERS_MAX];
    unsigned n, times;
    char want[20];
};

/* A word behind the value, with its argument. */
static bool parse_how(struct asking *a, const char *word)
{
    struct hub_order *order = &a->order[a->n - 1];
    bool takes_one = strcmp(word, "cluster") == 0 || strcmp(word, "key") == 0 ||
                     strcmp(word, "times") == 0 || strcmp(word, "by") == 0;
    const char *arg = takes_one ? strtok(NULL, " \n") : "";

    if (!arg)
        return false;
    if (strcmp(word, "cluster") == 0)
        order->cluster = (uint8_t)atoi(arg);
    else if (strcmp(word, "key") == 0)
        order->key = (uint16_t)atoi(arg);
    else if (strcmp(word, "times") == 0)
        a->times = (unsigned)atoi(arg);
    else if (strcmp(word, "by") == 0 && person(arg))
        a->order[0].from = *person(arg);
    else if (strcmp(word, "isolated") == 0)
        order->isolated = true;
    else if (strcmp(word, "release") == 0)
        order->release = true;
    else
        snprintf(a->want, sizeof(a->want), "%s", word);
    return true;
}

/* "EXCLUDE 1 cluster 2 isolated OK" */
static bool parse_orders(char *text, struct asking *a)
{
    const char *word = "+";

    *a = (struct asking){.times = 1};
    for (char *name = strtok(text, " \n"); word && strcmp(word, "+") == 0;) {
        const char *value = name ? strtok(NULL, " \n") : NULL;
        int64_t code = name ? code_of(commands, n_commands, name) : -1;

        if (code < 0 || !value || a->n == ORDERS_MAX)
            return false;
        a->order[a->n].command = (enum command)code;
        a->order[a->n++].value = atoll(value);
        while ((word = strtok(NULL, " \n")) && strcmp(word, "+") != 0)
            if (!parse_how(a, word))
                return false;
        if (word)
            name = strtok(NULL, " \n");
    }
    a->order[a->n - 1].release |= strcmp(a->want, "RELEASE") == 0;
    return *a->want;
}

static bool ask(struct run *r, struct asking *a)
{
    struct hub_answer answer;
    bool came;

    a->order[0].ticket = ++r->tickets;
    if (hub_commands(r->w.hub, a->order, a->n) != HUB_OK)
        return strcmp(a->want, "FULL") == 0;
    world_turn(&r->w); /* saved in one turn, answered in it or the next */
    world_turn(&r->w);
    came = take_reply(&r->w, a->order[0].ticket, &answer);
    if (strcmp(a->want, "WAITS") == 0)
        return !came;
    if (!came)
        printf("  no answer yet\n");
    return came && is_answer(&answer, a->want);
}

static bool do_command(struct run *r, const char *rest)
{
    struct asking a;
    char text[200];

    snprintf(text, sizeof(text), "%s", rest);
    if (!parse_orders(text, &a))
        return false;
    for (unsigned i = 0; i < a.times; i++)
        if (!ask(r, &a))
            return false;
    return true;
}

static bool do_answer(struct run *r, const char *rest)
{
    struct hub_answer answer;
    char want[20] = "";

    if (!take_reply(&r->w, 0, &answer)) {
        printf("  no answer yet\n");
        return false;
    }
    return sscanf(rest, "%19s", want) == 1 && is_answer(&answer, want);
}

static bool do_input(struct run *r, const char *rest)
{
    char word[8] = "";
    unsigned n = 0;
    bool closed;

    if (sscanf(rest, "%u %7s", &n, word) != 2 || !n || !on_off(word, &closed) ||
        hub_input(r->w.hub, n - 1, closed) != HUB_OK)
        return false;
    world_turn(&r->w);
    return true;
}

static bool do_store(struct run *r, const char *rest)
{
    r->w.mood = STORE_WORKS;
    if (strncmp(rest, "off", 3) == 0)
        r->w.mood = STORE_FAILS;
    if (strncmp(rest, "hangs", 5) == 0)
        r->w.mood = STORE_HANGS;
    return r->w.mood != STORE_WORKS || strncmp(rest, "on", 2) == 0;
}

static bool do_stop(struct run *r, const char *rest)
{
    (void)rest;
    hub_stop(r->w.hub);
    world_turn(&r->w);
    return true;
}

static bool do_restart(struct run *r, const char *rest)
{
    return world_restart(&r->w, MONO_MS(strtoull(rest, NULL, 10)));
}

static bool span_of(const char *text, mono_us *span)
{
    char *end;

    *span = MONO_MS(strtoull(text, &end, 10));
    return end != text;
}

static bool do_after(struct run *r, const char *rest)
{
    mono_us span;

    if (!span_of(rest, &span))
        return false;
    world_pass(&r->w, span);
    if (r->w.busy)
        printf("  the hub wants another turn at once: it would keep its thread busy\n");
    return !r->w.busy;
}

static bool do_jump(struct run *r, const char *rest)
{
    mono_us span;

    if (!span_of(rest, &span))
        return false;
    world_jump(&r->w, span);
    return true;
}

static bool do_step(struct run *r, const char *rest)
{
    return span_of(rest, &r->w.step);
}

/* ---- what must hold ---- */

static bool number_of(const char *path, enum signal sig, const char *text, int64_t *out)
{
    char *end;

    *out = strtoll(text, &end, 10);
    if (end != text)
        return true;
    if (sig == SIG_STATE && strncmp(path, "hub.", 4) == 0)
        *out = code_of(hub_states, n_hub_states, text);
    else if (sig == SIG_STATE)
        *out = code_of(cluster_states, n_cluster_states, text);
    else if (sig == SIG_LINK_STATE)
        *out = code_of(link_states, n_link_states, text);
    else
        *out = code_of(reasons, n_reasons, text);
    return *out >= 0;
}

/* The value a path names, when it is known. */
static bool value_at(struct run *r, const char *path, enum signal *sig, int64_t *value)
{
    const struct signals *s = snapshot_find(hub_snapshot(r->w.hub), path, sig);

    if (s && signal_known(s, *sig)) {
        *value = s->value[*sig];
        return true;
    }
    printf("  %s is %s\n", path, s ? "not known" : "no signal");
    return false;
}

static bool compare(struct run *r, const char *rest, int sense)
{
    char path[80], text[40];
    enum signal sig = SIG_COUNT;
    int64_t want = 0, is = 0;
    bool good;

    if (sscanf(rest, "%79s %39s", path, text) != 2 || !value_at(r, path, &sig, &is) ||
        !number_of(path, sig, text, &want))
        return false;
    good = sense < 0 ? is <= want : sense > 0 ? is >= want : is == want;
    if (!good)
        printf("  it is %lld\n", (long long)is);
    return good;
}

static bool do_is(struct run *r, const char *rest)
{
    return compare(r, rest, 0);
}

static bool do_at_most(struct run *r, const char *rest)
{
    return compare(r, rest, -1);
}

static bool do_at_least(struct run *r, const char *rest)
{
    return compare(r, rest, 1);
}

static bool known(struct run *r, const char *rest, bool want)
{
    char path[80];
    enum signal sig = SIG_COUNT;
    const struct signals *s;

    if (sscanf(rest, "%79s", path) != 1)
        return false;
    s = snapshot_find(hub_snapshot(r->w.hub), path, &sig);
    return s && signal_known(s, sig) == want;
}

static bool do_known(struct run *r, const char *rest)
{
    return known(r, rest, true);
}

static bool do_unknown(struct run *r, const char *rest)
{
    return known(r, rest, false);
}

static const struct battery *battery_at(struct run *r, const char *place)
{
    const struct snapshot *snap = hub_snapshot(r->w.hub);
    unsigned n = 0;

    if (strcmp(place, "hub") == 0)
        return &snap->hub;
    if (sscanf(place, "cluster[%u]", &n) != 1 && sscanf(place, "c%u", &n) != 1)
        return NULL;
    return n >= 1 && n <= MAX_CLUSTERS ? &snap->cluster[n - 1] : NULL;
}

static bool do_alarm(struct run *r, const char *rest)
{
    char place[20], tier_name[20], name[40], word[20];
    const struct battery *b;
    enum tier tier;
    unsigned bit;
    bool on;

    if (sscanf(rest, "%19s %19s %39s %19s", place, tier_name, name, word) != 4 ||
        !(b = battery_at(r, place)) || !tier_named(tier_name, &tier) || !alarm_named(name, &bit))
        return false;
    if (strcmp(word, "latched") == 0 || strcmp(word, "unlatched") == 0)
        return (b->a.latched[tier] >> bit & 1) == (word[0] == 'l');
    return on_off(word, &on) && (b->a.active[tier] >> bit & 1) == on;
}

static bool do_latch(struct run *r, const char *rest)
{
    char place[20], name[40], word[8];
    const struct battery *b;
    bool on;

    if (sscanf(rest, "%19s %39s %7s", place, name, word) != 3 || !(b = battery_at(r, place)) ||
        !on_off(word, &on) || !signal_known(&b->s, SIG_LATCHES))
        return false;
    for (unsigned i = 0; i < LATCH_COUNT; i++)
        if (strcmp(latch_info[i].name, name) == 0)
            return (b->s.value[SIG_LATCHES] >> i & 1) == on;
    return false;
}

static bool do_relay(struct run *r, const char *rest)
{
    char path[24], word[8];
    enum signal sig = SIG_COUNT;
    int64_t is = 0;
    unsigned n;
    bool closed;

    if (sscanf(rest, "%u %7s", &n, word) != 2 || !on_off(word, &closed))
        return false;
    snprintf(path, sizeof(path), "hub.relay[%u]", n);
    return value_at(r, path, &sig, &is) && is == closed;
}

static bool do_tx(struct run *r, const char *rest)
{
    char name[8], text[40];
    struct frame want;
    enum port port;

    if (sscanf(rest, "%7s %39s", name, text) != 2 || !port_named(name, &port) ||
        !parse_frame(text, &want))
        return false;
    for (unsigned i = 0; i < r->w.n_heard[port]; i++) {
        const struct frame *f = &r->w.heard[port][i].frame;

        if (f->id != want.id || f->ext != want.ext)
            continue;
        if (f->len == want.len && memcmp(f->data, want.data, f->len) == 0)
            return true;
        printf("  sent ");
        print_frame(f);
        return false;
    }
    printf("  never sent\n");
    return false;
}

static bool do_sent(struct run *r, const char *rest)
{
    char name[8], id[12];
    unsigned want, count = 0;
    enum port port;

    if (sscanf(rest, "%7s %11s %u", name, id, &want) != 3 || !port_named(name, &port))
        return false;
    for (unsigned i = 0; i < r->w.n_heard[port]; i++)
        if (r->w.heard[port][i].frame.id == strtoul(id, NULL, 16))
            count = r->w.heard[port][i].count;
    if (count != want)
        printf("  sent %u times\n", count);
    return count == want;
}

static bool told(const struct run *r, const char *text)
{
    for (unsigned i = 0; i < r->w.n_told; i++)
        if (strstr(r->w.told[i], text))
            return true;
    return false;
}

static bool do_event(struct run *r, const char *rest)
{
    bool good = *rest && told(r, rest);

    for (unsigned i = 0; !good && i < r->w.n_told; i++)
        printf("  told: %s\n", r->w.told[i]);
    return good;
}

static bool do_untold(struct run *r, const char *rest)
{
    return *rest && !told(r, rest);
}

/* ---- the play ---- */

enum { BEFORE = 1, CHECK = 2 }; /* before the hub is made; it asserts something */

#define WORD(name, how) {#name, do_##name, how},
static const struct {
    const char *name;
    bool (*play)(struct run *r, const char *rest);
    unsigned how;
} words[] = {
    WORD(start, BEFORE) WORD(config, BEFORE)                                  /* the site */
    WORD(play, 0) WORD(say, 0) WORD(rx, 0) WORD(battery, 0) WORD(set, 0)      /* batteries */
    WORD(mute, 0) WORD(unmute, 0) WORD(link, 0) WORD(confirm, 0)              /* and wires */
    WORD(command, CHECK) WORD(answer, CHECK) WORD(input, 0) WORD(store, 0)    /* people */
    WORD(stop, 0) WORD(restart, 0) WORD(after, 0) WORD(jump, 0) WORD(step, 0) /* the process */
    WORD(is, CHECK) WORD(known, CHECK) WORD(unknown, CHECK)                   /* what holds */
    WORD(at_most, CHECK) WORD(at_least, CHECK) WORD(tx, CHECK) WORD(sent, CHECK) WORD(alarm, CHECK)
        WORD(latch, CHECK) WORD(relay, CHECK) WORD(event, CHECK) WORD(untold, CHECK)};

static bool play_line(struct run *r, const char *line)
{
    size_t n = strcspn(line, " ");
    const char *rest = line + n + strspn(line + n, " ");

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].name) != n || strncmp(words[i].name, line, n) != 0)
            continue;
        r->asserted += words[i].how == CHECK;
        return (words[i].how == BEFORE || start(r)) && words[i].play(r, rest);
    }
    printf("  no such word\n");
    return false;
}

/* Cuts the comment and what is blank before it. */
static void trim(char *line)
{
    char *end = strstr(line, "  #");

    if (!end)
        end = line + strcspn(line, "\r\n");
    while (end > line && end[-1] == ' ')
        end--;
    *end = '\0';
}

static bool play_file(struct run *r, const char *name, FILE *in)
{
    char line[400];

    for (int n = 1; fgets(line, sizeof(line), in); n++) {
        trim(line);
        if (line[0] == '#' || line[0] == '\0' || play_line(r, line))
            continue;
        printf("%s:%d: t=%.3f s: %s\n", name, n, (double)r->w.now / 1e6, line);
        return false;
    }
    if (!r->asserted)
        printf("%s asserts nothing\n", name);
    return r->asserted > 0;
}

/* ---- the state tables, for gateway/DESIGN.md ---- */

static void print_cluster_states(void)
{
    struct member_edge e;

    printf("```mermaid\nstateDiagram-v2\n    [*] --> ABSENT\n");
    for (size_t i = 0; member_edge(i, &e); i++)
        printf("    %s --> %s: %s\n", cluster_state_name(e.from), cluster_state_name(e.to),
               member_event_name(e.event));
    printf("```\n");
}

static void print_hub_states(void)
{
    struct hub_edge e;

    printf("```mermaid\nstateDiagram-v2\n    [*] --> WAITING\n");
    for (size_t i = 0; hub_edge(i, &e); i++)
        printf("    %s --> %s: %s\n", hub_state_name(e.from), hub_state_name(e.to),
               hub_event_name(e.event));
    printf("```\n");
}

static int print_diagrams(void)
{
    printf("A cluster:\n\n");
    print_cluster_states();
    printf("\nThe hub:\n\n");
    print_hub_states();
    return 0;
}

int main(int argc, char **argv)
{
    static struct run r = {.w.now = MONO_S(1)};
    FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
    const char *slash = argc == 2 ? strrchr(argv[1], '/') : NULL;
    bool good;

    if (argc == 2 && strcmp(argv[1], "--diagram") == 0)
        return print_diagrams();
    if (!in) {
        fprintf(stderr, "usage: scenario FILE | --diagram\n");
        return 64;
    }
    snprintf(r.dir, sizeof(r.dir), "%.*s", slash ? (int)(slash - argv[1]) : 1,
             slash ? argv[1] : ".");
    good = play_file(&r, argv[1], in);
    fclose(in);
    world_end(&r.w);
    return good ? 0 : 1;
}
