/*
 * drivers/host_clock: the host's monotonic clock, counted from sp_host_clock_start.
 */
#ifndef SP_HOST_CLOCK_H
#define SP_HOST_CLOCK_H

#include "hal/clock.h"

struct sp_host_clock {
    struct sp_hal_clock clock; /* first */
    uint64_t start_ms;
};

void sp_host_clock_start(struct sp_host_clock *clock);

#endif
