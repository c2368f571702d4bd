/*
 * store/layout: how a flash part is divided; docs/image.md. First come the store's blocks, then the
 * read-only area, then one block that belongs to nobody and that the self-test may erase.
 *
 * Area and test block are the last sixteenth of the part: 1 MiB of 16. A part of less than 4 MiB
 * has neither, and the store takes all of it.
 */
#ifndef SP_STORE_LAYOUT_H
#define SP_STORE_LAYOUT_H

#include "hal/flash.h"

#define SP_LAYOUT_PART_MIN 0x400000U /* bytes of a part that has an area */
#define SP_LAYOUT_SHARE 16U

static inline uint32_t sp_layout_area_blocks(const struct sp_flash *flash)
{
    return flash->size < SP_LAYOUT_PART_MIN ? 0 : flash->size / SP_LAYOUT_SHARE / flash->block_size;
}

/* Blocks of the store, from the part's first one. */
static inline uint32_t sp_layout_store_blocks(const struct sp_flash *flash)
{
    return flash->size / flash->block_size - sp_layout_area_blocks(flash);
}

/* Where the area begins. */
static inline uint32_t sp_layout_area_at(const struct sp_flash *flash)
{
    return sp_layout_store_blocks(flash) * flash->block_size;
}

/* Bytes of the area, the test block not counted; 0: the part has none. */
static inline uint32_t sp_layout_area_size(const struct sp_flash *flash)
{
    uint32_t blocks = sp_layout_area_blocks(flash);
    return blocks < 2 ? 0 : (blocks - 1) * flash->block_size;
}

/* Where the block that nobody uses begins: only when the part has an area. */
static inline uint32_t sp_layout_test_at(const struct sp_flash *flash)
{
    return sp_layout_area_at(flash) + sp_layout_area_size(flash);
}

#endif
