/*
 * spi_nor: a serial NOR part with 64 KiB erase blocks and three-byte addresses, over any SPI
 * controller.
 *
 * The part is asked for its JEDEC id, which gives its size. Its status register is polled after
 * each program and erase, as a real part needs it, and what was programmed is read back.
 *
 * Memory: the struct is the caller's and stays in place. Threads: service task. Time: as hal/flash
 * says; a part that stays busy for longer than any real one ends a call with SP_E_IO, and so do
 * reads and programs until it answers again.
 */
#ifndef SP_SPI_NOR_H
#define SP_SPI_NOR_H

#include "hal/flash.h"

/* What the part needs of an SPI controller. */
struct sp_spi {
    /* One transaction, chip select low all the while: sends head, then data (data_n may be 0), then
     * receives in_n bytes. 0, or SP_E_IO. */
    int (*transfer)(struct sp_spi *spi, const uint8_t *head, size_t head_n, const void *data,
                    size_t data_n, void *in, size_t in_n);
    /* Waits about that long. */
    void (*wait_us)(struct sp_spi *spi, uint32_t us);
    /* Milliseconds since any moment. */
    uint32_t (*now_ms)(struct sp_spi *spi);
};

struct sp_spi_nor {
    struct sp_flash flash;
    struct sp_spi *spi;
    uint8_t id[3];          /* JEDEC: maker, family, capacity */
    int erasing;            /* 1: one was started and has not been seen to end */
    uint32_t erasing_at;    /* its block's address */
    uint32_t erasing_since; /* ms */
    int stuck;              /* 1: an erase did not end in time; the part may still be busy */
};

/* Looks for the part. 0; SP_E_IO when none answers; SP_E_INVALID when its capacity is not one from
 * 64 KiB to 16 MiB. */
int sp_spi_nor_open(struct sp_spi_nor *nor, struct sp_spi *spi);

#endif
