/* What clients write, from the registers to the desk: who is held off, what control is told. The
 * addresses are those of REGISTERS.md, block "Set-points and commands" from 2000. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "io/writes.h"
#include "regmap.h"

#define T0 MONO_S(1000)

struct fixture {
    struct desk *desk;
    struct writes writes;
    struct writer writer;
    struct modbus_who who;
    unsigned answered;
    enum status status;
};

static struct fixture f;

static void wake(void *arg)
{
    (void)arg;
}

static void answered(struct waiter *w, enum status status, mono_us now)
{
    (void)w;
    (void)now;
    f.answered++;
    f.status = status;
}

static struct writer client(uint16_t owner, uint32_t address, const char *name)
{
    struct writer w = {
        .waiter.answered = answered, .from = {.owner = owner, .address = address}
    };

    snprintf(w.from.name, sizeof(w.from.name), "%s", name);
    return w;
}

static int set_up(void **state)
{
    (void)state;
    memset(&f, 0, sizeof(f));
    f.desk = desk_new(wake, NULL);
    writes_init(&f.writes, f.desk);
    f.writer = client(1, 0xC0A80107, "192.168.1.7");
    f.who = (struct modbus_who){.may_write = true, .client = &f.writer};
    return f.desk ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    desk_free(f.desk);
    return 0;
}

static enum modbus_exception write_word(mono_us now, uint16_t addr, uint16_t value)
{
    const uint8_t word[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    return writes_words(&f.writes, &f.who, now, addr, 1, word);
}

/* Control takes what lies there and says it is done. Returns how many orders and refusals it were;
 * the last one is in *out. */
static unsigned work(mono_us now, struct desk_order *out)
{
    unsigned n = 0;

    for (; desk_look(f.desk, out); n++) {
        desk_taken(f.desk);
        if (out->n)
            desk_answer(f.desk, out->order[0].ticket, HUB_OK);
    }
    desk_tend(f.desk, now, NULL, NULL);
    return n;
}

static void words_become_an_order(void **state)
{
    /* 25.0 A, 30.0 A, 53.20 V: three registers, one order of three */
    const uint8_t words[] = {0x00, 0xFA, 0x01, 0x2C, 0x14, 0xC8};
    struct desk_order o;

    (void)state;
    assert_int_equal(writes_words(&f.writes, &f.who, T0, 2000, 3, words), MODBUS_LATER);
    assert_int_equal(work(T0, &o), 1);
    assert_int_equal(o.n, 3);
    assert_int_equal(o.order[0].command, COMMAND_SET_CCL);
    assert_int_equal(o.order[0].value, 25000);
    assert_int_equal(o.order[1].value, 30000);
    assert_int_equal(o.order[2].value, 53200);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(o.order[i].from.owner, 1);
        assert_int_equal(o.order[i].from.address, 0xC0A80107);
        assert_string_equal(o.order[i].from.name, "192.168.1.7");
    }
    assert_int_equal(f.answered, 1);
    assert_int_equal(f.status, HUB_OK);
}

static void what_cannot_be_is_answered_at_once(void **state)
{
    static const struct {
        const char *what;
        uint16_t addr, value;
        enum modbus_exception ex;
        enum refusal told;
        enum command command;
    } cases[] = {
        {"a register that is read only",   100,  1,     MODBUS_ILLEGAL_ADDRESS, REFUSAL_NONE,
         COMMAND_NONE                                                                                       },
        {"an address outside every block", 1999, 1,     MODBUS_ILLEGAL_ADDRESS, REFUSAL_NONE,
         COMMAND_NONE                                                                                       },
        {"a gap between the commands",     2003, 1,     MODBUS_ILLEGAL_ADDRESS, REFUSAL_NONE,  COMMAND_NONE },
        {"a stop of 2",                    2008, 2,     MODBUS_ILLEGAL_VALUE,   REFUSAL_RANGE, COMMAND_STOP },
        {"a way out that does not exist",  2010, 3,     MODBUS_ILLEGAL_VALUE,   REFUSAL_RANGE,
         COMMAND_EXCLUDE                                                                                    },
        {"the key of nothing",             2016, 65535, MODBUS_ILLEGAL_VALUE,   REFUSAL_RANGE, COMMAND_RESET},
    };
    struct desk_order o;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        f.writer.from.address++; /* another client each time */
        assert_int_equal(write_word(T0, cases[i].addr, cases[i].value), cases[i].ex);
        assert_int_equal(work(T0, &o), cases[i].told != REFUSAL_NONE);
        if (!cases[i].told)
            continue;
        assert_int_equal(o.n, 0);
        assert_int_equal(o.why, cases[i].told);
        assert_int_equal(o.refused, cases[i].command);
        assert_int_equal(o.order[0].from.address, f.writer.from.address);
    }
    assert_int_equal(f.answered, 0);
}

/* A register that can be written and one that cannot: nothing is written. */
static void all_or_nothing(void **state)
{
    const uint8_t words[] = {0, 1, 0, 1, 0, 1, 0, 1};
    struct desk_order o;

    (void)state;
    assert_int_equal(writes_words(&f.writes, &f.who, T0, 2000, 4, words), MODBUS_ILLEGAL_ADDRESS);
    assert_int_equal(writes_words(&f.writes, &f.who, T0, 1999, 2, words), MODBUS_ILLEGAL_ADDRESS);
    assert_int_equal(work(T0, &o), 0);
}

/* Twenty at once, then ten a second: the 21st waits for 100 ms. */
static void a_client_has_its_own_bucket(void **state)
{
    struct writer other = client(2, 1, "10.0.0.1");
    struct desk_order o;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(write_word(T0, 2000, 10), MODBUS_LATER);
        assert_int_equal(work(T0, &o), 1);
    }
    assert_int_equal(write_word(T0, 2000, 10), MODBUS_BUSY);
    assert_int_equal(work(T0, &o), 1);
    assert_int_equal(o.why, REFUSAL_FLOOD);
    assert_int_equal(o.refused, COMMAND_SET_CCL);
    assert_int_equal(write_word(T0 + 99999, 2000, 10), MODBUS_BUSY);
    assert_int_equal(write_word(T0 + 100000, 2000, 10), MODBUS_LATER);
    work(T0 + 100000, &o);
    assert_int_equal(write_word(T0 + 100000, 2000, 10), MODBUS_BUSY);
    f.who.client = &other;
    assert_int_equal(write_word(T0 + 100000, 2000, 10), MODBUS_LATER);
    assert_int_equal(f.answered, 21);
}

/* Clients with a write each, until the gateway has enough. */
static unsigned crowd(mono_us now, unsigned n)
{
    static struct writer many[200];
    unsigned done = 0;
    struct desk_order o;

    for (unsigned i = 0; i < n; i++) {
        many[i] = client(1, 1000 + i, "many");
        f.who.client = &many[i];
        done += write_word(now, 2001, 10) == MODBUS_LATER;
        work(now, &o);
    }
    f.who.client = &f.writer;
    return done;
}

/* A hundred at once, then a hundred a second; what the owner does at the machine, and a stop, does
 * not wait for others. */
/* 20 at once of one address, through however many connections and listeners; then another's. */
static void connections_of_one_client_have_one_bucket(void **state)
{
    static struct writer many[3];
    struct writer other = client(1, 0xC0A80108, "192.168.1.8");
    struct desk_order o;
    unsigned taken = 0;

    (void)state;
    for (unsigned i = 0; i < LEN(many); i++)
        many[i] = client((uint16_t)(1 + i), 0xC0A80107, "192.168.1.7");
    for (unsigned i = 0; i < 60; i++) {
        f.who.client = &many[i % LEN(many)];
        taken += write_word(T0, 2000, 1) == MODBUS_LATER;
        work(T0, &o);
    }
    assert_int_equal(taken, WRITES_BURST);
    f.who.client = &other;
    assert_int_equal(write_word(T0, 2000, 1), MODBUS_LATER);
    work(T0, &o);
    f.who.client = &many[0];
    assert_int_equal(write_word(T0 + MONO_MS(100) - 1, 2000, 1), MODBUS_BUSY);
    assert_int_equal(write_word(T0 + MONO_MS(100), 2000, 1), MODBUS_LATER);
}

static void all_clients_together_have_one(void **state)
{
    struct writer owner = client(OWNER_SOCKET, 0, "user root");
    struct hub_order reset = {.command = COMMAND_RESET};
    struct desk_order o;

    (void)state;
    assert_int_equal(crowd(T0, 101), 100);
    assert_int_equal(crowd(T0 + 9999, 1), 0);
    assert_int_equal(crowd(T0 + 10000, 2), 1);
    assert_int_equal(write_word(T0 + 10000, 2008, 0), MODBUS_BUSY); /* release is no hurry */
    assert_int_equal(write_word(T0 + 10000, 2008, 1), MODBUS_LATER);
    assert_int_equal(writes_order(&f.writes, &owner, T0 + 10000, &reset, 1), HUB_OK);
    work(T0 + 10000, &o);
    for (unsigned i = 1; i < 20; i++) {
        assert_int_equal(writes_order(&f.writes, &owner, T0 + 10000, &reset, 1), HUB_OK);
        work(T0 + 10000, &o);
        assert_int_equal(o.order[0].from.owner, OWNER_SOCKET);
    }
    assert_int_equal(writes_order(&f.writes, &owner, T0 + 10000, &reset, 1), HUB_EFULL);
}

static void refuse(mono_us now, const char *hex_pdu, size_t len)
{
    writes_not_allowed(&f.writes, &f.writer, now, (const uint8_t *)hex_pdu, len);
}

static void who_may_not_write_is_told_about(void **state)
{
    static const struct {
        const char *what, *pdu;
        size_t len;
        bool told;
        enum command command;
    } cases[] = {
        {"a read is no write",                 "\x03\x07\xD0\0\1",                   5,  false, COMMAND_NONE   },
        {"an unknown function",                "\x41\x07\xD0\0\1",                   5,  false, COMMAND_NONE   },
        {"one word",                           "\x06\x07\xD0\0\1",                   5,  true,  COMMAND_SET_CCL},
        {"several words",                      "\x10\x07\xD1\0\1\2\0\1",             8,  true,  COMMAND_SET_DCL},
        {"bits of a word",                     "\x16\x07\xD8\0\0\0\1",               7,  true,  COMMAND_STOP   },
        {"function 23: what it writes counts", "\x17\x07\xD0\0\1\x07\xE0\0\1\2\0\1", 12, true,
         COMMAND_RESET                                                                                         },
        {"a coil",                             "\x05\x07\xD0\xFF\0",                 5,  true,  COMMAND_NONE   },
        {"half a request",                     "\x06\x07\xD0",                       2,  true,  COMMAND_NONE   },
        {"half of function 23",                "\x17\x07\xD0\0\1\x07\xE0",           6,  true,  COMMAND_NONE   },
    };
    struct desk_order o;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        f.writer.from.address = 100 + (uint32_t)i;
        refuse(T0, cases[i].pdu, cases[i].len);
        assert_int_equal(work(T0, &o), cases[i].told);
        if (!cases[i].told)
            continue;
        assert_int_equal(o.why, REFUSAL_NOT_ALLOWED);
        assert_int_equal(o.refused, cases[i].command);
        assert_int_equal(o.times, 1);
    }
}

/* The first at once, then one each tenth of a second with the number of all since. */
static void refusals_of_a_client_are_told_ten_times_a_second(void **state)
{
    struct desk_order o;

    (void)state;
    refuse(T0, "\x06\x07\xD0\0\1", 5);
    assert_int_equal(work(T0, &o), 1);
    assert_int_equal(writes_tend(&f.writes, T0), MONO_NEVER);
    for (unsigned i = 1; i <= 50; i++)
        refuse(T0 + MONO_MS(i), "\x06\x07\xD0\0\1", 5);
    refuse(T0 + MONO_MS(51), "\x06\x07\xD8\0\1", 5);
    assert_int_equal(work(T0, &o), 0);
    assert_int_equal(writes_tend(&f.writes, T0 + MONO_MS(100) - 1), T0 + MONO_MS(100));
    assert_int_equal(work(T0, &o), 0);
    assert_int_equal(writes_tend(&f.writes, T0 + MONO_MS(100)), MONO_NEVER);
    assert_int_equal(work(T0, &o), 1);
    assert_int_equal(o.times, 51);
    assert_int_equal(o.refused, COMMAND_STOP); /* the last one */
    /* and at once again after a quiet tenth */
    refuse(T0 + MONO_MS(199), "\x06\x07\xD0\0\1", 5);
    assert_int_equal(work(T0, &o), 0);
    writes_tend(&f.writes, T0 + MONO_MS(200));
    assert_int_equal(work(T0, &o), 1);
    refuse(T0 + MONO_MS(300), "\x06\x07\xD0\0\1", 5);
    assert_int_equal(work(T0, &o), 1);
    assert_int_equal(o.times, 1);
}

static void sixteen_clients_are_told_of(void **state)
{
    struct desk_order o;

    (void)state;
    for (unsigned i = 0; i < 17; i++) {
        f.writer.from.address = i;
        refuse(T0, "\x06\x07\xD0\0\1", 5);
    }
    assert_int_equal(work(T0, &o), 16);
    assert_int_equal(f.writes.untold, 1);
    f.writer.from.owner = 2; /* the same address at another listener is another client */
    f.writer.from.address = 0;
    refuse(T0 + MONO_MS(100) - 1, "\x06\x07\xD0\0\1", 5);
    assert_int_equal(work(T0, &o), 0);
    refuse(T0 + MONO_MS(100), "\x06\x07\xD0\0\1", 5);
    assert_int_equal(work(T0, &o), 1);
    assert_int_equal(o.order[0].from.owner, 2);
    assert_int_equal(o.times, 1);
}

/* Control stands still: 64 places, then no more. What was refused comes through when it goes on. */
static void a_desk_without_room(void **state)
{
    static struct writer many[DESK_PLACES];
    struct desk_order o;
    enum modbus_exception last = MODBUS_OK;

    (void)state;
    for (unsigned i = 0; i < DESK_PLACES; i++) {
        many[i] = client(1, 1 + i, "many");
        f.who.client = &many[i];
        assert_int_equal(write_word(T0, i < DESK_PLACES - DESK_KEPT ? 2000 : 2008, 1),
                         MODBUS_LATER);
    }
    f.who.client = &f.writer;
    last = write_word(T0, 2008, 1);
    assert_int_equal(last, MODBUS_BUSY);
    assert_int_equal(writes_tend(&f.writes, T0 + 1), T0 + 1 + MONO_MS(100));
    assert_int_equal(work(T0 + 2, &o), DESK_PLACES);
    assert_int_equal(writes_tend(&f.writes, T0 + MONO_MS(100)), MONO_NEVER);
    assert_int_equal(work(T0 + 2, &o), 1);
    assert_int_equal(o.refused, COMMAND_STOP);
    assert_string_equal(o.order[0].from.name, "192.168.1.7");
}

/* What could not be told yet keeps its place: the next client must not take it. */
static void who_is_not_told_yet_keeps_the_place(void **state)
{
    static const char pdu[] = "\x06\x07\xD0\0\1";
    const struct origin who = {.owner = 9};
    struct desk_order o;

    (void)state;
    while (desk_refused(f.desk, &who, COMMAND_STOP, REFUSAL_RANGE, 1) == HUB_OK)
        continue;
    f.writer = client(1, 1, "first");
    refuse(T0, pdu, 5);
    f.writer = client(1, 2, "second");
    refuse(T0 + 1, pdu, 5);
    assert_int_equal(work(T0 + 2, &o), DESK_PLACES);
    writes_tend(&f.writes, T0 + 3);
    assert_true(desk_look(f.desk, &o));
    desk_taken(f.desk);
    assert_true(desk_look(f.desk, &o));
    desk_taken(f.desk);
    assert_false(desk_look(f.desk, &o));
    assert_int_equal(o.times, 1);
}

/* Two of one IPv6 network may end in the same four bytes. */
static void a_client_is_its_whole_name(void **state)
{
    static const char pdu[] = "\x06\x07\xD0\0\1";
    struct desk_order o;

    (void)state;
    f.writer = client(1, 1, "2001:db8:0:1::1");
    refuse(T0, pdu, 5);
    f.writer = client(1, 1, "2001:db8:0:2::1");
    refuse(T0, pdu, 5);
    assert_int_equal(work(T0, &o), 2);
}

static void late_is_a_refusal_too(void **state)
{
    struct desk_order o;

    (void)state;
    assert_int_equal(write_word(T0, 2008, 1), MODBUS_LATER);
    assert_true(desk_look(f.desk, &o));
    desk_taken(f.desk);
    desk_tend(f.desk, T0 + MONO_MS(500) - 1, NULL, NULL);
    assert_int_equal(f.answered, 0);
    desk_tend(f.desk, T0 + MONO_MS(500), NULL, NULL);
    assert_int_equal(f.answered, 1);
    assert_int_equal(f.status, HUB_ELATE);
    assert_int_equal(work(T0, &o), 1);
    assert_int_equal(o.n, 0);
    assert_int_equal(o.refused, COMMAND_STOP);
    assert_int_equal(o.why, REFUSAL_LATE);
}

/* Nobody is answered, and the line can take the next request at once. */
static void a_broadcast_waits_for_nothing(void **state)
{
    struct desk_order o;

    (void)state;
    f.who.broadcast = true;
    assert_int_equal(write_word(T0, 2008, 1), MODBUS_OK);
    assert_int_equal(f.writer.waiter.ticket, 0);
    assert_int_equal(write_word(T0, 2008, 0), MODBUS_OK);
    assert_int_equal(work(T0 + MONO_S(1), &o), 2);
    assert_int_equal(f.answered, 0);
}

#define CASE(c) cmocka_unit_test_setup_teardown(c, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(words_become_an_order),
        CASE(what_cannot_be_is_answered_at_once),
        CASE(all_or_nothing),
        CASE(a_client_has_its_own_bucket),
        CASE(connections_of_one_client_have_one_bucket),
        CASE(all_clients_together_have_one),
        CASE(who_may_not_write_is_told_about),
        CASE(refusals_of_a_client_are_told_ten_times_a_second),
        CASE(sixteen_clients_are_told_of),
        CASE(a_desk_without_room),
        CASE(who_is_not_told_yet_keeps_the_place),
        CASE(a_client_is_its_whole_name),
        CASE(late_is_a_refusal_too),
        CASE(a_broadcast_waits_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
