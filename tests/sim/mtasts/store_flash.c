#include "store_flash.h"

#include "world.h"

#include "cm.h"

#include <string.h>

#define BLOCKS 16
#define BLOCK 65536
#define ENTRIES 1120

static struct sp_store store;
static struct sp_store_entry entries[ENTRIES];
static struct sp_nor nor;
struct sp_store *world_store = &store;
jmp_buf world_store_cut;

static void on_cut(void *context, uint64_t number)
{
    (void)context;
    (void)number;
    longjmp(world_store_cut, 1);
}

void world_store_reset(void)
{
    sp_nor_power_on(&nor);
    memset(&store, 0, sizeof store);
    assert_int_equal(sp_store_mount(&store, &nor.flash, 0, BLOCKS, entries, ENTRIES), 0);
}

void world_store_blank(void)
{
    const struct sp_nor_config config = {
        .size = BLOCKS * BLOCK, .block_size = BLOCK, .page_size = 256, .on_cut = on_cut};

    if (nor.bytes != NULL) {
        sp_nor_close(&nor);
    }
    memset(&nor, 0, sizeof nor);
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    world_store_reset();
}

void world_store_cut_at(enum sp_nor_fault fault, uint64_t number)
{
    sp_nor_fault(&nor, fault, nor.stats.ops + number, 7);
}

uint64_t world_store_ops(void)
{
    return nor.stats.ops;
}
