#include "core/plausible.h"

#include <stddef.h>
#include <string.h>

#include "core/aggregate.h"

#define HELD_FOR 10 /* receptions: fault-catalogue's figure for a jump of scale */
#define ANOTHER_BATTERY MONO_S(60)
#define FLIPS_WITHIN MONO_S(10)
#define TWO_FOR MONO_S(30)
/* 1 V from a change of less than this would be more than 0.1 Ohm: no cluster has that, so the load
 * does not explain it. A load that pulses by more does. */
#define LOAD_mA 10000

static const enum signal signal_of[PLAUSIBLE_COUNT] = {
    [PLAUSIBLE_VOLTAGE] = SIG_VOLTAGE,          [PLAUSIBLE_CURRENT] = SIG_CURRENT,
    [PLAUSIBLE_CVL] = SIG_CHARGE_VOLTAGE_LIMIT, [PLAUSIBLE_DVL] = SIG_DISCHARGE_VOLTAGE_LIMIT,
    [PLAUSIBLE_CCL] = SIG_CHARGE_CURRENT_LIMIT, [PLAUSIBLE_DCL] = SIG_DISCHARGE_CURRENT_LIMIT,
};

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

/* ---- what can be ---- */

struct bounds {
    int64_t lo, hi;
    int64_t sum; /* profile x modules, of a current */
};

/* A battery of half the cells (24 V) stays inside: it is another matter, and the limits see to it.
 * The ends of the window are less than a factor of 4 apart, so that a jump of ten always leaves it.
 */
static struct bounds voltage_bounds(const struct profile *p)
{
    return (struct bounds){p->dvl_floor_mV / 2, (int64_t)p->cvl_max_mV * 5 / 4, 0};
}

static struct bounds current_bounds(int64_t module_mA, unsigned modules)
{
    int64_t sum = module_mA * (modules ? modules : 1);

    return (struct bounds){-10 * sum, 10 * sum, sum};
}

static struct bounds bounds_of(enum plausible_value which, const struct profile *p,
                               unsigned modules)
{
    int32_t ccl = p->module_ccl_mA, dcl = p->module_dcl_mA;
    struct bounds b = voltage_bounds(p);

    switch (which) { /* GCOVR_EXCL_BR_LINE: nothing outside of the enumeration */
    case PLAUSIBLE_CURRENT:
        return current_bounds(ccl > dcl ? ccl : dcl, modules);
    case PLAUSIBLE_CCL:
        return current_bounds(ccl, modules);
    case PLAUSIBLE_DCL:
        return current_bounds(dcl, modules);
    case PLAUSIBLE_DVL:
        b.lo = 0; /* a low one allows nothing: the profile's floor stands above it */
        return b;
    case PLAUSIBLE_VOLTAGE:
    case PLAUSIBLE_CVL:
    case PLAUSIBLE_COUNT:
        break;
    }
    return b;
}

/* A limit that comes back after a taper or a protection rises from little or nothing to all at
 * once, and a battery may be larger than its profile says. So a jump is what is more than twice the
 * profile and all that was believed before; and as long as less than an eighth of the profile was
 * ever allowed (10 A a module of 86 A), nobody knows what all is. */
static bool limit_jumped(const struct held *h, const struct bounds *b, int64_t v)
{
    int64_t all = h->most > b->sum ? h->most : b->sum;

    return 8 * h->most >= b->sum && v > 8 * h->good && v > 2 * all;
}

static bool is_odd(enum plausible_value which, const struct held *h, const struct bounds *b,
                   int64_t v)
{
    if (v < b->lo || v > b->hi)
        return true;
    if (!h->known)
        return false;
    if (which == PLAUSIBLE_DVL)
        return v * 10 <= h->good;
    return (which == PLAUSIBLE_CCL || which == PLAUSIBLE_DCL) && limit_jumped(h, b, v);
}

/* Out of its bounds on the side that allows less. */
static bool allows_less(enum plausible_value which, const struct bounds *b, int64_t v)
{
    return (which == PLAUSIBLE_CVL && v < b->lo) || (which == PLAUSIBLE_DVL && v > b->hi);
}

/* ---- held, then invalid ---- */

static void no_limit(struct battery *out, enum signal sig, mono_us at)
{
    signal_set(&out->s, sig, 0, at);
    out->a.active[TIER_WARNING] |= ALARM_BIT(LIMIT_INVALID);
}

/* What hangs on a value that is invalid. */
static void invalid(struct battery *out, enum plausible_value which, bool less, mono_us at)
{
    bool voltage = which == PLAUSIBLE_VOLTAGE;

    if (!less)
        signal_forget(&out->s, signal_of[which]);
    if (voltage || which == PLAUSIBLE_CVL || which == PLAUSIBLE_CCL)
        no_limit(out, SIG_CHARGE_CURRENT_LIMIT, at);
    if (voltage || which == PLAUSIBLE_DVL || which == PLAUSIBLE_DCL)
        no_limit(out, SIG_DISCHARGE_CURRENT_LIMIT, at);
}

static void believe(struct held *h, int64_t v, mono_us at)
{
    h->known = true;
    h->good = v;
    h->good_at = at;
    if (v > h->most)
        h->most = v;
    h->odd = 0;
}

/* Ten receptions, and no longer than any datum counts: BYD tells its voltage each 10 s. */
static bool may_be_held(const struct held *h, mono_us at)
{
    return h->known && h->odd <= HELD_FOR && mono_since(at, h->good_at) < DATUM_LIFE;
}

/* Judges one value and what `out` shall have of it. Returns whether it is odd. */
static bool judge(struct plausible *p, struct battery *out, enum plausible_value which,
                  const struct bounds *b, int64_t v, mono_us at)
{
    struct held *h = &p->held[which];
    bool less = allows_less(which, b, v), news = at != h->at;

    if (mono_since(at, h->at) > ANOTHER_BATTERY)
        *h = (struct held){.known = false};
    h->at = at;
    if (!is_odd(which, h, b, v)) {
        believe(h, v, at);
        return false;
    }
    h->odd += news && h->odd <= HELD_FOR;
    if (!less && may_be_held(h, at))
        signal_set(&out->s, signal_of[which], h->good, h->good_at);
    else
        invalid(out, which, less, at);
    return true;
}

/* The current limits first: those that hang on a voltage are made zero after. */
static bool judge_all(struct plausible *p, struct battery *out, const struct battery *told,
                      const struct profile *profile, unsigned modules)
{
    bool odd = false;

    for (unsigned i = PLAUSIBLE_COUNT; i-- > 0;) {
        enum plausible_value which = (enum plausible_value)i;
        enum signal sig = signal_of[which];
        struct bounds b = bounds_of(which, profile, modules);

        if (signal_known(&told->s, sig))
            odd |= judge(p, out, which, &b, told->s.value[sig], told->s.at[sig]);
    }
    return odd;
}

/* ---- two batteries on one port ---- */

/* Where a battery shows who it is, and how far apart two must be. MODULES comes from 0x359 and from
 * 0x372, which may count differently; MODULES_ONLINE from one of them. */
static const struct {
    enum signal sig; /* SIG_COUNT: letters */
    int64_t least;
} flip_info[FLIP_COUNT] = {
    [FLIP_SOC] = {SIG_SOC,            300 },
    [FLIP_VOLTAGE] = {SIG_VOLTAGE,        1000},
    [FLIP_MODULES] = {SIG_MODULES_ONLINE, 1   },
    [FLIP_FIRMWARE] = {SIG_FIRMWARE,       1   },
    [FLIP_SERIAL_HEAD] = {SIG_COUNT,          1   },
    [FLIP_SERIAL_TAIL] = {SIG_COUNT,          1   },
};

static bool alike(enum plausible_flip which, int64_t a, int64_t b)
{
    int64_t least = flip_info[which].least;

    return a == b || (least > 1 && magnitude(a - b) < least);
}

static bool load_explains(enum plausible_flip which, const struct flips *f, int64_t mA)
{
    return which == FLIP_VOLTAGE && magnitude(mA - f->mA) >= LOAD_mA;
}

/* It went back: whether it did so often enough. */
static bool note_flip(struct flips *f, mono_us at)
{
    for (unsigned i = 1; i < FLIPS; i++)
        f->flip[i - 1] = f->flip[i];
    f->flip[FLIPS - 1] = at;
    return f->flip[0] && mono_since(at, f->flip[0]) <= FLIPS_WITHIN;
}

/* Takes a reception. Returns whether two batteries are seen. */
static bool look(struct flips *f, enum plausible_flip which, int64_t v, int64_t mA, mono_us at)
{
    bool two = false;

    if (f->seen && at == f->at)
        return false;
    if (!f->seen || load_explains(which, f, mA)) {
        f->seen = 1;
    } else if (!alike(which, v, f->a)) {
        two = f->seen == 2 && alike(which, v, f->b) && note_flip(f, at);
        f->b = f->a;
        f->seen = 2;
    }
    f->a = v;
    f->mA = mA;
    f->at = at;
    return two;
}

/* Eight letters of a text as a number; 0: none. */
static int64_t letters(const char *text, unsigned from)
{
    size_t len = strnlen(text, TEXT_MAX);
    uint64_t v = 0;

    for (unsigned i = from; i < from + 8; i++)
        v = v << 8 | (i < len ? (unsigned char)text[i] : 0u);
    return (int64_t)v;
}

static void look_at_all(struct plausible *p, const struct battery *told, mono_us now)
{
    const char *serial = told->t.value[TEXT_SERIAL];
    int64_t mA = signal_or(&told->s, SIG_CURRENT, 0);
    bool two = false;

    for (unsigned i = 0; i < FLIP_COUNT; i++) {
        enum plausible_flip which = (enum plausible_flip)i;
        enum signal sig = flip_info[which].sig;
        int64_t word = letters(serial, which == FLIP_SERIAL_TAIL ? 8 : 0);

        if (sig == SIG_COUNT) /* nobody tells when letters came */
            two |= word && look(&p->flips[which], which, word, mA, now);
        else if (signal_known(&told->s, sig))
            two |= look(&p->flips[which], which, told->s.value[sig], mA, told->s.at[sig]);
    }
    if (two)
        p->two_until = now + TWO_FOR;
}

bool plausible_run(struct plausible *p, struct battery *out, const struct battery *told,
                   const struct profile *profile, unsigned modules, mono_us now)
{
    *out = *told;
    look_at_all(p, told, now);
    return judge_all(p, out, told, profile, modules);
}

bool plausible_two(const struct plausible *p, mono_us now)
{
    return now < p->two_until;
}

mono_us plausible_due(const struct plausible *p, mono_us now)
{
    return plausible_two(p, now) ? p->two_until : MONO_NEVER;
}
