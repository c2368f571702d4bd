/* Moving what lives out of a block, one record at a time. Records are found through the index, so
 * that one whose directory entry has rotted since mount is moved, too; tombstones are found in the
 * directory.
 *
 * A tombstone keeps an older copy of its record from coming back at the next mount. It carries the
 * sequence of the block that was open when it was made: older copies lie in blocks up to that one.
 * When there is no such block any more but the victim, it is dropped. */
#include "store/internal.h"

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

#include <string.h>

#define DIRECTORY_STEP 16 /* entries looked at in one piece of work */

struct copy {
    uint32_t block, offset; /* source; offset in bytes */
    uint32_t n;             /* bytes */
    bool as_it_is;          /* although its checksum is wrong */
};

struct check {
    uint32_t expected, crc, left; /* left: bytes that the checksum still covers */
};

static void check_chunk(struct check *check, const uint8_t *bytes, uint32_t n)
{
    uint32_t covered = n < check->left ? n : check->left;

    check->crc = sp_crc32c(check->crc, bytes, covered);
    check->left -= covered;
}

static void check_first(struct check *check, const uint8_t *bytes, uint32_t n)
{
    struct sp_record_header header;

    sp_record_header_decode(bytes, &header);
    check->expected = header.crc;
    check->crc = 0;
    check->left = SP_RECORD_HEADER - 4U + header.name_n + header.data_n;
    check_chunk(check, bytes + 4, n - 4);
}

/* SP_E_AGAIN: the source cannot be read; SP_E_CORRUPT: its checksum is wrong; SP_E_IO: the
 * destination cannot be programmed. */
static int copy_payload(struct sp_store *store, uint32_t block, uint32_t offset, void *context)
{
    const struct copy *copy = context;
    struct check check = {0};
    uint8_t bytes[256];

    for (uint32_t done = 0; done < copy->n;) {
        uint32_t n = copy->n - done < sizeof bytes ? copy->n - done : (uint32_t)sizeof bytes;

        if (sp_part_read(store, copy->block, copy->offset + done, bytes, n) < 0) {
            return SP_E_AGAIN;
        }
        if (done == 0) {
            check_first(&check, bytes, n);
        } else {
            check_chunk(&check, bytes, n);
        }
        if (sp_part_program(store, block, offset + done, bytes, n) < 0) {
            return SP_E_IO;
        }
        done += n;
    }
    if (check.left == 0 && check.crc == check.expected) {
        return 0;
    }
    return copy->as_it_is ? 0 : SP_E_CORRUPT;
}

/* The entry that a record's copy gets. When its header is broken, its length is the most that its
 * size class allows. SP_E_IO. */
static int entry_of(struct sp_store *store, uint32_t position, struct sp_dir_entry *entry)
{
    struct sp_found found = sp_index_at(store, position);
    uint8_t bytes[SP_RECORD_HEADER];
    struct sp_record_header header;
    uint32_t offset = found.address % store->block_units;
    uint32_t most = found.size * 4 - 1;
    int err = sp_part_read(store, found.address / store->block_units, offset * SP_UNIT, bytes,
                           sizeof bytes);

    if (err < 0) {
        return err;
    }
    sp_record_header_decode(bytes, &header);
    *entry = (struct sp_dir_entry){.key = found.key, .kind = found.kind, .due = header.due};
    entry->units = (uint16_t)sp_record_units(header.name_n, header.data_n);
    if (sp_size_class(entry->units) != found.size) {
        entry->due = store->entries[position].word[2];
        entry->units =
            (uint16_t)(most < store->block_units - offset ? most : store->block_units - offset);
    }
    return 0;
}

static int append_copy(struct sp_store *store, uint32_t position, struct copy *copy)
{
    uint32_t due = store->entries[position].word[2];
    struct sp_dir_entry entry;
    int err;

    if (entry_of(store, position, &entry) < 0) {
        return SP_E_AGAIN;
    }
    err = sp_append_room(store, entry.units, 0);
    if (err < 0) {
        return err;
    }
    copy->n = entry.units * SP_UNIT;
    err = sp_append(store, &entry, copy_payload, copy);
    store->entries[position].word[2] = due; /* its owner may have moved it (sp_store_set_due) */
    return err;
}

/* A record whose checksum is wrong is moved as it is: it stays SP_E_CORRUPT to its reader until it
 * is replaced, and no older copy takes its place. */
static int move_record(struct sp_store *store, uint32_t position)
{
    uint32_t address = sp_index_at(store, position).address;
    struct copy copy = {.block = address / store->block_units,
                        .offset = address % store->block_units * SP_UNIT};
    int err = SP_E_AGAIN;

    for (int i = 0; i < SP_STORE_TRIES && err < 0 && err != SP_E_FULL; i++) {
        err = append_copy(store, position, &copy);
        if (err == SP_E_CORRUPT) {
            copy.as_it_is = true;
            store->corrupt++;
        }
    }
    return err;
}

static int move_tombstone(struct sp_store *store, struct sp_dir_entry *entry)
{
    int err = SP_E_IO;

    for (int i = 0; i < SP_STORE_TRIES && err == SP_E_IO; i++) {
        err = sp_append_room(store, 0, 0);
        if (err == 0) {
            err = sp_append(store, entry, NULL, NULL);
        }
    }
    return err;
}

static bool is_needed(const struct sp_store *store, const struct sp_dir_entry *entry)
{
    uint32_t position = sp_index_lower(store, entry->key, entry->kind);

    return !sp_index_has(store, position, entry->key, entry->kind) &&
           sp_blocks_first_sequence(store, store->victim) <= entry->due;
}

static int pass_tombstone(struct sp_store *store, struct sp_dir_entry *entry)
{
    int err = is_needed(store, entry) ? move_tombstone(store, entry) : 0;

    struct sp_store_block *victim = &store->blocks[store->victim];

    if (err < 0) {
        return err;
    }
    /* A collection that was given up and begun anew passes the first ones twice. */
    victim->live = (uint16_t)(victim->live - (victim->live > 0 ? 1 : 0));
    store->tombs -= store->tombs > 0 ? 1 : 0;
    return 0;
}

/* The next entries of the victim's directory: 1 when there are more. */
static int pass_tombstones(struct sp_store *store)
{
    struct sp_dir dir;
    enum sp_entry_state state;
    struct sp_dir_entry entry;
    int more = 1;

    sp_dir_start(&dir, store->victim, store->victim_slot);
    for (int i = 0; i < DIRECTORY_STEP && more == 1; i++) {
        int err = 0;

        more = sp_dir_next(store, &dir, &state, &entry);
        if (more == 1 && state == SP_ENTRY_TOMBSTONE) {
            err = pass_tombstone(store, &entry);
        }
        if (err < 0) {
            return err;
        }
        store->victim_slot = (uint16_t)dir.slot;
    }
    return more;
}

static uint32_t next_record(const struct sp_store *store)
{
    uint32_t i = 0;

    while (i < store->entries_n &&
           sp_index_at(store, i).address / store->block_units != store->victim) {
        i++;
    }
    return i;
}

static int collect_piece(struct sp_store *store)
{
    uint32_t position = next_record(store);
    int more;

    if (position < store->entries_n) {
        return move_record(store, position);
    }
    more = pass_tombstones(store);
    if (more == 0) {
        uint16_t block = store->victim;

        store->victim = SP_STORE_NONE;
        sp_erase_begin(store, block);
    }
    return more < 0 ? more : 0;
}

int sp_collect_some(struct sp_store *store)
{
    uint16_t victim = store->victim;
    int err = collect_piece(store);

    if (err == 0) {
        return 0;
    }
    if (err != SP_E_FULL) {
        sp_log_warn("store", "block %u cannot be collected (%d): left alone", victim, err);
        store->blocks[victim].stuck = true;
    }
    store->victim = SP_STORE_NONE;
    return err;
}

/* Whether the oldest blocks are to be collected for the sake of tombstones. */
bool sp_collect_rotates(struct sp_store *store)
{
    uint16_t oldest = sp_blocks_oldest(store);
    bool more = oldest != SP_STORE_NONE && store->blocks[oldest].sequence < store->rotate_to;

    if (store->rotate_to != 0 && !more) {
        store->tombs_max = store->block_units / 8 + store->tombs;
        store->rotate_to = 0;
    }
    if (store->rotate_to == 0 && store->tombs > store->tombs_max) {
        store->rotate_to = store->sequence_next;
    }
    return store->rotate_to != 0;
}

static uint16_t choose(struct sp_store *store, uint32_t gain)
{
    bool may_lose = sp_blocks_count(store, SP_BLOCK_READY) >= SP_STORE_SPARE;
    uint16_t block;

    if (may_lose && sp_collect_rotates(store)) {
        return sp_blocks_oldest(store);
    }
    block = sp_blocks_coldest(store);
    if (may_lose && store->level_next && block != SP_STORE_NONE &&
        sp_blocks_is_cold(store, block)) {
        store->level_next = false;
        return block;
    }
    store->level_next = true;
    block = sp_blocks_emptiest(store);
    if (block != SP_STORE_NONE && store->blocks[block].live + gain > sp_append_usable(store)) {
        return SP_STORE_NONE;
    }
    return block;
}

bool sp_collect_start(struct sp_store *store, uint32_t gain)
{
    if (store->victim == SP_STORE_NONE) {
        store->victim = choose(store, gain);
        store->victim_slot = 0;
    }
    return store->victim != SP_STORE_NONE;
}

/* One block more that is ready, if there is a way to it. */
static int win_block(struct sp_store *store)
{
    uint16_t dirty = sp_blocks_next_dirty(store);
    int err = 0;

    if (dirty != SP_STORE_NONE && store->victim == SP_STORE_NONE) {
        sp_erase_begin(store, dirty);
        sp_erase_wait(store);
        return 0;
    }
    if (!sp_collect_start(store, sp_append_usable(store) / 32)) {
        return SP_E_FULL;
    }
    while (store->victim != SP_STORE_NONE && err == 0) {
        err = sp_collect_some(store);
    }
    sp_erase_wait(store);
    return err == SP_E_FULL ? err : 0;
}

int sp_collect_room(struct sp_store *store, uint32_t units)
{
    int err = sp_append_room(store, units, SP_STORE_SPARE);

    for (uint32_t i = 0; err == SP_E_FULL && i < 4 * store->count; i++) {
        sp_append_close(store); /* it may be the one with most to win */
        if (win_block(store) < 0) {
            return SP_E_FULL;
        }
        err = sp_append_room(store, units, SP_STORE_SPARE);
    }
    return err;
}
