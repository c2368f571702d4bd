#include "uart_16550/uart_16550.h"

enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, LSR = 5 }; /* registers */

#define IER_RX 0x01U
#define IER_TX 0x02U
#define FCR_ON 0x07U /* FIFOs on and emptied, an interrupt at the first byte */
#define LCR_8N1 0x03U
#define LSR_RX 0x01U
#define LSR_TX_EMPTY 0x20U
#define FIFO_SIZE 16U

static struct sp_uart_16550 *of(struct sp_hal_uart *hal)
{
    return (struct sp_uart_16550 *)(void *)hal;
}

static size_t uart_read(struct sp_hal_uart *hal, void *buf, size_t n)
{
    struct sp_uart_16550 *uart = of(hal);
    uint8_t *out = buf;
    size_t done = 0;
    for (; done < n && uart->rx_out != uart->rx_in; done++) {
        out[done] = uart->rx[uart->rx_out % SP_UART_RX_SIZE];
        uart->rx_out = uart->rx_out + 1;
    }
    if (done > 0) {
        uart->registers[IER] |= IER_RX; /* it is off when the ring was full */
    }
    return done;
}

static size_t uart_write(struct sp_hal_uart *hal, const void *buf, size_t n)
{
    struct sp_uart_16550 *uart = of(hal);
    const uint8_t *in = buf;
    size_t done = 0;
    for (; done < n && uart->tx_in - uart->tx_out < SP_UART_TX_SIZE; done++) {
        uart->tx[uart->tx_in % SP_UART_TX_SIZE] = in[done];
        uart->tx_in = uart->tx_in + 1;
    }
    if (done > 0) {
        uart->registers[IER] |= IER_TX;
    }
    return done;
}

static const struct sp_hal_uart_ops ops = {.read = uart_read, .write = uart_write};

void sp_uart_16550_start(struct sp_uart_16550 *uart, uintptr_t base)
{
    uart->uart.ops = &ops;
    uart->registers = (volatile uint32_t *)base;
    uart->rx_in = uart->rx_out = uart->tx_in = uart->tx_out = 0;
    uart->registers[LCR] = LCR_8N1;
    uart->registers[FCR] = FCR_ON;
    uart->registers[IER] = IER_RX;
}

static int take_received(struct sp_uart_16550 *uart)
{
    int any = 0;
    while ((uart->registers[LSR] & LSR_RX) != 0) {
        if (uart->rx_in - uart->rx_out >= SP_UART_RX_SIZE) {
            uart->registers[IER] &= ~IER_RX;
            break;
        }
        uart->rx[uart->rx_in % SP_UART_RX_SIZE] = (uint8_t)uart->registers[DATA];
        uart->rx_in = uart->rx_in + 1;
        any = 1;
    }
    return any;
}

static void give_to_send(struct sp_uart_16550 *uart)
{
    if ((uart->registers[LSR] & LSR_TX_EMPTY) == 0) {
        return;
    }
    for (unsigned i = 0; i < FIFO_SIZE && uart->tx_out != uart->tx_in; i++) {
        uart->registers[DATA] = uart->tx[uart->tx_out % SP_UART_TX_SIZE];
        uart->tx_out = uart->tx_out + 1;
    }
    if (uart->tx_out == uart->tx_in) {
        uart->registers[IER] &= ~IER_TX;
    }
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
