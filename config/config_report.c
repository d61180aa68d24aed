#include "config_report.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int place(int line)
{
    return line ? line : INT_MAX;
}

/* Whether a report is to be told after one about this line of this file. */
static bool is_behind(const struct report *a, int at, const char *file, int line)
{
    if (place(a->at) != place(at))
        return place(a->at) > place(at);
    return file && *a->err.file && place(a->err.line) > place(line);
}

/* Makes room for one more; when there is none, the last one goes. */
static struct report *insert(struct reports *r, int line)
{
    unsigned i = r->count;
    int at = r->file ? r->file_at : line;

    while (i > 0 && is_behind(&r->at[i - 1], at, r->file, line))
        i--;
    if (r->count < REPORTS_MAX)
        r->count++;
    else
        r->lost++;
    if (i == REPORTS_MAX)
        return NULL;
    memmove(&r->at[i + 1], &r->at[i], (r->count - 1 - i) * sizeof(r->at[0]));
    r->at[i].at = at;
    r->at[i].err.line = line;
    snprintf(r->at[i].err.file, sizeof(r->at[i].err.file), "%s", r->file ? r->file : "");
    return &r->at[i];
}

__attribute__((format(printf, 4, 0))) static void report(struct reports *r, bool warning, int line,
                                                         const char *fmt, va_list ap)
{
    struct report *at = insert(r, line);

    r->errors += !warning;
    if (!at)
        return;
    at->warning = warning;
    vsnprintf(at->err.text, sizeof(at->err.text), fmt, ap);
}

void report_error(struct reports *r, int line, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report(r, false, line, fmt, ap);
    va_end(ap);
}

void report_warning(struct reports *r, int line, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report(r, true, line, fmt, ap);
    va_end(ap);
}

void reports_tell(const struct reports *r, config_on_error *on_error, config_on_error *on_warning,
                  void *arg)
{
    for (unsigned i = 0; i < r->count; i++) {
        config_on_error *to = r->at[i].warning ? on_warning : on_error;
        if (to)
            to(arg, &r->at[i].err);
    }
    if (r->lost && on_error) {
        struct config_error more = {0};
        snprintf(more.text, sizeof(more.text), "and %u more mistakes or warnings", r->lost);
        on_error(arg, &more);
    }
}
