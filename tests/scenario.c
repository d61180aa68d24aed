/* Plays a scenario against the whole hub in simulated time.
 *
 *     config [hub] clusters = 2     before anything else; may repeat
 *     play c1 c2.log                a candump log, one pass a second, from now on
 *     mute c1 | unmute c1           the player of that port
 *     rx c1 351#1402C012            a frame arrives once (i1, i2: inverters)
 *     say c1 351#1402C012           a frame arrives each second from now on, in place of the
 *                                   player's frame of that id; "say c1 351" ends it
 *     link c1 DOWN                  a link state (all links are UP at the start)
 *     after 250                     milliseconds pass
 *     is hub.soc 9080               a signal; words of lists by name: is hub.state RUNNING
 *     known hub.soc | unknown hub.soc
 *     at_most hub.x 5 | at_least hub.x 5
 *     tx i1 351#40020000            the newest frame of that id sent to that port
 *     sent i1 351 3                 how many of them since the last "after"
 *     alarm hub warning MODULE_COUNT on     or cluster[2]; on, off, latched
 *     event cluster 1: JOINED -> STALE      a line that was told since the last "after"
 *     command SET_CCL 50000 OK      or RANGE; or "command SET_CCL 0 RELEASE": taken back
 *     confirm i1 off                frames to that port stay out unconfirmed from now on; on
 *     stop                          as SIGTERM does
 *
 * Time is 1 s at the start. A line that does not hold ends the run with its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "hub/hub.h"
#include "wire/candump.h"

#define MAX_FRAMES 32
#define MAX_TOLD 64

struct player {
    struct frame frame[MAX_FRAMES];
    unsigned n;
    bool muted;
    bool unconfirmed; /* frames to this port stay out */
    mono_us next;
};

struct heard { /* newest frame of an id on a port */
    struct frame frame;
    unsigned count;
};

struct run {
    char ini[2048];
    char dir[256];
    struct hub *hub;
    mono_us now;
    struct player player[PORT_COUNT];
    struct heard heard[PORT_COUNT][MAX_FRAMES];
    unsigned n_heard[PORT_COUNT];
    char told[MAX_TOLD][240];
    unsigned n_told;
    bool busy; /* a deadline lay in the past after a turn */
    unsigned asserted;
};

static bool port_named(const char *name, enum port *port)
{
    int n = name[0] && name[1] ? atoi(name + 1) : 0;

    *port = (enum port)(name[0] == 'i' ? PORT_INVERTER + n - 1 : PORT_CLUSTER + n - 1);
    return (name[0] == 'c' && n >= 1 && n <= MAX_CLUSTERS) ||
           (name[0] == 'i' && n >= 1 && n <= MAX_INVERTERS);
}

static bool parse_frame(const char *text, struct frame *f)
{
    char id[9] = "", hex[17] = "";

    if (sscanf(text, "%8[0-9A-Fa-f]#%16[0-9A-Fa-f]", id, hex) < 1 || strlen(hex) % 2)
        return false;
    *f = (struct frame){.id = (uint32_t)strtoul(id, NULL, 16), .ext = strlen(id) > 3};
    for (const char *h = hex; *h; h += 2) {
        char byte[3] = {h[0], h[1], '\0'};

        f->data[f->len++] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return true;
}

static void print_frame(const struct frame *f)
{
    printf("%0*X#", f->ext ? 8 : 3, (unsigned)f->id);
    for (unsigned i = 0; i < f->len; i++)
        printf("%02X", f->data[i]);
    printf("\n");
}

static void on_error(void *arg, const struct config_error *err)
{
    (void)arg;
    printf("  config line %d: %s\n", err->line, err->text);
}

static void on_warning(void *arg, const struct config_error *err)
{
    (void)arg, (void)err;
}

static void link_all(struct run *r)
{
    for (unsigned i = 0; i < PORT_COUNT; i++)
        hub_link(r->hub, (enum port)i, &(struct link_report){.state = LINK_UP, .why = ""});
}

static bool start(struct run *r)
{
    struct config *cfg;

    if (r->hub)
        return true;
    cfg = config_parse(r->ini, strlen(r->ini), on_error, on_warning, NULL);
    if (!cfg)
        return false;
    r->hub = hub_new(cfg, r->now);
    config_free(cfg);
    if (r->hub)
        link_all(r);
    return r->hub != NULL;
}

static void hear(struct run *r, unsigned port, const struct frame *f)
{
    struct heard *h = r->heard[port];

    for (unsigned i = 0; i < r->n_heard[port]; i++)
        if (h[i].frame.id == f->id && h[i].frame.ext == f->ext) {
            h[i].frame = *f;
            h[i].count++;
            return;
        }
    if (r->n_heard[port] < MAX_FRAMES)
        h[r->n_heard[port]++] = (struct heard){.frame = *f, .count = 1};
}

static void turn(struct run *r)
{
    struct frame f;
    struct event e;

    hub_set_time(r->hub, r->now);
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        struct player *p = &r->player[i];

        if (!p->n || r->now < p->next)
            continue;
        p->next = r->now + MONO_S(1);
        for (unsigned k = 0; k < p->n && !p->muted; k++)
            hub_rx(r->hub, (enum port)i, &p->frame[k]);
    }
    if (hub_wants_run(r->hub))
        hub_run(r->hub);
    for (unsigned i = 0; i < PORT_COUNT; i++)
        while (hub_tx(r->hub, (enum port)i, &f)) {
            hear(r, i, &f);
            if (!r->player[i].unconfirmed)
                hub_tx_done(r->hub, (enum port)i, true);
        }
    while (hub_event_out(r->hub, &e))
        if (r->n_told < MAX_TOLD)
            event_text(&e, r->told[r->n_told++], sizeof(r->told[0]));
}

static void pass(struct run *r, mono_us until)
{
    r->n_told = 0;
    for (unsigned i = 0; i < PORT_COUNT; i++)
        for (unsigned k = 0; k < r->n_heard[i]; k++)
            r->heard[i][k].count = 0;
    for (;;) {
        mono_us next = hub_deadline(r->hub);

        turn(r);
        for (unsigned i = 0; i < PORT_COUNT; i++)
            if (r->player[i].n)
                next = mono_min(next, r->player[i].next);
        if (hub_deadline(r->hub) <= r->now) {
            printf("  the hub wants another turn at once: it would keep its thread busy\n");
            r->busy = true;
        }
        next = mono_max(next, r->now + 1000);
        if (next > until)
            break;
        r->now = next;
    }
    r->now = until;
    turn(r);
}

static bool play(struct run *r, enum port port, const char *file)
{
    struct player *p = &r->player[port];
    char path[600], line[200];
    FILE *in;

    snprintf(path, sizeof(path), "%s/../captures/%s", r->dir, file);
    in = fopen(path, "r");
    p->n = 0;
    p->next = r->now;
    while (in && fgets(line, sizeof(line), in)) {
        struct candump_entry got;
        const char *why;

        if (candump_line(line, strcspn(line, "\n"), &got, &why) == CANDUMP_FRAME &&
            p->n < MAX_FRAMES)
            p->frame[p->n++] = got.frame;
    }
    if (in)
        fclose(in);
    return p->n > 0;
}

static bool say(struct run *r, enum port port, const char *text)
{
    struct player *p = &r->player[port];
    struct frame f;
    unsigned at = 0;

    if (!parse_frame(text, &f))
        return false;
    while (at < p->n && p->frame[at].id != f.id)
        at++;
    if (!strchr(text, '#')) {
        if (at < p->n)
            p->frame[at] = p->frame[--p->n];
        return true;
    }
    if (at == MAX_FRAMES)
        return false;
    if (at == p->n)
        p->n++;
    p->frame[at] = f;
    if (p->n == 1)
        p->next = r->now;
    return true;
}

static int64_t code_of(const struct word *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].code;
    return -1;
}

static bool number_of(const char *path, enum signal sig, const char *text, int64_t *out)
{
    char *end;

    *out = strtoll(text, &end, 10);
    if (end != text)
        return true;
    if (sig == SIG_STATE && strncmp(path, "hub.", 4) == 0)
        *out = code_of(hub_states, n_hub_states, text);
    else if (sig == SIG_STATE)
        *out = code_of(cluster_states, n_cluster_states, text);
    else if (sig == SIG_LINK_STATE)
        *out = code_of(link_states, n_link_states, text);
    else
        *out = code_of(reasons, n_reasons, text);
    return *out >= 0;
}

static bool check_signal(struct run *r, const char *word, const char *path, const char *text)
{
    enum signal sig = SIG_COUNT;
    const struct signals *s = snapshot_find(hub_snapshot(r->hub), path, &sig);
    int64_t want = 0;
    bool good;

    if (!s)
        return false;
    if (strcmp(word, "unknown") == 0 || strcmp(word, "known") == 0)
        return signal_known(s, sig) == (word[0] == 'k');
    if (!number_of(path, sig, text, &want))
        return false;
    if (strcmp(word, "at_most") == 0)
        good = s->value[sig] <= want;
    else if (strcmp(word, "at_least") == 0)
        good = s->value[sig] >= want;
    else
        good = s->value[sig] == want;
    good = good && signal_known(s, sig);
    if (!good)
        printf("  it is %lld%s\n", (long long)s->value[sig],
               signal_known(s, sig) ? "" : " (unknown)");
    return good;
}

static bool check_alarm(struct run *r, const char *place, const char *tier_name, const char *name,
                        const char *what)
{
    static const char *const tiers[TIER_COUNT] = {"warning", "protection", "fault"};
    const struct snapshot *snap = hub_snapshot(r->hub);
    const struct alarms *a = &snap->hub.a;
    unsigned n = 0;

    if (sscanf(place, "cluster[%u]", &n) == 1 && n >= 1 && n <= MAX_CLUSTERS)
        a = &snap->cluster[n - 1].a;
    for (unsigned tier = 0; tier < TIER_COUNT; tier++)
        for (unsigned bit = 0; bit < ALARM_BITS; bit++) {
            if (strcmp(tiers[tier], tier_name) != 0 || !alarm_info[bit].name ||
                strcmp(alarm_info[bit].name, name) != 0)
                continue;
            if (strcmp(what, "latched") == 0)
                return a->latched[tier] >> bit & 1;
            return (a->active[tier] >> bit & 1) == (strcmp(what, "on") == 0);
        }
    return false;
}

static bool check_tx(struct run *r, enum port port, const char *text)
{
    struct frame want;

    if (!parse_frame(text, &want))
        return false;
    for (unsigned i = 0; i < r->n_heard[port]; i++) {
        const struct frame *f = &r->heard[port][i].frame;

        if (f->id != want.id || f->ext != want.ext)
            continue;
        if (f->len == want.len && memcmp(f->data, want.data, f->len) == 0)
            return true;
        printf("  sent ");
        print_frame(f);
        return false;
    }
    printf("  never sent\n");
    return false;
}

static bool check_sent(struct run *r, enum port port, const char *id, unsigned count)
{
    for (unsigned i = 0; i < r->n_heard[port]; i++)
        if (r->heard[port][i].frame.id == strtoul(id, NULL, 16)) {
            if (r->heard[port][i].count != count)
                printf("  sent %u times\n", r->heard[port][i].count);
            return r->heard[port][i].count == count;
        }
    return count == 0;
}

static bool check_event(struct run *r, const char *text)
{
    for (unsigned i = 0; i < r->n_told; i++)
        if (strstr(r->told[i], text))
            return true;
    for (unsigned i = 0; i < r->n_told; i++)
        printf("  told: %s\n", r->told[i]);
    return false;
}

static bool command(struct run *r, const char *name, long long value, const char *want)
{
    struct hub_order order = {.ticket = 7, .value = value, .release = strcmp(want, "RELEASE") == 0};
    struct hub_answer answer;

    order.command = (enum command)code_of(commands, n_commands, name);
    if (hub_command(r->hub, &order) != HUB_OK || !hub_result(r->hub, &answer))
        return false;
    return answer.ticket == 7 &&
           answer.status == (strcmp(want, "RANGE") == 0 ? HUB_ERANGE : HUB_OK);
}

static bool step_port(struct run *r, const char *line)
{
    char word[16] = "", name[8] = "", rest[120] = "";
    unsigned count = 0;
    enum port port;

    if (sscanf(line, "%15s %7s %119s %u", word, name, rest, &count) < 2 || !port_named(name, &port))
        return false;
    if (strcmp(word, "play") == 0)
        return play(r, port, rest);
    if (strcmp(word, "say") == 0)
        return say(r, port, rest);
    if (strcmp(word, "mute") == 0 || strcmp(word, "unmute") == 0) {
        r->player[port].muted = word[0] == 'm';
        return true;
    }
    if (strcmp(word, "confirm") == 0) {
        r->player[port].unconfirmed = strcmp(rest, "off") == 0;
        if (!r->player[port].unconfirmed)
            hub_tx_done(r->hub, port, true);
        return true;
    }
    if (strcmp(word, "tx") == 0)
        return check_tx(r, port, rest);
    if (strcmp(word, "sent") == 0)
        return check_sent(r, port, rest, count);
    if (strcmp(word, "link") == 0) {
        hub_link(
            r->hub, port,
            &(struct link_report){
                .state = (enum link_state)code_of(link_states, n_link_states, rest), .why = ""});
        return true;
    }
    if (strcmp(word, "rx") == 0) {
        struct frame f;

        if (!parse_frame(rest, &f))
            return false;
        hub_rx(r->hub, port, &f);
        turn(r);
        return true;
    }
    return false;
}

static bool step(struct run *r, const char *line)
{
    char a[40] = "", b[80] = "", c[80] = "", d[40] = "", e[40] = "";
    unsigned ms;

    if (sscanf(line, "config [%39[a-z.0-9]] %79[^\n]", a, b) == 2) {
        size_t n = strlen(r->ini);

        if (strstr(r->ini, a) == NULL || strncmp(strrchr(r->ini, '[') + 1, a, strlen(a)) != 0)
            n += (size_t)snprintf(r->ini + n, sizeof(r->ini) - n, "[%s]\n", a);
        snprintf(r->ini + n, sizeof(r->ini) - n, "%s\n", b);
        return !r->hub;
    }
    if (!start(r))
        return false;
    if (sscanf(line, "after %u", &ms) == 1) {
        pass(r, r->now + MONO_MS(ms));
        return !r->busy;
    }
    if (strncmp(line, "stop", 4) == 0) {
        hub_stop(r->hub);
        turn(r);
        return true;
    }
    r->asserted += strncmp(line, "is ", 3) == 0 || strncmp(line, "tx ", 3) == 0;
    if (sscanf(line, "event %79[^\n]", b) == 1)
        return check_event(r, b);
    if (sscanf(line, "%39s %79s %79s %39s %39s", a, b, c, d, e) < 2)
        return false;
    if (strcmp(a, "alarm") == 0)
        return check_alarm(r, b, c, d, e);
    if (strcmp(a, "command") == 0)
        return command(r, b, atoll(c), d);
    if (strchr(b, '.'))
        return check_signal(r, a, b, c);
    return step_port(r, line);
}

int main(int argc, char **argv)
{
    static struct run r = {.now = MONO_S(1)};
    FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
    char line[200];
    bool good = in != NULL;

    if (in) {
        const char *slash = strrchr(argv[1], '/');

        snprintf(r.dir, sizeof(r.dir), "%.*s", slash ? (int)(slash - argv[1]) : 1,
                 slash ? argv[1] : ".");
    }
    for (int n = 1; good && fgets(line, sizeof(line), in); n++) {
        char *hash = strstr(line, "  #");

        if (hash)
            *hash = '\0';
        if (line[0] == '#' || line[0] == '\n')
            continue;
        good = step(&r, line);
        if (!good)
            printf("%s:%d: t=%.3f s: %s\n", argv[1], n, (double)r.now / 1e6, line);
    }
    if (in)
        fclose(in);
    hub_free(r.hub);
    if (good && !r.asserted)
        printf("%s asserts nothing\n", argv[1]);
    return good && r.asserted ? 0 : 1;
}
