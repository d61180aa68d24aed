/* Inverters that take a Pylontech LV battery: CAN 500 kbit/s, 11-bit identifiers, little endian.
 *
 *     0x359  pp pp ww ww mm 50 4E   p protection, w warning bits, m modules, "PN"
 *            byte 0 and 2: bit 1 voltage high, 2 voltage low, 3 temperature high, 4 low,
 *                          7 discharge current; byte 1 and 3: bit 0 charge current,
 *                          3 system error (byte 1), internal communication (byte 3)
 *     0x351  VVvv CCcc DDdd UUuu    V CVL 0.1 V, C CCL 0.1 A, D DCL 0.1 A, U DVL 0.1 V
 *     0x355  SSss HHhh              S state of charge 1 %, H state of health 1 %
 *     0x356  VVvv IIii TTtt         V 0.01 V, I 0.1 A signed (charging positive), T 0.1 C
 *     0x35C  rr 00                  bit 7 charge enable, 6 discharge enable, 5 and 4 charge me
 *                                   (early, late), 3 charge me full
 *     0x35E  "PYLON   "
 *
 * All six each second, in this order. Lengths are those of real batteries, not the document's 8;
 * they are also why 0x351 has its last two bytes. The inverter says 0x305, eight bytes 0, each
 * second; some never do.
 * Source: Pylontech "CAN-Bus-protocol-PYLON-low-voltage" V1.2 (2018-04-08), pages 3 to 6. Seen:
 * www.setfirelabs.com/green-energy/pylontech-can-reading-can-replication (ten US2000/US3000). */
#include "dialects/dialect.h"

#define VOLTS_HIGH (ALARM_BIT(VOLTAGE_HIGH) | ALARM_BIT(CELL_HIGH) | ALARM_BIT(VOLTAGE_SERIOUS))
#define VOLTS_LOW (ALARM_BIT(VOLTAGE_LOW) | ALARM_BIT(CELL_LOW))
#define HOT                                                                                        \
    (ALARM_BIT(TEMP_HIGH) | ALARM_BIT(TEMP_HIGH_CHARGE) | ALARM_BIT(TEMP_HIGH_DISCHARGE) |         \
     ALARM_BIT(SWITCH_TEMP) | ALARM_BIT(AMBIENT_HIGH) | ALARM_BIT(CONNECTOR_TEMP))
#define COLD                                                                                       \
    (ALARM_BIT(TEMP_LOW) | ALARM_BIT(TEMP_LOW_CHARGE) | ALARM_BIT(TEMP_LOW_DISCHARGE) |            \
     ALARM_BIT(AMBIENT_LOW))
/* What has no bit of its own and makes the battery unfit: "system error". What the hub sees for
 * itself is here where it stops the hub or a cluster when it is more than a warning. */
#define BROKEN                                                                                     \
    (ALARM_BIT(GENERAL) | ALARM_BIT(SHORT_CIRCUIT) | ALARM_BIT(CONTACTOR) | ALARM_BIT(INTERNAL) |  \
     ALARM_BIT(SENSOR) | ALARM_BIT(COMM_INTERNAL) | ALARM_BIT(PRECHARGE) | ALARM_BIT(FUSE) |       \
     ALARM_BIT(REVERSED) | ALARM_BIT(WIRE_OPEN) | ALARM_BIT(MEMORY) | ALARM_BIT(CELL_FAILED) |     \
     ALARM_BIT(TEMP_SENSOR) | ALARM_BIT(SWITCH_CHARGE) | ALARM_BIT(SWITCH_DISCHARGE) |             \
     ALARM_BIT(START_FAILED) | ALARM_BIT(OVER_LIMIT) | ALARM_BIT(NOT_OPEN) |                       \
     ALARM_BIT(SHUT_DOWN) | ALARM_BIT(EMERGENCY) | ALARM_BIT(MODULE_STAYS) | ALARM_BIT(IDENTITY))
#define COMMUNICATION                                                                              \
    (ALARM_BIT(COMM_INTERNAL) | ALARM_BIT(CLUSTER_LOST) | ALARM_BIT(LINK_DOWN) |                   \
     ALARM_BIT(OUTPUT_STALE))

#define BITS(at, tier)                                                                             \
    ALARM_ANY(at, 1, tier, VOLTAGE_HIGH, VOLTS_HIGH),                                              \
        ALARM_ANY(at, 2, tier, VOLTAGE_LOW, VOLTS_LOW), ALARM_ANY(at, 3, tier, TEMP_HIGH, HOT),    \
        ALARM_ANY(at, 4, tier, TEMP_LOW, COLD), ALARM_AT(at, 7, tier, CURRENT_DISCHARGE),          \
        ALARM_AT(at + 1, 0, tier, CURRENT_CHARGE)

static const struct field alarms[] = {
    BITS(0, PROTECTION),
    ALARM_ANY(1, 3, PROTECTION, INTERNAL, BROKEN),
    BITS(2, WARNING),
    ALARM_ANY(3, 3, WARNING, COMM_INTERNAL, COMMUNICATION),
    U8(4, MODULES_ACTIVE, 1, VALUE(0)),
    BYTES_AT(5, 2, "PN"),
};

static const struct field limits[] = {
    U16LE(0, CHARGE_VOLTAGE_LIMIT, 100), S16LE(2, CHARGE_CURRENT_LIMIT, 100),
    S16LE(4, DISCHARGE_CURRENT_LIMIT, 100),
    U16LE(6, DISCHARGE_VOLTAGE_LIMIT, 100, SHORTEN), /* six bytes are seen too */
};

static const struct field charge[] = {
    U16LE(0, SOC, 100),
    U16LE(2, SOH, 100, VALUE(10000)), /* the frame has no code for unknown, and SOC must go */
};

static const struct field measured[] = {
    S16LE(0, VOLTAGE, 10),
    S16LE(2, CURRENT, 100),
    S16LE(4, TEMP, 1),
};

static const struct field requests[] = {
    FLAG(0, 7, CHARGE_ENABLE),   FLAG(0, 6, DISCHARGE_ENABLE), FLAG(0, 5, FORCE_CHARGE_I),
    FLAG(0, 4, FORCE_CHARGE_II), FLAG(0, 3, FULL_CHARGE),
};

static const struct field name[] = {BYTES_AT(0, 8, "PYLON   ")};

static const struct frame_spec frames[] = {
    {.id = 0x359, .len = 7, .min_len = 4, .every_ms = 1000, FIELDS(alarms)  },
    {.id = 0x351, .len = 8, .min_len = 6, .every_ms = 1000, FIELDS(limits)  },
    {.id = 0x355, .len = 4, .min_len = 4, .every_ms = 1000, FIELDS(charge)  },
    {.id = 0x356, .len = 6, .min_len = 6, .every_ms = 1000, FIELDS(measured)},
    {.id = 0x35C, .len = 2, .min_len = 1, .every_ms = 1000, FIELDS(requests)},
    {.id = 0x35E, .len = 8, .min_len = 2, .every_ms = 1000, FIELDS(name)    },
};

const struct dialect dialect_pylontech = {
    .key = "pylontech",
    .aliases = "PYLONCAN PYLONTECHCAN",
    .title = "Pylontech LV V1.2",
    .basis = BASIS_VENDOR_DOCUMENT,
    .source = "Pylontech CAN-Bus-protocol-PYLON-low-voltage V1.2 (2018-04-08)",
    .bitrate = 500000,
    .frames = frames,
    .n_frames = sizeof(frames) / sizeof(frames[0]),
    .unknown = UNKNOWN_WITHHOLD,
    .hears = {0x305, 0x306},
    .inverter_lost_s = 60,
};
