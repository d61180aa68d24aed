/* One table format for both directions: a row says where something sits in a frame and what it
 * means. Intake reads with it, dialects and the simulator write with it. A row holds
 * decisions only; masks, ranges and order are computed.
 *
 *     U16LE(0, VOLTAGE, 10, NA(NA_ONES))         byte, signal, signal units per LSB, more
 *     FLAG(0, 7, CHARGE_ENABLE)                  byte, bit, signal
 *     ALARM_AT(1, 3, PROTECTION, INTERNAL)       byte, bit, tier, alarm
 *     PAIR_AT(0, 2, PROTECTION, VOLTAGE_HIGH)    the same in two bits, as in 0x35A
 *     TEXT_AT(0, 8, MAKER)                       byte, length, text
 *     BYTES_AT(5, 2, "PN")                       always these bytes */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include <stddef.h>

#include "base/status.h"
#include "model/battery.h"
#include "wire/frame.h"

enum field_kind { FIELD_NUMBER, FIELD_FLAG, FIELD_ALARM, FIELD_PAIR, FIELD_TEXT, FIELD_BYTES };

/* Wire codes that mean "not available" on receiving. Sending never saturates into one. */
enum {
    NA_ONES = 1, /* all bits set: 0xFFFF */
    NA_MIN = 2,  /* the sign bit alone: 0x8000 */
    NA_ZERO = 4, /* 0: a field that many leave empty */
};

/* What an unknown signal becomes on sending. */
enum unknown {
    UNKNOWN_DEFAULT,  /* as the dialect says */
    UNKNOWN_INVALID,  /* a code; as a dialect's default: 0xFFFF, signed 0x8000 */
    UNKNOWN_VALUE,    /* a value, in signal units */
    UNKNOWN_SHORTEN,  /* the frame ends before this field */
    UNKNOWN_WITHHOLD, /* the frame is not sent */
};

struct field {
    enum field_kind kind;
    uint8_t at;    /* first byte, 0..7 */
    uint8_t bytes; /* number: 1, 2 or 4; text and bytes: 1..8 */
    uint8_t bit;   /* lowest bit of flag, alarm and pair in byte `at` */
    bool is_signed, big_endian;
    enum signal sig;
    int32_t per_lsb; /* signal units in one LSB: 100 is 0.1 V for a signal in mV */
    int32_t offset;  /* signal = raw x per_lsb + offset */
    uint8_t na;      /* NA_... */
    bool is_limit;   /* not available is zero here, and raises LIMIT_INVALID */
    enum unknown unknown;
    int64_t instead; /* UNKNOWN_INVALID: the code; UNKNOWN_VALUE: the value */
    enum tier tier;  /* sending: PROTECTION stands for PROTECTION and FAULT */
    enum alarm alarm;
    uint64_t alarms; /* sending: any of these; 0: just `alarm` */
    enum text text;
    uint8_t text_at; /* first letter of the text that is in this frame */
    char pad;        /* sending: fills short texts */
    const char *constant;
};

/* What follows per_lsb, if anything, is more of the row: NA(...), INVALID(...), OFFSET(...). */
#define NUMBER(at_, bytes_, signed_, big_, sig_, ...)                                              \
    {                                                                                              \
        .kind = FIELD_NUMBER, .at = (at_), .bytes = (bytes_), .is_signed = (signed_),              \
        .big_endian = (big_), .sig = SIG_##sig_, .per_lsb = __VA_ARGS__                            \
    }
#define U8(at_, sig_, ...) NUMBER(at_, 1, false, false, sig_, __VA_ARGS__)
#define U16LE(at_, sig_, ...) NUMBER(at_, 2, false, false, sig_, __VA_ARGS__)
#define S16LE(at_, sig_, ...) NUMBER(at_, 2, true, false, sig_, __VA_ARGS__)
#define U32LE(at_, sig_, ...) NUMBER(at_, 4, false, false, sig_, __VA_ARGS__)
#define U16BE(at_, sig_, ...) NUMBER(at_, 2, false, true, sig_, __VA_ARGS__)
#define S16BE(at_, sig_, ...) NUMBER(at_, 2, true, true, sig_, __VA_ARGS__)
#define U32BE(at_, sig_, ...) NUMBER(at_, 4, false, true, sig_, __VA_ARGS__)

#define OFFSET(units) .offset = (units)
#define NA(codes) .na = (codes)
#define LIMIT_NA(codes) .na = (codes), .is_limit = true
#define INVALID(code) .unknown = UNKNOWN_INVALID, .instead = (code)
#define VALUE(units) .unknown = UNKNOWN_VALUE, .instead = (units)
#define SHORTEN .unknown = UNKNOWN_SHORTEN
#define WITHHOLD .unknown = UNKNOWN_WITHHOLD

#define FLAG(at_, bit_, sig_)                                                                      \
    {                                                                                              \
        .kind = FIELD_FLAG, .at = (at_), .bytes = 1, .bit = (bit_), .sig = SIG_##sig_              \
    }
#define ALARM_ROW(kind_, at_, bit_, tier_, alarm_, mask_)                                          \
    {                                                                                              \
        .kind = (kind_), .at = (at_), .bytes = 1, .bit = (bit_), .tier = TIER_##tier_,             \
        .alarm = ALARM_##alarm_, .alarms = (mask_)                                                 \
    }
#define ALARM_AT(at_, bit_, tier_, alarm_) ALARM_ROW(FIELD_ALARM, at_, bit_, tier_, alarm_, 0)
#define PAIR_AT(at_, bit_, tier_, alarm_) ALARM_ROW(FIELD_PAIR, at_, bit_, tier_, alarm_, 0)
/* Sending: one wire bit for several alarms. */
#define ALARM_ANY(at_, bit_, tier_, alarm_, mask_)                                                 \
    ALARM_ROW(FIELD_ALARM, at_, bit_, tier_, alarm_, mask_)
#define PAIR_ANY(at_, bit_, tier_, alarm_, mask_)                                                  \
    ALARM_ROW(FIELD_PAIR, at_, bit_, tier_, alarm_, mask_)
#define TEXT_AT(at_, bytes_, text_)                                                                \
    {                                                                                              \
        .kind = FIELD_TEXT, .at = (at_), .bytes = (bytes_), .text = TEXT_##text_                   \
    }
/* Letters from number `from_` (0-based) on, for a text in two frames. */
#define TEXT_PART(at_, bytes_, text_, from_)                                                       \
    {                                                                                              \
        .kind = FIELD_TEXT, .at = (at_), .bytes = (bytes_), .text = TEXT_##text_,                  \
        .text_at = (from_)                                                                         \
    }
#define BYTES_AT(at_, bytes_, constant_)                                                           \
    {                                                                                              \
        .kind = FIELD_BYTES, .at = (at_), .bytes = (bytes_), .constant = (constant_)               \
    }

/* Writes a value in signal units: rounded as the vocabulary says, saturated at the end of the
 * field, never wrapped and never one of the field's "not available" codes. */
void field_put(const struct field *f, int64_t value, uint8_t data[8]);

/* Writes a raw code as it is. */
void field_put_raw(const struct field *f, uint64_t raw, uint8_t data[8]);

/* Reads a number back, in signal units; false when it is one of the field's "not available"
 * codes. */
bool field_get(const struct field *f, const uint8_t data[8], int64_t *value);

/* The bits of the frame the field occupies, bit 0 of byte 0 lowest. */
uint64_t field_bits(const struct field *f);

/* HUB_OK, or HUB_ESPEC when the row breaks a rule: outside len bytes, per_lsb not positive, a
 * signal, alarm or text that does not exist, a pair on an odd bit. */
enum status field_check(const struct field *f, uint8_t len);

#endif
