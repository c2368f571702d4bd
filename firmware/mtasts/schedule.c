#include "mtasts/schedule.h"

#include "mtasts/life.h"

#define MINUTE 60U
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

/* seconds ± 10 %, so that domains which began together drift apart, and off the full hour. */
static uint32_t around(uint32_t seconds, uint32_t random)
{
    uint32_t tenth = seconds / 10;

    return seconds - tenth + (uint32_t)((uint64_t)(2 * tenth) * random >> 32);
}

uint32_t sp_backoff(uint32_t failures, uint32_t random)
{
    static const uint32_t waits[] = {0, MINUTE, 10 * MINUTE, 100 * MINUTE, DAY};
    const uint32_t last = sizeof waits / sizeof waits[0] - 1;

    return around(waits[failures < last ? failures : last], random);
}

uint32_t sp_dns_wait(uint64_t waited_s, uint32_t random)
{
    if (waited_s < 10 * MINUTE) {
        return around(30, random);
    }
    if (waited_s < HOUR) {
        return around(2 * MINUTE, random);
    }
    if (waited_s < WEEK) {
        return around(waited_s < DAY ? 10 * MINUTE : HOUR, random);
    }
    return sp_daily_wait(random);
}

uint32_t sp_awaited_wait(uint64_t waited_s, uint32_t random)
{
    if (waited_s < 10 * MINUTE) {
        return around(2 * MINUTE, random);
    }
    if (waited_s < HOUR) {
        return around(5 * MINUTE, random);
    }
    return around(waited_s < DAY ? 15 * MINUTE : HOUR, random);
}

uint32_t sp_daily_wait(uint32_t random)
{
    return around(DAY, random);
}

uint32_t sp_check_wait(uint32_t random)
{
    return around(HOUR, random);
}

/* All in fractions of the lifetime, so that it holds for ninety days and for two minutes. The
 * jitter is a twenty-fourth, a day at most: from a third, or a half, it stays far from a sixth. */
sp_utc sp_renewal_due(sp_utc not_before, sp_utc not_after, uint32_t random)
{
    sp_utc lifetime = not_after - not_before;
    sp_utc left = lifetime < 10 * (sp_utc)DAY ? lifetime / 2 : lifetime / 3;
    uint64_t jitter;

    if (lifetime <= 0) {
        return not_after;
    }
    jitter = (uint64_t)lifetime / 24;
    if (jitter > DAY) {
        jitter = DAY;
    }
    return not_after - left + (sp_utc)(jitter * random >> 32);
}
