/*
 * sf2_timer: a 32-bit timer of a SmartFusion2's microcontroller subsystem, running freely, as the
 * clock. Unlike a tick that is counted by interrupts it loses nothing while they are masked.
 *
 * Memory: the struct is the caller's. Threads: mono_ms in the service task; the functions below
 * anywhere where no interrupt can come between. Time: never blocks.
 */
#ifndef SP_SF2_TIMER_H
#define SP_SF2_TIMER_H

#include "hal/clock.h"

struct sp_sf2_timer {
    struct sp_hal_clock
        clock; /* mono_ms is for the board to set: it knows how to keep interrupts out */
    volatile uint32_t *registers;
    uint32_t hz;
    uint32_t last;  /* the counter as last seen */
    uint64_t ticks; /* since start */
};

void sp_sf2_timer_start(struct sp_sf2_timer *timer, uintptr_t base, uint32_t hz);
/* Ticks since start. To be called more often than the counter wraps (42 s at 100 MHz). */
uint64_t sp_sf2_timer_ticks(struct sp_sf2_timer *timer);
/* Waits, with whatever interrupts come. */
void sp_sf2_timer_wait_us(const struct sp_sf2_timer *timer, uint32_t us);

#endif
