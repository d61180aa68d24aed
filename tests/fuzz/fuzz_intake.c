/* Any byte string is a legal life of a cluster's port. The first byte chooses protocol and sign;
 * then each 12 bytes are a step: identifier, flags and length, time, data. Whatever comes, the
 * signals stay in their ranges, texts printable, and the control set tells the truth. */
#include <stdlib.h>
#include <string.h>

#include "dialects/dialect.h"
#include "intake/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void check_battery(const struct battery *b, mono_us now)
{
    for (int i = 0; i < SIG_COUNT; i++) {
        if (!signal_known(&b->s, (enum signal)i))
            continue;
        must(b->s.value[i] >= signal_info[i].lo && b->s.value[i] <= signal_info[i].hi);
        must(b->s.at[i] <= now);
    }
    for (int t = 0; t < TEXT_COUNT; t++) {
        size_t len = strnlen(b->t.value[t], TEXT_MAX + 1);

        must(len <= text_info[t].len);
        for (size_t i = 0; i < len; i++)
            must(b->t.value[t][i] >= ' ' && b->t.value[t][i] <= '~');
    }
    for (int t = 0; t < TIER_COUNT; t++)
        for (int i = 0; i < ALARM_BITS; i++)
            must(!(b->a.active[t] >> i & 1) || alarm_info[i].name);
}

static void check_control(const struct intake *in, mono_us now)
{
    struct intake_control c;
    unsigned changed;

    intake_control(in, &c);
    must((c.waits_for != 0) == (intake_decision(in, &changed) != NULL));
    if (!c.complete)
        return;
    must(intake_decision(in, &changed) && changed > 0);
    must(c.oldest <= now && c.fresh_until >= c.oldest + MONO_S(3) && c.period > 0);
    must(signal_known(&intake_battery(in)->s, SIG_VOLTAGE));
    must(signal_known(&intake_battery(in)->s, SIG_CURRENT));
    must(signal_known(&intake_battery(in)->s, SIG_SOC));
}

/* What came in goes out again in every dialect: frames are never longer than they are. */
static void speak(const struct battery *b, mono_us now)
{
    for (const struct dialect *const *d = dialects; *d; d++) {
        struct speaker sp;
        struct frame f;
        unsigned n = 0;

        speaker_init(&sp, *d, now);
        for (; speaker_next(&sp, b, now, &f); n++)
            must(f.len <= 8);
        must(n <= (*d)->n_frames && speaker_deadline(&sp) > now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned n_keys = 0, choice = size ? data[0] : 0;
    struct intake *in;
    mono_us now = 0;
    struct frame f;

    while (intake_protocols[n_keys])
        n_keys++;
    in =
        intake_new(intake_protocols[choice % n_keys], (enum intake_sign)(choice / n_keys % 3), now);
    must(in != NULL);
    for (data += size > 0, size -= size > 0; size >= 12; data += 12, size -= 12) {
        f = (struct frame){.id = data[0] | (data[1] & 7u) << 8,
                           .ext = (data[1] & 0xF8) == 0xF8,
                           .len = data[2] % 9};
        memcpy(f.data, data + 4, sizeof(f.data));
        now += (mono_us)data[3] * data[3] * 2000; /* up to two minutes */
        intake_set_time(in, now);
        intake_rx(in, &f, now);
        check_battery(intake_battery(in), now);
        check_control(in, now);
        while (intake_tx(in, now, &f))
            must(f.id == 0x305 && f.len == 8);
        must(intake_deadline(in) > now || !intake_decision(in, &n_keys));
    }
    speak(intake_battery(in), now);
    intake_free(in);
    return 0;
}
