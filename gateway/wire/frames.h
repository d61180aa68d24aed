/* Frames as tables, both ways: a frame_spec is one id with its fields. The engine encodes and
 * decodes whole frames and keeps the periods of a set of them. */
#ifndef WIRE_FRAMES_H
#define WIRE_FRAMES_H

#include "base/mono.h"
#include "wire/field.h"

#define FRAMES_MAX 32 /* of one set */
#define NEWS_MAX 16   /* numbers and flags, and of them texts, in one frame */

enum trigger {
    TRIGGER_PERIODIC, /* every every_ms */
    TRIGGER_ID,       /* once each time the frame on_id is received */
    TRIGGER_STATE,    /* every every_ms while `state` is known and not 0 */
};

struct frame_spec {
    uint32_t id;
    bool ext;
    uint8_t len;       /* sent; fields lie inside */
    uint8_t min_len;   /* accepted on receiving; fields beyond the frame are not touched */
    bool blank_is_na;  /* received with all bytes 0: says nothing */
    uint16_t every_ms; /* nominal period, both ways */
    enum trigger trigger;
    uint32_t on_id;
    enum signal state;
    const struct field *fields;
    uint8_t n_fields;
};

#define FIELDS(a) .fields = (a), .n_fields = sizeof(a) / sizeof((a)[0])

/* HUB_OK, or HUB_ESPEC: a field outside its frame or over another, an id out of range, a period
 * of 0 where one is needed, more than FRAMES_MAX frames or NEWS_MAX values. */
enum status frames_check(const struct frame_spec *specs, unsigned n);

/* Says what b knows. Returns false when the frame is withheld. `otherwise` is the rule for
 * unknown signals whose field has none (UNKNOWN_DEFAULT: withhold); flags, alarms and fixed
 * bytes are always known. */
bool frames_encode(const struct frame_spec *spec, const struct battery *b, enum unknown otherwise,
                   struct frame *out);

/* What one frame says, checked but not yet believed. */
struct frame_news {
    unsigned n;
    struct {
        enum signal sig;
        bool known; /* false: the frame says that it is not available */
        int64_t value;
    } value[NEWS_MAX];
    /* Alarm bits by tier: raised, cleared, and pairs that say neither (0). Two wire bits may mean
     * the same alarm: in both `on` and `off` it is raised. */
    uint64_t on[TIER_COUNT], off[TIER_COUNT], idle[TIER_COUNT];
    bool says_clear; /* some pair said "cleared" (2) */
    unsigned n_texts;
    struct {
        const struct field *field;
        char letters[8];
        uint8_t len;
    } text[NEWS_MAX];
};

/* Reads a frame. The whole of it is checked first: HUB_ESPEC when it is shorter than min_len,
 * HUB_ERANGE when a number is outside its signal_info range; *out is not to be used then. The id
 * is not looked at. */
enum status frames_read(const struct frame_spec *spec, const struct frame *f,
                        struct frame_news *out);

/* What a frame says whose current limits cannot be believed: they are zero, LIMIT_INVALID is
 * raised, nothing else. Returns false when it carries none. */
bool frames_no_limits(const struct frame_spec *spec, struct frame_news *out);

/* Puts the signals and texts of some news into b as received at `at`. Alarms are left to the
 * caller. */
void frames_put(const struct frame_news *news, mono_us at, struct battery *b);

/* Reads a frame and puts all of it into b, alarms too (a pair of 0 changes nothing), or changes
 * nothing and returns as frames_read. */
enum status frames_decode(const struct frame_spec *spec, const struct frame *f, mono_us at,
                          struct battery *b);

/* When the frames of a set fall due. Plain data, owned by the caller; specs and n are the same
 * in every call. */
struct frames_clock {
    mono_us due[FRAMES_MAX];
};

/* All periodic frames fall due at now. */
void frames_start(struct frames_clock *clock, const struct frame_spec *specs, unsigned n,
                  mono_us now);

/* The frame `id` was received: what waits for it falls due. */
void frames_heard(struct frames_clock *clock, const struct frame_spec *specs, unsigned n,
                  uint32_t id, mono_us now);

/* Takes the next frame that is due, in the order of the table, or returns false. A frame that is
 * withheld waits for its next period. */
bool frames_next(struct frames_clock *clock, const struct frame_spec *specs, unsigned n,
                 const struct battery *b, enum unknown otherwise, mono_us now, struct frame *out);

/* The earliest moment a frame falls due, MONO_NEVER when none will. */
mono_us frames_deadline(const struct frames_clock *clock, unsigned n);

#endif
