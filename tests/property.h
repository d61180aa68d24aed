/* Property tests: random lives of the whole hub through its public door, watched by an oracle.
 *
 *     property_site.c    the sites, and the makers' figures
 *     property_life.c    invents a life: what batteries, inverters, owners and the wall do
 *     property_voice.c   what the batteries say in it
 *     property_play.c    plays it to the hub
 *     property_print.c   prints it as lines of a scenario
 *     property_hear.c    the oracle's ears: what a battery said, by the makers' documents
 *     property_oracle.c  its memory: who counts how much, who is a ghost, what stops, by DESIGN.md
 *     property_bound.c   what may flow at most because of that
 *     property_check.c   holds the limits against it
 *     property_tells.c   and all else that the hub tells
 *     property.c         options, seeds, and the shortening of a life that shows a violation
 *
 * The oracle does its own arithmetic with its own copy of the makers' figures and calls nothing of
 * gateway/core: what it shares with the hub is the vocabulary of gateway/model. A life is a list of
 * acts that does not depend on the hub, so that it can be played again and shortened. */
#ifndef TESTS_PROPERTY_H
#define TESTS_PROPERTY_H

#include "hub/hub.h"
#include "store/memory.h"

/* ---- chance ---- */

struct rng {
    uint64_t state;
};

static inline uint32_t rng_next(struct rng *r) /* splitmix64 */
{
    uint64_t z = (r->state += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ (z >> 31)) >> 16);
}

static inline unsigned rng_below(struct rng *r, unsigned n)
{
    return rng_next(r) % n;
}

static inline bool rng_chance(struct rng *r, unsigned of_10000)
{
    return rng_below(r, 10000) < of_10000;
}

static inline int rng_between(struct rng *r, int lo, int hi)
{
    return lo + (int)rng_below(r, (unsigned)(hi - lo + 1));
}

/* ---- the site a life happens at ---- */

enum tongue { /* what a cluster speaks */
              TONGUE_PYLON,
              TONGUE_VICTRON,
              TONGUE_SMA,
              TONGUE_BYD,
              TONGUE_AUTO, /* the hub has to find out; speaks as Victron's */
              TONGUE_SERIAL
};

/* What the maker says of a battery: mV, mA, mAh, 0.1 degC. */
struct maker {
    const char *key;
    unsigned max_modules;
    int64_t module_mAh, module_ccl, module_dcl;
    int64_t cvl, dvl, cvl_top, cvl_max, dvl_floor;
    int64_t charge_stop, charge_release, discharge_stop, discharge_release;
    int64_t cell_high, cell_high_release, cell_low, cell_low_release;
    int64_t charge_cold, charge_hot, discharge_cold, discharge_hot; /* the stop; releases 2 degC */
    int64_t taper_ccl, taper_soc, taper_mV, taper_dcl_mV;           /* 0: no taper */
    int64_t bus_bar;
    const uint16_t (*table)[MAX_CLUSTERS]; /* A by [modules - 1][clusters - 1]; NULL: none */
};

#define SITE_CONTACTS 4

struct site_cluster {
    enum tongue tongue;
    unsigned modules;     /* 0: as the site's */
    unsigned capacity_Ah; /* 0: not configured */
};

struct site {
    const char *what;
    const char *maker;
    unsigned clusters, modules;
    struct site_cluster cluster[MAX_CLUSTERS];
    const char *inverter[MAX_INVERTERS]; /* dialect, or NULL */
    const char *share;
    bool c_rate_all, stop_silent;
    unsigned ccl_cap_A, dcl_cap_A; /* 0: none */
    unsigned rise_percent, rise_hold_s, loss_hold_s, start_wait_s, setpoint_s;
    unsigned rejoin_s, rejoin_short_s;
    const char *relay[SITE_CONTACTS], *input[SITE_CONTACTS]; /* functions */
    bool discharge_ramp, start_wait_for_all;
};
extern const struct site sites[];
extern const unsigned n_sites;

const struct maker *maker_find(const char *key);
/* Writes the configuration file of a site; returns its length. */
size_t site_ini(const struct site *site, char *out, size_t size);

/* ---- a life ---- */

#define REPORT_WORDS 24
#define REPORT_MODULES 4

struct report { /* a sample of a serial battery */
    uint32_t period_ms, age_ms;
    uint8_t n, modules;
    struct {
        uint16_t sig;
        int32_t value;
    } word[REPORT_WORDS];
    uint64_t alarm[TIER_COUNT];
    struct report_module {
        uint16_t mV, cell_max, cell_min;
        bool connected;
        int16_t temp_max, temp_min;
        uint64_t alarm[TIER_COUNT];
    } module[REPORT_MODULES];
};

#define LIFE_ORDERS 4  /* as one */
#define LIFE_ORIGINS 5 /* who asks */

struct asking {
    unsigned n;
    struct hub_order order[LIFE_ORDERS]; /* ticket and origin in the first */
};

enum act_kind {
    ACT_TURN,    /* the turn ends: the hub runs and sends; then `ms` pass */
    ACT_FRAME,   /* a frame a sane battery or inverter sends */
    ACT_GARBAGE, /* any other frame */
    ACT_REPORT,
    ACT_LINK,
    ACT_ORDER,
    ACT_INPUT,
    ACT_RELOAD,  /* SIGHUP with other live options */
    ACT_CONFIRM, /* whether frames to a port are confirmed from now on */
    ACT_STORE,   /* what becomes of records from now on: enum medium */
    ACT_RESTART, /* a power cut and a new process with what the store has */
    ACT_STOP,    /* SIGTERM */
    ACT_KINDS
};

struct reload {
    unsigned ccl_cap_A, dcl_cap_A, rise_percent, rise_hold_s, loss_hold_s;
    bool by_count;
};

enum contact { CONTACT_OPEN, CONTACT_CLOSED, CONTACT_LOST };

enum medium { MEDIUM_GOOD, MEDIUM_REFUSES, MEDIUM_HANGS, MEDIUM_FORGETS_THE_ANSWER };

struct act {
    enum act_kind kind;
    uint8_t port;
    union {
        uint32_t ms;
        struct frame frame;
        struct report report;
        enum link_state link;
        struct asking asking;
        bool confirm;
        enum medium medium;
        enum contact contact;
        struct reload reload;
    };
};

struct life {
    const struct site *site;
    bool noise_only; /* random bytes on every port and nothing else */
    unsigned n, room;
    struct act *act;
};

/* Invents a life of so many turns. The caller frees life->act. */
void life_invent(struct life *life, const struct site *site, bool noise_only, uint64_t seed,
                 unsigned turns);

/* ---- the oracle ---- */

enum stop_kind {
    CHARGE_MV,
    CHARGE_CELL,
    CHARGE_COLD,
    CHARGE_HOT,
    DIS_MV,
    DIS_CELL,
    DIS_COLD,
    DIS_HOT,
    STOPS
};

enum part_kind { PART_LIMITS, PART_SOC, PART_MEASURED, PART_ALARMS, PART_REQUESTS, PARTS };

struct told { /* a datum as a cluster said it last */
    bool ever, known;
    bool murky;    /* garbage may have changed it */
    int64_t value; /* murky: the highest it may be */
    mono_us at;
};

/* What one cluster brings into the limits. */
struct weight {
    unsigned modules;
    int64_t mAh;
    int64_t allows[2]; /* charge, discharge: mA at most */
    int64_t cvl, dvl;
    bool murky; /* modules or capacity are not certain */
};

struct watched { /* one cluster */
    const struct site_cluster *cfg;
    struct told told[SIG_COUNT];
    uint64_t alarm[TIER_COUNT];
    bool alarms_murky;
    bool muddled; /* garbage of the family was heard: "auto" may have changed its mind */
    struct {
        mono_us good_at;    /* the last that is certain */
        mono_us at, period; /* 0: not received in this life */
        unsigned streak;    /* certain ones in rhythm */
        bool expected;
    } part[PARTS];
    unsigned rejected;  /* limit frames in a row */
    mono_us last_heard; /* any frame that may be known */
    mono_us last_known; /* a frame that is known for certain */
    bool serial_complete;
    mono_us serial_at, serial_period;
    unsigned n_modules;
    struct report_module module[REPORT_MODULES];
    mono_us stays_since[REPORT_MODULES]; /* in fault and connected */

    bool counted; /* by the hub, in its last run */
    bool ghost;
    enum cluster_state state; /* says the hub */
    bool proven_open;         /* the same */
    bool carries;             /* current, certainly, in this run */
    bool carried;             /* since it was first seen */
    mono_us carried_at;
    bool word_open;        /* the last word of its contactor flag */
    bool exclude_asked;    /* says the hub */
    bool once_isolated;    /* said the operator */
    mono_us contact_since; /* its contactor input says open */
    bool contact_lies;
    bool was_open;      /* ever said the hub */
    bool restored;      /* perhaps proven open before a restart */
    bool silent;        /* a ghost because its data ran out, not because it was taken out */
    bool loomed;        /* a ghost because it carries current, without having been counted */
    mono_us out_since;  /* shut down or excluded and not proven open */
    struct weight last; /* when it was counted last */
    int64_t last_mV;
    bool last_mV_murky;
    bool worried;        /* an alarm or a low voltage, then or since */
    mono_us lost_oldest; /* receive time of its oldest part then */
    mono_us lost_fresh_until;
    mono_us back_at; /* fresh again since; 0: not */
    bool stop[STOPS], taper;
    mono_us good_since[STOPS], charging_since;
};

struct set_point_told {
    int64_t value;
    mono_us until;
    uint16_t owner;
};

struct latched { /* of one place, as it was seen or is in the store */
    unsigned latches;
    uint64_t alarm[TIER_COUNT];
    bool reset; /* an authorised reset came since */
};

struct input_told {
    bool known, closed;
};

struct oracle {
    const struct site *site;
    const struct maker *maker;
    mono_us now, started;
    struct watched cluster[MAX_CLUSTERS];
    bool seen[MAX_CLUSTERS]; /* its control set was complete, or it was taken out */
    bool stopping;
    bool stop_asked; /* by command */
    struct input_told input[SITE_CONTACTS];
    bool input_stops; /* the stop or fire input says so, or cannot be read */
    /* Forced charge: asked for last; the first of those that may be one; may last until. */
    mono_us forced_at, forced_first, forced_until;
    struct set_point_told set_ccl, set_dcl, set_cvl;
    mono_us rest_until; /* after over-current */
    struct {
        int64_t value;
        mono_us hold_until;
    } rate[2];
    mono_us warm_until; /* a restart soon after a stop goes on ... */
    int64_t warm[2];    /* ... with these limits */
    mono_us last_run;
    unsigned members; /* bit set counted in the last run */
    bool soc_known;
    int64_t soc_published, soc_raw; /* 0.01 % */
    mono_us soc_at;
    struct latched latched[1 + MAX_CLUSTERS];
    struct {
        bool known;
        int64_t most;
    } bound[2]; /* in the last run */
};

/* What may flow at most, and the rule that says so. */
struct bound {
    int64_t most;
    const char *why;
    bool nobody; /* because nobody is counted */
};

void oracle_init(struct oracle *o, const struct site *site, mono_us now);
/* A new process: everything that was heard is gone, what the store confirmed is not. */
void oracle_restart(struct oracle *o, mono_us now);
void oracle_hears(struct oracle *o, unsigned cluster, const struct frame *f, bool garbage);
void oracle_reads(struct oracle *o, unsigned cluster, const struct report *r);
/* An order that the hub has accepted, and whose it is. */
void oracle_obeys(struct oracle *o, const struct hub_order *order, uint16_t owner);
void oracle_contact(struct oracle *o, unsigned input, enum contact contact);
/* The hub has run and says this about a cluster. */
void oracle_sees(struct oracle *o, unsigned cluster, const struct signals *s);
/* Anything that can prove a cluster open. */
bool oracle_may_be_open(const struct oracle *o, unsigned cluster);
/* Which set-points are in force; bits. */
unsigned oracle_set_points(const struct oracle *o);
bool oracle_protected(const struct oracle *o, unsigned cluster, enum direction direction);
/* The hub has run at o->now and counts these clusters now. */
void oracle_counts(struct oracle *o, const bool *counted);
#define AGES_OUT MONO_S(30) /* a datum outside the control set */

static inline bool told_certain(const struct watched *c, enum signal sig)
{
    return c->told[sig].known && !c->told[sig].murky;
}

static inline bool told_young(const struct oracle *o, const struct watched *c, enum signal sig)
{
    return o->now - c->told[sig].at < AGES_OUT;
}

/* When the oldest part of the control set was received. */
mono_us oracle_oldest(const struct watched *c);
/* The moment a cluster's control set turns stale, at the latest; 0: it is not complete. */
mono_us oracle_fresh_until(const struct oracle *o, unsigned cluster);
bool oracle_fresh(const struct oracle *o, unsigned cluster);
struct bound oracle_bound(const struct oracle *o, enum direction direction);
struct bound oracle_cvl(const struct oracle *o); /* while a cluster is counted */
int64_t oracle_dvl(const struct oracle *o);
/* What a cluster said about a signal cannot be trusted by the oracle. */
bool oracle_doubts(const struct oracle *o, unsigned cluster, enum signal sig);
bool oracle_is_held(const struct oracle *o, unsigned cluster);
int64_t oracle_rate_cap(const struct oracle *o, enum direction direction, bool *murky);
struct weight oracle_weight(const struct oracle *o, unsigned cluster);

/* ---- play and check ---- */

#define INVARIANTS 13

struct verdict {
    bool violated;
    unsigned invariant; /* 1.. as in property_check.c; 0: the hub itself refused */
    unsigned step;      /* turn */
    unsigned act;
    char text[240];
};

struct tally {        /* what the lives went through, so that nobody praises an empty test */
    bool tracing;     /* tell each run */
    bool reason[256]; /* of a limit, of the hub, of a cluster */
    bool hub_state[HUB_STATE_COUNT], cluster_state[CLUSTER_STATE_COUNT];
    unsigned latches;
    uint64_t turns, steps, checks;
    uint64_t flowing, rises, falls, losses, joins, ghosts, held, latched, restarts, stops, frames,
        orders, smoothed, zero_by_protection, twins;
};

struct play {
    const struct life *life;
    struct site site; /* as it is configured now */
    struct oracle oracle;
    struct hub *hub, *twin; /* the twin lives `shift` later, or is NULL */
    mono_us shift, now;
    struct memory_store store, twin_store;
    enum medium medium;
    struct record late[64], late_twin[64]; /* it owes an answer */
    unsigned pending;
    uint32_t stop_ticket; /* of the last STOP order */
    bool stop_is_safe;    /* it was answered */
    struct tally *tally;
    struct verdict *verdict;
    unsigned step, at;
    bool tracing;
    bool something;    /* happened in this turn */
    bool only_silence; /* since the last run */
    bool fed;          /* a cluster said something since the last run */
    bool unconfirmed[PORT_COUNT];
    struct { /* the last run */
        bool known, started_up;
        int64_t ccl, dcl, cvl, dvl, stage[2][6];
        unsigned set_points;
        struct weight weight[MAX_CLUSTERS];
    } before;
};

/* Plays the life up to its end or its first violation. */
void life_play(const struct life *life, mono_us shift, struct tally *tally, struct verdict *out);
/* The act as a line for tests/scenario.c. */
void act_print(const struct act *act, char *out, size_t size);

/* After a run: every invariant. false: p->verdict is filled. */
bool check_run(struct play *p);
/* A frame leaves for an inverter. */
bool check_tx(struct play *p, const struct frame *f);
/* Both hubs say the same. */
bool check_twin(struct play *p);
bool violated(struct play *p, unsigned invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
