#include "fixture_later.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture_map.h"
#include "io/clock.h"
#include "io/triple.h"
#include "io/writer.h"

enum { JOBS = 2 * DESK_PLACES }; /* more than can be under way */

/* A write on its way; the order's value is its number. */
struct job {
    bool bits;
    uint16_t addr;
    unsigned n;
    uint8_t data[256];
};

static struct {
    struct fixture real; /* of the other thread */
    struct fixture copy[3];
    struct triple triple;
    struct job job[JOBS];
    unsigned jobs;
    struct desk *desk;
    mono_us after;
    struct modbus_server *srv;
    pthread_t thread;
    sem_t orders;
    atomic_bool stop;
} all;

/* ---- server thread ---- */

static void newest(void *ctx)
{
    (void)ctx;
    triple_take(&all.triple);
}

static enum modbus_exception read_words(void *ctx, enum modbus_table table, uint16_t addr,
                                        unsigned n, uint8_t *out)
{
    (void)ctx;
    return fixture_read_words(&all.copy[all.triple.read], table, addr, n, out);
}

static enum modbus_exception read_coils(void *ctx, uint16_t addr, unsigned n, uint8_t *out)
{
    (void)ctx;
    return fixture_read_coils(&all.copy[all.triple.read], addr, n, out);
}

static enum modbus_exception put(const struct modbus_who *who, const struct job *job)
{
    struct writer *w = who->client;
    struct hub_order order = {
        .command = COMMAND_SET_CCL, .from = w->from, .value = all.jobs % JOBS};
    enum status st;

    all.job[all.jobs % JOBS] = *job;
    st = desk_put(all.desk, &w->waiter, clock_now(), &order, 1);
    if (st != HUB_OK)
        return writer_exception(st);
    all.jobs++;
    if (!who->broadcast)
        return MODBUS_LATER;
    desk_forget(all.desk, &w->waiter);
    return MODBUS_OK;
}

static enum modbus_exception write_words(void *ctx, const struct modbus_who *who, uint16_t addr,
                                         unsigned n, const uint8_t *words)
{
    struct job job = {.addr = addr, .n = n};

    (void)ctx;
    if (!fixture_has(addr, n, FIXTURE_WORDS))
        return MODBUS_ILLEGAL_ADDRESS;
    memcpy(job.data, words, 2 * n);
    return put(who, &job);
}

static enum modbus_exception write_bits(void *ctx, const struct modbus_who *who, uint16_t addr,
                                        unsigned n, const uint8_t *bits)
{
    struct job job = {.bits = true, .addr = addr, .n = n};

    (void)ctx;
    if (!fixture_has(addr, n, FIXTURE_BITS))
        return MODBUS_ILLEGAL_ADDRESS;
    memcpy(job.data, bits, (n + 7) / 8);
    return put(who, &job);
}

/* ---- the other thread ---- */

static void wake(void *arg)
{
    (void)arg;
    sem_post(&all.orders);
}

static void publish(void)
{
    all.copy[all.triple.write] = all.real;
    triple_publish(&all.triple);
}

static void wait_until(mono_us then)
{
    mono_us now;

    while ((now = clock_now()) < then && !all.stop)
        usleep((useconds_t)mono_min(then - now, MONO_MS(10)));
}

static enum status carry_out(const struct desk_order *o)
{
    const struct job *job = &all.job[o->order[0].value];

    wait_until(o->until - DESK_PATIENCE + all.after);
    if (clock_now() >= o->until)
        return HUB_ELATE;
    if (job->bits)
        fixture_write_bits(&all.real, NULL, job->addr, job->n, job->data);
    else
        fixture_write_words(&all.real, NULL, job->addr, job->n, job->data);
    publish();
    return HUB_OK;
}

static void *control(void *arg)
{
    struct desk_order o;

    (void)arg;
    while (!all.stop) {
        sem_wait(&all.orders);
        while (!all.stop && desk_look(all.desk, &o)) {
            enum status st = o.n ? carry_out(&o) : HUB_OK;

            desk_taken(all.desk);
            if (o.n)
                desk_answer(all.desk, o.order[0].ticket, st);
            modbus_server_wake(all.srv);
        }
    }
    return NULL;
}

void later_prepare(struct modbus_server_spec *spec, mono_us after)
{
    struct modbus_map now = fixture_map(&all.real);

    triple_init(&all.triple);
    publish();
    sem_init(&all.orders, 0, 0);
    all.after = after;
    all.desk = desk_new(wake, NULL);
    if (!all.desk)
        abort();
    spec->map = (struct modbus_map){.read_words = read_words,
                                    .read_coils = read_coils,
                                    .read_discrete = now.read_discrete,
                                    .write_words = write_words,
                                    .write_bits = write_bits,
                                    .identity = now.identity};
    spec->desk = all.desk;
    spec->turn = newest;
}

void later_start(struct modbus_server *srv)
{
    all.srv = srv;
    if (pthread_create(&all.thread, NULL, control, NULL) != 0)
        abort();
}

void later_stop(void)
{
    all.stop = true;
    sem_post(&all.orders);
    pthread_join(all.thread, NULL);
}

void later_free(void)
{
    desk_free(all.desk);
}
