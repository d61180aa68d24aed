#include "io/watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

#define LOOKS 5 /* without progress, a second apart */

static void *watch(void *arg)
{
    const atomic_ulong *beats = arg;
    unsigned long last = atomic_load(beats);

    for (unsigned still = 0; still < LOOKS;) {
        unsigned long now;

        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        now = atomic_load(beats);
        still = now == last ? still + 1 : 0;
        last = now;
    }
    log_line(LOG_ERROR, "watchdog: control made no progress for %d s, giving up", LOOKS);
    abort();
}

enum status watchdog_start(atomic_ulong *beats)
{
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    if (pthread_attr_init(&attr))
        return HUB_EMEM;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    rc = pthread_create(&thread, &attr, watch, beats);
    pthread_attr_destroy(&attr);
    return rc ? HUB_EMEM : HUB_OK;
}
