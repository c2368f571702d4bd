/* A long life: how evenly blocks wear, and that nothing piles up. */
#include "kit.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

static struct kit kit;

static void tidy(uint32_t steps)
{
    for (uint32_t i = 0; i < steps; i++) {
        kit.now += 2000;
        if (sp_store_step(&kit.store, kit.now) == SP_NEVER) {
            return;
        }
    }
}

static void print_wear(const char *what, uint32_t *most, uint32_t *least)
{
    uint32_t blocks = kit.nor.flash.size / kit.nor.flash.block_size;
    uint64_t sum = 0;

    *most = 0;
    *least = UINT32_MAX;
    for (uint32_t b = 0; b < blocks; b++) {
        uint32_t n = kit.nor.block_erases[b];

        *most = n > *most ? n : *most;
        *least = n < *least ? n : *least;
        sum += n;
    }
    printf("%s: erases of a block %u to %u, mean %.1f\n", what, *least, *most,
           (double)sum / blocks);
}

/* Half of the store never changes, one record changes all the time. */
static void cold_blocks_are_worn_with_the_others(void **state)
{
    uint8_t data[1000] = {0};
    uint32_t most, least;
    char name[16];
    (void)state;

    kit_open(&kit, 16, 4096, 500);
    for (uint32_t i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "cold%u", i);
        assert_int_equal(
            sp_store_put(&kit.store, SP_KIND_DOMAIN, name, sp_span(data, sizeof data), 0), 0);
    }
    for (uint32_t i = 0; i < 20000; i++) {
        data[0] = (uint8_t)i;
        assert_int_equal(sp_store_put(&kit.store, SP_KIND_CLOCK, "floor", sp_span(data, 700), 0),
                         0);
        if (i % 3 == 0) {
            tidy(20);
        }
        if (i % 2500 == 0) {
            assert_int_equal(kit_mount(&kit), 0);
        }
    }
    print_wear("a hot record among cold ones, 20000 puts", &most, &least);
    assert_true(least > 100);
    assert_true(most - least <= 24);
    assert_int_equal(sp_store_count(&kit.store, SP_KIND_DOMAIN), 20);
    for (uint32_t i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "cold%u", i);
        assert_int_equal(sp_store_get(&kit.store, SP_KIND_DOMAIN, name, data, sizeof data), 1000);
    }
    kit_close(&kit);
}

/* Ever new names come and go: their tombstones go, too, in the end. */
static void tombstones_do_not_pile_up(void **state)
{
    char name[24];
    uint32_t most, least;
    uint32_t tombs = 0;
    (void)state;

    kit_open(&kit, 8, 4096, 500);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_DOMAIN, "stays", sp_span("x", 1), 0), 0);
    for (uint32_t i = 0; i < 20000; i++) {
        (void)snprintf(name, sizeof name, "d%u.example", i);
        assert_int_equal(sp_store_put(&kit.store, SP_KIND_DOMAIN, name, sp_span(name, 8), 0), 0);
        assert_int_equal(sp_store_delete(&kit.store, SP_KIND_DOMAIN, name), 0);
        if (i % 7 == 0) {
            tidy(50);
        }
        tombs = kit.store.tombs > tombs ? kit.store.tombs : tombs;
        if (i % 1000 == 0) {
            assert_int_equal(kit_mount(&kit), 0);
            assert_int_equal(sp_store_stats(&kit.store).records, 1);
        }
    }
    printf("20000 names put and deleted: at most %u tombstones at a time\n", tombs);
    print_wear("the same", &most, &least);
    assert_true(tombs < 600);
    kit_close(&kit);
}

/* The same without any step: puts and deletes do all themselves. */
static void without_steps_everything_works_in_line(void **state)
{
    uint32_t random = 21;
    uint32_t most, least;
    (void)state;

    kit_open(&kit, 8, 4096, 800);
    for (uint32_t i = 0; i < 20000; i++) {
        struct kit_action action = kit_action(&random, i, 20);

        if (action.what == KIT_STEPS || action.what == KIT_TIDY) {
            continue;
        }
        assert_true(kit_act(&kit, &action));
        if (i % 100 == 0) {
            kit_check(&kit);
        }
    }
    kit_check(&kit);
    print_wear("20000 actions without a step", &most, &least);
    kit_close(&kit);
}

static void fill(uint32_t *records, size_t n)
{
    uint8_t data[SP_STORE_RECORD_MAX] = {0};
    char name[16];
    int err = 0;

    for (*records = 0; err == 0; *records += err == 0 ? 1 : 0) {
        (void)snprintf(name, sizeof name, "f%u", *records);
        err = sp_store_put(&kit.store, SP_KIND_DOMAIN, name, sp_span(data, n), 0);
    }
    assert_int_equal(err, SP_E_FULL);
}

/* Full to the brim, every record can be replaced, many times over, and all be deleted. */
static void a_full_store_still_replaces_and_deletes(void **state)
{
    static const size_t sizes[] = {700, 1300, 3000, 1800, 50};
    uint8_t data[3000] = {0};
    uint32_t records;
    char name[16];
    (void)state;

    for (uint32_t s = 0; s < COUNT(sizes); s++) {
        kit_open(&kit, 10, 4096, 500);
        fill(&records, sizes[s]);
        printf("10 blocks of 4 KiB hold %u records of %zu bytes\n", records, sizes[s]);
        assert_true(records >= 6);
        for (uint32_t i = 0; i < 400; i++) {
            (void)snprintf(name, sizeof name, "f%u", i * 7 % records);
            assert_int_equal(
                sp_store_put(&kit.store, SP_KIND_DOMAIN, name, sp_span(data, sizes[s]), (sp_utc)i),
                0);
            assert_int_equal(
                sp_store_put(&kit.store, SP_KIND_DOMAIN, "one more", sp_span(data, sizes[s]), 0),
                SP_E_FULL);
        }
        assert_int_equal(sp_store_count(&kit.store, SP_KIND_DOMAIN), records);
        for (uint32_t i = 0; i < records; i++) {
            (void)snprintf(name, sizeof name, "f%u", i);
            assert_int_equal(sp_store_delete(&kit.store, SP_KIND_DOMAIN, name), 0);
        }
        assert_int_equal(sp_store_stats(&kit.store).live_bytes, 0);
        fill(&records, sizes[s]);
        assert_true(records >= 6);
        kit_close(&kit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cold_blocks_are_worn_with_the_others),
        cmocka_unit_test(tombstones_do_not_pile_up),
        cmocka_unit_test(without_steps_everything_works_in_line),
        cmocka_unit_test(a_full_store_still_replaces_and_deletes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
