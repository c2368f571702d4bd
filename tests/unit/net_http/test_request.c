/* Requests: a table of what comes in and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "net/http_request.h"

#define GET "GET / HTTP/1.1\r\n"
#define H "Host: example.net\r\n"
#define E "\r\n"

static void requests_are_judged(void **state)
{
    static const struct {
        const char *text;
        int status; /* 0: good; -1: not complete */
        bool keep;
    } rows[] = {
        {GET H E, 0, true},
        {E GET H E, 0, true}, /* RFC 9112 2.2: one empty line before it */
        {"GET / HTTP/1.1\nHost: example.net\n\n", 0, true},
        {GET H "Connection: close\r\n" E, 0, false},
        {GET H "Connection: x, CLOSE\r\n" E, 0, false},
        {GET H "Connection: keep-alive\r\n" E, 0, true},
        {"GET / HTTP/1.0\r\n" H E, 0, false},
        {"GET / HTTP/1.0\r\n" H "Connection: keep-alive\r\n" E, 0, true},
        {"GET / HTTP/1.0\r\n" H "Connection: keep-alive, close\r\n" E, 0, false},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n" E, 0, true},
        {"BREW /pot HTTP/1.1\r\n" H E, 0, true},
        {GET H "Expect: 100-continue\r\n" E, 0, true},
        {"G", -1, false},
        {GET, -1, false},
        {GET H, -1, false},
        {GET H "X: y\r", -1, false},
        /* Host */
        {GET E, 400, false},
        {"GET / HTTP/1.0\r\n" E, 400, false},
        {GET H H E, 400, false},
        {GET H "host: other.example\r\n" E, 400, false},
        {GET "Host:\r\n" E, 400, false},
        {GET "Host: a b\r\n" E, 400, false},
        {GET "Host: a@b.example\r\n" E, 400, false},
        {GET "Host: b.example:port\r\n" E, 400, false},
        {GET "Host: b.example:99999\r\n" E, 400, false},
        {"GET http://a.example/ HTTP/1.1\r\n" E, 400, false},
        /* Framing */
        {GET H "Content-Length: 1\r\n" E, 0, true},
        {GET H "Content-Length: 0\r\nContent-Length: 0\r\n" E, 400, false},
        {GET H "Content-Length: 0\r\nContent-Length: 5\r\n" E, 400, false},
        {GET H "Content-Length: +0\r\n" E, 400, false},
        {GET H "Content-Length: 0x0\r\n" E, 400, false},
        {GET H "Content-Length: 0, 0\r\n" E, 400, false},
        {GET H "Content-Length:\r\n" E, 400, false},
        {GET H "Transfer-Encoding: chunked\r\n" E, 0, true},
        {GET H "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n" E, 400, false},
        {GET H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n" E, 400, false},
        {GET H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" E, 400, false},
        {GET H "Transfer-Encoding: gzip, chunked\r\n" E, 501, false},
        {GET H "Transfer-Encoding: xchunked\r\n" E, 501, false},
        {"POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n" E, 400, false},
        {GET H "Expect: 100-continue\r\nContent-Length: 5\r\n" E, 0, true},
        {GET H "Expect: miracles\r\n" E, 417, false},
        /* Lines */
        {GET H "X: a\r\n folded\r\n" E, 400, false},
        {GET H "X : a\r\n" E, 400, false},
        {GET " X: a\r\n" H E, 400, false},
        {GET H ": a\r\n" E, 400, false},
        {GET H "X\r\n" E, 400, false},
        {GET H "X: a\rb\r\n" E, 400, false},
        {GET H "X: a\x01z\r\n" E, 400, false},
        {GET H "X\xc3\xa4: a\r\n" E, 400, false},
        {GET H "Content-Length\t: 0\r\n" E, 400, false},
        /* Request line */
        {"GET  / HTTP/1.1\r\n" H E, 400, false},
        {"GET / HTTP/2.0\r\n" H E, 400, false},
        {"GET / http/1.1\r\n" H E, 400, false},
        {"GET /\r\n" H E, 400, false},
        {"GET HTTP/1.1\r\n" H E, 400, false},
        {" GET / HTTP/1.1\r\n" H E, 400, false},
        {"G<T / HTTP/1.1\r\n" H E, 400, false},
        {"GET x HTTP/1.1\r\n" H E, 400, false},
        {"OPTIONS * HTTP/1.1\r\n" H E, 400, false},
        {"CONNECT a.example:443 HTTP/1.1\r\n" H E, 400, false},
        {"GET /a#b HTTP/1.1\r\n" H E, 400, false},
        {"GET /\xc3\xa4 HTTP/1.1\r\n" H E, 400, false},
        {"GET ftp://a.example/ HTTP/1.1\r\n" H E, 400, false},
        {"GET http://u@a.example/ HTTP/1.1\r\n" H E, 400, false},
        {"GET http:/// HTTP/1.1\r\n" H E, 400, false},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, false},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_http_asked asked;
        size_t length = strlen(rows[i].text);
        int n = sp_http_request_parse(sp_span(rows[i].text, length), &asked);
        int wanted = rows[i].status == 0  ? (int)length
                     : rows[i].status < 0 ? SP_E_AGAIN
                                          : SP_E_HTTP;

        if (n != wanted || (wanted == SP_E_HTTP && asked.status != rows[i].status) ||
            (n > 0 && asked.keep_alive != rows[i].keep)) {
            fail_msg("row %zu gives %d, %d: %s", i, n, asked.status, rows[i].text);
        }
    }
}

static void bodies_are_described(void **state)
{
    struct sp_http_asked asked;

    (void)state;
    assert_true(
        sp_http_request_parse(sp_span_str("POST /x HTTP/1.1\r\n" H "Content-Type:  a/b; c=d \r\n"
                                          "Content-Length: 5000000000\r\n"
                                          "Expect: 100-Continue\r\n" E),
                              &asked) > 0);
    assert_true(asked.has_body && asked.expects && !asked.chunked);
    assert_true(asked.length == 5000000000);
    assert_true(sp_span_is(asked.content_type, "a/b; c=d"));
    assert_true(
        sp_http_request_parse(
            sp_span_str("POST /x HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n" E), &asked) > 0);
    assert_true(asked.has_body && asked.chunked && !asked.expects);
    assert_int_equal(asked.content_type.n, 0);
    assert_true(sp_http_request_parse(
                    sp_span_str("POST /x HTTP/1.1\r\n" H "Content-Length: 0\r\n" E), &asked) > 0);
    assert_false(asked.has_body);
}

static void nul_bytes_are_refused_anywhere(void **state)
{
    static const char request[] = GET H "X: y\r\n" E;

    (void)state;
    for (size_t i = 0; i < sizeof request - 1; i++) {
        char copy[sizeof request];
        struct sp_http_asked asked;
        int n;

        memcpy(copy, request, sizeof request);
        copy[i] = '\0';
        n = sp_http_request_parse(sp_span(copy, sizeof request - 1), &asked);
        assert_int_equal(n, SP_E_HTTP);
        assert_int_equal(asked.status, 400);
    }
}

static void no_prefix_is_taken_for_the_whole(void **state)
{
    static const char request[] = "GET /a?b HTTP/1.1\r\nHost: example.net\r\nX: y\r\n\r\nGET /next";
    struct sp_http_asked asked;

    (void)state;
    for (size_t n = 0; n < sizeof request - 1 - 9; n++) {
        assert_int_equal(sp_http_request_parse(sp_span(request, n), &asked), SP_E_AGAIN);
    }
    assert_int_equal(sp_http_request_parse(sp_span(request, sizeof request - 1), &asked),
                     sizeof request - 1 - 9);
}

static void too_many_headers_are_refused(void **state)
{
    char text[2000];
    struct sp_buf buf;
    struct sp_http_asked asked;

    (void)state;
    for (int n = 0; n < 40; n++) {
        int wanted;

        sp_buf_init(&buf, text, sizeof text);
        sp_buf_puts(&buf, GET H);
        for (int i = 0; i < n; i++) {
            sp_buf_printf(&buf, "X-%d: y\r\n", i);
        }
        sp_buf_puts(&buf, E);
        wanted = n + 1 <= 32 ? (int)buf.len : SP_E_HTTP;
        assert_int_equal(sp_http_request_parse(sp_buf_span(&buf), &asked), wanted);
        if (wanted < 0) {
            assert_int_equal(asked.status, 431);
        }
    }
}

static void targets_are_taken_apart(void **state)
{
    static const struct {
        const char *target, *path, *query, *host;
    } rows[] = {
        {"/", "/", "", "example.net"},
        {"/a/b?c=d?e", "/a/b", "c=d?e", "example.net"},
        {"/?", "/", "", "example.net"},
        {"http://Other.Example/x?y", "/x", "y", "other.example"},
        {"HTTPS://other.example:443", "/", "", "other.example"},
        {"http://other.example?q", "/", "q", "other.example"},
        {"//x", "//x", "", "example.net"},
        {"/%2e%2e/", "/%2e%2e/", "", "example.net"},
    };
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_http_asked asked;

        (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" H E, rows[i].target);
        assert_true(sp_http_request_parse(sp_span_str(text), &asked) > 0);
        assert_true(sp_span_is(asked.path, rows[i].path));
        assert_true(sp_span_is(asked.query, rows[i].query));
        assert_string_equal(asked.host, rows[i].host);
    }
}

static void hosts_are_normalised(void **state)
{
    static const struct {
        const char *value, *host; /* NULL: refused */
    } rows[] = {
        {"MTA-STS.Example.NET", "mta-sts.example.net"},
        {"example.net.", "example.net"},
        {"example.net.:8080", "example.net"},
        {"example.net:", "example.net"},
        {"192.0.2.1:80", "192.0.2.1"},
        {"[2001:DB8::1]:80", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"sealpost", "sealpost"},
        {"a_b.example", "a_b.example"},
        {"", NULL},
        {".", NULL},
        {".example", NULL},
        {"a..b", NULL},
        {"a:b:c", NULL},
        {"2001:db8::1", NULL},
        {"[2001:db8::1", NULL},
        {"[192.0.2.1]", NULL},
        {"[2001:db8::1]80", NULL},
        {"a/b", NULL},
        {"a,b", NULL},
        {"a%2eb", NULL},
    };
    char long_name[300];
    char host[SP_DOMAIN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int err = sp_http_host(sp_span_str(rows[i].value), host);

        if ((err == 0) != (rows[i].host != NULL) || (err == 0 && strcmp(host, rows[i].host) != 0)) {
            fail_msg("%s gives %d, %s", rows[i].value, err, host);
        }
    }
    memset(long_name, 'a', sizeof long_name);
    assert_int_equal(sp_http_host(sp_span(long_name, 253), host), 0);
    assert_int_equal(sp_http_host(sp_span(long_name, 254), host), SP_E_INVALID);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_judged),
        cmocka_unit_test(bodies_are_described),
        cmocka_unit_test(nul_bytes_are_refused_anywhere),
        cmocka_unit_test(no_prefix_is_taken_for_the_whole),
        cmocka_unit_test(too_many_headers_are_refused),
        cmocka_unit_test(targets_are_taken_apart),
        cmocka_unit_test(hosts_are_normalised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
