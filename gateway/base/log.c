#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static log_sink *sink;
static enum log_level threshold = LOG_INFO;

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
    char line[512];
    va_list ap;

    if (!sink || level > threshold)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    sink(level, line);
}
