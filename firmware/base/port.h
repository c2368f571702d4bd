/*
 * base/port: binds the third-party libraries' needs (config/sp_port.h) to one board.
 *
 * Threads: service task. Time: never blocks.
 */
#ifndef SP_BASE_PORT_H
#define SP_BASE_PORT_H

#include "base/time.h"
#include "hal/clock.h"
#include "hal/crash.h"
#include "hal/entropy.h"
#include "hal/watchdog.h"

#include <stddef.h>

enum sp_pool { SP_POOL_TLS, SP_POOL_DNS, SP_POOL_JSON, SP_POOL_COUNT };

struct sp_pool_use {
    const char *name;
    size_t used, peak, limit; /* bytes asked for, now, at most so far, and allowed */
    uint32_t refused;         /* requests that would have passed the limit */
};

/* Before anything else. The tables stay the board's and must live on. */
void sp_port_bind(struct sp_hal_clock *clock, struct sp_hal_entropy *entropy,
                  struct sp_hal_watchdog *watchdog);
/* Who is told of failed assertions before the watchdog restarts the board; NULL: nobody. */
void sp_port_set_crash(struct sp_hal_crash *crash);
/* The time of day, told by net/clock: utc at the moment `at`; utc 0 forgets it. */
void sp_port_set_utc(sp_utc utc, sp_time at);
void sp_port_set_random(int (*random)(void *p, size_t n));
void sp_port_set_limit(enum sp_pool pool, size_t bytes);
struct sp_pool_use sp_port_use(enum sp_pool pool);
/* Until the next call, an allocation of the TLS pool of more than `over` bytes (SIZE_MAX: none)
 * gets `bytes` of them. For the caller of a library function of which it knows that it does not
 * touch that block before it is told the true size. */
void sp_port_tls_clip(size_t over, size_t bytes);
/* For tests: the allocation of that number (1, 2, …) from now on in this pool fails; 0: none. */
void sp_port_fail_at(enum sp_pool pool, uint32_t number);

#endif
