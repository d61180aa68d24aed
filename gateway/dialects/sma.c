/* SMA Sunny Island: CAN 500 kbit/s, 11-bit identifiers, little endian unless drawn otherwise.
 *
 *     0x351  VVvv CCcc DDdd UUuu     V CVL 0.1 V (41 to 63), C CCL 0.1 A, D DCL 0.1 A,
 *                                    U DVL 0.1 V (41 to 48)
 *     0x355  SSss HHhh FFff          S SOC 1 %, H SOH 1 %, F SOC 0.01 %: used instead of S
 *     0x356  VVvv IIii TTtt          V 0.01 V signed, I 0.1 A signed (charging positive), T 0.1 C
 *     0x35A  aa aa aa aa ww ww ww ww pairs of bits, see pairs.h; an alarm stops the inverter, a
 *                                    2 ends it, a 0 changes nothing
 *     0x35B  00 x 8                  events: none
 *     0x35E  "HUBGATE "
 *     0x35F  FF FF FFff CCcc FF FF   F BMS version (high byte first), C installed Ah
 *
 * Unknown numbers are 0xFFFF, signed 0x8000; out of range is thrown away. Never faster than
 * 200 ms: each second. 60 s without 0x355 is F952 and standby, without 0x351 W952 and the
 * inverter's own defaults. Never 0x35C: on this bus its bits start and stop the inverter. The
 * inverter says 0x305 (measured values), 0x306 and 0x307 each second.
 * Source: SMA FSS-ConnectingBat-TI-en-10, sections 5 to 7 and the table on page 20. */
#include "dialects/dialect.h"
#include "dialects/pairs.h"

static const struct field limits[] = {
    U16LE(0, CHARGE_VOLTAGE_LIMIT, 100, NA(NA_ONES)),
    S16LE(2, CHARGE_CURRENT_LIMIT, 100, NA(NA_MIN)),
    S16LE(4, DISCHARGE_CURRENT_LIMIT, 100, NA(NA_MIN)),
    U16LE(6, DISCHARGE_VOLTAGE_LIMIT, 100, NA(NA_ONES)),
};

static const struct field charge[] = {
    U16LE(0, SOC, 100, NA(NA_ONES), WITHHOLD), /* a default of 0 % would shut it down */
    U16LE(2, SOH, 100, NA(NA_ONES)),
    U16LE(4, SOC, 1, NA(NA_ONES), WITHHOLD),
};

static const struct field measured[] = {
    S16LE(0, VOLTAGE, 10, NA(NA_MIN), WITHHOLD),
    S16LE(2, CURRENT, 100, NA(NA_MIN), WITHHOLD),
    S16LE(4, TEMP, 1, NA(NA_MIN)),
};

static const struct field alarms[] = {PAIRS(0, PROTECTION), PAIRS(4, WARNING)};

static const struct field events[] = {BYTES_AT(0, 8, "\0\0\0\0\0\0\0")};

static const struct field name[] = {BYTES_AT(0, 8, "HUBGATE ")};

static const struct field about[] = {
    BYTES_AT(0, 2, "\xFF\xFF"), /* battery type: SMA lists none for us */
    U16BE(2, FIRMWARE, 1, NA(NA_ONES)), U16LE(4, CAPACITY, 1000, NA(NA_ONES)),
    BYTES_AT(6, 2, "\xFF\xFF"), /* manufacturer id: reserved */
};

static const struct frame_spec frames[] = {
    {.id = 0x351, .len = 8, .min_len = 8, .every_ms = 1000, FIELDS(limits)  },
    {.id = 0x355, .len = 6, .min_len = 4, .every_ms = 1000, FIELDS(charge)  },
    {.id = 0x356, .len = 6, .min_len = 6, .every_ms = 1000, FIELDS(measured)},
    {.id = 0x35A, .len = 8, .min_len = 8, .every_ms = 1000, FIELDS(alarms)  },
    {.id = 0x35B, .len = 8, .min_len = 8, .every_ms = 1000, FIELDS(events)  },
    {.id = 0x35E, .len = 8, .min_len = 2, .every_ms = 1000, FIELDS(name)    },
    {.id = 0x35F, .len = 8, .min_len = 4, .every_ms = 1000, FIELDS(about)   },
};

const struct dialect dialect_sma = {
    .key = "sma",
    .aliases = "SMACAN",
    .title = "SMA Sunny Island",
    .basis = BASIS_VENDOR_DOCUMENT,
    .source = "SMA FSS-ConnectingBat-TI-en-10, sections 5 to 7",
    .bitrate = 500000,
    .frames = frames,
    .n_frames = sizeof(frames) / sizeof(frames[0]),
    .unknown = UNKNOWN_INVALID,
    .cvl_min_mV = 41000,
    .cvl_max_mV = 63000,
    .dvl_min_mV = 41000,
    .dvl_max_mV = 48000,
    .hears = {0x305, 0x306, 0x307},
    .silent_on_loss = true,
    .inverter_lost_s = 60,
};
