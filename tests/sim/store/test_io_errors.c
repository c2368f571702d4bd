/* The part fails: once, at every operation and every read in turn; for good; or block by block. */
#include "kit.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

#define NAMES 20

static struct kit kit;
static struct kit_saved before;

static void recover(void)
{
    kit.failing = false;
    sp_nor_power_on(&kit.nor);
    assert_int_equal(kit_mount(&kit), 0);
    kit_settle(&kit);
    kit_check(&kit);
}

/* What failed changed nothing: the old record stands, without a restart. */
static void check_unchanged(void)
{
    sp_nor_fault(&kit.nor, SP_NOR_SOUND, 0, 0);
    kit_check(&kit);
}

static void a_failed_operation_is_made_good_in_another_block(void **state)
{
    uint32_t random = 5;
    (void)state;

    kit_open(&kit, 8, 4096, 700);
    for (uint32_t i = 0; i < 400; i++) {
        struct kit_action action = kit_action(&random, i, NAMES);
        uint64_t start = kit.nor.stats.ops;
        uint64_t n;

        kit_save(&kit, &before);
        assert_true(kit_act(&kit, &action));
        n = kit.nor.stats.ops - start;
        for (uint64_t op = 1; op <= n; op++) {
            kit_restore(&kit, &before);
            sp_nor_fault(&kit.nor, SP_NOR_FAIL_ONCE, start + op, i + (uint32_t)op);
            assert_true(kit_act(&kit, &action));
            kit_check(&kit);
            assert_int_equal(kit_mount(&kit), 0);
            kit_check(&kit);
        }
    }
    kit_close(&kit);
}

static void a_part_that_takes_no_more_keeps_what_it_has(void **state)
{
    const struct kit_action tidy = {.what = KIT_TIDY};
    uint32_t random = 6;
    (void)state;

    kit_open(&kit, 8, 4096, 700);
    for (uint32_t i = 0; i < 300; i++) {
        struct kit_action action = kit_action(&random, i, NAMES);
        uint64_t start = kit.nor.stats.ops;
        uint64_t n;

        kit_save(&kit, &before);
        assert_true(kit_act(&kit, &action));
        n = kit.nor.stats.ops - start;
        for (uint64_t op = 1; op <= n; op++) {
            kit_restore(&kit, &before);
            kit.failing = true;
            sp_nor_fault(&kit.nor, SP_NOR_FAIL_FROM, start + op, i + (uint32_t)op);
            if (kit_act(&kit, &action)) {
                kit.model.doing = -1;
            }
            kit_check(&kit);
            recover();
            assert_true(kit_act(&kit, &tidy));
            kit_check(&kit);
        }
        kit_restore(&kit, &before);
        assert_true(kit_act(&kit, &action));
    }
    kit_close(&kit);
}

static void a_failed_read_is_reported_and_changes_nothing(void **state)
{
    uint32_t random = 7;
    unsigned failed = 0;
    (void)state;

    kit_open(&kit, 8, 4096, 700);
    for (uint32_t i = 0; i < 200; i++) {
        struct kit_action action = kit_action(&random, i, NAMES);
        uint64_t start = kit.nor.stats.reads;
        uint64_t n;

        kit_save(&kit, &before);
        assert_true(kit_act(&kit, &action));
        n = kit.nor.stats.reads - start;
        for (uint64_t read = 1; read <= n; read++) {
            kit_restore(&kit, &before);
            kit.failing = true;
            sp_nor_fault(&kit.nor, SP_NOR_FAIL_READ, start + read, 1);
            if (kit_act(&kit, &action)) {
                check_unchanged();
            } else {
                failed++;
                kit.model.doing = -1;
                if (action.what != KIT_REMOUNT) {
                    check_unchanged();
                }
            }
            recover();
        }
        kit_restore(&kit, &before);
        assert_true(kit_act(&kit, &action));
    }
    assert_true(failed > 100);
    kit_close(&kit);
}

static void a_get_whose_read_fails_says_so(void **state)
{
    uint8_t buf[64];
    char name[SP_STORE_NAME_MAX + 1];
    uint32_t cursor = 0;
    sp_utc due;
    (void)state;

    kit_open(&kit, 4, 4096, 100);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_SETTING, "a", sp_span("xyz", 3), 5), 0);
    for (uint64_t i = 1; i <= 3; i++) {
        sp_nor_fault(&kit.nor, SP_NOR_FAIL_READ, kit.nor.stats.reads + i, 1);
        assert_int_equal(sp_store_get(&kit.store, SP_KIND_SETTING, "a", buf, sizeof buf), SP_E_IO);
    }
    sp_nor_fault(&kit.nor, SP_NOR_FAIL_READ, kit.nor.stats.reads + 1, 1);
    assert_int_equal(sp_store_length(&kit.store, SP_KIND_SETTING, "a"), SP_E_IO);
    sp_nor_fault(&kit.nor, SP_NOR_FAIL_READ, kit.nor.stats.reads + 1, 1);
    assert_int_equal(sp_store_next(&kit.store, SP_KIND_SETTING, &cursor, name), SP_E_IO);
    sp_nor_fault(&kit.nor, SP_NOR_FAIL_READ, kit.nor.stats.reads + 2, 1);
    assert_int_equal(sp_store_due(&kit.store, SP_KIND_SETTING, name, &due), SP_E_IO);
    assert_string_equal(name, "");
    assert_int_equal(sp_store_get(&kit.store, SP_KIND_SETTING, "a", buf, sizeof buf), 3);
    kit_close(&kit);
}

/* What was not read at the start is not known to be worthless. */
static void a_store_that_could_not_be_mounted_leaves_the_part_alone(void **state)
{
    uint8_t buf[64];
    char name[SP_STORE_NAME_MAX + 1];
    uint32_t random = 9;
    uint32_t cursor = 0;
    sp_utc due;
    uint64_t start;
    uint64_t n;
    (void)state;

    kit_open(&kit, 8, 4096, 700);
    for (uint32_t i = 0; i < 200; i++) {
        struct kit_action action = kit_action(&random, i, NAMES);

        assert_true(kit_act(&kit, &action));
    }
    kit_save(&kit, &before);
    start = kit.nor.stats.reads;
    assert_int_equal(kit_mount(&kit), 0);
    n = kit.nor.stats.reads - start;
    assert_true(n > 16);
    for (uint64_t read = 1; read <= n; read++) {
        kit_restore(&kit, &before);
        sp_nor_fault(&kit.nor, SP_NOR_FAIL_READ, kit.nor.stats.reads + read, 1);
        assert_int_equal(kit_mount(&kit), SP_E_IO);
        start = kit.nor.stats.ops;
        for (sp_time now = 0; now < 60000; now += 100) {
            assert_true(sp_store_step(&kit.store, now) == SP_NEVER);
        }
        assert_int_equal(sp_store_put(&kit.store, SP_KIND_SETTING, "a", sp_span("x", 1), 0),
                         SP_E_IO);
        assert_int_equal(sp_store_get(&kit.store, SP_KIND_SETTING, "a", buf, sizeof buf), SP_E_IO);
        assert_int_equal(sp_store_length(&kit.store, SP_KIND_SETTING, "a"), SP_E_IO);
        assert_int_equal(sp_store_delete(&kit.store, SP_KIND_SETTING, "a"), SP_E_IO);
        assert_int_equal(sp_store_next(&kit.store, SP_KIND_DOMAIN, &cursor, name), SP_E_IO);
        assert_int_equal(sp_store_due(&kit.store, SP_KIND_DOMAIN, name, &due), SP_E_IO);
        assert_int_equal(sp_store_set_due(&kit.store, SP_KIND_DOMAIN, "a", 5), SP_E_IO);
        assert_int_equal(sp_store_count(&kit.store, SP_KIND_DOMAIN), 0);
        assert_int_equal(kit.nor.stats.ops, start);
        assert_int_equal(kit_mount(&kit), 0);
        kit_check(&kit);
    }
    kit_close(&kit);
}

/* For whoever watches over the appliance. */
static void a_part_that_fails_is_told_of_until_it_takes_a_write(void **state)
{
    (void)state;

    kit_open(&kit, 8, 4096, 700);
    assert_false(sp_store_stats(&kit.store).failing);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_SETTING, "a", sp_span("x", 1), 0), 0);
    assert_false(sp_store_stats(&kit.store).failing);
    sp_nor_fault(&kit.nor, SP_NOR_FAIL_FROM, kit.nor.stats.ops + 1, 1);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_SETTING, "a", sp_span("y", 1), 0), SP_E_IO);
    assert_true(sp_store_stats(&kit.store).failing);
    sp_nor_fault(&kit.nor, SP_NOR_SOUND, 0, 0);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_SETTING, "a", sp_span("y", 1), 0), 0);
    assert_false(sp_store_stats(&kit.store).failing);
    sp_nor_fault(&kit.nor, SP_NOR_FAIL_FROM, kit.nor.stats.ops + 1, 1);
    assert_int_equal(sp_store_delete(&kit.store, SP_KIND_SETTING, "a"), SP_E_IO);
    assert_true(sp_store_stats(&kit.store).failing);
    assert_int_equal(sp_store_delete(&kit.store, SP_KIND_SETTING, "b"), SP_E_NOT_FOUND);
    assert_true(sp_store_stats(&kit.store).failing);
    sp_nor_fault(&kit.nor, SP_NOR_FAIL_READ, kit.nor.stats.reads + 1, 1);
    assert_int_equal(kit_mount(&kit), SP_E_IO);
    assert_true(sp_store_stats(&kit.store).failing);
    assert_int_equal(kit_mount(&kit), 0);
    assert_false(sp_store_stats(&kit.store).failing);
    kit_close(&kit);
}

static void worn_blocks_are_left_out(void **state)
{
    uint32_t random = 8;
    (void)state;

    kit_open(&kit, 12, 4096, 700);
    for (uint32_t i = 0; i < 3000; i++) {
        struct kit_action action = kit_action(&random, i, NAMES);

        if (i % 500 == 250) {
            sp_nor_wear_out(&kit.nor, kit_random(&random) % 12, true);
        }
        assert_true(kit_act(&kit, &action));
        if (i % 10 == 0) {
            kit_check(&kit);
        }
    }
    kit_close(&kit);
}

static int forget(void **state)
{
    (void)state;
    kit_forget(&before);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_operation_is_made_good_in_another_block),
        cmocka_unit_test(a_part_that_takes_no_more_keeps_what_it_has),
        cmocka_unit_test(a_failed_read_is_reported_and_changes_nothing),
        cmocka_unit_test(a_get_whose_read_fails_says_so),
        cmocka_unit_test(a_store_that_could_not_be_mounted_leaves_the_part_alone),
        cmocka_unit_test(a_part_that_fails_is_told_of_until_it_takes_a_write),
        cmocka_unit_test(worn_blocks_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, forget);
}
