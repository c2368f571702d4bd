#include "nor_internal.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sp_nor *nor_of(struct sp_flash *flash)
{
    return (struct sp_nor *)flash; /* it is the first member */
}

static int misuse(struct sp_nor *nor, const char *what)
{
    nor->stats.misuses++;
    if (nor->config.on_misuse == NULL) {
        (void)fprintf(stderr, "nor_emulator: %s\n", what);
        abort();
    }
    nor->config.on_misuse(nor->config.context, what);
    return SP_E_IO;
}

static bool is_inside(const struct sp_nor *nor, uint32_t address, size_t n)
{
    return address <= nor->flash.size && n <= nor->flash.size - address;
}

static void wait_us(struct sp_nor *nor, uint32_t us)
{
    if (nor->config.timing == SP_NOR_REAL && nor->config.wait_us != NULL) {
        nor->config.wait_us(nor->config.context, us);
    }
}

static void read_bytes(struct sp_nor *nor, uint32_t address, uint8_t *out, size_t n)
{
    memcpy(out, nor->bytes + address, n);
    for (size_t i = 0; i < n && nor->any_weak; i++) {
        uint8_t weak = nor->weak[address + i];

        if (weak != 0) {
            out[i] ^= (uint8_t)(sp_nor_random(nor) >> 8 & weak);
        }
    }
}

static int nor_read(struct sp_flash *flash, uint32_t address, void *buf, size_t n)
{
    struct sp_nor *nor = nor_of(flash);

    if (!is_inside(nor, address, n)) {
        return misuse(nor, "read outside the part");
    }
    if (nor->erasing) {
        return misuse(nor, "read during an erase");
    }
    nor->stats.reads++;
    nor->stats.read_bytes += n;
    if (nor->off || (nor->fault == SP_NOR_FAIL_READ && nor->stats.reads == nor->fault_at)) {
        return SP_E_IO;
    }
    read_bytes(nor, address, buf, n);
    return 0;
}

/* True when the byte reads back as asked. */
static bool program_byte(struct sp_nor *nor, uint32_t address, uint8_t byte)
{
    uint8_t read;

    nor->bytes[address] &= byte;
    nor->weak[address] &= byte;
    read_bytes(nor, address, &read, 1);
    return read == byte;
}

static int program_all(struct sp_nor *nor, uint32_t address, const uint8_t *bytes, size_t n)
{
    bool good = true;

    for (size_t i = 0; i < n; i++) {
        good = program_byte(nor, address + (uint32_t)i, bytes[i]) && good;
    }
    return good ? 0 : SP_E_IO;
}

static void program_half(struct sp_nor *nor, uint32_t address, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sp_nor_program_byte_half(nor, address + (uint32_t)i, bytes[i]);
    }
}

static int nor_program(struct sp_flash *flash, uint32_t address, const void *buf, size_t n)
{
    struct sp_nor *nor = nor_of(flash);
    enum sp_nor_outcome outcome;
    int verified = 0;
    int err;

    if (n == 0 || !is_inside(nor, address, n)) {
        return misuse(nor, "program outside the part");
    }
    if (nor->erasing) {
        return misuse(nor, "program during an erase");
    }
    outcome = sp_nor_before(nor, address);
    nor->stats.programs++;
    nor->stats.program_bytes += n;
    if (outcome == SP_NOR_DO) {
        verified = program_all(nor, address, buf, n);
    } else if (outcome == SP_NOR_HALF) {
        program_half(nor, address, buf, n);
    }
    wait_us(nor, (uint32_t)((n + 255) / 256) * SP_NOR_PROGRAM_US);
    err = sp_nor_after(nor, outcome);
    if (err == 0 && nor->config.trace != NULL) {
        nor->config.trace(nor->config.context, SP_NOR_PROGRAM, address, n);
    }
    return err < 0 ? err : verified;
}

static void erase_all(struct sp_nor *nor, uint32_t address)
{
    memset(nor->bytes + address, 0xFF, nor->flash.block_size);
    memset(nor->weak + address, 0, nor->flash.block_size);
}

static int nor_erase_start(struct sp_flash *flash, uint32_t address)
{
    struct sp_nor *nor = nor_of(flash);
    enum sp_nor_outcome outcome;
    int err;

    if (!is_inside(nor, address, nor->flash.block_size) || address % nor->flash.block_size != 0) {
        return misuse(nor, "erase of what is no block");
    }
    if (nor->erasing) {
        return misuse(nor, "erase during an erase");
    }
    outcome = sp_nor_before(nor, address);
    nor->stats.erases++;
    if (outcome != SP_NOR_REFUSE) {
        nor->block_erases[address / nor->flash.block_size]++;
    }
    if (outcome == SP_NOR_DO && nor->fault == SP_NOR_CUT_AFTER && nor->stats.ops == nor->fault_at) {
        erase_all(nor, address);
    } else if (outcome != SP_NOR_REFUSE) {
        sp_nor_erase_half(nor, address);
    }
    err = sp_nor_after(nor, outcome == SP_NOR_REFUSE ? SP_NOR_REFUSE : SP_NOR_DO);
    if (err < 0) {
        return err;
    }
    nor->erasing = true;
    nor->erase_fails = outcome == SP_NOR_HALF; /* the part says so when asked */
    nor->erase_address = address;
    nor->erase_polls = nor->config.erase_polls;
    if (nor->config.timing == SP_NOR_REAL) {
        nor->erase_done_ms = nor->config.mono_ms(nor->config.context) + SP_NOR_ERASE_MS;
    }
    return 0;
}

static bool is_erase_done(struct sp_nor *nor)
{
    if (nor->config.timing == SP_NOR_REAL) {
        return nor->config.mono_ms(nor->config.context) >= nor->erase_done_ms;
    }
    if (nor->erase_polls == 0) {
        return true;
    }
    nor->erase_polls--;
    return false;
}

static int nor_erase_poll(struct sp_flash *flash)
{
    struct sp_nor *nor = nor_of(flash);

    if (!nor->erasing) {
        return 0;
    }
    if (!is_erase_done(nor)) {
        wait_us(nor, SP_NOR_POLL_US);
        return 1;
    }
    nor->erasing = false;
    if (nor->erase_fails) {
        return SP_E_IO;
    }
    erase_all(nor, nor->erase_address);
    if (nor->config.trace != NULL) {
        nor->config.trace(nor->config.context, SP_NOR_ERASE, nor->erase_address,
                          nor->flash.block_size);
    }
    return 0;
}

static bool is_possible(const struct sp_nor_config *config)
{
    return config->block_size >= 256 && config->block_size % 64 == 0 && config->size > 0 &&
           config->size % config->block_size == 0 && config->page_size > 0 &&
           (config->timing == SP_NOR_INSTANT || config->mono_ms != NULL);
}

int sp_nor_prepare(struct sp_nor *nor, const struct sp_nor_config *config)
{
    static const struct sp_flash_ops ops = {.read = nor_read,
                                            .program = nor_program,
                                            .erase_start = nor_erase_start,
                                            .erase_poll = nor_erase_poll};

    memset(nor, 0, sizeof *nor);
    nor->file = -1;
    if (!is_possible(config)) {
        return SP_E_INVALID;
    }
    nor->config = *config;
    nor->flash = (struct sp_flash){.ops = &ops,
                                   .size = config->size,
                                   .block_size = config->block_size,
                                   .page_size = config->page_size};
    nor->random = 1;
    nor->weak = calloc(config->size, 1);
    nor->block_erases = calloc(config->size / config->block_size, sizeof nor->block_erases[0]);
    nor->block_fails = calloc(config->size / config->block_size, 1);
    if (nor->weak == NULL || nor->block_erases == NULL || nor->block_fails == NULL) {
        sp_nor_close(nor);
        return SP_E_MEMORY;
    }
    return 0;
}

int sp_nor_open(struct sp_nor *nor, const struct sp_nor_config *config)
{
    int err = sp_nor_prepare(nor, config);

    if (err < 0) {
        return err;
    }
    nor->bytes = malloc(config->size);
    if (nor->bytes == NULL) {
        sp_nor_close(nor);
        return SP_E_MEMORY;
    }
    memset(nor->bytes, 0xFF, config->size);
    return 0;
}

void sp_nor_close(struct sp_nor *nor)
{
    if (nor->file >= 0) {
        sp_nor_unmap(nor);
    } else {
        free(nor->bytes);
    }
    free(nor->weak);
    free(nor->block_erases);
    free(nor->block_fails);
    memset(nor, 0, sizeof *nor);
    nor->file = -1;
}
