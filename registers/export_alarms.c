/* The alarms for people: every bit, and what makers call it. */
#include "export_sink.h"

#include "model/alarm_maps.h"

static const char head[] =
    "# Alarms of hubgate\n"
    "\n"
    "Made from `gateway/model/alarms.def` and `gateway/model/alarm_maps.def` by `regdoc`. Do not\n"
    "edit.\n"
    "\n"
    "An alarm is a bit in a tier. **Warning**: told, nothing is stopped. **Protection**: current\n"
    "in its direction is zero; after an over-current of either kind both directions rest.\n"
    "**Fault**: the cluster is out. The bits are the same in every tier, in each cluster and in\n"
    "the hub, whose word is the OR of all; they never change their meaning. A protection of a\n"
    "module that can be seen is one of its cluster; a fault of a module is a warning of its\n"
    "cluster, because that module leaves and the others go on. Each tier also has a latched copy:\n"
    "what was active since the last reset. Registers: `alarms_warning`, `alarms_warning_latched`\n"
    "and so on in [REGISTERS.md](REGISTERS.md).\n"
    "\n"
    "## The bits\n"
    "\n"
    "Bits 0 to 39 come from batteries, 40 to 63 are what the hub sees for itself (bit 0 too, when\n"
    "the hub allows no current).\n"
    "\n"
    "| bit | name | a protection forbids | meaning |\n"
    "|---:|---|---|---|\n";

static const char maps_head[] =
    "\n"
    "## What makers call them\n"
    "\n"
    "Every entry of these lists has its line. Within a list no two entries become the same alarm\n"
    "in the same tier, so that nothing is lost on the way. An entry without a tier is no alarm.\n";

static void bits(const struct sink *to)
{
    static const char *const forbids[] = {"", "charging", "discharging", "both"};

    for (unsigned bit = 0; bit < ALARM_BITS; bit++)
        put(to, "| %u | %s | %s | %s |\n", bit, alarm_info[bit].name,
            forbids[alarm_info[bit].direction], alarm_info[bit].text);
}

static void entry(const struct sink *to, const struct alarm_map_entry *e)
{
    if (e->status)
        put(to, "| %u | %s | | | %s |\n", e->number, e->word, e->status);
    else
        put(to, "| %u | %s | %s | %s | %s |\n", e->number, e->word, tier_names[e->tier],
            alarm_info[e->alarm].name, alarm_info[e->alarm].text);
}

static void list(const struct sink *to, enum alarm_list id)
{
    put(to,
        "\n### %s\n\nSource: %s.\n\n| number | the maker's word | tier | alarm | meaning |\n"
        "|---:|---|---|---|---|\n",
        alarm_list_info[id].title, alarm_list_info[id].source);
    for (size_t i = 0; i < n_alarm_map_entries; i++)
        if (alarm_map_entries[i].list == id)
            entry(to, &alarm_map_entries[i]);
}

void export_alarms(const struct sink *to)
{
    to->out(to->arg, head);
    bits(to);
    to->out(to->arg, maps_head);
    for (enum alarm_list id = 0; id < ALARM_LIST_COUNT; id++)
        list(to, id);
}
