/* The engine: stores the latest frame of each id, reads it with the protocol in use, and reads
 * all of them again, each with its own time, when the protocol becomes another. */
#include "intake/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/evidence.h"

#define SLOTS_MAX 48
#define NO_SLOT 0xFF
#define NO_ROW 0xFF
#define UNDECIDED_US 2500000 /* after the first known frame "auto" decides with what it has */
#define THIN_US 25000000     /* in a new life so little does not outweigh what it was before */
#define NEW_LIFE_US 60000000 /* silent for longer: it may be another battery */
#define GOOD_IN_A_ROW 3      /* frames in rhythm after which an optional part is expected */
#define HINTS 3              /* frames with the same news that make a better decision */
#define HINT_US 150000000    /* the slowest frame known comes every 60 s: BYD's name */
#define BAD_IN_A_ROW 3       /* rejected frames after which limits do not hold any longer */

/* What is kept for one id. */
struct slot {
    uint32_t id;
    uint8_t row; /* first row in the protocol in use, or NO_ROW */
    bool seen, good_once, says_clear, judged;
    bool kept;         /* `good` holds a frame, of whatever protocol */
    struct frame raw;  /* the latest received */
    struct frame good; /* the latest accepted */
    mono_us at, good_at;
    uint64_t alarm[TIER_COUNT];
    uint32_t received, rejected;
    uint8_t streak; /* good ones in rhythm, up to GOOD_IN_A_ROW; it stays there */
    uint8_t hints;  /* frames in a row that would be new evidence */
    uint32_t bad;   /* rejected since the last good one */
    bool no_limits; /* too many of them: its limits count as reported invalid */
};

struct intake {
    const struct protocol *protocol; /* NULL: undecided */
    bool is_auto;
    enum intake_sign sign;
    struct slot slot[SLOTS_MAX];
    unsigned n_slots;
    uint8_t slot_of[0x800];
    struct evidence evidence;
    bool alive;
    bool decided; /* in this life, by evidence */
    mono_us first_known, last_known;
    uint64_t rx, unknown, rejected;
    struct battery battery;
    struct module modules[MAX_MODULES];
    struct frames_clock clock;
    char decision[80];
    unsigned decisions;
};

const char *const intake_protocols[] = {
    "auto",    "pylontech", "pylontech-v2", "victron",  "byd-lvs", "sma",
    "deye-dy", "luxpower",  "hybrid-li",    "discover", NULL,
};

/* As an inverter would: "0x305, eight bytes 0, each second" (Pylontech V1.2, SEPLOS, Luxpower;
 * a Deye pack takes zeros for a clock that is not set). */
static const struct frame_spec keep_alive = {.id = 0x305, .len = 8, .every_ms = 1000};

/* --- ids --- */

static void know(struct intake *in, uint32_t id)
{
    if (in->slot_of[id] != NO_SLOT || in->n_slots == SLOTS_MAX)
        return;
    in->slot_of[id] = (uint8_t)in->n_slots;
    in->slot[in->n_slots++].id = id;
}

static void know_all(struct intake *in)
{
    static const uint16_t only_evidence[] = {0x35B, 0x399}; /* events of 0x35B: not used */

    memset(in->slot_of, NO_SLOT, sizeof(in->slot_of));
    for (unsigned p = 0; p < n_protocols; p++)
        for (unsigned r = 0; r < protocols[p].n_rows; r++)
            know(in, protocols[p].rows[r].spec.id);
    for (unsigned i = 0; i < sizeof(only_evidence) / sizeof(only_evidence[0]); i++)
        know(in, only_evidence[i]);
}

static struct slot *slot_find(struct intake *in, const struct frame *f)
{
    if (f->ext || f->id >= sizeof(in->slot_of) || in->slot_of[f->id] == NO_SLOT)
        return NULL;
    return &in->slot[in->slot_of[f->id]];
}

/* --- reading --- */

/* The row that reads this frame: the last of its id when none claims it. */
static const struct row *row_for(const struct protocol *p, unsigned first, const struct frame *f)
{
    const struct row *row = &p->rows[first];
    const struct row *end = p->rows + p->n_rows;

    while (row->fits && !row->fits(f) && row + 1 < end && row[1].spec.id == f->id)
        row++;
    return row;
}

/* A part that came once and never again must not make the battery stale for ever. */
static bool in_control(const struct intake *in, const struct slot *s)
{
    enum part part = s->row == NO_ROW ? ASIDE : in->protocol->rows[s->row].part;

    return part == MANDATORY || (part == ONCE_SEEN && s->good_once && s->streak == GOOD_IN_A_ROW);
}

static bool read_peer(const void *ctx, uint32_t id, struct frame_news *out)
{
    const struct intake *in = (const struct intake *)ctx;
    const struct slot *s = &in->slot[in->slot_of[id]];

    if (s->no_limits && in_control(in, s))
        return frames_no_limits(&in->protocol->rows[s->row].spec, out);
    return s->good_once && s->row != NO_ROW &&
           frames_read(&row_for(in->protocol, s->row, &s->good)->spec, &s->good, out) == HUB_OK;
}

static void turn_current(const struct intake *in, struct frame_news *news)
{
    bool turned = in->sign == INTAKE_SIGN_AUTO ? in->protocol->discharge_positive
                                               : in->sign == INTAKE_SIGN_MINUS;

    for (unsigned i = 0; turned && i < news->n; i++)
        if (news->value[i].sig == SIG_CURRENT)
            news->value[i].value = -news->value[i].value;
}

/* The same alarm may come in two frames (0x359 and 0x35A): neither clears the other's. */
static void put_alarms(struct intake *in, struct slot *s, const struct frame_news *news, mono_us at)
{
    s->says_clear |= news->says_clear;
    for (unsigned t = 0; t < TIER_COUNT; t++) {
        uint64_t off = news->off[t], all = 0;

        if (!(news->on[t] | off | news->idle[t]))
            continue;
        if (in->protocol->idle_clears && !s->says_clear)
            off |= news->idle[t];
        s->alarm[t] = (s->alarm[t] & ~off) | news->on[t];
        for (unsigned i = 0; i < in->n_slots; i++)
            all |= in->slot[i].alarm[t];
        alarms_put(&in->battery.a, (enum tier)t, ~UINT64_C(0), all, at);
    }
}

static void count(struct intake *in)
{
    signal_set(&in->battery.s, SIG_FRAMES_RX, (int64_t)in->rx, in->last_known);
    signal_set(&in->battery.s, SIG_FRAMES_UNKNOWN, (int64_t)in->unknown, in->last_known);
    signal_set(&in->battery.s, SIG_FRAMES_REJECTED, (int64_t)in->rejected, in->last_known);
}

static void reject(struct intake *in, struct slot *s)
{
    if (s->judged)
        return; /* read again after a decision: counted already */
    s->rejected++;
    s->bad++;
    in->rejected++;
}

static void zero_limits(struct intake *in, struct slot *s)
{
    struct frame_news none;

    if (!frames_no_limits(&in->protocol->rows[s->row].spec, &none))
        return;
    s->no_limits = true;
    frames_put(&none, s->at, &in->battery);
    put_alarms(in, s, &none, s->at);
}

/* One bad frame changes nothing. A battery that keeps saying "0 A" beside an impossible CVL must
 * not be given its last limits, nor leave them to its ghost. */
static void doubt_limits(struct intake *in, struct slot *s)
{
    if (s->bad >= BAD_IN_A_ROW && in_control(in, s))
        zero_limits(in, s);
}

static bool readable(const struct intake *in, const struct slot *s, const struct frame *f)
{
    struct frame_news news;

    return frames_read(&row_for(in->protocol, s->row, f)->spec, f, &news) == HUB_OK;
}

static mono_us stale_after(mono_us period)
{
    return mono_max(MONO_S(3), period * 5 / 2);
}

static void count_streak(const struct intake *in, struct slot *s)
{
    mono_us period = MONO_MS(in->protocol->rows[s->row].spec.every_ms);

    if (s->streak == GOOD_IN_A_ROW)
        return;
    if (!s->good_once || mono_since(s->at, s->good_at) > stale_after(period))
        s->streak = 0;
    s->streak++;
}

static void take(const struct intake *in, struct slot *s)
{
    if (!s->judged || !s->good_once)
        count_streak(in, s);
    s->good = s->raw;
    s->good_at = s->at;
    s->kept = s->good_once = true;
    s->bad = 0;
}

/* Puts what the last good frame says into the battery, as received then. */
static void believe(struct intake *in, struct slot *s)
{
    const struct peers peers = {read_peer, in};
    const struct row *row = row_for(in->protocol, s->row, &s->good);
    struct frame_news news;

    if (frames_read(&row->spec, &s->good, &news) != HUB_OK)
        return;
    if (row->edit)
        row->edit(&news, &peers);
    turn_current(in, &news);
    if (s->no_limits) /* not every row clears it by itself */
        news.off[TIER_WARNING] |= ALARM_BIT(LIMIT_INVALID);
    frames_put(&news, s->good_at, &in->battery);
    put_alarms(in, s, &news, s->good_at);
}

static bool says(const struct frame_news *news, enum signal sig, bool known)
{
    for (unsigned i = 0; i < news->n; i++)
        if (news->value[i].sig == sig && news->value[i].known == known)
            return true;
    return false;
}

/* Says that voltage, current or SOC is not available: one such frame is as good as a lost one. */
static bool says_nothing(const struct intake *in, const struct slot *s)
{
    static const enum signal core[] = {SIG_VOLTAGE, SIG_CURRENT, SIG_SOC};
    struct frame_news news;

    frames_read(&row_for(in->protocol, s->row, &s->raw)->spec, &s->raw, &news);
    for (unsigned i = 0; i < sizeof(core) / sizeof(core[0]); i++)
        if (says(&news, core[i], false) && !says(&news, core[i], true))
            return true;
    return false;
}

static void read_slot(struct intake *in, struct slot *s)
{
    if (!in->protocol || s->row == NO_ROW)
        return;
    if (!readable(in, s, &s->raw)) {
        reject(in, s);
        doubt_limits(in, s);
    } else if (!s->good_once || !says_nothing(in, s)) {
        take(in, s);
        believe(in, s);
        s->no_limits = false;
    }
    s->judged = true;
}

/* --- deciding --- */

/* The slot with the oldest good frame that is not done, or NULL. */
static struct slot *oldest(struct intake *in, const bool done[SLOTS_MAX])
{
    struct slot *first = NULL;

    for (unsigned i = 0; i < in->n_slots; i++)
        if (!done[i] && (!first || in->slot[i].good_at < first->good_at))
            first = &in->slot[i];
    return first;
}

/* Whether the protocol in use can read the last frame, or else the last that was good before.
 * Sets what is left to be believed. */
static bool judge_again(struct intake *in, struct slot *s)
{
    s->says_clear = false;
    memset(s->alarm, 0, sizeof(s->alarm));
    s->good_once = s->good_once && s->row != NO_ROW && readable(in, s, &s->good);
    if (s->row == NO_ROW) {
        s->streak = 0;
        return false;
    }
    if (s->seen && readable(in, s, &s->raw)) {
        take(in, s);
        s->no_limits = false;
    } else if (s->seen) {
        reject(in, s);
    }
    s->judged = s->seen;
    if (!s->good_once)
        s->streak = 0;
    return s->kept || s->no_limits;
}

static void read_all_again(struct intake *in)
{
    bool done[SLOTS_MAX] = {false};

    memset(&in->battery, 0, sizeof(in->battery));
    for (unsigned i = 0; i < in->n_slots; i++)
        done[i] = !judge_again(in, &in->slot[i]);
    for (struct slot *s = oldest(in, done); s; s = oldest(in, done)) {
        done[s - in->slot] = true;
        if (s->kept)
            believe(in, s);
        if (s->no_limits)
            zero_limits(in, s);
    }
}

static void decide(struct intake *in, const struct protocol *p, const char *why)
{
    if (in->protocol == p)
        return;
    in->protocol = p;
    in->decisions++;
    snprintf(in->decision, sizeof(in->decision), "%s: %s", p->key, why);
    for (unsigned i = 0; i < in->n_slots; i++)
        in->slot[i].row = NO_ROW;
    for (unsigned r = p->n_rows; r-- > 0;)
        in->slot[in->slot_of[p->rows[r].spec.id]].row = (uint8_t)r;
    read_all_again(in);
    snprintf(in->battery.t.value[TEXT_PROTOCOL], TEXT_MAX + 1, "%s", p->key);
}

static void decide_by_evidence(struct intake *in)
{
    const char *why = NULL;
    const struct protocol *p = evidence_choose(&in->evidence, &why);

    in->decided = true;
    decide(in, p, why);
}

static bool waited_enough(const struct intake *in, mono_us now)
{
    return in->alive && mono_since(now, in->first_known) >= (in->protocol ? THIN_US : UNDECIDED_US);
}

/* What was decided stays until there is better evidence, and one stray or broken frame is none. */
static bool believable(const struct intake *in, struct slot *s, mono_us before)
{
    if (!in->decided)
        return true;
    if (s->hints && mono_since(s->at, before) > HINT_US)
        s->hints = 0;
    s->hints = evidence_is_news(&in->evidence, &s->raw) ? (uint8_t)(s->hints + 1) : 0;
    return s->hints >= HINTS;
}

static void consider(struct intake *in, struct slot *s, mono_us before)
{
    bool is_new = evidence_rhythm(&in->evidence, &s->raw, s->at);

    if (believable(in, s, before)) {
        is_new |= evidence_is_news(&in->evidence, &s->raw);
        evidence_add(&in->evidence, &s->raw);
        s->hints = 0;
    }
    if (in->decided ? is_new : evidence_is_full(&in->evidence) || waited_enough(in, s->at))
        decide_by_evidence(in);
}

/* A battery that was away for long may be another one: its parts and its evidence must come
 * anew. What the old one said last stays until then, for its ghost. */
static void begin_life(struct intake *in, mono_us now)
{
    memset(&in->evidence, 0, sizeof(in->evidence));
    in->first_known = now;
    in->alive = true;
    in->decided = false;
    for (unsigned i = 0; i < in->n_slots; i++) {
        struct slot *s = &in->slot[i];

        s->seen = s->good_once = s->judged = false;
        s->streak = s->hints = 0;
        s->bad = 0;
    }
}

/* --- the doors --- */

struct intake *intake_new(const char *protocol, enum intake_sign sign, mono_us now)
{
    const struct protocol *p = protocol_find(protocol);
    bool is_auto = strcmp(protocol, "auto") == 0;
    struct intake *in = p || is_auto ? (struct intake *)calloc(1, sizeof(*in)) : NULL;

    if (!in)
        return NULL;
    in->is_auto = is_auto;
    in->sign = sign;
    know_all(in);
    frames_start(&in->clock, &keep_alive, 1, now);
    if (p)
        decide(in, p, "configured");
    count(in);
    return in;
}

void intake_free(struct intake *in)
{
    free(in);
}

static void rx_known(struct intake *in, struct slot *s, const struct frame *f, mono_us now)
{
    mono_us before = s->at;

    if (!in->alive || mono_since(now, in->last_known) > NEW_LIFE_US)
        begin_life(in, now);
    in->last_known = now;
    s->received++;
    s->raw = *f;
    memset(s->raw.data + (f->len < 8 ? f->len : 8), 0, f->len < 8 ? 8u - f->len : 0);
    s->at = now;
    s->seen = true;
    s->judged = false;
    if (in->is_auto)
        consider(in, s, before);
    if (!s->judged)
        read_slot(in, s);
}

void intake_rx(struct intake *in, const struct frame *f, mono_us now)
{
    struct slot *s = slot_find(in, f);

    in->rx++;
    if (s)
        rx_known(in, s, f, now);
    else
        in->unknown++;
    count(in);
}

void intake_set_time(struct intake *in, mono_us now)
{
    if (in->is_auto && !in->protocol && waited_enough(in, now)) {
        decide_by_evidence(in);
        count(in);
    }
}

bool intake_tx(struct intake *in, mono_us now, struct frame *out)
{
    return frames_next(&in->clock, &keep_alive, 1, &in->battery, UNKNOWN_DEFAULT, now, out);
}

mono_us intake_deadline(const struct intake *in)
{
    mono_us next = frames_deadline(&in->clock, 1);

    if (in->is_auto && !in->protocol && in->alive)
        next = mono_min(next, in->first_known + UNDECIDED_US);
    return next;
}

const struct battery *intake_battery(const struct intake *in)
{
    return &in->battery;
}

const struct module *intake_modules(const struct intake *in)
{
    return in->modules; /* this family shows none */
}

static bool has_core(const struct signals *s)
{
    return signal_known(s, SIG_VOLTAGE) && signal_known(s, SIG_CURRENT) && signal_known(s, SIG_SOC);
}

/* A good frame may say that voltage, current or SOC is not available. */
static bool lacks_core(const struct intake *in, const struct slot *s)
{
    const struct frame_spec *spec = &row_for(in->protocol, s->row, &s->good)->spec;

    for (unsigned i = 0; i < spec->n_fields; i++) {
        enum signal sig = spec->fields[i].sig;

        if (spec->fields[i].kind == FIELD_NUMBER && !signal_known(&in->battery.s, sig) &&
            (sig == SIG_VOLTAGE || sig == SIG_CURRENT || sig == SIG_SOC))
            return true;
    }
    return false;
}

static void wait_for(struct intake_control *out, const struct slot *s)
{
    out->waits_for = s->id;
    out->rejected = s->bad;
}

static void control_add(struct intake_control *out, const struct slot *s, mono_us period)
{
    mono_us until = s->good_at + stale_after(period);

    if (until < out->fresh_until && out->complete)
        wait_for(out, s);
    out->oldest = mono_min(out->oldest, s->good_at);
    out->fresh_until = mono_min(out->fresh_until, until);
    out->period = mono_max(out->period, period);
}

void intake_control(const struct intake *in, struct intake_control *out)
{
    *out = (struct intake_control){.oldest = MONO_NEVER, .fresh_until = MONO_NEVER};
    out->complete = in->protocol;
    for (unsigned i = 0; i < in->n_slots && in->protocol; i++) {
        const struct slot *s = &in->slot[i];

        if (!in_control(in, s))
            continue;
        if (out->complete && (!s->good_once || lacks_core(in, s))) {
            out->complete = false;
            wait_for(out, s);
        }
        if (s->good_once)
            control_add(out, s, MONO_MS(in->protocol->rows[s->row].spec.every_ms));
    }
    out->complete = out->complete && has_core(&in->battery.s);
    if (out->oldest == MONO_NEVER)
        out->oldest = out->fresh_until = 0;
}

const char *intake_decision(const struct intake *in, unsigned *changed)
{
    *changed = in->decisions;
    return in->protocol ? in->decision : NULL;
}

bool intake_id_count(const struct intake *in, unsigned i, struct intake_id_count *out)
{
    if (i >= in->n_slots)
        return false;
    out->id = in->slot[i].id;
    out->received = in->slot[i].received;
    out->rejected = in->slot[i].rejected;
    return true;
}
