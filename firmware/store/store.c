#include "store/store.h"

#include "base/err.h"
#include "base/text.h"
#include "store/lookup.h"

#include <string.h>

struct record {
    struct sp_record_header header;
    const char *name;
    const struct sp_span *pieces;
    size_t pieces_n;
};

/* A block that was not read at the start is not known to be worthless, so that nothing may be
 * written nor erased without a mount. */
static int use(struct sp_store *store)
{
    if (!store->mounted) {
        return SP_E_IO;
    }
    store->touched = true;
    sp_erase_wait(store);
    return 0;
}

static bool is_name(enum sp_kind kind, const char *name)
{
    size_t n = strlen(name);

    return kind >= 1 && kind <= 15 && n >= 1 && n <= SP_STORE_NAME_MAX;
}

/* -------- put -------- */

static int describe(const struct sp_store *store, enum sp_kind kind, uint32_t due,
                    struct record *record)
{
    uint8_t bytes[SP_RECORD_HEADER];
    size_t data_n = 0;
    uint32_t crc;

    for (size_t i = 0; i < record->pieces_n; i++) {
        if (record->pieces[i].n > SP_STORE_RECORD_MAX - data_n) {
            return SP_E_INVALID;
        }
        data_n += record->pieces[i].n;
    }
    if (!is_name(kind, record->name) ||
        sp_record_units(strlen(record->name), data_n) + 2 > sp_append_usable(store)) {
        return SP_E_INVALID;
    }
    record->header.data_n = (uint16_t)data_n;
    record->header.name_n = (uint8_t)strlen(record->name);
    record->header.kind = (uint8_t)kind;
    record->header.due = due;
    sp_record_header_encode(&record->header, bytes);
    crc = sp_crc32c(0, bytes + 4, sizeof bytes - 4);
    crc = sp_crc32c(crc, record->name, record->header.name_n);
    for (size_t i = 0; i < record->pieces_n; i++) {
        crc = sp_crc32c(crc, record->pieces[i].p, record->pieces[i].n);
    }
    record->header.crc = crc;
    return 0;
}

/* A record on its way to the part. What is small is joined, so that a record of many pieces takes
 * few programs. */
struct joined {
    struct sp_store *store;
    uint32_t block, offset; /* where the bytes below go */
    size_t n;
    uint8_t bytes[SP_RECORD_HEADER + SP_STORE_NAME_MAX];
};

static int flush(struct joined *out)
{
    int err =
        out->n > 0 ? sp_part_program(out->store, out->block, out->offset, out->bytes, out->n) : 0;

    out->offset += (uint32_t)out->n;
    out->n = 0;
    return err;
}

static int add(struct joined *out, struct sp_span piece)
{
    int err = piece.n > sizeof out->bytes - out->n ? flush(out) : 0;

    if (err < 0 || piece.n == 0) {
        return err;
    }
    if (piece.n <= sizeof out->bytes) {
        memcpy(out->bytes + out->n, piece.p, piece.n);
        out->n += piece.n;
        return 0;
    }
    err = sp_part_program(out->store, out->block, out->offset, piece.p, piece.n);
    out->offset += (uint32_t)piece.n;
    return err;
}

static int write_record(struct sp_store *store, uint32_t block, uint32_t offset, void *context)
{
    const struct record *record = context;
    struct joined out = {.store = store, .block = block, .offset = offset};
    int err;

    sp_record_header_encode(&record->header, out.bytes);
    out.n = SP_RECORD_HEADER;
    err = add(&out, sp_span(record->name, record->header.name_n));
    for (size_t i = 0; i < record->pieces_n && err == 0; i++) {
        err = add(&out, record->pieces[i]);
    }
    if (err == 0) {
        err = flush(&out);
    }
    sp_part_forget(&out, sizeof out); /* a key may have been among the pieces */
    return err;
}

/* Whether collection can still win blocks with that much alive. A block that is left behind wastes
 * less than the largest record, so among the blocks that are neither spare nor open one can be
 * found that is worth collecting as long as the average stays below what is counted here. */
static bool has_room(const struct sp_store *store, uint32_t units, uint32_t replaced, bool is_new)
{
    uint32_t usable = sp_append_usable(store);
    uint32_t blocks = store->count - sp_blocks_count(store, SP_BLOCK_BAD);
    uint32_t largest = store->largest > units + 1 ? store->largest : units + 1;
    uint32_t live = store->live + sp_size_class(units) * 4 - replaced;
    uint32_t kept = largest + usable / 16;

    if (is_new && store->entries_n == store->entries_max) {
        return false;
    }
    if (live <= store->live || blocks <= SP_STORE_SPARE + 1) {
        return live <= store->live;
    }
    blocks -= SP_STORE_SPARE + 1;
    return (usable > kept && live <= blocks * (usable - kept)) ||
           store->entries_n + (is_new ? 1 : 0) < blocks;
}

static uint32_t due_word(sp_utc due)
{
    if (due <= 0) {
        return 0;
    }
    return due > (sp_utc)UINT32_MAX ? UINT32_MAX : (uint32_t)due;
}

/* What came of a put or a delete. */
static int wrote(struct sp_store *store, int err)
{
    if (err == 0 || err == SP_E_IO) {
        store->failing = err != 0;
    }
    return err;
}

static int write_entry(struct sp_store *store, struct sp_dir_entry *entry, struct record *record)
{
    int err = SP_E_IO;

    for (int i = 0; i < SP_STORE_TRIES && err == SP_E_IO; i++) {
        err = sp_collect_room(store, entry->units);
        if (err == 0) {
            err = sp_append(store, entry, write_record, record);
        }
        if (err == SP_E_FULL && i > 0) {
            return SP_E_IO; /* what there was failed */
        }
    }
    return err;
}

int sp_store_putv(struct sp_store *store, enum sp_kind kind, const char *name,
                  const struct sp_span *pieces, size_t pieces_n, sp_utc due)
{
    struct record record = {.name = name, .pieces = pieces, .pieces_n = pieces_n};
    struct sp_dir_entry entry = {.kind = (uint8_t)kind, .due = due_word(due)};
    struct sp_lookup lookup;
    uint32_t replaced = 0;
    int err = describe(store, kind, entry.due, &record);

    if (err == 0) {
        err = use(store);
    }
    if (err < 0) {
        return err;
    }
    err = sp_lookup(store, entry.kind, name, &lookup);
    if (err == SP_E_IO || err == SP_E_FULL) {
        return err;
    }
    if (err != SP_E_NOT_FOUND) {
        replaced = sp_index_at(store, lookup.position).size * 4;
    }
    entry.key = lookup.key;
    entry.units = (uint16_t)sp_record_units(record.header.name_n, record.header.data_n);
    if (!has_room(store, entry.units, replaced, err == SP_E_NOT_FOUND)) {
        return SP_E_FULL;
    }
    return wrote(store, write_entry(store, &entry, &record));
}

int sp_store_put(struct sp_store *store, enum sp_kind kind, const char *name, struct sp_span data,
                 sp_utc due)
{
    return sp_store_putv(store, kind, name, &data, 1, due);
}

/* -------- find -------- */

int sp_store_find(struct sp_store *store, enum sp_kind kind, const char *name,
                  struct sp_lookup *lookup)
{
    int err;

    if (!is_name(kind, name)) {
        return SP_E_NOT_FOUND;
    }
    err = use(store);
    if (err < 0) {
        return err;
    }
    err = sp_lookup(store, (uint8_t)kind, name, lookup);
    if (err == SP_E_CORRUPT) {
        store->corrupt++;
    }
    return err == SP_E_FULL ? SP_E_NOT_FOUND : err;
}

/* -------- delete -------- */

/* A delete makes less live, so it may take of the spare blocks when there is no other way. */
static int bury(struct sp_store *store, struct sp_dir_entry *entry)
{
    int err = SP_E_IO;

    for (int i = 0; i < SP_STORE_TRIES && err == SP_E_IO; i++) {
        err = sp_collect_room(store, 0);
        if (err == SP_E_FULL) {
            err = sp_append_room(store, 0, 0);
        }
        if (err == SP_E_FULL && i > 0) {
            return SP_E_IO;
        }
        if (err == 0) {
            entry->due = store->blocks[store->open].sequence;
            err = sp_append(store, entry, NULL, NULL);
        }
    }
    return err;
}

int sp_store_delete(struct sp_store *store, enum sp_kind kind, const char *name)
{
    struct sp_dir_entry entry = {.kind = (uint8_t)kind, .tombstone = true};
    struct sp_lookup lookup;
    int err = sp_store_find(store, kind, name, &lookup);

    if (err < 0 && err != SP_E_CORRUPT) {
        return err;
    }
    entry.key = lookup.key;
    return wrote(store, bury(store, &entry));
}

/* -------- walks -------- */

int sp_store_next(struct sp_store *store, enum sp_kind kind, uint32_t *cursor, char *name)
{
    struct sp_record_header header;
    uint32_t i = sp_index_lower(store, *cursor, 0);
    int err = use(store);

    name[0] = '\0';
    if (err < 0) {
        return err;
    }
    while (i < store->entries_n && sp_index_at(store, i).kind != kind) {
        i++;
    }
    if (i == store->entries_n) {
        return SP_E_NOT_FOUND;
    }
    *cursor = sp_index_at(store, i).key + 1; /* no key ends in 15 */
    return sp_lookup_name(store, i, &header, name);
}

uint32_t sp_store_count(const struct sp_store *store, enum sp_kind kind)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < store->entries_n; i++) {
        n += sp_index_at(store, i).kind == kind ? 1 : 0;
    }
    return n;
}

/* The position of that kind that comes next after (due, position) when sorted by due. */
static uint32_t next_due(const struct sp_store *store, enum sp_kind kind, uint32_t after_due,
                         uint32_t after)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < store->entries_n; i++) {
        uint32_t due = store->entries[i].word[2];

        if (due == 0 || sp_index_at(store, i).kind != kind || due < after_due ||
            (due == after_due && after != UINT32_MAX && i <= after)) {
            continue;
        }
        if (best == UINT32_MAX || due < store->entries[best].word[2]) {
            best = i;
        }
    }
    return best;
}

/* One whose name cannot be read is passed over, so that it does not hold up the others. */
int sp_store_due(struct sp_store *store, enum sp_kind kind, char *name, sp_utc *due)
{
    struct sp_record_header header;
    uint32_t position = next_due(store, kind, 0, UINT32_MAX);
    int err = use(store);

    name[0] = '\0';
    *due = 0;
    if (err < 0) {
        return err;
    }
    while (position != UINT32_MAX) {
        err = sp_lookup_name(store, position, &header, name);
        if (err == 0) {
            *due = store->entries[position].word[2];
        }
        if (err != SP_E_CORRUPT) {
            return err;
        }
        store->corrupt++;
        position = next_due(store, kind, store->entries[position].word[2], position);
    }
    return SP_E_NOT_FOUND;
}

int sp_store_set_due(struct sp_store *store, enum sp_kind kind, const char *name, sp_utc due)
{
    struct sp_lookup lookup;
    int err = sp_store_find(store, kind, name, &lookup);

    if (err < 0 && err != SP_E_CORRUPT) {
        return err;
    }
    store->entries[lookup.position].word[2] = due_word(due);
    return 0;
}

int sp_store_get_due(struct sp_store *store, enum sp_kind kind, const char *name, sp_utc *due)
{
    struct sp_lookup lookup;
    int err = sp_store_find(store, kind, name, &lookup);

    *due = 0;
    if (err < 0 && err != SP_E_CORRUPT) {
        return err;
    }
    *due = store->entries[lookup.position].word[2];
    return 0;
}

struct sp_store_stats sp_store_stats(const struct sp_store *store)
{
    return (struct sp_store_stats){
        .records = store->entries_n,
        .records_max = store->entries_max,
        .live_bytes = store->live * SP_UNIT,
        .free_blocks =
            sp_blocks_count(store, SP_BLOCK_READY) + sp_blocks_count(store, SP_BLOCK_DIRTY) +
            sp_blocks_count(store, SP_BLOCK_FOREIGN) + sp_blocks_count(store, SP_BLOCK_ERASING),
        .blocks = store->count,
        .read_bytes = store->read_bytes,
        .program_bytes = store->program_bytes,
        .erases = store->erases,
        .mount_read_bytes = store->mount_read_bytes,
        .corrupt = store->corrupt,
        .torn = store->torn,
        .failing = store->failing,
    };
}
