/* Cells that power left between 0 and 1, one by one: they read one way at the first mount, and the
 * other way ever after. */
#include "kit.h"

#include "base/err.h"
#include "store/format.h"

#include <string.h>

static struct kit kit;

static int put(const char *name, const char *text)
{
    return sp_store_put(&kit.store, SP_KIND_DOMAIN, name, sp_span_str(text), 0);
}

static void assert_text(const char *name, const char *text)
{
    char got[64];
    int n = sp_store_get(&kit.store, SP_KIND_DOMAIN, name, got, sizeof got);

    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

static void restart(void)
{
    sp_nor_power_on(&kit.nor);
    assert_int_equal(kit_mount(&kit), 0);
}

/* The bytes of the newest block's last entry that is not blank. */
static uint8_t *last_entry(void)
{
    uint8_t *block = kit.nor.bytes + (size_t)kit.store.open * 4096;
    uint8_t *entry = block + 4096 - SP_ENTRY_SIZE;

    while (entry[-1] != 0xFF || *(entry - SP_ENTRY_SIZE) != 0xFF) {
        entry -= SP_ENTRY_SIZE;
    }
    return entry;
}

static int open_part(void **state)
{
    (void)state;
    kit_open(&kit, 8, 4096, 100);
    assert_int_equal(put("a", "old"), 0);
    return 0;
}

static int close_part(void **state)
{
    (void)state;
    kit_close(&kit);
    return 0;
}

/* Operations of a put: entry; header, name and data together; commit. */
static void cut_put_at(uint64_t op, enum sp_nor_fault fault)
{
    sp_nor_fault(&kit.nor, fault, kit.nor.stats.ops + op, 1);
    assert_int_equal(put("a", "new"), SP_E_IO);
    restart();
}

static void a_commit_that_did_not_show_stays_undone(void **state)
{
    uint8_t *entry;
    (void)state;

    cut_put_at(3, SP_NOR_CUT_BEFORE);
    assert_text("a", "old");
    assert_int_equal(sp_store_stats(&kit.store).torn, 1);
    entry = last_entry();
    entry[SP_ENTRY_COMMIT] = 0; /* now it shows */
    restart();
    assert_text("a", "old");
    assert_int_equal(sp_store_stats(&kit.store).torn, 0);
}

static void a_commit_that_showed_faintly_stays_done(void **state)
{
    uint8_t *entry;
    (void)state;

    cut_put_at(3, SP_NOR_CUT_BEFORE);
    entry = last_entry();
    entry[SP_ENTRY_VOID] = 0xFF;
    entry[SP_ENTRY_COMMIT] = 0xF7;
    restart();
    assert_text("a", "new");
    assert_int_equal(entry[SP_ENTRY_COMMIT], 0);
    entry[SP_ENTRY_COMMIT] |= 0x11; /* bits that change later do not undo it */
    restart();
    assert_text("a", "new");
}

/* The entry's program was cut before a single bit showed; after mount it does. */
static void an_entry_that_did_not_show_is_not_used(void **state)
{
    uint8_t *entry;
    (void)state;

    cut_put_at(1, SP_NOR_CUT_BEFORE);
    entry = last_entry() - SP_ENTRY_SIZE;
    entry[3] = 0x5A;
    assert_int_equal(put("a", "newer"), 0);
    restart();
    assert_text("a", "newer");
    assert_int_equal(sp_store_stats(&kit.store).corrupt, 0);
}

/* The data's program was cut before a single bit showed; they do when something else is there. */
static void units_that_may_be_begun_are_not_used(void **state)
{
    uint8_t *entry;
    struct sp_dir_entry where;
    (void)state;

    cut_put_at(2, SP_NOR_CUT_BEFORE);
    entry = last_entry();
    (void)sp_entry_decode(entry, kit.store.blocks[kit.store.open].sequence, 256, &where);
    assert_int_equal(where.units, 1);
    assert_int_equal(put("a", "newer"), 0);
    memset(kit.nor.bytes + kit.store.open * 4096U + where.offset * SP_UNIT, 0, SP_UNIT);
    restart();
    assert_text("a", "newer");
    assert_int_equal(sp_store_stats(&kit.store).corrupt, 0);
}

static const struct sp_flash_ops *real_ops;

/* A part that says of each commit byte that it failed, although it did not. */
static int program_but_commits(struct sp_flash *flash, uint32_t address, const void *buf, size_t n)
{
    int err = real_ops->program(flash, address, buf, n);

    return n == 1 && address % SP_ENTRY_SIZE == SP_ENTRY_COMMIT ? SP_E_IO : err;
}

static void a_commit_that_failed_is_taken_back(void **state)
{
    struct sp_flash_ops ops = *kit.nor.flash.ops;
    (void)state;

    real_ops = kit.nor.flash.ops;
    ops.program = program_but_commits;
    kit.nor.flash.ops = &ops;
    assert_int_equal(put("a", "new"), SP_E_IO);
    assert_text("a", "old");
    assert_int_equal(sp_store_delete(&kit.store, SP_KIND_DOMAIN, "a"), SP_E_IO);
    assert_text("a", "old");
    kit.nor.flash.ops = real_ops;
    restart();
    assert_text("a", "old");
}

static uint32_t ready_block(void)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t b = 0; b < 8; b++) {
        if (kit.store.blocks[b].state == SP_BLOCK_READY &&
            (best == UINT32_MAX ||
             kit.store.blocks[b].sequence < kit.store.blocks[best].sequence)) {
            best = b;
        }
    }
    assert_int_not_equal(best, UINT32_MAX);
    return best;
}

/* A ready block's header was the last thing programmed; it reads well at mount, and not afterwards.
 */
static void a_faint_header_is_programmed_again_before_use(void **state)
{
    uint8_t data[3000] = {0};
    uint8_t *header;
    (void)state;

    for (sp_time now = 5000; now < 90000; now += 2000) {
        (void)sp_store_step(&kit.store, now);
    }
    restart();
    header = kit.nor.bytes + (size_t)ready_block() * 4096;
    header[0] |= 0x04;
    header[16] |= 0x80;
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_CLOCK, "b", sp_span(data, 3000), 0), 0);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_CLOCK, "c", sp_span(data, 3000), 0), 0);
    restart();
    assert_int_equal(sp_store_length(&kit.store, SP_KIND_CLOCK, "b"), 3000);
    assert_int_equal(sp_store_length(&kit.store, SP_KIND_CLOCK, "c"), 3000);
}

/* The last block that was erased reads as blank, without a header: that it is, nobody knows. */
static void a_blank_block_without_header_is_erased_before_use(void **state)
{
    uint8_t data[3000] = {0};
    (void)state;

    memset(kit.nor.bytes, 0xFF, kit.nor.flash.size);
    memset(kit.nor.block_erases, 0, 8 * sizeof kit.nor.block_erases[0]);
    restart();
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_CLOCK, "b", sp_span(data, 3000), 0), 0);
    assert_true(kit.nor.block_erases[kit.store.open] == 1);
}

static int work(uint32_t number, sp_time *now)
{
    uint8_t data[1500] = {(uint8_t)number};
    int err = sp_store_put(&kit.store, SP_KIND_CLOCK, "c", sp_span(data, sizeof data), 0);

    (void)sp_store_step(&kit.store, *now += 2000);
    return err;
}

/* Works until the block is about to be erased, and stops with power gone just before. */
static void stop_before_erase(uint32_t block)
{
    static struct kit_saved before;
    sp_time now = 0;
    uint64_t op = 0;

    for (uint32_t i = 0; kit.nor.block_erases[block] == 1; i++) {
        kit_save(&kit, &before);
        kit.nor.block_erases[block] = 1;
        assert_int_equal(work(i, &now), 0);
        assert_true(i < 1000);
    }
    do {
        kit_restore(&kit, &before);
        kit.nor.block_erases[block] = 1;
        sp_nor_fault(&kit.nor, SP_NOR_CUT_AFTER, kit.nor.stats.ops + ++op, 1);
        (void)work(0, &now);
    } while (kit.nor.block_erases[block] == 1);
    kit_restore(&kit, &before);
    sp_nor_fault(&kit.nor, SP_NOR_CUT_BEFORE, kit.nor.stats.ops + op, 1);
    (void)work(0, &now);
    assert_true(kit.nor.off);
    kit_forget(&before);
    memset(&before, 0, sizeof before);
}

/* An erase that was cut took the tombstone and left the rest: the record that it buried does not
 * come back. */
static void a_half_erased_block_brings_nothing_back(void **state)
{
    uint16_t block = kit.store.open;
    uint8_t *tombstone;
    (void)state;

    assert_int_equal(sp_store_delete(&kit.store, SP_KIND_DOMAIN, "a"), 0);
    assert_int_equal(kit.store.open, block);
    tombstone = last_entry();
    stop_before_erase(block);
    memset(tombstone, 0xFF, SP_ENTRY_SIZE);
    restart();
    assert_int_equal(sp_store_length(&kit.store, SP_KIND_DOMAIN, "a"), SP_E_NOT_FOUND);
    assert_int_equal(kit.store.blocks[block].state, SP_BLOCK_DIRTY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_part, close_part)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_commit_that_did_not_show_stays_undone),
        TEST(a_commit_that_showed_faintly_stays_done),
        TEST(an_entry_that_did_not_show_is_not_used),
        TEST(units_that_may_be_begun_are_not_used),
        TEST(a_commit_that_failed_is_taken_back),
        TEST(a_faint_header_is_programmed_again_before_use),
        TEST(a_blank_block_without_header_is_erased_before_use),
        TEST(a_half_erased_block_brings_nothing_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
