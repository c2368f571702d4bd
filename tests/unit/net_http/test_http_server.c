/* The HTTP server over pipes: answers, order, limits, times, slots. */
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
#include "net/http_server.h"
#include "test_clock.h"
#include "tls_pair.h"

#define PLAIN 80
#define SECURE 443
#define HOST "mta-sts.example.net"
#define ASK "GET /x HTTP/1.1\r\nHost: " HOST "\r\n\r\n"
#define HEAD_200                                                                                   \
    "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\n"       \
    "Content-Length: 5\r\nX-Content-Type-Options: nosniff\r\n"

static unsigned handled;
static struct {
    unsigned n;
    char host[SP_DOMAIN_SIZE];
    uint8_t alert;
} refused;
static struct tls_shown shown;

static void handler(void *ctx, const struct sp_http_request *request,
                    struct sp_http_response *response)
{
    assert_ptr_equal(ctx, &handled);
    handled++;
    assert_true(request->tls == (request->port == SECURE));
    assert_int_equal(request->peer->family, 4);
    response->status = 200;
    response->content_type = "text/plain";
    if (sp_span_is(request->path, "/host")) {
        sp_buf_puts(response->body, request->host);
    } else if (sp_span_is(request->path, "/tls")) {
        sp_buf_printf(response->body, "<%s>", request->tls_version);
    } else if (sp_span_is(request->path, "/big")) {
        sp_buf_printf(response->body, "%0*d", SP_POLICY_TEXT_MAX, 0);
    } else if (sp_span_is(request->path, "/toobig")) {
        sp_buf_printf(response->body, "%0*d", SP_POLICY_TEXT_MAX + 1, 0);
    } else if (sp_span_is(request->path, "/gone")) {
        response->status = 0;
    } else if (sp_span_is(request->path, "/moved")) {
        response->status = 301;
        response->content_type = NULL;
        sp_buf_printf(response->headers, "Location: https://" HOST "/%0600d\r\n", 0);
    } else {
        sp_buf_put(response->body, "hello", 5);
    }
}

/* Who takes what is posted to /post, and what has become of that. */
static struct {
    char
        told[400]; /* "(": begun, ")": ended whole, "!": ended not whole, "x": dropped; and bytes */
    struct sp_buf all;
    size_t at_once;      /* bytes that one call takes; 0: all */
    size_t fails_after;  /* bytes; 0: never */
    unsigned still_busy; /* calls that follow, without bytes */
    size_t total;
    int refuses; /* a status; 0: not at all */
} taken;

static bool begin_body(void *ctx, const struct sp_http_request *request,
                       struct sp_http_response *response)
{
    assert_ptr_equal(ctx, &taken);
    assert_true(sp_span_is(request->path, "/post"));
    assert_string_equal(request->host, HOST);
    sp_buf_puts(&taken.all, "(");
    sp_buf_put(&taken.all, request->content_type.p, request->content_type.n);
    sp_buf_puts(&taken.all, "|");
    response->status = taken.refuses;
    return taken.refuses == 0;
}

static int take_body(void *ctx, struct sp_span *bytes)
{
    size_t n = taken.at_once > 0 && taken.at_once < bytes->n ? taken.at_once : bytes->n;

    (void)ctx;
    if (bytes->n == 0) {
        assert_true(taken.still_busy > 0);
        return --taken.still_busy > 0 ? SP_E_AGAIN : 0;
    }
    sp_buf_put(&taken.all, bytes->p, n);
    taken.total += n;
    *bytes = sp_span(bytes->p + n, bytes->n - n);
    if (taken.fails_after > 0 && taken.total >= taken.fails_after) {
        return SP_E_INVALID;
    }
    return bytes->n > 0 || taken.still_busy > 0 ? SP_E_AGAIN : 0;
}

static void end_body(void *ctx, bool whole, struct sp_http_response *response)
{
    (void)ctx;
    sp_buf_puts(&taken.all, whole ? ")" : "!");
    response->status = whole ? 200 : 400;
    response->content_type = "text/plain";
    sp_buf_puts(response->body, "told\n");
}

static void drop_body(void *ctx)
{
    (void)ctx;
    sp_buf_puts(&taken.all, "x");
}

static const struct sp_http_taker taker = {.path = "/post",
                                           .max = 5000,
                                           .begin = begin_body,
                                           .take = take_body,
                                           .end = end_body,
                                           .drop = drop_body,
                                           .ctx = &taken};

static int lookup(void *ctx, const char *name, struct sp_tls_identity *out)
{
    assert_ptr_equal(ctx, &handled);
    return tls_pair_lookup(&shown, name, out);
}

static void tell_refused(const char *host, const struct sp_addr *peer, uint8_t alert)
{
    assert_int_equal(peer->family, 4);
    refused.n++;
    sp_text_cut(refused.host, sizeof refused.host, host);
    refused.alert = alert;
}

static int reset(void **state)
{
    (void)state;
    /* Whatever a test left open ends with its time. */
    for (int i = 0; i < 10; i++) {
        test_now += SP_HTTP_IDLE_TIMEOUT_MS;
        (void)sp_http_server_step(test_now);
    }
    assert_int_equal(sp_http_server_stats().busy, 0);
    fake_net_reset();
    handled = 0;
    memset(&taken, 0, sizeof taken);
    sp_buf_init(&taken.all, taken.told, sizeof taken.told);
    memset(&refused, 0, sizeof refused);
    sp_http_on_refused(tell_refused);
    sp_port_set_utc(CERTS_NOW, test_now);
    return 0;
}

static int start(void **state)
{
    int err = tls_pair_start(state);

    shown = tls_shown_default();
    if (err == 0) {
        err = sp_http_serve(PLAIN, NULL, handler, &handled);
    }
    if (err == 0) {
        err = sp_http_serve(SECURE, lookup, handler, &handled);
    }
    sp_http_take_bodies(PLAIN, &taker);
    sp_http_take_bodies(SECURE, &taker);
    return err;
}

static void step(void)
{
    sp_time next = test_now;

    for (int i = 0; i < 1000 && next <= test_now; i++) {
        next = sp_http_server_step(test_now);
    }
    assert_true(next > test_now); /* it comes to rest */
}

static void put(struct pipe *pipe, const char *text)
{
    assert_int_equal(sp_stream_write(pipe_stream(pipe, 0), text, strlen(text), false),
                     (int)strlen(text));
    step();
}

static const char *get(struct pipe *pipe)
{
    static char text[PIPE_SIZE + 1];
    int n = sp_stream_read(pipe_stream(pipe, 0), text, PIPE_SIZE);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static bool ended(struct pipe *pipe)
{
    char byte;

    return sp_stream_read(pipe_stream(pipe, 0), &byte, 1) == 0;
}

static void answer_is_one_piece_and_the_connection_stays(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    put(pipe, ASK);
    assert_string_equal(get(pipe), HEAD_200 "\r\nhello");
    assert_int_equal(pipe->end[1].segments, 1);
    put(pipe, "HEAD /x HTTP/1.1\r\nHost: " HOST "\r\nConnection: close\r\n\r\n");
    assert_string_equal(get(pipe), HEAD_200 "Connection: close\r\n\r\n");
    assert_true(ended(pipe));
    assert_true(pipe->end[1].released);
    assert_int_equal(handled, 2);
}

static void unset_clock_gives_no_date(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    sp_port_set_utc(0, 0);
    put(pipe, ASK);
    assert_null(strstr(get(pipe), "Date:"));
}

static void requests_in_a_row_are_answered_in_order(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);
    const char *first;

    (void)state;
    put(pipe, "GET /host HTTP/1.1\r\nHost: one.example\r\n\r\n"
              "GET /host HTTP/1.1\r\nHost: two.example\r\n\r\nGET /host HTTP/1.1\r\nHost: thr");
    first = strstr(get(pipe), "one.example");
    assert_non_null(first);
    assert_non_null(strstr(first, "two.example"));
    put(pipe, "ee.example\r\n\r\n");
    assert_non_null(strstr(get(pipe), "three.example"));
}

static void request_may_come_byte_by_byte(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    for (const char *p = ASK ASK; *p != '\0'; p++) {
        char byte[2] = {*p, '\0'};

        put(pipe, byte);
    }
    assert_int_equal(handled, 2);
}

static void answer_may_leave_byte_by_byte(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);
    size_t n = 0;

    (void)state;
    pipe->end[1].chunk = 1;
    pipe->end[1].room = 700;
    put(pipe, "GET /big HTTP/1.1\r\nHost: " HOST "\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        n += strlen(get(pipe));
        step();
    }
    assert_int_equal(n, strlen(HEAD_200) + 3 + 2 + SP_POLICY_TEXT_MAX);
}

static void largest_answer_fits_and_a_larger_one_is_an_error(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    put(pipe, "GET /big HTTP/1.1\r\nHost: " HOST "\r\n\r\n");
    assert_non_null(strstr(get(pipe), "Content-Length: 4608\r\n"));
    put(pipe, "GET /toobig HTTP/1.1\r\nHost: " HOST "\r\n\r\n");
    assert_true(strncmp(get(pipe), "HTTP/1.1 500 ", 13) == 0);
}

#define BIG "GET /big HTTP/1.1\r\nHost: " HOST "\r\n\r\n"
#define BIG_N (strlen(HEAD_200) + 3 + 2 + SP_POLICY_TEXT_MAX)

/* A client that takes 700 bytes of its large answer, and then reads no more. */
static struct pipe *slow_reader(void)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    pipe->end[1].room = 700;
    put(pipe, BIG);
    assert_int_equal(pipe->end[1].written, 700);
    return pipe;
}

static void large_answers_wait_for_each_other_and_small_ones_for_none(void **state)
{
    struct pipe *slow = slow_reader();
    struct pipe *second = fake_net_arrive(PLAIN);
    struct pipe *third = fake_net_arrive(PLAIN);
    struct pipe *small = fake_net_arrive(PLAIN);
    size_t n = 0;

    (void)state;
    test_now++;
    put(third, BIG "GET /host HTTP/1.1\r\nHost: next.example\r\n\r\n");
    test_now++;
    put(second, BIG);
    assert_string_equal(get(third), "");
    put(small, ASK);
    assert_string_equal(get(small), HEAD_200 "\r\nhello");
    third->end[1].room = 700;
    while (n < BIG_N) {
        n += strlen(get(slow));
        step();
    }
    assert_int_equal(n, BIG_N);
    assert_string_equal(get(second), ""); /* its turn is after the third's */
    assert_int_equal(third->end[1].written, 700);
    for (n = 0; n < BIG_N;) {
        n += strlen(get(third));
        step();
    }
    assert_int_equal(strlen(get(second)), BIG_N);
    assert_int_equal(sp_http_server_stats().busy, 4);
}

static void slow_readers_of_large_answers_go_when_others_wait(void **state)
{
    struct pipe *slow = slow_reader();
    struct pipe *other;

    (void)state;
    test_now += SP_HTTP_HEADER_TIMEOUT_MS;
    step();
    assert_false(slow->end[1].released); /* nobody waits */
    other = fake_net_arrive(PLAIN);
    put(other, BIG);
    assert_int_equal(strlen(get(other)), BIG_N);
    assert_true(slow->end[1].released);
    slow = slow_reader();
    other = fake_net_arrive(PLAIN);
    put(other, BIG);
    assert_string_equal(get(other), "");
    assert_true(sp_http_server_step(test_now) <= test_now + 3000);
    test_now += 3000;
    step();
    assert_int_equal(strlen(get(other)), BIG_N);
    assert_true(slow->end[1].released);
}

static void who_waits_too_long_for_its_large_answer_is_told(void **state)
{
    static const char *const asks[] = {BIG, "GET /big HTTP/1.1\r\nHost: " HOST
                                            "\r\nConnection: close\r\n\r\n"};

    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        struct pipe *slow;
        struct pipe *other;

        (void)reset(state);
        slow = slow_reader();
        other = fake_net_arrive(PLAIN);
        put(other, asks[i]);
        for (unsigned ms = 0; ms < SP_HTTP_HEADER_TIMEOUT_MS; ms += 2000) {
            assert_string_equal(get(other), "");
            assert_int_equal(strlen(get(slow)), 700);
            test_now += 2000;
            step();
        }
        assert_true(strncmp(get(other), "HTTP/1.1 503 ", 13) == 0);
    }
}

static void long_headers_fit_when_there_is_no_body(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);
    const char *text;

    (void)state;
    put(pipe, "GET /moved HTTP/1.1\r\nHost: " HOST "\r\n\r\n");
    text = get(pipe);
    assert_true(strncmp(text, "HTTP/1.1 301 Moved Permanently\r\n", 32) == 0);
    assert_non_null(strstr(text, "Content-Length: 0\r\n"));
    assert_non_null(strstr(text, "0000\r\n\r\n"));
    assert_null(strstr(text, "\r\nContent-Type"));
}

static void handler_may_close_without_an_answer(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    put(pipe, "GET /gone HTTP/1.1\r\nHost: " HOST "\r\n\r\n");
    assert_string_equal(get(pipe), "");
    assert_true(pipe->end[1].released);
}

#define POST "POST /post HTTP/1.1\r\nHost: " HOST "\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static void body_is_handed_over_and_the_connection_stays(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);
    const char *text;

    (void)state;
    put(pipe, POST "Content-Type: a/b\r\nContent-Length: 10\r\n\r\n01234");
    assert_string_equal(taken.told, "(a/b|01234");
    assert_string_equal(get(pipe), "");
    put(pipe, "56789");
    assert_string_equal(taken.told, "(a/b|0123456789)");
    text = get(pipe);
    assert_true(strncmp(text, "HTTP/1.1 200 OK\r\n", 17) == 0);
    assert_non_null(strstr(text, "\r\n\r\ntold\n"));
    assert_null(strstr(text, "Connection: close"));
    put(pipe, ASK);
    assert_non_null(strstr(get(pipe), "hello"));
    put(pipe, POST "Content-Length: 0\r\n\r\n");
    assert_string_equal(taken.told, "(a/b|0123456789)(|)");
}

static void chunks_are_joined(void **state)
{
    static const char *const rows[] = {
        CHUNKED "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n",
        CHUNKED "007\r\nabcdefg\r\n0\r\nTrailer: x\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pipe *whole = fake_net_arrive(PLAIN);
        struct pipe *bytes = fake_net_arrive(PLAIN);

        put(whole, rows[i]);
        assert_true(strncmp(get(whole), "HTTP/1.1 200 ", 13) == 0);
        assert_false(ended(whole));
        for (const char *p = rows[i]; *p != '\0'; p++) {
            char byte[2] = {*p, '\0'};

            put(bytes, byte);
        }
        assert_true(strncmp(get(bytes), "HTTP/1.1 200 ", 13) == 0);
    }
    assert_string_equal(taken.told, "(|abcdefg)(|abcdefg)(|abcdefg)(|abcdefg)");
}

static void taker_may_take_its_time(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    taken.at_once = 3;
    taken.still_busy = 5;
    put(pipe, POST "Content-Length: 10\r\n\r\n0123456789");
    assert_string_equal(taken.told, "(|0123456789)");
    assert_int_equal(taken.still_busy, 0);
    assert_true(strncmp(get(pipe), "HTTP/1.1 200 ", 13) == 0);
}

static void who_waits_to_be_asked_is_told_to_go_on(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    put(pipe, POST "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    assert_string_equal(get(pipe), "HTTP/1.1 100 Continue\r\n\r\n");
    put(pipe, "body");
    assert_string_equal(taken.told, "(|body)");
    taken.refuses = 429;
    put(pipe, POST "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    assert_non_null(strstr(get(pipe), "HTTP/1.1 429 "));
    assert_true(ended(pipe));
}

static void bodies_come_one_at_a_time(void **state)
{
    struct pipe *first = fake_net_arrive(PLAIN);
    struct pipe *second = fake_net_arrive(PLAIN);
    const char *text;

    (void)state;
    put(first, POST "Content-Length: 4\r\n\r\nbo");
    put(second, POST "Content-Length: 4\r\n\r\nbody");
    text = get(second);
    assert_true(strncmp(text, "HTTP/1.1 503 ", 13) == 0);
    assert_non_null(strstr(text, "Retry-After: "));
    put(first, "dy");
    assert_true(strncmp(get(first), "HTTP/1.1 200 ", 13) == 0);
    assert_string_equal(taken.told, "(|body)");
    second = fake_net_arrive(PLAIN);
    put(second, POST "Content-Length: 4\r\n\r\nbody");
    assert_true(strncmp(get(second), "HTTP/1.1 200 ", 13) == 0);
}

static void broken_and_endless_bodies_are_refused(void **state)
{
    static const struct {
        const char *text, *answer, *told;
    } rows[] = {
        {POST "Content-Length: 5001\r\n\r\nxx", "HTTP/1.1 413 ", ""},
        {CHUNKED "ffffffff\r\nxx", "", "(|xx"},
        {CHUNKED "2\r\nxx\r\ng", "HTTP/1.1 400 ", "(|x"},
        {CHUNKED "2\r\nxxx\r\n", "HTTP/1.1 400 ", "(|x"},
        {CHUNKED "-2\r\nxx\r\n", "HTTP/1.1 400 ", "(|x"},
        {CHUNKED "fffffffffffffffff\r\n", "HTTP/1.1 400 ", "(|x"},
        {"PUT /post HTTP/1.1\r\nHost: " HOST "\r\nContent-Length: 2\r\n\r\nxx", "HTTP/1.1 413 ",
         ""},
        {"POST /other HTTP/1.1\r\nHost: " HOST "\r\nContent-Length: 2\r\n\r\nxx", "HTTP/1.1 413 ",
         ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pipe *pipe;

        (void)reset(state);
        pipe = fake_net_arrive(PLAIN);
        put(pipe, rows[i].text);
        if (strncmp(get(pipe), rows[i].answer, strlen(rows[i].answer)) != 0 ||
            strcmp(taken.told, rows[i].told) != 0) {
            fail_msg("row %zu: %s", i, taken.told);
        }
    }
    assert_int_equal(handled, 0);
}

static void chunks_are_counted(void **state)
{
    static char x[1001];
    struct pipe *pipe;

    memset(x, 'x', 1000);
    for (unsigned tiny = 0; tiny < 2; tiny++) {
        (void)reset(state);
        pipe = fake_net_arrive(PLAIN);
        put(pipe, CHUNKED);
        for (unsigned i = 0; i < (tiny ? 834 : 5); i++) { /* 6 bytes around each that is 1 long */
            put(pipe, tiny ? "001\r\n" : "3e8\r\n");
            put(pipe, tiny ? "x" : x);
            put(pipe, "\r\n");
        }
        if (!tiny) {
            assert_string_equal(get(pipe), "");
            put(pipe, "1\r\nx");
        }
        assert_true(strncmp(get(pipe), tiny ? "HTTP/1.1 400 " : "HTTP/1.1 413 ", 13) == 0);
        assert_true(ended(pipe));
    }
}

static void taker_may_stop_half_way(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);
    const char *text;

    (void)state;
    taken.fails_after = 4;
    put(pipe, POST "Content-Length: 4000\r\n\r\n01");
    put(pipe, "23");
    text = get(pipe);
    assert_true(strncmp(text, "HTTP/1.1 400 ", 13) == 0);
    assert_non_null(strstr(text, "Connection: close\r\n"));
    assert_true(ended(pipe));
    assert_string_equal(taken.told, "(|0123!");
}

static void who_goes_or_is_slow_is_forgotten(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    put(pipe, POST "Content-Length: 4000\r\n\r\n01");
    pipe_cut(pipe, 0);
    step();
    assert_string_equal(taken.told, "(|01x");
    assert_true(pipe->end[1].released);

    (void)reset(state);
    pipe = fake_net_arrive(PLAIN);
    put(pipe, POST "Content-Length: 4000\r\n\r\n01");
    test_now += SP_HTTP_HEADER_TIMEOUT_MS;
    step();
    assert_string_equal(taken.told, "(|01x");
    assert_true(strncmp(get(pipe), "HTTP/1.1 408 ", 13) == 0);

    (void)reset(state);
    pipe = fake_net_arrive(PLAIN);
    put(pipe, POST "Content-Length: 4000\r\n\r\n");
    for (unsigned ms = 0; ms < SP_HTTP_BODY_TIMEOUT_MS; ms += 5000) {
        assert_string_equal(get(pipe), "");
        test_now += 4999;
        put(pipe, "x");
        test_now += 1;
    }
    step();
    assert_true(strncmp(get(pipe), "HTTP/1.1 408 ", 13) == 0);
    assert_string_equal(taken.told, "(|xxxxxxxxxxxxx");
}

static void what_follows_a_body_ends_the_connection(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    put(pipe, POST "Content-Length: 2\r\n\r\nxx" ASK);
    assert_non_null(strstr(get(pipe), "Connection: close\r\n"));
    assert_true(ended(pipe));
    assert_int_equal(handled, 0);
}

static void rubbish_is_answered_and_the_connection_ends(void **state)
{
    static const struct {
        const char *text, *answer;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
        {"POST / HTTP/1.1\r\nHost: " HOST "\r\nContent-Length: 9999\r\n\r\n",
         "HTTP/1.1 413 Content Too Large\r\n"},
        {"POST / HTTP/1.1\r\nHost: " HOST "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
         "HTTP/1.1 413 "},
        {"hello?\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: " HOST "\r\nExpect: x\r\n\r\n", "HTTP/1.1 417 "},
    };
    uint32_t rejected = sp_http_server_stats().rejected;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pipe *pipe = fake_net_arrive(PLAIN);
        const char *text;

        put(pipe, rows[i].text);
        text = get(pipe);
        assert_true(strncmp(text, rows[i].answer, strlen(rows[i].answer)) == 0);
        assert_non_null(strstr(text, "Connection: close\r\n"));
        assert_true(ended(pipe));
    }
    assert_int_equal(handled, 0);
    assert_int_equal(sp_http_server_stats().rejected, rejected + 5);
}

static void header_over_the_limit_gets_431(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);
    char line[SP_HTTP_HEADER_MAX + 2];

    (void)state;
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    memcpy(line, "GET /", 5);
    put(pipe, line);
    assert_true(strncmp(get(pipe), "HTTP/1.1 431 ", 13) == 0);
    assert_true(ended(pipe));
}

static void slow_request_gets_408(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    step();
    test_now += SP_HTTP_HEADER_TIMEOUT_MS - 1;
    put(pipe, "GET /");
    test_now += SP_HTTP_HEADER_TIMEOUT_MS - 1;
    put(pipe, " HTTP/1.1\r\n"); /* more bytes win no time */
    assert_string_equal(get(pipe), "");
    test_now += 1;
    step();
    assert_true(strncmp(get(pipe), "HTTP/1.1 408 ", 13) == 0);
    assert_true(ended(pipe));
}

static void silent_connections_end(void **state)
{
    struct pipe *fresh = fake_net_arrive(PLAIN);
    struct pipe *used = fake_net_arrive(PLAIN);

    (void)state;
    put(used, ASK);
    (void)get(used);
    assert_int_equal(sp_http_server_step(test_now), test_now + SP_HTTP_HEADER_TIMEOUT_MS);
    test_now += SP_HTTP_HEADER_TIMEOUT_MS;
    step();
    assert_true(ended(fresh));
    assert_false(ended(used));
    test_now += SP_HTTP_IDLE_TIMEOUT_MS - SP_HTTP_HEADER_TIMEOUT_MS;
    step();
    assert_true(ended(used));
}

static void reader_that_does_not_read_is_dropped(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    pipe->end[1].room = 10;
    put(pipe, ASK);
    test_now += SP_HTTP_IDLE_TIMEOUT_MS;
    step();
    assert_true(pipe->end[1].released);
    assert_false(pipe->end[1].ended);
}

static void connection_ends_after_a_hundred_requests(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    for (int i = 1; i < SP_HTTP_REQUESTS_PER_CONNECTION; i++) {
        put(pipe, ASK);
        assert_null(strstr(get(pipe), "Connection: close"));
    }
    put(pipe, ASK);
    assert_non_null(strstr(get(pipe), "Connection: close"));
}

static void peer_that_ends_is_let_go(void **state)
{
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    put(pipe, "GET / HT");
    assert_int_equal(sp_stream_finish(pipe_stream(pipe, 0)), 0);
    step();
    assert_true(pipe->end[1].released);
    /* One that ends after its request gets its answer still. */
    pipe = fake_net_arrive(PLAIN);
    (void)sp_stream_write(pipe_stream(pipe, 0), ASK, strlen(ASK), false);
    assert_int_equal(sp_stream_finish(pipe_stream(pipe, 0)), 0);
    step();
    assert_string_equal(get(pipe), HEAD_200 "\r\nhello");
    assert_true(pipe->end[1].released);
}

static void idle_connections_make_room(void **state)
{
    struct pipe *pipes[SP_HTTP_CONNECTIONS];
    struct pipe *late;
    sp_time first = test_now + 1; /* the second one's answer */

    (void)state;
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        pipes[i] = fake_net_arrive(PLAIN);
        put(pipes[i], i == 0 ? "GET /" : ASK);
        test_now++;
    }
    assert_int_equal(sp_http_server_stats().busy, SP_HTTP_CONNECTIONS);
    late = fake_net_arrive(PLAIN);
    put(late, ASK);
    assert_string_equal(get(late), ""); /* they may be about to ask again */
    test_now = first + 500;
    step();
    assert_non_null(strstr(get(late), "hello"));
    assert_false(pipes[0]->end[1].released); /* not idle: in the middle of a request */
    assert_true(pipes[1]->end[1].released);  /* idle longest */
    assert_false(pipes[2]->end[1].released);
}

static void busy_slots_make_arrivals_wait_their_turn(void **state)
{
    struct pipe *pipes[SP_HTTP_CONNECTIONS];
    struct pipe *late;

    (void)state;
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        pipes[i] = fake_net_arrive(PLAIN);
        put(pipes[i], "GET /x HTTP/1.1\r\nHost: " HOST "\r\n");
    }
    late = fake_net_arrive(PLAIN);
    put(late, ASK);
    assert_string_equal(get(late), "");
    put(pipes[3], "\r\n" ASK);
    for (int i = 3; i <= 16; i++) { /* its turn, while somebody waits */
        assert_null(strstr(get(pipes[3]), "Connection: close\r\n"));
        put(pipes[3], ASK);
    }
    assert_non_null(strstr(get(pipes[3]), "Connection: close\r\n"));
    assert_non_null(strstr(get(late), "hello"));
    /* The idle one makes room for one; as many as net lets in may wait, one more may not. */
    (void)fake_net_arrive(PLAIN);
    test_now += 500;
    step();
    assert_true(late->end[1].released);
    late = fake_net_arrive(PLAIN);
    for (size_t i = 1; i < SP_TCP_INBOUND; i++) {
        assert_false(fake_net_arrive(PLAIN)->end[1].released);
    }
    assert_true(fake_net_arrive(PLAIN)->end[1].released);
    step();
    assert_int_equal(sp_http_server_stats().busy, SP_HTTP_CONNECTIONS);
    test_now += SP_HTTP_HEADER_TIMEOUT_MS;
    step();
    assert_false(late->end[1].released);
    assert_int_equal(sp_http_server_stats().busy, SP_HTTP_CONNECTIONS);
}

/* TLS */

struct client {
    struct pipe *pipe;
    struct sp_stream *tls;
};

static struct client secure_client(const char *name)
{
    struct client client = {.pipe = fake_net_arrive(SECURE)};
    int ready = SP_E_AGAIN;

    assert_int_equal(sp_tls_connect(pipe_stream(client.pipe, 0), name, SP_TLS_VERIFY, &client.tls),
                     0);
    for (int i = 0; i < 100 && ready == SP_E_AGAIN; i++) {
        ready = sp_stream_ready(client.tls);
        step();
    }
    return client;
}

static const char *exchange(struct client *client, const char *request)
{
    static char text[8000];
    int n = 0;

    tls_pair_send(client->tls, request, strlen(request));
    step();
    for (int i = 0; i < 10; i++) {
        int got = sp_stream_read(client->tls, text + n, sizeof text - 1 - (size_t)n);

        n += got > 0 ? got : 0;
    }
    text[n] = '\0';
    return text;
}

static void secure_requests_are_answered(void **state)
{
    struct client client = secure_client(HOST);
    char byte;

    (void)state;
    assert_string_equal(exchange(&client, ASK), HEAD_200 "\r\nhello");
    /* ServerHello … Finished; the answer */
    assert_int_equal(client.pipe->end[1].segments, 2);
    assert_non_null(strstr(
        exchange(&client, "GET /big HTTP/1.1\r\nHost: " HOST "\r\nConnection: close\r\n\r\n"),
        "Content-Length: 4608\r\n"));
    assert_int_equal(sp_stream_read(client.tls, &byte, 1), 0); /* with a close_notify */
    sp_stream_release(client.tls);
}

static void another_host_than_the_handshakes_is_misdirected(void **state)
{
    struct client client = secure_client(HOST);

    (void)state;
    assert_true(strncmp(exchange(&client, "GET / HTTP/1.1\r\nHost: other.example\r\n\r\n"),
                        "HTTP/1.1 421 Misdirected Request\r\n", 34) == 0);
    assert_int_equal(handled, 0);
    assert_non_null(strstr(exchange(&client, "GET /x HTTP/1.1\r\nHost: MTA-STS.example.net.:443\r\n"
                                             "\r\n"),
                           "hello"));
    sp_stream_release(client.tls);
}

static void handler_is_told_the_tls_version(void **state)
{
    struct client client = secure_client(HOST);
    struct pipe *pipe = fake_net_arrive(PLAIN);

    (void)state;
    assert_non_null(
        strstr(exchange(&client, "GET /tls HTTP/1.1\r\nHost: " HOST "\r\n\r\n"), "<TLSv1.3>"));
    put(pipe, "GET /tls HTTP/1.1\r\nHost: " HOST "\r\n\r\n");
    assert_non_null(strstr(get(pipe), "<>"));
    assert_int_equal(refused.n, 0);
    sp_stream_release(client.tls);
}

static void failed_handshake_frees_its_slot(void **state)
{
    struct client client = secure_client("mta-sts.example.com");

    (void)state;
    assert_int_equal(sp_stream_ready(client.tls), SP_E_TLS_ALERT);
    assert_int_equal(refused.n, 1);
    assert_string_equal(refused.host, "mta-sts.example.com");
    assert_int_equal(refused.alert, 112); /* unrecognized_name */
    assert_int_equal(sp_http_server_stats().busy, 0);
    assert_int_equal(sp_tls_stats().servers, 0);
    sp_stream_release(client.tls);
}

/* Nobody trusts a root at this moment: the client stops at the certificate, and says so (mbedTLS'
 * does without encryption under TLS 1.3, so that its alert is not understood). */
static void refused_certificate_is_told(void **state)
{
    struct client client;

    (void)state;
    sp_port_set_utc(CERTS_NOW + 20 * 365 * 86400LL, test_now);
    client = secure_client(HOST);
    step();
    assert_true(sp_stream_ready(client.tls) < 0);
    assert_int_equal(refused.n, 1);
    assert_string_equal(refused.host, HOST);
    sp_stream_release(client.tls);
}

static void client_that_goes_away_is_not_told(void **state)
{
    struct client client = {.pipe = fake_net_arrive(SECURE)};

    (void)state;
    assert_int_equal(sp_tls_connect(pipe_stream(client.pipe, 0), HOST, SP_TLS_VERIFY, &client.tls),
                     0);
    (void)sp_stream_ready(client.tls);
    step();
    sp_stream_release(client.tls);
    step();
    assert_int_equal(sp_http_server_stats().busy, 0);
    assert_int_equal(refused.n, 0);
}

static void silent_handshake_ends(void **state)
{
    struct pipe *pipe = fake_net_arrive(SECURE);

    (void)state;
    step();
    assert_int_equal(sp_tls_stats().servers, 1);
    test_now += SP_HANDSHAKE_TIMEOUT_MS;
    step();
    assert_true(pipe->end[1].released);
    assert_int_equal(sp_tls_stats().servers, 0);
}

static void secure_connections_wait_for_a_context(void **state)
{
    struct pipe *silent[SP_TLS_SERVERS];
    struct client client;
    int ready = SP_E_AGAIN;

    (void)state;
    for (size_t i = 0; i < SP_TLS_SERVERS; i++) {
        silent[i] = fake_net_arrive(SECURE);
    }
    step();
    client = secure_client(HOST);
    assert_int_equal(sp_stream_ready(client.tls), SP_E_AGAIN);
    assert_int_equal(sp_http_server_step(test_now), test_now + 100);
    pipe_cut(silent[2], 0);
    for (int i = 0; i < 100 && ready == SP_E_AGAIN; i++) {
        step();
        ready = sp_stream_ready(client.tls);
    }
    assert_non_null(strstr(exchange(&client, ASK), "hello"));
    sp_stream_release(client.tls);
}

static void those_that_net_ended_keep_nobody_out(void **state)
{
    struct pipe *pipes[SP_HTTP_CONNECTIONS + SP_TCP_INBOUND];
    struct pipe *late;

    (void)state;
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS + SP_TCP_INBOUND; i++) {
        pipes[i] = fake_net_arrive(SECURE);
    }
    step();
    assert_int_equal(sp_http_server_stats().busy, SP_HTTP_CONNECTIONS);
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS + SP_TCP_INBOUND; i++) {
        pipes[i]->end[1].reset = true;
    }
    late = fake_net_arrive(PLAIN);
    assert_false(late->end[1].released);
    step();
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS + SP_TCP_INBOUND; i++) {
        assert_true(pipes[i]->end[1].released);
    }
    put(late, ASK);
    assert_non_null(strstr(get(late), "hello"));
}

static void silent_handshakes_make_room(void **state)
{
    struct pipe *silent[SP_HTTP_CONNECTIONS];
    struct client client;
    int ready = SP_E_AGAIN;

    (void)state;
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        silent[i] = fake_net_arrive(SECURE);
    }
    step();
    client = secure_client(HOST);
    assert_int_equal(sp_stream_ready(client.tls), SP_E_AGAIN);
    step();
    assert_false(silent[0]->end[1].released);
    test_now += 2000;
    for (int i = 0; i < 100 && ready == SP_E_AGAIN; i++) {
        step();
        ready = sp_stream_ready(client.tls);
    }
    assert_true(silent[0]->end[1].released);
    assert_non_null(strstr(exchange(&client, ASK), "hello"));
    sp_stream_release(client.tls);
}

/* What is waited for is the end of a handshake: who has shaken hands is in nobody's way. */
static void a_handshake_under_way_costs_no_open_connection(void **state)
{
    struct client quiet = secure_client(HOST);
    struct pipe *shaking, *late;

    (void)state;
    (void)exchange(&quiet, ASK); /* the client's Finished leaves with it */
    /* Room for one that shakes hands beside an open one. */
    sp_port_set_limit(SP_POOL_TLS, SP_TLS_POOL);
    test_now += 1000;
    shaking = fake_net_arrive(SECURE);
    step();
    late = fake_net_arrive(SECURE);
    test_now += 1500; /* the first one has been silent for longer than it may, the second not */
    step();
    assert_int_equal(sp_tls_stats().servers, 2);
    assert_false(quiet.pipe->end[1].released);
    pipe_cut(shaking, 0);
    step();
    assert_true(shaking->end[1].released);
    assert_false(late->end[1].released);
    assert_int_equal(sp_tls_stats().servers, 2);
    assert_non_null(strstr(exchange(&quiet, ASK), "hello"));
    sp_stream_release(quiet.tls);
    sp_port_set_limit(SP_POOL_TLS, SIZE_MAX);
}

static void idle_secure_connection_gives_its_context_up(void **state)
{
    struct pipe *silent[SP_TLS_SERVERS];
    struct client client = secure_client(HOST);
    char byte;

    (void)state;
    (void)exchange(&client, ASK);
    for (size_t i = 0; i < SP_TLS_SERVERS; i++) {
        silent[i] = fake_net_arrive(SECURE);
    }
    test_now += 500;
    step();
    assert_int_equal(sp_tls_stats().servers, SP_TLS_SERVERS);
    assert_int_equal(sp_stream_read(client.tls, &byte, 1), 0);
    for (size_t i = 0; i < SP_TLS_SERVERS; i++) {
        assert_false(silent[i]->end[1].released);
    }
    sp_stream_release(client.tls);
}

static void every_stream_operation_fails_once(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 20; at++) {
        struct pipe *pipe = fake_net_arrive(PLAIN);

        pipe->fail_at = at;
        (void)sp_stream_write(pipe_stream(pipe, 0), ASK, strlen(ASK), false);
        step();
        (void)get(pipe);
        (void)sp_stream_finish(pipe_stream(pipe, 0));
        step();
        test_now += SP_HTTP_IDLE_TIMEOUT_MS;
        step();
        assert_true(pipe->end[1].released);
        assert_int_equal(sp_http_server_stats().busy, 0);
    }
}

static void a_port_is_served_once(void **state)
{
    (void)state;
    assert_int_equal(sp_http_serve(PLAIN, NULL, handler, NULL), SP_E_EXISTS);
    assert_int_equal(sp_http_serve(8080, NULL, handler, &handled), 0);
    assert_int_equal(sp_http_serve(8081, NULL, handler, &handled), SP_E_MEMORY);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answer_is_one_piece_and_the_connection_stays, reset),
        cmocka_unit_test_setup(unset_clock_gives_no_date, reset),
        cmocka_unit_test_setup(requests_in_a_row_are_answered_in_order, reset),
        cmocka_unit_test_setup(request_may_come_byte_by_byte, reset),
        cmocka_unit_test_setup(answer_may_leave_byte_by_byte, reset),
        cmocka_unit_test_setup(largest_answer_fits_and_a_larger_one_is_an_error, reset),
        cmocka_unit_test_setup(long_headers_fit_when_there_is_no_body, reset),
        cmocka_unit_test_setup(large_answers_wait_for_each_other_and_small_ones_for_none, reset),
        cmocka_unit_test_setup(slow_readers_of_large_answers_go_when_others_wait, reset),
        cmocka_unit_test_setup(who_waits_too_long_for_its_large_answer_is_told, reset),
        cmocka_unit_test_setup(handler_may_close_without_an_answer, reset),
        cmocka_unit_test_setup(body_is_handed_over_and_the_connection_stays, reset),
        cmocka_unit_test_setup(chunks_are_joined, reset),
        cmocka_unit_test_setup(taker_may_take_its_time, reset),
        cmocka_unit_test_setup(who_waits_to_be_asked_is_told_to_go_on, reset),
        cmocka_unit_test_setup(bodies_come_one_at_a_time, reset),
        cmocka_unit_test_setup(broken_and_endless_bodies_are_refused, reset),
        cmocka_unit_test_setup(chunks_are_counted, reset),
        cmocka_unit_test_setup(taker_may_stop_half_way, reset),
        cmocka_unit_test_setup(who_goes_or_is_slow_is_forgotten, reset),
        cmocka_unit_test_setup(what_follows_a_body_ends_the_connection, reset),
        cmocka_unit_test_setup(rubbish_is_answered_and_the_connection_ends, reset),
        cmocka_unit_test_setup(header_over_the_limit_gets_431, reset),
        cmocka_unit_test_setup(slow_request_gets_408, reset),
        cmocka_unit_test_setup(silent_connections_end, reset),
        cmocka_unit_test_setup(reader_that_does_not_read_is_dropped, reset),
        cmocka_unit_test_setup(connection_ends_after_a_hundred_requests, reset),
        cmocka_unit_test_setup(peer_that_ends_is_let_go, reset),
        cmocka_unit_test_setup(idle_connections_make_room, reset),
        cmocka_unit_test_setup(busy_slots_make_arrivals_wait_their_turn, reset),
        cmocka_unit_test_setup(secure_requests_are_answered, reset),
        cmocka_unit_test_setup(another_host_than_the_handshakes_is_misdirected, reset),
        cmocka_unit_test_setup(handler_is_told_the_tls_version, reset),
        cmocka_unit_test_setup(failed_handshake_frees_its_slot, reset),
        cmocka_unit_test_setup(refused_certificate_is_told, reset),
        cmocka_unit_test_setup(client_that_goes_away_is_not_told, reset),
        cmocka_unit_test_setup(silent_handshake_ends, reset),
        cmocka_unit_test_setup(secure_connections_wait_for_a_context, reset),
        cmocka_unit_test_setup(those_that_net_ended_keep_nobody_out, reset),
        cmocka_unit_test_setup(silent_handshakes_make_room, reset),
        cmocka_unit_test_setup(a_handshake_under_way_costs_no_open_connection, reset),
        cmocka_unit_test_setup(idle_secure_connection_gives_its_context_up, reset),
        cmocka_unit_test_setup(every_stream_operation_fails_once, reset),
        cmocka_unit_test_setup(a_port_is_served_once, reset),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
