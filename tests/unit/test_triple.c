/* The triple buffer: by hand in one thread, then two threads as fast as they can. */
#include "check.h"

#include <pthread.h>

#include "io/triple.h"

#define READS 1000000

static void the_reader_takes_the_newest(void **state)
{
    struct triple t;
    int buf[3] = {0};

    (void)state;
    triple_init(&t);
    assert_false(triple_take(&t));
    for (int i = 1; i <= 100; i++) {
        buf[t.write] = i;
        triple_publish(&t);
        assert_true(t.write != t.read);
        if (i % 3)
            continue;
        assert_true(triple_take(&t));
        assert_int_equal(buf[t.read], i);
        buf[t.write] = -1; /* what is read stays while the next is filled */
        assert_int_equal(buf[t.read], i);
        assert_true(triple_take(&t));
        assert_int_equal(buf[t.read], i);
    }
}

/* Row 54 of the conformance list: a value of two words is never half old, half new. */
struct race {
    struct triple triple;
    uint16_t pair[3][2];
    atomic_bool stop;
};

static void *flip(void *arg)
{
    struct race *r = arg;

    for (unsigned n = 0; !atomic_load(&r->stop); n++) {
        uint16_t *pair = r->pair[r->triple.write];

        /* by twos: the writer goes to and fro between two buffers, and each has to change */
        pair[0] = n / 2 % 2 ? 0xFFFF : 0x0000;
        pair[1] = n / 2 % 2 ? 0x0000 : 0xFFFF;
        triple_publish(&r->triple);
    }
    return NULL;
}

static void no_third_value(void **state)
{
    static struct race r;
    unsigned seen[2] = {0}, torn = 0;
    pthread_t writer;

    (void)state;
    triple_init(&r.triple);
    assert_int_equal(pthread_create(&writer, NULL, flip, &r), 0);
    for (unsigned i = 0; i < READS;) {
        const uint16_t *pair;
        uint32_t value;

        if (!triple_take(&r.triple))
            continue;
        pair = r.pair[r.triple.read];
        value = (uint32_t)pair[0] << 16 | pair[1];
        torn += value != 0x0000FFFF && value != 0xFFFF0000;
        seen[value == 0xFFFF0000]++;
        i++;
    }
    atomic_store(&r.stop, true);
    pthread_join(writer, NULL);
    print_message("  54 %u reads of one value, %u of the other\n", seen[0], seen[1]);
    assert_int_equal(torn, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reader_takes_the_newest),
        cmocka_unit_test(no_third_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
