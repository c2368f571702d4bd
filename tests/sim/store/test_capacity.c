/* 1000 domains in 16 MiB of 64 KiB blocks: what they take, and what finding and renewing one costs.
 * Then each is renewed with a power cut at some operation. */
#include "kit.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

#define DOMAINS 1000U
#define ENTRIES 1100U
#define OTHERS 40U
#define LEAF 1400U
#define KEY 121U
#define STATE 300U
#define DATA (LEAF + KEY + STATE)
#define BLOCK 65536U
#define BLOCKS 240U /* of 256: store/layout.h */

static struct sp_nor nor;
static struct sp_store store;
static struct sp_store_entry entries[ENTRIES];
static uint32_t version[DOMAINS];
static uint32_t dice = 77;

static const char *domain(uint32_t i)
{
    static char name[40];

    (void)snprintf(name, sizeof name, "customer-%u.mail-example.org", i);
    return name;
}

static void random_bytes(uint32_t seed, uint8_t *out, size_t n)
{
    uint32_t random = seed * 2654435761U | 1U;

    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)kit_random(&random);
    }
}

static int put_domain(uint32_t i, uint32_t v)
{
    uint8_t data[DATA] = {0};
    const struct sp_span pieces[] = {sp_span(data, LEAF), sp_span(data + LEAF, KEY),
                                     sp_span(data + LEAF + KEY, STATE)};

    random_bytes(i * 100003 + v, data, sizeof data);
    return sp_store_putv(&store, SP_KIND_DOMAIN, domain(i), pieces, COUNT(pieces),
                         (sp_utc)(1800000000U + i));
}

static bool is_version(uint32_t i, uint32_t v)
{
    uint8_t want[DATA];
    uint8_t got[SP_STORE_RECORD_MAX];

    random_bytes(i * 100003 + v, want, sizeof want);
    return sp_store_get(&store, SP_KIND_DOMAIN, domain(i), got, sizeof got) == (int)DATA &&
           memcmp(want, got, sizeof want) == 0;
}

static void mount(void)
{
    memset(&store, 0xA5, sizeof store);
    assert_int_equal(sp_store_mount(&store, &nor.flash, 0, BLOCKS, entries, ENTRIES), 0);
}

static void tidy(void)
{
    static sp_time now;

    now += 2000;
    for (sp_time next = now; next != SP_NEVER && !nor.off;) {
        now = next > now ? next : now;
        next = sp_store_step(&store, now);
    }
}

static int open_part(void **state)
{
    const struct sp_nor_config config = {
        .size = BLOCKS * BLOCK, .block_size = BLOCK, .page_size = 256, .erase_polls = 2};
    (void)state;

    assert_int_equal(sp_nor_open(&nor, &config), 0);
    mount();
    tidy();
    return 0;
}

static void put_others(void)
{
    uint8_t data[1300];
    char name[80];

    for (uint32_t i = 0; i < 3; i++) {
        random_bytes(i + 1, data, sizeof data);
        (void)snprintf(name, sizeof name, "%064u", i);
        assert_int_equal(sp_store_put(&store, SP_KIND_CHAIN, name, sp_span(data, sizeof data), 0),
                         0);
    }
    for (uint32_t i = 0; i < OTHERS; i++) {
        (void)snprintf(name, sizeof name, "setting-%u", i);
        assert_int_equal(sp_store_put(&store, SP_KIND_SETTING, name, sp_span(data, 60), 0), 0);
    }
}

static void a_thousand_domains_fit(void **state)
{
    uint32_t before;
    (void)state;

    put_others();
    before = sp_store_stats(&store).live_bytes;
    for (uint32_t i = 0; i < DOMAINS; i++) {
        assert_int_equal(put_domain(i, 0), 0);
    }
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), DOMAINS);
    printf("flash for a domain of %u bytes: %.0f bytes\n", DATA,
           (double)(sp_store_stats(&store).live_bytes - before) / DOMAINS);
    printf("RAM for a domain: %.1f bytes (%d an entry, %zu for the store)\n",
           SP_STORE_ENTRY_SIZE + (double)sizeof store / DOMAINS, SP_STORE_ENTRY_SIZE, sizeof store);
    assert_int_equal(sizeof entries[0], SP_STORE_ENTRY_SIZE);
    assert_true(sizeof entries[0] * DOMAINS + sizeof store <= (size_t)16 * DOMAINS);
}

static void each_is_found_by_its_name(void **state)
{
    uint64_t read = nor.stats.read_bytes;
    uint64_t most = 0;
    (void)state;

    for (uint32_t i = 0; i < DOMAINS; i++) {
        uint64_t start = nor.stats.read_bytes;

        assert_true(is_version(i, 0));
        if (nor.stats.read_bytes - start > most) {
            most = nor.stats.read_bytes - start;
        }
    }
    printf("to find and read a domain: %.0f bytes read, at most %u\n",
           (double)(nor.stats.read_bytes - read) / DOMAINS, (unsigned)most);
    assert_true(most <= 2 * DATA);
}

/* Ten years of renewals every two months, with an hour's steps in between. */
static void renewals_wear_the_flash_little(void **state)
{
    uint64_t program = nor.stats.program_bytes;
    uint64_t erases = nor.stats.erases;
    uint64_t reads = nor.stats.read_bytes;
    uint32_t waits = 0;
    const uint32_t rounds = 60;
    double renewals = (double)rounds * DOMAINS;
    (void)state;

    for (uint32_t round = 1; round <= rounds; round++) {
        for (uint32_t i = 0; i < DOMAINS; i++) {
            uint64_t start = nor.stats.erases;

            assert_int_equal(put_domain(i, round), 0);
            version[i] = round;
            waits += nor.stats.erases != start ? 1 : 0;
            tidy();
        }
    }
    printf("a renewal: %.4f erases (one in %.1f renewals), %.0f bytes programmed, %.0f read; "
           "%u of %.0f had to wait for an erase\n",
           (double)(nor.stats.erases - erases) / renewals,
           renewals / (double)(nor.stats.erases - erases),
           (double)(nor.stats.program_bytes - program) / renewals,
           (double)(nor.stats.read_bytes - reads) / renewals, waits, renewals);
    assert_true((double)(nor.stats.erases - erases) / renewals < 1.0 / 25);
    assert_int_equal(waits, 0);
}

static void a_mount_reads_little(void **state)
{
    (void)state;

    mount();
    printf("a mount with %u domains and all blocks used: %u bytes read\n", DOMAINS,
           sp_store_stats(&store).mount_read_bytes);
    assert_true(sp_store_stats(&store).mount_read_bytes < 200000);
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), DOMAINS);
}

static void check_all(void)
{
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), DOMAINS);
    assert_int_equal(sp_store_count(&store, SP_KIND_CHAIN), 3);
    assert_int_equal(sp_store_count(&store, SP_KIND_SETTING), OTHERS);
    for (uint32_t i = 0; i < DOMAINS; i++) {
        assert_true(is_version(i, version[i]));
    }
}

/* The renewal that was cut is done again if need be, as the service would. */
static void renew_with_cut(uint32_t i)
{
    static const enum sp_nor_fault faults[] = {SP_NOR_CUT_BEFORE, SP_NOR_CUT_AFTER, SP_NOR_CUT_TORN,
                                               SP_NOR_CUT_UNSTABLE};
    uint32_t wanted = version[i] + 1;

    sp_nor_fault(&nor, faults[kit_random(&dice) % COUNT(faults)],
                 nor.stats.ops + 1 + kit_random(&dice) % 8, kit_random(&dice));
    if (put_domain(i, wanted) == 0) {
        version[i] = wanted;
    }
    tidy();
    sp_nor_power_on(&nor);
    mount();
    if (version[i] != wanted && !is_version(i, version[i])) {
        assert_true(is_version(i, wanted));
        version[i] = wanted;
    }
    if (version[i] != wanted) {
        assert_int_equal(put_domain(i, wanted), 0);
        version[i] = wanted;
    }
    assert_true(is_version(i, wanted));
    tidy();
}

static void a_thousand_renewals_survive_a_cut_in_each(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < DOMAINS; i++) {
        renew_with_cut(i);
        if (i % 100 == 99) {
            check_all();
        }
    }
    assert_int_equal(sp_store_stats(&store).corrupt, 0);
}

static void one_in_five_can_change_hands(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < DOMAINS; i += 5) {
        assert_int_equal(sp_store_delete(&store, SP_KIND_DOMAIN, domain(i)), 0);
    }
    mount();
    assert_int_equal(sp_store_count(&store, SP_KIND_DOMAIN), DOMAINS - DOMAINS / 5);
    for (uint32_t i = 0; i < DOMAINS; i += 5) {
        assert_int_equal(put_domain(i, version[i]), 0);
    }
    tidy();
    mount();
    check_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_domains_fit),
        cmocka_unit_test(each_is_found_by_its_name),
        cmocka_unit_test(renewals_wear_the_flash_little),
        cmocka_unit_test(a_mount_reads_little),
        cmocka_unit_test(a_thousand_renewals_survive_a_cut_in_each),
        cmocka_unit_test(one_in_five_can_change_hands),
    };

    return cmocka_run_group_tests(tests, open_part, NULL);
}
