/*
 * sealpost-image: makes a factory flash image, or shows one; docs/image.md.
 */
#include "image.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/port.h"
#include "crypto/crypto.h"
#include "host_clock/host_clock.h"
#include "host_entropy/host_entropy.h"
#include "nor_emulator/nor_emulator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE (16U * 1024U * 1024U)
#define BLOCK_SIZE (64U * 1024U)
#define PAGE_SIZE 256U

static struct sp_nor part;
static struct sp_store store;
static struct sp_store_entry entries[SP_RECORDS_MAX];

static const char usage[] = "usage: image --config FILE.json --out FLASH.bin\n"
                            "       image --show FLASH.bin\n";

static _Noreturn void die(const char *what, const char *sentence)
{
    (void)fprintf(stderr, "image: %s: %s\n", what, sentence);
    exit(1);
}

static void open_part(const char *path)
{
    const struct sp_nor_config config = {
        .size = SIZE, .block_size = BLOCK_SIZE, .page_size = PAGE_SIZE, .timing = SP_NOR_INSTANT};
    int err = sp_nor_open_file(&part, &config, path);
    if (err == SP_OK) {
        err = sp_store_mount(&store, &part.flash, 0, SIZE / BLOCK_SIZE, entries, SP_RECORDS_MAX);
    }
    if (err < 0) {
        die(path, err == SP_E_INVALID ? "is not a flash image of 16 MiB"
                  : err == SP_E_STATE ? "is in use by a running appliance"
                                      : sp_err_text(err));
    }
}

static char *read_text(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "r");
    size_t n;
    if (file == NULL) {
        die(path, "cannot be read");
    }
    n = fread(text, 1, sizeof text - 1, file);
    if (!feof(file)) {
        die(path, "is longer than 64 KiB");
    }
    (void)fclose(file);
    text[n] = '\0';
    return text;
}

static void start_random(void)
{
    static struct sp_host_clock clock;
    sp_host_clock_start(&clock);
    sp_port_bind(&clock.clock, &sp_host_entropy, NULL);
    sp_port_set_limit(SP_POOL_TLS, 1U << 20U);
    if (sp_crypto_start() < 0) {
        die("random generator", "does not start");
    }
}

static int make(const char *config, const char *out)
{
    const char *json = read_text(config);
    if (access(out, F_OK) == 0) {
        die(out, "is there already and is not overwritten");
    }
    open_part(out);
    if (!image_apply(&store, json)) {
        sp_nor_close(&part);
        (void)unlink(out);
        return 1;
    }
    sp_nor_close(&part);
    return 0;
}

static int show(const char *path)
{
    if (access(path, R_OK) < 0) {
        die(path, "cannot be read");
    }
    open_part(path);
    image_show(&store);
    sp_nor_close(&part);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--config") == 0 && strcmp(argv[3], "--out") == 0) {
        start_random();
        return make(argv[2], argv[4]);
    }
    if (argc == 3 && strcmp(argv[1], "--show") == 0) {
        start_random();
        return show(argv[2]);
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return 0;
    }
    (void)fputs(usage, stderr);
    return 2;
}
