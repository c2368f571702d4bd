/* The way of a block from worthless to ready: its header is condemned, so that what an erase that
 * is cut short leaves there can never pass for a block of ours; it is erased; and only then it gets
 * the header that says so, with its place in the log. */
#include "store/internal.h"

#include "base/err.h"
#include "base/log.h"

#include <string.h>

#define POLLS_MAX 100000000U /* far over the time that any part takes */

static void fail(struct sp_store *store, uint16_t block)
{
    sp_log_warn("store", "block %u cannot be erased: left alone until the next start", block);
    store->blocks[block].state = SP_BLOCK_BAD;
    store->erasing = SP_STORE_NONE;
}

static int condemn(struct sp_store *store, uint16_t block)
{
    uint8_t header[SP_BLOCK_HEADER];
    uint8_t condemned[SP_BLOCK_HEADER];
    int err = sp_part_read(store, block, 0, header, sizeof header);

    if (err < 0) {
        return err;
    }
    sp_block_header_condemn(header, condemned);
    if (sp_part_program(store, block, 0, condemned, sizeof condemned) == 0) {
        return 0;
    }
    memset(condemned, 0, sizeof condemned); /* a count that reads differently each time */
    return sp_part_program(store, block, 0, condemned, sizeof condemned);
}

void sp_erase_begin(struct sp_store *store, uint16_t block)
{
    uint32_t address = (store->first + block) * store->flash->block_size;

    store->erasing = block;
    if (condemn(store, block) < 0) {
        fail(store, block); /* it keeps its sequence: its entries may come back (blocks.c) */
        return;
    }
    store->blocks[block].sequence = 0;
    store->blocks[block].live = 0;
    store->blocks[block].state = SP_BLOCK_ERASING;
    store->blocks[block].erases++;
    store->erases++;
    if (sp_flash_erase_start(store->flash, address) < 0) {
        fail(store, block);
    }
}

static void finish(struct sp_store *store)
{
    struct sp_store_block *block = &store->blocks[store->erasing];
    const struct sp_block_header header = {.erases = block->erases,
                                           .sequence = store->sequence_next};
    uint8_t bytes[SP_BLOCK_HEADER];

    sp_block_header_encode(&header, store->flash->block_size, bytes);
    if (sp_part_program(store, store->erasing, 0, bytes, sizeof bytes) < 0) {
        fail(store, store->erasing);
        return;
    }
    block->sequence = store->sequence_next++;
    block->state = SP_BLOCK_READY;
    block->unsure = false;
    block->stuck = false;
    store->erasing = SP_STORE_NONE;
}

int sp_erase_tick(struct sp_store *store)
{
    int busy;

    if (store->erasing == SP_STORE_NONE) {
        return 0;
    }
    busy = sp_flash_erase_poll(store->flash);
    if (busy > 0) {
        return 1;
    }
    if (busy < 0) {
        fail(store, store->erasing);
    } else {
        finish(store);
    }
    return 0;
}

void sp_erase_wait(struct sp_store *store)
{
    for (uint32_t i = 0; i < POLLS_MAX; i++) {
        if (sp_erase_tick(store) == 0) {
            return;
        }
    }
    fail(store, store->erasing);
}
