/* Calls of the HTTP client over pipes, with DNS and TCP of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/port.h"
#include "certs.h"
#include "fake_net.h"
#include "net/http_client.h"
#include "test_clock.h"
#include "tls_pair.h"

#define OK "HTTP/1.1 200 OK\r\n"

static struct sp_http_call call;
static struct sp_http_result result; /* of the last call that ended */
static char out[SP_HTTP_CLIENT_BODY_MAX + 1];

static struct sp_addr v4(uint8_t last)
{
    return (struct sp_addr){.family = 4, .bytes = {192, 0, 2, last}};
}

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
    fake.v4.list[0] = v4(1);
    call = (struct sp_http_call){.method = "GET", .url = "http://example.net/x", .body_max = 63};
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

/* What the firmware has sent over the pipe, as text. */
static const char *received(unsigned pipe)
{
    static char text[2000];
    int n = sp_stream_read(pipe_stream(&fake.pipes[pipe], 0), text, sizeof text - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void send_text(unsigned pipe, const char *text)
{
    if (text[0] == '\0') {
        return;
    }
    assert_int_equal(sp_stream_write(pipe_stream(&fake.pipes[pipe], 0), text, strlen(text), false),
                     (int)strlen(text));
}

static unsigned written; /* how often a request's body was asked for */

static int write_body(void *ctx, struct sp_buf *body)
{
    written++;
    sp_buf_puts(body, ctx);
    return 0;
}

static void start(void)
{
    assert_int_equal(sp_http_call_start(&call, test_now), 0);
    step();
}

static void request_is_written(void **state)
{
    (void)state;
    call.accept = "text/plain";
    start();
    assert_string_equal(received(0),
                        "GET /x HTTP/1.1\r\nHost: example.net\r\nUser-Agent: sealpost\r\n"
                        "Accept: text/plain\r\nConnection: close\r\n\r\n");
    assert_string_equal(fake.name, "example.net");
    assert_int_equal(fake.port, 80);
    assert_false(sp_http_call_done(&call));
    sp_http_call_release(&call);
    assert_true(sp_http_call_done(&call));
    assert_null(sp_http_call_result(&call));
    assert_int_equal(fake_net_held(), 0);
}

/* net decides when it wants to run before the client uses it. */
static void who_used_the_network_asks_for_another_turn(void **state)
{
    (void)state;
    assert_int_equal(sp_http_call_start(&call, test_now), 0);
    assert_int_equal(sp_http_client_step(test_now), test_now);
    assert_int_equal(sp_http_client_step(test_now), test_now + SP_HTTP_CLIENT_TIMEOUT_MS);
    sp_http_call_release(&call);
}

static void body_goes_along_in_one_segment(void **state)
{
    char text[] = "{}";

    (void)state;
    call.method = "POST";
    call.url = "http://example.net:8080?q";
    call.content_type = "application/jose+json";
    call.write = write_body;
    call.ctx = text;
    call.keep = true;
    start();
    assert_string_equal(received(0),
                        "POST /?q HTTP/1.1\r\nHost: example.net:8080\r\nUser-Agent: sealpost\r\n"
                        "Content-Type: application/jose+json\r\nContent-Length: 2\r\n"
                        "Connection: keep-alive\r\n\r\n{}");
    assert_int_equal(fake.pipes[0].end[1].segments, 1);
    assert_int_equal(fake.port, 8080);
    sp_http_call_release(&call);
}

static void literal_address_needs_no_dns(void **state)
{
    (void)state;
    call.url = "http://[2001:db8::7]/";
    start();
    assert_int_equal(fake.asked, 0);
    assert_int_equal(fake.connected[0].family, 6);
    assert_non_null(strstr(received(0), "Host: [2001:db8::7]\r\n"));
    sp_http_call_release(&call);
}

static void bad_calls_never_start(void **state)
{
    struct sp_http_call second = call;

    (void)state;
    call.url = "gopher://example.net/";
    assert_int_equal(sp_http_call_start(&call, test_now), SP_E_INVALID);
    call.url = "https://192.0.2.1/";
    assert_int_equal(sp_http_call_start(&call, test_now), SP_E_INVALID);
    call.url = "http://example.net/";
    start();
    assert_int_equal(sp_http_call_start(&second, test_now), SP_E_AGAIN);
    assert_true(sp_http_call_done(&second));
    sp_http_call_release(&second);
    assert_false(sp_http_call_done(&call));
    sp_http_call_release(&call);
}

struct answer_row {
    const char *answer;
    int result;
    int status;
    const char *body, *stage;
};

static const struct answer_row answers[] = {
    {OK "Content-Length: 5\r\n\r\nhello", 0, 200, "hello", "done"},
    {OK "Content-Length: 0\r\n\r\n", 0, 200, "", "done"},
    {OK "Content-Length: 5\r\n\r\nhello and more", 0, 200, "hello", "done"},
    {OK "\r\nto the end", 0, 200, "to the end", "done"},
    {OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX: y\r\n\r\n", 0,
     200, "hello world", "done"},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX: y\r\n\r\n" OK
     "Content-Length: 2\r\n\r\nok",
     0, 200, "ok", "done"},
    {"HTTP/1.1 204 No Content\r\n\r\n", 0, 204, "", "done"},
    {"HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n", 0, 301, "", "done"},
    {OK "Content-Length: 5\r\n\r\nhell", SP_E_CLOSED, 200, "hell", "response"},
    {OK "Content-Length: 64\r\n\r\n"
        "0123456789012345678901234567890123456789012345678901234567890123",
     SP_E_TOO_BIG, 200, "012345678901234567890123456789012345678901234567890123456789012",
     "response"},
    {OK "Content-Length: 63\r\n\r\n"
        "012345678901234567890123456789012345678901234567890123456789012",
     0, 200, "012345678901234567890123456789012345678901234567890123456789012", "done"},
    {OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", SP_E_CLOSED, 200, "hel", "response"},
    {OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello", SP_E_HTTP, 200, "", "response"},
    {OK "Content-Le", SP_E_CLOSED, 0, "", "response"},
    {"", SP_E_CLOSED, 0, "", "response"},
    {"SSH-2.0-OpenSSH\r\n", SP_E_HTTP, 0, "", "response"},
    {"HTTP/1.1 101 Switching\r\n\r\n", SP_E_HTTP, 0, "", "response"},
};

static void gives(const struct answer_row *row, size_t chunk)
{
    reset(NULL);
    start();
    (void)received(0);
    fake.pipes[0].end[1].chunk = chunk;
    send_text(0, row->answer);
    pipe_cut(&fake.pipes[0], 0);
    for (int i = 0; i < 100 && !sp_http_call_done(&call); i++) {
        step();
    }
    if (result.result != row->result || result.status != row->status) {
        fail_msg("%d, %d, %s: %s", result.result, result.status, result.detail, row->answer);
    }
    assert_string_equal(out, row->body);
    assert_int_equal(result.body.n, strlen(row->body));
    assert_string_equal(result.stage, row->stage);
    assert_int_equal(result.detail[0] == '\0', row->result == 0);
    assert_int_equal(fake_net_held(), 0);
}

static void answers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        gives(&answers[i], 0);
        gives(&answers[i], 1);
        gives(&answers[i], 7);
    }
}

static void answer_to_head_has_no_body(void **state)
{
    (void)state;
    call.method = "HEAD";
    call.keep = true;
    start();
    send_text(0, OK "Content-Length: 500\r\nReplay-Nonce: n0nce\r\n\r\n");
    step();
    assert_true(sp_http_call_done(&call));
    assert_int_equal(result.result, 0);
    assert_string_equal(result.nonce, "n0nce");
    assert_int_equal(fake_net_held(), 1); /* kept */
}

static void fields_come_with_the_result(void **state)
{
    (void)state;
    start();
    send_text(0, OK "Content-Type: text/plain; charset=utf-8\r\nLocation: /l\r\n"
                    "Date: Tue, 24 Nov 2026 12:00:00 GMT\r\n"
                    "Retry-After: Tue, 24 Nov 2026 12:05:00 GMT\r\nContent-Length: 0\r\n\r\n");
    step();
    assert_string_equal(result.content_type, "text/plain; charset=utf-8");
    assert_string_equal(result.location, "/l");
    assert_int_equal(result.date, CERTS_NOW);
    assert_int_equal(result.retry_after, 300);
    assert_false(result.tls);
}

static void retry_after_takes_both_forms(void **state)
{
    static const struct {
        const char *value;
        uint32_t seconds;
    } rows[] = {
        {"120", 120},
        {"0", 0},
        {"soon", 0},
        {"-5", 0},
        {"99999999999", 0},
        {"Tue, 24 Nov 2026 12:00:30 GMT", 30},
        {"Tue, 24 Nov 2026 11:00:00 GMT", 0},
    };
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reset(NULL);
        start();
        (void)snprintf(text, sizeof text, OK "Retry-After: %s\r\nContent-Length: 0\r\n\r\n",
                       rows[i].value);
        send_text(0, text);
        step();
        assert_int_equal(result.retry_after, rows[i].seconds);
    }
}

static void header_over_the_limit_is_refused(void **state)
{
    char line[120];

    (void)state;
    start();
    send_text(0, OK);
    memset(line, 'a', sizeof line);
    memcpy(line, "X: ", 3);
    memcpy(line + sizeof line - 3, "\r\n", 3);
    for (int i = 0; i < 100 && !sp_http_call_done(&call); i++) {
        send_text(0, line);
        step();
    }
    assert_int_equal(result.result, SP_E_HTTP);
}

static void endless_interim_answers_are_refused(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 20 && !sp_http_call_done(&call); i++) {
        send_text(0, "HTTP/1.1 102 Processing\r\n\r\n");
        step();
    }
    assert_int_equal(result.result, SP_E_HTTP);
}

static void dns_failures_are_told(void **state)
{
    static const struct {
        int v6, v4;
        uint8_t family;
        int result;
    } rows[] = {
        {SP_E_DNS_NXDOMAIN, SP_E_DNS_NXDOMAIN, 0, SP_E_DNS_NXDOMAIN},
        {SP_E_DNS_NODATA, SP_E_DNS_NODATA, 0, SP_E_DNS_NODATA},
        {SP_E_DNS_TIMEOUT, SP_E_DNS_NODATA, 0, SP_E_DNS_TIMEOUT},
        {SP_E_DNS_NODATA, SP_E_DNS_SERVFAIL, 0, SP_E_DNS_SERVFAIL},
        {SP_E_DNS_TIMEOUT, SP_E_DNS_NODATA, 4, SP_E_DNS_NODATA},
        {SP_E_DNS_NODATA, SP_E_DNS_TIMEOUT, 6, SP_E_DNS_NODATA},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reset(NULL);
        fake.v6.result = rows[i].v6;
        fake.v4 = (struct sp_dns_addresses){.result = rows[i].v4};
        call.family = rows[i].family;
        start();
        assert_true(sp_http_call_done(&call));
        assert_int_equal(result.result, rows[i].result);
        assert_string_equal(result.stage, "dns");
        assert_non_null(strstr(result.detail, "example.net"));
        assert_int_equal(fake.asked, rows[i].family == 0 ? 2 : 1);
    }
    reset(NULL);
    fake.ask_error = SP_E_DNS_NO_SERVER;
    start();
    assert_int_equal(result.result, SP_E_DNS_NO_SERVER);
}

static void busy_dns_is_asked_again(void **state)
{
    (void)state;
    fake.ask_error = SP_E_MEMORY;
    start();
    assert_false(sp_http_call_done(&call));
    assert_int_equal(sp_http_client_step(test_now), test_now + 100);
    fake.ask_error = 0;
    step();
    assert_int_equal(fake.connects, 1);
    sp_http_call_release(&call);
}

static void next_address_is_tried(void **state)
{
    (void)state;
    fake.v6 = (struct sp_dns_addresses){
        .n = 1, .list = {{.family = 6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 9}}}};
    fake.v4.n = 2;
    fake.v4.list[1] = v4(2);
    fake.outcomes[0] = SP_E_UNREACHABLE;
    fake.outcomes[1] = SP_E_REFUSED;
    start();
    assert_int_equal(fake.connects, 3);
    assert_int_equal(fake.connected[0].family, 6);
    assert_int_equal(fake.connected[2].bytes[3], 2);
    send_text(2, OK "Content-Length: 0\r\n\r\n");
    step();
    assert_int_equal(result.result, 0);
    assert_true(sp_addr_equal(&result.address, &fake.connected[2]));
    assert_int_equal(fake_net_held(), 0);
}

static void failed_addresses_are_all_told(void **state)
{
    (void)state;
    fake.v4.n = 2;
    fake.v4.list[1] = v4(2);
    fake.outcomes[0] = SP_E_TIMEOUT;
    fake.outcomes[1] = SP_E_REFUSED;
    start();
    assert_int_equal(result.result, SP_E_REFUSED);
    assert_string_equal(result.stage, "connect");
    assert_non_null(strstr(result.detail, "192.0.2.1: "));
    assert_non_null(strstr(result.detail, "192.0.2.2: "));
    assert_int_equal(fake_net_held(), 0);
}

static void given_address_is_the_only_one(void **state)
{
    (void)state;
    call.address = v4(77);
    fake.outcomes[0] = SP_E_REFUSED;
    start();
    assert_int_equal(fake.asked, 0);
    assert_int_equal(fake.connects, 1);
    assert_int_equal(result.result, SP_E_REFUSED);
}

static void time_limit_covers_all_of_it(void **state)
{
    (void)state;
    call.timeout_ms = 4000;
    start();
    assert_int_equal(sp_http_client_step(test_now), test_now + 4000);
    send_text(0, OK "Content-Length: 9\r\n\r\n1");
    test_now += 3999;
    step();
    assert_false(sp_http_call_done(&call));
    test_now += 1;
    step();
    assert_int_equal(result.result, SP_E_TIMEOUT);
    assert_string_equal(result.stage, "response");
    assert_int_equal(result.elapsed_ms, 4000);
    assert_int_equal(fake_net_held(), 0);
}

static void kept_call(const char *body)
{
    char text[100];

    call.keep = true;
    start();
    (void)snprintf(text, sizeof text, OK "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    send_text(fake.connects - 1, text);
    step();
    assert_int_equal(result.result, 0);
    assert_string_equal(out, body);
}

static void kept_connection_serves_its_origin_again(void **state)
{
    (void)state;
    kept_call("one");
    kept_call("two");
    assert_int_equal(fake.connects, 1);
    assert_int_equal(result.address.bytes[3], 1);
    call.url = "http://example.net:8080/";
    kept_call("three"); /* another port: another connection */
    assert_int_equal(fake.connects, 2);
    assert_true(fake.pipes[0].end[1].released);
    sp_http_client_drop();
    assert_int_equal(fake_net_held(), 0);
}

static void kept_connection_ends_with_time_and_with_its_peer(void **state)
{
    (void)state;
    kept_call("one");
    test_now += 15000;
    assert_int_equal(sp_http_client_step(test_now), SP_NEVER);
    assert_int_equal(fake_net_held(), 0);
    kept_call("two");
    pipe_cut(&fake.pipes[1], 0);
    step();
    assert_int_equal(fake_net_held(), 0);
}

static void dead_kept_connection_is_replaced_once(void **state)
{
    (void)state;
    kept_call("one");
    pipe_cut(&fake.pipes[0], 0); /* not seen before the next call */
    kept_call("two");
    assert_int_equal(fake.connects, 2);
    /* The next one breaks in the middle of an answer: that is a failure. */
    start();
    send_text(1, "H");
    pipe_cut(&fake.pipes[1], 0);
    step();
    assert_int_equal(result.result, SP_E_CLOSED);
    assert_int_equal(fake.connects, 2);
    /* A fresh one that closes without an answer, too. */
    start();
    pipe_cut(&fake.pipes[2], 0);
    step();
    assert_int_equal(result.result, SP_E_CLOSED);
    assert_int_equal(fake.connects, 3);
}

/* What follows an answer belongs to no call: it must not become the next one's answer. */
static void connection_with_surplus_bytes_is_not_kept(void **state)
{
    static const char *const surplus[] = {
        OK "Content-Length: 2\r\n\r\nok" OK "Content-Length: 0\r\n\r\n",
        OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" OK,
        "HTTP/1.1 204 No Content\r\n\r\n" OK,
    };

    (void)state;
    for (size_t i = 0; i < sizeof surplus / sizeof surplus[0]; i++) {
        reset(NULL);
        call.keep = true;
        start();
        send_text(0, surplus[i]);
        step();
        assert_int_equal(result.result, 0);
        assert_int_equal(fake_net_held(), 0);
    }
}

static void kept_connection_is_not_for_another_kind_of_call(void **state)
{
    (void)state;
    kept_call("one");
    call.verify = SP_TLS_VERIFY_REPORT;
    kept_call("two");
    assert_int_equal(fake.connects, 2);
    call.verify = SP_TLS_VERIFY;
    kept_call("three");
    assert_int_equal(fake.connects, 3); /* the second one was not kept */
    call.address = v4(9);
    kept_call("four");
    assert_int_equal(fake.connects, 4);
    call.address.family = 0;
    call.family = 6;
    fake.v6 = (struct sp_dns_addresses){.n = 1, .list = {{.family = 6, .bytes = {1}}}};
    kept_call("five");
    assert_int_equal(fake.connects, 5);
}

static void answer_that_closes_is_not_kept(void **state)
{
    (void)state;
    call.keep = true;
    start();
    send_text(0, OK "Connection: close\r\nContent-Length: 0\r\n\r\n");
    step();
    assert_int_equal(result.result, 0);
    assert_int_equal(fake_net_held(), 0);
}

/* The answer */

static void answer_is_lent_until_it_is_released(void **state)
{
    struct sp_http_call second = call;

    (void)state;
    start();
    assert_null(sp_http_call_result(&call));
    send_text(0, OK "Content-Length: 2\r\n\r\nok");
    step();
    assert_string_equal(out, "ok");
    assert_null(sp_http_call_result(&second));
    assert_int_equal(sp_http_call_start(&second, test_now), SP_E_AGAIN);
    sp_http_call_release(&second); /* not its own */
    assert_non_null(sp_http_call_result(&call));
    sp_http_call_release(&call);
    assert_null(sp_http_call_result(&call));
    assert_int_equal(sp_http_call_start(&second, test_now), 0);
    step();
    sp_http_call_release(&call); /* nor this */
    assert_false(sp_http_call_done(&second));
    sp_http_call_release(&second);
}

static void next_call_of_the_same_caller_takes_the_answer_back(void **state)
{
    (void)state;
    start();
    send_text(0, OK "Content-Length: 2\r\n\r\nok");
    step();
    start();
    assert_null(sp_http_call_result(&call));
    assert_false(sp_http_call_done(&call));
    sp_http_call_release(&call);
}

static void largest_body_is_taken_and_no_more(void **state)
{
    static char text[SP_HTTP_CLIENT_BODY_MAX + 200];

    for (int more = 0; more <= 1; more++) {
        size_t n = SP_HTTP_CLIENT_BODY_MAX + (size_t)more;
        size_t head;

        reset(state);
        call.body_max = 0;
        head = (size_t)snprintf(text, sizeof text, OK "Content-Length: %zu\r\n\r\n", n);
        for (size_t i = 0; i < n; i++) {
            text[head + i] = (char)('a' + i % 23);
        }
        text[head + n] = '\0';
        start();
        for (size_t at = 0; at < head + n; at += 1500) {
            char part[1501];

            (void)snprintf(part, sizeof part, "%s", text + at);
            send_text(0, part);
            step();
        }
        assert_true(sp_http_call_done(&call));
        assert_int_equal(result.result, more == 0 ? 0 : SP_E_TOO_BIG);
        assert_int_equal(result.body.n, SP_HTTP_CLIENT_BODY_MAX);
        assert_memory_equal(out, text + head, SP_HTTP_CLIENT_BODY_MAX);
    }
}

static void large_head_and_its_body_come_apart(void **state)
{
    static char text[9000];
    size_t n;

    (void)state;
    call.body_max = 0;
    start();
    n = (size_t)snprintf(text, sizeof text, OK "Content-Length: 3000\r\nLocation: /l\r\nX: ");
    memset(text + n, 'h', 5000);
    n += 5000;
    n += (size_t)snprintf(text + n, sizeof text - n, "\r\n\r\n");
    for (size_t i = 0; i < 3000; i++) {
        text[n + i] = (char)('a' + i % 23);
    }
    assert_int_equal(sp_stream_write(pipe_stream(&fake.pipes[0], 0), text, n + 3000, false),
                     (int)(n + 3000));
    step();
    assert_int_equal(result.result, 0);
    assert_string_equal(result.location, "/l");
    assert_int_equal(result.body.n, 3000);
    assert_memory_equal(out, text + n, 3000);
}

/* Keeps every second byte, of errors all; the letter x is an error. */
static int every_second(void *ctx, int status, struct sp_span piece, struct sp_buf *body)
{
    unsigned *seen = ctx;

    for (size_t i = 0; i < piece.n; i++) {
        if (piece.p[i] == 'x' && status == 200) {
            return SP_E_CERT_BAD;
        }
        if ((*seen)++ % 2 == 0 || status != 200) {
            sp_buf_put(body, piece.p + i, 1);
        }
    }
    return 0;
}

static void filter_sees_all_and_keeps_what_it_likes(void **state)
{
    static const struct {
        const char *answer;
        int result;
        const char *body;
    } rows[] = {
        {OK "Content-Length: 10\r\n\r\n0123456789", 0, "02468"},
        {OK "\r\n0123456789", 0, "02468"},
        {OK "Transfer-Encoding: chunked\r\n\r\n3\r\n012\r\n7\r\n3456789\r\n0\r\n\r\n", 0, "02468"},
        {OK "Content-Length: 10\r\n\r\n01234x6789", SP_E_CERT_BAD, "024"},
        {"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nxxxx", 0, "xxxx"},
    };
    unsigned seen;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t chunk = 0; chunk < 3; chunk++) {
            reset(state);
            seen = 0;
            call.filter = every_second;
            call.ctx = &seen;
            start();
            fake.pipes[0].end[1].chunk = chunk;
            send_text(0, rows[i].answer);
            pipe_cut(&fake.pipes[0], 0);
            for (int k = 0; k < 100 && !sp_http_call_done(&call); k++) {
                step();
            }
            assert_int_equal(result.result, rows[i].result);
            assert_string_equal(out, rows[i].body);
        }
    }
}

static int write_too_much(void *ctx, struct sp_buf *body)
{
    size_t n = *(size_t *)ctx;

    for (size_t i = 0; i < n; i++) {
        sp_buf_putc(body, 'b');
    }
    return 0;
}

static int write_nothing(void *ctx, struct sp_buf *body)
{
    (void)ctx;
    (void)body;
    return SP_E_CORRUPT;
}

static void request_has_its_limit(void **state)
{
    size_t n = SP_HTTP_CLIENT_REQUEST_MAX;

    (void)state;
    call.method = "POST";
    call.write = write_too_much;
    call.ctx = &n;
    start();
    assert_non_null(strstr(received(0), "Content-Length: 3072\r\n"));
    sp_http_call_release(&call);
    n++;
    start();
    assert_true(sp_http_call_done(&call));
    assert_int_equal(result.result, SP_E_TOO_BIG);
    assert_string_equal(result.stage, "request");
    call.write = write_nothing;
    start();
    assert_int_equal(result.result, SP_E_CORRUPT);
    assert_int_equal(fake_net_held(), 0);
}

static void request_is_written_anew_for_a_new_connection(void **state)
{
    char text[] = "again";

    (void)state;
    kept_call("one");
    call.method = "POST";
    call.write = write_body;
    call.ctx = text;
    written = 0;
    pipe_cut(&fake.pipes[0], 0);
    start();
    assert_int_equal(written, 2);
    assert_non_null(strstr(received(1), "\r\n\r\nagain"));
    sp_http_call_release(&call);
}

static void every_stream_operation_fails_once(void **state)
{
    char text[] = "body";
    unsigned at;

    (void)state;
    for (at = 1; at < 200; at++) {
        reset(NULL);
        fake.pipes[0].fail_at = at;
        call.method = "POST";
        call.content_type = "text/plain";
        call.write = write_body;
        call.ctx = text;
        start();
        if (!sp_http_call_done(&call) &&
            sp_stream_write(pipe_stream(&fake.pipes[0], 0), OK "Content-Length: 2\r\n\r\nok", 40,
                            false) > 0) {
            step();
        }
        if (!sp_http_call_done(&call)) {
            test_now += SP_HTTP_CLIENT_TIMEOUT_MS;
            step();
        }
        assert_true(sp_http_call_done(&call));
        assert_int_equal(fake_net_held(), 0);
        if (result.result == 0) {
            break;
        }
        assert_int_not_equal(strlen(result.detail), 0);
    }
    assert_in_range(at, 4, 50);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(request_is_written, reset),
        cmocka_unit_test_setup(who_used_the_network_asks_for_another_turn, reset),
        cmocka_unit_test_setup(body_goes_along_in_one_segment, reset),
        cmocka_unit_test_setup(literal_address_needs_no_dns, reset),
        cmocka_unit_test_setup(bad_calls_never_start, reset),
        cmocka_unit_test_setup(answers_are_read, reset),
        cmocka_unit_test_setup(answer_to_head_has_no_body, reset),
        cmocka_unit_test_setup(fields_come_with_the_result, reset),
        cmocka_unit_test_setup(retry_after_takes_both_forms, reset),
        cmocka_unit_test_setup(header_over_the_limit_is_refused, reset),
        cmocka_unit_test_setup(endless_interim_answers_are_refused, reset),
        cmocka_unit_test_setup(dns_failures_are_told, reset),
        cmocka_unit_test_setup(busy_dns_is_asked_again, reset),
        cmocka_unit_test_setup(next_address_is_tried, reset),
        cmocka_unit_test_setup(failed_addresses_are_all_told, reset),
        cmocka_unit_test_setup(given_address_is_the_only_one, reset),
        cmocka_unit_test_setup(time_limit_covers_all_of_it, reset),
        cmocka_unit_test_setup(kept_connection_serves_its_origin_again, reset),
        cmocka_unit_test_setup(kept_connection_ends_with_time_and_with_its_peer, reset),
        cmocka_unit_test_setup(dead_kept_connection_is_replaced_once, reset),
        cmocka_unit_test_setup(connection_with_surplus_bytes_is_not_kept, reset),
        cmocka_unit_test_setup(kept_connection_is_not_for_another_kind_of_call, reset),
        cmocka_unit_test_setup(answer_that_closes_is_not_kept, reset),
        cmocka_unit_test_setup(answer_is_lent_until_it_is_released, reset),
        cmocka_unit_test_setup(next_call_of_the_same_caller_takes_the_answer_back, reset),
        cmocka_unit_test_setup(largest_body_is_taken_and_no_more, reset),
        cmocka_unit_test_setup(large_head_and_its_body_come_apart, reset),
        cmocka_unit_test_setup(filter_sees_all_and_keeps_what_it_likes, reset),
        cmocka_unit_test_setup(request_has_its_limit, reset),
        cmocka_unit_test_setup(request_is_written_anew_for_a_new_connection, reset),
        cmocka_unit_test_setup(every_stream_operation_fails_once, reset),
    };

    return cmocka_run_group_tests(tests, tls_pair_start, NULL);
}
