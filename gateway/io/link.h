/* A link: one port of the hub to the outside, whatever it is wired with. The control thread
 * owns every link and is the only caller; nothing here waits.
 *
 * A link that cannot be opened, or is lost, is told (link_report) and tried again; it never
 * ends the process. */
#ifndef IO_LINK_H
#define IO_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mono.h"
#include "base/status.h"
#include "model/words.h"
#include "wire/frame.h"

struct link;

enum link_got { LINK_NOTHING, LINK_FRAME, LINK_CONFIRMED };

/* What a kind of link can do. One file in io/ per kind. */
struct link_ops {
    const char *kind; /* as in config_link.kind */
    /* The descriptor to wait for, or -1 when there is none (now). May change between calls. */
    int (*fd)(struct link *l);
    /* Takes the next thing that came: a frame, or the news that the last sent frame is out. */
    enum link_got (*read)(struct link *l, mono_us now, struct frame *f);
    /* Hands a frame over. HUB_OK: LINK_CONFIRMED follows from read when it is out. Other: not
     * sent, nothing follows. */
    enum status (*write)(struct link *l, mono_us now, const struct frame *f);
    /* Opens, reopens, plays: whatever is due. Called at start and at each deadline. */
    void (*tend)(struct link *l, mono_us now);
    /* When tend is due; not later than now while read holds something that fd does not show
     * (a replayed frame, a confirmation). Read after tend. */
    mono_us (*deadline)(const struct link *l);
    void (*close)(struct link *l); /* frees the link too */
};

struct link {
    const struct link_ops *ops;
    enum link_state state;     /* changes are found by the loop and told to the hub */
    char why[120];             /* for people, with the remedy: "can0: no such interface" */
    uint32_t lost, bus_errors; /* since the loop last looked; it zeroes them */
    bool flushed;              /* a frame handed over may be gone without news; it clears this */
};

/* An identifier that a port listens to. */
struct link_id {
    uint32_t id;
    bool ext;
};

/* What a link is made from. The texts and ids are copied. */
struct link_spec {
    const char *kind;   /* "can", "unix", "replay" */
    const char *target; /* interface, path of the socket, file */
    /* can: */
    uint32_t bitrate;          /* bit/s; for bring_up and for the remedy that is told */
    bool bring_up;             /* sets the bit rate and starts the interface (CAP_NET_ADMIN) */
    const struct link_id *ids; /* all that the port hears and sends; NULL: every data frame */
    size_t n_ids;              /* at most LINK_IDS_MAX */
    /* replay: */
    uint32_t speed;    /* 1/1000 of the log's own speed; 0: not set, see can_replay.c */
    bool loop;         /* begins again at the end */
    mono_us period_us; /* between the starts of two passes; 0: one second */
};

#define LINK_IDS_MAX 64

/* Makes a link, closed until its first tend. What goes wrong outside (no such interface, a bad
 * file) is told in state and why, and tried again. NULL when memory is short, the kind is
 * unknown, or the target is empty or too long for its kind. */
struct link *link_new(const struct link_spec *spec);

/* For the kinds: state and text in one go. A text that does not fit is cut. */
__attribute__((format(printf, 3, 4))) void link_say(struct link *l, enum link_state state,
                                                    const char *fmt, ...);

#endif
