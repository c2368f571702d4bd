/* The part's read-only area: bytes that tools/area made are copied, and looked at with the
 * firmware's own code. */
#include "image.h"

#include "app/area.h"
#include "app/part.h"
#include "area_hash.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "store/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool fail(const char *path, const char *sentence)
{
    (void)fprintf(stderr, "image: %s: %s\n", path, sentence);
    return false;
}

static bool erase(struct sp_flash *flash)
{
    uint32_t end = sp_layout_area_at(flash) + sp_layout_area_size(flash);
    for (uint32_t at = sp_layout_area_at(flash); at < end; at += flash->block_size) {
        int err = sp_flash_erase_start(flash, at);
        while (err == SP_OK && (err = sp_flash_erase_poll(flash)) > 0) {
            err = SP_OK;
        }
        if (err < 0) {
            return false;
        }
    }
    return true;
}

static bool copy(FILE *file, struct sp_flash *flash)
{
    uint8_t piece[4096];
    uint32_t at = sp_layout_area_at(flash);
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
        if (sp_flash_program(flash, at, piece, n) < 0) {
            return false;
        }
        at += (uint32_t)n;
    }
    return ferror(file) == 0;
}

static bool fits(FILE *file, uint32_t room)
{
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    rewind(file);
    return size > 0 && (unsigned long)size <= room;
}

bool image_area_write(struct sp_flash *flash, const char *path)
{
    FILE *file = fopen(path, "rb");
    bool fine;
    if (file == NULL) {
        return fail(path, strerror(errno));
    }
    fine =
        fits(file, sp_layout_area_size(flash)) || fail(path, "is empty or too large for the area");
    fine = fine && ((erase(flash) && copy(file, flash)) || fail(path, "could not be copied"));
    (void)fclose(file);
    return fine;
}

void image_area_show(struct sp_flash *flash)
{
    struct sp_area_file file;
    char name[SP_AREA_NAME];
    sp_part_start(flash);
    sp_area_start(sp_area_hash);
    for (unsigned i = 0; sp_area_name(i, name) == SP_OK; i++) {
        int err = sp_area_open(name, &file);
        (void)printf("read-only file: %s, %u bytes, %s\n", name, file.blob.size,
                     err == SP_OK ? "whole" : sp_err_text(err));
    }
    (void)printf("read-only area: %s\n", sp_area_state() == SP_AREA_FOREIGN
                                             ? "of another build of the firmware, or changed"
                                             : sp_area_state_text(sp_area_state()));
}
