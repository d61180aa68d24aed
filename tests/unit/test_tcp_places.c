/* Who gets a place and who gives way, without sockets. */
#include "check.h"

#include "io/tcp_places.h"

enum { SIZE = 4 };

static struct place place[SIZE];

static struct places some(unsigned n, unsigned reserved, unsigned per_address)
{
    for (unsigned i = 0; i < SIZE; i++)
        place[i] = (struct place){.taken = false};
    return (struct places){
        .place = place, .n = n, .reserved = reserved, .per_address = per_address};
}

static struct address host(uint8_t last)
{
    return (struct address){
        {[10] = 0xFF, [11] = 0xFF, [12] = 10, [15] = last}
    };
}

/* A client comes and must find this place in this way; who holds it leaves. */
static void comes(struct places *p, uint8_t from, bool listed, mono_us now, enum places_found how,
                  unsigned where)
{
    struct address a = host(from);
    unsigned at = 99;

    assert_int_equal(places_find(p, &a, listed, &at), how);
    if (how != PLACE_FREE && how != PLACE_HELD)
        return;
    assert_int_equal(at, where);
    if (how == PLACE_HELD)
        places_leave(p, at);
    places_take(p, at, &a, listed, now);
}

static void asked(struct places *p, unsigned at, mono_us when)
{
    p->place[at].asked = true;
    p->place[at].last_used = when;
}

static void all_places_are_given(void **state)
{
    struct places p = some(3, 0, 0);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        comes(&p, 1, false, i, PLACE_FREE, i);
    assert_int_equal(p.taken, 3);
    comes(&p, 1, false, 9, PLACE_HELD, 0);
    assert_int_equal(p.taken, 3);
}

static void the_first_free_one_is_given_again(void **state)
{
    struct places p = some(4, 0, 0);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        comes(&p, 1, false, i, PLACE_FREE, i);
    places_leave(&p, 2);
    places_leave(&p, 1);
    assert_int_equal(p.end, 4);
    comes(&p, 1, false, 9, PLACE_FREE, 1);
    comes(&p, 1, false, 9, PLACE_FREE, 2);
    for (unsigned i = 0; i < 4; i++)
        places_leave(&p, i);
    assert_int_equal(p.end, 0);
    assert_int_equal(p.taken, 0);
    assert_int_equal(p.outsiders, 0);
}

static void who_never_asked_gives_way_then_who_is_unused_for_longest(void **state)
{
    struct places p = some(3, 0, 0);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        comes(&p, 1, false, 10 + i, PLACE_FREE, i);
    asked(&p, 0, 20);
    comes(&p, 1, false, 30, PLACE_HELD, 1); /* came before 2; 0 has asked */
    comes(&p, 1, false, 31, PLACE_HELD, 2);
    asked(&p, 1, 40);
    asked(&p, 2, 19);
    comes(&p, 1, false, 50, PLACE_HELD, 2); /* all have asked, that one first */
    comes(&p, 1, false, 51, PLACE_HELD, 2); /* it has not asked since it came */
}

static void who_is_busy_does_not_give_way(void **state)
{
    struct places p = some(2, 0, 0);

    (void)state;
    comes(&p, 1, false, 1, PLACE_FREE, 0);
    comes(&p, 1, false, 2, PLACE_FREE, 1);
    place[0].busy = true;
    comes(&p, 2, false, 3, PLACE_HELD, 1);
    place[1].busy = true;
    comes(&p, 2, false, 4, PLACE_NONE, 0);
    comes(&p, 2, true, 4, PLACE_NONE, 0);
}

static void reserved_places_are_not_for_outsiders(void **state)
{
    struct places p = some(4, 2, 0);

    (void)state;
    comes(&p, 1, false, 1, PLACE_FREE, 0);
    comes(&p, 1, false, 2, PLACE_FREE, 1);
    comes(&p, 1, false, 3, PLACE_HELD, 0); /* two are free */
    comes(&p, 9, true, 4, PLACE_FREE, 2);
    comes(&p, 9, true, 5, PLACE_FREE, 3);
    comes(&p, 9, true, 6, PLACE_HELD, 1); /* an outsider: the oldest */
    comes(&p, 1, false, 7, PLACE_HELD, 0);
    comes(&p, 9, true, 8, PLACE_HELD, 0);
    comes(&p, 9, true, 9, PLACE_NONE, 0); /* who is listed never gives way */
    comes(&p, 1, false, 9, PLACE_NONE, 0);
    assert_int_equal(p.outsiders, 0);
    places_leave(&p, 3);
    assert_int_equal(p.outsiders, 0);
    comes(&p, 1, false, 9, PLACE_FREE, 3); /* 3 listed of 4: not more are reserved than that */
}

static void all_may_be_reserved(void **state)
{
    struct places p = some(2, 2, 0), more = some(2, 3, 0);

    (void)state;
    comes(&p, 1, false, 1, PLACE_NONE, 0);
    comes(&more, 1, false, 1, PLACE_NONE, 0);
    comes(&more, 9, true, 1, PLACE_FREE, 0);
}

static void one_address_has_so_many(void **state)
{
    struct places p = some(4, 0, 2);

    (void)state;
    comes(&p, 1, false, 1, PLACE_FREE, 0);
    comes(&p, 1, true, 2, PLACE_FREE, 1);
    comes(&p, 1, false, 3, PLACE_PER_HOST, 0);
    comes(&p, 1, true, 3, PLACE_PER_HOST, 0); /* a list does not help */
    comes(&p, 2, false, 4, PLACE_FREE, 2);
    places_leave(&p, 0);
    comes(&p, 1, false, 5, PLACE_FREE, 0); /* an address in a place that was left does not count */
    comes(&p, 1, false, 6, PLACE_PER_HOST, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_places_are_given),
        cmocka_unit_test(the_first_free_one_is_given_again),
        cmocka_unit_test(who_never_asked_gives_way_then_who_is_unused_for_longest),
        cmocka_unit_test(who_is_busy_does_not_give_way),
        cmocka_unit_test(reserved_places_are_not_for_outsiders),
        cmocka_unit_test(all_may_be_reserved),
        cmocka_unit_test(one_address_has_so_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
