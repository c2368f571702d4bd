/*
 * The read-only area, over a part in memory: only what is known to the byte is read, and never past
 * its bounds. And the part itself, which the store, the area and the self-test share.
 */
#include "cm.h"

#include "app/area.h"
#include "app/part.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "nor_emulator/nor_emulator.h"
#include "store/layout.h"

#include <string.h>

#define SIZE 0x400000U
#define BLOCK 65536U
#define STORE_BLOCKS 60U
#define AREA_AT (STORE_BLOCKS * BLOCK)
#define ENTRY 56U
#define POLLS 5U /* of an erase */

static struct sp_nor nor;
static uint8_t hash[SP_AREA_HASH]; /* that the firmware knows */
static const char roots[] =
    "these are the roots, more than one piece of them: "
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789";
static const char page[] = "<html>";

static void put32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_entry(uint8_t *p, const char *name, uint32_t at, const void *data, uint32_t n)
{
    memset(p, 0, ENTRY);
    memcpy(p, name, strlen(name));
    put32(p + 16, at);
    put32(p + 20, n);
    sp_sha256(sp_span(data, n), p + 24);
    memcpy(nor.bytes + AREA_AT + at, data, n);
}

/* As tools/area lays it out. */
static void write_area(void)
{
    uint8_t *head = nor.bytes + AREA_AT;
    memset(head, 0, 16 + 2 * ENTRY);
    memcpy(head, "SPar", 4);
    head[4] = 1;
    head[6] = 2;
    put_entry(head + 16, "roots", 128, roots, sizeof roots);
    put_entry(head + 16 + ENTRY, "page", 640, page, sizeof page);
    sp_sha256(sp_span(head, 16 + 2 * ENTRY), hash);
}

static int start(void **state)
{
    const struct sp_nor_config config = {
        .size = SIZE, .block_size = BLOCK, .page_size = 256, .erase_polls = POLLS};
    (void)state;
    if (sp_nor_open(&nor, &config) < 0) {
        return -1;
    }
    sp_part_start(&nor.flash);
    write_area();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sp_nor_close(&nor);
    return 0;
}

static void assert_state(enum sp_area_state wanted)
{
    sp_area_start(hash);
    assert_string_equal(sp_area_state_text(sp_area_state()), sp_area_state_text(wanted));
}

/* --- the area --- */

static void files_of_a_known_area_are_read_where_they_lie(void **state)
{
    struct sp_area_file file;
    char text[sizeof roots];
    (void)state;
    assert_state(SP_AREA_GOOD);
    assert_int_equal(sp_area_open("roots", &file), SP_OK);
    assert_int_equal(file.blob.size, sizeof roots);
    assert_int_equal(file.blob.read(&file.blob, 0, text, sizeof text), SP_OK);
    assert_string_equal(text, roots);
    assert_int_equal(file.blob.read(&file.blob, 10, text, 9), SP_OK);
    assert_memory_equal(text, "the roots", 9);
    assert_int_equal(sp_area_open("page", &file), SP_OK);
    assert_int_equal(sp_area_name(1, text), SP_OK);
    assert_string_equal(text, "page");
    assert_int_equal(sp_area_name(2, text), SP_E_NOT_FOUND);
    assert_int_equal(sp_area_open("other", &file), SP_E_NOT_FOUND);
    assert_string_equal(sp_area_state_text(sp_area_state()), "good");
}

static void nothing_past_a_file_is_read(void **state)
{
    struct sp_area_file file;
    char text[8];
    (void)state;
    assert_state(SP_AREA_GOOD);
    assert_int_equal(sp_area_open("page", &file), SP_OK);
    assert_int_equal(file.blob.read(&file.blob, sizeof page, text, 1), SP_E_IO);
    assert_int_equal(file.blob.read(&file.blob, 1, text, sizeof page), SP_E_IO);
    assert_int_equal(file.blob.read(&file.blob, UINT32_MAX, text, 2), SP_E_IO);
}

static void any_bit_of_the_header_makes_the_area_foreign(void **state)
{
    struct sp_area_file file;
    (void)state;
    for (uint32_t i = 0; i < (16 + 2 * ENTRY) * 8; i++) {
        nor.bytes[AREA_AT + i / 8] ^= (uint8_t)(1U << i % 8);
        assert_state(SP_AREA_FOREIGN);
        assert_int_equal(sp_area_open("roots", &file), SP_E_NOT_FOUND);
        assert_int_equal(file.blob.size, 0);
        nor.bytes[AREA_AT + i / 8] ^= (uint8_t)(1U << i % 8);
    }
    assert_state(SP_AREA_GOOD);
}

static void a_changed_byte_of_a_file_makes_it_damaged_and_leaves_the_others(void **state)
{
    struct sp_area_file file;
    (void)state;
    nor.bytes[AREA_AT + 128 + sizeof roots - 1] ^= 0x80;
    assert_state(SP_AREA_GOOD); /* nobody has looked at it yet */
    assert_int_equal(sp_area_open("roots", &file), SP_E_CORRUPT);
    assert_int_equal(file.blob.size, 0);
    assert_string_equal(sp_area_state_text(sp_area_state()), "damaged");
    assert_int_equal(sp_area_open("page", &file), SP_OK);
}

static void a_part_that_was_never_written_is_blank(void **state)
{
    (void)state;
    memset(nor.bytes + AREA_AT, 0xff, BLOCK);
    assert_state(SP_AREA_BLANK);
}

static void any_other_content_is_foreign(void **state)
{
    (void)state;
    for (unsigned fill = 0; fill < 255; fill++) {
        memset(nor.bytes + AREA_AT, (int)fill, BLOCK);
        assert_state(SP_AREA_FOREIGN);
    }
}

static void a_file_that_lies_outside_the_part_is_not_read(void **state)
{
    struct sp_area_file file;
    uint8_t *head = nor.bytes + AREA_AT;
    (void)state;
    put32(head + 16 + 20, 4U * BLOCK); /* the test block would be in it */
    sp_sha256(sp_span(head, 16 + 2 * ENTRY), hash);
    assert_state(SP_AREA_GOOD);
    assert_int_equal(sp_area_open("roots", &file), SP_E_CORRUPT);
    assert_string_equal(sp_area_state_text(sp_area_state()), "damaged");
    put32(head + 16 + 16, UINT32_MAX - 5);
    sp_sha256(sp_span(head, 16 + 2 * ENTRY), hash);
    assert_int_equal(sp_area_open("roots", &file), SP_E_CORRUPT);
    assert_int_equal(file.blob.size, 0);
}

/* As by somebody who writes to the part while the firmware runs. */
static void a_header_that_changes_later_opens_nothing(void **state)
{
    struct sp_area_file file;
    (void)state;
    assert_state(SP_AREA_GOOD);
    nor.bytes[AREA_AT + 16 + 16] ^= 1;
    assert_int_equal(sp_area_open("roots", &file), SP_E_NOT_FOUND);
    assert_string_equal(sp_area_state_text(sp_area_state()), "foreign");
}

/* --- the part --- */

static void a_small_part_belongs_to_the_store_alone(void **state)
{
    static struct sp_flash small = {.size = SIZE - BLOCK, .block_size = BLOCK};
    static uint8_t any[SP_AREA_HASH];
    (void)state;
    sp_part_start(&small);
    assert_int_equal(sp_part_of_store()->size, SIZE - BLOCK);
    assert_int_equal(sp_part_area_size(), 0);
    assert_null(sp_part_of_test());
    sp_area_start(any);
    assert_int_equal(sp_area_state(), SP_AREA_NONE);
}

static void a_sixteenth_of_the_part_is_area_and_test_block(void **state)
{
    static struct sp_flash large = {.size = 16U * 1024U * 1024U, .block_size = BLOCK};
    (void)state;
    sp_part_start(&large);
    assert_int_equal(sp_part_of_store()->size / BLOCK, 240);
    assert_int_equal(sp_part_area_size() / BLOCK, 15);
    assert_int_equal(sp_part_of_test()->size, BLOCK);
    assert_int_equal(sp_layout_test_at(&large), large.size - BLOCK);
}

static void who_reads_waits_for_the_erase_of_another_and_that_one_is_told(void **state)
{
    struct sp_flash *store = sp_part_of_store();
    uint8_t byte;
    (void)state;
    nor.bytes[0] = 0;
    assert_int_equal(sp_flash_erase_start(store, 0), SP_OK);
    assert_int_equal(sp_flash_erase_poll(store), 1);
    assert_int_equal(sp_part_area_read(0, &byte, 1), SP_OK);
    assert_int_equal(byte, 'S');
    assert_int_equal(nor.bytes[0], 0xff);
    assert_int_equal(sp_flash_erase_poll(store), 0);
    assert_int_equal(sp_flash_erase_poll(store), 0);
}

static void an_erase_that_failed_while_another_waited_is_told_once_to_its_owner(void **state)
{
    struct sp_flash *test = sp_part_of_test();
    uint8_t byte;
    (void)state;
    sp_nor_fault(&nor, SP_NOR_FAIL_FROM, nor.stats.ops + 1, 1);
    assert_int_equal(sp_flash_erase_start(test, 0), SP_OK);
    assert_int_equal(sp_part_area_read(0, &byte, 1), SP_OK);
    assert_int_equal(sp_flash_erase_poll(sp_part_of_store()), 0);
    assert_int_equal(sp_flash_erase_poll(test), SP_E_IO);
    assert_int_equal(sp_flash_erase_poll(test), 0);
}

static void the_test_block_is_the_last_one(void **state)
{
    struct sp_flash *test = sp_part_of_test();
    uint8_t byte = 0x5a;
    (void)state;
    assert_int_equal(sp_flash_program(test, 7, &byte, 1), SP_OK);
    assert_int_equal(nor.bytes[SIZE - BLOCK + 7], 0x5a);
    assert_int_equal(sp_flash_erase_start(test, 0), SP_OK);
    for (unsigned i = 0; i < POLLS + 1 && sp_flash_erase_poll(test) > 0; i++) {
    }
    assert_int_equal(nor.bytes[SIZE - BLOCK + 7], 0xff);
    assert_int_equal(nor.bytes[SIZE - BLOCK - 1], 0xff);
}

#define ON_A_PART(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_PART(files_of_a_known_area_are_read_where_they_lie),
        ON_A_PART(nothing_past_a_file_is_read),
        ON_A_PART(any_bit_of_the_header_makes_the_area_foreign),
        ON_A_PART(a_changed_byte_of_a_file_makes_it_damaged_and_leaves_the_others),
        ON_A_PART(a_part_that_was_never_written_is_blank),
        ON_A_PART(any_other_content_is_foreign),
        ON_A_PART(a_file_that_lies_outside_the_part_is_not_read),
        ON_A_PART(a_header_that_changes_later_opens_nothing),
        cmocka_unit_test(a_small_part_belongs_to_the_store_alone),
        cmocka_unit_test(a_sixteenth_of_the_part_is_area_and_test_block),
        ON_A_PART(who_reads_waits_for_the_erase_of_another_and_that_one_is_told),
        ON_A_PART(an_erase_that_failed_while_another_waited_is_told_once_to_its_owner),
        ON_A_PART(the_test_block_is_the_last_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
