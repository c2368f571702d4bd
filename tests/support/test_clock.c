#include "test_clock.h"

#include "base/port.h"

sp_time test_now;

static uint64_t read_clock(struct sp_hal_clock *clock)
{
    (void)clock;
    return test_now;
}

static int read_entropy(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    static uint32_t state = 1;
    uint8_t *bytes = buf;

    (void)entropy;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(state >> 24);
    }
    return 0;
}

static void nothing(struct sp_hal_watchdog *watchdog)
{
    (void)watchdog;
}

void test_clock_start(void)
{
    static struct sp_hal_clock clock = {.mono_ms = read_clock};
    static struct sp_hal_entropy entropy = {.read = read_entropy};
    static struct sp_hal_watchdog watchdog = {.feed = nothing, .reset = nothing};

    test_now = 1000;
    sp_port_bind(&clock, &entropy, &watchdog);
    sp_port_set_utc(0, 0);
}
