#include "sf2_spi/sf2_spi.h"

#include "base/err.h"

enum { CONTROL = 0, DFSIZE = 1, STATUS = 2, RX = 4, TX = 5, CLK_GEN = 6, SELECT = 7 };

#define ENABLE (1U << 0)
#define MASTER (1U << 1)
#define FRAMES_AT 8U
#define FRAMES_MOST 0xffffU
#define KEEP_SELECT (1U << 26) /* chip select stays low between frames */
#define BIG_FIFO (1U << 29)    /* 32 frames of 8 bits */
#define RX_EMPTY (1U << 6)
#define PATIENCE 100000U /* looks at the status for one byte; a byte takes a microsecond or so */

static struct sp_sf2_spi *of(struct sp_spi *spi)
{
    return (struct sp_sf2_spi *)(void *)spi;
}

/* One byte out and one in: what is not taken out of the receive FIFO would fill it. */
static int exchange(struct sp_sf2_spi *spi, uint8_t out, uint8_t *in)
{
    unsigned left = PATIENCE;
    spi->registers[TX] = out;
    while ((spi->registers[STATUS] & RX_EMPTY) != 0) {
        if (--left == 0) {
            return SP_E_IO;
        }
    }
    *in = (uint8_t)spi->registers[RX];
    return SP_OK;
}

static int send(struct sp_sf2_spi *spi, const uint8_t *from, size_t n)
{
    uint8_t ignored;
    int err = SP_OK;
    for (size_t i = 0; i < n && err == SP_OK; i++) {
        err = exchange(spi, from[i], &ignored);
    }
    return err;
}

static int receive(struct sp_sf2_spi *spi, uint8_t *to, size_t n)
{
    int err = SP_OK;
    for (size_t i = 0; i < n && err == SP_OK; i++) {
        err = exchange(spi, 0xff, &to[i]);
    }
    return err;
}

static int transfer(struct sp_spi *hal, const uint8_t *head, size_t head_n, const void *data,
                    size_t data_n, void *in, size_t in_n)
{
    struct sp_sf2_spi *spi = of(hal);
    size_t frames = head_n + data_n + in_n;
    int err;
    if (frames > FRAMES_MOST) {
        return SP_E_IO;
    }
    spi->registers[CONTROL] = 0; /* the frame size and count are taken over when it is enabled */
    spi->registers[DFSIZE] = 8;
    spi->registers[SELECT] = 1;
    spi->registers[CONTROL] =
        BIG_FIFO | KEEP_SELECT | (uint32_t)frames << FRAMES_AT | MASTER | ENABLE;
    err = send(spi, head, head_n);
    if (err == SP_OK) {
        err = send(spi, data, data_n);
    }
    return err < 0 ? err : receive(spi, in, in_n);
}

void sp_sf2_spi_start(struct sp_sf2_spi *spi, uintptr_t base, uint32_t clock_divider,
                      void (*wait_us)(struct sp_spi *spi, uint32_t us),
                      uint32_t (*now_ms)(struct sp_spi *spi))
{
    spi->spi.transfer = transfer;
    spi->spi.wait_us = wait_us;
    spi->spi.now_ms = now_ms;
    spi->registers = (volatile uint32_t *)base;
    spi->registers[CONTROL] = 0;
    spi->registers[CLK_GEN] = clock_divider;
}
