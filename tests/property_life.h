/* What the two halves of an invented life share: who speaks, and what happens to him. */
#ifndef TESTS_PROPERTY_LIFE_H
#define TESTS_PROPERTY_LIFE_H

#include "property.h"

enum voice { SAYS_LIMITS, SAYS_SOC, SAYS_MEASURED, SAYS_ALARMS, SAYS_REQUESTS, SAYS_ASIDE, VOICES };

struct actor { /* one cluster as it really is */
    enum tongue tongue;
    unsigned modules; /* configured */
    int mV, dA, soc, soh, temp_C, temp_max_C, temp_min_C, cell_max, cell_min;
    unsigned ccl_dA, dcl_dA, cvl_dV, dvl_dV; /* as on the wire */
    unsigned requests;                       /* byte 0 of 0x35C */
    uint64_t protection, warning;            /* bits of alarm_bits[] */
    unsigned online, offline, no_charge, no_discharge, capacity_Ah;
    bool voice[VOICES]; /* what it says at all */
    bool says_connected, connected;
    unsigned period_ms; /* serial */
    unsigned shown;     /* modules it shows */
    unsigned sick;      /* some of them, bits ... */
    int sick_mV;        /* ... are so far off */
    uint64_t sick_protection, sick_fault;
    bool sick_left; /* they opened their contactors */
    uint64_t fault; /* serial */
    unsigned firmware;
    unsigned trips; /* on current that are still to come ... */
    uint64_t trip_at;
    uint64_t doubled_until, stubborn_until; /* two batteries on the port; above its limit */
    uint64_t next[VOICES], silent_until[VOICES], dumb_until, heals_at;
};

struct inventor {
    struct life *life;
    struct rng rng;
    uint64_t now_ms;
    unsigned lively; /* happenings in 10000 turns */
    struct actor actor[MAX_CLUSTERS];
    uint32_t stall_ms;  /* before the next turn */
    uint64_t starts_at; /* again, after a stop; 0: it runs */
};

/* A new act at the end of the life, all zero but these. */
struct act *life_act(struct inventor *v, enum act_kind kind, unsigned port);
unsigned life_pick(struct inventor *v, const unsigned *list, unsigned n);
/* One of the values. */
#define PICK(v, ...)                                                                               \
    life_pick(v, (const unsigned[]){__VA_ARGS__},                                                  \
              (unsigned)(sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned)))

/* Alarms that every battery can have: bits of actor.protection, .warning and .fault. */
#define ALARMS 7u
#define TRIP_BIT 4u /* over-current of discharge */

/* What cluster i has to say now in one of its voices; as a sample where it is serial. */
void life_say(struct inventor *v, unsigned i, enum voice voice);

/* What people ask for: property_asks.c. */
void life_set_point(struct inventor *v);
void life_order(struct inventor *v);
void life_orders_together(struct inventor *v);
void life_release(struct inventor *v); /* everything, and a reset */

#endif
