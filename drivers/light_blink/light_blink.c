#include "light_blink/light_blink.h"

#define STEPS 16U /* of a cycle of two seconds */

/* One bit a step, the first step in bit 0. */
static const uint16_t patterns[] = {
    [SP_LED_BOOT] = 0x1111,      /* 125 ms every half second */
    [SP_LED_OK] = 0xffff,        /* steady */
    [SP_LED_WORKING] = 0x00ff,   /* one second on, one off */
    [SP_LED_ATTENTION] = 0x0005, /* two flashes */
    [SP_LED_RISK] = 0x5555,      /* four times a second */
    [SP_LED_FAULT] = 0x0015,     /* three flashes */
};

static void set(struct sp_hal_led *led, enum sp_led_pattern pattern)
{
    struct sp_light *light = (struct sp_light *)(void *)led;
    light->pattern = pattern;
}

void sp_light_start(struct sp_light *light)
{
    light->led.set = set;
    light->pattern = SP_LED_BOOT;
}

bool sp_light_lit(const struct sp_light *light, uint32_t ms)
{
    uint32_t step = ms / SP_LIGHT_STEP_MS % STEPS;
    return ((uint32_t)patterns[light->pattern] >> step & 1U) != 0;
}
