/* The bytes in flash are those that docs/store.md lists. */
#include "kit.h"

#include "base/text.h"
#include "store/format.h"

#include <string.h>

static void a_block_header_is_as_specified(void **state)
{
    static const uint8_t want[28] = {'S',  'P',  's',  't',  1,    0,    0,    0x10, 0x04, 0x03,
                                     0x02, 0x01, 0xFB, 0xFC, 0xFD, 0xFE, 0x44, 0x33, 0x22, 0x11,
                                     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    const struct sp_block_header header = {.erases = 0x01020304, .sequence = 0x11223344};
    struct sp_block_header back;
    uint8_t bytes[SP_BLOCK_HEADER];
    (void)state;

    sp_block_header_encode(&header, 65536, bytes);
    assert_memory_equal(bytes, want, sizeof want);
    assert_int_equal(sp_get32(bytes + 28), sp_crc32c(0, want, sizeof want));
    assert_int_equal(sp_block_header_decode(bytes, 65536, &back), SP_HEADER_OURS);
    assert_int_equal(back.erases, header.erases);
    assert_int_equal(back.sequence, header.sequence);
}

static void a_header_of_another_version_or_size_is_foreign(void **state)
{
    const struct sp_block_header header = {.erases = 7, .sequence = 5};
    struct sp_block_header back;
    uint8_t bytes[SP_BLOCK_HEADER];
    (void)state;

    sp_block_header_encode(&header, 65536, bytes);
    assert_int_equal(sp_block_header_decode(bytes, 4096, &back), SP_HEADER_FOREIGN);
    bytes[4] = 2;
    assert_int_equal(sp_block_header_decode(bytes, 65536, &back), SP_HEADER_NONE);
    sp_put32(bytes + 28, sp_crc32c(0, bytes, 28));
    assert_int_equal(sp_block_header_decode(bytes, 65536, &back), SP_HEADER_FOREIGN);
    assert_int_equal(back.erases, 7);
}

static void every_bit_of_a_header_counts(void **state)
{
    const struct sp_block_header header = {.erases = 7, .sequence = 5};
    struct sp_block_header back;
    uint8_t bytes[SP_BLOCK_HEADER];
    (void)state;

    for (size_t i = 0; i < sizeof bytes * 8; i++) {
        sp_block_header_encode(&header, 4096, bytes);
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_int_equal(sp_block_header_decode(bytes, 4096, &back), SP_HEADER_NONE);
    }
    sp_block_header_encode(&(struct sp_block_header){.sequence = 0}, 4096, bytes);
    assert_int_equal(sp_block_header_decode(bytes, 4096, &back), SP_HEADER_NONE);
    sp_block_header_encode(&(struct sp_block_header){.sequence = SP_SEQUENCE_MAX}, 4096, bytes);
    assert_int_equal(sp_block_header_decode(bytes, 4096, &back), SP_HEADER_NONE);
}

/* Condemning clears bits only, and nothing that an erase cut short sets again makes it good. */
static void a_condemned_header_keeps_its_count(void **state)
{
    const struct sp_block_header header = {.erases = 0x1234, .sequence = 5};
    struct sp_block_header back;
    uint8_t bytes[SP_BLOCK_HEADER];
    uint8_t condemned[SP_BLOCK_HEADER];
    (void)state;

    sp_block_header_encode(&header, 4096, bytes);
    sp_block_header_condemn(bytes, condemned);
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_int_equal(condemned[i] & ~bytes[i], 0);
    }
    assert_int_equal(sp_block_header_decode(condemned, 4096, &back), SP_HEADER_NONE);
    assert_int_equal(back.erases, 0x1234);
    condemned[9] ^= 1;
    assert_int_equal(sp_block_header_decode(condemned, 4096, &back), SP_HEADER_NONE);
    assert_int_equal(back.erases, 0);
}

static const struct sp_dir_entry record = {
    .key = 0xABCDEF12, .due = 0x01020304, .offset = 0x123, .units = 0x245, .kind = SP_KIND_DOMAIN};

static void an_entry_is_as_specified(void **state)
{
    static const uint8_t want[12] = {0x12, 0xEF, 0xCD, 0xAB, 0x04, 0x03,
                                     0x02, 0x01, 0x23, 0x51, 0x24, 0x01};
    static const uint8_t sequence[4] = {9, 0, 0, 0};
    uint8_t bytes[SP_ENTRY_SIZE];
    uint32_t crc;
    (void)state;

    sp_entry_encode(&record, 9, bytes);
    assert_memory_equal(bytes, want, sizeof want);
    crc = sp_crc32c(sp_crc32c(0, sequence, 4), want, sizeof want);
    assert_int_equal(bytes[12], crc & 0xFF);
    assert_int_equal(bytes[13], crc >> 8 & 0xFF);
    assert_int_equal(bytes[14], 0xFF);
    assert_int_equal(bytes[15], 0xFF);
}

static void an_entry_tells_its_state(void **state)
{
    static const struct {
        uint8_t commit, voided;
        enum sp_entry_state state;
    } cases[] = {
        {0xFF, 0xFF, SP_ENTRY_PENDING}, {0x00, 0xFF, SP_ENTRY_RECORD},
        {0x00, 0x00, SP_ENTRY_VOIDED},  {0xFF, 0x00, SP_ENTRY_VOIDED},
        {0x01, 0xFF, SP_ENTRY_RECORD},  {0xFE, 0xFF, SP_ENTRY_PENDING},
        {0x00, 0x7F, SP_ENTRY_RECORD},  {0x00, 0x80, SP_ENTRY_VOIDED},
    };
    struct sp_dir_entry back;
    uint8_t bytes[SP_ENTRY_SIZE];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        sp_entry_encode(&record, 9, bytes);
        bytes[SP_ENTRY_COMMIT] = cases[i].commit;
        bytes[SP_ENTRY_VOID] = cases[i].voided;
        assert_int_equal(sp_entry_decode(bytes, 9, 4096, &back), cases[i].state);
        assert_int_equal(back.key, record.key);
        assert_int_equal(back.due, record.due);
        assert_int_equal(back.offset, record.offset);
        assert_int_equal(back.units, record.units);
        assert_int_equal(back.kind, record.kind);
        assert_false(back.tombstone);
    }
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(sp_entry_decode(bytes, 9, 4096, &back), SP_ENTRY_FREE);
    memset(bytes, 0, SP_ENTRY_SIGNED);
    assert_int_equal(sp_entry_decode(bytes, 9, 4096, &back), SP_ENTRY_BURNT);
}

static void an_entry_of_another_life_or_place_does_not_pass(void **state)
{
    struct sp_dir_entry entry = record;
    struct sp_dir_entry back;
    uint8_t bytes[SP_ENTRY_SIZE];
    (void)state;

    sp_entry_encode(&record, 9, bytes);
    assert_int_equal(sp_entry_decode(bytes, 8, 4096, &back), SP_ENTRY_TORN);
    bytes[SP_ENTRY_COMMIT] = 0;
    assert_int_equal(sp_entry_decode(bytes, 8, 4096, &back), SP_ENTRY_CORRUPT);
    assert_int_equal(sp_entry_decode(bytes, 9, 0x123 + 0x245, &back), SP_ENTRY_CORRUPT);
    for (size_t i = 0; i < (size_t)SP_ENTRY_SIGNED * 8; i++) {
        sp_entry_encode(&record, 9, bytes);
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_int_equal(sp_entry_decode(bytes, 9, 4096, &back), SP_ENTRY_TORN);
    }
    entry.kind = 0;
    sp_entry_encode(&entry, 9, bytes);
    assert_int_equal(sp_entry_decode(bytes, 9, 4096, &back), SP_ENTRY_TORN);
    entry = record;
    entry.key |= 15;
    sp_entry_encode(&entry, 9, bytes);
    assert_int_equal(sp_entry_decode(bytes, 9, 4096, &back), SP_ENTRY_TORN);
    entry = record;
    entry.offset = 1; /* in the block's header */
    sp_entry_encode(&entry, 9, bytes);
    assert_int_equal(sp_entry_decode(bytes, 9, 4096, &back), SP_ENTRY_TORN);
    entry = record;
    entry.units = 0;
    sp_entry_encode(&entry, 9, bytes);
    assert_int_equal(sp_entry_decode(bytes, 9, 4096, &back), SP_ENTRY_TORN);
    entry.tombstone = true;
    sp_entry_encode(&entry, 9, bytes);
    bytes[SP_ENTRY_COMMIT] = 0;
    assert_int_equal(sp_entry_decode(bytes, 9, 4096, &back), SP_ENTRY_TOMBSTONE);
}

static void a_record_header_is_as_specified(void **state)
{
    static const uint8_t want[12] = {0x44, 0x33, 0x22, 0x11, 0x00, 0x30,
                                     253,  4,    0xD4, 0xC3, 0xB2, 0xA1};
    const struct sp_record_header header = {
        .crc = 0x11223344, .data_n = 12288, .name_n = 253, .kind = 4, .due = 0xA1B2C3D4};
    struct sp_record_header back;
    uint8_t bytes[SP_RECORD_HEADER];
    (void)state;

    sp_record_header_encode(&header, bytes);
    assert_memory_equal(bytes, want, sizeof want);
    sp_record_header_decode(bytes, &back);
    assert_int_equal(back.crc, header.crc);
    assert_int_equal(back.data_n, header.data_n);
    assert_int_equal(back.name_n, header.name_n);
    assert_int_equal(back.kind, header.kind);
    assert_int_equal(back.due, header.due);
}

static void the_largest_record_fits_the_fields(void **state)
{
    uint32_t units = sp_record_units(SP_STORE_NAME_MAX, SP_STORE_RECORD_MAX);
    (void)state;

    assert_int_equal(units, 785);
    assert_true(units < 1024);
    assert_true(sp_size_class(units) < 256);
    assert_int_equal(sp_record_units(1, 3), 1);
    assert_int_equal(sp_record_units(1, 4), 2);
    assert_int_equal(sp_size_class(3), 1);
    assert_int_equal(sp_size_class(4), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_header_is_as_specified),
        cmocka_unit_test(a_header_of_another_version_or_size_is_foreign),
        cmocka_unit_test(every_bit_of_a_header_counts),
        cmocka_unit_test(a_condemned_header_keeps_its_count),
        cmocka_unit_test(an_entry_is_as_specified),
        cmocka_unit_test(an_entry_tells_its_state),
        cmocka_unit_test(an_entry_of_another_life_or_place_does_not_pass),
        cmocka_unit_test(a_record_header_is_as_specified),
        cmocka_unit_test(the_largest_record_fits_the_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
