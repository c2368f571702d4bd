/*
 * capacity_fill: puts a fleet of domains into a factory flash image, with the firmware's own code.
 *
 *   capacity_fill [--fixed] FLASH.bin DOMAINS LIST.tsv ROOT.pem
 *
 * With --fixed the keys come from a fixed seed and the dates from FIXED_UTC, so that an image comes
 * out the same each time, for counting instructions.
 *
 * LIST.tsv gets a line a domain: name, SHA-256 of its leaf in hexadecimal, policy id. ROOT.pem gets
 * the fleet's root, which the image trusts from then on. Standard output gets one JSON object with
 * what it took.
 */
#include "fleet.h"

#include "base/err.h"
#include "base/port.h"
#include "crypto/cert.h"
#include "fixed_time.h"
#include "host_clock/host_clock.h"
#include "host_entropy/host_entropy.h"
#include "nor_emulator/nor_emulator.h"
#include "store/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE (16U * 1024U * 1024U)
#define BLOCK_SIZE (64U * 1024U)
#define PAGE_SIZE 256U
#define DAY 86400
#define HEX_SIZE (2 * SP_SHA256_SIZE + 1)

static struct sp_nor part;
static struct sp_store store;
static struct sp_store_entry entries[SP_RECORDS_MAX];
static struct authority authority;
static sp_utc now_utc;

static _Noreturn void die(const char *what, int err)
{
    (void)fprintf(stderr, "capacity_fill: %s: %s\n", what, sp_err_text(err));
    exit(1);
}

static void need(int err, const char *what)
{
    if (err < 0)
        die(what, err);
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        die(path, SP_E_IO);
    return file;
}

static int fixed_read(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    static uint32_t state = 20261124;
    uint8_t *bytes = buf;

    (void)entropy;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525U + 1013904223U;
        bytes[i] = (uint8_t)(state >> 24U);
    }
    return 0;
}

static void start(const char *flash, bool fixed)
{
    static struct sp_hal_entropy fixed_entropy = {.read = fixed_read};
    static struct sp_host_clock clock;
    const struct sp_nor_config config = {
        .size = SIZE, .block_size = BLOCK_SIZE, .page_size = PAGE_SIZE, .timing = SP_NOR_INSTANT};

    sp_host_clock_start(&clock);
    sp_port_bind(&clock.clock, fixed ? &fixed_entropy : &sp_host_entropy, NULL);
    now_utc = fixed ? FIXED_UTC : (sp_utc)time(NULL);
    sp_port_set_limit(SP_POOL_TLS, 1U << 20U);
    need(sp_crypto_start(), "random generator");
    need(access(flash, R_OK | W_OK) == 0 ? 0 : SP_E_NOT_FOUND, flash);
    need(sp_nor_open_file(&part, &config, flash), flash);
    need(sp_store_mount(&store, &part.flash, 0, sp_layout_store_blocks(&part.flash), entries,
                        SP_RECORDS_MAX),
         flash);
}

static const char *hex_of(const uint8_t *hash)
{
    static char hex[HEX_SIZE];
    struct sp_buf buf;

    sp_buf_init(&buf, hex, sizeof hex);
    sp_hex(&buf, sp_span(hash, SP_SHA256_SIZE));
    return hex;
}

/* As the image builder keeps an extra root. */
static void trust_root(void)
{
    uint8_t hash[SP_SHA256_SIZE];
    const struct sp_span root = sp_span(authority.root.der, authority.root.n);
    const struct sp_span pieces[] = {sp_span("F", 1), root};

    sp_sha256(root, hash);
    need(sp_store_putv(&store, SP_KIND_TRUST, hex_of(hash), pieces, 2, 0), "the root");
}

static void write_root(const char *path)
{
    char pem[2048];
    struct sp_buf buf;
    FILE *file = create(path);

    sp_buf_init(&buf, pem, sizeof pem);
    sp_pem_put(&buf, sp_span(authority.root.der, authority.root.n));
    (void)fputs(pem, file);
    (void)fclose(file);
}

static void list(FILE *out, unsigned i, const uint8_t hash[SP_SHA256_SIZE])
{
    char id[SP_POLICY_ID_SIZE];

    fleet_policy_id(i, id);
    (void)fprintf(out, "%s\t%s\t%s\n", fleet_name(i), hex_of(hash), id);
}

static void tidy(void)
{
    sp_time now = 1;

    for (sp_time next = now; next != SP_NEVER; next = sp_store_step(&store, now))
        now = next > now ? next : now;
}

static void fill(unsigned domains, const char *path)
{
    static struct authority_leaf leaf;
    FILE *out = create(path);

    for (unsigned i = 0; i < domains; i++) {
        uint8_t hash[SP_SHA256_SIZE];

        need(authority_issue(&authority, fleet_host(i), &leaf), fleet_host(i));
        need(fleet_add(&store, i, &leaf, now_utc), fleet_name(i));
        sp_sha256(leaf.chain[0], hash);
        list(out, i, hash);
        tidy();
    }
    (void)fclose(out);
}

static void report(unsigned domains, struct sp_store_stats before)
{
    struct sp_store_stats after = sp_store_stats(&store);

    (void)printf("{\"domains\": %u, \"intermediates\": %u, \"flash_bytes_a_domain\": %.1f, "
                 "\"index_bytes_a_record\": %u, \"records\": %u, \"store_bytes\": %zu, "
                 "\"free_blocks\": %u}\n",
                 sp_store_count(&store, SP_KIND_DOMAIN), sp_store_count(&store, SP_KIND_CHAIN),
                 (double)(after.live_bytes - before.live_bytes) / domains,
                 (unsigned)sizeof entries[0], after.records, sizeof store, after.free_blocks);
}

int main(int argc, char **argv)
{
    bool fixed = argc > 1 && strcmp(argv[1], "--fixed") == 0;
    char **words = argv + (fixed ? 2 : 1);
    unsigned domains = argv + argc - words == 4 ? (unsigned)strtoul(words[1], NULL, 10) : 0;
    struct sp_store_stats before;

    if (domains == 0 || domains > FLEET_DOMAINS) {
        (void)fprintf(stderr,
                      "usage: capacity_fill [--fixed] FLASH.bin DOMAINS LIST.tsv ROOT.pem\n");
        return 2;
    }
    start(words[0], fixed);
    need(authority_make(&authority, now_utc - DAY, now_utc - DAY + FLEET_LIFETIME),
         "the authority");
    trust_root();
    write_root(words[3]);
    before = sp_store_stats(&store);
    fill(domains, words[2]);
    report(domains, before);
    sp_nor_close(&part);
    return 0;
}
