/*
 * hal/led: the status light. The service names a pattern; the board blinks it.
 *
 * Threads: service task. Time: never blocks.
 */
#ifndef SP_HAL_LED_H
#define SP_HAL_LED_H

enum sp_led_pattern {
    SP_LED_BOOT,      /* short flashes: starting */
    SP_LED_OK,        /* steady: all well */
    SP_LED_WORKING,   /* slow pulse: work goes on, nothing to do */
    SP_LED_ATTENTION, /* two flashes a cycle: the operator is wanted within days */
    SP_LED_RISK,      /* fast blinking: mail is at risk now */
    SP_LED_FAULT      /* three flashes a cycle: the device itself is faulty */
};

struct sp_hal_led {
    void (*set)(struct sp_hal_led *led, enum sp_led_pattern pattern);
};

#endif
