#include "wire/field.h"

static uint64_t ones(const struct field *f)
{
    return (UINT64_C(1) << (8 * f->bytes)) - 1;
}

static uint64_t sign_bit(const struct field *f)
{
    return UINT64_C(1) << (8 * f->bytes - 1);
}

static unsigned byte_at(const struct field *f, unsigned i)
{
    return f->big_endian ? f->at + f->bytes - 1u - i : f->at + i;
}

/* The ends of the field, less the codes that mean something else there. */
static int64_t raw_min(const struct field *f)
{
    if (f->is_signed)
        return -(int64_t)sign_bit(f) + (f->na & NA_MIN ? 1 : 0);
    return f->na & NA_ZERO ? 1 : 0;
}

static int64_t raw_max(const struct field *f)
{
    if (f->is_signed)
        return (int64_t)sign_bit(f) - 1;
    return (int64_t)ones(f) - (f->na & NA_ONES ? 1 : 0);
}

void field_put_raw(const struct field *f, uint64_t raw, uint8_t data[8])
{
    for (unsigned i = 0; i < f->bytes; i++)
        data[byte_at(f, i)] = (uint8_t)(raw >> (8 * i));
}

void field_put(const struct field *f, int64_t value, uint8_t data[8])
{
    int64_t bounded = clamp64(value, -(INT64_C(1) << 62), INT64_C(1) << 62);
    int64_t raw = divide(bounded - f->offset, f->per_lsb, signal_info[f->sig].rounding);

    field_put_raw(f, (uint64_t)clamp64(raw, raw_min(f), raw_max(f)), data);
}

bool field_get(const struct field *f, const uint8_t data[8], int64_t *value)
{
    uint64_t raw = 0;
    int64_t v;

    for (unsigned i = 0; i < f->bytes; i++)
        raw |= (uint64_t)data[byte_at(f, i)] << (8 * i);
    if ((f->na & NA_ONES && raw == ones(f)) || (f->na & NA_MIN && raw == sign_bit(f)) ||
        (f->na & NA_ZERO && raw == 0))
        return false;
    v = (int64_t)raw;
    if (f->is_signed && raw & sign_bit(f))
        v -= (int64_t)ones(f) + 1;
    *value = v * f->per_lsb + f->offset;
    return true;
}

uint64_t field_bits(const struct field *f)
{
    switch (f->kind) {
    case FIELD_FLAG:
    case FIELD_ALARM:
        return UINT64_C(1) << (8 * f->at + f->bit);
    case FIELD_PAIR:
        return UINT64_C(3) << (8 * f->at + f->bit);
    case FIELD_NUMBER:
    case FIELD_TEXT:
    case FIELD_BYTES:
        break;
    }
    return (f->bytes == 8 ? ~UINT64_C(0) : ones(f)) << (8 * f->at);
}

static bool number_is_good(const struct field *f)
{
    return (f->bytes == 1 || f->bytes == 2 || f->bytes == 4) && f->per_lsb > 0 &&
           f->sig < SIG_COUNT;
}

enum status field_check(const struct field *f, uint8_t len)
{
    bool good = false;

    if (f->bytes == 0 || f->at + f->bytes > len || len > 8)
        return HUB_ESPEC;
    switch (f->kind) {
    case FIELD_NUMBER:
        good = number_is_good(f);
        break;
    case FIELD_FLAG:
        good = f->bit < 8 && f->sig < SIG_COUNT && signal_info[f->sig].unit == FLAG;
        break;
    case FIELD_ALARM:
        good = f->bit < 8 && alarm_info[f->alarm].name;
        break;
    case FIELD_PAIR:
        good = f->bit < 8 && f->bit % 2 == 0 && alarm_info[f->alarm].name;
        break;
    case FIELD_TEXT:
        good = f->text < TEXT_COUNT && f->text_at + f->bytes <= text_info[f->text].len;
        break;
    case FIELD_BYTES:
        good = f->constant != NULL;
        break;
    }
    return good ? HUB_OK : HUB_ESPEC;
}
