/* The log of the service: lines on stderr with the priority prefix that journald and container
 * logs understand. A reader that does not read loses lines; it never stops the gateway. */
#ifndef IO_STDERR_LOG_H
#define IO_STDERR_LOG_H

#include "base/log.h"

void stderr_log(enum log_level level, const char *line);

/* Makes sure that descriptors 0, 1 and 2 are open, on /dev/null if need be, so that no file or
 * socket ever gets one of these numbers. Call before anything is opened. */
void std_descriptors_open(void);

#endif
