/*
 * hal/clock: time since start. What the time of day is, net/clock learns from NTP.
 *
 * Threads: called from the service task. Time: never blocks.
 */
#ifndef SP_HAL_CLOCK_H
#define SP_HAL_CLOCK_H

#include <stdint.h>

struct sp_hal_clock {
    /* Milliseconds since some moment before start; never runs backwards, never wraps. */
    uint64_t (*mono_ms)(struct sp_hal_clock *clock);
};

#endif
