/*
 * sf2_spi: the SPI controller of a SmartFusion2, as a master with one chip on select 0.
 *
 * Polled: a transaction of a few bytes is over before an interrupt would have been served, and the
 * controller keeps chip select low for exactly the number of frames that it was told.
 *
 * Memory: the struct is the caller's. Threads: service task. Time: blocks for the transaction.
 */
#ifndef SP_SF2_SPI_H
#define SP_SF2_SPI_H

#include "spi_nor/spi_nor.h"

#include <stdint.h>

struct sp_sf2_spi {
    struct sp_spi spi;
    volatile uint32_t *registers;
};

/* clock_divider: SCK is the bus clock / (2 * (clock_divider + 1)). wait_us and now_ms: the
 * board's. */
void sp_sf2_spi_start(struct sp_sf2_spi *spi, uintptr_t base, uint32_t clock_divider,
                      void (*wait_us)(struct sp_spi *spi, uint32_t us),
                      uint32_t (*now_ms)(struct sp_spi *spi));

#endif
