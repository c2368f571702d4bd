/*
 * nor_emulator: a NOR flash part in memory or in a file, which fails when it is told to.
 *
 * It does what hal/flash says and no more: programming clears bits and is verified, an erase is
 * started and polled and leaves garbage until it is done. A call that hal/flash forbids (outside
 * the part, during an erase) is a misuse: it ends the process unless the test asked to be told.
 *
 * Memory: open allocates the part's bytes (or maps the file); the struct is the caller's and must
 * not move. Threads: one. Time: with SP_NOR_INSTANT nothing waits; with SP_NOR_REAL programs and
 * erases take the time of a usual part, by the caller's clock and wait function.
 */
#ifndef SP_DRIVERS_NOR_EMULATOR_H
#define SP_DRIVERS_NOR_EMULATOR_H

#include "hal/flash.h"

#include <stdbool.h>

enum sp_nor_timing { SP_NOR_INSTANT, SP_NOR_REAL };

#define SP_NOR_PROGRAM_US 700 /* a page of up to 256 bytes */
#define SP_NOR_ERASE_MS 500   /* a block */
#define SP_NOR_POLL_US 50     /* asking once whether an erase is done */

/* A program or an erase. Numbers count both from 1 since the part was opened. */
enum sp_nor_op { SP_NOR_PROGRAM, SP_NOR_ERASE };

enum sp_nor_fault {
    SP_NOR_SOUND,        /* none */
    SP_NOR_CUT_BEFORE,   /* power goes before the operation: nothing of it happens */
    SP_NOR_CUT_AFTER,    /* power goes when it is done */
    SP_NOR_CUT_TORN,     /* a random subset of its bits changes; an erase leaves garbage */
    SP_NOR_CUT_UNSTABLE, /* the same, and some bits read differently each time until they are
                            programmed to 0 or erased */
    SP_NOR_FAIL_ONCE,    /* that operation fails with SP_E_IO, half done (an erase when polled) */
    SP_NOR_FAIL_FROM,    /* that one and all later ones do */
    SP_NOR_FAIL_READ     /* the read of that number (reads are counted apart) returns SP_E_IO */
};

struct sp_nor_stats {
    uint64_t ops; /* programs and erases */
    uint64_t reads, read_bytes;
    uint64_t programs, program_bytes;
    uint64_t erases;
    uint32_t misuses;
};

struct sp_nor_config {
    uint32_t size, block_size, page_size; /* bytes */
    enum sp_nor_timing timing;
    uint32_t erase_polls; /* SP_NOR_INSTANT: polls that say "not yet" before an erase is done */
    /* SP_NOR_REAL: the time, and how to let some pass (NULL: programs take no time, and polls
     * return at once). */
    uint64_t (*mono_ms)(void *context);
    void (*wait_us)(void *context, uint32_t us);
    /* The power went at operation `number`. May longjmp; when it returns, this operation and all
     * others return SP_E_IO until sp_nor_power_on. */
    void (*on_cut)(void *context, uint64_t number);
    /* After each operation that was carried out in full. May be NULL. */
    void (*trace)(void *context, enum sp_nor_op op, uint32_t address, size_t n);
    void (*on_misuse)(void *context, const char *what); /* NULL: abort */
    void *context;
};

struct sp_nor {
    struct sp_flash flash; /* first: what the firmware gets */
    struct sp_nor_config config;
    struct sp_nor_stats stats;
    uint8_t *bytes;
    uint8_t *weak;          /* a 1 for each bit that reads at random */
    uint32_t *block_erases; /* erases of each block since opening */
    uint8_t *block_fails;   /* a block whose programs and erases fail */
    bool any_weak, off, erasing, erase_fails;
    uint32_t erase_address, erase_polls;
    uint64_t erase_done_ms;
    enum sp_nor_fault fault;
    uint64_t fault_at;
    uint32_t random;
    int file; /* -1: memory */
};

/* A part in memory, all 0xFF. 0, SP_E_INVALID, SP_E_MEMORY. */
int sp_nor_open(struct sp_nor *nor, const struct sp_nor_config *config);
/* A part in a file, which is made (all 0xFF) when it is not there. SP_E_INVALID: it has another
 * size; SP_E_STATE: another process uses it; SP_E_IO. */
int sp_nor_open_file(struct sp_nor *nor, const struct sp_nor_config *config, const char *path);
void sp_nor_close(struct sp_nor *nor);

/* The fault that the operation of that number (since opening; stats.ops is the last one's) meets.
 * seed decides which bits; the same seed gives the same bits. */
void sp_nor_fault(struct sp_nor *nor, enum sp_nor_fault fault, uint64_t number, uint32_t seed);
/* Power is there again; an erase that was under way is not. The fault is gone. */
void sp_nor_power_on(struct sp_nor *nor);
/* One bit changes by itself. */
void sp_nor_flip(struct sp_nor *nor, uint32_t address, unsigned bit);
/* From now on the block takes no programs and erases (or does again). */
void sp_nor_wear_out(struct sp_nor *nor, uint32_t block, bool worn);
/* Fills a part with random bytes, as a part that was used for something else. */
void sp_nor_fill_random(struct sp_nor *nor, uint32_t address, size_t n, uint32_t seed);

#endif
