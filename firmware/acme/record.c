#include "acme/record.h"

#include "base/err.h"

#include <string.h>

#define VERSION 1
#define HEAD 9 /* version and time */

static int encode(sp_utc time, const struct sp_span *texts, size_t n, uint8_t *out, size_t cap)
{
    size_t len = HEAD;

    for (size_t i = 0; i < n; i++) {
        len += 2 + texts[i].n;
    }
    if (len > cap) {
        return SP_E_SPACE;
    }
    out[0] = VERSION;
    for (size_t i = 0; i < 8; i++) {
        out[1 + i] = (uint8_t)((uint64_t)time >> (8 * i));
    }
    out += HEAD;
    for (size_t i = 0; i < n; i++) {
        *out++ = (uint8_t)texts[i].n;
        *out++ = (uint8_t)(texts[i].n >> 8);
        if (texts[i].n > 0) {
            memcpy(out, texts[i].p, texts[i].n);
        }
        out += texts[i].n;
    }
    return (int)len;
}

static bool take_text(struct sp_span *rest, struct sp_span *text)
{
    size_t n;

    if (rest->n < 2) {
        return false;
    }
    n = rest->p[0] + (size_t)rest->p[1] * 256;
    if (n > rest->n - 2) {
        return false;
    }
    *text = sp_span(rest->p + 2, n);
    *rest = sp_span(rest->p + 2 + n, rest->n - 2 - n);
    return true;
}

/* The last `optional` of the texts may be missing. */
static int decode(struct sp_span bytes, sp_utc *time, struct sp_span *const *texts, size_t n,
                  size_t optional)
{
    uint64_t value = 0;

    if (bytes.n < HEAD || bytes.p[0] != VERSION) {
        return SP_E_CORRUPT;
    }
    for (size_t i = 0; i < 8; i++) {
        value |= (uint64_t)bytes.p[1 + i] << (8 * i);
    }
    *time = (sp_utc)value;
    bytes = sp_span(bytes.p + HEAD, bytes.n - HEAD);
    for (size_t i = 0; i < n; i++) {
        *texts[i] = sp_span(NULL, 0);
        if (bytes.n == 0 && i + optional >= n) {
            continue;
        }
        if (!take_text(&bytes, texts[i])) {
            return SP_E_CORRUPT;
        }
    }
    return bytes.n == 0 ? 0 : SP_E_CORRUPT;
}

int sp_acme_account_encode(const struct sp_acme_account_record *record, uint8_t *out, size_t cap)
{
    const struct sp_span texts[] = {record->key, record->url, record->terms, record->ca_identities};

    return encode(record->agreed, texts, sizeof texts / sizeof texts[0], out, cap);
}

int sp_acme_account_decode(struct sp_span bytes, struct sp_acme_account_record *out)
{
    struct sp_span *const texts[] = {&out->key, &out->url, &out->terms, &out->ca_identities};

    return decode(bytes, &out->agreed, texts, sizeof texts / sizeof texts[0], 1);
}

int sp_acme_order_encode(const struct sp_acme_order_record *record, uint8_t *out, size_t cap)
{
    const struct sp_span texts[] = {record->host, record->directory, record->url, record->key};

    return encode(record->begun, texts, sizeof texts / sizeof texts[0], out, cap);
}

int sp_acme_order_decode(struct sp_span bytes, struct sp_acme_order_record *out)
{
    struct sp_span *const texts[] = {&out->host, &out->directory, &out->url, &out->key};

    return decode(bytes, &out->begun, texts, sizeof texts / sizeof texts[0], 0);
}
