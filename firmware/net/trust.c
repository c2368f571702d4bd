/* Finds roots by the issuer of a certificate.
 *
 * The bundle keeps a root's subject and key and nothing else, whereas mbedTLS wants certificates.
 * So a found entry is dressed as a version 1 certificate of unlimited validity with a void
 * signature: what mbedTLS looks at of a trusted root is its subject, its key and its dates, and
 * version 1 has no extensions that it could ask for. */
#include "net/trust.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "sp_port.h"
#include "trust_private.h"

#include <string.h>

#define HEADER_SIZE 12
#define OFFSET_SIZE 4
#define ENTRY_HEADER 4
#define FIELD_MAX 1024 /* bytes of a subject or a key */
#define FRAME_MAX 128  /* bytes of a certificate around two subjects and a key */
#define PIECE 64

struct entry {
    uint32_t at; /* of its subject */
    uint16_t subject_n, key_n;
};

static struct {
    struct sp_hal_blob *roots;
    uint16_t count;
    sp_trust_extra extra;
    void *ctx;
} trust;

static uint16_t u16_at(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32_at(const uint8_t *p)
{
    return (uint32_t)u16_at(p) | (uint32_t)u16_at(p + 2) << 16;
}

static int read_at(uint32_t at, void *buf, size_t n)
{
    if (at > trust.roots->size || n > trust.roots->size - at) {
        return SP_E_CORRUPT;
    }
    return trust.roots->read(trust.roots, at, buf, n);
}

static uint16_t bundle_count(void)
{
    uint8_t head[HEADER_SIZE];

    if (trust.roots == NULL || trust.roots->size == 0) {
        return 0;
    }
    if (read_at(0, head, sizeof head) != 0 || memcmp(head, "SPTB", 4) != 0 ||
        u16_at(head + 4) != 1 || u32_at(head + 8) > trust.roots->size) {
        sp_log_error("trust", "the bundle of root certificates is damaged: none of it is trusted");
        return 0;
    }
    return u16_at(head + 6);
}

void sp_trust_start(struct sp_hal_blob *roots, sp_trust_extra extra, void *ctx)
{
    trust.roots = roots;
    trust.extra = extra;
    trust.ctx = ctx;
    trust.count = bundle_count();
}

unsigned sp_trust_count(void)
{
    return trust.count;
}

static int find_entry(uint32_t number, struct entry *out)
{
    uint8_t bytes[4];
    int err = read_at(HEADER_SIZE + number * OFFSET_SIZE, bytes, OFFSET_SIZE);

    if (err != 0) {
        return err;
    }
    out->at = u32_at(bytes);
    err = read_at(out->at, bytes, ENTRY_HEADER);
    out->at += ENTRY_HEADER;
    out->subject_n = u16_at(bytes);
    out->key_n = u16_at(bytes + 2);
    return err;
}

/* As memcmp of the entry's subject with the name, the shorter one first; *err is set when the
 * bundle cannot be read. */
static int compare(const struct entry *entry, struct sp_span name, int *err)
{
    uint8_t piece[PIECE];
    size_t common = entry->subject_n < name.n ? entry->subject_n : name.n;

    for (size_t done = 0; done < common; done += PIECE) {
        size_t n = common - done < PIECE ? common - done : PIECE;
        int order;

        *err = read_at(entry->at + (uint32_t)done, piece, n);
        if (*err != 0) {
            return 0;
        }
        order = memcmp(piece, name.p + done, n);
        if (order != 0) {
            return order;
        }
    }
    return (int)entry->subject_n - (int)name.n;
}

/* The number of the first entry whose subject is not before the name. */
static uint32_t lower_bound(struct sp_span name, int *err)
{
    uint32_t low = 0;
    uint32_t high = trust.count;

    while (low < high && *err == 0) {
        uint32_t middle = low + (high - low) / 2;
        struct entry entry;

        *err = find_entry(middle, &entry);
        if (*err == 0 && compare(&entry, name, err) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* A root as a certificate */

static void put(uint8_t **p, const void *bytes, size_t n)
{
    memcpy(*p, bytes, n);
    *p += n;
}

/* A SEQUENCE with its length in two bytes, whether it needs them or not. */
static void put_sequence(uint8_t **p, size_t n)
{
    const uint8_t head[4] = {0x30, 0x82, (uint8_t)(n >> 8), (uint8_t)n};

    put(p, head, sizeof head);
}

/* Returns its length. */
static size_t write_certificate(uint8_t *out, struct sp_span subject, struct sp_span key)
{
    static const uint8_t serial[] = {0x02, 0x01, 0x01};
    static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                           0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    static const uint8_t any_time[] = "\x30\x20\x17\x0d"
                                      "700101000000Z\x18\x0f"
                                      "99991231235959Z";
    static const uint8_t no_signature[] = {0x03, 0x02, 0x00, 0x00};
    size_t tbs = sizeof serial + sizeof ecdsa_sha256 + 2 * subject.n + sizeof any_time - 1 + key.n;
    uint8_t *p = out;

    put_sequence(&p, 4 + tbs + sizeof ecdsa_sha256 + sizeof no_signature);
    put_sequence(&p, tbs);
    put(&p, serial, sizeof serial);
    put(&p, ecdsa_sha256, sizeof ecdsa_sha256);
    put(&p, subject.p, subject.n);
    put(&p, any_time, sizeof any_time - 1);
    put(&p, subject.p, subject.n);
    put(&p, key.p, key.n);
    put(&p, ecdsa_sha256, sizeof ecdsa_sha256);
    put(&p, no_signature, sizeof no_signature);
    return (size_t)(p - out);
}

/* Adds to the chain, whose first link may be empty. An error that is not want of memory skips one.
 */
static int add(mbedtls_x509_crt **chain, const uint8_t *der, size_t n)
{
    if (*chain == NULL) {
        *chain = sp_port_tls_calloc(1, sizeof **chain);
        if (*chain == NULL) {
            return MBEDTLS_ERR_X509_ALLOC_FAILED;
        }
        mbedtls_x509_crt_init(*chain);
    }
    if (mbedtls_x509_crt_parse_der(*chain, der, n) == MBEDTLS_ERR_X509_ALLOC_FAILED) {
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    }
    return 0;
}

static int add_entry(const struct entry *entry, mbedtls_x509_crt **chain)
{
    size_t fields = (size_t)entry->subject_n + entry->key_n;
    uint8_t *work; /* the fields, and the certificate that is made of them */
    int err = 0;

    if (entry->subject_n > FIELD_MAX || entry->key_n > FIELD_MAX) {
        return 0;
    }
    work = sp_port_tls_calloc(1, 2 * fields + entry->subject_n + FRAME_MAX);
    if (work == NULL) {
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    }
    if (read_at(entry->at, work, fields) == 0) {
        err = add(chain, work + fields,
                  write_certificate(work + fields, sp_span(work, entry->subject_n),
                                    sp_span(work + entry->subject_n, entry->key_n)));
    }
    sp_port_tls_free(work);
    return err;
}

static int add_from_bundle(struct sp_span issuer, mbedtls_x509_crt **chain)
{
    int damaged = 0;
    int err = 0;
    uint32_t number = lower_bound(issuer, &damaged);

    for (; number < trust.count && damaged == 0 && err == 0; number++) {
        struct entry entry;

        damaged = find_entry(number, &entry);
        if (damaged == 0 && compare(&entry, issuer, &damaged) != 0) {
            break;
        }
        if (damaged == 0) {
            err = add_entry(&entry, chain);
        }
    }
    if (damaged != 0) {
        sp_log_error("trust", "the bundle of root certificates cannot be read");
    }
    return err;
}

/* The anchors of factory and operator */

static int add_if_issuer(struct sp_span issuer, uint8_t *der, size_t n, mbedtls_x509_crt **chain)
{
    mbedtls_x509_crt anchor;
    int err;
    bool same;

    mbedtls_x509_crt_init(&anchor);
    err = mbedtls_x509_crt_parse_der_nocopy(&anchor, der, n);
    same = err == 0 && sp_span_equal(sp_span(anchor.subject_raw.p, anchor.subject_raw.len), issuer);
    mbedtls_x509_crt_free(&anchor);
    if (err == MBEDTLS_ERR_X509_ALLOC_FAILED) {
        return err;
    }
    return same ? add(chain, der, n) : 0;
}

static int add_extra(struct sp_span issuer, mbedtls_x509_crt **chain)
{
    uint8_t *der;
    int err = 0;

    if (trust.extra == NULL) {
        return 0;
    }
    der = sp_port_tls_calloc(1, SP_LINK_MAX);
    if (der == NULL) {
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    }
    for (unsigned i = 0; i < SP_TRUST_MAX && err == 0; i++) {
        int n = trust.extra(trust.ctx, i, der, SP_LINK_MAX);

        if (n == SP_E_NOT_FOUND) {
            break;
        }
        if (n > 0) {
            err = add_if_issuer(issuer, der, (size_t)n, chain);
        }
    }
    sp_port_tls_free(der);
    return err;
}

int sp_trust_candidates(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **out)
{
    struct sp_span issuer = sp_span(child->issuer_raw.p, child->issuer_raw.len);
    int err;

    (void)ctx;
    *out = NULL;
    err = add_from_bundle(issuer, out);
    if (err == 0) {
        err = add_extra(issuer, out);
    }
    if (err != 0) {
        mbedtls_x509_crt_free(*out);
        sp_port_tls_free(*out);
        *out = NULL;
    }
    return err;
}
