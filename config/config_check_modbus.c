/* What no single line of [modbus.tcp] and [modbus.rtu] shows: who can read, who can write, which
 * unit is whose. */
#include "config_check.h"

#include <string.h>

/* A section and which of its copies. */
struct place {
    const char *section;
    unsigned copy;
    char name[CONFIG_SECTION_MAX + 1]; /* "modbus.tcp.2" */
};

static const struct value *at(const struct check *c, const struct place *p, const char *key)
{
    return get(c, p->section, p->copy, key);
}

static bool block_at(const struct check *c, const struct place *p, const char *key, unsigned i,
                     struct config_cidr *out)
{
    return !at(c, p, key)->bad && config_cidr(c->cfg, p->section, p->copy + 1, key, i, out);
}

static bool is_loopback(const struct listen_address *a)
{
    static const uint8_t one[16] = {[15] = 1};

    return a->ipv6 ? memcmp(a->addr, one, sizeof(one)) == 0 : a->addr[0] == 127;
}

/* Whether all of block a is in block b. */
static bool inside(const struct config_cidr *a, const struct config_cidr *b)
{
    if (a->ipv6 != b->ipv6 || a->bits < b->bits)
        return false;
    for (unsigned bit = 0; bit < b->bits; bit++)
        if ((a->addr[bit / 8] ^ b->addr[bit / 8]) & 0x80u >> bit % 8)
            return false;
    return true;
}

/* Whether a list has a block that holds this one. */
static bool listed(const struct check *c, const struct place *p, const char *key,
                   const struct config_cidr *block)
{
    struct config_cidr b;

    for (unsigned i = 0; block_at(c, p, key, i, &b); i++)
        if (inside(block, &b))
            return true;
    return false;
}

/* A listener hears either IPv4 or IPv6: [::] is no IPv4 address. Whether this block is of the
 * other kind. */
static bool deaf_to(const struct check *c, const struct place *p, const struct config_cidr *block)
{
    struct listen_address address;

    return !at(c, p, "listen")->bad && listen_parse(at(c, p, "listen")->text, &address) &&
           address.ipv6 != block->ipv6;
}

/* One entry of the right kind is enough: a list may serve listeners of both. */
static void check_allow(struct check *c, const struct place *p)
{
    struct config_cidr block;
    unsigned n = 0;

    for (; block_at(c, p, "allow", n, &block); n++)
        if (!deaf_to(c, p, &block))
            return;
    if (!n)
        return;
    report_warning(c->reports, at(c, p, "allow")->line,
                   "[%s] allow: nobody can connect: it listens on IPv%d only, the list is IPv%d",
                   p->name, block.ipv6 ? 4 : 6, block.ipv6 ? 6 : 4);
}

/* Somebody should be able to read, and not everybody. */
static void check_listen(struct check *c, const struct place *p)
{
    static const struct config_cidr local = {
        .addr = {127, 0, 0, 1},
          .bits = 32
    };
    const struct value *listen = at(c, p, "listen");
    const struct value *allow = at(c, p, "allow");
    struct listen_address address;

    if (!listen->set || allow->bad || !listen_parse(listen->text, &address))
        return;
    if (!*allow->text && !is_loopback(&address))
        report_warning(c->reports, listen->line,
                       "[%s] listens on %s without allow: everybody who reaches it can read",
                       p->name, listen->text);
    if (*allow->text && !address.ipv6 && !listed(c, p, "allow", &local))
        report_warning(c->reports, allow->line,
                       "[%s] allow leaves out 127.0.0.1: hubgate status on this machine will be "
                       "refused",
                       p->name);
}

/* Each entry of a list of people who shall get something: can they come in at all, and is it
 * everybody? */
static void check_guests(struct check *c, const struct place *p, const char *key, const char *what)
{
    const struct value *v = at(c, p, key);
    const struct value *allow = at(c, p, "allow");
    struct config_cidr block;
    char word[CONFIG_TEXT_MAX];

    for (unsigned i = 0; block_at(c, p, key, i, &block); i++) {
        word_at(v->text, i, word, sizeof(word));
        if (deaf_to(c, p, &block))
            report_warning(c->reports, v->line,
                           "[%s] %s: %.50s cannot connect: the listener hears IPv%d only", p->name,
                           key, word, block.ipv6 ? 4 : 6);
        else if (block.bits == 0)
            report_warning(c->reports, v->line, "[%s] %s: %.50s is everybody%s", p->name, key, word,
                           what);
        else if (*allow->text && !allow->bad && !listed(c, p, "allow", &block))
            report_warning(c->reports, v->line, "[%s] %s: %.50s is not in allow and cannot connect",
                           p->name, key, word);
    }
}

/* Read-only until the owner says otherwise, and says whom. */
static void check_writers(struct check *c, const struct place *p)
{
    const struct value *write = at(c, p, "write");
    const struct value *who = at(c, p, "allow_write");

    if (write->bad || who->bad)
        return;
    if (write->num && !*who->text)
        report_error(c->reports, write->line,
                     "[%s] write: say who may write; as allow_write = 192.168.1.10", p->name);
    if (!write->num && *who->text)
        report_warning(c->reports, who->line, "[%s] allow_write does nothing: write is no",
                       p->name);
    if (write->num)
        check_guests(c, p, "allow_write", ": whoever connects can write");
}

static void check_reserved(struct check *c, const struct place *p)
{
    const struct value *reserved = at(c, p, "reserved");
    const struct value *priority = at(c, p, "priority");
    const struct value *places = at(c, p, "connections");

    if (reserved->bad || priority->bad || places->bad)
        return;
    if (reserved->num && !*priority->text)
        report_error(c->reports, reserved->line,
                     "[%s] reserved: say for whom; as priority = 192.168.1.10", p->name);
    if (!reserved->num && *priority->text)
        report_warning(c->reports, priority->line, "[%s] priority does nothing: reserved is 0",
                       p->name);
    if (reserved->num >= places->num)
        report_error(c->reports, reserved->line > places->line ? reserved->line : places->line,
                     "[%s] reserved: %d leaves nobody else a place; connections is %d", p->name,
                     (int)reserved->num, (int)places->num);
    if (reserved->num)
        check_guests(c, p, "priority", ": nobody is before the others");
}

/* The hub and its clusters answer to different units of one listener or line. */
static void check_units(struct check *c, const struct place *p)
{
    const struct value *clusters = get(c, "hub", 0, "clusters");
    const struct value *unit = at(c, p, "unit");
    const struct value *first = at(c, p, "cluster_units");
    int last = (int)(first->num + clusters->num - 1);

    if (clusters->bad || unit->bad || first->bad || !first->num)
        return;
    if (unit->num >= first->num && unit->num <= last)
        report_error(c->reports, first->line > unit->line ? first->line : unit->line,
                     "[%s] cluster_units: the clusters are units %d to %d, and so is the hub: "
                     "unit is %d",
                     p->name, (int)first->num, last, (int)unit->num);
}

/* Keys that give more of what write gives. */
static void check_needs_write(struct check *c, const struct place *p, const char *key)
{
    const struct value *write = at(c, p, "write");
    const struct value *v = at(c, p, key);

    if (!v->bad && !write->bad && v->num && !write->num)
        report_error(c->reports, v->line, "[%s] %s: needs write = yes", p->name, key);
}

static bool next(const struct check *c, struct place *p)
{
    for (; p->copy < copies_of(p->section); p->copy++)
        if (head_line(c, p->section, p->copy)) {
            section_name(&hub_form, section_find(&hub_form, p->section), p->copy, p->name,
                         sizeof(p->name));
            return true;
        }
    return false;
}

void check_modbus(struct check *c)
{
    struct place tcp = {"modbus.tcp", 0, ""};
    struct place rtu = {"modbus.rtu", 0, ""};

    if (!next(c, &tcp) && !next(c, &rtu))
        report_warning(c->reports, 0,
                       "no [modbus.tcp] or [modbus.rtu]: nobody can read the registers");
    for (; next(c, &tcp); tcp.copy++) {
        check_listen(c, &tcp);
        check_allow(c, &tcp);
        check_writers(c, &tcp);
        check_reserved(c, &tcp);
        check_units(c, &tcp);
    }
    for (; next(c, &rtu); rtu.copy++) {
        check_needs_write(c, &rtu, "broadcast_writes");
        check_needs_write(c, &rtu, "diagnostics");
        check_units(c, &rtu);
    }
}
