#include "flash_part.h"

#include "base/err.h"
#include "nor_emulator/nor_emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE (16U * 1024U * 1024U)
#define BLOCK_SIZE (64U * 1024U)
#define PAGE_SIZE 256U

static struct sp_nor part;
static int trace_fd = -1;

static uint64_t mono_ms(void *context)
{
    struct timespec now;
    (void)context;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

static void wait_us(void *context, uint32_t us)
{
    struct timespec span = {.tv_sec = us / 1000000U, .tv_nsec = (long)(us % 1000000U) * 1000L};
    (void)context;
    while (nanosleep(&span, &span) < 0 && errno == EINTR) {
    }
}

/* Nothing is tidied up: that is what a power cut is. */
static void die(void *context, uint64_t number)
{
    (void)context;
    (void)number;
    (void)raise(SIGKILL);
}

static void trace(void *context, enum sp_nor_op op, uint32_t address, size_t n)
{
    (void)context;
    (void)dprintf(trace_fd, "%s 0x%06x %zu\n", op == SP_NOR_ERASE ? "erase" : "program", address,
                  n);
}

static void open_trace(const char *path, struct sp_nor_config *config)
{
    trace_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (trace_fd < 0) {
        (void)fprintf(stderr, "sealpost-sim: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    config->trace = trace;
}

static const char *sentence(int err)
{
    switch (err) {
    case SP_E_INVALID:
        return "is not 16 MiB long";
    case SP_E_STATE:
        return "is in use by another process";
    default:
        return strerror(errno);
    }
}

struct sp_flash *sim_flash_open(const struct sim_options *options)
{
    struct sp_nor_config config = {
        .size = SIZE,
        .block_size = BLOCK_SIZE,
        .page_size = PAGE_SIZE,
        .timing = options->flash_timing_real ? SP_NOR_REAL : SP_NOR_INSTANT,
        .mono_ms = mono_ms,
        .wait_us = wait_us,
        .on_cut = die,
    };
    int err;
    if (options->flash_trace != NULL) {
        open_trace(options->flash_trace, &config);
    }
    err = sp_nor_open_file(&part, &config, options->flash);
    if (err < 0) {
        (void)fprintf(stderr, "sealpost-sim: the flash %s %s\n", options->flash, sentence(err));
        exit(1);
    }
    if (options->power_cut_after > 0) {
        sp_nor_fault(&part, options->power_cut_torn ? SP_NOR_CUT_TORN : SP_NOR_CUT_AFTER,
                     options->power_cut_after, options->power_cut_after);
    }
    return &part.flash;
}
