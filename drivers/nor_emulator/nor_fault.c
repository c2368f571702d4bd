/* Which operation fails, and what it leaves. */
#include "nor_internal.h"

#include "base/err.h"

#include <string.h>

/* xorshift32 */
uint32_t sp_nor_random(struct sp_nor *nor)
{
    uint32_t x = nor->random;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    nor->random = x;
    return x;
}

void sp_nor_fault(struct sp_nor *nor, enum sp_nor_fault fault, uint64_t number, uint32_t seed)
{
    nor->fault = fault;
    nor->fault_at = number;
    nor->random = seed * 2654435761U | 1U;
}

enum sp_nor_outcome sp_nor_before(struct sp_nor *nor, uint32_t address)
{
    bool now = ++nor->stats.ops == nor->fault_at;

    if (nor->off) {
        return SP_NOR_REFUSE;
    }
    if (nor->block_fails[address / nor->flash.block_size] != 0) {
        return SP_NOR_HALF;
    }
    if (nor->fault == SP_NOR_FAIL_FROM && nor->stats.ops >= nor->fault_at) {
        return SP_NOR_HALF;
    }
    if (!now) {
        return SP_NOR_DO;
    }
    switch (nor->fault) {
    case SP_NOR_CUT_BEFORE:
        return SP_NOR_REFUSE;
    case SP_NOR_CUT_TORN:
    case SP_NOR_CUT_UNSTABLE:
    case SP_NOR_FAIL_ONCE:
        return SP_NOR_HALF;
    case SP_NOR_SOUND:
    case SP_NOR_CUT_AFTER:
    case SP_NOR_FAIL_FROM:
    case SP_NOR_FAIL_READ:
    default:
        return SP_NOR_DO;
    }
}

static bool is_cut(enum sp_nor_fault fault)
{
    return fault == SP_NOR_CUT_BEFORE || fault == SP_NOR_CUT_AFTER || fault == SP_NOR_CUT_TORN ||
           fault == SP_NOR_CUT_UNSTABLE;
}

int sp_nor_after(struct sp_nor *nor, enum sp_nor_outcome outcome)
{
    if (!nor->off && nor->stats.ops == nor->fault_at && is_cut(nor->fault)) {
        nor->off = true;
        if (nor->config.on_cut != NULL) {
            nor->config.on_cut(nor->config.context, nor->stats.ops);
        }
        return SP_E_IO;
    }
    return outcome == SP_NOR_DO ? 0 : SP_E_IO;
}

/* Of the bits that should become 0 about half do; under CUT_UNSTABLE some come to lie in between.
 */
void sp_nor_program_byte_half(struct sp_nor *nor, uint32_t address, uint8_t byte)
{
    uint8_t change = (uint8_t)(nor->bytes[address] & ~byte);
    uint8_t done = (uint8_t)(sp_nor_random(nor) >> 8);

    nor->bytes[address] &= (uint8_t) ~(change & done);
    if (nor->fault == SP_NOR_CUT_UNSTABLE && nor->stats.ops == nor->fault_at) {
        nor->weak[address] |= (uint8_t)(change & ~done & (sp_nor_random(nor) >> 8));
        nor->any_weak = true;
    }
}

#define STRIPE 64U /* bytes of a block that share their fate when its erase is torn */

static void erase_stripe_half(struct sp_nor *nor, uint32_t address, bool unstable)
{
    for (uint32_t i = address; i < address + STRIPE; i++) {
        uint32_t random = sp_nor_random(nor);

        nor->bytes[i] |= (uint8_t)(random >> 8);
        nor->weak[i] = unstable ? (uint8_t)(random >> 16 & random >> 24) : 0;
    }
}

/* Either garbage all over, or in stripes: as they were, erased, or garbage. */
void sp_nor_erase_half(struct sp_nor *nor, uint32_t address)
{
    bool unstable = nor->fault == SP_NOR_CUT_UNSTABLE;
    bool striped = (sp_nor_random(nor) >> 9 & 1) != 0;

    for (uint32_t i = 0; i < nor->flash.block_size; i += STRIPE) {
        uint32_t fate = striped ? (sp_nor_random(nor) >> 9) % 3 : 2;

        if (fate == 1) {
            memset(nor->bytes + address + i, 0xFF, STRIPE);
            memset(nor->weak + address + i, 0, STRIPE);
        } else if (fate == 2) {
            erase_stripe_half(nor, address + i, unstable);
        }
    }
    nor->any_weak = nor->any_weak || unstable;
}

void sp_nor_power_on(struct sp_nor *nor)
{
    nor->off = false;
    nor->fault = SP_NOR_SOUND;
    nor->erasing = false;
}

void sp_nor_flip(struct sp_nor *nor, uint32_t address, unsigned bit)
{
    nor->bytes[address] ^= (uint8_t)(1U << bit);
}

void sp_nor_wear_out(struct sp_nor *nor, uint32_t block, bool worn)
{
    nor->block_fails[block] = worn ? 1 : 0;
}

void sp_nor_fill_random(struct sp_nor *nor, uint32_t address, size_t n, uint32_t seed)
{
    nor->random = seed * 2654435761U | 1U;
    for (size_t i = 0; i < n; i++) {
        nor->bytes[address + i] = (uint8_t)(sp_nor_random(nor) >> 8);
    }
}
