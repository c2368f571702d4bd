/* Housekeeping in small pieces: keeps a few blocks erased ahead, and wins new ones from those with
 * the most that is dead. An erase holds up whoever comes meanwhile, so it waits for a quiet moment
 * unless the blocks are nearly used up. */
#include "store/internal.h"

#include "base/err.h"

#define QUIET_MS 1000
#define POLL_MS 10
#define AFTER_ERROR_MS 10000

/* Blocks that are to be ready. */
static uint32_t wanted(const struct sp_store *store)
{
    uint32_t n = store->count / 8;

    if (store->count < 6) {
        return SP_STORE_SPARE;
    }
    if (n > 8) {
        return 8;
    }
    return n > SP_STORE_SPARE + 1 ? n : SP_STORE_SPARE + 1;
}

static uint16_t block_to_erase(struct sp_store *store)
{
    uint32_t ready = sp_blocks_count(store, SP_BLOCK_READY);

    /* A rotation drops tombstones only when no block is dirty. */
    if (sp_collect_rotates(store) && sp_blocks_count(store, SP_BLOCK_DIRTY) > 0) {
        return sp_blocks_next_dirty(store);
    }
    return ready < wanted(store) ? sp_blocks_next_dirty(store) : SP_STORE_NONE;
}

static bool wants_victim(struct sp_store *store)
{
    uint32_t have = sp_blocks_count(store, SP_BLOCK_READY) +
                    sp_blocks_count(store, SP_BLOCK_DIRTY) +
                    sp_blocks_count(store, SP_BLOCK_FOREIGN);

    return sp_collect_rotates(store) || have < wanted(store);
}

static sp_time work(struct sp_store *store, sp_time now)
{
    uint16_t block;

    if (store->victim != SP_STORE_NONE) {
        return sp_collect_some(store) < 0 ? now + AFTER_ERROR_MS : now;
    }
    block = block_to_erase(store);
    if (block != SP_STORE_NONE) {
        sp_erase_begin(store, block);
        return now + POLL_MS;
    }
    if (wants_victim(store) && sp_collect_start(store, sp_append_usable(store) / 8)) {
        return now;
    }
    return SP_NEVER;
}

static bool has_work(struct sp_store *store)
{
    return store->victim != SP_STORE_NONE || block_to_erase(store) != SP_STORE_NONE ||
           wants_victim(store);
}

sp_time sp_store_step(struct sp_store *store, sp_time now)
{
    bool urgent;

    if (!store->mounted) {
        return SP_NEVER;
    }
    if (sp_erase_tick(store) > 0) {
        return now + POLL_MS;
    }
    if (store->touched) {
        store->touched = false;
        store->quiet_from = now + QUIET_MS;
    }
    urgent = sp_blocks_count(store, SP_BLOCK_READY) <= SP_STORE_SPARE;
    if (urgent || now >= store->quiet_from) {
        return work(store, now);
    }
    return has_work(store) ? store->quiet_from : SP_NEVER;
}
