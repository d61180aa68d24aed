/* The watchdog thread: aborts the process when control made no progress for 5 s (a container has no
 * service manager that would notice). The restart begins with zero limits. */
#ifndef IO_WATCHDOG_H
#define IO_WATCHDOG_H

#include <stdatomic.h>

#include "base/status.h"

/* Starts to watch; the owner of *beats counts it up each turn. One watchdog a process. */
enum status watchdog_start(atomic_ulong *beats);

#endif
