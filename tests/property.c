/* Random lives of a hub, held against an oracle (property.h).
 *
 *     property --seed N --steps M               as many lives as it takes, over all sites
 *     property --seed N --steps M --config K    one life of M turns at site K (see --list)
 *     property --noise ...                      random bytes on every port and nothing else
 *     property --shrink ...                     shortens a life that shows a violation, and
 *                                               tells each run of it
 *
 * A step is a turn of the loop in which something besides time came. A violation ends the program
 * with the seed, the step, the invariant and the last acts as lines of a scenario. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "property.h"

#define LIFE_TURNS 20000u
#define LAST_ACTS 20

struct options {
    uint64_t seed, steps;
    int config; /* -1: all */
    bool noise, shrink, quiet;
};

static mono_us shift_of(uint64_t seed)
{
    static const mono_us shifts[] = {MONO_S(3600), 1, MONO_MS(7), UINT64_C(1) << 48};

    return seed % 4 == 3 ? shifts[seed / 4 % 4] : 0;
}

/* ---- telling ---- */

static void print_acts(const struct life *life, unsigned from, unsigned to)
{
    static char line[8192];

    for (unsigned i = from; i < to && i < life->n; i++) {
        act_print(&life->act[i], line, sizeof(line));
        printf("%s\n", line);
    }
}

static void print_site(const struct site *site)
{
    char ini[2048], section[40] = "", *save = NULL;

    site_ini(site, ini, sizeof(ini));
    for (char *line = strtok_r(ini, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (line[0] == '[')
            snprintf(section, sizeof(section), "%s", line);
        else
            printf("config %s %s\n", section, line);
    }
}

static void tell(const struct options *opt, const struct life *life, const struct verdict *v,
                 unsigned config, uint64_t seed, unsigned turns)
{
    unsigned from = v->act > LAST_ACTS ? v->act - LAST_ACTS : 0;
    struct tally tally = {0};
    struct verdict ignored;

    printf("\nVIOLATION of invariant %u at step %u: %s\n", v->invariant, v->step, v->text);
    printf("site %u (%s); again: property --seed %llu --steps %u --config %u%s\n", config,
           life->site->what, (unsigned long long)seed, turns, config, opt->noise ? " --noise" : "");
    if (!opt->shrink) {
        print_acts(life, from, v->act + 1);
        return;
    }
    print_site(life->site);
    print_acts(life, 0, v->act + 1);
    printf("\nThe same with what the hub says at each run:\n");
    tally.tracing = true;
    life_play(life, 0, &tally, &ignored);
}

static void print_unseen(const struct tally *t)
{
    printf("never came about:");
    for (size_t i = 0; i < n_reasons; i++)
        if (!t->reason[reasons[i].code])
            printf(" %s", reasons[i].name);
    for (size_t i = 0; i < n_hub_states; i++)
        if (!t->hub_state[hub_states[i].code])
            printf(" hub %s", hub_states[i].name);
    for (size_t i = 0; i < n_cluster_states; i++)
        if (!t->cluster_state[cluster_states[i].code])
            printf(" cluster %s", cluster_states[i].name);
    for (unsigned i = 0; i < LATCH_COUNT; i++)
        if (!(t->latches >> i & 1))
            printf(" latch %s", latch_info[i].name);
    printf("\n");
}

static void print_tally(const struct tally *t, double seconds)
{
    printf("lives with a twin %llu, runs checked %llu, frames %llu, restarts %llu, stops %llu\n",
           (unsigned long long)t->twins, (unsigned long long)t->checks,
           (unsigned long long)t->frames, (unsigned long long)t->restarts,
           (unsigned long long)t->stops);
    printf(
        "limits above zero %llu, rises %llu, joins %llu, losses %llu, orders %llu, latched %llu, "
        "SOC smoothed %llu, zero by protection %llu\n",
        (unsigned long long)t->flowing, (unsigned long long)t->rises, (unsigned long long)t->joins,
        (unsigned long long)t->losses, (unsigned long long)t->orders,
        (unsigned long long)t->latched, (unsigned long long)t->smoothed,
        (unsigned long long)t->zero_by_protection);
    print_unseen(t);
    printf("steps %llu, %.0f steps/s, 0 violations\n", (unsigned long long)t->steps,
           seconds > 0 ? (double)t->steps / seconds : 0);
}

/* ---- shortening ---- */

static bool still_violates(const struct life *life, mono_us shift, unsigned invariant,
                           struct verdict *v)
{
    struct tally ignored = {0};

    life_play(life, shift, &ignored, v);
    return v->violated && v->invariant == invariant;
}

/* Takes out pieces of n acts wherever the violation stays; returns whether any went. */
static bool thin_out(struct life *life, mono_us shift, struct verdict *v, unsigned n)
{
    struct act *kept = (struct act *)malloc(life->n * sizeof(*kept));
    bool any = false;

    for (unsigned at = 0; kept && at < life->n;) {
        unsigned cut = life->n - at < n ? life->n - at : n;
        struct verdict tried;
        unsigned before = life->n;

        memcpy(kept, life->act, life->n * sizeof(*kept));
        memmove(&life->act[at], &life->act[at + cut], (life->n - at - cut) * sizeof(*kept));
        life->n -= cut;
        if (still_violates(life, shift, v->invariant, &tried)) {
            *v = tried;
            any = true;
        } else {
            memcpy(life->act, kept, before * sizeof(*kept));
            life->n = before;
            at += cut;
        }
    }
    free(kept);
    return any;
}

/* Two turns in a row become one wherever the violation stays. */
static void join_turns(struct life *life, mono_us shift, struct verdict *v)
{
    for (unsigned i = 0; i + 1 < life->n;) {
        struct act first = life->act[i], next = life->act[i + 1];
        struct verdict tried;

        i++;
        if (first.kind != ACT_TURN || next.kind != ACT_TURN)
            continue;
        life->act[i - 1].ms += next.ms;
        memmove(&life->act[i], &life->act[i + 1], (life->n - i - 1) * sizeof(first));
        life->n--;
        if (still_violates(life, shift, v->invariant, &tried)) {
            *v = tried;
            i--;
            continue;
        }
        memmove(&life->act[i + 1], &life->act[i], (life->n - i) * sizeof(first));
        life->n++;
        life->act[i - 1] = first;
        life->act[i] = next;
    }
}

static void shorten(struct life *life, mono_us shift, struct verdict *v)
{
    if (v->act + 1 < life->n)
        life->n = v->act + 1;
    if (v->invariant != 11)
        shift = 0;
    for (unsigned n = life->n / 2; n > 0; n = n > 1 ? n / 2 : 0) {
        fprintf(stderr, "%u acts, pieces of %u\n", life->n, n);
        while (thin_out(life, shift, v, n) && n <= 2)
            ;
    }
    join_turns(life, shift, v);
}

/* ---- lives ---- */

static bool live(const struct options *opt, unsigned config, uint64_t seed, unsigned turns,
                 struct tally *tally)
{
    struct life life;
    struct verdict v;

    life_invent(&life, &sites[config], opt->noise, seed, turns);
    life_play(&life, shift_of(seed), tally, &v);
    if (v.violated) {
        if (opt->shrink)
            shorten(&life, shift_of(seed), &v);
        tell(opt, &life, &v, config, seed, turns);
    }
    free(life.act);
    return !v.violated;
}

static int run(const struct options *opt)
{
    struct tally tally = {0};
    clock_t began = clock();

    for (uint64_t life = 0; tally.steps < opt->steps; life++) {
        unsigned config = opt->config >= 0 ? (unsigned)opt->config : (unsigned)(life % n_sites);
        uint64_t seed = opt->config >= 0 ? opt->seed : opt->seed * 100000 + life;
        unsigned turns = opt->config >= 0 ? (unsigned)opt->steps : LIFE_TURNS;

        if (!live(opt, config, seed, turns, &tally))
            return 1;
        if (opt->config >= 0)
            break;
    }
    print_tally(&tally, (double)(clock() - began) / CLOCKS_PER_SEC);
    return 0;
}

static int list(void)
{
    for (unsigned i = 0; i < n_sites; i++)
        printf("%u  %s\n", i, sites[i].what);
    return 0;
}

static int usage(void)
{
    fprintf(stderr, "property --seed N --steps M [--config K] [--noise] [--shrink] | --list\n");
    return 64;
}

int main(int argc, char **argv)
{
    struct options opt = {.seed = 1, .steps = 100000, .config = -1};

    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--list") == 0)
            return list();
        else if (strcmp(argv[i], "--noise") == 0)
            opt.noise = true;
        else if (strcmp(argv[i], "--shrink") == 0)
            opt.shrink = true;
        else if (strcmp(argv[i], "--seed") == 0 && more)
            opt.seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--steps") == 0 && more)
            opt.steps = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--config") == 0 && more)
            opt.config = atoi(argv[++i]);
        else
            return usage();
    }
    return opt.config < (int)n_sites ? run(&opt) : usage();
}
