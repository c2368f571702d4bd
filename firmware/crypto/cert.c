/* Reads certificates by mbedTLS into plain structs, so that no other room sees its types. */
#include "crypto/cert.h"

#include "base/err.h"
#include "base/text.h"
#include "crypto_private.h"

#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DNS_NAME_TAG (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2) /* RFC 5280 4.2.1.6 */

static int parse(mbedtls_x509_crt *crt, struct sp_span der)
{
    int err;

    mbedtls_x509_crt_init(crt);
    err = mbedtls_x509_crt_parse_der_nocopy(crt, der.p, der.n);
    /* What follows the certificate would be ignored. */
    if (err == 0 && crt->raw.len == der.n) {
        return 0;
    }
    mbedtls_x509_crt_free(crt);
    return err == MBEDTLS_ERR_X509_ALLOC_FAILED ? SP_E_MEMORY : SP_E_CERT_BAD;
}

static void hex(char *out, size_t cap, const mbedtls_x509_buf *bytes)
{
    struct sp_buf buf;

    sp_buf_init(&buf, out, cap);
    sp_hex(&buf, sp_span(bytes->p, bytes->len));
    if (buf.cut) {
        sp_buf_reset(&buf);
    }
}

static sp_utc utc_of(const mbedtls_x509_time *t)
{
    struct sp_civil civil = {.year = t->year,
                             .month = t->mon,
                             .day = t->day,
                             .hour = t->hour,
                             .minute = t->min,
                             .second = t->sec};

    return sp_civil_utc(&civil);
}

static void name_text(char *out, size_t cap, const mbedtls_x509_name *name)
{
    if (mbedtls_x509_dn_gets(out, cap, name) < 0) {
        (void)snprintf(out, cap, "(a longer name)");
    }
}

static void keep_sans(const mbedtls_x509_crt *crt, struct sp_cert_info *out)
{
    for (const mbedtls_x509_sequence *at = &crt->subject_alt_names; at != NULL; at = at->next) {
        struct sp_span name = sp_span(at->buf.p, at->buf.len);

        if ((at->buf.tag & (MBEDTLS_ASN1_TAG_CLASS_MASK | MBEDTLS_ASN1_TAG_VALUE_MASK)) !=
            DNS_NAME_TAG) {
            continue;
        }
        /* One with a NUL or over 253 bytes names no host: it counts, and matches nothing. */
        if (out->sans_n < SP_CERT_SANS) {
            (void)sp_span_copy(name, out->sans[out->sans_n], sizeof out->sans[0]);
        }
        out->sans_n++;
    }
}

static void key_kind(char *out, size_t cap, const mbedtls_pk_context *pk)
{
    size_t bits = mbedtls_pk_get_bitlen(pk);

    if (mbedtls_pk_can_do(pk, MBEDTLS_PK_ECDSA)) {
        (void)snprintf(out, cap, "P-%zu", bits);
    } else if (mbedtls_pk_can_do(pk, MBEDTLS_PK_RSA)) {
        (void)snprintf(out, cap, "RSA-%zu", bits);
    } else {
        (void)snprintf(out, cap, "%s", mbedtls_pk_get_name(pk));
    }
}

int sp_cert_read(struct sp_span der, struct sp_cert_info *out)
{
    mbedtls_x509_crt crt;
    int err;

    memset(out, 0, sizeof *out);
    err = parse(&crt, der);
    if (err != 0) {
        return err;
    }
    name_text(out->subject, sizeof out->subject, &crt.subject);
    name_text(out->issuer, sizeof out->issuer, &crt.issuer);
    hex(out->serial, sizeof out->serial, &crt.serial);
    hex(out->aki, sizeof out->aki, &crt.authority_key_id.keyIdentifier);
    out->not_before = utc_of(&crt.valid_from);
    out->not_after = utc_of(&crt.valid_to);
    keep_sans(&crt, out);
    key_kind(out->key, sizeof out->key, &crt.pk);
    out->ca = mbedtls_x509_crt_get_ca_istrue(&crt) == 1;
    sp_sha256(der, out->sha256);
    mbedtls_x509_crt_free(&crt);
    return 0;
}

/* RFC 6125 6.4.3: "*." and at least two labels; the star stands for exactly one label. */
static bool matches_wildcard(const char *pattern, const char *host)
{
    const char *dot = strchr(host, '.');

    return pattern[0] == '*' && pattern[1] == '.' && dot != NULL && dot != host &&
           strchr(pattern + 2, '.') != NULL && strcasecmp(pattern + 1, dot) == 0;
}

bool sp_cert_matches(const struct sp_cert_info *info, const char *host)
{
    unsigned n = info->sans_n < SP_CERT_SANS ? info->sans_n : SP_CERT_SANS;

    if (host[0] == '\0') {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (strcasecmp(info->sans[i], host) == 0 || matches_wildcard(info->sans[i], host)) {
            return true;
        }
    }
    return false;
}

int sp_cert_matches_key(struct sp_span der, const struct sp_key *key)
{
    /* SubjectPublicKeyInfo of a P-256 key, up to the point (RFC 5480). */
    static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
    mbedtls_x509_crt crt;
    bool same;

    if (key->n != SP_KEY_POINT_AT + SP_KEY_POINT_SIZE || parse(&crt, der) != 0) {
        return SP_E_CERT_BAD;
    }
    same = crt.pk_raw.len == sizeof head + SP_KEY_POINT_SIZE &&
           memcmp(crt.pk_raw.p, head, sizeof head) == 0 &&
           memcmp(crt.pk_raw.p + sizeof head, key->der + SP_KEY_POINT_AT, SP_KEY_POINT_SIZE) == 0;
    mbedtls_x509_crt_free(&crt);
    return same ? 0 : SP_E_CERT_BAD;
}

static bool signature_holds(const mbedtls_x509_crt *child, mbedtls_x509_crt *parent)
{
    const mbedtls_md_type_t md = child->MBEDTLS_PRIVATE(sig_md);
    const mbedtls_x509_buf *signature = &child->MBEDTLS_PRIVATE(sig);
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(md);
    uint8_t hash[MBEDTLS_MD_MAX_SIZE];

    if (info == NULL || mbedtls_md(info, child->tbs.p, child->tbs.len, hash) != 0) {
        return false;
    }
    return mbedtls_pk_verify_ext(child->MBEDTLS_PRIVATE(sig_pk), child->MBEDTLS_PRIVATE(sig_opts),
                                 &parent->pk, md, hash, mbedtls_md_get_size(info), signature->p,
                                 signature->len) == 0;
}

static bool is_issued_by(const mbedtls_x509_crt *child, mbedtls_x509_crt *parent)
{
    return child->issuer_raw.len == parent->subject_raw.len &&
           memcmp(child->issuer_raw.p, parent->subject_raw.p, child->issuer_raw.len) == 0 &&
           signature_holds(child, parent);
}

int sp_cert_signed_by(struct sp_span child_der, struct sp_span parent_der)
{
    mbedtls_x509_crt child;
    mbedtls_x509_crt parent;
    int err = SP_E_CERT_UNTRUSTED;

    if (parse(&child, child_der) != 0) {
        return err;
    }
    if (parse(&parent, parent_der) == 0) {
        if (is_issued_by(&child, &parent)) {
            err = 0;
        }
        mbedtls_x509_crt_free(&parent);
    }
    mbedtls_x509_crt_free(&child);
    return err;
}
