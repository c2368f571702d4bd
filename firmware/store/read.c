/* A record's data, whole or piece by piece. The checksum runs along with what comes from the part,
 * so that nothing is read twice. */
#include "store/store.h"

#include "base/err.h"
#include "base/text.h"
#include "store/lookup.h"

#include <string.h>

static uint32_t begin_checksum(const struct sp_record_header *header, const char *name)
{
    uint8_t bytes[SP_RECORD_HEADER];
    uint32_t crc;

    sp_record_header_encode(header, bytes);
    crc = sp_crc32c(0, bytes + 4, sizeof bytes - 4);
    return sp_crc32c(crc, name, header->name_n);
}

int sp_store_read_begin(struct sp_store *store, enum sp_kind kind, const char *name,
                        struct sp_store_reader *reader)
{
    struct sp_lookup lookup;
    uint32_t address;
    int err = sp_store_find(store, kind, name, &lookup);

    memset(reader, 0, sizeof *reader);
    if (err < 0) {
        return err;
    }
    address = sp_index_at(store, lookup.position).address;
    reader->store = store;
    reader->block = address / store->block_units;
    reader->offset =
        address % store->block_units * SP_UNIT + SP_RECORD_HEADER + lookup.header.name_n;
    reader->left = lookup.header.data_n;
    reader->crc = begin_checksum(&lookup.header, name);
    reader->wanted = lookup.header.crc;
    return lookup.header.data_n;
}

static int read_part(struct sp_store_reader *reader, void *buf, uint32_t n)
{
    int err = sp_part_read(reader->store, reader->block, reader->offset, buf, n);

    if (err == 0) {
        reader->crc = sp_crc32c(reader->crc, buf, n);
        reader->offset += n;
        reader->left -= n;
    }
    return err;
}

static int read_ahead(struct sp_store_reader *reader)
{
    uint32_t n = reader->left < SP_STORE_AHEAD ? reader->left : SP_STORE_AHEAD;

    reader->ahead_at = 0;
    reader->ahead_n = 0;
    if (read_part(reader, reader->ahead, n) < 0) {
        return SP_E_IO;
    }
    reader->ahead_n = n;
    return 0;
}

/* What is there of n bytes in ahead: how many. */
static size_t take_ahead(struct sp_store_reader *reader, uint8_t *out, size_t n)
{
    if (n > reader->ahead_n) {
        n = reader->ahead_n;
    }
    if (out != NULL && n > 0) {
        memcpy(out, reader->ahead + reader->ahead_at, n);
    }
    reader->ahead_at += (uint32_t)n;
    reader->ahead_n -= (uint32_t)n;
    return n;
}

int sp_store_read(struct sp_store_reader *reader, void *buf, size_t n)
{
    uint8_t *out = buf;
    int err = 0;

    if (n > (size_t)reader->ahead_n + reader->left) {
        return SP_E_INVALID;
    }
    while (n > 0 && err == 0) {
        size_t taken = take_ahead(reader, out, n);

        out = out != NULL ? out + taken : NULL;
        n -= taken;
        if (n >= SP_STORE_AHEAD && out != NULL) {
            return read_part(reader, out, (uint32_t)n);
        }
        if (n > 0) {
            err = read_ahead(reader);
        }
    }
    return err;
}

int sp_store_read_end(struct sp_store_reader *reader)
{
    int err = sp_store_read(reader, NULL, (size_t)reader->ahead_n + reader->left);

    if (err == 0 && reader->crc != reader->wanted) {
        reader->store->corrupt++;
        err = SP_E_CORRUPT;
    }
    sp_part_forget(reader, sizeof *reader);
    return err;
}

int sp_store_get(struct sp_store *store, enum sp_kind kind, const char *name, void *buf, size_t cap)
{
    struct sp_store_reader reader;
    int n = sp_store_read_begin(store, kind, name, &reader);
    int err;

    if (n < 0) {
        return n;
    }
    if ((size_t)n > cap) {
        return SP_E_SPACE;
    }
    err = sp_store_read(&reader, buf, (size_t)n);
    if (err == 0) {
        err = sp_store_read_end(&reader);
    }
    return err < 0 ? err : n;
}

int sp_store_length(struct sp_store *store, enum sp_kind kind, const char *name)
{
    struct sp_lookup lookup;
    int err = sp_store_find(store, kind, name, &lookup);

    return err < 0 ? err : lookup.header.data_n;
}
