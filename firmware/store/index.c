/* An entry is three words: the key; address (20 bits), kind (4 bits), size class (8 bits); due. The
 * array is sorted by key and, among equal keys, by kind. */
#include "store/internal.h"

#include "base/err.h"

#include <string.h>

#define ADDRESS_MASK 0xFFFFFU
#define KIND_SHIFT 20
#define SIZE_SHIFT 24

static uint8_t kind_of(const struct sp_store_entry *entry)
{
    return entry->word[1] >> KIND_SHIFT & 15;
}

struct sp_found sp_index_at(const struct sp_store *store, uint32_t position)
{
    const struct sp_store_entry *entry = &store->entries[position];

    return (struct sp_found){.address = entry->word[1] & ADDRESS_MASK,
                             .size = entry->word[1] >> SIZE_SHIFT,
                             .key = entry->word[0],
                             .kind = kind_of(entry)};
}

uint32_t sp_index_lower(const struct sp_store *store, uint32_t key, uint8_t kind)
{
    uint32_t low = 0;
    uint32_t high = store->entries_n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct sp_store_entry *entry = &store->entries[middle];

        if (entry->word[0] < key || (entry->word[0] == key && kind_of(entry) < kind)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool sp_index_has(const struct sp_store *store, uint32_t position, uint32_t key, uint8_t kind)
{
    return position < store->entries_n && store->entries[position].word[0] == key &&
           kind_of(&store->entries[position]) == kind;
}

static void count_live(struct sp_store *store, uint32_t position, bool more)
{
    struct sp_found found = sp_index_at(store, position);
    struct sp_store_block *block = &store->blocks[found.address / store->block_units];
    uint32_t units = found.size * 4;

    block->live = (uint16_t)(more ? block->live + units : block->live - units);
    store->live = more ? store->live + units : store->live - units;
}

static void insert(struct sp_store *store, uint32_t position)
{
    memmove(&store->entries[position + 1], &store->entries[position],
            (store->entries_n - position) * sizeof store->entries[0]);
    store->entries_n++;
}

int sp_index_set(struct sp_store *store, const struct sp_dir_entry *entry, uint32_t block)
{
    uint32_t position = sp_index_lower(store, entry->key, entry->kind);

    if (sp_index_has(store, position, entry->key, entry->kind)) {
        count_live(store, position, false);
    } else if (store->entries_n == store->entries_max) {
        return SP_E_FULL;
    } else {
        insert(store, position);
    }
    store->entries[position].word[0] = entry->key;
    store->entries[position].word[1] = (block * store->block_units + entry->offset) |
                                       (uint32_t)entry->kind << KIND_SHIFT |
                                       sp_size_class(entry->units) << SIZE_SHIFT;
    store->entries[position].word[2] = entry->due;
    count_live(store, position, true);
    if (entry->units + 1U > store->largest) {
        store->largest = entry->units + 1U;
    }
    return 0;
}

void sp_index_remove(struct sp_store *store, uint32_t position)
{
    count_live(store, position, false);
    store->entries_n--;
    memmove(&store->entries[position], &store->entries[position + 1],
            (store->entries_n - position) * sizeof store->entries[0]);
}
