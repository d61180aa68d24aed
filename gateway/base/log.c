#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static _Atomic(log_sink *) sink;
static atomic_uint threshold = LOG_INFO;

void log_to(log_sink *to)
{
    sink = to;
}

void log_threshold(enum log_level level)
{
    threshold = level;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    log_sink *to = sink;
    char line[512];
    va_list ap;

    if (!to || level > threshold)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    to(level, line);
}
