/* What no single line shows, but for Modbus. */
#include "config_check.h"

#include <stdio.h>
#include <string.h>

#include "model/profile.h"

/* As many [cluster.N] as [hub] says, no fewer, no more. */
static void check_clusters(struct check *c)
{
    const struct value *clusters = get(c, "hub", 0, "clusters");

    if (clusters->bad)
        return;
    for (unsigned copy = 0; copy < copies_of("cluster"); copy++) {
        int line = head_line(c, "cluster", copy);
        bool wanted = copy < clusters->num;
        if (wanted && !line)
            report_error(c->reports, clusters->line ? clusters->line : head_line(c, "hub", 0),
                         "[cluster.%u] link is missing; [hub] clusters is %d", copy + 1,
                         (int)clusters->num);
        if (!wanted && line)
            report_error(c->reports, line, "[cluster.%u] but [hub] clusters is %d", copy + 1,
                         (int)clusters->num);
    }
}

static bool same_listen(const struct listen_address *a, const struct listen_address *b)
{
    static const uint8_t any[16];

    if (a->port != b->port)
        return false;
    /* 0.0.0.0 and :: take the port on every address. */
    if (memcmp(a->addr, any, 16) == 0 || memcmp(b->addr, any, 16) == 0)
        return a->ipv6 == b->ipv6;
    return a->ipv6 == b->ipv6 && memcmp(a->addr, b->addr, 16) == 0;
}

/* Past the slashes, and the names of the folder one is in, at the start of a path. */
static const char *skip_idle(const char *path)
{
    while (*path == '/' || (*path == '.' && (path[1] == '/' || !path[1])))
        path++;
    return path;
}

/* Whether two paths are spellings of one: // and /./ say nothing. What links make of them is
 * outside. */
static bool same_path(const char *a, const char *b)
{
    if ((*a == '/') != (*b == '/'))
        return false;
    for (;;) {
        a = skip_idle(a);
        b = skip_idle(b);
        size_t len = strcspn(a, "/");
        if (len != strcspn(b, "/") || strncmp(a, b, len) != 0)
            return false;
        if (len == 0)
            return true;
        a += len;
        b += len;
    }
}

/* The Unix socket that a text of this kind names, or NULL. */
static const char *socket_path(const struct option *o, const char *text, struct config_link *link)
{
    const char *why;

    if (o->kind == OPT_SOCKET)
        return text;
    return o->kind == OPT_LINK && config_link(text, link, &why) && strcmp(link->kind, "unix") == 0
               ? link->target
               : NULL;
}

/* Whether two texts of these kinds name one thing that has room for one owner. Replays and
 * simulators are as many as one likes. */
static bool same_port(const struct option *oa, const char *a, const struct option *ob,
                      const char *b)
{
    struct config_link la;
    struct config_link lb;
    struct listen_address pa;
    struct listen_address pb;
    struct config_gpio ga;
    struct config_gpio gb;
    const char *sa = socket_path(oa, a, &la);
    const char *sb = socket_path(ob, b, &lb);
    const char *why;

    if (sa && sb)
        return same_path(sa, sb);
    if (oa->kind != ob->kind)
        return false; /* serial links would meet devices here, once they are built */
    if (oa->kind == OPT_DEVICE)
        return same_path(a, b);
    if (oa->kind == OPT_LISTEN)
        return listen_parse(a, &pa) && listen_parse(b, &pb) && same_listen(&pa, &pb);
    if (oa->kind == OPT_GPIO)
        return config_gpio(a, &ga) && config_gpio(b, &gb) && ga.line == gb.line &&
               strcmp(ga.chip, gb.chip) == 0;
    if (!config_link(a, &la, &why) || !config_link(b, &lb, &why) || strcmp(la.kind, lb.kind) != 0)
        return false;
    return strcmp(la.kind, "can") == 0 && strcmp(la.target, lb.target) == 0;
}

/* A key of a section that owns something outside. */
struct owner {
    int row;
    unsigned copy;
    int line;
    const char *text;
};

/* The i-th of them in the file, false past the last. */
static bool owner_at(const struct check *c, unsigned i, struct owner *out)
{
    for (int row = 0; row < hub_form.count; row++) {
        enum option_kind kind = hub_form.options[row].kind;
        if (kind != OPT_LINK && kind != OPT_DEVICE && kind != OPT_LISTEN && kind != OPT_GPIO &&
            kind != OPT_SOCKET)
            continue;
        int section = option_section(&hub_form, row);
        for (unsigned copy = 0; copy < section_copies(&hub_form, section); copy++) {
            const struct value *v = &c->cfg->value[option_slot(&hub_form, row, copy)];
            int head = c->cfg->seen[section][copy];
            if (!head || v->bad || !*v->text || i--)
                continue;
            *out = (struct owner){row, copy, v->line ? v->line : head, v->text};
            return true;
        }
    }
    return false;
}

static void check_owners(struct check *c)
{
    struct owner a;
    struct owner b;
    char mine[CONFIG_SECTION_MAX + 1];
    char theirs[CONFIG_SECTION_MAX + 1];

    for (unsigned i = 1; owner_at(c, i, &b); i++)
        for (unsigned j = 0; j < i && owner_at(c, j, &a); j++) {
            if (!same_port(&hub_form.options[a.row], a.text, &hub_form.options[b.row], b.text))
                continue;
            struct owner *later = a.line > b.line ? &a : &b;
            struct owner *first = later == &a ? &b : &a;
            section_name(&hub_form, option_section(&hub_form, later->row), later->copy, mine,
                         sizeof(mine));
            section_name(&hub_form, option_section(&hub_form, first->row), first->copy, theirs,
                         sizeof(theirs));
            report_error(c->reports, later->line, "[%s] %s: %.60s is taken by [%s], line %d", mine,
                         hub_form.options[later->row].key, later->text, theirs, first->line);
            break;
        }
}

/* What a cluster is made of: its own words, else those of [hub]. */
static const struct value *effective(const struct check *c, unsigned copy, const char *key)
{
    const struct value *own = get(c, "cluster", copy, key);
    bool says = own->bad || (strcmp(key, "modules") == 0 ? own->num > 0 : *own->text != '\0');

    return says ? own : get(c, "hub", 0, key);
}

static void check_modules(struct check *c)
{
    const struct value *clusters = get(c, "hub", 0, "clusters");
    const struct value *told = NULL;

    for (unsigned copy = 0; !clusters->bad && copy < clusters->num; copy++) {
        const struct value *modules = effective(c, copy, "modules");
        const struct value *profile = effective(c, copy, "profile");
        const struct profile *p = &c->cfg->profile[copy + 1];
        const struct value *at = modules->line > profile->line ? modules : profile;
        if (modules->bad || profile->bad || at == told)
            continue;
        if (modules->num > p->max_modules)
            report_error(c->reports, at->line, "[cluster.%u] modules: %d; %s takes at most %u",
                         copy + 1, (int)modules->num, profile->text, p->max_modules);
        else if (p->many_modules && modules->num > p->many_modules)
            report_warning(c->reports, at->line,
                           "[cluster.%u] modules: %d; the manuals of %s disagree above %u",
                           copy + 1, (int)modules->num, profile->text, p->many_modules);
        else
            continue;
        told = at; /* several clusters that inherit one value: one message */
    }
}

/* An owner may move the charge voltage inside what every profile in use allows. */
static void check_charge_voltage(struct check *c)
{
    const struct value *v = get(c, "limits", 0, "charge_voltage_max");
    const struct value *clusters = get(c, "hub", 0, "clusters");

    for (unsigned copy = 0; v->set && v->num && !clusters->bad && copy < clusters->num; copy++) {
        const struct value *profile = effective(c, copy, "profile");
        const struct profile *p = &c->cfg->profile[copy + 1];
        if (profile->bad || (v->num <= p->cvl_max_mV && v->num > p->dvl_floor_mV))
            continue;
        report_error(c->reports, v->line,
                     "[limits] charge_voltage_max: %s V; %s allows above %d.%d up to %d.%d V",
                     v->text, profile->text, p->dvl_floor_mV / 1000, p->dvl_floor_mV % 1000 / 100,
                     p->cvl_max_mV / 1000, p->cvl_max_mV % 1000 / 100);
        return;
    }
}

static void check_rejoin(struct check *c)
{
    const struct value *after = get(c, "limits", 0, "rejoin_s");
    const struct value *soon = get(c, "limits", 0, "rejoin_short_s");

    if (!after->bad && !soon->bad && soon->num > after->num)
        report_error(c->reports, soon->line > after->line ? soon->line : after->line,
                     "[limits] rejoin_short_s: %d is above rejoin_s, %d", (int)soon->num,
                     (int)after->num);
}

/* Keys that say nothing with this kind of link. */
static void check_link_keys(struct check *c, const char *section)
{
    static const struct {
        const char *key, *kind;
    } only[] = {
        {"bitrate",  "can"   },
        {"bring_up", "can"   },
        {"speed",    "replay"},
        {"loop",     "replay"},
        {"period",   "replay"},
    };
    struct config_link link;
    const char *why;

    for (unsigned copy = 0; copy < copies_of(section); copy++) {
        if (!config_link(get(c, section, copy, "link")->text, &link, &why))
            continue;
        for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++) {
            const struct value *v = get(c, section, copy, only[i].key);
            if (v->set && strcmp(link.kind, only[i].kind) != 0)
                report_warning(c->reports, v->line, "[%s.%u] %s does nothing: the link is %s",
                               section, copy + 1, only[i].key, link.kind);
        }
    }
}

/* What stands behind the ports of a file. A Unix socket may be either: a bridge or a test. */
struct mixture {
    char invented[100], real[100]; /* section names, as " [cluster.1]" */
    int line;                      /* of the first invented one */
    bool battery, inverter;        /* an invented one, a real one */
};

static void mix_in(const struct check *c, const char *section, struct mixture *m)
{
    struct config_link link;
    const char *why;

    for (unsigned copy = 0; copy < copies_of(section); copy++) {
        const struct value *v = get(c, section, copy, "link");
        if (!head_line(c, section, copy) || v->bad || !config_link(v->text, &link, &why))
            continue;
        bool real = strcmp(link.kind, "can") == 0;
        if (!real && strcmp(link.kind, "sim") != 0 && strcmp(link.kind, "replay") != 0)
            continue;
        char *names = real ? m->real : m->invented;
        size_t n = strlen(names);
        snprintf(names + n, sizeof(m->real) - n, "%s[%s.%u]", n ? " " : "", section, copy + 1);
        m->battery |= !real && strcmp(section, "cluster") == 0;
        m->inverter |= real && strcmp(section, "inverter") == 0;
        if (!real && (!m->line || v->line < m->line))
            m->line = v->line;
    }
}

/* A model or a log left in the file of a real site is the most dangerous line there is. */
static void check_mixture(struct check *c)
{
    struct mixture m = {0};

    mix_in(c, "cluster", &m);
    mix_in(c, "inverter", &m);
    if (*m.invented && *m.real)
        report_warning(
            c->reports, m.line, "%s simulated or replayed beside real %s: %s", m.invented, m.real,
            m.battery && m.inverter ? "an invented battery sets the limits of a real inverter"
                                    : "invented values mix with real ones");
}

/* USB serial names go by the order of plugging. */
static void check_device_names(struct check *c)
{
    static const char *const fleeting[] = {"/dev/ttyUSB", "/dev/ttyACM"};
    struct owner o;
    char name[CONFIG_SECTION_MAX + 1];

    for (unsigned i = 0; owner_at(c, i, &o); i++)
        for (size_t k = 0; k < sizeof(fleeting) / sizeof(fleeting[0]); k++) {
            if (hub_form.options[o.row].kind != OPT_DEVICE ||
                strncmp(o.text, fleeting[k], strlen(fleeting[k])) != 0)
                continue;
            section_name(&hub_form, option_section(&hub_form, o.row), o.copy, name, sizeof(name));
            report_warning(c->reports, o.line,
                           "[%s] %s: %s may be another device after a restart; use its name in "
                           "/dev/serial/by-id",
                           name, hub_form.options[o.row].key, o.text);
        }
}

/* "cluster_3_off" in a file of two clusters. */
static void check_contact_cluster(struct check *c, const char *section, unsigned copy)
{
    const struct value *clusters = get(c, "hub", 0, "clusters");
    const struct value *function = get(c, section, copy, "function");

    if (clusters->bad || strncmp(function->text, "cluster_", 8) != 0 ||
        function->text[8] - '0' <= clusters->num)
        return;
    report_error(c->reports, function->line, "[%s.%u] function: %s but [hub] clusters is %d",
                 section, copy + 1, function->text, (int)clusters->num);
}

/* The two levels of a low_soc relay; with another function they say nothing. */
static void check_levels(struct check *c, unsigned copy)
{
    const struct value *function = get(c, "relay", copy, "function");
    const struct value *on = get(c, "relay", copy, "soc_on");
    const struct value *off = get(c, "relay", copy, "soc_off");
    bool low_soc = strcmp(function->text, "low_soc") == 0;

    if (!function->set || on->bad || off->bad)
        return;
    for (unsigned i = 0; i < 2 && !low_soc; i++)
        if ((i ? off : on)->set)
            report_warning(c->reports, (i ? off : on)->line,
                           "[relay.%u] %s does nothing: the function is %s", copy + 1,
                           i ? "soc_off" : "soc_on", function->text);
    if (low_soc && on->num >= off->num)
        report_error(c->reports, on->line > off->line ? on->line : off->line,
                     "[relay.%u] soc_on: %s has to be below soc_off, %s", copy + 1, on->text,
                     off->text);
}

static void check_contacts(struct check *c)
{
    for (unsigned copy = 0; copy < section_copies(&hub_form, section_find(&hub_form, "relay"));
         copy++) {
        const struct value *invert = get(c, "relay", copy, "invert");
        const struct value *gpio = get(c, "relay", copy, "gpio");
        check_contact_cluster(c, "relay", copy);
        check_levels(c, copy);
        if (invert->set && !gpio->bad && !*gpio->text)
            report_warning(c->reports, invert->line,
                           "[relay.%u] invert does nothing: there is no gpio", copy + 1);
    }
    for (unsigned copy = 0; copy < section_copies(&hub_form, section_find(&hub_form, "input"));
         copy++)
        check_contact_cluster(c, "input", copy);
}

void config_check(const struct config *cfg, struct reports *r)
{
    struct check c = {cfg, r};

    form_check(cfg, r);
    check_clusters(&c);
    check_owners(&c);
    check_modules(&c);
    check_charge_voltage(&c);
    check_rejoin(&c);
    check_contacts(&c);
    check_link_keys(&c, "cluster");
    check_link_keys(&c, "inverter");
    check_mixture(&c);
    check_device_names(&c);
    check_modbus(&c);
}
