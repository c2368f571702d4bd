/* The end of the log. In the open block records grow upwards and the directory's entries downwards:
 *
 *   header | record 0 | record 1 | …  →        ←  … | entry 1 | entry 0
 *
 * A write is three programs: the entry without its commit byte (from then on the record's extent is
 * known and never used again), the record, the commit byte. */
#include "store/internal.h"

#include "base/err.h"
#include "base/log.h"

#include <string.h>

#define SLACK                                                                                      \
    4U /* units between both ends that stay blank: a walk over the directory stops there */

uint32_t sp_append_usable(const struct sp_store *store)
{
    return store->block_units - SP_BLOCK_HEADER / SP_UNIT - SLACK;
}

bool sp_append_fits(const struct sp_store *store, uint32_t units)
{
    uint32_t slots;

    if (store->open == SP_STORE_NONE) {
        return false;
    }
    slots = store->open_slots + 1U + (store->blocks[store->open].unsure ? 1U : 0U);
    return store->open_end + units + slots + SLACK <= store->block_units;
}

void sp_append_close(struct sp_store *store)
{
    store->open = SP_STORE_NONE;
}

/* The open block refused a program: what it has stays, nothing more goes into it. */
static void give_up(struct sp_store *store)
{
    struct sp_store_block *block = &store->blocks[store->open];

    sp_log_warn("store", "block %u does not take more bytes: going on in another", store->open);
    if (store->open_slots == 0) {
        block->state = SP_BLOCK_BAD;
    }
    sp_append_close(store);
}

/* Before the first write to a block that lay there at mount. Its header may have been cut short and
 * its next entry may have been begun, although both read well: the same header is programmed again,
 * and that entry is not used. */
static int adopt(struct sp_store *store)
{
    static const uint8_t burnt[SP_ENTRY_SIGNED];
    struct sp_store_block *block = &store->blocks[store->open];
    const struct sp_block_header header = {.erases = block->erases, .sequence = block->sequence};
    uint8_t bytes[SP_BLOCK_HEADER];
    int err;

    sp_block_header_encode(&header, store->flash->block_size, bytes);
    err = sp_part_program(store, store->open, 0, bytes, sizeof bytes);
    if (err == 0) {
        err = sp_part_program(store, store->open, sp_part_slot_offset(store, store->open_slots),
                              burnt, sizeof burnt);
    }
    if (err < 0) {
        return err;
    }
    store->open_slots++;
    block->state = SP_BLOCK_USED;
    block->unsure = false;
    return 0;
}

static void open_block(struct sp_store *store, uint16_t block)
{
    store->open = block;
    store->open_end = SP_BLOCK_HEADER / SP_UNIT;
    store->open_slots = 0;
}

int sp_append_room(struct sp_store *store, uint32_t units, uint32_t spare)
{
    if (!sp_append_fits(store, units)) {
        if (sp_blocks_count(store, SP_BLOCK_READY) <= spare) {
            return SP_E_FULL;
        }
        open_block(store, sp_blocks_next_ready(store));
        store->blocks[store->open].state = SP_BLOCK_USED;
    }
    if (!store->blocks[store->open].unsure || adopt(store) == 0) {
        return 0;
    }
    give_up(store);
    return SP_E_IO;
}

static int begin(struct sp_store *store, struct sp_dir_entry *entry)
{
    uint8_t bytes[SP_ENTRY_SIZE];
    uint32_t slot = store->open_slots;

    entry->offset = store->open_end;
    sp_entry_encode(entry, store->blocks[store->open].sequence, bytes);
    store->open_slots++;
    store->open_end = (uint16_t)(store->open_end + entry->units);
    return sp_part_program(store, store->open, sp_part_slot_offset(store, slot), bytes,
                           SP_ENTRY_SIGNED);
}

static int mark(struct sp_store *store, uint32_t slot, uint32_t which)
{
    static const uint8_t zero;

    return sp_part_program(store, store->open, sp_part_slot_offset(store, slot) + which, &zero, 1);
}

static int commit(struct sp_store *store)
{
    uint32_t slot = store->open_slots - 1U;
    int err = mark(store, slot, SP_ENTRY_COMMIT);

    /* Some of its bits may be programmed; the next mount must not take the record for committed. */
    if (err < 0) {
        (void)mark(store, slot, SP_ENTRY_VOID);
    }
    return err;
}

static void account(struct sp_store *store, const struct sp_dir_entry *entry)
{
    uint32_t position;

    if (!entry->tombstone) {
        (void)sp_index_set(store, entry, store->open); /* its place was seen to before */
        return;
    }
    position = sp_index_lower(store, entry->key, entry->kind);
    if (sp_index_has(store, position, entry->key, entry->kind)) {
        sp_index_remove(store, position);
    }
    store->blocks[store->open].live++;
    store->tombs++;
}

int sp_append(struct sp_store *store, struct sp_dir_entry *entry, sp_payload payload, void *context)
{
    int err = begin(store, entry);

    if (err == 0 && payload != NULL) {
        err = payload(store, store->open, (uint32_t)entry->offset * SP_UNIT, context);
    }
    if (err == 0) {
        err = commit(store);
    }
    if (err == 0) {
        account(store, entry);
    }
    if (err == SP_E_IO) {
        give_up(store);
    }
    return err;
}
