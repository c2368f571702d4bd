/*
 * The last fault's way from the board to flash, over the real store: it is written before the board
 * forgets it, and ever more seldom when crashes come one after the other.
 */
#include "cm.h"

#include "app/app.h"
#include "base/err.h"
#include "nor_emulator/nor_emulator.h"

#include <string.h>

#define BLOCK 4096U
#define BLOCKS 8U

struct sp_app sp_app;

static struct sp_nor nor;
static struct sp_crash left; /* what the last run left; in_a_row 0: nothing */
static unsigned forgotten;
static unsigned writes; /* crashes that were written */
static jmp_buf power;

static int get(struct sp_hal_crash *hal, struct sp_crash *out)
{
    (void)hal;
    *out = left;
    return left.in_a_row > 0;
}

static void forget(struct sp_hal_crash *hal)
{
    (void)hal;
    left.in_a_row = 0;
    forgotten++;
}

static struct sp_hal_crash crash = {.get = get, .forget = forget};
static struct sp_board board = {.crash = &crash};

static void power_goes(void *context, uint64_t number)
{
    (void)context;
    (void)number;
    longjmp(power, 1);
}

static void mount(void)
{
    memset(&sp_app.store, 0, sizeof sp_app.store);
    sp_nor_power_on(&nor);
    assert_int_equal(
        sp_store_mount(&sp_app.store, &nor.flash, 0, BLOCKS, sp_app.entries, SP_RECORDS_MAX), 0);
}

static int start(void **state)
{
    const struct sp_nor_config config = {
        .size = BLOCK * BLOCKS, .block_size = BLOCK, .page_size = 256, .on_cut = power_goes};
    (void)state;
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    sp_app.board = &board;
    forgotten = 0;
    mount();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sp_nor_close(&nor);
    return 0;
}

static void crashes(uint32_t in_a_row, uint32_t pc)
{
    uint64_t before;
    left = (struct sp_crash){.what = "a bus error",
                             .task = "service",
                             .pc = pc,
                             .in_a_row = in_a_row,
                             .uptime_ms = 1234,
                             .utc = 1764025500};
    mount();
    before = nor.stats.ops;
    sp_app_crash_start();
    writes += nor.stats.ops > before;
}

static void a_start_without_a_crash_tells_none(void **state)
{
    struct sp_crash told;
    (void)state;
    sp_app_crash_start();
    assert_int_equal(sealpost_crash(&told), SP_E_NOT_FOUND);
    assert_int_equal(forgotten, 0);
    sp_app.board = &(const struct sp_board){.name = "one that keeps nothing"};
    sp_app_crash_start();
    assert_int_equal(sealpost_crash(&told), SP_E_NOT_FOUND);
}

static void a_crash_is_kept_over_starts_and_forgotten_by_the_board(void **state)
{
    struct sp_crash told;
    (void)state;
    crashes(1, 0xa0001234U);
    assert_int_equal(forgotten, 1);
    mount();
    sp_app_crash_start();
    assert_int_equal(sealpost_crash(&told), SP_OK);
    assert_string_equal(told.what, "a bus error");
    assert_string_equal(told.task, "service");
    assert_int_equal(told.pc, 0xa0001234U);
    assert_int_equal(told.uptime_ms, 1234);
    assert_int_equal(told.utc, 1764025500);
    assert_int_equal(told.total, 1);
}

static void a_thousand_in_a_row_are_eleven_writes_and_all_are_counted(void **state)
{
    struct sp_crash told;
    (void)state;
    crashes(1, 1);
    crashes(1, 2); /* two single ones */
    writes = 0;
    for (uint32_t i = 1; i <= 1024; i++) {
        crashes(i, i);
    }
    assert_int_equal(writes, 11);
    assert_int_equal(sealpost_crash(&told), SP_OK);
    assert_int_equal(told.total, 2 + 1024);
    assert_int_equal(told.in_a_row, 1024);
}

static bool move_is_cut(uint32_t at)
{
    sp_nor_fault(&nor, SP_NOR_CUT_TORN, nor.stats.ops + at, at);
    if (setjmp(power) != 0) {
        return true;
    }
    sp_app_crash_start();
    return false;
}

/* Power goes at each program in turn: the record is the old one or the new one, and the board has
 * not forgotten what is not in flash. */
static void a_cut_while_it_is_written_loses_nothing(void **state)
{
    bool cut = true;
    for (uint32_t at = 1; cut; at++) {
        struct sp_crash told;
        (void)start(state);
        crashes(1, 7);
        left = (struct sp_crash){.in_a_row = 1, .pc = 8};
        cut = move_is_cut(at);
        assert_int_equal(left.in_a_row, cut ? 1 : 0);
        mount();
        assert_int_equal(sealpost_crash(&told), SP_OK);
        assert_true(told.pc == 7 || told.pc == 8);
        sp_app_crash_start(); /* eSRAM may have outlived it */
        assert_int_equal(sealpost_crash(&told), SP_OK);
        assert_int_equal(told.pc, 8);
        (void)stop(state);
    }
}

static void what_is_no_crash_record_is_not_told(void **state)
{
    struct sp_crash told;
    (void)state;
    assert_int_equal(
        sp_store_put(&sp_app.store, SP_KIND_CRASH, "last", sp_span("of another version", 18), 0),
        0);
    assert_int_equal(sealpost_crash(&told), SP_E_CORRUPT);
    assert_int_equal(told.what[0], 0);
    crashes(2, 9);
    assert_int_equal(sealpost_crash(&told), SP_OK);
    assert_int_equal(told.total, 1);
}

static void a_part_that_fails_loses_the_crash_and_not_the_start(void **state)
{
    (void)state;
    left = (struct sp_crash){.in_a_row = 1};
    sp_nor_fault(&nor, SP_NOR_FAIL_FROM, nor.stats.ops + 1, 1);
    sp_app_crash_start();
    assert_int_equal(forgotten, 1);
}

#define ON_A_PART(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_PART(a_start_without_a_crash_tells_none),
        ON_A_PART(a_crash_is_kept_over_starts_and_forgotten_by_the_board),
        ON_A_PART(a_thousand_in_a_row_are_eleven_writes_and_all_are_counted),
        cmocka_unit_test(a_cut_while_it_is_written_loses_nothing),
        ON_A_PART(what_is_no_crash_record_is_not_told),
        ON_A_PART(a_part_that_fails_loses_the_crash_and_not_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
