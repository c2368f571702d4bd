#include "acme/jws.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

#define JWK_SIZE 160

int sp_acme_jwk(const struct sp_key *key, struct sp_buf *out)
{
    uint8_t x[32];
    uint8_t y[32];
    int err = sp_key_public(key, x, y);

    if (err < 0) {
        return err;
    }
    sp_buf_puts(out, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    sp_base64url(out, sp_span(x, sizeof x));
    sp_buf_puts(out, "\",\"y\":\"");
    sp_base64url(out, sp_span(y, sizeof y));
    sp_buf_puts(out, "\"}");
    return 0;
}

int sp_acme_thumbprint(const struct sp_key *key, char out[SP_ACME_THUMBPRINT_SIZE])
{
    char text[JWK_SIZE];
    uint8_t hash[SP_SHA256_SIZE];
    struct sp_buf jwk;
    struct sp_buf print;
    int err;

    sp_buf_init(&jwk, text, sizeof text);
    sp_buf_init(&print, out, SP_ACME_THUMBPRINT_SIZE);
    err = sp_acme_jwk(key, &jwk);
    if (err < 0) {
        return err;
    }
    sp_sha256(sp_buf_span(&jwk), hash);
    sp_base64url(&print, sp_span(hash, sizeof hash));
    return 0;
}

static int put_header(const struct sp_acme_jws *jws, struct sp_buf *out)
{
    int err = 0;

    sp_buf_puts(out, "{\"alg\":\"ES256\",");
    if (jws->kid != NULL) {
        sp_buf_printf(out, "\"kid\":\"%s\"", jws->kid);
    } else {
        sp_buf_puts(out, "\"jwk\":");
        err = sp_acme_jwk(jws->key, out);
    }
    sp_buf_printf(out, ",\"nonce\":\"%s\",\"url\":\"%s\"}", jws->nonce, jws->url);
    return err;
}

/* Puts text in place of the one byte at `at`. */
static void widen(struct sp_buf *buf, size_t at, const char *text)
{
    size_t extra = strlen(text) - 1;

    if (buf->cut || buf->len + extra >= buf->cap) {
        buf->cut = true;
        return;
    }
    memmove(buf->p + at + 1 + extra, buf->p + at + 1, buf->len - at);
    memcpy(buf->p + at, text, extra + 1);
    buf->len += extra;
}

/* What is signed is header "." payload, and it has to lie in one piece: it is written into the body
 * that way, signed, and then the dot makes room for what stands between the two in JSON. */
int sp_acme_jws_write(const struct sp_acme_jws *jws, struct sp_buf *scratch, struct sp_buf *out)
{
    uint8_t signature[64];
    size_t begin;
    size_t dot;
    int err;

    sp_buf_reset(scratch);
    sp_buf_reset(out);
    err = put_header(jws, scratch);
    if (err < 0) {
        return err;
    }
    sp_buf_puts(out, "{\"protected\":\"");
    begin = out->len;
    sp_base64url(out, sp_buf_span(scratch));
    dot = out->len;
    sp_buf_putc(out, '.');
    sp_base64url(out, sp_span_str(jws->payload));
    if (scratch->cut || out->cut) {
        return SP_E_SPACE;
    }
    err = sp_key_sign(jws->key, sp_span(out->p + begin, out->len - begin), signature);
    if (err < 0) {
        return err;
    }
    widen(out, dot, "\",\"payload\":\"");
    sp_buf_puts(out, "\",\"signature\":\"");
    sp_base64url(out, sp_span(signature, sizeof signature));
    sp_buf_puts(out, "\"}");
    return out->cut ? SP_E_SPACE : 0;
}

static bool is_base64url(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool sp_acme_is_base64url(const char *text, size_t max)
{
    size_t n = strlen(text);

    if (n == 0 || n > max) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_base64url(text[i])) {
            return false;
        }
    }
    return true;
}
