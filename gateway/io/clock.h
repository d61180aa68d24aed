/* The one door by which time enters the program. */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include "base/mono.h"

/* Now, on a clock that goes on during a suspend: data must age while the machine sleeps. */
mono_us clock_now(void);

#endif
