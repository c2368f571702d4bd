#include "cm.h"
#include "fake_nor.h"

#include "base/err.h"

#include <string.h>

static struct fake_nor part;
static struct sp_spi_nor nor;
static uint8_t data[20000];

static int start(void **state)
{
    (void)state;
    fake_nor_start(&part);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    return sp_spi_nor_open(&nor, &part.spi);
}

static int open_with_capacity(uint8_t capacity)
{
    part.id[2] = capacity;
    return sp_spi_nor_open(&nor, &part.spi);
}

static void assert_blank(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        assert_int_equal(part.bytes[i], 0xff);
    }
}

/* --- open --- */

static void the_jedec_id_gives_the_size(void **state)
{
    (void)state;
    assert_int_equal(nor.flash.size, FAKE_SIZE);
    assert_int_equal(nor.flash.block_size, 65536);
    assert_int_equal(nor.flash.page_size, 256);
    assert_memory_equal(nor.id, part.id, 3);
    assert_int_equal(open_with_capacity(24), SP_OK);
    assert_int_equal(nor.flash.size, 16 * 1024 * 1024);
    assert_int_equal(open_with_capacity(16), SP_OK);
    assert_int_equal(nor.flash.size, 65536);
}

static void a_capacity_that_three_bytes_cannot_address_is_refused(void **state)
{
    (void)state;
    assert_int_equal(open_with_capacity(25), SP_E_INVALID);
    assert_int_equal(open_with_capacity(15), SP_E_INVALID);
}

static void a_bus_without_a_part_is_an_error(void **state)
{
    (void)state;
    memset(part.id, 0xff, 3);
    assert_int_equal(sp_spi_nor_open(&nor, &part.spi), SP_E_IO);
    memset(part.id, 0x00, 3);
    assert_int_equal(sp_spi_nor_open(&nor, &part.spi), SP_E_IO);
}

static void open_waits_for_an_erase_that_a_reset_cut(void **state)
{
    (void)state;
    part.busy_left = 3000; /* more than a program may take */
    assert_int_equal(sp_spi_nor_open(&nor, &part.spi), SP_OK);
    assert_int_equal(part.busy_left, 0);
    assert_true(part.waits >= 3000);
}

static void open_gives_up_on_a_part_that_stays_busy(void **state)
{
    (void)state;
    part.busy_left = UINT32_MAX;
    assert_int_equal(sp_spi_nor_open(&nor, &part.spi), SP_E_IO);
}

/* --- program and read --- */

static void a_program_is_split_at_the_ends_of_pages(void **state)
{
    static const struct fake_program want[] = {
        {0x1f0, 16}, {0x200, 256}, {0x300, 256}, {0x400, 72}};
    (void)state;
    assert_int_equal(sp_flash_program(&nor.flash, 0x1f0, data, 600), SP_OK);
    assert_int_equal(part.programs_n, COUNT(want));
    assert_memory_equal(part.programs, want, sizeof want);
    assert_memory_equal(part.bytes + 0x1f0, data, 600);
    assert_blank(0, 0x1f0);
    assert_blank(0x1f0 + 600, FAKE_SIZE);
    assert_int_equal(part.wrong, 0);
}

static void the_last_byte_of_the_part_can_be_programmed(void **state)
{
    (void)state;
    data[0] = 0x5a;
    assert_int_equal(sp_flash_program(&nor.flash, FAKE_SIZE - 1, data, 1), SP_OK);
    assert_int_equal(part.bytes[FAKE_SIZE - 1], 0x5a);
}

static void the_status_is_polled_until_a_program_has_ended(void **state)
{
    (void)state;
    part.busy_for = 20;
    part.waits = 0;
    assert_int_equal(sp_flash_program(&nor.flash, 0, data, 512), SP_OK);
    assert_int_equal(part.waits, 40);
    assert_int_equal(part.wrong, 0);
    assert_memory_equal(part.bytes, data, 512);
}

static void a_part_that_stays_busy_ends_a_program(void **state)
{
    (void)state;
    part.busy_for = UINT32_MAX;
    assert_int_equal(sp_flash_program(&nor.flash, 0, data, 4), SP_E_IO);
}

static void what_does_not_read_back_is_an_error(void **state)
{
    (void)state;
    part.stuck = 0x10;
    memset(data, 0xef, 300);
    assert_int_equal(sp_flash_program(&nor.flash, 0, data, 300), SP_E_IO);
    part.stuck = 0;
    part.locked = true;
    assert_int_equal(sp_flash_program(&nor.flash, 0x1000, data, 300), SP_E_IO);
    assert_int_equal(part.programs_n, 2); /* each ended with its first page */
}

static void ones_over_zeros_are_an_error(void **state)
{
    (void)state;
    memset(data, 0x0f, 8);
    assert_int_equal(sp_flash_program(&nor.flash, 0, data, 8), SP_OK);
    memset(data, 0x05, 8);
    assert_int_equal(sp_flash_program(&nor.flash, 0, data, 8), SP_OK);
    memset(data, 0x0f, 8);
    assert_int_equal(sp_flash_program(&nor.flash, 0, data, 8), SP_E_IO);
}

/* The last byte of each piece that is compared counts too. */
static void every_byte_is_verified(void **state)
{
    (void)state;
    memset(data, 0xff, 256);
    for (uint32_t at = 0; at < 256; at++) {
        part.bytes[at] = 0xfe;
        assert_int_equal(sp_flash_program(&nor.flash, 0, data, 256), SP_E_IO);
        part.bytes[at] = 0xff;
    }
}

static void a_long_read_comes_in_pieces(void **state)
{
    static uint8_t is[sizeof data];
    (void)state;
    memcpy(part.bytes + 1000, data, sizeof data);
    assert_int_equal(sp_flash_read(&nor.flash, 1000, is, sizeof is), SP_OK);
    assert_memory_equal(is, data, sizeof data);
    assert_int_equal(part.longest_in, 4096);
}

static void nothing_outside_the_part_is_touched(void **state)
{
    static const struct {
        uint32_t address;
        size_t n;
    } outside[] = {{FAKE_SIZE, 1}, {FAKE_SIZE - 3, 4}, {UINT32_MAX, 2}, {1, FAKE_SIZE}};
    (void)state;
    part.transfers = 0;
    for (size_t i = 0; i < COUNT(outside); i++) {
        assert_int_equal(sp_flash_read(&nor.flash, outside[i].address, data, outside[i].n),
                         SP_E_IO);
        assert_int_equal(sp_flash_program(&nor.flash, outside[i].address, data, outside[i].n),
                         SP_E_IO);
    }
    assert_int_equal(sp_flash_erase_start(&nor.flash, FAKE_SIZE), SP_E_IO);
    assert_int_equal(part.transfers, 0);
}

/* --- erase --- */

static void an_erase_is_started_and_polled(void **state)
{
    (void)state;
    memset(part.bytes, 0, sizeof part.bytes);
    part.busy_for = 3;
    part.waits = 0;
    assert_int_equal(sp_flash_erase_start(&nor.flash, FAKE_BLOCK), SP_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sp_flash_erase_poll(&nor.flash), 1);
    }
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
    assert_int_equal(part.erases, 1);
    assert_int_equal(part.waits, 0); /* nobody waited */
    assert_int_equal(part.wrong, 0);
    assert_int_equal(part.bytes[FAKE_BLOCK - 1], 0);
    assert_blank(FAKE_BLOCK, 2 * FAKE_BLOCK);
    assert_int_equal(part.bytes[2 * FAKE_BLOCK], 0);
}

static void an_erase_that_never_ends_fails_in_time_and_the_part_may_come_back(void **state)
{
    uint8_t byte = 0;
    (void)state;
    part.busy_for = UINT32_MAX;
    part.now_ms = UINT32_MAX - 100; /* over the counter's wrap */
    assert_int_equal(sp_flash_erase_start(&nor.flash, FAKE_BLOCK), SP_OK);
    part.now_ms += 6000;
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 1);
    part.now_ms += 1;
    assert_int_equal(sp_flash_erase_poll(&nor.flash), SP_E_IO);
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
    assert_int_equal(sp_flash_read(&nor.flash, 0, &byte, 1), SP_E_IO);
    assert_int_equal(sp_flash_program(&nor.flash, 0, &byte, 1), SP_E_IO);
    assert_int_equal(sp_flash_erase_start(&nor.flash, 0), SP_E_IO);
    assert_int_equal(part.wrong, 0);
    part.busy_left = 0;
    part.busy_for = 0;
    assert_int_equal(sp_flash_read(&nor.flash, 0, &byte, 1), SP_OK);
    assert_int_equal(sp_flash_erase_start(&nor.flash, 0), SP_OK);
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
}

static void a_poll_without_an_erase_asks_nobody(void **state)
{
    (void)state;
    part.transfers = 0;
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
    assert_int_equal(part.transfers, 0);
}

static void only_whole_blocks_are_erased(void **state)
{
    (void)state;
    part.transfers = 0;
    assert_int_equal(sp_flash_erase_start(&nor.flash, 4096), SP_E_IO);
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
    assert_int_equal(part.transfers, 0);
}

/* A locked part ignores the command: wherever the block is sampled, it is said, and once. */
static void a_block_that_stays_as_it_was_is_said_once(void **state)
{
    static const uint32_t places[] = {0, FAKE_BLOCK / 2, FAKE_BLOCK - 1};
    (void)state;
    part.locked = true;
    for (size_t i = 0; i < COUNT(places); i++) {
        part.bytes[places[i]] = 0x7f;
        assert_int_equal(sp_flash_erase_start(&nor.flash, 0), SP_OK);
        assert_int_equal(sp_flash_erase_poll(&nor.flash), SP_E_IO);
        assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
        part.bytes[places[i]] = 0xff;
    }
}

/* --- a bus that fails --- */

static int program_two_pages(void)
{
    return sp_flash_program(&nor.flash, 0, data, 512);
}

static int read_two_pieces(void)
{
    return sp_flash_read(&nor.flash, 0, data, 8192);
}

static int erase_block(void)
{
    int err = sp_flash_erase_start(&nor.flash, 0);
    return err < 0 ? err : sp_flash_erase_poll(&nor.flash);
}

static void a_transfer_that_fails_is_an_error_wherever_it_is(void **state)
{
    static int (*const jobs[])(void) = {program_two_pages, read_two_pieces, erase_block};
    (void)state;
    for (size_t i = 0; i < COUNT(jobs); i++) {
        unsigned transfers;
        part.transfers = 0;
        assert_int_equal(jobs[i](), SP_OK);
        transfers = part.transfers;
        assert_true(transfers >= 2);
        for (unsigned at = 1; at <= transfers; at++) {
            part.fail_at = at;
            assert_int_equal(jobs[i](), SP_E_IO);
            assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
        }
        assert_int_equal(jobs[i](), SP_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_jedec_id_gives_the_size, start),
        cmocka_unit_test_setup(a_capacity_that_three_bytes_cannot_address_is_refused, start),
        cmocka_unit_test_setup(a_bus_without_a_part_is_an_error, start),
        cmocka_unit_test_setup(open_waits_for_an_erase_that_a_reset_cut, start),
        cmocka_unit_test_setup(open_gives_up_on_a_part_that_stays_busy, start),
        cmocka_unit_test_setup(a_program_is_split_at_the_ends_of_pages, start),
        cmocka_unit_test_setup(the_last_byte_of_the_part_can_be_programmed, start),
        cmocka_unit_test_setup(the_status_is_polled_until_a_program_has_ended, start),
        cmocka_unit_test_setup(a_part_that_stays_busy_ends_a_program, start),
        cmocka_unit_test_setup(what_does_not_read_back_is_an_error, start),
        cmocka_unit_test_setup(ones_over_zeros_are_an_error, start),
        cmocka_unit_test_setup(every_byte_is_verified, start),
        cmocka_unit_test_setup(a_long_read_comes_in_pieces, start),
        cmocka_unit_test_setup(nothing_outside_the_part_is_touched, start),
        cmocka_unit_test_setup(an_erase_is_started_and_polled, start),
        cmocka_unit_test_setup(an_erase_that_never_ends_fails_in_time_and_the_part_may_come_back,
                               start),
        cmocka_unit_test_setup(a_poll_without_an_erase_asks_nobody, start),
        cmocka_unit_test_setup(only_whole_blocks_are_erased, start),
        cmocka_unit_test_setup(a_block_that_stays_as_it_was_is_said_once, start),
        cmocka_unit_test_setup(a_transfer_that_fails_is_an_error_wherever_it_is, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
