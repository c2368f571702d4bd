#include "base/span.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sp_span sp_span(const void *p, size_t n)
{
    return (struct sp_span){.p = p, .n = n};
}

struct sp_span sp_span_str(const char *text)
{
    return sp_span(text, strlen(text));
}

bool sp_span_equal(struct sp_span a, struct sp_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool sp_span_is(struct sp_span span, const char *text)
{
    return sp_span_equal(span, sp_span_str(text));
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

bool sp_span_is_nocase(struct sp_span span, const char *text)
{
    if (span.n != strlen(text)) {
        return false;
    }
    for (size_t i = 0; i < span.n; i++) {
        if (lower(span.p[i]) != lower((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

bool sp_span_starts(struct sp_span span, const char *text)
{
    size_t n = strlen(text);

    return span.n >= n && (n == 0 || memcmp(span.p, text, n) == 0);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct sp_span sp_span_trim(struct sp_span span)
{
    while (span.n > 0 && is_blank(span.p[0])) {
        span.p++;
        span.n--;
    }
    while (span.n > 0 && is_blank(span.p[span.n - 1])) {
        span.n--;
    }
    return span;
}

/* When the last part has been given, rest->p becomes NULL: an empty part after a final separator is
 * told from the end that way. */
bool sp_span_split(struct sp_span *rest, char separator, struct sp_span *part)
{
    const uint8_t *end;

    if (rest->p == NULL) {
        return false;
    }
    end = rest->n > 0 ? memchr(rest->p, (unsigned char)separator, rest->n) : NULL;
    if (end == NULL) {
        *part = *rest;
        *rest = sp_span(NULL, 0);
        return true;
    }
    *part = sp_span(rest->p, (size_t)(end - rest->p));
    rest->p += part->n + 1;
    rest->n -= part->n + 1;
    return true;
}

bool sp_span_lists(struct sp_span list, const char *token)
{
    struct sp_span part;

    while (sp_span_split(&list, ',', &part)) {
        if (sp_span_is_nocase(sp_span_trim(part), token)) {
            return true;
        }
    }
    return false;
}

int sp_span_copy(struct sp_span span, char *out, size_t cap)
{
    if (cap > 0) {
        out[0] = '\0';
    }
    if (span.n >= cap) {
        return SP_E_SPACE;
    }
    if (span.n > 0) {
        if (memchr(span.p, '\0', span.n) != NULL) {
            return SP_E_INVALID;
        }
        memcpy(out, span.p, span.n);
    }
    out[span.n] = '\0';
    return 0;
}

int sp_span_u64(struct sp_span span, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (span.n == 0) {
        return SP_E_INVALID;
    }
    for (size_t i = 0; i < span.n; i++) {
        uint64_t digit = (uint64_t)span.p[i] - '0';

        if (span.p[i] < '0' || span.p[i] > '9') {
            return SP_E_INVALID;
        }
        if (digit > max || value > (max - digit) / 10) {
            return SP_E_INVALID;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return 0;
}

void sp_buf_init(struct sp_buf *buf, char *array, size_t cap)
{
    buf->p = array;
    buf->cap = cap;
    sp_buf_reset(buf);
}

void sp_buf_reset(struct sp_buf *buf)
{
    buf->len = 0;
    buf->cut = false;
    buf->p[0] = '\0';
}

void sp_buf_put(struct sp_buf *buf, const void *p, size_t n)
{
    size_t room = buf->cap - 1 - buf->len;

    if (n > room) {
        n = room;
        buf->cut = true;
    }
    if (n > 0) {
        memcpy(buf->p + buf->len, p, n);
    }
    buf->len += n;
    buf->p[buf->len] = '\0';
}

void sp_buf_puts(struct sp_buf *buf, const char *text)
{
    sp_buf_put(buf, text, strlen(text));
}

void sp_buf_putc(struct sp_buf *buf, char c)
{
    sp_buf_put(buf, &c, 1);
}

void sp_buf_printf(struct sp_buf *buf, const char *format, ...)
{
    size_t room = buf->cap - buf->len;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(buf->p + buf->len, room, format, args);
    va_end(args);
    if (n < 0) {
        buf->p[buf->len] = '\0';
        buf->cut = true;
    } else if ((size_t)n >= room) {
        buf->len = buf->cap - 1;
        buf->cut = true;
    } else {
        buf->len += (size_t)n;
    }
}

struct sp_span sp_buf_span(const struct sp_buf *buf)
{
    return sp_span(buf->p, buf->len);
}

void sp_text_cut(char *out, size_t cap, const char *text)
{
    struct sp_buf buf;

    sp_buf_init(&buf, out, cap);
    sp_buf_puts(&buf, text);
}
