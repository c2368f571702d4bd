/*
 * image_builder: makes a factory flash image from a JSON description, and shows one.
 *
 * Memory: the host's. Errors: a sentence to standard error, and false.
 */
#ifndef SP_IMAGE_BUILDER_IMAGE_H
#define SP_IMAGE_BUILDER_IMAGE_H

#include "store/store.h"

#include <stdbool.h>

/* Applies the description (JSON text) to a mounted, empty store. Unknown keys are refused. */
bool image_apply(struct sp_store *store, const char *json);
/* Prints what the image holds, without keys, hashes of passwords or seeds. */
void image_show(struct sp_store *store);

/* Writes the file that tools/area made into the part's read-only area, erasing it before. */
bool image_area_write(struct sp_flash *flash, const char *path);
/* Prints what files the area has, and whether they are whole. */
void image_area_show(struct sp_flash *flash);

#endif
