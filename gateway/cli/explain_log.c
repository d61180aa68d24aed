#include "cli/explain_log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "io/file.h"

#define LOG_MAX (64u << 20)
#define HOLE_MAX MONO_S(24 * 3600) /* a clock that was set; playing it would take for ever */

/* ---- time ---- */

bool log_time_parse(const char *text, mono_us *out)
{
    uint64_t micros = 0;
    unsigned digits = 0;
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    unsigned long long whole = strtoull(text, &end, 10);
    if (whole > 999999999999ull) /* as long as a log may write it */
        return false;
    if (*end == '.' && isdigit((unsigned char)end[1]))
        for (end++; isdigit((unsigned char)*end); end++, digits++)
            micros = digits < 6 ? micros * 10 + (uint64_t)(*end - '0') : micros;
    for (; digits < 6; digits++)
        micros *= 10;
    *out = MONO_S(whole) + micros;
    return !*end;
}

bool log_span(const struct playback *pb, mono_us at, mono_us *span)
{
    *span = at >= pb->begin ? at - pb->begin : at;
    return *span <= pb->length;
}

struct stamp {
    char s[32];
};

static struct stamp stamp(mono_us at)
{
    struct stamp t;

    snprintf(t.s, sizeof(t.s), "%llu.%06llu", (unsigned long long)at / 1000000,
             (unsigned long long)at % 1000000);
    return t;
}

/* ---- what was wrong ---- */

static int refuse(const char *path, const char *why)
{
    fprintf(stderr, "hubgate explain: %s: %s\n", path, why);
    return CLI_OTHER;
}

static int refuse_line(const char *path, unsigned line, const char *why)
{
    fprintf(stderr, "hubgate explain: %s:%u: %s\n", path, line, why);
    return CLI_OTHER;
}

static int refuse_time(const struct playback *pb, const char *path, const char *at)
{
    fprintf(stderr, "hubgate explain: --at %s: %s has 0 to %s seconds, or %s to %s\n", at, path,
            stamp(pb->length).s, stamp(pb->begin).s, stamp(pb->begin + pb->length).s);
    return CLI_USAGE;
}

static void tell_unused(const struct playback *pb, void (*out)(void *arg, const char *text),
                        void *arg)
{
    char text[80];

    if (!pb->n_unused)
        return;
    out(arg, "Not used:");
    for (unsigned i = 0; i < pb->n_unused; i++) {
        snprintf(text, sizeof(text), "%s %s (%u frame%s)", i ? "," : "", pb->unused[i].interface,
                 pb->unused[i].frames, pb->unused[i].frames == 1 ? "" : "s");
        out(arg, text);
    }
    out(arg, "\n");
}

static void to_stderr(void *arg, const char *text)
{
    (void)arg;
    fputs(text, stderr);
}

/* Nothing of it is for a cluster. */
static int refuse_strangers(const struct played *p, const struct config *cfg, const char *path)
{
    unsigned n = (unsigned)config_num(cfg, "hub", 0, "clusters");

    fprintf(stderr, "hubgate explain: %s: no frame of it is for a cluster:", path);
    for (unsigned i = 1; i <= n; i++)
        fprintf(stderr, " cluster %u takes %s or c%u%s", i, config_text(cfg, "cluster", i, "link"),
                i, i < n ? "," : "\n");
    tell_unused(&p->playback, to_stderr, NULL);
    return CLI_OTHER;
}

/* ---- reading and playing ---- */

static int load(struct candump_log *log, const char *path)
{
    char cause[160];
    size_t len = 0;
    unsigned line = 0;
    const char *why = "";
    char *text = file_read(path, LOG_MAX, &len, cause, sizeof(cause));

    if (!text)
        return refuse(path, cause);
    enum status st = candump_parse(text, len, log, &line, &why);
    free(text);
    if (st == HUB_ESPEC)
        return refuse_line(path, line, why);
    if (st != HUB_OK)
        return refuse(path, "no memory");
    if (!log->n)
        return refuse(path, log->foreign ? "it has no data frames" : "it is empty");
    return CLI_OK;
}

static int play(struct played *p, const struct config *cfg, const char *path, const char *at)
{
    mono_us when = 0;

    if (!playback_look(&p->playback, cfg, &p->log))
        return refuse_strangers(p, cfg, path);
    if (p->playback.longest_gap > HOLE_MAX)
        return refuse(path, "between two of its frames more than a day passes: cut it there");
    p->span = p->playback.length;
    if (at && !log_time_parse(at, &when)) {
        fprintf(stderr, "hubgate explain: --at %s is no time in seconds\n", at);
        return CLI_USAGE;
    }
    if (at && !log_span(&p->playback, when, &p->span))
        return refuse_time(&p->playback, path, at);
    p->hub = playback_run(&p->playback, cfg, p->span);
    return p->hub ? CLI_OK : refuse(path, "no memory");
}

int explain_log(struct played *out, const struct config *cfg, const char *path, const char *at)
{
    int code;

    *out = (struct played){.hub = NULL};
    code = load(&out->log, path);
    if (code == CLI_OK)
        code = play(out, cfg, path, at);
    if (code != CLI_OK)
        explain_log_end(out);
    return code;
}

void explain_log_end(struct played *p)
{
    hub_free(p->hub);
    candump_free(&p->log);
}

/* ---- what was played ---- */

static void tell_silent(const struct played *p, const struct config *cfg,
                        void (*out)(void *arg, const char *text), void *arg)
{
    char text[CONFIG_TEXT_MAX + 80];

    for (unsigned i = 0; i < config_num(cfg, "hub", 0, "clusters"); i++) {
        if (p->playback.frames[PORT_CLUSTER + i])
            continue;
        snprintf(text, sizeof(text), "No frames for cluster %u: it takes %s or c%u\n", i + 1,
                 config_text(cfg, "cluster", i + 1, "link"), i + 1);
        out(arg, text);
    }
}

void explain_log_head(const struct played *p, const struct config *cfg, const char *path,
                      void (*out)(void *arg, const char *text), void *arg)
{
    char text[160];

    out(arg, path);
    snprintf(text, sizeof(text), " after %s s (%s); the hub began with the log\n", stamp(p->span).s,
             stamp(p->playback.begin + p->span).s);
    out(arg, text);
    tell_unused(&p->playback, out, arg);
    tell_silent(p, cfg, out, arg);
}
