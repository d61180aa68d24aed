/* What people and machines ask a hub for: one thing or several as one, and who. */
#include "property_life.h"

static const struct origin somebody[LIFE_ORIGINS] = {
    {0,             0,          ""            },
    {OWNER_TCP + 1, 0xC0A80107, "192.168.1.7" },
    {OWNER_TCP + 1, 0xC0A80108, "192.168.1.8" },
    {OWNER_RTU + 1, 0,          "/dev/ttyUSB0"},
    {OWNER_SOCKET,  0,          "user root"   },
};

static struct asking *begin(struct inventor *v)
{
    struct asking *a = &life_act(v, ACT_ORDER, 0)->asking;

    a->n = 0;
    a->order[0] = (struct hub_order){.ticket = rng_next(&v->rng),
                                     .from = somebody[rng_below(&v->rng, LIFE_ORIGINS)]};
    return a;
}

static struct hub_order *add(struct asking *a)
{
    struct hub_order *o = &a->order[a->n];

    if (a->n++)
        *o = (struct hub_order){0};
    return o;
}

static void add_set_point(struct inventor *v, struct asking *a)
{
    struct hub_order *o = add(a);

    o->command = (enum command)PICK(v, COMMAND_SET_CCL, COMMAND_SET_DCL, COMMAND_SET_CVL);
    o->release = rng_chance(&v->rng, 2000);
    o->value = o->command == COMMAND_SET_CVL
                   ? (int64_t)PICK(v, 0, 30000, 49499, 49500, 52000, 53000, 54000, 54500, 56000,
                                   58400, 60000)
                   : (int64_t)PICK(v, 0, 1, 10000, 50000, 100000, 200000, 3000000, 3000001);
}

static struct hub_order *add_order(struct inventor *v, struct asking *a, enum command command,
                                   bool release)
{
    struct hub_order *o = add(a);

    o->command = command;
    o->release = release;
    o->cluster = (uint8_t)(command == COMMAND_EXCLUDE || command == COMMAND_RESET
                               ? rng_below(&v->rng, v->life->site->clusters + 2)
                               : 0);
    o->isolated = command == COMMAND_EXCLUDE && rng_chance(&v->rng, 5000);
    if (command == COMMAND_RESET && rng_chance(&v->rng, 3000))
        o->key = (uint16_t)rng_between(&v->rng, 1, 4);
    return o;
}

static void add_any(struct inventor *v, struct asking *a)
{
    enum command command = (enum command)PICK(v, COMMAND_STOP, COMMAND_STOP, COMMAND_EXCLUDE,
                                              COMMAND_EXCLUDE, COMMAND_RESET, COMMAND_FORCE_CHARGE);

    add_order(v, a, command, rng_chance(&v->rng, 7000));
}

void life_set_point(struct inventor *v)
{
    add_set_point(v, begin(v));
}

void life_order(struct inventor *v)
{
    add_any(v, begin(v));
}

/* As a client that writes several registers at once. */
void life_orders_together(struct inventor *v)
{
    struct asking *a = begin(v);
    unsigned n = 2 + rng_below(&v->rng, LIFE_ORDERS - 1);

    while (a->n < n)
        if (rng_chance(&v->rng, 7000))
            add_set_point(v, a);
        else
            add_any(v, a);
}

void life_release(struct inventor *v)
{
    add_order(v, begin(v), COMMAND_STOP, true);
    for (unsigned i = 0; i < v->life->site->clusters; i++)
        add_order(v, begin(v), COMMAND_EXCLUDE, true)->cluster = (uint8_t)(i + 1);
    *add(begin(v)) = (struct hub_order){.ticket = rng_next(&v->rng), .command = COMMAND_RESET};
}
