#include "host_clock/host_clock.h"

#include <time.h>

static uint64_t host_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    return host_ms() - ((struct sp_host_clock *)(void *)clock)->start_ms;
}

void sp_host_clock_start(struct sp_host_clock *clock)
{
    clock->clock.mono_ms = mono_ms;
    clock->start_ms = host_ms();
}
