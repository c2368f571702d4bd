/*
 * app/outside: the journal of what came to the policy hosts from addresses that are not ours:
 * fetches of a policy, and the CA's validations.
 *
 * A ring in RAM has the last ones with all that is known of them; a stranger who comes again takes
 * no further place in it. What must outlast a restart is kept by day (app/outside_kept).
 *
 * Memory: 0.6 KB static. Threads: service task. Time: a note reads up to 4 KB of flash; what it
 * changes is written by the step, later.
 */
#ifndef SP_APP_OUTSIDE_H
#define SP_APP_OUTSIDE_H

#include "checks/seen.h"

#define SP_OUTSIDE_ENTRIES 12U   /* of the ring */
#define SP_OUTSIDE_PER_DOMAIN 6U /* of them, at most */

/* Notes an event of that domain; event->at is set here. Nothing is noted of our own addresses
 * (interface, configured public ones, loopback) nor before the clock is set. */
void sp_app_outside_note(const char *domain, const struct sp_seen_event *event, sp_time now);
/* What is known of that domain. */
void sp_app_outside_get(const char *domain, struct sp_check_seen *out);
sp_time sp_app_outside_step(sp_time now);
/* Forgets what is in RAM, before a factory reset. */
void sp_app_outside_forget(void);

#endif
