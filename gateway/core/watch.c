#include "core/watch.h"

#include <stddef.h>

#define SIGN_FOR MONO_S(300)
#define SIGN_mA 10000
/* The noise of a measurement, and of a SOC that a BMS corrects a little. */
#define VOLTAGE_NOISE_mV 100
#define SOC_NOISE 20 /* 0.2 % */
/* LFP cells relax for many minutes after a heavier current: what begins the five minutes has to be
 * ten minutes after it. */
#define QUARTER MONO_S(900)
#define STILL_FOR MONO_S(600)
#define STILL_mA 5000

#define NOT_TOLD INT64_MIN

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

static int64_t told(const struct part *p, enum signal sig)
{
    return signal_or(&p->b->s, sig, NOT_TOLD);
}

/* ---- sign ---- */

/* +1 up, -1 down, 0 within the noise or not known. */
static int moved(int64_t from, int64_t to, int64_t noise)
{
    if (from == NOT_TOLD || to == NOT_TOLD || magnitude(to - from) <= noise)
        return 0;
    return to > from ? 1 : -1;
}

static void note_peak(struct watch *w, int64_t mA, mono_us now)
{
    if (now >= w->peak_until) {
        w->peak_mA[1] = w->peak_mA[0];
        w->peak_mA[0] = 0;
        w->peak_until = now + QUARTER;
    }
    if (mA > w->peak_mA[0])
        w->peak_mA[0] = mA;
}

static int64_t peak(const struct watch *w)
{
    return w->peak_mA[0] > w->peak_mA[1] ? w->peak_mA[0] : w->peak_mA[1];
}

/* A current that falls lets the voltage recover: up while discharging, down while charging, and for
 * minutes after. So the voltage is a witness only when the current is as high as when the five
 * minutes began, and close to its highest of the last quarter of an hour: at 5 % less a 4K4 PRO
 * module at 86 A recovers by 70 mV (16 mOhm), which is noise here. */
static bool voltage_counts(const struct watch *w, int64_t mA)
{
    return mA >= w->sign_mA && mA * 20 >= peak(w) * 19;
}

static void judge_sign(struct watch *w, const struct part *p, int64_t mA)
{
    int soc = moved(w->sign_soc, told(p, SIG_SOC), SOC_NOISE) * w->sign;
    int voltage = moved(w->sign_mV, told(p, SIG_VOLTAGE), VOLTAGE_NOISE_mV) * w->sign;

    if (!voltage_counts(w, mA))
        voltage = 0;
    if (soc < 0 || voltage < 0)
        w->sign_odd = true;
    else if (soc > 0 || voltage > 0)
        w->sign_odd = false;
}

static void begin_sign(struct watch *w, const struct part *p, int sign, int64_t mA, mono_us now)
{
    w->sign = sign;
    w->sign_since = now;
    w->sign_mA = mA;
    w->sign_mV = told(p, SIG_VOLTAGE);
    w->sign_soc = told(p, SIG_SOC);
}

static void run_sign(struct watch *w, const struct part *p, int64_t current, mono_us now)
{
    int64_t mA = magnitude(current);
    int sign = current > 0 ? 1 : -1;

    note_peak(w, mA, now);
    if (mA <= SIGN_mA) {
        w->sign_since = 0;
    } else if (!w->sign_since || sign != w->sign) {
        begin_sign(w, p, sign, mA, now);
    } else if (now >= w->sign_since + SIGN_FOR) {
        judge_sign(w, p, mA);
        begin_sign(w, p, sign, mA, now);
    }
}

/* ---- frozen ---- */

/* Takes the values; whether any is another than before. */
static bool note_values(struct watch *w, const struct part *p)
{
    static const enum signal watched[WATCH_STILL] = {SIG_VOLTAGE, SIG_CURRENT, SIG_SOC,
                                                     SIG_CELL_MAX, SIG_CELL_MIN};
    bool another = false;

    for (unsigned i = 0; i < WATCH_STILL; i++) {
        int64_t v = told(p, watched[i]);

        another = another || v != w->still[i];
        w->still[i] = v;
    }
    return another;
}

/* No battery holds its voltage to the last digit for ten minutes under load. Frames that do not
 * come are another matter: it is the new ones that say the same. */
static void run_still(struct watch *w, const struct part *p, int64_t current, mono_us now)
{
    bool another = note_values(w, p);

    if (magnitude(current) <= STILL_mA) {
        w->still_since = 0;
        w->frozen = false;
    } else if (another) { /* the first above 5 A is */
        w->still_since = now;
        w->frozen = false;
    } else if (!w->frozen && now >= w->still_since + STILL_FOR) {
        w->frozen = p->b->s.at[SIG_CURRENT] > w->still_since;
        w->still_since = now;
    }
}

void watch_run(struct watch *w, const struct part *p, mono_us now)
{
    int64_t current;

    if (!p || !p->joined) {
        *w = (struct watch){.sign_odd = w->sign_odd};
        return;
    }
    current = signal_or(&p->b->s, SIG_CURRENT, 0);
    run_sign(w, p, current, now);
    run_still(w, p, current, now);
}

mono_us watch_due(const struct watch *w)
{
    mono_us due = w->sign_since ? w->sign_since + SIGN_FOR : MONO_NEVER;

    return w->still_since && !w->frozen ? mono_min(due, w->still_since + STILL_FOR) : due;
}
