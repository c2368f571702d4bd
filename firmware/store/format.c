#include "store/format.h"

#include "base/text.h"

#include <string.h>

/* Offsets in a block header. */
enum {
    H_MAGIC = 0,
    H_VERSION = 4,
    H_SIZE = 6,
    H_ERASES = 8,
    H_INVERSE = 12,
    H_SEQUENCE = 16,
    H_CRC = 28
};

/* Offsets in an entry. */
enum { E_KEY = 0, E_DUE = 4, E_WHERE = 8, E_CRC = 12 };

/* Bits of an entry's third word. */
enum { W_UNITS = 12, W_KIND = 22, W_TOMBSTONE = 26 };

static const uint8_t magic[4] = {'S', 'P', 's', 't'};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static void put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

void sp_block_header_encode(const struct sp_block_header *header, uint32_t block_size,
                            uint8_t out[SP_BLOCK_HEADER])
{
    memset(out, 0xFF, SP_BLOCK_HEADER);
    memcpy(out + H_MAGIC, magic, sizeof magic);
    put16(out + H_VERSION, SP_FORMAT_VERSION);
    put16(out + H_SIZE, block_size / SP_UNIT);
    sp_put32(out + H_ERASES, header->erases);
    sp_put32(out + H_INVERSE, ~header->erases);
    sp_put32(out + H_SEQUENCE, header->sequence);
    sp_put32(out + H_CRC, sp_crc32c(0, out, H_CRC));
}

enum sp_header_state sp_block_header_decode(const uint8_t in[SP_BLOCK_HEADER], uint32_t block_size,
                                            struct sp_block_header *header)
{
    uint32_t erases = sp_get32(in + H_ERASES);

    header->erases = sp_get32(in + H_INVERSE) == ~erases ? erases : 0;
    header->sequence = 0;
    if (memcmp(in, magic, sizeof magic) != 0 || sp_get32(in + H_CRC) != sp_crc32c(0, in, H_CRC)) {
        return SP_HEADER_NONE;
    }
    if (get16(in + H_VERSION) != SP_FORMAT_VERSION || get16(in + H_SIZE) != block_size / SP_UNIT) {
        return SP_HEADER_FOREIGN;
    }
    header->sequence = sp_get32(in + H_SEQUENCE);
    if (header->sequence == 0 || header->sequence >= SP_SEQUENCE_MAX) {
        return SP_HEADER_NONE;
    }
    return SP_HEADER_OURS;
}

void sp_block_header_condemn(const uint8_t in[SP_BLOCK_HEADER], uint8_t out[SP_BLOCK_HEADER])
{
    memset(out, 0, SP_BLOCK_HEADER);
    memcpy(out + H_ERASES, in + H_ERASES, H_SEQUENCE - H_ERASES);
}

/* An entry's checksum includes its block's sequence: what an earlier life of the block left there
 * does not pass. */
static uint32_t entry_crc(const uint8_t *entry, uint32_t sequence)
{
    uint8_t bytes[4];

    sp_put32(bytes, sequence);
    return sp_crc32c(sp_crc32c(0, bytes, sizeof bytes), entry, E_CRC) & 0xFFFF;
}

void sp_entry_encode(const struct sp_dir_entry *entry, uint32_t sequence,
                     uint8_t out[SP_ENTRY_SIZE])
{
    memset(out, 0xFF, SP_ENTRY_SIZE);
    sp_put32(out + E_KEY, entry->key);
    sp_put32(out + E_DUE, entry->due);
    sp_put32(out + E_WHERE, (uint32_t)entry->offset | (uint32_t)entry->units << W_UNITS |
                                (uint32_t)entry->kind << W_KIND |
                                (uint32_t)entry->tombstone << W_TOMBSTONE);
    put16(out + E_CRC, entry_crc(out, sequence));
}

static bool all_are(const uint8_t *p, uint8_t value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != value) {
            return false;
        }
    }
    return true;
}

/* A mark is a byte programmed to 0. Single bits that changed since do not make or unmake it. */
static bool is_marked(uint8_t byte)
{
    unsigned zeros = 0;

    for (unsigned bit = 0; bit < 8; bit++) {
        zeros += 1U - ((unsigned)byte >> bit & 1U);
    }
    return zeros >= 4;
}

static bool is_sane(const struct sp_dir_entry *entry, uint32_t block_units)
{
    if (entry->kind == 0 || (entry->key & 15) >= SP_ORDINALS) {
        return false;
    }
    if (entry->tombstone) {
        return entry->units == 0;
    }
    return entry->units > 0 && entry->offset >= SP_BLOCK_HEADER / SP_UNIT &&
           (uint32_t)entry->offset + entry->units < block_units;
}

enum sp_entry_state sp_entry_decode(const uint8_t in[SP_ENTRY_SIZE], uint32_t sequence,
                                    uint32_t block_units, struct sp_dir_entry *entry)
{
    uint32_t where = sp_get32(in + E_WHERE);
    bool committed = is_marked(in[SP_ENTRY_COMMIT]);

    if (all_are(in, 0xFF, SP_ENTRY_SIZE)) {
        return SP_ENTRY_FREE;
    }
    if (all_are(in, 0, SP_ENTRY_SIGNED)) {
        return SP_ENTRY_BURNT;
    }
    entry->key = sp_get32(in + E_KEY);
    entry->due = sp_get32(in + E_DUE);
    entry->offset = where & 0xFFF;
    entry->units = where >> W_UNITS & 0x3FF;
    entry->kind = where >> W_KIND & 15;
    entry->tombstone = (where >> W_TOMBSTONE & 1) != 0;
    if (get16(in + E_CRC) != entry_crc(in, sequence) || !is_sane(entry, block_units)) {
        return committed ? SP_ENTRY_CORRUPT : SP_ENTRY_TORN;
    }
    if (is_marked(in[SP_ENTRY_VOID])) {
        return SP_ENTRY_VOIDED;
    }
    if (!committed) {
        return SP_ENTRY_PENDING;
    }
    return entry->tombstone ? SP_ENTRY_TOMBSTONE : SP_ENTRY_RECORD;
}

void sp_record_header_encode(const struct sp_record_header *header, uint8_t out[SP_RECORD_HEADER])
{
    sp_put32(out, header->crc);
    put16(out + 4, header->data_n);
    out[6] = header->name_n;
    out[7] = header->kind;
    sp_put32(out + 8, header->due);
}

void sp_record_header_decode(const uint8_t in[SP_RECORD_HEADER], struct sp_record_header *header)
{
    header->crc = sp_get32(in);
    header->data_n = get16(in + 4);
    header->name_n = in[6];
    header->kind = in[7];
    header->due = sp_get32(in + 8);
}

uint32_t sp_key(uint8_t kind, const void *name, size_t name_n)
{
    uint32_t hash = sp_hash32(name, name_n);

    hash = (hash ^ kind) * 16777619U; /* FNV-1a goes on with the kind */
    return (hash ^ hash >> 28) << 4;
}
