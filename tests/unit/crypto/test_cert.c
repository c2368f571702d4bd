/* Certificates as they are read, matched and chained. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/port.h"
#include "certs.h"
#include "crypto/cert.h"
#include "test_clock.h"

static void leaf_is_read(void **state)
{
    struct sp_cert_info info;
    char date[SP_RFC3339_SIZE];

    (void)state;
    assert_int_equal(sp_cert_read(cert_leaf, &info), 0);
    assert_string_equal(info.subject, "");
    assert_string_equal(info.issuer, "CN=Test Intermediate");
    assert_string_equal(info.serial, "0087654321fedcba98");
    assert_int_equal(strlen(info.aki), 40);
    assert_string_equal(sp_utc_rfc3339(info.not_before, date), "2026-11-01T00:00:00Z");
    assert_string_equal(sp_utc_rfc3339(info.not_after, date), "2026-12-20T00:00:00Z");
    assert_int_equal(info.sans_n, 2);
    assert_string_equal(info.sans[0], "mta-sts.example.net");
    assert_string_equal(info.sans[1], "example.net");
    assert_string_equal(info.key, "P-256");
    assert_false(info.ca);
}

static void root_with_rsa_key_is_read(void **state)
{
    struct sp_cert_info info;

    (void)state;
    assert_int_equal(sp_cert_read(cert_rsa_root, &info), 0);
    assert_string_equal(info.subject, "CN=Test RSA Root");
    assert_string_equal(info.key, "RSA-2048");
    assert_int_equal(info.sans_n, 0);
    assert_true(info.ca);
}

static void names_beyond_the_table_are_counted(void **state)
{
    struct sp_cert_info info;

    (void)state;
    assert_int_equal(sp_cert_read(cert_many, &info), 0);
    assert_int_equal(info.sans_n, 12);
    assert_string_equal(info.sans[SP_CERT_SANS - 1], "host7.example.net");
    assert_true(sp_cert_matches(&info, "host7.example.net"));
}

static void damaged_certificate_is_refused(void **state)
{
    struct sp_cert_info info;
    uint8_t copy[SP_LEAF_MAX];

    (void)state;
    memcpy(copy, cert_leaf.p, cert_leaf.n);
    copy[cert_leaf.n] = 0;
    for (size_t n = 0; n < cert_leaf.n; n++) {
        assert_int_equal(sp_cert_read(sp_span(copy, n), &info), SP_E_CERT_BAD);
    }
    assert_int_equal(sp_cert_read(sp_span(copy, cert_leaf.n + 1), &info), SP_E_CERT_BAD);
    assert_int_equal(sp_cert_read(sp_span(copy, cert_leaf.n), &info), 0);
}

static void want_of_memory_is_told_and_leaks_nothing(void **state)
{
    size_t base = sp_port_use(SP_POOL_TLS).used;
    struct sp_cert_info info;
    int err = SP_E_MEMORY;

    (void)state;
    for (uint32_t at = 1; at < 100 && err != 0; at++) {
        sp_port_fail_at(SP_POOL_TLS, at);
        err = sp_cert_read(cert_many, &info);
        sp_port_fail_at(SP_POOL_TLS, 0);
        assert_true(err == 0 || err == SP_E_MEMORY || err == SP_E_CERT_BAD);
        assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
    }
    assert_int_equal(err, 0);
}

static void host_matches_by_rfc_6125(void **state)
{
    static const struct {
        const char *san, *host;
        bool matches;
    } rows[] = {
        {"mta-sts.example.net", "mta-sts.example.net", true},
        {"MTA-STS.Example.NET", "mta-sts.example.net", true},
        {"mta-sts.example.net", "example.net", false},
        {"mta-sts.example.net", "a.mta-sts.example.net", false},
        {"*.example.net", "mta-sts.example.net", true},
        {"*.example.net", "a.b.example.net", false},
        {"*.example.net", "example.net", false},
        {"*.example.net", ".example.net", false},
        {"*.net", "example.net", false},
        {"m*.example.net", "mta.example.net", false},
        {"*", "example.net", false},
        {"", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_cert_info info = {.sans_n = 1};

        (void)snprintf(info.sans[0], sizeof info.sans[0], "%s", rows[i].san);
        if (sp_cert_matches(&info, rows[i].host) != rows[i].matches) {
            fail_msg("%s against %s", rows[i].san, rows[i].host);
        }
    }
}

static void key_belongs_to_its_certificate_only(void **state)
{
    struct sp_key key;
    struct sp_key none = {.n = 0};

    (void)state;
    assert_int_equal(sp_key_load(key_leaf, &key), 0);
    assert_int_equal(sp_cert_matches_key(cert_leaf, &key), 0);
    assert_int_equal(sp_cert_matches_key(cert_other, &key), SP_E_CERT_BAD);
    assert_int_equal(sp_cert_matches_key(cert_rsa, &key), SP_E_CERT_BAD);
    assert_int_equal(sp_cert_matches_key(cert_leaf, &none), SP_E_CERT_BAD);
}

static void issuer_is_checked_by_name_and_signature(void **state)
{
    (void)state;
    assert_int_equal(sp_cert_signed_by(cert_leaf, cert_inter), 0);
    assert_int_equal(sp_cert_signed_by(cert_inter, cert_root), 0);
    assert_int_equal(sp_cert_signed_by(cert_rsa, cert_rsa_root), 0);
    assert_int_equal(sp_cert_signed_by(cert_inter, cert_root_twin), SP_E_CERT_UNTRUSTED);
    assert_int_equal(sp_cert_signed_by(cert_leaf, cert_root), SP_E_CERT_UNTRUSTED);
    assert_int_equal(sp_cert_signed_by(cert_leaf, sp_span("x", 1)), SP_E_CERT_UNTRUSTED);
    assert_int_equal(sp_cert_signed_by(sp_span("x", 1), cert_root), SP_E_CERT_UNTRUSTED);
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
        cmocka_unit_test(leaf_is_read),
        cmocka_unit_test(root_with_rsa_key_is_read),
        cmocka_unit_test(names_beyond_the_table_are_counted),
        cmocka_unit_test(damaged_certificate_is_refused),
        cmocka_unit_test(want_of_memory_is_told_and_leaks_nothing),
        cmocka_unit_test(host_matches_by_rfc_6125),
        cmocka_unit_test(key_belongs_to_its_certificate_only),
        cmocka_unit_test(issuer_is_checked_by_name_and_signature),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
