#include "app/area.h"

#include "app/part.h"
#include "base/err.h"
#include "base/log.h"
#include "crypto/crypto.h"

#include <string.h>

#define HEAD 16U
#define ENTRY (SP_AREA_NAME + 8U + SP_AREA_HASH)
#define HEAD_MAX (HEAD + SP_AREA_FILES * ENTRY)
#define VERSION 1U

struct entry {
    char name[SP_AREA_NAME];
    uint32_t at, size;
    uint8_t hash[SP_AREA_HASH];
};

static struct {
    enum sp_area_state state;
    const uint8_t *hash; /* what the header's must be */
} area;

static uint32_t u32_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool all_ones(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0xff) {
            return false;
        }
    }
    return true;
}

static unsigned count(const uint8_t *head)
{
    return head[6];
}

static enum sp_area_state judge(const uint8_t head[HEAD_MAX])
{
    uint8_t is[SP_AREA_HASH];
    if (all_ones(head, HEAD_MAX)) {
        return SP_AREA_BLANK;
    }
    if (memcmp(head, "SPar", 4) != 0 || head[4] != VERSION || count(head) > SP_AREA_FILES) {
        return SP_AREA_FOREIGN;
    }
    sp_sha256(sp_span(head, HEAD + count(head) * ENTRY), is);
    return memcmp(is, area.hash, sizeof is) == 0 ? SP_AREA_GOOD : SP_AREA_FOREIGN;
}

/* The header as it is in flash now. Only one that is known to the byte is taken apart. */
static enum sp_area_state read_header(uint8_t head[HEAD_MAX])
{
    if (sp_part_area_size() == 0) {
        return SP_AREA_NONE;
    }
    return sp_part_area_read(0, head, HEAD_MAX) < 0 ? SP_AREA_DAMAGED : judge(head);
}

void sp_area_start(const uint8_t hash[SP_AREA_HASH])
{
    uint8_t head[HEAD_MAX];
    area.hash = hash;
    area.state = read_header(head);
    if (area.state != SP_AREA_GOOD && area.state != SP_AREA_NONE) {
        sp_log_error("area", "the read-only area is not used: it is %s",
                     sp_area_state_text(area.state));
    }
}

enum sp_area_state sp_area_state(void)
{
    return area.state;
}

const char *sp_area_state_text(enum sp_area_state state)
{
    static const char *const texts[] = {
        [SP_AREA_GOOD] = "good",       [SP_AREA_NONE] = "none",       [SP_AREA_BLANK] = "blank",
        [SP_AREA_FOREIGN] = "foreign", [SP_AREA_DAMAGED] = "damaged",
    };
    return texts[state];
}

/* --- files --- */

static void take_entry(const uint8_t *p, struct entry *out)
{
    memcpy(out->name, p, SP_AREA_NAME);
    out->name[SP_AREA_NAME - 1] = '\0';
    out->at = u32_at(p + SP_AREA_NAME);
    out->size = u32_at(p + SP_AREA_NAME + 4);
    memcpy(out->hash, p + SP_AREA_NAME + 8, SP_AREA_HASH);
}

static int entry_at(unsigned i, struct entry *out)
{
    uint8_t head[HEAD_MAX];
    enum sp_area_state state = read_header(head);
    if (state != SP_AREA_GOOD) {
        area.state = state;
    }
    if (state != SP_AREA_GOOD || i >= count(head)) {
        return SP_E_NOT_FOUND;
    }
    take_entry(head + HEAD + i * ENTRY, out);
    return SP_OK;
}

int sp_area_name(unsigned i, char name[SP_AREA_NAME])
{
    struct entry entry;
    int err = entry_at(i, &entry);
    if (err == SP_OK) {
        memcpy(name, entry.name, SP_AREA_NAME);
    }
    return err;
}

static int file_read(struct sp_hal_blob *blob, uint32_t offset, void *buf, size_t n)
{
    const struct sp_area_file *file = (const struct sp_area_file *)(const void *)blob;
    if (offset > blob->size || n > blob->size - offset) {
        return SP_E_IO;
    }
    return sp_part_area_read(file->at + offset, buf, n);
}

static int hash_piece(void *ctx, uint32_t offset, void *buf, size_t n)
{
    struct sp_area_file *file = ctx;
    return file_read(&file->blob, offset, buf, n);
}

static int find(const char *name, struct entry *out)
{
    unsigned i = 0;
    while (entry_at(i, out) == SP_OK) {
        if (strcmp(out->name, name) == 0) {
            return SP_OK;
        }
        i++;
    }
    return SP_E_NOT_FOUND;
}

/* A part may be smaller than the one that the area was made for. */
static bool within(const struct entry *file)
{
    uint32_t size = sp_part_area_size();
    return file->at <= size && file->size <= size - file->at;
}

static int check(const struct entry *entry, struct sp_area_file *file)
{
    uint8_t is[SP_AREA_HASH];
    int err = within(entry) ? sp_sha256_pieces(hash_piece, file, entry->size, is) : SP_E_CORRUPT;
    if (err == SP_OK && memcmp(is, entry->hash, sizeof is) != 0) {
        err = SP_E_CORRUPT;
    }
    return err;
}

int sp_area_open(const char *name, struct sp_area_file *out)
{
    struct entry entry;
    int err = find(name, &entry);
    memset(out, 0, sizeof *out);
    if (err < 0) {
        return err;
    }
    out->blob.read = file_read;
    out->blob.size = entry.size;
    out->at = entry.at;
    err = check(&entry, out);
    if (err < 0) {
        sp_log_error("area", "the file \"%s\" is not used: %s", name, sp_err_text(err));
        area.state = SP_AREA_DAMAGED;
        out->blob.size = 0;
    }
    return err;
}
