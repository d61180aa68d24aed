/* The order desk: in simulated time with one thread, then with two as fast as they can. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "io/desk.h"

#define T0 MONO_S(1000)
#define ORDERS 200000

struct visitor {
    struct waiter waiter;
    struct desk *desk;
    struct visitor *drops; /* another one that it forgets when it is told */
    bool again;            /* puts its next order when it is told */
    unsigned told;
    enum status status;
    mono_us at;
};

static void wake(void *arg)
{
    ++*(unsigned *)arg;
}

static struct hub_order ccl(int64_t mA)
{
    return (struct hub_order){
        .command = COMMAND_SET_CCL, .value = mA, .from = {.owner = 1, .name = "test"}
    };
}

static void answered(struct waiter *w, enum status status, mono_us now)
{
    struct visitor *v = (struct visitor *)w;
    struct hub_order order = ccl(77);

    assert_int_equal(w->ticket, 0);
    v->told++;
    v->status = status;
    v->at = now;
    if (v->drops)
        desk_forget(v->desk, &v->drops->waiter);
    if (v->again)
        assert_int_equal(desk_put(v->desk, w, now, &order, 1), HUB_OK);
    v->again = false;
}

struct fixture {
    struct desk *desk;
    unsigned woken, fresh;
    struct visitor v[DESK_PLACES + 1];
};

static int set_up(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof(f));
    f.desk = desk_new(wake, &f.woken);
    assert_non_null(f.desk);
    for (unsigned i = 0; i < LEN(f.v); i++)
        f.v[i] = (struct visitor){.waiter.answered = answered, .desk = f.desk};
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    desk_free(((struct fixture *)*state)->desk);
    return 0;
}

static enum status put(struct fixture *f, unsigned who, mono_us now, int64_t mA)
{
    struct hub_order order = ccl(mA);

    return desk_put(f->desk, &f->v[who].waiter, now, &order, 1);
}

/* Control takes the next order; its ticket, or 0 when there is none. */
static uint32_t take(struct fixture *f)
{
    struct desk_order o;

    if (!desk_look(f->desk, &o))
        return 0;
    desk_taken(f->desk);
    return o.order[0].ticket;
}

static void an_order_goes_there_and_back(void **state)
{
    struct fixture *f = *state;
    struct desk_order o;

    assert_false(desk_look(f->desk, &o));
    assert_int_equal(desk_tend(f->desk, T0, NULL, NULL), MONO_NEVER);
    assert_int_equal(put(f, 0, T0, 25000), HUB_OK);
    assert_int_equal(f->woken, 1);
    assert_int_not_equal(f->v[0].waiter.ticket, 0);
    assert_int_equal(desk_tend(f->desk, T0, NULL, NULL), T0 + DESK_PATIENCE);
    for (int i = 0; i < 2; i++) { /* looking does not take */
        assert_true(desk_look(f->desk, &o));
        assert_int_equal(o.n, 1);
        assert_int_equal(o.until, T0 + DESK_PATIENCE);
        assert_int_equal(o.order[0].ticket, f->v[0].waiter.ticket);
        assert_int_equal(o.order[0].value, 25000);
        assert_string_equal(o.order[0].from.name, "test");
    }
    desk_taken(f->desk);
    assert_false(desk_look(f->desk, &o));
    desk_answer(f->desk, o.order[0].ticket, HUB_EKEY);
    assert_int_equal(f->v[0].told, 0); /* only the server thread tells */
    assert_int_equal(desk_tend(f->desk, T0 + 3, NULL, NULL), MONO_NEVER);
    assert_int_equal(f->v[0].told, 1);
    assert_int_equal(f->v[0].status, HUB_EKEY);
    assert_int_equal(f->v[0].at, T0 + 3);
    assert_int_equal(desk_tend(f->desk, T0 + MONO_S(2), NULL, NULL), MONO_NEVER);
    assert_int_equal(f->v[0].told, 1);
}

static void several_orders_stay_one(void **state)
{
    struct fixture *f = *state;
    struct hub_order order[ORDERS_MAX];
    struct desk_order o;

    for (unsigned i = 0; i < ORDERS_MAX; i++)
        order[i] = ccl(i);
    assert_int_equal(desk_put(f->desk, &f->v[0].waiter, T0, order, ORDERS_MAX), HUB_OK);
    assert_true(desk_look(f->desk, &o));
    assert_int_equal(o.n, ORDERS_MAX);
    for (unsigned i = 0; i < ORDERS_MAX; i++)
        assert_int_equal(o.order[i].value, i);
    assert_int_equal(o.order[0].ticket, f->v[0].waiter.ticket);
    assert_int_equal(o.order[1].ticket, 0);
}

static void time_is_up_at_half_a_second(void **state)
{
    struct fixture *f = *state;
    uint32_t late;

    put(f, 0, T0, 1);
    put(f, 1, T0 + 10, 1);
    assert_int_equal(desk_tend(f->desk, T0 + 499999, NULL, NULL), T0 + 500000);
    assert_int_equal(f->v[0].told, 0);
    assert_int_equal(desk_tend(f->desk, T0 + 500000, NULL, NULL), T0 + 500010);
    assert_int_equal(f->v[0].told, 1);
    assert_int_equal(f->v[0].status, HUB_ELATE);
    assert_int_equal(f->v[1].told, 0);
    late = take(f);
    desk_answer(f->desk, late, HUB_OK); /* too late: it goes nowhere */
    put(f, 0, T0 + 500001, 2);
    desk_tend(f->desk, T0 + 500002, NULL, NULL);
    assert_int_equal(f->v[0].told, 1);
    assert_int_not_equal(f->v[0].waiter.ticket, 0);
}

/* An answer that lies there when the time is up was in time. */
static void an_answer_comes_before_the_end(void **state)
{
    struct fixture *f = *state;

    put(f, 0, T0, 1);
    desk_answer(f->desk, take(f), HUB_OK);
    assert_int_equal(desk_tend(f->desk, T0 + 500000, NULL, NULL), MONO_NEVER);
    assert_int_equal(f->v[0].told, 1);
    assert_int_equal(f->v[0].status, HUB_OK);
}

/* The image is taken anew: meanwhile the answer to the second comes. */
static void take_image(void *ctx)
{
    struct fixture *f = ctx;

    assert_int_equal(f->v[0].told, 0);
    f->fresh++;
    desk_answer(f->desk, f->v[1].waiter.ticket, HUB_OK);
}

static void the_image_is_taken_before_answers_are_told(void **state)
{
    struct fixture *f = *state;

    put(f, 0, T0, 1);
    put(f, 1, T0, 2);
    desk_tend(f->desk, T0, take_image, f);
    assert_int_equal(f->fresh, 0); /* nothing to tell */
    desk_answer(f->desk, take(f), HUB_OK);
    desk_tend(f->desk, T0, take_image, f);
    assert_int_equal(f->fresh, 1);
    assert_int_equal(f->v[0].told, 1);
    assert_int_equal(f->v[1].told, 0); /* its image may be older */
    desk_tend(f->desk, T0, NULL, NULL);
    assert_int_equal(f->v[1].told, 1);
}

static void note_fresh(void *ctx)
{
    ++*(unsigned *)ctx;
}

static void that_time_is_up_is_told_with_a_new_image_too(void **state)
{
    struct fixture *f = *state;

    put(f, 0, T0, 1);
    desk_tend(f->desk, T0 + DESK_PATIENCE - 1, note_fresh, &f->fresh);
    assert_int_equal(f->fresh, 0);
    desk_tend(f->desk, T0 + DESK_PATIENCE, note_fresh, &f->fresh);
    assert_int_equal(f->fresh, 1);
    assert_int_equal(f->v[0].status, HUB_ELATE);
}

static void who_is_gone_is_not_told(void **state)
{
    struct fixture *f = *state;
    uint32_t ticket;

    put(f, 0, T0, 1);
    ticket = take(f);
    desk_forget(f->desk, &f->v[0].waiter);
    assert_int_equal(f->v[0].waiter.ticket, 0);
    assert_int_equal(desk_tend(f->desk, T0 + MONO_S(1), NULL, NULL), MONO_NEVER);
    desk_answer(f->desk, ticket, HUB_OK);
    desk_tend(f->desk, T0 + MONO_S(1), NULL, NULL);
    assert_int_equal(f->v[0].told, 0);
    desk_forget(f->desk, &f->v[0].waiter); /* twice, or for nothing: no harm */
}

/* The place is given away again, the ticket is not. */
static void an_old_answer_does_not_find_the_next_one(void **state)
{
    struct fixture *f = *state;
    uint32_t first, second;

    put(f, 0, T0, 1);
    first = take(f);
    desk_answer(f->desk, first, HUB_OK);
    desk_tend(f->desk, T0, NULL, NULL);
    put(f, 1, T0, 2);
    second = take(f);
    assert_int_equal(first % DESK_PLACES, second % DESK_PLACES);
    assert_int_not_equal(first, second);
    desk_answer(f->desk, first, HUB_OK); /* answered twice */
    desk_answer(f->desk, 0, HUB_OK);
    desk_tend(f->desk, T0, NULL, NULL);
    assert_int_equal(f->v[1].told, 0);
    desk_answer(f->desk, second, HUB_ERANGE);
    desk_tend(f->desk, T0, NULL, NULL);
    assert_int_equal(f->v[1].status, HUB_ERANGE);
}

/* Else two clients would get the same one. */
static void a_place_answered_twice_is_free_once(void **state)
{
    struct fixture *f = *state;
    uint32_t ticket;

    put(f, 0, T0, 1);
    ticket = take(f);
    desk_answer(f->desk, ticket, HUB_OK);
    desk_answer(f->desk, ticket, HUB_OK);
    desk_tend(f->desk, T0, NULL, NULL);
    for (unsigned i = 0; i < DESK_PLACES - DESK_KEPT; i++)
        assert_int_equal(put(f, i, T0, 2), HUB_OK);
    assert_int_equal(put(f, DESK_PLACES - DESK_KEPT, T0, 2), HUB_EFULL);
}

static enum status put_stop(struct fixture *f, unsigned who)
{
    const struct hub_order order[2] = {ccl(1), {.command = COMMAND_STOP}};

    return desk_put(f->desk, &f->v[who].waiter, T0, order, 2);
}

/* The last four places are for a STOP. */
static void fill(struct fixture *f)
{
    for (unsigned i = 0; i < DESK_PLACES - 4; i++)
        assert_int_equal(put(f, i, T0, i), HUB_OK);
    for (unsigned i = DESK_PLACES - 4; i < DESK_PLACES; i++) {
        assert_int_equal(put(f, DESK_PLACES, T0, 0), HUB_EFULL);
        assert_int_equal(put_stop(f, i), HUB_OK);
    }
    assert_int_equal(put_stop(f, DESK_PLACES), HUB_EFULL);
}

static void as_many_orders_as_places(void **state)
{
    struct fixture *f = *state;
    uint32_t ticket[DESK_PLACES];

    fill(f);
    assert_int_equal(f->v[DESK_PLACES].waiter.ticket, 0);
    assert_int_equal(f->woken, DESK_PLACES);
    for (unsigned i = 0; i < DESK_PLACES; i++)
        ticket[i] = take(f);
    /* All taken, none answered, nobody waits any more: still no place, so that every answer has one
     * of its own. */
    desk_tend(f->desk, T0 + DESK_PATIENCE, NULL, NULL);
    assert_int_equal(put_stop(f, DESK_PLACES), HUB_EFULL);
    for (unsigned i = 0; i < DESK_PLACES; i++)
        desk_answer(f->desk, ticket[i], HUB_OK);
    desk_tend(f->desk, T0 + DESK_PATIENCE, NULL, NULL);
    for (unsigned i = 0; i < DESK_PLACES; i++)
        assert_int_equal(f->v[i].told, 1);
    fill(f);
}

static void who_is_told_may_ask_again_and_drop_others(void **state)
{
    struct fixture *f = *state;
    uint32_t first, second;

    f->v[0].again = true;
    f->v[0].drops = &f->v[1];
    put(f, 0, T0, 1);
    put(f, 1, T0, 2);
    first = take(f);
    second = take(f);
    desk_answer(f->desk, first, HUB_OK);
    desk_answer(f->desk, second, HUB_OK);
    assert_int_equal(desk_tend(f->desk, T0 + 7, NULL, NULL), T0 + 7 + DESK_PATIENCE);
    assert_int_equal(f->v[0].told, 1);
    assert_int_equal(f->v[1].told, 0);
    f->v[0].again = true; /* and the same when time is up */
    put(f, 1, T0 + 8, 2);
    assert_int_equal(desk_tend(f->desk, T0 + 600000, NULL, NULL), T0 + 600000 + DESK_PATIENCE);
    assert_int_equal(f->v[0].told, 2);
    assert_int_equal(f->v[1].told, 0);
}

static void refusals_are_told(void **state)
{
    struct fixture *f = *state;
    struct origin from = {.owner = 2, .address = 0x0A000007, .name = "10.0.0.7"};
    struct desk_order o;

    assert_int_equal(desk_refused(f->desk, &from, COMMAND_STOP, REFUSAL_FLOOD, 12), HUB_OK);
    assert_int_equal(f->woken, 1);
    assert_true(desk_look(f->desk, &o));
    assert_int_equal(o.n, 0);
    assert_int_equal(o.refused, COMMAND_STOP);
    assert_int_equal(o.why, REFUSAL_FLOOD);
    assert_int_equal(o.times, 12);
    assert_int_equal(o.order[0].from.address, 0x0A000007);
    assert_string_equal(o.order[0].from.name, "10.0.0.7");
    desk_taken(f->desk);
    for (unsigned i = 0; i < DESK_PLACES; i++)
        assert_int_equal(desk_refused(f->desk, &from, COMMAND_NONE, REFUSAL_LATE, 1), HUB_OK);
    assert_int_equal(desk_refused(f->desk, &from, COMMAND_NONE, REFUSAL_LATE, 1), HUB_EFULL);
    assert_int_equal(put(f, 0, T0, 1), HUB_EFULL);
    assert_int_equal(f->v[0].waiter.ticket, 0);
}

/* ---- two threads ---- */

struct race {
    struct desk *desk;
    atomic_bool done;
    atomic_llong published; /* all orders below this value are carried out */
    int64_t fetched;
    unsigned wrong; /* of control */
};

static enum status verdict(int64_t value)
{
    return value % 7 ? HUB_OK : HUB_ERANGE;
}

/* Takes orders and answers them; every second one only after the next, as a store would. */
static void *control(void *arg)
{
    struct race *r = arg;
    uint32_t held = 0;
    int64_t held_value = 0;
    struct desk_order o;

    while (!atomic_load(&r->done)) {
        if (!desk_look(r->desk, &o)) {
            if (held)
                desk_answer(r->desk, held, verdict(held_value));
            held = 0;
            sched_yield();
            continue;
        }
        atomic_store_explicit(&r->published, o.order[0].value + 1, memory_order_relaxed);
        r->wrong += o.n != 2 || o.order[1].value != o.order[0].value + 1;
        desk_taken(r->desk);
        if (held || o.order[0].value % 2) {
            desk_answer(r->desk, o.order[0].ticket, verdict(o.order[0].value));
        } else {
            held = o.order[0].ticket;
            held_value = o.order[0].value;
        }
    }
    return NULL;
}

struct asker {
    struct waiter waiter;
    struct race *race;
    int64_t value;
    unsigned told, wrong;
};

static void told(struct waiter *w, enum status status, mono_us now)
{
    struct asker *a = (struct asker *)w;

    (void)now;
    a->told++;
    a->wrong += status != verdict(a->value) || a->race->fetched <= a->value;
}

static void fetch_published(void *ctx)
{
    struct race *r = ctx;

    r->fetched = atomic_load_explicit(&r->published, memory_order_relaxed);
}

static void nothing(void *arg)
{
    (void)arg;
}

/* Puts as much as fits, and forgets each 1000th. Time stands still: nobody is late. */
static unsigned put_orders(struct race *r, struct asker *asker, unsigned n)
{
    unsigned forgotten = 0;

    for (unsigned sent = 0; sent < n;) {
        for (unsigned i = 0; i < DESK_PLACES && sent < n; i++) {
            struct hub_order order[2] = {ccl(sent), ccl(sent + 1)};

            if (asker[i].waiter.ticket || desk_put(r->desk, &asker[i].waiter, T0, order, 2))
                continue;
            asker[i].value = sent++;
            if (sent % 1000)
                continue;
            desk_forget(r->desk, &asker[i].waiter);
            forgotten++;
        }
        desk_tend(r->desk, T0, fetch_published, r);
    }
    while (desk_tend(r->desk, T0, fetch_published, r) != MONO_NEVER)
        sched_yield();
    return forgotten;
}

static void many_orders_between_two_threads(void **state)
{
    static struct asker asker[DESK_PLACES];
    struct race r = {.desk = desk_new(nothing, NULL)};
    unsigned forgotten, all = 0, wrong = 0;
    pthread_t thread;

    (void)state;
    assert_non_null(r.desk);
    for (unsigned i = 0; i < DESK_PLACES; i++)
        asker[i] = (struct asker){.waiter.answered = told, .race = &r};
    assert_int_equal(pthread_create(&thread, NULL, control, &r), 0);
    forgotten = put_orders(&r, asker, ORDERS);
    atomic_store(&r.done, true);
    pthread_join(thread, NULL);
    for (unsigned i = 0; i < DESK_PLACES; i++) {
        all += asker[i].told;
        wrong += asker[i].wrong;
    }
    print_message("  %u answered, %u forgotten\n", all, forgotten);
    assert_int_equal(all + forgotten, ORDERS);
    assert_int_equal(wrong + r.wrong, 0);
    desk_free(r.desk);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_order_goes_there_and_back),
        CASE(several_orders_stay_one),
        CASE(time_is_up_at_half_a_second),
        CASE(an_answer_comes_before_the_end),
        CASE(the_image_is_taken_before_answers_are_told),
        CASE(that_time_is_up_is_told_with_a_new_image_too),
        CASE(who_is_gone_is_not_told),
        CASE(an_old_answer_does_not_find_the_next_one),
        CASE(a_place_answered_twice_is_free_once),
        CASE(as_many_orders_as_places),
        CASE(who_is_told_may_ask_again_and_drop_others),
        CASE(refusals_are_told),
        cmocka_unit_test(many_orders_between_two_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
