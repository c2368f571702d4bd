/*
 * drivers/led_file: a status light whose pattern is written to a file, one line a change.
 */
#ifndef SP_DRIVERS_LED_FILE_H
#define SP_DRIVERS_LED_FILE_H

#include "hal/led.h"

struct sp_led_file {
    struct sp_hal_led led; /* first */
    int fd;
};

/* path NULL: a light that nobody sees. 0 or SP_E_IO with errno set. */
int sp_led_file_open(struct sp_led_file *light, const char *path);
/* "boot", "ok", "working", "attention", "risk", "fault". */
const char *sp_led_pattern_text(enum sp_led_pattern pattern);

#endif
