/* The protocols of the 0x35x family as tables, for the engine in intake.c. A protocol is a list
 * of rows; rows of one id stand together and the first that fits a frame reads it. */
#ifndef INTAKE_PROTOCOL_H
#define INTAKE_PROTOCOL_H

#include "wire/frames.h"

/* Whether a row's frame belongs to the control set. */
enum part {
    ASIDE,     /* never: it ages for itself */
    MANDATORY, /* without it the set is not complete */
    ONCE_SEEN, /* carries enable or alarm bits or a limit: belongs to it once it was there */
};

/* Looks at another frame of the same battery: the latest of this id, read with the protocol in
 * use. false when none has been read. */
struct peers {
    bool (*read)(const void *ctx, uint32_t id, struct frame_news *out);
    const void *ctx;
};

struct row {
    struct frame_spec spec;
    enum part part;
    bool (*fits)(const struct frame *f); /* NULL: always */
    /* What a table cannot say; NULL: nothing. */
    void (*edit)(struct frame_news *news, const struct peers *peers);
};

struct protocol {
    const char *key; /* the name in the configuration file; never reused */
    const char *title;
    const struct row *rows;
    uint8_t n_rows;
    bool discharge_positive; /* of the current on the wire */
    /* 0x35A: a pair of 0 ends an alarm. Emulators and many batteries idle at 0 and never say
     * "cleared"; on SMA's bus 0 changes nothing. Not for a battery that has ever said
     * "cleared". */
    bool idle_clears;
};

extern const struct protocol protocols[];
extern const unsigned n_protocols;

/* The protocol with this key, or NULL. */
const struct protocol *protocol_find(const char *key);

/* HUB_OK, or HUB_ESPEC when a table breaks a rule: see frames_check; rows of one id apart. */
enum status protocol_check(const struct protocol *p);

/* 0x355 with cell voltages behind the state of health (Luxpower), and with the state of charge
 * in 0.01 % there. */
bool fits_cells_in_355(const struct frame *f);
bool fits_fine_soc(const struct frame *f);

/* 0x359 ends in "PN" as Pylontech's does. */
bool fits_pn(const struct frame *f);

/* All bytes are letters, with NULs or blanks behind them, and there is at least one letter. */
bool fits_letters(const struct frame *f);

#endif
