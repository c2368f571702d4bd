/*
 * A serial NOR part behind a fake SPI controller, as a real one behaves: it wants a write enable
 * before each program and erase, is busy for a while after, and a program that passes the end of a
 * page goes on at the page's begin.
 */
#ifndef SP_TEST_FAKE_NOR_H
#define SP_TEST_FAKE_NOR_H

#include "spi_nor/spi_nor.h"

#include <stdbool.h>

#define FAKE_SIZE (256U * 1024U)
#define FAKE_BLOCK 65536U
#define FAKE_PAGE 256U
#define FAKE_PROGRAMS 16

struct fake_program {
    uint32_t address;
    size_t n;
};

struct fake_nor {
    struct sp_spi spi;
    uint8_t id[3];
    uint8_t bytes[FAKE_SIZE];
    bool enabled;       /* a write enable was sent */
    unsigned busy_for;  /* how often the status is read as busy after a program or an erase */
    unsigned busy_left; /* from now */
    bool locked;        /* programs and erases are ignored */
    uint8_t stuck;      /* bits of every byte that cannot be programmed */
    uint32_t now_ms;    /* the test moves it */
    unsigned fail_at;   /* the transfer of that number from now on fails; 0: none */

    struct fake_program programs[FAKE_PROGRAMS];
    unsigned programs_n, erases, transfers, waits;
    unsigned wrong;    /* commands that a real part ignores: without write enable, or while busy */
    size_t longest_in; /* bytes read in one transaction */
};

/* Blank, 256 KiB, never busy. */
void fake_nor_start(struct fake_nor *part);

#endif
