/* URLs, heads of answers, links: tables of what comes in and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "net/http_response.h"
#include "net/http_url.h"

static void urls_are_taken_apart(void **state)
{
    static const struct {
        const char *url, *host, *target;
        bool https;
        unsigned port;
    } rows[] = {
        {"https://mta-sts.example.net/.well-known/mta-sts.txt", "mta-sts.example.net",
         "/.well-known/mta-sts.txt", true, 443},
        {"HTTP://Example.NET", "example.net", "", false, 80},
        {"http://example.net:8080/a?b=c", "example.net", "/a?b=c", false, 8080},
        {"http://example.net?b", "example.net", "?b", false, 80},
        {"https://example.net.:443/", "example.net", "/", true, 443},
        {"http://192.0.2.1/x", "192.0.2.1", "/x", false, 80},
        {"http://[2001:DB8::1]:8080/x", "2001:db8::1", "/x", false, 8080},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_url url;

        assert_int_equal(sp_url_parse(sp_span_str(rows[i].url), &url), 0);
        assert_string_equal(url.host, rows[i].host);
        assert_true(sp_span_is(url.target, rows[i].target));
        assert_int_equal(url.https, rows[i].https);
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url.port_given, rows[i].port == 8080);
        assert_int_equal(url.address.family, strchr(rows[i].host, ':') != NULL ? 6
                                             : rows[i].host[0] == '1'          ? 4
                                                                               : 0);
    }
}

static void urls_that_are_none_are_refused(void **state)
{
    static const char *const urls[] = {
        "",
        "example.net",
        "ftp://example.net/",
        "http:/example.net/",
        "http://",
        "http:///x",
        "http://host/",
        "http://user@example.net/",
        "http://user:pw@example.net/",
        "http://example.net/#top",
        "http://example.net:/",
        "http://example.net:0/",
        "http://example.net:65536/",
        "http://example.net:80x/",
        "http://example.net:+80/",
        "http://exa mple.net/",
        "http://example.net/a b",
        "http://example.net/\x7f",
        "http://example.net/\r\nX: y",
        "http://ex\xc3\xa4mple.net/",
        "http://[2001:db8::1/",
        "http://[192.0.2.1]/",
        "http://[2001:db8::1]x/",
        "http://2001:db8::1/",
        "http://example..net/",
        "http://-example.net/",
    };
    char text[SP_URL_MAX + 1];
    struct sp_url url;

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        if (sp_url_parse(sp_span_str(urls[i]), &url) != SP_E_INVALID) {
            fail_msg("%s", urls[i]);
        }
    }
    memset(text, 'a', sizeof text);
    memcpy(text, "http://example.net/", 19);
    assert_int_equal(sp_url_parse(sp_span(text, SP_URL_MAX - 1), &url), 0);
    assert_int_equal(sp_url_parse(sp_span(text, SP_URL_MAX), &url), SP_E_INVALID);
    assert_int_equal(sp_url_parse(sp_span("http://a.b/\0", 12), &url), SP_E_INVALID);
}

#define OK "HTTP/1.1 200 OK\r\n"

static void heads_are_judged(void **state)
{
    static const struct {
        const char *text;
        int result; /* 0: all of the text */
        enum sp_http_framing framing;
        bool closes;
    } rows[] = {
        {OK "\r\n", 0, SP_HTTP_TO_END, true},
        {OK "Content-Length: 5\r\n\r\n", 0, SP_HTTP_LENGTH, false},
        {OK "content-LENGTH:5\r\nConnection: foo, Close\r\n\r\n", 0, SP_HTTP_LENGTH, true},
        {OK "Transfer-Encoding: Chunked\r\n\r\n", 0, SP_HTTP_CHUNKED, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 0, SP_HTTP_LENGTH, true},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", 0,
         SP_HTTP_LENGTH, false},
        {"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", 0, SP_HTTP_LENGTH, false},
        {"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {OK "Content-Length: 5\r\n", SP_E_AGAIN, SP_HTTP_NO_BODY, false},
        {"HTTP/1", SP_E_AGAIN, SP_HTTP_NO_BODY, false},
        {OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {OK "Content-Length: 5, 5\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {OK "Content-Length: -5\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {OK "Content-Length: \r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {OK "Content-Length: 99999999999999999999\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY,
         false},
        {OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY,
         false},
        {OK "Transfer-Encoding: gzip, chunked\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {OK "X: a\r\n b\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {OK "X : a\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {OK "X: a\rb\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {"HTTP/1.1 99 Low\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {"HTTP/1.1 600 High\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {"HTTP/2 200 OK\r\n\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {"220 mail.example.net ESMTP\r\n", SP_E_HTTP, SP_HTTP_NO_BODY, false},
        {"\x15\x03\x01 0123456789", SP_E_HTTP, SP_HTTP_NO_BODY, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_http_head head;
        int n = sp_http_head_parse(sp_span_str(rows[i].text), &head);
        int wanted = rows[i].result != 0 ? rows[i].result : (int)strlen(rows[i].text);

        if (n != wanted) {
            fail_msg("row %zu gives %d: %s", i, n, rows[i].text);
        }
        if (rows[i].result != 0) {
            continue;
        }
        assert_int_equal(head.framing, rows[i].framing);
        assert_int_equal(head.closes, rows[i].closes);
    }
}

static void fields_are_found(void **state)
{
    struct sp_http_head head;

    (void)state;
    assert_true(sp_http_head_parse(
                    sp_span_str("HTTP/1.1 201 Created\r\nreplay-nonce: abc \r\nLocation: /x\r\n"
                                "Location: /y\r\nLink: <https://a/dir>;rel=\"index\"\r\n"
                                "Retry-After: 7\r\n"
                                "Content-Type: text/plain\r\n\r\n"),
                    &head) > 0);
    assert_int_equal(head.status, 201);
    assert_true(sp_span_is(head.nonce, "abc"));
    assert_true(sp_span_is(head.location, "/x"));
    assert_true(sp_span_is(head.retry_after, "7"));
    assert_true(sp_span_is(head.content_type, "text/plain"));
    assert_null(head.date.p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(urls_that_are_none_are_refused),
        cmocka_unit_test(heads_are_judged),
        cmocka_unit_test(fields_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
