#include "spi_nor/spi_nor.h"

#include "base/err.h"

#include <string.h>

enum command {
    PAGE_PROGRAM = 0x02,
    READ = 0x03,
    READ_STATUS = 0x05,
    WRITE_ENABLE = 0x06,
    READ_ID = 0x9f,
    ERASE_BLOCK = 0xd8
};

#define STATUS_BUSY 0x01U
#define PAGE_SIZE 256U
#define BLOCK_SIZE 65536U
#define CAPACITY_MIN 16U /* log2 of the bytes, as the id says it */
#define CAPACITY_MAX 24U
#define PROGRAM_POLLS 500U /* of POLL_US: five times what a slow part takes */
#define POLL_US 50U
#define ERASE_MS 6000U  /* twice what a slow part takes, and less than the watchdog's patience */
#define READ_MOST 4096U /* bytes of one transaction */
#define CHECK_SIZE 64U

static struct sp_spi_nor *of(struct sp_flash *flash)
{
    return (struct sp_spi_nor *)(void *)flash;
}

/* A command without address that answers n bytes. */
static int ask(struct sp_spi_nor *nor, enum command command, void *in, size_t n)
{
    uint8_t head = (uint8_t)command;
    return nor->spi->transfer(nor->spi, &head, 1, NULL, 0, in, n);
}

/* A command with an address. */
static int command_at(struct sp_spi_nor *nor, enum command command, uint32_t address,
                      const void *data, size_t data_n, void *in, size_t in_n)
{
    const uint8_t head[4] = {(uint8_t)command, (uint8_t)(address >> 16), (uint8_t)(address >> 8),
                             (uint8_t)address};
    return nor->spi->transfer(nor->spi, head, sizeof head, data, data_n, in, in_n);
}

/* 1 while the part is busy, 0 when not, or SP_E_IO. */
static int busy(struct sp_spi_nor *nor)
{
    uint8_t status = 0xff;
    int err = ask(nor, READ_STATUS, &status, 1);
    return err < 0 ? err : (status & STATUS_BUSY) != 0;
}

static int wait_program(struct sp_spi_nor *nor)
{
    for (unsigned i = 0; i < PROGRAM_POLLS; i++) {
        int still = busy(nor);
        if (still <= 0) {
            return still;
        }
        nor->spi->wait_us(nor->spi, POLL_US);
    }
    return SP_E_IO;
}

/* After an erase that did not end in time the part answers nothing, or, later, goes on. */
static int answers(struct sp_spi_nor *nor)
{
    if (nor->stuck) {
        int still = busy(nor);
        if (still != 0) {
            return SP_E_IO;
        }
        nor->stuck = 0;
    }
    return SP_OK;
}

static int within(const struct sp_flash *flash, uint32_t address, size_t n)
{
    return address <= flash->size && n <= flash->size - address;
}

static int nor_read(struct sp_flash *flash, uint32_t address, void *buf, size_t n)
{
    struct sp_spi_nor *nor = of(flash);
    uint8_t *out = buf;
    int err = within(flash, address, n) ? answers(nor) : SP_E_IO;
    while (n > 0 && err == SP_OK) {
        size_t piece = n < READ_MOST ? n : READ_MOST;
        err = command_at(nor, READ, address, NULL, 0, out, piece);
        address += (uint32_t)piece;
        out += piece;
        n -= piece;
    }
    return err;
}

/* The bytes there are those asked for. */
static int verify(struct sp_spi_nor *nor, uint32_t address, const uint8_t *want, size_t n)
{
    uint8_t is[CHECK_SIZE];
    while (n > 0) {
        size_t piece = n < sizeof is ? n : sizeof is;
        int err = nor_read(&nor->flash, address, is, piece);
        if (err < 0 || memcmp(is, want, piece) != 0) {
            return SP_E_IO;
        }
        address += (uint32_t)piece;
        want += piece;
        n -= piece;
    }
    return SP_OK;
}

static int program_page(struct sp_spi_nor *nor, uint32_t address, const uint8_t *from, size_t n)
{
    int err = ask(nor, WRITE_ENABLE, NULL, 0);
    if (err == SP_OK) {
        err = command_at(nor, PAGE_PROGRAM, address, from, n, NULL, 0);
    }
    if (err == SP_OK) {
        err = wait_program(nor);
    }
    return err < 0 ? err : verify(nor, address, from, n);
}

/* A program that runs over the end of a page would go on at the page's begin. */
static int nor_program(struct sp_flash *flash, uint32_t address, const void *buf, size_t n)
{
    const uint8_t *from = buf;
    int err = within(flash, address, n) ? answers(of(flash)) : SP_E_IO;
    while (n > 0 && err == SP_OK) {
        size_t room = PAGE_SIZE - address % PAGE_SIZE;
        size_t piece = n < room ? n : room;
        err = program_page(of(flash), address, from, piece);
        address += (uint32_t)piece;
        from += piece;
        n -= piece;
    }
    return err;
}

static int nor_erase_start(struct sp_flash *flash, uint32_t address)
{
    struct sp_spi_nor *nor = of(flash);
    int err =
        address % BLOCK_SIZE == 0 && within(flash, address, BLOCK_SIZE) ? answers(nor) : SP_E_IO;
    if (err == SP_OK) {
        err = ask(nor, WRITE_ENABLE, NULL, 0);
    }
    if (err == SP_OK) {
        err = command_at(nor, ERASE_BLOCK, address, NULL, 0, NULL, 0);
    }
    nor->erasing = err == SP_OK;
    nor->erasing_at = address;
    nor->erasing_since = nor->spi->now_ms(nor->spi);
    return err;
}

/* A sample of the block: a part that is locked ignores the erase without a word. */
static int verify_erased(struct sp_spi_nor *nor)
{
    static const uint32_t samples[] = {0, BLOCK_SIZE / 2, BLOCK_SIZE - CHECK_SIZE};
    uint8_t blank[CHECK_SIZE];
    int err = SP_OK;
    memset(blank, 0xff, sizeof blank);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0] && err == SP_OK; i++) {
        err = verify(nor, nor->erasing_at + samples[i], blank, sizeof blank);
    }
    return err;
}

static int nor_erase_poll(struct sp_flash *flash)
{
    struct sp_spi_nor *nor = of(flash);
    int still;
    if (!nor->erasing) {
        return 0;
    }
    still = busy(nor);
    if (still > 0 && nor->spi->now_ms(nor->spi) - nor->erasing_since <= ERASE_MS) {
        return 1;
    }
    nor->erasing = 0;
    if (still > 0) {
        nor->stuck = 1;
        return SP_E_IO;
    }
    return still < 0 ? still : verify_erased(nor);
}

static const struct sp_flash_ops ops = {
    .read = nor_read,
    .program = nor_program,
    .erase_start = nor_erase_start,
    .erase_poll = nor_erase_poll,
};

/* A reset in the middle of an erase finds the part still at it. */
static int wait_ready(struct sp_spi_nor *nor)
{
    int err = SP_E_IO;
    for (unsigned i = 0; i < 100 && err != SP_OK; i++) {
        err = wait_program(nor);
    }
    return err;
}

int sp_spi_nor_open(struct sp_spi_nor *nor, struct sp_spi *spi)
{
    int err;
    memset(nor, 0, sizeof *nor);
    nor->spi = spi;
    err = wait_ready(nor);
    if (err == SP_OK) {
        err = ask(nor, READ_ID, nor->id, sizeof nor->id);
    }
    if (err < 0) {
        return err;
    }
    if (nor->id[0] == 0x00 || nor->id[0] == 0xff) {
        return SP_E_IO;
    }
    if (nor->id[2] < CAPACITY_MIN || nor->id[2] > CAPACITY_MAX) {
        return SP_E_INVALID;
    }
    nor->flash.ops = &ops;
    nor->flash.size = 1U << nor->id[2];
    nor->flash.block_size = BLOCK_SIZE;
    nor->flash.page_size = PAGE_SIZE;
    return SP_OK;
}
