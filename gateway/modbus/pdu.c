#include "modbus/pdu.h"

#include <assert.h>
#include <string.h>

#include "modbus/shape.h"

/* Page numbers are of the MODBUS Application Protocol Specification V1.1b3. */

enum {
    READ_COILS = 1,
    READ_DISCRETE = 2,
    READ_WORDS = 4,
    WRITE_BITS = 8,
    WRITE_WORDS = 16,
    IDENTITY = 32
};
enum { MEI_DEVICE_ID = 14 };

/* One request on its way through the engine. */
struct call {
    const struct modbus_map *map;
    const struct modbus_who *who;
    const uint8_t *req; /* function code first; the length fits the function */
    size_t len;
    uint8_t *out;   /* out[0] is the function code already */
    size_t out_len; /* 1 when the function is called */
};

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static bool inside(uint16_t addr, unsigned n)
{
    return addr + n <= 65536u;
}

/* The replies of single and multiple writes repeat the first bytes of the request. */
static enum modbus_exception echo(struct call *c, size_t len)
{
    memcpy(c->out, c->req, len);
    c->out_len = len;
    return MODBUS_OK;
}

static enum modbus_exception read_bits(struct call *c) /* p11 to 14 */
{
    modbus_bit_reader *read = c->req[0] == 1 ? c->map->read_coils : c->map->read_discrete;
    uint16_t addr = u16(c->req + 1);
    unsigned n = u16(c->req + 3);

    if (n < 1 || n > 2000)
        return MODBUS_ILLEGAL_VALUE;
    if (!inside(addr, n))
        return MODBUS_ILLEGAL_ADDRESS;
    c->out[1] = (uint8_t)((n + 7) / 8);
    c->out_len = 2u + c->out[1];
    return read(c->map->ctx, addr, n, c->out + 2);
}

static enum modbus_exception read_words(struct call *c) /* p15 to 17 */
{
    enum modbus_table table = c->req[0] == 3 ? MODBUS_HOLDING : MODBUS_INPUT;
    uint16_t addr = u16(c->req + 1);
    unsigned n = u16(c->req + 3);

    if (n < 1 || n > 125)
        return MODBUS_ILLEGAL_VALUE;
    if (!inside(addr, n))
        return MODBUS_ILLEGAL_ADDRESS;
    c->out[1] = (uint8_t)(2 * n);
    c->out_len = 2u + c->out[1];
    return c->map->read_words(c->map->ctx, table, addr, n, c->out + 2);
}

static enum modbus_exception write_bit(struct call *c) /* p17 to 19: the value comes first */
{
    uint16_t value = u16(c->req + 3);
    uint8_t bit = value == 0xFF00;
    enum modbus_exception ex;

    if (value != 0xFF00 && value != 0)
        return MODBUS_ILLEGAL_VALUE;
    ex = c->map->write_bits(c->map->ctx, c->who, u16(c->req + 1), 1, &bit);
    return ex ? ex : echo(c, 5);
}

static enum modbus_exception write_word(struct call *c) /* p19, 20 */
{
    enum modbus_exception ex =
        c->map->write_words(c->map->ctx, c->who, u16(c->req + 1), 1, c->req + 3);

    return ex ? ex : echo(c, 5);
}

static enum modbus_exception write_bits(struct call *c) /* p29, 30 */
{
    uint16_t addr = u16(c->req + 1);
    unsigned n = u16(c->req + 3);
    enum modbus_exception ex;

    if (n < 1 || n > 1968 || c->req[5] != (n + 7) / 8)
        return MODBUS_ILLEGAL_VALUE;
    if (!inside(addr, n))
        return MODBUS_ILLEGAL_ADDRESS;
    ex = c->map->write_bits(c->map->ctx, c->who, addr, n, c->req + 6);
    return ex ? ex : echo(c, 5);
}

static enum modbus_exception write_words(struct call *c) /* p30, 31 */
{
    uint16_t addr = u16(c->req + 1);
    unsigned n = u16(c->req + 3);
    enum modbus_exception ex;

    if (n < 1 || n > 123 || c->req[5] != 2 * n)
        return MODBUS_ILLEGAL_VALUE;
    if (!inside(addr, n))
        return MODBUS_ILLEGAL_ADDRESS;
    ex = c->map->write_words(c->map->ctx, c->who, addr, n, c->req + 6);
    return ex ? ex : echo(c, 5);
}

static enum modbus_exception mask_word(struct call *c) /* p36, 37 */
{
    const uint8_t *and_mask = c->req + 3, *or_mask = c->req + 5;
    uint16_t addr = u16(c->req + 1);
    uint8_t word[2];
    enum modbus_exception ex = c->map->read_words(c->map->ctx, MODBUS_HOLDING, addr, 1, word);

    if (ex)
        return ex;
    for (int i = 0; i < 2; i++)
        word[i] = (uint8_t)((word[i] & and_mask[i]) | (or_mask[i] & ~and_mask[i]));
    ex = c->map->write_words(c->map->ctx, c->who, addr, 1, word);
    return ex ? ex : echo(c, 7);
}

static enum modbus_exception read_part(struct call *c)
{
    unsigned n = u16(c->req + 3);

    c->out[1] = (uint8_t)(2 * n);
    c->out_len = 2u + c->out[1];
    return c->map->read_words(c->map->ctx, MODBUS_HOLDING, u16(c->req + 1), n, c->out + 2);
}

/* What function 23 reads, now that it has written. 02 would say that nothing was written, 06 that
 * the request may come again: a read that fails now is a failure of the device. */
static enum modbus_exception read_back(struct call *c)
{
    return read_part(c) ? MODBUS_DEVICE_FAILURE : MODBUS_OK;
}

/* Writes first, then reads. The read is tried before, so that nothing is written when its range
 * is bad. */
static enum modbus_exception read_write_words(struct call *c) /* p38, 39 */
{
    const struct modbus_map *map = c->map;
    uint16_t read_at = u16(c->req + 1), write_at = u16(c->req + 5);
    unsigned n_read = u16(c->req + 3), n_write = u16(c->req + 7);
    enum modbus_exception ex;

    if (n_read < 1 || n_read > 125 || n_write < 1 || n_write > 121 || c->req[9] != 2 * n_write)
        return MODBUS_ILLEGAL_VALUE;
    if (!inside(read_at, n_read) || !inside(write_at, n_write))
        return MODBUS_ILLEGAL_ADDRESS;
    ex = read_part(c);
    if (!ex)
        ex = map->write_words(map->ctx, c->who, write_at, n_write, c->req + 10);
    return ex ? ex : read_back(c);
}

/* The text of an object, or NULL when it is not there. */
static const char *object(const struct modbus_map *map, unsigned id)
{
    const char *text = id < MODBUS_OBJECTS ? map->identity[id] : NULL;

    return text && strlen(text) <= MODBUS_OBJECT_MAX ? text : NULL;
}

static unsigned next_object(const struct modbus_map *map, unsigned id, unsigned end)
{
    while (id < end && !object(map, id))
        id++;
    return id;
}

/* Appends an object, or returns false when there is none or it does not fit: an object is never
 * cut. */
static bool add_object(struct call *c, unsigned id, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    if (!text || c->out_len + 2 + len > MODBUS_PDU_MAX)
        return false;
    c->out[c->out_len++] = (uint8_t)id;
    c->out[c->out_len++] = (uint8_t)len;
    memcpy(c->out + c->out_len, text, len);
    c->out_len += len;
    c->out[6]++;
    return true;
}

/* 0x81 basic, 0x82 regular objects; single ones can be read either way. */
static uint8_t conformity(const struct modbus_map *map)
{
    return next_object(map, 3, MODBUS_OBJECTS) < MODBUS_OBJECTS ? 0x82 : 0x81;
}

/* Objects from id on, as many as fit. There are no extended ones: who asks for them gets ours. */
static void stream_objects(struct call *c, unsigned id)
{
    unsigned end = c->req[2] == 1 ? 3 : MODBUS_OBJECTS;

    if (id >= end || !object(c->map, id))
        id = 0; /* p43: an unknown object starts again at the first */
    for (id = next_object(c->map, id, end); id < end; id = next_object(c->map, id + 1, end)) {
        if (add_object(c, id, object(c->map, id)))
            continue;
        c->out[4] = 0xFF;
        c->out[5] = (uint8_t)id;
        return;
    }
}

static enum modbus_exception device_id(struct call *c) /* p41 to 46 */
{
    const char *single = NULL;
    unsigned code, id;

    if (c->len >= 2 && c->req[1] != MEI_DEVICE_ID)
        return MODBUS_ILLEGAL_FUNCTION;
    if (c->len != 4 || c->req[2] < 1 || c->req[2] > 4)
        return MODBUS_ILLEGAL_VALUE;
    code = c->req[2];
    id = c->req[3];
    if (code == 4 && !(single = object(c->map, id)))
        return MODBUS_ILLEGAL_ADDRESS;
    c->out[1] = MEI_DEVICE_ID;
    c->out[2] = (uint8_t)code;
    c->out[3] = conformity(c->map);
    memset(c->out + 4, 0, 3); /* more follows, next object, number of objects */
    c->out_len = 7;
    if (single)
        add_object(c, id, single);
    else
        stream_objects(c, id);
    return MODBUS_OK;
}

static const struct function {
    uint8_t code;
    bool broadcast;
    unsigned needs;
    enum modbus_exception (*serve)(struct call *c);
} functions[] = {
    {0x00, false, 0,                        NULL            }, /* what is not there */
    {0x01, false, READ_COILS,               read_bits       },
    {0x02, false, READ_DISCRETE,            read_bits       },
    {0x03, false, READ_WORDS,               read_words      },
    {0x04, false, READ_WORDS,               read_words      },
    {0x05, true,  WRITE_BITS,               write_bit       },
    {0x06, true,  WRITE_WORDS,              write_word      },
    {0x0F, true,  WRITE_BITS,               write_bits      },
    {0x10, true,  WRITE_WORDS,              write_words     },
    {0x16, false, READ_WORDS | WRITE_WORDS, mask_word       },
    {0x17, false, READ_WORDS | WRITE_WORDS, read_write_words},
    {0x2B, false, IDENTITY,                 device_id       },
};

/* Where each code is in the table: one look, whatever is asked. */
static const uint8_t place[0x80] = {
    [0x01] = 1, [0x02] = 2, [0x03] = 3, [0x04] = 4,  [0x05] = 5,  [0x06] = 6,
    [0x0F] = 7, [0x10] = 8, [0x16] = 9, [0x17] = 10, [0x2B] = 11,
};

static const struct function *find(uint8_t code)
{
    return &functions[code < 0x80 ? place[code] : 0];
}

static unsigned offers(const struct modbus_map *map)
{
    return (map->read_coils ? READ_COILS : 0u) | (map->read_discrete ? READ_DISCRETE : 0u) |
           (map->read_words ? READ_WORDS : 0u) | (map->write_bits ? WRITE_BITS : 0u) |
           (map->write_words ? WRITE_WORDS : 0u) | (map->identity ? IDENTITY : 0u);
}

bool modbus_fits(const uint8_t *pdu, size_t len)
{
    size_t want = len ? shape_request(pdu, len) : SHAPE_MORE;

    return want == SHAPE_OPEN || (want != SHAPE_MORE && want == len);
}

bool modbus_broadcast(uint8_t function)
{
    return find(function)->broadcast;
}

bool modbus_writes(uint8_t function)
{
    return find(function)->needs & (WRITE_BITS | WRITE_WORDS);
}

size_t modbus_refuse(uint8_t function, enum modbus_exception why, uint8_t *out)
{
    out[0] = function | 0x80;
    out[1] = (uint8_t)why;
    return 2;
}

static size_t complete(const struct call *c, enum modbus_exception ex)
{
    if (ex == MODBUS_LATER)
        return MODBUS_PARKED;
    return ex ? modbus_refuse(c->req[0], ex, c->out) : c->out_len;
}

/* Functions that are not there for this client are not there at all. */
static bool is_served(const struct function *f, const struct modbus_map *map,
                      const struct modbus_who *who)
{
    bool writes = f->needs & (WRITE_BITS | WRITE_WORDS);

    return f->serve && !(f->needs & ~offers(map)) && (!writes || who->may_write);
}

size_t modbus_answer(const struct modbus_map *map, const struct modbus_who *who, const uint8_t *pdu,
                     size_t len, uint8_t *out)
{
    struct call c = {.map = map, .who = who, .req = pdu, .len = len, .out = out, .out_len = 1};
    const struct function *f;
    enum modbus_exception ex = MODBUS_ILLEGAL_FUNCTION;

    if (!len || pdu[0] >= 0x80)
        return 0;
    f = find(pdu[0]);
    out[0] = pdu[0];
    if (is_served(f, map, who))
        ex = modbus_fits(pdu, len) ? f->serve(&c) : MODBUS_ILLEGAL_VALUE;
    return complete(&c, ex);
}

size_t modbus_finish(const struct modbus_map *map, const uint8_t *pdu, size_t len,
                     enum modbus_exception why, uint8_t *out)
{
    struct call c = {.map = map, .req = pdu, .len = len, .out = out, .out_len = 1};

    assert(modbus_writes(pdu[0]) && why != MODBUS_LATER);
    out[0] = pdu[0];
    if (!why)
        why = pdu[0] == 0x17 ? read_back(&c) : echo(&c, pdu[0] == 0x16 ? 7 : 5);
    return complete(&c, why);
}

const struct modbus_map *modbus_unit(const struct modbus_units *units, uint8_t id, bool tcp)
{
    if (!tcp && (id == 0 || id > 247))
        return NULL; /* broadcast, reserved */
    if (id == units->unit || (tcp && (id == 0 || id == 255)))
        return units->hub;
    if (id >= units->first && id - units->first < units->n_more)
        return &units->more[id - units->first];
    return NULL;
}
