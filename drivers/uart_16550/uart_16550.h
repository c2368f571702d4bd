/*
 * uart_16550: a 16550 UART whose registers lie four bytes apart, with a ring in each direction.
 *
 * Nothing that was received is dropped: while the ring is full the receive interrupt stays off, and
 * the UART's own FIFO, and then flow control where the board has it, holds the sender back.
 *
 * Memory: the struct is the caller's and stays in place. Threads: read and write in one task at a
 * time (hal/uart), sp_uart_16550_interrupt in the UART's interrupt. Time: never blocks.
 */
#ifndef SP_UART_16550_H
#define SP_UART_16550_H

#include "hal/uart.h"

#include <stdint.h>

#define SP_UART_RX_SIZE 256U /* bytes; powers of two */
#define SP_UART_TX_SIZE 1024U

struct sp_uart_16550 {
    struct sp_hal_uart uart;
    volatile uint32_t *registers;
    /* One side writes `in`, the other `out`; both count on and wrap with their type. A counter is
     * moved when its bytes are in place (release), and read before them (acquire). */
    _Atomic uint32_t rx_in, rx_out, tx_in, tx_out;
    uint8_t rx[SP_UART_RX_SIZE];
    uint8_t tx[SP_UART_TX_SIZE];
};

/* Keeps what was received before. Speed and pins are the board's business. The interrupt is to be
 * switched on afterwards. */
void sp_uart_16550_start(struct sp_uart_16550 *uart, uintptr_t base);
/* Returns 1 when bytes were received, so that the board wakes the loop. */
int sp_uart_16550_interrupt(struct sp_uart_16550 *uart);
/* Writes past the rings, waiting for each byte: for the last words of a crash. */
void sp_uart_16550_panic(const struct sp_uart_16550 *uart, const char *text);

#endif
