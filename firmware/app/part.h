/*
 * app/part: the one flash part for those who share it: the store, the read-only area and the
 * self-test (store/layout). A part that erases answers nothing else; who reads or writes meanwhile
 * waits here for its end, and who asked for the erase still gets to know how it ended.
 *
 * Memory: one static instance. Threads: service task. Time: as hal/flash says; a call that meets
 * another's erase blocks until that has ended.
 */
#ifndef SP_APP_PART_H
#define SP_APP_PART_H

#include "hal/flash.h"

void sp_part_start(struct sp_flash *whole);
/* The store's blocks, as a part of their own. */
struct sp_flash *sp_part_of_store(void);
/* The block that belongs to nobody, as a part of one block; NULL when there is none. */
struct sp_flash *sp_part_of_test(void);
/* Bytes of the area; 0: the part has none. */
uint32_t sp_part_area_size(void);
/* Reads from the area: offset + n must not pass its size. 0 or SP_E_IO. */
int sp_part_area_read(uint32_t offset, void *buf, size_t n);

#endif
