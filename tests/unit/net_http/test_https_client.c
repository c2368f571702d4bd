/* Calls of the HTTP client over TLS: verified, waiting, failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/port.h"
#include "certs.h"
#include "fake_net.h"
#include "net/http_client.h"
#include "test_clock.h"
#include "tls_pair.h"

#define OK "HTTP/1.1 200 OK\r\n"

static struct sp_http_call call;
static struct sp_cert_info peer;
static struct sp_http_result result; /* of the last call that ended */
static char out[SP_HTTP_CLIENT_BODY_MAX + 1];

static int reset(void **state)
{
    (void)state;
    sp_http_call_release(&call);
    sp_http_client_drop();
    memset(&result, 0, sizeof result);
    out[0] = '\0';
    fake_net_reset();
    fake.v6.result = SP_E_DNS_NODATA;
    fake.v4.n = 1;
    fake.v4.list[0] = (struct sp_addr){.family = 4, .bytes = {192, 0, 2, 1}};
    call = (struct sp_http_call){
        .method = "GET", .url = "https://mta-sts.example.net/", .body_max = 63};
    return 0;
}

/* Takes over what came of the call, as its caller would. */
static void take(void)
{
    const struct sp_http_result *lent = sp_http_call_result(&call);

    if (lent != NULL) {
        result = *lent;
        assert_int_equal(lent->body.p[lent->body.n], '\0');
        memcpy(out, lent->body.p, lent->body.n + 1);
    }
}

static void step(void)
{
    sp_time next = test_now;

    for (int i = 0; i < 1000 && next <= test_now; i++) {
        next = sp_http_client_step(test_now);
    }
    assert_true(next > test_now); /* it comes to rest */
    take();
}

static void start(void)
{
    assert_int_equal(sp_http_call_start(&call, test_now), 0);
    step();
}

static struct sp_stream *server;
static struct tls_shown shown;

/* Steps client and TLS server until the call is over or the server has a request. */
static void secure_exchange(const char *answer)
{
    char text[1000];

    if (server == NULL) {
        assert_int_equal(sp_tls_accept(pipe_stream(&fake.pipes[fake.connects - 1], 0),
                                       tls_pair_lookup, &shown, &server),
                         0);
    }
    for (int i = 0; i < 5000 && !sp_http_call_done(&call); i++) {
        step();
        if (sp_stream_read(server, text, sizeof text) > 0) {
            tls_pair_send(server, answer, strlen(answer));
        }
    }
}

static void https_is_http_over_verified_tls(void **state)
{
    (void)state;
    shown = tls_shown_default();
    call.url = "https://mta-sts.example.net/.well-known/mta-sts.txt";
    start();
    secure_exchange(OK "Content-Length: 5\r\n\r\nhello");
    assert_int_equal(result.result, 0);
    assert_true(result.tls);
    assert_string_equal(result.tls_report.version, "TLSv1.3");
    assert_int_equal(result.tls_report.verify, 0);
    assert_string_equal(out, "hello");
    assert_null(result.peer); /* not asked for */
    sp_stream_release(server);
    server = NULL;
}

static void wrong_certificate_ends_the_call_with_evidence(void **state)
{
    (void)state;
    shown = tls_shown_default();
    shown.leaf = cert_expired;
    start();
    secure_exchange("");
    assert_int_equal(result.result, SP_E_CERT_EXPIRED);
    assert_string_equal(result.stage, "tls");
    assert_string_equal(
        result.detail,
        "the certificate is for mta-sts.example.net; expired at 2026-11-01T00:00:00Z");
    sp_stream_release(server);
    server = NULL;
    /* As a report, the call goes on. */
    reset(NULL);
    call.verify = SP_TLS_VERIFY_REPORT;
    call.peer = &peer;
    start();
    secure_exchange(OK "Content-Length: 0\r\n\r\n");
    assert_int_equal(result.result, 0);
    assert_int_equal(result.tls_report.verify, SP_E_CERT_EXPIRED);
    assert_ptr_equal(result.peer, &peer);
    assert_int_equal(peer.not_after, 1793491200); /* 2026-11-01 */
    sp_stream_release(server);
    server = NULL;
}

static void slow_handshake_ends_the_call(void **state)
{
    (void)state;
    start();
    assert_int_equal(sp_http_client_step(test_now), test_now + SP_HANDSHAKE_TIMEOUT_MS);
    test_now += SP_HANDSHAKE_TIMEOUT_MS;
    step();
    assert_int_equal(result.result, SP_E_TIMEOUT);
    assert_string_equal(result.detail, "the TLS handshake took too long");
}

static void call_waits_for_the_tls_context(void **state)
{
    static struct pipe other;
    struct sp_stream *holder = NULL;

    (void)state;
    pipe_init(&other);
    assert_int_equal(sp_tls_connect(pipe_stream(&other, 1), "example.org", SP_TLS_VERIFY, &holder),
                     0);
    shown = tls_shown_default();
    start();
    assert_int_equal(sp_http_client_step(test_now), test_now + 100);
    assert_false(sp_http_call_done(&call));
    sp_stream_release(holder);
    secure_exchange(OK "Content-Length: 0\r\n\r\n");
    assert_int_equal(result.result, 0);
    sp_stream_release(server);
    server = NULL;
}

static void unknown_time_ends_an_https_call(void **state)
{
    (void)state;
    sp_port_set_utc(0, 0);
    start();
    assert_int_equal(result.result, SP_E_CLOCK);
    assert_int_equal(fake_net_held(), 0);
    sp_port_set_utc(CERTS_NOW, test_now);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(https_is_http_over_verified_tls, reset),
        cmocka_unit_test_setup(wrong_certificate_ends_the_call_with_evidence, reset),
        cmocka_unit_test_setup(slow_handshake_ends_the_call, reset),
        cmocka_unit_test_setup(call_waits_for_the_tls_context, reset),
        cmocka_unit_test_setup(unknown_time_ends_an_https_call, reset),
    };

    return cmocka_run_group_tests(tests, tls_pair_start, NULL);
}
