/* Keys, hashes, signatures and requests. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/port.h"
#include "base/text.h"
#include "certs.h"
#include "crypto/crypto.h"
#include "sp_port.h"
#include "test_clock.h"

static void unhex(const char *text, uint8_t *out, size_t n)
{
    assert_int_equal(sp_unhex(sp_span_str(text), out, n), (int)n);
}

static void same_hex(const uint8_t *bytes, size_t n, const char *expected)
{
    char text[300];
    struct sp_buf buf;

    sp_buf_init(&buf, text, sizeof text);
    sp_hex(&buf, sp_span(bytes, n));
    assert_string_equal(text, expected);
}

/* The key of RFC 6979 A.2.5. */
static void rfc_key(struct sp_key *key)
{
    static const char der[] =
        "30770201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
        "a00a06082a8648ce3d030107a14403420004"
        "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    uint8_t bytes[121];

    unhex(der, bytes, sizeof bytes);
    assert_int_equal(sp_key_load(sp_span(bytes, sizeof bytes), key), 0);
}

static void hashes_match_published_vectors(void **state)
{
    uint8_t out[SP_SHA256_SIZE];

    (void)state;
    sp_sha256(sp_span_str("abc"), out);
    same_hex(out, sizeof out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sp_sha256(sp_span(NULL, 0), out);
    same_hex(out, sizeof out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void hmac_matches_rfc_4231(void **state)
{
    static const struct {
        const char *key, *data, *expected;
    } rows[] = {
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v", "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    };
    uint8_t out[SP_SHA256_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(sp_hmac_sha256(sp_span_str(rows[i].key), sp_span_str(rows[i].data), out),
                         0);
        same_hex(out, sizeof out, rows[i].expected);
    }
    assert_int_equal(sp_hmac_sha256(sp_span(NULL, 0), sp_span_str("x"), out), SP_E_INVALID);
}

/* RFC 4231 4.7: a key that is longer than the hash's block. */
static void hmac_takes_pieces_and_long_keys(void **state)
{
    struct sp_span pieces[4] = {sp_span_str("Test Using Larger Than "), sp_span(NULL, 0),
                                sp_span_str("Block-Size Key - Hash"), sp_span_str(" Key First")};
    uint8_t key[131], out[SP_SHA256_SIZE];

    (void)state;
    memset(key, 0xaa, sizeof key);
    assert_int_equal(sp_hmac_sha256v(sp_span(key, sizeof key), pieces, 4, out), 0);
    same_hex(out, sizeof out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void password_hash_matches_rfc_7914(void **state)
{
    static const struct {
        const char *password, *salt;
        uint32_t rounds;
        const char *expected;
    } rows[] = {
        {"passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
        {"Password", "NaCl", 80000,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
    };
    uint8_t out[SP_SHA256_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            sp_password_hash(rows[i].password, sp_span_str(rows[i].salt), rows[i].rounds, out), 0);
        same_hex(out, sizeof out, rows[i].expected);
    }
    sp_port_fail_at(SP_POOL_TLS, 1);
    assert_int_equal(sp_password_hash("x", sp_span_str("y"), 1, out), SP_E_MEMORY);
}

static void signature_matches_rfc_6979(void **state)
{
    struct sp_key key;
    uint8_t signature[64];

    (void)state;
    rfc_key(&key);
    assert_int_equal(sp_key_sign(&key, sp_span_str("sample"), signature), 0);
    same_hex(signature, 32, "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716");
    same_hex(signature + 32, 32,
             "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
}

static void public_coordinates_are_the_keys(void **state)
{
    struct sp_key key;
    uint8_t x[32];
    uint8_t y[32];

    (void)state;
    rfc_key(&key);
    assert_int_equal(sp_key_public(&key, x, y), 0);
    same_hex(x, 32, "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6");
    same_hex(y, 32, "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
    memset(&key, 0, sizeof key);
    assert_int_equal(sp_key_public(&key, x, y), SP_E_CORRUPT);
}

static void made_key_loads_again_and_differs_from_the_next(void **state)
{
    struct sp_key key;
    struct sp_key next;
    struct sp_key loaded;

    (void)state;
    assert_int_equal(sp_key_make(&key), 0);
    assert_int_equal(sp_key_make(&next), 0);
    assert_memory_not_equal(key.der, next.der, key.n);
    assert_int_equal(sp_key_load(sp_span(key.der, key.n), &loaded), 0);
    assert_memory_equal(&loaded, &key, sizeof key);
}

static void key_of_another_program_loads(void **state)
{
    struct sp_key key;

    (void)state;
    assert_int_equal(sp_key_load(key_leaf, &key), 0);
    assert_int_equal(key.n, key_leaf.n);
}

static void damaged_key_is_refused_at_every_byte(void **state)
{
    struct sp_key key;
    struct sp_key damaged;
    uint8_t big[SP_KEY_DER_MAX + 1] = {0};

    (void)state;
    rfc_key(&key);
    for (size_t i = 0; i < key.n; i++) {
        key.der[i] ^= 0x10;
        assert_int_equal(sp_key_load(sp_span(key.der, key.n), &damaged), SP_E_CORRUPT);
        assert_int_equal(damaged.n, 0);
        key.der[i] ^= 0x10;
    }
    assert_int_equal(sp_key_load(sp_span(key.der, key.n - 1), &damaged), SP_E_CORRUPT);
    assert_int_equal(sp_key_load(sp_span(NULL, 0), &damaged), SP_E_CORRUPT);
    assert_int_equal(sp_key_load(sp_span(big, sizeof big), &damaged), SP_E_SPACE);
}

static void wiped_key_holds_nothing(void **state)
{
    static const struct sp_key nothing;
    struct sp_key key;

    (void)state;
    rfc_key(&key);
    sp_key_wipe(&key);
    assert_memory_equal(&key, &nothing, sizeof key);
}

static void random_port_leads_to_psa(void **state)
{
    uint8_t a[16] = {0};
    uint8_t b[16] = {0};

    (void)state;
    assert_int_equal(sp_port_random(a, sizeof a), 0);
    assert_int_equal(sp_port_random(b, sizeof b), 0);
    assert_memory_not_equal(a, b, sizeof a);
}

/* What openssl makes of a request. */
static void openssl_reads(const uint8_t *csr, size_t n, char *out, size_t cap)
{
    char path[] = "/tmp/sp-csr-XXXXXX";
    char command[120];
    int fd = mkstemp(path);
    FILE *answer;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, csr, n), (int)n);
    close(fd);
    (void)snprintf(command, sizeof command,
                   "openssl req -inform DER -in %s -noout -text -verify 2>&1", path);
    answer = popen(command, "r");
    assert_non_null(answer);
    n = fread(out, 1, cap - 1, answer);
    out[n] = '\0';
    pclose(answer);
    unlink(path);
}

static void request_is_what_openssl_expects(void **state)
{
    static const char *const names[] = {"mta-sts.example.net", "mta-sts.example.org"};
    struct sp_key key;
    uint8_t csr[600];
    char text[4000];
    int n;

    (void)state;
    assert_int_equal(sp_key_make(&key), 0);
    n = sp_csr_make(&key, names, 2, csr, sizeof csr);
    assert_true(n > 0);
    openssl_reads(csr, (size_t)n, text, sizeof text);
    assert_non_null(strstr(text, "verify OK"));
    assert_non_null(strstr(text, "DNS:mta-sts.example.net, DNS:mta-sts.example.org\n"));
    assert_non_null(strstr(text, "Subject: \n"));
    assert_non_null(strstr(text, "ecdsa-with-SHA256"));
}

static void request_reports_want_of_room(void **state)
{
    static const char *const names[] = {"mta-sts.example.net"};
    struct sp_key key;
    uint8_t csr[600];

    (void)state;
    rfc_key(&key);
    assert_int_equal(sp_csr_make(&key, names, 1, csr, 100), SP_E_SPACE);
    assert_int_equal(sp_csr_make(&key, names, 0, csr, sizeof csr), SP_E_CORRUPT);
}

/* Every allocation fails in turn, until there is none left to fail. mbedTLS does not name want of
 * memory as the cause everywhere. */
static void request_survives_every_failed_allocation(void **state)
{
    static const char *const names[] = {"mta-sts.example.net"};
    size_t base = sp_port_use(SP_POOL_TLS).used;
    struct sp_key key;
    uint8_t csr[600];
    unsigned failed = 0;
    unsigned made_in_a_row = 0;

    (void)state;
    rfc_key(&key);
    for (uint32_t at = 1; at < 20000 && made_in_a_row < 50; at++) {
        int n;

        sp_port_fail_at(SP_POOL_TLS, at);
        n = sp_csr_make(&key, names, 1, csr, sizeof csr);
        sp_port_fail_at(SP_POOL_TLS, 0);
        assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
        made_in_a_row = n > 0 ? made_in_a_row + 1 : 0;
        failed += n <= 0;
    }
    assert_int_equal(made_in_a_row, 50);
    assert_true(failed > 10);
}

static void signing_survives_every_failed_allocation(void **state)
{
    size_t base = sp_port_use(SP_POOL_TLS).used;
    struct sp_key key;
    uint8_t signature[64];
    unsigned failed = 0;
    unsigned signed_in_a_row = 0;

    (void)state;
    rfc_key(&key);
    for (uint32_t at = 1; at < 20000 && signed_in_a_row < 50; at++) {
        int err;

        sp_port_fail_at(SP_POOL_TLS, at);
        err = sp_key_sign(&key, sp_span_str("sample"), signature);
        sp_port_fail_at(SP_POOL_TLS, 0);
        assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
        signed_in_a_row = err == 0 ? signed_in_a_row + 1 : 0;
        failed += err != 0;
    }
    assert_int_equal(signed_in_a_row, 50);
    assert_true(failed > 10);
}

static int start(void **state)
{
    (void)state;
    test_clock_start();
    return sp_crypto_start();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_match_published_vectors),
        cmocka_unit_test(hmac_matches_rfc_4231),
        cmocka_unit_test(hmac_takes_pieces_and_long_keys),
        cmocka_unit_test(password_hash_matches_rfc_7914),
        cmocka_unit_test(signature_matches_rfc_6979),
        cmocka_unit_test(public_coordinates_are_the_keys),
        cmocka_unit_test(made_key_loads_again_and_differs_from_the_next),
        cmocka_unit_test(key_of_another_program_loads),
        cmocka_unit_test(damaged_key_is_refused_at_every_byte),
        cmocka_unit_test(wiped_key_holds_nothing),
        cmocka_unit_test(random_port_leads_to_psa),
        cmocka_unit_test(request_is_what_openssl_expects),
        cmocka_unit_test(request_reports_want_of_room),
        cmocka_unit_test(request_survives_every_failed_allocation),
        cmocka_unit_test(signing_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
