/*
 * base/log: the appliance's log, the last lines of which stay in RAM.
 *
 * Memory: one static ring, SP_LOG_BYTES, some 40 lines; the oldest go, whole. A line is at most
 * SP_LOG_LINE bytes, the rest is cut. Threads: service task. Time: never blocks. Never log a key, a
 * token that authorises, or a password.
 */
#ifndef SP_BASE_LOG_H
#define SP_BASE_LOG_H

#include "base/time.h"

#define SP_LOG_BYTES 4096
#define SP_LOG_LINE 240

enum sp_log_level { SP_LOG_DEBUG, SP_LOG_INFO, SP_LOG_WARN, SP_LOG_ERROR };

struct sp_log_line {
    uint32_t number; /* 1, 2, … since start */
    sp_time at;
    sp_utc utc; /* 0 when the clock was not set */
    enum sp_log_level level;
    char room[10]; /* "acme", "net", … */
    char text[SP_LOG_LINE];
};

/* room: a literal; it is not copied. */
void sp_log(enum sp_log_level level, const char *room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define sp_log_info(room, ...) sp_log(SP_LOG_INFO, room, __VA_ARGS__)
#define sp_log_warn(room, ...) sp_log(SP_LOG_WARN, room, __VA_ARGS__)
#define sp_log_error(room, ...) sp_log(SP_LOG_ERROR, room, __VA_ARGS__)

/* The least level that is kept; SP_LOG_INFO at start, since the steps of every connection would
 * push out what an operator looks for. */
void sp_log_keep(enum sp_log_level level);
/* The number of the newest line, 0 when there is none. */
uint32_t sp_log_newest(void);
/* The line of that number. 0, or SP_E_NOT_FOUND when it has gone or never was. */
int sp_log_get(uint32_t number, struct sp_log_line *out);

#endif
