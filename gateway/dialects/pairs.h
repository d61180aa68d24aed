/* 0x35A as SMA and Victron read it: two bits an item, 1 raised, 2 clear. Bits 1:0, 3:2, 5:4, 7:6:
 *
 *     byte 0, 4   general, voltage high, voltage low, temperature high
 *     byte 1, 5   temperature low, high for charging, low for charging, discharge current
 *     byte 2, 6   charge current, contactor, short circuit, internal
 *     byte 3, 7   cell imbalance, reserved, reserved, not for a battery
 *
 * Bytes 0 to 3 are alarms, 4 to 7 warnings. Source: SMA FSS-ConnectingBat-TI-en-10, section 7; the
 * same bits on a GX: github.com/dfch/BydCanProtocol. */
#ifndef DIALECTS_PAIRS_H
#define DIALECTS_PAIRS_H

#include "wire/field.h"

#define PAIR_VOLTS_HIGH                                                                            \
    (ALARM_BIT(VOLTAGE_HIGH) | ALARM_BIT(CELL_HIGH) | ALARM_BIT(VOLTAGE_SERIOUS))
#define PAIR_VOLTS_LOW (ALARM_BIT(VOLTAGE_LOW) | ALARM_BIT(CELL_LOW))
#define PAIR_HOT                                                                                   \
    (ALARM_BIT(TEMP_HIGH) | ALARM_BIT(TEMP_HIGH_DISCHARGE) | ALARM_BIT(SWITCH_TEMP) |              \
     ALARM_BIT(AMBIENT_HIGH) | ALARM_BIT(CONNECTOR_TEMP))
#define PAIR_COLD (ALARM_BIT(TEMP_LOW) | ALARM_BIT(TEMP_LOW_DISCHARGE) | ALARM_BIT(AMBIENT_LOW))
#define PAIR_CONTACTOR                                                                             \
    (ALARM_BIT(CONTACTOR) | ALARM_BIT(PRECHARGE) | ALARM_BIT(FUSE) | ALARM_BIT(SWITCH_CHARGE) |    \
     ALARM_BIT(SWITCH_DISCHARGE))
#define PAIR_INTERNAL                                                                              \
    (ALARM_BIT(INTERNAL) | ALARM_BIT(SENSOR) | ALARM_BIT(COMM_INTERNAL) | ALARM_BIT(WIRE_OPEN) |   \
     ALARM_BIT(MEMORY) | ALARM_BIT(HEATER) | ALARM_BIT(CELL_FAILED) | ALARM_BIT(TEMP_SENSOR))
#define PAIR_SPREAD (ALARM_BIT(CELL_SPREAD) | ALARM_BIT(PACK_IMBALANCE))
/* Everything without an item of its own, what the hub sees for itself included. But not that the
 * inverter is lost: it cannot hear that; nor that it disobeys, that a latch is not saved, that the
 * battery is empty: a protection of these would stop what shall recharge it. */
#define PAIR_OTHERS                                                                                \
    (ALARM_BIT(GENERAL) | ALARM_BIT(REVERSED) | ALARM_BIT(SOC_LOW) | ALARM_BIT(CHARGER_LOW) |      \
     ALARM_BIT(TEMP_SPREAD) | ALARM_BIT(CLUSTER_LOST) | ALARM_BIT(MODULE_COUNT) |                  \
     ALARM_BIT(CONFIG_COUNT) | ALARM_BIT(FIRMWARE_DIFFERS) | ALARM_BIT(SOC_DIFFERS) |              \
     ALARM_BIT(VOLTAGE_DIFFERS) | ALARM_BIT(LIMIT_INVALID) | ALARM_BIT(ID_CONFLICT) |              \
     ALARM_BIT(LINK_DOWN) | ALARM_BIT(OUTPUT_STALE) | ALARM_BIT(CAPACITY_ODD) |                    \
     ALARM_BIT(PARALLEL_REFUSED) | ALARM_BIT(START_FAILED) | ALARM_BIT(OVER_LIMIT) |               \
     ALARM_BIT(NOT_OPEN) | ALARM_BIT(SIGN_ODD) | ALARM_BIT(FROZEN) | ALARM_BIT(VALUE_ODD) |        \
     ALARM_BIT(SHUT_DOWN) | ALARM_BIT(EMERGENCY) | ALARM_BIT(MODULE_STAYS) | ALARM_BIT(IDENTITY))

#define PAIRS(at, tier)                                                                            \
    PAIR_ANY(at, 0, tier, GENERAL, PAIR_OTHERS),                                                   \
        PAIR_ANY(at, 2, tier, VOLTAGE_HIGH, PAIR_VOLTS_HIGH),                                      \
        PAIR_ANY(at, 4, tier, VOLTAGE_LOW, PAIR_VOLTS_LOW),                                        \
        PAIR_ANY(at, 6, tier, TEMP_HIGH, PAIR_HOT),                                                \
        PAIR_ANY(at + 1, 0, tier, TEMP_LOW, PAIR_COLD),                                            \
        PAIR_AT(at + 1, 2, tier, TEMP_HIGH_CHARGE), PAIR_AT(at + 1, 4, tier, TEMP_LOW_CHARGE),     \
        PAIR_AT(at + 1, 6, tier, CURRENT_DISCHARGE), PAIR_AT(at + 2, 0, tier, CURRENT_CHARGE),     \
        PAIR_ANY(at + 2, 2, tier, CONTACTOR, PAIR_CONTACTOR),                                      \
        PAIR_AT(at + 2, 4, tier, SHORT_CIRCUIT),                                                   \
        PAIR_ANY(at + 2, 6, tier, INTERNAL, PAIR_INTERNAL),                                        \
        PAIR_ANY(at + 3, 0, tier, CELL_SPREAD, PAIR_SPREAD)

#endif
