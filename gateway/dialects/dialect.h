/* Inverter dialects: how the hub is said on an inverter's CAN bus.
 *
 * A dialect is one file with one const struct dialect, and one line in dialects.def. The
 * engine of wire/frames.h walks its tables: it keeps the periods, encodes the fields and
 * does for an unknown signal what the field says. */
#ifndef DIALECTS_DIALECT_H
#define DIALECTS_DIALECT_H

#include "wire/frames.h"

enum basis { BASIS_VENDOR_DOCUMENT, BASIS_CAPTURED, BASIS_FIELD_REPORT, BASIS_ASSUMED };

struct dialect {
    const char *key;     /* the name in the configuration file; never reused */
    const char *aliases; /* the HUB's names, separated by blanks: "VICTRONCAN" */
    const char *title;   /* for people */
    enum basis basis;
    const char *source; /* document, revision, page */
    uint32_t bitrate;
    const struct frame_spec *frames;
    uint8_t n_frames;
    enum unknown unknown; /* for unknown signals whose field has no rule; UNKNOWN_DEFAULT: the
                             frame is withheld */
    uint32_t hears[6];    /* ids the inverter sends, 0-ended */
    bool silent_on_loss;  /* on_total_loss by default: silent; else zero limits are kept up */
    /* What the inverter accepts; values are clamped to it. 0: no bound. */
    int32_t cvl_min_mV, cvl_max_mV, dvl_min_mV, dvl_max_mV;
    /* Silent for longer: alarm; 0: this inverter never speaks. Some never do where others of
     * their kind do: count from the first frame heard. */
    uint16_t inverter_lost_s;
};

/* Every dialect of the program, in the order of dialects.def; NULL-ended. */
extern const struct dialect *const dialects[];

/* The dialect with this key or alias, letters of any case, or NULL. */
const struct dialect *dialect_find(const char *name);

/* HUB_OK, or HUB_ESPEC when the table breaks a rule of the format. The test suite runs it
 * over every dialect. */
enum status dialect_check(const struct dialect *d);

/* The dialect's frame of this id, or NULL. */
const struct frame_spec *dialect_frame(const struct dialect *d, uint32_t id);

/* One dialect on one bus. Plain data, owned by the caller. */
struct speaker {
    const struct dialect *dialect;
    struct frames_clock clock;
};

/* All periodic frames fall due at now. d comes from dialect_find. */
void speaker_init(struct speaker *sp, const struct dialect *d, mono_us now);

/* A frame came in from the inverter: frames triggered by its id fall due. Returns whether the
 * inverter is known to send this id. */
bool speaker_rx(struct speaker *sp, const struct frame *f, mono_us now);

/* Takes the next frame that is due at now, in the order of the table. CVL and DVL are clamped to
 * what the inverter accepts. Returns false when none is left; call until then. */
bool speaker_next(struct speaker *sp, const struct battery *hub, mono_us now, struct frame *out);

/* When speaker_next is worth calling again. */
mono_us speaker_deadline(const struct speaker *sp);

#endif
