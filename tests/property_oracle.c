/* What the batteries of a site count, who is a ghost, what stops: the memory of the oracle, moved
 * on at each run of the hub by DESIGN.md's rules. */
#include <string.h>

#include "property.h"

/* ---- what a cluster counts ---- */

static int64_t count_told(const struct oracle *o, const struct watched *c, enum signal sig)
{
    return c->told[sig].known && told_young(o, c, sig) ? c->told[sig].value : 0;
}

/* "Active modules": what the BMS counts wins; a bare zero does not count, nor what the profile
 * does not allow. */
static unsigned modules_of(const struct oracle *o, const struct watched *c)
{
    unsigned configured = c->cfg->modules ? c->cfg->modules : o->site->modules;
    int64_t online = count_told(o, c, SIG_MODULES_ONLINE);
    int64_t offline = count_told(o, c, SIG_MODULES_OFFLINE);
    int64_t told = online || offline ? online : count_told(o, c, SIG_MODULES);

    if (told > (int64_t)o->maker->max_modules || (told == 0 && offline == 0))
        return configured;
    return (unsigned)told;
}

/* "INI, else 0x379 or its like, else active modules x profile Ah"; four times off is not
 * believed. */
static int64_t capacity_of(const struct oracle *o, const struct watched *c, unsigned modules)
{
    int64_t made = o->maker->module_mAh * modules;
    int64_t told = c->told[SIG_CAPACITY].known ? c->told[SIG_CAPACITY].value : 0;

    if (c->cfg->capacity_Ah)
        return c->cfg->capacity_Ah * INT64_C(1000);
    return told > 0 && told * 4 >= made && told <= made * 4 ? told : made;
}

/* Every alarm whose protection forbids the direction, by the makers' words: voltage and cells high
 * forbid charging, low discharging, and so on; what is not named forbids both. */
static bool forbids(uint64_t alarms, enum direction direction)
{
    const uint64_t charge = ALARM_BIT(VOLTAGE_HIGH) | ALARM_BIT(CELL_HIGH) |
                            ALARM_BIT(TEMP_HIGH_CHARGE) | ALARM_BIT(TEMP_LOW_CHARGE) |
                            ALARM_BIT(CURRENT_CHARGE);
    const uint64_t discharge = ALARM_BIT(VOLTAGE_LOW) | ALARM_BIT(CELL_LOW) |
                               ALARM_BIT(TEMP_HIGH_DISCHARGE) | ALARM_BIT(TEMP_LOW_DISCHARGE) |
                               ALARM_BIT(CURRENT_DISCHARGE);
    const uint64_t both = ALARM_BIT(GENERAL) | ALARM_BIT(TEMP_HIGH) | ALARM_BIT(TEMP_LOW) |
                          ALARM_BIT(SHORT_CIRCUIT) | ALARM_BIT(CONTACTOR) | ALARM_BIT(INTERNAL);

    return alarms & (both | (direction == CHARGE ? charge : discharge));
}

static bool alarms_certain(const struct watched *c)
{
    return !c->alarms_murky && c->cfg->tongue != TONGUE_AUTO;
}

/* Its own word, and that of any module that can be seen: they share a bus bar. */
static uint64_t protections(const struct watched *c)
{
    uint64_t all = c->alarm[TIER_PROTECTION];

    for (unsigned m = 0; m < c->n_modules; m++)
        all |= c->module[m].alarm[TIER_PROTECTION];
    return all;
}

static bool is_protected(const struct watched *c, enum direction direction)
{
    return alarms_certain(c) && forbids(protections(c) | c->alarm[TIER_FAULT], direction);
}

static bool is_off(const struct watched *c, enum signal enable)
{
    return told_certain(c, enable) && c->told[enable].value == 0;
}

static bool all_block(const struct oracle *o, const struct watched *c, enum signal blocking,
                      unsigned modules)
{
    return told_certain(c, blocking) && told_young(o, c, blocking) &&
           c->told[blocking].value >= (int64_t)modules;
}

/* What one cluster allows in a direction, as far as it is certain. */
static int64_t allows(const struct oracle *o, const struct watched *c, enum direction direction,
                      unsigned modules)
{
    bool charge = direction == CHARGE;
    const struct told *limit =
        &c->told[charge ? SIG_CHARGE_CURRENT_LIMIT : SIG_DISCHARGE_CURRENT_LIMIT];

    if (is_protected(c, direction) ||
        is_off(c, charge ? SIG_CHARGE_ENABLE : SIG_DISCHARGE_ENABLE) ||
        all_block(o, c, charge ? SIG_MODULES_NO_CHARGE : SIG_MODULES_NO_DISCHARGE, modules))
        return 0;
    if (limit->known)
        return limit->value;
    return (charge ? o->maker->module_ccl : o->maker->module_dcl) * modules;
}

struct weight oracle_weight(const struct oracle *o, unsigned cluster)
{
    const struct watched *c = &o->cluster[cluster];
    const struct told *cvl = &c->told[SIG_CHARGE_VOLTAGE_LIMIT];
    const struct told *dvl = &c->told[SIG_DISCHARGE_VOLTAGE_LIMIT];
    struct weight w = {.modules = modules_of(o, c)};

    w.murky = c->told[SIG_MODULES].murky || c->told[SIG_MODULES_ONLINE].murky ||
              c->told[SIG_MODULES_OFFLINE].murky || c->told[SIG_CAPACITY].murky ||
              (c->cfg->tongue == TONGUE_AUTO && c->muddled);
    if (w.murky) /* the side that allows more */
        w.modules = o->maker->max_modules;
    w.mAh = capacity_of(o, c, w.modules);
    w.allows[0] = allows(o, c, CHARGE, w.modules);
    w.allows[1] = allows(o, c, DISCHARGE, w.modules);
    w.cvl = cvl->known ? cvl->value : o->maker->cvl;
    w.dvl = dvl->known ? dvl->value : o->maker->dvl;
    if (w.cvl < o->maker->dvl_floor - 10000)
        w.allows[0] = 0; /* "10 V under the floor of DVL means no charging" */
    if (w.cvl < o->maker->dvl_floor)
        w.cvl = o->maker->dvl_floor;
    if (w.dvl > o->maker->cvl_max)
        w.dvl = o->maker->cvl_max;
    return w;
}

bool oracle_doubts(const struct oracle *o, unsigned cluster, enum signal sig)
{
    const struct watched *c = &o->cluster[cluster];

    return c->told[sig].murky || (c->cfg->tongue == TONGUE_AUTO && c->muddled);
}

/* ---- stops ---- */

struct stop_rule {
    enum signal sig, otherwise;
    bool high;
    int64_t at, release;
};

static struct stop_rule stop_rule(const struct oracle *o, const struct watched *c,
                                  enum stop_kind stop)
{
    const struct maker *m = o->maker;
    /* "With periods over 3 s the voltage stops are tightened by 0.4 V." */
    int64_t margin = c->cfg->tongue == TONGUE_BYD ? 400 : 0;
    const struct stop_rule rules[STOPS] = {
        {SIG_VOLTAGE,  SIG_VOLTAGE,  true,  m->charge_stop - margin,    m->charge_release     },
        {SIG_CELL_MAX, SIG_CELL_MAX, true,  m->cell_high,               m->cell_high_release  },
        {SIG_TEMP_MIN, SIG_TEMP,     false, m->charge_cold,             m->charge_cold + 20   },
        {SIG_TEMP_MAX, SIG_TEMP,     true,  m->charge_hot,              m->charge_hot - 20    },
        {SIG_VOLTAGE,  SIG_VOLTAGE,  false, m->discharge_stop + margin, m->discharge_release  },
        {SIG_CELL_MIN, SIG_CELL_MIN, false, m->cell_low,                m->cell_low_release   },
        {SIG_TEMP_MIN, SIG_TEMP,     false, m->discharge_cold,          m->discharge_cold + 20},
        {SIG_TEMP_MAX, SIG_TEMP,     true,  m->discharge_hot,           m->discharge_hot - 20 },
    };

    return rules[stop];
}

/* The worst of the cluster and of the modules that can be seen. */
static int64_t worst_of(const struct watched *c, enum stop_kind stop, int64_t worst, bool high)
{
    for (unsigned m = 0; m < c->n_modules; m++) {
        const struct report_module *mod = &c->module[m];
        const int64_t mine[STOPS] = {mod->mV, mod->cell_max, mod->temp_min, mod->temp_max,
                                     mod->mV, mod->cell_min, mod->temp_min, mod->temp_max};

        if (high ? mine[stop] > worst : mine[stop] < worst)
            worst = mine[stop];
    }
    return worst;
}

/* -1: it may be released, 1: it must stop, 0: neither. */
static int look(const struct oracle *o, const struct watched *c, enum stop_kind stop,
                const struct stop_rule *r)
{
    enum signal sig = c->told[r->sig].known && told_young(o, c, r->sig) ? r->sig : r->otherwise;
    int64_t value = c->told[sig].value;

    unsigned i = (unsigned)(c - o->cluster);

    if (oracle_doubts(o, i, r->sig) || oracle_doubts(o, i, r->otherwise))
        return -1;
    if (!c->told[sig].known || !told_young(o, c, sig))
        return 0;
    value = worst_of(c, stop, value, r->high);
    if (r->high ? value >= r->at : value <= r->at)
        return 1;
    return (r->high ? value <= r->release : value >= r->release) ? -1 : 0;
}

static bool is_voltage(enum stop_kind stop)
{
    return stop == CHARGE_MV || stop == DIS_MV;
}

static void run_stop(const struct oracle *o, struct watched *c, enum stop_kind stop)
{
    struct stop_rule rule = stop_rule(o, c, stop);
    int seen = look(o, c, stop, &rule);

    if (seen != -1)
        c->good_since[stop] = 0;
    else if (!c->good_since[stop])
        c->good_since[stop] = o->now;
    if (seen == 1) {
        c->stop[stop] = true;
        if (stop == DIS_MV && c->charging_since)
            c->charging_since = o->now;
    } else if (seen == -1) {
        c->stop[stop] &= is_voltage(stop) && o->now - c->good_since[stop] < MONO_S(60);
    }
    /* "or after ten minutes of charging" */
    if (stop == DIS_MV && seen != 1 && c->charging_since &&
        o->now - c->charging_since >= MONO_S(600))
        c->stop[stop] = false;
}

static void run_taper(const struct oracle *o, struct watched *c)
{
    const struct maker *m = o->maker;
    int64_t soc = c->told[SIG_SOC].value, mV = c->told[SIG_VOLTAGE].value;

    if (!m->taper_ccl)
        return;
    if (c->told[SIG_SOC].murky || c->told[SIG_VOLTAGE].murky)
        c->taper = false;
    else if (soc > m->taper_soc || mV > m->taper_mV)
        c->taper = true;
    else if (soc <= m->taper_soc - 200 && mV <= m->taper_mV - 500)
        c->taper = false;
}

static void run_stops(const struct oracle *o, struct watched *c)
{
    if (!c->told[SIG_CURRENT].murky && c->told[SIG_CURRENT].value <= 0)
        c->charging_since = 0;
    else if (!c->charging_since)
        c->charging_since = o->now;
    for (enum stop_kind stop = 0; stop < STOPS; stop++)
        run_stop(o, c, stop);
    run_taper(o, c);
}

/* A stop whose datum is not told any longer by the battery that came back ends. */
static void stops_come_back(const struct oracle *o, struct watched *c)
{
    for (enum stop_kind stop = 0; stop < STOPS; stop++) {
        struct stop_rule r = stop_rule(o, c, stop);

        if (!(c->told[r.sig].known && told_young(o, c, r.sig)) &&
            !(c->told[r.otherwise].known && told_young(o, c, r.otherwise)))
            c->stop[stop] = false;
    }
}

/* ---- a run of the hub ---- */

static bool any_alarm(const struct watched *c)
{
    return alarms_certain(c) &&
           (c->alarm[TIER_WARNING] | c->alarm[TIER_PROTECTION] | c->alarm[TIER_FAULT]);
}

static void count_in(struct oracle *o, struct watched *c, unsigned i)
{
    if (!c->counted && c->ghost)
        stops_come_back(o, c);
    c->ghost = c->loomed = false;
    run_stops(o, c);
    c->last = oracle_weight(o, i);
    c->last_mV = c->told[SIG_VOLTAGE].value;
    c->last_mV_murky = oracle_doubts(o, i, SIG_VOLTAGE);
    c->worried = any_alarm(c);
    c->lost_oldest = oracle_oldest(c);
    c->lost_fresh_until = oracle_fresh_until(o, i);
}

/* "Its last limits": later words may lower them, never raise them. */
static void haunt(const struct oracle *o, struct watched *c, unsigned i)
{
    static const enum signal sigs[] = {SIG_CHARGE_CURRENT_LIMIT, SIG_DISCHARGE_CURRENT_LIMIT};
    struct weight now = oracle_weight(o, i);
    const int64_t says[] = {allows(o, c, CHARGE, c->last.modules),
                            allows(o, c, DISCHARGE, c->last.modules)}; /* it keeps its count */

    for (unsigned d = 0; d < 2; d++)
        if (!now.murky && (c->told[sigs[d]].known || !says[d]) && says[d] < c->last.allows[d])
            c->last.allows[d] = says[d];
    c->worried |= any_alarm(c);
}

/* What came between its last counted run and the one that saw it silent. */
static void lose(const struct oracle *o, struct watched *c, unsigned i)
{
    /* "The join guard refuses only a cluster that is open (proven, or no current since it was first
     * seen)": of the latter nobody has to be afraid. */
    bool refused = c->state == CLUSTER_STANDBY && !c->carried;

    c->ghost = !c->proven_open && !refused;
    c->silent = !oracle_fresh(o, i);
    c->lost_oldest = mono_max(c->lost_oldest, oracle_oldest(c));
    c->lost_fresh_until = mono_max(c->lost_fresh_until, oracle_fresh_until(o, i));
}

/* It carries current and was not counted: it is on the copper all the same. */
static void loom(struct oracle *o, struct watched *c, unsigned i)
{
    c->ghost = c->loomed = true;
    c->silent = false;
    c->worried = true;
    c->last = oracle_weight(o, i);
    c->last_mV = c->told[SIG_VOLTAGE].value;
    c->last_mV_murky = oracle_doubts(o, i, SIG_VOLTAGE);
}

#define OVER_CURRENT                                                                               \
    (ALARM_BIT(CURRENT_CHARGE) | ALARM_BIT(CURRENT_DISCHARGE) | ALARM_BIT(SHORT_CIRCUIT))

static void count_one(struct oracle *o, unsigned i, bool counted)
{
    struct watched *c = &o->cluster[i];

    if (counted) {
        count_in(o, c, i);
    } else {
        if (c->counted)
            lose(o, c, i);
        if (c->carries && !c->ghost && !c->proven_open)
            loom(o, c, i);
        if (c->ghost)
            haunt(o, c, i);
    }
    c->counted = counted;
    if ((c->counted || c->ghost) && alarms_certain(c) && protections(c) & OVER_CURRENT)
        o->rest_until = o->now + MONO_S(10);
}

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

/* "Less than max(2 A, 0.5 % of rating)" is no current. */
static int64_t no_current(const struct oracle *o, const struct watched *c)
{
    int64_t per =
        o->maker->module_ccl > o->maker->module_dcl ? o->maker->module_ccl : o->maker->module_dcl;
    int64_t part = per * modules_of(o, c) / 200;

    return part > 2000 ? part : 2000;
}

/* A contact that says open is contradicted by current measured 3 s after it said so, until it says
 * closed. */
static void watch_contact(const struct oracle *o, struct watched *c, unsigned cluster)
{
    bool says_open = false;

    for (unsigned i = 0; i < SITE_CONTACTS && o->site->input[i]; i++)
        says_open |= strncmp(o->site->input[i], "cluster_", 8) == 0 && o->input[i].known &&
                     o->input[i].closed && (unsigned)(o->site->input[i][8] - '1') == cluster;
    if (!says_open)
        c->contact_since = 0;
    else if (!c->contact_since)
        c->contact_since = o->now;
    c->contact_lies =
        says_open && (c->contact_lies ||
                      (c->carries && c->told[SIG_CURRENT].at >= c->contact_since + MONO_S(3)));
}

static void watch_modules(const struct oracle *o, struct watched *c, unsigned cluster)
{
    bool looked = oracle_fresh(o, cluster) && !c->proven_open;

    for (unsigned m = 0; m < REPORT_MODULES; m++) {
        bool stays =
            looked && m < c->n_modules && c->module[m].connected && c->module[m].alarm[TIER_FAULT];

        if (!stays)
            c->stays_since[m] = 0;
        else if (!c->stays_since[m])
            c->stays_since[m] = o->now;
    }
}

void oracle_sees(struct oracle *o, unsigned cluster, const struct signals *s)
{
    struct watched *c = &o->cluster[cluster];
    enum cluster_state state = (enum cluster_state)s->value[SIG_STATE];
    bool proven_open = s->value[SIG_PROVEN_OPEN] != 0;
    bool out = state == CLUSTER_SHUT_DOWN || state == CLUSTER_EXCLUDED;

    c->exclude_asked = s->value[SIG_EXCLUDE_ASKED] != 0;

    c->state = state;
    c->proven_open = proven_open;
    c->was_open |= proven_open;
    watch_modules(o, c, cluster);
    if (c->told[SIG_CONNECTED].known)
        c->word_open = c->told[SIG_CONNECTED].value == 0;
    /* Whether it is fresh is certain only where no garbage was heard. */
    c->carries = oracle_fresh(o, cluster) && !c->muddled && c->cfg->tongue != TONGUE_AUTO &&
                 magnitude(c->told[SIG_CURRENT].value) >= no_current(o, c);
    if (c->carries) {
        c->carried = true;
        c->carried_at = o->now;
        c->restored = c->word_open = false;
    }
    watch_contact(o, c, cluster);
    c->silent = c->silent && !out; /* a cluster that is let in again by hand does not wait */
    if (proven_open)
        c->ghost = false; /* "A ghost ends by being proven open." */
    o->seen[cluster] = o->seen[cluster] || out || oracle_fresh_until(o, cluster);
}

/* "Proven open: contactor flag of the BMS, a contactor input, or less than max(2 A, 0.5 % of
 * rating) for 60 s", or the operator's word; also from before a restart. */
bool oracle_may_be_open(const struct oracle *o, unsigned cluster)
{
    const struct watched *c = &o->cluster[cluster];

    return (c->contact_since && !c->contact_lies) || c->word_open || c->restored ||
           (c->exclude_asked && c->once_isolated) ||
           (o->now >= o->started + MONO_S(60) && o->now - c->carried_at >= MONO_S(60));
}

void oracle_counts(struct oracle *o, const bool *counted)
{
    for (unsigned i = 0; i < o->site->clusters; i++)
        count_one(o, i, counted[i]);
}

/* ---- orders, begin and end ---- */

static void obey_set_point(const struct oracle *o, struct set_point_told *sp,
                           const struct hub_order *order, uint16_t owner)
{
    sp->owner = owner;
    sp->value = order->value;
    sp->until = order->release ? 0 : o->now + MONO_S(o->site->setpoint_s);
}

/* Repeated within 90 s it is the same one; after a longer pause it may be. */
static void forced_charge(struct oracle *o, bool release)
{
    if (release) {
        o->forced_at = o->forced_until = 0;
        return;
    }
    if (!o->forced_at || o->now >= o->forced_at + MONO_S(90)) {
        if (o->now >= o->forced_until)
            o->forced_first = o->now;
        o->forced_until = o->now + MONO_S(1800);
    }
    o->forced_at = o->now;
}

void oracle_obeys(struct oracle *o, const struct hub_order *order, uint16_t owner)
{
    switch (order->command) {
    case COMMAND_SET_CCL:
        obey_set_point(o, &o->set_ccl, order, owner);
        break;
    case COMMAND_SET_DCL:
        obey_set_point(o, &o->set_dcl, order, owner);
        break;
    case COMMAND_SET_CVL:
        obey_set_point(o, &o->set_cvl, order, owner);
        break;
    case COMMAND_STOP:
        o->stop_asked = !order->release;
        break;
    case COMMAND_RESET:
        for (unsigned place = 0; place <= o->site->clusters; place++)
            if (!order->cluster || order->cluster == place)
                o->latched[place].reset = true;
        o->latched[0].reset = true; /* its word is the OR of all */
        break;
    case COMMAND_FORCE_CHARGE:
        forced_charge(o, order->release);
        break;
    case COMMAND_EXCLUDE:
        o->cluster[order->cluster - 1].once_isolated |= order->isolated;
        break;
    case COMMAND_NONE:
        break;
    }
}

unsigned oracle_set_points(const struct oracle *o)
{
    return (unsigned)(o->now < o->set_ccl.until) | (unsigned)(o->now < o->set_dcl.until) << 1 |
           (unsigned)(o->now < o->set_cvl.until) << 2;
}

bool oracle_protected(const struct oracle *o, unsigned cluster, enum direction direction)
{
    return is_protected(&o->cluster[cluster], direction);
}

/* A stop input is normally closed; of both, not to know is to stop. */
void oracle_contact(struct oracle *o, unsigned input, enum contact contact)
{
    bool was_closed = o->input[input].known && o->input[input].closed;

    o->input[input].known = contact != CONTACT_LOST;
    o->input[input].closed = contact == CONTACT_CLOSED;
    o->input_stops = false;
    for (unsigned i = 0; i < SITE_CONTACTS && o->site->input[i]; i++) {
        const struct input_told *in = &o->input[i];

        if (strcmp(o->site->input[i], "stop") == 0)
            o->input_stops |= !in->known || !in->closed;
        if (strcmp(o->site->input[i], "fire") == 0)
            o->input_stops |= !in->known || in->closed;
    }
    if (strcmp(o->site->input[input], "reset") == 0 && contact == CONTACT_CLOSED && !was_closed)
        for (unsigned place = 0; place <= MAX_CLUSTERS; place++)
            o->latched[place].reset = true;
}

void oracle_restart(struct oracle *o, mono_us now)
{
    struct oracle fresh = {.site = o->site, .maker = o->maker, .now = now, .started = now};

    memcpy(fresh.latched, o->latched, sizeof(fresh.latched));
    fresh.stop_asked = o->stop_asked;
    fresh.warm_until = o->warm_until;
    memcpy(fresh.warm, o->warm, sizeof(fresh.warm));
    for (unsigned i = 0; i < SITE_CONTACTS && o->site->input[i]; i++)
        fresh.input_stops |=
            strcmp(o->site->input[i], "stop") == 0 || strcmp(o->site->input[i], "fire") == 0;
    for (unsigned i = 0; i < o->site->clusters; i++) {
        fresh.cluster[i].cfg = &o->site->cluster[i];
        /* What the store has may be older than what was seen last. */
        fresh.cluster[i].was_open = fresh.cluster[i].restored = o->cluster[i].was_open;
        fresh.cluster[i].once_isolated = o->cluster[i].once_isolated; /* a release may be unsaved */
    }
    for (unsigned d = 0; d < 2; d++)
        fresh.rate[d].hold_until = now + MONO_S(o->site->rise_hold_s);
    fresh.last_run = now;
    *o = fresh;
}

void oracle_init(struct oracle *o, const struct site *site, mono_us now)
{
    *o = (struct oracle){.site = site, .maker = maker_find(site->maker)};
    oracle_restart(o, now);
}
