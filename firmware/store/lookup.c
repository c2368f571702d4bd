#include "store/lookup.h"

#include "base/err.h"

#include <string.h>

static int read_header(struct sp_store *store, const struct sp_found *found,
                       struct sp_record_header *header)
{
    uint8_t bytes[SP_RECORD_HEADER];
    int err = sp_part_read(store, found->address / store->block_units,
                           found->address % store->block_units * SP_UNIT, bytes, sizeof bytes);

    if (err < 0) {
        return err;
    }
    sp_record_header_decode(bytes, header);
    if (header->kind != found->kind || header->name_n == 0 || header->name_n > SP_STORE_NAME_MAX ||
        header->data_n > SP_STORE_RECORD_MAX ||
        sp_size_class(sp_record_units(header->name_n, header->data_n)) != found->size) {
        return SP_E_CORRUPT;
    }
    return 0;
}

/* The name is known to be whole when it has the hash that the directory's entry was signed with. */
int sp_lookup_name(struct sp_store *store, uint32_t position, struct sp_record_header *header,
                   char *name)
{
    struct sp_found found = sp_index_at(store, position);
    int err = read_header(store, &found, header);

    name[0] = '\0';
    if (err < 0) {
        return err;
    }
    err = sp_part_read(store, found.address / store->block_units,
                       found.address % store->block_units * SP_UNIT + SP_RECORD_HEADER, name,
                       header->name_n);
    name[err < 0 ? 0 : header->name_n] = '\0';
    if (err == 0 && (memchr(name, '\0', header->name_n) != NULL ||
                     sp_key(found.kind, name, header->name_n) != (found.key & ~15U))) {
        err = SP_E_CORRUPT;
    }
    return err;
}

static uint32_t first_free(uint32_t taken)
{
    uint32_t ordinal = 0;

    while ((taken >> ordinal & 1) != 0) {
        ordinal++;
    }
    return ordinal;
}

int sp_lookup(struct sp_store *store, uint8_t kind, const char *name, struct sp_lookup *out)
{
    const uint32_t key = sp_key(kind, name, strlen(name));
    uint32_t broken = UINT32_MAX;
    uint32_t taken = 0; /* ordinals, one bit each */
    char other[SP_STORE_NAME_MAX + 1];

    for (uint32_t i = sp_index_lower(store, key, 0); i < store->entries_n; i++) {
        struct sp_found found = sp_index_at(store, i);
        int err;

        if ((found.key & ~15U) != key) {
            break;
        }
        if (found.kind != kind) {
            continue;
        }
        err = sp_lookup_name(store, i, &out->header, other);
        out->position = i;
        out->key = found.key;
        if (err == SP_E_IO || (err == 0 && strcmp(name, other) == 0)) {
            return err;
        }
        if (err == SP_E_CORRUPT) {
            broken = i;
        }
        taken |= 1U << (found.key & 15);
    }
    if (broken != UINT32_MAX) {
        out->position = broken;
        out->key = store->entries[broken].word[0];
        return SP_E_CORRUPT;
    }
    out->key = key | first_free(taken);
    return (out->key & 15) < SP_ORDINALS ? SP_E_NOT_FOUND : SP_E_FULL;
}
