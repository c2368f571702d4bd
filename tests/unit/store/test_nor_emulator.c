#include "kit.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sp_nor nor;
static uint64_t now_us;
static unsigned misuses, cuts;
static uint64_t cut_number;

static uint64_t mono_ms(void *context)
{
    (void)context;
    return now_us / 1000;
}

static void wait_us(void *context, uint32_t us)
{
    (void)context;
    now_us += us;
}

static void on_misuse(void *context, const char *what)
{
    (void)context;
    (void)what;
    misuses++;
}

static void on_cut(void *context, uint64_t number)
{
    (void)context;
    cuts++;
    cut_number = number;
}

static const struct sp_nor_config plain = {.size = 4 * 4096,
                                           .block_size = 4096,
                                           .page_size = 256,
                                           .erase_polls = 2,
                                           .mono_ms = mono_ms,
                                           .wait_us = wait_us,
                                           .on_misuse = on_misuse,
                                           .on_cut = on_cut};

static int open_part(void **state)
{
    (void)state;
    misuses = 0;
    cuts = 0;
    return sp_nor_open(&nor, &plain);
}

static int close_part(void **state)
{
    (void)state;
    sp_nor_close(&nor);
    return 0;
}

static int program(uint32_t address, const char *text)
{
    return sp_flash_program(&nor.flash, address, text, strlen(text));
}

static int erase(uint32_t address)
{
    int err = sp_flash_erase_start(&nor.flash, address);

    while (err == 0 && (err = sp_flash_erase_poll(&nor.flash)) > 0) {
        err = 0;
    }
    return err;
}

static void programming_only_clears_bits(void **state)
{
    uint8_t byte = 0xF0;
    uint8_t read;
    (void)state;

    assert_int_equal(sp_flash_read(&nor.flash, 5, &read, 1), 0);
    assert_int_equal(read, 0xFF);
    assert_int_equal(sp_flash_program(&nor.flash, 5, &byte, 1), 0);
    byte = 0x30;
    assert_int_equal(sp_flash_program(&nor.flash, 5, &byte, 1), 0);
    byte = 0x3F; /* would set bits: they stay, and the verify sees it */
    assert_int_equal(sp_flash_program(&nor.flash, 5, &byte, 1), SP_E_IO);
    assert_int_equal(sp_flash_read(&nor.flash, 5, &read, 1), 0);
    assert_int_equal(read, 0x30);
}

static void an_erase_sets_one_block(void **state)
{
    uint8_t bytes[4096];
    (void)state;

    assert_int_equal(program(4096 - 2, "abcd"), 0);
    assert_int_equal(erase(4096), 0);
    assert_int_equal(sp_flash_read(&nor.flash, 4096, bytes, sizeof bytes), 0);
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_int_equal(bytes[i], 0xFF);
    }
    assert_int_equal(sp_flash_read(&nor.flash, 4094, bytes, 2), 0);
    assert_memory_equal(bytes, "ab", 2);
    assert_int_equal(nor.block_erases[1], 1);
    assert_int_equal(nor.block_erases[0], 0);
}

static void an_erase_is_polled_to_its_end(void **state)
{
    (void)state;

    assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
    assert_int_equal(sp_flash_erase_start(&nor.flash, 0), 0);
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 1);
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 1);
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
    assert_int_equal(sp_flash_erase_poll(&nor.flash), 0);
}

static void misuse_is_noticed(void **state)
{
    uint8_t byte = 0;
    (void)state;

    assert_int_equal(sp_flash_read(&nor.flash, 4 * 4096, &byte, 1), SP_E_IO);
    assert_int_equal(sp_flash_read(&nor.flash, UINT32_MAX, &byte, 1), SP_E_IO);
    assert_int_equal(sp_flash_program(&nor.flash, 4 * 4096 - 1, "ab", 2), SP_E_IO);
    assert_int_equal(sp_flash_program(&nor.flash, 0, &byte, 0), SP_E_IO);
    assert_int_equal(sp_flash_erase_start(&nor.flash, 100), SP_E_IO);
    assert_int_equal(sp_flash_erase_start(&nor.flash, 4 * 4096), SP_E_IO);
    assert_int_equal(misuses, 6);
    assert_int_equal(sp_flash_erase_start(&nor.flash, 0), 0);
    assert_int_equal(sp_flash_read(&nor.flash, 4096, &byte, 1), SP_E_IO);
    assert_int_equal(program(4096, "a"), SP_E_IO);
    assert_int_equal(sp_flash_erase_start(&nor.flash, 4096), SP_E_IO);
    assert_int_equal(misuses, 9);
    assert_int_equal(nor.stats.misuses, 9);
}

static void a_cut_stops_everything_until_power_is_back(void **state)
{
    uint8_t bytes[4];
    (void)state;

    sp_nor_fault(&nor, SP_NOR_CUT_BEFORE, 2, 1);
    assert_int_equal(program(0, "abcd"), 0);
    assert_int_equal(program(8, "abcd"), SP_E_IO);
    assert_int_equal(cuts, 1);
    assert_int_equal(cut_number, 2);
    assert_int_equal(program(16, "abcd"), SP_E_IO);
    assert_int_equal(sp_flash_read(&nor.flash, 0, bytes, 4), SP_E_IO);
    assert_int_equal(sp_flash_erase_start(&nor.flash, 0), SP_E_IO);
    assert_int_equal(cuts, 1);
    sp_nor_power_on(&nor);
    assert_int_equal(sp_flash_read(&nor.flash, 0, bytes, 4), 0);
    assert_memory_equal(bytes, "abcd", 4);
    assert_int_equal(sp_flash_read(&nor.flash, 8, bytes, 4), 0);
    assert_memory_equal(bytes, "\xFF\xFF\xFF\xFF", 4);
}

static void a_cut_after_leaves_all_of_the_operation(void **state)
{
    uint8_t bytes[4];
    (void)state;

    sp_nor_fault(&nor, SP_NOR_CUT_AFTER, 1, 1);
    assert_int_equal(program(0, "abcd"), SP_E_IO);
    sp_nor_power_on(&nor);
    assert_int_equal(sp_flash_read(&nor.flash, 0, bytes, 4), 0);
    assert_memory_equal(bytes, "abcd", 4);
    sp_nor_fault(&nor, SP_NOR_CUT_AFTER, nor.stats.ops + 1, 1);
    assert_int_equal(sp_flash_erase_start(&nor.flash, 0), SP_E_IO);
    sp_nor_power_on(&nor);
    assert_int_equal(sp_flash_read(&nor.flash, 0, bytes, 4), 0);
    assert_memory_equal(bytes, "\xFF\xFF\xFF\xFF", 4);
}

static void a_torn_program_leaves_a_subset_by_its_seed(void **state)
{
    static const uint8_t zeros[64];
    uint8_t first[64];
    uint8_t bytes[64];
    unsigned different = 0;
    (void)state;

    for (uint32_t seed = 0; seed < 20; seed++) {
        assert_int_equal(erase(0), 0);
        sp_nor_fault(&nor, SP_NOR_CUT_TORN, nor.stats.ops + 1, seed / 2);
        assert_int_equal(sp_flash_program(&nor.flash, 0, zeros, sizeof zeros), SP_E_IO);
        sp_nor_power_on(&nor);
        assert_int_equal(sp_flash_read(&nor.flash, 0, bytes, sizeof bytes), 0);
        if (seed % 2 == 1) {
            assert_memory_equal(bytes, first, sizeof bytes);
        } else if (seed > 0) {
            different += memcmp(bytes, first, sizeof bytes) != 0 ? 1 : 0;
        }
        memcpy(first, bytes, sizeof bytes);
    }
    assert_int_equal(different, 9);
}

static void unstable_bits_settle_when_programmed_or_erased(void **state)
{
    static const uint8_t zeros[64];
    uint8_t a[64], b[64];
    unsigned differ = 0;
    (void)state;

    sp_nor_fault(&nor, SP_NOR_CUT_UNSTABLE, 1, 3);
    assert_int_equal(sp_flash_program(&nor.flash, 0, zeros, sizeof zeros), SP_E_IO);
    sp_nor_power_on(&nor);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(sp_flash_read(&nor.flash, 0, a, sizeof a), 0);
        assert_int_equal(sp_flash_read(&nor.flash, 0, b, sizeof b), 0);
        differ += memcmp(a, b, sizeof a) != 0 ? 1 : 0;
    }
    assert_int_equal(differ, 10);
    assert_int_equal(sp_flash_program(&nor.flash, 0, zeros, 32), 0);
    assert_int_equal(sp_flash_read(&nor.flash, 0, a, 32), 0);
    assert_memory_equal(a, zeros, 32);
    assert_int_equal(erase(0), 0);
    assert_int_equal(sp_flash_read(&nor.flash, 0, a, sizeof a), 0);
    for (size_t i = 0; i < sizeof a; i++) {
        assert_int_equal(a[i], 0xFF);
    }
}

/* By the seed everywhere, or beside stripes that are as they were and others that are erased. */
static void a_torn_erase_leaves_garbage(void **state)
{
    static uint8_t zeros[4096];
    static uint8_t bytes[4096];
    unsigned garbage = 0;
    unsigned striped = 0;
    (void)state;

    for (uint32_t seed = 0; seed < 40; seed++) {
        unsigned same = 0;
        unsigned blank = 0;

        assert_int_equal(erase(0), 0);
        assert_int_equal(sp_flash_program(&nor.flash, 0, zeros, sizeof zeros), 0);
        sp_nor_fault(&nor, SP_NOR_CUT_TORN, nor.stats.ops + 1, seed);
        assert_int_equal(sp_flash_erase_start(&nor.flash, 0), SP_E_IO);
        sp_nor_power_on(&nor);
        assert_int_equal(sp_flash_read(&nor.flash, 0, bytes, sizeof bytes), 0);
        for (size_t i = 0; i < sizeof bytes; i++) {
            same += bytes[i] == 0 ? 1 : 0;
            blank += bytes[i] == 0xFF ? 1 : 0;
        }
        garbage += same < 100 && blank < 100 ? 1 : 0;
        striped += same > 500 && blank > 500 ? 1 : 0;
    }
    assert_int_equal(garbage + striped, 40);
    assert_in_range(garbage, 10, 30);
}

static void failures_come_once_or_for_good(void **state)
{
    uint8_t byte;
    (void)state;

    sp_nor_fault(&nor, SP_NOR_FAIL_ONCE, 2, 1);
    assert_int_equal(program(0, "a"), 0);
    assert_int_equal(program(100, "a"), SP_E_IO);
    assert_int_equal(program(200, "a"), 0);
    sp_nor_fault(&nor, SP_NOR_FAIL_ONCE, 4, 1);
    assert_int_equal(erase(0), SP_E_IO);
    assert_int_equal(erase(0), 0);
    sp_nor_fault(&nor, SP_NOR_FAIL_FROM, nor.stats.ops + 2, 1);
    assert_int_equal(program(300, "a"), 0);
    assert_int_equal(program(400, "a"), SP_E_IO);
    assert_int_equal(program(500, "a"), SP_E_IO);
    sp_nor_fault(&nor, SP_NOR_FAIL_READ, nor.stats.reads + 2, 1);
    assert_int_equal(sp_flash_read(&nor.flash, 0, &byte, 1), 0);
    assert_int_equal(sp_flash_read(&nor.flash, 0, &byte, 1), SP_E_IO);
    assert_int_equal(sp_flash_read(&nor.flash, 0, &byte, 1), 0);
    sp_nor_wear_out(&nor, 1, true);
    assert_int_equal(program(4096, "a"), SP_E_IO);
    assert_int_equal(erase(4096), SP_E_IO);
    assert_int_equal(program(8192, "a"), 0);
    sp_nor_wear_out(&nor, 1, false);
    assert_int_equal(erase(4096), 0);
    assert_int_equal(cuts, 0);
}

static void a_real_part_takes_its_time(void **state)
{
    struct sp_nor_config config = plain;
    uint8_t bytes[600] = {0};
    uint64_t start;
    unsigned polls = 0;
    (void)state;

    sp_nor_close(&nor);
    config.timing = SP_NOR_REAL;
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    start = now_us;
    assert_int_equal(sp_flash_program(&nor.flash, 0, bytes, sizeof bytes), 0);
    assert_int_equal(now_us - start, 3 * SP_NOR_PROGRAM_US);
    start = now_us;
    assert_int_equal(sp_flash_erase_start(&nor.flash, 0), 0);
    while (sp_flash_erase_poll(&nor.flash) == 1) {
        polls++;
    }
    assert_in_range(now_us - start, SP_NOR_ERASE_MS * 1000 - 1000, SP_NOR_ERASE_MS * 1000 + 1000);
    assert_true(polls > 1000);
}

static void what_makes_no_part_is_refused(void **state)
{
    struct sp_nor_config config = plain;
    struct sp_nor other;
    (void)state;

    config.size = 4097;
    assert_int_equal(sp_nor_open(&other, &config), SP_E_INVALID);
    config = plain;
    config.timing = SP_NOR_REAL;
    config.mono_ms = NULL;
    assert_int_equal(sp_nor_open(&other, &config), SP_E_INVALID);
}

static void a_file_keeps_its_bytes_for_one_process(void **state)
{
    char path[] = "/tmp/sealpost-nor-XXXXXX";
    struct sp_nor_config config = plain;
    struct sp_nor file, other;
    uint8_t bytes[4];
    int status;
    pid_t child;
    (void)state;

    (void)close(mkstemp(path));
    (void)unlink(path);
    assert_int_equal(sp_nor_open_file(&file, &config, path), 0);
    assert_int_equal(sp_flash_read(&file.flash, 4 * 4096 - 4, bytes, 4), 0);
    assert_memory_equal(bytes, "\xFF\xFF\xFF\xFF", 4);
    assert_int_equal(sp_flash_program(&file.flash, 77, "kept", 4), 0);
    assert_int_equal(sp_nor_open_file(&other, &config, path), SP_E_STATE);
    child = fork();
    if (child == 0) {
        _exit(sp_nor_open_file(&other, &config, path) == SP_E_STATE ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    sp_nor_close(&file);
    assert_int_equal(sp_nor_open_file(&file, &config, path), 0);
    assert_int_equal(sp_flash_read(&file.flash, 77, bytes, 4), 0);
    assert_memory_equal(bytes, "kept", 4);
    sp_nor_close(&file);
    config.size = 8 * 4096;
    assert_int_equal(sp_nor_open_file(&file, &config, path), SP_E_INVALID);
    (void)unlink(path);
    assert_int_equal(sp_nor_open_file(&file, &config, "/no/such/folder/nor"), SP_E_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_part, close_part)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(programming_only_clears_bits),
        TEST(an_erase_sets_one_block),
        TEST(an_erase_is_polled_to_its_end),
        TEST(misuse_is_noticed),
        TEST(a_cut_stops_everything_until_power_is_back),
        TEST(a_cut_after_leaves_all_of_the_operation),
        TEST(a_torn_program_leaves_a_subset_by_its_seed),
        TEST(unstable_bits_settle_when_programmed_or_erased),
        TEST(a_torn_erase_leaves_garbage),
        TEST(failures_come_once_or_for_good),
        TEST(a_real_part_takes_its_time),
        TEST(what_makes_no_part_is_refused),
        TEST(a_file_keeps_its_bytes_for_one_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
