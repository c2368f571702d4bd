/*
 * The world's flash as the real store on an emulated part whose power can go.
 */
#ifndef SP_TEST_SIM_STORE_FLASH_H
#define SP_TEST_SIM_STORE_FLASH_H

#include "nor_emulator/nor_emulator.h"

#include <setjmp.h>

/* The power goes at the flash operation of that number from now (1: the next); execution goes on at
 * world_store_cut, where setjmp was called. */
void world_store_cut_at(enum sp_nor_fault fault, uint64_t number);
extern jmp_buf world_store_cut;
uint64_t world_store_ops(void); /* so far */

#endif
