/* Victron GX devices (BMS-Can port, profile "CAN-bus BMS LV"): 500 kbit/s, 11-bit identifiers,
 * little endian unless drawn otherwise.
 *
 *     0x351  VVvv CCcc DDdd UUuu     V CVL 0.1 V, C CCL 0.1 A, D DCL 0.1 A, U DVL 0.1 V
 *     0x355  SSss HHhh FFff          S SOC 1 %, H SOH 1 %, F SOC 0.01 %
 *     0x356  VVvv IIii TTtt          V 0.01 V, I 0.1 A signed (charging positive), T 0.1 C
 *     0x35A  aa aa aa aa ww ww ww ww pairs of bits, see pairs.h
 *     0x35E  "HUBGATE "              a name the GX does not know: "CAN-bus BMS" without the
 *                                    exceptions it keeps for some makers
 *     0x35F  4C 69 FFff AAaa 00 00   "Li", F firmware (high byte first), A Ah left
 *     0x372  ONon NCnc NDnd OFof     modules online, blocking charge, blocking discharge, offline
 *     0x373  NNnn MMmm TTtt UUuu     N lowest, M highest cell 1 mV, T lowest, U highest kelvin
 *     0x374 to 0x377                 where those four are, letters
 *     0x378  CCCCcccc DDDDdddd       energy in, out 0.1 kWh
 *     0x379  CCcc                    installed Ah
 *
 * Control and alarms each second, the rest every 10 s; the optional ones (0x372 and up) only
 * while they are known. CVL is never 0: the system would discharge to it. The GX stops the
 * inverter some seconds after the last 0x351. It says 0x305 about each second, 0x306 and 0x307.
 * Sources: Safiery manual V5.1 pages 11 to 13 (restates Victron's document); lengths:
 * gist.github.com/dirkjanfaber/4fdecc859b1dab1377cb096ad5bf06f5; a captured set:
 * github.com/dfch/BydCanProtocol. */
#include "dialects/dialect.h"
#include "dialects/pairs.h"

static const struct field limits[] = {
    U16LE(0, CHARGE_VOLTAGE_LIMIT, 100),
    S16LE(2, CHARGE_CURRENT_LIMIT, 100),
    S16LE(4, DISCHARGE_CURRENT_LIMIT, 100),
    U16LE(6, DISCHARGE_VOLTAGE_LIMIT, 100),
};

static const struct field charge[] = {
    U16LE(0, SOC, 100),
    U16LE(2, SOH, 100, VALUE(10000)), /* no code for unknown here, and SOC must go */
    U16LE(4, SOC, 1),
};

static const struct field measured[] = {
    S16LE(0, VOLTAGE, 10),
    S16LE(2, CURRENT, 100),
    S16LE(4, TEMP, 1),
};

static const struct field alarms[] = {PAIRS(0, PROTECTION), PAIRS(4, WARNING)};

static const struct field name[] = {BYTES_AT(0, 8, "HUBGATE ")};

static const struct field about[] = {
    BYTES_AT(0, 2, "Li"),
    U16BE(2, FIRMWARE, 1, VALUE(0)),
    U16LE(4, CAPACITY_LEFT, 1000, VALUE(0)),
};

static const struct field modules[] = {
    U16LE(0, MODULES_ONLINE, 1),
    U16LE(2, MODULES_NO_CHARGE, 1, VALUE(0)),
    U16LE(4, MODULES_NO_DISCHARGE, 1, VALUE(0)),
    U16LE(6, MODULES_OFFLINE, 1, VALUE(0)),
};

static const struct field extremes[] = {
    U16LE(0, CELL_MIN, 1),
    U16LE(2, CELL_MAX, 1),
    U16LE(4, TEMP_MIN, 10, OFFSET(-2730)), /* K = C + 273, as BYD's */
    U16LE(6, TEMP_MAX, 10, OFFSET(-2730)),
};

static const struct field cell_min_id[] = {TEXT_AT(0, 8, CELL_MIN_ID)};
static const struct field cell_max_id[] = {TEXT_AT(0, 8, CELL_MAX_ID)};
static const struct field temp_min_id[] = {TEXT_AT(0, 8, TEMP_MIN_ID)};
static const struct field temp_max_id[] = {TEXT_AT(0, 8, TEMP_MAX_ID)};

static const struct field energy[] = {
    U32LE(0, ENERGY_CHARGED, 100),
    U32LE(4, ENERGY_DISCHARGED, 100),
};

static const struct field installed[] = {U16LE(0, CAPACITY, 1000)};

static const struct frame_spec frames[] = {
    {.id = 0x351, .len = 8, .min_len = 8, .every_ms = 1000,  FIELDS(limits)     },
    {.id = 0x355, .len = 6, .min_len = 4, .every_ms = 1000,  FIELDS(charge)     },
    {.id = 0x356, .len = 6, .min_len = 6, .every_ms = 1000,  FIELDS(measured)   },
    {.id = 0x35A, .len = 8, .min_len = 8, .every_ms = 1000,  FIELDS(alarms)     },
    {.id = 0x35E, .len = 8, .min_len = 2, .every_ms = 1000,  FIELDS(name)       },
    {.id = 0x35F, .len = 8, .min_len = 6, .every_ms = 10000, FIELDS(about)      },
    {.id = 0x372, .len = 8, .min_len = 8, .every_ms = 1000,  FIELDS(modules)    },
    {.id = 0x373, .len = 8, .min_len = 2, .every_ms = 1000,  FIELDS(extremes)   },
    {.id = 0x374, .len = 8, .min_len = 2, .every_ms = 10000, FIELDS(cell_min_id)},
    {.id = 0x375, .len = 8, .min_len = 2, .every_ms = 10000, FIELDS(cell_max_id)},
    {.id = 0x376, .len = 8, .min_len = 2, .every_ms = 10000, FIELDS(temp_min_id)},
    {.id = 0x377, .len = 8, .min_len = 2, .every_ms = 10000, FIELDS(temp_max_id)},
    {.id = 0x378, .len = 8, .min_len = 8, .every_ms = 10000, FIELDS(energy)     },
    {.id = 0x379, .len = 8, .min_len = 2, .every_ms = 10000, FIELDS(installed)  },
};

const struct dialect dialect_victron = {
    .key = "victron",
    .aliases = "VICTRONCAN",
    .title = "Victron GX, CAN-bus BMS",
    .basis = BASIS_CAPTURED,
    .source = "Safiery manual V5.1 pages 11 to 13; github.com/dfch/BydCanProtocol",
    .bitrate = 500000,
    .frames = frames,
    .n_frames = sizeof(frames) / sizeof(frames[0]),
    .unknown = UNKNOWN_WITHHOLD,
    .hears = {0x305, 0x306, 0x307},
    .silent_on_loss = true,
    .inverter_lost_s = 60,
};
