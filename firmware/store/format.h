/*
 * store/format: the bytes in flash, as docs/store.md lists them, and their meaning.
 *
 * Pure functions of their arguments.
 */
#ifndef SP_STORE_FORMAT_H
#define SP_STORE_FORMAT_H

#include "store/store.h"

#define SP_UNIT 16U         /* bytes; addresses and lengths count these */
#define SP_BLOCK_HEADER 32U /* bytes at the start of a block */
#define SP_FORMAT_VERSION 1U
#define SP_SEQUENCE_MAX                                                                            \
    0xF0000000U /* none of ours gets there: 256 blocks of a part wear out first */

#define SP_RECORD_HEADER 12U
#define SP_ENTRY_SIZE 16U   /* an entry of a block's directory */
#define SP_ENTRY_SIGNED 14U /* what is programmed first; then the record, then the commit byte */
#define SP_ENTRY_COMMIT 14U /* offset of the byte that is programmed to 0 when all is there */
#define SP_ENTRY_VOID 15U   /* offset of the byte that takes the commit back */
#define SP_ORDINALS 15U     /* names of the same kind and hash */

struct sp_block_header {
    uint32_t erases;
    uint32_t sequence;
};

enum sp_header_state {
    SP_HEADER_OURS,
    SP_HEADER_FOREIGN, /* another version or block size; erases is known */
    SP_HEADER_NONE     /* anything else; erases is 0 when it cannot be known */
};

void sp_block_header_encode(const struct sp_block_header *header, uint32_t block_size,
                            uint8_t out[SP_BLOCK_HEADER]);
enum sp_header_state sp_block_header_decode(const uint8_t in[SP_BLOCK_HEADER], uint32_t block_size,
                                            struct sp_block_header *header);
/* What makes of the header `in` one that is no header any more, by clearing bits; the count of
 * erases stays legible. */
void sp_block_header_condemn(const uint8_t in[SP_BLOCK_HEADER], uint8_t out[SP_BLOCK_HEADER]);

enum sp_entry_state {
    SP_ENTRY_FREE,    /* all 0xFF: the directory ends before it */
    SP_ENTRY_BURNT,   /* given up, never to be used */
    SP_ENTRY_PENDING, /* begun, not committed */
    SP_ENTRY_VOIDED,  /* begun, and known never to be committed */
    SP_ENTRY_RECORD,
    SP_ENTRY_TOMBSTONE,
    SP_ENTRY_TORN,   /* its checksum is wrong and it has no commit */
    SP_ENTRY_CORRUPT /* its checksum is wrong although it was committed */
};

struct sp_dir_entry {
    uint32_t key;    /* hash of kind and name in the upper 28 bits, ordinal below */
    uint32_t due;    /* of a tombstone: sequence of the block that was open when it was made */
    uint16_t offset; /* units from the block's start */
    uint16_t units;  /* of the record; 0 for a tombstone */
    uint8_t kind;
    bool tombstone;
};

/* Only the signed part is written; commit and void bytes are left 0xFF. */
void sp_entry_encode(const struct sp_dir_entry *entry, uint32_t sequence,
                     uint8_t out[SP_ENTRY_SIZE]);
/* entry is set for PENDING, VOIDED, RECORD and TOMBSTONE. */
enum sp_entry_state sp_entry_decode(const uint8_t in[SP_ENTRY_SIZE], uint32_t sequence,
                                    uint32_t block_units, struct sp_dir_entry *entry);

struct sp_record_header {
    uint32_t crc; /* CRC-32C of the other header bytes, the name and the data */
    uint32_t due; /* as in its entry */
    uint16_t data_n;
    uint8_t name_n;
    uint8_t kind;
};

void sp_record_header_encode(const struct sp_record_header *header, uint8_t out[SP_RECORD_HEADER]);
void sp_record_header_decode(const uint8_t in[SP_RECORD_HEADER], struct sp_record_header *header);

/* The key's upper 28 bits; the ordinal is 0. */
uint32_t sp_key(uint8_t kind, const void *name, size_t name_n);

/* Units that a record takes in its block, without its entry. */
static inline uint32_t sp_record_units(size_t name_n, size_t data_n)
{
    return (uint32_t)((SP_RECORD_HEADER + name_n + data_n + SP_UNIT - 1) / SP_UNIT);
}

/* What the index keeps of a record's size: its units and its entry's, in fours, rounded up. */
static inline uint32_t sp_size_class(uint32_t units)
{
    return (units + 1 + 3) / 4;
}

static inline uint32_t sp_get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void sp_put32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
}

#endif
