#include "board.h"
#include "sf2.h"
#include "sf2_timer/sf2_timer.h"

static struct sp_sf2_timer timer;

uint64_t board_clock_ticks(void)
{
    uint32_t mask = __get_PRIMASK();
    uint64_t now;
    __disable_irq();
    now = sp_sf2_timer_ticks(&timer);
    __set_PRIMASK(mask);
    return now;
}

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return board_clock_ticks() / (SF2_TIMER_HZ / 1000U);
}

uint64_t board_clock_ms(void)
{
    return mono_ms(&timer.clock);
}

/* So that the counter's wrap is never missed. */
void board_clock_tick(void)
{
    (void)board_clock_ticks();
}

void board_wait_us(uint32_t us)
{
    sp_sf2_timer_wait_us(&timer, us);
}

struct sp_hal_clock *board_clock_start(void)
{
    sp_sf2_timer_start(&timer, SF2_TIMER1, SF2_TIMER_HZ);
    timer.clock.mono_ms = mono_ms;
    return &timer.clock;
}
