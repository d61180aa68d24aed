/* Plays a life to the hub (and to its twin, which lives the same at other times), turn by turn as
 * the program does, and prints acts as lines for tests/scenario.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "property.h"

bool violated(struct play *p, unsigned invariant, const char *format, ...)
{
    va_list args;

    if (p->verdict->violated)
        return false;
    *p->verdict =
        (struct verdict){.violated = true, .invariant = invariant, .step = p->step, .act = p->at};
    va_start(args, format);
    vsnprintf(p->verdict->text, sizeof(p->verdict->text), format, args);
    va_end(args);
    return false;
}

/* ---- a process ---- */

static void refuse(void *arg, const struct config_error *err)
{
    fprintf(stderr, "site: %s\n", err->text);
    *(bool *)arg = true;
}

static void ignore(void *arg, const struct config_error *err)
{
    (void)arg, (void)err;
}

static struct config *configure(const struct site *site)
{
    char ini[2048];
    size_t len = site_ini(site, ini, sizeof(ini));
    bool bad = false;

    return config_parse(ini, len, NULL, refuse, ignore, &bad);
}

static struct hub *boot(const struct site *site, const struct memory_store *store, mono_us now)
{
    struct config *cfg = configure(site);
    struct hub *hub = cfg ? hub_new(cfg, now) : NULL;

    if (cfg)
        config_free(cfg);
    for (unsigned i = 0; hub && i < store->used; i++)
        hub_store_in(hub, &store->slot[i]);
    return hub;
}

static bool start(struct play *p)
{
    p->hub = boot(&p->site, &p->store, p->now);
    p->twin = p->shift ? boot(&p->site, &p->twin_store, p->now + p->shift) : NULL;
    if (!p->hub || (p->shift && !p->twin))
        return violated(p, 0, "the hub does not start");
    return true;
}

static void end(struct play *p)
{
    hub_free(p->hub);
    hub_free(p->twin);
    p->hub = p->twin = NULL;
}

/* What is in the store has to be in force again. */
static void expect_kept(struct play *p)
{
    struct oracle *o = &p->oracle;

    memset(o->latched, 0, sizeof(o->latched));
    for (unsigned i = 0; i < p->store.used; i++) {
        const struct record *r = &p->store.slot[i];

        if (r->kind == RECORD_LATCHES)
            o->latched[r->place].latches = (unsigned)r->value;
        if (r->kind == RECORD_LATCHED_ALARMS) {
            o->latched[r->place].alarm[r->tier] |= r->value;
            o->latched[0].alarm[r->tier] |= r->value;
        }
    }
    o->stop_asked = o->stop_asked && p->stop_is_safe;
}

static bool restart(struct play *p)
{
    end(p);
    expect_kept(p);
    oracle_restart(&p->oracle, p->now);
    p->tally->restarts++;
    p->before.known = p->before.started_up = false;
    p->pending = 0;
    if (!start(p))
        return false;
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        hub_link(p->hub, (enum port)i, &(struct link_report){.state = LINK_UP, .why = ""});
        if (p->twin)
            hub_link(p->twin, (enum port)i, &(struct link_report){.state = LINK_UP, .why = ""});
    }
    return true;
}

/* ---- acts ---- */

static void feed_frame(struct play *p, unsigned port, const struct frame *f, bool garbage)
{
    if (port < p->life->site->clusters && p->life->site->cluster[port].tongue == TONGUE_SERIAL)
        return; /* such a port takes none */
    hub_rx(p->hub, (enum port)port, f);
    if (p->twin)
        hub_rx(p->twin, (enum port)port, f);
    if (port < p->life->site->clusters)
        oracle_hears(&p->oracle, port, f, garbage);
}

static void feed_report(struct play *p, unsigned port, const struct report *r)
{
    static struct battery b; /* large */
    static struct module modules[MAX_MODULES];
    struct sample sample = {.at = p->now - MONO_MS(r->age_ms),
                            .period = MONO_MS(r->period_ms),
                            .battery = &b,
                            .modules = r->modules ? modules : NULL};

    memset(&b, 0, sizeof(b));
    for (unsigned i = 0; i < r->n; i++)
        signal_set(&b.s, (enum signal)r->word[i].sig, r->word[i].value, sample.at);
    memcpy(b.a.active, r->alarm, sizeof(r->alarm));
    memset(modules, 0, sizeof(modules));
    for (unsigned i = 0; i < r->modules; i++) {
        signal_set(&modules[i].s, SIG_VOLTAGE, r->module[i].mV, sample.at);
        signal_set(&modules[i].s, SIG_CONNECTED, r->module[i].connected, sample.at);
        signal_set(&modules[i].s, SIG_CELL_MAX, r->module[i].cell_max, sample.at);
        signal_set(&modules[i].s, SIG_CELL_MIN, r->module[i].cell_min, sample.at);
        signal_set(&modules[i].s, SIG_TEMP_MAX, r->module[i].temp_max, sample.at);
        signal_set(&modules[i].s, SIG_TEMP_MIN, r->module[i].temp_min, sample.at);
        memcpy(modules[i].alarm, r->module[i].alarm, sizeof(modules[i].alarm));
    }
    hub_report(p->hub, (enum port)port, &sample);
    oracle_reads(&p->oracle, port, r);
    if (!p->twin)
        return;
    for (enum signal sig = 0; sig < SIG_COUNT; sig++)
        b.s.at[sig] += p->shift;
    for (unsigned i = 0; i < r->modules; i++)
        for (enum signal sig = 0; sig < SIG_COUNT; sig++)
            modules[i].s.at[sig] += p->shift;
    sample.at += p->shift;
    hub_report(p->twin, (enum port)port, &sample);
}

static void feed_link(struct play *p, unsigned port, enum link_state state)
{
    const struct link_report report = {.state = state, .why = "life"};

    hub_link(p->hub, (enum port)port, &report);
    if (p->twin)
        hub_link(p->twin, (enum port)port, &report);
}

/* Answers that have come; `status` is that of the order `ticket`, where it is among them. */
static bool hear_answers(struct play *p, uint32_t ticket, enum status *status)
{
    struct hub_answer answer, other;

    while (hub_result(p->hub, &answer)) {
        if (p->twin && (!hub_result(p->twin, &other) || other.ticket != answer.ticket ||
                        other.status != answer.status))
            return violated(p, 11, "an order is answered differently at another time");
        if (answer.ticket == p->stop_ticket && answer.status == HUB_OK)
            p->stop_is_safe = true;
        if (answer.ticket == ticket)
            *status = answer.status;
    }
    return true;
}

static bool has_stop(const struct asking *a)
{
    for (unsigned i = 0; i < a->n; i++)
        if (a->order[i].command == COMMAND_STOP)
            return true;
    return false;
}

/* What was carried out; a reset that was refused may have ended some latches. */
static void tell_oracle(struct play *p, const struct asking *a, enum status status)
{
    if (status != HUB_OK && (status != HUB_EBUSY || a->order[0].command != COMMAND_RESET))
        return;
    for (unsigned i = 0; i < a->n; i++)
        oracle_obeys(&p->oracle, &a->order[i], a->order[0].from.owner);
    p->tally->orders += a->n;
}

static bool feed_orders(struct play *p, const struct asking *a)
{
    enum status taken = hub_commands(p->hub, a->order, a->n),
                status = HUB_OK; /* HUB_OK: it waits */
    uint32_t last_ticket = p->stop_ticket;
    bool last_safe = p->stop_is_safe;

    if (p->twin && hub_commands(p->twin, a->order, a->n) != taken)
        return violated(p, 11, "an order is refused at another time");
    if (taken == HUB_EFULL)
        return true;
    if (has_stop(a)) {
        p->stop_ticket = a->order[0].ticket;
        p->stop_is_safe = false;
    }
    if (!hear_answers(p, a->order[0].ticket, &status))
        return false;
    if (has_stop(a) && status != HUB_OK) { /* none of them was carried out */
        p->stop_ticket = last_ticket;
        p->stop_is_safe = last_safe;
    }
    tell_oracle(p, a, status);
    return true;
}

static void feed_contact(struct play *p, unsigned input, enum contact contact)
{
    struct hub *hubs[] = {p->hub, p->twin};

    if (!p->life->site->input[input])
        return;
    for (unsigned i = 0; i < 2 && hubs[i]; i++) {
        if (contact == CONTACT_LOST)
            hub_input_lost(hubs[i], input);
        else
            hub_input(hubs[i], input, contact == CONTACT_CLOSED);
    }
    oracle_contact(&p->oracle, input, contact);
}

static void trace(const struct play *p)
{
    const struct signals *s = &hub_snapshot(p->hub)->hub.s;

    printf("  t=%llu.%03llu %s (%s) clusters", (unsigned long long)(p->now / 1000000),
           (unsigned long long)(p->now / 1000 % 1000), hub_state_name(s->value[SIG_STATE]),
           reason_name(s->value[SIG_REASON]));
    for (unsigned i = 0; i < p->life->site->clusters; i++)
        printf(" %s", cluster_state_name(hub_snapshot(p->hub)->cluster[i].s.value[SIG_STATE]));
    printf(", CCL %lld %s, DCL %lld %s, CVL %lld, DVL %lld, SOC %lld\n",
           (long long)s->value[SIG_CHARGE_CURRENT_LIMIT], reason_name(s->value[SIG_CCL_REASON]),
           (long long)s->value[SIG_DISCHARGE_CURRENT_LIMIT], reason_name(s->value[SIG_DCL_REASON]),
           (long long)s->value[SIG_CHARGE_VOLTAGE_LIMIT],
           (long long)s->value[SIG_DISCHARGE_VOLTAGE_LIMIT], (long long)s->value[SIG_SOC]);
}

static bool ran(struct play *p)
{
    if (p->tracing)
        trace(p);
    return check_run(p) && (!p->twin || check_twin(p));
}

static bool feed_stop(struct play *p)
{
    const struct signals *s = &hub_snapshot(p->hub)->hub.s;

    if (p->site.stop_silent && !p->oracle.stopping) {
        p->oracle.warm_until = p->now + MONO_S(15);
        p->oracle.warm[0] = s->value[SIG_CHARGE_CURRENT_LIMIT];
        p->oracle.warm[1] = s->value[SIG_DISCHARGE_CURRENT_LIMIT];
    }
    p->oracle.stopping = true;
    p->tally->stops++;
    hub_stop(p->hub);
    if (p->twin)
        hub_stop(p->twin);
    return ran(p);
}

static bool feed_reload(struct play *p, const struct reload *r)
{
    struct config *cfg;
    bool good;

    p->site.ccl_cap_A = r->ccl_cap_A;
    p->site.dcl_cap_A = r->dcl_cap_A;
    p->site.rise_percent = r->rise_percent;
    p->site.rise_hold_s = r->rise_hold_s;
    p->site.loss_hold_s = r->loss_hold_s;
    if (strcmp(p->site.share, "measured") != 0)
        p->site.share = r->by_count ? "count" : "capacity";
    for (unsigned d = 0; d < 2; d++) /* a new cause may shorten the wait to the new length */
        p->oracle.rate[d].hold_until =
            mono_min(p->oracle.rate[d].hold_until, p->now + MONO_S(r->rise_hold_s));
    cfg = configure(&p->site);
    good = cfg && hub_reconfigure(p->hub, cfg) == HUB_OK &&
           (!p->twin || hub_reconfigure(p->twin, cfg) == HUB_OK);
    config_free(cfg);
    return good || violated(p, 0, "a reload is refused");
}

static void feed_confirm(struct play *p, unsigned port, bool confirm)
{
    p->unconfirmed[port] = !confirm;
    if (!confirm)
        return;
    hub_tx_done(p->hub, (enum port)port, false);
    if (p->twin)
        hub_tx_done(p->twin, (enum port)port, false);
}

/* ---- a turn ---- */

static bool same_frame(const struct frame *a, const struct frame *b)
{
    return a->id == b->id && a->ext == b->ext && a->len == b->len &&
           memcmp(a->data, b->data, a->len) == 0;
}

static void confirm_sent(struct play *p, unsigned port)
{
    hub_tx_done(p->hub, (enum port)port, true);
    if (p->twin)
        hub_tx_done(p->twin, (enum port)port, true);
}

static bool send(struct play *p, unsigned port)
{
    struct frame f, other;
    bool more = true;

    for (unsigned n = 0; more; n++) {
        bool twin_more = p->twin && hub_tx(p->twin, (enum port)port, &other);

        more = hub_tx(p->hub, (enum port)port, &f);
        if (hub_snapshot(p->hub)->at != p->oracle.last_run && !ran(p))
            return false; /* hub_tx has run the rules */
        if (p->twin && (twin_more != more || (more && !same_frame(&f, &other))))
            return violated(p, 11, "another frame is sent at another time");
        if (!more || p->unconfirmed[port])
            break;
        if (n > 100)
            return violated(p, 0, "port %u sends without end", port);
        p->tally->frames++;
        if (port >= PORT_INVERTER && !check_tx(p, &f))
            return false;
        confirm_sent(p, port);
    }
    return true;
}

static void answer_store(struct play *p, uint32_t ticket, bool safe)
{
    hub_store_done(p->hub, ticket, safe);
    if (p->twin)
        hub_store_done(p->twin, ticket, safe);
}

static void put(struct play *p, const struct record *record, const struct record *twin)
{
    memory_store_put(&p->store, record);
    if (p->twin)
        memory_store_put(&p->twin_store, twin);
}

/* The twin keeps its own: a note of the moment of a stop is of its own time. */
static void keep(struct play *p)
{
    struct record record, other = {0};

    while (hub_store_out(p->hub, &record)) {
        if (p->twin)
            hub_store_out(p->twin, &other);
        if (p->medium == MEDIUM_GOOD || p->medium == MEDIUM_FORGETS_THE_ANSWER)
            put(p, &record, &other);
        if (p->medium == MEDIUM_GOOD) {
            answer_store(p, record.ticket, true);
        } else if (p->medium == MEDIUM_REFUSES) {
            answer_store(p, record.ticket, false);
            return; /* it comes again */
        } else if (p->pending < sizeof(p->late) / sizeof(p->late[0])) {
            p->late_twin[p->pending] = other;
            p->late[p->pending++] = record; /* no answer before the medium is good again */
        }
    }
}

/* The medium works again: what it owes is kept and answered. */
static void wake_store(struct play *p, enum medium medium)
{
    p->medium = medium;
    if (medium != MEDIUM_GOOD)
        return;
    for (unsigned i = 0; i < p->pending; i++) {
        put(p, &p->late[i], &p->late_twin[i]);
        answer_store(p, p->late[i].ticket, true);
    }
    p->pending = 0;
}

/* "At most every 5 ms and at least every 100 ms", at once when control data came. */
static bool check_patience(struct play *p)
{
    mono_us since = p->now - p->oracle.last_run;

    if (since >= MONO_MS(100) || (p->fed && since >= MONO_MS(5)))
        return violated(p, 4, "the hub does not want to run %u ms after the last run%s",
                        (unsigned)(since / 1000), p->fed ? ", and data came" : "");
    return true;
}

static bool turn(struct play *p)
{
    enum status status = HUB_OK;
    struct event e;

    if (!hub_wants_run(p->hub)) {
        if (!check_patience(p))
            return false;
    } else {
        hub_run(p->hub);
        if (p->twin)
            hub_run(p->twin);
        if (!ran(p))
            return false;
    }
    for (unsigned port = 0; port < PORT_COUNT; port++)
        if (!send(p, port))
            return false;
    while (hub_event_out(p->hub, &e))
        ;
    while (p->twin && hub_event_out(p->twin, &e))
        ;
    keep(p);
    if (!hear_answers(p, 0, &status))
        return false;
    p->tally->turns++;
    p->tally->steps += p->something;
    p->something = false;
    p->step++;
    return true;
}

static void pass(struct play *p, uint32_t ms)
{
    p->now += MONO_MS(ms);
    p->oracle.now = p->now;
    hub_set_time(p->hub, p->now);
    if (p->twin)
        hub_set_time(p->twin, p->now + p->shift);
}

static void trace_act(const struct act *a)
{
    static char line[8192];

    act_print(a, line, sizeof(line));
    printf("%s\n", line);
}

static bool act(struct play *p, const struct act *a)
{
    if (p->tracing)
        trace_act(a);
    if (a->kind != ACT_TURN) {
        p->something = true;
        p->only_silence = false;
    }
    switch (a->kind) {
    case ACT_TURN:
        if (!turn(p))
            return false;
        pass(p, a->ms);
        break;
    case ACT_FRAME:
    case ACT_GARBAGE:
        p->fed |= a->port < p->life->site->clusters &&
                  p->life->site->cluster[a->port].tongue != TONGUE_SERIAL;
        feed_frame(p, a->port, &a->frame, a->kind == ACT_GARBAGE);
        break;
    case ACT_REPORT:
        p->fed = true;
        feed_report(p, a->port, &a->report);
        break;
    case ACT_LINK:
        feed_link(p, a->port, a->link);
        break;
    case ACT_ORDER:
        return feed_orders(p, &a->asking);
    case ACT_RELOAD:
        return feed_reload(p, &a->reload);
    case ACT_CONFIRM:
        feed_confirm(p, a->port, a->confirm);
        break;
    case ACT_STORE:
        wake_store(p, a->medium);
        break;
    case ACT_INPUT:
        feed_contact(p, a->port, a->contact);
        break;
    case ACT_RESTART:
        return restart(p);
    case ACT_STOP:
        return feed_stop(p);
    case ACT_KINDS:
        break;
    }
    return true;
}

void life_play(const struct life *life, mono_us shift, struct tally *tally, struct verdict *out)
{
    static struct play p; /* large */

    memset(&p, 0, sizeof(p));
    p.life = life;
    p.shift = shift;
    p.now = MONO_S(10);
    p.tracing = tally->tracing;
    p.tally = tally;
    p.verdict = out;
    *out = (struct verdict){0};
    tally->twins += shift != 0;
    p.site = *life->site;
    oracle_init(&p.oracle, &p.site, p.now);
    if (start(&p))
        for (p.at = 0; p.at < life->n && act(&p, &life->act[p.at]); p.at++)
            ;
    end(&p);
}
