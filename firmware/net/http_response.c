#include "net/http_response.h"

#include "base/err.h"

#include <picohttpparser.h>
#include <string.h>

#define HEADERS_MAX 48

struct seen {
    bool length, coding, keep_alive;
};

static int set_length(struct sp_http_head *out, struct seen *seen, struct sp_span value)
{
    if (seen->length || seen->coding || sp_span_u64(value, INT64_MAX, &out->length) != 0) {
        return SP_E_HTTP;
    }
    seen->length = true;
    out->framing = SP_HTTP_LENGTH;
    return 0;
}

static int set_coding(struct sp_http_head *out, struct seen *seen, struct sp_span value)
{
    if (seen->length || seen->coding || !sp_span_is_nocase(value, "chunked")) {
        return SP_E_HTTP;
    }
    seen->coding = true;
    out->framing = SP_HTTP_CHUNKED;
    return 0;
}

static void keep_first(struct sp_span *field, struct sp_span value)
{
    if (field->p == NULL) {
        *field = value;
    }
}

static void keep_field(struct sp_http_head *out, struct sp_span name, struct sp_span value)
{
    const struct {
        const char *name;
        struct sp_span *field;
    } rows[] = {
        {"Content-Type", &out->content_type},
        {"Location", &out->location},
        {"Replay-Nonce", &out->nonce},
        {"Retry-After", &out->retry_after},
        {"Date", &out->date},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (sp_span_is_nocase(name, rows[i].name)) {
            keep_first(rows[i].field, value);
        }
    }
}

static int take_header(struct sp_http_head *out, struct seen *seen, struct sp_span name,
                       struct sp_span value)
{
    if (sp_span_is_nocase(name, "Content-Length")) {
        return set_length(out, seen, value);
    }
    if (sp_span_is_nocase(name, "Transfer-Encoding")) {
        return set_coding(out, seen, value);
    }
    if (sp_span_is_nocase(name, "Connection")) {
        out->closes = out->closes || sp_span_lists(value, "close");
        seen->keep_alive = seen->keep_alive || sp_span_lists(value, "keep-alive");
    } else {
        keep_field(out, name, value);
    }
    return 0;
}

int sp_http_head_parse(struct sp_span bytes, struct sp_http_head *out)
{
    struct phr_header headers[HEADERS_MAX];
    size_t headers_n = HEADERS_MAX;
    struct seen seen = {0};
    const char *reason;
    size_t reason_n;
    int minor = 0;
    int n;

    memset(out, 0, sizeof *out);
    n = phr_parse_response((const char *)bytes.p, bytes.n, &minor, &out->status, &reason, &reason_n,
                           headers, &headers_n, 0);
    if (n == -2) {
        return SP_E_AGAIN;
    }
    if (n < 0 || out->status < 100 || out->status > 599) {
        return SP_E_HTTP;
    }
    out->framing = SP_HTTP_TO_END;
    for (size_t i = 0; i < headers_n; i++) {
        /* A line that goes on (RFC 9112 5.2) has no name. */
        if (headers[i].name == NULL ||
            take_header(out, &seen, sp_span(headers[i].name, headers[i].name_len),
                        sp_span_trim(sp_span(headers[i].value, headers[i].value_len))) != 0) {
            return SP_E_HTTP;
        }
    }
    if ((minor == 0 && !seen.keep_alive) || out->framing == SP_HTTP_TO_END) {
        out->closes = true;
    }
    return n;
}
