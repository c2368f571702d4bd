/*
 * mtasts/schedule: when things are tried again. What life.h does not already name.
 *
 * Pure functions. random: 32 bits, spread over each range evenly.
 */
#ifndef SP_MTASTS_SCHEDULE_H
#define SP_MTASTS_SCHEDULE_H

#include "base/time.h"

/* Seconds to the next look at a DNS that is not ready, after waiting for so many: half a minute in
 * the first ten minutes, two minutes up to an hour, ten up to a day, an hour up to a week, then a
 * day; ± 10 %. */
uint32_t sp_dns_wait(uint64_t waited_s, uint32_t random);
/* The same while a served domain awaits something in DNS or on the network: two minutes in the
 * first ten, five up to an hour, fifteen up to a day, then an hour; ± 10 %. */
uint32_t sp_awaited_wait(uint64_t waited_s, uint32_t random);
/* A day ± 10 %. */
uint32_t sp_daily_wait(uint32_t random);
/* Seconds between runs of all checks of an active domain: an hour ± 10 %. */
uint32_t sp_check_wait(uint32_t random);

#endif
