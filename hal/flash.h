/*
 * hal/flash: a NOR flash part.
 *
 * Bits are programmed from 1 to 0 only; an erase sets a whole block to 0xFF. Programming a byte
 * that was programmed before ands the new bits into it.
 *
 * Power may go at any moment. A program that was cut leaves any subset of its bits programmed; an
 * erase that was cut leaves a block whose content is undefined (and may read differently twice).
 *
 * Memory: the caller owns every buffer and may reuse it when the call returns.
 * Threads: called from the service task alone.
 * Time: read and program block, for a program at most about 1 ms a page. An erase takes up to 3 s
 * on a real part, so it is started and polled; between start and its end only erase_poll may be
 * called.
 */
#ifndef SP_HAL_FLASH_H
#define SP_HAL_FLASH_H

#include <stddef.h>
#include <stdint.h>

struct sp_flash;

struct sp_flash_ops {
    /* Reads n bytes from address. 0, or SP_E_IO (buf is then undefined). */
    int (*read)(struct sp_flash *flash, uint32_t address, void *buf, size_t n);
    /* Programs n bytes, of any length and alignment; may cross pages, not the end of the part.
     * Verified: 0 means that the bytes read back as asked. SP_E_IO otherwise. */
    int (*program)(struct sp_flash *flash, uint32_t address, const void *buf, size_t n);
    /* Starts to erase the block that begins at address. 0 or SP_E_IO. */
    int (*erase_start)(struct sp_flash *flash, uint32_t address);
    /* 1 while an erase goes on, 0 when none does, SP_E_IO when the last one failed (said once). It
     * does not go on for ever: a part that is not done after 6 s has failed. */
    int (*erase_poll)(struct sp_flash *flash);
};

struct sp_flash {
    const struct sp_flash_ops *ops;
    uint32_t size;       /* bytes, a multiple of block_size */
    uint32_t block_size; /* bytes that one erase takes, e.g. 65536 */
    uint32_t page_size;  /* bytes that a program does at once; only a hint for speed, e.g. 256 */
};

static inline int sp_flash_read(struct sp_flash *flash, uint32_t address, void *buf, size_t n)
{
    return flash->ops->read(flash, address, buf, n);
}

static inline int sp_flash_program(struct sp_flash *flash, uint32_t address, const void *buf,
                                   size_t n)
{
    return flash->ops->program(flash, address, buf, n);
}

static inline int sp_flash_erase_start(struct sp_flash *flash, uint32_t address)
{
    return flash->ops->erase_start(flash, address);
}

static inline int sp_flash_erase_poll(struct sp_flash *flash)
{
    return flash->ops->erase_poll(flash);
}

#endif
