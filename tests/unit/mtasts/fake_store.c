#include "fake_store.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS 1200

static struct record {
    enum sp_kind kind; /* 0: free */
    char name[SP_STORE_NAME_MAX + 1];
    uint8_t *data;
    size_t n;
    sp_utc due, due_put;
} records[RECORDS];
static size_t used; /* slots that were ever taken */

struct fake_store_stats fake_store_stats;
unsigned fake_store_fail_at, fake_store_fail_for = 1;
int fake_store_error = SP_E_IO;
int fake_store_end;

void fake_store_clear(void)
{
    for (size_t i = 0; i < used; i++) {
        free(records[i].data);
    }
    memset(records, 0, sizeof records);
    used = 0;
    memset(&fake_store_stats, 0, sizeof fake_store_stats);
    fake_store_fail_at = 0;
    fake_store_fail_for = 1;
    fake_store_error = SP_E_IO;
    fake_store_end = 0;
}

void fake_store_reset(void)
{
    for (size_t i = 0; i < used; i++) {
        records[i].due = records[i].due_put;
    }
}

static struct record *find(enum sp_kind kind, const char *name)
{
    for (size_t i = 0; i < used; i++) {
        if (records[i].kind == kind && strcmp(records[i].name, name) == 0) {
            return &records[i];
        }
    }
    return NULL;
}

static struct record *free_slot(void)
{
    for (size_t i = 0; i < RECORDS; i++) {
        if (records[i].kind == 0) {
            if (i >= used) {
                used = i + 1;
            }
            return &records[i];
        }
    }
    return NULL;
}

static bool fails(void)
{
    if (fake_store_fail_at == 0 || --fake_store_fail_at > 0) {
        return false;
    }
    if (--fake_store_fail_for > 0) {
        fake_store_fail_at = 1;
    } else {
        fake_store_fail_for = 1;
    }
    return true;
}

uint8_t *fake_store_bytes(enum sp_kind kind, const char *name, size_t *n)
{
    struct record *record = find(kind, name);

    if (record == NULL) {
        return NULL;
    }
    *n = record->n;
    return record->data;
}

static uint8_t *join(const struct sp_span *pieces, size_t n, size_t *total)
{
    uint8_t *joined = malloc(SP_STORE_RECORD_MAX + 1);

    if (joined == NULL) {
        abort();
    }
    *total = 0;
    for (size_t i = 0; i < n; i++) {
        if (pieces[i].n > 0 && *total + pieces[i].n <= SP_STORE_RECORD_MAX) {
            memcpy(joined + *total, pieces[i].p, pieces[i].n);
        }
        *total += pieces[i].n;
    }
    return joined;
}

static int put(enum sp_kind kind, const char *name, uint8_t *data, size_t n, sp_utc due)
{
    struct record *record = find(kind, name);

    if (n > SP_STORE_RECORD_MAX || strlen(name) > SP_STORE_NAME_MAX) {
        return SP_E_INVALID;
    }
    if (fails()) {
        return fake_store_error;
    }
    if (record == NULL) {
        record = free_slot();
    }
    if (record == NULL) {
        return SP_E_FULL;
    }
    fake_store_stats.puts++;
    free(record->data);
    record->kind = kind;
    strcpy(record->name, name);
    record->data = data;
    record->n = n;
    record->due = record->due_put = due;
    return 0;
}

int sp_store_putv(struct sp_store *store, enum sp_kind kind, const char *name,
                  const struct sp_span *pieces, size_t pieces_n, sp_utc due)
{
    size_t n;
    uint8_t *data = join(pieces, pieces_n, &n);
    int err = put(kind, name, data, n, due);

    (void)store;
    if (err < 0) {
        free(data);
    }
    return err;
}

int sp_store_put(struct sp_store *store, enum sp_kind kind, const char *name, struct sp_span data,
                 sp_utc due)
{
    return sp_store_putv(store, kind, name, &data, 1, due);
}

/* The record that is being read: one at a time, which the contract allows. */
static struct record *reading;

int sp_store_read_begin(struct sp_store *store, enum sp_kind kind, const char *name,
                        struct sp_store_reader *reader)
{
    memset(reader, 0, sizeof *reader);
    reader->store = store;
    reading = find(kind, name);
    if (reading == NULL) {
        return SP_E_NOT_FOUND;
    }
    fake_store_stats.gets++;
    return (int)reading->n;
}

int sp_store_read(struct sp_store_reader *reader, void *buf, size_t n)
{
    if (n > reading->n - reader->offset) {
        return SP_E_INVALID;
    }
    if (buf != NULL) {
        memcpy(buf, reading->data + reader->offset, n);
    }
    reader->offset += (uint32_t)n;
    return 0;
}

int sp_store_read_end(struct sp_store_reader *reader)
{
    int err = fake_store_end;

    (void)reader;
    fake_store_end = 0;
    return err;
}

int sp_store_get(struct sp_store *store, enum sp_kind kind, const char *name, void *buf, size_t cap)
{
    struct record *record = find(kind, name);

    (void)store;
    if (record == NULL) {
        return SP_E_NOT_FOUND;
    }
    if (record->n > cap) {
        return SP_E_SPACE;
    }
    fake_store_stats.gets++;
    memcpy(buf, record->data, record->n);
    return (int)record->n;
}

int sp_store_length(struct sp_store *store, enum sp_kind kind, const char *name)
{
    struct record *record = find(kind, name);

    (void)store;
    return record == NULL ? SP_E_NOT_FOUND : (int)record->n;
}

int sp_store_delete(struct sp_store *store, enum sp_kind kind, const char *name)
{
    struct record *record = find(kind, name);

    (void)store;
    if (record == NULL) {
        return SP_E_NOT_FOUND;
    }
    if (fails()) {
        return fake_store_error;
    }
    fake_store_stats.deletes++;
    free(record->data);
    memset(record, 0, sizeof *record);
    return 0;
}

int sp_store_next(struct sp_store *store, enum sp_kind kind, uint32_t *cursor, char *name)
{
    (void)store;
    while (*cursor < used) {
        struct record *record = &records[(*cursor)++];

        if (record->kind == kind) {
            strcpy(name, record->name);
            return 0;
        }
    }
    return SP_E_NOT_FOUND;
}

uint32_t sp_store_count(const struct sp_store *store, enum sp_kind kind)
{
    uint32_t n = 0;

    (void)store;
    for (size_t i = 0; i < used; i++) {
        n += records[i].kind == kind ? 1 : 0;
    }
    return n;
}

int sp_store_due(struct sp_store *store, enum sp_kind kind, char *name, sp_utc *due)
{
    struct record *first = NULL;

    (void)store;
    for (size_t i = 0; i < used; i++) {
        struct record *record = &records[i];

        if (record->kind == kind && record->due != 0 &&
            (first == NULL || record->due < first->due)) {
            first = record;
        }
    }
    if (first == NULL) {
        return SP_E_NOT_FOUND;
    }
    strcpy(name, first->name);
    *due = first->due;
    return 0;
}

int sp_store_set_due(struct sp_store *store, enum sp_kind kind, const char *name, sp_utc due)
{
    struct record *record = find(kind, name);

    (void)store;
    if (record == NULL) {
        return SP_E_NOT_FOUND;
    }
    record->due = due;
    return 0;
}

int sp_store_get_due(struct sp_store *store, enum sp_kind kind, const char *name, sp_utc *due)
{
    struct record *record = find(kind, name);

    (void)store;
    if (record == NULL) {
        return SP_E_NOT_FOUND;
    }
    *due = record->due;
    return 0;
}
