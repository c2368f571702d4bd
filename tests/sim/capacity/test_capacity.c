/*
 * 1000 domains with keys, real leaves of 1400 bytes that do not compress, and shared intermediates
 * in the store of a 16 MiB part of 64 KiB blocks: they fit, each is found by its host name, and
 * each is renewed with the power cut at some operation of its renewal. After one renewal in four
 * the power is cut in the collection, too, that its writes made due. The part is aged first, so
 * that there is something to collect.
 */
#include "fleet.h"

#include "base/err.h"
#include "base/port.h"
#include "base/scratch.h"
#include "nor_emulator/nor_emulator.h"
#include "test_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BLOCK 65536U
#define BLOCKS 240U /* of 256: the read-only area takes the others */
#define NOW ((sp_utc)1800000000)
#define LATER (NOW + 60 * 86400)
#define SAMPLE 3U           /* other domains looked at after each cut */
#define SWEEP_EVERY 250U    /* renewals */
#define COLLECTION_EVERY 4U /* renewals with a second cut */
#define COLLECTION_OPS 3U   /* of one that has nothing to copy */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct sp_nor nor;
static struct sp_store store;
static struct sp_store_entry entries[SP_RECORDS_MAX];
static struct authority authority;
static struct authority_leaf leaf;
static uint8_t shown[FLEET_DOMAINS][SP_SHA256_SIZE]; /* the leaf that each has */
static uint32_t dice = 20261124;
static unsigned write_ops = 4; /* operations that the last renewal's record took */

static struct {
    double flash, ram, read, link_read;
    unsigned most_read, mount_read;
    unsigned in_renewal, in_collection; /* cuts */
    unsigned kept_old;                  /* cuts of a renewal after which the old one stood */
    uint64_t erases;
} found;

static uint32_t draw(uint32_t below)
{
    dice ^= dice << 13;
    dice ^= dice >> 17;
    dice ^= dice << 5;
    return dice % below;
}

static void mount(void)
{
    memset(&store, 0xA5, sizeof store);
    memset(entries, 0xA5, sizeof entries);
    assert_int_equal(sp_store_mount(&store, &nor.flash, 0, BLOCKS, entries, SP_RECORDS_MAX), 0);
}

static void upkeep(void)
{
    static sp_time now;

    now += 2000;
    for (sp_time next = now; next != SP_NEVER && !nor.off;) {
        now = next > now ? next : now;
        next = sp_store_step(&store, now);
    }
}

static void sweep_intermediates(void)
{
    sp_chain_sweep_begin();
    while (sp_chain_sweep_step(&store, 1) != SP_NEVER) {
    }
}

static bool is_shown(unsigned i)
{
    uint8_t hash[SP_SHA256_SIZE];

    return fleet_whole(&store, i, hash) && memcmp(hash, shown[i], sizeof hash) == 0;
}

static void check(unsigned i)
{
    if (!is_shown(i))
        fail_msg("%s is not whole, or not what it was", fleet_name(i));
}

static void check_all(void)
{
    for (unsigned i = 0; i < FLEET_DOMAINS; i++)
        check(i);
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), FLEET_DOMAINS);
    assert_int_equal(sp_store_stats(&store).corrupt, 0);
}

static void issue(unsigned i)
{
    assert_int_equal(authority_issue(&authority, fleet_host(i), &leaf), 0);
}

static int begin(void **state)
{
    const struct sp_nor_config config = {
        .size = BLOCKS * BLOCK, .block_size = BLOCK, .page_size = 256, .erase_polls = 2};
    (void)state;

    test_clock_start();
    sp_port_set_limit(SP_POOL_TLS, 1U << 20U);
    assert_int_equal(sp_crypto_start(), 0);
    assert_int_equal(authority_make(&authority, NOW - 86400, NOW - 86400 + FLEET_LIFETIME), 0);
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    mount();
    upkeep();
    return 0;
}

static int end(void **state)
{
    (void)state;
    printf("capacity: %u domains, %.0f bytes of flash and %.1f of RAM each; found with %.0f bytes "
           "read (at most %u), %.0f with the chain; mount reads %u; cuts: %u in renewals (the "
           "old one stood after %u), %u in collections; %llu erases\n",
           FLEET_DOMAINS, found.flash, found.ram, found.read, found.most_read, found.link_read,
           found.mount_read, found.in_renewal, found.kept_old, found.in_collection,
           (unsigned long long)found.erases);
    sp_nor_close(&nor);
    return 0;
}

/* --- they fit --- */

static void a_thousand_domains_fit(void **state)
{
    uint32_t before = sp_store_stats(&store).live_bytes;
    struct sp_store_stats stats;
    (void)state;

    for (unsigned i = 0; i < FLEET_DOMAINS; i++) {
        issue(i);
        assert_int_equal(leaf.chain[0].n, AUTHORITY_LEAF);
        assert_int_equal(fleet_add(&store, i, &leaf, NOW), 0);
        sp_sha256(leaf.chain[0], shown[i]);
        upkeep();
    }
    mount();
    check_all();
    stats = sp_store_stats(&store);
    found.flash = (double)(stats.live_bytes - before) / FLEET_DOMAINS;
    found.mount_read = stats.mount_read_bytes;
    assert_int_equal(sp_store_count(&store, SP_KIND_CHAIN), FLEET_SHARED);
}

/* The index's entries for all records, and all else that the store has in RAM. */
static void a_domain_takes_at_most_16_bytes_of_ram(void **state)
{
    size_t bytes = sp_store_stats(&store).records * sizeof entries[0] + sizeof store;
    (void)state;

    assert_int_equal(sizeof entries[0], SP_STORE_ENTRY_SIZE);
    found.ram = (double)bytes / FLEET_DOMAINS;
    assert_in_range(bytes, 1, (size_t)16 * FLEET_DOMAINS);
}

static void each_is_found_by_its_host_with_little_read(void **state)
{
    size_t mark = sp_scratch_mark();
    uint64_t domains = 0;
    uint64_t start = nor.stats.read_bytes;
    (void)state;

    for (unsigned i = 0; i < FLEET_DOMAINS; i++) {
        char name[SP_DOMAIN_SIZE];
        uint64_t before = nor.stats.read_bytes;
        struct sp_domain *domain = sp_domain_take(SP_DOMAIN_KEY | SP_DOMAIN_LEAF);
        struct sp_span link;
        uint64_t read;

        assert_int_equal(sp_domain_of_host(fleet_host(i), name), 0);
        assert_int_equal(sp_domain_load(&store, name, domain), 0);
        read = nor.stats.read_bytes - before;
        domains += read;
        if (read > found.most_read)
            found.most_read = (unsigned)read;
        for (unsigned l = 0; l < FLEET_SHARED; l++)
            assert_int_equal(sp_domain_take_link(&store, domain, l, &link), 0);
        sp_scratch_release(mark);
    }
    found.read = (double)domains / FLEET_DOMAINS;
    found.link_read = (double)(nor.stats.read_bytes - start) / FLEET_DOMAINS;
    assert_in_range(found.most_read, AUTHORITY_LEAF, 2 * AUTHORITY_LEAF + 1024);
}

static void an_unknown_host_is_not_found(void **state)
{
    static struct sp_domain domain;
    (void)state;

    assert_int_equal(sp_domain_load(&store, fleet_name(FLEET_DOMAINS), &domain), SP_E_NOT_FOUND);
}

/* --- they survive --- */

/* The record of one, as it is, written once more. */
static int rewrite(unsigned i)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_WHOLE);
    int err = sp_domain_load(&store, fleet_name(i), domain);

    if (err == 0)
        err = sp_domain_save(&store, domain);
    sp_scratch_release(mark);
    return err;
}

/* The same records again and again until collection has long begun. */
static void age_the_part(void)
{
    uint32_t erases = sp_store_stats(&store).erases;

    for (unsigned n = 0; sp_store_stats(&store).erases < erases + BLOCKS / 8; n++) {
        assert_true(n < 20 * FLEET_DOMAINS);
        assert_int_equal(rewrite(draw(FLEET_DOMAINS)), 0);
        upkeep();
    }
}

/* Power goes at the number-th operation from now on, from 0. */
static void arm(unsigned kind, uint64_t number)
{
    static const enum sp_nor_fault faults[] = {SP_NOR_CUT_BEFORE, SP_NOR_CUT_TORN, SP_NOR_CUT_AFTER,
                                               SP_NOR_CUT_UNSTABLE};

    sp_nor_fault(&nor, faults[kind % COUNT(faults)], nor.stats.ops + 1 + number, draw(1U << 30U));
}

/* Whole, and the old one or the new one. */
static void settle(unsigned i)
{
    uint8_t hash[SP_SHA256_SIZE];
    uint8_t wanted[SP_SHA256_SIZE];

    sp_sha256(leaf.chain[0], wanted);
    assert_true(fleet_whole(&store, i, hash));
    if (memcmp(hash, wanted, sizeof hash) == 0) {
        memcpy(shown[i], wanted, sizeof wanted);
        return;
    }
    assert_memory_equal(hash, shown[i], sizeof hash);
    found.kept_old++;
}

static void power_comes_back(void)
{
    sp_nor_power_on(&nor);
    mount();
}

/* False when the renewal was over before: it took fewer operations than the last one. */
static bool cut_renewal(unsigned i)
{
    uint64_t before = nor.stats.ops;
    int err;

    issue(i);
    arm(i, draw(write_ops));
    err = fleet_renew(&store, i, &leaf, LATER);
    if (nor.off) {
        assert_true(err < 0);
        found.in_renewal++;
        return true;
    }
    assert_int_equal(err, 0);
    sp_sha256(leaf.chain[0], shown[i]);
    write_ops = (unsigned)(nor.stats.ops - before);
    upkeep();
    return false;
}

static void renew_again(unsigned i)
{
    uint64_t before = nor.stats.ops;

    assert_int_equal(fleet_renew(&store, i, &leaf, LATER), 0);
    write_ops = (unsigned)(nor.stats.ops - before);
    sp_sha256(leaf.chain[0], shown[i]);
    check(i);
    upkeep();
}

/* The record is written until that makes a collection due. */
static void cut_collection(unsigned i)
{
    for (unsigned tries = 0; !nor.off; tries++) {
        assert_true(tries < 500);
        sp_nor_fault(&nor, SP_NOR_SOUND, 0, 0);
        assert_int_equal(rewrite(i), 0);
        arm(i / COLLECTION_EVERY, draw(COLLECTION_OPS));
        upkeep();
    }
    power_comes_back();
    check(i);
    upkeep();
    found.in_collection++;
}

static void renew_with_a_cut(unsigned i)
{
    while (!cut_renewal(i)) {
    }
    power_comes_back();
    settle(i);
    upkeep();
    renew_again(i);
    if (i % COLLECTION_EVERY == 0)
        cut_collection(i);
    for (unsigned n = 0; n < SAMPLE; n++)
        check(draw(FLEET_DOMAINS));
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), FLEET_DOMAINS);
    assert_int_equal(sp_store_stats(&store).corrupt, 0);
}

/* Meanwhile the CA has a new issuer: the old one stays while anybody names it. */
static void a_thousand_renewals_survive_a_cut_in_each(void **state)
{
    (void)state;

    age_the_part();
    assert_int_equal(authority_rotate(&authority), 0);
    found.erases = nor.stats.erases;
    for (unsigned i = 0; i < FLEET_DOMAINS; i++) {
        renew_with_a_cut(i);
        assert_int_equal(sp_store_count(&store, SP_KIND_CHAIN), FLEET_SHARED + 1);
        if (i % SWEEP_EVERY == SWEEP_EVERY / 2)
            sweep_intermediates();
    }
    found.erases = nor.stats.erases - found.erases;
    check_all();
    assert_int_equal(found.in_renewal, FLEET_DOMAINS);
    assert_true(found.kept_old > 0 && found.kept_old < FLEET_DOMAINS);
}

static void intermediates_are_kept_exactly_once(void **state)
{
    (void)state;

    assert_int_equal(sp_store_count(&store, SP_KIND_CHAIN), FLEET_SHARED + 1);
    sweep_intermediates();
    assert_int_equal(sp_store_count(&store, SP_KIND_CHAIN), FLEET_SHARED);
    mount();
    check_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_domains_fit),
        cmocka_unit_test(a_domain_takes_at_most_16_bytes_of_ram),
        cmocka_unit_test(each_is_found_by_its_host_with_little_read),
        cmocka_unit_test(an_unknown_host_is_not_found),
        cmocka_unit_test(a_thousand_renewals_survive_a_cut_in_each),
        cmocka_unit_test(intermediates_are_kept_exactly_once),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
