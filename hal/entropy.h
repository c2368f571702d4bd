/*
 * hal/entropy: unpredictable bytes to seed the random generator with.
 *
 * A board without a hardware source has NULL in its table: the service then draws on a seed that
 * the factory image brings, and that it renews in flash at every start before it uses it. Without a
 * seed the firmware makes no keys and says so.
 *
 * Threads: called from the service task. Time: at most a few milliseconds.
 */
#ifndef SP_HAL_ENTROPY_H
#define SP_HAL_ENTROPY_H

#include <stddef.h>

struct sp_hal_entropy {
    /* Fills buf with n bytes of full entropy. 0, or SP_E_ENTROPY (buf is then undefined). */
    int (*read)(struct sp_hal_entropy *entropy, void *buf, size_t n);
};

#endif
