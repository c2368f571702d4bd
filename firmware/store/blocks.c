#include "store/internal.h"

#define COLD 16U /* erases behind the most erased block that make a block be moved */

uint32_t sp_blocks_count(const struct sp_store *store, enum sp_store_block_state state)
{
    uint32_t n = 0;

    for (uint32_t b = 0; b < store->count; b++) {
        n += store->blocks[b].state == state ? 1 : 0;
    }
    return n;
}

/* What a choice among blocks ranks by: the lowest value is taken, UINT32_MAX never. */
typedef uint32_t (*rank)(const struct sp_store *store, const struct sp_store_block *block);

static uint16_t lowest(const struct sp_store *store, rank rank_of)
{
    uint16_t best = SP_STORE_NONE;
    uint32_t best_rank = UINT32_MAX;

    for (uint16_t b = 0; b < store->count; b++) {
        uint32_t r = rank_of(store, &store->blocks[b]);

        if (r < best_rank) {
            best_rank = r;
            best = b;
        }
    }
    return best;
}

static uint32_t rank_ready(const struct sp_store *store, const struct sp_store_block *block)
{
    (void)store;
    return block->state == SP_BLOCK_READY ? block->sequence : UINT32_MAX;
}

uint16_t sp_blocks_next_ready(const struct sp_store *store)
{
    return lowest(store, rank_ready);
}

static uint32_t rank_dirty(const struct sp_store *store, const struct sp_store_block *block)
{
    (void)store;
    return block->state == SP_BLOCK_DIRTY ? block->erases : UINT32_MAX;
}

static uint32_t rank_foreign(const struct sp_store *store, const struct sp_store_block *block)
{
    (void)store;
    return block->state == SP_BLOCK_FOREIGN ? block->erases : UINT32_MAX;
}

uint16_t sp_blocks_next_dirty(const struct sp_store *store)
{
    uint16_t block = lowest(store, rank_dirty);

    return block != SP_STORE_NONE ? block : lowest(store, rank_foreign);
}

static bool is_collectable(const struct sp_store *store, const struct sp_store_block *block)
{
    bool is_open = store->open != SP_STORE_NONE && block == &store->blocks[store->open];

    return block->state == SP_BLOCK_USED && !block->stuck && !is_open;
}

static uint32_t rank_age(const struct sp_store *store, const struct sp_store_block *block)
{
    return is_collectable(store, block) ? block->sequence : UINT32_MAX;
}

uint16_t sp_blocks_oldest(const struct sp_store *store)
{
    return lowest(store, rank_age);
}

static uint32_t rank_wear(const struct sp_store *store, const struct sp_store_block *block)
{
    return is_collectable(store, block) ? block->erases : UINT32_MAX;
}

uint16_t sp_blocks_coldest(const struct sp_store *store)
{
    return lowest(store, rank_wear);
}

static uint32_t rank_live(const struct sp_store *store, const struct sp_store_block *block)
{
    return is_collectable(store, block) ? block->live : UINT32_MAX;
}

uint16_t sp_blocks_emptiest(const struct sp_store *store)
{
    return lowest(store, rank_live);
}

uint32_t sp_blocks_first_sequence(const struct sp_store *store, uint32_t except)
{
    uint32_t first = UINT32_MAX;

    for (uint32_t b = 0; b < store->count; b++) {
        const struct sp_store_block *block = &store->blocks[b];

        if (b == except) {
            continue;
        }
        /* A block that reads as none of ours now may read otherwise later. */
        if (block->state == SP_BLOCK_DIRTY) {
            return 0;
        }
        if ((block->state == SP_BLOCK_USED || block->state == SP_BLOCK_BAD) &&
            block->sequence != 0 && block->sequence < first) {
            first = block->sequence;
        }
    }
    return first;
}

bool sp_blocks_is_cold(const struct sp_store *store, uint16_t block)
{
    uint32_t most = 0;

    for (uint32_t b = 0; b < store->count; b++) {
        if (store->blocks[b].erases > most) {
            most = store->blocks[b].erases;
        }
    }
    return most - store->blocks[block].erases > COLD;
}
