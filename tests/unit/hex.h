/* Bytes as text in tables of cases: "03 00 00 00 0A". */
#ifndef TESTS_HEX_H
#define TESTS_HEX_H

#include <stdio.h>
#include <string.h>

/* Returns how many bytes the text has. */
static inline size_t hex_bytes(const char *text, uint8_t *out, size_t size)
{
    size_t n = 0;
    unsigned byte;
    int used;

    while (sscanf(text, " %2x%n", &byte, &used) == 1) {
        assert_true(n < size);
        out[n++] = (uint8_t)byte;
        text += used;
    }
    assert_true(text[strspn(text, " ")] == 0);
    return n;
}

static inline void assert_bytes(const uint8_t *got, size_t len, const char *expected)
{
    uint8_t want[600];
    size_t n = hex_bytes(expected, want, sizeof(want));

    if (len == n && memcmp(got, want, n) == 0)
        return;
    print_error("expected %s\n     got", expected);
    for (size_t i = 0; i < len; i++)
        print_error(" %02X", got[i]);
    print_error("\n");
    fail();
}

#endif
