/* Whatever lies in the blocks, mount succeeds, and no record is ever made up of it. */
#include "kit.h"

#include "base/err.h"
#include "store/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 20
#define ACTIONS 120

static struct kit kit;
static struct kit_saved before;

static void live(uint32_t seed, uint32_t actions)
{
    const struct kit_action tidy = {.what = KIT_TIDY};
    const struct kit_action remount = {.what = KIT_REMOUNT};
    uint32_t random = seed * 2654435761U | 1U;

    for (uint32_t i = 0; i < actions; i++) {
        struct kit_action action = kit_action(&random, i, NAMES);

        assert_true(kit_act(&kit, &action));
    }
    kit_check(&kit);
    assert_true(kit_act(&kit, &tidy));
    assert_true(kit_act(&kit, &remount));
    kit_check(&kit);
}

static void random_bytes_everywhere_are_an_empty_store(void **state)
{
    (void)state;

    for (uint32_t seed = 1; seed <= 500; seed++) {
        kit_open(&kit, 8, 4096, 500);
        sp_nor_fill_random(&kit.nor, 0, kit.nor.flash.size, seed);
        assert_int_equal(kit_mount(&kit), 0);
        kit_check(&kit);
        live(seed, seed % 10 == 0 ? ACTIONS : 5);
        kit_close(&kit);
    }
}

static void zeros_everywhere_are_an_empty_store(void **state)
{
    (void)state;

    kit_open(&kit, 8, 4096, 500);
    memset(kit.nor.bytes, 0, kit.nor.flash.size);
    assert_int_equal(kit_mount(&kit), 0);
    kit_check(&kit);
    live(1, ACTIONS);
    kit_close(&kit);
}

/* A good header before random bytes, and a directory of random bytes with good checksums. */
static void forge(uint32_t block, uint32_t *random, bool entries_too)
{
    uint8_t *bytes = kit.nor.bytes + (size_t)block * 4096;
    const struct sp_block_header header = {.erases = kit_random(random) % 100,
                                           .sequence = 1 + kit_random(random) % 20};

    sp_block_header_encode(&header, 4096, bytes);
    for (uint32_t slot = 0; slot < 200 && entries_too; slot++) {
        struct sp_dir_entry entry = {.key = kit_random(random) & 0xF000000E,
                                     .due = kit_random(random),
                                     .offset = kit_random(random) % 4096,
                                     .units = kit_random(random) % 1024,
                                     .kind = kit_random(random) % 16,
                                     .tombstone = kit_random(random) % 4 == 0};
        uint8_t *out = bytes + 4096 - (size_t)(slot + 1) * SP_ENTRY_SIZE;

        sp_entry_encode(&entry, header.sequence, out);
        out[SP_ENTRY_COMMIT] = (uint8_t)(kit_random(random) % 3 == 0 ? 0xFF : 0);
    }
}

static void forged_blocks_are_survived(void **state)
{
    (void)state;

    for (uint32_t seed = 1; seed <= 2000; seed++) {
        uint32_t random = seed * 7919;
        uint8_t buf[SP_STORE_RECORD_MAX];
        char name[SP_STORE_NAME_MAX + 1];
        uint32_t cursor = 0;
        sp_time now = 0;
        int err;

        kit_open(&kit, 8, 4096, 500);
        sp_nor_fill_random(&kit.nor, 0, kit.nor.flash.size, seed);
        for (uint32_t b = 0; b < 8; b++) {
            forge(b, &random, seed % 2 == 0);
        }
        err = kit_mount(&kit);
        assert_true(err == 0 || err == SP_E_FULL);
        if (err == 0) {
            while (sp_store_next(&kit.store, SP_KIND_DOMAIN, &cursor, name) != SP_E_NOT_FOUND) {
                (void)sp_store_get(&kit.store, SP_KIND_DOMAIN, name, buf, sizeof buf);
            }
            for (int i = 0; i < 200; i++) {
                now = sp_store_step(&kit.store, now) == SP_NEVER ? now + 1 : now + 2000;
            }
            (void)sp_store_put(&kit.store, SP_KIND_DOMAIN, "a", sp_span("b", 1), 0);
        }
        kit_close(&kit);
    }
}

static bool is_any_version(uint32_t name)
{
    for (uint32_t version = 1; version <= ACTIONS; version++) {
        if (kit_is_version(&kit, name, version)) {
            return true;
        }
    }
    return false;
}

/* A bit that changed by itself: the record is right, or an older one, or reported, or gone; never
 * anything that was not put. */
static void a_flipped_bit_never_makes_wrong_data(void **state)
{
    uint8_t buf[SP_STORE_RECORD_MAX];
    uint32_t random = 11;
    unsigned detected = 0;
    (void)state;

    kit_open(&kit, 8, 4096, 300);
    live(3, ACTIONS);
    kit_save(&kit, &before);
    for (uint32_t i = 0; i < 6000; i++) {
        kit_restore(&kit, &before);
        sp_nor_flip(&kit.nor, kit_random(&random) % kit.nor.flash.size, kit_random(&random) % 8);
        assert_int_equal(kit_mount(&kit), 0);
        for (uint32_t name = 0; name < NAMES; name++) {
            int n = sp_store_get(&kit.store, kit_kind(name), kit_name(name), buf, sizeof buf);

            if (n == SP_E_CORRUPT) {
                detected++;
            } else if (!kit_is_version(&kit, name, kit.model.version[name]) &&
                       n != SP_E_NOT_FOUND) {
                assert_true(is_any_version(name));
            }
        }
    }
    assert_true(detected > 200);
    kit_close(&kit);
}

/* A record that has rotted is reported, also after it was moved, until it is replaced. */
static void a_rotten_record_stays_reported_until_replaced(void **state)
{
    uint8_t buf[64] = {0};
    uint16_t block;
    sp_time now = 0;
    (void)state;

    kit_open(&kit, 4, 4096, 500);
    for (char c = 'a'; c <= 'b'; c++) {
        assert_int_equal(sp_store_put(&kit.store, SP_KIND_DOMAIN, "old.example", sp_span(&c, 1), 0),
                         0);
    }
    block = kit.store.open;
    for (uint32_t i = 0; i + 13 < kit.nor.flash.size; i++) {
        if (memcmp(kit.nor.bytes + i, "old.exampleb", 12) == 0) {
            sp_nor_flip(&kit.nor, i + 11, 0);
        }
    }
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(sp_store_put(&kit.store, SP_KIND_SETTING, "hot", sp_span(buf, 40), 0), 0);
        now = now + 2000;
        (void)sp_store_step(&kit.store, now);
    }
    assert_int_equal(sp_store_get(&kit.store, SP_KIND_DOMAIN, "old.example", buf, sizeof buf),
                     SP_E_CORRUPT);
    assert_true(kit.nor.block_erases[block] > 1);
    assert_int_equal(kit_mount(&kit), 0);
    assert_int_equal(sp_store_get(&kit.store, SP_KIND_DOMAIN, "old.example", buf, sizeof buf),
                     SP_E_CORRUPT);
    assert_true(sp_store_stats(&kit.store).corrupt > 0);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_DOMAIN, "old.example", sp_span("c", 1), 0),
                     0);
    assert_int_equal(sp_store_get(&kit.store, SP_KIND_DOMAIN, "old.example", buf, sizeof buf), 1);
    kit_close(&kit);
}

/* Of a format of the future: left alone while there are others, then used. */
static void foreign_blocks_are_erased_last(void **state)
{
    const struct kit_action tidy = {.what = KIT_TIDY};
    uint8_t *header;
    (void)state;

    kit_open(&kit, 8, 4096, 500);
    header = kit.nor.bytes;
    sp_block_header_encode(&(struct sp_block_header){.erases = 9, .sequence = 3}, 8192, header);
    assert_int_equal(kit_mount(&kit), 0);
    assert_true(kit_act(&kit, &tidy));
    assert_int_equal(kit.nor.block_erases[0], 0);
    live(5, ACTIONS);
    assert_true(kit.nor.block_erases[0] > 0);
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
        cmocka_unit_test(random_bytes_everywhere_are_an_empty_store),
        cmocka_unit_test(zeros_everywhere_are_an_empty_store),
        cmocka_unit_test(forged_blocks_are_survived),
        cmocka_unit_test(a_flipped_bit_never_makes_wrong_data),
        cmocka_unit_test(a_rotten_record_stays_reported_until_replaced),
        cmocka_unit_test(foreign_blocks_are_erased_last),
    };

    return cmocka_run_group_tests(tests, NULL, forget);
}
