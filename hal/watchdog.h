/*
 * hal/watchdog: resets the board when the loop stands still, and resets it when asked.
 *
 * Threads: service task or a supervisor of the board. Time: feed never blocks; reset does not
 * return to code that was running, except that a test's board may record it and return.
 */
#ifndef SP_HAL_WATCHDOG_H
#define SP_HAL_WATCHDOG_H

struct sp_hal_watchdog {
    /* Says that the loop made progress. To be called at least every 8 s. */
    void (*feed)(struct sp_hal_watchdog *watchdog);
    /* Restarts the board at once. */
    void (*reset)(struct sp_hal_watchdog *watchdog);
};

#endif
