/* A link: one port of the hub to the outside, whatever it is wired with. The control thread
 * owns every link and is the only caller; nothing here waits.
 *
 * A link that cannot be opened, or is lost, is told (link_report) and tried again; it never
 * ends the process. */
#ifndef IO_LINK_H
#define IO_LINK_H

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
    mono_us (*deadline)(const struct link *l);
    void (*close)(struct link *l); /* frees the link too */
};

struct link {
    const struct link_ops *ops;
    enum link_state state;     /* changes are found by the loop and told to the hub */
    char why[120];             /* for people, with the remedy: "can0: no such interface" */
    uint32_t lost, bus_errors; /* since the loop last looked; it zeroes them */
};

#endif
