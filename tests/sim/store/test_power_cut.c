/* Power goes at every operation of a life, cleanly, torn, and with bits left in between; and again
 * at every operation of what follows. Whatever was put is there afterwards, and what was being
 * changed is as before or as wanted. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 20

static struct kit kit;
static struct kit_saved before, after_cut;
static unsigned long cuts, second_cuts;

static const struct {
    enum sp_nor_fault fault;
    uint32_t seeds;
} variants[] = {
    {SP_NOR_CUT_BEFORE, 1},
    {SP_NOR_CUT_AFTER, 1},
    {SP_NOR_CUT_TORN, 3},
    {SP_NOR_CUT_UNSTABLE, 3},
};

static void recover(void)
{
    sp_nor_power_on(&kit.nor);
    assert_int_equal(kit_mount(&kit), 0);
    kit_settle(&kit);
    kit_check(&kit);
}

/* What follows a recovery: some work, housekeeping, and a start that finds the same. */
static bool go_on(uint32_t seed)
{
    const struct kit_action remount = {.what = KIT_REMOUNT};
    const struct kit_action tidy = {.what = KIT_TIDY};
    uint32_t random = seed;

    if (!kit_act(&kit, &remount)) {
        return false;
    }
    kit_settle(&kit);
    for (uint32_t i = 0; i < 3; i++) {
        struct kit_action action = kit_action(&random, 100000 + i, NAMES);

        if (!kit_act(&kit, &action)) {
            return false;
        }
    }
    return kit_act(&kit, &tidy);
}

static void second_cut(uint64_t at, uint32_t seed)
{
    static const enum sp_nor_fault faults[] = {SP_NOR_CUT_TORN, SP_NOR_CUT_UNSTABLE,
                                               SP_NOR_CUT_AFTER};

    kit_restore(&kit, &after_cut);
    sp_nor_power_on(&kit.nor);
    sp_nor_fault(&kit.nor, faults[at % COUNT(faults)], kit.nor.stats.ops + at, seed);
    if (go_on(seed)) {
        return;
    }
    recover();
    second_cuts++;
}

/* every: 1 for each operation after the first cut, more for a sample of them. */
static void follow_cut(uint32_t seed, uint32_t every)
{
    uint64_t start = kit.nor.stats.ops;
    uint64_t n;

    kit_save(&kit, &after_cut);
    recover();
    assert_true(go_on(seed));
    kit_check(&kit);
    n = kit.nor.stats.ops - start;
    assert_int_equal(kit_mount(&kit), 0);
    kit_check(&kit);
    for (uint64_t at = 1 + seed % every; at <= n; at += every) {
        second_cut(at, seed + (uint32_t)at);
    }
}

/* Cuts the action at each of its operations. Leaves the world as it was before. */
static void cut_everywhere(const struct kit_action *action, uint32_t number, uint32_t every)
{
    uint64_t start = kit.nor.stats.ops;
    uint64_t ops;

    kit_save(&kit, &before);
    assert_true(kit_act(&kit, action));
    ops = kit.nor.stats.ops - start;
    for (uint64_t op = 1; op <= ops; op++) {
        for (uint32_t v = 0; v < COUNT(variants); v++) {
            for (uint32_t seed = 0; seed < variants[v].seeds; seed++) {
                kit_restore(&kit, &before);
                sp_nor_fault(&kit.nor, variants[v].fault, start + op,
                             number * 131 + seed * 7 + (uint32_t)op);
                assert_false(kit_act(&kit, action));
                cuts++;
                follow_cut(number * 31 + (uint32_t)op * 5 + seed + 1, every);
            }
        }
    }
    kit_restore(&kit, &before);
}

static void sweep(uint32_t blocks, uint32_t largest, uint32_t actions, uint32_t seed,
                  uint32_t every)
{
    uint32_t random = seed;
    unsigned long cuts_before = cuts + second_cuts;

    kit_open(&kit, blocks, 4096, largest);
    for (uint32_t i = 0; i < actions; i++) {
        struct kit_action action = kit_action(&random, i, NAMES);

        cut_everywhere(&action, i, every);
        assert_true(kit_act(&kit, &action));
        kit_check(&kit);
    }
    printf("%u blocks, %u actions, %lu operations, %u erases: %lu cuts\n", blocks, actions,
           (unsigned long)kit.nor.stats.ops, (unsigned)kit.nor.stats.erases,
           cuts + second_cuts - cuts_before);
    kit_close(&kit);
    kit_forget(&before);
    kit_forget(&after_cut);
    memset(&before, 0, sizeof before);
    memset(&after_cut, 0, sizeof after_cut);
}

/* For a longer search: SEALPOST_CUTS=10 makes every life ten times as long. */
static uint32_t scale(void)
{
    const char *text = getenv("SEALPOST_CUTS");

    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 1;
}

static void a_cut_at_every_operation_loses_nothing(void **state)
{
    (void)state;
    sweep(8, 700, 900 * scale(), 1, 7);
}

static void small_records_and_many_deletes_survive(void **state)
{
    (void)state;
    sweep(6, 60, 900 * scale(), 2, 7);
}

static void two_cuts_at_every_pair_of_operations_lose_nothing(void **state)
{
    (void)state;
    sweep(8, 700, 120 * scale(), 3, 1);
}

static void the_least_number_of_blocks_survives(void **state)
{
    (void)state;
    sweep(4, 60, 600 * scale(), 4, 7);
}

static void a_nearly_full_store_survives(void **state)
{
    (void)state;
    sweep(7, 820, 600 * scale(), 5, 7);
}

static int print_cuts(void **state)
{
    (void)state;
    printf("%lu cuts, %lu of them second ones; nothing lost\n", cuts + second_cuts, second_cuts);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_at_every_operation_loses_nothing),
        cmocka_unit_test(small_records_and_many_deletes_survive),
        cmocka_unit_test(two_cuts_at_every_pair_of_operations_lose_nothing),
        cmocka_unit_test(the_least_number_of_blocks_survives),
        cmocka_unit_test(a_nearly_full_store_survives),
    };

    return cmocka_run_group_tests(tests, NULL, print_cuts);
}
