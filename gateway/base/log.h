/* Logging with one replaceable sink. The pure core returns, the edge logs: only
 * io/, cli/ and main write here. Log changes, not conditions; a line says who,
 * what, how much, with units. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

/* A sink gets one line without its newline. It must not block and may be called
 * from any thread. */
typedef void log_sink(enum log_level level, const char *line);

/* Installs a sink; NULL drops every line (the state at the start). */
void log_to(log_sink *sink);

/* Lines above this level are dropped; LOG_INFO at the start. */
void log_threshold(enum log_level level);

/* Formats one line and hands it to the sink. Lines over 511 characters are cut. */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *fmt, ...);

#endif
