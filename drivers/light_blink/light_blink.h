/*
 * light_blink: makes one lamp out of the patterns of hal/led: when is it on?
 *
 * Threads: set in the service task, sp_light_lit anywhere. Time: never blocks.
 */
#ifndef SP_LIGHT_BLINK_H
#define SP_LIGHT_BLINK_H

#include "hal/led.h"

#include <stdbool.h>
#include <stdint.h>

#define SP_LIGHT_STEP_MS 125U /* a pattern changes at multiples of this */

struct sp_light {
    struct sp_hal_led led;
    volatile enum sp_led_pattern pattern;
};

void sp_light_start(struct sp_light *light);
/* Whether the lamp is to be on at that time, ms since any moment. */
bool sp_light_lit(const struct sp_light *light, uint32_t ms);

#endif
