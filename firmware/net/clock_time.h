/*
 * net/clock_time: what the clock makes of an answer: the rules of net/clock.h, without the asking.
 * Not for other rooms.
 */
#ifndef SP_NET_CLOCK_TIME_H
#define SP_NET_CLOCK_TIME_H

#include "base/time.h"

#include <stdbool.h>

#define SP_CLOCK_SLEW_MS 2000     /* back by so much: the clock stands still */
#define SP_CLOCK_CONFIRM_MS 60000 /* a step back must be said again after this time */

struct sp_clock_time {
    sp_utc floor; /* 0: none */
    bool set;
    int64_t utc_ms; /* at the moment `at` */
    sp_time at;
    int64_t hold_ms; /* never show less; 0: no matter */
    bool doubted;    /* an answer that would have been a step back was refused: */
    int64_t doubt_ms;
    sp_time doubt_at;
};

enum sp_clock_verdict {
    SP_CLOCK_TAKEN,
    SP_CLOCK_HELD,         /* taken; the clock stands until the time has caught up */
    SP_CLOCK_STEPPED_BACK, /* taken, since it was said twice */
    SP_CLOCK_BELOW_FLOOR,  /* refused */
    SP_CLOCK_STEP_REFUSED
};

/* An answer says that it is utc_ms now. */
enum sp_clock_verdict sp_clock_time_take(struct sp_clock_time *time, int64_t utc_ms, sp_time now);
/* The time in ms; 0 while it is not set. */
int64_t sp_clock_time_ms(const struct sp_clock_time *time, sp_time now);
/* When the clock will show utc; now, when it does already or has; SP_NEVER when it is not set. */
sp_time sp_clock_time_at(const struct sp_clock_time *time, sp_utc utc, sp_time now);
/* Whole seconds, and the moment when they began (or will, while the clock stands), for
 * sp_port_set_utc. A second that began before `now` 0 is skipped: the clock is then early by a part
 * of it. */
sp_utc sp_clock_time_second(struct sp_clock_time *time, sp_time now, sp_time *began);

#endif
