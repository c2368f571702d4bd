/*
 * hal/uart: the serial console's bytes.
 *
 * Threads: service task, and the one that calls sealpost_keys where there is such: never both at
 * once. A driver's interrupt only fills a ring and wakes them.
 * Time: never blocks.
 */
#ifndef SP_HAL_UART_H
#define SP_HAL_UART_H

#include <stddef.h>

struct sp_hal_uart;

struct sp_hal_uart_ops {
    /* Bytes received, at most n; 0 when none are waiting. */
    size_t (*read)(struct sp_hal_uart *uart, void *buf, size_t n);
    /* Queues bytes to send; how many were taken (0 when the ring is full). */
    size_t (*write)(struct sp_hal_uart *uart, const void *buf, size_t n);
    /* How often the line's other end has left since start (a socket that was closed, DCD that
     * dropped), counted when all that it had sent has been read. The console then ends its session.
     * NULL: the line cannot tell. */
    unsigned (*hangups)(struct sp_hal_uart *uart);
};

struct sp_hal_uart {
    const struct sp_hal_uart_ops *ops;
};

#endif
