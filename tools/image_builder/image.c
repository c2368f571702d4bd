/*
 * sealpost-image: makes a factory flash image, shows one, or renews its read-only area;
 * docs/image.md.
 */
#include "image.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/port.h"
#include "crypto/crypto.h"
#include "host_clock/host_clock.h"
#include "host_entropy/host_entropy.h"
#include "nor_emulator/nor_emulator.h"
#include "store/layout.h"

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

static const char usage[] =
    "usage: image --config FILE.json --out FLASH.bin [--area FILE]\n"
    "       image --renew-area FLASH.bin [--area FILE]\n"
    "       image --show FLASH.bin\n"
    "\n"
    "  --config FILE.json      the description of what the factory sets (docs/image.md)\n"
    "  --out FLASH.bin         the image to make; an existing file is not overwritten\n"
    "  --renew-area FLASH.bin  writes the read-only area anew, as after an update of the\n"
    "                          firmware; all else stays\n"
    "  --area FILE             the area: sealpost.area of the firmware's build folder;\n"
    "                          when absent, the one in the folder of this program\n"
    "  --show FLASH.bin        what an image holds, without keys, hashes of passwords or seeds\n";

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
        err = sp_store_mount(&store, &part.flash, 0, sp_layout_store_blocks(&part.flash), entries,
                             SP_RECORDS_MAX);
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

static int make(const char *config, const char *out, const char *area)
{
    const char *json = read_text(config);
    if (access(out, F_OK) == 0) {
        die(out, "is there already and is not overwritten");
    }
    open_part(out);
    if (!image_area_write(&part.flash, area) || !image_apply(&store, json)) {
        sp_nor_close(&part);
        (void)unlink(out);
        return 1;
    }
    sp_nor_close(&part);
    return 0;
}

static int renew(const char *path, const char *area)
{
    bool fine;
    if (access(path, R_OK | W_OK) < 0) {
        die(path, "cannot be read and written");
    }
    open_part(path);
    fine = image_area_write(&part.flash, area);
    sp_nor_close(&part);
    return fine ? 0 : 1;
}

static int show(const char *path)
{
    if (access(path, R_OK) < 0) {
        die(path, "cannot be read");
    }
    open_part(path);
    image_show(&store);
    image_area_show(&part.flash);
    sp_nor_close(&part);
    return 0;
}

/* The area that was built with this program. */
static const char *own_area(const char *program)
{
    static char path[4096];
    const char *slash = strrchr(program, '/');
    (void)snprintf(path, sizeof path, "%.*ssealpost.area",
                   slash != NULL ? (int)(slash - program + 1) : 0, program);
    return path;
}

struct words {
    const char *config, *out, *area, *renew, *show;
};

static bool take(struct words *words, const char *option, const char *value)
{
    const struct {
        const char *option;
        const char **to;
    } known[] = {{"--config", &words->config},
                 {"--out", &words->out},
                 {"--area", &words->area},
                 {"--renew-area", &words->renew},
                 {"--show", &words->show}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(option, known[i].option) == 0) {
            *known[i].to = value;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct words words = {.area = own_area(argv[0])};
    bool understood = argc > 1 && argc % 2 == 1;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return 0;
    }
    for (int i = 1; i + 1 < argc && understood; i += 2) {
        understood = take(&words, argv[i], argv[i + 1]);
    }
    start_random();
    if (understood && words.config != NULL && words.out != NULL) {
        return make(words.config, words.out, words.area);
    }
    if (understood && words.renew != NULL) {
        return renew(words.renew, words.area);
    }
    if (understood && words.show != NULL) {
        return show(words.show);
    }
    (void)fputs(usage, stderr);
    return 2;
}
