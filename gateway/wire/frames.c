#include "wire/frames.h"

#include <string.h>

/* --- checks --- */

static enum status fields_check(const struct frame_spec *s)
{
    uint64_t used = 0;
    unsigned values = 0;

    for (unsigned i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        enum status st = field_check(f, s->len);

        if (st)
            return st;
        if (used & field_bits(f))
            return HUB_ESPEC;
        used |= field_bits(f);
        values += f->kind == FIELD_NUMBER || f->kind == FIELD_FLAG || f->kind == FIELD_TEXT;
    }
    return values <= NEWS_MAX ? HUB_OK : HUB_ESPEC;
}

enum status frames_check(const struct frame_spec *specs, unsigned n)
{
    if (n == 0 || n > FRAMES_MAX)
        return HUB_ESPEC;
    for (unsigned i = 0; i < n; i++) {
        const struct frame_spec *s = &specs[i];
        enum status st = fields_check(s);

        if (st)
            return st;
        if (s->len > 8 || s->min_len > s->len || s->id > (s->ext ? 0x1FFFFFFFu : 0x7FFu))
            return HUB_ESPEC;
        if (s->trigger == TRIGGER_ID ? s->on_id == 0 : s->every_ms == 0)
            return HUB_ESPEC;
    }
    return HUB_OK;
}

/* --- sending --- */

enum fate { SAID, SHORTENED, WITHHELD };

static enum fate put_unknown(const struct field *f, enum unknown otherwise, uint8_t data[8])
{
    uint64_t invalid = f->is_signed ? UINT64_C(1) << (8 * f->bytes - 1) : ~UINT64_C(0);
    enum unknown rule = f->unknown ? f->unknown : otherwise;

    switch (rule) {
    case UNKNOWN_INVALID:
        field_put_raw(f, f->unknown ? (uint64_t)f->instead : invalid, data);
        return SAID;
    case UNKNOWN_VALUE:
        field_put(f, f->instead, data);
        return SAID;
    case UNKNOWN_SHORTEN:
        return SHORTENED;
    case UNKNOWN_DEFAULT:
    case UNKNOWN_WITHHOLD:
        break;
    }
    return WITHHELD;
}

static enum fate put_text(const struct field *f, const struct texts *t, enum unknown otherwise,
                          uint8_t data[8])
{
    enum unknown rule = f->unknown ? f->unknown : otherwise;
    const char *text = t->value[f->text];
    size_t len = strnlen(text, TEXT_MAX);

    if (len == 0 && rule == UNKNOWN_SHORTEN)
        return SHORTENED;
    if (len == 0 && (rule == UNKNOWN_WITHHOLD || rule == UNKNOWN_DEFAULT))
        return WITHHELD;
    for (unsigned i = 0; i < f->bytes; i++)
        data[f->at + i] = (uint8_t)(f->text_at + i < len ? text[f->text_at + i] : f->pad);
    return SAID;
}

static bool alarm_is_on(const struct field *f, const struct alarms *a)
{
    uint64_t mask = f->alarms ? f->alarms : UINT64_C(1) << f->alarm;
    uint64_t active = a->active[f->tier];

    if (f->tier == TIER_PROTECTION)
        active |= a->active[TIER_FAULT];
    return active & mask;
}

static enum fate put(const struct field *f, const struct battery *b, enum unknown otherwise,
                     uint8_t data[8])
{
    unsigned bits = 0;

    switch (f->kind) {
    case FIELD_NUMBER:
        if (!signal_known(&b->s, f->sig))
            return put_unknown(f, otherwise, data);
        field_put(f, b->s.value[f->sig], data);
        return SAID;
    case FIELD_TEXT:
        return put_text(f, &b->t, otherwise, data);
    case FIELD_FLAG:
        bits = signal_or(&b->s, f->sig, 0) != 0;
        break;
    case FIELD_ALARM:
        bits = alarm_is_on(f, &b->a);
        break;
    case FIELD_PAIR:
        bits = alarm_is_on(f, &b->a) ? 1 : 2;
        break;
    case FIELD_BYTES:
        memcpy(data + f->at, f->constant, f->bytes);
        break;
    }
    data[f->at] = (uint8_t)(data[f->at] | bits << f->bit);
    return SAID;
}

bool frames_encode(const struct frame_spec *spec, const struct battery *b, enum unknown otherwise,
                   struct frame *out)
{
    *out = (struct frame){.id = spec->id, .ext = spec->ext, .len = spec->len};
    for (unsigned i = 0; i < spec->n_fields; i++) {
        const struct field *f = &spec->fields[i];
        enum fate fate = put(f, b, otherwise, out->data);

        if (fate == WITHHELD)
            return false;
        if (fate == SHORTENED && f->at < out->len)
            out->len = f->at;
    }
    memset(out->data + out->len, 0, sizeof(out->data) - out->len);
    return true;
}

/* --- receiving --- */

static enum status read_number(const struct field *f, const struct frame *frame,
                               struct frame_news *news)
{
    int64_t v = 0;
    bool known = field_get(f, frame->data, &v);

    if (known && (v < signal_info[f->sig].lo || v > signal_info[f->sig].hi))
        return HUB_ERANGE;
    if (f->is_limit) {
        *(known ? &news->off[TIER_WARNING] : &news->on[TIER_WARNING]) |= ALARM_BIT(LIMIT_INVALID);
        known = true; /* an invalid limit is zero */
    }
    news->value[news->n].sig = f->sig;
    news->value[news->n].known = known;
    news->value[news->n++].value = v;
    return HUB_OK;
}

static void read_pair(const struct field *f, unsigned pair, struct frame_news *news)
{
    uint64_t bit = UINT64_C(1) << f->alarm;

    if (pair == 0)
        news->idle[f->tier] |= bit;
    if (pair == 1)
        news->on[f->tier] |= bit;
    if (pair == 2)
        news->off[f->tier] |= bit;
    news->says_clear |= pair == 2;
}

static void read_text(const struct field *f, const struct frame *frame, struct frame_news *news)
{
    unsigned i = news->n_texts++;

    news->text[i].field = f;
    memcpy(news->text[i].letters, frame->data + f->at, f->bytes);
    /* A short frame carries a short text: Pytes says its name in five bytes. */
    news->text[i].len = f->bytes;
    if (f->at + f->bytes > frame->len)
        news->text[i].len = (uint8_t)(frame->len - f->at);
}

static enum status read_field(const struct field *f, const struct frame *frame,
                              struct frame_news *news)
{
    unsigned bits = (unsigned)frame->data[f->at] >> f->bit;

    switch (f->kind) {
    case FIELD_NUMBER:
        return read_number(f, frame, news);
    case FIELD_FLAG:
        news->value[news->n].sig = f->sig;
        news->value[news->n].known = true;
        news->value[news->n++].value = bits & 1;
        break;
    case FIELD_ALARM:
        *(bits & 1 ? &news->on[f->tier] : &news->off[f->tier]) |= UINT64_C(1) << f->alarm;
        break;
    case FIELD_PAIR:
        read_pair(f, bits & 3, news);
        break;
    case FIELD_TEXT:
        read_text(f, frame, news);
        break;
    case FIELD_BYTES:
        break;
    }
    return HUB_OK;
}

static bool is_blank(const struct frame *f)
{
    for (unsigned i = 0; i < f->len; i++)
        if (f->data[i])
            return false;
    return true;
}

static void no_news(struct frame_news *out)
{
    out->n = out->n_texts = 0;
    out->says_clear = false;
    memset(out->on, 0, sizeof(out->on));
    memset(out->off, 0, sizeof(out->off));
    memset(out->idle, 0, sizeof(out->idle));
}

static bool limits_current(const struct field *f)
{
    return f->kind == FIELD_NUMBER &&
           (f->sig == SIG_CHARGE_CURRENT_LIMIT || f->sig == SIG_DISCHARGE_CURRENT_LIMIT);
}

bool frames_no_limits(const struct frame_spec *spec, struct frame_news *out)
{
    no_news(out);
    for (unsigned i = 0; i < spec->n_fields; i++) {
        if (!limits_current(&spec->fields[i]))
            continue;
        out->value[out->n].sig = spec->fields[i].sig;
        out->value[out->n].known = true;
        out->value[out->n++].value = 0;
        out->on[TIER_WARNING] = ALARM_BIT(LIMIT_INVALID);
    }
    return out->n > 0;
}

enum status frames_read(const struct frame_spec *spec, const struct frame *f,
                        struct frame_news *out)
{
    no_news(out);
    if (f->len < spec->min_len || f->len > 8)
        return HUB_ESPEC;
    if (spec->blank_is_na && is_blank(f))
        return HUB_OK;
    for (unsigned i = 0; i < spec->n_fields; i++) {
        const struct field *field = &spec->fields[i];
        unsigned needs = field->kind == FIELD_TEXT ? 1 : field->bytes;
        enum status st;

        if (field->at + needs > f->len)
            continue;
        st = read_field(field, f, out);
        if (st)
            return st;
    }
    return HUB_OK;
}

/* A text may come in two frames: this part replaces its own letters. It ends at the first byte
 * that is not printable: a Deye pack named PYLON has binary behind it. */
static void put_letters(const struct field *f, const char *letters, unsigned len, char *text)
{
    char whole[TEXT_MAX + 1];
    size_t had = strnlen(text, TEXT_MAX);
    size_t end = TEXT_MAX;

    memset(whole, ' ', sizeof(whole));
    memcpy(whole, text, had);
    memset(whole + f->text_at, ' ', f->bytes);
    for (unsigned i = 0; i < len && letters[i] >= ' ' && letters[i] <= '~'; i++)
        whole[f->text_at + i] = letters[i];
    while (end > 0 && whole[end - 1] == ' ')
        end--;
    memcpy(text, whole, end);
    memset(text + end, 0, TEXT_MAX + 1 - end);
}

void frames_put(const struct frame_news *news, mono_us at, struct battery *b)
{
    for (unsigned i = 0; i < news->n; i++) {
        if (news->value[i].known)
            signal_set(&b->s, news->value[i].sig, news->value[i].value, at);
        else
            signal_forget(&b->s, news->value[i].sig);
    }
    for (unsigned i = 0; i < news->n_texts; i++)
        put_letters(news->text[i].field, news->text[i].letters, news->text[i].len,
                    b->t.value[news->text[i].field->text]);
}

enum status frames_decode(const struct frame_spec *spec, const struct frame *f, mono_us at,
                          struct battery *b)
{
    struct frame_news news;
    enum status st = frames_read(spec, f, &news);

    if (st)
        return st;
    frames_put(&news, at, b);
    for (unsigned t = 0; t < TIER_COUNT; t++)
        alarms_put(&b->a, (enum tier)t, news.on[t] | news.off[t], news.on[t], at);
    return HUB_OK;
}

/* --- periods --- */

void frames_start(struct frames_clock *clock, const struct frame_spec *specs, unsigned n,
                  mono_us now)
{
    for (unsigned i = 0; i < FRAMES_MAX; i++)
        clock->due[i] = i < n && specs[i].trigger != TRIGGER_ID ? now : MONO_NEVER;
}

void frames_heard(struct frames_clock *clock, const struct frame_spec *specs, unsigned n,
                  uint32_t id, mono_us now)
{
    for (unsigned i = 0; i < n; i++)
        if (specs[i].trigger == TRIGGER_ID && specs[i].on_id == id)
            clock->due[i] = now;
}

static mono_us due_next(const struct frame_spec *spec, mono_us due, mono_us now)
{
    if (spec->trigger == TRIGGER_ID)
        return MONO_NEVER;
    /* Keep the phase when on time; do not burst after a long gap. */
    due += MONO_MS(spec->every_ms);
    return due > now ? due : now + MONO_MS(spec->every_ms);
}

bool frames_next(struct frames_clock *clock, const struct frame_spec *specs, unsigned n,
                 const struct battery *b, enum unknown otherwise, mono_us now, struct frame *out)
{
    for (unsigned i = 0; i < n; i++) {
        const struct frame_spec *spec = &specs[i];

        if (now < clock->due[i])
            continue;
        clock->due[i] = due_next(spec, clock->due[i], now);
        if (spec->trigger == TRIGGER_STATE && signal_or(&b->s, spec->state, 0) == 0)
            continue;
        if (frames_encode(spec, b, otherwise, out))
            return true;
    }
    return false;
}

mono_us frames_deadline(const struct frames_clock *clock, unsigned n)
{
    mono_us first = MONO_NEVER;

    for (unsigned i = 0; i < n; i++)
        first = mono_min(first, clock->due[i]);
    return first;
}
