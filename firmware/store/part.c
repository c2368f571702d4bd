#include "store/internal.h"

#include "base/err.h"

#include <string.h>

int sp_part_read(struct sp_store *store, uint32_t block, uint32_t offset, void *buf, size_t n)
{
    uint32_t address = (store->first + block) * store->flash->block_size + offset;

    store->read_bytes += n;
    return sp_flash_read(store->flash, address, buf, n) < 0 ? SP_E_IO : 0;
}

int sp_part_program(struct sp_store *store, uint32_t block, uint32_t offset, const void *buf,
                    size_t n)
{
    uint32_t address = (store->first + block) * store->flash->block_size + offset;

    store->program_bytes += n;
    return sp_flash_program(store->flash, address, buf, n) < 0 ? SP_E_IO : 0;
}

void sp_part_forget(void *p, size_t n)
{
    memset(p, 0, n);
}

uint32_t sp_part_slot_offset(const struct sp_store *store, uint32_t slot)
{
    return (store->block_units - 1 - slot) * SP_UNIT;
}

void sp_dir_start(struct sp_dir *dir, uint32_t block, uint32_t slot)
{
    dir->block = block;
    dir->slot = slot;
    dir->chunk = UINT32_MAX;
}

/* The directory grows downwards, so a chunk of it holds its entries last first. */
static int read_chunk(struct sp_store *store, struct sp_dir *dir)
{
    const uint32_t entries = sizeof dir->bytes / SP_ENTRY_SIZE;

    dir->chunk = dir->slot;
    return sp_part_read(store, dir->block, sp_part_slot_offset(store, dir->slot + entries - 1),
                        dir->bytes, sizeof dir->bytes);
}

int sp_dir_next(struct sp_store *store, struct sp_dir *dir, enum sp_entry_state *state,
                struct sp_dir_entry *entry)
{
    const uint32_t entries = sizeof dir->bytes / SP_ENTRY_SIZE;
    uint32_t behind = entries;

    /* The first units are the header's, so a chunk never begins before the block. */
    if (dir->slot + entries + SP_BLOCK_HEADER / SP_UNIT > store->block_units) {
        return 0;
    }
    if (dir->chunk == UINT32_MAX || dir->slot - dir->chunk >= entries) {
        int err = read_chunk(store, dir);

        if (err < 0) {
            return err;
        }
    }
    behind -= dir->slot - dir->chunk + 1;
    *state = sp_entry_decode(dir->bytes + (size_t)behind * SP_ENTRY_SIZE,
                             store->blocks[dir->block].sequence, store->block_units, entry);
    if (*state == SP_ENTRY_FREE) {
        return 0;
    }
    dir->slot++;
    return 1;
}
