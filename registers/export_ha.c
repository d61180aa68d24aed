/* A Home Assistant package for its `modbus` integration. Only keys that have kept their
 * meaning over the years; one entity is one request, so only SENSOR lines become one. */
#include "export_sink.h"

#include <string.h>

#include "base/version.h"

#define INDENT "        "

static const char head[] =
    "# Home Assistant package for hubgate " HUBGATE_VERSION ".\n"
    "#\n"
    "# Use: copy to config/packages/hubgate.yaml, name the folder in configuration.yaml\n"
    "#     homeassistant:\n"
    "#       packages: !include_dir_named packages\n"
    "# set host and port below (port and unit as in [modbus.tcp] of hub.ini, which must listen\n"
    "# on an address Home Assistant reaches), restart Home Assistant. Delete the clusters you\n"
    "# do not have.\n"
    "#\n"
    "# Sign: current and power are positive while the battery charges, negative while it\n"
    "# discharges. Limits are magnitudes. \"Not available\" becomes unknown, never 0.\n"
    "# Numbers of states and reasons: see REGISTERS.md. Addresses are 0-based, as here.\n"
    "#\n"
    "# Made from registers.def; do not edit in the repository.\n"
    "modbus:\n"
    "  - name: hubgate\n"
    "    type: tcp\n"
    "    host: 192.0.2.10\n"
    "    port: 1502\n"
    "    timeout: 5\n"
    "    sensors:\n";

static const char *device_class(const struct reg *reg)
{
    switch (signal_info[reg->line->what].unit) {
    case MILLIVOLT:
        return "voltage";
    case MILLIAMP:
        return "current";
    case WATT:
        return "power";
    case CENTI_PCT:
        return reg->line->what == SIG_SOC ? "battery" : NULL;
    case DECI_C:
        return "temperature";
    case WATT_HOUR:
        return "energy_storage";
    case MILLISEC:
    case MICROSEC:
        return "duration";
    case MILLI_AH:
    case COUNT:
    case FLAG:
    case CODE:
    case UNIT_COUNT:
        break;
    }
    return NULL;
}

/* "cluster1_charge_voltage_limit" for people: "hubgate cluster1 charge voltage limit". */
static void title(const struct reg *reg, char out[sizeof(reg->name)])
{
    memcpy(out, reg->name, sizeof(reg->name));
    for (char *p = out; *p; p++)
        if (*p == '_')
            *p = ' ';
}

static void entity(void *arg, const struct reg *reg)
{
    char name[sizeof(reg->name)], scale[SCALE_MAX];
    unsigned digits = 4u * reg->words;

    if (!reg->line->sensor)
        return;
    title(reg, name);
    put(arg,
        "      - name: \"hubgate %s\"\n" INDENT "unique_id: hubgate_%s\n" INDENT "slave: 1\n" INDENT
        "address: %u\n" INDENT "input_type: holding\n" INDENT "data_type: %s\n" INDENT
        "scale: %s\n" INDENT "precision: %u\n",
        name, reg->name, reg->addr, reg_type_info[reg->line->type].name, reg_scale(reg, scale),
        reg_decimals(reg));
    if (*reg->symbol)
        put(arg, INDENT "unit_of_measurement: \"%s\"\n" INDENT "state_class: measurement\n",
            reg->symbol);
    if (device_class(reg))
        put(arg, INDENT "device_class: %s\n", device_class(reg));
    put(arg, INDENT "nan_value: 0x%0*llX\n" INDENT "scan_interval: 10\n", (int)digits,
        (unsigned long long)reg_type_info[reg->line->type].none);
}

void export_ha(const struct sink *to)
{
    struct sink copy = *to;

    to->out(to->arg, head);
    regmap_each(entity, &copy);
}
