#include "net/http_request.h"

#include "base/err.h"
#include "base/limits.h"
#include "net/addr.h"

#include <picohttpparser.h>
#include <string.h>

struct head {
    struct sp_http_asked *out;
    struct sp_span host; /* of the header */
    bool has_host, has_length, has_coding;
    bool close, keep_alive, old; /* old: HTTP/1.0 */
    uint64_t length;
};

static int refuse(struct head *head, int status)
{
    head->out->status = status;
    return SP_E_HTTP;
}

static struct sp_span skip(struct sp_span text, size_t n)
{
    return sp_span(text.p + n, text.n - n);
}

/* Host */

static bool is_port(struct sp_span text)
{
    uint64_t port;

    /* RFC 3986 3.2.3: the digits may be missing. */
    return text.n == 0 ||
           (text.p[0] == ':' && (text.n == 1 || sp_span_u64(skip(text, 1), 65535, &port) == 0));
}

static int bracketed(struct sp_span value, char *out)
{
    const uint8_t *end = memchr(value.p, ']', value.n);
    struct sp_addr address;
    size_t n;

    if (end == NULL) {
        return SP_E_INVALID;
    }
    n = (size_t)(end - value.p);
    if (sp_addr_parse(sp_span(value.p + 1, n - 1), &address) != 0 || address.family != 6 ||
        !is_port(skip(value, n + 1))) {
        return SP_E_INVALID;
    }
    (void)sp_addr_text(&address, out);
    return 0;
}

static bool is_host_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

int sp_http_host(struct sp_span value, char out[SP_DOMAIN_SIZE])
{
    size_t n = 0;

    if (value.n > 0 && value.p[0] == '[') {
        return bracketed(value, out);
    }
    for (; n < value.n && is_host_byte(value.p[n]); n++) {
        if (n + 1 >= SP_DOMAIN_SIZE || (value.p[n] == '.' && (n == 0 || value.p[n - 1] == '.'))) {
            return SP_E_INVALID;
        }
        out[n] = (char)value.p[n];
        if (value.p[n] >= 'A' && value.p[n] <= 'Z') {
            out[n] = (char)(value.p[n] + ('a' - 'A'));
        }
    }
    if (n == 0 || !is_port(skip(value, n))) {
        return SP_E_INVALID;
    }
    if (out[n - 1] == '.') {
        n--;
    }
    out[n] = '\0';
    return 0;
}

/* Headers */

static int take_host(struct head *head, struct sp_span value)
{
    if (head->has_host) {
        return refuse(head, 400);
    }
    head->has_host = true;
    head->host = value;
    return 0;
}

static int take_length(struct head *head, struct sp_span value)
{
    if (head->has_length || sp_span_u64(value, INT64_MAX, &head->length) != 0) {
        return refuse(head, 400);
    }
    head->has_length = true;
    return 0;
}

static int take_coding(struct head *head, struct sp_span value)
{
    if (head->has_coding) {
        return refuse(head, 400);
    }
    head->has_coding = true;
    return sp_span_is_nocase(value, "chunked") ? 0 : refuse(head, 501);
}

static int take_connection(struct head *head, struct sp_span value)
{
    head->close = head->close || sp_span_lists(value, "close");
    head->keep_alive = head->keep_alive || sp_span_lists(value, "keep-alive");
    return 0;
}

static int take_expect(struct head *head, struct sp_span value)
{
    head->out->expects = sp_span_is_nocase(value, "100-continue");
    return head->out->expects ? 0 : refuse(head, 417);
}

static int take_type(struct head *head, struct sp_span value)
{
    head->out->content_type = value;
    return 0;
}

static int take_header(struct head *head, struct sp_span name, struct sp_span value)
{
    static const struct {
        const char *name;
        int (*take)(struct head *head, struct sp_span value);
    } rows[] = {
        {"Host", take_host},
        {"Content-Length", take_length},
        {"Transfer-Encoding", take_coding},
        {"Connection", take_connection},
        {"Expect", take_expect},
        {"Content-Type", take_type},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (sp_span_is_nocase(name, rows[i].name)) {
            return rows[i].take(head, value);
        }
    }
    return 0;
}

static int take_headers(struct head *head, const struct phr_header *headers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int err;

        /* A line that goes on (RFC 9112 5.2) has no name. */
        if (headers[i].name == NULL) {
            return refuse(head, 400);
        }
        err = take_header(head, sp_span(headers[i].name, headers[i].name_len),
                          sp_span_trim(sp_span(headers[i].value, headers[i].value_len)));
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

/* RFC 9112 6.3: two ways to tell a body's length are an attack. */
static int judge_body(struct head *head)
{
    if (head->has_coding && (head->has_length || head->old)) {
        return refuse(head, 400);
    }
    head->out->chunked = head->has_coding;
    head->out->length = head->length;
    head->out->has_body = head->has_coding || head->length > 0;
    return 0;
}

/* The target (RFC 9112 3.2): the origin form, or the absolute form, whose host counts. */

static size_t scheme_length(struct sp_span target)
{
    if (target.n >= 7 && sp_span_is_nocase(sp_span(target.p, 7), "http://")) {
        return 7;
    }
    if (target.n >= 8 && sp_span_is_nocase(sp_span(target.p, 8), "https://")) {
        return 8;
    }
    return 0;
}

static bool is_target(struct sp_span target)
{
    for (size_t i = 0; i < target.n; i++) {
        if (target.p[i] <= 0x20 || target.p[i] >= 0x7f || target.p[i] == '#') {
            return false;
        }
    }
    return target.n > 0;
}

static void split_target(struct sp_span target, struct sp_http_asked *out)
{
    const uint8_t *mark = memchr(target.p, '?', target.n);

    out->path = target;
    out->query = sp_span(target.p + target.n, 0);
    if (mark != NULL) {
        out->path.n = (size_t)(mark - target.p);
        out->query = skip(target, out->path.n + 1);
    }
    if (out->path.n == 0) {
        out->path = sp_span_str("/");
    }
}

static int take_target(struct head *head, struct sp_span target)
{
    size_t n = scheme_length(target);
    struct sp_span host = head->host;

    if (!is_target(target) || (n == 0 && target.p[0] != '/')) {
        return refuse(head, 400);
    }
    if (n > 0) {
        target = skip(target, n);
        for (n = 0; n < target.n && target.p[n] != '/' && target.p[n] != '?'; n++) {
            ;
        }
        host = sp_span(target.p, n);
        target = skip(target, n);
    }
    split_target(target, head->out);
    if (!head->has_host || sp_http_host(host, head->out->host) != 0) {
        return refuse(head, 400);
    }
    return 0;
}

/* RFC 9110 9.1 */
static int take_method(struct head *head, struct sp_span method)
{
    for (size_t i = 0; i < method.n; i++) {
        uint8_t c = method.p[i];

        if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL) {
            return refuse(head, 400);
        }
    }
    head->out->method = method;
    return 0;
}

int sp_http_request_parse(struct sp_span bytes, struct sp_http_asked *out)
{
    struct phr_header headers[SP_HTTP_HEADERS];
    size_t headers_n = SP_HTTP_HEADERS;
    struct head head = {.out = out};
    const char *method;
    const char *target;
    size_t method_n;
    size_t target_n;
    int minor = 0;
    int n;

    memset(out, 0, sizeof *out);
    n = phr_parse_request((const char *)bytes.p, bytes.n, &method, &method_n, &target, &target_n,
                          &minor, headers, &headers_n, 0);
    if (n == -2) {
        return SP_E_AGAIN;
    }
    if (n < 0) {
        return refuse(&head, headers_n == SP_HTTP_HEADERS ? 431 : 400);
    }
    head.old = minor == 0;
    if (take_method(&head, sp_span(method, method_n)) != 0 ||
        take_headers(&head, headers, headers_n) != 0 || judge_body(&head) != 0 ||
        take_target(&head, sp_span(target, target_n)) != 0) {
        return SP_E_HTTP;
    }
    out->keep_alive = head.old ? head.keep_alive && !head.close : !head.close;
    return n;
}
