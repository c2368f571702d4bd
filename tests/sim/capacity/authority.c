#include "authority.h"

#include "base/err.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <string.h>

#define SERIAL 16U
#define PADDING_MAX 2800U
#define TRIES 64U

/* 1.3.6.1.4.1.32473.1: an arc set aside for examples (RFC 5612). */
static const char padding_oid[] = "\x2b\x06\x01\x04\x01\x81\xfd\x59\x01";

static int random_bytes(void *context, unsigned char *out, size_t n)
{
    (void)context;
    return psa_generate_random(out, n) == PSA_SUCCESS ? 0 : MBEDTLS_ERR_X509_FATAL_ERROR;
}

static int load_key(mbedtls_pk_context *pk, const struct sp_key *key)
{
    mbedtls_pk_init(pk);
    return mbedtls_pk_parse_key(pk, key->der, key->n, NULL, 0, random_bytes, NULL);
}

static int set_serial(mbedtls_x509write_cert *crt)
{
    uint8_t serial[SERIAL];
    int err = random_bytes(NULL, serial, sizeof serial);

    serial[0] = (serial[0] & 0x3FU) | 0x40U; /* positive, and always as long */
    return err != 0 ? err : mbedtls_x509write_crt_set_serial_raw(crt, serial, sizeof serial);
}

static int set_validity(mbedtls_x509write_cert *crt, sp_utc from, sp_utc until)
{
    char text[2][40];
    const sp_utc at[2] = {from, until};

    for (unsigned i = 0; i < 2; i++) {
        struct sp_civil civil;

        sp_utc_civil(at[i], &civil);
        (void)snprintf(text[i], sizeof text[i], "%04d%02d%02d%02d%02d%02d", civil.year, civil.month,
                       civil.day, civil.hour, civil.minute, civil.second);
    }
    return mbedtls_x509write_crt_set_validity(crt, text[0], text[1]);
}

/* What all certificates have; the keys stay the caller's. */
static int begin(mbedtls_x509write_cert *crt, const struct authority *authority,
                 const char *subject, const char *issuer, bool ca)
{
    int err = 0;

    mbedtls_x509write_crt_init(crt);
    mbedtls_x509write_crt_set_version(crt, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(crt, MBEDTLS_MD_SHA256);
    err |= mbedtls_x509write_crt_set_subject_name(crt, subject);
    err |= mbedtls_x509write_crt_set_issuer_name(crt, issuer);
    err |= set_validity(crt, authority->from, authority->until);
    err |= mbedtls_x509write_crt_set_basic_constraints(crt, ca ? 1 : 0, -1);
    err |= set_serial(crt);
    return err;
}

/* mbedTLS writes to the end of the array: it is moved to the front. Length or 0. */
static size_t finish(mbedtls_x509write_cert *crt, uint8_t *out, size_t cap)
{
    int n = mbedtls_x509write_crt_der(crt, out, cap, random_bytes, NULL);

    if (n <= 0)
        return 0;
    memmove(out, out + cap - n, (size_t)n);
    return (size_t)n;
}

/* A value that is an OCTET STRING of n random bytes; n is at least 256. */
static int set_padding(mbedtls_x509write_cert *crt, size_t n)
{
    uint8_t value[4 + PADDING_MAX] = {MBEDTLS_ASN1_OCTET_STRING, 0x82, (uint8_t)(n >> 8U),
                                      (uint8_t)n};
    int err = random_bytes(NULL, value + 4, n);

    return err != 0 ? err
                    : mbedtls_x509write_crt_set_extension(crt, padding_oid, sizeof padding_oid - 1,
                                                          0, value, n + 4);
}

/* What writes a certificate with so many bytes of padding: its length, 0 on failure. */
typedef size_t (*writer)(const void *plan, size_t padding, uint8_t *out, size_t cap);

/* A signature's length varies by a byte or two: it is written anew until the whole has the size.
 * padding: a guess, and what fitted in the end. */
static int fit(writer write, const void *plan, size_t size, size_t *padding, uint8_t *out)
{
    uint8_t der[2 * SP_LEAF_MAX];

    for (unsigned i = 0; i < TRIES; i++) {
        size_t n = write(plan, *padding, der, sizeof der);
        if (n == size) {
            memcpy(out, der, n);
            return 0;
        }
        if (n == 0)
            return SP_E_CERT_BAD;
        *padding = *padding + size - n;
    }
    return SP_E_CERT_BAD;
}

struct ca_plan {
    const struct authority *authority;
    const char *subject, *issuer;
    mbedtls_pk_context own, theirs;
};

static size_t write_ca(const void *of, size_t padding, uint8_t *out, size_t cap)
{
    const struct ca_plan *plan = of;
    mbedtls_pk_context own = plan->own, theirs = plan->theirs;
    mbedtls_x509write_cert crt;
    int err = begin(&crt, plan->authority, plan->subject, plan->issuer, true);
    size_t n;

    mbedtls_x509write_crt_set_subject_key(&crt, &own);
    mbedtls_x509write_crt_set_issuer_key(&crt, &theirs);
    err |= mbedtls_x509write_crt_set_key_usage(&crt, MBEDTLS_X509_KU_KEY_CERT_SIGN |
                                                         MBEDTLS_X509_KU_CRL_SIGN);
    err |= padding > 0 ? set_padding(&crt, padding) : 0;
    n = err == 0 ? finish(&crt, out, cap) : 0;
    mbedtls_x509write_crt_free(&crt);
    return n;
}

static int sign_ca(const struct ca_plan *plan, struct authority_cert *cert)
{
    size_t padding = 600;

    cert->n = plan->authority->ca;
    if (cert->n > 0)
        return fit(write_ca, plan, cert->n, &padding, cert->der);
    cert->n = write_ca(plan, 0, cert->der, sizeof cert->der);
    return cert->n > 0 ? 0 : SP_E_CERT_BAD;
}

static int make_ca(struct authority *authority, struct authority_cert *cert,
                   const struct authority_cert *signer, const char *name)
{
    struct ca_plan plan = {
        .authority = authority, .subject = cert->subject, .issuer = signer->subject};
    int err = sp_key_make(&cert->key);

    (void)snprintf(cert->subject, sizeof cert->subject, "CN=%s", name);
    if (err < 0)
        return err;
    err = load_key(&plan.own, &cert->key);
    err |= load_key(&plan.theirs, &signer->key);
    err = err == 0 ? sign_ca(&plan, cert) : SP_E_CERT_BAD;
    mbedtls_pk_free(&plan.own);
    mbedtls_pk_free(&plan.theirs);
    return err;
}

int authority_rotate(struct authority *authority)
{
    char name[40];

    (void)snprintf(name, sizeof name, "Capacity issuer %u", ++authority->issuers);
    return make_ca(authority, &authority->issuer, &authority->upper, name);
}

int authority_make_sized(struct authority *out, sp_utc from, sp_utc until, size_t leaf, size_t ca)
{
    int err;

    memset(out, 0, sizeof *out);
    out->from = from;
    out->until = until;
    out->leaf = leaf;
    out->ca = ca;
    err = make_ca(out, &out->root, &out->root, "Capacity root");
    if (err == 0)
        err = make_ca(out, &out->upper, &out->root, "Capacity intermediate");
    return err == 0 ? authority_rotate(out) : err;
}

int authority_make(struct authority *out, sp_utc from, sp_utc until)
{
    return authority_make_sized(out, from, until, AUTHORITY_LEAF, 0);
}

/* --- leaves --- */

static int set_names(mbedtls_x509write_cert *crt, const char *host)
{
    mbedtls_x509_san_list san;
    uint8_t name[256];

    memset(&san, 0, sizeof san);
    (void)snprintf((char *)name, sizeof name, "%s", host);
    san.node.type = MBEDTLS_X509_SAN_DNS_NAME;
    san.node.san.unstructured_name.p = name;
    san.node.san.unstructured_name.len = strlen(host);
    return mbedtls_x509write_crt_set_subject_alternative_name(crt, &san);
}

struct leaf_plan {
    const struct authority *authority;
    const char *host;
    mbedtls_pk_context own, issuer;
};

static size_t write_leaf(const void *of, size_t padding, uint8_t *out, size_t cap)
{
    const struct leaf_plan *plan = of;
    mbedtls_pk_context own = plan->own, issuer = plan->issuer;
    mbedtls_x509write_cert crt;
    char subject[80];
    int err;
    size_t n;

    (void)snprintf(subject, sizeof subject, "CN=%.64s", plan->host);
    err = begin(&crt, plan->authority, subject, plan->authority->issuer.subject, false);
    mbedtls_x509write_crt_set_subject_key(&crt, &own);
    mbedtls_x509write_crt_set_issuer_key(&crt, &issuer);
    err |= mbedtls_x509write_crt_set_key_usage(&crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    err |= set_names(&crt, plan->host);
    err |= set_padding(&crt, padding);
    n = err == 0 ? finish(&crt, out, cap) : 0;
    mbedtls_x509write_crt_free(&crt);
    return n;
}

int authority_issue(const struct authority *authority, const char *host, struct authority_leaf *out)
{
    static size_t padding = 900; /* what fitted the last one is a good guess */
    struct leaf_plan plan = {.authority = authority, .host = host};
    int err = sp_key_make(&out->key);

    if (err < 0)
        return err;
    err = load_key(&plan.own, &out->key);
    err |= load_key(&plan.issuer, &authority->issuer.key);
    err = err == 0 ? fit(write_leaf, &plan, authority->leaf, &padding, out->der) : SP_E_CERT_BAD;
    mbedtls_pk_free(&plan.own);
    mbedtls_pk_free(&plan.issuer);
    out->n = authority->leaf;
    out->chain[0] = sp_span(out->der, out->n);
    out->chain[1] = sp_span(authority->issuer.der, authority->issuer.n);
    out->chain[2] = sp_span(authority->upper.der, authority->upper.n);
    out->chain[3] = sp_span(authority->root.der, authority->root.n);
    return err;
}
