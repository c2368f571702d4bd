#include "uart_16550/uart_16550.h"

#include <stdatomic.h>

enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, LSR = 5 }; /* registers */

#define IER_RX 0x01U
#define IER_TX 0x02U
#define FCR_ON 0x01U /* FIFOs, which that empties; an interrupt at the first byte */
#define LCR_8N1 0x03U
#define LSR_RX 0x01U
#define LSR_TX_EMPTY 0x20U
#define FIFO_SIZE 16U

static struct sp_uart_16550 *of(struct sp_hal_uart *hal)
{
    return (struct sp_uart_16550 *)(void *)hal;
}

/* The other side's counter: what it tells of is in place. */
static uint32_t seen(const _Atomic uint32_t *counter)
{
    return atomic_load_explicit(counter, memory_order_acquire);
}

/* This side's own counter. */
static uint32_t own(const _Atomic uint32_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void move(_Atomic uint32_t *counter, uint32_t to)
{
    atomic_store_explicit(counter, to, memory_order_release);
}

/* Interrupts are switched on by the tasks alone, and off by the interrupt alone: when it comes
 * between reading and writing here, what it has switched off goes on again, and it comes once more
 * for nothing. */
static void switch_on(struct sp_uart_16550 *uart, uint32_t which)
{
    uart->registers[IER] |= which;
}

static size_t uart_read(struct sp_hal_uart *hal, void *buf, size_t n)
{
    struct sp_uart_16550 *uart = of(hal);
    uint8_t *out = buf;
    uint32_t at = own(&uart->rx_out);
    uint32_t end = seen(&uart->rx_in);
    size_t done = 0;
    for (; done < n && at != end; done++) {
        out[done] = uart->rx[at++ % SP_UART_RX_SIZE];
    }
    if (done > 0) {
        move(&uart->rx_out, at);
        switch_on(uart, IER_RX); /* it is off when the ring was full */
    }
    return done;
}

static size_t uart_write(struct sp_hal_uart *hal, const void *buf, size_t n)
{
    struct sp_uart_16550 *uart = of(hal);
    const uint8_t *in = buf;
    uint32_t at = own(&uart->tx_in);
    uint32_t end = seen(&uart->tx_out) + SP_UART_TX_SIZE;
    size_t done = 0;
    for (; done < n && at != end; done++) {
        uart->tx[at++ % SP_UART_TX_SIZE] = in[done];
    }
    if (done > 0) {
        move(&uart->tx_in, at);
        switch_on(uart, IER_TX);
    }
    return done;
}

static const struct sp_hal_uart_ops ops = {.read = uart_read, .write = uart_write};

static int take_received(struct sp_uart_16550 *uart)
{
    uint32_t at = own(&uart->rx_in);
    uint32_t end = seen(&uart->rx_out) + SP_UART_RX_SIZE;
    int any = 0;
    while ((uart->registers[LSR] & LSR_RX) != 0) {
        if (at == end) {
            uart->registers[IER] &= ~IER_RX;
            break;
        }
        uart->rx[at++ % SP_UART_RX_SIZE] = (uint8_t)uart->registers[DATA];
        any = 1;
    }
    move(&uart->rx_in, at);
    return any;
}

static void give_to_send(struct sp_uart_16550 *uart)
{
    uint32_t at = own(&uart->tx_out);
    uint32_t end = seen(&uart->tx_in);
    if ((uart->registers[LSR] & LSR_TX_EMPTY) == 0) {
        return;
    }
    for (unsigned i = 0; i < FIFO_SIZE && at != end; i++) {
        uart->registers[DATA] = uart->tx[at++ % SP_UART_TX_SIZE];
    }
    move(&uart->tx_out, at);
    if (at == end) {
        uart->registers[IER] &= ~IER_TX;
    }
}

/* Somebody may have typed already: that is read before the FIFO, being switched on, is emptied. */
void sp_uart_16550_start(struct sp_uart_16550 *uart, uintptr_t base)
{
    uart->uart.ops = &ops;
    uart->registers = (volatile uint32_t *)base;
    uart->rx_in = uart->rx_out = uart->tx_in = uart->tx_out = 0;
    uart->registers[LCR] = LCR_8N1;
    (void)take_received(uart);
    uart->registers[FCR] = FCR_ON;
    uart->registers[IER] = IER_RX;
}

int sp_uart_16550_interrupt(struct sp_uart_16550 *uart)
{
    int any = take_received(uart);
    give_to_send(uart);
    return any;
}

void sp_uart_16550_panic(const struct sp_uart_16550 *uart, const char *text)
{
    for (; *text != '\0'; text++) {
        while ((uart->registers[LSR] & LSR_TX_EMPTY) == 0) {
        }
        uart->registers[DATA] = (uint8_t)*text;
    }
}
