/* A value of two words while it changes: read over a real connection from the server as the
 * gateway starts it, while a writer publishes images as fast as it can. No answer may mix two of
 * them. (Row 54 of the conformance list; test_triple.c holds the buffer alone to it.) */
#include "check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "config.h"
#include "io/server.h"
#include "loopback.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW 10 /* times */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOW 10
#endif
#endif
#ifndef SLOW
#define SLOW 1
#endif

enum {
    READS = 1000000 / SLOW,
    LONG_READS = 50000 / SLOW,
    DEPTH = 16, /* requests at once: what one turn of the server takes of a client */
    REQUEST = 12,
    HEAD = 9,
    LONG = 60,
};

struct bench {
    struct server *srv;
    unsigned words; /* how many of the first words are written */
    atomic_bool stop;
    pthread_t writer;
    int fd;
};

/* Two images are 0000 FFFF 0000 ..., the next two FFFF 0000 FFFF ...: while nobody takes one, the
 * writer goes to and fro between two buffers, and each of them has to change. */
static void *flip(void *arg)
{
    struct bench *b = arg;

    for (unsigned n = 0; !atomic_load(&b->stop); n++) {
        struct image *img = server_image(b->srv);

        for (unsigned i = 0; i < b->words; i++)
            img->wire[2 * i] = img->wire[2 * i + 1] = (n / 2 + i) % 2 ? 0xFF : 0x00;
        server_publish(b->srv);
    }
    return NULL;
}

static void fail_on(void *arg, const struct config_error *err)
{
    (void)arg;
    print_error("%s\n", err->text);
    fail();
}

static void quiet(enum log_level level, const char *line)
{
    if (level == LOG_ERROR)
        print_error("%s\n", line);
}

static void no_wake(void *arg)
{
    (void)arg;
}

static void start(struct bench *b, unsigned words)
{
    uint16_t port = free_port();
    struct config *cfg;
    char ini[200];

    snprintf(ini, sizeof(ini),
             "[hub]\nclusters = 1\n[cluster.1]\nlink = sim\n"
             "[modbus.tcp]\nlisten = 127.0.0.1:%u\n",
             port);
    cfg = config_parse(ini, strlen(ini), NULL, fail_on, NULL, NULL);
    assert_non_null(cfg);
    log_to(quiet);
    b->srv = server_start(cfg, no_wake, NULL);
    config_free(cfg);
    assert_non_null(b->srv);
    b->words = words;
    memset(server_image(b->srv), 0, sizeof(struct image));
    for (unsigned i = 1; i < words; i += 2)
        server_image(b->srv)->wire[2 * i] = server_image(b->srv)->wire[2 * i + 1] = 0xFF;
    server_publish(b->srv);
    assert_int_equal(pthread_create(&b->writer, NULL, flip, b), 0);
    b->fd = connect_to(port);
}

static void end(struct bench *b)
{
    atomic_store(&b->stop, true);
    pthread_join(b->writer, NULL);
    close(b->fd);
    server_stop(b->srv);
}

/* Sends DEPTH requests for the first n registers and takes the answers: DEPTH * (HEAD + 2 n). */
static void read_batch(int fd, unsigned n, uint8_t *answers)
{
    static const uint8_t ask[REQUEST] = {0, 7, 0, 0, 0, 6, 1, 3};
    uint8_t out[DEPTH * REQUEST];
    size_t len = DEPTH * (HEAD + 2 * n);

    for (unsigned i = 0; i < DEPTH; i++) {
        memcpy(out + REQUEST * i, ask, sizeof(ask));
        out[REQUEST * i + 11] = (uint8_t)n;
    }
    assert_int_equal(send(fd, out, sizeof(out), MSG_NOSIGNAL), sizeof(out));
    assert_int_equal(recv(fd, answers, len, MSG_WAITALL), len);
}

/* Counts reads by the value that they found: 0000FFFF, FFFF0000, and any other. On a busy machine
 * it reads on until the writer had a turn. */
static void count_reads(int fd, unsigned words, unsigned reads, unsigned seen[3])
{
    const size_t each = HEAD + 2 * words;
    uint8_t in[DEPTH * (HEAD + 2 * LONG)];

    for (unsigned n = 0; n < reads || (n < 40 * reads && !(seen[0] && seen[1])); n += DEPTH) {
        read_batch(fd, words, in);
        for (const uint8_t *p = in; p < in + DEPTH * each; p += each) {
            const uint8_t *word = p + HEAD;
            unsigned flipped = word[0] == 0xFF;

            assert_int_equal(p[7], 3);
            for (unsigned i = 0; i < words; i++) {
                uint8_t want = (i + flipped) % 2 ? 0xFF : 0x00;

                if (word[2 * i] != want || word[2 * i + 1] != want) {
                    flipped = 2;
                    break;
                }
            }
            seen[flipped]++;
        }
    }
}

static void no_mixed(unsigned words, unsigned reads)
{
    struct bench b = {0};
    unsigned seen[3] = {0};

    start(&b, words);
    count_reads(b.fd, words, reads, seen);
    end(&b);
    print_message("  54 %u reads of one value, %u of the other\n", seen[0], seen[1]);
    assert_int_equal(seen[2], 0);
    assert_true(seen[0] > 0 && seen[1] > 0); /* it was changing */
    assert_true(seen[0] + seen[1] >= reads);
}

static void no_mixed_value(void **state)
{
    (void)state;
    no_mixed(2, READS);
}

static void all_words_of_an_answer_are_of_one_instant(void **state)
{
    (void)state;
    no_mixed(LONG, LONG_READS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_mixed_value),
        cmocka_unit_test(all_words_of_an_answer_are_of_one_instant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
