/* The exchange itself: one request out, one answer in. */
#include "base/err.h"
#include "base/scratch.h"
#include "http_client_private.h"
#include "sp_port.h"

#include <stdio.h>
#include <string.h>

#define INTERIM_MAX 8
/* A body may come in tiny chunks, but not in nothing but chunk headers. */
#define RAW_MAX 98304
/* Room for a request's head while its body is written behind it: method, URL, host, our fields. */
#define HEAD_MAX 1024

_Static_assert(HEAD_MAX + SP_HTTP_CLIENT_REQUEST_MAX < SP_HTTP_CLIENT_BODY_MAX, "a request fits");
_Static_assert(SP_HTTP_CLIENT_HEADER_MAX <= SP_HTTP_CLIENT_BODY_MAX, "an answer's head fits");

static struct sp_http_client *const c = &sp_http_client;

static void put_host(struct sp_buf *out)
{
    bool v6 = c->url.address.family == 6;

    sp_buf_printf(out, "Host: %s%s%s", v6 ? "[" : "", c->url.host, v6 ? "]" : "");
    if (c->url.port_given) {
        sp_buf_printf(out, ":%u", c->url.port);
    }
    sp_buf_puts(out, "\r\n");
}

static void put_head(struct sp_buf *out, size_t body_n)
{
    const struct sp_http_call *call = c->call;
    const struct sp_span target = c->url.target;

    sp_buf_printf(out, "%s ", call->method);
    if (target.n == 0 || target.p[0] != '/') {
        sp_buf_putc(out, '/');
    }
    sp_buf_put(out, target.p, target.n);
    sp_buf_puts(out, " HTTP/1.1\r\n");
    put_host(out);
    sp_buf_puts(out, "User-Agent: sealpost\r\n");
    if (call->accept != NULL) {
        sp_buf_printf(out, "Accept: %s\r\n", call->accept);
    }
    if (call->content_type != NULL) {
        sp_buf_printf(out, "Content-Type: %s\r\n", call->content_type);
    }
    if (call->content_type != NULL || strcmp(call->method, "POST") == 0) {
        sp_buf_printf(out, "Content-Length: %zu\r\n", body_n);
    }
    sp_buf_printf(out, "Connection: %s\r\n\r\n", call->keep ? "keep-alive" : "close");
}

/* The head tells how long the body is: that is written first, and closes up behind the head. */
int sp_http_build_request(void)
{
    struct sp_buf head;
    struct sp_buf body;
    int err = 0;

    sp_buf_init(&head, c->buf, HEAD_MAX);
    sp_buf_init(&body, c->buf + HEAD_MAX, SP_HTTP_CLIENT_REQUEST_MAX + 1);
    if (c->call->write != NULL) {
        err = c->call->write(c->call->ctx, &body);
    }
    put_head(&head, body.len);
    if (err == 0 && (head.cut || body.cut)) {
        err = SP_E_SPACE;
    }
    memmove(c->buf + head.len, c->buf + HEAD_MAX, body.len);
    c->buf_n = head.len + body.len;
    return err;
}

/* The connection is of no use any more. */
static void connection_failed(int err, const char *words, sp_time now)
{
    const char *said = sp_stream_error(c->stream);

    if (!sp_http_start_afresh(now)) {
        sp_http_end(err, said[0] != '\0' ? said : words, now);
    }
}

bool sp_http_send(sp_time now)
{
    int n = sp_stream_write(c->stream, c->buf + c->sent, c->buf_n - c->sent, false);

    if (n == SP_E_AGAIN) {
        return false;
    }
    if (n < 0) {
        connection_failed(n, "the connection broke while the request was sent", now);
        return true;
    }
    c->sent += (size_t)n;
    if (c->sent == c->buf_n) {
        c->buf_n = 0;
        sp_http_set_state(SP_HTTP_READ_HEAD);
    }
    return true;
}

/* The head of the answer */

static void copy(struct sp_span from, char *out, size_t cap)
{
    (void)sp_span_copy(from, out, cap);
}

static sp_utc date_of(struct sp_span field)
{
    char text[40];
    sp_utc utc = 0;

    if (sp_span_copy(field, text, sizeof text) != 0 || sp_utc_parse_http(text, &utc) != 0) {
        return 0;
    }
    return utc;
}

/* Seconds, or a date, which counts from our clock; from the answer's own date without one. */
static uint32_t retry_seconds(struct sp_span field, sp_utc answered)
{
    sp_utc now = sp_port_utc_s() != 0 ? sp_port_utc_s() : answered;
    sp_utc at = date_of(field);
    uint64_t seconds;

    if (sp_span_u64(field, UINT32_MAX, &seconds) == 0) {
        return (uint32_t)seconds;
    }
    if (at <= now || now == 0) {
        return 0;
    }
    return at - now < UINT32_MAX ? (uint32_t)(at - now) : UINT32_MAX;
}

static void keep_fields(const struct sp_http_head *head)
{
    struct sp_http_result *result = &c->result;

    result->status = head->status;
    copy(head->content_type, result->content_type, sizeof result->content_type);
    copy(head->location, result->location, sizeof result->location);
    copy(head->nonce, result->nonce, sizeof result->nonce);
    result->date = date_of(head->date);
    result->retry_after = retry_seconds(head->retry_after, result->date);
}

static void set_framing(const struct sp_http_head *head)
{
    bool none = strcmp(c->call->method, "HEAD") == 0 || head->status == 204 || head->status == 304;

    c->closes = head->closes && !(none && head->framing == SP_HTTP_TO_END);
    c->framing = none ? SP_HTTP_NO_BODY : head->framing;
    c->length = head->length;
    memset(&c->chunks, 0, sizeof c->chunks);
    c->chunks.consume_trailer = 1;
}

static size_t body_limit(void)
{
    size_t max = c->call->body_max;

    return max > 0 && max < SP_HTTP_CLIENT_BODY_MAX ? max : SP_HTTP_CLIENT_BODY_MAX;
}

/* n bytes at the front of buf are done with. */
static void drop_front(size_t n)
{
    memmove(c->buf, c->buf + n, c->buf_n - n);
    c->buf_n -= n;
}

/* What is read of a body at once, or was moved out of its way, lies in scratch memory. */

static size_t take_piece(void)
{
    size_t mark = sp_scratch_mark();

    c->piece = sp_scratch_take(SP_HTTP_PIECE);
    return mark;
}

static void release_piece(size_t mark)
{
    c->piece = NULL;
    sp_scratch_release(mark);
}

static bool take_bytes(size_t n, sp_time now);

/* What came with the head lies behind it, in the way of the body, which grows from the front: but
 * never as fast as this is read. What follows the body makes the connection useless. */
static void take_rest(size_t at, sp_time now)
{
    size_t mark = take_piece();
    size_t end = c->buf_n;
    size_t n;

    c->buf_n = 0;
    sp_buf_init(&c->body, c->buf, body_limit() + 1);
    do {
        n = end - at < SP_HTTP_PIECE ? end - at : SP_HTTP_PIECE;
        memcpy(c->piece, c->buf + at, n);
        at += n;
        (void)take_bytes(n, now);
    } while (at < end && c->state == SP_HTTP_READ_BODY);
    if (at < end) {
        sp_http_client_drop();
    }
    release_piece(mark);
}

/* True when buf held a whole head, or something that ended the call. */
static bool take_head(sp_time now)
{
    struct sp_http_head head;
    int n = sp_http_head_parse(sp_span(c->buf, c->buf_n), &head);

    if (n == SP_E_AGAIN && c->buf_n < SP_HTTP_CLIENT_HEADER_MAX) {
        return false;
    }
    if (n < 0) {
        sp_http_end(SP_E_HTTP,
                    n == SP_E_AGAIN ? "the header of the answer is too large"
                                    : "the answer is not HTTP, or breaks its rules",
                    now);
        return true;
    }
    if (head.status < 200) {
        drop_front((size_t)n);
        if (head.status == 101 || ++c->interim > INTERIM_MAX) {
            sp_http_end(SP_E_HTTP, "the server sent interim answers only", now);
        }
        return true;
    }
    keep_fields(&head);
    set_framing(&head);
    sp_http_set_state(SP_HTTP_READ_BODY);
    take_rest((size_t)n, now);
    return true;
}

bool sp_http_read_head(sp_time now)
{
    int n;

    if (c->buf_n > 0 && take_head(now)) {
        return true;
    }
    n = sp_stream_read(c->stream, c->buf + c->buf_n, SP_HTTP_CLIENT_HEADER_MAX - c->buf_n);
    if (n == SP_E_AGAIN) {
        return false;
    }
    if (n <= 0) {
        connection_failed(n < 0 ? n : SP_E_CLOSED,
                          c->answered
                              ? "the server closed the connection in the middle of its answer"
                              : "the server closed the connection without an answer",
                          now);
        return true;
    }
    c->answered = true;
    c->buf_n += (size_t)n;
    return true;
}

/* The body */

static void too_large(sp_time now)
{
    sp_http_end(SP_E_TOO_BIG, "the body of the answer is larger than we take", now);
}

/* Keeps n bytes of piece. False when there is no room; the call has ended then. */
static bool keep(size_t n, sp_time now)
{
    int err = 0;

    if (c->call->filter != NULL) {
        err = c->call->filter(c->call->ctx, c->result.status, sp_span(c->piece, n), &c->body);
    } else {
        sp_buf_put(&c->body, c->piece, n);
    }
    if (c->body.cut || err == SP_E_TOO_BIG) {
        too_large(now);
    } else if (err < 0) {
        sp_http_end(err, sp_err_text(err), now);
    }
    return c->state == SP_HTTP_READ_BODY;
}

/* n bytes of the body stand in piece. What follows the body makes the connection useless. */

static bool take_chunks(size_t n, sp_time now)
{
    size_t decoded = n;
    ssize_t left = phr_decode_chunked(&c->chunks, c->piece, &decoded);

    if (left == -1) {
        sp_http_end(SP_E_HTTP, "the chunks of the answer are damaged", now);
        return true;
    }
    if (!keep(decoded, now)) {
        return true;
    }
    if (left >= 0) {
        c->closes = c->closes || left > 0;
        sp_http_end(0, "", now);
    }
    return true;
}

static bool take_length(size_t n, sp_time now)
{
    size_t take = n < c->length ? n : (size_t)c->length;

    c->closes = c->closes || n > take;
    c->length -= take;
    if (keep(take, now) && c->length == 0) {
        sp_http_end(0, "", now);
    }
    return true;
}

static bool take_bytes(size_t n, sp_time now)
{
    c->body_raw += n;
    if (c->body_raw > RAW_MAX) {
        too_large(now);
        return true;
    }
    switch (c->framing) {
    case SP_HTTP_NO_BODY:
        c->closes = c->closes || n > 0;
        sp_http_end(0, "", now);
        return true;
    case SP_HTTP_LENGTH:
        return take_length(n, now);
    case SP_HTTP_CHUNKED:
        return n == 0 || take_chunks(n, now);
    case SP_HTTP_TO_END:
        return keep(n, now);
    }
    return false;
}

static bool read_piece(sp_time now)
{
    int n = sp_stream_read(c->stream, c->piece, SP_HTTP_PIECE);

    if (n == SP_E_AGAIN) {
        return false;
    }
    if (n > 0) {
        return take_bytes((size_t)n, now);
    }
    if (n == 0 && c->framing == SP_HTTP_TO_END) {
        sp_http_end(0, "", now);
    } else {
        connection_failed(n < 0 ? n : SP_E_CLOSED,
                          "the server closed the connection in the middle of the body", now);
    }
    return true;
}

bool sp_http_read_body(sp_time now)
{
    size_t mark = take_piece();
    bool more = read_piece(now);

    release_piece(mark);
    return more;
}
