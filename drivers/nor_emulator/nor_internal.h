/* What the emulator's own files tell each other. */
#ifndef SP_DRIVERS_NOR_INTERNAL_H
#define SP_DRIVERS_NOR_INTERNAL_H

#include "nor_emulator/nor_emulator.h"

uint32_t sp_nor_random(struct sp_nor *nor);

/* Everything but the bytes. 0, SP_E_INVALID, SP_E_MEMORY. */
int sp_nor_prepare(struct sp_nor *nor, const struct sp_nor_config *config);
int sp_nor_unmap(struct sp_nor *nor);

enum sp_nor_outcome { SP_NOR_DO, SP_NOR_REFUSE, SP_NOR_HALF };

/* Counts an operation and says whether to carry it out; HALF: only the mangled half of it. */
enum sp_nor_outcome sp_nor_before(struct sp_nor *nor, uint32_t address);
/* 0, or SP_E_IO when power went with the operation that was just carried out. */
int sp_nor_after(struct sp_nor *nor, enum sp_nor_outcome outcome);
void sp_nor_program_byte_half(struct sp_nor *nor, uint32_t address, uint8_t byte);
void sp_nor_erase_half(struct sp_nor *nor, uint32_t address);

#endif
