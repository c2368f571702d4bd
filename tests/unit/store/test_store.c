/* What store.h promises, on a part without faults. */
#include "kit.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sp_nor nor;
static struct sp_store store;
static struct sp_store_entry entries[64];
static bool counting;
static unsigned allocations;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    allocations += counting ? 1 : 0;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    allocations += counting ? 1 : 0;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    allocations += counting ? 1 : 0;
    return __real_realloc(p, n);
}

static int mount_first(uint32_t first, uint32_t count, uint32_t n)
{
    memset(&store, 0xA5, sizeof store);
    return sp_store_mount(&store, &nor.flash, first, count, entries, n);
}

static int open_part(void **state)
{
    const struct sp_nor_config config = {
        .size = 12 * 16384, .block_size = 16384, .page_size = 256, .erase_polls = 3};
    (void)state;

    assert_int_equal(sp_nor_open(&nor, &config), 0);
    assert_int_equal(mount_first(2, 10, COUNT(entries)), 0);
    return 0;
}

static int close_part(void **state)
{
    (void)state;
    sp_nor_close(&nor);
    return 0;
}

static int put(const char *name, const char *text, sp_utc due)
{
    return sp_store_put(&store, SP_KIND_DOMAIN, name, sp_span_str(text), due);
}

static void assert_text(const char *name, const char *text)
{
    char got[64];
    int n = sp_store_get(&store, SP_KIND_DOMAIN, name, got, sizeof got);

    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, strlen(text));
    assert_int_equal(sp_store_length(&store, SP_KIND_DOMAIN, name), n);
}

static void what_was_put_is_got(void **state)
{
    (void)state;

    assert_int_equal(put("a.example", "first", 0), 0);
    assert_int_equal(put("b.example", "", 0), 0);
    assert_text("a.example", "first");
    assert_text("b.example", "");
    assert_int_equal(mount_first(2, 10, COUNT(entries)), 0);
    assert_text("a.example", "first");
    assert_text("b.example", "");
}

static void a_put_replaces_whole(void **state)
{
    (void)state;

    assert_int_equal(put("a", "a long text", 0), 0);
    assert_int_equal(put("a", "short", 0), 0);
    assert_text("a", "short");
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), 1);
    assert_int_equal(mount_first(2, 10, COUNT(entries)), 0);
    assert_text("a", "short");
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), 1);
}

static void pieces_are_joined(void **state)
{
    const struct sp_span pieces[] = {sp_span_str("one "), sp_span(NULL, 0), sp_span_str("two "),
                                     sp_span_str("three")};
    (void)state;

    assert_int_equal(sp_store_putv(&store, SP_KIND_DOMAIN, "a", pieces, COUNT(pieces), 0), 0);
    assert_text("a", "one two three");
    assert_int_equal(sp_store_putv(&store, SP_KIND_DOMAIN, "a", NULL, 0, 0), 0);
    assert_text("a", "");
}

/* What is small is joined: a record's pieces are not a program each. */
static void many_pieces_take_few_programs(void **state)
{
    static char got[200 * 3 + 600];
    static char long_text[600];
    struct sp_span pieces[201];
    uint64_t before;
    (void)state;

    memset(long_text, 'l', sizeof long_text);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        pieces[i] = i == 100 ? sp_span(long_text, sizeof long_text) : sp_span_str("abc");
    }
    before = nor.stats.programs;
    assert_int_equal(sp_store_putv(&store, SP_KIND_DOMAIN, "a", pieces, COUNT(pieces), 0), 0);
    assert_in_range(nor.stats.programs - before, 1, 16);
    assert_int_equal(sp_store_get(&store, SP_KIND_DOMAIN, "a", got, sizeof got), sizeof got);
    for (size_t i = 0; i < sizeof got; i++) {
        size_t k = i < 300 ? i : i - 600;

        assert_int_equal(got[i], i >= 300 && i < 900 ? 'l' : "abc"[k % 3]);
    }
}

/* --- piece by piece --- */

static uint8_t pattern[700];

static void put_pattern(size_t n)
{
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (uint8_t)(i * 7 + i / 251);
    }
    assert_int_equal(sp_store_put(&store, SP_KIND_DOMAIN, "pieces.example", sp_span(pattern, n), 0),
                     0);
}

static int begin(struct sp_store_reader *reader)
{
    return sp_store_read_begin(&store, SP_KIND_DOMAIN, "pieces.example", reader);
}

/* In pieces of each size, every other one passed over: the bytes are right, and none is read from
 * the part twice. */
static void a_record_is_read_in_pieces_of_any_size(void **state)
{
    struct sp_store_reader reader;
    uint8_t got[sizeof pattern];
    (void)state;

    put_pattern(sizeof pattern);
    for (size_t size = 1; size <= sizeof pattern; size++) {
        uint64_t before;

        assert_int_equal(begin(&reader), sizeof pattern);
        before = sp_store_stats(&store).read_bytes;
        for (size_t at = 0, piece = 0; at < sizeof pattern; at += size, piece++) {
            size_t n = size < sizeof pattern - at ? size : sizeof pattern - at;

            assert_int_equal(sp_store_read(&reader, piece % 2 == 0 ? got : NULL, n), 0);
            if (piece % 2 == 0) {
                assert_memory_equal(got, pattern + at, n);
            }
        }
        assert_int_equal(sp_store_read(&reader, got, 1), SP_E_INVALID);
        assert_int_equal(sp_store_read_end(&reader), 0);
        assert_int_equal(sp_store_stats(&store).read_bytes - before, sizeof pattern);
    }
}

static void a_reader_may_stop_early_and_still_hears_of_damage(void **state)
{
    struct sp_store_reader reader;
    uint8_t got[8];
    (void)state;

    put_pattern(300);
    for (size_t i = 0; i + 300 <= nor.flash.size; i++) { /* the last byte of the record */
        if (memcmp(nor.bytes + i, pattern, 300) == 0) {
            nor.bytes[i + 299] ^= 1;
        }
    }
    assert_int_equal(begin(&reader), 300);
    assert_int_equal(sp_store_read(&reader, got, sizeof got), 0);
    assert_memory_equal(got, pattern, sizeof got);
    assert_int_equal(sp_store_read_end(&reader), SP_E_CORRUPT);
    assert_int_equal(sp_store_stats(&store).corrupt, 1);
}

static void a_reader_asks_for_no_more_than_there_is(void **state)
{
    struct sp_store_reader reader;
    uint8_t got[64];
    (void)state;

    assert_int_equal(begin(&reader), SP_E_NOT_FOUND);
    put_pattern(10);
    assert_int_equal(begin(&reader), 10);
    assert_int_equal(sp_store_read(&reader, got, 11), SP_E_INVALID);
    assert_int_equal(sp_store_read(&reader, got, 4), 0);
    assert_int_equal(sp_store_read(&reader, got, SIZE_MAX), SP_E_INVALID);
    assert_int_equal(sp_store_read(&reader, NULL, 7), SP_E_INVALID);
    assert_int_equal(sp_store_read(&reader, got, 6), 0);
    assert_memory_equal(got, pattern + 4, 6);
    assert_int_equal(sp_store_read_end(&reader), 0);
    put_pattern(0);
    assert_int_equal(begin(&reader), 0);
    assert_int_equal(sp_store_read_end(&reader), 0);
}

static void kinds_are_apart(void **state)
{
    char got[8];
    (void)state;

    assert_int_equal(put("a", "domain", 0), 0);
    assert_int_equal(sp_store_put(&store, SP_KIND_CHAIN, "a", sp_span_str("chain"), 0), 0);
    assert_int_equal(sp_store_get(&store, SP_KIND_CHAIN, "a", got, sizeof got), 5);
    assert_text("a", "domain");
    assert_int_equal(sp_store_delete(&store, SP_KIND_DOMAIN, "a"), 0);
    assert_int_equal(sp_store_get(&store, SP_KIND_CHAIN, "a", got, sizeof got), 5);
    assert_int_equal(sp_store_get(&store, SP_KIND_DOMAIN, "a", got, sizeof got), SP_E_NOT_FOUND);
}

static void a_deleted_record_is_gone_also_after_a_reset(void **state)
{
    char got[8];
    (void)state;

    assert_int_equal(put("a", "x", 5), 0);
    assert_int_equal(sp_store_delete(&store, SP_KIND_DOMAIN, "a"), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sp_store_get(&store, SP_KIND_DOMAIN, "a", got, sizeof got),
                         SP_E_NOT_FOUND);
        assert_int_equal(sp_store_length(&store, SP_KIND_DOMAIN, "a"), SP_E_NOT_FOUND);
        assert_int_equal(sp_store_delete(&store, SP_KIND_DOMAIN, "a"), SP_E_NOT_FOUND);
        assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), 0);
        assert_int_equal(mount_first(2, 10, COUNT(entries)), 0);
    }
    assert_int_equal(put("a", "again", 0), 0);
    assert_text("a", "again");
}

static void a_small_buffer_is_refused(void **state)
{
    char got[4];
    (void)state;

    assert_int_equal(put("a", "12345", 0), 0);
    assert_int_equal(sp_store_get(&store, SP_KIND_DOMAIN, "a", got, sizeof got), SP_E_SPACE);
    assert_int_equal(sp_store_get(&store, SP_KIND_DOMAIN, "a", NULL, 0), SP_E_SPACE);
    assert_int_equal(put("a", "", 0), 0);
    assert_int_equal(sp_store_get(&store, SP_KIND_DOMAIN, "a", NULL, 0), 0);
}

static void names_and_sizes_have_limits(void **state)
{
    static uint8_t data[SP_STORE_RECORD_MAX + 1];
    static uint8_t got[SP_STORE_RECORD_MAX];
    const struct sp_span halves[] = {sp_span(data, SP_STORE_RECORD_MAX), sp_span(data, 1)};
    char name[SP_STORE_NAME_MAX + 2];
    (void)state;

    memset(name, 'n', sizeof name);
    name[SP_STORE_NAME_MAX + 1] = '\0';
    assert_int_equal(put(name, "x", 0), SP_E_INVALID);
    assert_int_equal(sp_store_length(&store, SP_KIND_DOMAIN, name), SP_E_NOT_FOUND);
    name[SP_STORE_NAME_MAX] = '\0';
    memset(data, 7, sizeof data);
    assert_int_equal(sp_store_put(&store, SP_KIND_DOMAIN, name, sp_span(data, sizeof data), 0),
                     SP_E_INVALID);
    assert_int_equal(sp_store_putv(&store, SP_KIND_DOMAIN, name, halves, 2, 0), SP_E_INVALID);
    assert_int_equal(
        sp_store_put(&store, SP_KIND_DOMAIN, name, sp_span(data, SP_STORE_RECORD_MAX), 0), 0);
    assert_int_equal(sp_store_get(&store, SP_KIND_DOMAIN, name, got, sizeof got),
                     SP_STORE_RECORD_MAX);
    assert_memory_equal(got, data, sizeof got);
    assert_int_equal(put("", "x", 0), SP_E_INVALID);
    assert_int_equal(sp_store_put(&store, (enum sp_kind)0, "a", sp_span_str("x"), 0), SP_E_INVALID);
    assert_int_equal(sp_store_put(&store, (enum sp_kind)16, "a", sp_span_str("x"), 0),
                     SP_E_INVALID);
    assert_int_equal(sp_store_delete(&store, SP_KIND_DOMAIN, ""), SP_E_NOT_FOUND);
}

/* A block of 4 KiB takes no record of 12 KB. */
static void a_record_larger_than_a_block_is_refused(void **state)
{
    static struct kit kit;
    static uint8_t data[4096];
    (void)state;

    kit_open(&kit, 8, 4096, 100);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_DOMAIN, "a", sp_span(data, 4096), 0),
                     SP_E_INVALID);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_DOMAIN, "a", sp_span(data, 3900), 0), 0);
    assert_int_equal(sp_store_length(&kit.store, SP_KIND_DOMAIN, "a"), 3900);
    kit_close(&kit);
}

static void an_impossible_geometry_is_refused(void **state)
{
    struct sp_flash flash = nor.flash;
    (void)state;

    assert_int_equal(mount_first(0, 3, 8), SP_E_INVALID);
    assert_int_equal(mount_first(0, 13, 8), SP_E_INVALID);
    assert_int_equal(mount_first(3, 10, 8), SP_E_INVALID);
    assert_int_equal(mount_first(UINT32_MAX, 4, 8), SP_E_INVALID);
    assert_int_equal(mount_first(0, SP_STORE_BLOCKS_MAX + 1, 8), SP_E_INVALID);
    flash.block_size = 2048;
    assert_int_equal(sp_store_mount(&store, &flash, 0, 8, entries, 8), SP_E_INVALID);
    flash.block_size = 131072;
    flash.size = 4 * 131072;
    assert_int_equal(sp_store_mount(&store, &flash, 0, 4, entries, 8), SP_E_INVALID);
    assert_int_equal(mount_first(0, 12, 8), 0);
}

static void blocks_outside_are_not_touched(void **state)
{
    (void)state;

    memset(nor.bytes, 0x5A, 2 * 16384);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(put("a", "some text that is put again and again", i), 0);
    }
    for (size_t i = 0; i < (size_t)2 * 16384; i++) {
        assert_int_equal(nor.bytes[i], 0x5A);
    }
}

static void a_walk_meets_each_record_once(void **state)
{
    char name[SP_STORE_NAME_MAX + 1];
    unsigned met[30] = {0};
    uint32_t cursor = 0;
    unsigned n;
    (void)state;

    for (unsigned i = 0; i < 30; i++) {
        (void)snprintf(name, sizeof name, "d%u", i);
        assert_int_equal(put(name, "x", 0), 0);
        assert_int_equal(sp_store_put(&store, SP_KIND_SETTING, name, sp_span_str("y"), 0), 0);
    }
    while (sp_store_next(&store, SP_KIND_DOMAIN, &cursor, name) == 0) {
        assert_int_equal(sscanf(name, "d%u", &n), 1);
        met[n]++;
        /* those already met may go, others may come */
        if (n % 2 == 0) {
            assert_int_equal(sp_store_delete(&store, SP_KIND_DOMAIN, name), 0);
        }
    }
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(met[i], 1);
    }
    assert_string_equal(name, "");
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), 15);
    assert_int_equal(sp_store_count(&store, SP_KIND_SETTING), 30);
    cursor = 0;
    assert_int_equal(sp_store_next(&store, SP_KIND_TRUST, &cursor, name), SP_E_NOT_FOUND);
}

static void the_earliest_due_comes_first(void **state)
{
    char name[SP_STORE_NAME_MAX + 1];
    sp_utc due;
    (void)state;

    assert_int_equal(sp_store_due(&store, SP_KIND_DOMAIN, name, &due), SP_E_NOT_FOUND);
    assert_int_equal(put("never", "x", 0), 0);
    assert_int_equal(put("past", "x", -7), 0);
    assert_int_equal(sp_store_due(&store, SP_KIND_DOMAIN, name, &due), SP_E_NOT_FOUND);
    assert_int_equal(put("late", "x", 3000000000), 0);
    assert_int_equal(put("far", "x", (sp_utc)1 << 40), 0);
    assert_int_equal(sp_store_put(&store, SP_KIND_SETTING, "s", sp_span_str("x"), 5), 0);
    assert_int_equal(put("early", "x", 1800000000), 0);
    assert_int_equal(sp_store_due(&store, SP_KIND_DOMAIN, name, &due), 0);
    assert_string_equal(name, "early");
    assert_int_equal(due, 1800000000);
    assert_int_equal(put("early", "x", 4000000000), 0);
    assert_int_equal(mount_first(2, 10, COUNT(entries)), 0);
    assert_int_equal(sp_store_due(&store, SP_KIND_DOMAIN, name, &due), 0);
    assert_string_equal(name, "late");
    assert_int_equal(due, 3000000000);
    assert_int_equal(sp_store_get_due(&store, SP_KIND_DOMAIN, "far", &due), 0);
    assert_int_equal(due, UINT32_MAX);
    assert_int_equal(sp_store_get_due(&store, SP_KIND_DOMAIN, "past", &due), 0);
    assert_int_equal(due, 0);
    assert_int_equal(sp_store_get_due(&store, SP_KIND_DOMAIN, "none", &due), SP_E_NOT_FOUND);
}

/* The moved due lives in RAM: a collection in between must not write it. */
static void a_moved_due_is_forgotten_by_a_reset(void **state)
{
    char name[SP_STORE_NAME_MAX + 1];
    uint8_t data[3000] = {0};
    sp_utc due;
    (void)state;

    assert_int_equal(put("a", "x", 1000), 0);
    assert_int_equal(sp_store_set_due(&store, SP_KIND_DOMAIN, "a", 2000), 0);
    assert_int_equal(sp_store_set_due(&store, SP_KIND_DOMAIN, "b", 2000), SP_E_NOT_FOUND);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(sp_store_put(&store, SP_KIND_CLOCK, "c", sp_span(data, sizeof data), 0),
                         0);
    }
    assert_true(nor.block_erases[2] > 2);
    assert_int_equal(sp_store_due(&store, SP_KIND_DOMAIN, name, &due), 0);
    assert_int_equal(due, 2000);
    assert_int_equal(mount_first(2, 10, COUNT(entries)), 0);
    assert_int_equal(sp_store_due(&store, SP_KIND_DOMAIN, name, &due), 0);
    assert_int_equal(due, 1000);
}

static void a_rotten_name_does_not_hold_up_the_others(void **state)
{
    char name[SP_STORE_NAME_MAX + 1];
    uint32_t cursor = 0;
    unsigned corrupt = 0;
    unsigned good = 0;
    sp_utc due;
    int err;
    (void)state;

    assert_int_equal(put("rotten.example", "x", 10), 0);
    assert_int_equal(put("good.example", "x", 20), 0);
    for (uint32_t i = 0; i + 14 < nor.flash.size; i++) {
        if (memcmp(nor.bytes + i, "rotten.example", 14) == 0) {
            sp_nor_flip(&nor, i, 1);
        }
    }
    assert_int_equal(sp_store_due(&store, SP_KIND_DOMAIN, name, &due), 0);
    assert_string_equal(name, "good.example");
    assert_int_equal(due, 20);
    while ((err = sp_store_next(&store, SP_KIND_DOMAIN, &cursor, name)) != SP_E_NOT_FOUND) {
        corrupt += err == SP_E_CORRUPT ? 1 : 0;
        good += err == 0 ? 1 : 0;
    }
    assert_int_equal(corrupt, 1);
    assert_int_equal(good, 1);
    assert_int_equal(sp_store_length(&store, SP_KIND_DOMAIN, "rotten.example"), SP_E_CORRUPT);
    assert_int_equal(put("rotten.example", "new", 0), 0);
    assert_text("rotten.example", "new");
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), 2);
}

static void a_full_index_refuses_new_names_only(void **state)
{
    char name[16];
    (void)state;

    assert_int_equal(mount_first(2, 10, 8), 0);
    for (unsigned i = 0; i < 8; i++) {
        (void)snprintf(name, sizeof name, "d%u", i);
        assert_int_equal(put(name, "x", 0), 0);
    }
    assert_int_equal(put("d8", "x", 0), SP_E_FULL);
    assert_int_equal(put("d7", "y", 0), 0);
    assert_int_equal(sp_store_delete(&store, SP_KIND_DOMAIN, "d0"), 0);
    assert_int_equal(put("d8", "x", 0), 0);
    assert_int_equal(mount_first(2, 10, 8), 0);
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), 8);
    assert_int_equal(mount_first(2, 10, 7), SP_E_FULL);
}

/* While the log is replayed, records are met whose tombstones come later: more than the index has
 * entries for, though never more are alive. */
static void a_full_index_mounts_over_a_long_past(void **state)
{
    char name[16];
    uint32_t cursor = 0;
    unsigned n;
    (void)state;

    assert_int_equal(mount_first(2, 10, 8), 0);
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof name, "d%u", i);
        if (i >= 8) {
            char old[16];

            (void)snprintf(old, sizeof old, "d%u", i - 8);
            assert_int_equal(sp_store_delete(&store, SP_KIND_DOMAIN, old), 0);
        }
        assert_int_equal(put(name, "some text", 0), 0);
        if (i % 10 == 9) {
            sp_time now = (sp_time)i * 100000;

            for (int s = 0; s < 100; s++) {
                (void)sp_store_step(&store, now += 2000);
            }
        }
        assert_int_equal(mount_first(2, 10, 8), 0);
        assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), i < 8 ? i + 1 : 8);
    }
    {
        char met[SP_STORE_NAME_MAX + 1];

        while (sp_store_next(&store, SP_KIND_DOMAIN, &cursor, met) == 0) {
            assert_int_equal(sscanf(met, "d%u", &n), 1);
            assert_in_range(n, 292, 299);
        }
    }
}

/* The same, forced: twelve were put, of which eight are left, the first or the last ones. */
static void a_full_index_looks_ahead_for_tombstones(void **state)
{
    char name[16];
    (void)state;

    for (unsigned gone = 0; gone <= 8; gone++) {
        assert_int_equal(mount_first(2, 10, COUNT(entries)), 0);
        for (unsigned i = 0; i < 12; i++) {
            (void)snprintf(name, sizeof name, "d%u", i);
            assert_int_equal(put(name, "x", 0), 0);
        }
        for (unsigned i = gone; i < gone + 4; i++) {
            (void)snprintf(name, sizeof name, "d%u", i);
            assert_int_equal(sp_store_delete(&store, SP_KIND_DOMAIN, name), 0);
        }
        assert_int_equal(mount_first(2, 10, 8), 0);
        assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), 8);
        for (unsigned i = 0; i < 12; i++) {
            (void)snprintf(name, sizeof name, "d%u", i);
            assert_int_equal(sp_store_length(&store, SP_KIND_DOMAIN, name),
                             i >= gone && i < gone + 4 ? SP_E_NOT_FOUND : 1);
        }
        assert_int_equal(mount_first(2, 10, 7), SP_E_FULL);
    }
}

static void an_idle_store_is_tidy_and_asks_for_nothing(void **state)
{
    sp_time now = 5;
    sp_time next;
    unsigned steps = 0;
    (void)state;

    while ((next = sp_store_step(&store, now)) != SP_NEVER) {
        assert_true(next >= now);
        now = next;
        assert_true(++steps < 1000);
    }
    assert_int_equal(sp_store_step(&store, now + 1000000), SP_NEVER);
    assert_true(sp_store_stats(&store).free_blocks >= 3);
}

/* Those who come while the store is busy are not held up by an erase that can wait; when the ready
 * blocks are nearly used up, it cannot. */
static void an_erase_waits_for_a_quiet_moment(void **state)
{
    static struct kit kit;
    uint8_t data[2000] = {0};
    sp_time now = 0;
    uint64_t erases;
    (void)state;

    kit_open(&kit, 32, 4096, 100);
    for (sp_time next = now; next != SP_NEVER; next = sp_store_step(&kit.store, now)) {
        now = next;
    }
    erases = kit.nor.stats.erases;
    assert_int_equal(erases, 4);
    assert_int_equal(sp_store_put(&kit.store, SP_KIND_CLOCK, "c", sp_span(data, 2000), 0), 0);
    assert_int_equal(sp_store_step(&kit.store, now), now + 1000);
    assert_int_equal(sp_store_length(&kit.store, SP_KIND_CLOCK, "c"), 2000);
    assert_int_equal(sp_store_step(&kit.store, now + 900), now + 1900);
    assert_int_equal(kit.nor.stats.erases, erases);
    assert_true(sp_store_step(&kit.store, now + 1900) < now + 2000);
    assert_int_equal(kit.nor.stats.erases, erases + 1);
    while (sp_store_step(&kit.store, now + 2000) != SP_NEVER) {
        now++;
    }
    for (int i = 0; i < 2; i++) { /* each takes a block */
        assert_int_equal(sp_store_put(&kit.store, SP_KIND_CLOCK, "c", sp_span(data, 2000), 0), 0);
    }
    assert_int_equal(kit.nor.stats.erases, erases + 1);
    assert_true(sp_store_step(&kit.store, now + 2000) < now + 3000);
    assert_int_equal(kit.nor.stats.erases, erases + 2);
    kit_close(&kit);
}

static uint64_t now_us;

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

/* A real part's times: one who comes during an erase waits for its end, no longer. */
static void a_get_during_an_erase_waits_for_it(void **state)
{
    const struct sp_nor_config config = {.size = 12 * 16384,
                                         .block_size = 16384,
                                         .page_size = 256,
                                         .timing = SP_NOR_REAL,
                                         .mono_ms = mono_ms,
                                         .wait_us = wait_us};
    uint64_t start;
    (void)state;

    sp_nor_close(&nor);
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    assert_int_equal(mount_first(2, 10, COUNT(entries)), 0);
    assert_int_equal(put("a", "x", 0), 0); /* erases the three blocks that it wants to have */
    assert_in_range(now_us / 1000, 1500, 1600);
    start = now_us;
    assert_int_equal(put("a", "y", 0), 0);
    assert_in_range(now_us - start, 3 * SP_NOR_PROGRAM_US, 6 * SP_NOR_PROGRAM_US);
    start = now_us;
    assert_true(sp_store_step(&store, 5000) > 5000);
    assert_text("a", "y");
    assert_in_range((now_us - start) / 1000, SP_NOR_ERASE_MS, SP_NOR_ERASE_MS + 20);
    start = now_us;
    assert_text("a", "y");
    assert_int_equal(now_us, start);
}

static void nothing_is_allocated(void **state)
{
    static const char text[] = "some text that is put again and again";
    char name[SP_STORE_NAME_MAX + 1];
    uint32_t cursor = 0;
    sp_utc due;
    sp_time now = 0;
    (void)state;

    counting = true;
    for (unsigned i = 0; i < 3000; i++) {
        (void)snprintf(name, sizeof name, "d%u", i % 40);
        (void)put(name, text, 7);
        (void)sp_store_due(&store, SP_KIND_DOMAIN, name, &due);
        (void)sp_store_next(&store, SP_KIND_DOMAIN, &cursor, name);
        if (i % 5 == 0) {
            (void)sp_store_delete(&store, SP_KIND_DOMAIN, name);
        }
        (void)sp_store_step(&store, now += 2000);
    }
    (void)mount_first(2, 10, COUNT(entries));
    counting = false;
    assert_int_equal(allocations, 0);
    assert_true(sp_store_stats(&store).blocks == 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_part, close_part)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_put_is_got),
        TEST(a_put_replaces_whole),
        TEST(pieces_are_joined),
        TEST(many_pieces_take_few_programs),
        TEST(a_record_is_read_in_pieces_of_any_size),
        TEST(a_reader_may_stop_early_and_still_hears_of_damage),
        TEST(a_reader_asks_for_no_more_than_there_is),
        TEST(kinds_are_apart),
        TEST(a_deleted_record_is_gone_also_after_a_reset),
        TEST(a_small_buffer_is_refused),
        TEST(names_and_sizes_have_limits),
        TEST(a_record_larger_than_a_block_is_refused),
        TEST(an_impossible_geometry_is_refused),
        TEST(blocks_outside_are_not_touched),
        TEST(a_walk_meets_each_record_once),
        TEST(the_earliest_due_comes_first),
        TEST(a_moved_due_is_forgotten_by_a_reset),
        TEST(a_rotten_name_does_not_hold_up_the_others),
        TEST(a_full_index_refuses_new_names_only),
        TEST(a_full_index_mounts_over_a_long_past),
        TEST(a_full_index_looks_ahead_for_tombstones),
        TEST(an_idle_store_is_tidy_and_asks_for_nothing),
        TEST(an_erase_waits_for_a_quiet_moment),
        TEST(a_get_during_an_erase_waits_for_it),
        TEST(nothing_is_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
