/* PEM texts of certificates (RFC 7468). */
#include "base/err.h"
#include "crypto/cert.h"

#include <mbedtls/base64.h>
#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
#define LINE_BYTES 48 /* 64 characters */

/* Where text begins in span; its length when it does not. */
static size_t find(struct sp_span span, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= span.n; i++) {
        if (memcmp(span.p + i, text, n) == 0) {
            return i;
        }
    }
    return span.n;
}

static struct sp_span without(struct sp_span span, size_t n)
{
    return sp_span(span.p + n, span.n - n);
}

bool sp_der_is_sequence(struct sp_span der)
{
    const uint8_t *p = der.p;
    size_t n = der.n;
    size_t length = 0;
    size_t octets;

    if (n < 2 || p[0] != 0x30) {
        return false;
    }
    if (p[1] < 0x80) {
        return n == 2u + p[1];
    }
    octets = p[1] & 0x7fu;
    if (octets == 0 || octets > 3 || n < 2 + octets) {
        return false;
    }
    for (size_t i = 0; i < octets; i++) {
        length = length << 8 | p[2 + i];
    }
    return n == 2 + octets + length;
}

int sp_pem_next(struct sp_span *rest, uint8_t *out, size_t cap)
{
    size_t begin = find(*rest, BEGIN);
    struct sp_span text;
    size_t end;
    size_t n = 0;
    int err;

    if (begin == rest->n) {
        *rest = without(*rest, rest->n);
        return SP_E_NOT_FOUND;
    }
    text = without(*rest, begin + strlen(BEGIN));
    end = find(text, END);
    if (end == text.n) {
        *rest = without(*rest, rest->n);
        return SP_E_CERT_BAD;
    }
    *rest = without(text, end + strlen(END));
    err = mbedtls_base64_decode(out, cap, &n, text.p, end);
    if (err == MBEDTLS_ERR_BASE64_BUFFER_TOO_SMALL) {
        return SP_E_SPACE;
    }
    if (err != 0 || !sp_der_is_sequence(sp_span(out, n))) {
        return SP_E_CERT_BAD;
    }
    return (int)n;
}

void sp_pem_put(struct sp_buf *out, struct sp_span der)
{
    uint8_t line[LINE_BYTES / 3 * 4 + 1];

    sp_buf_puts(out, BEGIN "\n");
    for (size_t at = 0; at < der.n; at += LINE_BYTES) {
        size_t bytes = der.n - at < LINE_BYTES ? der.n - at : LINE_BYTES;
        size_t n = 0;

        (void)mbedtls_base64_encode(line, sizeof line, &n, der.p + at, bytes);
        sp_buf_put(out, line, n);
        sp_buf_putc(out, '\n');
    }
    sp_buf_puts(out, END "\n");
}
