/*
 * base/time: the two times, and their text.
 *
 * sp_time is milliseconds since start and serves for waiting; sp_utc is seconds since 1970 and
 * serves for dates. Neither reads a clock: the caller hands `now` to every step.
 */
#ifndef SP_BASE_TIME_H
#define SP_BASE_TIME_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t sp_time; /* ms */
typedef int64_t sp_utc;   /* s; 0 means "not known" */

#define SP_NEVER UINT64_MAX /* what a step returns when only an event makes it run again */
#define SP_RFC3339_SIZE 21  /* "2026-11-24T23:05:00Z" with its terminator */

static inline sp_time sp_time_min(sp_time a, sp_time b)
{
    return a < b ? a : b;
}

struct sp_civil {
    int year, month, day, hour, minute, second; /* month and day from 1 */
    int weekday;                                /* 0 is Sunday */
};

void sp_utc_civil(sp_utc utc, struct sp_civil *out);
sp_utc sp_civil_utc(const struct sp_civil *civil);
/* "2026-11-24T23:05:00Z"; "-" when utc is 0. Returns out, which has SP_RFC3339_SIZE bytes. */
const char *sp_utc_rfc3339(sp_utc utc, char *out);
/* The other way; offsets and fractions are understood. 0 or SP_E_INVALID. */
int sp_utc_parse_rfc3339(const char *text, sp_utc *out);
/* HTTP-date in its three forms (RFC 9110 5.6.7). 0 or SP_E_INVALID. */
int sp_utc_parse_http(const char *text, sp_utc *out);
/* "3 days", "2 hours", "40 seconds": rounded down to its largest unit. Returns out. */
const char *sp_duration_text(uint64_t seconds, char *out, size_t cap);

#endif
