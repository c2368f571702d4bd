/*
 * hal/crash: what the last run left behind when it ended by a fault or a failed assertion.
 *
 * The board keeps it where a restart does not reach; the service moves it to flash at the next
 * start.
 *
 * Threads: service task. Time: never blocks.
 */
#ifndef SP_HAL_CRASH_H
#define SP_HAL_CRASH_H

#include <stdint.h>

#define SP_CRASH_SOON_MS 60000U /* a crash that comes earlier than that after a start is "soon" */

struct sp_crash {
    char what[40]; /* in words, e.g. "an access that is not allowed" */
    char task[16];
    char text[80];            /* of an assertion: what, file and line; else "" */
    uint32_t pc, lr;          /* 0: not known */
    uint32_t status, address; /* of the fault, as the core tells them; 0: none */
    uint32_t in_a_row;  /* how many crashes came soon after a start, up to this one; at least 1 */
    uint32_t total;     /* the service's: how many so far */
    uint64_t uptime_ms; /* since the start that it ended */
    int64_t utc;        /* seconds since 1970; 0 when the time of day was not known */
};

struct sp_hal_crash {
    /* 1 and the crash that the last run ended by; 0 when it ended otherwise. */
    int (*get)(struct sp_hal_crash *crash, struct sp_crash *out);
    /* It is in flash: it is not to be told again. */
    void (*forget)(struct sp_hal_crash *crash);
    /* Keeps an assertion that failed at `caller`, and restarts the board; does not return. */
    void (*assertion)(struct sp_hal_crash *crash, const char *what, const char *file, int line,
                      const void *caller);
};

#endif
