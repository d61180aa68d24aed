#include "sim/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_US MONO_MS(100)
#define PORTS (MAX_CLUSTERS + MAX_INVERTERS)
#define LONE_BUS_UV 52000000 /* an inverter without a simulated battery */

struct cluster {
    bool on;
    struct profile profile; /* a reload takes the configuration's away */
    struct sim_battery model;
    struct battery says;
    struct speaker speaker;
};

struct site {
    mono_us now, began;
    int64_t sun_W, house_W, day_s;
    struct cluster cluster[MAX_CLUSTERS];
    unsigned n_inverters;
    bool inverter_on[MAX_INVERTERS];
    struct sim_inverter inverter[MAX_INVERTERS];
};

static bool simulated(const struct config *cfg, const char *section, unsigned index)
{
    struct config_link link;
    const char *why;

    return config_has(cfg, section, index) &&
           config_link(config_text(cfg, section, index, "link"), &link, &why) &&
           strcmp(link.kind, "sim") == 0;
}

static const struct dialect *dialect_of(const struct config *cfg, const char *section,
                                        unsigned index)
{
    const char *name = config_text(cfg, section, index, "protocol");

    if (strcmp(name, "auto") == 0)
        name = index % 2 ? "pylontech" : "victron";
    return dialect_find(name);
}

bool site_check(const struct config *cfg, char *why, size_t size)
{
    static const struct {
        const char *section;
        unsigned most;
    } kinds[] = {
        {"cluster",  MAX_CLUSTERS },
        {"inverter", MAX_INVERTERS},
    };

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (unsigned i = 1; i <= kinds[k].most; i++) {
            if (!simulated(cfg, kinds[k].section, i) || dialect_of(cfg, kinds[k].section, i))
                continue;
            snprintf(why, size,
                     "[%s.%u] protocol: the simulator speaks auto and the inverters' protocols, "
                     "not %s",
                     kinds[k].section, i, config_text(cfg, kinds[k].section, i, "protocol"));
            return false;
        }
    return true;
}

/* The charge a cluster starts with; the last one listed stands for the rest. */
static int64_t soc_of(const struct config *cfg, unsigned index)
{
    int64_t soc = 0;

    for (unsigned i = 0; i < index; i++)
        if (!config_nth(cfg, "sim", 0, "soc", i, &soc))
            break;
    return soc;
}

static void add_cluster(struct site *site, const struct config *cfg, unsigned index)
{
    struct cluster *c = &site->cluster[index - 1];
    const struct dialect *d = dialect_of(cfg, "cluster", index);
    int64_t modules = config_num(cfg, "cluster", index, "modules");
    int64_t capacity_mAh = config_num(cfg, "cluster", index, "capacity_ah");

    c->profile = *config_profile(cfg, index);
    if (!modules)
        modules = config_num(cfg, "hub", 0, "modules");
    if (!capacity_mAh)
        capacity_mAh = modules * c->profile.module_capacity_mAh;
    c->on = true;
    sim_battery_init(&c->model, &c->profile, (unsigned)modules, capacity_mAh, soc_of(cfg, index));
    speaker_init(&c->speaker, d, site->now);
}

/* The batteries as one source behind one resistance, with `mA` flowing into it. */
static struct sim_bus bus_with(const struct site *site, int64_t mA)
{
    struct sim_bus bus = {.voltage_uV = LONE_BUS_UV};
    int64_t sum = 0;

    for (unsigned i = 0; i < MAX_CLUSTERS; i++) {
        const struct cluster *c = &site->cluster[i];

        if (!c->on)
            continue;
        bus.conductance_mS += sim_battery_conductance_mS(&c->model);
        sum += sim_battery_conductance_mS(&c->model) * sim_battery_emf_uV(&c->model);
    }
    if (!bus.conductance_mS)
        return bus;
    bus.emf_uV = sum / bus.conductance_mS;
    bus.voltage_uV = (sum + mA * 1000000) / bus.conductance_mS;
    return bus;
}

/* One bus bar: equal voltages, and currents that add up to the milliampere, so the last cluster
 * takes what rounding left. */
static void share(struct site *site, int64_t mA)
{
    struct sim_bus bus = bus_with(site, mA);
    struct sim_battery *last = NULL;

    for (unsigned i = 0; i < MAX_CLUSTERS; i++) {
        struct sim_battery *b = &site->cluster[i].model;

        if (!site->cluster[i].on)
            continue;
        b->voltage_uV = bus.voltage_uV;
        b->current_mA =
            (bus.voltage_uV - sim_battery_emf_uV(b)) * sim_battery_conductance_mS(b) / 1000000;
        mA -= b->current_mA;
        last = b;
    }
    if (last)
        last->current_mA += mA;
}

static int64_t bus_current_mA(const struct site *site)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        sum += site->inverter[i].current_mA;
    return sum;
}

/* Two inverters divide sun and house between them. */
static void run_inverters(struct site *site)
{
    struct sim_bus bus = bus_with(site, bus_current_mA(site));
    int64_t surplus_W = site_sun_W(site) - site_house_W(site);

    if (!site->n_inverters)
        return;
    bus.conductance_mS /= site->n_inverters;
    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        if (site->inverter_on[i])
            sim_inverter_run(&site->inverter[i], site->now, surplus_W / (int64_t)site->n_inverters,
                             &bus);
}

static void tell(struct site *site)
{
    for (unsigned i = 0; i < MAX_CLUSTERS; i++)
        if (site->cluster[i].on)
            sim_battery_tell(&site->cluster[i].model, site->now, &site->cluster[i].says);
}

struct site *site_new(const struct config *cfg, mono_us now)
{
    char why[CONFIG_TEXT_MAX];
    struct site *site;

    if (!site_check(cfg, why, sizeof(why)) || !(site = calloc(1, sizeof(*site))))
        return NULL;
    site->now = site->began = now;
    site->sun_W = config_num(cfg, "sim", 0, "sun_w");
    site->house_W = config_num(cfg, "sim", 0, "house_w");
    site->day_s = config_num(cfg, "sim", 0, "day_s");
    for (unsigned i = 1; i <= MAX_CLUSTERS; i++)
        if (simulated(cfg, "cluster", i))
            add_cluster(site, cfg, i);
    for (unsigned i = 1; i <= MAX_INVERTERS; i++)
        if (simulated(cfg, "inverter", i)) {
            sim_inverter_init(&site->inverter[i - 1], dialect_of(cfg, "inverter", i),
                              config_num(cfg, "sim", 0, "inverter_w"), now);
            site->inverter_on[i - 1] = true;
            site->n_inverters++;
        }
    share(site, 0);
    tell(site);
    return site;
}

void site_free(struct site *site)
{
    free(site);
}

static void step(struct site *site, mono_us us)
{
    run_inverters(site);
    share(site, bus_current_mA(site));
    for (unsigned i = 0; i < MAX_CLUSTERS; i++)
        if (site->cluster[i].on)
            sim_battery_run(&site->cluster[i].model, (int64_t)us);
    site->now += us;
}

void site_set_time(struct site *site, mono_us now)
{
    if (now <= site->now)
        return;
    while (site->now < now)
        step(site, mono_min(STEP_US, now - site->now));
    tell(site);
}

void site_rx(struct site *site, unsigned port, const struct frame *f)
{
    if (port < MAX_CLUSTERS && site->cluster[port].on)
        speaker_rx(&site->cluster[port].speaker, f, site->now);
    else if (port >= MAX_CLUSTERS && port < PORTS && site->inverter_on[port - MAX_CLUSTERS])
        sim_inverter_hear(&site->inverter[port - MAX_CLUSTERS], f, site->now);
}

bool site_tx(struct site *site, unsigned port, struct frame *out)
{
    if (port < MAX_CLUSTERS && site->cluster[port].on)
        return speaker_next(&site->cluster[port].speaker, &site->cluster[port].says, site->now,
                            out);
    if (port >= MAX_CLUSTERS && port < PORTS && site->inverter_on[port - MAX_CLUSTERS])
        return sim_inverter_say(&site->inverter[port - MAX_CLUSTERS], site->now, out);
    return false;
}

mono_us site_deadline(const struct site *site)
{
    mono_us soonest = MONO_NEVER;

    for (unsigned i = 0; i < MAX_CLUSTERS; i++)
        if (site->cluster[i].on)
            soonest = mono_min(soonest, speaker_deadline(&site->cluster[i].speaker));
    for (unsigned i = 0; i < MAX_INVERTERS; i++)
        if (site->inverter_on[i])
            soonest = mono_min(soonest, sim_inverter_deadline(&site->inverter[i]));
    return soonest;
}

const struct sim_battery *site_battery(const struct site *site, unsigned cluster)
{
    return cluster < MAX_CLUSTERS && site->cluster[cluster].on ? &site->cluster[cluster].model
                                                               : NULL;
}

const struct sim_inverter *site_inverter(const struct site *site, unsigned inverter)
{
    return inverter < MAX_INVERTERS && site->inverter_on[inverter] ? &site->inverter[inverter]
                                                                   : NULL;
}

/* A parabola from six to eighteen o'clock, highest at noon. */
int64_t site_sun_W(const struct site *site)
{
    int64_t day_ms = site->day_s * 1000;
    int64_t run_ms = (int64_t)((site->now - site->began) / 1000);
    int64_t clock = (run_ms + day_ms * 9 / 24) % day_ms * 1000 / day_ms; /* 0..999 of the day */

    if (clock < 250 || clock > 750)
        return 0;
    return site->sun_W * 4 * (clock - 250) * (750 - clock) / (500 * 500);
}

/* Up to a fifth more or less, another value every five seconds, always the same series. */
int64_t site_house_W(const struct site *site)
{
    int64_t turn = (int64_t)((site->now - site->began) / MONO_S(5));

    return site->house_W * (80 + turn * 7919 % 41) / 100;
}
