/* What the server thread waits for: descriptors and one deadline. A part that waits puts a
 * struct watch first in its own struct and is called when its descriptor is ready. */
#ifndef IO_POLLER_H
#define IO_POLLER_H

#include <stdint.h>

#include "base/mono.h"
#include "base/status.h"

struct watch {
    /* events as of epoll. Try and see: they may be about a descriptor that is gone. */
    void (*ready)(struct watch *w, uint32_t events, mono_us now);
};

struct poller {
    int epoll, timer, wake;
    mono_us armed; /* what the timer is set to; MONO_NEVER: it has come, or never was */
};

/* HUB_EIO with nothing held. */
enum status poller_open(struct poller *p);
void poller_close(struct poller *p);

/* events 0 keeps the descriptor but hears nothing of it, save errors and the end. */
enum status poller_add(struct poller *p, int fd, uint32_t events, struct watch *w);
void poller_set(struct poller *p, int fd, uint32_t events, struct watch *w);
void poller_remove(struct poller *p, int fd);

/* Waits until something is ready or the deadline has come. Returns the number in ready[]; none also
 * when it woke early, on a deadline that has moved on since. */
struct ready {
    struct watch *watch;
    uint32_t events;
};
int poller_wait(struct poller *p, mono_us deadline, struct ready *ready, int size);

/* Ends a wait from another thread. */
void poller_wake(struct poller *p);

#endif
