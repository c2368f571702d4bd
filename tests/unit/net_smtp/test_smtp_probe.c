/* Probes of mail servers that a test plays over pipes, with DNS and TCP of its own. */
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
#include "net/smtp_probe.h"
#include "test_clock.h"
#include "tls_pair.h"

#define MX "mta-sts.example.net" /* the name in the tests' certificate */
#define NAME "mta-sts.example.org"
#define TIMEOUT_MS 20000

#define HELLO "220 mx ESMTP\r\n"
#define OFFER "250-mx\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 DSN\r\n"
#define READY "220 go ahead\r\n"

static const struct sp_smtp_result *result;
static struct sp_stream *server;
static struct tls_shown shown;

static struct sp_addr v4(uint8_t last)
{
    return (struct sp_addr){.family = 4, .bytes = {192, 0, 2, last}};
}

static int reset(void **state)
{
    (void)state;
    sp_smtp_probe_release();
    if (server != NULL) {
        sp_stream_release(server);
        server = NULL;
    }
    result = NULL;
    shown = tls_shown_default();
    fake_net_reset();
    fake.v6.result = SP_E_DNS_NODATA;
    fake.v4.n = 1;
    fake.v4.list[0] = v4(25);
    return 0;
}

static void step(void)
{
    sp_time next = test_now;

    for (int i = 0; i < 1000 && next <= test_now; i++) {
        next = sp_smtp_probe_step(test_now);
    }
    assert_true(next > test_now); /* it comes to rest */
    result = sp_smtp_probe_result();
}

static void start(void)
{
    assert_int_equal(sp_smtp_probe_start(MX, NAME, TIMEOUT_MS, test_now), 0);
    step();
}

static void serve(const void *bytes, size_t n)
{
    assert_int_equal(sp_stream_write(pipe_stream(&fake.pipes[0], 0), bytes, n, false), (int)n);
    step();
}

static void serve_text(const char *text)
{
    serve(text, strlen(text));
}

static void hears(const char *line)
{
    char text[500];
    int n = sp_stream_read(pipe_stream(&fake.pipes[0], 0), text, sizeof text - 1);

    text[n > 0 ? n : 0] = '\0';
    assert_string_equal(text, line);
}

static void up_to_tls(void)
{
    start();
    serve_text(HELLO);
    hears("EHLO " NAME "\r\n");
    serve_text(OFFER);
    hears("STARTTLS\r\n");
    serve_text(READY);
}

/* Steps probe and TLS server until the probe is over, or has said something. */
static void shake_hands(char *text, size_t cap)
{
    int n = SP_E_AGAIN;

    assert_int_equal(
        sp_tls_accept(pipe_stream(&fake.pipes[0], 0), tls_pair_lookup, &shown, &server), 0);
    for (int i = 0; i < 5000 && result == NULL && n <= 0; i++) {
        step();
        n = sp_stream_read(server, text, cap - 1);
    }
    text[n > 0 ? n : 0] = '\0';
}

static void good_server_is_seen_as_it_is(void **state)
{
    char text[100];

    (void)state;
    up_to_tls();
    assert_string_equal(fake.name, MX);
    assert_int_equal(fake.port, 25);
    test_now += 120;
    shake_hands(text, sizeof text);
    assert_string_equal(text, "QUIT\r\n");
    assert_null(result); /* it waits for the answer, but not for long */
    test_now += 400;
    tls_pair_send(server, "221 bye\r\n", 9);
    step();
    assert_int_equal(result->stage, SP_SMTP_DONE);
    assert_int_equal(result->err, 0);
    assert_string_equal(result->tls.version, "TLSv1.3");
    assert_int_equal(result->tls.verify, 0);
    assert_string_equal(result->peer.sans[0], MX);
    assert_int_equal(result->elapsed_ms, 120);
    assert_true(sp_addr_equal(&result->address, &fake.v4.list[0]));
    assert_int_equal(fake_net_held(), 0);
}

static void wrong_certificate_is_reported(void **state)
{
    char text[100];

    (void)state;
    shown.leaf = cert_expired;
    up_to_tls();
    shake_hands(text, sizeof text);
    test_now += 1000; /* nobody answers QUIT */
    step();
    assert_int_equal(result->stage, SP_SMTP_DONE);
    assert_int_equal(result->tls.verify, SP_E_CERT_EXPIRED);
    assert_int_equal(result->peer.not_after, 1793491200); /* 2026-11-01 */
    assert_int_equal(fake_net_held(), 0);
}

/* --- servers that never come to TLS --- */

static const struct talk {
    const char *says[3]; /* to the connection, to EHLO, to STARTTLS */
    bool ends;           /* then, instead of waiting */
    enum sp_smtp_stage stage;
    int err, code;
    const char *words;
} talks[] = {
    {{"554 no\r\n"}, false, SP_SMTP_GREETING, SP_E_REFUSED, 554, ""},
    {{"421-busy\r\n421 later\r\n"}, false, SP_SMTP_GREETING, SP_E_REFUSED, 421, ""},
    {{""}, true, SP_SMTP_GREETING, SP_E_CLOSED, 0, ""},
    {{"220-mx\r\n"}, true, SP_SMTP_GREETING, SP_E_CLOSED, 0, ""},
    {{"SSH-2.0\r\n"}, false, SP_SMTP_GREETING, SP_E_PROTOCOL, 0, "no reply of SMTP"},
    {{HELLO, "502 what?\r\n"}, false, SP_SMTP_EHLO, SP_E_REFUSED, 502, ""},
    {{HELLO, "450 later\r\n"}, false, SP_SMTP_EHLO, SP_E_REFUSED, 450, ""},
    {{HELLO, ""}, true, SP_SMTP_EHLO, SP_E_CLOSED, 220, ""},
    {{HELLO, "250 mx\r\n"}, false, SP_SMTP_STARTTLS, SP_E_NOT_FOUND, 250, ""},
    {{HELLO, OFFER, "454 no key\r\n"}, false, SP_SMTP_STARTTLS, SP_E_REFUSED, 454, ""},
    {{HELLO, OFFER, READY "250 injected\r\n"},
     false,
     SP_SMTP_STARTTLS,
     SP_E_PROTOCOL,
     220,
     "behind its reply to STARTTLS"},
    {{HELLO, OFFER, READY}, true, SP_SMTP_STARTTLS, SP_E_CLOSED, 220, ""},
};

static void play(const struct talk *talk, size_t chunk)
{
    reset(NULL);
    start();
    fake.pipes[0].end[1].chunk = chunk;
    for (unsigned i = 0; i < 3 && talk->says[i] != NULL; i++) {
        bool last = i == 2 || talk->says[i + 1] == NULL;

        if (talk->says[i][0] != '\0') {
            assert_int_equal(sp_stream_write(pipe_stream(&fake.pipes[0], 0), talk->says[i],
                                             strlen(talk->says[i]), false),
                             (int)strlen(talk->says[i]));
        }
        if (last && talk->ends) {
            pipe_cut(&fake.pipes[0], 0);
        }
        step();
    }
    test_now += 1000; /* for QUIT */
    step();
}

static void servers_without_tls_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++) {
        for (size_t chunk = 0; chunk < 2; chunk++) {
            const struct talk *talk = &talks[i];

            play(talk, chunk);
            if (result == NULL || result->stage != talk->stage || result->err != talk->err ||
                result->code != talk->code || strstr(result->words, talk->words) == NULL) {
                fail_msg("row %zu, chunks of %zu: stage %d, error %d, code %d, \"%s\"", i, chunk,
                         result != NULL ? (int)result->stage : -1, result != NULL ? result->err : 0,
                         result != NULL ? result->code : 0, result != NULL ? result->words : "");
            }
            assert_int_equal(fake_net_held(), 0);
        }
    }
}

static void quits_when_there_is_no_tls(void **state)
{
    (void)state;
    start();
    serve_text(HELLO);
    hears("EHLO " NAME "\r\n");
    serve_text("250-mx\r\n250 X-STARTTLS\r\n");
    hears("QUIT\r\n");
    assert_null(result);
    serve_text("221 bye\r\n");
    assert_int_equal(result->err, SP_E_NOT_FOUND);
    assert_string_equal(result->said, "mx"); /* of EHLO, not of QUIT */
}

/* --- TLS that fails --- */

static const uint8_t protocol_version[] = {21, 3, 1, 0, 2, 2, 70};
static const uint8_t handshake_failure[] = {21, 3, 3, 0, 2, 2, 40};
/* A ServerHello that chooses TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA. */
static const uint8_t chooses_1_0[5 + 4 + 38] = {22, 3, 1, 0, 42, 2, 0, 0,        38, 3,    1,
                                                42, 0, 0, 0, 0,  0, 0, [43] = 0, 0,  0x2f, 0};

static void old_servers_are_told_apart(void **state)
{
    static const struct {
        const uint8_t *bytes;
        size_t n;
        int err;
        bool old;
        const char *words;
    } rows[] = {
        {protocol_version, sizeof protocol_version, SP_E_TLS_ALERT, true, "protocol_version"},
        {chooses_1_0, sizeof chooses_1_0, SP_E_TLS, true, "no version of TLS from 1.2 on"},
        {handshake_failure, sizeof handshake_failure, SP_E_TLS_ALERT, false, "handshake_failure"},
        {(const uint8_t *)"500 what?\r\n", 11, SP_E_TLS, false, "no TLS record"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reset(NULL);
        up_to_tls();
        serve(rows[i].bytes, rows[i].n);
        assert_non_null(result);
        assert_int_equal(result->stage, SP_SMTP_TLS);
        assert_int_equal(result->err, rows[i].err);
        assert_int_equal(result->old, rows[i].old);
        assert_non_null(strstr(result->words, rows[i].words));
        assert_int_equal(fake_net_held(), 0);
    }
}

/* --- getting there --- */

static void next_address_is_tried(void **state)
{
    (void)state;
    fake.v6 = (struct sp_dns_addresses){.n = 1};
    fake.v6.list[0] = (struct sp_addr){.family = 6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}};
    fake.outcomes[0] = SP_E_UNREACHABLE;
    start();
    assert_int_equal(fake.connects, 2);
    assert_int_equal(fake.connected[0].family, 6);
    assert_int_equal(fake.connected[1].family, 4);
    assert_null(result);
}

static void who_is_not_reached(void **state)
{
    static const struct {
        int dns, connect;
        enum sp_smtp_stage stage;
        int err;
    } rows[] = {
        {SP_E_DNS_NXDOMAIN, 0, SP_SMTP_DNS, SP_E_DNS_NXDOMAIN},
        {SP_E_DNS_SERVFAIL, 0, SP_SMTP_DNS, SP_E_DNS_SERVFAIL},
        {0, SP_E_REFUSED, SP_SMTP_CONNECT, SP_E_REFUSED},
        {0, SP_E_TIMEOUT, SP_SMTP_CONNECT, SP_E_TIMEOUT},
        {0, SP_E_UNREACHABLE, SP_SMTP_CONNECT, SP_E_UNREACHABLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reset(NULL);
        fake.v4.result = rows[i].dns;
        fake.outcomes[0] = rows[i].connect;
        start();
        assert_non_null(result);
        assert_int_equal(result->stage, rows[i].stage);
        assert_int_equal(result->err, rows[i].err);
        assert_string_not_equal(result->words, "");
        assert_int_equal(fake_net_held(), 0);
    }
}

static void silence_has_an_end_everywhere(void **state)
{
    static const struct {
        const char *says[3];
        enum sp_smtp_stage stage;
    } rows[] = {
        {{NULL}, SP_SMTP_GREETING},
        {{HELLO}, SP_SMTP_EHLO},
        {{HELLO, OFFER}, SP_SMTP_STARTTLS},
        {{HELLO, OFFER, READY}, SP_SMTP_TLS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reset(NULL);
        start();
        for (unsigned j = 0; j < 3 && rows[i].says[j] != NULL; j++) {
            serve_text(rows[i].says[j]);
        }
        assert_null(result);
        assert_int_equal(sp_smtp_probe_step(test_now), test_now + TIMEOUT_MS);
        test_now += TIMEOUT_MS;
        step();
        assert_int_equal(result->stage, rows[i].stage);
        assert_int_equal(result->err, SP_E_TIMEOUT);
        assert_int_equal(result->elapsed_ms, TIMEOUT_MS);
        assert_int_equal(fake_net_held(), 0);
    }
}

static void memory_is_waited_for(void **state)
{
    static struct pipe other;
    struct sp_stream *holder = NULL;

    (void)state;
    pipe_init(&other);
    assert_int_equal(sp_tls_connect(pipe_stream(&other, 1), MX, SP_TLS_VERIFY, &holder), 0);
    up_to_tls();
    assert_int_equal(sp_smtp_probe_step(test_now), test_now + 100);
    test_now += TIMEOUT_MS;
    step();
    assert_int_equal(result->stage, SP_SMTP_TLS);
    assert_int_equal(result->err, SP_E_MEMORY);
    sp_stream_release(holder);
}

static void one_at_a_time(void **state)
{
    struct sp_http_call call = {.method = "GET", .url = "http://example.net/"};

    (void)state;
    assert_int_equal(sp_http_call_start(&call, test_now), 0);
    assert_int_equal(sp_smtp_probe_start(MX, NAME, TIMEOUT_MS, test_now), SP_E_AGAIN);
    sp_http_call_release(&call);
    start();
    assert_int_equal(sp_smtp_probe_start(MX, NAME, TIMEOUT_MS, test_now), SP_E_AGAIN);
    assert_int_equal(sp_http_call_start(&call, test_now), SP_E_AGAIN);
    serve_text("554 no\r\n");
    pipe_cut(&fake.pipes[0], 0);
    step();
    assert_int_equal(sp_http_call_start(&call, test_now), SP_E_AGAIN); /* the result is there */
    assert_int_equal(result->code, 554);
    sp_smtp_probe_release();
    assert_null(sp_smtp_probe_result());
    assert_int_equal(sp_http_call_start(&call, test_now), 0);
    sp_http_call_release(&call);
}

static void names_have_a_length(void **state)
{
    char name[SP_DOMAIN_SIZE + 1];

    (void)state;
    memset(name, 'a', SP_DOMAIN_SIZE);
    name[SP_DOMAIN_SIZE] = '\0';
    assert_int_equal(sp_smtp_probe_start(name, NAME, TIMEOUT_MS, test_now), SP_E_INVALID);
    assert_int_equal(sp_smtp_probe_start(MX, "", TIMEOUT_MS, test_now), SP_E_INVALID);
    name[SP_DOMAIN_SIZE - 1] = '\0';
    assert_int_equal(sp_smtp_probe_start(MX, name, TIMEOUT_MS, test_now), 0);
    step();
    serve_text(HELLO);
    assert_int_equal(fake.pipes[0].end[1].total, strlen("EHLO \r\n") + SP_DOMAIN_SIZE - 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_server_is_seen_as_it_is, reset),
        cmocka_unit_test_setup(wrong_certificate_is_reported, reset),
        cmocka_unit_test_setup(servers_without_tls_are_told_apart, reset),
        cmocka_unit_test_setup(quits_when_there_is_no_tls, reset),
        cmocka_unit_test_setup(old_servers_are_told_apart, reset),
        cmocka_unit_test_setup(next_address_is_tried, reset),
        cmocka_unit_test_setup(who_is_not_reached, reset),
        cmocka_unit_test_setup(silence_has_an_end_everywhere, reset),
        cmocka_unit_test_setup(memory_is_waited_for, reset),
        cmocka_unit_test_setup(one_at_a_time, reset),
        cmocka_unit_test_setup(names_have_a_length, reset),
    };

    return cmocka_run_group_tests(tests, tls_pair_start, NULL);
}
