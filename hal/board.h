/*
 * hal/board: everything that the firmware gets from a board, in one table.
 *
 * The board owns all of it; it outlives the service.
 */
#ifndef SP_HAL_BOARD_H
#define SP_HAL_BOARD_H

#include "hal/clock.h"
#include "hal/crash.h"
#include "hal/entropy.h"
#include "hal/flash.h"
#include "hal/led.h"
#include "hal/nic.h"
#include "hal/probe.h"
#include "hal/uart.h"
#include "hal/watchdog.h"

/* Read-only bytes that may lie in memory or in flash (the bundle of root certificates). */
struct sp_hal_blob {
    /* Copies n bytes from offset; 0 or SP_E_IO. offset + n never passes size. */
    int (*read)(struct sp_hal_blob *blob, uint32_t offset, void *buf, size_t n);
    uint32_t size;
};

struct sp_board {
    const char *name; /* e.g. "sim" */
    struct sp_flash *flash;
    struct sp_hal_clock *clock;
    struct sp_hal_entropy *entropy; /* NULL: no source; the service keeps a seed in flash */
    struct sp_hal_nic *nic;
    struct sp_hal_uart *uart;
    struct sp_hal_led *led;
    struct sp_hal_watchdog *watchdog;
    struct sp_hal_probe *probe; /* NULL: the board tells nothing of itself */
    struct sp_hal_crash *crash; /* NULL: the board keeps nothing over a restart */
    /* NULL: the root certificates lie in the read-only area of the flash part (docs/image.md). Else
     * the board's own, in the format of tools/trust-bundle, as well protected as the code; size 0
     * when there are none. */
    struct sp_hal_blob *roots;
};

#endif
