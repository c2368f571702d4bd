/*
 * store: named records in NOR flash that survive a power cut at any moment.
 *
 * A record has a kind, a name and up to SP_STORE_RECORD_MAX bytes. A put replaces it whole or not
 * at all: when sp_store_put has returned 0 the new bytes are there after any reset; when power goes
 * before, the old ones are. docs/store.md specifies every byte and says why.
 *
 * The store is an append-only log over the erase blocks. An index in RAM of SP_STORE_ENTRY_SIZE
 * bytes a record finds a record's newest copy; it is rebuilt at start from the blocks' directories.
 * Space of replaced records is won back in small pieces by sp_store_step.
 *
 * Memory: the struct and the index array are the caller's; no allocation. Threads: service task.
 * Time: put and get block for their own reads and programs (about 2 KB each); put may also have to
 * finish a collection when the spare blocks are used up, which step prevents in ordinary use.
 */
#ifndef SP_STORE_STORE_H
#define SP_STORE_STORE_H

#include "base/span.h"
#include "base/time.h"
#include "hal/flash.h"

#define SP_STORE_RECORD_MAX 12288 /* bytes of a record's data */
#define SP_STORE_NAME_MAX 253     /* bytes of a name: the longest host name fits */
#define SP_STORE_ENTRY_SIZE 12    /* bytes of RAM a record */
#define SP_STORE_BLOCKS_MAX 256   /* erase blocks that a store may span */
#define SP_STORE_AHEAD 64         /* bytes that a reader reads at once for small pieces */

enum sp_kind {
    SP_KIND_SETTING = 1,  /* one device setting each: "network", "ca", … */
    SP_KIND_FACTORY = 2,  /* what the factory image set, kept for factory-reset */
    SP_KIND_ACCOUNT = 3,  /* ACME account and its key, by directory URL */
    SP_KIND_DOMAIN = 4,   /* all of a mail domain, by its name */
    SP_KIND_CHAIN = 5,    /* an intermediate certificate, by the SHA-256 of its DER in hex */
    SP_KIND_ORDER = 6,    /* the ACME order that is under way */
    SP_KIND_CLOCK = 7,    /* the floor of the time of day */
    SP_KIND_TRUST = 8,    /* an extra root certificate, by the SHA-256 of its DER in hex */
    SP_KIND_SEED = 9,     /* the entropy seed of a board that has no source */
    SP_KIND_CRASH = 10,   /* the last fault */
    SP_KIND_REPORTS = 11, /* what TLS reports say about a mail domain, by its name */
    SP_KIND_SEEN =
        12 /* when the policy hosts were last seen from outside, by a part of the hashes */
};

struct sp_store_entry {
    uint32_t word[3]; /* hash of kind and name; address and kind; due */
};

struct sp_store_stats {
    uint32_t records;       /* live records */
    uint32_t records_max;   /* entries of the index array */
    uint32_t live_bytes;    /* flash taken by live records, headers included */
    uint32_t free_blocks;   /* erased or ready to be erased */
    uint32_t blocks;        /* all blocks of the store */
    uint64_t read_bytes;    /* since mount: what was read from flash … */
    uint64_t program_bytes; /* … programmed … */
    uint32_t erases;        /* … and erased */
    uint32_t mount_read_bytes;
    uint32_t corrupt; /* records or blocks found broken since mount */
    uint32_t torn;    /* records found unfinished at mount: power went while they were written */
    bool failing;     /* the mount, or the last put or delete, met a part that failed */
};

/* Members are the store's own; declared there so that the caller can place it. */
#include "store/store_state.h"

/* Finds the newest copy of every record in blocks [first, first + count) of the part. Blank,
 * foreign or randomly filled blocks are taken into use as empty ones: it never fails because of
 * content. Finishes what a power cut interrupted. entries: array of n, kept by the store. 0;
 * SP_E_INVALID (geometry: fewer than 4 blocks, more than SP_STORE_BLOCKS_MAX), SP_E_IO, SP_E_FULL
 * when more records are found than n entries hold. After an error every other call returns SP_E_IO
 * and the part is left as it is, for the next start. A few entries to spare make it quicker after
 * many deletes. */
int sp_store_mount(struct sp_store *store, struct sp_flash *flash, uint32_t first, uint32_t count,
                   struct sp_store_entry *entries, uint32_t n);

/* Replaces the record, which must fit in a block: of 4 KiB blocks each takes about 4,000 bytes.
 * due: moment at which the owner wants to look at it again (sp_store_due), 0 when never. 0;
 * SP_E_INVALID (name or size), SP_E_FULL (nothing changed), SP_E_IO (the old record still stands).
 * data may be empty. */
int sp_store_put(struct sp_store *store, enum sp_kind kind, const char *name, struct sp_span data,
                 sp_utc due);
/* The same from several pieces laid one after the other, so that the caller needs no joined copy.
 */
int sp_store_putv(struct sp_store *store, enum sp_kind kind, const char *name,
                  const struct sp_span *pieces, size_t pieces_n, sp_utc due);

/* Copies the record: its length (0 is possible). SP_E_NOT_FOUND, SP_E_SPACE (cap too small; nothing
 * useful in buf), SP_E_CORRUPT (checksum), SP_E_IO. */
int sp_store_get(struct sp_store *store, enum sp_kind kind, const char *name, void *buf,
                 size_t cap);
/* The record's length without reading its data; errors as above. */
int sp_store_length(struct sp_store *store, enum sp_kind kind, const char *name);

/* Reads a record piece by piece, for one who has no room for all of it: begin, read in order, end.
 * Until the end the bytes are not known to be right. Nothing may be put or deleted, and no step of
 * the store made, between begin and end. Members are the store's own. */
struct sp_store_reader {
    struct sp_store *store;
    uint32_t block, offset;        /* of the next byte to be read from the part */
    uint32_t left;                 /* bytes of the data that were not read from the part yet */
    uint32_t crc, wanted;          /* over what was read, and in the header */
    uint32_t ahead_at, ahead_n;    /* of the bytes below */
    uint8_t ahead[SP_STORE_AHEAD]; /* read from the part, and not asked for yet */
};
/* Finds the record: its length. Errors of sp_store_length. */
int sp_store_read_begin(struct sp_store *store, enum sp_kind kind, const char *name,
                        struct sp_store_reader *reader);
/* The next n bytes; buf NULL passes over them. 0; SP_E_INVALID (there are not so many), SP_E_IO. */
int sp_store_read(struct sp_store_reader *reader, void *buf, size_t n);
/* Reads what is left, and judges the whole. 0; SP_E_CORRUPT (checksum), SP_E_IO. The reader is
 * wiped. */
int sp_store_read_end(struct sp_store_reader *reader);

/* After 0 the record is gone, also after any reset. SP_E_NOT_FOUND, SP_E_FULL, SP_E_IO. */
int sp_store_delete(struct sp_store *store, enum sp_kind kind, const char *name);

/* Walks the records of a kind in no particular order. Start with *cursor = 0; each call gives one
 * name (SP_STORE_NAME_MAX + 1 bytes) and moves the cursor; SP_E_NOT_FOUND at the end. Records put
 * or deleted meanwhile may be missed or met twice, others are met exactly once. SP_E_IO,
 * SP_E_CORRUPT (that record's header cannot be read; the cursor has moved on). */
int sp_store_next(struct sp_store *store, enum sp_kind kind, uint32_t *cursor, char *name);
uint32_t sp_store_count(const struct sp_store *store, enum sp_kind kind);

/* The record of that kind with the earliest due (not 0): its name and due. Reads flash only for the
 * name. SP_E_NOT_FOUND when none has one. */
int sp_store_due(struct sp_store *store, enum sp_kind kind, char *name, sp_utc *due);
/* Moves a record's due in the index alone: nothing is written, and a reset brings back the one that
 * was put. For what repeats often (hourly checks) and for putting off what cannot be done now.
 * 0, SP_E_NOT_FOUND, SP_E_IO. */
int sp_store_set_due(struct sp_store *store, enum sp_kind kind, const char *name, sp_utc due);
/* The record's due as the index has it: 0 and *due (0: none). SP_E_NOT_FOUND, SP_E_IO. */
int sp_store_get_due(struct sp_store *store, enum sp_kind kind, const char *name, sp_utc *due);

/* Collection and erasing in small pieces (at most one record copied or one erase started or
 * polled). Returns when it wants to be called again: now for at once, SP_NEVER when all is tidy. */
sp_time sp_store_step(struct sp_store *store, sp_time now);

struct sp_store_stats sp_store_stats(const struct sp_store *store);

#endif
