/*
 * net/clock: the time of day, by SNTP (RFC 4330, 5905 server responses), never backwards.
 *
 * Until an NTP server has answered, the time is unknown (0), whatever the floor kept in flash says:
 * a certificate is never judged by a guess. The floor only refuses an answer that lies more than 2
 * s before it; within those the clock stands still at the floor until the time has caught up. Slews
 * backwards by up to 2 s are held (the clock stands still), larger steps back are refused with a
 * warning unless two answers in a row, at least a minute apart, agree.
 *
 * Threads: service task. Time: nothing blocks.
 */
#ifndef SP_NET_CLOCK_H
#define SP_NET_CLOCK_H

#include "base/time.h"
#include "net/addr.h"

struct sp_clock_status {
    bool set;
    sp_utc utc;       /* now */
    sp_utc synced_at; /* last answer, 0: never */
    sp_utc floor;
    char server[254]; /* host name or address asked */
    struct sp_addr address;
    int last_error; /* of the last try: 0 or sp_err */
    sp_time next_try;
};

/* floor: latest time of day known from flash, 0 when none. server: host name or address, "" to use
 * DHCP's only. Host names are resolved by net/dns. */
void sp_clock_start(const char *server, sp_utc floor);
void sp_clock_set_server(const char *server);
/* The time of day now; 0 while it is not known. */
sp_utc sp_clock_utc(sp_time now);
void sp_clock_status(struct sp_clock_status *out, sp_time now);
/* The moment `at` for a utc, for waiting; SP_NEVER when the clock is not set. */
sp_time sp_clock_at(sp_utc utc, sp_time now);
/* Asks at start, again after 2, 4, 8 … 64 s without an answer, then every 64 s; hourly when set. */
sp_time sp_clock_step(sp_time now);

#endif
