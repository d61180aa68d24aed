#include "io/clock.h"

#include <time.h>

mono_us clock_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (mono_us)ts.tv_sec * 1000000u + (mono_us)ts.tv_nsec / 1000u;
}
