#include "app/area.h"

#include "app/part.h"
#include "base/err.h"
#include "base/log.h"
#include "crypto/crypto.h"

#include <string.h>

#define HEAD 16U
#define ENTRY (SP_AREA_NAME + 8U + SP_AREA_HASH)
#define VERSION 1U

struct entry {
    char name[SP_AREA_NAME];
    uint32_t at, size;
    uint8_t hash[SP_AREA_HASH];
};

static struct {
    enum sp_area_state state;
    unsigned files_n;
    struct entry files[SP_AREA_FILES];
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

static void take_entry(const uint8_t *p, struct entry *out)
{
    memcpy(out->name, p, SP_AREA_NAME);
    out->name[SP_AREA_NAME - 1] = '\0';
    out->at = u32_at(p + SP_AREA_NAME);
    out->size = u32_at(p + SP_AREA_NAME + 4);
    memcpy(out->hash, p + SP_AREA_NAME + 8, SP_AREA_HASH);
}

static bool within(const struct entry *file)
{
    uint32_t size = sp_part_area_size();
    return file->at <= size && file->size <= size - file->at;
}

/* Only a header that is known to the byte is taken apart; but this firmware may meet a part that is
 * smaller than the one that the area was made for. */
static enum sp_area_state take_header(const uint8_t *head, unsigned n,
                                      const uint8_t hash[SP_AREA_HASH])
{
    uint8_t is[SP_AREA_HASH];
    sp_sha256(sp_span(head, HEAD + n * ENTRY), is);
    if (memcmp(is, hash, sizeof is) != 0) {
        return SP_AREA_FOREIGN;
    }
    for (unsigned i = 0; i < n; i++) {
        take_entry(head + HEAD + i * ENTRY, &area.files[i]);
        if (!within(&area.files[i])) {
            return SP_AREA_DAMAGED;
        }
    }
    area.files_n = n;
    return SP_AREA_GOOD;
}

static enum sp_area_state look(const uint8_t hash[SP_AREA_HASH])
{
    uint8_t head[HEAD + SP_AREA_FILES * ENTRY];
    unsigned n;
    if (sp_part_area_size() == 0) {
        return SP_AREA_NONE;
    }
    if (sp_part_area_read(0, head, sizeof head) < 0) {
        return SP_AREA_DAMAGED;
    }
    if (all_ones(head, sizeof head)) {
        return SP_AREA_BLANK;
    }
    n = head[6];
    if (memcmp(head, "SPar", 4) != 0 || head[4] != VERSION || n > SP_AREA_FILES) {
        return SP_AREA_FOREIGN;
    }
    return take_header(head, n, hash);
}

void sp_area_start(const uint8_t hash[SP_AREA_HASH])
{
    memset(&area, 0, sizeof area);
    area.state = look(hash);
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

const char *sp_area_name(unsigned i)
{
    return i < area.files_n ? area.files[i].name : NULL;
}

/* --- files --- */

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

static const struct entry *find(const char *name)
{
    for (unsigned i = 0; i < area.files_n; i++) {
        if (strcmp(area.files[i].name, name) == 0) {
            return &area.files[i];
        }
    }
    return NULL;
}

int sp_area_open(const char *name, struct sp_area_file *out)
{
    const struct entry *file = find(name);
    uint8_t is[SP_AREA_HASH];
    int err;
    memset(out, 0, sizeof *out);
    if (file == NULL) {
        return SP_E_NOT_FOUND;
    }
    out->blob.read = file_read;
    out->blob.size = file->size;
    out->at = file->at;
    err = sp_sha256_pieces(hash_piece, out, file->size, is);
    if (err == SP_OK && memcmp(is, file->hash, sizeof is) != 0) {
        err = SP_E_CORRUPT;
    }
    if (err < 0) {
        sp_log_error("area", "the file \"%s\" is not used: %s", name, sp_err_text(err));
        area.state = SP_AREA_DAMAGED;
        out->blob.size = 0;
    }
    return err;
}
