/* What was asked of the hub and by whom, for people; contacts and clients. */
#include "cli/reading_parts.h"

#include <string.h>

#include "model/order.h"

/* "[modbus.tcp.2]": the bare name is the first. */
static void print_section(FILE *out, const char *section, int64_t n)
{
    if (n > 1)
        fprintf(out, "%s.%lld", section, (long long)n);
    else
        fputs(section, out);
}

/* Of a command at this place in commands.def. An IPv6 address is known by its end only. */
static void print_owner(FILE *out, const struct signals *s, unsigned nth)
{
    int64_t owner = signal_or(s, (enum signal)(SIG_ORDER_OWNER + nth), OWNER_NOBODY);
    long long a = signal_or(s, (enum signal)(SIG_ORDER_ADDRESS + nth), 0);

    if (owner == OWNER_SOCKET) {
        fprintf(out, ", by user %lld at the control socket", a);
    } else if (owner > OWNER_RTU) {
        fputs(", by ", out);
        print_section(out, "modbus.rtu", owner - OWNER_RTU);
    } else if (owner > OWNER_TCP) {
        fprintf(out, ", by %lld.%lld.%lld.%lld at ", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
        print_section(out, "modbus.tcp", owner - OWNER_TCP);
    }
    fputc('\n', out);
}

static void print_set_points(FILE *out, const struct signals *s)
{
    static const struct {
        const char *text;
        enum signal value, left;
    } points[] = {
        {"charge up to",    SIG_SETPOINT_CCL, SIG_SETPOINT_CCL_LEFT},
        {"discharge up to", SIG_SETPOINT_DCL, SIG_SETPOINT_DCL_LEFT},
        {"charge to",       SIG_SETPOINT_CVL, SIG_SETPOINT_CVL_LEFT},
    };
    char value[CELL], left[CELL];

    for (unsigned i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        if (!signal_known(s, points[i].value))
            continue;
        fprintf(out, "Set-point  %s %s, %s left", points[i].text,
                reading_value(value, s, points[i].value, 1),
                reading_value(left, s, points[i].left, 0));
        print_owner(out, s, i);
    }
}

/* The places of commands.def: ORDER_OWNER and its like have one for each. */
enum { NTH_STOP = 3, NTH_EXCLUDE = 5, NTH_FORCE_CHARGE = 6 };

static void print_commands(FILE *out, const struct signals *s)
{
    char left[CELL];

    if (signal_or(s, SIG_STOP_ASKED, 0)) {
        fputs("Command    stop", out);
        print_owner(out, s, NTH_STOP);
    }
    for (unsigned i = 0; i < MAX_CLUSTERS; i++) {
        int64_t how = signal_or(s, (enum signal)(SIG_EXCLUDE + i), 0);
        if (!how)
            continue;
        fprintf(out, "Command    cluster %u out%s", i + 1,
                how == 2 ? ", said to be isolated" : " once it is proven open");
        print_owner(out, s, NTH_EXCLUDE);
    }
    if (signal_or(s, SIG_FORCE_CHARGE_ASKED, 0)) {
        fprintf(out, "Command    force a charge, %s left",
                reading_value(left, s, SIG_FORCED_CHARGE_LEFT, 0));
        print_owner(out, s, NTH_FORCE_CHARGE);
    }
}

/* Those that are there; a contact that cannot be read is not known. */
static void print_contacts(FILE *out, const struct signals *s, const char *title, enum signal first)
{
    const char *before = title;

    for (unsigned i = 0; i < signal_info[first].row; i++) {
        enum signal id = (enum signal)(first + i);
        if (!signal_known(s, id))
            continue;
        fprintf(out, "%s%u %s", before, i + 1, s->value[id] ? "closed" : "open");
        before = ", ";
    }
    if (before != title)
        fputc('\n', out);
}

static void print_clients(FILE *out, const struct reading *r)
{
    const char *before = "Modbus     ";
    bool any = false;

    for (unsigned i = 0; i < MAX_LISTENERS; i++) {
        const struct signals *s = &r->tcp[i].s;
        if (!signal_known(s, SIG_CLIENTS))
            continue;
        fprintf(out, "%s%lld at ", before, (long long)s->value[SIG_CLIENTS]);
        print_section(out, "modbus.tcp", i + 1);
        before = ", ";
        any = true;
    }
    if (any)
        fputs(" connected\n", out);
}

void reading_print_orders(FILE *out, const struct reading *r)
{
    const struct signals *s = &r->hub.s;

    print_set_points(out, s);
    print_commands(out, s);
    print_contacts(out, s, "Relays     ", SIG_RELAY);
    print_contacts(out, s, "Inputs     ", SIG_INPUT);
    print_clients(out, r);
}
