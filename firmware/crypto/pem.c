/* PEM texts of certificates (RFC 7468). */
#include "base/err.h"
#include "crypto/cert.h"

#include <mbedtls/base64.h>
#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
#define DASHES 5      /* in front of each */
#define LINE_BYTES 48 /* 64 characters */

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

/* One character more of what may be that mark; true when it is whole. */
static bool match(struct sp_pem_reader *reader, const char *mark, char c)
{
    if (c == mark[reader->matched]) {
        reader->matched++;
    } else if (c != '-') {
        reader->matched = 0;
    } else if (reader->matched !=
               DASHES) { /* one dash more than there have to be changes nothing */
        reader->matched = 1;
    }
    if (mark[reader->matched] != '\0') {
        return false;
    }
    reader->matched = 0;
    return true;
}

static int value_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

static void keep(struct sp_pem_reader *reader, uint8_t byte, uint8_t *out, size_t cap)
{
    if (reader->n == cap) {
        reader->full = true;
        return;
    }
    out[reader->n++] = byte;
}

/* RFC 4648 4; white space may stand anywhere (RFC 7468 3). */
static void take_digit(struct sp_pem_reader *reader, char c, uint8_t *out, size_t cap)
{
    int value = value_of(c);

    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        return;
    }
    reader->digits = (uint8_t)((reader->digits + 1) % 4);
    if (c == '=' && reader->padding < 2) {
        reader->padding++;
        return;
    }
    if (value < 0 || reader->padding > 0) {
        reader->bad = true;
        return;
    }
    reader->bits = reader->bits << 6 | (uint32_t)value;
    if (reader->digits != 1) { /* the second, third and fourth digit end a byte each */
        keep(reader, (uint8_t)(reader->bits >> (2 * ((4 - reader->digits) % 4))), out, cap);
    }
}

static int result_of(const struct sp_pem_reader *reader, const uint8_t *out)
{
    if (reader->bad || reader->digits != 0) {
        return SP_E_CERT_BAD;
    }
    if (reader->full) {
        return SP_E_SPACE;
    }
    return sp_der_is_sequence(sp_span(out, reader->n)) ? (int)reader->n : SP_E_CERT_BAD;
}

int sp_pem_feed(struct sp_pem_reader *reader, char c, uint8_t *out, size_t cap)
{
    uint8_t before = reader->matched;
    int result;

    if (match(reader, reader->inside ? END : BEGIN, c)) {
        result = reader->inside ? result_of(reader, out) : 0;
        *reader = (struct sp_pem_reader){.inside = !reader->inside};
        return result;
    }
    if (!reader->inside) {
        return 0;
    }
    if (before > 0 && reader->matched <= before) {
        reader->bad = true; /* dashes that are not those of END */
    } else if (reader->matched == 0) {
        take_digit(reader, c, out, cap);
    }
    return 0;
}

int sp_pem_next(struct sp_span *rest, uint8_t *out, size_t cap)
{
    struct sp_pem_reader reader = {0};

    while (rest->n > 0) {
        int result = sp_pem_feed(&reader, (char)rest->p[0], out, cap);

        *rest = sp_span(rest->p + 1, rest->n - 1);
        if (result != 0) {
            return result;
        }
    }
    return reader.inside ? SP_E_CERT_BAD : SP_E_NOT_FOUND;
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
