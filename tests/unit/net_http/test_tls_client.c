/* The client's side: what it trusts, and what it says about the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/port.h"
#include "certs.h"
#include "net/trust.h"
#include "sp_port.h"
#include "test_clock.h"
#include "tls_pair.h"

#define HOST "mta-sts.example.net"

static struct tls_pair pair;

static struct tls_shown shows(struct sp_span leaf, struct sp_span link, struct sp_span key)
{
    return (struct tls_shown){.name = HOST, .leaf = leaf, .link = link, .key = key};
}

static void judges(struct tls_shown shown, int verdict, const char *words)
{
    struct sp_tls_report report;
    struct sp_cert_info info;

    tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY);
    tls_pair_handshake(&pair);
    if (pair.client_ready != (verdict == 0 ? 1 : verdict)) {
        fail_msg("%d instead of %d: %s", pair.client_ready, verdict, sp_stream_error(pair.client));
    }
    assert_string_equal(sp_stream_error(pair.client), words);
    tls_pair_close(&pair);

    /* The same as a report */
    tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY_REPORT);
    tls_pair_handshake(&pair);
    assert_int_equal(pair.client_ready, 1);
    sp_tls_report(pair.client, &report);
    assert_int_equal(report.verify, verdict);
    assert_string_equal(sp_stream_error(pair.client), words);
    assert_int_equal(sp_tls_peer(pair.client, &info), 0);
    assert_true(info.serial[0] != '\0');
    tls_pair_close(&pair);
}

static void certificates_are_judged_with_their_evidence(void **state)
{
    const struct sp_span none = sp_span(NULL, 0);

    (void)state;
    judges(shows(cert_leaf, cert_inter, key_leaf), 0, "");
    judges(shows(cert_wild, cert_inter, key_leaf), 0, "");
    judges(shows(cert_rsa, none, key_rsa), 0, "");
    judges(shows(cert_twin, none, key_leaf), 0, ""); /* by the second root of that name */
    judges(shows(cert_other, cert_inter, key_other), SP_E_CERT_NAME,
           "the certificate is for mta-sts.example.org, not for mta-sts.example.net");
    judges(shows(cert_unnamed, cert_inter, key_leaf), SP_E_CERT_NAME,
           "the certificate is for no host name, not for mta-sts.example.net");
    judges(shows(cert_expired, cert_inter, key_leaf), SP_E_CERT_EXPIRED,
           "the certificate is for mta-sts.example.net; expired at 2026-11-01T00:00:00Z");
    judges(shows(cert_future, cert_inter, key_leaf), SP_E_CERT_FUTURE,
           "the certificate is for mta-sts.example.net; valid from 2026-12-01T00:00:00Z only");
    judges(shows(cert_leaf, none, key_leaf), SP_E_CERT_UNTRUSTED,
           "the certificate is for mta-sts.example.net, example.net; its issuer "
           "CN=Test Intermediate leads to no trusted root");
    judges(shows(cert_stray, none, key_leaf), SP_E_CERT_UNTRUSTED,
           "the certificate is for mta-sts.example.net; its issuer CN=Stray Root leads to no "
           "trusted root");
    judges(shows(cert_self, none, key_leaf), SP_E_CERT_UNTRUSTED,
           "the certificate is for mta-sts.example.net; its issuer CN=self leads to no trusted "
           "root");
    judges(shows(cert_many, cert_inter, key_leaf), SP_E_CERT_NAME,
           "the certificate is for host0.example.net, host1.example.net, host2.example.net and 9 "
           "more, not for mta-sts.example.net");
}

static void anchor_of_the_operator_is_trusted(void **state)
{
    (void)state;
    tls_pair_anchor = cert_stray_root;
    judges(shows(cert_stray, sp_span(NULL, 0), key_leaf), 0, "");
    judges(shows(cert_leaf, cert_inter, key_leaf), 0, "");
    tls_pair_anchor = sp_span(NULL, 0);
}

static void chain_with_its_root_is_accepted(void **state)
{
    (void)state;
    judges(shows(cert_rsa, cert_rsa_root, key_rsa), 0, "");
}

static void report_shows_the_leaf(void **state)
{
    struct tls_shown shown = tls_shown_default();
    struct sp_tls_report report;
    struct sp_cert_info info;

    (void)state;
    tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY);
    tls_pair_handshake(&pair);
    sp_tls_report(pair.client, &report);
    assert_string_equal(report.version, "TLSv1.3");
    assert_string_equal(sp_tls_name(pair.client), HOST);
    assert_int_equal(sp_tls_peer(pair.client, &info), 0);
    assert_string_equal(info.serial, "0087654321fedcba98");
    assert_string_equal(info.sans[1], "example.net");
    tls_pair_close(&pair);
}

static void unknown_time_of_day_trusts_nobody(void **state)
{
    struct tls_shown shown = tls_shown_default();
    struct sp_tls_report report;
    struct sp_stream *stream = NULL;
    static struct pipe pipe;

    (void)state;
    sp_port_set_utc(0, 0);
    pipe_init(&pipe);
    assert_int_equal(sp_tls_connect(pipe_stream(&pipe, 1), HOST, SP_TLS_VERIFY, &stream),
                     SP_E_CLOCK);
    assert_true(pipe.end[1].released);
    tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY_REPORT);
    tls_pair_handshake(&pair);
    assert_int_equal(pair.client_ready, 1);
    sp_tls_report(pair.client, &report);
    assert_int_equal(report.verify, SP_E_CLOCK);
    tls_pair_close(&pair);
    sp_port_set_utc(CERTS_NOW, test_now);
}

static void addresses_are_refused(void **state)
{
    static const char *const hosts[] = {"192.0.2.1", "2001:db8::1", "", "a b.example"};
    static struct pipe pipe;
    struct sp_stream *stream = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        pipe_init(&pipe);
        assert_int_equal(sp_tls_connect(pipe_stream(&pipe, 1), hosts[i], SP_TLS_VERIFY, &stream),
                         SP_E_INVALID);
        assert_true(pipe.end[1].released);
    }
}

static void second_client_waits(void **state)
{
    static struct pipe pipes[2];
    struct sp_stream *first = NULL;
    struct sp_stream *second = NULL;

    (void)state;
    pipe_init(&pipes[0]);
    pipe_init(&pipes[1]);
    assert_int_equal(sp_tls_connect(pipe_stream(&pipes[0], 1), HOST, SP_TLS_VERIFY, &first), 0);
    assert_int_equal(sp_tls_connect(pipe_stream(&pipes[1], 1), HOST, SP_TLS_VERIFY, &second),
                     SP_E_MEMORY);
    assert_false(pipes[1].end[1].released);
    sp_stream_release(first);
    assert_int_equal(sp_tls_connect(pipe_stream(&pipes[1], 1), HOST, SP_TLS_VERIFY, &second), 0);
    sp_stream_release(second);
}

static int damaged_read(struct sp_hal_blob *blob, uint32_t offset, void *buf, size_t n)
{
    assert_true(offset + n <= blob->size);
    memcpy(buf, test_bundle.p + offset, n);
    for (size_t i = 0; i < n; i++) {
        if (offset + i == test_now) {
            ((uint8_t *)buf)[i] ^= 0xff;
        }
    }
    return 0;
}

/* Any byte of the bundle may be wrong: the client then trusts less, never more, and reads nothing
 * outside (the read above checks it). */
static void damaged_bundle_does_no_harm(void **state)
{
    struct sp_hal_blob blob = {.read = damaged_read, .size = (uint32_t)test_bundle.n};
    struct tls_shown shown = shows(cert_stray, sp_span(NULL, 0), key_leaf);
    size_t base = sp_port_use(SP_POOL_TLS).used;

    (void)state;
    for (test_now = 0; test_now < blob.size; test_now += 3) {
        sp_trust_start(&blob, NULL, NULL);
        tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY);
        tls_pair_handshake(&pair);
        assert_int_equal(pair.client_ready, SP_E_CERT_UNTRUSTED);
        tls_pair_close(&pair);
        assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
    }
    assert_int_equal(tls_pair_start(state), 0);
}

static void empty_bundle_trusts_nobody(void **state)
{
    struct sp_hal_blob blob = {.read = damaged_read, .size = 0};

    (void)state;
    sp_trust_start(&blob, NULL, NULL);
    judges(shows(cert_rsa, sp_span(NULL, 0), key_rsa), SP_E_CERT_UNTRUSTED,
           "the certificate is for mta-sts.example.net; its issuer CN=Test RSA Root leads to no "
           "trusted root");
    assert_int_equal(tls_pair_start(state), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_judged_with_their_evidence),
        cmocka_unit_test(anchor_of_the_operator_is_trusted),
        cmocka_unit_test(chain_with_its_root_is_accepted),
        cmocka_unit_test(report_shows_the_leaf),
        cmocka_unit_test(unknown_time_of_day_trusts_nobody),
        cmocka_unit_test(addresses_are_refused),
        cmocka_unit_test(second_client_waits),
        cmocka_unit_test(damaged_bundle_does_no_harm),
        cmocka_unit_test(empty_bundle_trusts_nobody),
    };

    return cmocka_run_group_tests(tests, tls_pair_start, NULL);
}
