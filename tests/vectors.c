/* Plays a vector: frames in and signals out (intake), or signals in and frames out (dialects).
 *
 *     intake byd-lvs              a protocol of intake/, "auto" too; a second word pins the sign
 *     capture ../captures/c7.log  feeds a candump log, relative to the vector, all at one moment
 *     rx 351#480200050005AE01     feeds a frame
 *     after 1000                  lets milliseconds pass
 *     expect soc 6700             a signal, in the unit of signals.def
 *     unknown capacity
 *     alarm protection CELL_HIGH on
 *     text maker BYD              to the end of the line
 *     protocol byd-lvs            what was decided; "none": nothing yet
 *     rejected 1                  frames rejected so far
 *     control fresh 5000          complete, and stale so many ms from now; or: control incomplete
 *
 *     dialect victron             a key or an alias of dialects/
 *     signal soc 4480
 *     forget soc
 *     alarm warning CELL_LOW on
 *     text cell_voltage_min_id 2
 *     rx 305#0000000000000000     the inverter says something
 *
 *     tx 351#1402...              what is said next (dialects: the hub; intake: to the battery)
 *     quiet                       nothing more is due now
 *
 * Lines that begin with # are comments. After a dialect's last line nothing may be due. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialects/dialect.h"
#include "intake/intake.h"
#include "wire/candump.h"

struct player {
    const char *path;
    mono_us now;
    struct intake *intake;
    bool speaking;
    struct speaker speaker;
    struct battery hub;
    char why[200];
};

static bool fail(struct player *p, const char *what, long long got)
{
    snprintf(p->why, sizeof(p->why), "%s %lld", what, got);
    return false;
}

static bool parse_frame(struct player *p, const char *word, struct frame *f)
{
    struct candump_entry e;
    const char *why = "no frame";
    char line[100];
    int n = snprintf(line, sizeof(line), "(0.000000) can0 %s", word);

    if (candump_line(line, (size_t)n, &e, &why) != CANDUMP_FRAME)
        return fail(p, why, 0);
    *f = e.frame;
    return true;
}

static const struct battery *seen(const struct player *p)
{
    return p->intake ? intake_battery(p->intake) : &p->hub;
}

/* --- lines --- */

static bool do_intake(struct player *p, char *args)
{
    char key[64], sign[8] = "auto";

    if (sscanf(args, "%63s %7s", key, sign) < 1)
        return fail(p, "which protocol?", 0);
    intake_free(p->intake);
    p->intake = intake_new(key,
                           strcmp(sign, "+") == 0   ? INTAKE_SIGN_PLUS
                           : strcmp(sign, "-") == 0 ? INTAKE_SIGN_MINUS
                                                    : INTAKE_SIGN_AUTO,
                           p->now);
    return p->intake || fail(p, "no such protocol", 0);
}

static bool do_dialect(struct player *p, char *args)
{
    const struct dialect *d = dialect_find(args);

    if (!d)
        return fail(p, "no such dialect", 0);
    speaker_init(&p->speaker, d, p->now);
    p->speaking = true;
    return true;
}

static bool do_rx(struct player *p, char *args)
{
    struct frame f;

    if (!parse_frame(p, args, &f))
        return false;
    if (p->intake)
        intake_rx(p->intake, &f, p->now);
    else if (p->speaking)
        return speaker_rx(&p->speaker, &f, p->now) || fail(p, "not an id of the inverter", f.id);
    return true;
}

static bool do_capture(struct player *p, char *args)
{
    char path[300], line[160];
    const char *slash = strrchr(p->path, '/'), *why = "";
    int dir = slash ? (int)(slash - p->path + 1) : 0;
    struct candump_entry e;
    unsigned n = 0;
    FILE *in;

    snprintf(path, sizeof(path), "%.*s%s", dir, p->path, args);
    in = p->intake ? fopen(path, "r") : NULL;
    if (!in)
        return fail(p, "cannot open it, or no intake", 0);
    while (fgets(line, sizeof(line), in)) {
        if (candump_line(line, strcspn(line, "\n"), &e, &why) != CANDUMP_FRAME)
            continue;
        intake_rx(p->intake, &e.frame, p->now);
        n++;
    }
    fclose(in);
    return n > 0 || fail(p, "no frame in it", 0);
}

static bool do_after(struct player *p, char *args)
{
    p->now += MONO_MS(strtoull(args, NULL, 10));
    if (p->intake)
        intake_set_time(p->intake, p->now);
    return true;
}

static bool do_expect(struct player *p, char *args)
{
    char name[64];
    long long want;
    enum signal id;

    if (sscanf(args, "%63s %lld", name, &want) != 2)
        return fail(p, "name and value", 0);
    id = signal_find(name);
    if (id == SIG_COUNT)
        return fail(p, "no such signal", 0);
    if (!signal_known(&seen(p)->s, id))
        return fail(p, "not known", 0);
    return seen(p)->s.value[id] == want || fail(p, "is", seen(p)->s.value[id]);
}

static bool do_unknown(struct player *p, char *args)
{
    enum signal id = signal_find(args);

    if (id == SIG_COUNT)
        return fail(p, "no such signal", 0);
    return !signal_known(&seen(p)->s, id) || fail(p, "is known as", seen(p)->s.value[id]);
}

static bool do_signal(struct player *p, char *args)
{
    char name[64];
    long long value;

    if (sscanf(args, "%63s %lld", name, &value) != 2 || signal_find(name) == SIG_COUNT)
        return fail(p, "no such signal", 0);
    return signal_set_checked(&p->hub.s, signal_find(name), value, p->now) ||
           fail(p, "outside its range", value);
}

static bool do_forget(struct player *p, char *args)
{
    if (signal_find(args) == SIG_COUNT)
        return fail(p, "no such signal", 0);
    signal_forget(&p->hub.s, signal_find(args));
    return true;
}

static int find_alarm(const char *name)
{
    for (int i = 0; i < ALARM_BITS; i++)
        if (alarm_info[i].name && strcmp(alarm_info[i].name, name) == 0)
            return i;
    return -1;
}

static bool do_alarm(struct player *p, char *args)
{
    static const char *const tiers[] = {"warning", "protection", "fault"};
    char tier[16], name[64], state[8] = "on";
    int bit, t = 0;
    bool on;

    if (sscanf(args, "%15s %63s %7s", tier, name, state) < 2)
        return fail(p, "tier and name", 0);
    while (t < TIER_COUNT && strcmp(tiers[t], tier) != 0)
        t++;
    bit = find_alarm(name);
    on = strcmp(state, "on") == 0;
    if (t == TIER_COUNT || bit < 0 || (!on && strcmp(state, "off") != 0))
        return fail(p, "no such tier, alarm or state", 0);
    if (!p->intake) {
        alarms_put(&p->hub.a, (enum tier)t, UINT64_C(1) << bit, (uint64_t)on << bit, p->now);
        return true;
    }
    return (seen(p)->a.active[t] >> bit & 1) == on ||
           fail(p, "active in this tier:", (long long)seen(p)->a.active[t]);
}

static bool do_no_alarms(struct player *p, char *args)
{
    (void)args;
    for (int t = 0; t < TIER_COUNT; t++)
        if (seen(p)->a.active[t])
            return fail(p, "active:", (long long)seen(p)->a.active[t]);
    return true;
}

static bool do_text(struct player *p, char *args)
{
    size_t len = strcspn(args, " ");
    const char *value = args[len] ? args + len + 1 : "";

    for (int i = 0; i < TEXT_COUNT; i++) {
        if (strlen(text_info[i].name) != len || strncmp(text_info[i].name, args, len) != 0)
            continue;
        if (!p->intake) {
            snprintf(p->hub.t.value[i], TEXT_MAX + 1, "%s", value);
            return true;
        }
        snprintf(p->why, sizeof(p->why), "is \"%s\"", seen(p)->t.value[i]);
        return strcmp(seen(p)->t.value[i], value) == 0;
    }
    return fail(p, "no such text", 0);
}

static bool do_protocol(struct player *p, char *args)
{
    unsigned changed;
    const char *is = p->intake ? intake_decision(p->intake, &changed) : NULL;
    size_t len = strlen(args);

    if (!is)
        is = "none:";
    snprintf(p->why, sizeof(p->why), "is %s", is);
    return strncmp(is, args, len) == 0 && is[len] == ':';
}

static bool do_rejected(struct player *p, char *args)
{
    long long is = signal_or(&seen(p)->s, SIG_FRAMES_REJECTED, -1);

    return is == strtoll(args, NULL, 10) || fail(p, "are", is);
}

static bool do_control(struct player *p, char *args)
{
    struct intake_control c;
    long long fresh = 0;

    if (!p->intake)
        return fail(p, "no intake", 0);
    intake_control(p->intake, &c);
    if (strcmp(args, "incomplete") == 0)
        return !c.complete || fail(p, "is complete", 0);
    if (sscanf(args, "fresh %lld", &fresh) != 1 || !c.complete)
        return fail(p, "is incomplete", 0);
    return c.fresh_until == p->now + MONO_MS(fresh) ||
           fail(p, "fresh ms:", ((long long)c.fresh_until - (long long)p->now) / 1000);
}

static bool next_frame(struct player *p, struct frame *f)
{
    return p->intake     ? intake_tx(p->intake, p->now, f)
           : p->speaking ? speaker_next(&p->speaker, &p->hub, p->now, f)
                         : false;
}

static void print_frame(const struct frame *f, char *out, size_t size)
{
    int n = snprintf(out, size, "%0*X#", f->ext ? 8 : 3, (unsigned)f->id);

    for (unsigned i = 0; i < f->len; i++)
        n += snprintf(out + n, size - (size_t)n, "%02X", f->data[i]);
}

static bool do_tx(struct player *p, char *args)
{
    struct frame f;
    char got[40] = "nothing";

    if (next_frame(p, &f))
        print_frame(&f, got, sizeof(got));
    snprintf(p->why, sizeof(p->why), "said %s", got);
    return strcmp(args, got) == 0;
}

static bool do_quiet(struct player *p, char *args)
{
    struct frame f;

    (void)args;
    if (!next_frame(p, &f))
        return true;
    print_frame(&f, p->why, sizeof(p->why));
    return false;
}

static const struct {
    const char *word;
    bool (*run)(struct player *p, char *args);
} lines[] = {
    {"intake",    do_intake   },
    {"dialect",   do_dialect  },
    {"rx",        do_rx       },
    {"capture",   do_capture  },
    {"after",     do_after    },
    {"expect",    do_expect   },
    {"unknown",   do_unknown  },
    {"signal",    do_signal   },
    {"forget",    do_forget   },
    {"alarm",     do_alarm    },
    {"no_alarms", do_no_alarms},
    {"text",      do_text     },
    {"protocol",  do_protocol },
    {"rejected",  do_rejected },
    {"control",   do_control  },
    {"tx",        do_tx       },
    {"quiet",     do_quiet    },
};

static bool play_line(struct player *p, char *line)
{
    size_t len = strcspn(line, " ");
    char *args = line + len + (line[len] ? 1 : 0);

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (strlen(lines[i].word) == len && strncmp(lines[i].word, line, len) == 0)
            return lines[i].run(p, args);
    return fail(p, "what is this?", 0);
}

static bool play(struct player *p, FILE *in)
{
    char line[200], copy[200];
    unsigned n = 0, checked = 0;

    while (fgets(line, sizeof(line), in)) {
        n++;
        line[strcspn(line, "\r\n")] = 0;
        if (line[0] == '#' || line[0] == 0)
            continue;
        snprintf(copy, sizeof(copy), "%s", line);
        p->why[0] = 0;
        if (!play_line(p, line)) {
            printf("%s:%u: %s: %s\n", p->path, n, copy, p->why);
            return false;
        }
        checked++;
    }
    if (!p->intake && !do_quiet(p, line)) {
        printf("%s: says more than the vector: %s\n", p->path, p->why);
        return false;
    }
    return checked > 0;
}

int main(int argc, char **argv)
{
    static struct player p;
    FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
    bool good;

    if (!in) {
        printf("usage: vectors FILE.vec\n");
        return 2;
    }
    p.path = argv[1];
    p.now = MONO_S(1000);
    good = play(&p, in);
    fclose(in);
    intake_free(p.intake);
    return good ? 0 : 1;
}
