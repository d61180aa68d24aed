/* Who may connect to a Modbus TCP listener, and who may write, by address. Clients come from
 * several addresses of the loopback. */
#include "tcp_room.h"

#include <stdlib.h>

static void block(struct config_cidr *list, unsigned *n, uint8_t host, uint8_t bits)
{
    list[(*n)++] = (struct config_cidr){
        {127, 0, 0, host},
        bits, false
    };
}

static unsigned writes;
static mono_us tokens; /* of the client that wrote last, before it did */

static enum modbus_exception take_words(void *ctx, const struct modbus_who *who, uint16_t addr,
                                        unsigned n, const uint8_t *words)
{
    struct writer *w = who->client;

    tokens = w->bucket.full_at;
    w->bucket.full_at = T0 + 1;
    (void)ctx, (void)addr, (void)n, (void)words;
    assert_true(who->may_write);
    assert_false(who->broadcast);
    assert_int_equal(w->from.owner, 3);
    assert_int_equal(w->from.address, 0x7F000000u + (unsigned)atoi(w->from.name + 8));
    writes++;
    return addr == 7 ? MODBUS_ILLEGAL_ADDRESS : MODBUS_OK;
}

static unsigned told_of;

static void refused(void *ctx, struct writer *w, const uint8_t *pdu, size_t len)
{
    assert_ptr_equal(ctx, &told_of);
    assert_string_equal(w->from.name, "127.0.0.5");
    assert_bytes(pdu, len, "06 00 01 00 02");
    told_of++;
}

#define WRITE "00 02 00 00 00 06 01 06 00 01 00 02"
#define WRITTEN "00 02 00 00 00 06 01 06 00 01 00 02"
#define NOT_ALLOWED "00 02 00 00 00 03 01 86 01"

static void who_may_write(void **state)
{
    static const struct {
        const char *what;
        bool write;
        uint8_t host, bits; /* of allow_write; host 0: the list is empty */
        bool may;
    } cases[] = {
        {"its address",            true,  5,   32, true },
        {"the neighbour",          true,  4,   32, false},
        {"a block around it",      true,  0,   8,  true },
        {"the lower half",         true,  1,   25, true },
        {"the upper half",         true,  128, 25, false},
        {"no list: nobody",        true,  0,   0,  false},
        {"writing is off for all", false, 5,   32, false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct room r;
        int fd;

        print_message("  %s\n", cases[i].what);
        room_init(&r);
        r.map.write_words = take_words;
        r.spec.owner = 3;
        r.spec.write = cases[i].write;
        r.spec.refused = refused;
        r.spec.ctx = &told_of;
        if (cases[i].bits)
            block(r.spec.allow_write, &r.spec.n_allow_write, cases[i].host, cases[i].bits);
        writes = told_of = 0;
        room_open(&r);
        fd = client_from(&r, 5, T0);
        say(fd, WRITE);
        turn(&r, T0);
        hears(fd, cases[i].may ? WRITTEN : NOT_ALLOWED);
        assert_int_equal(writes, cases[i].may);
        assert_int_equal(told_of, !cases[i].may);
        assert_int_equal(count_of(&r, SIG_WRITES), cases[i].may);
        assert_int_equal(count_of(&r, SIG_WRITES_REFUSED), !cases[i].may);
        assert_true(is_served(&r, fd, T0));
        assert_int_equal(count_of(&r, SIG_REQUESTS), 2);
        assert_int_equal(count_of(&r, SIG_EXCEPTIONS), !cases[i].may);
        close(fd);
        room_close(&r);
    }
}

/* The next client in a place has rights of its own. */
static void rights_do_not_stay_with_the_place(void **state)
{
    struct room r;
    int fd;

    (void)state;
    room_init(&r);
    r.map.write_words = take_words;
    r.spec.owner = 3;
    r.spec.write = true;
    r.spec.connections = 1;
    block(r.spec.allow_write, &r.spec.n_allow_write, 5, 32);
    room_open(&r);
    for (uint8_t host = 4; host < 7; host++) {
        fd = client_from(&r, host, T0);
        say(fd, WRITE);
        turn(&r, T0);
        hears(fd, host == 5 ? WRITTEN : NOT_ALLOWED);
        close(fd);
        turn(&r, T0);
    }
    room_close(&r);
}

static void who_comes_again_has_no_new_tokens(void **state)
{
    static const struct {
        uint8_t host;
        mono_us tokens;
    } cases[] = {
        {5, 0     },
        {5, T0 + 1},
        {6, 0     },
        {5, 0     },
    };
    struct room r;

    (void)state;
    room_init(&r);
    r.map.write_words = take_words;
    r.spec.owner = 3;
    r.spec.write = true;
    r.spec.connections = 1;
    block(r.spec.allow_write, &r.spec.n_allow_write, 1, 24);
    room_open(&r);
    for (size_t i = 0; i < LEN(cases); i++) {
        int fd = client_from(&r, cases[i].host, T0);

        say(fd, WRITE);
        turn(&r, T0);
        hears(fd, WRITTEN);
        assert_int_equal(tokens, cases[i].tokens);
        close(fd);
        turn(&r, T0);
    }
    room_close(&r);
}

/* A write that nobody serves, or that is wrong, is refused too, but not for want of rights. */
static void other_refusals_are_counted_not_told(void **state)
{
    struct room r;
    int fd;

    (void)state;
    room_init(&r);
    r.map.write_words = take_words;
    r.spec.owner = 3;
    r.spec.write = true;
    r.spec.refused = refused;
    block(r.spec.allow_write, &r.spec.n_allow_write, 5, 32);
    told_of = 0;
    room_open(&r);
    fd = client_from(&r, 5, T0);
    say(fd, "00 02 00 00 00 06 09 06 00 01 00 02"); /* unit 9 */
    turn(&r, T0);
    hears(fd, "00 02 00 00 00 03 09 86 0B");
    say(fd, "00 02 00 00 00 06 01 06 00 07 00 02"); /* the map says no */
    turn(&r, T0);
    hears(fd, "00 02 00 00 00 03 01 86 02");
    close(fd);
    fd = client_from(&r, 4, T0);
    say(fd, "00 02 00 00 00 06 09 06 00 01 00 02");
    turn(&r, T0);
    hears(fd, "00 02 00 00 00 03 09 86 0B");
    assert_int_equal(told_of, 0);
    assert_int_equal(count_of(&r, SIG_WRITES), 0);
    assert_int_equal(count_of(&r, SIG_WRITES_REFUSED), 3);
    assert_int_equal(count_of(&r, SIG_EXCEPTIONS), 3);
    close(fd);
    room_close(&r);
}

static void who_is_not_in_allow_is_closed_unread(void **state)
{
    struct room r;
    int fd;

    (void)state;
    room_init(&r);
    block(r.spec.allow, &r.spec.n_allow, 5, 32);
    block(r.spec.allow, &r.spec.n_allow, 8, 31);
    room_open(&r);
    for (uint8_t host = 4; host < 11; host++) {
        fd = client_from(&r, host, T0);
        assert_int_equal(is_closed(fd), host != 5 && host != 8 && host != 9);
        close(fd);
    }
    assert_int_equal(count_of(&r, SIG_REFUSED_ALLOW), 4);
    assert_int_equal(count_of(&r, SIG_ACCEPTED), 3);
    expect(&r, "127.0.0.4 refused, not in allow\n127.0.0.6 refused, not in allow\n"
               "127.0.0.7 refused, not in allow\n127.0.0.10 refused, not in allow");
    room_close(&r);
}

static void one_address_has_so_many_connections(void **state)
{
    struct room r;
    int fd[2], other, late;

    (void)state;
    room_init(&r);
    r.spec.per_address = 2;
    room_open(&r);
    for (int i = 0; i < 2; i++)
        fd[i] = client_from(&r, 1, T0);
    for (mono_us s = 0; s < 70; s += 10) { /* told at 0 and at 60 s */
        late = client_from(&r, 1, T0 + MONO_S(s));
        assert_true(is_closed(late));
        close(late);
    }
    expect(&r, "127.0.0.1 refused, too many connections of its address\n"
               "127.0.0.1 refused, too many connections of its address (5 others not told)");
    other = client_from(&r, 2, T0);
    assert_true(is_served(&r, other, T0));
    assert_true(is_served(&r, fd[0], T0));
    assert_int_equal(count_of(&r, SIG_REFUSED_ADDRESS), 7);
    assert_int_equal(count_of(&r, SIG_CLIENTS), 3);
    close(fd[1]);
    turn(&r, T0);
    assert_int_equal(count_of(&r, SIG_CLIENTS), 2);
    late = client_from(&r, 1, T0);
    assert_true(is_served(&r, late, T0));
    close(fd[0]), close(late), close(other);
    room_close(&r);
}

/* 4 places, 2 of them for 127.0.0.9: however many outsiders come, it is served. */
static void a_listed_address_gets_its_place(void **state)
{
    struct room r;
    int outsider[3], listed[3], fd;

    (void)state;
    room_init(&r);
    r.spec.connections = 4;
    r.spec.reserved = 2;
    block(r.spec.priority, &r.spec.n_priority, 9, 32);
    room_open(&r);
    for (unsigned i = 0; i < 3; i++)
        outsider[i] = client_from(&r, (uint8_t)(1 + i), T0 + i);
    assert_true(is_closed(outsider[0])); /* though two are free */
    expect(&r, "127.0.0.3 took the place of the client unused for longest");
    assert_true(is_served(&r, outsider[1], T0 + 3));
    assert_true(is_served(&r, outsider[2], T0 + 4));
    for (unsigned i = 0; i < 3; i++) {
        listed[i] = client_from(&r, 9, T0 + 5);
        assert_true(is_served(&r, listed[i], T0 + 5));
    }
    assert_true(is_closed(outsider[1])); /* the third one's place */
    assert_true(is_served(&r, outsider[2], T0 + 6));
    close(outsider[2]);
    turn(&r, T0 + 7);
    outsider[2] = client_from(&r, 9, T0 + 7); /* all four are listed now */
    fd = client_from(&r, 2, T0 + 8);
    assert_true(is_closed(fd));
    for (unsigned i = 0; i < 3; i++)
        assert_true(is_served(&r, listed[i], T0 + 9));
    assert_int_equal(count_of(&r, SIG_DISPLACED), 2);
    assert_int_equal(count_of(&r, SIG_REFUSED_FULL), 1);
    expect(&r, "127.0.0.9 took the place of the client unused for longest\n"
               "127.0.0.2 refused, all clients are busy or places are reserved");
    for (unsigned i = 0; i < 3; i++)
        close(outsider[i]), close(listed[i]);
    close(fd);
    room_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_write),
        cmocka_unit_test(rights_do_not_stay_with_the_place),
        cmocka_unit_test(who_comes_again_has_no_new_tokens),
        cmocka_unit_test(other_refusals_are_counted_not_told),
        cmocka_unit_test(who_is_not_in_allow_is_closed_unread),
        cmocka_unit_test(one_address_has_so_many_connections),
        cmocka_unit_test(a_listed_address_gets_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
