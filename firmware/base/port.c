#include "base/port.h"

#include "base/err.h"
#include "base/log.h"
#include "sp_port.h"

#include <stdlib.h>

static struct {
    struct sp_hal_clock *clock;
    struct sp_hal_entropy *entropy;
    struct sp_hal_watchdog *watchdog;
    struct sp_hal_crash *crash;
    int (*random)(void *p, size_t n);
    sp_utc utc; /* time of day at the moment utc_at */
    sp_time utc_at;
} port;

void sp_port_bind(struct sp_hal_clock *clock, struct sp_hal_entropy *entropy,
                  struct sp_hal_watchdog *watchdog)
{
    port.clock = clock;
    port.entropy = entropy;
    port.watchdog = watchdog;
}

void sp_port_set_crash(struct sp_hal_crash *crash)
{
    port.crash = crash;
}

void sp_port_set_utc(sp_utc utc, sp_time at)
{
    port.utc = utc;
    port.utc_at = at;
}

void sp_port_set_random(int (*random)(void *p, size_t n))
{
    port.random = random;
}

uint64_t sp_port_mono_ms(void)
{
    return port.clock != NULL ? port.clock->mono_ms(port.clock) : 0;
}

int64_t sp_port_utc_s(void)
{
    sp_time now = sp_port_mono_ms();

    if (port.utc == 0) {
        return 0;
    }
    return port.utc + (now > port.utc_at ? (int64_t)((now - port.utc_at) / 1000) : 0);
}

int sp_port_random(void *p, size_t n)
{
    return port.random != NULL ? port.random(p, n) : SP_E_ENTROPY;
}

int sp_port_entropy(void *p, size_t n)
{
    return port.entropy != NULL ? port.entropy->read(port.entropy, p, n) : SP_E_ENTROPY;
}

void sp_port_assert_failed(const char *what, const char *file, int line)
{
    sp_log_error("assert", "%s, %s:%d: restarting", what, file, line);
    if (port.crash != NULL) {
        port.crash->assertion(port.crash, what, file, line, __builtin_return_address(0));
    }
    if (port.watchdog != NULL) {
        port.watchdog->reset(port.watchdog);
    }
    abort();
}
