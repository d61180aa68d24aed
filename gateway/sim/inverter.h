/* A simulated inverter on one port: it reads the limits that its dialect tells, charges from a
 * surplus, discharges for a deficit, never beyond the limits, and says the keep-alive frames
 * that such an inverter is known to say.
 *
 * Plain data, owned by the site. Charging is positive. */
#ifndef SIM_INVERTER_H
#define SIM_INVERTER_H

#include "dialects/dialect.h"

/* Without limits for so long it stops: our own choice, as quick as the quickest real ones. */
#define SIM_INVERTER_DEAF_US MONO_S(5)

struct sim_inverter {
    const struct dialect *dialect;
    int64_t max_W;
    struct battery heard; /* what the hub told, decoded with the dialect's own tables */
    int64_t current_mA;   /* at its battery terminals */
    int64_t voltage_uV;
    mono_us beat_at;    /* the next keep-alive */
    unsigned beats_out; /* how many of its frames have been taken */
};

/* The bus bar as seen from the inverter: a source behind a resistance. conductance_mS 0: there
 * is no simulated battery. */
struct sim_bus {
    int64_t emf_uV, conductance_mS, voltage_uV;
};

void sim_inverter_init(struct sim_inverter *inv, const struct dialect *d, int64_t max_W,
                       mono_us now);

/* A frame from the hub. Foreign and broken ones are ignored, as by the real thing. */
void sim_inverter_hear(struct sim_inverter *inv, const struct frame *f, mono_us now);

/* Decides on current_mA. surplus_W is what this inverter is to bring into the battery, negative
 * what it is to take out. */
void sim_inverter_run(struct sim_inverter *inv, mono_us now, int64_t surplus_W,
                      const struct sim_bus *bus);

/* Takes the next frame it says, or returns false. */
bool sim_inverter_say(struct sim_inverter *inv, mono_us now, struct frame *out);

mono_us sim_inverter_deadline(const struct sim_inverter *inv);

#endif
