#include "sf2_timer/sf2_timer.h"

enum { VALUE = 0, LOAD = 1, CONTROL = 3 };

#define ENABLE 1U /* periodic, no interrupt */

void sp_sf2_timer_start(struct sp_sf2_timer *timer, uintptr_t base, uint32_t hz)
{
    timer->registers = (volatile uint32_t *)base;
    timer->hz = hz;
    timer->ticks = 0;
    timer->registers[CONTROL] = 0;
    timer->registers[LOAD] = UINT32_MAX;
    timer->registers[CONTROL] = ENABLE;
    timer->last = timer->registers[VALUE];
}

uint64_t sp_sf2_timer_ticks(struct sp_sf2_timer *timer)
{
    uint32_t value = timer->registers[VALUE];
    timer->ticks += (uint32_t)(timer->last - value); /* it counts down */
    timer->last = value;
    return timer->ticks;
}

void sp_sf2_timer_wait_us(const struct sp_sf2_timer *timer, uint32_t us)
{
    uint32_t began = timer->registers[VALUE];
    uint32_t span = timer->hz / 1000000U * us;
    while (began - timer->registers[VALUE] < span) {
    }
}
