/* The log of hubgate explain: read, checked, played. */
#ifndef CLI_EXPLAIN_LOG_H
#define CLI_EXPLAIN_LOG_H

#include "hub/playback.h"

struct played {
    struct candump_log log;
    struct playback playback;
    mono_us span; /* of the log, that was played */
    struct hub *hub;
};

/* Reads a log and plays it until `at`: seconds from its beginning, or, if that is not before its
 * first frame, a time as it stands there; NULL: all of it. Returns an exit code; what is wrong goes
 * to standard error. After CLI_OK explain_log_end releases everything. */
int explain_log(struct played *out, const struct config *cfg, const char *path, const char *at);
void explain_log_end(struct played *p);

/* What was played, and which frames were not, as lines. */
void explain_log_head(const struct played *p, const struct config *cfg, const char *path,
                      void (*out)(void *arg, const char *text), void *arg);

/* "40", "40.5", "1700000000.250000" as microseconds; false: not such a number. */
bool log_time_parse(const char *text, mono_us *out);

/* Which moment of the log `at` means, as time since its first frame; false: it lies outside. */
bool log_span(const struct playback *pb, mono_us at, mono_us *span);

#endif
