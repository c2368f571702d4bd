#include "fake_nor.h"

#include "base/err.h"

#include <string.h>

static void end_write(struct fake_nor *part)
{
    part->enabled = false;
    part->busy_left = part->busy_for;
}

static void program(struct fake_nor *part, uint32_t address, const uint8_t *data, size_t n)
{
    uint32_t page = address - address % FAKE_PAGE;
    if (part->programs_n < FAKE_PROGRAMS) {
        part->programs[part->programs_n] = (struct fake_program){address, n};
    }
    part->programs_n++;
    for (size_t i = 0; i < n && !part->locked; i++) {
        uint32_t at = page + (address + (uint32_t)i) % FAKE_PAGE;
        part->bytes[at % FAKE_SIZE] &= (uint8_t)(data[i] | part->stuck);
    }
    end_write(part);
}

static void erase(struct fake_nor *part, uint32_t address)
{
    part->erases++;
    if (!part->locked) {
        memset(part->bytes + (address - address % FAKE_BLOCK) % FAKE_SIZE, 0xff, FAKE_BLOCK);
    }
    end_write(part);
}

static void read_bytes(struct fake_nor *part, uint32_t address, uint8_t *in, size_t n)
{
    part->longest_in = n > part->longest_in ? n : part->longest_in;
    for (size_t i = 0; i < n; i++) {
        in[i] = part->bytes[(address + i) % FAKE_SIZE];
    }
}

static void status(struct fake_nor *part, uint8_t *in)
{
    *in = part->busy_left > 0 ? 1 : 0;
    part->busy_left -= part->busy_left > 0;
}

static void with_address(struct fake_nor *part, const uint8_t *head, const void *data,
                         size_t data_n, void *in, size_t in_n)
{
    uint32_t address = (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
    if (part->busy_left > 0 || (head[0] != 0x03 && !part->enabled)) {
        part->wrong++;
    } else if (head[0] == 0x03) {
        read_bytes(part, address, in, in_n);
    } else if (head[0] == 0x02) {
        program(part, address, data, data_n);
    } else if (head[0] == 0xd8) {
        erase(part, address);
    } else {
        part->wrong++;
    }
}

static int transfer(struct sp_spi *spi, const uint8_t *head, size_t head_n, const void *data,
                    size_t data_n, void *in, size_t in_n)
{
    struct fake_nor *part = (struct fake_nor *)(void *)spi;
    part->transfers++;
    if (part->fail_at > 0 && --part->fail_at == 0) {
        return SP_E_IO;
    }
    if (head_n == 4) {
        with_address(part, head, data, data_n, in, in_n);
    } else if (head[0] == 0x05 && in_n == 1) {
        status(part, in);
    } else if (head[0] == 0x06 && part->busy_left == 0) {
        part->enabled = true;
    } else if (head[0] == 0x9f && in_n == 3) {
        memcpy(in, part->id, 3);
    } else {
        part->wrong++;
    }
    return SP_OK;
}

static void wait_us(struct sp_spi *spi, uint32_t us)
{
    struct fake_nor *part = (struct fake_nor *)(void *)spi;
    (void)us;
    part->waits++;
}

static uint32_t now_ms(struct sp_spi *spi)
{
    return ((struct fake_nor *)(void *)spi)->now_ms;
}

void fake_nor_start(struct fake_nor *part)
{
    memset(part, 0, sizeof *part);
    part->spi.transfer = transfer;
    part->spi.wait_us = wait_us;
    part->spi.now_ms = now_ms;
    memcpy(part->id, "\x01\x20\x12", 3);
    memset(part->bytes, 0xff, sizeof part->bytes);
}
