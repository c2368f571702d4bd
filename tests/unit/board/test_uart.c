/*
 * Registers in plain memory: what the driver writes to DATA is the last byte that it sent, and LSR
 * says for as long as the test likes that a byte is there. The ring's own room then bounds how many
 * are taken: one, when all but one place is full.
 */
#include "cm.h"
#include "uart_16550/uart_16550.h"

#include <string.h>

enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, LSR = 5 };
#define RX 1U
#define TX 2U
#define TX_EMPTY 0x20U

static uint32_t registers[8];
static struct sp_uart_16550 uart;

static int start(void **state)
{
    (void)state;
    memset(registers, 0, sizeof registers);
    sp_uart_16550_start(&uart, (uintptr_t)registers);
    return 0;
}

static size_t take(void *buf, size_t n)
{
    return uart.uart.ops->read(&uart.uart, buf, n);
}

static size_t give(const void *buf, size_t n)
{
    return uart.uart.ops->write(&uart.uart, buf, n);
}

/* The ring's counters stand just before they wrap. */
static void age(void)
{
    uart.rx_in = uart.rx_out = UINT32_MAX - 300;
    uart.tx_in = uart.tx_out = UINT32_MAX - 300;
}

static void the_line_is_8n1_with_fifos_and_listens(void **state)
{
    (void)state;
    assert_int_equal(registers[LCR], 0x03);
    assert_int_equal(registers[FCR], 0x01);
    assert_int_equal(registers[IER], RX);
}

/* Here the register gives its byte for ever: as many as there is room for. */
static void what_was_typed_before_the_start_is_kept(void **state)
{
    uint8_t buf[SP_UART_RX_SIZE + 1];
    (void)state;
    registers[DATA] = 'e';
    registers[LSR] = RX;
    sp_uart_16550_start(&uart, (uintptr_t)registers);
    assert_int_equal(registers[IER], RX);
    assert_int_equal(take(buf, sizeof buf), SP_UART_RX_SIZE);
    assert_int_equal(buf[0], 'e');
}

static void without_a_byte_nothing_is_taken(void **state)
{
    uint8_t byte;
    (void)state;
    assert_int_equal(sp_uart_16550_interrupt(&uart), 0);
    assert_int_equal(take(&byte, 1), 0);
}

static void a_full_ring_holds_the_sender_back_and_drops_nothing(void **state)
{
    uint8_t buf[SP_UART_RX_SIZE + 1];
    (void)state;
    registers[DATA] = 'x';
    registers[LSR] = RX;
    assert_int_equal(sp_uart_16550_interrupt(&uart), 1);
    assert_int_equal(registers[IER] & RX, 0);
    assert_int_equal(sp_uart_16550_interrupt(&uart), 0); /* still full */
    registers[LSR] = 0;
    assert_int_equal(take(buf, 1), 1);
    assert_int_equal(registers[IER] & RX, RX);
    assert_int_equal(take(buf, sizeof buf), SP_UART_RX_SIZE - 1);
    assert_int_equal(take(buf, sizeof buf), 0);
}

static void bytes_come_out_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    age();
    registers[LSR] = RX;
    (void)sp_uart_16550_interrupt(&uart); /* full */
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t byte = 0;
        assert_int_equal(take(&byte, 1), 1);
        assert_int_equal(byte, i < SP_UART_RX_SIZE ? 0 : (uint8_t)(i - SP_UART_RX_SIZE));
        registers[DATA] = (uint8_t)i;
        assert_int_equal(sp_uart_16550_interrupt(&uart), 1);
    }
}

static void the_fifo_gets_sixteen_bytes_at_a_time(void **state)
{
    static const unsigned last[] = {15, 31, 39};
    uint8_t bytes[40];
    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i + 1);
    }
    assert_int_equal(give(bytes, sizeof bytes), sizeof bytes);
    for (unsigned i = 0; i < COUNT(last); i++) {
        assert_int_equal(registers[IER] & TX, TX);
        registers[LSR] = TX_EMPTY;
        assert_int_equal(sp_uart_16550_interrupt(&uart), 0);
        assert_int_equal(registers[DATA], bytes[last[i]]);
    }
    assert_int_equal(registers[IER], RX); /* nothing left to send */
}

static void a_fifo_that_is_not_empty_gets_nothing(void **state)
{
    (void)state;
    (void)give("a", 1);
    assert_int_equal(sp_uart_16550_interrupt(&uart), 0);
    assert_int_equal(registers[DATA], 0);
    assert_int_equal(registers[IER] & TX, TX);
}

static void a_full_ring_takes_what_fits(void **state)
{
    static const uint8_t bytes[SP_UART_TX_SIZE + 100];
    (void)state;
    assert_int_equal(give(bytes, sizeof bytes), SP_UART_TX_SIZE);
    assert_int_equal(give(bytes, 1), 0);
    registers[LSR] = TX_EMPTY;
    (void)sp_uart_16550_interrupt(&uart);
    assert_int_equal(give(bytes, sizeof bytes), 16);
}

static void bytes_are_sent_in_the_order_in_which_they_were_given(void **state)
{
    (void)state;
    age();
    registers[LSR] = TX_EMPTY;
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t byte = (uint8_t)(i * 3);
        assert_int_equal(give(&byte, 1), 1);
        (void)sp_uart_16550_interrupt(&uart);
        assert_int_equal(registers[DATA], byte);
        assert_int_equal(registers[IER], RX);
    }
}

static void last_words_pass_by_the_ring(void **state)
{
    (void)state;
    (void)give("a", 1);
    registers[LSR] = TX_EMPTY;
    sp_uart_16550_panic(&uart, "end");
    assert_int_equal(registers[DATA], 'd');
    assert_int_equal(uart.tx_in - uart.tx_out, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_line_is_8n1_with_fifos_and_listens, start),
        cmocka_unit_test_setup(what_was_typed_before_the_start_is_kept, start),
        cmocka_unit_test_setup(without_a_byte_nothing_is_taken, start),
        cmocka_unit_test_setup(a_full_ring_holds_the_sender_back_and_drops_nothing, start),
        cmocka_unit_test_setup(bytes_come_out_in_the_order_in_which_they_came, start),
        cmocka_unit_test_setup(the_fifo_gets_sixteen_bytes_at_a_time, start),
        cmocka_unit_test_setup(a_fifo_that_is_not_empty_gets_nothing, start),
        cmocka_unit_test_setup(a_full_ring_takes_what_fits, start),
        cmocka_unit_test_setup(bytes_are_sent_in_the_order_in_which_they_were_given, start),
        cmocka_unit_test_setup(last_words_pass_by_the_ring, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
