/* Latches out of the published image, as words. */
#include "check.h"

#include <string.h>

#include "io/latch_words.h"

static void latches_as_words(void **state)
{
    static struct snapshot snap;
    static struct image img;
    char text[200], little[12];

    (void)state;
    regmap_fill(&img, &snap, NULL); /* nothing is known */
    latch_words(&img, 0, text, sizeof(text));
    assert_string_equal(text, "");
    signal_set(&snap.hub.s, SIG_LATCHES, LATCH_BIT(STOP_INPUT), 1);
    signal_set(&snap.cluster[0].s, SIG_LATCHES, 0, 1);
    signal_set(&snap.cluster[1].s, SIG_LATCHES, LATCH_BIT(RECONNECTS) | LATCH_BIT(OVER_LIMIT), 1);
    regmap_fill(&img, &snap, NULL);
    latch_words(&img, 0, text, sizeof(text));
    assert_string_equal(text, "hub: The stop input opened, or its wire broke; "
                              "cluster 2: Rule 11: tripped on current a fourth time; "
                              "cluster 2: Rule 13: above its limit for five minutes");
    latch_words(&img, 2, text, sizeof(text));
    assert_string_equal(text, "cluster 2: Rule 11: tripped on current a fourth time; "
                              "cluster 2: Rule 13: above its limit for five minutes");
    latch_words(&img, 1, text, sizeof(text));
    assert_string_equal(text, "");
    latch_words(&img, 2, little, sizeof(little));
    assert_string_equal(little, "cluster 2: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(latches_as_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
