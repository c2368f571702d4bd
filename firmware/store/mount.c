/* From flash to RAM, in four passes: each block's header and first entry tell what it is; the last
 * entry of the newest block, which a power cut may have left half programmed, is settled one way or
 * the other; the directories are replayed in the order of the log; and what is left is put in
 * order.
 *
 * Names are not read: two names of the same kind and hash have different ordinals in their keys, so
 * that a key tells a record from all others. */
#include "store/internal.h"

#include "base/err.h"
#include "base/log.h"

#include <string.h>

static int first_entry_is_free(struct sp_store *store, uint32_t block)
{
    uint8_t bytes[SP_ENTRY_SIZE];
    struct sp_dir_entry entry;
    int err = sp_part_read(store, block, sp_part_slot_offset(store, 0), bytes, sizeof bytes);

    if (err < 0) {
        return err;
    }
    return sp_entry_decode(bytes, store->blocks[block].sequence, store->block_units, &entry) ==
           SP_ENTRY_FREE;
}

static int look_at(struct sp_store *store, uint32_t number)
{
    struct sp_store_block *block = &store->blocks[number];
    uint8_t bytes[SP_BLOCK_HEADER];
    struct sp_block_header header;
    enum sp_header_state state;
    int is_free;
    int err = sp_part_read(store, number, 0, bytes, sizeof bytes);

    if (err < 0) {
        return err;
    }
    state = sp_block_header_decode(bytes, store->flash->block_size, &header);
    block->erases = header.erases;
    block->sequence = header.sequence;
    block->state = state == SP_HEADER_FOREIGN ? SP_BLOCK_FOREIGN : SP_BLOCK_DIRTY;
    if (state != SP_HEADER_OURS) {
        block->sequence = 0;
        return 0;
    }
    is_free = first_entry_is_free(store, number);
    block->state = is_free > 0 ? SP_BLOCK_READY : SP_BLOCK_USED;
    block->unsure = true;
    if (block->sequence >= store->sequence_next) {
        store->sequence_next = block->sequence + 1;
    }
    return is_free < 0 ? is_free : 0;
}

static int look_at_all(struct sp_store *store)
{
    int err = 0;

    for (uint32_t b = 0; b < store->count && err == 0; b++) {
        err = look_at(store, b);
    }
    return err;
}

/* The used block of the lowest sequence above that one. */
static uint16_t used_after(const struct sp_store *store, uint32_t sequence)
{
    uint16_t best = SP_STORE_NONE;

    for (uint16_t b = 0; b < store->count; b++) {
        const struct sp_store_block *block = &store->blocks[b];

        if (block->state == SP_BLOCK_USED && block->sequence > sequence &&
            (best == SP_STORE_NONE || block->sequence < store->blocks[best].sequence)) {
            best = b;
        }
    }
    return best;
}

static uint16_t newest_used(const struct sp_store *store)
{
    uint16_t newest = SP_STORE_NONE;

    for (uint16_t b = 0; b < store->count; b++) {
        if (store->blocks[b].state == SP_BLOCK_USED &&
            (newest == SP_STORE_NONE ||
             store->blocks[b].sequence > store->blocks[newest].sequence)) {
            newest = b;
        }
    }
    return newest;
}

/* A block that takes no more bytes is left as it is; the log goes on in the next. */
static void program_slot(struct sp_store *store, uint32_t slot, uint32_t offset, uint8_t n)
{
    static const uint8_t zeros[SP_ENTRY_SIZE];

    if (sp_part_program(store, store->open, sp_part_slot_offset(store, slot) + offset, zeros, n) <
        0) {
        sp_append_close(store);
    }
}

/* Cells that a cut left between 0 and 1 read either way, and differently at the next mount. An
 * entry with any sign of its commit had its record complete: the commit is programmed fully. One
 * without is made void for good. */
static int settle_entry(struct sp_store *store, uint32_t slot)
{
    uint8_t bytes[SP_ENTRY_SIZE];
    struct sp_dir_entry entry;
    enum sp_entry_state state;
    int err =
        sp_part_read(store, store->open, sp_part_slot_offset(store, slot), bytes, sizeof bytes);

    if (err < 0) {
        return err;
    }
    state = sp_entry_decode(bytes, store->blocks[store->open].sequence, store->block_units, &entry);
    if (state == SP_ENTRY_BURNT || state == SP_ENTRY_CORRUPT) {
        return 0;
    }
    if (state != SP_ENTRY_TORN && bytes[SP_ENTRY_VOID] == 0xFF && bytes[SP_ENTRY_COMMIT] != 0xFF) {
        program_slot(store, slot, SP_ENTRY_COMMIT, 1);
        return 0;
    }
    if (state != SP_ENTRY_VOIDED) {
        store->torn++;
    }
    if (state == SP_ENTRY_TORN) {
        program_slot(store, slot, 0, SP_ENTRY_SIGNED);
    } else {
        program_slot(store, slot, SP_ENTRY_VOID, 1);
    }
    return 0;
}

static int settle(struct sp_store *store)
{
    struct sp_dir dir;
    enum sp_entry_state state;
    struct sp_dir_entry entry;
    int more = 1;

    store->open = newest_used(store);
    if (store->open == SP_STORE_NONE) {
        return 0;
    }
    sp_dir_start(&dir, store->open, 0);
    while (more == 1) {
        more = sp_dir_next(store, &dir, &state, &entry);
    }
    store->open_slots = (uint16_t)dir.slot;
    if (more == 0 && dir.slot > 0) { /* 0: its only entry reads differently each time */
        more = settle_entry(store, dir.slot - 1);
    }
    return more;
}

static void bury(struct sp_store *store, const struct sp_dir_entry *tombstone)
{
    uint32_t position = sp_index_lower(store, tombstone->key, tombstone->kind);

    if (sp_index_has(store, position, tombstone->key, tombstone->kind)) {
        sp_index_remove(store, position);
    }
}

/* Reads one directory for tombstones alone. dead: whether it has one for `candidate`. */
static int bury_block(struct sp_store *store, struct sp_dir *dir,
                      const struct sp_dir_entry *candidate, bool *dead)
{
    enum sp_entry_state state;
    struct sp_dir_entry entry;
    int more;

    while ((more = sp_dir_next(store, dir, &state, &entry)) == 1) {
        if (state != SP_ENTRY_TOMBSTONE) {
            continue;
        }
        bury(store, &entry);
        if (entry.key == candidate->key && entry.kind == candidate->kind) {
            *dead = true;
        }
    }
    return more;
}

/* The index is full while the replay is under way, perhaps of records whose tombstones are still to
 * come: looks ahead for those, then sets the candidate if it does not have one itself. */
static int make_place(struct sp_store *store, struct sp_dir dir,
                      const struct sp_dir_entry *candidate)
{
    uint32_t here = dir.block;
    bool dead = false;
    int err = bury_block(store, &dir, candidate, &dead);

    for (uint16_t b = used_after(store, store->blocks[here].sequence);
         b != SP_STORE_NONE && err == 0; b = used_after(store, store->blocks[b].sequence)) {
        sp_dir_start(&dir, b, 0);
        err = bury_block(store, &dir, candidate, &dead);
    }
    if (err < 0 || dead) {
        return err;
    }
    return sp_index_set(store, candidate, here);
}

static int replay_entry(struct sp_store *store, const struct sp_dir *dir, enum sp_entry_state state,
                        const struct sp_dir_entry *entry)
{
    int err = 0;

    if (state == SP_ENTRY_RECORD) {
        err = sp_index_set(store, entry, dir->block);
        if (err == SP_E_FULL) {
            err = make_place(store, *dir, entry);
        }
    } else if (state == SP_ENTRY_TOMBSTONE) {
        bury(store, entry);
        store->blocks[dir->block].live++;
        store->tombs++;
    } else if (state == SP_ENTRY_CORRUPT) {
        store->corrupt++;
    }
    return err;
}

static bool has_extent(enum sp_entry_state state)
{
    return state == SP_ENTRY_RECORD || state == SP_ENTRY_PENDING || state == SP_ENTRY_VOIDED;
}

static int replay_block(struct sp_store *store, uint16_t block)
{
    struct sp_dir dir;
    enum sp_entry_state state;
    struct sp_dir_entry entry;
    uint16_t end = SP_BLOCK_HEADER / SP_UNIT;
    int more;

    sp_dir_start(&dir, block, 0);
    while ((more = sp_dir_next(store, &dir, &state, &entry)) == 1) {
        int err = replay_entry(store, &dir, state, &entry);

        if (err < 0) {
            return err;
        }
        if (has_extent(state) && entry.offset + entry.units > end) {
            end = (uint16_t)(entry.offset + entry.units);
        }
    }
    store->open_end = end; /* the newest block is replayed last */
    return more;
}

static int replay(struct sp_store *store)
{
    int err = 0;

    for (uint16_t b = used_after(store, 0); b != SP_STORE_NONE && err == 0;
         b = used_after(store, store->blocks[b].sequence)) {
        err = replay_block(store, b);
    }
    return err;
}

/* A block whose count of erases was lost gets the mean of the others. */
static void guess_erases(struct sp_store *store)
{
    uint64_t sum = 0;
    uint32_t known = 0;

    for (uint32_t b = 0; b < store->count; b++) {
        sum += store->blocks[b].erases;
        known += store->blocks[b].erases > 0 ? 1 : 0;
    }
    for (uint32_t b = 0; b < store->count && known > 0; b++) {
        if (store->blocks[b].erases == 0) {
            store->blocks[b].erases = (uint32_t)(sum / known);
        }
    }
}

/* A ready block from before the newest used one was passed over: its place in the log is gone. */
static void drop_passed(struct sp_store *store)
{
    uint16_t newest = newest_used(store);

    for (uint32_t b = 0; b < store->count && newest != SP_STORE_NONE; b++) {
        struct sp_store_block *block = &store->blocks[b];

        if (block->state == SP_BLOCK_READY && block->sequence < store->blocks[newest].sequence) {
            block->state = SP_BLOCK_DIRTY;
            block->sequence = 0;
        }
    }
}

static bool is_possible(const struct sp_flash *flash, uint32_t first, uint32_t count)
{
    return count >= 4 && count <= SP_STORE_BLOCKS_MAX && flash->block_size >= 4096 &&
           flash->block_size <= 65536 && flash->block_size % SP_UNIT == 0 &&
           ((uint64_t)first + count) * flash->block_size <= flash->size;
}

static void start_empty(struct sp_store *store, struct sp_flash *flash, uint32_t first,
                        uint32_t count)
{
    memset(store, 0, sizeof *store);
    store->flash = flash;
    store->first = first;
    store->count = count;
    store->block_units = flash->block_size / SP_UNIT;
    store->sequence_next = 1;
    store->tombs_max = store->block_units / 8;
    store->open = SP_STORE_NONE;
    store->victim = SP_STORE_NONE;
    store->erasing = SP_STORE_NONE;
}

static int read_all(struct sp_store *store)
{
    int err = look_at_all(store);

    if (err == 0) {
        err = settle(store);
    }
    return err < 0 ? err : replay(store);
}

int sp_store_mount(struct sp_store *store, struct sp_flash *flash, uint32_t first, uint32_t count,
                   struct sp_store_entry *entries, uint32_t n)
{
    int err;

    if (!is_possible(flash, first, count)) {
        return SP_E_INVALID;
    }
    start_empty(store, flash, first, count);
    store->entries = entries;
    store->entries_max = n;
    while (sp_flash_erase_poll(flash) > 0) {
        /* one from before a restart that did not reach the part */
    }
    err = read_all(store);
    if (err < 0) {
        store->entries_n = 0;
        store->failing = true;
        return err;
    }
    drop_passed(store);
    guess_erases(store);
    store->mount_read_bytes = (uint32_t)store->read_bytes;
    store->mounted = true;
    return 0;
}
