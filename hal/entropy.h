/*
 * hal/entropy: unpredictable bytes to seed the random generator with.
 *
 * A board without a hardware source keeps a seed in flash that is renewed before its first use at
 * every start. A board that has neither says so, and the firmware then makes no keys.
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
