/* Domains in the store, real certificates, shared intermediates and their sweep. */
#include "base/err.h"
#include "base/port.h"
#include "base/scratch.h"
#include "crypto/cert.h"
#include "mtasts/chain.h"
#include "mtasts/domain.h"

#include "certs.h"
#include "cm.h"
#include "fake_store.h"
#include "samples.h"

#include <stdio.h>
#include <string.h>

static struct sp_store store;
static struct sp_domain domain, other;

#define SPAN(array) sp_span(array, sizeof(array))

static int fill_entropy(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    (void)entropy;
    memset(buf, 0x5A, n);
    return 0;
}

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return 0;
}

static int start(void **state)
{
    static struct sp_hal_clock clock = {.mono_ms = mono_ms};
    static struct sp_hal_entropy entropy = {.read = fill_entropy};
    (void)state;

    sp_port_bind(&clock, &entropy, NULL);
    return sp_crypto_start();
}

static int clear(void **state)
{
    (void)state;
    fake_store_clear();
    sample_domain(&domain, "example.com");
    sample_domain(&other, "");
    sp_chain_sweep_begin();
    while (sp_chain_sweep_step(&store, 0) != SP_NEVER) {
        continue;
    }
    return 0;
}

static int install(const struct sp_span *chain, unsigned links)
{
    return sp_domain_install(&store, &domain, SPAN(test_key), chain, links);
}

static int install_all(void)
{
    const struct sp_span chain[] = {SPAN(test_leaf), SPAN(test_issuer), SPAN(test_upper)};

    return install(chain, 3);
}

static void a_saved_domain_is_loaded(void **state)
{
    (void)state;
    assert_int_equal(sp_domain_load(&store, "example.com", &other), SP_E_NOT_FOUND);
    sample_full(&domain, "example.com");
    assert_int_equal(sp_domain_save(&store, &domain), 0);
    assert_int_equal(sp_domain_load(&store, "example.com", &other), 0);
    assert_int_equal(other.leaf_n, domain.leaf_n);
    assert_memory_equal(other.leaf, domain.leaf, domain.leaf_n);
    assert_memory_equal(other.key, domain.key, domain.key_n);
    assert_memory_equal(other.links, domain.links, sizeof domain.links);
    assert_string_equal(other.policy.mx[1], domain.policy.mx[1]);
    assert_string_equal(other.name, domain.name);
    sp_domain_wipe(&other);
    assert_int_equal(other.key_n, 0);
}

static void a_damaged_record_is_said_to_be(void **state)
{
    uint8_t *bytes;
    size_t n;
    (void)state;

    assert_int_equal(sp_domain_save(&store, &domain), 0);
    bytes = fake_store_bytes(SP_KIND_DOMAIN, "example.com", &n);
    bytes[0] ^= 0x40;
    assert_int_equal(sp_domain_load(&store, "example.com", &other), SP_E_CORRUPT);
}

static void of_a_record_that_breaks_off_no_key_is_left(void **state)
{
    static const uint8_t zeros[SP_KEY_DER_MAX];
    const uint8_t *bytes;
    size_t n;
    (void)state;

    sample_full(&domain, "example.com");
    assert_int_equal(sp_domain_save(&store, &domain), 0);
    bytes = fake_store_bytes(SP_KIND_DOMAIN, "example.com", &n);
    assert_int_equal(sp_store_put(&store, SP_KIND_DOMAIN, "cut.example", sp_span(bytes, n - 1), 0),
                     0);
    assert_int_equal(sp_domain_load(&store, "cut.example", &other), SP_E_CORRUPT);
    assert_memory_equal(other.key, zeros, sizeof zeros);
}

/* That the bytes were not right is known only after all of them. */
static void of_a_record_with_a_wrong_checksum_nothing_is_left(void **state)
{
    static const uint8_t zeros[SP_LEAF_MAX];
    (void)state;

    sample_full(&domain, "example.com");
    assert_int_equal(sp_domain_save(&store, &domain), 0);
    fake_store_end = SP_E_CORRUPT;
    assert_int_equal(sp_domain_load(&store, "example.com", &other), SP_E_CORRUPT);
    assert_memory_equal(other.key, zeros, SP_KEY_DER_MAX);
    assert_memory_equal(other.leaf, zeros, SP_LEAF_MAX);
    assert_int_equal(other.key_n, 0);
    assert_string_equal(other.name, "");
    assert_int_equal(sp_domain_load(&store, "example.com", &other), 0);
}

static void a_domain_in_scratch_memory_has_the_parts_that_were_asked_for(void **state)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *brief, *whole;
    (void)state;

    sample_full(&domain, "example.com");
    assert_int_equal(sp_domain_save(&store, &domain), 0);
    brief = sp_domain_take(SP_DOMAIN_BRIEF);
    assert_int_equal(sp_domain_load(&store, "example.com", brief), 0);
    assert_null(brief->policy.mx);
    assert_null(brief->key);
    assert_null(brief->leaf);
    assert_int_equal(brief->leaf_n, domain.leaf_n);
    assert_int_equal(sp_domain_save(&store, brief), SP_E_INVALID);
    sp_scratch_release(mark);
    whole = sp_domain_take(SP_DOMAIN_WHOLE);
    assert_int_equal(sp_domain_load(&store, "example.com", whole), 0);
    assert_memory_equal(whole->leaf, domain.leaf, domain.leaf_n);
    assert_int_equal(sp_domain_save(&store, whole), 0);
    sp_scratch_release(mark);
    assert_int_equal(sp_scratch_use().used, mark);
}

static void a_link_takes_just_its_size(void **state)
{
    size_t mark = sp_scratch_mark();
    struct sp_span link;
    (void)state;

    assert_int_equal(install_all(), 0);
    assert_int_equal(sp_domain_take_link(&store, &domain, 1, &link), 0);
    assert_int_equal(link.n, sizeof test_upper);
    assert_memory_equal(link.p, test_upper, sizeof test_upper);
    assert_in_range(sp_scratch_use().used - mark, link.n, link.n + 15);
    fake_store_end = SP_E_CORRUPT;
    assert_int_equal(sp_domain_take_link(&store, &domain, 0, &link), SP_E_CORRUPT);
    assert_int_equal(sp_domain_take_link(&store, &domain, 2, &link), SP_E_NOT_FOUND);
    sp_scratch_release(mark);
}

/* Such a record is not one of ours: it must not use up the scratch memory. */
static void a_link_that_is_too_long_is_refused(void **state)
{
    static uint8_t long_one[SP_STORE_RECORD_MAX];
    char hex[2 * SP_SHA256_SIZE + 1];
    struct sp_buf buf;
    struct sp_span link;
    (void)state;

    assert_int_equal(install_all(), 0);
    sp_buf_init(&buf, hex, sizeof hex);
    sp_hex(&buf, sp_span(domain.links[0], SP_SHA256_SIZE));
    assert_int_equal(sp_store_put(&store, SP_KIND_CHAIN, hex, SPAN(long_one), 0), 0);
    assert_int_equal(sp_domain_take_link(&store, &domain, 0, &link), SP_E_TOO_BIG);
}

static void the_due_follows_the_state(void **state)
{
    static const struct {
        enum sp_domain_state state;
        sp_utc next_try, next_check, due;
    } rows[] = {
        {SP_DOMAIN_DISABLED, 100, 200, 200},
        {SP_DOMAIN_DISABLED, 100, 0, 0},
        {SP_DOMAIN_RETIRING, 300, 200, 200},
        {SP_DOMAIN_RETIRING, 100, 200, 100},
        {SP_DOMAIN_WAITING_DNS, 100, 200, 200},
        {SP_DOMAIN_ORDERING, 100, 50, 100},
        {SP_DOMAIN_ACTIVE, 100, 200, 100},
        {SP_DOMAIN_ACTIVE, 300, 200, 200},
        {SP_DOMAIN_ACTIVE, 0, 200, 200},
        {SP_DOMAIN_ACTIVE, 300, 0, 300},
        {SP_DOMAIN_ACTIVE, 0, 0, 0},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        sp_utc due;

        domain.state = rows[i].state;
        domain.next_try = rows[i].next_try;
        domain.next_check = rows[i].next_check;
        assert_int_equal(sp_domain_due(&domain), rows[i].due);
        assert_int_equal(sp_domain_save(&store, &domain), 0);
        assert_int_equal(sp_store_get_due(&store, SP_KIND_DOMAIN, "example.com", &due), 0);
        assert_int_equal(due, rows[i].due);
    }
}

static void hosts_and_domains_belong_together(void **state)
{
    char out[SP_DOMAIN_SIZE], longest[SP_DOMAIN_SIZE];
    (void)state;

    assert_int_equal(sp_domain_host("example.com", out), 0);
    assert_string_equal(out, "mta-sts.example.com");
    assert_int_equal(sp_domain_of_host("mta-sts.example.com", out), 0);
    assert_string_equal(out, "example.com");
    assert_int_equal(sp_domain_of_host("example.com", out), SP_E_INVALID);
    assert_int_equal(sp_domain_of_host("mta-sts.", out), SP_E_INVALID);
    assert_int_equal(sp_domain_of_host("", out), SP_E_INVALID);
    memset(longest, 'a', sizeof longest);
    longest[253 - 8] = '\0';
    assert_int_equal(sp_domain_host(longest, out), 0);
    longest[253 - 8] = 'a';
    longest[253 - 7] = '\0';
    assert_int_equal(sp_domain_host(longest, out), SP_E_SPACE);
}

static void a_certificate_is_installed_with_its_chain(void **state)
{
    uint8_t link[SP_LINK_MAX];
    (void)state;

    assert_int_equal(install_all(), 0);
    assert_int_equal(domain.key_n, sizeof test_key);
    assert_memory_equal(domain.key, test_key, sizeof test_key);
    assert_int_equal(domain.leaf_n, sizeof test_leaf);
    assert_memory_equal(domain.leaf, test_leaf, sizeof test_leaf);
    assert_int_equal(domain.not_before, NOT_BEFORE);
    assert_int_equal(domain.not_after, NOT_AFTER);
    assert_int_equal(domain.links_n, 2);
    assert_int_equal(sp_domain_link(&store, &domain, 0, link, sizeof link), sizeof test_issuer);
    assert_memory_equal(link, test_issuer, sizeof test_issuer);
    assert_int_equal(sp_domain_link(&store, &domain, 1, link, sizeof link), sizeof test_upper);
    assert_memory_equal(link, test_upper, sizeof test_upper);
    assert_int_equal(sp_domain_link(&store, &domain, 2, link, sizeof link), SP_E_NOT_FOUND);
    assert_int_equal(sp_domain_load(&store, "example.com", &other), SP_E_NOT_FOUND);
}

static void a_shared_intermediate_is_kept_once(void **state)
{
    (void)state;
    assert_int_equal(install_all(), 0);
    assert_int_equal(install_all(), 0);
    assert_int_equal(fake_store_stats.puts, 2);
}

static void a_certificate_that_does_not_fit_is_refused(void **state)
{
    static uint8_t big[SP_LEAF_MAX + 1];
    const struct sp_span leaf = SPAN(test_leaf), issuer = SPAN(test_issuer),
                         upper = SPAN(test_upper);
    const struct sp_span wrong_order[] = {leaf, upper, issuer};
    const struct sp_span not_the_leaf[] = {issuer, upper};
    const struct sp_span big_leaf[] = {SPAN(big)};
    const struct sp_span big_link[] = {leaf, SPAN(big)};
    const struct sp_span not_a_certificate[] = {SPAN(test_key)};
    uint8_t wrong_key[sizeof test_key];
    (void)state;

    assert_int_equal(install(wrong_order, 3), SP_E_CERT_BAD);
    assert_int_equal(install(not_the_leaf, 2), SP_E_CERT_BAD);
    assert_int_equal(install(big_leaf, 1), SP_E_TOO_BIG);
    assert_int_equal(install(big_link, 2), SP_E_TOO_BIG);
    assert_int_equal(install(not_a_certificate, 1), SP_E_CERT_BAD);
    assert_int_equal(install(wrong_order, 0), SP_E_CERT_BAD);
    assert_int_equal(install(wrong_order, SP_CHAIN_LINKS + 1), SP_E_TOO_BIG);
    memcpy(wrong_key, test_key, sizeof wrong_key);
    wrong_key[10] ^= 1;
    assert_int_equal(sp_domain_install(&store, &domain, SPAN(wrong_key), &leaf, 1), SP_E_CERT_BAD);
    assert_int_equal(sp_domain_install(&store, &domain, sp_span(NULL, 0), &leaf, 1), SP_E_CERT_BAD);
    strcpy(domain.name, "other.example.com");
    assert_int_equal(install_all(), SP_E_CERT_BAD);
    assert_int_equal(domain.key_n, 0);
    assert_int_equal(fake_store_stats.puts, 0);
}

static void a_full_store_leaves_the_domain_as_it_was(void **state)
{
    (void)state;
    fake_store_error = SP_E_FULL;
    fake_store_fail_at = 2;
    assert_int_equal(install_all(), SP_E_FULL);
    assert_int_equal(domain.key_n, 0);
    assert_int_equal(domain.links_n, 0);
}

/* --- sweep --- */

static void put_link(const char *text)
{
    assert_int_equal(sp_chain_put(&store, sp_span_str(text)), 0);
}

static void name_link(struct sp_domain *of, const char *text)
{
    sp_sha256(sp_span_str(text), of->links[of->links_n++]);
}

static bool has_link(const char *text)
{
    uint8_t hash[SP_SHA256_SIZE];
    char hex[2 * SP_SHA256_SIZE + 1];
    struct sp_buf buf;

    sp_sha256(sp_span_str(text), hash);
    sp_buf_init(&buf, hex, sizeof hex);
    sp_hex(&buf, sp_span(hash, sizeof hash));
    return sp_store_length(&store, SP_KIND_CHAIN, hex) >= 0;
}

static void give_certificate(struct sp_domain *to)
{
    to->key_n = to->leaf_n = 1;
}

static unsigned sweep_to_the_end(void)
{
    unsigned steps = 0;

    while (sp_chain_sweep_step(&store, 5) == 5) {
        steps++;
    }
    return steps;
}

static void the_sweep_deletes_what_nobody_names(void **state)
{
    char text[16];
    (void)state;

    for (int i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof text, "link %d", i);
        put_link(text);
    }
    give_certificate(&domain);
    name_link(&domain, "link 3");
    name_link(&domain, "link 150");
    assert_int_equal(sp_domain_save(&store, &domain), 0);
    sp_chain_sweep_begin();
    assert_in_range(sweep_to_the_end(), 200, 500);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof text, "link %d", i);
        assert_int_equal(has_link(text), i == 3 || i == 150);
    }
    assert_int_equal(sp_chain_sweep_step(&store, 5), SP_NEVER);
}

/* At every step of the sweep in turn, a domain comes that names the link: it stays. */
static void the_sweep_spares_what_is_named_meanwhile(void **state)
{
    for (unsigned at = 0; at < 8; at++) {
        unsigned step = 0;

        clear(state);
        sample_domain(&other, "b.example.com");
        assert_int_equal(sp_domain_save(&store, &other), 0);
        put_link("old");
        put_link("new");
        sp_chain_sweep_begin();
        do {
            if (step == at) {
                put_link("new");
                sample_domain(&domain, "a.example.com");
                give_certificate(&domain);
                name_link(&domain, "new");
                assert_int_equal(sp_domain_save(&store, &domain), 0);
            }
            step++;
        } while (sp_chain_sweep_step(&store, 5) == 5);
        assert_false(has_link("old"));
        assert_int_equal(has_link("new"), at < step);
    }
}

/* Its domain is saved only later, when the sweep is over. */
static void the_sweep_spares_what_was_just_put(void **state)
{
    (void)state;
    assert_int_equal(sp_domain_save(&store, &domain), 0);
    put_link("old");
    put_link("new");
    sp_chain_sweep_begin();
    for (int i = 0; i < 3; i++) { /* both are listed */
        (void)sp_chain_sweep_step(&store, 5);
    }
    put_link("new");
    sweep_to_the_end();
    assert_false(has_link("old"));
    assert_true(has_link("new"));
}

static void the_sweep_deletes_nothing_when_a_domain_is_damaged(void **state)
{
    uint8_t *bytes;
    size_t n;
    (void)state;

    assert_int_equal(sp_domain_save(&store, &domain), 0);
    bytes = fake_store_bytes(SP_KIND_DOMAIN, "example.com", &n);
    bytes[0] ^= 0x40;
    put_link("old");
    sp_chain_sweep_begin();
    sweep_to_the_end();
    assert_true(has_link("old"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_saved_domain_is_loaded, clear),
        cmocka_unit_test_setup(a_damaged_record_is_said_to_be, clear),
        cmocka_unit_test_setup(of_a_record_that_breaks_off_no_key_is_left, clear),
        cmocka_unit_test_setup(of_a_record_with_a_wrong_checksum_nothing_is_left, clear),
        cmocka_unit_test_setup(a_domain_in_scratch_memory_has_the_parts_that_were_asked_for, clear),
        cmocka_unit_test_setup(a_link_takes_just_its_size, clear),
        cmocka_unit_test_setup(a_link_that_is_too_long_is_refused, clear),
        cmocka_unit_test_setup(the_due_follows_the_state, clear),
        cmocka_unit_test_setup(hosts_and_domains_belong_together, clear),
        cmocka_unit_test_setup(a_certificate_is_installed_with_its_chain, clear),
        cmocka_unit_test_setup(a_shared_intermediate_is_kept_once, clear),
        cmocka_unit_test_setup(a_certificate_that_does_not_fit_is_refused, clear),
        cmocka_unit_test_setup(a_full_store_leaves_the_domain_as_it_was, clear),
        cmocka_unit_test_setup(the_sweep_deletes_what_nobody_names, clear),
        cmocka_unit_test_setup(the_sweep_spares_what_is_named_meanwhile, clear),
        cmocka_unit_test_setup(the_sweep_spares_what_was_just_put, clear),
        cmocka_unit_test_setup(the_sweep_deletes_nothing_when_a_domain_is_damaged, clear),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
