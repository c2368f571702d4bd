#include "http_answer.h"

#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"

#include <string.h>

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {200, "OK"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].status == status) {
            return rows[i].text;
        }
    }
    return "";
}

static void take(struct sp_buf *buf, size_t n)
{
    sp_buf_init(buf, sp_scratch_take(n), n);
}

void sp_http_answer_init(struct sp_http_answer *answer)
{
    take(&answer->extra, SP_HTTP_EXTRA_MAX);
    take(&answer->body, SP_POLICY_TEXT_MAX + 1);
}

/* "Date: Tue, 24 Nov 2026 12:00:00 GMT" (RFC 9110 5.6.7) */
static void put_date(struct sp_buf *out, sp_utc utc)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct sp_civil t;

    if (utc == 0) {
        return;
    }
    sp_utc_civil(utc, &t);
    sp_buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[t.weekday], t.day,
                  months[t.month - 1], t.year, t.hour, t.minute, t.second);
}

static bool may_have_body(int status)
{
    return status != 204 && status != 304;
}

static void put_head(struct sp_buf *out, const struct sp_http_response *response, size_t body_n,
                     bool close, sp_utc utc)
{
    sp_buf_printf(out, "HTTP/1.1 %d %s\r\n", response->status, reason(response->status));
    put_date(out, utc);
    if (body_n > 0) {
        sp_buf_printf(out, "Content-Type: %s\r\n", response->content_type);
    }
    if (may_have_body(response->status)) {
        sp_buf_printf(out, "Content-Length: %zu\r\n", body_n);
    }
    sp_buf_puts(out, "X-Content-Type-Options: nosniff\r\n");
    if (close) {
        sp_buf_puts(out, "Connection: close\r\n");
    }
    if (response->headers != NULL) {
        sp_buf_put(out, response->headers->p, response->headers->len);
    }
    sp_buf_puts(out, "\r\n");
}

static bool compose(struct sp_http_answer *answer, const struct sp_http_response *response,
                    bool head_only, bool close, sp_utc utc)
{
    size_t body_n =
        response->body != NULL && response->content_type != NULL && may_have_body(response->status)
            ? response->body->len
            : 0;
    struct sp_buf head;

    if ((response->body != NULL && response->body->cut) ||
        (response->headers != NULL && response->headers->cut)) {
        return false;
    }
    take(&head, SP_HTTP_EXTRA_MAX + SP_HTTP_HEAD_ROOM);
    put_head(&head, response, body_n, close, utc);
    if (head.cut || (body_n > 0 && head.len > SP_HTTP_HEAD_ROOM)) {
        return false;
    }
    answer->head = sp_buf_span(&head);
    answer->tail = body_n > 0 && !head_only ? sp_buf_span(response->body) : sp_span(NULL, 0);
    return true;
}

int sp_http_answer_finish(struct sp_http_answer *answer, const struct sp_http_response *response,
                          bool head_only, bool close, sp_utc utc)
{
    static const struct sp_http_response failed = {.status = 500};

    if (compose(answer, response, head_only, close, utc)) {
        return response->status;
    }
    sp_log_error("http", "an answer with status %d is too large to be sent", response->status);
    (void)compose(answer, &failed, head_only, close, utc);
    return failed.status;
}

void sp_http_answer_copy(const struct sp_http_answer *answer, char *out)
{
    memcpy(out, answer->head.p, answer->head.n);
    if (answer->tail.n > 0) {
        memcpy(out + answer->head.n, answer->tail.p, answer->tail.n);
    }
}
