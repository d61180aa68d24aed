/* The hub at one instant, as everybody outside sees it: registers, status, dumps.
 * hub/ fills it, registers/ reads it. Paths: hub.soc, cluster[2].soc,
 * cluster[2].module[7].cell_voltage[3], inverter[1].frames_sent. */
#ifndef MODEL_SNAPSHOT_H
#define MODEL_SNAPSHOT_H

#include "model/battery.h"

struct snapshot {
    mono_us at;
    struct battery hub;
    struct battery cluster[MAX_CLUSTERS];
    struct module module[MAX_CLUSTERS][MAX_MODULES];
    struct battery inverter[MAX_INVERTERS]; /* what was last said to it, and its port */
};

#define MAX_LISTENERS 4 /* [modbus.tcp] .. [modbus.tcp.4] */
#define MAX_LINES 4     /* [modbus.rtu] .. [modbus.rtu.4] */

/* The process around the hub: what only its edge can know, and fills. */
struct process {
    struct signals self; /* how late control is */
    struct signals tcp[MAX_LISTENERS], rtu[MAX_LINES];
};

/* The set of signals a path names, with the signal in *id: "cluster[2].module[7].soc".
 * NULL when there is no such thing. */
const struct signals *snapshot_find(const struct snapshot *snap, const char *path, enum signal *id);

#endif
