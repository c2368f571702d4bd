#define _GNU_SOURCE
#include "led_file/led_file.h"

#include "base/err.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

const char *sp_led_pattern_text(enum sp_led_pattern pattern)
{
    static const char *const texts[] = {
        [SP_LED_BOOT] = "boot",           [SP_LED_OK] = "ok",     [SP_LED_WORKING] = "working",
        [SP_LED_ATTENTION] = "attention", [SP_LED_RISK] = "risk", [SP_LED_FAULT] = "fault",
    };
    return texts[pattern];
}

static void set(struct sp_hal_led *led, enum sp_led_pattern pattern)
{
    const struct sp_led_file *light = (const struct sp_led_file *)led;
    if (light->fd >= 0) {
        (void)dprintf(light->fd, "%s\n", sp_led_pattern_text(pattern));
    }
}

int sp_led_file_open(struct sp_led_file *light, const char *path)
{
    light->led.set = set;
    light->fd = -1;
    if (path != NULL) {
        light->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (light->fd < 0) {
            return SP_E_IO;
        }
    }
    return SP_OK;
}
